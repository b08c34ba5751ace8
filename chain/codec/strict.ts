/**
 * The canonical decoder: reads a message of any contract in one pass and accepts exactly the bytes that the canonical encoder would write
 * (ADR-027): fields in ascending order and once, shortest varints, no explicit defaults, no unknown fields or enum values, packed scalars,
 * valid UTF-8, nothing left over. Text that the contract calls a Dec or an Int is one, as in the SDK, where it is written at all. The objects have the shape of the generated types.
 */
import { ScalarType, type DescEnum, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { Dec } from "../math/dec.ts";
import { MathError, parseInt256 } from "../math/int.ts";
import { messageDescriptor, numberType } from "./descriptors.ts";

/** Bytes that are not the canonical form of their message: where (`path`) and why. */
export class CanonicalError extends Error {
  override readonly name = "CanonicalError";
}

/** What bounds one decoding. */
export interface StrictLimits {
  /** Nesting of messages, Any content included. */
  readonly maxDepth: number;
  /** Elements of all repeated fields together, so that a few bytes cannot become many objects. */
  readonly maxElements: number;
}

export const defaultLimits: StrictLimits = { maxDepth: 16, maxElements: 65_536 };

const enum_ = 100;
const message_ = 101;
type Kind = ScalarType | typeof enum_ | typeof message_;

interface FieldPlan {
  readonly number: number;
  readonly name: string;
  readonly label: string;
  readonly kind: Kind;
  readonly repeated: boolean;
  readonly packed: boolean;
  /** Its value has a length in front: text, bytes, messages. */
  readonly delimited: boolean;
  /** The default value is written out (optional, oneof and repeated elements), so it may be read. */
  readonly mayBeDefault: boolean;
  /** Bit of the oneof in its message; 0 where there is none. */
  readonly oneof: number;
  readonly enumValues: ReadonlySet<number> | undefined;
  /** Throws a MathError where the text is not the number that the contract says. */
  readonly readNumber: ((text: string) => unknown) | undefined;
  readonly message: DescMessage | undefined;
  plan: MessagePlan | undefined;
}

interface MessagePlan {
  readonly typeName: string;
  readonly isAny: boolean;
  readonly fields: readonly FieldPlan[];
  readonly byTag: ReadonlyMap<number, FieldPlan>;
  /** The empty message: copied, then given its own lists. */
  readonly template: Readonly<Record<string, unknown>>;
  readonly lists: readonly string[];
}

const plans = new Map<string, MessagePlan>();

const wireTypes: ReadonlyMap<Kind, number> = new Map<Kind, number>([
  [ScalarType.INT64, 0], [ScalarType.UINT64, 0], [ScalarType.INT32, 0], [ScalarType.BOOL, 0], [ScalarType.UINT32, 0], [enum_, 0],
  [ScalarType.SFIXED64, 1], [ScalarType.FIXED64, 1], [ScalarType.SFIXED32, 5], [ScalarType.FIXED32, 5],
  [ScalarType.SINT32, 0], [ScalarType.SINT64, 0], [ScalarType.STRING, 2], [ScalarType.BYTES, 2], [message_, 2],
]);

const numberReaders = { Dec: (text: string) => Dec.fromProto(text), Int: parseInt256, none: undefined } as const;

/** Text in the SDK's number types: empty where it is nil there. */
function checkNumber(field: FieldPlan, text: string): void {
  if (text === "") return;
  try {
    field.readNumber!(text);
  } catch (error) {
    if (error instanceof MathError) throw new CanonicalError(`${field.label}: ${error.message}`);
    throw error;
  }
}

function enumNumbers(desc: DescEnum): ReadonlySet<number> {
  return new Set(desc.values.map((value) => value.number));
}

function planField(message: DescMessage, field: DescField, oneofs: readonly string[]): FieldPlan {
  const label = `${message.typeName}.${field.name}`;
  if (field.fieldKind === "map") throw new Error(`${label}: maps have no canonical form and are not allowed in transactions`);
  const repeated = field.fieldKind === "list";
  const kind: Kind = field.message !== undefined ? message_ : field.enum !== undefined ? enum_ : field.scalar!;
  if (!wireTypes.has(kind)) throw new Error(`${label}: floating point is not allowed in transactions`);
  if (field.message !== undefined && field.delimitedEncoding) throw new Error(`${label}: groups are not allowed in transactions`);
  const packed = repeated && wireTypes.get(kind) !== 2;
  if (packed && field.fieldKind === "list" && !field.packed) throw new Error(`${label}: unpacked numbers are not allowed in transactions`);
  return {
    number: field.number,
    name: field.localName,
    label,
    kind,
    repeated,
    packed,
    delimited: wireTypes.get(kind) === 2,
    // 2 is IMPLICIT presence: such a field is absent when it has its default.
    mayBeDefault: repeated || field.presence !== 2,
    oneof: field.oneof === undefined ? 0 : 1 << oneofs.indexOf(field.oneof.name),
    enumValues: field.enum === undefined ? undefined : enumNumbers(field.enum),
    readNumber: numberReaders[numberType(field) ?? "none"],
    message: field.message,
    plan: undefined,
  };
}

function planOf(message: DescMessage): MessagePlan {
  const known = plans.get(message.typeName);
  if (known !== undefined) return known;
  const oneofs = message.oneofs.map((oneof) => oneof.name);
  const fields = message.fields.map((field) => planField(message, field, oneofs));
  const plan: MessagePlan = {
    typeName: message.typeName,
    isAny: message.typeName === "google.protobuf.Any",
    fields,
    template: Object.fromEntries(fields.map((field) => [field.name, emptyValue(field)])),
    lists: fields.filter((field) => field.repeated).map((field) => field.name),
    byTag: new Map(fields.map((field) => [field.number * 8 + (field.packed ? 2 : wireTypes.get(field.kind)!), field])),
  };
  plans.set(message.typeName, plan);
  return plan;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Finds the content of an Any: the message that its type URL names, or undefined where that type may not stand there. */
export type AnyResolver = (typeUrl: string) => DescMessage | undefined;

const noAny: AnyResolver = () => undefined;

class Reader {
  readonly bytes: Uint8Array;
  readonly buffer: Buffer;
  readonly resolve: AnyResolver;
  readonly maxDepth: number;
  elementsLeft: number;
  pos = 0;
  /** Contents of the Any values that stand directly in the decoded message, in the order of the bytes. */
  readonly contents: object[] = [];

  constructor(bytes: Uint8Array, resolve: AnyResolver, limits: StrictLimits) {
    this.bytes = bytes;
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.resolve = resolve;
    this.maxDepth = limits.maxDepth;
    this.elementsLeft = limits.maxElements;
  }

  /** An unsigned varint below 2^32, as short as possible. */
  varint32(end: number, what: string): number {
    const bytes = this.bytes;
    let pos = this.pos;
    if (pos >= end) throw new CanonicalError(`${what}: unexpected end`);
    let byte = bytes[pos++]!;
    if (byte < 0x80) {
      this.pos = pos;
      return byte;
    }
    let value = byte & 0x7f;
    let factor = 0x80;
    for (let i = 1; i < 5; i++) {
      if (pos >= end) throw new CanonicalError(`${what}: unexpected end`);
      byte = bytes[pos++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (byte === 0) throw new CanonicalError(`${what}: varint is not as short as possible`);
        if (value > 0xffffffff) throw new CanonicalError(`${what}: more than 32 bits`);
        this.pos = pos;
        return value;
      }
      factor *= 0x80;
    }
    throw new CanonicalError(`${what}: more than 32 bits`);
  }

  /** An unsigned varint below 2^64, as short as possible. */
  varint64(end: number, what: string): bigint {
    const bytes = this.bytes;
    let low = 0;
    let factor = 1;
    // 49 bits at most are exact in a number.
    for (let i = 0; i < 7; i++) {
      if (this.pos >= end) throw new CanonicalError(`${what}: unexpected end`);
      const byte = bytes[this.pos++]!;
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw new CanonicalError(`${what}: varint is not as short as possible`);
        return BigInt(low);
      }
      factor *= 0x80;
    }
    let high = 0;
    for (let i = 0; i < 3; i++) {
      if (this.pos >= end) throw new CanonicalError(`${what}: unexpected end`);
      const byte = bytes[this.pos++]!;
      high += (byte & 0x7f) * (1 << (7 * i));
      if (byte < 0x80) {
        if (byte === 0) throw new CanonicalError(`${what}: varint is not as short as possible`);
        if (high > 0x7fff) throw new CanonicalError(`${what}: more than 64 bits`);
        return BigInt(low) + (BigInt(high) << 49n);
      }
    }
    throw new CanonicalError(`${what}: more than 64 bits`);
  }

  /** The end of a length-delimited value whose length stands here. */
  delimited(end: number, what: string): number {
    const length = this.varint32(end, what);
    if (length > end - this.pos) throw new CanonicalError(`${what}: length ${length} is beyond the end`);
    return this.pos + length;
  }

  text(end: number, what: string): string {
    const { bytes, pos } = this;
    let ascii = true;
    for (let i = pos; i < end; i++) {
      if (bytes[i]! >= 0x80) {
        ascii = false;
        break;
      }
    }
    this.pos = end;
    if (ascii) return this.buffer.toString("latin1", pos, end);
    try {
      return decoder.decode(bytes.subarray(pos, end));
    } catch {
      throw new CanonicalError(`${what}: invalid UTF-8`);
    }
  }
}

function int32Of(value: bigint, what: string): number {
  const signed = BigInt.asIntN(64, value);
  if (signed < -0x80000000n || signed > 0x7fffffffn) throw new CanonicalError(`${what}: more than 32 bits`);
  return Number(signed);
}

function fixed(r: Reader, size: 4 | 8, end: number, field: FieldPlan): number | bigint {
  if (r.pos + size > end) throw new CanonicalError(`${field.label}: unexpected end`);
  const view = new DataView(r.bytes.buffer, r.bytes.byteOffset + r.pos, size);
  r.pos += size;
  switch (field.kind) {
    case ScalarType.FIXED64:
      return view.getBigUint64(0, true);
    case ScalarType.SFIXED64:
      return view.getBigInt64(0, true);
    case ScalarType.FIXED32:
      return view.getUint32(0, true);
    default:
      return view.getInt32(0, true);
  }
}

function zigzag(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n);
}

