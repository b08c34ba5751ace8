/** Answers that come in pages. */
import type { PageRequest, PageResponse } from "../chain/codec/gen/cosmos/base/query/v1beta1/pagination.ts";

/** Everything that a paginated query has, in its order, or the first `most`. */
export async function allPages<P extends { readonly pagination?: PageResponse | undefined }, T>(ask: (pagination: PageRequest) => Promise<P>, items: (page: P) => readonly T[], { most = Infinity, reverse = false }: { readonly most?: number; readonly reverse?: boolean } = {}): Promise<T[]> {
  const all: T[] = [];
  let key: Uint8Array = new Uint8Array(0);
  do {
    const page = await ask({ key, offset: 0n, limit: BigInt(Math.min(500, most - all.length)), countTotal: false, reverse });
    all.push(...items(page));
    key = page.pagination?.nextKey ?? new Uint8Array(0);
  } while (key.length > 0 && all.length < most);
  return all.slice(0, most);
}
