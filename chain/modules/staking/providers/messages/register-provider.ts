/** MsgRegisterProvider: an account becomes a provider, with a profile and a first bond. */
import type { MsgRegisterProvider, MsgRegisterProviderResponse } from "../../../../codec/gen/dcm/staking/v1/tx.ts";
import { addressText } from "../../../../codec/address.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { bondAmount, checkAmount, operatorOf, signerOf } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { arbitraryProfile, profileFault } from "../profile.ts";
import { newStanding } from "../bond.ts";
import { faults, livenesses, params, profiles, standings } from "../state.ts";
import { noFaults } from "../statistics.ts";

export function registerProvider(keeper: Keeper): MessageHandler<MsgRegisterProvider, MsgRegisterProviderResponse> {
  return {
    signers: signerOf,

    check(message) {
      operatorOf(message);
      const what = profileFault(message.profile);
      if (what !== undefined) fail(errors.badProfile, { what });
      checkAmount(message.bond, "bond");
    },

    execute(ctx, message) {
      const address = operatorOf(message);
      const operator = addressText(address);
      // A provider whose last bond is due has left, swept or not.
      keeper.settle(ctx, address);
      if (standings.has(ctx, address)) fail(errors.exists, { operator });
      keeper.requireAffiliation(ctx, address, message.profile!.organization);
      const amount = bondAmount(ctx, message.bond);
      const least = BigInt(params.get(ctx).minBond);
      if (amount < least) fail(errors.underbonded, { bond: amount, least });
      const tau = keeper.tau(ctx);
      profiles.set(ctx, address, message.profile!);
      keeper.setStanding(ctx, address, newStanding(tau));
      livenesses.set(ctx, address, { heartbeatTauMs: tau, suspended: false, jailed: false, jailedUntilTauMs: 0n, retiring: false });
      faults.set(ctx, address, noFaults());
      keeper.deposit(ctx, address, amount);
      keeper.watch(ctx, address, tau);
      keeper.emit(ctx, "ProviderRegistered", address, { moniker: message.profile!.moniker, bond: String(amount) });
      keeper.changed(ctx, address);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      if (accounts.length === 0) return undefined;
      const { bondDenom, minBond } = params.get(ctx);
      return { operator: random.pick(accounts), profile: arbitraryProfile(random), bond: { denom: bondDenom, amount: String(BigInt(minBond) + random.bigint(1_000_000n)) } };
    },
  };
}
