/** Allowances: their rules, and what is left of one after a fee. Pure; times are Unix nanoseconds. */
import { AllowedMsgAllowance, BasicAllowance, PeriodicAllowance } from "../../codec/gen/cosmos/feegrant/v1beta1/feegrant.ts";
import { coinsText, fromWire, readCoins, subCoins, toWire, type Money, type WireCoin } from "../../runtime/coins.ts";
import { fail, sdkErrors } from "../../runtime/errors.ts";
import { isShowable, nanosOf } from "../../runtime/time-text.ts";
import { errors } from "./errors.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Timestamp } from "../../codec/gen/google/protobuf/timestamp.ts";

const typeUrls = {
  basic: "/cosmos.feegrant.v1beta1.BasicAllowance",
  periodic: "/cosmos.feegrant.v1beta1.PeriodicAllowance",
  allowedMsg: "/cosmos.feegrant.v1beta1.AllowedMsgAllowance",
} as const;

/** Allowances inside allowances at most this deep. */
export const maxNesting = 4;
/** Message types of one allowance; each is looked at when it is used. */
export const maxAllowedMessages = 256;

type Allowance =
  | { readonly kind: "basic"; readonly value: BasicAllowance }
  | { readonly kind: "periodic"; readonly value: PeriodicAllowance; readonly basic: BasicAllowance }
  | { readonly kind: "allowedMsg"; readonly value: AllowedMsgAllowance; readonly inner: Allowance };

const noLimit: BasicAllowance = { spendLimit: [], expiration: undefined };

/** Fails with feegrant 5 where the Any is no allowance. */
export function readAllowance(any: Any | undefined, depth = 1): Allowance {
  if (depth > maxNesting) fail(sdkErrors.invalidRequest, `allowances are nested deeper than ${maxNesting}`);
  switch (any?.typeUrl) {
    case typeUrls.basic:
      return { kind: "basic", value: BasicAllowance.decode(any.value) };
    case typeUrls.periodic: {
      const value = PeriodicAllowance.decode(any.value);
      return { kind: "periodic", value, basic: value.basic ?? noLimit };
    }
    case typeUrls.allowedMsg: {
      const value = AllowedMsgAllowance.decode(any.value);
      if (value.allowance === undefined) fail(errors.noAllowance, { what: "allowance should not be empty" });
      return { kind: "allowedMsg", value, inner: readAllowance(value.allowance, depth + 1) };
    }
    default:
      return fail(errors.noAllowance, { what: "failed to get allowance" });
  }
}

export function writeAllowance(allowance: Allowance): Any {
  switch (allowance.kind) {
    case "basic":
      return { typeUrl: typeUrls.basic, value: BasicAllowance.encode(allowance.value).finish() };
    case "periodic":
      return { typeUrl: typeUrls.periodic, value: PeriodicAllowance.encode({ ...allowance.value, basic: allowance.basic }).finish() };
    case "allowedMsg":
      return { typeUrl: typeUrls.allowedMsg, value: AllowedMsgAllowance.encode({ ...allowance.value, allowance: writeAllowance(allowance.inner) }).finish() };
  }
}

export function expiryOf(allowance: Allowance): bigint | undefined {
  if (allowance.kind === "allowedMsg") return expiryOf(allowance.inner);
  const { expiration } = allowance.kind === "basic" ? allowance.value : allowance.basic;
  return expiration === undefined ? undefined : nanosOf(expiration);
}

/** Fails in the SDK's words where the allowance contradicts itself. */
export function checkAllowance(allowance: Allowance): void {
  switch (allowance.kind) {
    case "basic":
      return checkBasic(allowance.value);
    case "periodic":
      return checkPeriodic(allowance.value, allowance.basic);
    case "allowedMsg": {
      const count = allowance.value.allowedMessages.length;
      if (count === 0) fail(errors.noMessages);
      if (count > maxAllowedMessages) fail(sdkErrors.invalidRequest, `${count} allowed messages, at most ${maxAllowedMessages}`);
      return checkAllowance(allowance.inner);
    }
  }
}

function checkedCoins(wire: readonly WireCoin[], what: string): Money[] {
  const coins = readCoins(wire);
  if (typeof coins === "string") fail(sdkErrors.invalidCoins, `${what} amount is invalid: ${coinsText(wire)}`);
  return coins;
}

function checkBasic({ spendLimit, expiration }: BasicAllowance): void {
  checkedCoins(spendLimit, "send");
  if (expiration !== undefined && expiration.seconds < 0n) fail(errors.invalidDuration, { what: "expiration time cannot be negative" });
  if (expiration !== undefined && !isShowable(expiration)) fail(errors.invalidDuration, { what: "expiration is not a time of the years 1 to 9999" });
}

