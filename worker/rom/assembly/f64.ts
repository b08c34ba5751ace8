// IEEE 754 double precision on integers: round to nearest, ties to even; a NaN result is the canonical one. After J. R. Hauser's SoftFloat 3.
import { divide } from "./integer";
import { mulhu, seldom, trap } from "./machine";

const NAN: u64 = 0x7ff8000000000000;
const INFINITY: u64 = 0x7ff0000000000000;
const SIGN: u64 = 0x8000000000000000;
const IMPLICIT: u64 = 0x0010000000000000;

@inline function high(a: u64): u32 {
  return <u32>(a >> 32);
}
@inline function exponent(a: u64): i32 {
  return (high(a) >> 20) & 0x7ff;
}
@inline function fraction(a: u64): u64 {
  return a & 0x000fffffffffffff;
}
@inline function pack(sign: u64, exp: i32, sig: u64): u64 {
  return sign + (<u64>(<u32>exp << 20) << 32) + sig;
}
@inline function isNan(a: u64): bool {
  return a << 1 > 0xffe0000000000000;
}
@inline function isNegative(a: u64): bool {
  return <i64>a < 0;
}
/** Shifts right; a bit that is lost stays as the lowest one. */
@inline function jam(a: u64, distance: i32): u64 {
  if (distance < 32) return (a >> distance) | u64(<u32>a << (0 - distance) != 0 && distance != 0);
  if (distance < 63) return (a >> distance) | u64(a << (64 - distance) != 0);
  return u64(a != 0);
}

/** `sig` has its leading bit at 62 and ten bits to round; `exp` is one below the exponent. */
function roundPack(sign: u64, exp: i32, sig: u64): u64 {
  let rest = <u32>sig & 0x3ff;
  if (<u32>exp >= 0x7fd) {
    if (exp < 0) {
      sig = jam(sig, -exp);
      exp = 0;
      rest = <u32>sig & 0x3ff;
    } else if (exp > 0x7fd || isNegative(sig + 0x200)) return sign | INFINITY;
  }
  sig = (sig + 0x200) >> 10;
  if (rest == 0x200) sig &= ~1;
  return pack(sign, sig == 0 ? 0 : exp, sig);
}

function normRoundPack(sign: u64, exp: i32, sig: u64): u64 {
  const shift = <i32>clz(sig) - 1;
  exp -= shift;
  if (shift >= 10 && <u32>exp < 0x7fd) return pack(sign, sig == 0 ? 0 : exp, sig << (shift - 10));
  return roundPack(sign, exp, sig << shift);
}

/** A pair of words as one number. */
@inline function join(high: u32, low: u32): u64 {
  return (<u64>high << 32) | <u64>low;
}

/** As roundPack, of words; `sign` is the bit in its place of the high word, the leading bit is set. */
@inline function roundPackWords(sign: u32, exp: i32, high: u32, low: u32): u64 {
  if (<u32>exp >= 0x7fd) return roundPackEdge(sign, exp, high, low);
  const roundedLow = low + 0x200;
  const roundedHigh = high + u32(roundedLow < low);
  let result = (roundedLow >> 10) | (roundedHigh << 22);
  if ((low & 0x3ff) == 0x200) result &= ~1;
  return join(sign + (<u32>exp << 20) + (roundedHigh >> 10), result);
}

/** What is seldom needed is exported, so that it is not compiled into its callers, which then call nothing that comes back. */
export function roundPackEdge(sign: u32, exp: i32, high: u32, low: u32): u64 {
  seldom();
  return roundPack(<u64>sign << 32, exp, join(high, low));
}

/** The sign and value of an infinity, or NaN, from a number whose exponent is the highest. */
export function special(sign: u32, high: u32, low: u32): u64 {
  seldom();
  return (high & 0x000fffff) != 0 || low != 0 ? NAN : join(sign | 0x7ff00000, 0);
}

export function f64_add(a: u64, b: u64): u64 {
  return add(high(a), <u32>a, high(b), <u32>b);
}

export function f64_sub(a: u64, b: u64): u64 {
  return add(high(a), <u32>a, high(b) ^ 0x80000000, <u32>b);
}

