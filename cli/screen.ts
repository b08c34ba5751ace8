/** What a person sees while a localnet starts and a job runs: steps with their times, a few lines that move, tables. Plain lines off a terminal. */
import Table from "cli-table3";
import pc from "picocolors";
import type { Io } from "./io.ts";

/** What is written to: a terminal, or a pipe or file. */
export interface Out {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const WIDEST = 120;
const TICK_MS = 1_000;
const QUIET_MS = 3_000;
const COLOURS = /\x1b\[[0-9;]*m/g;

export class Screen {
  /** Whether lines can move: on a terminal, outside of CI. */
  readonly live: boolean;
  readonly #out: Out;
  #lines: readonly string[] = [];
  #drawn = 0;
  #last = "";
  #quietUntil = 0;

  constructor(out: Out, environment: NodeJS.ProcessEnv = process.env) {
    this.#out = out;
    this.live = out.isTTY === true && environment.CI === undefined && environment.TERM !== "dumb";
  }

  /** Columns that may be used. */
  get width(): number {
    return Math.min(this.#out.columns ?? 100, WIDEST);
  }

  /** Rows that may move. */
  get height(): number {
    return Math.max(1, (this.#out.rows ?? 24) - 2);
  }

  title(text: string): void {
    this.print(`\n${pc.bold(text)}`);
  }

  print(text = ""): void {
    this.#clear();
    this.#out.write(`${text}\n`);
    this.#draw();
  }

  /** Text that breaks between words, further lines indented. */
  paragraph(text: string, indent = 0): void {
    this.print(wrap(text, this.width, indent));
  }

  /** A step that takes a while: shows what it does now and for how long, and at its end how long it took. */
  async step<T>(name: string, work: (now: (what: string) => void) => Promise<T>, done: (value: T) => string): Promise<T> {
    const from = Date.now();
    const seconds = (): number => (Date.now() - from) / 1_000;
    let doing = name;
    const show = (): void => this.moving(`${pc.cyan("…")} ${doing}${this.live && seconds() >= 1 ? pc.dim(` ${seconds().toFixed(0)} s`) : ""}`);
    const ticking = this.live ? setInterval(show, TICK_MS) : undefined;
    show();
    try {
      const value = await work((what) => {
        doing = `${name}: ${what}`;
        show();
      });
      clearInterval(ticking);
      this.still(`${pc.green("✓")} ${name}: ${done(value)} ${pc.dim(`(${seconds().toFixed(1)} s)`)}`);
      return value;
    } catch (error) {
      clearInterval(ticking);
      this.still(`${pc.red("✗")} ${name}`);
      throw error;
    }
  }

  /** Lines that move, each cut to one row. Off a terminal the first one is printed every few seconds where it changed. */
  moving(...lines: readonly string[]): void {
    if (!this.live) {
      const line = lines[0] ?? "";
      if (line === this.#last || Date.now() < this.#quietUntil) return;
      this.#out.write(`${line}\n`);
      this.#last = line;
      this.#quietUntil = Date.now() + QUIET_MS;
      return;
    }
    this.#clear();
    this.#lines = lines.slice(0, this.height);
    this.#draw();
  }

  /** Ends the moving lines with this text. */
  still(text: string): void {
    this.#clear();
    this.#lines = [];
    this.#out.write(`${text}\n`);
  }

  table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = []): void {
    const table = new Table({
      head: [...head], style: { head: [], border: [], "padding-left": 2, "padding-right": 0 }, colAligns: head.map((_, i) => (right.includes(i) ? "right" : "left")),
      chars: { top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "", left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "" },
    });
    for (const row of rows) table.push([...row]);
    const [first, ...rest] = table.toString().split("\n").map((line) => line.trimEnd());
    this.print([pc.dim(first ?? ""), ...rest].join("\n"));
  }

  /** `██████░░░░ 12/20` */
  bar(done: number, total: number): string {
    const width = 16;
    const full = total === 0 ? 0 : Math.round((done / total) * width);
    return `${pc.green("█".repeat(full))}${pc.dim("░".repeat(width - full))} ${done}/${total}`;
  }

  #clear(): void {
    if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A\r\x1b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.live || this.#lines.length === 0) return;
    this.#out.write(this.#lines.map((line) => `${cut(line, (this.#out.columns ?? 100) - 1)}\n`).join(""));
    this.#drawn = this.#lines.length;
  }
}

/** Where a command's talk goes. */
export function screenOn({ stderr, isTerminal, columns, rows, env }: Pick<Io, "stderr" | "isTerminal" | "columns" | "rows" | "env">): Screen {
  return new Screen({ write: stderr, isTTY: isTerminal, ...(columns === undefined ? {} : { columns }), ...(rows === undefined ? {} : { rows }) }, { ...env });
}

/** 1234567 -> "1,234,567" */
export function grouped(value: bigint | number | string): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** [0, 1, 2, 5] -> "0-2, 5" */
export function ranges(numbers: readonly number[]): string {
  const runs: [from: number, to: number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && n === last[1] + 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from}, ${to}` : `${from}-${to}`)).join(", ");
}

/** Columns that a text takes: what it shows, without colours. */
export function shown(text: string): number {
  return text.replace(COLOURS, "").length;
}

/** The text in at most so many columns; one that is too long loses its colours and its end. */
export function cut(text: string, columns: number): string {
  return shown(text) <= columns ? text : `${text.replace(COLOURS, "").slice(0, Math.max(0, columns - 1))}…`;
}

/** Breaks between words so that lines fit, where words do; lines after the first begin with `indent` spaces. */
export function wrap(text: string, columns: number, indent = 0): string {
  const lines: string[] = [];
  let line = /^ */.exec(text)![0];
  let empty = true;
  for (const word of text.trim().split(" ")) {
    if (!empty && shown(line) + 1 + shown(word) > columns) {
      lines.push(line);
      line = " ".repeat(indent);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join("\n");
}
