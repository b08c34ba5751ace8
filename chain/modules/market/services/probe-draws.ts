/**
 * Who probes: three providers of distinct organizations (two where the market has no third), by free bond with the share cap, with the seed of a later block. No salt of the consumer is mixed in: what a draw could be bent for
 * is the set of probers, a proposer can only withhold its block for that, and a consumer that salted could only choose among draws itself.
 */
import type { Instance, ProbeRound, Service } from "../../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes, addressText } from "../../../codec/address.ts";
import { uint64Bytes, utf8 } from "../../../codec/bytes.ts";
import { sha256 } from "../../../codec/hash.ts";
import { assert } from "../../../runtime/errors.ts";
import { loadService } from "../bids.ts";
import { choose, type Weighable } from "../draws.ts";
import { emit } from "../events.ts";
import { Mandates } from "../guards.ts";
import { currentParams } from "../params.ts";
import { collect, instances, probeDraws, probeRounds, probesByProber, within } from "../state.ts";
import { leastReports, probersOfRound } from "./probes.ts";
import { about } from "./rounds.ts";
import { membershipsIn } from "../../organization/ports.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MarketPorts } from "../ports.ts";

/** Providers that the draws of one block choose from: of more, those behind an address that the seed names. */
const maxCandidates = 200;

interface Candidate extends Weighable {
  readonly provider: string;
}

/** At the end of a block: at most `max_draws` rounds that waited for its seed. Where the beacon has none, the next block's serves. */
export function drawProbers(ctx: Context, ports: MarketPorts): void {
  const waiting = collect(ctx, probeDraws, currentParams(ctx).params.maxDraws, undefined, within.id(ctx.height + 1n));
  if (waiting.length === 0) return;
  const seed = ports.beacon.seed(ctx, ctx.height);
  if (seed === undefined) return;
  const membershipsOf = membershipsIn(ctx, ports.organizations);
  const candidates = candidatesOf(ctx, ports, seed, membershipsOf);
  const mandates = new Mandates(ctx, ports);
  for (const [[height, id]] of waiting) {
    probeDraws.remove(ctx, [height, id]);
    ctx.isolate(`market: probe draw of instance ${id}`, (item) => drawRound(item, ports, id, candidates, seed, mandates, membershipsOf));
  }
}

function candidatesOf(ctx: Context, ports: MarketPorts, seed: Uint8Array, membershipsOf: (account: string) => readonly string[]): readonly Candidate[] {
  return ports.providers.activeFrom(ctx, sha256(seed, utf8("probers")).slice(0, 20), maxCandidates)
    .map(({ address, organization, free }) => ({ provider: addressText(address), organization, memberships: membershipsOf(addressText(address)), weight: free }))
    .sort((a, b) => (a.provider < b.provider ? -1 : 1));
}

function drawRound(ctx: Context, ports: MarketPorts, id: bigint, candidates: readonly Candidate[], seed: Uint8Array, mandates: Mandates, membershipsOf: (account: string) => readonly string[]): void {
  const round = probeRounds.find(ctx, id);
  const instance = instances.find(ctx, id);
  assert(round !== undefined && instance !== undefined, `a probe draw waits for instance ${id}, which has no round`);
  const service = loadService(ctx, instance.serviceId);
  const parties = partiesOf(ctx, ports, instance, service, membershipsOf);
  const own = sha256(seed, utf8("probe"), uint64Bytes(id), uint64Bytes(round.round));
  const guard = mandates.guardOf(service.organization);
  const others = candidates.filter(({ provider, organization, memberships }) => !parties.has(provider) && !parties.has(organization) && !memberships.some((one) => parties.has(one)));
  const answers = others.map(({ provider }) => guard === undefined || guard.admits({ owner: provider }));
  // No policy alone takes all that a block may read for policies; after several, a round waits for the next block's seed.
  if (answers.includes(undefined)) {
    probeDraws.set(ctx, [round.seedHeight, id], true);
    return;
  }
  const eligible = others.filter((_, i) => answers[i]);
  const { shareCapBps } = currentParams(ctx).params;
  const chosen = choose(eligible, probersOfRound, own, shareCapBps) ?? choose(eligible, leastReports, own, shareCapBps) ?? [];
  const drawn: ProbeRound = { ...round, drawn: true, seedHeight: ctx.height, probes: chosen.map(({ provider }) => ({ prober: provider, reported: false, available: false, latencyMs: 0n })) };
  probeRounds.set(ctx, id, drawn);
  for (const { provider } of chosen) probesByProber.set(ctx, [addressBytes(provider), id], true);
  emit(ctx, "EventProbeDrawn", { ...about(instance, service), round: round.round, seed_height: ctx.height, probers: chosen.map(({ provider }) => provider).join(","), due_tau: round.dueTau });
}

/** Accounts and organizations that have an interest in what is found. */
function partiesOf(ctx: Context, ports: MarketPorts, instance: Instance, service: Service, membershipsOf: (account: string) => readonly string[]): ReadonlySet<string> {
  const accounts = [instance.provider, service.consumer, service.payer];
  const organizations = accounts.map((account) => ports.providers.find(ctx, addressBytes(account))?.organization ?? account);
  return new Set([...accounts, ...accounts.flatMap(membershipsOf), ...organizations, instance.providerOrganization, ...(service.organization === "" ? [] : [service.organization])]);
}
