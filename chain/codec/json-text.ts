/** JSON text as Go's encoding/json writes it, and the texts of times and durations: what consensus and clients both must arrive at. */
import { toBase64 } from "./bytes.ts";

const special = /["\\<>&\u0000-\u001f\u2028\u2029]/;
const specials = /["\\<>&\u0000-\u001f\u2028\u2029]/g;

const short: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escape(character: string): string {
  return short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A JSON string; `<`, `>`, `&` and the two line separators are escaped, as Go does. */
export function quote(text: string): string {
  return special.test(text) ? `"${text.replace(specials, escape)}"` : `"${text}"`;
}

export function quoteBytes(bytes: Uint8Array): string {
  return `"${toBase64(bytes)}"`;
}

/** A point in time, as google.protobuf.Timestamp. */
export interface Instant {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z in seconds: the range of a Timestamp. */
export const minTimestampSeconds = -62_135_596_800n;
export const maxTimestampSeconds = 253_402_300_799n;

/** A time or duration outside its range, or text that is none. */
export class TimeError extends Error {
  override readonly name = "TimeError";
}

function pad(value: number, width: number): string {
  return value.toString().padStart(width, "0");
}

/** Year, month and day of a number of days since 1970-01-01 (proleptic Gregorian calendar). */
function civil(days: number): [year: number, month: number, day: number] {
  // Eras of 400 years that begin on 1 March, so that the leap day is the last day of a year.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}

/** Days since 1970-01-01. */
function daysOf(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

/**
 * "2006-01-02T15:04:05.000000001Z", in UTC. The fraction has no trailing zeros, or, with `grouped` (protobuf JSON), 0, 3, 6 or 9 digits.
 * Throws a TimeError outside years 1 to 9999.
 */
export function timestampText({ seconds, nanos }: Instant, grouped = false): string {
  if (seconds < minTimestampSeconds || seconds > maxTimestampSeconds || nanos < 0 || nanos > 999_999_999) throw new TimeError(`timestamp out of range: ${seconds}s ${nanos}ns`);
  const total = Number(seconds);
  const days = Math.floor(total / 86_400);
  const rest = total - days * 86_400;
  const [year, month, day] = civil(days);
  const fraction = grouped ? groupedFraction(nanos) : nanos === 0 ? "" : `.${pad(nanos, 9).replace(/0+$/, "")}`;
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(Math.floor(rest / 3600), 2)}:${pad(Math.floor(rest / 60) % 60, 2)}:${pad(rest % 60, 2)}${fraction}Z`;
}

/** "", or a point and 3, 6 or 9 digits. */
function groupedFraction(nanos: number): string {
  if (nanos === 0) return "";
  const digits = pad(nanos, 9);
  return `.${digits.endsWith("000000") ? digits.slice(0, 3) : digits.endsWith("000") ? digits.slice(0, 6) : digits}`;
}

const timestampPattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Reads RFC 3339, with any offset. Throws a TimeError. */
export function parseTimestamp(text: string): Instant {
  const match = text.length <= 40 ? timestampPattern.exec(text) : null;
  if (match === null) throw new TimeError(`not an RFC 3339 time: ${text.slice(0, 40)}`);
  const field = (index: number): number => Number(match[index] ?? "0");
  const [year, month, day, hour, minute, second] = [field(1), field(2), field(3), field(4), field(5), field(6)];
  const days = daysOf(year, month, day);
  const [y, m, d] = civil(days);
  if (y !== year || m !== month || d !== day || hour > 23 || minute > 59 || second > 59 || field(9) > 23 || field(10) > 59) throw new TimeError(`no such time: ${text}`);
  const offset = (field(9) * 60 + field(10)) * 60 * (match[8] === "-" ? -1 : 1);
  const seconds = BigInt(days * 86_400 + hour * 3600 + minute * 60 + second - offset);
  if (seconds < minTimestampSeconds || seconds > maxTimestampSeconds) throw new TimeError(`timestamp out of range: ${text}`);
  return { seconds, nanos: Number((match[7] ?? "").padEnd(9, "0")) };
}

/** 10,000 years, the range of google.protobuf.Duration. */
const maxDurationSeconds = 315_576_000_000n;

/** "1.5s", the fraction with 0, 3, 6 or 9 digits. Throws a TimeError where the parts disagree in sign or leave the range. */
export function durationText({ seconds, nanos }: Instant): string {
  const magnitude = seconds < 0n ? -seconds : seconds;
  if (magnitude > maxDurationSeconds || Math.abs(nanos) > 999_999_999 || (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0)) {
    throw new TimeError(`duration out of range: ${seconds}s ${nanos}ns`);
  }
  return `${seconds < 0n || nanos < 0 ? "-" : ""}${magnitude}${groupedFraction(Math.abs(nanos))}s`;
}

/** Reads "1.5s". Throws a TimeError. */
export function parseDuration(text: string): Instant {
  const match = text.length <= 40 ? /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(text) : null;
  if (match === null) throw new TimeError(`not a duration (such as "1.5s"): ${text.slice(0, 40)}`);
  const sign = match[1] === "-" ? -1 : 1;
  const seconds = BigInt(match[2]!);
  if (seconds > maxDurationSeconds) throw new TimeError(`duration out of range: ${text}`);
  const nanos = Number((match[3] ?? "").padEnd(9, "0"));
  return { seconds: sign < 0 ? -seconds : seconds, nanos: nanos === 0 ? 0 : sign * nanos };
}
