/** MsgUpdateParams: governance replaces the parameters. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/dcm/beacon/v1/tx.ts";
import { requireAuthority } from "../../../runtime/addresses.ts";
import { fail } from "../../../runtime/errors.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import { errors } from "../errors.ts";
import { bounds, paramsFault } from "../params.ts";
import { params } from "../state.ts";

export function updateParams(authority: string): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      requireAuthority(message.authority, authority);
      const what = paramsFault(message.params);
      if (what !== undefined) fail(errors.badParams, { what });
    },

    execute(ctx, message) {
      params.set(ctx, message.params!);
      ctx.emit("dcm.beacon.v1.EventParamsUpdated", { authority });
      return {};
    },

    arbitrary({ random }) {
      const [least] = bounds.seedsKept;
      return { authority, params: { seedsKept: least - 1n + random.bigint(1_000n), keyActivationDelayBlocks: 1n + random.bigint(100n) } };
    },
  };
}
