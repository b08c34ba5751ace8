/** Transactions from CheckTx to FinalizeBlock: decoded once, verified once. What is not here is decoded again; results never depend on it. */
import { equalBytes } from "../codec/bytes.ts";
import type { DecodedTx } from "../codec/tx.ts";
import { hashKey } from "../store/cells.ts";
import type { VerifiedSignatures } from "./ante.ts";
import type { BoundMessage } from "./module.ts";

export interface CachedTx {
  readonly tx: DecodedTx;
  /** The handler of each message. */
  readonly bound: readonly BoundMessage[];
  /** True where one of the messages is for a block's proposer only. */
  readonly system: boolean;
  readonly verified: VerifiedSignatures;
}

/**
 * By a hash that nobody outside this process can foresee; of two transactions with one hash the later is kept. Two generations: when the
 * younger is full, the older goes. Bounded in entries and in transaction bytes.
 */
export class TxCache {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #young = new Map<number, CachedTx>();
  #old = new Map<number, CachedTx>();
  #bytes = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries >> 1;
    this.#maxBytes = maxBytes >> 1;
  }

  /** What is known of these bytes, and of no others. */
  find(bytes: Uint8Array): CachedTx | undefined {
    const hash = hashKey(bytes);
    const cached = this.#young.get(hash) ?? this.#old.get(hash);
    return cached !== undefined && equalBytes(cached.tx.bytes, bytes) ? cached : undefined;
  }

  add(cached: CachedTx): void {
    if (this.#young.size >= this.#maxEntries || this.#bytes >= this.#maxBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    const hash = hashKey(cached.tx.bytes);
    this.#bytes += cached.tx.bytes.length - (this.#young.get(hash)?.tx.bytes.length ?? 0);
    this.#young.set(hash, cached);
  }

  remove(bytes: Uint8Array): void {
    if (this.find(bytes) === undefined) return;
    const hash = hashKey(bytes);
    this.#bytes -= this.#young.get(hash)?.tx.bytes.length ?? 0;
    if (!this.#young.delete(hash)) this.#old.delete(hash);
  }
}
