// AssemblyScript. SHA-256 for the tree: messages and node records lie in the imported memory, four are hashed at once by SIMD.
//
// A node record has 64 bytes: eight 32-bit fields (left, right, key, height << 24 | key length, size, version, key prefix),
// then its 32-byte hash. See ../../tree/arena.ts.

const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

// Fixed addresses behind the constants, so that the module carries no bytes for them.
/** The message schedule, 64 words of four lanes. */
const W: usize = 4096;
/** The chaining state, eight words of four lanes. */
const S: usize = 5120;
/** Four messages of inner nodes, two blocks each. */
const M: usize = 5376;
/** 16,384 node numbers, or a third as many messages (address, length, address of the digest). */
const LIST: usize = 8192;
/** 256 KiB for messages of leaves, each padded to whole blocks. */
const STAGE: usize = 73728;
const END: usize = 335872;

export function list(): usize {
  return LIST;
}

export function stage(): usize {
  return STAGE;
}

/** The first address that this module does not use, on a 64-byte boundary. */
export function heapBase(): usize {
  return END;
}

@inline
function blocksOf(length: u32): u32 {
  return (length + 9 + 63) >>> 6;
}

/** Writes the padding behind the message; the message's blocks reach to the address returned. */
function pad(p: usize, length: u32): usize {
  const end = p + (<usize>blocksOf(length) << 6);
  const q = p + length;
  store<u8>(q, 0x80);
  memory.fill(q + 1, 0, end - q - 1);
  store<u64>(end - 8, bswap<u64>((<u64>length) << 3));
  return end;
}

// ---- one lane

@inline
function sigma0(x: u32): u32 {
  return rotr(x, 7) ^ rotr(x, 18) ^ (x >>> 3);
}

@inline
function sigma1(x: u32): u32 {
  return rotr(x, 17) ^ rotr(x, 19) ^ (x >>> 10);
}

function block(p: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(W + t, bswap(load<u32>(p + t)));
  for (let t: usize = 64; t < 256; t += 4) {
    const w = W + t;
    store<u32>(w, sigma1(load<u32>(w - 8)) + load<u32>(w - 28) + sigma0(load<u32>(w - 60)) + load<u32>(w - 64));
  }
  let a = load<u32>(S), b = load<u32>(S, 4), c = load<u32>(S, 8), d = load<u32>(S, 12);
  let e = load<u32>(S, 16), f = load<u32>(S, 20), g = load<u32>(S, 24), h = load<u32>(S, 28);
  for (let t: usize = 0; t < 256; t += 4) {
    const t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + load<u32>(K + t) + load<u32>(W + t);
    const t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  store<u32>(S, load<u32>(S) + a);
  store<u32>(S, load<u32>(S, 4) + b, 4);
  store<u32>(S, load<u32>(S, 8) + c, 8);
  store<u32>(S, load<u32>(S, 12) + d, 12);
  store<u32>(S, load<u32>(S, 16) + e, 16);
  store<u32>(S, load<u32>(S, 20) + f, 20);
  store<u32>(S, load<u32>(S, 24) + g, 24);
  store<u32>(S, load<u32>(S, 28) + h, 28);
}

function digest(p: usize, length: u32, out: usize): void {
  const end = pad(p, length);
  store<u32>(S, 0x6a09e667);
  store<u32>(S, 0xbb67ae85, 4);
  store<u32>(S, 0x3c6ef372, 8);
  store<u32>(S, 0xa54ff53a, 12);
  store<u32>(S, 0x510e527f, 16);
  store<u32>(S, 0x9b05688c, 20);
  store<u32>(S, 0x1f83d9ab, 24);
  store<u32>(S, 0x5be0cd19, 28);
  for (let q = p; q < end; q += 64) block(q);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap(load<u32>(S + i)));
}

// ---- four lanes

@inline
function rotate(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}

