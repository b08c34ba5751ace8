/** MsgUnjail: a validator that has served its time comes back into the set. */
import { AddressError, addressBytes, addressText, prefixes, pubkeyAddress } from "../../../codec/address.ts";
import { decodePubKey } from "../../../codec/pubkey.ts";
import { Dec } from "../../../math/dec.ts";
import { fail, sdkErrors, TxError } from "../../../runtime/errors.ts";
import { nanosOf } from "../../../runtime/time-text.ts";
import { errors } from "../errors.ts";
import { signers } from "../state.ts";
import type { MsgUnjail, MsgUnjailResponse } from "../../../codec/gen/cosmos/slashing/v1beta1/tx.ts";
import type { Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { StakingPort } from "../../staking/validators/ports.ts";

export function unjail(staking: StakingPort): MessageHandler<MsgUnjail, MsgUnjailResponse> {
  return {
    signers: (message) => [addressText(readOperator(message.validatorAddr))],

    check: (message) => void readOperator(message.validatorAddr),

    execute(ctx, message) {
      const operator = readOperator(message.validatorAddr);
      const validator = staking.find(ctx, operator) ?? refuse(3, "validator does not exist");
      const own = staking.delegation(ctx, operator, operator) ?? refuse(19, "no delegation for (address, validator) tuple");
      const tokens = worth(validator, own.shares);
      const least = BigInt(validator.minSelfDelegation);
      if (tokens < least) fail(errors.selfDelegationTooLow, { tokens, least });
      if (!validator.jailed) fail(errors.validatorNotJailed);
      if (isHeld(ctx, validator)) fail(errors.validatorJailed);
      staking.unjail(ctx, consensusOf(validator));
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const all = [...staking.validators(ctx)];
      const jailed = all.filter(({ jailed: is, operatorAddress }) => is && accounts.includes(addressText(addressBytes(operatorAddress, prefixes.validator))));
      const served = jailed.filter((validator) => !isHeld(ctx, validator));
      if (all.length === 0) return undefined;
      const some = served.length > 0 && random.chance(80) ? served : jailed.length === 0 || random.chance(10) ? all : jailed;
      return { validatorAddr: random.pick(some).operatorAddress };
    },
  };
}

const consensusOf = ({ consensusPubkey }: Validator): Uint8Array => pubkeyAddress(decodePubKey(consensusPubkey!));

/** Whether it must stay in jail, where it is there. One that never signed was jailed for its own stake only, and has no time to serve. */
export function isHeld(ctx: Context, validator: Validator): boolean {
  const info = signers.find(ctx, consensusOf(validator))?.info;
  return info !== undefined && (info.tombstoned || ctx.header.timeNanos < nanosOf(info.jailedUntil!));
}

/** Fails with sdk 7. */
function readOperator(text: string): Uint8Array {
  try {
    return addressBytes(text, prefixes.validator);
  } catch (error) {
    if (error instanceof AddressError) fail(sdkErrors.invalidAddress, `validator input address: ${error.message}`);
    throw error;
  }
}

/** As staking says it: the SDK asks it before anything else. */
function refuse(code: number, words: string): never {
  throw new TxError("staking", code, words);
}

/** Whole tokens of the operator's own shares. */
function worth({ tokens, delegatorShares }: Validator, shares: Dec): bigint {
  return shares.mulInt(BigInt(tokens)).quo(Dec.fromProto(delegatorShares)).truncateInt();
}
