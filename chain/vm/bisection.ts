/** The arithmetic of a dispute: which ranges of transitions there are, and where they are cut. Chain and parties count alike. */
import { mostSegmentSteps } from "./segment.ts";

/** Parts that a range is cut into. */
export const arity = 128n;
const segment = BigInt(mostSegmentSteps);

/** Transitions [low, low + length). */
export interface Range {
  readonly low: bigint;
  readonly length: bigint;
}

/** Levels of a range that is longer than a segment: beyond these its positions would not fit 64 bits. */
const mostLevels = 6;

/** The largest limit of a meter that can be refereed: 2^58 - 1. */
export const mostMeterLimit = segment * arity ** BigInt(mostLevels) - 1n;

/** Answers until a range is no longer than a segment, for a task with this limit. Throws a RangeError where the limit is not within 0 and `mostMeterLimit`. */
export function levelsOf(meterLimit: bigint): number {
  if (meterLimit < 0n || meterLimit > mostMeterLimit) throw new RangeError(`meter limit ${meterLimit} is not within 0 to ${mostMeterLimit}`);
  let levels = 0;
  while (segment * arity ** BigInt(levels) < meterLimit + 1n) levels++;
  return levels;
}

/** All that a machine with this limit can do and more: it has halted at the range's end. Throws as `levelsOf`. */
export function wholeRange(meterLimit: bigint): Range {
  return { low: 0n, length: segment * arity ** BigInt(levelsOf(meterLimit)) };
}

/** Whether the range may be proved. */
export function isProvable({ length }: Range): boolean {
  return length <= segment;
}

/** Whether the range may be cut on. */
export function isDivisible({ length }: Range): boolean {
  return length > 1n;
}

/** Parts that the range is cut into: 128, or as many as it has transitions. Every range that comes of `wholeRange` has equal parts. */
export function partsOf({ length }: Range): number {
  return Number(length < arity ? length : arity);
}

/** Part `index` of the range, from 0. Throws a RangeError where there is none. */
export function partOf(range: Range, index: number): Range {
  const parts = partsOf(range);
  if (!Number.isInteger(index) || index < 0 || index >= parts) throw new RangeError(`part ${index} is not within 0 to ${parts - 1}`);
  const length = range.length / BigInt(parts);
  return { low: range.low + length * BigInt(index), length };
}

/** The positions between the parts: one less than there are parts. */
export function innerBoundaries(range: Range): bigint[] {
  return Array.from({ length: partsOf(range) - 1 }, (_, i) => partOf(range, i + 1).low);
}
