/** Authorizations: which message they cover, their rules, and what is left of one after a message. */
import { GenericAuthorization } from "../../codec/gen/cosmos/authz/v1beta1/authz.ts";
import { SendAuthorization } from "../../codec/gen/cosmos/bank/v1beta1/authz.ts";
import { AuthorizationType, StakeAuthorization } from "../../codec/gen/cosmos/staking/v1beta1/authz.ts";
import { TxError, fail, failPlain, sdkErrors } from "../../runtime/errors.ts";
import { fromWire, readAmount, readCoins, subCoins, toWire } from "../../runtime/coins.ts";
import { errors } from "./errors.ts";
import type { MsgBeginRedelegate, MsgCancelUnbondingDelegation, MsgDelegate, MsgUndelegate } from "../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { MsgSend } from "../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../runtime/context.ts";

const typeUrls = {
  generic: "/cosmos.authz.v1beta1.GenericAuthorization",
  send: "/cosmos.bank.v1beta1.SendAuthorization",
  stake: "/cosmos.staking.v1beta1.StakeAuthorization",
} as const;

type Authorization =
  | { readonly kind: "generic"; readonly value: GenericAuthorization }
  | { readonly kind: "send"; readonly value: SendAuthorization }
  | { readonly kind: "stake"; readonly value: StakeAuthorization };

/** Fails with sdk 29 where the Any is no authorization. */
export function readAuthorization(any: Any | undefined): Authorization {
  switch (any?.typeUrl) {
    case typeUrls.generic:
      return { kind: "generic", value: GenericAuthorization.decode(any.value) };
    case typeUrls.send:
      return { kind: "send", value: SendAuthorization.decode(any.value) };
    case typeUrls.stake:
      return { kind: "stake", value: StakeAuthorization.decode(any.value) };
    default:
      return fail(sdkErrors.invalidType, any === undefined ? "authorization is nil" : `expected an authorization, got ${any.typeUrl.slice(0, 200)}`);
  }
}

const stakeMessages: Readonly<Record<number, string>> = {
  [AuthorizationType.AUTHORIZATION_TYPE_DELEGATE]: "MsgDelegate",
  [AuthorizationType.AUTHORIZATION_TYPE_UNDELEGATE]: "MsgUndelegate",
  [AuthorizationType.AUTHORIZATION_TYPE_REDELEGATE]: "MsgBeginRedelegate",
  [AuthorizationType.AUTHORIZATION_TYPE_CANCEL_UNBONDING_DELEGATION]: "MsgCancelUnbondingDelegation",
};

/** The type URL of the messages that the authorization covers. */
export function coveredMessage(authorization: Authorization): string {
  switch (authorization.kind) {
    case "generic":
      return authorization.value.msg;
    case "send":
      return "/cosmos.bank.v1beta1.MsgSend";
    case "stake":
      return `/cosmos.staking.v1beta1.${stakeMessages[authorization.value.authorizationType] ?? fail(errors.unknownType)}`;
  }
}

/** Addresses of one list; each send walks over them. */
const maxAllowed = 256;

export function checkAuthorization(authorization: Authorization): void {
  switch (authorization.kind) {
    case "generic":
      if (authorization.value.msg === "") failPlain("msg type cannot be empty");
      return;
    case "send": {
      const { spendLimit, allowList } = authorization.value;
      if (spendLimit.length === 0) fail(sdkErrors.invalidCoins, "spend limit cannot be nil");
      if (typeof readCoins(spendLimit) === "string") fail(sdkErrors.invalidCoins, "spend limit must be positive");
      if (new Set(allowList).size !== allowList.length) throw new TxError("bank", 8, "duplicate entry");
      if (allowList.length > maxAllowed) fail(sdkErrors.invalidRequest, `${allowList.length} allowed addresses, at most ${maxAllowed}`);
      return;
    }
    case "stake": {
      const { maxTokens, authorizationType, allowList, denyList } = authorization.value;
      if (maxTokens !== undefined && (readAmount(maxTokens.amount) ?? -1n) < 0n) fail(errors.negativeMaxTokens, { coin: `${maxTokens.amount}${maxTokens.denom}` });
      if (authorizationType === AuthorizationType.AUTHORIZATION_TYPE_UNSPECIFIED) fail(errors.unknownType);
      const listed = (allowList ?? denyList)?.address.length ?? 0;
      if (listed > maxAllowed) fail(sdkErrors.invalidRequest, `${listed} validators, at most ${maxAllowed}`);
      return;
    }
  }
}

/** What a message leaves of an authorization: `kept` as it is, `spent` up, or another one. Fails where it does not cover the message. */
export function afterMessage(ctx: Context, authorization: Authorization, message: unknown): "kept" | "spent" | Any {
  switch (authorization.kind) {
    case "generic":
      return "kept";
    case "send":
      return afterSend(ctx, authorization.value, message as MsgSend);
    case "stake":
      return afterStake(ctx, authorization.value, message as StakeMessage);
  }
}

const gasPerAllowed = 10;

function afterSend(ctx: Context, value: SendAuthorization, message: MsgSend): "spent" | Any {
  const left = subCoins(fromWire(value.spendLimit), fromWire(message.amount));
  if (left === undefined) fail(sdkErrors.insufficientFunds, "requested amount is more than spend limit");
  if (value.allowList.length > 0) {
    ctx.gas.consume(gasPerAllowed * value.allowList.length, "send authorization");
    if (!lists(value.allowList, message.toAddress)) fail(sdkErrors.unauthorized, `cannot send to ${message.toAddress} address`);
  }
  return left.length === 0 ? "spent" : { typeUrl: typeUrls.send, value: SendAuthorization.encode({ ...value, spendLimit: toWire(left) }).finish() };
}

/** One address has two texts, lower and upper case: a list of those that are denied must know both. */
function lists(list: readonly string[], address: string): boolean {
  const wanted = address.toLowerCase();
  return list.some((one) => one.toLowerCase() === wanted);
}

/** Of the messages that stake authorizations cover; a redelegation counts for where it goes. */
type StakeMessage = MsgDelegate | MsgUndelegate | MsgCancelUnbondingDelegation | MsgBeginRedelegate;

function afterStake(ctx: Context, value: StakeAuthorization, message: StakeMessage): "kept" | "spent" | Any {
  const validator = "validatorDstAddress" in message ? message.validatorDstAddress : message.validatorAddress;
  const listed = [...(value.allowList?.address ?? []), ...(value.denyList?.address ?? [])];
  ctx.gas.consume(gasPerAllowed * listed.length, "stake authorization");
  const isAllowed = value.allowList === undefined || value.allowList.address.length === 0 || lists(value.allowList.address, validator);
  if (!isAllowed || lists(value.denyList?.address ?? [], validator)) fail(sdkErrors.unauthorized, `cannot delegate/undelegate to ${validator} validator`);
  if (value.maxTokens === undefined) return "kept";
  const { denom, amount } = message.amount!;
  if (value.maxTokens.denom !== denom) failPlain(`invalid coin denominations; ${value.maxTokens.denom}, ${denom}`);
  const left = BigInt(value.maxTokens.amount) - BigInt(amount);
  if (left < 0n) failPlain(`negative coin amount: ${left}${denom}`);
  return left === 0n ? "spent" : { typeUrl: typeUrls.stake, value: StakeAuthorization.encode({ ...value, maxTokens: { denom, amount: left.toString() } }).finish() };
}
