/**
 * What is held of a service: pay gathers in one hold a period, is disputed or accepted once the period is over, and is paid a window later. Of one instance there are at most so many holds at a time;
 * where there are, the present period goes on until one of them ends.
 */
import { CloseReason, type Hold, type Instance, type InstanceDeposit, type Service } from "../../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { assert } from "../../../runtime/errors.ts";
import { saveService } from "../bids.ts";
import { disburse } from "../escrow.ts";
import { divide, findHold, heldAmount, holdChanged, holdEnded, removeHold, saveHold, type HoldReason } from "../holds.ts";
import { countSettled } from "../prices.ts";
import { rateOf, toBond } from "../rate.ts";
import { instances } from "../state.ts";
import { fundersOf } from "./deposits.ts";
import { isHeld } from "./instance-machine.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MarketPorts } from "../ports.ts";
import type { Gathered } from "./acceptance.ts";

/** The two lists as one, each payer once, in the order in which they came. */
function merged(before: readonly InstanceDeposit[], more: readonly InstanceDeposit[]): InstanceDeposit[] {
  const sums = new Map(before.map(({ payer, amount }) => [payer, BigInt(amount)]));
  for (const { payer, amount } of more) sums.set(payer, (sums.get(payer) ?? 0n) + BigInt(amount));
  return Array.from(sums, ([payer, amount]) => ({ payer, amount: amount.toString() }));
}

/** More of the pay of a period is held. Gives the service, which counts holds. */
export function gather(ctx: Context, instance: Instance, service: Service, { period, pay, fee, funders, from, until }: Gathered): Service {
  const before = findHold(ctx, { id: instance.id, period });
  const { provider, providerOrganization: organization, price } = instance;
  const paid = BigInt(before?.payments[0]!.amount ?? "0") + pay;
  const hold: Hold = {
    taskId: 0n, jobId: 0n, serviceId: service.id, instanceId: instance.id, period, sinceTau: before?.sinceTau ?? from, untilTau: until, dueTau: until + service.acceptance!.window, caseId: 0n,
    payments: [{ provider, organization, amount: paid.toString(), price, stake: "0" }], fee: (BigInt(before?.fee ?? "0") + fee).toString(), funders: merged(before?.funders ?? [], funders),
  };
  saveHold(ctx, before, hold);
  holdChanged(ctx, hold, service);
  return before === undefined ? { ...service, holds: service.holds + 1 } : service;
}

/** The period ends at another tau than it was to. */
export function redate(ctx: Context, instance: Instance, service: Service, period: bigint, until: bigint): void {
  const before = findHold(ctx, { id: instance.id, period });
  if (before === undefined || before.untilTau === until) return;
  const hold = { ...before, untilTau: until, dueTau: until + service.acceptance!.window };
  saveHold(ctx, before, hold);
  holdChanged(ctx, hold, service);
}

/** Whether the instance still gathers pay for this period. */
export const gathers = (instance: Instance, period: bigint): boolean => isHeld(instance.state) && instance.period === period;

/** Ends the hold of a period. The instance is up to date, so that all that belongs into it is in it. */
export function endPeriodHold(ctx: Context, ports: MarketPorts, hold: Hold, instance: Instance, service: Service, shareBps: number, reason: HoldReason): void {
  assert(!gathers(instance, hold.period), `period ${hold.period} of instance ${instance.id} still gathers pay`);
  removeHold(ctx, hold);
  const settlement = { ...divide(hold, shareBps) };
  const [{ provider, organization: providerOrganization, price }] = hold.payments as [Hold["payments"][number]];
  const { paid, fee, refund } = settlement;
  const before = BigInt(instance.paid);
  const lots = (before + paid) / price - before / price;
  const next: Instance = {
    ...instance, paid: (before + paid).toString(), fees: (BigInt(instance.fees) + fee).toString(), refunded: (BigInt(instance.refunded) + refund).toString(),
    held: (BigInt(instance.held) - heldAmount(hold)).toString(), holds: instance.holds - 1,
  };
  instances.set(ctx, next.id, next);
  const { jurisdiction, leaseId, id } = next;
  const [fromTau, toTau] = [hold.sinceTau, hold.untilTau];
  const all = heldAmount(hold);
  const refunds = fundersOf(hold.funders, 0n, all, refund).map(({ payer, amount }) => ({ payer, amount: BigInt(amount) }));
  const settled = disburse(ctx, ports, service, { ...settlement, refunds }, { service_id: service.id, instance_id: id, lease_id: leaseId, provider, price, from_tau: fromTau, to_tau: toTau }, [
    { provider, providerOrganization, jurisdiction, leaseId, price, lots, fromTau, toTau },
  ]);
  if (paid > 0n) {
    // While the lease lives, its end counts all that was paid; behind one that was abandoned nothing may wipe out that mark.
    if (next.endedTau !== 0n && next.closeReason !== CloseReason.CLOSE_REASON_ABANDONED) ports.providers.record(ctx, addressBytes(provider), "finished", toBond(paid, rateOf(service), "down"));
    if (fee > 0n) countSettled(ctx, ports, service, { provider, amount: paid, lots, stake: 0n });
  }
  holdEnded(ctx, hold, service.consumer, reason, shareBps, settlement);
  saveService(ctx, ports, { ...settled, holds: settled.holds - 1 });
}
