/** Amino JSON from contracts: the text that SIGN_MODE_LEGACY_AMINO_JSON signs, by the rules of the SDK's x/tx. Field names are sorted. */
import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import { Dec } from "../math/dec.ts";
import { MathError } from "../math/int.ts";
import { fromUtf8 } from "./bytes.ts";
import { aminoField, aminoMessageEncoding, aminoName, messageDescriptor, numberType, registry, scalarOf, type AminoField } from "./descriptors.ts";
import type { ModuleAccount } from "./gen/cosmos/auth/v1beta1/auth.ts";
import type { Any } from "./gen/google/protobuf/any.ts";
import type { Coin } from "./gen/cosmos/base/v1beta1/coin.ts";
import { quote, quoteBytes, TimeError, timestampText, type Instant } from "./json-text.ts";
import { strictDecoder } from "./strict.ts";

/** A message that has no amino JSON. */
export class AminoError extends Error {
  override readonly name = "AminoError";
}

type Plain = Readonly<Record<string, unknown>>;
type Write = (value: unknown) => string;

interface Entry {
  readonly name: string;
  readonly local: string;
  readonly keepEmpty: boolean;
  readonly isMessage: boolean;
  readonly oneof: { readonly desc: DescOneof; readonly name: string; readonly type: string; readonly members: readonly string[] } | undefined;
  readonly write: Write;
}

const entries = new Map<string, readonly Entry[]>();

/** Amino JSON of an Any: `{"type":<amino name, or else the type URL>,"value":...}`. */
export function aminoAny(any: Any): string {
  const desc = messageDescriptor(any.typeUrl);
  const content = strictDecoder(any.typeUrl)(any.value, (typeUrl) => registry.getMessage(typeUrl.slice(1))).message;
  return aminoMessage(any.typeUrl, content, desc);
}

/** Amino JSON of a decoded message as it stands in a sign doc: with its type around it. Throws an AminoError. */
export function aminoMessage(typeUrl: string, message: object, desc: DescMessage = messageDescriptor(typeUrl)): string {
  return `{"type":${quote(aminoName(desc) ?? `/${desc.typeName}`)},"value":${content(desc, message)}}`;
}

function content(desc: DescMessage, message: object): string {
  const value = message as Plain;
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return `"${timeText(message as Instant)}"`;
    case "google.protobuf.Duration":
      return duration(message as Instant);
    case "google.protobuf.Any":
      return aminoAny(message as Any);
  }
  switch (aminoMessageEncoding(desc)) {
    case "key_field":
      return (value["key"] as Uint8Array).length === 0 ? "null" : quoteBytes(value["key"] as Uint8Array);
    case "threshold_string":
      return `{"pubkeys":[${(value["publicKeys"] as Any[]).map(aminoAny).join(",")}],"threshold":"${String(value["threshold"])}"}`;
    case "module_account":
      return moduleAccount(value as unknown as ModuleAccount);
    default:
      return fieldsText(desc, value);
  }
}

function moduleAccount({ baseAccount, name, permissions }: ModuleAccount): string {
  const list = permissions.length === 0 ? "null" : `[${permissions.map(quote).join(",")}]`;
  const { accountNumber = 0n, address = "", sequence = 0n } = baseAccount ?? {};
  return `{"account_number":${accountNumber},"address":${quote(address)},"name":${quote(name)},"permissions":${list},"public_key":"","sequence":${sequence}}`;
}

const maxDurationSeconds = 9_223_372_035n;

function duration({ seconds, nanos }: Instant): string {
  if (seconds > maxDurationSeconds || seconds < -maxDurationSeconds) throw new AminoError(`${seconds} seconds would overflow an int64 when represented as nanoseconds`);
  return `"${seconds * 1_000_000_000n + BigInt(nanos)}"`;
}

function fieldsText(desc: DescMessage, message: Plain): string {
  const parts: string[] = [];
  const nullWritten: string[] = [];
  for (const entry of entriesOf(desc)) {
    const value = message[entry.local];
    const { oneof } = entry;
    if (isEmpty(value) && !(oneof !== undefined && value !== undefined)) {
      if (oneof !== undefined && oneof.members.every((member) => message[member] === undefined) && !nullWritten.includes(oneof.name)) {
        nullWritten.push(oneof.name);
        parts.push(`${quote(oneof.name)}:null`);
        continue;
      }
      if (!entry.keepEmpty || oneof !== undefined) continue;
      if (entry.isMessage && value === undefined) throw new AminoError(`not supported: dont_omit_empty=true on invalid (nil?) message field: ${entry.name}`);
    }
    const text = `${quote(entry.name)}:${entry.write(value)}`;
    parts.push(oneof === undefined ? text : `${quote(oneof.name)}:{"type":${quote(oneof.type)},"value":{${text}}}`);
  }
  return `{${parts.join(",")}}`;
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === "" || value === 0 || value === 0n || value === false ||
    ((value instanceof Uint8Array || Array.isArray(value)) && value.length === 0)
  );
}

