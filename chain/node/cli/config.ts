/** dcmd config get|set. */
import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { ConfigFile, setTomlValue, type SettableValue } from "../config/toml.ts";
import { writeFile, type Home } from "../home.ts";
import { openHome } from "./common.ts";
import { CliError, exitCodes, print, toJsonText, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

function pathOf(home: Home, file: string): string {
  const paths: Readonly<Record<string, string>> = { config: home.cometConfig, app: home.appConfig, client: home.clientConfig };
  const path = paths[file.replace(/\.toml$/, "")];
  if (path === undefined) throw new CliError(`no configuration file "${file}": config, app or client`, { exitCode: exitCodes.usage });
  return path;
}

export async function get(io: Io, globals: Globals, file: string, key: string): Promise<void> {
  const config = ConfigFile.read(pathOf(openHome(globals), file));
  const value = config.get(key);
  if (value === undefined) throw new CliError(`${config.path} has no ${key}`, { exitCode: exitCodes.notFound });
  print(io, globals.format, value, typeof value === "string" ? value : toJsonText(value));
}

export async function set(io: Io, globals: Globals, file: string, key: string, text: string): Promise<void> {
  const path = pathOf(openHome(globals), file);
  const current = ConfigFile.read(path).get(key);
  if (current === undefined) throw new CliError(`${path} has no ${key}: only settings that are there can be changed`, { hint: `See them with: cat ${path}`, exitCode: exitCodes.notFound });
  const value: SettableValue = typeof current === "string" ? text : (parse(`v = ${text}`).v as SettableValue);
  if (typeof value !== typeof current || Array.isArray(value) !== Array.isArray(current)) {
    throw new CliError(`${key} holds ${Array.isArray(current) ? "a list" : `a ${typeof current}`} (${toJsonText(current)}), "${text.slice(0, 80)}" is none`, { exitCode: exitCodes.invalid });
  }
  const changed = setTomlValue(readFileSync(path, "utf8"), key, value);
  if (toJsonText(new ConfigFile(path, changed).get(key)) !== toJsonText(value)) throw new CliError(`${path} could not be changed: edit ${key} by hand`);
  writeFile(path, changed);
  print(io, globals.format, { file: path, key, value }, "");
}
