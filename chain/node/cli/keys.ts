/** dcmd keys: nothing secret is printed unless it is asked for by name. */
import { readFileSync } from "node:fs";
import { addressText, prefixes, pubkeyAddress } from "../../codec/address.ts";
import type { KeyInfo } from "../keyring/keyring.ts";
import { hdPathOf, newMnemonic, secretFromHex, secretFromMnemonic } from "../keyring/secret.ts";
import { Input, openKeyring, readSecretFile, twice, wholeNumber, type KeyringOptions } from "./common.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

interface AddOptions extends KeyringOptions {
  readonly recover?: true | undefined;
  readonly mnemonicFile?: string | undefined;
  readonly showMnemonic?: true | undefined;
  readonly account: string;
  readonly index: string;
  readonly coinType: string;
}

export async function add(io: Io, globals: Globals, name: string, options: AddOptions): Promise<void> {
  const input = new Input(io);
  const keyring = openKeyring(globals, options, input);
  const largest = 0x7fffffff;
  const path = hdPathOf(wholeNumber("--coin-type", options.coinType, 0, largest), wholeNumber("--account", options.account, 0, largest), wholeNumber("--index", options.index, 0, largest));
  const fresh = options.recover !== true;
  const words = fresh ? newMnemonic() : options.mnemonicFile === undefined ? await input.secret("Mnemonic: ") : readFileSync(options.mnemonicFile, "utf8");
  const key = await keyring.add(name, await secretFromMnemonic(words, path));
  const shown = fresh && options.showMnemonic === true;
  print(io, globals.format, { ...described(key), ...(shown ? { mnemonic: words } : {}) }, table([key]));
  if (shown && globals.format === "text") io.stderr(`\nWrite these words down and keep them offline; they are the account:\n\n${words}\n`);
  else if (fresh) io.stderr(`Back it up: dcmd keys export ${name} --mnemonic --home ${globals.home}\n`);
  if (keyring.backend === "test") io.stderr(`The test keyring is not encrypted: for networks without value only.\n`);
}

export async function list(io: Io, globals: Globals, options: KeyringOptions): Promise<void> {
  const all = openKeyring(globals, options, new Input(io)).list();
  print(io, globals.format, all.map(described), all.length === 0 ? "" : table(all));
  if (all.length === 0) io.stderr(`No keys yet. Make one: dcmd keys add NAME\n`);
}

interface ShowOptions extends KeyringOptions {
  readonly address?: true | undefined;
  readonly pubkey?: true | undefined;
  readonly bech: "acc" | "val" | "cons";
}

export async function show(io: Io, globals: Globals, name: string, options: ShowOptions): Promise<void> {
  const key = openKeyring(globals, options, new Input(io)).show(name);
  const prefix = { acc: prefixes.account, val: prefixes.validator, cons: prefixes.consensus }[options.bech];
  const address = addressText(pubkeyAddress({ kind: "secp256k1", key: new Uint8Array(Buffer.from(key.pubkey, "base64")) }), prefix);
  if (options.address === true) return print(io, globals.format, address, address);
  const pubkey = anyPubkey(key);
  if (options.pubkey === true) return print(io, globals.format, pubkey, JSON.stringify(pubkey));
  print(io, globals.format, { ...described(key), address }, table([{ ...key, address }]));
}

interface ExportOptions extends KeyringOptions {
  readonly mnemonic?: true | undefined;
  readonly unarmoredHex?: true | undefined;
  readonly unsafe?: true | undefined;
  readonly exportPassphraseFile?: string | undefined;
}

export async function exportKey(io: Io, globals: Globals, name: string, options: ExportOptions): Promise<void> {
  const input = new Input(io);
  const keyring = openKeyring(globals, options, input);
  if (options.unarmoredHex === true) {
    if (options.unsafe !== true) throw new CliError("--unarmored-hex prints the bare private key: confirm with --unsafe", { exitCode: exitCodes.usage });
    return io.stdout(`${Buffer.from((await keyring.secret(name)).privateKey).toString("hex")}\n`);
  }
  if (options.mnemonic === true) {
    const { mnemonic } = await keyring.secret(name);
    if (mnemonic === undefined) throw new CliError(`key "${name}" was imported as a bare private key: it has no mnemonic`, { hint: "Export it sealed, without --mnemonic.", exitCode: exitCodes.notFound });
    return print(io, globals.format, { name, mnemonic }, mnemonic);
  }
  keyring.show(name);
  const passphrase = options.exportPassphraseFile === undefined ? await twice(input, "Passphrase for the exported file") : readSecretFile(options.exportPassphraseFile);
  io.stdout(await keyring.export(name, passphrase));
}

export async function importKey(io: Io, globals: Globals, name: string, file: string, options: KeyringOptions & { readonly exportPassphraseFile?: string | undefined }): Promise<void> {
  const input = new Input(io);
  const keyring = openKeyring(globals, options, input);
  const passphrase = options.exportPassphraseFile === undefined ? await input.secret("Passphrase of the exported file: ") : readSecretFile(options.exportPassphraseFile);
  const key = await keyring.import(name, readFileSync(file, "utf8"), passphrase);
  print(io, globals.format, described(key), table([key]));
}

export async function importHex(io: Io, globals: Globals, name: string, options: KeyringOptions): Promise<void> {
  const input = new Input(io);
  const secret = secretFromHex(await input.secret("Private key (64 hexadecimal digits): "));
  const key = await openKeyring(globals, options, input).add(name, secret);
  print(io, globals.format, described(key), table([key]));
}

export async function remove(io: Io, globals: Globals, name: string, options: KeyringOptions & { readonly yes?: true | undefined }): Promise<void> {
  const input = new Input(io);
  const keyring = openKeyring(globals, options, input);
  const key = keyring.show(name);
  if (options.yes !== true) {
    const answer = input.interactive ? await input.secret(`Type the name "${key.name}" to delete it for good: `) : "";
    if (answer.trim() !== key.name) throw new CliError(`key "${key.name}" was not deleted`, { hint: "Confirm with --yes.", exitCode: exitCodes.usage });
  }
  keyring.delete(key.name);
  print(io, globals.format, { deleted: key.name }, `deleted ${key.name} (${key.address})`);
}

function anyPubkey(key: KeyInfo): { "@type": string; key: string } {
  return { "@type": "/cosmos.crypto.secp256k1.PubKey", key: key.pubkey };
}

/** The Cosmos SDK's shape: the public key is a JSON text. */
function described(key: KeyInfo): { name: string; type: string; address: string; pubkey: string } {
  return { name: key.name, type: key.type, address: key.address, pubkey: JSON.stringify(anyPubkey(key)) };
}

function table(all: readonly KeyInfo[]): string {
  return columns([["NAME", "ADDRESS", "PUBLIC KEY"], ...all.map((key) => [key.name, key.address, key.pubkey])]);
}
