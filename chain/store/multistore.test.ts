import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { compareBytes, readUint64, toHex, uint64Bytes, utf8 } from "../codec/bytes.ts";
import type { Entry } from "./kv.ts";
import { MultiStore, type MultiStoreOptions, StoreCorrupt, StoreLocked, UnknownStore, VersionNotKept } from "./multistore.ts";
import { type ChangeSet, StoresOverlay } from "./overlay.ts";
import { permanentKey, State } from "./state.ts";
import { loopChanges, loopOptions } from "./testing/commit-loop.ts";

const stores = ["bank", "market"];
let root: string;
let opened: MultiStore[] = [];

async function open(options: Partial<MultiStoreOptions> = {}): Promise<MultiStore> {
  const store = await MultiStore.open({ directory: join(root, "state"), stores, ...options });
  opened.push(store);
  return store;
}

/** Commits loopChanges of a version; gives the app hash. */
function step(store: MultiStore, version = store.version + 1): string {
  const hash = store.prepare(version, loopChanges(version));
  store.commit(uint64Bytes(BigInt(version)));
  assert.deepEqual(store.appHash, hash);
  return toHex(hash);
}

/** The app hashes of versions 0.. when each changes what loopChanges says. */
function expected(versions: number): string[] {
  const state = new State(stores);
  const hashes = [toHex(state.current.appHash)];
  for (let v = 1; v <= versions; v++) {
    state.apply(v, loopChanges(v));
    state.commit(new Uint8Array(0), state.hash());
    state.prune(v);
    hashes.push(toHex(state.current.appHash));
  }
  return hashes;
}

const text = (entries: Iterable<Entry>): string[] => Array.from(entries, ([key, value]) => `${toHex(key)}=${toHex(value)}`);
const one = (store: string, key: string, value?: string): ChangeSet => [[store, [[utf8(key), value === undefined ? undefined : utf8(value)]]]];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "multistore-"));
});

afterEach(async () => {
  for (const store of opened) await store.close();
  opened = [];
  rmSync(root, { recursive: true, force: true });
});

