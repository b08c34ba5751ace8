/**
 * go-amino's rules for Go values: how each kind of type stands in binary amino and in amino JSON, both ways. Which types there are is
 * `std-tx.ts`'s. JSON is in a type's own order of fields, as go-amino writes it.
 */
import { Dec } from "../math/dec.ts";
import { MathError, maxUint64, parseInt256 } from "../math/int.ts";
import { concatBytes, fromBase64, fromUtf8, toHex, utf8 } from "./bytes.ts";
import { sha256 } from "./hash.ts";
import { minTimestampSeconds, parseTimestamp, quote, quoteBytes, TimeError, timestampText, type Instant } from "./json-text.ts";
import type { Json } from "./proto-json.ts";

/** JSON or bytes that are not of their type, and values that have no such form. */
export class GoAminoError extends Error {
  override readonly name = "GoAminoError";
}

/** A value of a Go type: nil, a scalar, the digits of a number, a time, the fields of a struct or the elements of a list, or what an interface holds. */
export type Value = undefined | boolean | bigint | string | Uint8Array | Instant | Held | readonly Value[];

/** What an interface holds: a value of a registered type. */
export interface Held {
  readonly concrete: Concrete;
  readonly value: Value;
}

interface Kind {
  /** What null is in JSON, and a field that JSON lacks. */
  readonly zero: Value;
  /** What a field is that bytes lack, where not `zero`. */
  readonly absent?: Value;
  readonly fromJson: (json: Json, depth: number) => Value;
  readonly toJson: (value: Value) => string;
  /** True where `omitempty` leaves it out, and no byte says it. */
  readonly isEmpty: (value: Value) => boolean;
}

/** Stands as one varint. */
export interface VarintType extends Kind {
  readonly wire: 0;
  readonly write: (value: Value) => bigint;
  readonly read: (varint: bigint) => Value;
}

/** Stands as bytes behind their length. */
export interface BytesType extends Kind {
  readonly wire: 2;
  readonly write: (value: Value) => Uint8Array;
  readonly read: (bytes: Uint8Array, depth: number) => Value;
}

export type GoType = VarintType | BytesType;

/** The contract's messages nest less; this bounds interfaces in interfaces. */
const maxDepth = 32;

const fail = (reason: string): never => {
  throw new GoAminoError(reason);
};

/** Of what a stranger wrote: reasons of other kinds become this module's own. */
function own<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MathError || error instanceof TimeError || error instanceof TypeError || error instanceof SyntaxError) return fail(error.message);
    throw error;
  }
}

function shown(json: Json): string {
  return Array.isArray(json) ? "array" : json === null ? "null" : typeof json;
}

function textOf(json: Json): string {
  return typeof json === "string" ? json : fail(`cannot unmarshal ${shown(json)} into a string`);
}

type Fields = Readonly<Record<string, Json>>;

function objectOf(json: Json): Fields {
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Fields) : fail(`cannot unmarshal ${shown(json)} into a struct`);
}

const isNothing = (value: Value): boolean => value === undefined || value === 0n || value === false || value === "" || ((value instanceof Uint8Array || Array.isArray(value)) && value.length === 0);

/** Integers of 64 bits are text in JSON, of 32 bits numbers. */
function integer(bits: 32 | 64, signed: boolean): VarintType {
  const least = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const most = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  const inRange = (value: bigint): bigint => (value < least || value > most ? fail(`${value} overflows ${signed ? "" : "u"}int${bits}`) : value);
  return {
    wire: 0,
    zero: 0n,
    isEmpty: isNothing,
    fromJson: (json) => {
      if (bits === 32) return typeof json === "number" && Number.isSafeInteger(json) ? inRange(BigInt(json)) : fail(`cannot unmarshal ${shown(json)} into an integer of 32 bits`);
      if (typeof json !== "string") return fail("integers of 64 bits are quoted in amino JSON");
      return /^(?:0|-?[1-9]\d{0,19})$/.test(json) ? inRange(BigInt(json)) : fail(`not an integer: ${json.slice(0, 40)}`);
    },
    toJson: (value) => (bits === 32 ? String(value as bigint) : `"${value as bigint}"`),
    write: (value) => BigInt.asUintN(64, value as bigint),
    read: (varint) => (signed ? inRange(BigInt.asIntN(64, varint)) : BigInt.asUintN(bits, varint)),
  };
}

