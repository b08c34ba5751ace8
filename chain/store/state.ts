/**
 * All stores of the chain in memory: one tree a store, the versions that are kept, and the working version. Knows nothing of
 * disks; `multistore.ts` makes it durable.
 */
import { compareBytes, equalBytes, utf8 } from "../codec/bytes.ts";
import { UnknownStore, VersionNotKept } from "./errors.ts";
import type { Entry, ReadStore, ReadStores } from "./kv.ts";
import { checkKey, checkValue } from "./limits.ts";
import { type Change, type ChangeSet, compareNames } from "./overlay.ts";
import { proveKey, proveStore, type StoreRoot, storesRoot } from "./proofs.ts";
import { Arena, NONE } from "./tree/arena.ts";
import { Tree } from "./tree/tree.ts";

/**
 * Every store has this key from its first version on, with the store's name as value: so no tree is ever empty, and absence
 * can always be proven. It is hidden from reads and refused in writes.
 */
export const permanentKey: Uint8Array = Uint8Array.of(0xff, ...utf8("store"));

/** A committed version that is still in memory. */
export interface Version {
  readonly version: number;
  readonly appHash: Uint8Array;
  readonly meta: Uint8Array;
  /** By store name, in byte order of the names. */
  readonly roots: ReadonlyMap<string, number>;
  readonly hashes: readonly StoreRoot[];
}

/** One operator of a proof, as `ProofOp` carries it. */
export interface ProofOp {
  readonly type: "ics23:iavl" | "ics23:simple";
  readonly key: Uint8Array;
  readonly data: Uint8Array;
}

/** What the working version did to a key's leaf: the leaf before it (NONE where there was none). Parallel to the changes. */
export type OldLeaves = readonly (readonly [store: string, changes: readonly Change[], leaves: Int32Array])[];

interface Working {
  readonly version: number;
  readonly changes: ChangeSet;
  readonly touched: readonly Tree[];
  readonly created: readonly string[];
  readonly old: OldLeaves;
  hashed?: { readonly appHash: Uint8Array; readonly hashes: readonly StoreRoot[] };
}

const nothing: Version = { version: 0, appHash: storesRoot([]), meta: new Uint8Array(0), roots: new Map(), hashes: [] };

export class State {
  readonly arena = new Arena();
  readonly #names: readonly string[];
  readonly #trees = new Map<string, Tree>();
  /** Names of the stores that exist, in byte order. */
  #existing: string[] = [];
  /** Kept versions, oldest first; the last is the current one. */
  readonly #kept: Version[] = [nothing];
  #working: Working | undefined;
  readonly #pins = new Map<number, number>();

  /** `names`: the stores that modules may ask for. */
  constructor(names: readonly string[]) {
    this.#names = checkNames(names);
  }

  get current(): Version {
    return this.#kept.at(-1)!;
  }

  get oldest(): number {
    return this.#kept[0]!.version;
  }

  /** The oldest version that is hashed, and so can be proven from. */
  get oldestProven(): number {
    return this.#kept.find(({ hashes }) => hashes.length > 0)?.version ?? this.current.version;
  }

  get working(): (Pick<Working, "version" | "changes" | "old"> & { readonly appHash: Uint8Array | undefined }) | undefined {
    const working = this.#working;
    return working === undefined ? undefined : { version: working.version, changes: working.changes, old: working.old, appHash: working.hashed?.appHash };
  }

  // ---- the working version

