import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../client/connection.ts";
import type { Sender } from "../../client/sender.ts";
import { Dispute, DisputeState } from "../../chain/codec/gen/dcm/referee/v1/types.ts";
import { Disputes } from "./disputes.ts";

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
});
