/** MsgOpenCase: the consumer disputes what is held of a task or of a period of an instance, and pays for the first jury. */
import type { MsgOpenCase, MsgOpenCaseResponse } from "../../../codec/gen/dcm/dispute/v1/tx.ts";
import { Case, CaseState, Verdict } from "../../../codec/gen/dcm/dispute/v1/types.ts";
import { fail } from "../../../runtime/errors.ts";
import { caseBytes, payRound, saveCase } from "../cases.ts";
import { canonical, checkClaim, checkEvidence } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit, heldOf } from "../events.ts";
import { addEvidence } from "../evidence.ts";
import { refOf } from "../machine.ts";
import { nextCaseId, params } from "../state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { HeldPay } from "../../market/ports.ts";
import type { DisputePorts } from "../ports.ts";

export function openCase(ports: DisputePorts): MessageHandler<MsgOpenCase, MsgOpenCaseResponse> {
  return {
    signers: (message) => [message.consumer],

    check(message) {
      canonical(message.consumer, "consumer");
      checkClaim(message.claim);
      const { taskId, instanceId, period } = message;
      if ((taskId === 0n) === (instanceId === 0n)) fail(errors.invalidField, { what: `a case is about task_id or instance_id, one of both and the other 0; got ${taskId} and ${instanceId}` });
      if ((period === 0n) !== (instanceId === 0n)) fail(errors.invalidField, { what: `period counts the periods of an instance from 1, a task has none; got ${period}` });
      if (message.evidenceHash.length > 0 || message.evidenceUrl !== "") checkEvidence(message.evidenceHash, message.evidenceUrl, "evidence_");
    },

    execute(ctx, message) {
      const opener = canonical(message.consumer, "consumer");
      const { claim } = message;
      const ref = refOf(message);
      ports.holds.touch(ctx, ref);
      const pay = ports.holds.find(ctx, ref);
      if (pay === undefined) fail(errors.noHold, { ref });
      const { taskId, jobId, serviceId, instanceId, period, consumer, organization } = pay;
      if (!mayOpen(ctx, ports, pay, opener)) fail(errors.notConsumer, { ref, consumer: pay.consumer, signer: opener });
      if (pay.caseId !== 0n) fail(errors.disputed, { ref, caseId: pay.caseId });
      const tau = ports.clock.tau(ctx);
      if (pay.gathersUntil !== 0n) fail(errors.gathering, { ref, until: pay.gathersUntil, tau });
      if (tau > pay.dueTau) fail(errors.windowOver, { ref, due: pay.dueTau, tau });
      const terms = params.get(ctx);
      const id = nextCaseId.get(ctx);
      nextCaseId.set(ctx, id + 1n);
      const round = payRound(ctx, ports, terms, { count: terms.jurySize, payer: opener, side: Verdict.VERDICT_CONSUMER, bytes: caseBytes + claim.length });
      const opened = Case.fromPartial({
        id, taskId, jobId, serviceId, instanceId, period, consumer, opener, payer: pay.payer, organization, providers: pay.providers.map(({ provider }) => provider), providerOrganizations: pay.providers.map(({ organization }) => organization),
        denom: pay.denom, amount: String(pay.amount), defaultShareBps: pay.defaultShareBps, state: CaseState.CASE_STATE_EVIDENCE, dueTau: tau + terms.evidenceDue, rounds: [round], openedTau: tau, terms, claim,
      });
      ports.holds.hold(ctx, ref, id);
      const shown = message.evidenceHash.length === 0 ? { after: opened, deposit: 0n } : addEvidence(ctx, ports, opened, opener, { hash: message.evidenceHash, url: message.evidenceUrl });
      emit(ctx, "EventCaseOpened", { case_id: id, ...heldOf(opened), consumer, opener, payer: pay.payer, providers: opened.providers.join(","), amount: opened.amount, denom: pay.denom, fee: round.fee });
      saveCase(ctx, undefined, shown.after);
      return { caseId: id, fee: round.fee, storageDeposit: String(BigInt(round.storageDeposit) + shown.deposit) };
    },

    arbitrary({ ctx, random }) {
      const found = ports.holds.undisputed(ctx, 50).filter(({ gathersUntil }) => gathersUntil === 0n || random.chance(10));
      if (found.length === 0 || !random.chance(60)) return undefined;
      const { taskId, instanceId, period, consumer } = random.pick(found);
      const shows = random.chance(50);
      return { consumer, taskId, instanceId, period, claim: random.pick(["", "all pixels are black"]), evidenceHash: new Uint8Array(shows ? 32 : 0), evidenceUrl: shows ? random.pick(["", "https://evidence.example/1"]) : "" };
    },
  };
}

/** Whose it is; of an organization's money its owners and admins too, and the consumer as long as it may spend that money [one that was removed, whose hopeless case keeps the organization from its own]. */
function mayOpen(ctx: Context, ports: DisputePorts, { consumer, organization }: HeldPay, opener: string): boolean {
  if (organization === "") return opener === consumer;
  return ports.organizations.manages(ctx, organization, opener) || (opener === consumer && ports.organizations.barred(ctx, organization, opener, { verification: "any" }) === undefined);
}
