/** MsgBeaconReveal: transaction 0 of a block whose proposer has a beacon key. No account signs it: the signature it carries is its proof. */
import type { MsgBeaconReveal, MsgBeaconRevealResponse } from "../../../codec/gen/dcm/beacon/v1/tx.ts";
import { addressText } from "../../../codec/address.ts";
import { blsSignatureLength, blsVerify } from "../../../codec/bls.ts";
import type { Context } from "../../../runtime/context.ts";
import { errorOf, fail, type TxError } from "../../../runtime/errors.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import { operatorBytes } from "../addresses.ts";
import { decide, isDecided } from "../decide.ts";
import { errors } from "../errors.ts";
import { proposerKey } from "../keys.ts";
import type { ValidatorsPort } from "../ports.ts";
import { revealMessage, seedOfReveal } from "../seeds.ts";
import { latest } from "../state.ts";

/** What is wrong with a reveal in this block, or undefined. Same answer for a proposal and for the decided block. */
export function revealFault(ctx: Context, validators: ValidatorsPort, message: MsgBeaconReveal): TxError | undefined {
  if (message.height !== ctx.height) return errorOf(errors.wrongHeight, { height: message.height, block: ctx.height });
  if (isDecided(ctx)) return errorOf(errors.alreadyDecided, { height: ctx.height });
  const proposer = proposerKey(ctx, validators);
  if (proposer === undefined) return errorOf(errors.noKey);
  if (message.validatorAddress !== proposer.operator) return errorOf(errors.notProposer, { operator: proposer.operator, given: message.validatorAddress });
  const signed = revealMessage(ctx.header.chainId, ctx.height, latest.get(ctx).seed);
  return blsVerify(proposer.key, signed, message.signature) ? undefined : errorOf(errors.badReveal);
}

export function beaconReveal(validators: ValidatorsPort): MessageHandler<MsgBeaconReveal, MsgBeaconRevealResponse> {
  return {
    lane: "system",
    // The proposer's operator: nobody else can carry a reveal inside another message. As transaction 0 it needs no account's signature.
    signers: (message) => [addressText(operatorBytes(message.validatorAddress))],

    check(message) {
      operatorBytes(message.validatorAddress);
      if (message.signature.length !== blsSignatureLength) fail(errors.badReveal);
    },

    execute(ctx, message) {
      const fault = revealFault(ctx, validators, message);
      if (fault !== undefined) throw fault;
      const seed = seedOfReveal(latest.get(ctx).seed, message.signature);
      decide(ctx, seed, "revealed");
      return { seed };
    },

    // Only proposers place it: a simulation's reveals come from its proposals.
    arbitrary: () => undefined,
  };
}
