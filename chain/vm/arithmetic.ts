/** The products and quotients of extension M on 32-bit integers. Every result is an int32; a division by zero has the result that the manual gives it. */

/** The upper half of an unsigned product. */
export function mulhu(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  // Each sum stays below 2^32, so the doubles are exact.
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (other >>> 16)) | 0;
}

/** The upper half of a signed product. */
export function mulh(a: number, b: number): number {
  return (mulhu(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
}

/** The upper half of the product of a signed `a` and an unsigned `b`. */
export function mulhsu(a: number, b: number): number {
  return (mulhu(a, b) - (a < 0 ? b : 0)) | 0;
}

/** -2^31 / -1 is -2^31. */
export function div(a: number, b: number): number {
  return b === 0 ? -1 : (a / b) | 0;
}

export function divu(a: number, b: number): number {
  return b === 0 ? -1 : ((a >>> 0) / (b >>> 0)) | 0;
}

/** The remainder has the sign of `a`; of -2^31 and -1 it is 0. */
export function rem(a: number, b: number): number {
  return b === 0 ? a : (a % b) | 0;
}

export function remu(a: number, b: number): number {
  return b === 0 ? a : ((a >>> 0) % (b >>> 0)) | 0;
}
