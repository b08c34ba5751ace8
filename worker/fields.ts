/** Fields of files that people write, read with errors that name the field, what it must be, and what it is. */
import { faultOf, placeOf, type Place } from "./place.ts";

/** A field that is not what it must be. */
class FieldError extends Error {
  /** As `placeOf` takes it. */
  readonly at: string;
  readonly isKey: boolean;
  constructor(message: string, at: string, isKey = false) {
    super(message);
    this.at = at;
    this.isKey = isKey;
  }
}

/** What is wrong with a file, and where. */
export class FileError extends Error {
  readonly place: Place;
  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

/** Reads a file of JSON; `what` names it in errors. Throws a FileError. */
export function readFields<T>(text: string, what: "job" | "service", read: (value: unknown) => T): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FileError(`the ${what} file is not JSON: ${(error as Error).message.replace(/ in JSON at position .*|, (\.\.\.)?".* is not valid JSON$/s, "")}`, faultOf(text));
  }
  try {
    return read(value);
  } catch (error) {
    throw error instanceof FieldError ? new FileError(error.message, placeOf(text, error.at === what ? "" : error.at, { key: error.isKey })) : error;
  }
}

/** An object that has no other fields than those known. */
export function object(value: unknown, at: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(at, "an object", value);
  for (const name of Object.keys(value)) if (!known.includes(name)) throw new FieldError(`${at} has the unknown field ${name.slice(0, 40)}; known are ${known.join(", ")}`, keyIn(at, name), true);
  return value as Record<string, unknown>;
}

/** A text of this form; `wanted` is the form in words. */
export function string(value: unknown, at: string, pattern: RegExp, wanted: string): string {
  if (typeof value !== "string" || !pattern.test(value)) throw wrong(at, wanted, value);
  return value;
}

/** A positive whole number, as JSON number or as text. */
export function integer(value: unknown, at: string): bigint {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^[1-9]\d{0,17}$/.test(text)) throw wrong(at, "a whole number from 1 to 10^18", value);
  return BigInt(text);
}

/** Of a field in an object; what stands in the file itself has its name alone. */
const keyIn = (at: string, name: string): string => (at === "job" || at === "service" ? name : `${at}.${name}`);

/** What the error says: the field, what it must be, what it is. */
export function wrong(at: string, wanted: string, value: unknown): Error {
  const [, parent] = /^a key of (.*)/.exec(at) ?? [];
  return new FieldError(`${at} must be ${wanted}, not ${(JSON.stringify(value) ?? "missing").slice(0, 100)}`, parent === undefined ? at : `${parent}.${String(value)}`, parent !== undefined);
}

/** At most 15, as the job's name is one too. */
export function costTags(value: unknown): [string, string][] {
  if (typeof value !== "object" || value === null || Array.isArray(value) || Object.keys(value).length > 15) throw wrong("costTags", "at most 15 values by key", value);
  return Object.entries(value).map(([key, tag]) => [string(key, "a key of costTags", /^[a-z0-9._/-]{1,64}$/, "1 to 64 of a-z 0-9 . _ / -"), string(tag, `costTags.${key}`, /^[\x20-\x7e]{1,128}$/, "1 to 128 printable ASCII characters")]);
}
