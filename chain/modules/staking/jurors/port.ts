/** The door of disputes: seats, and what comes of their stakes. */
import { freeOf, isActive } from "./bond.ts";
import type { Keeper } from "./keeper.ts";
import type { JurorsPort } from "./ports.ts";
import { params } from "./state.ts";
import { picks } from "./weights.ts";

export function jurorsPort(keeper: Keeper): JurorsPort {
  return {
    bondDenom: (ctx) => params.get(ctx).bondDenom,

    draw(ctx, { seed, subject, seats, picks: most, stake, mayServe }) {
      const drawn: Uint8Array[] = [];
      let left = most;
      for (const juror of picks(ctx, seed, subject)) {
        if (left-- === 0 || drawn.length === seats) break;
        const bond = keeper.bond(ctx, juror);
        if (!isActive(bond, keeper.minBond(ctx)) || freeOf(bond) < stake || !mayServe(juror)) continue;
        keeper.setBond(ctx, juror, { ...bond, locked: bond.locked + stake });
        keeper.emit(ctx, "StakeLocked", juror, { amount: String(stake) });
        drawn.push(juror);
      }
      return drawn;
    },

    locked: (ctx, juror) => keeper.findBond(ctx, juror)?.locked ?? 0n,

    unlock(ctx, juror, amount) {
      if (amount === 0n) return;
      const bond = keeper.bond(ctx, juror);
      keeper.setBond(ctx, juror, { ...bond, locked: bond.locked - amount });
      keeper.emit(ctx, "StakeUnlocked", juror, { amount: String(amount) });
      keeper.drain(ctx, juror);
    },

    forfeit(ctx, juror, amount, to) {
      if (amount === 0n) return;
      const bond = keeper.bond(ctx, juror);
      keeper.setBond(ctx, juror, { ...bond, total: bond.total - amount, locked: bond.locked - amount });
      keeper.ports.bank.send(ctx, keeper.account(ctx), to, [{ denom: params.get(ctx).bondDenom, amount }]);
      keeper.emit(ctx, "JurorSlashed", juror, { amount: String(amount) });
      keeper.drain(ctx, juror);
    },
  };
}
