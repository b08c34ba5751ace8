/** The secret of one key: a mnemonic with its derivation path, or a bare private key. */
import { Bip39, EnglishMnemonic, Random, Secp256k1, Slip10, Slip10Curve, stringToPath } from "@cosmjs/crypto";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "../../codec/hash.ts";

export interface KeySecret {
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
  readonly mnemonic?: string;
  readonly hdPath?: string;
}

/** Cosmos' coin type, 118: what Keplr, Leap and Ledger derive. */
export function hdPathOf(coinType = 118, account = 0, index = 0): string {
  return `m/44'/${coinType}'/${account}'/0/${index}`;
}

/** 24 new words. */
export function newMnemonic(): string {
  return Bip39.encode(Random.getBytes(32)).toString();
}

/** The key of these words (12 to 24 of BIP-39's English list). Throws an Error that does not repeat the words. */
export async function secretFromMnemonic(words: string, hdPath: string = hdPathOf()): Promise<KeySecret> {
  const mnemonic = words.trim().toLowerCase().split(/\s+/).join(" ");
  let checked: EnglishMnemonic;
  try {
    checked = new EnglishMnemonic(mnemonic);
  } catch {
    throw new Error("not a mnemonic: 12, 15, 18, 21 or 24 English BIP-39 words whose last one holds the checksum");
  }
  const seed = await Bip39.mnemonicToSeed(checked);
  return { privateKey: new Uint8Array(Slip10.derivePath(Slip10Curve.Secp256k1, seed, stringToPath(hdPath)).privkey), mnemonic, hdPath };
}

export function secretFromHex(text: string): KeySecret {
  const hex = text.trim().replace(/^0x/, "");
  const privateKey = /^[0-9a-fA-F]{64}$/.test(hex) ? new Uint8Array(Buffer.from(hex, "hex")) : undefined;
  if (privateKey === undefined || !secp256k1.utils.isValidSecretKey(privateKey)) throw new Error("not a private key: 64 hexadecimal digits of a number below the curve's order");
  return { privateKey };
}

/** 33 bytes, compressed. */
export function publicKeyOf(secret: KeySecret): Uint8Array {
  return secp256k1.getPublicKey(secret.privateKey, true);
}

/** 64 bytes, r then s, s in the lower half: over SHA-256 of `signBytes`. */
export async function signWith(secret: KeySecret, signBytes: Uint8Array): Promise<Uint8Array> {
  const signature = await Secp256k1.createSignature(sha256(signBytes), secret.privateKey);
  return new Uint8Array([...signature.r(32), ...signature.s(32)]);
}
