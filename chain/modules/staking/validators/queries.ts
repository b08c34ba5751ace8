/** cosmos.staking.v1beta1.Query. Nothing unbonds or redelegates yet: those lists are truly empty. */
import { QueryDefinition } from "../../../codec/gen/cosmos/staking/v1beta1/query.ts";
import { BondStatus, type Delegation, type DelegationResponse, type Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { AddressError, addressBytes, moduleAddress, prefixes } from "../../../codec/address.ts";
import { Dec } from "../../../math/dec.ts";
import { bytesKey } from "../../../runtime/collections.ts";
import { QueryError } from "../../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../../runtime/module.ts";
import { paginate } from "../../../runtime/queries.ts";
import { bondedPool, notBondedPool } from "./keeper.ts";
import { delegations, delegatorsOf, params, validators } from "./state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { BankPort } from "../../bank/ports.ts";

const statusNames: readonly string[] = Object.keys(BondStatus).filter((name) => name !== "BOND_STATUS_UNSPECIFIED");
const emptyPage = { nextKey: new Uint8Array(0), total: 0n };

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
    validatorUnbondingDelegations(_, { validatorAddr }) {
      operatorOf(validatorAddr);
      return { unbondingResponses: [], pagination: emptyPage };
    },
    delegation(ctx, { delegatorAddr, validatorAddr }) {
      const found = delegations.find(ctx, [delegatorOf(delegatorAddr), operatorOf(validatorAddr)]);
      if (found === undefined) throw new QueryError("NotFound", `delegation with delegator ${delegatorAddr} not found for validator ${validatorAddr}`);
      return { delegationResponse: response(ctx, found) };
    },
    unbondingDelegation(_, { delegatorAddr, validatorAddr }) {
      delegatorOf(delegatorAddr);
      operatorOf(validatorAddr);
      throw new QueryError("NotFound", `unbonding delegation with delegator ${delegatorAddr} not found for validator ${validatorAddr}`);
    },
    delegatorDelegations(ctx, { delegatorAddr, pagination: page }) {
      const within = bytesKey.encode(delegatorOf(delegatorAddr));
      const { items, pagination } = paginate(ctx, delegations, page, (_, delegation) => response(ctx, delegation), within);
      return { delegationResponses: items, pagination };
    },
    delegatorUnbondingDelegations(_, { delegatorAddr }) {
      delegatorOf(delegatorAddr);
      return { unbondingResponses: [], pagination: emptyPage };
    },
    redelegations: () => ({ redelegationResponses: [], pagination: emptyPage }),
    delegatorValidators(ctx, { delegatorAddr, pagination: page }) {
      const within = bytesKey.encode(delegatorOf(delegatorAddr));
      const { items, pagination } = paginate(ctx, delegations, page, ([, operator]) => validators.find(ctx, operator), within);
      return { validators: items, pagination };
    },
    delegatorValidator(ctx, { delegatorAddr, validatorAddr }) {
      if (!delegations.has(ctx, [delegatorOf(delegatorAddr), operatorOf(validatorAddr)])) throw new QueryError("NotFound", "no delegation for (address, validator) tuple");
      return { validator: wantedValidator(ctx, validatorAddr) };
    },
    historicalInfo(_, { height }) {
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
  const validator = validators.find(ctx, addressBytes(delegation.validatorAddress, prefixes.validator))!;
  const shares = Dec.fromProto(validator.delegatorShares);
  const tokens = shares.isZero ? 0n : Dec.fromProto(delegation.shares).mulInt(BigInt(validator.tokens)).quo(shares).truncateInt();
  return { delegation, balance: { denom: params.get(ctx).bondDenom, amount: tokens.toString() } };
}
