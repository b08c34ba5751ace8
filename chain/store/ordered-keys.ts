/**
 * Keys in byte order, for iteration over writes that are not in the tree yet. A key is a latin1 string (one character a
 * byte), because those compare as bytes, hash fast and cannot be changed by who holds them.
 *
 * A list of sorted runs of bounded length: an insertion moves at most one run and now and then splits it, so alternating
 * writes and iterations never sort the whole again.
 */
const runLength = 256;

/** Byte order of two latin1 strings. */
export function compareLatin1(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export class OrderedKeys {
  /** Non-empty, each sorted, and sorted among each other. */
  readonly #runs: string[][] = [];
  readonly #first: string[] = [];

  /** Takes any order; no key twice. */
  constructor(keys: readonly string[]) {
    const sorted = [...keys].sort(compareLatin1);
    for (let i = 0; i < sorted.length; i += runLength) {
      this.#runs.push(sorted.slice(i, i + runLength));
      this.#first.push(sorted[i]!);
    }
  }

  /** Adds a key; one that is there already changes nothing. */
  insert(key: string): void {
    if (this.#runs.length === 0) {
      this.#runs.push([key]);
      this.#first.push(key);
      return;
    }
    const r = Math.max(0, upperBound(this.#first, key) - 1);
    const run = this.#runs[r]!;
    const at = upperBound(run, key);
    if (at > 0 && run[at - 1] === key) return;
    run.splice(at, 0, key);
    this.#first[r] = run[0]!;
    if (run.length < 2 * runLength) return;
    const tail = run.splice(runLength);
    this.#runs.splice(r + 1, 0, tail);
    this.#first.splice(r + 1, 0, tail[0]!);
  }

  /** Takes a key out; one that is not there changes nothing. */
  remove(key: string): void {
    const r = Math.max(0, upperBound(this.#first, key) - 1);
    const run = this.#runs[r];
    if (run === undefined) return;
    const at = lowerBound(run, key);
    if (run[at] !== key) return;
    if (run.length === 1) {
      this.#runs.splice(r, 1);
      this.#first.splice(r, 1);
      return;
    }
    run.splice(at, 1);
    this.#first[r] = run[0]!;
  }

  /** The smallest key above `key` (or equal to it, where `inclusive`); the smallest of all without `key`. */
  next(key: string | undefined, inclusive: boolean): string | undefined {
    if (key === undefined) return this.#runs[0]?.[0];
    const r = Math.max(0, upperBound(this.#first, key) - 1);
    const run = this.#runs[r];
    if (run === undefined) return undefined;
    const at = upperBound(run, key);
    if (inclusive && at > 0 && run[at - 1] === key) return key;
    return at < run.length ? run[at] : this.#runs[r + 1]?.[0];
  }

  /** The greatest key below `key`; the greatest of all without `key`. */
  previous(key: string | undefined): string | undefined {
    if (key === undefined) return this.#runs.at(-1)?.at(-1);
    const r = Math.max(0, lowerBound(this.#first, key) - 1);
    const run = this.#runs[r];
    if (run === undefined) return undefined;
    const at = lowerBound(run, key);
    return at > 0 ? run[at - 1] : undefined;
  }
}

/** The number of elements <= key. */
function upperBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The number of elements < key. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
