/** MsgRevealVote: a juror opens its vote. With the last one the round is over. */
import type { MsgRevealVote, MsgRevealVoteResponse } from "../../../codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState, Verdict } from "../../../codec/gen/dcm/dispute/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { juryCommitment } from "../../../codec/jury.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitrarySeat } from "../arbitrary.ts";
import { loadCase, loadSeat, saveCase } from "../cases.ts";
import { canonical, size } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit, verdictName } from "../events.ts";
import { endRound, withRound } from "../machine.ts";
import { seats } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { DisputePorts } from "../ports.ts";

export function revealVote(ports: DisputePorts): MessageHandler<MsgRevealVote, MsgRevealVoteResponse> {
  return {
    lane: "reserved",

    signers: (message) => [message.juror],

    check(message) {
      canonical(message.juror, "juror");
      if (message.vote !== Verdict.VERDICT_CONSUMER && message.vote !== Verdict.VERDICT_PROVIDER) fail(errors.invalidField, { what: `vote is consumer or provider, got ${verdictName(message.vote)}` });
      size("salt", message.salt, 32);
    },

    execute(ctx, message) {
      const juror = canonical(message.juror, "juror");
      const { caseId, vote, salt } = message;
      const address = addressBytes(juror);
      const one = loadCase(ctx, ports, caseId, CaseState.CASE_STATE_REVEAL, "votes are opened after all committed or the time for it is over");
      const seat = loadSeat(ctx, one, address, juror);
      if (seat.commitment.length === 0) fail(errors.notCommitted, { id: caseId, signer: juror });
      if (seat.vote !== Verdict.VERDICT_UNSPECIFIED) fail(errors.revealed, { id: caseId, signer: juror });
      if (!equalBytes(seat.commitment, juryCommitment({ caseId, round: seat.round, juror: address, vote, salt }))) fail(errors.otherVote, { id: caseId });
      seats.set(ctx, [caseId, seat.round, address], { ...seat, vote });
      emit(ctx, "EventVoteRevealed", { case_id: caseId, round: seat.round, juror, vote: verdictName(vote) });
      const round = one.rounds.at(-1)!;
      const side = vote === Verdict.VERDICT_CONSUMER ? { forConsumer: round.forConsumer + 1 } : { forProvider: round.forProvider + 1 };
      const counted = { ...one, rounds: withRound(one, { ...side, revealed: round.revealed + 1 }) };
      saveCase(ctx, one, round.revealed + 1 === round.committed ? endRound(counted, ports.clock.tau(ctx)) : counted);
      return {};
    },

    arbitrary(world) {
      const found = arbitrarySeat(world, CaseState.CASE_STATE_REVEAL, ({ commitment, vote }) => commitment.length > 0 && vote === Verdict.VERDICT_UNSPECIFIED);
      return found === undefined ? undefined : { juror: found.seat.juror, caseId: found.one.id, vote: Verdict.VERDICT_CONSUMER, salt: new Uint8Array(32) };
    },
  };
}
