/** dcmd query of the modules in `query-table.ts`: the request from the words of the line, the answer as the SDK shows it, JSON or YAML. */
import { addressText, prefixes, pubkeyAddress } from "../../codec/address.ts";
import { registry } from "../../codec/descriptors.ts";
import { fromJson, JsonError, toJson, type Json } from "../../codec/proto-json.ts";
import { get, type QueryOptions as NodeOptions } from "./ask.ts";
import { wholeNumber } from "./common.ts";
import { CliError, exitCodes, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";
import type { QueryCommand, QueryGroup } from "./query-table.ts";

export interface QueryOptions extends NodeOptions {
  readonly height?: string | undefined;
  readonly pageLimit?: string | undefined;
  readonly pageOffset?: string | undefined;
  readonly pageKey?: string | undefined;
  readonly pageCountTotal?: boolean | undefined;
  readonly pageReverse?: boolean | undefined;
}

export async function query(io: Io, globals: Globals, group: QueryGroup, command: QueryCommand, given: readonly string[], options: QueryOptions & Readonly<Record<string, unknown>>): Promise<void> {
  const { words = [], more, flags = [] } = command;
  const name = more !== undefined && given.length > words.length ? more.method : command.method;
  const method = registry.getService(group.service)!.methods.find((one) => one.name === name)!;
  const fields: Record<string, unknown> = Object.fromEntries([...words, ...(more === undefined ? [] : [more.word])].slice(0, given.length).map(({ field }, i) => [field, field === "consAddress" ? consensusAddress(given[i]!) : given[i]!]));
  for (const [flag, field] of flags) {
    const value = options[flag.replace(/-./g, (dash) => dash[1]!.toUpperCase())];
    if (value !== undefined) fields[field] = value;
  }
  if (command.paged === true) fields.pagination = pageOf(options);
  const request = encode(method.input.typeName, fields);
  const height = options.height === undefined ? 0 : wholeNumber("--height", options.height, 1, Number.MAX_SAFE_INTEGER);
  const json = toJson(method.output.typeName, await get(globals, options, `/${group.service}/${name}`, request, height));
  print(io, globals.format, json, yaml(json));
}

function encode(type: string, fields: object): Uint8Array {
  try {
    return fromJson(type, fields);
  } catch (error) {
    if (error instanceof JsonError) throw new CliError(error.message, { exitCode: exitCodes.usage });
    throw error;
  }
}

function pageOf({ pageLimit = "100", pageOffset = "0", pageKey = "", pageCountTotal = false, pageReverse = false }: QueryOptions): object {
  return { key: pageKey, offset: String(wholeNumber("--page-offset", pageOffset, 0, 1_000_000)), limit: String(wholeNumber("--page-limit", pageLimit, 1, 1_000)), countTotal: pageCountTotal, reverse: pageReverse };
}

/** Of an address, or of a public key in JSON. */
function consensusAddress(text: string): string {
  const found = /^\s*\{.*"key"\s*:\s*"([A-Za-z0-9+/]{43}=)".*\}\s*$/s.exec(text);
  return found === null ? text : addressText(pubkeyAddress({ kind: "ed25519", key: new Uint8Array(Buffer.from(found[1]!, "base64")) }), prefixes.consensus);
}

/** As Go writes it: keys in order of the alphabet, lists flush with their key, text in quotes where it would be read as something else. */
export function yaml(value: Json, indent = ""): string {
  if (Array.isArray(value)) return (value as readonly Json[]).map((one) => `${indent}- ${yaml(one, `${indent}  `).trimStart()}`).join("\n");
  if (value === null || typeof value !== "object") return `${indent}${scalar(value)}`;
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]: [string, Json]) => {
    const isList = Array.isArray(one);
    const isEmpty = one !== null && typeof one === "object" && Object.keys(one).length === 0;
    if (isEmpty) return `${indent}${name}: ${isList ? "[]" : "{}"}`;
    if (one === null || typeof one !== "object") return `${indent}${name}: ${scalar(one)}`;
    return `${indent}${name}:\n${yaml(one, isList ? indent : `${indent}  `)}`;
  }).join("\n");
}

/** Plain where it begins with a letter and holds nothing that YAML gives a meaning. */
const plainText = /^[A-Za-z](?:[\w ./@+-]*[\w./@+-])?$/;
const otherMeaning = /^(?:true|false|null|yes|no|on|off|y|n|nan|inf)$/i;

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  return plainText.test(value) && !otherMeaning.test(value) ? value : JSON.stringify(value);
}
