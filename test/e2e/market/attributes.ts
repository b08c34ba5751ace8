/** Scenarios of orders that want more than capacity, or all of it at once. */
import assert from "node:assert/strict";
import { CloseReason, OrderStatus, TaskState } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { findProfile } from "../../../client/profiles.ts";
import { denom } from "../../../localnet/homes.ts";
import { ensureAsk } from "../../../worker/agent/setup.ts";
import { checkMoney } from "./money.ts";
import { input } from "./program.ts";
import { type ClassId, type World } from "./world.ts";

const price = 100_003n;

async function declare(world: World, index: number, attributes: Readonly<Record<string, string>>): Promise<void> {
  const { address, sender } = world.providers[index]!;
  const { profile } = (await world.connection.query.providers.provider({ operator: address })).provider!;
  const declared = Object.entries(attributes).map(([key, value]) => ({ key, value }));
  await sender.send({ typeUrl: "/dcm.staking.v1.MsgEditProvider", value: { operator: address, profile: { ...profile, attributes: declared } } });
}

/** Two organizations that offer the attribute run a replicated task, at base and premium of the dearer one; the cheaper ask without it is passed over. */
export async function payPremium(world: World): Promise<void> {
  const classId: ClassId = "wasm.premium";
  await world.offer(0, classId, 90_001n);
  for (const [index, base] of [[1, price], [2, price + 10n]] as const) {
    await declare(world, index, { zone: "eu" });
    await ensureAsk(world.connection, world.providers[index]!.sender, { classId, quoteDenom: denom, price: base, units: 1, premiums: { zone: 7_000n } });
  }
  const consumer = await world.consumer("picky");
  const wishes = { requires: { zone: "eu" } };
  const placed = await consumer.place({ classId, inputs: [input("in the zone")], verification: "V2", wishes });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.price], [TaskState.TASK_STATE_FINAL, price + 10n + 7_000n]);
  assert.deepEqual(tasks[0]!.replicas.map(({ provider }) => provider).sort(), [world.address(1), world.address(2)].sort());
  const { leases } = await world.connection.query.market.leases({ jobId: placed.id });
  for (const { attributes } of leases) assert.deepEqual(attributes, [{ key: "zone", value: "eu" }]);
  const profile = await findProfile(world.connection, { classId, quoteDenom: denom }, wishes);
  await consumer.sender.send({ typeUrl: "/dcm.market.v1.MsgRetireProfile", value: { signer: consumer.address, classId, quoteDenom: denom, profileId: profile!.id } });
  assert.equal(await findProfile(world.connection, { classId, quoteDenom: denom }, wishes), undefined);
  await checkMoney(world, consumer, job, { paid: [[tasks[0]!.price, tasks[0]!.price]] });
}

/** One unit is there, two tasks are wanted: all or none. */
export async function fillOrKill(world: World): Promise<void> {
  await world.offer(3, "wasm.whole", price);
  const consumer = await world.consumer("all or none");
  const placed = await consumer.place({ classId: "wasm.whole", inputs: [input("one"), input("two")], timeInForce: "FOK" });
  const { job, tasks } = await world.ended(consumer, placed.id);
  for (const task of tasks) assert.deepEqual([task.state, task.closeReason, task.replicas], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_UNFILLED, []]);
  await checkMoney(world, consumer, job, {});
}

/** Two tasks that belong together go to the one ask with room for both, though cheaper ones are there. */
export async function runTogether(world: World): Promise<void> {
  const classId: ClassId = "wasm.together";
  await world.offer(0, classId, 90_001n);
  await ensureAsk(world.connection, world.providers[3]!.sender, { classId, quoteDenom: denom, price, units: 2, maxColocated: 2 });
  const consumer = await world.consumer("together");
  const placed = await consumer.place({ classId, inputs: [input("left"), input("right")], minColocated: 2 });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual(tasks.map(({ state, replicas }) => [state, replicas[0]!.provider]), [[TaskState.TASK_STATE_FINAL, world.address(3)], [TaskState.TASK_STATE_FINAL, world.address(3)]]);
  await checkMoney(world, consumer, job, { paid: [[price], [price]] });
}

/** A bid below the book gets a higher limit, and its escrow with it; then it is matched. */
export async function raiseLimit(world: World): Promise<void> {
  await world.offer(0, "wasm.raised", price);
  const consumer = await world.consumer("raised");
  const placed = await consumer.place({ classId: "wasm.raised", inputs: [input("for more")], limitPrice: 95_000n });
  await consumer.sender.send({ typeUrl: "/dcm.market.v1.MsgReplaceBid", value: { consumer: consumer.address, jobId: placed.id, limitPrice: 110_000n, expiresTau: 0n } });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.price], [TaskState.TASK_STATE_FINAL, price]);
  assert.equal((await world.connection.query.market.bid({ bidId: placed.id })).bid!.status, OrderStatus.ORDER_STATUS_FILLED);
  assert.equal(world.history.find("EventBidReplaced", { bid_id: placed.id }).length, 1);
  await checkMoney(world, consumer, job, { paid: [[price]] });
}
