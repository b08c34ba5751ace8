import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import type { EncodeObject } from "@cosmjs/proto-signing";
import { Draw, Job } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgPlaceBid, MsgPlaceBidResponse } from "../../chain/codec/gen/dcm/market/v1/tx.ts";
import type { Connection } from "../../client/connection.ts";
import { gasOfDraws } from "../../client/gas.ts";
import { TxFailed, type Sender } from "../../client/sender.ts";
import { BlobStore } from "../data/store.ts";
import { Gateway } from "./gateway.ts";

/** A chain and an account on it, whose bids the node takes and keeps to itself. */
class Silent {
  readonly jobs: Job[] = [];
  readonly #pending: Job[] = [];
  fences = 0;
  /** Whether a bid that waits comes into a block before what follows it. */
  late = false;
  refusal: Error | undefined;

  readonly sender = {
    address: "dcm1consumer",
    send: ({ value }: EncodeObject) => {
      const { saltHead, job } = value as MsgPlaceBid;
      this.#pending.push(Job.fromPartial({ id: BigInt(this.#pending.length + 1), saltHead, spec: { consumerKey: job!.consumerKey } }));
      return Promise.reject(new Error("transaction AB was not in a block within 60 s"));
    },
    fence: () => {
      if (this.refusal !== undefined) return Promise.reject(this.refusal);
      this.fences++;
      if (this.late) this.jobs.push(...this.#pending);
      this.#pending.length = 0;
      return Promise.resolve();
    },
  } as unknown as Sender;

  readonly connection = { query: { market: { jobs: () => Promise.resolve({ jobs: this.jobs }) } } } as unknown as Connection;
}

describe("a bid whose fate is unknown", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  async function placed(chain: Silent): Promise<{ readonly gateway: Gateway; readonly kept: () => string[] }> {
    const folder = mkdtempSync(join(tmpdir(), "dcm-gateway-"));
    folders.push(folder);
    const directory = join(folder, "jobs");
    const options = { connection: chain.connection, sender: chain.sender, blobs: await BlobStore.open({ directory: join(folder, "blobs") }), dataUrl: "http://127.0.0.1:1", directory, pollMs: 10, log: () => undefined };
    const request = { name: "a", classId: "wasm.core", quoteDenom: "udcm", limitPrice: 1n, lots: 1n, verification: "V2", program: new Uint8Array(8), inputs: [new Uint8Array(1)], durationMs: 1n, maxResultSize: 1n } as const;
    await assert.rejects(new Gateway(options).place(request), /was not in a block/);
    // As after a restart: nothing is remembered but what lies on disk.
    return { gateway: new Gateway(options), kept: () => readdirSync(directory) };
  }

  it("is its job where it comes into a block after all, before anything could take its place", async () => {
    const chain = new Silent();
    chain.late = true;
    const { gateway, kept } = await placed(chain);
    assert.equal(await gateway.jobNamed("a"), 1n);
    assert.deepEqual([chain.fences, kept()], [1, ["1.json"]]);
    assert.equal(await gateway.jobNamed("a"), 1n);
    assert.equal(chain.fences, 1);
  });

  it("is forgotten once it can come into none", async () => {
    const chain = new Silent();
    const { gateway, kept } = await placed(chain);
    assert.equal(await gateway.jobNamed("a"), undefined);
    assert.deepEqual([chain.fences, kept()], [1, []]);
    assert.equal(await gateway.jobNamed("a"), undefined);
    assert.equal(chain.fences, 1);
  });

  it("is looked for while another job is being placed, whose keys nobody takes for left behind, however slowly its program is stored", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-gateway-"));
    folders.push(folder);
    const directory = join(folder, "jobs");
    const chain = new Silent();
    const blobs = await BlobStore.open({ directory: join(folder, "blobs") });
    const options = { connection: chain.connection, sender: chain.sender, blobs, dataUrl: "http://127.0.0.1:1", directory, pollMs: 10, log: () => undefined };
    const request = { classId: "wasm.core", quoteDenom: "udcm", limitPrice: 1n, lots: 1n, verification: "V2", program: new Uint8Array(8), inputs: [new Uint8Array(1)], durationMs: 1n, maxResultSize: 1n } as const;
    await assert.rejects(new Gateway(options).place({ ...request, name: "left behind" }), /was not in a block/);
    let go = (): void => undefined;
    const stored = new Promise<void>((resolve) => (go = resolve));
    let puts = 0;
    let last = (): void => undefined;
    const programComes = new Promise<void>((resolve) => (last = resolve));
    const slow = {
      put: async (bytes: Uint8Array) => {
        // Input, manifest, program.
        if (++puts === 3) {
          last();
          await stored;
        }
        return blobs.put(bytes);
      },
    } as unknown as BlobStore;
    const sender = { ...chain.sender, send: () => Promise.resolve({ response: { value: MsgPlaceBidResponse.encode({ jobId: 7n, escrow: "1", storageDeposit: "1" }).finish() } }) } as unknown as Sender;
    const gateway = new Gateway({ ...options, blobs: slow, sender });
    const placing = gateway.place({ ...request, name: "new" });
    await programComes;
    assert.equal(await gateway.jobNamed("left behind"), undefined);
    assert.equal(chain.fences, 1);
    go();
    assert.equal((await placing).id, 7n);
    assert.deepEqual(readdirSync(directory), ["7.json"]);
    assert.equal(await gateway.jobNamed("new"), 7n);
  });

