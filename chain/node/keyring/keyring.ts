/** The operator's keys: one file a key, named as the key, with its address and public key in clear and its secret sealed. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { addressText, pubkeyAddress, prefixes } from "../../codec/address.ts";
import { readJson, writeFile } from "../home.ts";
import { seal, unseal, type Sealed } from "./seal.ts";
import { publicKeyOf, secretFromHex, secretFromMnemonic, type KeySecret } from "./secret.ts";

export const backends = ["file", "test"] as const;
/** `file` seals under a passphrase; `test` keeps secrets as they are and is for networks without value. */
export type Backend = (typeof backends)[number];

export interface KeyInfo {
  readonly name: string;
  readonly type: "local";
  readonly algo: "secp256k1";
  /** dcm1... */
  readonly address: string;
  /** 33 bytes, base64. */
  readonly pubkey: string;
}

interface PlainSecret {
  readonly privateKey: string;
  readonly mnemonic?: string;
  readonly hdPath?: string;
}

interface KeyFile extends KeyInfo {
  readonly version: 1;
  readonly sealed?: Sealed;
  readonly insecure?: PlainSecret;
}

/** A key that is not there, is there already, or whose file or passphrase is wrong. */
export class KeyringError extends Error {
  override readonly name = "KeyringError";
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const minPassphrase = 8;

export class Keyring {
  readonly backend: Backend;
  readonly directory: string;
  readonly #passphrase: (purpose: "open" | "create") => Promise<string>;

  /** `passphrase` is asked for only when a secret is sealed or opened, never by the test backend. */
  constructor(home: string, backend: Backend, passphrase: (purpose: "open" | "create") => Promise<string>) {
    this.backend = backend;
    this.directory = join(home, `keyring-${backend}`);
    this.#passphrase = passphrase;
  }

  /** In the order of their names. */
  list(): KeyInfo[] {
    if (!existsSync(this.directory)) return [];
    const names = readdirSync(this.directory).filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -5));
    return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => infoOf(this.#read(name)));
  }

  /** By name or by account address. */
  show(nameOrAddress: string): KeyInfo {
    const byAddress = nameOrAddress.startsWith(`${prefixes.account}1`) ? this.list().find((key) => key.address === nameOrAddress) : undefined;
    return byAddress ?? infoOf(this.#read(nameOrAddress));
  }

  has(name: string): boolean {
    return existsSync(this.#path(name));
  }

  async add(name: string, secret: KeySecret): Promise<KeyInfo> {
    if (this.has(name)) throw new KeyringError(`a key named "${name}" is in ${this.directory} already: choose another name, or delete it first`);
    const pubkey = publicKeyOf(secret);
    const info: KeyInfo = {
      name, type: "local", algo: "secp256k1", address: addressText(pubkeyAddress({ kind: "secp256k1", key: pubkey })), pubkey: Buffer.from(pubkey).toString("base64"),
    };
    this.#write(name, { version: 1, ...info, ...(this.backend === "test" ? { insecure: plain(secret) } : { sealed: await sealSecret(secret, await this.#passphrase("create")) }) });
    return info;
  }

  async secret(nameOrAddress: string): Promise<KeySecret> {
    const { name } = this.show(nameOrAddress);
    const file = this.#read(name);
    if (file.insecure !== undefined) return fromPlain(file.insecure);
    return openSecret(name, file.sealed, await this.#passphrase("open"));
  }

  /** The key as a text that `import` takes, its secret sealed under a passphrase of its own. */
  async export(nameOrAddress: string, passphrase: string): Promise<string> {
    const info = this.show(nameOrAddress);
    const file: KeyFile = { version: 1, ...info, sealed: await sealSecret(await this.secret(info.name), passphrase) };
    return `${JSON.stringify(file, null, 2)}\n`;
  }

  async import(name: string, text: string, passphrase: string): Promise<KeyInfo> {
    let file: Partial<KeyFile>;
    try {
      file = JSON.parse(text) as Partial<KeyFile>;
    } catch {
      throw new KeyringError("not an exported key: the file is not JSON; use keys import-hex for a bare private key, keys add --recover for a mnemonic");
    }
    if (file.version !== 1 || file.sealed === undefined) throw new KeyringError("not an exported key of this keyring (version 1)");
    return this.add(name, await openSecret(name, file.sealed, passphrase));
  }

  delete(name: string): void {
    const { name: known } = this.show(name);
    rmSync(this.#path(known));
  }

  #path(name: string): string {
    if (!namePattern.test(name)) throw new KeyringError(`"${name.slice(0, 80)}" cannot be a key's name: letters, digits, "-", "_" and "." only, 64 at most`);
    return join(this.directory, `${name}.json`);
  }

  #read(name: string): KeyFile {
    const path = this.#path(name);
    const file = readJson(path) as KeyFile | undefined;
    if (file === undefined) {
      const known = existsSync(this.directory) ? readdirSync(this.directory).filter((f) => f.endsWith(".json")).map((f) => f.slice(0, -5)) : [];
      throw new KeyringError(`no key named "${name}" in ${this.directory}${known.length === 0 ? " (it is empty)" : `: it has ${known.slice(0, 20).join(", ")}`}`);
    }
    if (file.version !== 1 || typeof file.address !== "string") throw new KeyringError(`${path} is not a key of this keyring (version 1)`);
    return file;
  }

  #write(name: string, file: KeyFile): void {
    writeFile(this.#path(name), `${JSON.stringify(file, null, 2)}\n`, { secret: true });
  }
}

/** Throws where a passphrase is too short to protect anything. */
export function checkPassphrase(passphrase: string): void {
  if (passphrase.length < minPassphrase) throw new KeyringError(`a passphrase has at least ${minPassphrase} characters`);
}

function infoOf({ name, type, algo, address, pubkey }: KeyFile): KeyInfo {
  return { name, type, algo, address, pubkey };
}

function plain(secret: KeySecret): PlainSecret {
  return {
    privateKey: Buffer.from(secret.privateKey).toString("hex"),
    ...(secret.mnemonic === undefined ? {} : { mnemonic: secret.mnemonic }),
    ...(secret.hdPath === undefined ? {} : { hdPath: secret.hdPath }),
  };
}

async function fromPlain({ privateKey, mnemonic, hdPath }: PlainSecret): Promise<KeySecret> {
  return mnemonic === undefined ? secretFromHex(privateKey) : secretFromMnemonic(mnemonic, hdPath);
}

async function sealSecret(secret: KeySecret, passphrase: string): Promise<Sealed> {
  checkPassphrase(passphrase);
  return seal(new TextEncoder().encode(JSON.stringify(plain(secret))), passphrase);
}

async function openSecret(name: string, sealed: Sealed | undefined, passphrase: string): Promise<KeySecret> {
  if (sealed === undefined) throw new KeyringError(`the file of key "${name}" holds no secret`);
  const opened = await unseal(sealed, passphrase);
  if (opened === undefined) throw new KeyringError(`the passphrase does not open key "${name}"`);
  return fromPlain(JSON.parse(new TextDecoder().decode(opened)) as PlainSecret);
}
