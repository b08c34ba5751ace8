/**
 * Protobuf JSON from contracts, both ways, in the dialect of the SDK's REST server and genesis files: proto field names, 64-bit integers as
 * strings, enums by name, base64, every field written out, Any expanded behind "@type", Dec fields as decimals (the wire has their atomics).
 */
import { ScalarType, type DescEnum, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { Dec } from "../math/dec.ts";
import { MathError, parseInt256 } from "../math/int.ts";
import { fromBase64, fromUtf8, toBase64, utf8 } from "./bytes.ts";
import { isAlwaysPresent, messageDescriptor, numberType, registry, typeName, UnknownTypeError } from "./descriptors.ts";
import { encodeMessage } from "./encode.ts";
import type { Any } from "./gen/google/protobuf/any.ts";
import { durationText, minTimestampSeconds, parseDuration, parseTimestamp, TimeError, timestampText, type Instant } from "./json-text.ts";
import { strictDecoder } from "./strict.ts";

/** Plain JSON data. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** JSON that does not fit its contract: `path` is where, such as "app_state.bank.params.send_enabled[0].denom". */
export class JsonError extends Error {
  override readonly name = "JsonError";
  readonly path: string;
  constructor(path: string, reason: string) {
    super(path === "" ? reason : `${path}: ${reason}`);
    this.path = path;
  }
}

type Plain = Readonly<Record<string, unknown>>;

const resolveAll = (typeUrl: string): DescMessage | undefined => registry.getMessage(typeName(typeUrl));

/** Messages from our own state nest no deeper; a bound keeps the stack safe whatever the state holds. */
const maxDepth = 64;

/** JSON of a message in the shape of its generated type, or of its canonical bytes. Throws an UnknownTypeError. */
export function toJson(nameOrUrl: string, message: object): Json {
  const desc = messageDescriptor(nameOrUrl);
  return messageToJson(desc, message instanceof Uint8Array ? strictDecoder(nameOrUrl)(message, resolveAll, { maxDepth, maxElements: Infinity }).message : message, 1);
}

function messageToJson(desc: DescMessage, message: object, depth: number): Json {
  if (depth > maxDepth) throw new JsonError(desc.typeName, `nested deeper than ${maxDepth}`);
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return timeToJson(desc, message as Instant, depth, (time) => timestampText(time, true));
    case "google.protobuf.Duration":
      return timeToJson(desc, message as Instant, depth, durationText);
    case "google.protobuf.Any":
      return anyToJson(message as Any, depth);
    default:
      return fieldsToJson(desc, message as Plain, depth);
  }
}

/** A time that no text has is shown by its parts: a transaction that was refused for it is shown, too. */
function timeToJson(desc: DescMessage, time: Instant, depth: number, text: (time: Instant) => string): Json {
  try {
    return text(time);
  } catch (error) {
    if (error instanceof TimeError) return fieldsToJson(desc, time as unknown as Plain, depth);
    throw error;
  }
}

const plainTypes = new Set(["google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.Any"]);

function anyToJson({ typeUrl, value }: Any, depth: number): Json {
  const desc = resolveAll(typeUrl);
  if (desc === undefined) return { "@type": typeUrl, value: toBase64(value) };
  const content = strictDecoder(typeUrl)(value, resolveAll, { maxDepth, maxElements: Infinity }).message;
  const json = messageToJson(desc, content, depth + 1);
  return plainTypes.has(desc.typeName) ? { "@type": typeUrl, value: json } : { "@type": typeUrl, ...(json as Record<string, Json>) };
}

function fieldsToJson(desc: DescMessage, message: Plain, depth: number): Json {
  const out: Record<string, Json> = {};
  for (const field of desc.fields) {
    const value = message[field.localName];
    if (field.oneof !== undefined && value === undefined) continue;
    if (field.fieldKind === "list") out[field.name] = ((value ?? []) as readonly unknown[]).map((item) => valueToJson(field, item, depth));
    else out[field.name] = valueToJson(field, value, depth);
  }
  return out;
}

function valueToJson(field: DescField, value: unknown, depth: number): Json {
  if (field.message !== undefined) {
    if (value !== undefined && value !== null) return messageToJson(field.message, value as object, depth + 1);
    return isAlwaysPresent(field) ? absentToJson(field.message, depth + 1) : null;
  }
  if (value === undefined || value === null) return null;
  if (field.enum !== undefined) return enumName(field.enum, value as number);
  const number = numberType(field);
  if (number !== undefined) return numberToJson(number, value as string | Uint8Array);
  if (typeof value === "bigint") return value.toString();
  // A bytes field that is not on the wire is nil in Go; an element of a list or a oneof never is. 2 is implicit presence.
  if (value instanceof Uint8Array) return value.length === 0 && field.fieldKind === "scalar" && field.presence === 2 ? null : toBase64(value);
  return value as string | number | boolean;
}

