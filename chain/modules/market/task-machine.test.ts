import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ReplicaState, Task, TaskState, VerificationLevel } from "../../codec/gen/dcm/market/v1/types.ts";
import { defaultParams } from "./params.ts";
import { oneForOne } from "./rate.ts";
import { escrowOf } from "./settlement.ts";
import { commit, drawn, match, reveal, start, type PricedSeat } from "./task-machine.ts";
import type { Effect, Terms } from "./task-run.ts";
import { resultOf } from "./testing.ts";

const [price, limit, lots] = [100n, 200n, 10n];
const terms = (change: Partial<Terms> = {}): Terms => ({
  params: defaultParams(), verification: VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED, escrow: escrowOf(limit, lots, 2, 2, 100), rate: oneForOne, meterPerLot: 1_000_000_000n,
  duration: 1_000n, colocated: false, sealed: false, sealedTau: () => undefined, reference: () => 0n, held: false, ...change,
});
const seat = (provider: string, own = price): PricedSeat => ({ provider, organization: provider, askId: 1n, leaseId: 1n, jurisdiction: "", price: own, stake: 20n * own * lots });
const open = (): Task => Task.fromPartial({ id: 65_536n, jobId: 1n, state: TaskState.TASK_STATE_OPEN, price, lots, stake: String(20n * price * lots) });

/** Replicas a and b that revealed different results; a is the liar. */
function contested(): Task {
  let task = drawn(match(open(), terms(), seat("a"), 2, 0n).task, terms(), [seat("b")], 0, 0n).task;
  for (const who of ["a", "b"]) task = start(task, terms(), who, 1n).task;
  for (const who of ["a", "b"]) task = commit(task, terms(), who, who, new Uint8Array(32), 2n).task;
  task = reveal(task, terms(), "a", resultOf("a lie"), 3n).task;
  return reveal(task, terms(), "b", resultOf("right"), 3n).task;
}

/** The task after the re-runs c and d, and all effects of their last reveal. */
function decided(seats: readonly PricedSeat[], labels: readonly string[]): { readonly task: Task; readonly effects: readonly Effect[] } {
  let task = drawn(contested(), terms(), seats, 1, 4n).task;
  for (const { provider } of seats) task = start(task, terms(), provider, 5n).task;
  for (const { provider } of seats) task = commit(task, terms(), provider, provider, new Uint8Array(32), 6n).task;
  let effects: readonly Effect[] = [];
  for (const [i, { provider }] of seats.entries()) ({ task, effects } = reveal(task, terms(), provider, resultOf(labels[i]!), 7n));
  return { task, effects };
}

describe("the task machine", () => {
  it("MKT-50: each replica is paid at its own price and stakes for that price; F, and what is computed from it, stay those of the match", () => {
    const { task, effects } = decided([seat("c", 110n), seat("d", 130n)], ["right", "right"]);
    assert.equal(task.state, TaskState.TASK_STATE_FINAL);
    assert.deepEqual(task.replicas.map((one) => [one.provider, one.price, one.paid]), [["a", 100n, "0"], ["b", 100n, "200"], ["c", 110n, "220"], ["d", 130n, "260"]]);
    assert.equal(task.replicas[0]!.slashed, "20000");
    assert.deepEqual(effects.flatMap((effect) => (effect.kind === "ended" ? [[effect.replica.provider, effect.unlock]] : [])), [["a", 0n], ["b", 20_000n], ["c", 22_000n], ["d", 26_000n]]);
    const inconclusive = decided([seat("c", 110n), seat("d", 130n)], ["right", "something else"]);
    const settled = inconclusive.effects.find((effect) => effect.kind === "settled");
    assert.equal(settled?.settlement.burned, 250n, "a quarter of F at the match price");
    assert.deepEqual(settled.settlement.payments.map(({ amount }) => amount), [220n, 260n]);
  });

  it("MKT-50: a re-run in the minority loses the stake of its own price", () => {
    let task = drawn(contested(), terms(), [seat("c", 110n), seat("d", 190n), seat("e")], 1, 4n).task;
    for (const who of ["c", "d", "e"]) task = start(task, terms(), who, 5n).task;
    for (const who of ["c", "d", "e"]) task = commit(task, terms(), who, who, new Uint8Array(32), 6n).task;
    for (const who of ["c", "d", "e"]) task = reveal(task, terms(), who, resultOf(who === "d" ? "another lie" : "right"), 7n).task;
    assert.deepEqual(task.replicas.map((one) => one.slashed), ["20000", "0", "0", "38000", "0"]);
    assert.equal(task.replicas[3]!.state, ReplicaState.REPLICA_STATE_OUT);
  });

  it("MKT-50: where more than five reveal, three are not enough: half against half convicts nobody", () => {
    const ends = (labels: readonly string[]): readonly [TaskState, readonly string[]] => {
      const names = labels.map((_, i) => `p${i}`);
      const four = terms({ escrow: escrowOf(limit, lots, 4, 2, 100) });
      let task = drawn(match(open(), four, seat("p0"), 4, 0n).task, four, names.slice(1, 4).map((name) => seat(name)), 0, 0n).task;
      const run = (some: readonly string[], now: bigint): void => {
        for (const who of some) task = start(task, four, who, now).task;
        for (const who of some) task = commit(task, four, who, who, new Uint8Array(32), now).task;
        for (const who of some) task = reveal(task, four, who, resultOf(labels[names.indexOf(who)]!), now).task;
      };
      run(names.slice(0, 4), 1n);
      task = drawn(task, four, names.slice(4).map((name) => seat(name)), 1, 4n).task;
      run(names.slice(4), 5n);
      return [task.state, task.replicas.map(({ slashed }) => slashed)];
    };
    assert.deepEqual(ends(["lie", "lie", "right", "right", "lie", "right"]), [TaskState.TASK_STATE_CLOSED, Array(6).fill("0")]);
    assert.deepEqual(ends(["lie", "lie", "right", "right", "right", "right"]), [TaskState.TASK_STATE_FINAL, ["20000", "20000", "0", "0", "0", "0"]]);
  });
});
