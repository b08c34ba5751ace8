/** How the command talks: data on stdout, talk on stderr, one error with its cause and the next step, an exit code that scripts can read. */

/** What the process ends with; up to 5 the same numbers as dcmd's. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notFound: 3, invalid: 4, unreachable: 5, noResult: 6, interrupted: 130 } as const;
/** `dcm run` passes on what the job's program ended with, so it is any number. */
export type ExitCode = number;

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
  readonly stdout: (text: string | Uint8Array) => void;
  readonly stderr: (text: string) => void;
  readonly readFile: (path: string) => string;
  /** `-` is standard input. */
  readonly readBytes: (path: string) => Uint8Array;
  /** Whole or not at all, in a folder that is made where it is missing. Mode 0600: bills and profiles are nobody else's business. */
  readonly writeFile: (path: string, text: string) => void;
  /** As writeFile, for bytes. */
  readonly writeBytes: (path: string, bytes: Uint8Array) => void;
  readonly removeFile: (path: string) => void;
  /** Whether stderr is one, so that a bar may be drawn. */
  readonly isTerminal: boolean;
  /** Whether stdout is one, and wants colours. */
  readonly colours: boolean;
  /** Of the terminal. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** A line typed on the terminal without echo; undefined where there is no terminal. */
  readonly promptSecret: ((question: string) => Promise<string>) | undefined;
  /** Where profiles and keys lie, and where jobs keep their keys and data. */
  readonly folders: { readonly config: string; readonly data: string };
  /** Aborted at the first Ctrl-C or SIGTERM. Asked for only by commands that end by themselves then; others end as every process does. */
  readonly interrupted: () => AbortSignal;
  /** Starts dcm with these arguments in a process that outlives this one and the terminal; what it says goes into the file. Gives its process id. */
  readonly detach: (argv: readonly string[], logFile: string) => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

/** JSON with 64-bit integers as strings; with `indent` 0 on one line. */
export function jsonText(value: unknown, indent = 2): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner), indent);
}

/** A command's result: as JSON for machines, as text for people. */
export function print(io: Io, json: true | undefined, value: unknown, text: string): void {
  io.stdout(json === true ? `${jsonText(value)}\n` : text === "" || text.endsWith("\n") ? text : `${text}\n`);
}

/** A whole number of the command line. Throws a CliError where the text is none, or out of these bounds. */
export function whole(name: string, text: string, least: number, most: number): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) < least || Number(text) > most) throw new CliError(exitCodes.usage, `${name} ${JSON.stringify(text.slice(0, 40))} is no number from ${least} to ${most}`);
  return Number(text);
}

/** A file that the command line names; `-` is standard input. Throws a CliError where it cannot be read. */
export function bytesOf(io: Pick<Io, "readBytes">, path: string): Uint8Array {
  try {
    return io.readBytes(path);
  } catch (error) {
    throw new CliError(exitCodes.notFound, `cannot read ${path}: ${(error as Error).message}`);
  }
}

/** A table of columns padded with spaces, numbers to the right; no frames, so that it can be cut and grepped. */
export function columns([head, ...rows]: readonly (readonly string[])[]): string {
  const widths = head!.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]!.length)));
  const isNumber = head!.map((_, i) => rows.length > 0 && rows.every((row) => /^-?[\d,.]*$/.test(row[i]!)));
  return [head!, ...rows].map((row) => row.map((cell, i) => (isNumber[i]! ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("  ").trimEnd()).join("\n");
}