@inline function add(aHigh: u32, aLow: u32, bHigh: u32, bLow: u32): u64 {
  let expA = <i32>((aHigh >> 20) & 0x7ff);
  const expB = <i32>((bHigh >> 20) & 0x7ff);
  let difference = expA - expB;
  if (difference == 0) return addEqual(aHigh, aLow, bHigh, bLow);
  let sign = aHigh & 0x80000000;
  const subtracts = <i32>(aHigh ^ bHigh) < 0;
  // From here on a is the larger one, its exponent is not 0.
  let isNormal = expB != 0;
  if (difference < 0) {
    const wasHigh = aHigh;
    const wasLow = aLow;
    aHigh = bHigh;
    aLow = bLow;
    bHigh = wasHigh;
    bLow = wasLow;
    sign = aHigh & 0x80000000;
    isNormal = expA != 0;
    expA = expB;
    difference = -difference;
  }
  if (expA == 0x7ff) return special(sign, aHigh, aLow);
  // Leading bit at 62 where it is subtracted, at 61 where the sum may carry; both have a place more than they need.
  let high = ((aHigh & 0x000fffff) << 10) | (aLow >> 22) | 0x40000000;
  let low = aLow << 10;
  let otherHigh = ((bHigh & 0x000fffff) << 10) | (bLow >> 22);
  let other = bLow << 10;
  if (isNormal) otherHigh |= 0x40000000;
  else {
    otherHigh = (otherHigh << 1) | (other >> 31);
    other <<= 1;
  }
  // Shifts the smaller one right; a bit that is lost stays as the lowest one.
  if (difference < 32) {
    const lost = other << (32 - difference);
    other = (other >> difference) | (otherHigh << (32 - difference)) | u32(lost != 0);
    otherHigh >>= difference;
  } else {
    other = jamFar(otherHigh, other, difference);
    otherHigh = 0;
  }
  if (subtracts) {
    const borrow = u32(low < other);
    low -= other;
    high -= otherHigh + borrow;
    expA--;
    if (high < 0x40000000) return normRoundPackWords(sign, expA, high, low);
    return roundPackWords(sign, expA, high, low);
  }
  low += other;
  high += otherHigh + u32(low < other);
  // The lowest bit is lost or not exact already: bits that are rounded away are ten.
  if (<i32>high < 0) {
    low = (low >> 1) | (high << 31) | (low & 1);
    high >>= 1;
  } else expA--;
  return roundPackWords(sign, expA, high, low);
}

/** A distance from 32 on. */
@inline function jamFar(high: u32, low: u32, distance: i32): u32 {
  if (distance >= 64) return u32((high | low) != 0);
  if (distance == 32) return high | u32(low != 0);
  return (high >> distance) | u32(((high << (0 - distance)) | low) != 0);
}

export function normRoundPackWords(sign: u32, exp: i32, high: u32, low: u32): u64 {
  seldom();
  if (high != 0) {
    const shift = clz(high) - 1;
    return roundPackWords(sign, exp - <i32>shift, (high << shift) | (low >> 1 >> (31 - shift)), low << shift);
  }
  return normRoundPack(<u64>sign << 32, exp, <u64>low);
}

/** Of numbers with the same exponent. */
export function addEqual(aHigh: u32, aLow: u32, bHigh: u32, bLow: u32): u64 {
  seldom();
  let sign = aHigh & 0x80000000;
  const exp = <i32>((aHigh >> 20) & 0x7ff);
  const aTop = aHigh & 0x000fffff;
  const bTop = bHigh & 0x000fffff;
  if (<i32>(aHigh ^ bHigh) >= 0) {
    const sum = aLow + bLow;
    const top = aTop + bTop + u32(sum < aLow);
    if (exp == 0) return join(sign | top, sum);
    if (exp == 0x7ff) return top != 0 || sum != 0 ? NAN : join(aHigh, 0);
    return roundPackWords(sign, exp, ((top + 0x00200000) << 9) | (sum >> 23), sum << 9);
  }
  if (exp == 0x7ff) return NAN;
  let low = aLow - bLow;
  let high = aTop - bTop - u32(aLow < bLow);
  if ((high | low) == 0) return 0;
  if (<i32>high < 0) {
    sign ^= 0x80000000;
    low = 0 - low;
    high = ~high + u32(low == 0);
  }
  const most = exp == 0 ? 0 : exp - 1;
  const shift = <i32>clz(join(high, low)) - 11;
  if (shift > most) return (<u64>sign << 32) | (join(high, low) << most);
  return pack(<u64>sign << 32, most - shift, join(high, low) << shift);
}

@inline function subnormalShift(sig: u64): i32 {
  return <i32>clz(sig) - 11;
}

