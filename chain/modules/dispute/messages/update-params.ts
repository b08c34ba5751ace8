/** MsgUpdateParams: governance replaces the parameters. Cases keep what was in force when they were opened. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/dcm/dispute/v1/tx.ts";
import { requireAuthority } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { localnetParams, paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { DisputePorts } from "../ports.ts";

export function updateParams({ authority }: DisputePorts): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      requireAuthority(message.authority, authority);
      const what = paramsFault(message.params);
      if (what !== undefined) fail(errors.badParams, { what });
    },

    execute(ctx, message) {
      params.set(ctx, message.params!);
      ctx.emit("dcm.dispute.v1.EventParamsUpdated", { authority });
      return {};
    },

    arbitrary({ ctx, random }) {
      const { jurorFee, jurorStake, depositPerByte } = params.get(ctx);
      return { authority, params: { ...localnetParams(), jurySize: random.pick([1, 3, 3, 2]), maxAppeals: random.int(3), jurorFee, jurorStake, depositPerByte, incoherentBps: random.int(5_001), absentBps: random.int(5_001), maxSweep: random.pick([10, 500]) } };
    },
  };
}
