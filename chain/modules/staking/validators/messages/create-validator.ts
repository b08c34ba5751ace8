/** MsgCreateValidator: a validator with its self delegation. */
import { BondStatus, type CommissionRates, type Description, type Validator } from "../../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { addressBytes, addressText, prefixes, pubkeyAddress } from "../../../../codec/address.ts";
import { sha256 } from "../../../../codec/hash.ts";
import { PubKeyError, decodePubKey, encodePubKey, type PubKey } from "../../../../codec/pubkey.ts";
import { Dec } from "../../../../math/dec.ts";
import { readAmount } from "../../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../../runtime/errors.ts";
import { delegate } from "../delegations.ts";
import { errors } from "../errors.ts";
import { addValidator, taken, type Keeper } from "../keeper.ts";
import { minCommission, readDec, timestampOf } from "../params.ts";
import { params } from "../state.ts";
import { checkLengths, readCoin, readOperator, requireBondDenom, requireDescription } from "./parts.ts";
import type { MsgCreateValidator, MsgCreateValidatorResponse } from "../../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";

export function createValidator(keeper: Keeper): MessageHandler<MsgCreateValidator, MsgCreateValidatorResponse> {
  return {
    signers: (message) => [addressText(readOperator(message.validatorAddress))],

    check: (message) => void parts(message),

    execute(ctx, message) {
      const { operator, key, keyAny, amount, denom, rate, description, rates } = parts(message);
      const min = minCommission(params.get(ctx));
      if (rate.lt(min)) fail(errors.commissionBelowMin, { min: min.toString() });
      const used = taken(ctx, operator, pubkeyAddress(key));
      if (used !== undefined) fail(used === "operator" ? errors.ownerExists : errors.pubKeyExists);
      requireBondDenom(ctx, denom);
      // One address has two texts: state has the one in lower case.
      const operatorAddress = addressText(operator, prefixes.validator);
      const validator: Validator = {
        operatorAddress, consensusPubkey: keyAny, jailed: false, status: BondStatus.BOND_STATUS_UNBONDED, tokens: "0", delegatorShares: "0", description,
        unbondingHeight: 0n, unbondingTime: timestampOf(0n), commission: { commissionRates: rates, updateTime: timestampOf(ctx.header.timeNanos) },
        minSelfDelegation: message.minSelfDelegation, unbondingOnHoldRefCount: 0n, unbondingIds: [],
      };
      addValidator(ctx, operator, validator);
      keeper.hooks.afterValidatorCreated(ctx, operator);
      delegate(keeper, ctx, operator, operator, amount, "account", validator);
      ctx.emit("create_validator", [["validator", operatorAddress], ["amount", `${amount}${denom}`]]);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const operator = addressBytes(random.pick(accounts));
      const seed = Uint8Array.from({ length: 8 }, () => random.int(256));
      const rate = random.int(12);
      return {
        description: { moniker: `validator ${random.int(1_000)}`, identity: "", website: "", securityContact: "", details: "x".repeat(random.chance(5) ? 281 : random.int(30)) },
        commission: { rate: percent(rate), maxRate: percent(10), maxChangeRate: percent(random.int(10)) },
        minSelfDelegation: String(random.int(1_000_000)), delegatorAddress: "", validatorAddress: addressText(operator, prefixes.validator),
        pubkey: encodePubKey({ kind: "ed25519", key: sha256(seed) }), value: { denom: params.get(ctx).bondDenom, amount: String(1n + random.bigint(20_000_000n)) },
      };
    },
  };
}

const percent = (value: number): string => Dec.withPrecision(BigInt(value), 2).toProto();

interface Parts {
  readonly operator: Uint8Array;
  readonly key: PubKey;
  readonly keyAny: NonNullable<MsgCreateValidator["pubkey"]>;
  readonly amount: bigint;
  readonly denom: string;
  readonly rate: Dec;
  readonly description: Description;
  readonly rates: CommissionRates;
}

function parts(message: MsgCreateValidator): Parts {
  const operator = readOperator(message.validatorAddress);
  const { pubkey, value, commission } = message;
  if (pubkey === undefined) fail(errors.emptyPubKey);
  const { amount, denom } = readCoin(value, "invalid delegation amount");
  const description = requireDescription(message.description);
  checkLengths(description);
  if (commission === undefined) fail(sdkErrors.invalidRequest, "empty commission");
  const rate = checkRates(commission);
  const least = readAmount(message.minSelfDelegation) ?? 0n;
  if (least <= 0n) fail(sdkErrors.invalidRequest, "minimum self delegation must be a positive integer");
  if (amount < least) fail(errors.selfDelegationBelowMinimum);
  return { operator, key: consensusKey(pubkey), keyAny: pubkey, amount, denom, rate, description, rates: commission };
}

function consensusKey(any: NonNullable<MsgCreateValidator["pubkey"]>): PubKey {
  try {
    const key = decodePubKey(any);
    if (key.kind !== "ed25519") fail(errors.pubKeyType, { got: key.kind });
    return key;
  } catch (error) {
    if (error instanceof PubKeyError) fail(sdkErrors.invalidPubKey, error.message);
    throw error;
  }
}

function checkRates(rates: CommissionRates): Dec {
  const [rate, max, change] = [rates.rate, rates.maxRate, rates.maxChangeRate].map((text) => {
    const value = readDec(text);
    if (value === undefined) fail(sdkErrors.invalidRequest, `commission rate is not a decimal: ${text.slice(0, 80)}`);
    return value;
  }) as [Dec, Dec, Dec];
  if (max.isNegative || rate.isNegative) fail(errors.commissionNegative);
  if (max.gt(Dec.one)) fail(errors.commissionHuge);
  if (rate.gt(max)) fail(errors.commissionAboveMax);
  if (change.isNegative) fail(errors.changeRateNegative);
  if (change.gt(max)) fail(errors.changeRateAboveMax);
  return rate;
}
