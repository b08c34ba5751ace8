/** Public keys: as the chain works with them, as an Any on the wire, and in the amino form that a multisig's address hashes. */
import { concatBytes } from "./bytes.ts";
import { LegacyAminoPubKey } from "./gen/cosmos/crypto/multisig/keys.ts";
import { PubKey as SingleKey } from "./gen/cosmos/crypto/secp256k1/keys.ts";
import type { Any } from "./gen/google/protobuf/any.ts";
import { messageDescriptor } from "./descriptors.ts";
import { CanonicalError, strictDecoder } from "./strict.ts";

export interface Secp256k1PubKey {
  readonly kind: "secp256k1";
  /** 33 bytes, compressed. */
  readonly key: Uint8Array;
}

export interface Ed25519PubKey {
  readonly kind: "ed25519";
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface MultisigPubKey {
  readonly kind: "multisig";
  /** How many of `keys` must sign. */
  readonly threshold: number;
  readonly keys: readonly PubKey[];
}

export type PubKey = Secp256k1PubKey | Ed25519PubKey | MultisigPubKey;

/** A public key that is none. The SDK's code for it is 8, invalid pubkey. */
export class PubKeyError extends Error {
  override readonly name = "PubKeyError";
}

export const pubKeyTypeUrls = {
  secp256k1: "/cosmos.crypto.secp256k1.PubKey",
  ed25519: "/cosmos.crypto.ed25519.PubKey",
  multisig: "/cosmos.crypto.multisig.LegacyAminoPubKey",
} as const;

/** Multisig keys inside multisig keys at most this deep. */
export const maxMultisigDepth = 4;
/** Single keys in one multisig, nested ones included; each costs a verification. */
export const maxMultisigKeys = 64;

const decodeSingle = strictDecoder(pubKeyTypeUrls.secp256k1);
const decodeMultisig = strictDecoder(pubKeyTypeUrls.multisig);
const keyTypes = new Set<string>(Object.values(pubKeyTypeUrls));
const resolveKey = (typeUrl: string): ReturnType<typeof messageDescriptor> | undefined => (keyTypes.has(typeUrl) ? messageDescriptor(typeUrl) : undefined);

function single(kind: "secp256k1" | "ed25519", length: number, value: Uint8Array): PubKey {
  // Field 1 with 33 bytes and no more, as nearly every key is.
  if (kind === "secp256k1" && value.length === 35 && value[0] === 0x0a && value[1] === 33 && (value[2] === 2 || value[2] === 3)) return { kind, key: value.subarray(2) };
  const { key } = decodeSingle(value).message as SingleKey;
  if (key.length !== length) throw new PubKeyError(`invalid ${kind} public key: ${key.length} bytes, expected ${length}`);
  if (kind === "secp256k1" && key[0] !== 2 && key[0] !== 3) throw new PubKeyError("invalid secp256k1 public key: not compressed (it must begin with 02 or 03)");
  return { kind, key };
}

function multisig(value: Uint8Array, depth: number): MultisigPubKey {
  if (depth > maxMultisigDepth) throw new PubKeyError(`multisig keys are nested deeper than ${maxMultisigDepth}`);
  const { threshold, publicKeys } = decodeMultisig(value, resolveKey).message as LegacyAminoPubKey;
  if (threshold === 0) throw new PubKeyError("multisig threshold must be greater than 0");
  if (publicKeys.length < threshold) throw new PubKeyError(`multisig threshold ${threshold} is greater than its ${publicKeys.length} keys`);
  return { kind: "multisig", threshold, keys: publicKeys.map((key) => decode(key, depth + 1)) };
}

function decode(any: Any, depth: number): PubKey {
  switch (any.typeUrl) {
    case pubKeyTypeUrls.secp256k1:
      return single("secp256k1", 33, any.value);
    case pubKeyTypeUrls.ed25519:
      return single("ed25519", 32, any.value);
    case pubKeyTypeUrls.multisig:
      return multisig(any.value, depth);
    default:
      throw new PubKeyError(`unknown public key type ${any.typeUrl.slice(0, 200)}`);
  }
}

/** How many single keys a key has, nested ones included. */
export function countKeys(pubkey: PubKey): number {
  return pubkey.kind === "multisig" ? pubkey.keys.reduce((sum, key) => sum + countKeys(key), 0) : 1;
}

/** The key in an Any; its bytes must be canonical. Throws a PubKeyError. */
export function decodePubKey(any: Any): PubKey {
  try {
    const pubkey = decode(any, 1);
    if (countKeys(pubkey) > maxMultisigKeys) throw new PubKeyError(`multisig has more than ${maxMultisigKeys} keys`);
    return pubkey;
  } catch (error) {
    if (error instanceof CanonicalError) throw new PubKeyError(`invalid public key: ${error.message}`);
    throw error;
  }
}

/** The Any of a key, canonical. */
export function encodePubKey(pubkey: PubKey): Any {
  const typeUrl = pubKeyTypeUrls[pubkey.kind];
  if (pubkey.kind !== "multisig") return { typeUrl, value: SingleKey.encode({ key: pubkey.key }).finish() };
  return { typeUrl, value: LegacyAminoPubKey.encode({ threshold: pubkey.threshold, publicKeys: pubkey.keys.map(encodePubKey) }).finish() };
}

const aminoPrefixes = {
  secp256k1: new Uint8Array([0xeb, 0x5a, 0xe9, 0x87, 33]),
  ed25519: new Uint8Array([0x16, 0x24, 0xde, 0x64, 32]),
  multisig: new Uint8Array([0x22, 0xc1, 0xf7, 0xe2]),
};

function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) out.push((value % 128) + 128);
  return new Uint8Array([...out, value]);
}

/** The amino binary form: its hash is a multisig's address. */
export function aminoPubKeyBytes(pubkey: PubKey): Uint8Array {
  if (pubkey.kind !== "multisig") return concatBytes(aminoPrefixes[pubkey.kind], pubkey.key);
  const keys = pubkey.keys.flatMap((key) => {
    const bytes = aminoPubKeyBytes(key);
    return [new Uint8Array([0x12]), varint(bytes.length), bytes];
  });
  return concatBytes(aminoPrefixes.multisig, new Uint8Array([0x08]), varint(pubkey.threshold), ...keys);
}
