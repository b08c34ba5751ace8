// Imports of the module "wasi_snapshot_preview1": three streams, arguments, a clock that stands, random bytes of the task's index.
import { argumentAt, argumentCount } from "./arguments";
import { copy } from "./copy";
import { INPUT, inputSize, inside, STATICS, taskIndex, TEXTS, trap } from "./machine";
import { emit, finish } from "./result";

const BADF: u32 = 8;
const FAULT: u32 = 21;
const INVAL: u32 = 28;
const NOTSUP: u32 = 58;
const SPIPE: u32 = 70;
const NOTCAPABLE: u32 = 76;
const MOST_VECTORS: u32 = 1024;

/** Addresses of the program need not be aligned. */
@inline function put32(at: u32, value: u32): void {
  store<u8>(at, value);
  store<u8>(at, value >> 8, 1);
  store<u8>(at, value >> 16, 2);
  store<u8>(at, value >> 24, 3);
}
@inline function get32(at: u32): u32 {
  return <u32>load<u8>(at) | (<u32>load<u8>(at, 1) << 8) | (<u32>load<u8>(at, 2) << 16) | (<u32>load<u8>(at, 3) << 24);
}
function write32(at: u32, value: u32): u32 {
  if (!inside(at, 4)) return FAULT;
  put32(at, value);
  return 0;
}
function write64(at: u32, low: u32): u32 {
  if (!inside(at, 8)) return FAULT;
  put32(at, low);
  put32(at + 4, 0);
  return 0;
}
function textBytes(): u32 {
  return <u32>(argumentAt(argumentCount) - TEXTS);
}
@inline function ofStream(fd: u32, error: u32): u32 {
  return fd > 2 ? BADF : error;
}

/** The program's name, "task", comes before the arguments. */
export function args_sizes_get(countAt: u32, sizeAt: u32): u32 {
  const error = write32(countAt, argumentCount + 1);
  return error != 0 ? error : write32(sizeAt, textBytes() + 5);
}

export function args_get(pointers: u32, buffer: u32): u32 {
  const bytes = textBytes();
  if (!inside(pointers, (argumentCount + 1) << 2) || !inside(buffer, bytes + 5)) return FAULT;
  put32(pointers, buffer);
  const texts = buffer + 5;
  for (let i: u32 = 0; i < argumentCount; i++) put32(pointers + ((i + 1) << 2), texts + <u32>(argumentAt(i) - TEXTS));
  put32(buffer, 0x6b736174);
  store<u8>(buffer, 0, 4);
  copy(texts, TEXTS, bytes);
  return 0;
}

export function environ_sizes_get(countAt: u32, sizeAt: u32): u32 {
  const error = write32(countAt, 0);
  return error != 0 ? error : write32(sizeAt, 0);
}

export function environ_get(pointers: u32, buffer: u32): u32 {
  return inside(pointers, 0) && inside(buffer, 0) ? 0 : FAULT;
}

export function clock_res_get(_clock: u32, to: u32): u32 {
  return write64(to, 1);
}

export function clock_time_get(clock: u32, _precision: u64, to: u32): u32 {
  return clock > 3 ? INVAL : write64(to, 0);
}

export function fd_close(fd: u32): u32 {
  return ofStream(fd, 0);
}

export function fd_fdstat_get(fd: u32, to: u32): u32 {
  if (fd > 2) return BADF;
  if (!inside(to, 24)) return FAULT;
  for (let i: u32 = 0; i < 24; i++) store<u8>(to + i, 0);
  store<u8>(to + 8, fd == 0 ? 2 : 64);
  return 0;
}

export function fd_seek(fd: u32): u32 {
  return ofStream(fd, SPIPE);
}

export function fd_tell(fd: u32): u32 {
  return ofStream(fd, SPIPE);
}

export function fd_unsupported(fd: u32): u32 {
  return ofStream(fd, NOTSUP);
}

export function unsupported(): u32 {
  return NOTSUP;
}

export function notCapable(): u32 {
  return NOTCAPABLE;
}

export function sched_yield(): u32 {
  return 0;
}

export function proc_exit(code: i32): void {
  finish(code);
}

export function proc_raise(_signal: u32): u32 {
  trap();
  return 0;
}

/** Whether all buffers lie in the memory. */
function vectorsLie(at: u32, count: u32): bool {
  if (count > MOST_VECTORS || !inside(at, count << 3)) return false;
  for (let i: u32 = 0; i < count; i++) if (!inside(get32(at + (i << 3)), get32(at + (i << 3) + 4))) return false;
  return true;
}

let readSoFar: u32 = 0;

