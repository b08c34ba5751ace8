/** Exact decimals for bills: a whole number of 10^-scale. No rounding but where its name says so. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

export const zero: Decimal = { units: 0n, scale: 0 };

/** `12`, `-0.5`, `1.250`; undefined for anything else, exponents and signs of positive numbers included. */
export function readDecimal(text: string): Decimal | undefined {
  const match = /^(-?)(\d{1,60})(?:\.(\d{1,60}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, fraction = ""] = match;
  return { units: BigInt(`${whole}${fraction}`) * (sign === "-" ? -1n : 1n), scale: fraction.length };
}

export const whole = (units: bigint): Decimal => ({ units, scale: 0 });

export function times(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

export function plus(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: at(a, scale) + at(b, scale), scale };
}

export function minus(a: Decimal, b: Decimal): Decimal {
  return plus(a, { units: -b.units, scale: b.scale });
}

export function compare(a: Decimal, b: Decimal): number {
  const { units } = minus(a, b);
  return units < 0n ? -1 : units > 0n ? 1 : 0;
}

export function magnitude({ units, scale }: Decimal): Decimal {
  return { units: units < 0n ? -units : units, scale };
}

/** a / b to this many places, halves away from zero. b is not 0. */
export function quotientRounded(a: bigint, b: bigint, places: number): Decimal {
  const scaled = a * 10n ** BigInt(places) * 2n;
  const sign = scaled < 0n !== b < 0n ? -1n : 1n;
  const [top, bottom] = [scaled < 0n ? -scaled : scaled, b < 0n ? -b : b];
  return { units: (sign * (top + bottom)) / (2n * bottom), scale: places };
}

/** Without needless zeros behind the point, and without a point where there is nothing behind it. */
export function decimalText({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  const text = scale === 0 || fraction === "" ? digits.slice(0, digits.length - scale) : `${digits.slice(0, digits.length - scale)}.${fraction}`;
  return units < 0n && /[1-9]/.test(text) ? `-${text}` : text;
}

function at({ units, scale }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale);
}
