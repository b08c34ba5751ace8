/** What a module sees of its state: ordered bytes. Keys compare as unsigned bytes; empty keys and empty values are refused. */

/** One key with its value. The arrays belong to the reader: a store never changes them afterwards. */
export type Entry = readonly [key: Uint8Array, value: Uint8Array];

export interface ReadStore {
  get(key: Uint8Array): Uint8Array | undefined;
  /** The value for a short look, where that spares a copy: never to be changed, and not to be held. Absent where there is nothing to spare. */
  view?(key: Uint8Array): Uint8Array | undefined;
  has(key: Uint8Array): boolean;
  /**
   * Entries with `start <= key < end` in byte order (`reverse`: from the greatest down). An absent bound is open.
   * Writes made to the same store during the iteration are allowed; whether they are seen is not defined, so collect first
   * where it matters.
   */
  iterate(start?: Uint8Array, end?: Uint8Array, reverse?: boolean): IterableIterator<Entry>;
}

export interface KVStore extends ReadStore {
  set(key: Uint8Array, value: Uint8Array): void;
  /** As `set`, but the value becomes the store's own: the caller never changes it afterwards. Absent where there is nothing to spare. */
  put?(key: Uint8Array, value: Uint8Array): void;
  /** Removes the key; a missing one changes nothing. */
  delete(key: Uint8Array): void;
}

/** All stores of one state, by name (`bank`, `market`, ...). An unknown name throws. */
export interface ReadStores {
  store(name: string): ReadStore;
}

export interface Stores extends ReadStores {
  store(name: string): KVStore;
}

/** A value to look at, copied only where the store must. */
export function viewOf(store: ReadStore, key: Uint8Array): Uint8Array | undefined {
  return store.view === undefined ? store.get(key) : store.view(key);
}

/** Writes a value that nobody else will change, copied only where the store must. */
export function putInto(store: KVStore, key: Uint8Array, value: Uint8Array): void {
  if (store.put === undefined) store.set(key, value);
  else store.put(key, value);
}
