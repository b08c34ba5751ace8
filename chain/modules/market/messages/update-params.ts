/** MsgUpdateParams: a new version of the parameters, for what is agreed from now on. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { requireAuthority } from "../authority.ts";
import { errors } from "../errors.ts";
import { emit } from "../events.ts";
import { addParams, paramsFault } from "../params.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function updateParams(ports: MarketPorts): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
  return {
    signers: (message) => [message.authority],
    check(message) {
      if (message.params === undefined) fail(errors.invalidField, { field: "params", value: "missing", limit: "given, all of them" });
      const fault = paramsFault(message.params);
      if (fault !== undefined) throw fault;
    },
    execute(ctx, message) {
      requireAuthority(ports, message.authority);
      const paramsVersion = addParams(ctx, message.params!);
      emit(ctx, "EventParamsUpdated", { params_version: paramsVersion });
      return { paramsVersion };
    },
    arbitrary: () => undefined,
  };
}
