import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { concatBytes, toHex, uint64Bytes, utf8 } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { chunkPath, decodeManifest, encodeManifest, imagePath } from "./disk/image-files.ts";
import { ImageReader, imageChunks } from "./disk/image.ts";
import { MultiStore, type MultiStoreOptions } from "./multistore.ts";
import { type Snapshot, SnapshotRefused, SnapshotStore } from "./snapshots.ts";
import { State } from "./state.ts";
import { loopChanges } from "./testing/commit-loop.ts";

const stores = ["bank", "market"];
let root: string;
let opened: { close(): Promise<void> }[] = [];

async function open(name: string, options: Partial<MultiStoreOptions> = {}): Promise<{ store: MultiStore; snapshots: SnapshotStore }> {
  const store = await MultiStore.open({ directory: join(root, name, "state"), stores, ...options });
  const snapshots = SnapshotStore.open(store, { directory: join(root, name, "snapshots"), chunkBytes: 2_000 });
  opened.push(snapshots, store);
  return { store, snapshots };
}

function step(store: MultiStore): void {
  const version = store.version + 1;
  store.prepare(version, loopChanges(version));
  store.commit(uint64Bytes(BigInt(version)));
}

async function chunksOf(snapshots: SnapshotStore, { version, format, chunks }: Snapshot): Promise<Uint8Array[]> {
  return Promise.all(Array.from({ length: chunks }, async (_, i) => (await snapshots.chunk(version, format, i))!));
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "snapshots-"));
});

afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
  rmSync(root, { recursive: true, force: true });
});

