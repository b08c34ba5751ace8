/** MsgCreateValidator, in genesis transactions only: a validator with its self delegation. */
import { BondStatus, type CommissionRates, type Description } from "../../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import { AddressError, addressText, pubkeyAddress } from "../../../../codec/address.ts";
import { PubKeyError, decodePubKey, type PubKey } from "../../../../codec/pubkey.ts";
import { Dec } from "../../../../math/dec.ts";
import { readAmount, isDenom } from "../../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../../runtime/errors.ts";
import { errors } from "../errors.ts";
import { notBondedPool, operatorBytes, setValidator, taken } from "../keeper.ts";
import { readDec } from "../params.ts";
import { delegations, delegatorMark, delegatorsOf, params } from "../state.ts";
import type { MsgCreateValidator, MsgCreateValidatorResponse } from "../../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import type { BankPort } from "../../../bank/ports.ts";

export function createValidator(bank: BankPort): MessageHandler<MsgCreateValidator, MsgCreateValidatorResponse> {
  return {
    signers: (message) => [addressText(operatorOf(message))],

    check: (message) => void parts(message),

    execute(ctx, message) {
      if (ctx.mode !== "genesis") fail(sdkErrors.unknownRequest, "validators come from genesis transactions only; unrecognized message route: /cosmos.staking.v1beta1.MsgCreateValidator");
      const { operator, key, keyAny, amount, denom, rate, description, rates } = parts(message);
      const { bondDenom, minCommissionRate } = params.get(ctx);
      const min = readDec(minCommissionRate === "" ? "0" : minCommissionRate)!;
      if (rate.lt(min)) fail(errors.commissionBelowMin, { min: min.toString() });
      const used = taken(ctx, operator, pubkeyAddress(key));
      if (used !== undefined) fail(used === "operator" ? errors.ownerExists : errors.pubKeyExists);
      if (denom !== bondDenom) fail(sdkErrors.invalidRequest, `invalid coin denomination: got ${denom}, expected ${bondDenom}`);
      const shares = Dec.fromInt(amount).toProto();
      bank.delegate(ctx, operator, notBondedPool, [{ denom, amount }]);
      const time = { seconds: ctx.timeSeconds, nanos: Number(ctx.header.timeNanos % 1_000_000_000n) };
      setValidator(ctx, {
        operatorAddress: message.validatorAddress, consensusPubkey: keyAny, jailed: false, status: BondStatus.BOND_STATUS_UNBONDED,
        tokens: amount.toString(), delegatorShares: shares, description, unbondingHeight: 0n, unbondingTime: { seconds: 0n, nanos: 0 },
        commission: { commissionRates: rates, updateTime: time }, minSelfDelegation: message.minSelfDelegation, unbondingOnHoldRefCount: 0n, unbondingIds: [],
      });
      delegations.set(ctx, [operator, operator], { delegatorAddress: addressText(operator), validatorAddress: message.validatorAddress, shares });
      delegatorsOf.set(ctx, [operator, operator], delegatorMark);
      ctx.emit("create_validator", [["validator", message.validatorAddress], ["amount", `${amount}${denom}`]]);
      return {};
    },

    arbitrary: () => undefined,
  };
}

function operatorOf(message: MsgCreateValidator): Uint8Array {
  try {
    return operatorBytes(message.validatorAddress);
  } catch (error) {
    if (error instanceof AddressError) fail(sdkErrors.invalidAddress, `invalid validator address: ${error.message}`);
    throw error;
  }
}

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
  const operator = operatorOf(message);
  const { pubkey, value, description, commission } = message;
  if (pubkey === undefined) fail(errors.emptyPubKey);
  const amount = readAmount(value?.amount ?? "") ?? 0n;
  if (value === undefined || amount <= 0n || !isDenom(value.denom)) fail(sdkErrors.invalidRequest, "invalid delegation amount");
  if (description === undefined || Object.values(description).every((text) => text === "")) fail(sdkErrors.invalidRequest, "empty description");
  checkLengths(description);
  if (commission === undefined) fail(sdkErrors.invalidRequest, "empty commission");
  const rate = checkRates(commission);
  const least = readAmount(message.minSelfDelegation) ?? 0n;
  if (least <= 0n) fail(sdkErrors.invalidRequest, "minimum self delegation must be a positive integer");
  if (amount < least) fail(errors.selfDelegationBelowMinimum);
  return { operator, key: consensusKey(pubkey), keyAny: pubkey, amount, denom: value.denom, rate, description, rates: commission };
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

const maxLengths = { moniker: 70, identity: 3000, website: 140, securityContact: 140, details: 280 } as const;

function checkLengths(description: Description): void {
  for (const [field, most] of Object.entries(maxLengths)) {
    const got = Buffer.byteLength(description[field as keyof Description]);
    if (got > most) fail(sdkErrors.invalidRequest, `invalid ${field === "securityContact" ? "security contact" : field} length; got: ${got}, max: ${most}`);
  }
}
