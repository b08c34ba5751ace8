import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fromBase64, fromHex, toBase64, toHex } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { proveKey, proveStore, storesRoot } from "../proofs.ts";
import { createEngine, type HashEngine } from "../sha256/engine.ts";
import { utf8 } from "../../codec/bytes.ts";
import { Arena, NONE } from "./arena.ts";
import { Tree } from "./tree.ts";

interface History {
  readonly seed: number;
  readonly operations: number;
  readonly keys: number;
  readonly versions: readonly {
    readonly root: string;
    readonly size: number;
    readonly proofs?: Readonly<Record<string, string>>;
    readonly key?: string;
    readonly proof?: string;
    readonly appHash?: string;
    readonly storeProof?: string;
  }[];
}

/** xorshift32, as in the generator. */
class Random {
  state: number;
  constructor(seed: number) {
    this.state = seed >>> 0;
  }
  next(): number {
    let s = this.state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (this.state = s >>> 0);
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => (this.next() >>> 8) & 255);
  }
}

function keyOf(i: number): Uint8Array {
  const random = new Random((Math.imul(i, 2_654_435_761) + 1) >>> 0);
  return random.bytes(1 + (random.next() % 24));
}

function apply(tree: Tree, random: Random, version: number, { operations, keys }: History): void {
  let count = random.next() % (operations + 1);
  if (version % 7 === 0) count = 0;
  const deletes = Math.floor(version / 5) % 2 === 1 ? 75 : 25;
  for (; count > 0; count--) {
    const key = keyOf(random.next() % keys);
    if (random.next() % 100 < deletes) tree.delete(key);
    else tree.set(key, random.bytes(1 + (random.next() % 300)));
  }
}

function replay(history: History, engine: HashEngine["name"], keep: number): void {
  const arena = new Arena(createEngine(engine));
  const tree = new Tree(arena);
  const random = new Random(history.seed);
  history.versions.forEach((expected, i) => {
    const version = i + 1;
    tree.begin(version);
    // Written, taken back and written again: a discarded version must leave no trace.
    const { state } = random;
    apply(tree, random, version, history);
    tree.discard();
    random.state = state;
    apply(tree, random, version, history);
    const byHeight: number[][] = [];
    tree.collect(byHeight, version);
    arena.hashAll(byHeight);
    tree.commit();
    const root = tree.root === NONE ? sha256() : arena.hash(tree.root);
    assert.equal(toHex(root), expected.root, `root of version ${version}`);
    for (const [key, digest] of Object.entries(expected.proofs ?? {})) {
      random.next();
      assert.equal(toHex(sha256(proveKey(tree, tree.root, fromHex(key)))), digest, `proof of ${key} in version ${version}`);
    }
    // A key that was drawn twice is listed once.
    if (expected.proofs !== undefined) for (let drawn = Object.keys(expected.proofs).length; drawn < 12; drawn++) random.next();
    if (expected.key !== undefined) assert.equal(toBase64(proveKey(tree, tree.root, fromHex(expected.key))), expected.proof);
    if (expected.appHash !== undefined) {
      const roots = ["auth", "bank", "gov", "market", "staking"].map((name) => [name, name === "market" ? root : sha256(utf8(name))] as const);
      assert.equal(toHex(storesRoot(roots)), expected.appHash);
      assert.deepEqual(proveStore(roots, "market"), fromBase64(expected.storeProof!));
    }
    const next = tree.leaves(tree.root, undefined, undefined, false);
    let size = 0;
    while (next() !== NONE) size++;
    assert.equal(size, expected.size);
    tree.prune(version - keep + 1);
  });
  for (let oldest = 0; oldest <= history.versions.length + 1; oldest++) tree.prune(oldest);
  assert.equal(arena.nodes, Math.max(0, 2 * history.versions.at(-1)!.size - 1), "pruning leaves the nodes of the last version and no others");
}

describe("the tree against Go's iavl", () => {
  for (const seed of [1, 2, 3]) {
    const history = JSON.parse(readFileSync(new URL(`../../../test/vectors/iavl/${seed}.json`, import.meta.url), "utf8")) as History;
    for (const engine of ["simd", "crypto"] as const) {
      it(`STORE-1: gives the same roots and proofs over history ${seed} (${engine}, ${history.versions.length} versions)`, () => {
        replay(history, engine, seed);
      });
    }
  }
});
