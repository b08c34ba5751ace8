/** MsgUpdateParams: governance replaces the parameters. What is there beyond new bounds stays. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { requireAuthority } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { emit } from "../events.ts";
import { paramsFault } from "../params.ts";
import { params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { OrganizationPorts } from "../module.ts";

export function updateParams({ authority }: OrganizationPorts): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
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
      emit(ctx, "EventParamsUpdated", { authority });
      return {};
    },

    arbitrary: ({ ctx, random }) => ({ authority, params: { ...params.get(ctx), maxMembers: 4 + random.int(300), maxMemberships: random.int(70) } }),
  };
}
