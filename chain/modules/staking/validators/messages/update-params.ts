/** MsgUpdateParams: the governance account replaces the parameters. */
import { authority, requireAuthority } from "../../../../runtime/addresses.ts";
import { failPlain } from "../../../../runtime/errors.ts";
import { brickFault, paramsFault } from "../params.ts";
import { params, setChanged } from "../state.ts";
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";

export const updateParams: MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> = {
  signers: (message) => [message.authority],

  check(message) {
    requireAuthority(message.authority);
    const fault = message.params === undefined ? "params are missing" : (paramsFault(message.params) ?? brickFault(message.params));
    if (fault !== undefined) failPlain(fault);
  },

  execute(ctx, message) {
    const before = params.get(ctx);
    const after = message.params!;
    if (after.bondDenom !== before.bondDenom) failPlain(`the bond denom is ${before.bondDenom} while stake of it lies in the pools; it cannot become ${after.bondDenom}`);
    params.set(ctx, after);
    if (after.maxValidators !== before.maxValidators) setChanged.set(ctx, true);
    return {};
  },

  arbitrary({ ctx, random }) {
    const before = params.get(ctx);
    return {
      authority,
      params: { ...before, unbondingTime: { seconds: 1n + random.bigint(100n), nanos: 0 }, maxValidators: 1 + random.int(5), maxEntries: random.int(8), historicalEntries: random.int(50) },
    };
  },
};
