/** What a proposer puts in front of its block, and what everybody else demands to find there. */
import { MsgBeaconReveal } from "../../codec/gen/dcm/beacon/v1/tx.ts";
import { AuthInfo, Fee, TxBody, TxRaw } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import type { Context } from "../../runtime/context.ts";
import { revealFault } from "./messages/beacon-reveal.ts";
import { proposerKey } from "./keys.ts";
import type { ValidatorsPort } from "./ports.ts";
import { revealMessage } from "./seeds.ts";
import { latest } from "./state.ts";

/** Signs with this node's beacon key; undefined where the node has none. */
export type RevealSigner = (message: Uint8Array) => Uint8Array | undefined;

export const revealTypeUrl = `/${MsgBeaconReveal.$type}`;

export interface BeaconProposal {
  /** The public key that the block's proposer must reveal with, 48 bytes; undefined where it has none: the node compares it with its own. */
  requiredKey(ctx: Context): Uint8Array | undefined;
  /** The reveal of the block that `ctx` proposes; undefined where none belongs there, or this node cannot sign it. */
  make(ctx: Context, signer: RevealSigner): MsgBeaconReveal | undefined;
  /** `first` is the reveal that the block's first transaction carries. The sentence that says what is wrong, or undefined. */
  verify(ctx: Context, first: MsgBeaconReveal | undefined): string | undefined;
  /** Both as the state machine calls them, with whole transactions. */
  rule(signer: RevealSigner): {
    make(ctx: Context): Uint8Array | undefined;
    verify(ctx: Context, first: { readonly typeUrl: string; readonly message: unknown } | undefined): string | undefined;
  };
}

/** The reveal as a transaction: one message, no signer, no fee. */
export function revealTx(message: MsgBeaconReveal): Uint8Array {
  const body = TxBody.fromPartial({ messages: [{ typeUrl: revealTypeUrl, value: MsgBeaconReveal.encode(message).finish() }] });
  const authInfo = AuthInfo.fromPartial({ fee: Fee.create() });
  return TxRaw.encode({ bodyBytes: TxBody.encode(body).finish(), authInfoBytes: AuthInfo.encode(authInfo).finish(), signatures: [] }).finish();
}

export function beaconProposal(validators: ValidatorsPort): BeaconProposal {
  const proposal: BeaconProposal = {
    requiredKey: (ctx) => proposerKey(ctx, validators)?.key,

    make(ctx, signer) {
      const proposer = proposerKey(ctx, validators);
      if (proposer === undefined) return undefined;
      const signature = signer(revealMessage(ctx.header.chainId, ctx.height, latest.get(ctx).seed));
      return signature === undefined ? undefined : { height: ctx.height, signature, validatorAddress: proposer.operator };
    },

    verify(ctx, first) {
      const required = proposerKey(ctx, validators) !== undefined;
      if (first === undefined) return required ? "the proposer has a beacon key, so its block must begin with a beacon reveal" : undefined;
      return revealFault(ctx, validators, first)?.message;
    },

    rule: (signer) => ({
      make(ctx) {
        const message = proposal.make(ctx, signer);
        return message === undefined ? undefined : revealTx(message);
      },
      verify(ctx, first) {
        if (first !== undefined && first.typeUrl !== revealTypeUrl) return `a block's first transaction may be a beacon reveal, not ${first.typeUrl}`;
        return proposal.verify(ctx, first?.message as MsgBeaconReveal | undefined);
      },
    }),
  };
  return proposal;
}
