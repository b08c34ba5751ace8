/** MsgAppeal: who lost a round asks for a larger jury, and pays for it. The new round begins with evidence. */
import type { MsgAppeal, MsgAppealResponse } from "../../../codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState } from "../../../codec/gen/dcm/dispute/v1/types.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryCase } from "../arbitrary.ts";
import { loadCase, payRound, saveCase } from "../cases.ts";
import { canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit, verdictName } from "../events.ts";
import { mayAppeal, partiesOf, sideOf } from "../machine.ts";
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
      if (!mayAppeal(one)) fail(errors.lastRound, { id: one.id, rounds: one.rounds.length });
      const { outcome, seats: last } = one.rounds.at(-1)!;
      // Without a verdict both may ask for one.
      if (outcome === side) fail(errors.notLoser, { id: one.id, signer: party, outcome: `for the ${verdictName(outcome)}` });
      const terms = one.terms!;
      const round = payRound(ctx, ports, terms, { count: seatsAfter(last), payer: party, side, bytes: 0 });
      const number = one.rounds.length;
      emit(ctx, "EventAppealed", { case_id: one.id, round: number, party, side: verdictName(side), seats: round.seats, fee: round.fee });
      saveCase(ctx, one, { ...one, rounds: [...one.rounds, round], state: CaseState.CASE_STATE_EVIDENCE, dueTau: ports.clock.tau(ctx) + terms.evidenceDue });
      return { round: number, fee: round.fee, storageDeposit: round.storageDeposit };
    },

    arbitrary(world) {
      const { accounts, random } = world;
      const one = arbitraryCase(world, CaseState.CASE_STATE_APPEAL);
      const losers = one === undefined || !mayAppeal(one) ? [] : partiesOf(one).filter((party) => accounts.includes(party) && sideOf(one, party) !== one.rounds.at(-1)!.outcome);
      return one === undefined || losers.length === 0 ? undefined : { party: random.chance(95) ? random.pick(losers) : random.pick(accounts), caseId: one.id };
    },
  };
}
