/** MsgUpdateParams: governance replaces the parameters. Disputes keep the clocks that they were opened under. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/dcm/referee/v1/tx.ts";
import { requireAuthority } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { localnetParams, paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { RefereePorts } from "../ports.ts";

export function updateParams({ authority }: RefereePorts): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      requireAuthority(message.authority, authority);
      const what = paramsFault(message.params);
      if (what !== undefined) fail(errors.badParams, { what });
    },

    execute(ctx, message) {
      params.set(ctx, message.params!);
      ctx.emit("dcm.referee.v1.EventParamsUpdated", { authority });
      return {};
    },

    arbitrary({ ctx, random }) {
      const { minBond } = params.get(ctx);
      return { authority, params: { ...localnetParams(), minBond, maxOpen: random.pick([1, 8, 0]), maxQueued: random.int(65), maxSweep: random.pick([10, 500]) } };
    },
  };
}
