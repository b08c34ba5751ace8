// Division of 64-bit integers by 32-bit ones.
import { trap } from "./machine";

/** (high * 2^32 + low) / divisor, where high < divisor. Knuth's algorithm D with digits of 16 bits (Hacker's Delight, divlu). */
export function divide(high: u32, low: u32, divisor: u32): u32 {
  const shift = clz(divisor);
  const v = divisor << shift;
  const v1 = v >> 16;
  const v0 = v & 0xffff;
  const u32_ = shift == 0 ? high : (high << shift) | (low >> (32 - shift));
  const rest = low << shift;
  const u1 = rest >> 16;
  const u0 = rest & 0xffff;

  let q1 = u32_ / v1;
  let r = u32_ - q1 * v1;
  while (q1 >= 0x10000 || q1 * v0 > ((r << 16) | u1)) {
    q1--;
    r += v1;
    if (r >= 0x10000) break;
  }
  const u21 = ((u32_ << 16) | u1) - q1 * v;
  let q0 = u21 / v1;
  r = u21 - q0 * v1;
  while (q0 >= 0x10000 || q0 * v0 > ((r << 16) | u0)) {
    q0--;
    r += v1;
    if (r >= 0x10000) break;
  }
  return (q1 << 16) + q0;
}

export function i64_div_u(a: u64, b: u64): u64 {
  const aHigh = <u32>(a >> 32);
  const bHigh = <u32>(b >> 32);
  if (bHigh == 0) {
    const divisor = <u32>b;
    if (divisor == 0) trap();
    if (aHigh == 0) return <u64>(<u32>a / divisor);
    const high = aHigh / divisor;
    return (<u64>high << 32) | <u64>divide(aHigh - high * divisor, <u32>a, divisor);
  }
  if (aHigh < bHigh) return 0;
  // The quotient has 32 bits: the leading words give it, at most one too large after the first correction.
  const shift = clz(bHigh);
  const half = a >> 1;
  const first = divide(<u32>(half >> 32), <u32>half, <u32>((b << shift) >> 32));
  let q = <u32>((<u64>first << shift) >> 31);
  if (q != 0) q--;
  if (a - b * <u64>q >= b) q++;
  return <u64>q;
}

export function i64_rem_u(a: u64, b: u64): u64 {
  return a - b * i64_div_u(a, b);
}

@inline function magnitude(a: i64): u64 {
  return <u64>(a < 0 ? -a : a);
}

export function i64_div_s(a: i64, b: i64): i64 {
  if (b == -1 && a == i64.MIN_VALUE) trap();
  const q = <i64>i64_div_u(magnitude(a), magnitude(b));
  return (a ^ b) < 0 ? -q : q;
}

export function i64_rem_s(a: i64, b: i64): i64 {
  const r = <i64>i64_rem_u(magnitude(a), magnitude(b));
  return a < 0 ? -r : r;
}
