import assert from "node:assert/strict";
import { describe, it } from "mocha";
import pc from "picocolors";
import { Meter } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { ladder, lotOf } from "./book.ts";
import { timeline } from "./job.ts";
import { shortPrice } from "./net.ts";
import { ago } from "./jobs.ts";
import type { ReplicaReceipt, TaskReceipt } from "../client/receipt.ts";

const plain = pc.createColors(false);
const replica = (provider: string, change: Partial<ReplicaReceipt>): ReplicaReceipt => ({ provider, leaseId: "1", by: "match", state: "revealed", stake: "0", paid: "0", slashed: "0", ...change });
const task = (index: number, replicas: readonly ReplicaReceipt[], change: Partial<TaskReceipt> = {}): TaskReceipt => ({ index, id: String(index), state: "final", price: "110000", lots: "1", matched: { height: 3 }, ended: { height: 9, txHash: "EE" }, replicas, ...change });

describe("what dcm shows", () => {
  it("draws a book as a ladder: the spread in the middle, bars that add up from there (CLI-3)", () => {
    const level = (price: bigint, units: bigint) => ({ price, units, orders: 1 });
    assert.equal(ladder({ asks: [level(100n, 1n), level(1_200n, 3n)], bids: [level(90n, 2n)] }, plain), [
      "side  price  units  orders  in all", `ask   1,200      3       1       4  ${"█".repeat(40)}`, `ask     100      1       1       1  ${"█".repeat(10)}`, `bid      90      2       1       2  ${"█".repeat(20)}`,
    ].join("\n"));
    assert.equal(ladder({ asks: [], bids: [] }, plain), "nobody offers and nobody bids");
  });

  it("says how much one lot of a class is (CLI-3)", () => {
    const work = (meterPerLot: bigint): string => lotOf({ meter: Meter.METER_WORK, meterPerLot });
    assert.deepEqual([work(1_000_000_000n), work(100_000_000n), work(2_500_000n), lotOf({ meter: Meter.METER_TIME, meterPerLot: 60_000n })], ["10^9 metered instructions", "10^8 metered instructions", "2,500,000 metered instructions", "one unit for a minute"]);
  });

  it("tells a job's story in the order of blocks, one line for tasks of which the same is to be told (CLI-5)", () => {
    const steps = { assigned: { height: 5, txHash: "CC" }, started: { height: 6, txHash: "DD" } };
    const story = timeline({
      bid: { height: 2, txHash: "AA" }, salts: [{ height: 5, txHash: "CC", draws: 2 }], seals: [{ height: 5, txHash: "BB", providers: ["p"] }],
      stages: [{ index: 0, firstTask: 0, tasks: 2, after: [], state: "final" }, { index: 1, firstTask: 2, tasks: 1, after: [0], state: "closed", supplied: { height: 10, txHash: "FF" }, ended: { height: 12 } }],
      tasks: [task(0, [replica("p", steps), replica("q", { ...steps, by: "draw" })]), task(1, [replica("p", steps), replica("q", { ...steps, by: "tie-break" }), replica("a", { ...steps, by: "audit" })]), task(2, [], { state: "closed", ended: { height: 12 } })],
      penalties: [{ height: 9, txHash: "EE", task: "1", provider: "q", reason: "reveal_missed", amount: "2000", toProvers: "0", toConsumer: "0", burned: "2000" }],
    }, new Map([["p", "Paula"]]));
    assert.deepEqual(story.map(({ height, what, tasks }) => `${height} ${what} ${tasks.join()}`), [
      "2 bid placed ", "3 matched at 110,000, Paula first 0,1", "5 salt revealed for 2 draws ", "5 q drawn 0", "5 q drawn for a tie-break 1", "5 a drawn for an audit 1", "5 key sealed to Paula ", "6 Paula started 0,1", "6 q started 0,1", "6 a started 1", "9 accepted and paid 0,1", "9 q lost 2,000 of its bond: reveal missed 1",
      "10 inputs of stage 2 supplied ", "12 closed without a result 2", "12 stage 2 closed ",
    ]);
  });

  it("writes prices of gas as people do", () => {
    assert.deepEqual(["0.001000000000000000udcm", "0.250000udcm", "1.000000000000000000udcm", "10udcm", "0.000000000000000000udcm", "0.5ibc/A0"].map(shortPrice), ["0.001udcm", "0.25udcm", "1udcm", "10udcm", "0udcm", "0.5ibc/A0"]);
  });

  it("says roughly how long ago something was", () => {
    assert.deepEqual([0n, 119_999n, 120_000n, 7_200_000n, 172_800_000n].map(ago), ["0 s", "119 s", "2 min", "2 h", "2 d"]);
  });
});
