/** MsgUpdateParams: governance replaces the parameters, for what is agreed from now on. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/dcm/forward/v1/tx.ts";
import { requireAuthority } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { emit } from "../events.ts";
import { paramsFault } from "../params.ts";
import { collect, orders, params, positions } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ForwardPorts } from "../ports.ts";

export function updateParams({ authority }: ForwardPorts): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      if (message.params === undefined) fail(errors.invalidField, { field: "params", value: "missing", limit: "given, all of them" });
      const fault = paramsFault(message.params);
      if (fault !== undefined) throw fault;
    },

    execute(ctx, message) {
      requireAuthority(message.authority, authority);
      const { slotLength: length } = params.get(ctx);
      const inUse = collect(ctx, orders, 1).length + collect(ctx, positions, 1).length > 0;
      if (inUse && message.params!.slotLength !== length) fail(errors.slotLengthFixed, { length });
      params.set(ctx, message.params!);
      emit(ctx, "EventParamsUpdated", { authority });
      return {};
    },

    arbitrary: ({ ctx, random }) => ({ authority, params: { ...params.get(ctx), marginBps: 1 + random.int(10_000), maxSweep: random.pick([10, 500]) } }),
  };
}
