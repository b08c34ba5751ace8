/** MsgEditValidator: another description, commission or minimum self delegation. */
import { addressText } from "../../../../codec/address.ts";
import { Dec } from "../../../../math/dec.ts";
import { readAmount } from "../../../../runtime/coins.ts";
import { fail, sdkErrors } from "../../../../runtime/errors.ts";
import { nanosOf } from "../../../../runtime/time-text.ts";
import { errors } from "../errors.ts";
import { setValidator, validatorAt, type Keeper } from "../keeper.ts";
import { minCommission, readDec, timestampOf } from "../params.ts";
import { params, validators } from "../state.ts";
import { checkLengths, readOperator, requireDescription } from "./parts.ts";
import type { Commission, Description } from "../../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { MsgEditValidator, MsgEditValidatorResponse } from "../../../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { Context } from "../../../../runtime/context.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";

export function editValidator({ hooks }: Keeper): MessageHandler<MsgEditValidator, MsgEditValidatorResponse> {
  return {
    signers: (message) => [addressText(readOperator(message.validatorAddress))],

    check: (message) => void parts(message),

    execute(ctx, message) {
      const { operator, rate, least } = parts(message);
      const min = minCommission(params.get(ctx));
      if (rate?.lt(min) === true) fail(sdkErrors.invalidRequest, `commission rate cannot be less than the min commission rate ${min.toString()}`);
      const before = validatorAt(ctx, operator);
      const description = edited(before.description!, message.description!);
      checkLengths(description);
      let commission = before.commission!;
      if (rate !== undefined) {
        commission = withRate(ctx, commission, rate);
        hooks.beforeValidatorModified(ctx, operator);
      }
      if (least !== undefined) {
        if (least <= BigInt(before.minSelfDelegation)) fail(errors.minSelfDelegationDecreased);
        if (least > BigInt(before.tokens)) fail(errors.selfDelegationBelowMinimum);
      }
      const after = { ...before, description, commission, minSelfDelegation: least?.toString() ?? before.minSelfDelegation };
      setValidator(ctx, operator, after, before);
      ctx.emit("edit_validator", [["commission_rate", commissionText(commission)], ["min_self_delegation", after.minSelfDelegation]]);
      return {};
    },

    arbitrary({ ctx, random }) {
      const known = [...validators.entries(ctx)];
      if (known.length === 0) return undefined;
      const [, validator] = random.pick(known);
      const keep = "[do-not-modify]";
      return {
        description: { moniker: `renamed ${random.int(100)}`, identity: keep, website: keep, securityContact: keep, details: keep }, validatorAddress: validator.operatorAddress,
        commissionRate: random.chance(60) ? "" : Dec.withPrecision(BigInt(random.int(25)), 2).toProto(),
        minSelfDelegation: random.chance(60) ? "" : (BigInt(validator.minSelfDelegation) + random.bigint(1_000n)).toString(),
      };
    },
  };
}

function parts(message: MsgEditValidator): { readonly operator: Uint8Array; readonly rate: Dec | undefined; readonly least: bigint | undefined } {
  const operator = readOperator(message.validatorAddress);
  requireDescription(message.description);
  const least = message.minSelfDelegation === "" ? undefined : (readAmount(message.minSelfDelegation) ?? 0n);
  if (least !== undefined && least <= 0n) fail(sdkErrors.invalidRequest, "minimum self delegation must be a positive integer");
  const rate = message.commissionRate === "" ? undefined : (readDec(message.commissionRate) ?? fail(sdkErrors.invalidRequest, "commission rate is not a decimal"));
  if (rate !== undefined && (rate.isNegative || rate.gt(Dec.one))) fail(sdkErrors.invalidRequest, "commission rate must be between 0 and 1 (inclusive)");
  return { operator, rate, least };
}

const unchanged = "[do-not-modify]";

function edited(old: Description, wanted: Description): Description {
  const pick = (field: keyof Description): string => (wanted[field] === unchanged ? old[field] : wanted[field]);
  return { moniker: pick("moniker"), identity: pick("identity"), website: pick("website"), securityContact: pick("securityContact"), details: pick("details") };
}

const dayNanos = 86_400n * 1_000_000_000n;

/** Once in 24 hours, and at most maxChangeRate up. */
function withRate(ctx: Context, { commissionRates, updateTime }: Commission, rate: Dec): Commission {
  const { rate: old, maxRate, maxChangeRate } = commissionRates!;
  if (ctx.header.timeNanos - nanosOf(updateTime!) < dayNanos) fail(errors.commissionTooSoon);
  if (rate.gt(Dec.fromProto(maxRate))) fail(errors.commissionAboveMax);
  if (rate.sub(Dec.fromProto(old)).gt(Dec.fromProto(maxChangeRate))) fail(errors.commissionChangeTooBig);
  return { commissionRates: { rate: rate.toProto(), maxRate, maxChangeRate }, updateTime: timestampOf(ctx.header.timeNanos) };
}

/** As Go prints the message. */
function commissionText({ commissionRates, updateTime }: Commission): string {
  const { rate, maxRate, maxChangeRate } = commissionRates!;
  const { seconds, nanos } = updateTime!;
  return `commission_rates:<rate:"${rate}" max_rate:"${maxRate}" max_change_rate:"${maxChangeRate}" > update_time:<seconds:${seconds}${nanos === 0 ? "" : ` nanos:${nanos}`} > `;
}
