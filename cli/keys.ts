/** dcm keys: nothing secret is printed unless it is asked for by name. */
import { checkPassphrase, KeyringError, type Backend, type Keyring } from "../chain/node/keyring/keyring.ts";
import { newMnemonic, secretFromMnemonic } from "../chain/node/keyring/secret.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import { findProfile } from "./profiles.ts";
import { askSecret, firstLine, known, newPassphrase, openKeyring, secretOf, type KeyOptions } from "./wallet.ts";

export interface KeysOptions extends Omit<KeyOptions, "key"> {
  readonly profile?: string | undefined;
  readonly json?: true | undefined;
}

const backends: readonly Backend[] = ["file", "test"];

export function list(io: Io, options: KeysOptions): void {
  const profile = findProfile(io, options.profile);
  const all = backends.flatMap((backend) => openKeyring(io, backend, options).list().map(({ name, address, pubkey }) => ({ name, address, pubkey, sealed: backend === "file", current: profile?.keyring === backend && profile.key === name })));
  print(io, options.json, all, all.length === 0 ? "" : columns([["", "name", "address", "passphrase"], ...all.map(({ name, address, sealed, current }) => [current ? "*" : "", name, address, sealed ? "yes" : "no"])]));
  if (all.length === 0) io.stderr("no keys yet: dcm init, or dcm keys add NAME\n");
}

/** Into the profile's keyring; without a profile, into the one that is sealed. */
export async function add(io: Io, name: string, options: KeysOptions & { readonly recover?: true | undefined }): Promise<void> {
  const backend = findProfile(io, options.profile)?.keyring ?? "file";
  const keyring = openKeyring(io, backend, options);
  if (known(() => keyring.has(name))) throw new CliError(exitCodes.usage, `there is a key ${name} already`, "dcm keys list shows all.");
  const words = options.recover === true ? await askSecret(io, options, "Mnemonic: ") : newMnemonic();
  const { address, pubkey } = await usable(async () => keyring.add(name, await secretFromMnemonic(words)));
  print(io, options.json, { name, address, pubkey }, columns([["name", "address"], [name, address]]));
  io.stderr(`${options.recover === true ? "" : `back it up: dcm keys export ${name} --mnemonic\n`}use it: --key ${name}, or dcm init --key ${name} to use it always\n`);
}

export async function exportKey(io: Io, name: string, options: KeysOptions & { readonly mnemonic?: true | undefined; readonly exportPassphraseFile?: string | undefined }): Promise<void> {
  const keyring = holderOf(io, name, options);
  if (options.mnemonic === true) {
    const { mnemonic } = await secretOf(keyring, name);
    if (mnemonic === undefined) throw new CliError(exitCodes.notFound, `key ${name} was imported as a bare private key: it has no mnemonic`, "Export it sealed, without --mnemonic.");
    return print(io, options.json, { name, mnemonic }, mnemonic);
  }
  const passphrase = options.exportPassphraseFile === undefined ? await newPassphrase(io, { ...options }, "Passphrase for the exported file") : firstLine(io, options.exportPassphraseFile);
  io.stdout(await usable(async () => {
    checkPassphrase(passphrase);
    return keyring.export(name, passphrase);
  }));
}

/** The keyring that has the key: the profile's first. */
function holderOf(io: Io, name: string, options: KeysOptions): Keyring {
  const preferred = findProfile(io, options.profile)?.keyring ?? "file";
  const all = [preferred, ...backends.filter((backend) => backend !== preferred)].map((backend) => openKeyring(io, backend, options));
  const found = all.find((keyring) => known(() => keyring.has(name)));
  if (found === undefined) throw new CliError(exitCodes.notFound, `no key ${name} in ${io.folders.config}`, "dcm keys list shows all.");
  return found;
}

async function usable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof KeyringError || /^not a mnemonic/.test((error as Error).message) ? new CliError(exitCodes.usage, (error as Error).message) : error;
  }
}
