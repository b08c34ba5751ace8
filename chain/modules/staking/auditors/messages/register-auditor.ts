/** MsgRegisterAuditor: an account becomes an auditor, with a profile and a first bond. It may sign once governance has accredited it. */
import type { MsgRegisterAuditor, MsgRegisterAuditorResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import { addressBytes, addressText } from "../../../../codec/address.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { arbitraryProfile } from "../arbitrary.ts";
import { auditorOf, bondAmount, checkAmount, checkProfile, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { accreditations, bonds, params, profiles } from "../state.ts";

export function registerAuditor(keeper: Keeper): MessageHandler<MsgRegisterAuditor, MsgRegisterAuditorResponse> {
  return {
    signers: signerOf,

    check(message) {
      auditorOf(message);
      checkProfile(message.profile);
      checkAmount(message.bond, "bond");
    },

    execute(ctx, message) {
      const address = auditorOf(message);
      const auditor = addressText(address);
      // One whose last bond is due has left, swept or not.
      keeper.settle(ctx, address);
      const old = keeper.findBond(ctx, address);
      if (old?.retiring === true) fail(errors.retiring, { auditor });
      if (old !== undefined) fail(errors.exists, { auditor });
      const amount = bondAmount(ctx, message.bond);
      const least = keeper.minBond(ctx);
      if (amount < least) fail(errors.underbonded, { bond: amount, least });
      profiles.set(ctx, address, message.profile!);
      keeper.setBond(ctx, address, { total: 0n, unbonding: 0n, retiring: false });
      keeper.deposit(ctx, address, amount);
      keeper.emit(ctx, "AuditorRegistered", address, { moniker: message.profile!.moniker, bond: String(amount) });
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      if (accounts.length === 0) return undefined;
      const wanted = accounts.filter((account) => accreditations.has(ctx, addressBytes(account)) && !bonds.has(ctx, addressBytes(account)));
      const { bondDenom, minBond } = params.get(ctx);
      const auditor = random.pick(wanted.length === 0 || random.chance(10) ? accounts : wanted);
      return { auditor, profile: arbitraryProfile(random), bond: { denom: bondDenom, amount: String(BigInt(minBond) + random.bigint(100_000n)) } };
    },
  };
}
