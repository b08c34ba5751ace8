/** For tests: every generated type, and arbitrary messages of every contract. */
import { readdirSync } from "node:fs";
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import fc from "fast-check";
import { Dec } from "../math/dec.ts";
import { utf8 } from "./bytes.ts";
import { aminoField, messageDescriptor, numberType, registry, scalarOf } from "./descriptors.ts";
import type { MessageCodec } from "./messages.ts";

const gen = new URL("./gen/", import.meta.url);

/** Every generated type by its proto name. */
export async function allCodecs(): Promise<ReadonlyMap<string, MessageCodec>> {
  const files = readdirSync(gen, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts")).sort();
  const out = new Map<string, MessageCodec>();
  for (const file of files) {
    const exported = (await import(new URL(file, gen).href)) as Record<string, unknown>;
    for (const value of Object.values(exported)) {
      if (typeof value === "object" && value !== null && "$type" in value) out.set((value as MessageCodec).$type, value as MessageCodec);
    }
  }
  return out;
}

/** All messages of the SDK's, CometBFT's and this chain's contracts, nested ones included. */
export function allMessages(): DescMessage[] {
  const flat = (messages: readonly DescMessage[]): DescMessage[] => messages.flatMap((message) => [message, ...flat(message.nestedMessages)]);
  return [...registry.files].filter((file) => /^(cosmos|dcm|tendermint)\//.test(file.name)).flatMap((file) => flat(file.messages));
}

const uint64 = fc.oneof(fc.constantFrom(0n, 1n, 127n, 128n, (1n << 63n) - 1n, (1n << 64n) - 1n), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
const int64 = fc.oneof(fc.constantFrom(0n, 1n, -1n, (1n << 63n) - 1n, -(1n << 63n)), fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }));
const int32 = fc.integer();
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const text = fc.oneof(fc.constantFrom("", "dcm1xyz", "a&b<c>d", 'q"\\\n\u0007\u2028'), fc.string({ unit: "grapheme", maxLength: 12 }));

/** What an arbitrary Any holds. */
const anyContents = ["cosmos.crypto.secp256k1.PubKey", "cosmos.authz.v1beta1.GenericAuthorization", "cosmos.bank.v1beta1.MsgSend"];

export interface ArbitraryOptions {
  /** Encodes the content of Any values. */
  readonly codecs: ReadonlyMap<string, MessageCodec>;
  /** Every message field is set, as JavaScript clients set them. */
  readonly complete?: boolean;
  /** Nothing is empty, zero or false: what amino JSON leaves out does not occur. */
  readonly nonEmpty?: boolean;
  /** What the Any values hold, by full type name. */
  readonly anyContents?: readonly string[];
}

/** Keys have their own lengths; a reader refuses any other. */
const keys: Readonly<Record<string, fc.Arbitrary<object>>> = {
  "cosmos.crypto.secp256k1.PubKey": fc.uint8Array({ minLength: 32, maxLength: 32 }).map((x) => ({ key: new Uint8Array([2, ...x]) })),
  "cosmos.crypto.ed25519.PubKey": fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) => ({ key })),
};

/** Arbitrary messages of a type, in the shape of its generated type; numbers in strings are canonical. */
export function arbitraryMessage(desc: DescMessage, options: ArbitraryOptions, depth = 0): fc.Arbitrary<object> {
  switch (desc.typeName) {
    case "google.protobuf.Any":
      return fc.constantFrom(...(options.anyContents ?? anyContents)).chain((name) =>
        arbitraryMessage(messageDescriptor(name), options, depth + 1).map((message) => ({ typeUrl: `/${name}`, value: options.codecs.get(name)!.encode(message).finish() })),
      );
    case "google.protobuf.Timestamp":
      return fc.record({ seconds: fc.bigInt({ min: 1n, max: 4_000_000_000n }), nanos: fc.integer({ min: 0, max: 999_999_999 }) });
    case "google.protobuf.Duration":
      return fc.record({ seconds: fc.bigInt({ min: 0n, max: 9_000_000_000n }), nanos: fc.integer({ min: 0, max: 999_999_999 }) });
  }
  const key = keys[desc.typeName];
  if (key !== undefined) return key;
  const oneofs = desc.oneofs.map((oneof) => fc.option(fc.constantFrom(...oneof.fields.map((field) => field.localName)), options.complete === true ? { freq: 1_000_000 } : {}));
  const fields = fc.record(Object.fromEntries(desc.fields.map((field) => [field.localName, arbitraryField(field, options, depth)])));
  return fc.tuple(fields, ...oneofs).map(([message, ...chosen]) => {
    const out: Record<string, unknown> = { ...message };
    desc.oneofs.forEach((oneof, index) => {
      for (const field of oneof.fields) if (field.localName !== chosen[index]) out[field.localName] = undefined;
    });
    return out;
  });
}

function arbitraryField(field: DescField, options: ArbitraryOptions, depth: number): fc.Arbitrary<unknown> {
  const any = arbitraryElement(field, options, depth);
  const element = options.nonEmpty === true && field.message === undefined ? any.filter((value) => !isEmpty(value)) : any;
  if (field.fieldKind === "list") return fc.array(element, options.nonEmpty === true ? { minLength: 1, maxLength: 2 } : { maxLength: depth > 2 ? 0 : 3 });
  // 2 is implicit presence.
  if (field.presence === 2 || field.oneof !== undefined) return element;
  if (depth > 4) return fc.constant(undefined);
  const required = options.complete === true || aminoField(field).dontOmitEmpty;
  return required && field.message !== undefined ? element : fc.option(element, { nil: undefined });
}

function isEmpty(value: unknown): boolean {
  return value === "" || value === "0" || value === 0 || value === 0n || value === false || (value instanceof Uint8Array && value.length === 0);
}

function arbitraryElement(field: DescField, options: ArbitraryOptions, depth: number): fc.Arbitrary<unknown> {
  if (field.message !== undefined) return depth > 4 ? fc.constant(undefined) : arbitraryMessage(field.message, options, depth + 1);
  if (field.enum !== undefined) return fc.constantFrom(...field.enum.values.map((value) => value.number));
  const number = numberType(field);
  if (number !== undefined) {
    const digits = number === "Dec" ? fc.bigInt({ min: 0n, max: 10n ** 24n }).map((value) => new Dec(value).toProto()) : fc.bigInt({ min: 0n, max: 1n << 100n }).map(String);
    return field.scalar === ScalarType.BYTES ? digits.map(utf8) : digits;
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      return scalarOf(field) === "cosmos.Dec" ? fc.constantFrom("0.334000000000000000", "1.0") : text;
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 40 });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return int64;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return uint64;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return uint32;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return fc.constant(0);
    default:
      return int32;
  }
}