export const int32 = integer(32, true);
export const uint32 = integer(32, false);
export const int64 = integer(64, true);
export const uint64 = integer(64, false);

export const bool: VarintType = {
  wire: 0,
  zero: false,
  isEmpty: isNothing,
  fromJson: (json) => (typeof json === "boolean" ? json : fail(`cannot unmarshal ${shown(json)} into a bool`)),
  toJson: String,
  write: (value) => (value === true ? 1n : 0n),
  read: (varint) => (varint > 1n ? fail("invalid bool") : varint === 1n),
};

export const text: BytesType = {
  wire: 2,
  zero: "",
  isEmpty: isNothing,
  fromJson: textOf,
  toJson: (value) => quote(value as string),
  write: (value) => utf8(value as string),
  read: (bytes) => own(() => fromUtf8(bytes)),
};

/** Base64 in JSON; nothing is null. With a size, as keys are, no other. */
export function bytesOf(size?: number): BytesType {
  const sized = (value: Uint8Array): Uint8Array => (size === undefined || value.length === size ? value : fail(`invalid pubkey size: ${value.length} bytes, not ${size}`));
  return {
    wire: 2,
    zero: new Uint8Array(0),
    isEmpty: isNothing,
    fromJson: (json) => sized(own(() => fromBase64(textOf(json)))),
    toJson: (value) => ((value as Uint8Array).length === 0 ? "null" : quoteBytes(value as Uint8Array)),
    write: (value) => value as Uint8Array,
    read: sized,
  };
}

/** The SDK's Int: digits in both forms. */
export const int: BytesType = {
  wire: 2,
  zero: "0",
  isEmpty: () => false,
  fromJson: (json) => own(() => String(parseInt256(textOf(json)))),
  toJson: (value) => `"${value as string}"`,
  write: (value) => utf8(value as string),
  read: (bytes) => (bytes.length === 0 ? "0" : own(() => String(parseInt256(fromUtf8(bytes))))),
};

/** The SDK's LegacyDec: atomics in bytes, a decimal in JSON, null where it was never set (""). */
export const decimal: BytesType = {
  wire: 2,
  zero: "",
  isEmpty: () => false,
  fromJson: (json) => own(() => Dec.parse(textOf(json)).toProto()),
  toJson: (value) => (value === "" ? "null" : `"${Dec.fromProto(value as string).toString()}"`),
  write: (value) => utf8(value === "" ? "0" : (value as string)),
  read: (bytes) => (bytes.length === 0 ? "" : own(() => Dec.fromProto(fromUtf8(bytes)).toProto())),
};

/** time.Time: nothing is the year 1 in JSON, 1970 in bytes. */
export const time: BytesType = {
  wire: 2,
  zero: { seconds: minTimestampSeconds, nanos: 0 },
  absent: { seconds: 0n, nanos: 0 },
  isEmpty: () => false,
  fromJson: (json) => own(() => (textOf(json).endsWith("Z") ? parseTimestamp(textOf(json)) : fail(`times end with Z: ${textOf(json).slice(0, 40)}`))),
  toJson: (value) => quote(own(() => timestampText(value as Instant))),
  write: (value) => {
    const { seconds, nanos } = value as Instant;
    return concatBytes(seconds === 0n ? nothing : concatBytes(varint(0x08n), varint(BigInt.asUintN(64, seconds))), nanos === 0 ? nothing : concatBytes(varint(0x10n), varint(BigInt(nanos))));
  },
  read: (bytes) => {
    const reader = new Reader(bytes);
    const parts = [0n, 0n];
    for (const [index, tag] of [0x08n, 0x10n].entries()) {
      if (reader.done || reader.peek() !== tag) continue;
      reader.varint();
      parts[index] = reader.varint();
    }
    if (!reader.done || parts[1]! > 999_999_999n) return fail("invalid time");
    const made = { seconds: BigInt.asIntN(64, parts[0]!), nanos: Number(parts[1]!) };
    own(() => timestampText(made));
    return made;
  },
};

