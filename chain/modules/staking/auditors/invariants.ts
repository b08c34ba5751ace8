import { addressText } from "../../../codec/address.ts";
import type { Context } from "../../../runtime/context.ts";
import { placeOf } from "./attestations.ts";
import { bondFault, readBond } from "./bond.ts";
import type { Keeper } from "./keeper.ts";
import { accreditationQueue, accreditations, attestations, bonds, byAuditor, byKey, expiryQueue, params, profiles, unbondingQueue, unbondings, voidAuditors, voidProviders, within } from "./state.ts";

export function auditorsInvariants(keeper: Keeper): Readonly<Record<string, (ctx: Context) => string | undefined>> {
  return {
    "bond-parts"(ctx) {
      for (const [auditor, wire] of bonds.entries(ctx)) {
        const bond = readBond(wire);
        const fault = bondFault(bond);
        if (fault !== undefined) return `${addressText(auditor)}: ${fault}`;
        const entries = keeper.entries(ctx, auditor).reduce((sum, { amount }) => sum + BigInt(amount), 0n);
        if (entries !== bond.unbonding) return `${addressText(auditor)}: unbonding is ${bond.unbonding}, its entries sum to ${entries}`;
        if (!profiles.has(ctx, auditor)) return `${addressText(auditor)}: a bond without a profile`;
        if (bond.retiring && byAuditor.first(ctx, { within: within.address(auditor) }) !== undefined && !voidAuditors.has(ctx, auditor)) return `${addressText(auditor)} retires, and nobody takes away what it signed`;
      }
      return count(profiles.entries(ctx)) === count(bonds.entries(ctx)) ? undefined : "a profile has no bond";
    },
    "module-account"(ctx) {
      let owed = 0n;
      for (const [, { total }] of bonds.entries(ctx)) owed += BigInt(total);
      for (const [, { storageDeposit }] of attestations.entries(ctx)) owed += BigInt(storageDeposit);
      const held = keeper.ports.bank.balance(ctx, keeper.account(ctx), params.get(ctx).bondDenom);
      return held < owed ? `the module account holds ${held}, bonds and deposits are ${owed}` : undefined;
    },
    "attestations-indexed"(ctx) {
      let records = 0;
      for (const [[provider, key, auditor], attestation] of attestations.entries(ctx)) {
        records++;
        const place = placeOf(attestation);
        const name = `the attestation of ${key} of ${addressText(provider)} by ${addressText(auditor)}`;
        if (addressText(place[0]) !== addressText(provider) || place[1] !== key || addressText(place[2]) !== addressText(auditor)) return `${name} lies in another's place`;
        if (!byAuditor.has(ctx, [auditor, provider, key]) || !byKey.has(ctx, [key, provider, auditor])) return `${name} is missing from an index`;
        if (!expiryQueue.has(ctx, [attestation.expiresTauMs, place])) return `${name} is not in the queue`;
        if (!bonds.has(ctx, auditor)) return `${name} has no auditor`;
      }
      const others = [count(byAuditor.entries(ctx)), count(byKey.entries(ctx)), count(expiryQueue.entries(ctx))];
      return others.every((one) => one === records) ? undefined : `${records} attestations, and ${others.join(", ")} in indexes and queue`;
    },
    "attested-as-declared"(ctx) {
      for (const [[provider], { key, value }] of attestations.entries(ctx)) {
        if (voidProviders.has(ctx, provider)) continue;
        const declared = keeper.ports.providers.find(ctx, provider)?.attributes.find(([one]) => one === key)?.[1];
        if (declared !== value) return `${addressText(provider)} is attested ${key} = ${value}, and declares ${declared ?? "nothing"}`;
      }
      return undefined;
    },
    "queues-complete"(ctx) {
      const queued = new Set([...unbondingQueue.entries(ctx)].map(([[, id]]) => id));
      for (const [[auditor, id]] of unbondings.entries(ctx)) {
        if (!queued.has(id)) return `unbonding entry ${id} is not in the queue`;
        if (!bonds.has(ctx, auditor)) return `unbonding entry ${id} belongs to nobody`;
      }
      for (const [auditor, { expiresTauMs }] of accreditations.entries(ctx)) if (!accreditationQueue.has(ctx, [expiresTauMs, auditor])) return `the accreditation of ${addressText(auditor)} is not in the queue`;
      return count(accreditationQueue.entries(ctx)) === count(accreditations.entries(ctx)) ? undefined : "the queue of accreditations has more than there are";
    },
  };
}

function count(entries: IterableIterator<unknown>): number {
  let n = 0;
  while (entries.next().done !== true) n++;
  return n;
}
