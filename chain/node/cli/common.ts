/** What several commands need: the home, its files, keys and passphrases. */
import { existsSync, readFileSync } from "node:fs";
import { ConfigFile } from "../config/toml.ts";
import { Home } from "../home.ts";
import { Keyring, type Backend } from "../keyring/keyring.ts";
import { CliError, exitCodes, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

/** The home of the command line. Throws where nothing was initialised there. */
export function openHome({ home }: Globals): Home {
  const opened = new Home(home);
  if (!opened.exists) {
    throw new CliError(`${opened.root} is not a node's home: it has no config/config.toml and no config/genesis.json`, {
      hint: `Make one with "dcmd init MONIKER --home ${opened.root}", or name another with --home.`,
      exitCode: exitCodes.notFound,
    });
  }
  return opened;
}

export interface KeyringOptions {
  readonly keyringBackend?: Backend | undefined;
  readonly passphraseFile?: string | undefined;
}

/** Standard input is read once, its lines go to those who ask in order: first the passphrase, then what is typed next. */
export class Input {
  readonly #io: Io;
  #lines: string[] | undefined;
  constructor(io: Io) {
    this.#io = io;
  }
  get interactive(): boolean {
    return this.#io.promptSecret !== undefined;
  }
  /** One secret line, from the terminal or from standard input. */
  async secret(question: string): Promise<string> {
    if (this.#io.promptSecret !== undefined) return this.#io.promptSecret(question);
    this.#lines ??= (await this.#io.readStdin()).split("\n");
    const line = this.#lines.shift();
    if (line === undefined || line.trim() === "") {
      throw new CliError(`${question.replace(/:?\s*$/, "")}: there is no terminal to ask on, and standard input has no line for it`, { hint: "Give it in a file (see --help), or pipe it in.", exitCode: exitCodes.usage });
    }
    return line.replace(/\r$/, "");
  }
}

/** The keyring of a home; its passphrase comes from a file, the terminal or standard input, when it is needed. */
export function openKeyring(globals: Globals, options: KeyringOptions, input: Input): Keyring {
  const home = new Home(globals.home);
  const configured = existsSync(home.clientConfig) ? ConfigFile.read(home.clientConfig).string("keyring-backend", "file") : "file";
  const backend = options.keyringBackend ?? configured;
  if (backend !== "file" && backend !== "test") {
    throw new CliError(`keyring-backend is "${backend}": this program has "file" and "test"`, { hint: `Change it in ${home.clientConfig} or give --keyring-backend.`, exitCode: exitCodes.usage });
  }
  return new Keyring(home.root, backend, async (purpose) => {
    if (options.passphraseFile !== undefined) return readSecretFile(options.passphraseFile);
    return purpose === "open" ? input.secret("Keyring passphrase: ") : twice(input, "New keyring passphrase");
  });
}

/** A new passphrase: asked twice on a terminal, once from a pipe. */
export async function twice(input: Input, what: string): Promise<string> {
  const first = await input.secret(`${what} (8 characters or more): `);
  if (input.interactive && (await input.secret("Once more: ")) !== first) throw new CliError("the two passphrases differ", { exitCode: exitCodes.usage });
  return first;
}

/** First line of a file that holds a secret. */
export function readSecretFile(path: string): string {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/)[0]!;
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`, { exitCode: exitCodes.notFound });
  }
}

/** A whole number in range, from a flag. */
export function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || value < min || value > max) throw new CliError(`${flag} must be a whole number from ${min} to ${max}, it is "${text.slice(0, 40)}"`, { exitCode: exitCodes.usage });
  return value;
}

/** "100udcm,5uatom" to coins in the SDK's canonical order. Throws a CliError. */
export function parseCoins(text: string): { denom: string; amount: bigint }[] {
  const coins = text.split(",").map((part) => {
    const match = /^(\d{1,38})([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$/.exec(part.trim());
    if (match === null || BigInt(match[1]!) === 0n) throw new CliError(`"${part.trim().slice(0, 80)}" is not an amount such as 1000000udcm`, { exitCode: exitCodes.usage });
    return { denom: match[2]!, amount: BigInt(match[1]!) };
  });
  coins.sort((a, b) => (a.denom < b.denom ? -1 : a.denom > b.denom ? 1 : 0));
  const repeated = coins.find((coin, i) => coins[i - 1]?.denom === coin.denom);
  if (repeated !== undefined) throw new CliError(`${repeated.denom} stands twice in "${text.slice(0, 80)}"`, { exitCode: exitCodes.usage });
  return coins;
}