/** What is no number is shown as it came, bytes as base64: a transaction that was refused for it is shown, too. */
function numberToJson(number: "Int" | "Dec", value: string | Uint8Array): string {
  try {
    const text = value instanceof Uint8Array ? fromUtf8(value) : value;
    return number === "Int" ? text || "0" : text === "" ? Dec.zero.toString() : Dec.fromProto(text).toString();
  } catch (error) {
    if (error instanceof MathError || error instanceof TypeError) return value instanceof Uint8Array ? toBase64(value) : value;
    throw error;
  }
}

/** How Go shows a message that is not on the wire but cannot be null: its zero value, for a time the year 1. */
function absentToJson(desc: DescMessage, depth: number): Json {
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return timestampText({ seconds: minTimestampSeconds, nanos: 0 }, true);
    case "google.protobuf.Duration":
      return "0s";
    default:
      return messageToJson(desc, strictDecoder(desc.typeName)(new Uint8Array(0)).message, depth);
  }
}

function enumName(desc: DescEnum, value: number): Json {
  return desc.values.find((candidate) => candidate.number === value)?.name ?? value;
}

/** How strictly JSON is read. */
export interface FromJsonOptions {
  /** "refuse" (the default) names a field that the contract does not have; "ignore" drops it. */
  readonly unknownFields?: "refuse" | "ignore";
  /** Nesting of messages, default 64. */
  readonly maxDepth?: number;
  /** Values in all, default one million. */
  readonly maxValues?: number;
  /** What the paths in errors begin with. */
  readonly path?: string;
}

/** Canonical bytes of a message from its JSON. Field names may be the proto's or camelCase; null is an absent field. Throws a JsonError. */
export function fromJson(nameOrUrl: string, json: unknown, options: FromJsonOptions = {}): Uint8Array {
  const desc = messageDescriptor(nameOrUrl);
  return encodeMessage(desc, messageFromJson(nameOrUrl, json, options));
}

/** Like `fromJson`, and gives the message in the shape of its generated type. */
export function messageFromJson(nameOrUrl: string, json: unknown, options: FromJsonOptions = {}): object {
  return new FromJson(options).message(messageDescriptor(nameOrUrl), json, options.path ?? "", 1);
}

class FromJson {
  readonly #ignoreUnknown: boolean;
  readonly #maxDepth: number;
  #valuesLeft: number;

  constructor(options: FromJsonOptions) {
    this.#ignoreUnknown = options.unknownFields === "ignore";
    this.#maxDepth = options.maxDepth ?? maxDepth;
    this.#valuesLeft = options.maxValues ?? 1_000_000;
  }

  message(desc: DescMessage, json: unknown, path: string, depth: number): object {
    if (depth > this.#maxDepth) throw new JsonError(path, `nested deeper than ${this.#maxDepth}`);
    if (desc.typeName === "google.protobuf.Timestamp") return time(parseTimestamp, json, path);
    if (desc.typeName === "google.protobuf.Duration") return time(parseDuration, json, path);
    if (typeof json !== "object" || json === null || Array.isArray(json)) throw new JsonError(path, `expected an object, got ${kindOf(json)}`);
    return desc.typeName === "google.protobuf.Any" ? this.#any(json as Plain, path, depth) : this.#fields(desc, json as Plain, path, depth);
  }

  #fields(desc: DescMessage, json: Plain, path: string, depth: number): object {
    const out = strictDecoder(desc.typeName)(new Uint8Array(0)).message as Record<string, unknown>;
    const seen = new Set<string>();
    for (const [name, value] of Object.entries(json)) {
      const field = desc.fields.find((candidate) => candidate.name === name || candidate.jsonName === name);
      const at = path === "" ? name : `${path}.${name}`;
      if (field === undefined) {
        if (this.#ignoreUnknown) continue;
        throw new JsonError(at, `unknown field in ${desc.typeName}`);
      }
      if (seen.has(field.name)) throw new JsonError(at, "given twice, under both of its names");
      seen.add(field.name);
      if (value === null || value === undefined) continue;
      if (field.oneof !== undefined) {
        const other = field.oneof.fields.find((member) => member !== field && out[member.localName] !== undefined);
        if (other !== undefined) throw new JsonError(at, `only one of ${other.name} and ${field.name} may be given`);
      }
      out[field.localName] = field.fieldKind === "list" ? this.#list(field, value, at, depth) : this.#value(field, value, at, depth);
    }
    return out;
  }

  #list(field: DescField, json: unknown, path: string, depth: number): unknown[] {
    if (!Array.isArray(json)) throw new JsonError(path, `expected an array, got ${kindOf(json)}`);
    return json.map((item: unknown, index) => this.#value(field, item, `${path}[${index}]`, depth));
  }

  #value(field: DescField, json: unknown, path: string, depth: number): unknown {
    if (--this.#valuesLeft < 0) throw new JsonError(path, "too many values");
    if (field.message !== undefined) return this.message(field.message, json, path, depth + 1);
    if (field.enum !== undefined) return enumNumber(field.enum, json, path);
    const number = numberType(field);
    if (number !== undefined) {
      const text = customNumber(number, json, path);
      return field.scalar === ScalarType.BYTES ? utf8(text) : text;
    }
    return scalar(field.scalar!, json, path);
  }

  #any(json: Plain, path: string, depth: number): Any {
    const { "@type": typeUrl, ...rest } = json;
    if (typeof typeUrl !== "string") throw new JsonError(path, 'an Any needs its type URL in "@type"');
    try {
      const desc = messageDescriptor(typeUrl);
      const inner = plainTypes.has(desc.typeName) ? rest["value"] : rest;
      return { typeUrl, value: encodeMessage(desc, this.message(desc, inner, path, depth + 1)) };
    } catch (error) {
      if (error instanceof UnknownTypeError) throw new JsonError(path, error.message);
      throw error;
    }
  }
}

