/** Scenarios in which the consumer does not keep its part. */
import assert from "node:assert/strict";
import { CloseReason, ReplicaState, TaskState } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { checkMoney } from "./money.ts";
import { input } from "./program.ts";
import { seen, type World } from "./world.ts";

const cheap = 90_001n;
const price = 100_003n;

/** No salt, no draw: a tenth of F burns, the rest is back, nobody is slashed. */
export async function closeWithoutSalt(world: World): Promise<void> {
  await world.offer(0, "wasm.salts", price);
  await world.offer(1, "wasm.salts", price);
  const consumer = await world.consumer("without salt", { salts: true });
  const placed = await consumer.place({ classId: "wasm.salts", inputs: [input("never run")], verification: "V2" });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.closeReason, tasks[0]!.price], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_NO_SALT, price]);
  assert.deepEqual(seen(world, tasks[0]!).map(({ slashed, paid }) => [slashed, paid]), [[0n, 0n]]);
  await checkMoney(world, consumer, job, { burned: price / 10n });
}

/** The same for the job key. */
export async function closeWithoutSeal(world: World): Promise<void> {
  await world.offer(0, "wasm.seals", price);
  const consumer = await world.consumer("without seal", { seals: true });
  const placed = await consumer.place({ classId: "wasm.seals", inputs: [input("never read")] });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.closeReason], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_NO_SEAL]);
  assert.deepEqual(seen(world, tasks[0]!).map(({ slashed, paid }) => [slashed, paid]), [[0n, 0n]]);
  await checkMoney(world, consumer, job, { burned: price / 10n });
}

/** The server with the data is down: the first decline costs nothing and opens the task, a second organization's closes it. */
export async function closeAfterDeclines(world: World): Promise<void> {
  await world.offer(0, "wasm.decline", cheap);
  await world.offer(1, "wasm.decline", price);
  const consumer = await world.consumer("without data");
  await consumer.data.close();
  const placed = await consumer.place({ classId: "wasm.decline", inputs: [input("not to be had")] });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.closeReason], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_INPUT_UNAVAILABLE]);
  assert.deepEqual(seen(world, tasks[0]!), [{ provider: 1, state: ReplicaState.REPLICA_STATE_OUT, round: 0, paid: 0n, slashed: 0n }]);
  await checkMoney(world, consumer, job, { burned: price / 20n });
  const declined = world.history.find("EventTaskDeclined", { job_id: placed.id });
  assert.deepEqual(declined.map(({ attributes }) => [attributes.provider, attributes.free]), [[world.address(0), "true"], [world.address(1), "true"]]);
  assert.deepEqual(world.history.find("EventTaskChanged", { job_id: placed.id }).map(({ attributes }) => attributes.state), ["assigned", "open", "assigned", "closed"]);
}

/** Arguments that no runtime can read stand on chain: a result like any other, that costs nothing, and no fault of the provider's. */
export async function answerNonsense(world: World): Promise<void> {
  await world.offer(1, "wasm.nonsense", price);
  const consumer = await world.consumer("nonsense");
  const placed = await consumer.place({ classId: "wasm.nonsense", inputs: [input("with nonsense")], arguments: { args: [1] as never } });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.misses], [TaskState.TASK_STATE_FINAL, 0]);
  assert.deepEqual(seen(world, tasks[0]!), [{ provider: 1, state: ReplicaState.REPLICA_STATE_REVEALED, round: 0, paid: 0n, slashed: 0n }]);
  assert.equal((await consumer.gateway.result(placed.id, tasks[0]!)).status, "invalid-module");
  await checkMoney(world, consumer, job, { paid: [[0n]] });
}
