/** Scenarios of what two agree on outside the spot book: quotes, and forwards from the sale to the settlement. */
import assert from "node:assert/strict";
import { MsgPlaceOrderResponse } from "../../../chain/codec/gen/dcm/forward/v1/tx.ts";
import { Side, type Position } from "../../../chain/codec/gen/dcm/forward/v1/types.ts";
import { MsgQuoteResponse, MsgRequestQuotesResponse } from "../../../chain/codec/gen/dcm/market/v1/tx.ts";
import { OrderStatus, ReplicaState, TaskState, Term } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { BudgetPeriod, Role } from "../../../chain/codec/gen/dcm/organization/v1/types.ts";
import { denom } from "../../../localnet/homes.ts";
import { billOrganization } from "./bills.ts";
import { checkMoney } from "./money.ts";
import { input } from "./program.ts";
import { seen, type Party, type World } from "./world.ts";

const price = 100_003n;
/** A slot of 30 s holds 30 lots of a class whose lots take up to a second. */
const slotLots = 30n;

/** Two providers answer a request for another shape; a bid that names the dearer one accepts it, the other leaves, the job is paid at the quote. */
export async function acceptQuote(world: World): Promise<void> {
  const consumer = await world.consumer("asking");
  const asked = await consumer.sender.send({
    typeUrl: "/dcm.market.v1.MsgRequestQuotes",
    value: { requester: consumer.address, classId: "wasm.honest", quoteDenom: denom, resources: { cpuMilli: 2_000, memoryBytes: 0n, storageBytes: 0n }, tasks: 2, lots: 1n, requirements: [], deadlineTau: 0n },
  });
  const { requestId } = MsgRequestQuotesResponse.decode(asked.response!.value);
  const asks: bigint[] = [];
  for (const [i, { address, sender }] of world.providers.slice(0, 2).entries()) {
    const sent = await sender.send({ typeUrl: "/dcm.market.v1.MsgQuote", value: { provider: address, requestId, price: price + BigInt(i), units: 1, expiresTau: 0n } });
    asks.push(MsgQuoteResponse.decode(sent.response!.value).askId);
  }
  assert.deepEqual((await world.connection.query.market.quotes({ requestId })).quotes.map(({ id }) => id), asks);
  const placed = await consumer.place({ classId: "wasm.honest", inputs: [input("this"), input("and that")], askId: asks[1]! });
  const { job, tasks } = await world.ended(consumer, placed.id);
  for (const task of tasks) {
    assert.equal(task.state, TaskState.TASK_STATE_FINAL);
    assert.deepEqual(seen(world, task), [{ provider: 1, state: ReplicaState.REPLICA_STATE_REVEALED, round: 0, paid: price + 1n, slashed: 0n }]);
  }
  assert.equal((await world.connection.query.market.ask({ askId: asks[0]! })).ask!.status, OrderStatus.ORDER_STATUS_CANCELLED);
  assert.equal((await world.connection.query.market.referencePrice({ classId: "wasm.honest", quoteDenom: denom })).price, 0n);
  await checkMoney(world, consumer, job, { paid: tasks.map((task) => [task.price]) });
}

/** Two units of a slot are bought, transferred and used in part: the new holder pays the lots that it used and margin for the rest. */
export async function useForward(world: World): Promise<void> {
  const [first, holder] = [await world.consumer("early"), await world.consumer("holder")];
  const position = await buyForward(world, 0, "wasm.restart", first, 2);
  const margin = (2n * slotLots * price + 4n) / 5n;
  assert.deepEqual([position.price, BigInt(position.sellerMargin), BigInt(position.holderMargin), position.lots], [price, margin, margin, slotLots]);
  await first.sender.send({ typeUrl: "/dcm.forward.v1.MsgTransfer", value: { holder: first.address, positionId: position.id, to: holder.address } });
  await holder.sender.send({ typeUrl: "/dcm.forward.v1.MsgAccept", value: { recipient: holder.address, positionId: position.id } });
  await world.history.upToNow();
  assert.equal(await world.balance(first.address), first.funds - world.history.feesOf(first.address), "all of it is the new holder's affair");
  const askId = await delivered(world, position.id);
  const placed = await holder.place({ classId: "wasm.restart", inputs: [input("one"), input("two"), input("three")], askId });
  const { job, tasks } = await world.ended(holder, placed.id);
  assert.deepEqual(tasks.map((task) => [task.state, task.price]), Array(3).fill([TaskState.TASK_STATE_FINAL, price]));
  const { leases } = await world.connection.query.market.leases({ jobId: job.id });
  assert.ok(leases.every(({ term, provider }) => term === Term.TERM_FORWARD && provider === world.address(0)));
  const settled = await settlement(world, position.id);
  const unused = 2n * slotLots - 3n;
  const forUnused = (margin * unused) / (2n * slotLots);
  assert.deepEqual([settled.served, settled.failed, settled.unused, settled.for_unused, settled.to_seller, settled.to_holder], ["3", "0", String(unused), String(forUnused), String(margin + forUnused), String(margin - forUnused)]);
  await checkMoney(world, { ...holder, funds: holder.funds - forUnused }, job, { paid: tasks.map((task) => [task.price]) });
}