  /**
   * Applies changes to the working version; nothing is hashed yet. A store comes into being in the first version of all, or in
   * the first version that writes to it, so that all nodes agree whenever they learnt its name. Throws, with nothing changed,
   * where the changes are not in order or not allowed.
   */
  apply(version: number, given: ChangeSet): void {
    this.discard();
    checkChanges(given);
    const { changes, created } = this.#withNewStores(given);
    const touched: Tree[] = [];
    const old: [string, readonly Change[], Int32Array][] = [];
    this.#working = { version, changes, touched, created, old };
    try {
      for (const [name, list] of changes) {
        const tree = this.#tree(name);
        touched.push(tree);
        tree.begin(version);
        old.push([name, list, applyTo(tree, list)]);
      }
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Changes as the log has them: with the permanent keys of new stores. */
  replay(version: number, changes: ChangeSet): void {
    const created = changes.map(([name]) => name).filter((name) => !this.#trees.has(name));
    for (const name of created) {
      if (!this.#names.includes(name)) throw new UnknownStore(name, "the state on disk has it, but this release does not know it; run the release that does");
    }
    this.#working = { version, changes, touched: [], created, old: [] };
    for (const [name, list] of changes) {
      const tree = this.#tree(name);
      (this.#working.touched as Tree[]).push(tree);
      tree.begin(version);
      (this.#working.old as [string, readonly Change[], Int32Array][]).push([name, list, applyTo(tree, list)]);
    }
  }

  #tree(name: string): Tree {
    let tree = this.#trees.get(name);
    if (tree === undefined) {
      tree = new Tree(this.arena);
      this.#trees.set(name, tree);
      this.#existing = [...this.#existing, name].sort(compareNames);
    }
    return tree;
  }

  #withNewStores(given: ChangeSet): { changes: ChangeSet; created: string[] } {
    for (const [name] of given) if (!this.#names.includes(name)) throw new UnknownStore(name);
    const wanted = this.current.version === 0 ? this.#names : given.map(([name]) => name);
    const created = wanted.filter((name) => !this.#trees.has(name));
    if (created.length === 0) return { changes: given, created };
    const changes = new Map(given);
    for (const name of created) {
      const list = changes.get(name) ?? [];
      const at = list.findIndex(([key]) => compareBytes(key, permanentKey) > 0);
      changes.set(name, list.toSpliced(at === -1 ? list.length : at, 0, [permanentKey, utf8(name)]));
    }
    return { changes: Array.from(changes.keys()).sort(compareNames).map((name) => [name, changes.get(name)!] as const), created };
  }

  /** Hashes what the working version wrote, or, after replays that were not hashed, all that is newer than `since`. */
  hash(since?: number): Uint8Array {
    const working = this.#working!;
    const byHeight: number[][] = [];
    const trees = since === undefined ? working.touched : this.#existing.map((name) => this.#trees.get(name)!);
    for (const tree of trees) tree.collect(byHeight, since === undefined ? working.version : since + 1);
    this.arena.hashAll(byHeight);
    const hashes = this.#existing.map((name) => [name, this.arena.hash(this.#trees.get(name)!.root)] as const);
    const appHash = storesRoot(hashes);
    working.hashed = { appHash, hashes };
    return appHash;
  }

  /** Makes the working version current. Where it was not hashed its hashes are missing, and it cannot be proven from. */
  commit(meta: Uint8Array, appHash: Uint8Array): void {
    const working = this.#working!;
    for (const tree of working.touched) tree.commit();
    const roots = new Map(this.#existing.map((name) => [name, this.#trees.get(name)!.committedRoot]));
    if (this.#kept[0] === nothing) this.#kept.length = 0;
    this.#kept.push({ version: working.version, appHash, meta, roots, hashes: working.hashed?.hashes ?? [] });
    this.#working = undefined;
  }

  /** Takes the working version back. */
  discard(): void {
    if (this.#working === undefined) return;
    for (const tree of this.#working.touched) tree.discard();
    for (const name of this.#working.created) this.#trees.delete(name);
    this.#existing = this.#existing.filter((name) => this.#trees.has(name));
    this.#working = undefined;
  }

  // ---- kept versions

  /** Forgets versions below `oldest`, as far as nothing holds them. The current one always stays. */
  prune(oldest: number): void {
    let limit = Math.min(oldest, this.current.version);
    for (const version of Array.from(this.#pins.keys())) limit = Math.min(limit, version);
    const forgotten = this.#kept.findIndex(({ version }) => version >= limit);
    if (forgotten <= 0) return;
    this.#kept.splice(0, forgotten);
    for (const name of this.#existing) this.#trees.get(name)!.prune(this.oldest);
  }

  /** Keeps a version from being pruned until the function returned is called. */
  pin(version: number): () => void {
    this.kept(version);
    this.#pins.set(version, (this.#pins.get(version) ?? 0) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const count = this.#pins.get(version)! - 1;
      if (count === 0) this.#pins.delete(version);
      else this.#pins.set(version, count);
    };
  }

  /** Throws VersionNotKept. */
  kept(version: number): Version {
    const found = this.#kept[version - this.oldest];
    if (found?.version !== version) throw new VersionNotKept(version, this.oldest, this.current.version);
    return found;
  }

  has(version: number): boolean {
    return this.#kept[version - this.oldest]?.version === version;
  }

  // ---- reads

  /** Whatever is current at each read. */
  latest(): ReadStores {
    return { store: (name) => this.#reader(name, () => this.current) };
  }

  /** A kept version; reads throw VersionNotKept once it is pruned. */
  at(version: number): ReadStores {
    this.kept(version);
    return { store: (name) => this.#reader(name, () => this.kept(version)) };
  }

  #reader(name: string, version: () => Version): ReadStore {
    if (!this.#names.includes(name)) throw new UnknownStore(name);
    return new TreeReader(this, name, version);
  }

  /** A proof of the key's presence (with its value) or absence, from the leaf to the app hash of `version`. */
  prove(name: string, key: Uint8Array, version: number): { value?: Uint8Array; ops: ProofOp[] } {
    checkKey(key);
    const { roots, hashes } = this.kept(version);
    if (!this.#names.includes(name)) throw new UnknownStore(name);
    if (version < this.oldestProven) throw new VersionNotKept(version, this.oldestProven, this.current.version, "proofs");
    const root = roots.get(name);
    const tree = this.#trees.get(name);
    if (root === undefined || tree === undefined) throw new UnknownStore(name, `it does not exist yet in version ${version}`);
    const leaf = tree.find(key, root);
    return {
      ...(leaf === NONE ? {} : { value: this.arena.value(leaf) }),
      ops: [
        { type: "ics23:iavl", key: new Uint8Array(key), data: proveKey(tree, root, key) },
        { type: "ics23:simple", key: utf8(name), data: proveStore(hashes, name) },
      ],
    };
  }

  /** Takes trees that were read from a disk or a peer as the only version. The state must be empty. */
  adopt(version: Omit<Version, "roots" | "hashes">, trees: ReadonlyMap<string, Tree>): void {
    for (const name of Array.from(trees.keys())) {
      if (!this.#names.includes(name)) throw new UnknownStore(name, "the state has it, but this release does not know it; run the release that does");
      this.#trees.set(name, trees.get(name)!);
    }
    this.#existing = Array.from(trees.keys()).sort(compareNames);
    const roots = new Map(this.#existing.map((name) => [name, this.#trees.get(name)!.committedRoot]));
    const hashes = this.#existing.map((name) => [name, this.arena.hash(roots.get(name)!)] as const);
    this.#kept.splice(0, this.#kept.length, { ...version, roots, hashes });
  }

  /** A store's tree; undefined where the store does not exist yet. */
  tree(name: string): Tree | undefined {
    return this.#trees.get(name);
  }
}

class TreeReader implements ReadStore {
  readonly #state: State;
  readonly #name: string;
  readonly #version: () => Version;

  constructor(state: State, name: string, version: () => Version) {
    this.#state = state;
    this.#name = name;
    this.#version = version;
  }

  #find(key: Uint8Array): number {
    const root = this.#version().roots.get(this.#name);
    if (root === undefined || equalBytes(key, permanentKey)) return NONE;
    return this.#state.tree(this.#name)!.find(key, root);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const leaf = this.#find(key);
    return leaf === NONE ? undefined : this.#state.arena.value(leaf);
  }

  has(key: Uint8Array): boolean {
    return this.#find(key) !== NONE;
  }

  *iterate(start?: Uint8Array, end?: Uint8Array, reverse = false): IterableIterator<Entry> {
    const { version, roots } = this.#version();
    const root = roots.get(this.#name);
    if (root === undefined) return;
    const { arena } = this.#state;
    const next = this.#state.tree(this.#name)!.leaves(root, start, end, reverse);
    for (;;) {
      this.#state.kept(version); // a slow reader's version may be pruned between two steps
      const leaf = next();
      if (leaf === NONE) return;
      const key = arena.key(leaf);
      if (key[0] === 0xff && equalBytes(key, permanentKey)) continue;
      yield [key, arena.value(leaf)];
    }
  }
}

/** Applies changes to a tree's working version; gives each key's leaf before. */
function applyTo(tree: Tree, changes: readonly Change[]): Int32Array {
  const leaves = new Int32Array(changes.length);
  for (let i = 0; i < changes.length; i++) {
    const [key, value] = changes[i]!;
    leaves[i] = value === undefined ? tree.delete(key) : tree.set(key, value);
  }
  return leaves;
}

function checkNames(names: readonly string[]): string[] {
  const sorted = [...names].sort(compareNames);
  sorted.forEach((name, i) => {
    if (!/^[a-zA-Z0-9_/-]{1,127}$/.test(name)) throw new RangeError(`a store name has 1 to 127 letters, digits, "_", "-" or "/": ${JSON.stringify(name)}`);
    if (name === sorted[i + 1]) throw new RangeError(`store ${JSON.stringify(name)} is named twice`);
  });
  return sorted;
}

function checkChanges(changes: ChangeSet): void {
  changes.forEach(([name, list], s) => {
    const after = changes[s + 1];
    if (after !== undefined && compareNames(name, after[0]) >= 0) throw new RangeError(`changes are not in order: store ${name} before ${after[0]}`);
    for (let i = 0; i < list.length; i++) {
      const [key, value] = list[i]!;
      checkKey(key);
      if (value !== undefined) checkValue(value);
      if (i > 0 && compareBytes(list[i - 1]![0], key) >= 0) throw new RangeError(`changes of store ${name} are not in byte order of their keys`);
      if (equalBytes(key, permanentKey)) throw new RangeError(`store ${name}: the permanent key cannot be written`);
    }
  });
}
