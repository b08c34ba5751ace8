/** What parties showed: the chain keeps hash and address, jurors fetch and compare. */
import type { Case } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { fail } from "../../runtime/errors.ts";
import { collect, evidenceBytes } from "./cases.ts";
import { errors } from "./errors.ts";
import { emit } from "./events.ts";
import { evidence, params, valuesIn, within } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { DisputePorts } from "./ports.ts";

/** Takes the deposit and writes the piece; gives the case that counts it, for the caller to store. */
export function addEvidence(ctx: Context, ports: DisputePorts, one: Case, party: string, { hash, url }: { readonly hash: Uint8Array; readonly url: string }): { readonly after: Case; readonly deposit: bigint } {
  const most = one.terms!.maxEvidence;
  if (valuesIn(ctx, evidence, within.case(one.id)).filter((piece) => piece.party === party).length >= most) fail(errors.tooMuchEvidence, { id: one.id, most });
  const deposit = BigInt(evidenceBytes + url.length) * params.get(ctx).depositPerByte;
  collect(ctx, ports, party, deposit);
  const number = one.evidence + 1;
  evidence.set(ctx, [one.id, number], { caseId: one.id, number, party, hash, url, tau: ports.clock.tau(ctx), storageDeposit: String(deposit) });
  emit(ctx, "EventEvidenceSubmitted", { case_id: one.id, number, party, url });
  return { after: { ...one, evidence: number }, deposit };
}
