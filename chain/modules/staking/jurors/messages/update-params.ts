/** MsgUpdateParams: governance replaces the parameters. Entries on their way out keep their due time. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../../codec/gen/dcm/juror/v1/tx.ts";
import { requireAuthority } from "../../../../runtime/addresses.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { defaultParams, paramsFault } from "../params.ts";
import { bonds, params } from "../state.ts";

export function updateParams(keeper: Keeper): MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> {
  const { authority } = keeper.ports;
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
      const held = bonds.first(ctx) !== undefined;
      if (next.bondDenom !== old.bondDenom && held) fail(errors.badParams, { what: `bond_denom stays ${old.bondDenom} while there are jurors: their bonds are in it` });
      params.set(ctx, next);
      ctx.emit("dcm.juror.v1.EventParamsUpdated", { authority });
      return {};
    },

    arbitrary({ ctx, random }) {
      const { bondDenom, minBond, unbondingTimeMs } = params.get(ctx);
      return { authority, params: { ...defaultParams(), bondDenom, minBond, unbondingTimeMs, maxUnbondingEntries: 1 + random.int(8) } };
    },
  };
}
