/** What holds of services at every block's end. */
import { InstanceState, type Instance } from "../../../codec/gen/dcm/market/v1/types.ts";
import { addressText } from "../../../codec/address.ts";
import { loadBid, openTasks } from "../bids.ts";
import { instanceQueue, instances, instancesByProvider, probeDraws, probeQueue, probeRounds, probesByProber, replacedBids, services, within } from "../state.ts";
import { maxHolds } from "./acceptance.ts";
import { balanceOf } from "./deposits.ts";
import { isHeld, streams } from "./instance-machine.ts";
import { leastReports, probersOfRound } from "./probes.ts";
import type { Context } from "../../../runtime/context.ts";

/** in = paid + refunded + fees + burned + held, and each part is what the instances say. */
export function serviceAccounts(ctx: Context): string | undefined {
  for (const [id, service] of services.entries(ctx)) {
    const { deposited, paid, refunded, fees, burned, held, perTask } = service.escrow!;
    const sum = [paid, refunded, fees, burned, held].reduce((total, text) => total + BigInt(text), 0n);
    if (sum !== BigInt(deposited)) return `service ${id}: ${deposited} came in, ${sum} is accounted for`;
    if (service.endedTau !== 0n) {
      if (BigInt(held) !== 0n) return `service ${id} is over and holds ${held}`;
      continue;
    }
    const own = Array.from(instances.entries(ctx, { within: within.job(id) }), ([, instance]) => instance);
    const bid = loadBid(ctx, id);
    const added = BigInt(replacedBids.find(ctx, id)?.added ?? "0");
    const expected = own.reduce((total, instance) => total + balanceOf(instance) + BigInt(instance.held), BigInt(perTask) * BigInt(openTasks(bid) - bid.reopened.length) + added);
    if (BigInt(held) !== expected) return `service ${id} holds ${held}, its instances ${expected}`;
    if (own.reduce((total, instance) => total + BigInt(instance.paid), 0n) !== BigInt(paid)) return `service ${id} has paid ${paid}, its instances otherwise`;
  }
  return undefined;
}

export function instanceRecords(ctx: Context): string | undefined {
  for (const [id, instance] of instances.entries(ctx)) {
    const fault = instanceFault(instance);
    if (fault !== undefined) return `instance ${id} ${fault}`;
    if (instance.dueTau !== 0n && !instanceQueue.has(ctx, [instance.dueTau, id])) return `instance ${id} is due at ${instance.dueTau} and not in the queue`;
  }
  const due = Array.from(instances.entries(ctx)).filter(([, { dueTau }]) => dueTau !== 0n).length;
  const queued = Array.from(instanceQueue.entries(ctx)).length;
  if (due !== queued) return `${due} instances are due, ${queued} are queued`;
  const held = Array.from(instances.entries(ctx)).filter(([, { state }]) => isHeld(state)).map(([id, { provider }]) => `${provider} ${id}`);
  const indexed = Array.from(instancesByProvider.entries(ctx), ([[provider, id]]) => `${addressText(provider)} ${id}`);
  return new Set([...held, ...indexed]).size === held.length && held.length === indexed.length ? undefined : `the index has ${indexed.length} instances of providers, ${held.length} have one`;
}

function instanceFault(instance: Instance): string | undefined {
  const held = isHeld(instance.state);
  if (balanceOf(instance) < 0n) return "has paid more than was put in";
  if (held !== instance.unitOut || (!held && BigInt(instance.stake) > 0n)) return "has a unit or stake without a provider, or a provider without a unit";
  if (held !== (instance.dueTau !== 0n)) return "has a provider and no deadline, or the other way round";
  if (!streams(instance.state) && instance.endedTau === 0n && BigInt(instance.accrued) > 0n) return "was paid for before its start";
  const accrued = BigInt(instance.accrued) + BigInt(instance.accruedFees);
  const gone = BigInt(instance.paid) + BigInt(instance.fees) + BigInt(instance.held);
  if (accrued < gone) return `has paid, charged and held ${gone} of ${accrued} that accrued`;
  if (instance.holds > maxHolds) return `has ${instance.holds} holds`;
  if (instance.state === InstanceState.INSTANCE_STATE_OPEN && instance.deposits.length !== 1) return "is in the book with the money of others";
  if (instance.endedTau !== 0n && balanceOf(instance) !== 0n) return "is over and holds money";
  return undefined;
}

/** A round for each instance that is served under an SLA, and every queue and index has it exactly where it belongs. */
export function rounds(ctx: Context): string | undefined {
  const served = Array.from(instances.entries(ctx)).filter(([, { state, serviceId }]) => streams(state) && services.find(ctx, serviceId)?.sla !== undefined).map(([id]) => id);
  const all = Array.from(probeRounds.entries(ctx), ([, round]) => round);
  if (served.join() !== all.map(({ instanceId }) => instanceId).join()) return `${served.length} instances are served under an SLA, there are ${all.length} probe rounds`;
  const owed = all.flatMap(({ instanceId, probes }) => probes.filter(({ reported }) => !reported).map(({ prober }) => `${prober} ${instanceId}`));
  const listed = Array.from(probesByProber.entries(ctx), ([[prober, id]]) => `${addressText(prober)} ${id}`);
  if (owed.length !== listed.length || new Set([...owed, ...listed]).size !== owed.length) return `${owed.length} reports are owed, the index has ${listed.length}`;
  const [queued, waiting] = [probeQueue, probeDraws].map((queue) => Array.from(queue.entries(ctx)).length);
  if (queued !== all.length || waiting !== all.filter(({ drawn }) => !drawn).length) return `${all.length} rounds, of which ${queued} are queued and ${waiting} wait for their draw`;
  for (const { instanceId: id, dueTau, seedHeight, drawn, probes, paidBefore } of all) {
    if (!probeQueue.has(ctx, [dueTau, id]) || drawn === probeDraws.has(ctx, [seedHeight, id])) return `the probe round of instance ${id} is not where it is looked for`;
    if (BigInt(paidBefore) > BigInt(instances.find(ctx, id)!.paid) || (probes.length !== 0 && probes.length !== leastReports && probes.length !== probersOfRound)) return `the probe round of instance ${id} has ${probes.length} probers and began at ${paidBefore} paid`;
  }
  return undefined;
}