/** A member buys two units with its organization's money, another one uses a part of them: the organization's account pays for the lots and margin for the rest, and its bill says so. */
export async function useForwardOfAnOrganization(world: World): Promise<void> {
  const [organization, owner, buyer, user] = ["globex", await world.account(), await world.account(), await world.consumer("employee")];
  const tell = (type: string, value: object): Promise<unknown> => owner.sender.send({ typeUrl: `/dcm.organization.v1.${type}`, value });
  const funds = 20_000_000n;
  await tell("MsgCreateOrganization", { creator: owner.address, name: organization });
  await Promise.all([
    tell("MsgDeposit", { sender: owner.address, organization, amount: [{ denom, amount: String(funds) }] }),
    tell("MsgSetBudget", { admin: owner.address, organization, budget: { denom, member: "", tagKey: "", tagValue: "", limit: String(funds), period: BudgetPeriod.BUDGET_PERIOD_TOTAL } }),
    ...[buyer, user].map((member) => tell("MsgSetMember", { admin: owner.address, organization, member: member.address, role: Role.ROLE_SPENDER })),
  ]);
  for (const { address, sender } of [buyer, user]) await sender.send({ typeUrl: "/dcm.organization.v1.MsgAcceptMembership", value: { member: address, organization } });
  const account = (await world.connection.query.organization.organization({ name: organization })).organization!.address;
  const position = await buyForward(world, 0, "wasm.members", buyer, 2, { organization, costTags: [{ key: "team", value: "ml" }] });
  assert.deepEqual([position.organization, position.payer], [organization, account]);
  const askId = await delivered(world, position.id);
  await assert.rejects(user.place({ classId: "wasm.members", inputs: [input("with money of its own")], askId }), /reserved for/);
  const placed = await user.place({ classId: "wasm.members", inputs: [input("for"), input("globex")], askId, organization, costTags: { team: "ml" } });
  const { job } = await world.ended(user, placed.id);
  const { for_unused: unused } = await settlement(world, position.id);
  const cost = BigInt(job.escrow!.paid) + BigInt(job.escrow!.fees) + BigInt(unused!);
  const bill = await billOrganization(world, organization);
  assert.deepEqual([bill.totals[0]!.cost, bill.totals[0]!.credit], [String(cost), "0"]);
  assert.deepEqual(bill.rows.filter(({ gross }) => gross !== "0").map(({ kind, reason, subject, costTags }) => [kind, reason, subject, JSON.stringify(costTags)]).sort(), [
    ["forward", "settled", `position:${position.id}`, '[{"key":"team","value":"ml"}]'], ...[0, 1].map(() => ["settled", "", `job:${placed.id}`, '[{"key":"team","value":"ml"}]']),
  ]);
  const kept = cost + BigInt(job.escrow!.storageDeposit);
  assert.equal(await world.balance(account), funds - kept);
  assert.equal((await world.connection.query.organization.budgets({ name: organization })).budgets[0]!.remaining, String(funds - kept));
}

/** The seller's worker is dead in the slot: the task that it misses costs it that part of its margin, beside the market's penalty. */
export async function failForward(world: World): Promise<void> {
  const holder = await world.consumer("let down");
  const position = await buyForward(world, 1, "wasm.killed", holder, 1);
  const margin = BigInt(position.sellerMargin);
  await world.worker(1).kill();
  const askId = await delivered(world, position.id);
  await holder.place({ classId: "wasm.killed", inputs: [input("nobody runs this")], lots: 5n, askId });
  const settled = await settlement(world, position.id);
  const forFailed = (margin * 5n) / slotLots;
  const forUnused = (margin * 25n) / slotLots;
  assert.deepEqual([settled.served, settled.failed, settled.unused, settled.to_seller, settled.to_holder], ["0", "5", "25", String(margin - forFailed + forUnused), String(margin + forFailed - forUnused)]);
  assert.equal(world.history.find("EventProviderPenalized", { provider: world.address(1), consumer: holder.address }).length, 1);
}

/** Provider `index` sells units of the next slot that leaves time for it, the consumer buys them; gives the position. */
async function buyForward(world: World, index: number, classId: string, buyer: Party, units: number, billing: object = {}): Promise<Position> {
  const { params, tau } = await world.connection.query.forward.params({});
  const length = params!.slotLength;
  const slotTau = ((tau + 12_000n) / length + 1n) * length;
  const order = { classId, quoteDenom: denom, slotTau, slots: 1, units, price, marginPrice: 0n };
  const seller = world.providers[index]!;
  const sold = await seller.sender.send({ typeUrl: "/dcm.forward.v1.MsgPlaceOrder", value: { ...order, owner: seller.address, side: Side.SIDE_SELL } });
  assert.equal(MsgPlaceOrderResponse.decode(sold.response!.value).lots, slotLots);
  await buyer.sender.send({ typeUrl: "/dcm.forward.v1.MsgPlaceOrder", value: { ...order, ...billing, owner: buyer.address, side: Side.SIDE_BUY } });
  return world.until(`the position of ${buyer.address}`, async () => (await world.connection.query.forward.positions({ holder: buyer.address })).positions[0]);
}

async function delivered(world: World, positionId: bigint): Promise<bigint> {
  return world.until(`the delivery of position ${positionId}`, async () => {
    const { position } = await world.connection.query.forward.position({ positionId });
    return position!.askId !== 0n && position!.askId;
  });
}

async function settlement(world: World, positionId: bigint): Promise<Readonly<Record<string, string>>> {
  return world.until(`the settlement of position ${positionId}`, async () => {
    await world.history.upToNow();
    return world.history.find("dcm.forward.v1.EventPositionSettled", { position_id: positionId })[0]?.attributes;
  }, 90_000);
}