/** A number, boolean or enum value. */
function readNumber(r: Reader, end: number, field: FieldPlan): number | bigint | boolean {
  switch (field.kind) {
    case ScalarType.UINT64:
      return r.varint64(end, field.label);
    case ScalarType.INT64:
      return BigInt.asIntN(64, r.varint64(end, field.label));
    case ScalarType.UINT32:
      return r.varint32(end, field.label);
    case ScalarType.INT32:
      return int32Of(r.varint64(end, field.label), field.label);
    case ScalarType.SINT32: {
      return Number(zigzag(BigInt(r.varint32(end, field.label))));
    }
    case ScalarType.SINT64:
      return zigzag(r.varint64(end, field.label));
    case ScalarType.BOOL: {
      const value = r.varint32(end, field.label);
      if (value > 1) throw new CanonicalError(`${field.label}: ${value} is not a boolean`);
      return value === 1;
    }
    case enum_: {
      const value = int32Of(r.varint64(end, field.label), field.label);
      if (!field.enumValues!.has(value)) throw new CanonicalError(`${field.label}: unknown enum value ${value}`);
      return value;
    }
    default:
      return fixed(r, field.kind === ScalarType.FIXED32 || field.kind === ScalarType.SFIXED32 ? 4 : 8, end, field);
  }
}

