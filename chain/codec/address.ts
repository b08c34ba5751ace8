/** Addresses: bech32 text and bytes, with the errors of the Cosmos SDK, and the addresses of modules and public keys. */
import { bech32 } from "@scure/base";
import { equalBytes, toHex, utf8 } from "./bytes.ts";
import { sha256 } from "./hash.ts";
import { aminoPubKeyBytes, type PubKey } from "./pubkey.ts";
import { ripemd160 } from "./ripemd160.ts";

/** The six prefixes that a Cosmos chain has. */
export const prefixes = {
  account: "dcm",
  accountPub: "dcmpub",
  validator: "dcmvaloper",
  validatorPub: "dcmvaloperpub",
  consensus: "dcmvalcons",
  consensusPub: "dcmvalconspub",
} as const;

export const maxAddressLength = 255;

/** Longest text that is looked at, as in the SDK. */
const maxTextLength = 1023;

/** Text or bytes that are no address. `sdkCode` is the SDK's code under codespace "sdk" for the bare error: 7 where the SDK leaves the code to its caller. */
export class AddressError extends Error {
  override readonly name = "AddressError";
  readonly sdkCode: number;
  constructor(message: string, sdkCode = 7) {
    super(message);
    this.sdkCode = sdkCode;
  }
}

/** Two generations of at most `size` entries each: bounded, no order to maintain, what is in use survives. */
class Cache<T> {
  readonly #size: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  constructor(size: number) {
    this.#size = size;
  }
  get(key: string): T | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }
  set(key: string, value: T): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

const cacheSize = 32_768;
const textOf = new Cache<string>(cacheSize);
/** By prefix, then by text: joining the two would make a new string, and hash it, for every look-up. */
const bytesOf = new Map(Object.values(prefixes).map((prefix) => [prefix as string, new Cache<Uint8Array>(cacheSize)]));

/**
 * In front of `textOf`, for accounts: each address has one place by its first bytes, which it may share with others, so that a look-up makes no
 * string. Whoever chooses addresses for one place only brings about look-ups behind it.
 */
const places: ({ readonly bytes: Uint8Array; readonly text: string } | undefined)[] = new Array(cacheSize).fill(undefined);

function checkLength(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new AddressError("addresses cannot be empty: unknown address", 9);
  if (bytes.length > maxAddressLength) throw new AddressError(`address max length is ${maxAddressLength}, got ${bytes.length}: unknown address`, 9);
}

/** Bech32 text of 1 to 255 bytes. */
export function addressText(bytes: Uint8Array, prefix: string = prefixes.account): string {
  if (prefix !== prefixes.account || bytes.length < 20) return encodedText(bytes, prefix);
  const place = (bytes[0]! | (bytes[1]! << 8)) & (cacheSize - 1);
  const known = places[place];
  if (known !== undefined && equalBytes(known.bytes, bytes)) return known.text;
  const text = encodedText(bytes, prefix);
  places[place] = { bytes: Uint8Array.from(bytes), text };
  return text;
}

function encodedText(bytes: Uint8Array, prefix: string): string {
  const key = prefix + toHex(bytes);
  const known = textOf.get(key);
  if (known !== undefined) return known;
  checkLength(bytes);
  const text = bech32.encode(prefix, bech32.toWords(bytes), false);
  textOf.set(key, text);
  return text;
}

/**
 * The bytes of an address text of this prefix; 1 to 255 of them. The array may be shared with other callers: do not change it.
 * Throws an AddressError in the SDK's words.
 */
export function addressBytes(text: string, prefix: string = prefixes.account): Uint8Array {
  // A text has one prefix only: the one that it was accepted with.
  const cache = bytesOf.get(prefix);
  const known = cache?.get(text);
  if (known !== undefined) return known;
  if (text.length <= maxTextLength && text.trim() === "") throw new AddressError("empty address string is not allowed");
  const decoded = decodeBech32(text);
  if (decoded.prefix !== prefix) throw new AddressError(`hrp does not match bech32 prefix: expected '${prefix}' got '${decoded.prefix}': internal logic error`);
  checkLength(decoded.bytes);
  cache?.set(text, decoded.bytes);
  return decoded.bytes;
}

/** True where `addressBytes` would not throw. */
export function isAddress(text: string, prefix: string = prefixes.account): boolean {
  try {
    addressBytes(text, prefix);
    return true;
  } catch (error) {
    if (error instanceof AddressError) return false;
    throw error;
  }
}

const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

function refuse(reason: string): never {
  throw new AddressError(`decoding bech32 failed: ${reason}`);
}

/** Prefix and bytes of any bech32 text of at most 1023 characters, lower or upper case. Throws an AddressError. */
export function decodeBech32(text: string): { prefix: string; bytes: Uint8Array } {
  if (text.length < 8 || text.length > maxTextLength) refuse(`invalid bech32 string length ${text.length}`);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 33 || code > 126) refuse(`invalid character in string: '${text[i]!}'`);
  }
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) refuse("string not all lowercase or all uppercase");
  const separator = lower.lastIndexOf("1");
  if (separator < 1 || separator + 7 > lower.length) refuse(`invalid separator index ${separator}`);
  const words: number[] = [];
  for (let i = separator + 1; i < lower.length; i++) {
    const word = charset.indexOf(lower[i]!);
    if (word < 0) refuse(`invalid character not part of charset: ${lower.charCodeAt(i)}`);
    words.push(word);
  }
  const prefix = lower.slice(0, separator);
  const data = words.slice(0, -6);
  const canonical = bech32.encode(prefix, data, false);
  if (canonical !== lower) refuse(`invalid checksum (expected ${canonical.slice(-6)} got ${lower.slice(-6)})`);
  const rest = (data.length * 5) % 8;
  if (rest > 4 || (rest > 0 && (data.at(-1)! & ((1 << rest) - 1)) !== 0)) refuse("invalid incomplete group");
  return { prefix, bytes: bech32.fromWords(data) };
}

/** The account of a module: the first 20 bytes of SHA-256 of its name. */
export function moduleAddress(name: string): Uint8Array {
  return sha256(utf8(name)).slice(0, 20);
}

/** 20 bytes: RIPEMD-160 of SHA-256 for secp256k1; the first 20 of SHA-256 for ed25519 and for the amino form of a multisig. */
export function pubkeyAddress(pubkey: PubKey): Uint8Array {
  switch (pubkey.kind) {
    case "secp256k1":
      return ripemd160(sha256(pubkey.key));
    case "ed25519":
      return sha256(pubkey.key).slice(0, 20);
    case "multisig":
      return sha256(aminoPubKeyBytes(pubkey)).slice(0, 20);
  }
}
