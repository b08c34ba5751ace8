import { toHex } from "../../../codec/bytes.ts";
import { addressText } from "../../../codec/address.ts";
import type { Context } from "../../../runtime/context.ts";
import { bondFault, readStanding } from "./bond.ts";
import { accountName, type Keeper } from "./keeper.ts";
import { faults, heartbeatQueue, livenesses, params, profiles, standings, unbondingQueue, unbondings } from "./state.ts";

export function providersInvariants(keeper: Keeper): Readonly<Record<string, (ctx: Context) => string | undefined>> {
  return {
    "bond-parts"(ctx) {
      for (const [address, wire] of standings.entries(ctx)) {
        const bond = readStanding(wire);
        const fault = bondFault(bond);
        if (fault !== undefined) return `${addressText(address)}: ${fault}`;
        const entries = keeper.entries(ctx, address).reduce((sum, { amount }) => sum + BigInt(amount), 0n);
        if (entries !== bond.unbonding) return `${addressText(address)}: unbonding is ${bond.unbonding}, its entries sum to ${entries}`;
      }
      return undefined;
    },
    "module-account"(ctx) {
      let total = 0n;
      for (const [, { total: one }] of standings.entries(ctx)) total += BigInt(one);
      const held = keeper.ports.bank.balance(ctx, keeper.ports.accounts.moduleAccount(ctx, accountName), params.get(ctx).bondDenom);
      return held < total ? `the module account holds ${held}, the bonds are ${total}` : undefined;
    },
    "records-complete"(ctx) {
      const watched = new Set([...heartbeatQueue.entries(ctx)].map(([[, address]]) => toHex(address)));
      let count = 0;
      for (const [address] of profiles.entries(ctx)) {
        count++;
        const liveness = livenesses.find(ctx, address);
        if (liveness === undefined || !standings.has(ctx, address) || !faults.has(ctx, address)) return `${addressText(address)}: a record is missing`;
        if (!liveness.suspended && !watched.has(toHex(address))) return `${addressText(address)}: nobody watches its heartbeat`;
      }
      for (const collection of [standings, livenesses, faults]) if ([...collection.entries(ctx)].length !== count) return "a record has no profile";
      const queued = new Set([...unbondingQueue.entries(ctx)].map(([[, id]]) => id));
      for (const [[address, id]] of unbondings.entries(ctx)) {
        if (!queued.has(id)) return `unbonding entry ${id} is not in the queue`;
        if (!standings.has(ctx, address)) return `unbonding entry ${id} belongs to nobody`;
      }
      return undefined;
    },
  };
}
