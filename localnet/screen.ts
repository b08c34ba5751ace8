/** What a person sees while a localnet starts and a job runs: steps with their times, one line that moves, tables. Plain lines off a terminal. */
import Table from "cli-table3";
import pc from "picocolors";

export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #live: boolean;
  #line = "";
  #last = "";
  #quietUntil = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    this.#live = out.isTTY === true && process.env.CI === undefined;
  }

  get width(): number {
    return Math.min(this.#out.columns ?? 100, 120);
  }

  title(text: string): void {
    this.print(`\n${pc.bold(text)}`);
  }

  print(text = ""): void {
    this.#clear();
    this.#out.write(`${text}\n`);
    this.#draw();
  }

  /** A step that takes a while: shows what it does now, and at its end how long it took. */
  async step<T>(name: string, work: (now: (what: string) => void) => Promise<T>, done: (value: T) => string): Promise<T> {
    const from = Date.now();
    this.moving(`${pc.cyan("…")} ${name}`);
    try {
      const value = await work((what) => this.moving(`${pc.cyan("…")} ${name}: ${what}`));
      this.still(`${pc.green("✓")} ${name}: ${done(value)} ${pc.dim(`${((Date.now() - from) / 1000).toFixed(1)} s`)}`);
      return value;
    } catch (error) {
      this.still(`${pc.red("✗")} ${name}`);
      throw error;
    }
  }

  /** The line that moves. Off a terminal it is printed every few seconds where it changed. */
  moving(text: string): void {
    if (!this.#live) {
      if (text === this.#last || Date.now() < this.#quietUntil) return;
      this.#out.write(`${text}\n`);
      this.#last = text;
      this.#quietUntil = Date.now() + 3_000;
      return;
    }
    this.#clear();
    this.#line = text;
    this.#draw();
  }

  /** Ends the moving line with this text. */
  still(text: string): void {
    this.#clear();
    this.#line = "";
    this.#out.write(`${text}\n`);
  }

  table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = []): void {
    const table = new Table({
      head: [...head], style: { head: [], border: [], "padding-left": 2, "padding-right": 0 }, colAligns: head.map((_, i) => (right.includes(i) ? "right" : "left")),
      chars: { top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "", left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "" },
    });
    for (const row of rows) table.push([...row]);
    const [first, ...rest] = table.toString().split("\n");
    this.print([pc.dim(first ?? ""), ...rest].join("\n"));
  }

  /** `███████░░░░░ 12/20` */
  bar(done: number, total: number): string {
    const width = 24;
    const full = total === 0 ? 0 : Math.round((done / total) * width);
    return `${pc.green("█".repeat(full))}${pc.dim("░".repeat(width - full))} ${done}/${total}`;
  }

  #clear(): void {
    if (this.#live && this.#line !== "") this.#out.write("\r\x1b[2K");
  }

  #draw(): void {
    if (this.#live && this.#line !== "") this.#out.write(this.#line);
  }
}

/** 1234567 -> "1,234,567" */
export function grouped(value: bigint | number | string): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}
