/** A state without blocks, for looking at genesis without a disk. */
import type { ReadStore } from "../store/kv.ts";
import type { VersionStore } from "../runtime/machine.ts";

const empty: ReadStore = { get: () => undefined, has: () => false, iterate: () => [].values() };

/** Reads as empty at version 0; nothing can be committed. */
export const blankStore: VersionStore = {
  version: 0,
  appHash: new Uint8Array(0),
  latest: () => ({ store: () => empty }),
  at: () => ({ store: () => empty }),
  prepare: () => {
    throw new TypeError("this store takes no blocks");
  },
  commit: () => {
    throw new TypeError("this store takes no blocks");
  },
};
