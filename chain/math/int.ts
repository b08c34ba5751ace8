/** Whole numbers on chain: the SDK's 256-bit integers, products without overflow, and the widths of the wire. */

/** A value that arithmetic cannot give: overflow, division by zero, text that is not a number. */
export class MathError extends Error {
  override readonly name = "MathError";
}

/** 2^256 - 1. */
export const maxInt256 = (1n << 256n) - 1n;
/** 2^64 - 1. */
export const maxUint64 = (1n << 64n) - 1n;
/** 2^63 - 1. */
export const maxInt64 = (1n << 63n) - 1n;

/** Returns `value` where its magnitude has at most 256 bits, the SDK's bound for an Int; throws a MathError otherwise. */
export function assertInt256(value: bigint): bigint {
  if (value > maxInt256 || value < -maxInt256) throw new MathError("integer overflow: more than 256 bits");
  return value;
}

/** Reads a canonical integer ("0", "12", "-3"; no leading zeros, plus sign or "-0") of at most 256 bits. */
export function parseInt256(text: string): bigint {
  // 78 digits and a sign hold 2^256; a longer text is refused before it costs anything.
  if (text.length > 79 || !/^(?:0|-?[1-9]\d*)$/.test(text)) throw new MathError(`not a canonical integer: ${text.slice(0, 80)}`);
  const value = BigInt(text);
  if (value > maxInt256 || value < -maxInt256) throw new MathError(`integer out of range: ${text}`);
  return value;
}

/** Like parseInt256, and not negative. */
export function parseUint256(text: string): bigint {
  const value = parseInt256(text);
  if (value < 0n) throw new MathError(`negative integer: ${text}`);
  return value;
}

function nonZero(value: bigint): bigint {
  if (value === 0n) throw new MathError("division by zero");
  return value;
}

/** floor(a * b / c): the remainder stays with the payer. Rounds towards negative infinity. */
export function mulDivFloor(a: bigint, b: bigint, c: bigint): bigint {
  const product = a * b;
  const quotient = product / nonZero(c);
  return quotient * c !== product && product < 0n !== c < 0n ? quotient - 1n : quotient;
}

/** ceil(a * b / c): the remainder goes to the receiver. Rounds towards positive infinity. */
export function mulDivCeil(a: bigint, b: bigint, c: bigint): bigint {
  const product = a * b;
  const quotient = product / nonZero(c);
  return quotient * c !== product && product < 0n === c < 0n ? quotient + 1n : quotient;
}

/** Returns `value` where it fits an unsigned 64-bit field; throws a MathError otherwise. */
export function toUint64(value: bigint): bigint {
  if (value < 0n || value > maxUint64) throw new MathError(`uint64 out of range: ${value}`);
  return value;
}

/** Returns `value` where it fits a signed 64-bit field; throws a MathError otherwise. */
export function toInt64(value: bigint): bigint {
  if (value < -maxInt64 - 1n || value > maxInt64) throw new MathError(`int64 out of range: ${value}`);
  return value;
}

/** The value as a number; throws a MathError beyond +-(2^53 - 1), where numbers lose digits. */
export function toSafeNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new MathError(`beyond 2^53: ${value}`);
  return number;
}

/** The greatest r with r * r <= value. Throws a MathError where `value` is negative. */
export function isqrt(value: bigint): bigint {
  if (value < 0n) throw new MathError(`square root of a negative number: ${value}`);
  if (value < 2n) return value;
  // Newton from above: 2^ceil(bits / 2) is never below the root, and the sequence falls until it reaches it.
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

export function minInt(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function maxInt(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