/** Of any numbers: those that are not normal come here. */
export function multiply(a: u64, b: u64): u64 {
  seldom();
  const sign = (a ^ b) & SIGN;
  let expA = exponent(a);
  let expB = exponent(b);
  let sigA = fraction(a);
  let sigB = fraction(b);
  if (expA == 0x7ff || expB == 0x7ff) {
    if (isNan(a) || isNan(b) || a << 1 == 0 || b << 1 == 0) return NAN;
    return sign | INFINITY;
  }
  if (expA == 0) {
    if (sigA == 0) return sign;
    const shift = subnormalShift(sigA);
    expA = 1 - shift;
    sigA <<= shift;
  }
  if (expB == 0) {
    if (sigB == 0) return sign;
    const shift = subnormalShift(sigB);
    expB = 1 - shift;
    sigB <<= shift;
  }
  let exp = expA + expB - 0x3ff;
  sigA = (sigA | IMPLICIT) << 10;
  sigB = (sigB | IMPLICIT) << 11;
  const a1 = <u64>high(sigA);
  const a0 = <u64>(<u32>sigA);
  const b1 = <u64>high(sigB);
  const b0 = <u64>(<u32>sigB);
  const low = a0 * b0;
  const middle = a1 * b0 + <u64>high(low);
  const other = a0 * b1 + <u64>(<u32>middle);
  let sig = a1 * b1 + <u64>high(middle) + <u64>high(other);
  sig |= u64((<u32>low | <u32>other) != 0);
  if (high(sig) < 0x40000000) {
    exp--;
    sig <<= 1;
  }
  return roundPack(sign, exp, sig);
}

export function f64_mul(a: u64, b: u64): u64 {
  const aHigh = high(a);
  const bHigh = high(b);
  const expA = (aHigh >> 20) & 0x7ff;
  const expB = (bHigh >> 20) & 0x7ff;
  if (expA - 1 >= 0x7fe || expB - 1 >= 0x7fe) return multiply(a, b);
  const a1 = ((aHigh & 0x000fffff) << 10) | 0x40000000 | (<u32>a >> 22);
  const a0 = <u32>a << 10;
  const b1 = ((bHigh & 0x000fffff) << 11) | 0x80000000 | (<u32>b >> 21);
  const b0 = <u32>b << 11;
  const cross = a1 * b0;
  const crossHigh = mulhu(a1, b0);
  const other = a0 * b1;
  const otherHigh = mulhu(a0, b1);
  let middle = mulhu(a0, b0) + cross;
  let carry = u32(middle < cross);
  middle += other;
  carry += u32(middle < other);
  let low = a1 * b1;
  let top = mulhu(a1, b1);
  low += crossHigh;
  top += u32(low < crossHigh);
  low += otherHigh;
  top += u32(low < otherHigh);
  low += carry;
  top += u32(low < carry);
  low |= u32((middle | (a0 * b0)) != 0);
  let exp = <i32>(expA + expB) - 0x3ff;
  if (top < 0x40000000) {
    exp--;
    top = (top << 1) | (low >> 31);
    low <<= 1;
  }
  return roundPackWords((aHigh ^ bHigh) & 0x80000000, exp, top, low);
}

export function f64_div(a: u64, b: u64): u64 {
  const sign = (a ^ b) & SIGN;
  let expA = exponent(a);
  let expB = exponent(b);
  let sigA = fraction(a);
  let sigB = fraction(b);
  if (expA == 0x7ff) return sigA != 0 || expB == 0x7ff ? NAN : sign | INFINITY;
  if (expB == 0x7ff) return sigB != 0 ? NAN : sign;
  if (expB == 0) {
    if (sigB == 0) return a << 1 == 0 ? NAN : sign | INFINITY;
    const shift = subnormalShift(sigB);
    expB = 1 - shift;
    sigB <<= shift;
  }
  if (expA == 0) {
    if (sigA == 0) return sign;
    const shift = subnormalShift(sigA);
    expA = 1 - shift;
    sigA <<= shift;
  }
  let exp = expA - expB + 0x3fe;
  sigA |= IMPLICIT;
  sigB |= IMPLICIT;
  if (sigA < sigB) {
    exp--;
    sigA <<= 11;
  } else sigA <<= 10;
  sigB <<= 11;
  // Two digits of the quotient by a reciprocal of 32 bits, and where they may be wrong a third that decides.
  const b1 = <u64>high(sigB);
  const b0 = <u64>(<u32>sigB >> 4);
  const reciprocal = <u64>(divide(0x7fffffff, 0xffffffff, <u32>b1) - 2);
  const first = high(<u64>high(sigA) * reciprocal);
  let term = <u64>(first << 1);
  let rest = ((sigA - term * b1) << 28) - term * b0;
  let q = high(<u64>high(rest) * reciprocal) + 4;
  let sig = (<u64>first << 32) + (<u64>q << 4);
  if ((<u32>sig & 0x1ff) < 64) {
    q &= ~7;
    sig &= ~0x7f;
    term = <u64>(q << 1);
    rest = ((rest - term * b1) << 28) - term * b0;
    if (isNegative(rest)) sig -= 0x80;
    else if (rest != 0) sig |= 1;
  }
  return roundPack(sign, exp, sig);
}

