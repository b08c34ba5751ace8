/**
 * Transactions of before protobuf: the SDK's legacy StdTx between amino JSON and binary amino, as `TxEncodeAmino` and `TxDecodeAmino`
 * answer. A contract's message is the Go struct that gogoproto makes of it: fields numbered by their place.
 */
import { ScalarType } from "@bufbuild/protobuf";
import { aminoField, aminoMessageEncoding, aminoName, goField, implementedInterfaces, numberType, registry, signerFields, type DescField, type DescMessage } from "./descriptors.ts";
import {
  bool, bytesOf, Concrete, decimal, GoAminoError, int, int32, int64, interfaceOf, list, pointer, struct, text, time, uint32, uint64, valueOf,
  type BytesType, type Field, type GoType, type Value,
} from "./go-amino.ts";
import type { Json } from "./proto-json.ts";

/** Binary amino of a StdTx in amino JSON (`{"type":"cosmos-sdk/StdTx","value":...}`). Throws a GoAminoError. */
export function stdTxToBinary(json: Json): Uint8Array {
  const held = valueOf(wrapper, json, 0);
  if (held === undefined) throw new GoAminoError("JSON encoding of interfaces require non-empty type field.");
  return wrapper.write(held);
}

/** Amino JSON of a StdTx in binary amino. Throws a GoAminoError. */
export function stdTxToJson(bytes: Uint8Array): string {
  // The prefix is the whole of it here: an interface's longer form is not taken.
  if (bytes[0] === 0) throw new GoAminoError("expected to read the prefix bytes of cosmos-sdk/StdTx");
  return wrapper.toJson(wrapper.read(bytes, 0));
}

const messageInterface = "cosmos.base.v1beta1.Msg";

const structs = new Map<string, BytesType>();

const plain = (name: string, type: Field["type"], omitEmpty = false): Field => ({ name, type, omitEmpty, required: false, pointer: false });

const pubKey = interfaceOf(() => implementersOf("cosmos.crypto.PubKey"));
const stdSignature = struct(() => [plain("pub_key", pubKey), plain("signature", bytesOf())]);
const coins = list(structOf(registry.getMessage("cosmos.base.v1beta1.Coin")!), "[]");
const stdFee = struct(() => [plain("amount", coins), plain("gas", uint64), plain("payer", text, true), plain("granter", text, true)]);
const stdTx = struct(() => [
  plain("msg", list(interfaceOf(() => implementersOf(messageInterface)))),
  plain("fee", stdFee),
  plain("signatures", list(stdSignature)),
  plain("memo", text),
  plain("timeout_height", uint64),
]);
const wrapper = interfaceOf(() => [new Concrete("cosmos-sdk/StdTx", stdTx)]);

/** Interfaces of Any fields whose contracts do not say them. */
const unsaid: Readonly<Record<string, string>> = {
  "cosmos.crypto.multisig.LegacyAminoPubKey.public_keys": "cosmos.crypto.PubKey",
  "cosmos.gov.v1.MsgSubmitProposal.messages": messageInterface,
  "dcm.session.v1.MsgExecSession.messages": messageInterface,
};

/** Of types that do not say what they are. */
const implementers: Readonly<Record<string, readonly string[]>> = {
  "cosmos.crypto.PubKey": ["cosmos.crypto.secp256k1.PubKey", "cosmos.crypto.ed25519.PubKey", "cosmos.crypto.multisig.LegacyAminoPubKey"],
  "cosmos.evidence.v1beta1.Evidence": ["cosmos.evidence.v1beta1.Equivocation"],
};

function implementersOf(name: string): Concrete[] {
  const named = [...registry].filter((desc) => desc.kind === "message" && aminoName(desc) !== undefined) as DescMessage[];
  return named
    .filter((desc) => (name === messageInterface ? signerFields(desc).length > 0 : (implementers[name]?.includes(desc.typeName) ?? implementedInterfaces(desc).includes(name))))
    .map((desc) => new Concrete(aminoName(desc)!, structOf(desc), aminoMessageEncoding(desc) === "key_field"));
}

