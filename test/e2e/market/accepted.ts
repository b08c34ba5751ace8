/** Scenarios with honest providers. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ReplicaState, TaskState } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { sha256 } from "../../../chain/codec/hash.ts";
import { toHex } from "../../../chain/codec/bytes.ts";
import { denom, secondDenom, secondRate } from "../../../localnet/homes.ts";
import { findFiles } from "./files.ts";
import { checkMoney, stakeFactor } from "./money.ts";
import { expected, input } from "./program.ts";
import { seen, type World } from "./world.ts";

const price = 100_003n;

/** One replica a task; one task of each kind of use: a part of a lot, more than one, more than there is. */
export async function acceptWithoutVerification(world: World): Promise<void> {
  await world.offer(0, "wasm.honest", price);
  const consumer = await world.consumer("honest");
  const inputs = [input("one lot of two"), input("a little more than one", 72_000_000), input("more than there is", 150_000_000)];
  const found = inputs.map((one) => expected(one, 2n));
  assert.deepEqual(found.map(({ lots, result }) => [lots, result.status]), [[1n, "ok"], [2n, "ok"], [2n, "out-of-fuel"]]);
  const placed = await consumer.place({ classId: "wasm.honest", inputs, lots: 2n });
  assert.equal(placed.escrow, 3n * 2n * 200_003n + 3n * 4_001n);
  const { job, tasks } = await world.ended(consumer, placed.id);
  for (const [i, task] of tasks.entries()) {
    assert.equal(task.state, TaskState.TASK_STATE_FINAL);
    assert.equal(task.result!.meter, found[i]!.meter);
    assert.deepEqual(task.result!.digest, sha256(found[i]!.bytes));
    assert.deepEqual(seen(world, task), [{ provider: 0, state: ReplicaState.REPLICA_STATE_REVEALED, round: 0, paid: found[i]!.lots * task.price, slashed: 0n }]);
    assert.deepEqual(await consumer.gateway.result(placed.id, task), found[i]!.result);
  }
  // Only one task runs at a time; the others wait at their limit and make the price.
  assert.deepEqual(tasks.map((task) => task.price), [200_003n, 200_003n, price]);
  await checkMoney(world, consumer, job, { paid: found.map(({ lots }, i) => [lots * tasks[i]!.price]) });
}

/** Two replicas agree; the reserve for tie-breaks comes back; where one replica lost its result, the other one still serves it. */
export async function acceptReplicated(world: World): Promise<void> {
  await world.offer(0, "wasm.replicated", 90_001n, 2);
  await world.offer(1, "wasm.replicated", price, 2);
  await world.offer(2, "wasm.replicated", price, 2);
  const consumer = await world.consumer("replicated");
  const inputs = [input("first"), input("second")];
  const placed = await consumer.place({ classId: "wasm.replicated", inputs, verification: "V2" });
  assert.equal(placed.escrow, 2n * (4n * 200_003n + 8_001n));
  const { job, tasks } = await world.ended(consumer, placed.id);
  for (const [i, task] of tasks.entries()) {
    assert.equal(task.state, TaskState.TASK_STATE_FINAL);
    assert.equal(task.price, price);
    assert.equal(BigInt(task.stake), stakeFactor * price);
    const parts = seen(world, task);
    assert.deepEqual(parts.map(({ state, round, paid, slashed }) => ({ state, round, paid, slashed })), Array(2).fill({ state: ReplicaState.REPLICA_STATE_REVEALED, round: 0, paid: price, slashed: 0n }));
    assert.ok(parts[0]!.provider === 0 && [1, 2].includes(parts[1]!.provider), JSON.stringify(parts.map(({ provider }) => provider)));
    const lost = findFiles(join(world.worker(0).plan.home, "blobs"), toHex(task.replicas[0]!.result!.blob!.digest));
    assert.equal(lost.length, 1);
    rmSync(lost[0]!);
    assert.deepEqual(await consumer.gateway.result(placed.id, task), expected(inputs[i]!, 1n).result);
  }
  await checkMoney(world, consumer, job, { paid: tasks.map(() => [price, price]) });
}

/** Quoted, escrowed, paid and charged in another denom; staked in bond at that denom's rate. The other book of the class knows nothing of it. */
export async function payInAnotherDenom(world: World): Promise<void> {
  await world.offer(0, "wasm.foreign", 90_001n, 1, secondDenom);
  await world.offer(1, "wasm.foreign", price, 1, secondDenom);
  await world.offer(0, "wasm.foreign", price);
  const consumer = await world.consumer("foreign");
  const earnings = (): Promise<bigint[]> => Promise.all([0, 1].map((index) => world.balance(world.address(index), secondDenom)));
  assert.deepEqual(await earnings(), [0n, 0n]);
  const placed = await consumer.place({ classId: "wasm.foreign", quoteDenom: secondDenom, inputs: [input("paid otherwise")], verification: "V2" });
  const { job, tasks: [task] } = await world.ended(consumer, placed.id);
  assert.deepEqual([task!.state, task!.price, job.rate], [TaskState.TASK_STATE_FINAL, price, secondRate]);
  assert.equal(BigInt(task!.stake), (stakeFactor * price * secondRate.bondUnits + secondRate.quoteUnits - 1n) / secondRate.quoteUnits);
  assert.deepEqual(seen(world, task!).map(({ paid, slashed }) => [paid, slashed]), [[price, 0n], [price, 0n]]);
  await checkMoney(world, consumer, job, { paid: [[price, price]] });
  assert.deepEqual(await earnings(), [price, price]);
  assert.equal(await world.collected(secondDenom), (2n * price) / 100n);
  const reference = async (quoteDenom: string): Promise<bigint> => (await world.connection.query.market.referencePrice({ classId: "wasm.foreign", quoteDenom })).price;
  assert.deepEqual([await reference(secondDenom), await reference(denom)], [price, 0n]);
}