/** A pointer: nil is left out of both forms, or null; what it points to never is. */
export function pointer(type: GoType): GoType {
  const { fromJson, absent } = type;
  const kind = {
    zero: undefined,
    ...(absent === undefined ? {} : { absent }),
    isEmpty: (value: Value) => value === undefined,
    fromJson,
    toJson: (value: Value) => (value === undefined ? "null" : type.toJson(value)),
  };
  return type.wire === 0 ? { ...kind, wire: 0, write: type.write, read: type.read } : { ...kind, wire: 2, write: type.write, read: type.read };
}

/** A list; nothing is null in JSON, or, as sdk.Coins has it, []. */
export interface ListType extends Kind {
  readonly wire: 2;
  readonly element: GoType;
}

export function list(element: GoType, empty: "null" | "[]" = "null"): ListType {
  return {
    wire: 2,
    element,
    zero: [],
    isEmpty: isNothing,
    fromJson: (json, depth) => (Array.isArray(json) ? (json as readonly Json[]).map((item) => valueOf(element, item, depth)) : fail(`cannot unmarshal ${shown(json)} into a list`)),
    toJson: (value) => {
      const items = value as readonly Value[];
      return items.length === 0 ? empty : `[${items.map(element.toJson).join(",")}]`;
    },
  };
}

export interface Field {
  readonly name: string;
  readonly type: GoType | ListType;
  readonly omitEmpty: boolean;
  /** True where it must be there in both forms, as what an Any holds must. */
  readonly required: boolean;
  /** True where nothing is left out, but what is there is written even if it is empty. */
  readonly pointer: boolean;
}

/** A struct; field numbers are the fields' places. The fields are asked for when first used: contracts may hold themselves. */
export function struct(fieldsOf: () => readonly Field[]): BytesType {
  let known: readonly Field[] | undefined;
  const fields = (): readonly Field[] => (known ??= fieldsOf());
  return {
    wire: 2,
    get zero() {
      return fields().map(({ type }) => type.zero);
    },
    isEmpty: () => false,
    fromJson: (json, depth) => {
      const object = objectOf(json);
      return fields().map((field) => (Object.hasOwn(object, field.name) ? valueOf(field.type, object[field.name]!, deeper(depth)) : field.type.zero));
    },
    toJson: (value) => {
      const parts: string[] = [];
      for (const [index, field] of fields().entries()) {
        const { name, type, omitEmpty } = field;
        const item = present(field, (value as readonly Value[])[index]);
        if (!omitEmpty || !type.isEmpty(item)) parts.push(`${quote(name)}:${type.toJson(item)}`);
      }
      return `{${parts.join(",")}}`;
    },
    write: (value) => concatBytes(...fields().map((field, index) => writeField(field, index + 1, present(field, (value as readonly Value[])[index])))),
    read: (bytes, depth) => readFields(new Reader(bytes), fields(), deeper(depth)),
  };
}

function deeper(depth: number): number {
  return depth < maxDepth ? depth + 1 : fail(`nested deeper than ${maxDepth}`);
}

function present(field: Field, value: Value): Value {
  const missing = field.required && (value === undefined || (Array.isArray(value) && value.includes(undefined)));
  return missing ? fail(`${field.name} is missing`) : value;
}

const nothing = new Uint8Array(0);

