/** How the command talks: data on stdout, talk on stderr, one error with its cause and the next step, an exit code that scripts can read. */

/** What the process ends with; the same numbers as dcmd's. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notFound: 3, invalid: 4, unreachable: 5 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error that the user can do something about: what is wrong and, in `hint`, what to do next. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  constructor(exitCode: ExitCode, message: string, hint?: string) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** What a command may touch of the outside: injected, so that tests run it in process. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly readFile: (path: string) => string;
  /** Whole or not at all. Mode 0600: bills are nobody else's business. */
  readonly writeFile: (path: string, text: string) => void;
  readonly removeFile: (path: string) => void;
  /** Whether stderr is one, so that a bar may be drawn. */
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

/** JSON with 64-bit integers as strings. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner), 2);
}

/** A table of columns padded with spaces, numbers to the right; no frames, so that it can be cut and grepped. */
export function columns([head, ...rows]: readonly (readonly string[])[]): string {
  const widths = head!.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]!.length)));
  const isNumber = head!.map((_, i) => rows.length > 0 && rows.every((row) => /^-?[\d,.]*$/.test(row[i]!)));
  return [head!, ...rows].map((row) => row.map((cell, i) => (isNumber[i]! ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ").trimEnd()).join("\n");
}