function kindOf(json: unknown): string {
  return json === null ? "null" : Array.isArray(json) ? "an array" : `a value of type ${typeof json}`;
}

function time(parse: (text: string) => Instant, json: unknown, path: string): object {
  try {
    return { ...parse(string(json, path)) };
  } catch (error) {
    if (error instanceof TimeError) throw new JsonError(path, error.message);
    throw error;
  }
}

function string(json: unknown, path: string): string {
  if (typeof json !== "string") throw new JsonError(path, `expected a string, got ${kindOf(json)}`);
  // A lone surrogate has no UTF-8 form: encoding it would change the text.
  if (!json.isWellFormed()) throw new JsonError(path, "not valid Unicode");
  return json;
}

function enumNumber(desc: DescEnum, json: unknown, path: string): number {
  const found = desc.values.find((value) => value.name === json || value.number === json);
  if (found === undefined) throw new JsonError(path, `not a ${desc.typeName}: ${String(json).slice(0, 80)}`);
  return found.number;
}

/** The wire form of a Dec or Int field from its JSON text. */
function customNumber(kind: "Dec" | "Int", json: unknown, path: string): string {
  const text = string(json, path);
  try {
    return kind === "Dec" ? Dec.parse(text).toProto() : parseInt256(text).toString();
  } catch (error) {
    if (error instanceof MathError) throw new JsonError(path, error.message);
    throw error;
  }
}

const integerRanges: Readonly<Record<number, readonly [min: bigint, max: bigint, bits: 32 | 64]>> = {
  [ScalarType.INT32]: [-(1n << 31n), (1n << 31n) - 1n, 32],
  [ScalarType.SINT32]: [-(1n << 31n), (1n << 31n) - 1n, 32],
  [ScalarType.SFIXED32]: [-(1n << 31n), (1n << 31n) - 1n, 32],
  [ScalarType.UINT32]: [0n, (1n << 32n) - 1n, 32],
  [ScalarType.FIXED32]: [0n, (1n << 32n) - 1n, 32],
  [ScalarType.INT64]: [-(1n << 63n), (1n << 63n) - 1n, 64],
  [ScalarType.SINT64]: [-(1n << 63n), (1n << 63n) - 1n, 64],
  [ScalarType.SFIXED64]: [-(1n << 63n), (1n << 63n) - 1n, 64],
  [ScalarType.UINT64]: [0n, (1n << 64n) - 1n, 64],
  [ScalarType.FIXED64]: [0n, (1n << 64n) - 1n, 64],
};

function scalar(type: ScalarType, json: unknown, path: string): unknown {
  switch (type) {
    case ScalarType.STRING:
      return string(json, path);
    case ScalarType.BOOL:
      if (typeof json !== "boolean") throw new JsonError(path, `expected true or false, got ${kindOf(json)}`);
      return json;
    case ScalarType.BYTES:
      return bytes(string(json, path), path);
    default:
      return integer(type, json, path);
  }
}

function bytes(text: string, path: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new JsonError(path, error.message);
    throw error;
  }
}

function integer(type: ScalarType, json: unknown, path: string): number | bigint {
  const range = integerRanges[type];
  if (range === undefined) throw new JsonError(path, "floating point is not supported");
  const [min, max, bits] = range;
  if (typeof json === "number" ? !Number.isSafeInteger(json) : typeof json !== "string" || !/^(?:0|-?[1-9]\d{0,19})$/.test(json)) {
    throw new JsonError(path, typeof json === "number" ? "not a whole number below 2^53: write it as a string" : `expected an integer, got ${kindOf(json)}`);
  }
  const value = BigInt(json as number | string);
  if (value < min || value > max) throw new JsonError(path, `out of range: ${value}`);
  return bits === 64 ? value : Number(value);
}
