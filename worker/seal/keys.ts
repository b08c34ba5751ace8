/** Key pairs of consumers and providers, job keys, and a job key sealed to a provider. X25519 and XSalsa20-Poly1305 (tweetnacl). */
import { closeSync, fstatSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import nacl from "tweetnacl";
import { concatBytes, equalBytes, fromHex, toHex } from "../../chain/codec/bytes.ts";
import { SecretBytes } from "./secret.ts";

export interface KeyPair {
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly secretKey: SecretBytes;
}

/** Sealed bytes are not authentic, not complete, or not for this key. Which of these cannot be told. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
}

/** version 1, ephemeral public key 32, nonce 24, key 32 + authenticator 16. */
export const sealedKeyBytes = 105;
const version = 1;

export function generateKeyPair(): KeyPair {
  return pairOf(SecretBytes.of32(nacl.randomBytes(32)));
}

/** The symmetric key of one job, 32 random bytes. */
export function newJobKey(): SecretBytes {
  return SecretBytes.of32(nacl.randomBytes(32));
}

/** Seals `key` so that only the holder of `recipient`'s secret opens it. With `sender`, a key of its own; without, an ephemeral one. 105 bytes. */
export function sealKey(key: Uint8Array, recipient: Uint8Array, sender?: Uint8Array): Uint8Array {
  const from = sender === undefined ? generateKeyPair() : pairOf(SecretBytes.of32(sender));
  const nonce = nacl.randomBytes(nacl.box.nonceLength);
  const box = nacl.secretbox(SecretBytes.of32(key), nonce, shared(recipient, from.secretKey));
  return concatBytes(Uint8Array.of(version), from.publicKey, nonce, box);
}

/** Throws SealBroken. The sender is whoever made the envelope: trust it for what the chain says about who sent it. */
export function openKey(sealed: Uint8Array, secretKey: Uint8Array): SecretBytes {
  if (sealed.length !== sealedKeyBytes || sealed[0] !== version) throw new SealBroken(`not a sealed key: ${sealed.length} bytes, version ${sealed[0]}`);
  const key = nacl.secretbox.open(sealed.slice(57), sealed.slice(33, 57), shared(sealed.slice(1, 33), secretKey));
  if (key === null) throw new SealBroken("the sealed key does not open: it was changed or is for somebody else");
  return SecretBytes.of32(key);
}

/** The pair in the file, made at the first call. The file has mode 0600; one that others can read is refused. Throws an Error that says what to do. */
export function loadKeyPair(path: string): KeyPair {
  try {
    return readPair(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { publicKey, secretKey } = generateKeyPair();
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, `${JSON.stringify({ type: "dcm-x25519-v1", publicKey: toHex(publicKey), secretKey: toHex(secretKey) })}\n`);
    fsyncSync(file);
    // A link, not a rename: two first starts at once end with one key.
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    closeSync(file);
    rmSync(draft, { force: true });
  }
  return readPair(path);
}

function readPair(path: string): KeyPair {
  const file = openSync(path, "r");
  try {
    const mode = fstatSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) throw new Error(`${path} can be read by others (mode ${mode.toString(8)}). Run: chmod 600 ${path}`);
    const held = JSON.parse(readFileSync(file, "utf8")) as { type?: unknown; publicKey?: unknown; secretKey?: unknown };
    if (held.type !== "dcm-x25519-v1" || typeof held.secretKey !== "string" || typeof held.publicKey !== "string") throw new SyntaxError("unknown form");
    const pair = pairOf(SecretBytes.of32(fromHex(held.secretKey)));
    if (!equalBytes(pair.publicKey, fromHex(held.publicKey))) throw new SyntaxError("the two keys do not belong together");
    return pair;
  } catch (error) {
    // A message of the JSON parser would quote the file.
    if (error instanceof SyntaxError || error instanceof RangeError) throw new Error(`${path} is not a key file of dcm. Restore it from a backup, or remove it to make a new key and register that.`, { cause: undefined });
    throw error;
  } finally {
    closeSync(file);
  }
}

function pairOf(secretKey: SecretBytes): KeyPair {
  return { publicKey: nacl.scalarMult.base(secretKey), secretKey };
}

/** Refuses points of low order, with which everybody would share the same secret. */
function shared(publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array {
  if (publicKey.length !== 32) throw new SealBroken(`an encryption key has 32 bytes, this one ${publicKey.length}`);
  if (nacl.scalarMult(secretKey, publicKey).every((byte) => byte === 0)) throw new SealBroken("the encryption key is a point of low order");
  return nacl.box.before(publicKey, secretKey);
}
