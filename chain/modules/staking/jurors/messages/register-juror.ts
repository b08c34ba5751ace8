/** MsgRegisterJuror: an account becomes a juror, with a profile and a first bond. It may be drawn from the next block on. */
import type { MsgRegisterJuror, MsgRegisterJurorResponse } from "../../../../codec/gen/dcm/juror/v1/tx.ts";
import { addressBytes, addressText } from "../../../../codec/address.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryProfile } from "../arbitrary.ts";
import { bondAmount, checkAmount, checkProfile, jurorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { bonds, params, profiles } from "../state.ts";
import { capacity, takePlace } from "../weights.ts";

export function registerJuror(keeper: Keeper): MessageHandler<MsgRegisterJuror, MsgRegisterJurorResponse> {
  return {
    signers: signerOf,

    check(message) {
      jurorOf(message);
      checkProfile(message.profile);
      checkAmount(message.bond, "bond");
    },

    execute(ctx, message) {
      const address = jurorOf(message);
      const juror = addressText(address);
      // One whose last bond is due has left, swept or not.
      keeper.settle(ctx, address);
      const old = keeper.findBond(ctx, address);
      if (old?.retiring === true) fail(errors.retiring, { juror });
      if (old !== undefined) fail(errors.exists, { juror });
      const amount = bondAmount(ctx, message.bond);
      const least = keeper.minBond(ctx);
      if (amount < least) fail(errors.underbonded, { bond: amount, least });
      if (!takePlace(ctx, address)) fail(errors.full, { most: capacity });
      profiles.set(ctx, address, message.profile!);
      keeper.setBond(ctx, address, { total: 0n, locked: 0n, unbonding: 0n, retiring: false });
      keeper.deposit(ctx, address, amount);
      keeper.emit(ctx, "JurorRegistered", address, { moniker: message.profile!.moniker, bond: String(amount) });
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      if (accounts.length === 0) return undefined;
      const wanted = accounts.filter((account) => !bonds.has(ctx, addressBytes(account)));
      const { bondDenom, minBond } = params.get(ctx);
      const juror = random.pick(wanted.length === 0 || random.chance(10) ? accounts : wanted);
      return { juror, profile: arbitraryProfile(random), bond: { denom: bondDenom, amount: String(BigInt(minBond) + random.bigint(100_000n)) } };
    },
  };
}
