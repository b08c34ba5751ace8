/** The node's own keys, in CometBFT's file formats: ed25519 for the validator and for the peer-to-peer identity, BLS for the beacon. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { toHex } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { readJson, writeFile, type Home } from "../home.ts";

interface TypedKey {
  readonly type: string;
  readonly value: string;
}

export interface ValidatorKeyFile {
  /** 20 bytes, upper-case hexadecimal. */
  readonly address: string;
  readonly pub_key: TypedKey;
  readonly priv_key: TypedKey;
}

/** An ed25519 pair as CometBFT writes it: 64 bytes, seed then public key. */
function ed25519Pair(): { publicKey: Uint8Array; whole: Uint8Array } {
  const { privateKey } = generateKeyPairSync("ed25519");
  return pairOf(privateKey);
}

function pairOf(privateKey: KeyObject): { publicKey: Uint8Array; whole: Uint8Array } {
  const { d, x } = privateKey.export({ format: "jwk" }) as { d: string; x: string };
  const publicKey = new Uint8Array(Buffer.from(x, "base64url"));
  return { publicKey, whole: new Uint8Array(Buffer.concat([Buffer.from(d, "base64url"), publicKey])) };
}

/** First 20 bytes of SHA-256 of the key: CometBFT's address of an ed25519 key. */
export function consensusAddress(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).slice(0, 20);
}

export function makeValidatorKey(): ValidatorKeyFile {
  const { publicKey, whole } = ed25519Pair();
  return {
    address: toHex(consensusAddress(publicKey)).toUpperCase(),
    pub_key: { type: "tendermint/PubKeyEd25519", value: Buffer.from(publicKey).toString("base64") },
    priv_key: { type: "tendermint/PrivKeyEd25519", value: Buffer.from(whole).toString("base64") },
  };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Writes the keys that are missing; what is there stays. */
export function writeNodeKeys(home: Home): void {
  if (!existsSync(home.nodeKey)) {
    writeFile(home.nodeKey, json({ priv_key: { type: "tendermint/PrivKeyEd25519", value: Buffer.from(ed25519Pair().whole).toString("base64") } }), { secret: true });
  }
  if (!existsSync(home.validatorKey)) writeFile(home.validatorKey, json(makeValidatorKey()), { secret: true });
  if (!existsSync(home.validatorState)) writeFile(home.validatorState, json({ height: "0", round: 0, step: 0 }), { secret: true });
}

/** The validator's ed25519 public key, 32 bytes. Throws a TypeError where the file holds none. */
export function readValidatorPubkey(home: Home): Uint8Array {
  const file = readJson(home.validatorKey) as Partial<ValidatorKeyFile> | undefined;
  if (file === undefined) throw new TypeError(`${home.validatorKey} does not exist: run "dcmd init MONIKER", or give the key of your remote signer with --pubkey`);
  const key = Buffer.from(file.pub_key?.value ?? "", "base64");
  if (file.pub_key?.type !== "tendermint/PubKeyEd25519" || key.length !== 32) throw new TypeError(`${home.validatorKey} holds no ed25519 public key`);
  return new Uint8Array(key);
}

/** The peer-to-peer identity: 40 hexadecimal digits, as it stands in `ID@host:port`. */
export function readNodeId(home: Home): string {
  const file = readJson(home.nodeKey) as { priv_key?: TypedKey } | undefined;
  if (file === undefined) throw new TypeError(`${home.nodeKey} does not exist: run "dcmd init MONIKER" for this home first`);
  const whole = Buffer.from(file.priv_key?.value ?? "", "base64");
  if (whole.length !== 64) throw new TypeError(`${home.nodeKey} holds no ed25519 private key`);
  const seed = whole.subarray(0, 32);
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const { x } = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })).export({ format: "jwk" }) as { x: string };
  return toHex(consensusAddress(new Uint8Array(Buffer.from(x, "base64url"))));
}

export interface BeaconKeyFile {
  readonly type: "dcm/bls12-381";
  /** 48 bytes, base64. */
  readonly public_key: string;
  /** 32 bytes, base64. */
  readonly secret_key: string;
}

/** Makes the validator's beacon key where it is missing. */
export async function writeBeaconKey(home: Home): Promise<void> {
  if (existsSync(home.beaconKey)) return;
  const { blsKeygen } = await import("../../codec/bls.ts");
  const { secretKey, publicKey } = blsKeygen(randomBytes(32));
  const file: BeaconKeyFile = { type: "dcm/bls12-381", public_key: Buffer.from(publicKey).toString("base64"), secret_key: Buffer.from(secretKey).toString("base64") };
  writeFile(home.beaconKey, json(file), { secret: true });
}

/** The beacon key of this home, or undefined where it has none. Throws a TypeError, without the content, where the file is damaged. */
export function readBeaconKey(home: Home): { publicKey: Uint8Array; secretKey: Uint8Array } | undefined {
  const file = readJson(home.beaconKey) as Partial<BeaconKeyFile> | undefined;
  if (file === undefined) return undefined;
  const publicKey = new Uint8Array(Buffer.from(file.public_key ?? "", "base64"));
  const secretKey = new Uint8Array(Buffer.from(file.secret_key ?? "", "base64"));
  if (publicKey.length !== 48 || secretKey.length !== 32) throw new TypeError(`${home.beaconKey} holds no beacon key (public_key of 48 bytes, secret_key of 32)`);
  return { publicKey, secretKey };
}
