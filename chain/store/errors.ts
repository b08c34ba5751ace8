/** Errors of the store. Each says what was asked, why it cannot be, and what to do. */

/** A version that was never made, or is pruned. */
export class VersionNotKept extends Error {
  override readonly name = "VersionNotKept";
  readonly version: number;
  readonly oldest: number;
  readonly latest: number;
  constructor(version: number, oldest: number, latest: number, purpose = "reading") {
    super(`version ${version} is not kept for ${purpose}: this node has ${oldest} to ${latest}; ask another node or raise its keep settings`);
    this.version = version;
    this.oldest = oldest;
    this.latest = latest;
  }
}

/** A store name that this state does not have. */
export class UnknownStore extends Error {
  override readonly name = "UnknownStore";
  readonly store: string;
  constructor(store: string, why = "it is not among the stores that the multistore was opened with") {
    super(`no store ${JSON.stringify(store)}: ${why}`);
    this.store = store;
  }
}

/** Files that do not hold what was written to them, or that a fault left unusable. Never a torn tail, which is cut silently. */
export class StoreCorrupt extends Error {
  override readonly name = "StoreCorrupt";
  readonly path: string;
  constructor(path: string, what: string) {
    super(`${path}: ${what}. Nothing was changed. Restore the directory from a copy, or remove it and let the node replay or state-sync`);
    this.path = path;
  }
}

/** Another process holds the directory. */
export class StoreLocked extends Error {
  override readonly name = "StoreLocked";
  readonly path: string;
  readonly pid: number;
  constructor(path: string, pid: number) {
    super(`${path}: in use by process ${pid}; stop it first, two nodes must not share a directory`);
    this.path = path;
    this.pid = pid;
  }
}