function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
  return Uint8Array.from(out);
}

const delimited = (number: number, bytes: Uint8Array): Uint8Array => concatBytes(varint(BigInt(number * 8 + 2)), varint(BigInt(bytes.length)), bytes);

function writeField({ type, pointer: isPointer }: Field, number: number, value: Value): Uint8Array {
  if (value === undefined) return nothing;
  if ("element" in type) {
    const { element } = type;
    const items = value as readonly Value[];
    if (items.length === 0) return nothing;
    if (element.wire === 0) return delimited(number, concatBytes(...items.map((item) => varint(element.write(item)))));
    return concatBytes(...items.map((item) => delimited(number, item === undefined ? nothing : element.write(item))));
  }
  if (type.wire === 0) {
    const written = type.write(value);
    return written === 0n ? nothing : concatBytes(varint(BigInt(number * 8)), varint(written));
  }
  const bytes = type.write(value);
  // A pointer to an empty struct is written, a pointer to empty text is not: go-amino looks through pointers for what is empty by itself.
  return bytes.length === 0 && !isPointer ? nothing : delimited(number, bytes);
}

function readFields(reader: Reader, fields: readonly Field[], depth: number): Value {
  let last = 0;
  const values = fields.map((field, index) => {
    const number = index + 1;
    const { type } = field;
    if ("element" in type && type.element.wire === 2) return readList(reader, number, type.element, depth);
    const absent = type.absent ?? type.zero;
    if (reader.done) return absent;
    const tag = reader.tag(true);
    if (tag.number > number) return absent;
    if (tag.number <= last || tag.number !== number) return fail(`unexpected field number ${tag.number}, for ${number}`);
    last = number;
    if (tag.wire !== type.wire) return fail(`expected wire type ${type.wire} for field ${number}, got ${tag.wire}`);
    reader.tag();
    if (type.wire === 0) return type.read(reader.varint());
    const bytes = reader.bytes();
    if (!("element" in type)) return type.read(bytes, depth);
    const packed = new Reader(bytes);
    const items: Value[] = [];
    while (!packed.done) items.push((type.element as VarintType).read(packed.varint()));
    return items;
  });
  while (!reader.done) {
    const tag = reader.tag();
    if (tag.number <= last) return fail(`field number ${tag.number} after ${last}`);
    last = tag.number;
    reader.skip(tag.wire);
  }
  return values;
}

function readList(reader: Reader, number: number, element: BytesType, depth: number): Value[] {
  const items: Value[] = [];
  while (!reader.done) {
    const tag = reader.tag(true);
    if (tag.number < number) return fail(`expected field number ${number} or greater, got ${tag.number}`);
    if (tag.number > number) break;
    if (tag.wire !== 2) return fail(`expected wire type 2 for field ${number}, got ${tag.wire}`);
    reader.tag();
    const bytes = reader.bytes();
    items.push(bytes.length === 0 ? (element.absent ?? element.zero) : element.read(bytes, depth));
  }
  return items;
}

/** A type that interfaces may hold, by its registered name. */
export class Concrete {
  readonly name: string;
  readonly type: BytesType;
  /** Four bytes before its value, and three that tell it from others of the same four: both of the name's SHA-256. */
  readonly prefix: Uint8Array;
  readonly disambiguation: Uint8Array;
  /** A key stands in its interface behind its length, as every byte slice does. */
  readonly isSlice: boolean;

  constructor(name: string, type: BytesType, isSlice = false) {
    this.name = name;
    this.type = type;
    this.isSlice = isSlice;
    const hash = sha256(utf8(name));
    const skipZeros = (from: number): number => {
      let at = from;
      while (hash[at] === 0) at++;
      return at;
    };
    const start = skipZeros(0);
    const prefixAt = skipZeros(start + 3);
    this.disambiguation = hash.subarray(start, start + 3);
    this.prefix = hash.subarray(prefixAt, prefixAt + 4);
  }

