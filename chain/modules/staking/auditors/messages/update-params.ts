/** MsgUpdateParams: governance replaces the parameters. What was signed under other ones stays as it is. */
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import { requireAuthority } from "../../../../runtime/addresses.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { defaultParams, paramsFault } from "../params.ts";
import { accreditations, bonds, params } from "../state.ts";

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
      if (next.bondDenom !== old.bondDenom && bonds.first(ctx) !== undefined) {
        fail(errors.badParams, { what: `bond_denom stays ${old.bondDenom} while there are auditors: their bonds and deposits are in it` });
      }
      params.set(ctx, next);
      if (next.minBond !== old.minBond) for (const auditor of [...accreditations.entries(ctx)].map(([address]) => address)) keeper.tell(ctx, auditor);
      ctx.emit("dcm.auditor.v1.EventParamsUpdated", { authority });
      return {};
    },

    arbitrary({ ctx, random }) {
      const { bondDenom, unbondingTimeMs, minBond } = params.get(ctx);
      return { authority, params: { ...defaultParams(), bondDenom, unbondingTimeMs, minBond: random.chance(50) ? minBond : String(500n + random.bigint(1_000n)), maxAttestationsPerKey: 1 + random.int(3), depositPerByte: random.bigint(5n) } };
    },
  };
}
