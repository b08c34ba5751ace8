// IEEE 754 single precision on integers: round to nearest, ties to even; a NaN result is the canonical one. After J. R. Hauser's SoftFloat 3.
import { divide } from "./integer";
import { mulhu } from "./machine";

const NAN: u32 = 0x7fc00000;
const INFINITY: u32 = 0x7f800000;
const SIGN: u32 = 0x80000000;

@inline function exponent(a: u32): i32 {
  return (a >> 23) & 0xff;
}
@inline function fraction(a: u32): u32 {
  return a & 0x007fffff;
}
@inline function pack(sign: u32, exp: i32, sig: u32): u32 {
  return sign + (<u32>exp << 23) + sig;
}
@inline function isNan(a: u32): bool {
  return a << 1 > 0xff000000;
}
/** Shifts right; a bit that is lost stays as the lowest one. */
@inline function jam(a: u32, distance: u32): u32 {
  return distance < 31 ? (a >> distance) | u32(a << (0 - distance) != 0) : u32(a != 0);
}

/** `sig` has its leading bit at 30 and seven bits to round; `exp` is one below the exponent. */
@inline function roundPack32(sign: u32, exp: i32, sig: u32): u32 {
  let rest = sig & 0x7f;
  if (<u32>exp >= 0xfd) {
    if (exp < 0) {
      sig = jam(sig, -exp);
      exp = 0;
      rest = sig & 0x7f;
    } else if (exp > 0xfd || sig + 0x40 >= SIGN) return sign | INFINITY;
  }
  sig = (sig + 0x40) >> 7;
  if (rest == 0x40) sig &= ~1;
  return pack(sign, sig == 0 ? 0 : exp, sig);
}

@inline function normRoundPack32(sign: u32, exp: i32, sig: u32): u32 {
  const shift = <i32>clz(sig) - 1;
  exp -= shift;
  if (shift >= 7 && <u32>exp < 0xfd) return pack(sign, sig == 0 ? 0 : exp, sig << (shift - 7));
  return roundPack32(sign, exp, sig << shift);
}

@inline function addMagnitudes(a: u32, b: u32): u32 {
  const sign = a & SIGN;
  const expA = exponent(a);
  const expB = exponent(b);
  let sigA = fraction(a);
  let sigB = fraction(b);
  const difference = expA - expB;
  let exp: i32;
  let sig: u32;
  if (difference == 0) {
    if (expA == 0) return a + sigB;
    if (expA == 0xff) return (sigA | sigB) != 0 ? NAN : a;
    exp = expA;
    sig = (0x01000000 + sigA + sigB) << 6;
  } else {
    sigA <<= 6;
    sigB <<= 6;
    if (difference < 0) {
      if (expB == 0xff) return sigB != 0 ? NAN : sign | INFINITY;
      exp = expB;
      sigA = jam(sigA + (expA != 0 ? 0x20000000 : sigA), -difference);
    } else {
      if (expA == 0xff) return sigA != 0 ? NAN : a;
      exp = expA;
      sigB = jam(sigB + (expB != 0 ? 0x20000000 : sigB), difference);
    }
    sig = 0x20000000 + sigA + sigB;
    if (sig < 0x40000000) {
      exp--;
      sig <<= 1;
    }
  }
  return roundPack32(sign, exp, sig);
}

/** |a| - |b| with the sign of a. */
@inline function subtractMagnitudes(a: u32, b: u32): u32 {
  let sign = a & SIGN;
  let expA = exponent(a);
  const expB = exponent(b);
  let sigA = fraction(a);
  let sigB = fraction(b);
  const difference = expA - expB;
  if (difference == 0) {
    if (expA == 0xff) return NAN;
    let sig = <i32>(sigA - sigB);
    if (sig == 0) return 0;
    if (expA != 0) expA--;
    if (sig < 0) {
      sign ^= SIGN;
      sig = -sig;
    }
    let shift = <i32>clz(sig) - 8;
    let exp = expA - shift;
    if (exp < 0) {
      shift = expA;
      exp = 0;
    }
    return pack(sign, exp, sig << shift);
  }
  sigA <<= 7;
  sigB <<= 7;
  if (difference < 0) {
    sign ^= SIGN;
    if (expB == 0xff) return sigB != 0 ? NAN : sign | INFINITY;
    return normRoundPack32(sign, expB - 1, (sigB | 0x40000000) - jam(sigA + (expA != 0 ? 0x40000000 : sigA), -difference));
  }
  if (expA == 0xff) return sigA != 0 ? NAN : a;
  return normRoundPack32(sign, expA - 1, (sigA | 0x40000000) - jam(sigB + (expB != 0 ? 0x40000000 : sigB), difference));
}

