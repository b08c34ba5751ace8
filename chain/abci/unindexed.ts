/** Which attributes CometBFT is told not to index: they stand in results, but no search finds by them. A node's own choice; results hash the same. */
export interface Unindexed {
  has(type: string, key: string, value: string): boolean;
}

/** `names`: each "TYPE.KEY", or "*.KEY" for the attribute of every event. Throws a RangeError that quotes what is neither. */
export function unindexedByName(names: readonly string[]): Unindexed {
  const everywhere = new Set<string>();
  const ofType = new Map<string, Set<string>>();
  for (const name of names) {
    const dot = name.lastIndexOf(".");
    if (dot < 1 || dot === name.length - 1) throw new RangeError(`${JSON.stringify(name)} is not TYPE.KEY (such as "tx.fee") or *.KEY (such as "*.amount")`);
    const [type, key] = [name.slice(0, dot), name.slice(dot + 1)];
    if (type === "*") everywhere.add(key);
    else ofType.set(type, (ofType.get(type) ?? new Set()).add(key));
  }
  return { has: (type, key) => everywhere.has(key) || ofType.get(type)?.has(key) === true };
}
