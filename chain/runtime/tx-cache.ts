/** Transactions from CheckTx to FinalizeBlock: decoded once, verified once. What is not here is decoded again; results never depend on it. */
import { sha256 } from "../codec/hash.ts";
import type { DecodedTx } from "../codec/tx.ts";
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

/** Longer transactions are known by their hash, shorter ones by themselves: copying 300 bytes costs less than hashing them. */
const longTx = 2_048;

/** The name of a transaction in the cache: equal for equal bytes only. */
export function cacheKey(bytes: Uint8Array): string {
  const name = bytes.length > longTx ? sha256(bytes) : bytes;
  return Buffer.from(name.buffer, name.byteOffset, name.length).toString("latin1");
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

  find(key: string): CachedTx | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  add(key: string, cached: CachedTx): void {
    if (this.#young.size >= this.#maxEntries || this.#bytes >= this.#maxBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(key, cached);
    this.#bytes += cached.tx.bytes.length;
  }

  remove(key: string): void {
    const cached = this.#young.get(key);
    if (cached === undefined) {
      this.#old.delete(key);
      return;
    }
    this.#young.delete(key);
    this.#bytes -= cached.tx.bytes.length;
  }
}
