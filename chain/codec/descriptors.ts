/** The wire contracts at run time: every message, enum and service of chain/codec/gen/image.binpb with its options. */
import { readFileSync } from "node:fs";
import {
  createFileRegistry, fromBinary, getOption, hasOption,
  type DescExtension, type DescField, type DescMessage, type DescMethod, type DescService, type FileRegistry,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

export type { DescField, DescMessage, DescMethod, DescService };

/** The descriptor image as it stands in the release (a FileDescriptorSet). */
export const imageBytes: Uint8Array = new Uint8Array(readFileSync(new URL("./gen/image.binpb", import.meta.url)));

export const registry: FileRegistry = createFileRegistry(fromBinary(FileDescriptorSetSchema, imageBytes));

/** A type name or type URL that no contract has. */
export class UnknownTypeError extends Error {
  override readonly name = "UnknownTypeError";
}

/** "/cosmos.bank.v1beta1.MsgSend" -> "cosmos.bank.v1beta1.MsgSend"; a name without a slash stays. */
export function typeName(typeUrl: string): string {
  return typeUrl.startsWith("/") ? typeUrl.slice(1) : typeUrl;
}

/** The message of this name or type URL. Throws an UnknownTypeError. */
export function messageDescriptor(nameOrUrl: string): DescMessage {
  const found = registry.getMessage(typeName(nameOrUrl));
  if (found === undefined) throw new UnknownTypeError(`unable to resolve type URL ${nameOrUrl.slice(0, 200)}`);
  return found;
}

/** The service of this name. Throws an UnknownTypeError. */
export function serviceDescriptor(name: string): DescService {
  const found = registry.getService(name);
  if (found === undefined) throw new UnknownTypeError(`unknown service ${name.slice(0, 200)}`);
  return found;
}

function extension(name: string): DescExtension {
  const found = registry.getExtension(name);
  if (found === undefined) throw new Error(`the descriptor image lacks the option ${name}: run npm run generate`);
  return found;
}

const options = {
  signer: extension("cosmos.msg.v1.signer"),
  messageName: extension("amino.name"),
  messageEncoding: extension("amino.message_encoding"),
  fieldName: extension("amino.field_name"),
  fieldEncoding: extension("amino.encoding"),
  dontOmitEmpty: extension("amino.dont_omitempty"),
  oneofName: extension("amino.oneof_name"),
  scalar: extension("cosmos_proto.scalar"),
  customType: extension("gogoproto.customtype"),
  nullable: extension("gogoproto.nullable"),
  stdTime: extension("gogoproto.stdtime"),
  stdDuration: extension("gogoproto.stdduration"),
  accepts: extension("cosmos_proto.accepts_interface"),
  implements: extension("cosmos_proto.implements_interface"),
  http: extension("google.api.http"),
};

type OptionName = keyof typeof options;

function text(desc: DescField | DescMessage, name: OptionName): string | undefined {
  const option = options[name];
  return hasOption(desc, option) ? (getOption(desc, option) as string) : undefined;
}

/** Fields that name the signers (`cosmos.msg.v1.signer`), by their proto names; empty where a message has none. */
export function signerFields(message: DescMessage): readonly string[] {
  return hasOption(message, options.signer) ? (getOption(message, options.signer) as string[]) : [];
}

/** `amino.name`: the type of a message in amino JSON, e.g. "cosmos-sdk/MsgSend". */
export function aminoName(message: DescMessage): string | undefined {
  return text(message, "messageName");
}

/** `amino.message_encoding`, e.g. "module_account" or "key_field". */
export function aminoMessageEncoding(message: DescMessage): string | undefined {
  return text(message, "messageEncoding");
}

/** How amino JSON writes a field. */
export interface AminoField {
  readonly name: string;
  readonly encoding: string | undefined;
  readonly dontOmitEmpty: boolean;
  readonly oneofName: string | undefined;
}

export function aminoField(field: DescField): AminoField {
  return {
    name: text(field, "fieldName") ?? field.name,
    encoding: text(field, "fieldEncoding"),
    dontOmitEmpty: hasOption(field, options.dontOmitEmpty) && getOption(field, options.dontOmitEmpty) === true,
    oneofName: text(field, "oneofName"),
  };
}

/** What a string or bytes field holds on the wire as the SDK's own number types do: the atomics of a Dec, or the digits of an Int. */
export function numberType(field: DescField): "Dec" | "Int" | undefined {
  switch (text(field, "customType")) {
    case "cosmossdk.io/math.LegacyDec":
    case "github.com/cosmos/cosmos-sdk/types.Dec":
      return "Dec";
    case "cosmossdk.io/math.Int":
    case "github.com/cosmos/cosmos-sdk/types.Int":
      return "Int";
    default:
      return undefined;
  }
}

/** True where the contract says that a message field is always there (`gogoproto.nullable = false`): readers see its empty form, never null. */
export function isAlwaysPresent(field: DescField): boolean {
  return hasOption(field, options.nullable) && getOption(field, options.nullable) === false;
}

/** `cosmos_proto.scalar`: what a string holds, e.g. "cosmos.Dec", "cosmos.Int", "cosmos.AddressString". */
export function scalarOf(field: DescField): string | undefined {
  return text(field, "scalar");
}

/** How gogoproto makes a Go struct's field of a field, as far as go-amino asks. */
export interface GoField {
  readonly nullable: boolean;
  /** A time.Time or time.Duration of Go, not a message. */
  readonly stdTime: boolean;
  readonly stdDuration: boolean;
  /** The interface that its Any holds, e.g. "cosmos.gov.v1beta1.Content". */
  readonly accepts: string | undefined;
}

export function goField(field: DescField): GoField {
  const isSet = (name: OptionName): boolean => hasOption(field, options[name]) && getOption(field, options[name]) === true;
  return { nullable: !isAlwaysPresent(field), stdTime: isSet("stdTime"), stdDuration: isSet("stdDuration"), accepts: text(field, "accepts") };
}

/** Interfaces that a message's contract says it implements, e.g. "cosmos.authz.v1beta1.Authorization". */
export function implementedInterfaces(message: DescMessage): readonly string[] {
  return hasOption(message, options.implements) ? (getOption(message, options.implements) as string[]) : [];
}

/** One `google.api.http` binding of a method. */
export interface HttpBinding {
  readonly verb: "get" | "post" | "put" | "delete" | "patch";
  /** e.g. "/cosmos/bank/v1beta1/balances/{address}" */
  readonly path: string;
  /** The request field that the body carries; "*" for the whole request, "" for none. */
  readonly body: string;
}

interface HttpRule {
  readonly pattern: { readonly case?: string; readonly value?: unknown };
  readonly body: string;
  readonly additionalBindings: readonly HttpRule[];
}

function bindings(rule: HttpRule): HttpBinding[] {
  const verb = rule.pattern.case;
  const own: HttpBinding[] =
    (verb === "get" || verb === "post" || verb === "put" || verb === "delete" || verb === "patch") && typeof rule.pattern.value === "string"
      ? [{ verb, path: rule.pattern.value, body: rule.body }]
      : [];
  return [...own, ...rule.additionalBindings.flatMap(bindings)];
}

/** Every REST path of a method, additional bindings included; empty where it has none. */
export function httpBindings(method: DescMethod): HttpBinding[] {
  return hasOption(method, options.http) ? bindings(getOption(method, options.http) as unknown as HttpRule) : [];
}

/** The signers of a message that its contract cannot tell. */
export class SignerError extends Error {
  override readonly name = "SignerError";
}

type Plain = Readonly<Record<string, unknown>>;

/** Where a message names its signers: a field that holds addresses, or messages that name them in turn. */
interface SignerPath {
  readonly name: string;
  readonly inner: readonly SignerPath[] | undefined;
}

const signerPaths = new Map<string, readonly SignerPath[]>();

function pathsOf(message: DescMessage): readonly SignerPath[] {
  const known = signerPaths.get(message.typeName);
  if (known !== undefined) return known;
  const paths = signerFields(message).map((name) => {
    const field = message.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new SignerError(`${message.typeName} names an unknown signer field ${name}`);
    return { name: field.localName, inner: field.message === undefined ? undefined : pathsOf(field.message) };
  });
  if (paths.length === 0) throw new SignerError(`no cosmos.msg.v1.signer option found for message ${message.typeName}`);
  signerPaths.set(message.typeName, paths);
  return paths;
}

function collect(paths: readonly SignerPath[], value: Plain, out: string[]): void {
  for (const { name, inner } of paths) {
    const content = value[name];
    const items: readonly unknown[] = Array.isArray(content) ? content : [content];
    for (const item of items) {
      if (inner !== undefined) {
        if (typeof item === "object" && item !== null) collect(inner, item as Plain, out);
      } else if (typeof item === "string" && !out.includes(item)) {
        out.push(item);
      }
    }
  }
}

/**
 * The addresses that must sign a message, as text, in the order of its contract, each once. Nested signer fields (MsgMultiSend's
 * inputs) are followed. Throws a SignerError where the contract names none.
 */
export function signersOf(typeUrl: string, message: object): string[] {
  const known = signerPaths.get(typeName(typeUrl));
  const out: string[] = [];
  collect(known ?? pathsOf(messageDescriptor(typeUrl)), message as Plain, out);
  return out;
}
