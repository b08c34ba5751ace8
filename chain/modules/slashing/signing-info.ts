/**
 * What is known of each consensus key. The SDK adds one to `index_offset` of every validator in every block; here a validator whose blocks
 * are counted carries the height at which that began, so that a block which everybody signed writes nothing (ADR 21).
 */
import { consensusText } from "./events.ts";
import { counted, signers, type Signer } from "./state.ts";
import type { ValidatorSigningInfo } from "../../codec/gen/cosmos/slashing/v1beta1/slashing.ts";
import type { Context } from "../../runtime/context.ts";

/** A key that enters the set for the first time at this block's end. */
export function newSigner(ctx: Context, consensus: Uint8Array): Signer {
  return {
    info: { address: consensusText(consensus), startHeight: ctx.height, indexOffset: 0n, jailedUntil: { seconds: 0n, nanos: 0 }, tombstoned: false, missedBlocksCounter: 0n },
    countedFrom: 0n,
  };
}

export const signerOf = (ctx: Context, consensus: Uint8Array): Signer => signers.find(ctx, consensus) ?? newSigner(ctx, consensus);

/** Blocks that counted before the one of this height. */
export function offsetBefore({ info, countedFrom }: Signer, height: bigint): bigint {
  return countedFrom === 0n ? info.indexOffset : info.indexOffset + height - countedFrom;
}

/** As the SDK would have stored it after the block of this height. */
export function signingInfo(signer: Signer, height: bigint): ValidatorSigningInfo {
  return signer.countedFrom === 0n ? signer.info : { ...signer.info, indexOffset: offsetBefore(signer, height + 1n) };
}

export function updateInfo(ctx: Context, consensus: Uint8Array, change: Partial<ValidatorSigningInfo>): void {
  const { info, countedFrom } = signerOf(ctx, consensus);
  signers.set(ctx, consensus, { info: { ...info, ...change }, countedFrom });
}

/** The signer as this block begins to count it. Kept in the index; the caller writes it. */
export function beginCounting(ctx: Context, consensus: Uint8Array, { info }: Signer): Signer {
  counted.set(ctx, consensus, true);
  return { info, countedFrom: ctx.height };
}

/** The block of this height does not count any more. */
export function stopCounting(ctx: Context, consensus: Uint8Array, signer: Signer): void {
  counted.remove(ctx, consensus);
  signers.set(ctx, consensus, { info: { ...signer.info, indexOffset: offsetBefore(signer, ctx.height) }, countedFrom: 0n });
}
