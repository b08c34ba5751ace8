/** Transactions from CheckTx to FinalizeBlock: decoded once, verified once. What is not here is decoded again; results never depend on it. */
import { equalBytes } from "../codec/bytes.ts";
import type { DecodedTx } from "../codec/tx.ts";
import { hashKey } from "../store/cells.ts";
import type { VerifiedSignatures } from "./ante.ts";
import type { BoundMessage } from "./module.ts";

export class CachedTx {
  readonly tx: DecodedTx;
  /** The handler of each message. */
  readonly bound: readonly BoundMessage[];
  /** True where one of the messages is for a block's proposer only. */
  readonly system: boolean;
  readonly verified: VerifiedSignatures = { proofs: undefined, checked: false, signers: undefined, fee: undefined, passed: undefined, common: undefined };
  /** The cache's own: the hash of the bytes, and the transactions that came just before and after. */
  hash = 0;
  previous: CachedTx | undefined;
  next: CachedTx | undefined;

  constructor(tx: DecodedTx, bound: readonly BoundMessage[], system: boolean) {
    this.tx = tx;
    this.bound = bound;
    this.system = system;
  }
}

/**
 * By a hash that nobody outside this process can foresee; of two transactions with one hash the later is kept. Two generations: when the
 * younger is full, the older goes. Bounded in entries and in transaction bytes. CometBFT rechecks, proposes and finalizes transactions in
 * the order in which it checked them: so the one after the last that was found is looked at before anything is hashed.
 */
export class TxCache {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #young = new Map<number, CachedTx>();
  #old = new Map<number, CachedTx>();
  #bytes = 0;
  /** Of the younger generation; all of the older one came before it. */
  #first: CachedTx | undefined;
  #newest: CachedTx | undefined;
  #found: CachedTx | undefined;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries >> 1;
    this.#maxBytes = maxBytes >> 1;
  }

  /** What is known of these bytes, and of no others. */
  find(bytes: Uint8Array): CachedTx | undefined {
    const guess = this.#found?.next;
    if (guess !== undefined && equalBytes(guess.tx.bytes, bytes)) return (this.#found = guess);
    const hash = hashKey(bytes);
    const cached = this.#young.get(hash) ?? this.#old.get(hash);
    return cached !== undefined && equalBytes(cached.tx.bytes, bytes) ? (this.#found = cached) : undefined;
  }

  /** Adds one that was not found. */
  add(cached: CachedTx): void {
    if (this.#young.size >= this.#maxEntries || this.#bytes >= this.#maxBytes) this.#age();
    cached.hash = hashKey(cached.tx.bytes);
    const replaced = this.#young.get(cached.hash);
    if (replaced !== undefined) this.#drop(replaced);
    this.#bytes += cached.tx.bytes.length;
    this.#young.set(cached.hash, cached);
    cached.previous = this.#newest;
    if (this.#newest !== undefined) this.#newest.next = cached;
    this.#newest = cached;
    this.#first ??= cached;
  }

  remove(bytes: Uint8Array): void {
    const cached = this.find(bytes);
    if (cached !== undefined) this.#drop(cached);
  }

  #drop(cached: CachedTx): void {
    const { hash, previous, next } = cached;
    if (this.#young.get(hash) === cached) {
      this.#young.delete(hash);
      this.#bytes -= cached.tx.bytes.length;
    } else if (this.#old.get(hash) === cached) {
      this.#old.delete(hash);
    }
    if (previous !== undefined) previous.next = next;
    if (next !== undefined) next.previous = previous;
    if (this.#first === cached) this.#first = next;
    if (this.#newest === cached) this.#newest = previous;
    if (this.#found === cached) this.#found = previous;
    cached.previous = cached.next = undefined;
  }

  /** The younger generation becomes the older one, which nothing leads to any more. */
  #age(): void {
    const before = this.#first?.previous;
    if (before !== undefined) before.next = this.#first!.previous = undefined;
    this.#first = this.#found = undefined;
    this.#old = this.#young;
    this.#young = new Map();
    this.#bytes = 0;
  }
}