export function f32_add(a: u32, b: u32): u32 {
  return <i32>(a ^ b) < 0 ? subtractMagnitudes(a, b) : addMagnitudes(a, b);
}

export function f32_sub(a: u32, b: u32): u32 {
  return <i32>(a ^ b) < 0 ? addMagnitudes(a, b) : subtractMagnitudes(a, b);
}

@inline function subnormalShift(sig: u32): i32 {
  return <i32>clz(sig) - 8;
}

export function f32_mul(a: u32, b: u32): u32 {
  const sign = (a ^ b) & SIGN;
  let expA = exponent(a);
  let expB = exponent(b);
  let sigA = fraction(a);
  let sigB = fraction(b);
  if (expA == 0xff || expB == 0xff) {
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
  let exp = expA + expB - 0x7f;
  sigA = (sigA | 0x00800000) << 7;
  sigB = (sigB | 0x00800000) << 8;
  let sig = mulhu(sigA, sigB) | u32(sigA * sigB != 0);
  if (sig < 0x40000000) {
    exp--;
    sig <<= 1;
  }
  return roundPack32(sign, exp, sig);
}

export function f32_div(a: u32, b: u32): u32 {
  const sign = (a ^ b) & SIGN;
  let expA = exponent(a);
  let expB = exponent(b);
  let sigA = fraction(a);
  let sigB = fraction(b);
  if (expA == 0xff) return sigA != 0 || expB == 0xff ? NAN : sign | INFINITY;
  if (expB == 0xff) return sigB != 0 ? NAN : sign;
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
  let exp = expA - expB + 0x7e;
  sigA |= 0x00800000;
  sigB |= 0x00800000;
  let high: u32;
  let low: u32;
  if (sigA < sigB) {
    exp--;
    high = sigA >> 1;
    low = sigA << 31;
  } else {
    high = sigA >> 2;
    low = sigA << 30;
  }
  let sig = divide(high, low, sigB);
  if ((sig & 0x3f) == 0) sig |= u32(sig * sigB != low);
  return roundPack32(sign, exp, sig);
}

export function f32_sqrt(a: u32): u32 {
  let exp = exponent(a);
  let sig = fraction(a);
  if (a << 1 == 0) return a;
  if (isNan(a) || <i32>a < 0) return NAN;
  if (exp == 0xff) return a;
  if (exp == 0) {
    const shift = subnormalShift(sig);
    exp = 1 - shift;
    sig <<= shift;
  }
  sig |= 0x00800000;
  exp -= 0x7f;
  if ((exp & 1) != 0) sig <<= 1;
  exp >>= 1;
  // One bit of the root at a time.
  sig <<= 1;
  let root: u32 = 0;
  let sum: u32 = 0;
  for (let bit: u32 = 0x01000000; bit != 0; bit >>= 1) {
    const next = sum + bit;
    if (next <= sig) {
      sum = next + bit;
      sig -= next;
      root += bit;
    }
    sig <<= 1;
  }
  if (sig != 0) root += root & 1;
  return (root >> 1) + 0x3f000000 + (<u32>exp << 23);
}

export function f32_eq(a: u32, b: u32): i32 {
  if (isNan(a) || isNan(b)) return 0;
  return i32(a == b || (a | b) << 1 == 0);
}

export function f32_lt(a: u32, b: u32): i32 {
  if (isNan(a) || isNan(b)) return 0;
  if (<i32>(a ^ b) < 0) return i32(<i32>a < 0 && (a | b) << 1 != 0);
  return i32(<i32>a < 0 ? b < a : a < b);
}

export function f32_le(a: u32, b: u32): i32 {
  if (isNan(a) || isNan(b)) return 0;
  if (<i32>(a ^ b) < 0) return i32(<i32>a < 0 || (a | b) << 1 == 0);
  return i32(<i32>a < 0 ? b <= a : a <= b);
}

/** Orders all but NaNs, -0 before +0. */
@inline function key(a: u32): i32 {
  return <i32>(a ^ ((<u32>(<i32>a >> 31)) >> 1));
}

export function f32_min(a: u32, b: u32): u32 {
  if (isNan(a) || isNan(b)) return NAN;
  return key(a) < key(b) ? a : b;
}

export function f32_max(a: u32, b: u32): u32 {
  if (isNan(a) || isNan(b)) return NAN;
  return key(a) < key(b) ? b : a;
}

const ONE: u32 = 0x3f800000;

/** Integers, infinities and NaNs, which rounding leaves as they are; a NaN becomes canonical. */
@inline function whole(a: u32): u32 {
  return isNan(a) ? NAN : a;
}

export function f32_trunc(a: u32): u32 {
  const exp = exponent(a) - 0x7f;
  if (exp >= 23) return whole(a);
  if (exp < 0) return a & SIGN;
  return a & ~(((<u32>0x00800000) >> exp) - 1);
}

/** Towards the infinity of sign `up`. */
function towards(a: u32, up: u32): u32 {
  const exp = exponent(a) - 0x7f;
  if (exp >= 23) return whole(a);
  const away = (a & SIGN) == up;
  if (exp < 0) return a << 1 == 0 || !away ? a & SIGN : up | ONE;
  const unit: u32 = 0x00800000 >> exp;
  const cut = a & ~(unit - 1);
  return away && cut != a ? cut + unit : cut;
}

export function f32_ceil(a: u32): u32 {
  return towards(a, 0);
}

export function f32_floor(a: u32): u32 {
  return towards(a, SIGN);
}

export function f32_nearest(a: u32): u32 {
  const exp = exponent(a) - 0x7f;
  if (exp >= 23) return whole(a);
  if (exp < 0) return exp == -1 && fraction(a) != 0 ? (a & SIGN) | ONE : a & SIGN;
  const unit: u32 = 0x00800000 >> exp;
  const rest = a & (unit - 1);
  const cut = a - rest;
  const half = unit >> 1;
  return rest > half || (rest == half && (cut & unit) != 0) ? cut + unit : cut;
}

export function f32_convert_i32_u(a: u32): u32 {
  return <i32>a < 0 ? roundPack32(0, 0x9d, (a >> 1) | (a & 1)) : normRoundPack32(0, 0x9c, a);
}

export function f32_convert_i32_s(a: i32): u32 {
  if ((a & 0x7fffffff) == 0) return a != 0 ? pack(SIGN, 0x9e, 0) : 0;
  return a < 0 ? normRoundPack32(SIGN, 0x9c, -a) : normRoundPack32(0, 0x9c, a);
}

function fromMagnitude(sign: u32, a: u64): u32 {
  if (a == 0) return 0;
  let shift = <i32>clz(a) - 40;
  if (shift >= 0) return pack(sign, 0x95 - shift, <u32>(a << shift));
  shift += 7;
  const sig = shift < 0 ? <u32>(a >> -shift) | u32(a << (64 + shift) != 0) : <u32>(a << shift);
  return roundPack32(sign, 0x9c - shift, sig);
}

export function f32_convert_i64_u(a: u64): u32 {
  return fromMagnitude(0, a);
}

export function f32_convert_i64_s(a: i64): u32 {
  return a < 0 ? fromMagnitude(SIGN, -a) : fromMagnitude(0, a);
}

export function f32_demote(a: u64): u32 {
  const high = <u32>(a >> 32);
  const sign = high & SIGN;
  const exp = <i32>((high >> 20) & 0x7ff);
  const sig = a & 0x000fffffffffffff;
  if (exp == 0x7ff) return sig != 0 ? NAN : sign | INFINITY;
  const short = <u32>(sig >> 22) | u32((<u32>a & 0x3fffff) != 0);
  if ((<u32>exp | short) == 0) return sign;
  return roundPack32(sign, exp - 0x381, short | 0x40000000);
}