describe("snapshots", () => {
  it("STORE-18 (ABCI-17): are the same bytes on every node, whatever goes on meanwhile, and the two newest stay", async () => {
    const a = await open("a");
    const b = await open("b", { keepRecent: 3, checkpointEvery: 2, keepHistory: 5 });
    for (let v = 1; v <= 9; v++) {
      step(a.store);
      step(b.store);
      if (v % 3 !== 0) continue;
      const writing = a.snapshots.create(v);
      await assert.rejects(a.snapshots.create(v), /still being written/);
      step(a.store);
      a.store.prepare(a.store.version + 1, loopChanges(a.store.version + 1));
      const other = await b.snapshots.create(v);
      assert.deepEqual(await writing, other);
      assert.deepEqual(await chunksOf(a.snapshots, other), await chunksOf(b.snapshots, other));
      assert.ok(other.chunks > 1);
      a.store.rollback();
    }
    assert.deepEqual(a.snapshots.list().map(({ version }) => version), [9, 6]);
    assert.equal(await a.snapshots.chunk(3, 1, 0), undefined);
    assert.equal(await a.snapshots.chunk(9, 2, 0), undefined);
    assert.equal(await a.snapshots.chunk(9, 1, 999), undefined);
  });

  it("STORE-19: a restored node has the same state, proofs and meta, goes on to the same hashes, and opens again", async () => {
    const a = await open("a");
    for (let v = 1; v <= 8; v++) step(a.store);
    const snapshot = await a.snapshots.create(8);
    const chunks = await chunksOf(a.snapshots, snapshot);
    let b = await open("b", { keepHistory: 10 });
    const restore = b.snapshots.accept(snapshot, a.store.appHash);
    for (const [i, chunk] of chunks.entries()) {
      assert.equal(await restore.apply(i, Uint8Array.of(...chunk, 0)), "retry", "a wrong chunk changes nothing");
      assert.equal(await restore.apply(i + 1, chunk), "retry");
      assert.equal(b.store.version, 0);
      assert.equal(await restore.apply(i, Buffer.from(chunk)), "accept");
    }
    assert.ok(restore.done);
    for (const again of [false, true]) {
      if (again) {
        await b.store.close();
        b = await open("b", { keepHistory: 10 });
      }
      assert.equal(b.store.version, a.store.version);
      assert.deepEqual(b.store.appHash, a.store.appHash);
      assert.deepEqual(b.store.meta, a.store.meta);
      assert.deepEqual(b.store.prove("bank", uint64Bytes(5n), b.store.version), a.store.prove("bank", uint64Bytes(5n), a.store.version));
      step(a.store);
      step(b.store);
    }
    assert.deepEqual(b.store.appHash, a.store.appHash);
    assert.throws(() => b.snapshots.accept(snapshot, a.store.appHash), SnapshotRefused);
    assert.deepEqual(b.store.at(8).store("market").get(utf8("height")), uint64Bytes(8n));
  });

  it("STORE-20: a restore that stops in the middle leaves an empty store", async () => {
    const a = await open("a");
    for (let v = 1; v <= 5; v++) step(a.store);
    const snapshot = await a.snapshots.create(5);
    const chunks = await chunksOf(a.snapshots, snapshot);
    let b = await open("b");
    await b.snapshots.accept(snapshot, a.store.appHash).apply(0, chunks[0]!);
    await b.store.close();
    b = await open("b");
    assert.equal(b.store.version, 0);
    assert.deepEqual(readdirSync(join(root, "b", "state", "checkpoints")), []);
    const restore = b.snapshots.accept(snapshot, a.store.appHash);
    for (const [i, chunk] of chunks.entries()) await restore.apply(i, chunk);
    assert.deepEqual(b.store.appHash, a.store.appHash);
  });

  it("STORE-20: refuses what peers make up: other formats, metadata, hashes, and states that do not give the app hash", async () => {
    const a = await open("a");
    for (let v = 1; v <= 5; v++) step(a.store);
    const snapshot = await a.snapshots.create(5);
    const { appHash } = a.store;
    const b = await open("b");
    const refused = (change: Partial<Snapshot>, reason: string): void => {
      assert.throws(() => b.snapshots.accept({ ...snapshot, ...change }, appHash), (error: unknown) => error instanceof SnapshotRefused && error.reason === reason);
    };
    refused({ format: 2 }, "format");
    refused({ hash: sha256() }, "snapshot");
    refused({ version: 6 }, "snapshot");
    refused({ chunks: 1 }, "snapshot");
    refused({ metadata: utf8("x"), hash: sha256(utf8("x")) }, "snapshot");
    assert.throws(() => b.snapshots.accept(snapshot, sha256()), SnapshotRefused);

    // A liar's own chunks, with a manifest that fits them.
    const lie = async (chunks: readonly Uint8Array[]): Promise<void> => {
      const metadata = encodeManifest({ ...decodeManifest(snapshot.metadata), chunkHashes: chunks.map((chunk) => sha256(chunk)) });
      const restore = b.snapshots.accept({ ...snapshot, chunks: chunks.length, metadata, hash: sha256(metadata) }, appHash);
      for (const [i, chunk] of chunks.entries()) assert.equal(await restore.apply(i, chunk), "accept");
    };
    const honest = await chunksOf(a.snapshots, snapshot);
    const other = new State(stores);
    other.apply(5, loopChanges(5));
    other.commit(new Uint8Array(0), other.hash());
    await assert.rejects(lie(Array.from(imageChunks(other, 5)).filter((chunk) => chunk !== undefined)), /app hash/);
    await assert.rejects(lie(honest.slice(0, -1)), /not sound/);
    await assert.rejects(lie([concatBytes(...honest), Uint8Array.of(4)]), /not sound/);
    await assert.rejects(lie([honest[0]!, honest[0]!]), /not sound/);
    assert.equal(b.store.version, 0);
    await lie([concatBytes(...honest)]);
    assert.deepEqual(b.store.appHash, appHash);
  });

  it("STORE-20: any bytes in a chunk are refused with an error, and cost no more memory than they have bytes", () => {
    const state = new State(stores);
    state.apply(1, loopChanges(1));
    state.commit(new Uint8Array(0), state.hash());
    const image = concatBytes(...Array.from(imageChunks(state, 1)).filter((chunk) => chunk !== undefined));
    const expected = { version: 1, appHash: state.current.appHash };
    const read = (bytes: Uint8Array): void => {
      const target = new State(stores);
      const reader = new ImageReader(target);
      try {
        reader.push(bytes);
        reader.finish(expected);
      } catch (error) {
        assert.ok(error instanceof RangeError || error instanceof TypeError || (error as Error).name === "UnknownStore", String(error));
        assert.ok(target.arena.nodes <= bytes.length);
        return;
      }
      assert.equal(toHex(target.current.appHash), toHex(expected.appHash));
    };
    read(image);
    fc.assert(fc.property(fc.nat(image.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 12 }), (at, byte, more) => {
      const flipped = image.slice();
      flipped[at] = byte;
      read(flipped);
      read(concatBytes(image.subarray(0, at), more, image.subarray(at)));
      read(image.subarray(0, at));
    }), { numRuns: 150 });
    // A claimed length of 2^53.
    read(Uint8Array.of(0, 1, 1, 255, 255, 255, 255, 255, 255, 255, 15));
  });

  it("STORE-18: a damaged chunk is not given to peers, and what a stop left unfinished is removed", async () => {
    let a = await open("a");
    step(a.store);
    step(a.store);
    const snapshot = await a.snapshots.create(1);
    await a.snapshots.create(2);
    const directory = join(root, "a", "snapshots");
    writeFileSync(chunkPath(imagePath(directory, 1), 0), "x");
    assert.equal(await a.snapshots.chunk(1, snapshot.format, 0), undefined);
    writeFileSync(join(imagePath(directory, 2), "manifest"), "x");
    await a.store.close();
    a = await open("a");
    assert.deepEqual(a.snapshots.list().map(({ version }) => version), [1]);
    a.store.rollback();
    const again = SnapshotStore.open(a.store, { directory });
    assert.deepEqual(again.list().map(({ version }) => version), [1]);
  });
});
