/**
 * A block of 10,000 changed keys over 10^6: the store's own way (tree, app hash, fsynced log) with and without history on disk,
 * and the same writes as one synced LevelDB batch. Then opening again, and memory.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { MultiStore } from "../chain/store/multistore.ts";
import type { Change } from "../chain/store/overlay.ts";
import { type Benchmark, type Figure, figure, machine } from "./benchmark.ts";

const valueLength = 120;

/** Key i of 24 bytes, spread evenly. */
function keyOf(i: number): Uint8Array {
  const key = new Uint8Array(24);
  let state = (Math.imul(i, 2_654_435_761) + 1) >>> 0;
  for (let j = 0; j < 24; j++) {
    state = next(state);
    key[j] = state >>> 8;
  }
  return key;
}

function next(state: number): number {
  let s = state;
  s ^= s << 13;
  s ^= s >>> 17;
  s ^= s << 5;
  return s >>> 0;
}

class Load {
  #state = 7;
  value(): Uint8Array {
    const value = new Uint8Array(valueLength);
    const words = new Uint32Array(value.buffer);
    for (let j = 0; j < words.length; j++) words[j] = this.#state = next(this.#state);
    return value;
  }
  block(keys: number, changed: number): Change[] {
    const numbers = new Set<number>();
    while (numbers.size < changed) numbers.add((this.#state = next(this.#state)) % keys);
    return sorted(Array.from(numbers, (i) => [keyOf(i), this.value()] as const));
  }
}

function sorted(changes: Change[]): Change[] {
  return changes.sort((a, b) => Buffer.compare(a[0], b[0]));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** CPU milliseconds of this thread so far: unlike wall time, little moved by what else the machine does. */
const cpu = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};
const since = (began: number): number => performance.now() - began;

/** Fills a store with `keys` keys in ten versions and measures blocks on it. */
async function measureStore(directory: string, keepHistory: number, keys: number, changed: number, blocks: number, figures: Figure[]): Promise<void> {
  const load = new Load();
  const label = keepHistory === 0 ? "store" : "store_with_history";
  const options = { directory, stores: ["bank"], keepHistory, keepRecent: 5, checkpointBytes: 1 << 40 };
  let store = await MultiStore.open(options);
  for (let part = 0; part < 10; part++) {
    const from = Math.floor((keys * part) / 10);
    const count = Math.floor((keys * (part + 1)) / 10) - from;
    store.prepare(part + 1, [["bank", sorted(Array.from({ length: count }, (_, i) => [keyOf(from + i), load.value()] as const))]]);
    store.commit();
    await store.settled();
  }
  const prepare: number[] = [];
  const commit: number[] = [];
  const whole: number[] = [];
  const busy: number[] = [];
  const after: number[] = [];
  for (let i = 0; i < blocks; i++) {
    const changes = load.block(keys, changed);
    await pause(20);
    const used = cpu();
    const began = performance.now();
    store.prepare(store.version + 1, [["bank", changes]]);
    const prepared = performance.now();
    store.commit();
    const committed = performance.now();
    busy.push(cpu() - used);
    // What runs on this thread behind the reply (handing over to the history, pruning), not what other threads do.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    after.push(since(committed));
    prepare.push(prepared - began);
    commit.push(committed - prepared);
    whole.push(committed - began);
    if (i % 5 === 4) await store.settled();
  }
  figures.push(
    figure(`${label}_block`, "ms", whole), figure(`${label}_block_cpu`, "ms", busy), figure(`${label}_tree_and_hash`, "ms", prepare), figure(`${label}_log_and_fsync`, "ms", commit),
    figure(`${label}_after_reply`, "ms", after),
  );
  if (keepHistory === 0) {
    figures.push(figure("resident_memory", "MB", [process.memoryUsage().rss / 1e6]), figure("state_memory", "MB", [store.memoryBytes / 1e6]));
    const bank = store.latest().store("bank");
    const began = performance.now();
    for (let i = 0; i < 20_000; i++) bank.get(keyOf((i * 7_919) % keys));
    figures.push(figure("read", "us", [since(began) / 20]));
  } else {
    const at = store.at(store.version - 8).store("bank");
    const began = performance.now();
    for (let i = 0; i < 1_000; i++) at.get(keyOf((i * 7_919) % keys));
    figures.push(figure("read_from_history", "us", [since(began)]));
  }
  await store.close();
  const began = performance.now();
  store = await MultiStore.open(options);
  figures.push(figure(`${label}_open_from_log`, "ms", [since(began)]));
  await store.close();
  if (keepHistory > 0) return;
  // One block with a checkpoint behind it; how long it keeps the event loop at most.
  store = await MultiStore.open({ ...options, checkpointBytes: 1 });
  const written = performance.now();
  let longest = 0;
  let running = true;
  const watch = (async (): Promise<void> => {
    while (running) {
      const turn = cpu();
      await new Promise((resolve) => setImmediate(resolve));
      longest = Math.max(longest, cpu() - turn);
    }
  })();
  store.prepare(store.version + 1, [["bank", load.block(keys, changed)]]);
  store.commit();
  longest = 0;
  await store.settled();
  running = false;
  await watch;
  figures.push(figure("checkpoint", "ms", [since(written)]), figure("checkpoint_longest_turn_cpu", "ms", [longest]));
  await store.close();
  const reopened = performance.now();
  store = await MultiStore.open(options);
  figures.push(figure("open_from_checkpoint", "ms", [since(reopened)]));
  await store.close();
}

/** The same blocks as one synced LevelDB batch each: no tree, no hash. */
async function measureLevel(directory: string, keys: number, changed: number, blocks: number, figures: Figure[]): Promise<void> {
  const load = new Load();
  const level = new ClassicLevel<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view", compression: false });
  const put = (changes: readonly Change[], sync: boolean): Promise<void> => level.batch(changes.map(([key, value]) => ({ type: "put" as const, key, value: value! })), { sync });
  for (let part = 0; part < 100; part++) await put(Array.from({ length: Math.floor(keys / 100) }, (_, i) => [keyOf(part * Math.floor(keys / 100) + i), load.value()] as const), false);
  const samples: number[] = [];
  for (let i = 0; i < blocks; i++) {
    const changes = load.block(keys, changed);
    await pause(20);
    const began = performance.now();
    await put(changes, true);
    samples.push(since(began));
  }
  figures.push(figure("leveldb_synced_batch_alone", "ms", samples));
  await level.close();
}

const benchmark: Benchmark = {
  name: "commit",
  description: "A block of 10,000 changed keys over 10^6: app hash and durable commit, beside one synced LevelDB batch of the same writes",
  async run({ runs, quick, progress }) {
    const keys = quick ? 20_000 : 1_000_000;
    const changed = quick ? 1_000 : 10_000;
    const blocks = 5 * runs;
    const root = mkdtempSync(join(tmpdir(), "bench-commit-"));
    const figures: Figure[] = [];
    try {
      progress(`store over ${keys} keys`);
      await measureStore(join(root, "store"), 0, keys, changed, blocks, figures);
      progress("the same with history on disk");
      await measureStore(join(root, "history"), 1_000, keys, changed, blocks, figures);
      progress("LevelDB alone");
      await measureLevel(join(root, "level"), keys, changed, blocks, figures);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
    return { name: "commit", figures, configuration: { keys, changed, blocks, keyBytes: 24, valueBytes: valueLength }, versions: machine() };
  },
};

export default benchmark;
