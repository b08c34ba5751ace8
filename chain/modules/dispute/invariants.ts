import { CaseState, Verdict, type Case, type Seat } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { addressBytes, addressText } from "../../codec/address.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { owed } from "./accounts.ts";
import { accountName } from "./cases.ts";
import { partiesOf, queuedTau, refOf } from "./machine.ts";
import { cases, casesByParty, drawQueue, dueQueue, evidence, seats, seatsByJuror, valuesIn, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { DisputePorts } from "./ports.ts";

export function disputeInvariants(ports: DisputePorts): Readonly<Record<string, (ctx: Context) => string | undefined>> {
  return {
    account(ctx) {
      const due = owed(values(cases.entries(ctx)), values(evidence.entries(ctx)));
      const held = ports.bank.balance(ctx, ports.accounts.moduleAccount(ctx, accountName), ports.jurors.bondDenom(ctx));
      return held === due ? undefined : `the module account holds ${held}, fees and deposits are ${due}`;
    },
    "stakes-locked"(ctx) {
      const places = Array.from(seatsByJuror.entries(ctx), ([place]) => place);
      let stake = 0n;
      for (const [i, [juror, id, round]] of places.entries()) {
        stake += BigInt(seats.find(ctx, [id, round, juror])?.stake ?? "0");
        const next = places[i + 1]?.[0];
        if (next !== undefined && equalBytes(next, juror)) continue;
        const has = ports.jurors.locked(ctx, juror);
        if (has !== stake) return `${addressText(juror)} has ${stake} at stake in its seats, and ${has} locked`;
        stake = 0n;
      }
      return undefined;
    },
    cases(ctx) {
      for (const [, one] of cases.entries(ctx)) {
        const fault = caseFault(ctx, ports, one);
        if (fault !== undefined) return `case ${one.id}: ${fault}`;
      }
      const sizes = [[count(cases.entries(ctx)), count(dueQueue.entries(ctx))], [count(seats.entries(ctx)), count(seatsByJuror.entries(ctx))]];
      return sizes.every(([a, b]) => a === b) ? undefined : `a queue or an index has more or less than there is: ${sizes.join("; ")}`;
    },
  };
}

function caseFault(ctx: Context, ports: DisputePorts, one: Case): string | undefined {
  const open = one.state !== CaseState.CASE_STATE_CLOSED;
  if ((ports.holds.find(ctx, refOf(one))?.caseId === one.id) !== open) return open ? "its pay waits for no case" : "it is closed and pay waits for it";
  if (!dueQueue.has(ctx, [queuedTau(one), one.id])) return "it is not in the queue";
  if (drawQueue.has(ctx, [one.seedHeight, one.id]) !== (one.state === CaseState.CASE_STATE_DRAWING)) return "it waits for a jury, or the queue says so, and not both";
  if (!partiesOf(one).every((party) => casesByParty.has(ctx, [addressBytes(party), one.id]))) return "a party does not find it";
  for (const [i, round] of one.rounds.entries()) {
    const known = valuesIn(ctx, seats, within.round(one.id, i));
    if (known.length > round.seats) return `round ${i} has ${known.length} seats of ${round.seats}`;
    const counts = [round.committed, round.revealed, round.forConsumer, round.forProvider].join();
    if (counts !== countsOf(known)) return `round ${i} counts ${counts}, its seats ${countsOf(known)}`;
    if (!open && known.some(({ stake }) => stake !== "0")) return `it is closed and a seat of round ${i} is at stake`;
  }
  return undefined;
}

function countsOf(known: readonly Seat[]): string {
  const votes = (vote: Verdict): number => known.filter((seat) => seat.vote === vote).length;
  const [consumer, provider] = [votes(Verdict.VERDICT_CONSUMER), votes(Verdict.VERDICT_PROVIDER)];
  return [known.filter(({ commitment }) => commitment.length > 0).length, consumer + provider, consumer, provider].join();
}

function* values<T>(entries: Iterable<readonly [unknown, T]>): IterableIterator<T> {
  for (const [, value] of entries) yield value;
}

function count(entries: IterableIterator<unknown>): number {
  let n = 0;
  while (entries.next().done !== true) n++;
  return n;
}
