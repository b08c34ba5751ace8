/** cosmos.staking.v1beta1.Query. */
import { QueryDefinition } from "../../../codec/gen/cosmos/staking/v1beta1/query.ts";
import { BondStatus, type Delegation, type DelegationResponse, type Redelegation, type RedelegationResponse, type Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { AddressError, addressBytes, moduleAddress, prefixes } from "../../../codec/address.ts";
import { Dec } from "../../../math/dec.ts";
import { bytesKey } from "../../../runtime/collections.ts";
import { QueryError } from "../../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../../runtime/module.ts";
import { paginate } from "../../../runtime/queries.ts";
import { historyAt } from "./history.ts";
import { bondedPool, notBondedPool, operatorBytes } from "./keeper.ts";
import { tokensFromShares } from "./shares.ts";
import { delegations, delegatorsOf, params, redelegations, redelegationsFrom, unbondings, unbondingsOf, validators } from "./state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { BankPort } from "../../bank/ports.ts";

const statusNames: readonly string[] = Object.keys(BondStatus).filter((name) => name !== "BOND_STATUS_UNSPECIFIED");

export function validatorQueries(bank: BankPort): BoundQuery[] {
  return queryService(QueryDefinition, {
    validators(ctx, { status, pagination: page }) {
      if (status !== "" && !statusNames.includes(status)) throw new QueryError("InvalidArgument", `invalid validator status ${status.slice(0, 80)}`);
      const wanted = status === "" ? undefined : BondStatus[status as keyof typeof BondStatus];
      const { items, pagination } = paginate(ctx, validators, page, (_, validator) => (wanted === undefined || validator.status === wanted ? validator : undefined));
      return { validators: items, pagination };
    },
    validator: (ctx, { validatorAddr }) => ({ validator: wantedValidator(ctx, validatorAddr) }),
    validatorDelegations(ctx, { validatorAddr, pagination: page }) {
      const operator = operatorOf(validatorAddr);
      const { items, pagination } = paginate(ctx, delegatorsOf, page, ([, delegator]) => response(ctx, delegations.find(ctx, [delegator, operator])!), bytesKey.encode(operator));
      return { delegationResponses: items, pagination };
    },
    validatorUnbondingDelegations(ctx, { validatorAddr, pagination: page }) {
      const operator = operatorOf(validatorAddr);
      const { items, pagination } = paginate(ctx, unbondingsOf, page, ([, delegator]) => unbondings.find(ctx, [delegator, operator]), bytesKey.encode(operator));
      return { unbondingResponses: items, pagination };
    },
    delegation(ctx, { delegatorAddr, validatorAddr }) {
      const found = delegations.find(ctx, [delegatorOf(delegatorAddr), operatorOf(validatorAddr)]);
      if (found === undefined) throw new QueryError("NotFound", `delegation with delegator ${delegatorAddr} not found for validator ${validatorAddr}`);
      return { delegationResponse: response(ctx, found) };
    },
    unbondingDelegation(ctx, { delegatorAddr, validatorAddr }) {
      const unbond = unbondings.find(ctx, [delegatorOf(delegatorAddr), operatorOf(validatorAddr)]);
      if (unbond !== undefined) return { unbond };
      throw new QueryError("NotFound", `unbonding delegation with delegator ${delegatorAddr} not found for validator ${validatorAddr}`);
    },
    delegatorDelegations(ctx, { delegatorAddr, pagination: page }) {
      const within = bytesKey.encode(delegatorOf(delegatorAddr));
      const { items, pagination } = paginate(ctx, delegations, page, (_, delegation) => response(ctx, delegation), within);
      return { delegationResponses: items, pagination };
    },
    delegatorUnbondingDelegations(ctx, { delegatorAddr, pagination: page }) {
      const { items, pagination } = paginate(ctx, unbondings, page, (_, unbonding) => unbonding, bytesKey.encode(delegatorOf(delegatorAddr)));
      return { unbondingResponses: items, pagination };
    },
    redelegations(ctx, { delegatorAddr, srcValidatorAddr, dstValidatorAddr, pagination: page }) {
      if (delegatorAddr !== "" && srcValidatorAddr !== "" && dstValidatorAddr !== "") {
        const found = redelegations.find(ctx, [delegatorOf(delegatorAddr), operatorOf(srcValidatorAddr), operatorOf(dstValidatorAddr)]);
        if (found === undefined) throw new QueryError("Internal", `rpc error: code = NotFound desc = redelegation not found for delegator address ${delegatorAddr} from validator address ${srcValidatorAddr}`);
        return { redelegationResponses: [redelegation(ctx, found)], pagination: undefined };
      }
      if (delegatorAddr === "" && srcValidatorAddr !== "" && dstValidatorAddr === "") {
        const source = operatorOf(srcValidatorAddr);
        const moved = ([, delegator, destination]: readonly [Uint8Array, Uint8Array, Uint8Array]): RedelegationResponse => redelegation(ctx, redelegations.find(ctx, [delegator, source, destination])!);
        const { items, pagination } = paginate(ctx, redelegationsFrom, page, moved, bytesKey.encode(source));
        return { redelegationResponses: items, pagination };
      }
      const { items, pagination } = paginate(ctx, redelegations, page, (_, found) => redelegation(ctx, found), bytesKey.encode(delegatorOf(delegatorAddr)));
      return { redelegationResponses: items, pagination };
    },
    delegatorValidators(ctx, { delegatorAddr, pagination: page }) {
      const within = bytesKey.encode(delegatorOf(delegatorAddr));
      const { items, pagination } = paginate(ctx, delegations, page, ([, operator]) => validators.find(ctx, operator), within);
      return { validators: items, pagination };
    },
    delegatorValidator(ctx, { delegatorAddr, validatorAddr }) {
      if (!delegations.has(ctx, [delegatorOf(delegatorAddr), operatorOf(validatorAddr)])) throw new QueryError("NotFound", "no delegation for (address, validator) tuple");
      return { validator: wantedValidator(ctx, validatorAddr) };
    },
    historicalInfo(ctx, { height }) {
      if (height < 0n) throw new QueryError("InvalidArgument", "height cannot be negative");
      const hist = historyAt(ctx, height);
      if (hist !== undefined) return { hist };
      throw new QueryError("NotFound", `historical info for height ${height} not found`);
    },
    pool(ctx) {
      const { bondDenom } = params.get(ctx);
      const held = (pool: string): string => bank.balance(ctx, moduleAddress(pool), bondDenom).toString();
      return { pool: { notBondedTokens: held(notBondedPool), bondedTokens: held(bondedPool) } };
    },
    params: (ctx) => ({ params: params.get(ctx) }),
  });
}

function wantedValidator(ctx: Context, text: string): Validator {
  const validator = validators.find(ctx, operatorOf(text));
  if (validator === undefined) throw new QueryError("NotFound", `validator ${text} not found`);
  return validator;
}

const operatorOf = (text: string): Uint8Array => read(text, prefixes.validator, "validator address cannot be empty");
const delegatorOf = (text: string): Uint8Array => read(text, prefixes.account, "delegator address cannot be empty");

function read(text: string, prefix: string, empty: string): Uint8Array {
  if (text === "") throw new QueryError("InvalidArgument", empty);
  try {
    return addressBytes(text, prefix);
  } catch (error) {
    if (error instanceof AddressError) throw new QueryError("Unknown", error.message);
    throw error;
  }
}

/** A delegation with what its shares are worth, rounded down. */
function response(ctx: Context, delegation: Delegation): DelegationResponse {
  const validator = validators.find(ctx, operatorBytes(delegation.validatorAddress))!;
  return { delegation, balance: { denom: params.get(ctx).bondDenom, amount: worth(validator, delegation.shares) } };
}

/** A redelegation with what the shares of each entry are worth at its destination, rounded down; 0 where that is gone. */
function redelegation(ctx: Context, { entries, ...parties }: Redelegation): RedelegationResponse {
  const destination = validators.find(ctx, operatorBytes(parties.validatorDstAddress));
  return {
    redelegation: { ...parties, entries: [] },
    entries: entries.map((entry) => ({ redelegationEntry: entry, balance: destination === undefined ? "0" : worth(destination, entry.sharesDst) })),
  };
}

function worth(validator: Validator, shares: string): string {
  return Dec.fromProto(validator.delegatorShares).isZero ? "0" : tokensFromShares(validator, Dec.fromProto(shares)).truncateInt().toString();
}