function structOf(desc: DescMessage): BytesType {
  const known = structs.get(desc.typeName);
  if (known !== undefined) return known;
  const made = makeStruct(desc);
  structs.set(desc.typeName, made);
  return made;
}

const keySizes: Readonly<Record<string, number>> = { "cosmos.crypto.secp256k1.PubKey": 33, "cosmos.crypto.ed25519.PubKey": 32 };

function makeStruct(desc: DescMessage): BytesType {
  switch (aminoMessageEncoding(desc)) {
    case "key_field":
      return bytesOf(keySizes[desc.typeName]);
    case "threshold_string":
      return multisig(struct(() => fieldsOf(desc)));
    default:
      return struct(() => fieldsOf(desc));
  }
}

/** Its JSON has other names and a threshold in quotes; its bytes are its contract's. */
function multisig(binary: BytesType): BytesType {
  const json = struct(() => [plain("threshold", uint64), { name: "pubkeys", type: list(pubKey), omitEmpty: false, required: true, pointer: false }]);
  return {
    ...binary,
    zero: [0n, []],
    fromJson: (value, depth) => {
      const [threshold, keys] = json.fromJson(value, depth) as [bigint, Value];
      return [BigInt.asUintN(32, threshold), keys];
    },
    toJson: json.toJson,
  };
}

function fieldsOf(desc: DescMessage): Field[] {
  const seen = new Set<string>();
  return desc.fields.flatMap((field) => {
    const { oneof } = field;
    if (oneof === undefined) return [fieldOf(field)];
    if (seen.has(oneof.name)) return [];
    seen.add(oneof.name);
    const members = oneof.fields.map((member) => new Concrete(aminoField(member).oneofName ?? `${member.parent.typeName}.${member.name}`, struct(() => [fieldOf(member)])));
    return [plain(camel(oneof.name), interfaceOf(() => members))];
  });
}

function camel(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function fieldOf(field: DescField): Field {
  const go = goField(field);
  const amino = aminoField(field);
  const isList = field.fieldKind === "list";
  const isAny = field.message?.typeName === "google.protobuf.Any";
  const isPointer = go.nullable && (field.message !== undefined || numberType(field) !== undefined);
  const base = elementOf(field);
  // What an Any holds has its own nil; beside it, all that may be nil is a pointer.
  const element = isPointer && !isAny ? pointer(base) : base;
  return {
    name: amino.name,
    type: isList ? list(element, amino.encoding === "legacy_coins" ? "[]" : "null") : element,
    // A struct that is no pointer is never empty, nor is what Go makes a plain number of it (a duration).
    omitEmpty: !amino.dontOmitEmpty && (isList || isPointer || field.message === undefined),
    required: isAny && interfaceName(field) !== undefined,
    pointer: isPointer,
  };
}

function interfaceName(field: DescField): string | undefined {
  return goField(field).accepts ?? unsaid[`${field.parent.typeName}.${field.name}`];
}

function elementOf(field: DescField): GoType {
  const number = numberType(field);
  if (number !== undefined) return number === "Int" ? int : decimal;
  if (field.message !== undefined) {
    const { stdTime, stdDuration } = goField(field);
    if (stdTime) return time;
    if (stdDuration) return int64;
    if (field.message.typeName !== "google.protobuf.Any") return structOf(field.message);
    const name = interfaceName(field);
    return interfaceOf(() => (name === undefined ? [] : implementersOf(name)));
  }
  if (field.enum !== undefined) return int32;
  switch (field.scalar) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BYTES:
      return bytesOf();
    case ScalarType.BOOL:
      return bool;
    case ScalarType.UINT64:
      return uint64;
    case ScalarType.INT64:
      return int64;
    case ScalarType.UINT32:
      return uint32;
    case ScalarType.INT32:
      return int32;
    default:
      throw new GoAminoError(`${field.parent.typeName}.${field.name}: no binary amino for this type`);
  }
}