function readDelimited(r: Reader, end: number, field: FieldPlan, depth: number): unknown {
  const stop = r.delimited(end, field.label);
  if (stop === r.pos && !field.mayBeDefault) throw new CanonicalError(`${field.label}: default value is written out`);
  if (field.kind === ScalarType.STRING) {
    const text = r.text(stop, field.label);
    if (field.readNumber !== undefined) checkNumber(field, text);
    return text;
  }
  if (field.kind === ScalarType.BYTES) {
    const value = r.bytes.subarray(r.pos, stop);
    if (field.readNumber !== undefined) checkNumber(field, r.text(stop, field.label));
    r.pos = stop;
    return value;
  }
  field.plan ??= planOf(field.message!);
  return readMessage(r, stop, field.plan, depth + 1);
}

function countElement(r: Reader, label: string): void {
  if (--r.elementsLeft < 0) throw new CanonicalError(`${label}: too many elements`);
}

function readPacked(r: Reader, end: number, field: FieldPlan, list: unknown[]): void {
  const stop = r.delimited(end, field.label);
  if (stop === r.pos) throw new CanonicalError(`${field.label}: empty list is written out`);
  while (r.pos < stop) {
    countElement(r, field.label);
    list.push(readNumber(r, stop, field));
  }
}

function emptyMessage(plan: MessagePlan): Record<string, unknown> {
  const out = { ...plan.template };
  for (const name of plan.lists) out[name] = [];
  return out;
}

const noBytes = new Uint8Array(0);

function emptyValue(field: FieldPlan): unknown {
  if (field.mayBeDefault) return undefined;
  switch (field.kind) {
    case ScalarType.STRING:
      return "";
    case ScalarType.BYTES:
      return noBytes;
    case ScalarType.BOOL:
      return false;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 0n;
    default:
      return 0;
  }
}

