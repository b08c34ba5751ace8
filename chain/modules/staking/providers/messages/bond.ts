/** MsgBond: adds to a provider's bond; the new part is free. */
import type { MsgBond, MsgBondResponse } from "../../../../codec/gen/dcm/staking/v1/tx.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { bondAmount, checkAmount, operatorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { arbitraryOperator } from "../profile.ts";
import { params } from "../state.ts";

export function bond(keeper: Keeper): MessageHandler<MsgBond, MsgBondResponse> {
  return {
    signers: signerOf,

    check(message) {
      operatorOf(message);
      checkAmount(message.amount, "amount");
    },

    execute(ctx, message) {
      const address = operatorOf(message);
      const { liveness } = keeper.require(ctx, address);
      if (liveness.retiring) fail(errors.retiring);
      const amount = bondAmount(ctx, message.amount);
      keeper.deposit(ctx, address, amount);
      keeper.emit(ctx, "ProviderBonded", address, { amount: String(amount) });
      keeper.changed(ctx, address);
      return {};
    },

    arbitrary(world) {
      const operator = arbitraryOperator(world);
      return operator === undefined ? undefined : { operator, amount: { denom: params.get(world.ctx).bondDenom, amount: String(1n + world.random.bigint(1_000_000n)) } };
    },
  };
}
