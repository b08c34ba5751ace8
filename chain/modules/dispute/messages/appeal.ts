/** MsgAppeal: who lost a round asks for a larger jury, and pays for it; behind the last jury for a vote of everybody. A jury's round begins with evidence. */
import type { MsgAppeal, MsgAppealResponse } from "../../../codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState } from "../../../codec/gen/dcm/dispute/v1/types.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryCase } from "../arbitrary.ts";
import { loadCase, payRound, saveCase } from "../cases.ts";
import { canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit, verdictName } from "../events.ts";
import { nextInstance, partiesOf, sideOf } from "../machine.ts";
import { seatsAfter } from "../tally.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { DisputePorts } from "../ports.ts";

export function appeal(ports: DisputePorts): MessageHandler<MsgAppeal, MsgAppealResponse> {
  return {
    signers: (message) => [message.party],

    check: (message) => void canonical(message.party, "party"),

    execute(ctx, message) {
      const party = canonical(message.party, "party");
      const one = loadCase(ctx, ports, message.caseId, CaseState.CASE_STATE_APPEAL, "a round is appealed once it has its outcome, while the time for it lasts");
      const side = sideOf(one, party);
      if (side === undefined) fail(errors.notParty, { id: one.id, signer: party });
      const instance = nextInstance(one);
      if (instance === undefined) fail(errors.lastRound, { id: one.id, rounds: one.rounds.length });
      const { outcome, seats: last } = one.rounds.at(-1)!;
      // Without a verdict both may ask for one.
      if (outcome === side) fail(errors.notLoser, { id: one.id, signer: party, outcome: `for the ${verdictName(outcome)}` });
      const terms = one.terms!;
      const paid = payRound(ctx, ports, terms, { count: seatsAfter(last), payer: party, side, bytes: 0 });
      const round = instance === "vote" ? { ...paid, seats: 0 } : paid;
      const number = one.rounds.length;
      emit(ctx, "EventAppealed", { case_id: one.id, round: number, party, side: verdictName(side), seats: round.seats, fee: round.fee });
      const [state, lasts] = instance === "vote" ? [CaseState.CASE_STATE_VOTE, terms.voteDue] as const : [CaseState.CASE_STATE_EVIDENCE, terms.evidenceDue] as const;
      saveCase(ctx, one, { ...one, rounds: [...one.rounds, round], state, dueTau: ports.clock.tau(ctx) + lasts });
      return { round: number, fee: round.fee, storageDeposit: round.storageDeposit };
    },

    arbitrary(world) {
      const { accounts, random } = world;
      const one = arbitraryCase(world, CaseState.CASE_STATE_APPEAL);
      const losers = one === undefined || nextInstance(one) === undefined ? [] : partiesOf(one).filter((party) => accounts.includes(party) && sideOf(one, party) !== one.rounds.at(-1)!.outcome);
      return one === undefined || losers.length === 0 ? undefined : { party: random.chance(95) ? random.pick(losers) : random.pick(accounts), caseId: one.id };
    },
  };
}
