/** MsgSubmitEvidence: evidence from an account. No module takes any: CometBFT brings what it has verified itself. */
import { addressBytes, addressText, prefixes } from "../../../codec/address.ts";
import { readAddress } from "../../../runtime/addresses.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import { equivocationUrl, fieldsFault, fromAny, hashOf, hashText, route, toAny } from "../equivocation.ts";
import { errors } from "../errors.ts";
import { equivocations } from "../state.ts";
import type { Equivocation } from "../../../codec/gen/cosmos/evidence/v1beta1/evidence.ts";
import type { MsgSubmitEvidence, MsgSubmitEvidenceResponse } from "../../../codec/gen/cosmos/evidence/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

/** EVIDENCE-4: refused in the SDK's words, whatever it says. */
export const submitEvidence: MessageHandler<MsgSubmitEvidence, MsgSubmitEvidenceResponse> = {
  signers: (message) => [message.submitter],

  check: (message) => void read(message),

  execute(ctx, message) {
    const evidence = read(message);
    if (equivocations.has(ctx, hashOf(evidence))) fail(errors.exists, { hash: hashText(evidence) });
    return fail(errors.noHandler, { route });
  },

  arbitrary({ ctx, accounts, random }) {
    const known = Array.from(equivocations.entries(ctx), ([, evidence]) => evidence);
    const consensusAddress = addressText(addressBytes(random.pick(accounts)), prefixes.consensus);
    const made = { height: random.bigint(20n), time: { seconds: ctx.timeSeconds - random.bigint(100n), nanos: 0 }, power: 1n, consensusAddress };
    const evidence = known.length > 0 && random.chance(30) ? random.pick(known) : made;
    return { submitter: random.pick(accounts), evidence: random.chance(10) ? undefined : toAny(evidence) };
  },
};

/** Fails with sdk 7, sdk 29 and evidence 3. */
function read({ submitter, evidence: any }: MsgSubmitEvidence): Equivocation {
  readAddress(submitter, "invalid submitter address");
  if (any === undefined) fail(errors.invalid, { what: "missing evidence" });
  const evidence = fromAny(any) ?? fail(sdkErrors.invalidType, `${any.typeUrl.slice(0, 200)} is no evidence: there is ${equivocationUrl}`);
  const fault = fieldsFault(evidence);
  if (fault !== undefined) fail(errors.invalid, { what: `failed basic validation: ${fault}` });
  return evidence;
}