function entriesOf(desc: DescMessage): readonly Entry[] {
  const known = entries.get(desc.typeName);
  if (known !== undefined) return known;
  const built = desc.fields.map((field) => entryOf(desc, field));
  const order = (entry: Entry): string => entry.oneof?.name ?? entry.name;
  // Go compares names by bytes; they are ASCII, so code units compare alike.
  built.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
  entries.set(desc.typeName, built);
  return built;
}

function camel(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function entryOf(message: DescMessage, field: DescField): Entry {
  const amino = aminoField(field);
  const oneof = field.oneof;
  if (oneof !== undefined && amino.oneofName === undefined) {
    throw new AminoError(`field ${message.typeName}.${field.name} within a oneof must have the amino.oneof_name option set`);
  }
  return {
    name: amino.name,
    local: field.localName,
    keepEmpty: amino.dontOmitEmpty,
    isMessage: field.fieldKind === "message",
    oneof: oneof && { desc: oneof, name: camel(oneof.name), type: amino.oneofName!, members: oneof.fields.map((member) => member.localName) },
    write: writerOf(field, amino),
  };
}

/** The text of one value, or of a list. */
function writerOf(field: DescField, amino: AminoField): Write {
  if (field.fieldKind === "map") throw new AminoError("maps are not supported");
  if (amino.encoding === "inline_json") throw new AminoError("inline JSON is not supported");
  const element = elementWriter(field);
  if (field.fieldKind !== "list") return element;
  const empty = amino.encoding === "legacy_coins" ? "[]" : "null";
  return (value) => {
    const list = value as readonly unknown[];
    return list.length === 0 ? empty : `[${list.map(element).join(",")}]`;
  };
}

/** Of the wire form, which a stranger wrote. */
function decimalText(wire: string): string {
  try {
    return Dec.fromProto(wire).toString();
  } catch (error) {
    if (error instanceof MathError) throw new AminoError(error.message);
    throw error;
  }
}

/** Of a time that a stranger wrote. */
function timeText(time: Instant): string {
  try {
    return timestampText(time);
  } catch (error) {
    if (error instanceof TimeError) throw new AminoError(error.message);
    throw error;
  }
}

/** The text of a number in bytes, which a stranger wrote. */
function numberText(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new AminoError("a number is no text");
    throw error;
  }
}

function elementWriter(field: DescField): Write {
  if (field.message !== undefined) {
    const { message } = field;
    return (value) => content(message, value as object);
  }
  if (field.enum !== undefined) return (value) => String(value as number);
  const number = numberType(field) ?? (scalarOf(field) === "cosmos.Int" ? "Int" : undefined);
  return (value) => {
    if (number !== undefined) {
      const text = value instanceof Uint8Array ? numberText(value) : String(value as string);
      if (text === "") return '"0"';
      return number === "Dec" ? `"${decimalText(text)}"` : quote(text);
    }
    switch (typeof value) {
      case "string":
        return quote(value);
      case "bigint":
        return `"${value}"`;
      default:
        return value instanceof Uint8Array ? (value.length === 0 ? "null" : quoteBytes(value)) : String(value as number | boolean);
    }
  };
}

/** The parts of a sign doc. */
export interface AminoSignDoc {
  readonly chainId: string;
  readonly accountNumber: bigint;
  readonly sequence: bigint;
  readonly fee: { readonly amount: readonly Coin[]; readonly gasLimit: bigint; readonly payer: string; readonly granter: string };
  readonly memo: string;
  /** Each message as `aminoMessage` writes it. */
  readonly messages: readonly string[];
  readonly timeoutHeight: bigint;
  readonly unordered: boolean;
  readonly timeoutTimestamp: Instant | undefined;
}

/** The text that a wallet signs in SIGN_MODE_LEGACY_AMINO_JSON. */
export function signDocAmino(doc: AminoSignDoc): string {
  const { fee } = doc;
  const amount = fee.amount.map((coin) => `{"amount":${quote(coin.amount === "" ? "0" : coin.amount)}${coin.denom === "" ? "" : `,"denom":${quote(coin.denom)}`}}`).join(",");
  const payers = `${fee.granter === "" ? "" : `,"granter":${quote(fee.granter)}`}${fee.payer === "" ? "" : `,"payer":${quote(fee.payer)}`}`;
  const parts = [
    `"account_number":"${doc.accountNumber}"`,
    `"chain_id":${quote(doc.chainId)}`,
    `"fee":{"amount":[${amount}],"gas":"${fee.gasLimit}"${payers}}`,
    `"memo":${quote(doc.memo)}`,
    `"msgs":[${doc.messages.join(",")}]`,
    `"sequence":"${doc.sequence}"`,
    ...(doc.timeoutHeight === 0n ? [] : [`"timeout_height":"${doc.timeoutHeight}"`]),
    ...(doc.timeoutTimestamp === undefined ? [] : [`"timeout_timestamp":"${timeText(doc.timeoutTimestamp)}"`]),
    ...(doc.unordered ? [`"unordered":true`] : []),
  ];
  return `{${parts.join(",")}}`;
}
