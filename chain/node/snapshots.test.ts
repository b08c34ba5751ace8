/** State sync through the ABCI application: what CometBFT is told of a snapshot and of each chunk. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { uint64Bytes, utf8 } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import {
  RequestApplySnapshotChunk, RequestLoadSnapshotChunk, RequestOfferSnapshot, ResponseApplySnapshotChunk_Result as Chunk, ResponseOfferSnapshot_Result as Offer, type ResponseApplySnapshotChunk, type Snapshot,
} from "../codec/gen/tendermint/abci/types.ts";
import type { Machine } from "../runtime/machine.ts";
import { decodeManifest, encodeManifest, maxChunks } from "../store/disk/image-files.ts";
import { MultiStore } from "../store/multistore.ts";
import { SnapshotStore } from "../store/snapshots.ts";
import { loopChanges } from "../store/testing/commit-loop.ts";
import { Node } from "./node.ts";

/** What CometBFT carries of a snapshot in one message of its peers. */
const cometLimit = 4_000_000;

interface Peer {
  readonly node: Node;
  readonly store: MultiStore;
  readonly snapshots: SnapshotStore;
  /** Levels and messages of the log. */
  readonly log: string[];
  /** How often the machine was told to read its state anew. */
  reloads: number;
}

describe("ABCI-17 snapshots through the application", () => {
  let root: string;
  let a: Peer;
  let b: Peer;
  let offered: Snapshot;
  let chunks: Uint8Array[];

  async function open(name: string): Promise<Peer> {
    const store = await MultiStore.open({ directory: join(root, name, "state"), stores: ["bank", "market"] });
    const snapshots = SnapshotStore.open(store, { directory: join(root, name, "snapshots"), chunkBytes: 2_000 });
    const log: string[] = [];
    const peer = { store, snapshots, log, reloads: 0 };
    const machine = {
      commit: () => void store.commit(uint64Bytes(BigInt(store.version + 1))),
      reload: () => void peer.reloads++,
    } as unknown as Machine;
    const node = new Node({ machine, store, snapshots, snapshotInterval: 2, snapshotKeepRecent: 2, minRetainBlocks: 0, version: "", log: (level, message) => log.push(`${level}: ${message}`) });
    return Object.assign(peer, { node });
  }

  const offer = (snapshot: Partial<Snapshot> | undefined, appHash: Uint8Array = a.store.appHash): Offer | undefined =>
    b.node.offerSnapshot(RequestOfferSnapshot.fromPartial({ ...(snapshot === undefined ? {} : { snapshot: { ...offered, ...snapshot } }), appHash })).result;
  const apply = (index: number, chunk: Uint8Array, sender = "peer-1"): Promise<Partial<ResponseApplySnapshotChunk>> => b.node.applySnapshotChunk(RequestApplySnapshotChunk.fromPartial({ index, chunk, sender }));
  const retry = (index: number, ...rejectSenders: string[]): Partial<ResponseApplySnapshotChunk> => ({ result: Chunk.RETRY, refetchChunks: [index], rejectSenders });

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "dcm-statesync-"));
    a = await open("a");
    b = await open("b");
    for (let version = 1; version <= 4; version++) {
      a.store.prepare(version, loopChanges(version));
      a.node.commit();
      // Taken beside the chain: the next one begins when this one is there.
      while (version % 2 === 0 && a.snapshots.list()[0]?.version !== version) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { snapshots } = a.node.listSnapshots();
    assert.deepEqual(snapshots!.map(({ height }) => height), [4n, 2n]);
    offered = snapshots![0]!;
    chunks = await Promise.all(Array.from({ length: offered.chunks }, async (_, chunk) => (await a.node.loadSnapshotChunk(RequestLoadSnapshotChunk.fromPartial({ height: 4n, format: offered.format, chunk }))).chunk!));
    assert.ok(chunks.length > 2);
  });
  afterEach(async () => {
    for (const { snapshots, store } of [a, b]) {
      await snapshots.close();
      await store.close();
    }
    rmSync(root, { recursive: true, force: true });
  });

  it("ABCI-17 asks again for a chunk that is not the snapshot's, from others than its sender, and then takes the right one", async () => {
    assert.equal(offer({}), Offer.ACCEPT);
    for (const [index, chunk] of chunks.entries()) {
      assert.deepEqual(await apply(index, Uint8Array.of(...chunk, 0), "liar"), retry(index, "liar"));
      assert.deepEqual(await apply(index, chunks[(index + 1) % chunks.length]!, "liar"), retry(index, "liar"), "another chunk of the same snapshot");
      assert.deepEqual(await apply(index, new Uint8Array(0), ""), retry(index), "CometBFT does not say who sent it");
      assert.deepEqual([b.store.version, b.reloads], [0, 0]);
      assert.deepEqual(await apply(index, chunk), { result: Chunk.ACCEPT });
    }
    assert.deepEqual([b.store.version, b.store.appHash, b.reloads], [4, a.store.appHash, 1]);
    assert.deepEqual(b.log.filter((line) => line.startsWith("warn")), Array<string>(3 * chunks.length).fill("warn: a peer sent a chunk that is not the snapshot's"));
    assert.deepEqual(await apply(0, chunks[0]!), { result: Chunk.ABORT }, "nothing is being restored any more");
  });

  it("ABCI-17 says which snapshots it does not take: other formats, and those whose hash, metadata, height, number of chunks or app hash do not fit", () => {
    const metadata = utf8("x");
    const cases: [Partial<Snapshot> | undefined, Offer][] = [
      [{ format: offered.format + 1 }, Offer.REJECT_FORMAT], [{ hash: sha256(metadata) }, Offer.REJECT], [{ metadata }, Offer.REJECT], [{ metadata, hash: sha256(metadata) }, Offer.REJECT], [{ height: 3n }, Offer.REJECT],
      [{ chunks: offered.chunks - 1 }, Offer.REJECT], [undefined, Offer.REJECT],
    ];
    for (const [change, result] of cases) assert.equal(offer(change), result);
    assert.equal(offer({}, sha256(utf8("another chain"))), Offer.REJECT);
    assert.equal(b.log.filter((line) => line.startsWith("warn: snapshot refused: ")).length, cases.length);
    assert.equal(offer({}), Offer.ACCEPT);
  });

  it("ABCI-17 rejects a snapshot whose chunks are those that it names and do not make the state that it promises; the next one is taken", async () => {
    const lie = [...chunks.slice(0, -1), Uint8Array.of(...chunks.at(-1)!, 7)];
    const metadata = encodeManifest({ ...decodeManifest(offered.metadata), chunkHashes: lie.map((chunk) => sha256(chunk)) });
    assert.equal(offer({ metadata, hash: sha256(metadata) }), Offer.ACCEPT);
    for (const [index, chunk] of lie.slice(0, -1).entries()) assert.deepEqual(await apply(index, chunk), { result: Chunk.ACCEPT });
    assert.deepEqual(await apply(lie.length - 1, lie.at(-1)!), { result: Chunk.REJECT_SNAPSHOT });
    assert.deepEqual([b.store.version, b.reloads, b.log.at(-1)], [0, 0, "error: the snapshot does not make the state it promises"]);
    assert.deepEqual(await apply(0, chunks[0]!), { result: Chunk.ABORT });
    assert.equal(offer({}), Offer.ACCEPT);
    for (const [index, chunk] of chunks.entries()) assert.deepEqual(await apply(index, chunk), { result: Chunk.ACCEPT });
    assert.equal(b.store.version, 4);
  });

  it("ABCI-17 answers with nothing where it has not the chunk that a peer asks for", async () => {
    for (const change of [{ height: 3n }, { format: offered.format + 1 }, { chunk: offered.chunks }]) {
      assert.deepEqual(await a.node.loadSnapshotChunk(RequestLoadSnapshotChunk.fromPartial({ height: 4n, format: offered.format, chunk: 0, ...change })), { chunk: new Uint8Array(0) });
    }
  });

  it("ABCI-17 has metadata that CometBFT carries, however large the state, and refuses more", () => {
    const { chunkHashes: [hash], ...manifest } = decodeManifest(offered.metadata);
    const of = (chunks: number): Partial<Snapshot> => {
      const metadata = encodeManifest({ ...manifest, chunkHashes: Array<Uint8Array>(chunks).fill(hash!) });
      return { chunks, metadata, hash: sha256(metadata) };
    };
    const largest = of(maxChunks);
    // Height, format, number of chunks, hash and what encloses them beside the metadata.
    assert.ok(largest.metadata!.length + 200 < cometLimit, `${largest.metadata!.length} bytes`);
    assert.equal(offer(largest), Offer.ACCEPT);
    assert.equal(offer(of(maxChunks + 1)), Offer.REJECT);
  });
});
