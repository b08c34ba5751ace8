/** Fixed-point decimals with 18 places, with the arithmetic of the Cosmos SDK's LegacyDec (cosmossdk.io/math 1.5.3), digit for digit. */
import { MathError, assertInt256 } from "./int.ts";

const places = 18;
const unit = 10n ** 18n;
const half = unit / 2n;
const limit = (1n << 256n) * unit - 1n;
const maxIterations = 300;

/** Longest text that can be in range: sign, 78 digits before the point, the point and 18 after it, with room for leading zeros. */
const maxTextLength = 128;

/** Removes 18 digits, rounding to the nearest, ties to even. */
function chopBankers(value: bigint): bigint {
  if (value < 0n) return -chopBankers(-value);
  const quotient = value / unit;
  const rest = value - quotient * unit;
  if (rest < half || (rest === half && (quotient & 1n) === 0n)) return quotient;
  return quotient + 1n;
}

/** Removes 18 digits, rounding towards positive infinity. */
function chopUp(value: bigint): bigint {
  const quotient = value / unit;
  return value > 0n && value % unit !== 0n ? quotient + 1n : quotient;
}

function checked(atomics: bigint): Dec {
  if (atomics > limit || atomics < -limit) throw new MathError("decimal overflow: the result is beyond 2^256");
  return new Dec(atomics);
}

function divisor(value: bigint): bigint {
  if (value === 0n) throw new MathError("division by zero");
  return value;
}

/**
 * An immutable decimal: `atomics` x 10^-18. Results beyond +-(2^256 - 10^-18) and division by zero throw a MathError, where the SDK panics.
 * Rounding is in the name: plain `mul` and `quo` round half to even.
 */
export class Dec {
  readonly atomics: bigint;

  /** Unchecked: use the static constructors for values from outside. */
  constructor(atomics: bigint) {
    this.atomics = atomics;
  }

  static readonly zero = new Dec(0n);
  static readonly one = new Dec(unit);
  static readonly smallest = new Dec(1n);

  /** A whole number. */
  static fromInt(value: bigint): Dec {
    return checked(value * unit);
  }

  /** `value` x 10^-`precision`, precision 0 to 18: `Dec.withPrecision(5n, 2)` is 0.05. */
  static withPrecision(value: bigint, precision: number): Dec {
    if (!Number.isInteger(precision) || precision < 0 || precision > places) throw new MathError(`precision ${precision} is not between 0 and ${places}`);
    return checked(value * 10n ** BigInt(places - precision));
  }

  static fromAtomics(atomics: bigint): Dec {
    return checked(atomics);
  }

  /** Reads "-1.05", "3" (JSON and text form). Throws a MathError on anything but digits with at most one point and 18 places. */
  static parse(text: string): Dec {
    const negative = text.startsWith("-");
    const digits = negative ? text.slice(1) : text;
    if (digits === "") throw new MathError("decimal string cannot be empty");
    if (digits.length > maxTextLength) throw new MathError(`invalid decimal string: ${digits.length} characters, at most ${maxTextLength}`);
    const parts = digits.split(".");
    if (parts.length > 2) throw new MathError(`invalid decimal string: ${text}`);
    const [whole = "", fraction = ""] = parts;
    if (parts.length === 2 && (whole === "" || fraction === "")) throw new MathError(`invalid decimal length: ${text}`);
    if (fraction.length > places) {
      throw new MathError(`value '${digits}' exceeds max precision by ${fraction.length - places} decimal places: max precision ${places}`);
    }
    if (!/^\d+$/.test(whole + fraction)) throw new MathError(`failed to set decimal string with base 10: ${text}`);
    const atomics = BigInt(whole + fraction.padEnd(places, "0"));
    return checked(negative ? -atomics : atomics);
  }

  /** Reads the wire form, the atomics as a canonical integer string: "50000000000000000" is 0.05. */
  static fromProto(text: string): Dec {
    if (text === "") throw new MathError("decimal string cannot be empty");
    if (text.length > maxTextLength || !/^(?:0|-?[1-9]\d*)$/.test(text)) throw new MathError(`invalid decimal on the wire: ${text.slice(0, maxTextLength)}`);
    return checked(BigInt(text));
  }

  /** The wire form: the atomics as an integer string. */
  toProto(): string {
    return this.atomics.toString();
  }

