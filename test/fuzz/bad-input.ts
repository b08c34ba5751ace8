/** Bad input, field by field: what a message of each type becomes where one of its fields is what no honest client sends. */
import { isAddress, prefixes } from "../../chain/codec/address.ts";

/** One field of a message that was replaced, and by what, for the words of a failure. */
export interface Spoilt {
  readonly message: object;
  readonly what: string;
  /** The field's name and the names that lead to it. */
  readonly path: readonly string[];
  /** How many of it one transaction has; one where it says nothing. */
  readonly count?: number;
}

const power = (exponent: number): bigint => 1n << BigInt(exponent);
/** Amounts as text: zero, negative, not canonical, at the edges of 63, 64, 128 and 256 bits, and beyond everything. */
const amounts = ["0", "-1", "", "01", "+1", " 1", "1.0", "1e3", "0x10", "1_000", ...[63, 64, 128, 256].flatMap((bits) => [power(bits) - 1n, power(bits)].map(String)), "9".repeat(5_000)];
const texts = ["", " ", "\u0000", "é", "no.such", "UDCM", "x".repeat(10_000), "dcm1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzvjrzp"];
const numbers = [0n, 1n, ...[31, 32, 53, 63].flatMap((bits) => [power(bits) - 1n, power(bits)]), power(64) - 1n];
const byteStrings = [0, 1, 20, 31, 32, 33, 64, 65, 5_000].map((length) => new Uint8Array(length).fill(1));

/** Each message that differs from this one in one field. `others` are addresses of somebody else. */
export function* spoil(message: object, others: readonly string[]): IterableIterator<Spoilt> {
  for (const { path, value } of fields(message, [])) {
    for (const replacement of replacements(value, others)) yield { message: replaced(message, path, replacement) as object, what: `${path.join(".")} = ${shown(replacement)}`, path };
  }
}

function* fields(value: unknown, path: readonly string[]): IterableIterator<{ readonly path: readonly string[]; readonly value: unknown }> {
  if (path.length > 0) yield { path, value };
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  const inner = Array.isArray(value) ? Object.entries(value).slice(0, 1) : Object.entries(value);
  for (const [name, field] of inner) yield* fields(field, [...path, name]);
}

function replacements(value: unknown, others: readonly string[]): readonly unknown[] {
  if (typeof value === "string") {
    if (/^\d+$/.test(value)) return amounts;
    return Object.values(prefixes).some((prefix) => isAddress(value, prefix)) ? [...texts, value.toUpperCase(), ...others] : texts;
  }
  if (typeof value === "bigint") return numbers;
  if (typeof value === "number") return [0, 1, 2, 99, 10_001, 2 ** 31 - 1, 2 ** 32 - 1];
  if (typeof value === "boolean") return [!value];
  if (value instanceof Uint8Array) return byteStrings;
  if (Array.isArray(value)) return [[], [...value, ...value], Array.from({ length: 2_000 }, () => value[0] as unknown)].filter((list) => list.length !== value.length && !list.includes(undefined));
  return value === undefined ? [] : [undefined];
}

function replaced(value: unknown, [name, ...rest]: readonly string[], replacement: unknown): unknown {
  if (name === undefined) return replacement;
  const inner = replaced((value as Record<string, unknown>)[name], rest, replacement);
  return Array.isArray(value) ? value.map((item: unknown, i) => (String(i) === name ? inner : item)) : { ...(value as object), [name]: inner };
}

function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `${value.length} entries`;
  return typeof value === "string" ? JSON.stringify(value.length > 90 ? `${value.slice(0, 80)}... (${value.length})` : value) : String(value);
}
