/** How the operator's command talks: data on stdout, talk on stderr, one error with its cause and the next step, an exit code that scripts can read. */

/** What the process ends with. The table stands in docs/operators.md. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notFound: 3, invalid: 4, unreachable: 5, halted: 6 } as const;

/** An error that the operator can do something about: what is wrong and, in `hint`, what to do next. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly hint: string | undefined;
  readonly exitCode: number;
  constructor(message: string, options: { hint?: string; exitCode?: number } = {}) {
    super(message);
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

/** What a command may touch of the outside: injected, so that tests run it in process. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Everything on standard input; only asked for where the command reads it. */
  readonly readStdin: () => Promise<string>;
  /** A line typed on the terminal without echo, or undefined where there is no terminal. */
  readonly promptSecret: ((question: string) => Promise<string>) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

export type Format = "text" | "json";

/** Prints a command's result: `value` as JSON for machines, `text` for people. */
export function print(io: Io, format: Format, value: unknown, text: string): void {
  io.stdout(format === "json" ? `${toJsonText(value)}\n` : text === "" || text.endsWith("\n") ? text : `${text}\n`);
}

/** JSON with 64-bit integers as strings. */
export function toJsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner), indent);
}

/** A table of columns padded with spaces; no frames, so that it can be cut and grepped. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join("  ").trimEnd()).join("\n");
}
