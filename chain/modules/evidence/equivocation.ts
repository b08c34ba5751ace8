/** The only kind of evidence there is: a validator that voted for two blocks of one height, or for a chain that is none. */
import { Equivocation } from "../../codec/gen/cosmos/evidence/v1beta1/evidence.ts";
import { toHex } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { minTimestampSeconds } from "../../codec/json-text.ts";
import { isShowable, nanosOf, utcText } from "../../runtime/time-text.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";

export const equivocationUrl = `/${Equivocation.$type}`;
/** What the SDK's router calls it. */
export const route = "equivocation";

/** SHA-256 of its protobuf bytes. */
export const hashOf = (evidence: Equivocation): Uint8Array => sha256(Equivocation.encode(evidence).finish());
export const hashText = (evidence: Equivocation): string => toHex(hashOf(evidence)).toUpperCase();

export const toAny = (evidence: Equivocation): Any => ({ typeUrl: equivocationUrl, value: Equivocation.encode(evidence).finish() });

/** Undefined where the Any is evidence of no kind that is known. */
export function fromAny(any: Any | undefined): Equivocation | undefined {
  return any?.typeUrl === equivocationUrl ? Equivocation.decode(any.value) : undefined;
}

/** The sentence that says what is wrong with its fields alone, or undefined. */
export function fieldsFault({ time = { seconds: minTimestampSeconds, nanos: 0 }, height, power, consensusAddress }: Equivocation): string | undefined {
  if (!isShowable(time)) return "invalid equivocation time: it is none";
  if (time.seconds <= 0n) return `invalid equivocation time: ${utcText(nanosOf(time))}`;
  if (height < 1n) return `invalid equivocation height: ${height}`;
  if (power < 1n) return `invalid equivocation validator power: ${power}`;
  if (consensusAddress === "") return "invalid equivocation validator consensus address: ";
  return undefined;
}
