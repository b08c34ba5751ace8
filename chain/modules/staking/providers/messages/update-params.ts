/** MsgUpdateParams: governance replaces the parameters. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../../codec/gen/dcm/staking/v1/tx.ts";
import { requireAuthority } from "../../../../runtime/addresses.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { errors } from "../errors.ts";
import { defaultParams, paramsFault } from "../params.ts";
import { params } from "../state.ts";
import { startRecheck } from "../sweeps.ts";

export function updateParams(authority: string): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      requireAuthority(message.authority, authority);
      const what = paramsFault(message.params);
      if (what !== undefined) fail(errors.badParams, { what });
    },

    execute(ctx, message) {
      const old = params.get(ctx);
      const next = message.params!;
      if (next.bondDenom !== old.bondDenom) {
        fail(errors.badParams, { what: `bond_denom stays ${old.bondDenom}, as the genesis says: bonds, jobs and storage deposits are in it` });
      }
      params.set(ctx, next);
      if (next.minBond !== old.minBond || next.heartbeatWindowMs !== old.heartbeatWindowMs) startRecheck(ctx);
      ctx.emit("dcm.staking.v1.EventParamsUpdated", { authority });
      return {};
    },

    arbitrary({ ctx, random }) {
      return { authority, params: { ...defaultParams(), bondDenom: params.get(ctx).bondDenom, freeDeclines: random.int(102), heartbeatWindowMs: 500n + random.bigint(600_000n) } };
    },
  };
}
