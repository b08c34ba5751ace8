import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sha256 } from "../../chain/codec/hash.ts";
import { Job, Task, VerificationLevel, type Blob } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgProveResponse } from "../../chain/codec/gen/dcm/referee/v1/tx.ts";
import { assemble } from "../../chain/vm/assemble.ts";
import { encodeProgram } from "../../chain/vm/program.ts";
import { encodeManifest, inputRoot } from "../../client/protocol.ts";
import type { Connection } from "../../client/connection.ts";
import type { Sender } from "../../client/sender.ts";
import { Dispute, DisputeState } from "../../chain/codec/gen/dcm/referee/v1/types.ts";
import { Disputes } from "./disputes.ts";
import { KeptInputs } from "./kept.ts";
import { programRootOf, rootsOf } from "./roots.ts";

/** A chain that has disputes and nothing else: it says which task is asked for, and how many disputes each look takes. */
class Referee {
  readonly disputes: Dispute[] = [];
  readonly asked: bigint[] = [];
  #looks: number[] = [];
  #single = 0;

  readonly connection = {
    query: {
      market: { task: ({ taskId }: { taskId: bigint }) => Promise.reject(this.asked.push(taskId) > 0 ? new Error("no task") : undefined) },
      referee: {
        dispute: ({ disputeId }: { disputeId: bigint }) => {
          const dispute = this.disputes.find(({ id }) => id === disputeId);
          this.#single += 1;
          return dispute === undefined ? Promise.reject(new Error(`dispute ${disputeId} not found`)) : Promise.resolve({ view: { dispute } });
        },
        disputes: ({ pagination: { key, limit } }: { pagination: { key: Uint8Array; limit: bigint } }) => {
          const behind = this.disputes.toReversed().filter(({ id }) => key.length === 0 || id <= Buffer.from(key).readBigUInt64BE());
          const views = behind.slice(0, Number(limit)).map((dispute) => ({ dispute }));
          this.#looks.push(views.length + this.#single);
          this.#single = 0;
          const next = Buffer.alloc(8);
          if (behind.length > views.length) next.writeBigUInt64BE(behind[views.length]!.id);
          return Promise.resolve({ views, pagination: { nextKey: behind.length > views.length ? next : new Uint8Array(0) } });
        },
      },
    },
  } as unknown as Connection;

  add(state: DisputeState, provider: string, taskId: bigint, dueTau = 0n): Dispute {
    const dispute = Dispute.fromPartial({ id: BigInt(this.disputes.length + 1), taskId, state, provider, challenger: "c", dueTau });
    this.disputes.push(dispute);
    return dispute;
  }

  /** Disputes that came with each page since the last call, and one by one before it. */
  wire(): number[] {
    const looks = this.#looks;
    this.#looks = [];
    return looks;
  }
}

