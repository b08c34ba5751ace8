/** MsgCommitVote: a drawn juror commits to a vote that nobody else can read. */
import type { MsgCommitVote, MsgCommitVoteResponse } from "../../../codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState } from "../../../codec/gen/dcm/dispute/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { arbitrarySeat } from "../arbitrary.ts";
import { loadCase, loadSeat, saveCase } from "../cases.ts";
import { canonical, size } from "../checks.ts";
import { emit } from "../events.ts";
import { beginReveal, withRound } from "../machine.ts";
import { seats } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { DisputePorts } from "../ports.ts";

export function commitVote(ports: DisputePorts): MessageHandler<MsgCommitVote, MsgCommitVoteResponse> {
  return {
    lane: "reserved",

    signers: (message) => [message.juror],

    check(message) {
      canonical(message.juror, "juror");
      size("commitment", message.commitment, 32);
    },

    execute(ctx, message) {
      const juror = canonical(message.juror, "juror");
      const address = addressBytes(juror);
      const one = loadCase(ctx, ports, message.caseId, CaseState.CASE_STATE_COMMIT, "votes are committed after the jury is drawn and before they are opened");
      const seat = loadSeat(ctx, one, address, juror);
      seats.set(ctx, [one.id, seat.round, address], { ...seat, commitment: message.commitment });
      emit(ctx, "EventVoteCommitted", { case_id: one.id, round: seat.round, juror });
      if (seat.commitment.length > 0) return {};
      const round = one.rounds.at(-1)!;
      const counted = { ...one, rounds: withRound(one, { committed: round.committed + 1 }) };
      saveCase(ctx, one, round.committed + 1 === round.seats ? beginReveal(counted, ports.clock.tau(ctx)) : counted);
      return {};
    },

    arbitrary(world) {
      const found = arbitrarySeat(world, CaseState.CASE_STATE_COMMIT, ({ commitment }) => commitment.length === 0);
      return found === undefined ? undefined : { juror: found.seat.juror, caseId: found.one.id, commitment: new Uint8Array(32) };
    },
  };
}
