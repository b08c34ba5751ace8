/** MsgReportProbe: what a drawn prober saw. Costs its gas; providers report because their record counts what they owe. */
import type { MsgReportProbe, MsgReportProbeResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit } from "../events.ts";
import { inRange } from "../params.ts";
import { about } from "../services/rounds.ts";
import { heldInstance } from "../services/services.ts";
import { longestLatency } from "../services/sla.ts";
import { probeRounds, probesByProber, within } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function reportProbe(ports: MarketPorts): MessageHandler<MsgReportProbe, MsgReportProbeResponse> {
  return {
    signers: (message) => [message.prober],

    check(message) {
      canonical(message.prober, "prober");
      inRange("latency_ms", message.latencyMs, 0n, message.available ? longestLatency : 0n);
    },

    execute(ctx, message) {
      const prober = canonical(message.prober, "prober");
      const { instance, service } = heldInstance(ctx, ports, message.instanceId);
      const round = probeRounds.find(ctx, instance.id);
      if (round?.round !== message.round) fail(errors.unknownRound, { id: instance.id, round: message.round, current: round?.round });
      const tau = ports.clock.tau(ctx);
      if (tau > round.dueTau) fail(errors.reportLate, { id: instance.id, round: round.round, due: round.dueTau, tau });
      const own = round.probes.find((probe) => probe.prober === prober);
      if (own === undefined) fail(errors.notProber, { id: instance.id, round: round.round, prober });
      if (own.reported) fail(errors.reportedAlready, { id: instance.id, round: round.round, prober });
      const { available, latencyMs } = message;
      probeRounds.set(ctx, instance.id, { ...round, probes: round.probes.map((probe) => (probe === own ? { prober, reported: true, available, latencyMs } : probe)) });
      probesByProber.remove(ctx, [addressBytes(prober), instance.id]);
      emit(ctx, "EventProbeReported", { ...about(instance, service), round: round.round, prober, available: String(available), latency_ms: latencyMs });
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const owed = accounts.flatMap((prober) => Array.from(probesByProber.entries(ctx, { within: within.address(addressBytes(prober)) }), ([[, instanceId]]) => ({ prober, instanceId })));
      if (owed.length === 0) return undefined;
      const { prober, instanceId } = random.pick(owed);
      const available = random.chance(60);
      return { prober, instanceId, round: probeRounds.find(ctx, instanceId)!.round, available, latencyMs: available ? random.bigint(1_000n) : 0n };
    },
  };
}