/** 1,000 years. The next reset, one period from a block's time, is then a time that text can show. */
const maxPeriodSeconds = 31_557_600_000n;

function checkPeriodic(value: PeriodicAllowance, basic: BasicAllowance): void {
  checkBasic(basic);
  const limit = checkedCoins(value.periodSpendLimit, "spend");
  if (limit.length === 0) fail(sdkErrors.invalidCoins, "spend limit must be positive");
  checkedCoins(value.periodCanSpend, "can spend");
  const limited = new Set(basic.spendLimit.map(({ denom }) => denom));
  if (limited.size > 0 && !limit.every(({ denom }) => limited.has(denom))) {
    fail(sdkErrors.invalidCoins, "period spend limit has different currency than basic spend limit");
  }
  const { period, periodReset } = value;
  if (period !== undefined && (period.seconds < 0n || period.nanos < 0)) fail(errors.invalidDuration, { what: "negative clock step" });
  if (period !== undefined && (period.seconds > maxPeriodSeconds || period.nanos > 999_999_999)) fail(errors.invalidDuration, { what: `a period is at most ${maxPeriodSeconds} seconds, its nanoseconds below a second` });
  if (periodReset !== undefined && !isShowable(periodReset)) fail(errors.invalidDuration, { what: "period_reset is not a time of the years 1 to 9999" });
}

/** What is left after `fee`, undefined where nothing is; fails where the allowance does not cover it. `charge` is told how many types were compared. */
export function afterFee(allowance: Allowance, fee: readonly Money[], messages: readonly string[], now: bigint, charge: (compared: number) => void): Allowance | undefined {
  switch (allowance.kind) {
    case "basic":
      return afterBasic(allowance.value, fee, now);
    case "periodic":
      return afterPeriodic(allowance.value, allowance.basic, fee, now);
    case "allowedMsg": {
      const allowed = new Set(allowance.value.allowedMessages);
      charge(allowance.value.allowedMessages.length + messages.length);
      if (!messages.every((message) => allowed.has(message))) fail(errors.messageNotAllowed);
      const inner = afterFee(allowance.inner, fee, messages, now, charge);
      return inner === undefined ? undefined : { ...allowance, inner };
    }
  }
}

function afterBasic(value: BasicAllowance, fee: readonly Money[], now: bigint): Allowance | undefined {
  if (value.expiration !== undefined && nanosOf(value.expiration) < now) fail(errors.expired, { which: "basic allowance" });
  if (value.spendLimit.length === 0) return { kind: "basic", value };
  const left = subCoins(fromWire(value.spendLimit), fee);
  if (left === undefined) fail(errors.limitExceeded, { which: "basic allowance" });
  return left.length === 0 ? undefined : { kind: "basic", value: { ...value, spendLimit: toWire(left) } };
}

function afterPeriodic(before: PeriodicAllowance, basic: BasicAllowance, fee: readonly Money[], now: bigint): Allowance | undefined {
  if (basic.expiration !== undefined && now > nanosOf(basic.expiration)) fail(errors.expired, { which: "absolute limit" });
  const value = withPeriod(before, basic, now);
  const canSpend = subCoins(fromWire(value.periodCanSpend), fee);
  if (canSpend === undefined) fail(errors.limitExceeded, { which: "period limit" });
  const next = { ...value, periodCanSpend: toWire(canSpend) };
  if (basic.spendLimit.length === 0) return { kind: "periodic", value: next, basic };
  const left = subCoins(fromWire(basic.spendLimit), fee);
  if (left === undefined) fail(errors.limitExceeded, { which: "absolute limit" });
  return left.length === 0 ? undefined : { kind: "periodic", value: next, basic: { ...basic, spendLimit: toWire(left) } };
}

const second = 1_000_000_000n;

/** Begins a new period where the old one is over: one step on, or one period from now where that is over too. */
function withPeriod(value: PeriodicAllowance, basic: BasicAllowance, now: bigint): PeriodicAllowance {
  const reset = value.periodReset === undefined ? 0n : nanosOf(value.periodReset);
  if (now < reset) return value;
  const period = value.period === undefined ? 0n : value.period.seconds * second + BigInt(value.period.nanos);
  const short = basic.spendLimit.length > 0 && subCoins(fromWire(basic.spendLimit), fromWire(value.periodSpendLimit)) === undefined;
  const stepped = reset + period;
  return { ...value, periodCanSpend: short ? basic.spendLimit : value.periodSpendLimit, periodReset: timestamp(now > stepped ? now + period : stepped) };
}

function timestamp(nanos: bigint): Timestamp {
  return { seconds: nanos / second, nanos: Number(nanos % second) };
}