describe("MultiStore", () => {
  it("STORE-7: begins at version 0 with the hash of nothing, and at any first height", async () => {
    const store = await open();
    assert.equal(store.version, 0);
    assert.equal(toHex(store.appHash), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert.equal(store.latest().store("bank").get(utf8("a")), undefined);
    store.prepare(1_000, one("bank", "a", "1"));
    store.commit();
    assert.throws(() => store.prepare(1_002, []), /current one is 1000/);
    store.prepare(1_001, []);
    store.commit();
    assert.equal(store.version, 1_001);
  });

  it("STORE-8: readers see the committed version until the commit, and a prepared one can be replaced or dropped", async () => {
    const store = await open();
    step(store);
    const before = text(store.latest().store("bank").iterate());
    const overlay = new StoresOverlay(store.latest());
    overlay.store("bank").set(utf8("new"), utf8("1"));
    const iteration = store.latest().store("bank").iterate();
    const first = iteration.next().value as Entry;
    const once = store.prepare(2, overlay);
    assert.notDeepEqual(store.prepare(2, one("bank", "new", "2")), once);
    assert.deepEqual(store.prepare(2, overlay), once);
    assert.deepEqual(text(store.latest().store("bank").iterate()), before);
    store.discardWorking();
    assert.throws(() => { store.commit(); }, /call prepare/);
    assert.deepEqual(store.prepare(2, overlay), once);
    store.commit();
    assert.deepEqual(text([first, ...iteration]), before, "an iteration stays with its version");
    assert.deepEqual(store.latest().store("bank").get(utf8("new")), utf8("1"));
  });

  it("STORE-8: refuses writes that are not allowed, and keeps what it had", async () => {
    const store = await open();
    step(store);
    const { appHash } = store;
    assert.throws(() => store.prepare(2, [["gov", []]]), UnknownStore);
    assert.throws(() => store.prepare(2, [["bank", [[permanentKey, utf8("x")]]]]), /permanent key/);
    assert.throws(() => store.prepare(2, [["bank", [[utf8("b"), utf8("x")], [utf8("a"), utf8("x")]]]]), /byte order/);
    assert.throws(() => store.prepare(2, [["market", []], ["bank", []]]), /not in order/);
    assert.throws(() => store.prepare(2, [["bank", [[utf8("a"), new Uint8Array(0)]]]]), /delete the key/);
    assert.deepEqual(store.appHash, appHash);
    assert.equal(toHex(store.prepare(2, loopChanges(2))), expected(2)[2]);
  });

  it("STORE-9: every store has its permanent key from the first version on, unseen by readers", async () => {
    const store = await open();
    step(store);
    assert.deepEqual(store.prove("market", permanentKey, 1).value, utf8("market"));
    assert.equal(store.latest().store("market").get(permanentKey), undefined);
    assert.ok(text(store.latest().store("market").iterate()).every((entry) => !entry.startsWith(toHex(permanentKey))));
  });

  it("STORE-9: a store that an upgrade adds comes into being with its first write, whenever its name was learnt", async () => {
    const early = await open({ directory: join(root, "early"), stores: [...stores, "gov"] });
    const late = await open({ directory: join(root, "late") });
    // "early" knows the name from genesis and so has the store from there; the nodes of one network run one release at genesis.
    assert.notEqual(step(early), step(late));
    await late.close();
    const other = await open({ directory: join(root, "other") });
    step(other);
    step(other);
    await other.close();
    const a = await open({ directory: join(root, "late"), stores: [...stores, "gov"] });
    step(a);
    const b = await open({ directory: join(root, "other"), stores: [...stores, "gov"] });
    assert.throws(() => a.prove("gov", utf8("x"), 2), /does not exist yet/);
    assert.equal(text(a.latest().store("gov").iterate()).length, 0);
    assert.deepEqual(a.prepare(3, one("gov", "x", "1")), b.prepare(3, one("gov", "x", "1")));
    a.discardWorking();
    assert.deepEqual(a.prepare(3, loopChanges(3)), b.prepare(3, loopChanges(3)), "a discarded first write leaves no store");
    a.prepare(3, one("gov", "x", "1"));
    a.commit();
    assert.deepEqual(a.prove("gov", permanentKey, 3).value, utf8("gov"));
    await a.close();
    await assert.rejects(open({ directory: join(root, "late") }), UnknownStore);
  });

  it("STORE-10 (ABCI-6, ABCI-15): opens again with the version, hash, meta and proofs that were committed", async () => {
    let store = await open({ checkpointEvery: 4, keepRecent: 3, segmentBytes: 3_000 });
    for (let v = 1; v <= 13; v++) {
      step(store);
      await store.settled();
    }
    store.prepare(14, loopChanges(14));
    const { appHash } = store;
    const state = text(store.latest().store("bank").iterate());
    const proofs = [11, 12, 13].map((v) => store.prove("bank", uint64Bytes(7n), v));
    await store.close();
    assert.ok(readdirSync(join(root, "state", "checkpoints")).length === 2);
    assert.ok(readdirSync(join(root, "state", "log")).length < 13, "the log forgets what checkpoints hold");
    store = await open({ keepRecent: 3 });
    assert.equal(store.version, 13);
    assert.deepEqual(store.appHash, appHash);
    assert.deepEqual(store.meta, uint64Bytes(13n));
    assert.deepEqual(text(store.latest().store("bank").iterate()), state);
    assert.deepEqual([12, 13].map((v) => store.prove("bank", uint64Bytes(7n), v)), proofs.slice(1));
    assert.equal(step(store), expected(14)[14]);
  });

  it("STORE-11: keeps keepRecent versions and says which", async () => {
    const store = await open({ keepRecent: 3 });
    for (let v = 1; v <= 6; v++) {
      step(store);
      await store.settled();
    }
    const slow = store.at(4).store("bank").iterate();
    slow.next();
    assert.equal(store.oldestProven, 4);
    assert.throws(() => store.at(3), (error: unknown) => error instanceof VersionNotKept && error.version === 3 && error.oldest === 4 && error.latest === 6);
    assert.throws(() => store.at(7), VersionNotKept);
    assert.deepEqual(store.at(5).store("market").get(utf8("height")), uint64Bytes(5n));
    step(store);
    await store.settled();
    assert.throws(() => slow.next(), VersionNotKept);
    assert.throws(() => store.at(1.5), VersionNotKept);
  });

  it("STORE-12: goes back to any version that the disk reaches, for good, and on from there", async () => {
    const hashes = expected(12);
    let store = await open({ checkpointEvery: 4, keepHistory: 100, segmentBytes: 3_000 });
    for (let v = 1; v <= 10; v++) {
      step(store);
      await store.settled();
    }
    store.prepare(11, loopChanges(11));
    store.rollback();
    assert.equal(store.version, 9);
    assert.equal(toHex(store.appHash), hashes[9]);
    store.rollbackTo(6);
    assert.equal(toHex(store.appHash), hashes[6]);
    assert.deepEqual(store.meta, uint64Bytes(6n));
    assert.equal(step(store), hashes[7]);
    await store.close();
    store = await open({ keepHistory: 100 });
    assert.equal(store.version, 7);
    assert.equal(step(store), hashes[8]);
    assert.deepEqual(store.at(5).store("market").get(utf8("height")), uint64Bytes(5n));
    assert.throws(() => { store.rollbackTo(1); }, VersionNotKept);
    assert.throws(() => { store.rollbackTo(8); }, VersionNotKept);
    assert.equal(store.version, 8);
  });

  it("STORE-13: one process a directory, and a dead one's lock is taken over", async () => {
    const store = await open();
    await assert.rejects(open(), StoreLocked);
    await store.close();
    const lock = join(root, "state", "LOCK");
    writeFileSync(lock, JSON.stringify({ pid: process.ppid, born: "another boot 1" }));
    await (await open()).close();
    writeFileSync(lock, "torn");
    await (await open()).close();
    const holder = spawn(process.execPath, [fileURLToPath(new URL("testing/commit-loop.ts", import.meta.url)), join(root, "state")], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    await assert.rejects(open(), (error: unknown) => error instanceof StoreLocked && error.pid === holder.pid);
    const gone = new Promise((resolve) => holder.once("exit", resolve));
    holder.kill("SIGKILL");
    await gone;
    assert.ok((await open()).version > 0);
  });
});

describe("the log", () => {
  it("STORE-14: cut at any byte of the last three commits, it opens at one of the committed versions", async function () {
    this.timeout(60_000);
    const hashes = expected(6);
    const store = await open();
    const sizes = [0];
    const file = (directory: string): string => join(directory, "log", readdirSync(join(directory, "log"))[0]!);
    for (let v = 1; v <= 6; v++) {
      store.prepare(v, v < 4 ? loopChanges(v) : one("bank", "k", `${v}`.repeat(10)));
      store.commit(utf8(`meta ${v}`));
      sizes.push(readFileSync(file(join(root, "state"))).length);
      hashes[v] = toHex(store.appHash);
    }
    await store.close();
    const cut = join(root, "cut");
    for (let size = sizes[3]!; size <= sizes[6]!; size++) {
      rmSync(cut, { recursive: true, force: true });
      cpSync(join(root, "state"), cut, { recursive: true });
      truncateSync(file(cut), size);
      const again = await MultiStore.open({ directory: cut, stores });
      const whole = sizes.findLastIndex((end) => end <= size);
      assert.equal(again.version, whole);
      assert.equal(toHex(again.appHash), hashes[whole]);
      assert.deepEqual(again.meta, utf8(`meta ${whole}`));
      again.prepare(whole + 1, one("bank", "k", "goes on"));
      again.commit();
      await again.close();
    }
  });

  it("STORE-14: a last record whose bytes did not all arrive is cut as well, whatever stands in their place", async () => {
    const store = await open();
    step(store);
    const path = join(root, "state", "log", readdirSync(join(root, "state", "log"))[0]!);
    const whole = readFileSync(path).length;
    step(store);
    await store.close();
    const bytes = readFileSync(path);
    for (const at of [whole, whole + 8, whole + 12, whole + 100, bytes.length - 1]) {
      const damaged = Buffer.from(bytes);
      damaged.fill(0, at, Math.min(at + 512, damaged.length));
      writeFileSync(path, damaged);
      const again = await open();
      assert.equal(again.version, 1);
      await again.close();
      assert.equal(readFileSync(path).length, whole);
    }
  });

  it("STORE-15: damage before the last record is an error that changes nothing", async () => {
    const store = await open({ segmentBytes: 5_000 });
    for (let v = 1; v <= 8; v++) step(store);
    await store.close();
    const directory = join(root, "state", "log");
    const segments = readdirSync(directory).sort();
    assert.ok(segments.length > 2);
    for (const segment of segments) {
      const path = join(directory, segment);
      const bytes = readFileSync(path);
      for (const at of [3, 20, 45, 60, 90, 300]) {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= 1;
        writeFileSync(path, damaged);
        await assert.rejects(open(), StoreCorrupt, `${segment} at ${at}`);
        assert.ok(readFileSync(path).equals(damaged));
      }
      writeFileSync(path, bytes);
    }
    const missing = join(directory, segments[1]!);
    const bytes = readFileSync(missing);
    rmSync(missing);
    await assert.rejects(open(), StoreCorrupt);
    writeFileSync(missing, bytes);
    assert.equal((await open()).version, 8);
  });

  it("STORE-15: a damaged checkpoint is passed over for the one before", async () => {
    const hashes = expected(11);
    const store = await open({ checkpointEvery: 4, segmentBytes: 3_000 });
    for (let v = 1; v <= 10; v++) {
      step(store);
      await store.settled();
    }
    await store.close();
    const newest = join(root, "state", "checkpoints", readdirSync(join(root, "state", "checkpoints")).sort().at(-1)!, "00000");
    const bytes = readFileSync(newest);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(newest, bytes);
    const warnings: string[] = [];
    const again = await open({ log: (_level, message) => warnings.push(message) });
    assert.equal(toHex(again.appHash), hashes[10]);
    assert.equal(step(again), hashes[11]);
    assert.match(warnings.join(), /damaged/);
  });

  it("STORE-16: killed 20 times at any point of a commit loop, it never loses a version that was reported", async function () {
    this.timeout(120_000);
    const directory = join(root, "state");
    const program = fileURLToPath(new URL("testing/commit-loop.ts", import.meta.url));
    let reported = 0;
    for (let round = 0; round < 20; round++) {
      const child = spawn(process.execPath, [program, directory], { stdio: ["ignore", "pipe", "inherit"] });
      let output = "";
      const gone = new Promise((resolve) => child.once("close", resolve));
      await new Promise<void>((resolve) => {
        child.stdout.on("data", (data: Buffer) => {
          output += data.toString();
          resolve();
        });
      });
      await new Promise((resolve) => setTimeout(resolve, (round * 37) % 150));
      child.kill("SIGKILL");
      await gone;
      const versions = output.split("\n").slice(0, -1).map(Number);
      assert.equal(versions[0], reported + 1, "the version after the last durable one comes first");
      const store = await open(loopOptions);
      assert.ok(store.version >= versions.at(-1)! && store.version <= versions.at(-1)! + 1);
      reported = store.version;
      assert.deepEqual(store.latest().store("market").get(utf8("height")), uint64Bytes(BigInt(reported)));
      assert.equal(readUint64(store.meta), BigInt(reported));
      if (round === 19) {
        assert.equal(toHex(store.appHash), expected(reported)[reported]);
        const old = Math.max(store.oldest, reported - 900);
        assert.deepEqual(store.at(old).store("market").get(utf8("height")), uint64Bytes(BigInt(old)));
      }
      await store.close();
    }
  });
});

describe("history", () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 3, max: 2 }).map((k) => k.map((b) => (b === 2 ? 255 : b)));
  const block = fc.uniqueArray(fc.tuple(key, fc.option(fc.uint8Array({ minLength: 1, maxLength: 3 }), { nil: undefined })), { selector: ([k]) => k.join(), maxLength: 12 });

  it("STORE-17: any version in the window and each keepEvery-th one reads as it was, by key and by range, after a restart too", async function () {
    this.timeout(60_000);
    await fc.assert(fc.asyncProperty(fc.array(block, { minLength: 12, maxLength: 20 }), fc.array(fc.tuple(key, key), { minLength: 3, maxLength: 3 }), async (blocks, ranges) => {
      const directory = mkdtempSync(join(root, "history-"));
      const options = { directory, stores, keepRecent: 2, keepHistory: 6, keepEvery: 4, checkpointEvery: 5 };
      let store = await MultiStore.open(options);
      const views: string[][] = [[]];
      const look = (v: number): string[] => {
        const bank = store.at(v).store("bank");
        return [...text(bank.iterate()), ...text(bank.iterate(undefined, undefined, true)), ...ranges.flatMap(([a, b]) => [...text(bank.iterate(a, b)), ...text(bank.iterate(a, b, true)), toHex(bank.get(a) ?? utf8("none"))])];
      };
      for (const [i, changes] of blocks.entries()) {
        store.prepare(i + 1, [["bank", [...changes].sort((a, b) => compareBytes(a[0], b[0]))]]);
        store.commit();
        views.push(look(i + 1));
        if (i % 3 === 0) await store.settled();
        if (i === 9) {
          await store.close();
          store = await MultiStore.open(options);
        }
      }
      await store.settled();
      const last = blocks.length;
      for (let v = 1; v <= last; v++) {
        if (v >= last - 6 || v % 4 === 0) assert.deepEqual(look(v), views[v], `version ${v} of ${last}`);
        else assert.throws(() => store.at(v), VersionNotKept);
        if (v < last - 1) assert.throws(() => store.prove("bank", utf8("a"), v), VersionNotKept);
      }
      await store.close();
    }), { numRuns: 4 });
  });

  it("STORE-17: pages through ranges of many keys, and past keys that changed in every version", async () => {
    const store = await open({ keepRecent: 1, keepHistory: 500 });
    const name = (i: number): Uint8Array => utf8(String(i).padStart(5, "0"));
    store.prepare(1, [["bank", Array.from({ length: 3_000 }, (_, i) => [name(i), utf8("first")] as const)]]);
    store.commit();
    const before = text(store.latest().store("bank").iterate());
    for (let v = 2; v <= 150; v++) {
      store.prepare(v, [["bank", v === 9 ? Array.from({ length: 1_500 }, (_, i) => [name(2 * i), undefined] as const) : [[name(1), utf8(`${v}`)], [name(1_501), utf8(`${v}`)]]]]);
      store.commit();
      await store.settled();
    }
    const bank = store.at(1).store("bank");
    assert.deepEqual(text(bank.iterate()), before);
    assert.deepEqual(text(bank.iterate(undefined, undefined, true)), before.toReversed());
    assert.deepEqual(text(store.at(100).store("bank").iterate(name(1), name(4))), [`${toHex(name(1))}=${toHex(utf8("100"))}`, `${toHex(name(3))}=${toHex(utf8("first"))}`]);
  });
});
