import { addressText } from "../../../codec/address.ts";
import type { Context } from "../../../runtime/context.ts";
import { bondFault, readBond, weightOf } from "./bond.ts";
import type { Keeper } from "./keeper.ts";
import { bonds, changed, jurorsAt, params, places, profiles, unbondingQueue, unbondings } from "./state.ts";
import { treeFault, weightIn } from "./weights.ts";

export function jurorsInvariants(keeper: Keeper): Readonly<Record<string, (ctx: Context) => string | undefined>> {
  return {
    "bond-parts"(ctx) {
      for (const [juror, wire] of bonds.entries(ctx)) {
        const bond = readBond(wire);
        const name = addressText(juror);
        const fault = bondFault(bond);
        if (fault !== undefined) return `${name}: ${fault}`;
        const entries = keeper.entries(ctx, juror).reduce((sum, { amount }) => sum + BigInt(amount), 0n);
        if (entries !== bond.unbonding) return `${name}: unbonding is ${bond.unbonding}, its entries sum to ${entries}`;
        if (!profiles.has(ctx, juror)) return `${name}: a bond without a profile`;
      }
      return count(profiles.entries(ctx)) === count(bonds.entries(ctx)) ? undefined : "a profile has no bond";
    },
    "module-account"(ctx) {
      let owed = 0n;
      for (const [, { total }] of bonds.entries(ctx)) owed += BigInt(total);
      const held = keeper.ports.bank.balance(ctx, keeper.account(ctx), params.get(ctx).bondDenom);
      return held < owed ? `the module account holds ${held}, bonds are ${owed}` : undefined;
    },
    weights(ctx) {
      for (const [juror, wire] of bonds.entries(ctx)) {
        const place = places.find(ctx, juror);
        if (place === undefined || addressText(jurorsAt.find(ctx, place) ?? new Uint8Array(0)) !== addressText(juror)) return `${addressText(juror)} has no place of its own`;
        const [weight, wanted] = [weightIn(ctx, juror), weightOf(readBond(wire))];
        if (weight !== wanted && !changed.has(ctx, juror)) return `${addressText(juror)} weighs ${weight} in draws, and should ${wanted}`;
      }
      const sizes = [count(bonds.entries(ctx)), count(places.entries(ctx)), count(jurorsAt.entries(ctx))];
      return sizes.every((one) => one === sizes[0]) ? treeFault(ctx) : `${sizes.join(", ")} jurors, places, and places back`;
    },
    "queues-complete"(ctx) {
      for (const [[juror, id], { dueTauMs }] of unbondings.entries(ctx)) {
        if (!unbondingQueue.has(ctx, [dueTauMs, id])) return `unbonding entry ${id} is not in the queue`;
        if (!bonds.has(ctx, juror)) return `unbonding entry ${id} belongs to nobody`;
      }
      return undefined;
    },
  };
}

function count(entries: IterableIterator<unknown>): number {
  let n = 0;
  while (entries.next().done !== true) n++;
  return n;
}
