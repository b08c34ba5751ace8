/** Scenarios of orders that leave the book, or wait in it. */
import assert from "node:assert/strict";
import { CloseReason, OrderStatus, TaskState } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgPlaceAskResponse } from "../../../chain/codec/gen/dcm/market/v1/tx.ts";
import { denom } from "../../../localnet/homes.ts";
import { checkEscrow, checkMoney } from "./money.ts";
import { input } from "./program.ts";
import { providerFunds, type ClassId, type World } from "./world.ts";

const price = 100_003n;

/** One of four tasks runs when the bid is cancelled: it ends and is paid, the others' escrow comes back. */
export async function cancelPartlyMatched(world: World): Promise<void> {
  await world.offer(0, "wasm.cancel", price);
  const consumer = await world.consumer("hesitant");
  const inputs = [1, 2, 3, 4].map((n) => input(`task ${n}`, 20_000_000));
  const placed = await consumer.place({ classId: "wasm.cancel", inputs });
  await world.until("the first match", async () => (await consumer.gateway.tasks(placed.id)).some((task) => task.replicas.length > 0));
  await consumer.sender.send({ typeUrl: "/dcm.market.v1.MsgCancelBid", value: { consumer: consumer.address, jobId: placed.id } });
  const { job, tasks } = await world.ended(consumer, placed.id);
  const done = tasks.filter((task) => task.state === TaskState.TASK_STATE_FINAL);
  const closed = tasks.filter((task) => task.closeReason === CloseReason.CLOSE_REASON_CANCELLED && task.state === TaskState.TASK_STATE_CLOSED);
  assert.ok(done.length >= 1 && closed.length >= 1 && done.length + closed.length === 4, `${done.length} done, ${closed.length} closed`);
  await checkMoney(world, consumer, job, { paid: done.map((task) => [task.price]) });
  const { bid } = await world.connection.query.market.job({ jobId: placed.id });
  assert.equal(bid!.status, OrderStatus.ORDER_STATUS_CANCELLED);
}

/** Immediate or cancel, below the only ask: it leaves with its batch. */
export async function leaveUnfilled(world: World): Promise<void> {
  await world.offer(0, "wasm.orders", price);
  const consumer = await world.consumer("impatient");
  const placed = await consumer.place({ classId: "wasm.orders", inputs: [input("now")], limitPrice: 90_001n, timeInForce: "IOC" });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.closeReason], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_UNFILLED]);
  await checkMoney(world, consumer, job, {});
  const [left] = world.history.find("EventBidChanged", { bid_id: placed.id, status: "expired" });
  assert.equal(left!.height, placed.sent.height + 1);
}

/** Good till a time: stays until then, at that very tau, and not longer. */
export async function expire(world: World): Promise<void> {
  await world.offer(0, "wasm.orders", price);
  const consumer = await world.consumer("early");
  const { tauMs } = await world.connection.query.clock.tau();
  const placed = await consumer.place({ classId: "wasm.orders", inputs: [input("not yet")], limitPrice: 90_002n, expiresTau: tauMs + 4_000n });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.closeReason], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_EXPIRED]);
  assert.ok(job.endedTau >= tauMs + 4_000n && job.endedTau < tauMs + 15_000n, `expired at ${job.endedTau}, due at ${tauMs + 4_000n}`);
  await checkMoney(world, consumer, job, {});
}

/** A limit below the book waits; a cheaper ask matches it, at the ask's price. */
export async function waitForCheaper(world: World): Promise<void> {
  await world.offer(0, "wasm.orders", price);
  const consumer = await world.consumer("thrifty");
  const placed = await consumer.place({ classId: "wasm.orders", inputs: [input("for less")], limitPrice: 95_000n });
  const from = placed.sent.height;
  await world.until("three blocks without a match", async () => (await world.history.upToNow()) > from + 3);
  const { bids } = await world.connection.query.market.bids({ classId: "wasm.orders", quoteDenom: denom });
  assert.ok(bids.some(({ id, status }) => id === placed.id && status === OrderStatus.ORDER_STATUS_OPEN));
  await world.offer(1, "wasm.orders", 94_999n);
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.price, tasks[0]!.replicas[0]!.provider], [TaskState.TASK_STATE_FINAL, 94_999n, world.address(1)]);
  await checkMoney(world, consumer, job, { paid: [[94_999n]] });
}

/** A provider that bids on its own ask: the bid leaves, being newer. Its bid below, then its own newer ask: the ask leaves; another's ask serves the bid. */
export async function tradeWithOneself(world: World): Promise<void> {
  const classId: ClassId = "wasm.self";
  const ask = await world.offer(2, classId, price);
  const self = await world.gateway("self", world.providers[2]!, providerFunds);
  const above = await self.place({ classId, inputs: [input("with myself")] });
  const first = await world.ended(self, above.id);
  assert.deepEqual([first.tasks[0]!.state, first.tasks[0]!.closeReason], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_SELF_TRADE]);
  checkEscrow(first.job, {});
  assert.equal((await world.connection.query.market.ask({ askId: ask })).ask!.status, OrderStatus.ORDER_STATUS_OPEN);

  const below = await self.place({ classId, inputs: [input("with somebody")], limitPrice: 95_000n });
  const sent = await self.sender.send({
    typeUrl: "/dcm.market.v1.MsgPlaceAsk",
    value: { provider: self.address, classId, quoteDenom: denom, basePrice: 94_999n, units: 1, premiums: [], maxColocated: 0, availableFrom: 0n, availableUntil: 0n, expiresTau: 0n, reclaimNotice: 0n },
  });
  const { askId } = MsgPlaceAskResponse.decode(sent.response!.value);
  const left = await world.until("the newer ask leaves", async () => {
    const { ask: found } = await world.connection.query.market.ask({ askId });
    return found!.status !== OrderStatus.ORDER_STATUS_OPEN && found;
  });
  assert.deepEqual([left!.status, left!.units], [OrderStatus.ORDER_STATUS_SELF_TRADE, 0]);
  assert.equal((await world.connection.query.market.bid({ bidId: below.id })).bid!.status, OrderStatus.ORDER_STATUS_OPEN);
  await world.offer(1, classId, 95_000n);
  const second = await world.ended(self, below.id);
  assert.deepEqual([second.tasks[0]!.state, second.tasks[0]!.replicas[0]!.provider], [TaskState.TASK_STATE_FINAL, world.address(1)]);
  checkEscrow(second.job, { paid: [[95_000n]] });
}
