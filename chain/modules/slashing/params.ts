/** Parameters of `cosmos.slashing.v1beta1`, and what they say about one window of blocks. */
import { fromUtf8, utf8 } from "../../codec/bytes.ts";
import { Dec } from "../../math/dec.ts";
import { MathError } from "../../math/int.ts";
import { nanosOf } from "../../runtime/time-text.ts";
import type { Params } from "../../codec/gen/cosmos/slashing/v1beta1/slashing.ts";

const decBytes = (text: string): Uint8Array => utf8(Dec.parse(text).toProto());

/** The SDK's: half of 100 blocks, 10 minutes, 5 % and 1 %. */
export function defaultParams(): Params {
  return {
    signedBlocksWindow: 100n, minSignedPerWindow: decBytes("0.5"), downtimeJailDuration: { seconds: 600n, nanos: 0 },
    slashFractionDoubleSign: decBytes("0.05"), slashFractionDowntime: decBytes("0.01"),
  };
}

/** A network on one machine, whose validators are stopped and killed on purpose: nobody is jailed who comes back within 900 blocks. */
export function localnetParams(): Params {
  return { ...defaultParams(), signedBlocksWindow: 1_000n, minSignedPerWindow: decBytes("0.1"), downtimeJailDuration: { seconds: 60n, nanos: 0 } };
}

/** Bounds what one validator's missed blocks take, and what clearing them costs: 977 chunks. */
export const longestWindow = 1_000_000n;
/** The SDK keeps durations in 63 bits of nanoseconds: 292 years. */
const longestJail = (1n << 63n) - 1n;

/** The sentence that says which parameter is out of bounds, or undefined. */
export function paramsFault(p: Params): string | undefined {
  if (p.signedBlocksWindow <= 0n) return `signed blocks window must be positive: ${p.signedBlocksWindow}`;
  if (p.signedBlocksWindow > longestWindow) return `signed blocks window is at most ${longestWindow}: ${p.signedBlocksWindow}`;
  const jail = p.downtimeJailDuration === undefined ? 0n : nanosOf(p.downtimeJailDuration);
  return fractionFault("min signed per window", p.minSignedPerWindow) ?? jailFault(jail) ?? fractionFault("double sign slash fraction", p.slashFractionDoubleSign) ?? fractionFault("downtime slash fraction", p.slashFractionDowntime);
}

const longestJailSeconds = 365n * 86_400n;
/** Where every missed block counted, a network that restarts would jail all who sign. */
const mostSignedPerWindow = Dec.withPrecision(95n, 2);
/** Downtime is no crime: a network that comes back from an outage still has stake to decide with. */
const mostForDowntime = Dec.withPrecision(5n, 1);

/** The sentence that says why parameters that hold together would leave nobody to sign or to decide: governance is refused those. */
export function brickFault(p: Params): string | undefined {
  if (p.downtimeJailDuration!.seconds > longestJailSeconds) return `downtime jail duration is at most 365 days: ${p.downtimeJailDuration!.seconds}s`;
  const least = Dec.fromProto(fromUtf8(p.minSignedPerWindow));
  if (least.gt(mostSignedPerWindow) || windowOf(p).mayMiss < 1n) return `min signed per window is at most 0.95 and leaves a block of the window that may be missed: ${least.toString()} of ${p.signedBlocksWindow} blocks`;
  return slashFractionDowntime(p).gt(mostForDowntime) ? `downtime slash fraction is at most 0.5: ${slashFractionDowntime(p).toString()}` : undefined;
}

function jailFault(nanos: bigint): string | undefined {
  if (nanos <= 0n) return `downtime jail duration must be positive: ${nanos}ns`;
  return nanos > longestJail ? "downtime jail duration is beyond 292 years" : undefined;
}

function fractionFault(what: string, bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return `${what} cannot be nil`;
  const value = readDec(bytes);
  if (value === undefined) return `${what} is not a decimal`;
  if (value.isNegative) return `${what} cannot be negative: ${value.toString()}`;
  return value.gt(Dec.one) ? `${what} too large: ${value.toString()}` : undefined;
}

function readDec(bytes: Uint8Array): Dec | undefined {
  try {
    return Dec.fromProto(fromUtf8(bytes));
  } catch (error) {
    // No number, or no text at all.
    if (error instanceof MathError || error instanceof TypeError) return undefined;
    throw error;
  }
}

export const slashFractionDoubleSign = (p: Params): Dec => Dec.fromProto(fromUtf8(p.slashFractionDoubleSign));
export const slashFractionDowntime = (p: Params): Dec => Dec.fromProto(fromUtf8(p.slashFractionDowntime));

export interface Window {
  readonly blocks: bigint;
  /** Missing more than these is downtime. */
  readonly mayMiss: bigint;
}

/** The least number of signed blocks is rounded half to even. */
export function windowOf(p: Params): Window {
  const blocks = p.signedBlocksWindow;
  return { blocks, mayMiss: blocks - Dec.fromProto(fromUtf8(p.minSignedPerWindow)).mulInt(blocks).roundInt() };
}