  /** Always 18 places: "1.000000000000000000". */
  toString(): string {
    const digits = (this.atomics < 0n ? -this.atomics : this.atomics).toString().padStart(places + 1, "0");
    return `${this.atomics < 0n ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
  }

  get isZero(): boolean {
    return this.atomics === 0n;
  }

  get isNegative(): boolean {
    return this.atomics < 0n;
  }

  get isPositive(): boolean {
    return this.atomics > 0n;
  }

  get isInteger(): boolean {
    return this.atomics % unit === 0n;
  }

  /** -1, 0 or 1. */
  cmp(other: Dec): -1 | 0 | 1 {
    return this.atomics < other.atomics ? -1 : this.atomics > other.atomics ? 1 : 0;
  }

  eq(other: Dec): boolean {
    return this.atomics === other.atomics;
  }

  lt(other: Dec): boolean {
    return this.atomics < other.atomics;
  }

  lte(other: Dec): boolean {
    return this.atomics <= other.atomics;
  }

  gt(other: Dec): boolean {
    return this.atomics > other.atomics;
  }

  gte(other: Dec): boolean {
    return this.atomics >= other.atomics;
  }

  static min(a: Dec, b: Dec): Dec {
    return a.lt(b) ? a : b;
  }

  static max(a: Dec, b: Dec): Dec {
    return a.lt(b) ? b : a;
  }

  neg(): Dec {
    return new Dec(-this.atomics);
  }

  abs(): Dec {
    return this.atomics < 0n ? this.neg() : this;
  }

  add(other: Dec): Dec {
    return checked(this.atomics + other.atomics);
  }

  sub(other: Dec): Dec {
    return checked(this.atomics - other.atomics);
  }

  /** Product, rounded half to even. */
  mul(other: Dec): Dec {
    return checked(chopBankers(this.atomics * other.atomics));
  }

  /** Product, rounded towards zero. */
  mulTruncate(other: Dec): Dec {
    return checked((this.atomics * other.atomics) / unit);
  }

  /** Product, rounded towards positive infinity. */
  mulRoundUp(other: Dec): Dec {
    return checked(chopUp(this.atomics * other.atomics));
  }

  /** Exact product with a whole number. */
  mulInt(factor: bigint): Dec {
    return checked(this.atomics * factor);
  }

  /** Quotient: 36 places, truncated, then 18 of them chopped half to even (a double rounding that is the SDK's rule). */
  quo(other: Dec): Dec {
    return checked(chopBankers((this.atomics * unit * unit) / divisor(other.atomics)));
  }

  /** Quotient, rounded towards zero. */
  quoTruncate(other: Dec): Dec {
    return checked((this.atomics * unit) / divisor(other.atomics));
  }

  /**
   * Quotient of non-negative decimals, rounded up. With exactly one negative operand the SDK adds one unit too, although truncation has
   * already rounded up; clients and other nodes see that result, so it is kept.
   */
  quoRoundUp(other: Dec): Dec {
    const numerator = this.atomics * unit;
    const quotient = numerator / divisor(other.atomics);
    const rest = numerator % other.atomics;
    const sameSign = quotient < 0n === other.atomics < 0n;
    return checked((rest > 0n && sameSign) || (rest < 0n && !sameSign) ? quotient + 1n : quotient);
  }

  /** Quotient with a whole number, rounded towards zero. */
  quoInt(value: bigint): Dec {
    return new Dec(this.atomics / divisor(value));
  }

  /** The whole part, rounded towards zero; at most 256 bits. */
  truncateInt(): bigint {
    return assertInt256(this.atomics / unit);
  }

  truncate(): Dec {
    return new Dec((this.atomics / unit) * unit);
  }

  /** The nearest whole number, ties to even; at most 256 bits. */
  roundInt(): bigint {
    return assertInt256(chopBankers(this.atomics));
  }

  /** The smallest whole decimal that is not below. */
  ceil(): Dec {
    return checked(chopUp(this.atomics) * unit);
  }

  /** Whole power by squaring, each product rounded half to even, in the SDK's order of multiplications. */
  power(exponent: bigint): Dec {
    if (exponent < 0n || exponent >= 1n << 64n) throw new MathError(`exponent ${exponent} is not a uint64`);
    if (exponent === 0n) return Dec.one;
    let base: Dec = new Dec(this.atomics);
    let odd: Dec = Dec.one;
    for (let left = exponent; left > 1n; left /= 2n) {
      if ((left & 1n) === 1n) odd = odd.mul(base);
      base = base.mul(base);
    }
    return base.mul(odd);
  }

  /** Newton's approximation of the `root`-th root, at most 300 steps; of a negative value, minus the root of its magnitude. */
  approxRoot(root: bigint): Dec {
    if (root < 0n || root >= 1n << 63n) throw new MathError(`root ${root} is out of range`);
    if (root === 0n) return Dec.one;
    if (this.isNegative) return this.neg().approxRoot(root).neg();
    if (root === 1n || this.isZero || this.eq(Dec.one)) return this;
    let guess: Dec = Dec.one;
    for (let step = 0; step < maxIterations; step++) {
      const previous = guess.power(root - 1n);
      const delta = this.quo(previous.isZero ? Dec.smallest : previous).sub(guess).quoInt(root);
      guess = guess.add(delta);
      if (delta.abs().lte(Dec.smallest)) break;
    }
    return guess;
  }

  approxSqrt(): Dec {
    return this.approxRoot(2n);
  }
}
