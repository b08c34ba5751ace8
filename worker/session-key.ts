/** A worker's session key: `session.key` in its home, made there and never shown; what its operator needs to know of the home is in `public.json`. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DirectSecp256k1Wallet } from "@cosmjs/proto-signing";
import { prefixes } from "../chain/codec/address.ts";
import { fromHex, toHex } from "../chain/codec/bytes.ts";
import { sessionAddress } from "../client/session.ts";
import { ConfigError, encryptionKeys } from "./config.ts";
import { writeDurably } from "./durable.ts";
import { SecretBytes } from "./seal/secret.ts";

const keyFile = (home: string): string => join(home, "session.key");
const publicFile = (home: string): string => join(home, "public.json");

/** What an operator grants a session to and writes into the provider's profile. */
export interface PublicKeys {
  /** secp256k1, 33 bytes compressed. */
  readonly sessionKey: Uint8Array;
  /** X25519, 32 bytes. */
  readonly encryptionKey: Uint8Array;
}

export function hasSessionKey(home: string): boolean {
  return existsSync(keyFile(home));
}

/** Makes the session key where the home has none, and writes `public.json` beside it. Gives the key's address. */
export async function makeSessionKey(home: string): Promise<string> {
  if (!hasSessionKey(home)) writeDurably(keyFile(home), `${toHex(randomBytes(32))}\n`);
  const { pubkey } = (await sessionWallet(home).then((wallet) => wallet.getAccounts()))[0]!;
  const address = sessionAddress(pubkey);
  writeDurably(publicFile(home), `${JSON.stringify({ session: address, sessionKey: toHex(pubkey), encryptionKey: toHex(encryptionKeys(home).publicKey) }, undefined, 2)}\n`);
  return address;
}

/** Signs with the session key. Throws a ConfigError where the file is none, or others can read it. */
export async function sessionWallet(home: string): Promise<DirectSecp256k1Wallet> {
  const path = keyFile(home);
  if ((statSync(path).mode & 0o077) !== 0) throw new ConfigError(`${path} can be read by others: chmod 600 ${path}`);
  const text = readFileSync(path, "utf8").trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw new ConfigError(`${path} is no session key: remove it and make a new one with init --session, then let the operator grant to that`);
  return DirectSecp256k1Wallet.fromKey(SecretBytes.of32(fromHex(text)), prefixes.account);
}

/** From a home, or from a copy of its public.json. */
export function readPublicKeys(home: string): PublicKeys {
  const path = publicFile(home);
  try {
    const { sessionKey, encryptionKey } = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    const keys = { sessionKey: fromHex(sessionKey!), encryptionKey: fromHex(encryptionKey!) };
    if (keys.sessionKey.length !== 33 || keys.encryptionKey.length !== 32) throw new Error("sessionKey has 33 bytes, encryptionKey 32");
    return keys;
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}. Make it with init --session`);
  }
}
