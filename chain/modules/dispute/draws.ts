/** Who sits in a round: drawn by free bond at the end of the block whose seed it waits for. */
import { CaseState, Verdict, type Case } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { addressText } from "../../codec/address.ts";
import { concatBytes, uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { saveCase, stuck } from "./cases.ts";
import { emit } from "./events.ts";
import { partiesOf } from "./machine.ts";
import { cases, drawQueue, firstKeys, params, seats, seatsByJuror, valuesIn, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { DisputePorts } from "./ports.ts";

/** Blocks until a round that lacks jurors looks again. */
const retryBlocks = 5n;
const label = utf8("dcm/jury/draw/v1");

/** Jurors that a draw looks at, at most. */
const picksFor = (count: number): number => 4 * count + 16;

/** Draws the rounds whose turn it is; where the beacon has no seed of this block, the next one's serves. */
export function drawJuries(ctx: Context, ports: DisputePorts): void {
  const { maxSweep } = params.get(ctx);
  const ready = firstKeys(ctx, drawQueue, uint64Bytes(ctx.height + 1n), maxSweep);
  const seed = ready.length === 0 ? undefined : ports.beacon.seed(ctx, ctx.height);
  if (seed === undefined) return;
  let room = maxSweep;
  for (const [, id] of ready) {
    if (room <= 0) return;
    const one = cases.find(ctx, id)!;
    room -= one.rounds.at(-1)!.seats;
    if (ctx.isolate(`dispute: draw of case ${id}`, (item) => drawJury(item, ports, one, seed))) continue;
    const failures = one.failures + 1;
    ctx.isolate(`dispute: draw of case ${id}, to be put off`, (item) => stuck(item, one, { ...one, failures, seedHeight: ctx.height + (retryBlocks << BigInt(Math.min(failures, 10))) }));
  }
}

function drawJury(ctx: Context, ports: DisputePorts, one: Case, seed: Uint8Array): void {
  const round = one.rounds.length - 1;
  const { seats: wanted } = one.rounds[round]!;
  const seated = valuesIn(ctx, seats, within.round(one.id, round)).length;
  const drawn = ports.jurors.draw(ctx, {
    seed, subject: concatBytes(label, uint64Bytes(one.id), uint64Bytes(BigInt(round))), seats: wanted - seated, picks: picksFor(wanted), stake: BigInt(one.terms!.jurorStake), mayServe: panel(ctx, ports, one),
  });
  for (const juror of drawn) {
    const text = addressText(juror);
    seats.set(ctx, [one.id, round, juror], { caseId: one.id, round, juror: text, commitment: new Uint8Array(0), vote: Verdict.VERDICT_UNSPECIFIED, stake: one.terms!.jurorStake, reward: "0", slashed: "0" });
    seatsByJuror.set(ctx, [juror, one.id, round], true);
    emit(ctx, "EventJurorSeated", { case_id: one.id, round, juror: text, stake: one.terms!.jurorStake, seed_height: ctx.height });
  }
  if (seated + drawn.length < wanted) saveCase(ctx, one, { ...one, seedHeight: ctx.height + retryBlocks });
  else saveCase(ctx, one, { ...one, state: CaseState.CASE_STATE_COMMIT, dueTau: ports.clock.tau(ctx) + one.terms!.commitDue, seedHeight: 0n });
}

/**
 * Who may sit: no party, nobody that sat in this case before, nobody that shares an organization with a party or with another juror of the round. An account is of an organization where both
 * agreed on it, so nobody keeps jurors away by naming them. Remembers whom it let in.
 */
function panel(ctx: Context, ports: DisputePorts, one: Case): (juror: Uint8Array) => boolean {
  const parties = partiesOf(one);
  const organizationsOf = (account: string): readonly string[] => ports.organizations.organizationsOf(ctx, account);
  const taken = new Set([one.organization, ...one.providerOrganizations, ...parties.flatMap(organizationsOf)]);
  const before = valuesIn(ctx, seats, within.case(one.id));
  for (const { round, juror } of before) if (round === one.rounds.length - 1) for (const name of organizationsOf(juror)) taken.add(name);
  const barred = new Set([...parties, ...before.map(({ juror }) => juror)]);
  return (address) => {
    const juror = addressText(address);
    const own = organizationsOf(juror);
    if (barred.has(juror) || own.some((name) => taken.has(name))) return false;
    for (const name of own) taken.add(name);
    return true;
  };
}
