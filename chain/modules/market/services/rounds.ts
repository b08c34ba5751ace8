/** Probe rounds: one a period, as long as an instance that has an SLA is served. The draw is probe-draws.ts. */
import type { Instance, ProbeRound, Service } from "../../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { assert } from "../../../runtime/errors.ts";
import { maxInt, minInt } from "../../../math/int.ts";
import { meterOf } from "../classes.ts";
import { billedTo, emit } from "../events.ts";
import { paidAtOnce, withheldOf } from "../holds.ts";
import { paramsAt } from "../params.ts";
import { rateOf } from "../rate.ts";
import { probeDraws, probeQueue, probeRounds, probesByProber } from "../state.ts";
import { streams } from "./instance-machine.ts";
import { creditOf, judge } from "./probes.ts";
import { count } from "./quality.ts";
import { earnedUntil } from "./stream.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MarketPorts } from "../ports.ts";

/** After every step of an instance: its first round opens with the stream of money, and the last one is judged with its end. */
export function followRounds(ctx: Context, ports: MarketPorts, before: Instance, instance: Instance, service: Service): void {
  if (service.sla === undefined || streams(before.state) === streams(instance.state)) return;
  if (streams(instance.state)) openRound(ctx, ports, instance, service, { round: 0n, history: 0n, judged: 0 });
  else endRound(ctx, ports, instance, service, false);
}

type Past = Pick<ProbeRound, "round" | "history" | "judged">;

export function openRound(ctx: Context, ports: MarketPorts, instance: Instance, service: Service, last: Past): void {
  const fromTau = ports.clock.tau(ctx);
  const round: ProbeRound = {
    ...last, instanceId: instance.id, round: last.round + 1n, fromTau, dueTau: fromTau + service.sla!.periodMs, paidBefore: String(paidAtOnce(instance, service)),
    seedHeight: ctx.height + BigInt(paramsAt(ctx, service.paramsVersion).drawDelayBlocks), drawn: false, probes: [],
  };
  probeRounds.set(ctx, instance.id, round);
  probeDraws.set(ctx, [round.seedHeight, instance.id], true);
  probeQueue.set(ctx, [round.dueTau, instance.id], true);
}

export interface EndedRound {
  readonly past: Past;
  /** Of the instance's stake; the caller writes it. */
  readonly fromStake: bigint;
}

/**
 * Judges the round with the reports that are there and forgets it. `over`: its time is, so that who has not reported missed it; where the lease ended before, two equal reports of three
 * have decided all the same.
 */
export function endRound(ctx: Context, ports: MarketPorts, instance: Instance, service: Service, over: boolean): EndedRound {
  const round = probeRounds.find(ctx, instance.id);
  assert(round !== undefined, `instance ${instance.id} is served without a probe round`);
  probeRounds.remove(ctx, instance.id);
  probeQueue.remove(ctx, [round.dueTau, instance.id]);
  if (!round.drawn) probeDraws.remove(ctx, [round.seedHeight, instance.id]);
  for (const { prober, reported } of round.probes) {
    if (!reported) probesByProber.remove(ctx, [addressBytes(prober), instance.id]);
    if (reported || over) count(ctx, prober, { reportsDue: true, reportsMissed: !reported });
  }
  const sla = service.sla!;
  const toTau = instance.endedTau === 0n ? ports.clock.tau(ctx) : instance.endedTau;
  const paid = paidFor(instance, service, round, toTau, meterOf(ctx, service.classId));
  const { verdict, median, history, judged, good, missed } = judge(round, sla);
  const credit = missed ? creditOf(paid, sla, rateOf(service)) : 0n;
  count(ctx, instance.provider, { rounds: verdict !== "void", bad: verdict === "bad", missed, void: verdict === "void" });
  emit(ctx, "EventProbeJudged", {
    ...about(instance, service), round: round.round, from_tau: round.fromTau, to_tau: toTau, reported: names(round, true), absent: over ? names(round, false) : "", verdict, median_latency_ms: median,
    good_rounds: good, judged_rounds: judged, missed: String(missed), paid, credit_due: credit,
  });
  const fromStake = credit > 0n ? payCredit(ctx, ports, instance, service, round.round, credit) : 0n;
  return { past: { round: round.round, history, judged }, fromStake };
}

/**
 * What was paid at once for the period and was earned in it: debts of earlier ones are theirs [a debt kept back until a bad round, and paid for the credit]. What is held answers to a jury, so that no
 * failing is made good twice.
 */
function paidFor(instance: Instance, service: Service, { fromTau, paidBefore }: ProbeRound, toTau: bigint, meterPerLot: bigint): bigint {
  const { price, startedTau } = instance;
  const earned = (tau: bigint): bigint => earnedUntil({ price, startedTau, meterPerLot }, tau);
  const inPeriod = earned(toTau) - earned(fromTau);
  return minInt(paidAtOnce(instance, service) - BigInt(paidBefore), inPeriod - withheldOf(inPeriod, service));
}

/** Out of the provider's free and unbonding bond, so that its stake stays whole, then out of the stake: all of it to the payer of the bid. Gives what the stake lost. */
function payCredit(ctx: Context, ports: MarketPorts, instance: Instance, service: Service, round: bigint, credit: bigint): bigint {
  const provider = addressBytes(instance.provider);
  const to = addressBytes(service.payer);
  const fromBond = ports.providers.slashUnlocked(ctx, provider, credit, [{ to, amount: credit }], "sla");
  const fromStake = minInt(maxInt(0n, credit - fromBond), BigInt(instance.stake));
  if (fromStake > 0n) ports.providers.slash(ctx, provider, fromStake, [{ to, amount: fromStake }], "sla");
  const amount = fromBond + fromStake;
  count(ctx, instance.provider, {}, amount);
  emit(ctx, "EventCreditPaid", { ...about(instance, service), ...billedTo(service), round, amount, from_stake: fromStake, denom: ports.providers.bondDenom(ctx) });
  return fromStake;
}

export function about(instance: Instance, service: Service): { readonly [key: string]: string | bigint } {
  return { instance_id: instance.id, service_id: service.id, lease_id: instance.leaseId, provider: instance.provider, consumer: service.consumer };
}

function names(round: ProbeRound, reported: boolean): string {
  return round.probes.filter((probe) => probe.reported === reported).map(({ prober }) => prober).join(",");
}
