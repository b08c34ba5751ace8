/** What is known of locals at a place of a function: how far memory reaches behind them, and what they are multiples of. Memory never shrinks. */

interface Fact {
  readonly version: number;
  /** offset + size of the largest access at this local that was checked. */
  readonly checked: number;
  readonly align: number;
}

export type Snapshot = ReadonlyMap<number, Fact>;

export class Facts {
  #facts = new Map<number, Fact>();
  /** How often each local was set so far, in the order of the code. */
  readonly #versions = new Map<number, number>();

  checked(local: number): number {
    return this.#facts.get(local)?.checked ?? 0;
  }

  align(local: number): number {
    return this.#facts.get(local)?.align ?? 0;
  }

  learn(local: number, checked: number): void {
    this.#facts.set(local, { version: this.#version(local), align: this.align(local), checked: Math.max(checked, this.checked(local)) });
  }

  set(local: number, align: number): void {
    this.#versions.set(local, this.#version(local) + 1);
    if (align === 0) this.#facts.delete(local);
    else this.#facts.set(local, { version: this.#version(local), align, checked: 0 });
  }

  snapshot(): Snapshot {
    return new Map(this.#facts);
  }

  /** Back to what was known then. */
  restore(then: Snapshot): void {
    this.#facts = new Map(then);
  }

  /** Back to what was known then, of locals that were not set since. */
  restoreUnchanged(then: Snapshot): void {
    this.#facts = new Map([...then].filter(([local, { version }]) => version === this.#version(local)));
  }

  /** The head of a loop that sets these locals. */
  forget(locals: Iterable<number>): void {
    for (const local of locals) this.#facts.delete(local);
  }

  #version(local: number): number {
    return this.#versions.get(local) ?? 0;
  }
}
