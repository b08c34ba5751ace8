/** States in memory and contexts over them, for the unit tests of modules. */
import { compareBytes, fromHex, toHex } from "../../codec/bytes.ts";
import { Context, type Mode } from "../../runtime/context.ts";
import { GasMeter } from "../../runtime/gas.ts";
import type { Entry, KVStore, Stores } from "../../store/kv.ts";

class MemoryStore implements KVStore {
  readonly #values = new Map<string, Uint8Array>();
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(toHex(key));
  }
  has(key: Uint8Array): boolean {
    return this.#values.has(toHex(key));
  }
  set(key: Uint8Array, value: Uint8Array): void {
    if (key.length === 0 || value.length === 0) throw new RangeError("empty keys and values are refused");
    this.#values.set(toHex(key), value.slice());
  }
  delete(key: Uint8Array): void {
    this.#values.delete(toHex(key));
  }
  *iterate(start?: Uint8Array, end?: Uint8Array, reverse = false): IterableIterator<Entry> {
    const keys = [...this.#values.keys()].map(fromHex).sort(compareBytes);
    const inside = keys.filter((key) => (start === undefined || compareBytes(key, start) >= 0) && (end === undefined || compareBytes(key, end) < 0));
    for (const key of reverse ? inside.reverse() : inside) yield [key, this.get(key)!];
  }
  /** Hexadecimal keys and values, in order. */
  dump(): string[] {
    return [...this.#values].map(([key, value]) => `${key}=${toHex(value)}`).sort((a, b) => (a < b ? -1 : 1));
  }
  copy(): MemoryStore {
    const out = new MemoryStore();
    for (const [key, value] of this.#values) out.#values.set(key, value);
    return out;
  }
}

export interface MemoryStores extends Stores {
  /** Everything that is stored, as text: equal texts are equal states. */
  dump(): string;
  copy(): MemoryStores;
}

export function memoryStores(stores = new Map<string, MemoryStore>()): MemoryStores {
  return {
    store(name) {
      const known = stores.get(name) ?? new MemoryStore();
      stores.set(name, known);
      return known;
    },
    dump: () => [...stores].map(([name, store]) => `${name}\n${store.dump().join("\n")}`).sort((a, b) => (a < b ? -1 : 1)).join("\n"),
    copy: () => memoryStores(new Map([...stores].map(([name, store]) => [name, store.copy()]))),
  };
}

/** A context of one block on these stores; a gas limit makes it metered. */
export function contextAt(
  stores: Stores,
  block: { height: bigint; timeNanos?: bigint; mode?: Mode; proposer?: Uint8Array; chainId?: string; gasLimit?: number },
): Context {
  const header = { chainId: block.chainId ?? "dcm-test-1", height: block.height, timeNanos: block.timeNanos ?? 0n, proposer: block.proposer ?? new Uint8Array(0) };
  return new Context(header, stores, block.mode ?? "block", new GasMeter(block.gasLimit ?? Infinity));
}
