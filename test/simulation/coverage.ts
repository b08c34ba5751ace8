/** How often each type of message succeeded, and with which codes it failed. */
export class Coverage {
  readonly #types = new Map<string, Map<string, number>>();
  /** Why validators were slashed. */
  readonly slashed = new Set<string>();
  transactions = 0;
  blocks = 0;

  readonly #known: readonly string[];

  constructor(typeUrls: readonly string[]) {
    this.#known = typeUrls;
    for (const typeUrl of typeUrls) this.#types.set(typeUrl, new Map());
  }

  count(typeUrl: string, outcome: string, times = 1): void {
    const outcomes = this.#types.get(typeUrl) ?? new Map<string, number>();
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + times);
    this.#types.set(typeUrl, outcomes);
  }

  add(other: Coverage): void {
    this.transactions += other.transactions;
    this.blocks += other.blocks;
    for (const reason of other.slashed) this.slashed.add(reason);
    for (const [typeUrl, outcomes] of other.#types) for (const [outcome, times] of outcomes) this.count(typeUrl, outcome, times);
  }

  has(typeUrl: string, outcome: string): boolean {
    return this.#types.get(typeUrl)?.has(outcome) === true;
  }

  /** Known types that never succeeded. */
  get uncovered(): string[] {
    return this.#known.filter((typeUrl) => this.#types.get(typeUrl)?.has("ok") !== true);
  }

  get report(): string {
    const lines = [...this.#types].sort(([a], [b]) => (a < b ? -1 : 1)).map(([typeUrl, outcomes]) => {
      const ok = outcomes.get("ok") ?? 0;
      const failed = [...outcomes].filter(([outcome]) => outcome !== "ok").sort((a, b) => b[1] - a[1]);
      return `${typeUrl.slice(1).padEnd(58)} ${String(ok).padStart(6)} ok  ${failed.map(([outcome, times]) => `${outcome} x${times}`).join(", ")}`;
    });
    return `${this.blocks} blocks, ${this.transactions} transactions\n${lines.join("\n")}`;
  }
}

/** Types that no run brings to success for certain, and why. */
export const neverSucceeds: Readonly<Record<string, string>> = {
  "/cosmos.evidence.v1beta1.MsgSubmitEvidence": "no kind of evidence is taken from accounts",
};
