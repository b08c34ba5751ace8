/**
 * ICS-23 proofs: of a key's presence or absence in a store (`ics23:iavl`), and of the store's root in the app hash
 * (`ics23:simple`). Encoded as Go's SDK encodes them, byte for byte.
 */
import { utf8 } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { Writer } from "./disk/bytes.ts";
import { putVarint } from "./sha256/engine.ts";
import { LEFT, NONE, RIGHT, SIZE, VERSION } from "./tree/arena.ts";
import type { Tree } from "./tree/tree.ts";

// ics23.HashOp.SHA256 and ics23.LengthOp.VAR_PROTO
const sha256Op = 1;
const varProto = 1;

function bytesField(into: Writer, field: number, bytes: Uint8Array): void {
  if (bytes.length > 0) messageField(into, field, bytes);
}

function messageField(into: Writer, field: number, bytes: Uint8Array): void {
  into.uint((field << 3) | 2);
  into.string(bytes);
}

function enumField(into: Writer, field: number, value: number): void {
  into.uint(field << 3);
  into.uint(value);
}

function message(write: (into: Writer) => void): Uint8Array {
  const writer = new Writer(256);
  write(writer);
  return writer.view();
}

/** LeafOp: prehash_value (3) and hash (1) SHA-256, length (4) VAR_PROTO, prefix (5). */
function leafOp(prefix: Uint8Array): Uint8Array {
  return message((w) => {
    enumField(w, 1, sha256Op);
    enumField(w, 3, sha256Op);
    enumField(w, 4, varProto);
    bytesField(w, 5, prefix);
  });
}

function innerOp(prefix: Uint8Array, suffix: Uint8Array): Uint8Array {
  return message((w) => {
    enumField(w, 1, sha256Op);
    bytesField(w, 2, prefix);
    bytesField(w, 3, suffix);
  });
}

// ---- a key in a store

/**
 * Encoded CommitmentProof of the key's presence in the tree under `root`, or of its absence by its neighbours. Throws on an
 * empty tree, which proves nothing.
 */
export function proveKey(tree: Tree, root: number, key: Uint8Array): Uint8Array {
  if (root === NONE) throw new RangeError("an empty tree proves nothing");
  if (tree.find(key, root) !== NONE) return message((w) => { messageField(w, 1, existence(tree, root, key)); });
  const { left, right } = neighbours(tree, root, key);
  const absence = message((w) => {
    bytesField(w, 1, key);
    if (left !== NONE) messageField(w, 2, existence(tree, root, tree.arena.key(left)));
    if (right !== NONE) messageField(w, 3, existence(tree, root, tree.arena.key(right)));
  });
  return message((w) => { messageField(w, 2, absence); });
}

/** ExistenceProof: key, value, leaf, path from the leaf up. */
function existence(tree: Tree, root: number, key: Uint8Array): Uint8Array {
  const { arena } = tree;
  const path = tree.path(key, root);
  const leaf = path.at(-1)!;
  const prefix = new Uint8Array(96);
  prefix[0] = 0;
  prefix[1] = 2;
  const leafPrefix = prefix.slice(0, putVarint(prefix, 2, arena.field(leaf, VERSION)));
  return message((w) => {
    bytesField(w, 1, arena.key(leaf));
    bytesField(w, 2, arena.value(leaf));
    messageField(w, 3, leafOp(leafPrefix));
    for (let i = path.length - 2; i >= 0; i--) {
      const node = path[i]!;
      let end = putVarint(prefix, 0, arena.height(node));
      end = putVarint(prefix, end, arena.field(node, SIZE));
      end = putVarint(prefix, end, arena.field(node, VERSION));
      prefix[end++] = 32;
      if (path[i + 1] === arena.field(node, LEFT)) {
        const suffix = new Uint8Array(33);
        suffix[0] = 32;
        suffix.set(arena.hash(arena.field(node, RIGHT)), 1);
        messageField(w, 4, innerOp(prefix.subarray(0, end), suffix));
      } else {
        prefix.set(arena.hash(arena.field(node, LEFT)), end);
        prefix[end + 32] = 32;
        messageField(w, 4, innerOp(prefix.subarray(0, end + 33), new Uint8Array(0)));
      }
    }
  });
}

/** The leaves next to an absent key; NONE where it would be the first or the last. */
function neighbours(tree: Tree, root: number, key: Uint8Array): { left: number; right: number } {
  return { left: tree.leaves(root, undefined, key, true)(), right: tree.leaves(root, key, undefined, false)() };
}

// ---- a store in the app hash: an RFC 6962 tree over the stores in byte order of their names

/** A store's name with the root hash of its tree. */
export type StoreRoot = readonly [name: string, root: Uint8Array];

/** The app hash over stores in byte order of their names; the SHA-256 of nothing where there are none. */
export function storesRoot(roots: readonly StoreRoot[]): Uint8Array {
  return subtreeRoot(roots.map(storeLeaf));
}

/** Encoded CommitmentProof of one store's root in the app hash. Throws a RangeError where the name is not among them. */
export function proveStore(roots: readonly StoreRoot[], name: string): Uint8Array {
  const index = roots.findIndex(([other]) => other === name);
  const own = roots[index];
  if (own === undefined) throw new RangeError(`no root of store ${JSON.stringify(name)}`);
  const proof = message((w) => {
    bytesField(w, 1, utf8(name));
    bytesField(w, 2, own[1]);
    messageField(w, 3, leafOp(Uint8Array.of(0)));
    for (const [prefix, suffix] of audit(roots.map(storeLeaf), index)) messageField(w, 4, innerOp(prefix, suffix));
  });
  return message((w) => { messageField(w, 1, proof); });
}

function storeLeaf([name, root]: StoreRoot): Uint8Array {
  return sha256(message((w) => {
    w.byte(0);
    w.string(utf8(name));
    w.string(sha256(root));
  }));
}

/** The greatest power of two below `count`. */
function splitPoint(count: number): number {
  let k = 1;
  while (k * 2 < count) k *= 2;
  return k;
}

function subtreeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  const k = splitPoint(leaves.length);
  return sha256(Uint8Array.of(1), subtreeRoot(leaves.slice(0, k)), subtreeRoot(leaves.slice(k)));
}

/** What surrounds the hash on each step from the leaf to the root. */
function audit(leaves: readonly Uint8Array[], index: number): [prefix: Uint8Array, suffix: Uint8Array][] {
  if (leaves.length < 2) return [];
  const k = splitPoint(leaves.length);
  const left = leaves.slice(0, k);
  const right = leaves.slice(k);
  if (index < k) return [...audit(left, index), [Uint8Array.of(1), subtreeRoot(right)]];
  const prefix = new Uint8Array(33);
  prefix[0] = 1;
  prefix.set(subtreeRoot(left), 1);
  return [...audit(right, index - k), [prefix, new Uint8Array(0)]];
}
