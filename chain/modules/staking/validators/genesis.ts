/** Genesis of validators: parameters, validators and delegations as an SDK chain exports them, without anything unbonding. */
import { GenesisState } from "../../../codec/gen/cosmos/staking/v1beta1/genesis.ts";
import { BondStatus } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { addressBytes, addressText, moduleAddress, prefixes } from "../../../codec/address.ts";
import { fromUtf8, utf8 } from "../../../codec/bytes.ts";
import { bondedPool, notBondedPool, operatorBytes, setValidator } from "./keeper.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { delegations, delegatorMark, delegatorsOf, lastPowers, lastTotalPower, params, validators } from "./state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { Genesis } from "../../../runtime/module.ts";
import type { AccountsPort } from "../../auth/ports.ts";
import type { BankPort } from "../../bank/ports.ts";

export function validatorsGenesis(bank: BankPort, accounts: AccountsPort): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => ({
      params: defaultParams(), lastTotalPower: utf8("0"), lastValidatorPowers: [], validators: [], delegations: [], unbondingDelegations: [], redelegations: [], exported: false,
    }),
    check,
    init(ctx, state) {
      const values = state.params ?? defaultParams();
      params.set(ctx, values);
      lastTotalPower.set(ctx, { int: state.lastTotalPower.length === 0 ? "0" : fromUtf8(state.lastTotalPower) });
      for (const validator of state.validators) setValidator(ctx, validator);
      for (const delegation of state.delegations) {
        const key = [addressBytes(delegation.delegatorAddress), operatorBytes(delegation.validatorAddress)] as const;
        delegations.set(ctx, key, delegation);
        delegatorsOf.set(ctx, [key[1], key[0]], delegatorMark);
      }
      if (state.exported) for (const { address, power } of state.lastValidatorPowers) lastPowers.set(ctx, operatorBytes(address), power);
      for (const pool of [bondedPool, notBondedPool]) accounts.moduleAccount(ctx, pool);
      const fault = poolFault(ctx, bank);
      if (fault !== undefined) throw new Error(fault);
    },
    export: (ctx) => ({
      params: params.get(ctx),
      lastTotalPower: utf8(lastTotalPower.find(ctx)?.int ?? "0"),
      lastValidatorPowers: [...lastPowers.entries(ctx)].map(([operator, power]) => ({ address: addressText(operator, prefixes.validator), power })),
      validators: [...validators.entries(ctx)].map(([, validator]) => validator),
      delegations: [...delegations.entries(ctx)].map(([, delegation]) => delegation),
      unbondingDelegations: [],
      redelegations: [],
      exported: true,
    }),
  };
}

function check(state: GenesisState): void {
  const fault = paramsFault(state.params ?? defaultParams());
  if (fault !== undefined) throw new Error(fault);
  if (state.unbondingDelegations.length > 0 || state.redelegations.length > 0) {
    throw new Error("the staking section has unbonding delegations or redelegations, which are not served yet: finish them on the old chain before the export");
  }
  const seen = new Set<string>();
  for (const { operatorAddress, consensusPubkey, jailed, status } of state.validators) {
    operatorBytes(operatorAddress);
    if (seen.has(operatorAddress)) throw new Error(`duplicate validator in genesis state: moniker and operator ${operatorAddress}`);
    seen.add(operatorAddress);
    if (consensusPubkey === undefined) throw new Error(`validator ${operatorAddress} has no consensus key`);
    if (jailed && status === BondStatus.BOND_STATUS_BONDED) throw new Error(`validator is bonded and jailed in genesis state: ${operatorAddress}`);
  }
  for (const { delegatorAddress, validatorAddress } of state.delegations) {
    addressBytes(delegatorAddress);
    if (!seen.has(validatorAddress)) throw new Error(`delegation to ${validatorAddress}, which is no validator of this section`);
  }
}

/** STAKING-1: each pool holds exactly the tokens of its validators. */
export function poolFault(ctx: Context, bank: BankPort): string | undefined {
  const { bondDenom } = params.get(ctx);
  let bonded = 0n;
  let notBonded = 0n;
  for (const [, { status, tokens }] of validators.entries(ctx)) {
    if (status === BondStatus.BOND_STATUS_BONDED) bonded += BigInt(tokens);
    else notBonded += BigInt(tokens);
  }
  for (const [pool, sum, words] of [[bondedPool, bonded, "bonded"], [notBondedPool, notBonded, "not bonded"]] as const) {
    const held = bank.balance(ctx, moduleAddress(pool), bondDenom);
    if (held !== sum) return `${words} pool balance is different from ${words} coins: ${held}${bondDenom} <-> ${sum}${bondDenom}`;
  }
  return undefined;
}