export function fd_read(fd: u32, vectors: u32, count: u32, readAt: u32): u32 {
  if (fd != 0) return BADF;
  if (!vectorsLie(vectors, count)) return FAULT;
  let total: u32 = 0;
  // Where the list itself is read over, what it said before counts: as one reads it at once.
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(VECTORS + ((<usize>i) << 3), get32(vectors + (i << 3)));
    store<u32>(VECTORS + ((<usize>i) << 3), get32(vectors + (i << 3) + 4), 4);
  }
  for (let i: u32 = 0; i < count; i++) {
    const wanted = load<u32>(VECTORS + ((<usize>i) << 3), 4);
    const rest = inputSize() - readSoFar;
    const bytes = wanted < rest ? wanted : rest;
    copy(load<u32>(VECTORS + ((<usize>i) << 3)), INPUT + readSoFar, bytes);
    readSoFar += bytes;
    total += bytes;
  }
  return write32(readAt, total);
}

export function fd_write(fd: u32, vectors: u32, count: u32, writtenAt: u32): u32 {
  if (fd != 1 && fd != 2) return BADF;
  if (!vectorsLie(vectors, count)) return FAULT;
  let total: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bytes = get32(vectors + (i << 3) + 4);
    if (fd == 1) emit(get32(vectors + (i << 3)), bytes);
    total += bytes;
  }
  return write32(writtenAt, total);
}

/** 8 KiB for a list of buffers, behind the statics that the compiler lays out. */
const VECTORS: usize = STATICS + 0x000fc000;

/** SHA-256("dcm random v1" || task index, 4 bytes little-endian || block number, 8 bytes big-endian), block after block through the whole run. */
let randomBlock: u32 = 0;
let randomLeft: u32 = 0;
/** 64 words of the message's schedule, then the digest of the block. */
const SCHEDULE: usize = STATICS + 0x000fe000;
const DIGEST: usize = SCHEDULE + 256;

export function random_get(to: u32, length: u32): u32 {
  if (!inside(to, length)) return FAULT;
  for (let i: u32 = 0; i < length; i++) {
    if (randomLeft == 0) {
      hashRandomBlock();
      randomLeft = 32;
    }
    store<u8>(to + i, load<u8>(DIGEST + (32 - randomLeft)));
    randomLeft--;
  }
  return 0;
}

const ROUNDS = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

function hashRandomBlock(): void {
  const index = bswap(taskIndex());
  // "dcm random v1", index, number, 0x80, and 200 bits as the length: one block.
  put(0, 0x64636d20);
  put(1, 0x72616e64);
  put(2, 0x6f6d2076);
  put(3, 0x31000000 | (index >> 8));
  put(4, index << 24);
  put(5, randomBlock >> 8);
  put(6, (randomBlock << 24) | 0x00800000);
  for (let i: u32 = 7; i < 15; i++) put(i, 0);
  put(15, 200);
  randomBlock++;
  for (let i: u32 = 16; i < 64; i++) {
    const a = word(i - 15);
    const b = word(i - 2);
    put(i, word(i - 16) + (rotr(a, 7) ^ rotr(a, 18) ^ (a >> 3)) + word(i - 7) + (rotr(b, 17) ^ rotr(b, 19) ^ (b >> 10)));
  }
  let a: u32 = 0x6a09e667;
  let b: u32 = 0xbb67ae85;
  let c: u32 = 0x3c6ef372;
  let d: u32 = 0xa54ff53a;
  let e: u32 = 0x510e527f;
  let f: u32 = 0x9b05688c;
  let g: u32 = 0x1f83d9ab;
  let h: u32 = 0x5be0cd19;
  for (let i: u32 = 0; i < 64; i++) {
    const one = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + load<u32>(ROUNDS + ((<usize>i) << 2)) + word(i);
    const two = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  digest(0, a + 0x6a09e667);
  digest(1, b + 0xbb67ae85);
  digest(2, c + 0x3c6ef372);
  digest(3, d + 0xa54ff53a);
  digest(4, e + 0x510e527f);
  digest(5, f + 0x9b05688c);
  digest(6, g + 0x1f83d9ab);
  digest(7, h + 0x5be0cd19);
}

@inline function put(index: u32, value: u32): void {
  store<u32>(SCHEDULE + ((<usize>index) << 2), value);
}
@inline function word(index: u32): u32 {
  return load<u32>(SCHEDULE + ((<usize>index) << 2));
}
@inline function digest(index: u32, value: u32): void {
  store<u32>(DIGEST + ((<usize>index) << 2), bswap(value));
}
