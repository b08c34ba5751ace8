/** MsgOpenCase: the consumer disputes what is held of a task, and pays for the first jury. */
import type { MsgOpenCase, MsgOpenCaseResponse } from "../../../codec/gen/dcm/dispute/v1/tx.ts";
import { Case, CaseState, Verdict } from "../../../codec/gen/dcm/dispute/v1/types.ts";
import { fail } from "../../../runtime/errors.ts";
import { caseBytes, payRound, saveCase } from "../cases.ts";
import { canonical, checkClaim, checkEvidence } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit } from "../events.ts";
import { addEvidence } from "../evidence.ts";
import { nextCaseId, params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { DisputePorts } from "../ports.ts";

export function openCase(ports: DisputePorts): MessageHandler<MsgOpenCase, MsgOpenCaseResponse> {
  return {
    signers: (message) => [message.consumer],

    check(message) {
      canonical(message.consumer, "consumer");
      checkClaim(message.claim);
      if (message.evidenceHash.length > 0 || message.evidenceUrl !== "") checkEvidence(message.evidenceHash, message.evidenceUrl, "evidence_");
    },

    execute(ctx, message) {
      const consumer = canonical(message.consumer, "consumer");
      const { taskId, claim } = message;
      const pay = ports.holds.find(ctx, taskId);
      if (pay === undefined) fail(errors.noHold, { id: taskId });
      if (pay.consumer !== consumer) fail(errors.notConsumer, { id: taskId, consumer: pay.consumer, signer: consumer });
      if (pay.caseId !== 0n) fail(errors.disputed, { id: taskId, caseId: pay.caseId });
      const tau = ports.clock.tau(ctx);
      if (tau > pay.dueTau) fail(errors.windowOver, { id: taskId, due: pay.dueTau, tau });
      const terms = params.get(ctx);
      const id = nextCaseId.get(ctx);
      nextCaseId.set(ctx, id + 1n);
      const round = payRound(ctx, ports, terms, { count: terms.jurySize, payer: consumer, side: Verdict.VERDICT_CONSUMER, bytes: caseBytes + claim.length });
      const opened = Case.fromPartial({
        id, taskId, jobId: pay.jobId, consumer, payer: pay.payer, organization: pay.organization, providers: pay.providers.map(({ provider }) => provider), providerOrganizations: pay.providers.map(({ organization }) => organization),
        denom: pay.denom, amount: String(pay.amount), defaultShareBps: pay.defaultShareBps, state: CaseState.CASE_STATE_EVIDENCE, dueTau: tau + terms.evidenceDue, rounds: [round], openedTau: tau, terms, claim,
      });
      ports.holds.hold(ctx, taskId, id);
      const shown = message.evidenceHash.length === 0 ? { after: opened, deposit: 0n } : addEvidence(ctx, ports, opened, consumer, { hash: message.evidenceHash, url: message.evidenceUrl });
      emit(ctx, "EventCaseOpened", { case_id: id, task_id: taskId, job_id: pay.jobId, consumer, payer: pay.payer, providers: opened.providers.join(","), amount: opened.amount, denom: pay.denom, fee: round.fee });
      saveCase(ctx, undefined, shown.after);
      return { caseId: id, fee: round.fee, storageDeposit: String(BigInt(round.storageDeposit) + shown.deposit) };
    },

    arbitrary({ ctx, random }) {
      const found = ports.holds.undisputed(ctx, 50);
      if (found.length === 0 || !random.chance(60)) return undefined;
      const { taskId, consumer } = random.pick(found);
      const shows = random.chance(50);
      return { consumer, taskId, claim: random.pick(["", "all pixels are black"]), evidenceHash: new Uint8Array(shows ? 32 : 0), evidenceUrl: shows ? random.pick(["", "https://evidence.example/1"]) : "" };
    },
  };
}