function readMessage(r: Reader, end: number, plan: MessagePlan, depth: number): Record<string, unknown> {
  if (depth > r.maxDepth) throw new CanonicalError(`${plan.typeName}: nested deeper than ${r.maxDepth}`);
  const out = emptyMessage(plan);
  let last = 0;
  let oneofs = 0;
  while (r.pos < end) {
    const tag = r.varint32(end, plan.typeName);
    const field = plan.byTag.get(tag);
    if (field === undefined) throw new CanonicalError(`${plan.typeName}: unknown field or wire type (field ${tag >>> 3}, wire type ${tag & 7})`);
    if (field.number <= last && (field.number < last || !field.repeated || field.packed)) {
      throw new CanonicalError(`${field.label}: ${field.number < last ? "out of order" : "given twice"}`);
    }
    last = field.number;
    if (field.oneof !== 0) {
      if ((oneofs & field.oneof) !== 0) throw new CanonicalError(`${field.label}: a second member of its oneof`);
      oneofs |= field.oneof;
    }
    if (field.repeated) {
      const list = out[field.name] as unknown[];
      if (field.packed) {
        readPacked(r, end, field, list);
      } else {
        countElement(r, field.label);
        list.push(readDelimited(r, end, field, depth));
      }
      continue;
    }
    if (field.delimited) {
      out[field.name] = readDelimited(r, end, field, depth);
      continue;
    }
    const value = readNumber(r, end, field);
    if (!field.mayBeDefault && (value === 0n || value === 0 || value === false)) throw new CanonicalError(`${field.label}: default value is written out`);
    out[field.name] = value;
  }
  if (plan.isAny) checkAny(r, out, depth);
  return out;
}

/** What an Any holds must be a type that may stand there, and canonical itself. */
function checkAny(r: Reader, any: Record<string, unknown>, depth: number): void {
  const typeUrl = any["typeUrl"] as string;
  const message = r.resolve(typeUrl);
  if (message === undefined) throw new CanonicalError(`unable to resolve type URL ${typeUrl.slice(0, 200)}`);
  const content = any["value"] as Uint8Array;
  // The content is a part of the same bytes: the reader goes back to it.
  const after = r.pos;
  r.pos = content.byteOffset - r.bytes.byteOffset;
  const decoded = readMessage(r, r.pos + content.length, planOf(message), depth + 1);
  r.pos = after;
  if (depth === 2) r.contents.push(decoded);
}

/** A decoded message, with the decoded contents of the Any values that stand directly in it, in the order of the bytes. */
export interface Decoded {
  readonly message: object;
  readonly contents: readonly object[];
}

/** Decodes canonical bytes of one message type. Byte fields are views of the input: it must not change afterwards. Throws a CanonicalError. */
export type StrictDecoder = (bytes: Uint8Array, resolve?: AnyResolver, limits?: StrictLimits) => Decoded;

/**
 * The canonical decoder of a message type, by name or type URL. Throws an Error where the contract has no canonical form (maps, floats, groups).
 * An Any inside is refused unless the resolver knows its type.
 */
export function strictDecoder(nameOrUrl: string): StrictDecoder {
  const plan = planOf(messageDescriptor(nameOrUrl));
  checkContract(plan, new Set());
  return (bytes, resolve = noAny, limits = defaultLimits) => {
    const reader = new Reader(bytes, resolve, limits);
    const message = readMessage(reader, bytes.length, plan, 1);
    return { message, contents: reader.contents };
  };
}

/**
 * The first field, of this message or of any inside it, that its contract declares after a field with a greater number. Generated encoders write
 * fields as declared, so such a message is refused when it comes from a client. Undefined where all is well.
 */
export function misplacedField(nameOrUrl: string): string | undefined {
  const seen = new Set<string>();
  const visit = (plan: MessagePlan): string | undefined => {
    if (seen.has(plan.typeName)) return undefined;
    seen.add(plan.typeName);
    for (const [index, field] of plan.fields.entries()) {
      if (index > 0 && field.number < plan.fields[index - 1]!.number) return field.label;
      const inner = field.message === undefined ? undefined : visit(planOf(field.message));
      if (inner !== undefined) return inner;
    }
    return undefined;
  };
  return visit(planOf(messageDescriptor(nameOrUrl)));
}

/** Plans every message that can occur inside, so that a contract without canonical form fails at start and not in a transaction. */
function checkContract(plan: MessagePlan, seen: Set<string>): void {
  if (seen.has(plan.typeName)) return;
  seen.add(plan.typeName);
  for (const field of plan.fields) {
    if (field.message === undefined) continue;
    field.plan = planOf(field.message);
    checkContract(field.plan, seen);
  }
}
