/** After all scenarios: do the books of the whole chain balance, to the unit? */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addressText, moduleAddress } from "../../../chain/codec/address.ts";
import type { Ask, Job } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { OrderStatus } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { denom, secondDenom } from "../../../localnet/homes.ts";
import { amountOf, type ChainEvent } from "./history.ts";
import { total } from "./money.ts";
import { bond, providerFunds, recordLifetimeMs, type World } from "./world.ts";

const module = (name: string): string => addressText(moduleAddress(name));
const sum = (events: readonly ChainEvent[], key: string): bigint => total(events.map(({ attributes }) => BigInt(attributes[key]!)));
const page = { key: new Uint8Array(0), offset: 0n, limit: 1_000n, countTotal: false, reverse: false };

async function records(world: World): Promise<{ jobs: Job[]; asks: Ask[] }> {
  const { jobs } = await world.connection.query.market.jobs({ pagination: page });
  const { asks } = await world.connection.query.market.asks({ pagination: page });
  return { jobs, asks };
}

/** Supply has shrunk by what was burned, and by nothing else; each module holds what it owes. */
export async function balanceBooks(world: World): Promise<void> {
  await world.history.upToNow();
  const { jobs, asks } = await records(world);
  const held = (of: string): bigint => total(jobs.filter(({ escrow }) => escrow!.denom === of).map(({ escrow }) => BigInt(escrow!.held)));
  const deposits = total([...jobs.map(({ escrow }) => BigInt(escrow!.storageDeposit)), ...asks.map(({ storageDeposit }) => BigInt(storageDeposit))]);
  assert.deepEqual([await world.balance(module("market")), await world.balance(module("market"), secondDenom)], [held(denom) + deposits, held(secondDenom)]);

  const { providers } = await world.connection.query.providers.providers();
  assert.equal(await world.balance(module("providers")), total(providers.map((one) => BigInt(one.bond!.total))));

  const settled = world.history.find("EventEscrowSettled", { denom });
  const slashed = world.history.find("dcm.staking.v1.EventProviderSlashed");
  const fees = world.history.find("tx").filter(({ attributes }) => attributes.fee !== undefined);
  assert.equal(await world.collected(), sum(settled, "fee") + total([...fees, ...world.history.find("dcm.organization.v1.EventOrganizationCreated")].map(({ attributes }) => amountOf(attributes.fee))));

  const burned = sum(settled, "burned") + sum(slashed, "burned");
  assert.ok(burned > 0n);
  assert.equal(world.genesisSupply - (await world.supply()), burned);
  const abroad = world.history.find("EventEscrowSettled", { denom: secondDenom });
  assert.ok(abroad.length > 0);
  assert.equal(await world.collected(secondDenom), sum(abroad, "fee"));
  assert.equal(total(world.history.find("burn").map(({ attributes }) => amountOf(attributes.amount))), burned);
}

/** Each provider has what it earned, less fees, bond and deposits; no stake is locked, no unit is out. */
export async function settleProviders(world: World): Promise<void> {
  await world.history.upToNow();
  const { jobs, asks } = await records(world);
  const penalties = world.history.find("EventProviderPenalized");
  for (const [index, { address }] of world.providers.entries()) {
    const { provider } = await world.connection.query.providers.provider({ operator: address });
    const taken = sum(penalties.filter(({ attributes }) => attributes.provider === address), "amount");
    const mine = asks.filter((ask) => ask.provider === address);
    const open = mine.filter((ask) => ask.status === OrderStatus.ORDER_STATUS_OPEN);
    assert.deepEqual(
      { total: provider!.bond!.total, locked: provider!.bond!.locked, reserved: provider!.bond!.reserved, unbonding: provider!.bond!.unbonding },
      { total: String(bond - taken), locked: "0", reserved: String(total(open.map((ask) => ask.bondPerUnit * BigInt(ask.units)))), unbonding: "0" }, `bond of provider-${index}`,
    );
    for (const ask of open) assert.deepEqual([ask.freeUnits, ask.heldUnits], [ask.units, 0], `units of ask ${ask.id}`);
    const pay = lastOfEach(world.history.find("EventReplicaChanged", { provider: address }));
    const earnedIn = (of: string): bigint => sum(pay.filter(({ attributes }) => world.history.find("EventLeaseCreated", { lease_id: attributes.lease_id!, quote_denom: of }).length > 0), "paid");
    const earned = earnedIn(denom);
    assert.equal(await world.balance(address, secondDenom), earnedIn(secondDenom), `balance of provider-${index} in ${secondDenom}`);
    const awarded = total(penalties.filter(({ attributes }) => attributes.reason === "minority" && proversOf(world, attributes.task_id!).has(address)).map(({ attributes }) => BigInt(attributes.to_provers!) / BigInt(proversOf(world, attributes.task_id!).size)));
    const own = jobs.filter((job) => job.consumer === address).map(({ escrow }) => BigInt(escrow!.deposited) - BigInt(escrow!.refunded) + BigInt(escrow!.storageDeposit));
    const deposits = total(mine.map(({ storageDeposit }) => BigInt(storageDeposit)));
    const wanted = providerFunds - bond - world.history.feesOf(address) - deposits - total(own) + earned + awarded;
    assert.equal(await world.balance(address), wanted, `balance of provider-${index}`);
  }
}

