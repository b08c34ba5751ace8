/** Configuration files: read with a TOML parser, changed in place so that an operator's comments stay. */
import { readFileSync } from "node:fs";
import { parse, stringify, type TomlTable } from "smol-toml";

/** A setting that is missing, of the wrong kind or out of range: file, key, what was expected. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** One configuration file with typed access by dotted key (`api.enable`). Every getter throws a ConfigError that names file and key. */
export class ConfigFile {
  readonly path: string;
  readonly #table: TomlTable;
  constructor(path: string, text: string) {
    this.path = path;
    try {
      this.#table = parse(text);
    } catch (error) {
      throw new ConfigError(`${path} is not valid TOML: ${error instanceof Error ? error.message.trim() : "unreadable"}`);
    }
  }
  static read(path: string): ConfigFile {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new ConfigError(`${path} does not exist: run "dcmd init MONIKER" for this home first`);
      throw error;
    }
    return new ConfigFile(path, text);
  }
  get(key: string): unknown {
    let at: unknown = this.#table;
    for (const part of key.split(".")) {
      if (typeof at !== "object" || at === null || Array.isArray(at)) return undefined;
      at = (at as Record<string, unknown>)[part];
    }
    return at;
  }
  #fail(key: string, wanted: string): never {
    const value = this.get(key);
    throw new ConfigError(`${this.path}: ${key} must be ${wanted}, it is ${value === undefined ? "missing" : JSON.stringify(value)}`);
  }
  string(key: string, fallback?: string): string {
    const value = this.get(key) ?? fallback;
    return typeof value === "string" ? value : this.#fail(key, "a text");
  }
  boolean(key: string, fallback?: boolean): boolean {
    const value = this.get(key) ?? fallback;
    return typeof value === "boolean" ? value : this.#fail(key, "true or false");
  }
  /** A whole number in [min, max]; a text of digits is accepted too, as the Cosmos SDK writes some of them. */
  integer(key: string, min: number, max: number, fallback?: number): number {
    const value = this.get(key) ?? fallback;
    const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
    return typeof number === "number" && Number.isSafeInteger(number) && number >= min && number <= max ? number : this.#fail(key, `a whole number from ${min} to ${max}`);
  }
  strings(key: string, fallback?: readonly string[]): string[] {
    const value = this.get(key) ?? fallback;
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? [...(value as string[])] : this.#fail(key, "a list of texts");
  }
  /** A duration such as "500ms", "10s", "1m30s", in milliseconds. */
  duration(key: string, fallback?: string): number {
    const value = this.get(key) ?? fallback;
    const parsed = typeof value === "string" ? parseDuration(value) : undefined;
    return parsed ?? this.#fail(key, 'a duration such as "500ms" or "10s"');
  }
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of "1h2m3s4ms"; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h)/g)) total += Number(count) * durationUnits[unit!]!;
  return total;
}

export type SettableValue = string | number | boolean | readonly string[];

/** The text of a TOML file with one value replaced, everything else as it was; the key is appended to its table where it is missing. */
export function setTomlValue(text: string, key: string, value: SettableValue): string {
  const parts = key.split(".");
  const name = parts.pop()!;
  const table = parts.join(".");
  if (!/^[A-Za-z0-9_-]+$/.test(name) || !/^[A-Za-z0-9_.-]*$/.test(table)) throw new ConfigError(`not a configuration key: ${key}`);
  const line = `${name} = ${stringify({ v: value as string }).trim().replace(/^v = /, "")}`;
  const lines = text.split("\n");
  let current = "";
  let end = table === "" ? 0 : -1;
  for (const [i, raw] of lines.entries()) {
    const header = /^\s*\[([^[\]]+)\]\s*(?:#.*)?$/.exec(raw);
    if (header !== null) {
      current = header[1]!.trim();
      if (current === table) end = i + 1;
      continue;
    }
    if (current !== table) continue;
    if (raw.trim() !== "" && !raw.trim().startsWith("#")) end = i + 1;
    const assignment = /^\s*([A-Za-z0-9_-]+)\s*=/.exec(raw);
    if (assignment?.[1] !== name) continue;
    lines.splice(i, linesOfValue(lines, i), line);
    return lines.join("\n");
  }
  if (end < 0) return `${text.trimEnd()}\n\n[${table}]\n${line}\n`;
  lines.splice(end, 0, line);
  return lines.join("\n");
}

/** How many lines the value that begins here takes: more than one for a list that is written over several. */
function linesOfValue(lines: readonly string[], at: number): number {
  for (let n = 1; at + n <= lines.length; n++) {
    try {
      parse(lines.slice(at, at + n).join("\n"));
      return n;
    } catch {
      continue;
    }
  }
  return 1;
}