export function f64_sqrt(a: u64): u64 {
  let exp = exponent(a);
  let sig = fraction(a);
  if (a << 1 == 0) return a;
  if (isNan(a) || isNegative(a)) return NAN;
  if (exp == 0x7ff) return a;
  if (exp == 0) {
    const shift = subnormalShift(sig);
    exp = 1 - shift;
    sig <<= shift;
  }
  sig |= IMPLICIT;
  exp -= 0x3ff;
  if ((exp & 1) != 0) sig <<= 1;
  exp >>= 1;
  // One bit of the root at a time.
  sig <<= 1;
  let root: u64 = 0;
  let sum: u64 = 0;
  for (let bit: u64 = 0x0020000000000000; bit != 0; bit >>= 1) {
    const next = sum + bit;
    if (next <= sig) {
      sum = next + bit;
      sig -= next;
      root += bit;
    }
    sig <<= 1;
  }
  if (sig != 0) root += root & 1;
  return (root >> 1) + 0x3fe0000000000000 + (<u64>(<u32>exp << 20) << 32);
}

export function f64_eq(a: u64, b: u64): i32 {
  if (isNan(a) || isNan(b)) return 0;
  return i32(a == b || (a | b) << 1 == 0);
}

export function f64_lt(a: u64, b: u64): i32 {
  if (isNan(a) || isNan(b)) return 0;
  if (isNegative(a ^ b)) return i32(isNegative(a) && (a | b) << 1 != 0);
  return i32(isNegative(a) ? b < a : a < b);
}

export function f64_le(a: u64, b: u64): i32 {
  if (isNan(a) || isNan(b)) return 0;
  if (isNegative(a ^ b)) return i32(isNegative(a) || (a | b) << 1 == 0);
  return i32(isNegative(a) ? b <= a : a <= b);
}

/** Orders all but NaNs, -0 before +0. */
@inline function key(a: u64): i64 {
  return <i64>(a ^ (<u64>(<i64>a >> 63) >> 1));
}

export function f64_min(a: u64, b: u64): u64 {
  if (isNan(a) || isNan(b)) return NAN;
  return key(a) < key(b) ? a : b;
}

export function f64_max(a: u64, b: u64): u64 {
  if (isNan(a) || isNan(b)) return NAN;
  return key(a) < key(b) ? b : a;
}

const ONE: u64 = 0x3ff0000000000000;

/** Integers, infinities and NaNs, which rounding leaves as they are; a NaN becomes canonical. */
@inline function whole(a: u64): u64 {
  return isNan(a) ? NAN : a;
}

export function f64_trunc(a: u64): u64 {
  const exp = exponent(a) - 0x3ff;
  if (exp >= 52) return whole(a);
  if (exp < 0) return a & SIGN;
  return a & ~((IMPLICIT >> exp) - 1);
}

/** Towards the infinity of sign `up`. */
function towards(a: u64, up: u64): u64 {
  const exp = exponent(a) - 0x3ff;
  if (exp >= 52) return whole(a);
  const away = (a & SIGN) == up;
  if (exp < 0) return a << 1 == 0 || !away ? a & SIGN : up | ONE;
  const unit = IMPLICIT >> exp;
  const cut = a & ~(unit - 1);
  return away && cut != a ? cut + unit : cut;
}

export function f64_ceil(a: u64): u64 {
  return towards(a, 0);
}

export function f64_floor(a: u64): u64 {
  return towards(a, SIGN);
}

export function f64_nearest(a: u64): u64 {
  const exp = exponent(a) - 0x3ff;
  if (exp >= 52) return whole(a);
  if (exp < 0) return exp == -1 && fraction(a) != 0 ? (a & SIGN) | ONE : a & SIGN;
  const unit = IMPLICIT >> exp;
  const rest = a & (unit - 1);
  const cut = a - rest;
  const half = unit >> 1;
  return rest > half || (rest == half && (cut & unit) != 0) ? cut + unit : cut;
}

export function f64_convert_i32_u(a: u32): u64 {
  if (a == 0) return 0;
  const shift = <i32>clz(a) + 21;
  return pack(0, 0x432 - shift, <u64>a << shift);
}

export function f64_convert_i32_s(a: i32): u64 {
  return a < 0 ? SIGN | f64_convert_i32_u(-a) : f64_convert_i32_u(a);
}

