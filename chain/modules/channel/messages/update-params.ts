/** MsgUpdateParams: governance replaces the parameters, for channels opened from now on. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/dcm/channel/v1/tx.ts";
import { requireAuthority } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { paramsUpdated } from "../events.ts";
import { defaultParams, paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ChannelPorts } from "../ports.ts";

export function updateParams({ authority }: ChannelPorts): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      if (message.params === undefined) fail(errors.invalidField, { field: "params", value: "missing", limit: "given, all of them" });
      const fault = paramsFault(message.params);
      if (fault !== undefined) throw fault;
    },

    execute(ctx, message) {
      requireAuthority(message.authority, authority);
      params.set(ctx, message.params!);
      paramsUpdated(ctx, authority);
      return {};
    },

    arbitrary: ({ random }) => ({ authority, params: { ...defaultParams(), minClosingPeriod: 1_000n + random.bigint(5_000n), closingPeriod: 6_000n + random.bigint(20_000n), feeBps: random.int(1_002) } }),
  };
}
