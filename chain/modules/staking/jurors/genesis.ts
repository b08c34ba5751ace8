/** Genesis: bonds as they stand. The tree of weights is made anew: places are given in the order of addresses. */
import { GenesisState, type GenesisJuror } from "../../../codec/gen/dcm/juror/v1/genesis.ts";
import type { Unbonding } from "../../../codec/gen/dcm/juror/v1/types.ts";
import { addressBytes, addressText } from "../../../codec/address.ts";
import { readAmount } from "../../../runtime/coins.ts";
import { assert } from "../../../runtime/errors.ts";
import type { Genesis } from "../../../runtime/module.ts";
import { bondFault, readBond, weightOf } from "./bond.ts";
import { profileFault } from "./checks.ts";
import type { Keeper } from "./keeper.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { bonds, nextUnbondingId, params, profiles, unbondingQueue, unbondings } from "./state.ts";
import { capacity, setWeight, takePlace } from "./weights.ts";

export function jurorsGenesis(keeper: Keeper): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => ({ params: defaultParams(), jurors: [], unbondings: [], nextUnbondingId: 1n }),

    check(state) {
      const fault = paramsFault(state.params);
      assert(fault === undefined, `jurors.params: ${fault ?? ""}`);
      assert(state.jurors.length <= capacity, `jurors.jurors: at most ${capacity}, got ${state.jurors.length}`);
      const left = new Map<string, bigint>();
      for (const juror of state.jurors) {
        checkJuror(juror);
        assert(!left.has(juror.juror), `jurors.jurors: ${juror.juror} stands twice`);
        left.set(juror.juror, BigInt(juror.bond!.unbonding));
      }
      const ids = new Set<bigint>();
      for (const entry of state.unbondings) {
        checkUnbonding(entry, state.nextUnbondingId);
        const rest = left.get(entry.juror);
        assert(rest !== undefined && !ids.has(entry.id), `jurors.unbondings: entry ${entry.id} stands twice or belongs to nobody`);
        ids.add(entry.id);
        left.set(entry.juror, rest - BigInt(entry.amount));
      }
      for (const { juror } of state.jurors) assert(left.get(juror) === 0n, `jurors.jurors: the unbonding bond of ${juror} is not the sum of its entries`);
    },

    init(ctx, state) {
      params.set(ctx, state.params!);
      // An absent number reads as zero: ids begin at 1.
      nextUnbondingId.set(ctx, state.nextUnbondingId > 0n ? state.nextUnbondingId : 1n);
      let owed = 0n;
      for (const { juror, profile, bond } of state.jurors) {
        const address = addressBytes(juror);
        profiles.set(ctx, address, profile!);
        bonds.set(ctx, address, bond!);
        takePlace(ctx, address);
        setWeight(ctx, address, weightOf(readBond(bond!)));
        owed += BigInt(bond!.total);
      }
      for (const entry of state.unbondings) {
        const juror = addressBytes(entry.juror);
        unbondings.set(ctx, [juror, entry.id], entry);
        unbondingQueue.set(ctx, [entry.dueTauMs, entry.id], juror);
      }
      const account = keeper.account(ctx);
      const { bondDenom } = state.params!;
      const held = keeper.ports.bank.balance(ctx, account, bondDenom);
      assert(held >= owed, `the account of jurors (${addressText(account)}) holds ${held}${bondDenom} in the genesis balances, bonds are ${owed}`);
    },

    export: (ctx) => ({
      params: params.get(ctx),
      jurors: [...profiles.entries(ctx)].map(([juror, profile]) => ({ juror: addressText(juror), profile, bond: bonds.find(ctx, juror) })),
      unbondings: [...unbondings.entries(ctx)].map(([, entry]) => entry),
      nextUnbondingId: nextUnbondingId.get(ctx),
    }),
  };
}

function checkJuror({ juror, profile, bond }: GenesisJuror): void {
  const where = `jurors.jurors: ${juror}`;
  assert(addressText(addressBytes(juror)) === juror, `${where}: not in lower case`);
  const fault = profileFault(profile);
  assert(fault === undefined, `${where}: ${fault ?? ""}`);
  assert(bond !== undefined, `${where}: a bond belongs to a juror`);
  for (const amount of [bond.total, bond.locked, bond.unbonding]) assert((readAmount(amount) ?? -1n) >= 0n, `${where}: not an amount: ${amount.slice(0, 80)}`);
  const broken = bondFault(readBond(bond));
  assert(broken === undefined, `${where}: ${broken ?? ""}`);
}

function checkUnbonding(entry: Unbonding, nextId: bigint): void {
  const amount = readAmount(entry.amount);
  assert(amount !== undefined && amount > 0n, `jurors.unbondings: entry ${entry.id}: not a positive amount: ${entry.amount.slice(0, 80)}`);
  assert(entry.id > 0n && entry.id < nextId && entry.createdTauMs <= entry.dueTauMs, `jurors.unbondings: entry ${entry.id}: ids are 1 to next_unbonding_id - 1, and due is not before created`);
}
