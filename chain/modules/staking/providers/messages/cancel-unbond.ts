/** MsgCancelUnbond: one unbonding entry becomes free bond again. */
import type { MsgCancelUnbond, MsgCancelUnbondResponse } from "../../../../codec/gen/dcm/staking/v1/tx.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { operatorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { unbondings } from "../state.ts";

export function cancelUnbond(keeper: Keeper): MessageHandler<MsgCancelUnbond, MsgCancelUnbondResponse> {
  return {
    signers: signerOf,

    check: (message) => void operatorOf(message),

    execute(ctx, message) {
      const address = operatorOf(message);
      const { bond, liveness } = keeper.require(ctx, address);
      if (liveness.retiring) fail(errors.retiring);
      const entry = unbondings.find(ctx, [address, message.id]);
      if (entry === undefined) fail(errors.noUnbonding, { id: message.id });
      keeper.removeEntry(ctx, address, entry);
      keeper.setStanding(ctx, address, { ...bond, unbonding: bond.unbonding - BigInt(entry.amount) });
      keeper.emit(ctx, "UnbondingCancelled", address, { id: String(entry.id), amount: entry.amount });
      keeper.changed(ctx, address);
      return {};
    },

    arbitrary({ ctx, random }) {
      const open = [...unbondings.entries(ctx)].map(([, entry]) => entry);
      if (open.length === 0) return undefined;
      const { provider, id } = random.pick(open);
      return { operator: provider, id: random.chance(90) ? id : id + 1n };
    },
  };
}
