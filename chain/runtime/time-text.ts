/** Times as text, in the forms of the Cosmos SDK. Times are nanoseconds since the Unix epoch. */
import { maxTimestampSeconds, minTimestampSeconds } from "../codec/json-text.ts";
import type { Timestamp } from "../codec/gen/google/protobuf/timestamp.ts";

export const nanosOf = ({ seconds, nanos }: Timestamp): bigint => seconds * 1_000_000_000n + BigInt(nanos);

export function timestampOf(nanos: bigint): Timestamp {
  return { seconds: nanos / 1_000_000_000n, nanos: Number(nanos % 1_000_000_000n) };
}

/** True for times that text can show: years 1 to 9999, nanoseconds within a second. What is kept must be such a time, as genesis files and queues show it. */
export function isShowable({ seconds, nanos }: Timestamp): boolean {
  return seconds >= minTimestampSeconds && seconds <= maxTimestampSeconds && nanos >= 0 && nanos <= 999_999_999;
}

/** `2026-03-01 12:00:00.5 +0000 UTC`, as errors show it. */
export function utcText(nanos: bigint): string {
  const { date, clock, fraction } = parts(nanos);
  return `${date} ${clock}${fraction === 0n ? "" : `.${fraction.toString().padStart(9, "0").replace(/0+$/, "")}`} +0000 UTC`;
}

/** `2026-03-01T12:00:00Z`, without fractions. */
export function rfc3339Text(nanos: bigint): string {
  const { date, clock } = parts(nanos);
  return `${date}T${clock}Z`;
}

/** `2026-03-01T12:00:00.500000000`: always 29 characters from year 0 to 9999, so that text order is time order; the SDK's queues are keyed by it. */
export function sortableText(nanos: bigint): string {
  const { date, clock, fraction } = parts(nanos);
  return `${date}T${clock}.${fraction.toString().padStart(9, "0")}`;
}

function parts(nanos: bigint): { readonly date: string; readonly clock: string; readonly fraction: bigint } {
  const second = 1_000_000_000n;
  const fraction = ((nanos % second) + second) % second;
  const seconds = (nanos - fraction) / second;
  const ofDay = ((seconds % 86_400n) + 86_400n) % 86_400n;
  const [year, month, day] = civil((seconds - ofDay) / 86_400n);
  const clock = [ofDay / 3600n, (ofDay / 60n) % 60n, ofDay % 60n].map((n) => n.toString().padStart(2, "0")).join(":");
  const date = `${year.toString().padStart(4, "0")}-${month.toString().padStart(2, "0")}-${day.toString().padStart(2, "0")}`;
  return { date, clock, fraction };
}

/** The proleptic Gregorian date of a day counted from 1970-01-01: eras of 400 years that begin on 1 March. */
function civil(day: bigint): readonly [year: bigint, month: bigint, day: bigint] {
  const z = day + 719_468n;
  const era = (z >= 0n ? z : z - 146_096n) / 146_097n;
  const ofEra = z - era * 146_097n;
  const yearOfEra = (ofEra - ofEra / 1460n + ofEra / 36_524n - ofEra / 146_096n) / 365n;
  const ofYear = ofEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const shifted = (5n * ofYear + 2n) / 153n;
  const month = shifted < 10n ? shifted + 3n : shifted - 9n;
  return [yearOfEra + era * 400n + (month <= 2n ? 1n : 0n), month, ofYear - (153n * shifted + 2n) / 5n + 1n];
}
