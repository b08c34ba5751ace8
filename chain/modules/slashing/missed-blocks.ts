/** Which blocks of its window a validator missed: a bit each, in chunks, so that a missed block writes at most 128 bytes whatever the window. */
import { bytesKey } from "../../runtime/collections.ts";
import { missedChunks } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

/** Bits of a chunk, as in the SDK. */
export const chunkBits = 1_024;

interface Place {
  readonly chunk: number;
  readonly byte: number;
  readonly mask: number;
}

function placeOf(index: bigint): Place {
  const at = Number(index);
  const bit = at % chunkBits;
  return { chunk: (at - bit) / chunkBits, byte: bit >> 3, mask: 1 << (bit & 7) };
}

export function isMissed(ctx: Context, consensus: Uint8Array, index: bigint): boolean {
  const { chunk, byte, mask } = placeOf(index);
  return ((missedChunks.find(ctx, [consensus, chunk])?.[byte] ?? 0) & mask) !== 0;
}

export function setMissed(ctx: Context, consensus: Uint8Array, index: bigint, missed: boolean): void {
  const { chunk, byte, mask } = placeOf(index);
  const before = missedChunks.find(ctx, [consensus, chunk]) ?? new Uint8Array(0);
  const bits = new Uint8Array(Math.max(before.length, byte + 1));
  bits.set(before);
  bits[byte] = missed ? bits[byte]! | mask : bits[byte]! & ~mask;
  let length = bits.length;
  while (length > 0 && bits[length - 1] === 0) length--;
  if (length === 0) missedChunks.remove(ctx, [consensus, chunk]);
  else missedChunks.set(ctx, [consensus, chunk], bits.subarray(0, length));
}

export function clearMissed(ctx: Context, consensus: Uint8Array): void {
  const keys = Array.from(missedChunks.entries(ctx, { within: bytesKey.encode(consensus) }), ([key]) => key);
  for (const key of keys) missedChunks.remove(ctx, key);
}

/** Ascending. */
export function* missedIndices(ctx: Context, consensus: Uint8Array): IterableIterator<bigint> {
  for (const [[, chunk], bits] of missedChunks.entries(ctx, { within: bytesKey.encode(consensus) })) {
    for (let bit = 0; bit < bits.length * 8; bit++) if ((bits[bit >> 3]! & (1 << (bit & 7))) !== 0) yield BigInt(chunk) * BigInt(chunkBits) + BigInt(bit);
  }
}
