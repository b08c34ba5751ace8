/** Which attributes CometBFT is told not to index: they stand in results, but no search finds by them. A node's own choice; results hash the same. */
export class Unindexed {
  readonly #everywhere = new Set<string>();
  readonly #ofType = new Map<string, Set<string>>();

  /** `names`: each "TYPE.KEY", or "*.KEY" for the attribute of every event. Throws a RangeError that quotes what is neither. */
  constructor(names: readonly string[]) {
    for (const name of names) {
      const dot = name.lastIndexOf(".");
      if (dot < 1 || dot === name.length - 1) throw new RangeError(`${JSON.stringify(name)} is not TYPE.KEY (such as "tx.fee") or *.KEY (such as "*.amount")`);
      const [type, key] = [name.slice(0, dot), name.slice(dot + 1)];
      if (type === "*") this.#everywhere.add(key);
      else this.#ofType.set(type, (this.#ofType.get(type) ?? new Set()).add(key));
    }
  }

  has(type: string, key: string): boolean {
    return this.#everywhere.has(key) || this.#ofType.get(type)?.has(key) === true;
  }
}
