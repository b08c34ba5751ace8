/** Pagination as the Cosmos SDK does it: by key or by offset, bounded. */
import type { PageResponse } from "../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import { PageRequest } from "../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import { concatBytes, prefixEnd, compareBytes } from "../codec/bytes.ts";
import type { Context } from "./context.ts";
import type { MapOf } from "./collections.ts";
import { QueryError } from "./errors.ts";

export const defaultPageLimit = 100;
/** What one query may walk over, whatever it asks for. */
export const maxPageScan = 100_000;
/** Bytes of state that one query may read, and what each entry counts for beside its own: whoever fills records could else make one answer hold up the node. */
export const maxQueryBytes = 128 << 20;
const bytesPerRead = 16;

/** Counts what a query reads; throws ResourceExhausted beyond `maxQueryBytes`. */
export function readBudget(): (key: Uint8Array, value: Uint8Array | undefined) => void {
  let left = maxQueryBytes;
  return (key, value) => {
    left -= bytesPerRead + key.length + (value?.length ?? 0);
    if (left < 0) throw new QueryError("ResourceExhausted", `the query read more than ${maxQueryBytes} bytes of state; ask for fewer entries at once (pagination.limit)`);
  };
}

export interface Page<T> {
  readonly items: T[];
  readonly pagination: PageResponse;
}

/**
 * A page of `collection`, within the keys that begin with `within`; `keep` filters (a filtered entry counts neither for offset nor for limit).
 * Throws InvalidArgument where both key and offset are given.
 */
export function paginate<K, V, T>(
  ctx: Context,
  collection: MapOf<K, V>,
  request: PageRequest | undefined,
  make: (key: K, value: V) => T | undefined,
  within: Uint8Array = new Uint8Array(0),
): Page<T> {
  const page = request ?? PageRequest.create();
  if (page.offset > 0n && page.key.length > 0) throw new QueryError("InvalidArgument", "invalid request, either offset or key is expected, got both");
  const limit = page.limit === 0n ? defaultPageLimit : Number(page.limit > 10_000n ? 10_000n : page.limit);
  const countTotal = page.limit === 0n ? true : page.countTotal;
  const base = concatBytes(collection.prefix, within);
  const end = prefixEnd(base);
  const store = ctx.store(collection.storeName);
  const items: T[] = [];
  let nextKey: Uint8Array = new Uint8Array(0);
  let matched = 0n;
  let scanned = 0;
  const byKey = page.key.length > 0;
  const at = byKey ? concatBytes(base, page.key) : undefined;
  const from = at !== undefined && !page.reverse ? at : base;
  // Going down, the given key is the first entry to show: the end lies just behind it.
  const to = at !== undefined && page.reverse ? concatBytes(at, Uint8Array.of(0)) : end;
  for (const [key, value] of store.iterate(from, to !== undefined && end !== undefined && compareBytes(to, end) > 0 ? end : to, page.reverse)) {
    if (++scanned > maxPageScan) throw new QueryError("ResourceExhausted", `the query walked over ${maxPageScan} entries; ask for a narrower range or page by key`);
    const made = make(collection.key.decode(key, collection.prefix.length)[0], collection.value.decode(value));
    if (made === undefined) continue;
    matched++;
    if (!byKey && matched <= page.offset) continue;
    if (items.length < limit) items.push(made);
    else {
      if (nextKey.length === 0) nextKey = key.slice(base.length);
      if (byKey || !countTotal) break;
    }
  }
  return { items, pagination: { nextKey, total: !byKey && countTotal ? matched : 0n } };
}