export function f64_convert_i64_u(a: u64): u64 {
  return isNegative(a) ? roundPack(0, 0x43d, (a >> 1) | (a & 1)) : normRoundPack(0, 0x43c, a);
}

export function f64_convert_i64_s(a: i64): u64 {
  return a < 0 ? SIGN | f64_convert_i64_u(-a) : f64_convert_i64_u(a);
}

export function f64_promote(a: u32): u64 {
  const sign = <u64>(a & 0x80000000) << 32;
  let exp = <i32>((a >> 23) & 0xff);
  let sig = a & 0x007fffff;
  if (exp == 0xff) return sig != 0 ? NAN : sign | INFINITY;
  if (exp == 0) {
    if (sig == 0) return sign;
    const shift = <i32>clz(sig) - 8;
    exp = -shift;
    sig <<= shift;
  }
  return pack(sign, exp + 0x380, <u64>sig << 29);
}

/** |a| cut to an integer; below 2^64. */
function magnitude(a: u64): u64 {
  const exp = exponent(a) - 0x433;
  const sig = fraction(a) | IMPLICIT;
  if (exp >= 0) return sig << exp;
  return exp <= -53 ? 0 : sig >> -exp;
}

@inline function signed32(a: u64): i32 {
  const value = <u32>magnitude(a);
  return isNegative(a) ? 0 - value : value;
}
@inline function signed64(a: u64): i64 {
  const value = magnitude(a);
  return isNegative(a) ? 0 - value : value;
}
/** Whether a, cut, is an i32; and so on. */
@inline function fitsI32(a: u64): bool {
  const exp = exponent(a);
  return exp < 0x41e || (exp == 0x41e && isNegative(a) && magnitude(a) == 0x80000000);
}
@inline function fitsU32(a: u64): bool {
  return exponent(a) < (isNegative(a) ? 0x3ff : 0x41f);
}
@inline function fitsI64(a: u64): bool {
  return exponent(a) < 0x43e || a == 0xc3e0000000000000;
}
@inline function fitsU64(a: u64): bool {
  return exponent(a) < (isNegative(a) ? 0x3ff : 0x43f);
}

export function i32_trunc_f64_s(a: u64): i32 {
  if (!fitsI32(a)) trap();
  return signed32(a);
}
export function i32_trunc_f64_u(a: u64): i32 {
  if (!fitsU32(a)) trap();
  return signed32(a);
}
export function i64_trunc_f64_s(a: u64): i64 {
  if (!fitsI64(a)) trap();
  return signed64(a);
}
export function i64_trunc_f64_u(a: u64): i64 {
  if (!fitsU64(a)) trap();
  return signed64(a);
}
export function i32_trunc_f32_s(a: u32): i32 {
  return i32_trunc_f64_s(f64_promote(a));
}
export function i32_trunc_f32_u(a: u32): i32 {
  return i32_trunc_f64_u(f64_promote(a));
}
export function i64_trunc_f32_s(a: u32): i64 {
  return i64_trunc_f64_s(f64_promote(a));
}
export function i64_trunc_f32_u(a: u32): i64 {
  return i64_trunc_f64_u(f64_promote(a));
}

export function i32_trunc_sat_f64_s(a: u64): i32 {
  if (fitsI32(a)) return signed32(a);
  return isNan(a) ? 0 : isNegative(a) ? i32.MIN_VALUE : i32.MAX_VALUE;
}
export function i32_trunc_sat_f64_u(a: u64): i32 {
  if (fitsU32(a)) return signed32(a);
  return isNan(a) || isNegative(a) ? 0 : -1;
}
export function i64_trunc_sat_f64_s(a: u64): i64 {
  if (fitsI64(a)) return signed64(a);
  return isNan(a) ? 0 : isNegative(a) ? i64.MIN_VALUE : i64.MAX_VALUE;
}
export function i64_trunc_sat_f64_u(a: u64): i64 {
  if (fitsU64(a)) return signed64(a);
  return isNan(a) || isNegative(a) ? 0 : -1;
}
export function i32_trunc_sat_f32_s(a: u32): i32 {
  return i32_trunc_sat_f64_s(f64_promote(a));
}
export function i32_trunc_sat_f32_u(a: u32): i32 {
  return i32_trunc_sat_f64_u(f64_promote(a));
}
export function i64_trunc_sat_f32_s(a: u32): i64 {
  return i64_trunc_sat_f64_s(f64_promote(a));
}
export function i64_trunc_sat_f32_u(a: u32): i64 {
  return i64_trunc_sat_f64_u(f64_promote(a));
}
