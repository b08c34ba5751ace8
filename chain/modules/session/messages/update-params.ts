/** MsgUpdateParams: governance replaces the parameters. Sessions that were granted under others stay as they are. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/dcm/session/v1/tx.ts";
import { requireAuthority } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { paramsUpdated } from "../events.ts";
import { defaultParams, paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { SessionPorts } from "../ports.ts";

export function updateParams({ authority }: SessionPorts): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
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

    arbitrary: ({ random }) => ({ authority, params: { ...defaultParams(), maxSessions: 1 + random.int(32), maxMessages: 1 + random.int(40), maxSweep: random.pick([9, 10, 500]) } }),
  };
}
