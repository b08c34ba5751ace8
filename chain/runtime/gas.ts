/**
 * Gas: a deterministic count of work. It enters the block results, so every node counts the same.
 * Store prices are the Cosmos SDK's, so that wallets' habits hold.
 */
import { fail, sdkErrors } from "./errors.ts";
import { putInto, viewOf, type Entry, type KVStore } from "../store/kv.ts";

export class GasMeter {
  readonly limit: number;
  #used = 0;
  /** `limit` in gas; Infinity for block hooks, genesis and queries. */
  constructor(limit: number) {
    this.limit = limit;
  }
  get used(): number {
    return this.#used;
  }
  /** Fails the transaction with `sdk` 11 once the limit is passed. `amount` is a non-negative integer. */
  consume(amount: number, what: string): void {
    this.#used += amount;
    if (this.#used > this.limit) fail(sdkErrors.outOfGas, `out of gas in location: ${what}; gasWanted: ${this.limit}, gasUsed: ${this.#used}`);
  }
}

export const gasPrices = {
  hasFlat: 1000, deleteFlat: 1000, readFlat: 1000, readPerByte: 3, writeFlat: 2000, writePerByte: 30, iterNextFlat: 30,
  txSizePerByte: 10, verifySecp256k1: 1000, verifyEd25519: 590,
} as const;

/** A store whose every access is paid for. */
export class GasStore implements KVStore {
  readonly #inner: KVStore;
  readonly #gas: GasMeter;
  constructor(inner: KVStore, gas: GasMeter) {
    this.#inner = inner;
    this.#gas = gas;
  }
  get(key: Uint8Array): Uint8Array | undefined {
    this.#gas.consume(gasPrices.readFlat, "ReadFlat");
    const value = this.#inner.get(key);
    this.#gas.consume(gasPrices.readPerByte * (key.length + (value?.length ?? 0)), "ReadPerByte");
    return value;
  }
  /** Costs what `get` costs. */
  view(key: Uint8Array): Uint8Array | undefined {
    this.#gas.consume(gasPrices.readFlat, "ReadFlat");
    const value = viewOf(this.#inner, key);
    this.#gas.consume(gasPrices.readPerByte * (key.length + (value?.length ?? 0)), "ReadPerByte");
    return value;
  }
  has(key: Uint8Array): boolean {
    this.#gas.consume(gasPrices.hasFlat, "Has");
    return this.#inner.has(key);
  }
  set(key: Uint8Array, value: Uint8Array): void {
    this.#gas.consume(gasPrices.writeFlat + gasPrices.writePerByte * (key.length + value.length), "WriteFlat");
    this.#inner.set(key, value);
  }
  /** Costs what `set` costs. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.#gas.consume(gasPrices.writeFlat + gasPrices.writePerByte * (key.length + value.length), "WriteFlat");
    putInto(this.#inner, key, value);
  }
  delete(key: Uint8Array): void {
    this.#gas.consume(gasPrices.deleteFlat, "Delete");
    this.#inner.delete(key);
  }
  *iterate(start?: Uint8Array, end?: Uint8Array, reverse?: boolean): IterableIterator<Entry> {
    for (const entry of this.#inner.iterate(start, end, reverse)) {
      this.#gas.consume(gasPrices.iterNextFlat + gasPrices.readPerByte * (entry[0].length + entry[1].length), "IterNextFlat");
      yield entry;
    }
  }
}