  it("is neither found nor forgotten while nobody knows", async () => {
    const chain = new Silent();
    chain.refusal = new TxFailed("sdk", 5, "insufficient funds", "AB");
    const { gateway, kept } = await placed(chain);
    await assert.rejects(gateway.jobNamed("a"), /insufficient funds/);
    assert.equal(kept().length, 1);
    chain.refusal = undefined;
    assert.equal(await gateway.jobNamed("a"), undefined);
  });
});

describe("salts", () => {
  it("are revealed for draws that stand behind many others, which have theirs and wait; with gas for those that need it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-gateway-"));
    const waiting = Array.from({ length: 600 }, (_, i) => Draw.fromPartial({ taskId: BigInt(i), salt: new Uint8Array(32), saltDueTau: 5n }));
    const draws = [...waiting, Draw.fromPartial({ taskId: 600n, saltDueTau: 9n }), Draw.fromPartial({ taskId: 601n })];
    const revealed: [string, number][] = [];
    let heard = (): void => undefined;
    const reached = new Promise<void>((resolve) => (heard = resolve));
    const sender = {
      address: "dcm1consumer",
      send: ({ typeUrl }: EncodeObject, more = 0) => {
        if (typeUrl === `/${MsgPlaceBid.$type}`) return Promise.resolve({ response: { value: MsgPlaceBidResponse.encode({ jobId: 1n, escrow: "1", storageDeposit: "1" }).finish() } });
        revealed.push([typeUrl, more]);
        heard();
        return Promise.resolve({});
      },
    } as unknown as Sender;
    const market = {
      jobs: () => Promise.resolve({ jobs: [] }), tasks: () => Promise.resolve({ tasks: [] }), job: () => Promise.resolve({ job: Job.fromPartial({ id: 1n, spec: {} }), stages: [] }),
      drawsPending: ({ pagination: { key, limit } }: { pagination: { key: Uint8Array; limit: bigint } }) => {
        const from = key.length === 0 ? 0 : key[0]! * 100;
        return Promise.resolve({ draws: draws.slice(from, from + Number(limit)), pagination: { nextKey: from + Number(limit) < draws.length ? Uint8Array.of(from / 100 + Number(limit) / 100) : new Uint8Array(0), total: 0n } });
      },
    };
    const options = { connection: { query: { market } } as unknown as Connection, sender, blobs: await BlobStore.open({ directory: join(folder, "blobs") }), dataUrl: "http://127.0.0.1:1", directory: join(folder, "jobs"), pollMs: 10, log: () => undefined };
    const gateway = new Gateway(options);
    await gateway.place({ name: "a", classId: "wasm.core", quoteDenom: "udcm", limitPrice: 1n, lots: 1n, verification: "V2", program: new Uint8Array(8), inputs: [new Uint8Array(1)], durationMs: 1n, maxResultSize: 1n, sealed: false });
    gateway.start();
    const late = setTimeout(heard, 1_000);
    await reached;
    clearTimeout(late);
    await gateway.stop();
    assert.deepEqual(revealed[0], ["/dcm.market.v1.MsgRevealSalt", gasOfDraws(1)]);
    rmSync(folder, { recursive: true });
  });
});
