/** Keys of those who use the market: the same keyring as dcmd's, in the folder of profiles. */
import { DirectSecp256k1Wallet, type OfflineDirectSigner } from "@cosmjs/proto-signing";
import { prefixes } from "../chain/codec/address.ts";
import { Keyring, KeyringError, type Backend, type KeyInfo } from "../chain/node/keyring/keyring.ts";
import type { GasPrice } from "../client/gas.ts";
import { Sender } from "../client/sender.ts";
import { CliError, exitCodes, type Io } from "./io.ts";
import type { Net, NetOptions } from "./net.ts";

export interface KeyOptions {
  readonly key?: string | undefined;
  readonly passphraseFile?: string | undefined;
  /** False: nothing is asked for. */
  readonly input: boolean;
}

export interface SignOptions extends NetOptions, KeyOptions {}

export interface Account {
  readonly name: string;
  readonly address: string;
  /** 33 bytes. */
  readonly pubkey: Uint8Array;
}

/** Passphrases come from a file, or from the terminal. */
export function openKeyring(io: Io, backend: Backend, options: KeyOptions): Keyring {
  return new Keyring(io.folders.config, backend, async (purpose) => {
    const file = options.passphraseFile ?? io.env.DCM_PASSPHRASE_FILE;
    if (file !== undefined) return firstLine(io, file);
    return purpose === "open" ? askSecret(io, options, "Passphrase: ") : newPassphrase(io, options, "Passphrase for the new key");
  });
}

/** A secret from the terminal. Throws a CliError where there is none to ask on. */
export async function askSecret(io: Io, { input }: KeyOptions, question: string): Promise<string> {
  if (io.promptSecret === undefined || !input) throw new CliError(exitCodes.usage, `${question.replace(/:?\s*$/, "")}: there is no terminal to ask on`, "Put it into a file of mode 0600 and name that with --passphrase-file or DCM_PASSPHRASE_FILE.");
  return io.promptSecret(question);
}

/** Asked for twice. */
export async function newPassphrase(io: Io, options: KeyOptions, what: string): Promise<string> {
  const first = await askSecret(io, options, `${what} (8 characters or more): `);
  if ((await askSecret(io, options, "Once more: ")) !== first) throw new CliError(exitCodes.usage, "the two passphrases differ");
  return first;
}

export function firstLine(io: Io, path: string): string {
  try {
    return io.readFile(path).split(/\r?\n/)[0]!;
  } catch (error) {
    throw new CliError(exitCodes.notFound, `cannot read ${path}: ${(error as Error).message}`);
  }
}

/** The account of a command: --key, or the profile's. Needs no passphrase. */
export function accountOf(io: Io, net: Pick<Net, "profile">, options: KeyOptions): Account {
  const { name, address, pubkey } = keyOf(io, net, options).info;
  return { name, address, pubkey: new Uint8Array(Buffer.from(pubkey, "base64")) };
}

function keyOf(io: Io, { profile }: Pick<Net, "profile">, options: KeyOptions): { readonly keyring: Keyring; readonly info: KeyInfo } {
  if (profile === undefined) throw new CliError(exitCodes.notFound, "there is no profile, so no key", "Make both with dcm init.");
  const keyring = openKeyring(io, profile.keyring, options);
  return { keyring, info: known(() => keyring.show(options.key ?? profile.key)) };
}

/** What signs, and the account's sender. */
export async function signer(io: Io, net: Net, options: KeyOptions): Promise<{ readonly account: Account; readonly wallet: OfflineDirectSigner; readonly sender: Sender }> {
  const { keyring, info } = keyOf(io, net, options);
  const { privateKey } = await secretOf(keyring, info.name);
  const wallet = await DirectSecp256k1Wallet.fromKey(privateKey, prefixes.account);
  const sender = await Sender.create({ connection: net.connection, signer: wallet, address: info.address, chainId: net.chainId, gasPrice: gasPriceIn(net) });
  return { account: accountOf(io, net, options), wallet, sender };
}

/** Opens a key. Rejects with a CliError where the passphrase is wrong. */
export async function secretOf(keyring: Keyring, name: string): ReturnType<Keyring["secret"]> {
  try {
    return await keyring.secret(name);
  } catch (error) {
    throw error instanceof KeyringError ? new CliError(exitCodes.invalid, error.message) : error;
  }
}

/** What the profile pays for gas. Throws a CliError where it says nothing of the kind. */
export function gasPriceIn({ profile }: Pick<Net, "profile">): GasPrice {
  const [, amount, denom] = /^(\d+(?:\.\d+)?)([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$/.exec(profile!.gasPrice) ?? [];
  if (denom === undefined) throw new CliError(exitCodes.invalid, `gas-price of profile ${profile!.name} is ${JSON.stringify(profile!.gasPrice)}`, "It is an amount such as 0.001udcm; dcm init writes it anew.");
  return { denom, amount: Number(amount) };
}

/** A key that is not there is the user's to correct. */
export function known<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw error instanceof KeyringError ? new CliError(exitCodes.notFound, error.message, "Make one with dcm keys add NAME, or dcm init.") : error;
  }
}