@inline
function swap(x: v128): v128 {
  return v128.swizzle(x, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

/** One block of each of four messages. */
function block4(p0: usize, p1: usize, p2: usize, p3: usize): void {
  for (let t: usize = 0; t < 64; t += 16) {
    // Four words of four lanes, transposed.
    const a = swap(v128.load(p0 + t)), b = swap(v128.load(p1 + t)), c = swap(v128.load(p2 + t)), d = swap(v128.load(p3 + t));
    const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5), ab1 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5), cd1 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    const w = W + (t << 2);
    v128.store(w, v128.shuffle<i64>(ab0, cd0, 0, 2));
    v128.store(w + 16, v128.shuffle<i64>(ab0, cd0, 1, 3));
    v128.store(w + 32, v128.shuffle<i64>(ab1, cd1, 0, 2));
    v128.store(w + 48, v128.shuffle<i64>(ab1, cd1, 1, 3));
  }
  for (let t: usize = 256; t < 1024; t += 16) {
    const w = W + t;
    const x = v128.load(w - 240), y = v128.load(w - 32);
    const s0 = v128.xor(v128.xor(rotate(x, 7), rotate(x, 18)), i32x4.shr_u(x, 3));
    const s1 = v128.xor(v128.xor(rotate(y, 17), rotate(y, 19)), i32x4.shr_u(y, 10));
    v128.store(w, i32x4.add(i32x4.add(s1, v128.load(w - 112)), i32x4.add(s0, v128.load(w - 256))));
  }
  let a = v128.load(S), b = v128.load(S, 16), c = v128.load(S, 32), d = v128.load(S, 48);
  let e = v128.load(S, 64), f = v128.load(S, 80), g = v128.load(S, 96), h = v128.load(S, 112);
  for (let t: usize = 0; t < 256; t += 4) {
    const s1 = v128.xor(v128.xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
    const s0 = v128.xor(v128.xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
    const choice = v128.bitselect(f, g, e);
    const majority = v128.bitselect(v128.or(b, c), v128.and(b, c), a);
    const t1 = i32x4.add(i32x4.add(i32x4.add(h, s1), choice), i32x4.add(v128.load32_splat(K + t), v128.load(W + (t << 2))));
    const t2 = i32x4.add(s0, majority);
    h = g;
    g = f;
    f = e;
    e = i32x4.add(d, t1);
    d = c;
    c = b;
    b = a;
    a = i32x4.add(t1, t2);
  }
  v128.store(S, i32x4.add(v128.load(S), a));
  v128.store(S, i32x4.add(v128.load(S, 16), b), 16);
  v128.store(S, i32x4.add(v128.load(S, 32), c), 32);
  v128.store(S, i32x4.add(v128.load(S, 48), d), 48);
  v128.store(S, i32x4.add(v128.load(S, 64), e), 64);
  v128.store(S, i32x4.add(v128.load(S, 80), f), 80);
  v128.store(S, i32x4.add(v128.load(S, 96), g), 96);
  v128.store(S, i32x4.add(v128.load(S, 112), h), 112);
}

function start4(): void {
  v128.store(S, i32x4.splat(0x6a09e667));
  v128.store(S, i32x4.splat(0xbb67ae85), 16);
  v128.store(S, i32x4.splat(0x3c6ef372), 32);
  v128.store(S, i32x4.splat(0xa54ff53a), 48);
  v128.store(S, i32x4.splat(0x510e527f), 64);
  v128.store(S, i32x4.splat(0x9b05688c), 80);
  v128.store(S, i32x4.splat(0x1f83d9ab), 96);
  v128.store(S, i32x4.splat(0x5be0cd19), 112);
}

function finish(lane: usize, out: usize): void {
  for (let j: usize = 0; j < 8; j++) store<u32>(out + (j << 2), bswap(load<u32>(S + (j << 4) + (lane << 2))));
}

/**
 * Hashes the first `count` messages of the list, four at once where the next four have equally many blocks. Each message
 * needs room for its padding behind it; a digest may lie inside a later message.
 */
export function digestBatch(count: u32): void {
  let k: u32 = 0;
  while (k < count) {
    const m = LIST + <usize>k * 12;
    const p0 = <usize>load<u32>(m), n0 = load<u32>(m, 4);
    if (k + 4 <= count) {
      const blocks = blocksOf(n0);
      const n1 = load<u32>(m, 16), n2 = load<u32>(m, 28), n3 = load<u32>(m, 40);
      if (blocksOf(n1) == blocks && blocksOf(n2) == blocks && blocksOf(n3) == blocks) {
        const p1 = <usize>load<u32>(m, 12), p2 = <usize>load<u32>(m, 24), p3 = <usize>load<u32>(m, 36);
        pad(p0, n0);
        pad(p1, n1);
        pad(p2, n2);
        pad(p3, n3);
        start4();
        for (let at: usize = 0, end = <usize>blocks << 6; at < end; at += 64) block4(p0 + at, p1 + at, p2 + at, p3 + at);
        finish(0, load<u32>(m, 8));
        finish(1, load<u32>(m, 20));
        finish(2, load<u32>(m, 32));
        finish(3, load<u32>(m, 44));
        k += 4;
        continue;
      }
    }
    digest(p0, n0, load<u32>(m, 8));
    k++;
  }
}

function varint(p: usize, value: u32): usize {
  let x: u64 = (<u64>value) << 1;
  while (x >= 0x80) {
    store<u8>(p++, <u8>(x | 0x80));
    x >>= 7;
  }
  store<u8>(p, <u8>x);
  return p + 1;
}

/** Writes what an inner node's hash covers at p: height, size, version (zig-zag varints), both children's hashes. */
function inner(p: usize, nodes: usize, i: u32): u32 {
  const r = nodes + (<usize>i << 6);
  const q = varint(varint(varint(p, load<u32>(r, 12) >>> 24), load<u32>(r, 16)), load<u32>(r, 20));
  const left = nodes + (<usize>load<u32>(r, 0) << 6) + 32;
  const right = nodes + (<usize>load<u32>(r, 4) << 6) + 32;
  store<u8>(q, 32);
  v128.store(q + 1, v128.load(left));
  v128.store(q + 17, v128.load(left + 16));
  store<u8>(q + 33, 32);
  v128.store(q + 34, v128.load(right));
  v128.store(q + 50, v128.load(right + 16));
  return <u32>(q + 66 - p);
}

/** Hashes the first `count` inner nodes of the list; their children are hashed. Every message has 69 to 78 bytes: two blocks. */
export function hashInner(nodes: usize, count: u32): void {
  let k: u32 = 0;
  for (; k + 4 <= count; k += 4) {
    const at = LIST + (<usize>k << 2);
    for (let lane: usize = 0; lane < 4; lane++) {
      const p = M + (lane << 7);
      pad(p, inner(p, nodes, load<u32>(at + (lane << 2))));
    }
    start4();
    block4(M, M + 128, M + 256, M + 384);
    block4(M + 64, M + 192, M + 320, M + 448);
    for (let lane: usize = 0; lane < 4; lane++) finish(lane, nodes + (<usize>load<u32>(at + (lane << 2)) << 6) + 32);
  }
  for (; k < count; k++) {
    const i = load<u32>(LIST + (<usize>k << 2));
    digest(M, inner(M, nodes, i), nodes + (<usize>i << 6) + 32);
  }
}
