/** dcm init: a profile, a key and, on a localnet, coins to begin with. Run again it brings up to date what is there. */
import { resolve } from "node:path";
import { newMnemonic, secretFromMnemonic } from "../chain/node/keyring/secret.ts";
import { CliError, exitCodes, print, type Io } from "./io.ts";
import { gasPriceOf, localEndpoints, reach } from "./net.ts";
import { checkProfileName, findProfile, profilesFile, readProfiles, saveProfile, type Profile } from "./profiles.ts";
import { coinsText, balancesOf } from "./balance.ts";
import { askSecret, known, openKeyring, type KeyOptions } from "./wallet.ts";
import type { Connection } from "../client/connection.ts";

export interface InitOptions extends KeyOptions {
  readonly net?: string | undefined;
  readonly localnet?: string | undefined;
  readonly profile?: string | undefined;
  readonly recover?: true | undefined;
  readonly insecure?: true | undefined;
  readonly dataUrl?: string | undefined;
  readonly dataListen?: string | undefined;
  readonly json?: true | undefined;
}

/** Where `npm start` keeps the state of its default network. */
const defaultLocalnet = resolve(import.meta.dirname, "../.localnet/default");

export async function init(io: Io, options: InitOptions): Promise<void> {
  const { profile, connection, faucet } = await profileOf(io, options);
  try {
    const keyring = openKeyring(io, profile.keyring, options);
    const fresh = !known(() => keyring.has(profile.key));
    if (fresh) {
      const words = options.recover === true ? await askSecret(io, options, "Mnemonic: ") : newMnemonic();
      await keyring.add(profile.key, await secretFromMnemonic(words));
    } else if (options.recover === true) throw new CliError(exitCodes.usage, `there is a key ${profile.key} already`, "Recover under another name: --key NAME.");
    const { address } = keyring.show(profile.key);
    saveProfile(io, profile);
    const given = faucet === undefined ? undefined : await askFaucet(faucet, address);
    const balances = await balancesOf(connection, address);
    io.stderr(`${[
      `profile  ${profile.name}: ${profile.chainId}${profile.net === "local" ? `, the localnet in ${profile.localnet}` : ` at ${profile.net}`}, gas at ${profile.gasPrice}; in ${profilesFile(io)}`,
      `key      ${profile.key}: ${address}${fresh ? ", new" : ""}${profile.keyring === "test" ? "; kept without a passphrase, for networks without value" : "; sealed under your passphrase"}`,
      `balance  ${coinsText(balances)}${given === undefined ? "" : `; ${given}`}`,
      ...(fresh && options.recover !== true && profile.keyring === "file" ? [`back up  dcm keys export ${profile.key} --mnemonic        (without these words a lost disk is lost money)`] : []),
      `next     ${balances.length === 0 ? `send coins to ${address}, then dcm balance` : "dcm book                        what compute costs here\n         dcm run examples/kmeans         a job, from bid to result"}`,
    ].join("\n")}\n`);
    if (options.json === true) print(io, true, { profile: profile.name, chain_id: profile.chainId, key: profile.key, address, balances }, "");
  } finally {
    connection.close();
  }
}

async function profileOf(io: Io, options: InitOptions): Promise<{ readonly profile: Profile; readonly connection: Connection; readonly faucet: string | undefined }> {
  const before = options.net === undefined && readProfiles(io).all.length > 0 ? findProfile(io, options.profile) : undefined;
  const net = options.net ?? before?.net ?? "local";
  if (net !== "local" && !/^https?:\/\/[^\s]{1,500}$/.test(net)) throw new CliError(exitCodes.usage, `--net ${JSON.stringify(net.slice(0, 100))} is no network`, "It is local, or the URL of a node's RPC such as https://rpc.example:443.");
  const localnet = net === "local" ? resolve(options.localnet ?? (before?.localnet || defaultLocalnet)) : "";
  const endpoints = net === "local" ? localEndpoints(io, localnet) : undefined;
  const { connection, chainId } = await reach(endpoints?.rpc ?? net, net === "local" ? "Is npm start still running?" : "Is that the RPC of a node (not its REST or gRPC)?");
  try {
    const name = checkProfileName(options.profile ?? before?.name ?? (net === "local" ? "local" : chainId));
    const known = before ?? readProfiles(io).all.find((one) => one.name === name);
    const profile: Profile = {
      name, net, localnet, chainId, key: options.key ?? known?.key ?? "me", keyring: known?.keyring ?? (net === "local" || options.insecure === true ? "test" : "file"), gasPrice: await gasPriceOf(connection),
      dataUrl: options.dataUrl ?? known?.dataUrl ?? "", dataListen: options.dataListen ?? known?.dataListen ?? "",
    };
    return { profile, connection, faucet: endpoints?.faucet };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** What came of it, in words: one that gives nothing now has mostly given before. */
async function askFaucet(url: string, address: string): Promise<string> {
  try {
    const response = await fetch(`${url}/credit`, { method: "POST", body: JSON.stringify({ address }), headers: { "content-type": "application/json" } });
    const answer = (await response.json()) as { amount?: { denom: string; amount: string }; error?: string };
    return answer.amount === undefined ? `nothing from the faucet: ${answer.error ?? `status ${response.status}`}` : `${coinsText([answer.amount])} of it from the faucet now`;
  } catch (error) {
    return `nothing from the faucet at ${url}: ${(error as Error).message}`;
  }
}