  write(value: Value): Uint8Array {
    const bytes = this.type.write(value);
    return concatBytes(this.prefix, ...(this.isSlice ? [varint(BigInt(bytes.length))] : []), bytes);
  }

  read(bytes: Uint8Array, depth: number): Value {
    if (!this.isSlice) return this.type.read(bytes, depth);
    const reader = new Reader(bytes);
    const content = reader.bytes();
    return reader.done ? this.type.read(content, depth) : fail("bytes left over after reading interface contents");
  }
}

/** An interface, and what it may hold. */
export function interfaceOf(holds: () => readonly Concrete[]): BytesType {
  let byName: ReadonlyMap<string, Concrete> | undefined;
  let byPrefix: ReadonlyMap<string, Concrete> | undefined;
  return {
    wire: 2,
    zero: undefined,
    isEmpty: (value) => value === undefined,
    fromJson: (json, depth) => {
      const { type, value } = objectOf(json);
      const name = type === undefined || type === null || type === "" ? fail("JSON encoding of interfaces require non-empty type field.") : textOf(type);
      if (value === undefined) return fail("interface JSON wrapper should have non-empty value field");
      byName ??= new Map(holds().map((concrete) => [concrete.name, concrete]));
      const concrete = byName.get(name) ?? fail(`unrecognized concrete type name ${name.slice(0, 200)}`);
      return { concrete, value: valueOf(concrete.type, value, deeper(depth)) };
    },
    toJson: (value) => (value === undefined ? "null" : `{"type":${quote((value as Held).concrete.name)},"value":${(value as Held).concrete.type.toJson((value as Held).value)}}`),
    write: (value) => (value as Held).concrete.write((value as Held).value),
    read: (bytes, depth) => {
      const apart = bytes[0] === 0;
      if (bytes.length < (apart ? 8 : 4)) return fail("EOF while reading prefix bytes.");
      const at = apart ? 4 : 0;
      byPrefix ??= new Map(holds().map((concrete) => [toHex(concrete.prefix), concrete]));
      const concrete = byPrefix.get(toHex(bytes.subarray(at, at + 4)));
      if (concrete === undefined || (apart && toHex(concrete.disambiguation) !== toHex(bytes.subarray(1, 4)))) return fail(`unrecognized prefix bytes ${toHex(bytes.subarray(at, at + 4)).toUpperCase()}`);
      return { concrete, value: concrete.read(bytes.subarray(at + 4), deeper(depth)) };
    },
  };
}

/** A value of this type from JSON: null is its zero. */
export function valueOf(type: GoType | ListType, json: Json, depth: number): Value {
  return json === null ? type.zero : type.fromJson(json, depth);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++] ?? fail("EOF decoding uvarint");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value > maxUint64 ? fail("varint overflows 64 bits") : value;
    }
    return fail("varint overflows 64 bits");
  }

  peek(): bigint {
    const at = this.#at;
    const value = this.varint();
    this.#at = at;
    return value;
  }

  /** The number and wire type of the field here, which is then read unless `ahead`. */
  tag(ahead = false): { readonly number: number; readonly wire: number } {
    const value = ahead ? this.peek() : this.varint();
    if (value >> 3n >= 1n << 29n) return fail(`invalid field num ${value >> 3n}`);
    return { number: Number(value >> 3n), wire: Number(value & 7n) };
  }

  bytes(): Uint8Array {
    return this.take(this.varint());
  }

  take(length: bigint): Uint8Array {
    if (length > BigInt(this.#bytes.length - this.#at)) return fail(`insufficient bytes: ${length} wanted`);
    const start = this.#at;
    this.#at += Number(length);
    return this.#bytes.subarray(start, this.#at);
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.take(8n);
    else if (wire === 2) this.bytes();
    else if (wire === 5) this.take(4n);
    else fail(`invalid wire type ${wire}`);
  }
}