/** Every provider's worker signs with its session key, and with its operator's only what operators do: register, enroll, and what the scenarios have them do. */
export async function signBySession(world: World): Promise<void> {
  await world.history.upToNow();
  for (const [index, { address }] of world.providers.entries()) {
    const { session } = JSON.parse(readFileSync(join(world.worker(index).plan.home, "public.json"), "utf8")) as { session: string };
    const used = world.history.find("dcm.session.v1.EventSessionUsed", { owner: address });
    assert.ok(used.length > 0 && used.every(({ attributes }) => attributes.session === session && session !== address), `sessions of provider-${index}`);
    assert.equal(world.history.find("message", { action: "/dcm.market.v1.MsgStartTask", sender: address }).length, 0, `tasks of provider-${index} that its operator started`);
    assert.equal(await world.balance(session), 0n);
  }
  const started = world.history.find("message", { action: "/dcm.session.v1.MsgExecSession" });
  assert.ok(started.length > 100, `${started.length} executions`);
}

/** The present state of each replica. */
function lastOfEach(events: readonly ChainEvent[]): ChainEvent[] {
  const last = new Map<string, ChainEvent>();
  for (const event of events) last.set(`${event.attributes.task_id!} ${event.attributes.round!}`, event);
  return [...last.values()];
}

/** Auditors and re-runs that were paid: they share a part of the stake of whoever was in the minority. */
function proversOf(world: World, taskId: string): ReadonlySet<string> {
  return new Set(world.history.find("EventReplicaChanged", { task_id: taskId }).filter(({ attributes }) => attributes.round !== "0" && attributes.paid !== "0").map(({ attributes }) => attributes.provider!));
}

/** The records' time is over: job, tasks and leases are gone and the deposit is back, exactly once. */
export async function pruneRecords(world: World): Promise<void> {
  const consumer = world.consumers.get("honest")!;
  const [placed] = world.history.find("EventBidPlaced", { consumer: consumer.address });
  const jobId = BigInt(placed!.attributes.job_id!);
  const pruned = await world.until("the job's records go", async () => world.history.find("EventJobPruned", { job_id: jobId })[0], recordLifetimeMs + 30_000);
  assert.equal(pruned.attributes.storage_deposit, placed!.attributes.storage_deposit);
  await assert.rejects(world.connection.query.market.job({ jobId }), /job .* does not exist or was pruned/);
  await assert.rejects(world.connection.query.market.tasks({ jobId }), /does not exist or was pruned/);
  assert.deepEqual((await world.connection.query.market.leases({ jobId })).leases, []);
  assert.deepEqual((await world.connection.query.market.seals({ jobId })).seals, []);
  const settled = world.history.find("EventEscrowSettled", { job_id: jobId });
  assert.equal(await world.balance(consumer.address), consumer.funds - world.history.feesOf(consumer.address) - sum(settled, "paid") - sum(settled, "fee"));
}

/** Every account that took part has what the bank's own events say. */
export async function matchBankEvents(world: World): Promise<void> {
  const to = await world.history.upToNow();
  const accounts = new Set(world.history.find("coin_received").map(({ attributes }) => attributes.receiver!));
  assert.ok(accounts.size > 20);
  for (const account of accounts) {
    for (const coin of [denom, secondDenom]) assert.equal(await world.balanceAt(account, to, coin), (await world.balanceAt(account, 1, coin)) + world.history.change(account, 1, to, coin), `${account} in ${coin}`);
  }
}
