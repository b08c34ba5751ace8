/** MsgUpdateParams: the governance account replaces the parameters. */
import { Dec } from "../../../math/dec.ts";
import { authority, requireAuthority } from "../../../runtime/addresses.ts";
import { failPlain } from "../../../runtime/errors.ts";
import { brickFault, paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/cosmos/mint/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const updateParams: MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> = {
  signers: (message) => [message.authority],

  check(message) {
    requireAuthority(message.authority);
    const fault = message.params === undefined ? "params are missing" : (paramsFault(message.params) ?? brickFault(message.params));
    if (fault !== undefined) failPlain(fault);
  },

  execute(ctx, message) {
    params.set(ctx, message.params!);
    return {};
  },

  arbitrary({ ctx, random }) {
    const hundredths = (most: number): string => Dec.withPrecision(BigInt(random.int(most)), 2).toProto();
    return { authority, params: { ...params.get(ctx), inflationRateChange: hundredths(102), inflationMax: hundredths(60), inflationMin: hundredths(20), goalBonded: hundredths(101), blocksPerYear: 9_900n + random.bigint(1_000n) } };
  },
};
