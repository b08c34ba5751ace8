/** Transactions from CheckTx to FinalizeBlock: decoded once, verified once. What is not here is decoded again; results never depend on it. */
import { sha256 } from "../codec/hash.ts";
import type { DecodedTx } from "../codec/tx.ts";
import type { VerifiedSignatures } from "./ante.ts";

export interface CachedTx {
  readonly tx: DecodedTx;
  readonly verified: VerifiedSignatures;
}

/** Two generations: when the younger is full, the older goes. Bounded in entries and in transaction bytes. */
export class TxCache {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #young = new Map<string, CachedTx>();
  #old = new Map<string, CachedTx>();
  #bytes = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries >> 1;
    this.#maxBytes = maxBytes >> 1;
  }

  find(bytes: Uint8Array): CachedTx | undefined {
    const key = keyOf(bytes);
    return this.#young.get(key) ?? this.#old.get(key);
  }

  add(bytes: Uint8Array, cached: CachedTx): void {
    if (this.#young.size >= this.#maxEntries || this.#bytes >= this.#maxBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(keyOf(bytes), cached);
    this.#bytes += bytes.length;
  }
}

function keyOf(bytes: Uint8Array): string {
  const digest = sha256(bytes);
  return Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString("latin1");
}
