/** MsgUpdateParams: the governance account replaces the parameters. */
import { Dec } from "../../../math/dec.ts";
import { authority, requireAuthority } from "../../../runtime/addresses.ts";
import { fail, failPlain, sdkErrors } from "../../../runtime/errors.ts";
import { hasProposerReward, paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/cosmos/distribution/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const updateParams: MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> = {
  signers: (message) => [message.authority],

  check(message) {
    requireAuthority(message.authority);
    if (message.params === undefined) failPlain("params are missing");
    if (hasProposerReward(message.params)) fail(sdkErrors.invalidRequest, "cannot update base or bonus proposer reward because these are deprecated fields");
    const fault = paramsFault(message.params);
    if (fault !== undefined) failPlain(fault);
  },

  execute(ctx, message) {
    params.set(ctx, message.params!);
    return {};
  },

  arbitrary: ({ random }) => ({
    authority, params: { communityTax: Dec.withPrecision(BigInt(random.int(102)), 2).toProto(), baseProposerReward: random.chance(5) ? "1" : "0", bonusProposerReward: "0", withdrawAddrEnabled: random.chance(80) },
  }),
};
