/** Amino JSON of dcm's messages for CosmJS: what a Ledger shows and signs. Both ways are generic, from the wire contracts. */
import { AminoTypes, createDefaultAminoConverters, type AminoConverters } from "@cosmjs/stargate";
import { aminoMessage } from "../chain/codec/amino-json.ts";
import { fromBase64 } from "../chain/codec/bytes.ts";
import { aminoField, aminoName, messageDescriptor, type DescField, type DescMessage } from "../chain/codec/descriptors.ts";
import type { Any } from "../chain/codec/gen/google/protobuf/any.ts";
import { dcmRegistryTypes } from "./registry.ts";

type Json = Readonly<Record<string, unknown>>;

interface Completing {
  fromPartial(value: object): object;
  encode(value: object): { finish(): Uint8Array };
}

/** A converter for every message of dcm's own modules, by type URL, for `new AminoTypes({ ...createDefaultAminoConverters(), ...dcmAminoConverters() })`. */
export function dcmAminoConverters(): AminoConverters {
  return Object.fromEntries(
    dcmRegistryTypes.map(([typeUrl, type]) => {
      const desc = messageDescriptor(typeUrl);
      const aminoType = aminoName(desc);
      if (aminoType === undefined) throw new Error(`${typeUrl} has no amino.name: give it one in its contract`);
      const complete = (value: object): object => (type as unknown as Completing).fromPartial(value);
      return [typeUrl, {
        aminoType,
        toAmino: (value: object) => (JSON.parse(aminoMessage(typeUrl, complete(value), desc)) as { readonly value: unknown }).value,
        fromAmino: (value: Json) => complete(read(desc, value)),
      }];
    }),
  );
}

/** What a SigningStargateClient needs to sign everything that the chain accepts in SIGN_MODE_LEGACY_AMINO_JSON. */
export function dcmAminoTypes(): AminoTypes {
  return new AminoTypes({ ...createDefaultAminoConverters(), ...dcmAminoConverters() });
}

/** Throws an Error where the JSON holds a field that the contract does not have: what is signed must be what is sent. */
function read(desc: DescMessage, json: Json): object {
  const fields = new Map(desc.fields.map((field) => [aminoField(field).name, field]));
  return Object.fromEntries(
    Object.entries(json).flatMap(([name, value]): [string, unknown][] => {
      const field = fields.get(name);
      if (field === undefined) throw new Error(`${desc.typeName} has no field ${name}`);
      if (value === null) return [];
      return [[field.localName, field.fieldKind === "list" ? (value as readonly unknown[]).map((item) => readOne(field, item)) : readOne(field, value)]];
    }),
  );
}

function readOne(field: DescField, value: unknown): unknown {
  if (field.fieldKind === "map" || field.oneof !== undefined) throw new Error(`${field.parent.typeName}.${field.name}: maps and oneofs have no amino form here`);
  if (field.message !== undefined) {
    if (field.message.typeName === "google.protobuf.Any") return readAny(field, value as Json);
    if (field.message.typeName.startsWith("google.protobuf.")) throw new Error(`${field.parent.typeName}.${field.name}: ${field.message.typeName} has no amino form here`);
    return read(field.message, value as Json);
  }
  if (field.enum !== undefined) return value;
  const scalar = textScalars[field.scalar as number];
  return scalar === "bytes" ? fromBase64(value as string) : scalar === "long" ? BigInt(value as string) : value;
}

/** A message inside a message: of dcm's own, no other may stand there. */
function readAny(field: DescField, json: Json): Any {
  const found = dcmRegistryTypes.find(([typeUrl]) => aminoName(messageDescriptor(typeUrl)) === json["type"]);
  if (found === undefined) throw new Error(`${field.parent.typeName}.${field.name}: ${String(json["type"]).slice(0, 120)} is no message of dcm's own`);
  const [typeUrl, type] = found;
  const codec = type as unknown as Completing;
  return { typeUrl, value: codec.encode(codec.fromPartial(read(messageDescriptor(typeUrl), json["value"] as Json))).finish() };
}

/** Protobuf's numbers of the scalar types whose JSON is text of something else. */
const textScalars: Readonly<Record<number, "bytes" | "long">> = { 3: "long", 4: "long", 6: "long", 12: "bytes", 16: "long", 18: "long" };
