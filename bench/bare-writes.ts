/** What a block's writes cost by themselves: each key read and written in an overlay, the tree, its hashes. A limit for whatever writes them. */
import { StoresOverlay } from "../chain/store/overlay.ts";
import { equalBytes } from "../chain/codec/bytes.ts";
import type { MultiStore } from "../chain/store/multistore.ts";
import { timed } from "./bank-sends.ts";

export interface BareWrites {
  /** Distinct keys written or deleted. */
  readonly keys: number;
  /** Of these keys and their values. */
  readonly bytes: number;
  /** Milliseconds. */
  readonly cpu: number;
}

/** Watches a store: after a block was prepared its writes are made and prepared once more, alone, over the same version. Gives what the last block's cost. */
export function watchWrites(store: MultiStore): { last(): BareWrites } {
  let last: BareWrites | undefined;
  const prepare = store.prepare.bind(store);
  store.prepare = (version, writes) => {
    const appHash = prepare(version, writes);
    const changes = writes instanceof StoresOverlay ? writes.changes() : writes;
    let again: Uint8Array | undefined;
    const { cpu } = timed(() => {
      const bare = new StoresOverlay(store.latest(), { remember: true });
      for (const [name, list] of changes) {
        const to = bare.store(name);
        for (const [key, value] of list) {
          to.view(key);
          if (value === undefined) to.delete(key);
          else to.put(key, value);
        }
      }
      again = prepare(version, bare);
    });
    if (!equalBytes(appHash, again!)) throw new Error(`the writes of version ${version} have another hash when they are made alone`);
    const all = changes.flatMap(([, list]) => list);
    last = { keys: all.length, bytes: all.reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0), 0), cpu };
    return appHash;
  };
  return {
    last() {
      if (last === undefined) throw new Error("no block was prepared");
      return last;
    },
  };
}
