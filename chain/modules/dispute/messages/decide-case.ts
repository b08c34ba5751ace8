/** MsgDecideCase: everybody has voted on a case that was appealed behind its last jury. What is held goes with the verdict at the end of this block or of a later one. */
import type { MsgDecideCase, MsgDecideCaseResponse } from "../../../codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState, Verdict } from "../../../codec/gen/dcm/dispute/v1/types.ts";
import { requireAuthority } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryCase } from "../arbitrary.ts";
import { loadCase, saveCase } from "../cases.ts";
import { errors } from "../errors.ts";
import { emit, verdictName } from "../events.ts";
import { withRound } from "../machine.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { DisputePorts } from "../ports.ts";

export function decideCase(ports: DisputePorts): MessageHandler<MsgDecideCase, MsgDecideCaseResponse> {
  const { authority } = ports;
  return {
    signers: (message) => [message.authority],

    check(message) {
      requireAuthority(message.authority, authority);
      if (message.verdict !== Verdict.VERDICT_CONSUMER && message.verdict !== Verdict.VERDICT_PROVIDER) fail(errors.invalidField, { what: "verdict is VERDICT_CONSUMER or VERDICT_PROVIDER" });
    },

    execute(ctx, { caseId, verdict }) {
      const one = loadCase(ctx, ports, caseId, CaseState.CASE_STATE_VOTE, "governance decides a case that a party appealed behind its last jury, while vote_due lasts");
      if (one.rounds.at(-1)!.outcome !== Verdict.VERDICT_UNSPECIFIED) fail(errors.wrongState, { id: one.id, state: "decided", what: "a vote decided it already" });
      saveCase(ctx, one, { ...one, rounds: withRound(one, { outcome: verdict }), dueTau: ports.clock.tau(ctx) - 1n });
      emit(ctx, "EventCaseDecided", { case_id: one.id, verdict: verdictName(verdict) });
      return {};
    },

    arbitrary(world) {
      const one = arbitraryCase(world, CaseState.CASE_STATE_VOTE);
      return one === undefined ? undefined : { authority, caseId: one.id, verdict: world.random.pick([Verdict.VERDICT_CONSUMER, Verdict.VERDICT_PROVIDER]) };
    },
  };
}