describe("the moves of a party", () => {
  it("are tried in each dispute, though the data of a more urgent one is not to be had", async () => {
    const referee = new Referee();
    for (let i = 1; i <= 3; i++) referee.add(DisputeState.DISPUTE_STATE_ANSWER, "p", BigInt(i), BigInt(i));
    const disputes = new Disputes({ connection: referee.connection, sender: {} as Sender, party: "p", encryptionSecret: new Uint8Array(32), pollMs: 1, log: () => undefined });
    disputes.start();
    for (const end = Date.now() + 5_000; referee.asked.length < 7 && Date.now() < end; ) await sleep(5);
    await disputes.stop();
    assert.deepEqual(referee.asked.slice(0, 7), [1n, 2n, 3n, 1n, 2n, 3n, 1n]);
  });

  it("are found among thousands of closed disputes, and what is closed is asked for once", async () => {
    const referee = new Referee();
    const failed: string[] = [];
    for (let i = 0; i < 1_000; i++) referee.add(i === 300 ? DisputeState.DISPUTE_STATE_ANSWER : DisputeState.DISPUTE_STATE_CLOSED, "p", BigInt(i));
    const until = async (task: bigint): Promise<void> => {
      for (const end = Date.now() + 5_000; referee.asked.at(-1) !== task; await sleep(5)) if (Date.now() > end) throw new Error(`asked for ${referee.asked.join()}, not ${task}`);
    };
    referee.wire();
    const disputes = new Disputes({ connection: referee.connection, sender: {} as Sender, party: "p", encryptionSecret: new Uint8Array(32), pollMs: 5, log: (message) => void failed.push(message) });
    disputes.start();
    try {
      await until(300n);
      assert.ok(referee.wire().length >= 125);
      await sleep(50);
      assert.deepEqual(new Set(referee.wire()), new Set([9]), "one page, and the one that is open");
      referee.disputes[300]!.state = DisputeState.DISPUTE_STATE_CLOSED;
      for (let i = 0; i < 20; i++) referee.add(DisputeState.DISPUTE_STATE_CLOSED, "p", 5_000n);
      referee.add(DisputeState.DISPUTE_STATE_PICK, "p", 6_000n);
      const last = referee.add(DisputeState.DISPUTE_STATE_ANSWER, "p", 7_000n);
      await until(7_000n);
      assert.ok(!referee.asked.includes(6_000n), "another's turn");
      // Its record goes, too.
      referee.disputes.splice(referee.disputes.indexOf(last), 1);
      await sleep(30);
      referee.wire();
      await sleep(30);
      assert.ok(Math.max(...referee.wire()) <= 9);
      assert.ok(failed.includes("a move in a dispute failed; trying again"));
    } finally {
      await disputes.stop();
    }
  });

  it("are not paid for at every look where the chain has no room for a proof: it is sent again a quarter of a later move after", async function () {
    this.timeout(20_000);
    const folder = mkdtempSync(join(tmpdir(), "dcm-disputes-"));
    const referee = new Referee();
    const sent: number[] = [];
    try {
      const kept = await KeptInputs.open(folder);
      const [file, input] = [encodeProgram(assemble("li a0, 0\necall")), Uint8Array.of(7)];
      const roots = rootsOf([input]);
      const blobOf = async (bytes: Uint8Array): Promise<Blob> => {
        await kept.keep(9n, sha256(bytes), bytes);
        return { digest: sha256(bytes), size: BigInt(bytes.length) };
      };
      const blobs = [await blobOf(input)];
      const job = Job.fromPartial({
        verification: VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED,
        spec: { program: await blobOf(file), programRoot: programRootOf(file), inputRoot: inputRoot(roots), manifest: await blobOf(encodeManifest(blobs, roots)), tasks: 1 },
      });
      Object.assign(referee.connection.query.market, { task: () => Promise.resolve({ task: Task.fromPartial({ id: 9n, lots: 1n }) }), job: () => Promise.resolve({ job, stages: [] }), class: () => Promise.resolve({ class: { meterPerLot: 1_000n } }) });
      Object.assign(referee.connection.query.referee, { params: () => Promise.resolve({ params: { laterMove: 3_200n } }) });
      referee.disputes.push(Dispute.fromPartial({ id: 1n, taskId: 9n, state: DisputeState.DISPUTE_STATE_ANSWER, provider: "p", challenger: "c", length: 65_536n }));
      const sender = { send: () => Promise.resolve({ response: { value: MsgProveResponse.encode({ deferred: sent.push(performance.now()) > 0 }).finish() } }) } as unknown as Sender;
      const disputes = new Disputes({ connection: referee.connection, sender, party: "p", encryptionSecret: new Uint8Array(32), kept, pollMs: 5, log: () => undefined });
      disputes.start();
      for (const end = Date.now() + 15_000; sent.length < 2 && Date.now() < end; ) await sleep(5);
      await disputes.stop();
      assert.equal(sent.length, 2);
      assert.ok(sent[1]! - sent[0]! >= 800, `${sent[1]! - sent[0]!} ms`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
