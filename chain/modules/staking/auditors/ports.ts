/** What others may ask of attestations. Addresses are raw bytes. */
import type { Context } from "../../../runtime/context.ts";

/**
 * Told that other attestations of a provider may count now. Within the transaction or hook where one was signed, replaced, or went; where an auditor's standing changed
 * (its bond crossed the least, its accreditation), its providers are told of by the begin hooks of the next blocks, at most 500 attestations a block.
 */
export type AttestationsListener = (ctx: Context, provider: Uint8Array) => void;

export interface AttestationsPort {
  /**
   * True where at `tau` at least one attestation counts that this provider's attribute has this value. `auditors`: only theirs count; absent: anyone's.
   * One range read, and a few reads for each of the at most `max_attestations_per_key` records there.
   */
  attested(ctx: Context, provider: Uint8Array, key: string, value: string, tau: bigint, auditors?: readonly Uint8Array[]): boolean;
  /** The tau from which on `attested` would be false, if nobody does anything; 0 where it is false now. */
  attestedUntil(ctx: Context, provider: Uint8Array, key: string, value: string, tau: bigint, auditors?: readonly Uint8Array[]): bigint;
  /** Registered while the application is put together; listeners are called in that order. */
  onChange(listener: AttestationsListener): void;
}
