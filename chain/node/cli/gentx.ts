/** dcmd genesis gentx: the signed transaction by which a validator is there from the first block, with its beacon key. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { addressBytes, addressText, prefixes } from "../../codec/address.ts";
import { blsProvePossession } from "../../codec/bls.ts";
import { MsgCreateValidator } from "../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import { PubKey as Ed25519PubKey } from "../../codec/gen/cosmos/crypto/ed25519/keys.ts";
import { PubKey as Secp256k1PubKey } from "../../codec/gen/cosmos/crypto/secp256k1/keys.ts";
import { AuthInfo, SignDoc, Tx, TxBody } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { MsgRegisterBeaconKey } from "../../codec/gen/dcm/beacon/v1/tx.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import { toJson } from "../../codec/proto-json.ts";
import { Dec } from "../../math/dec.ts";
import { possessionContext } from "../../modules/beacon/seeds.ts";
import { isObject, readGenesisDoc } from "../config/genesis-doc.ts";
import { readBeaconKey, readNodeId, readValidatorPubkey } from "../config/keys.ts";
import { ConfigFile } from "../config/toml.ts";
import { writeFile, type Home } from "../home.ts";
import { publicKeyOf, signWith } from "../keyring/secret.ts";
import { Input, openHome, openKeyring, parseCoins, type KeyringOptions } from "./common.ts";
import { CliError, exitCodes, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

interface Options extends KeyringOptions {
  readonly chainId?: string | undefined;
  readonly moniker?: string | undefined;
  readonly commissionRate: string;
  readonly commissionMaxRate: string;
  readonly commissionMaxChangeRate: string;
  readonly minSelfDelegation: string;
  readonly pubkey?: string | undefined;
  readonly beaconKey: boolean;
  readonly nodeId?: string | undefined;
  readonly ip: string;
  readonly p2pPort?: string | undefined;
  readonly identity: string;
  readonly website: string;
  readonly securityContact: string;
  readonly details: string;
  readonly outputDocument?: string | undefined;
}

const gasLimit = 400_000n;

export async function gentx(io: Io, globals: Globals, keyName: string, amountText: string, options: Options): Promise<void> {
  const home = openHome(globals);
  const doc = readGenesisDoc(home.genesis);
  if (options.chainId !== undefined && options.chainId !== doc.chainId) {
    throw new CliError(`--chain-id is ${options.chainId}, ${home.genesis} is of ${doc.chainId}`, { hint: "A gentx is valid for one chain only: fetch the right genesis.json or correct the flag.", exitCode: exitCodes.invalid });
  }
  const [stake, ...more] = parseCoins(amountText);
  if (stake === undefined || more.length > 0) throw new CliError("a validator stakes one token: one amount such as 500000000udcm", { exitCode: exitCodes.usage });
  const input = new Input(io);
  const keyring = openKeyring(globals, options, input);
  const { address } = keyring.show(keyName);
  requireBalance(doc.appState, address, stake, home);
  const operator = addressText(addressBytes(address), prefixes.validator);
  const config = ConfigFile.read(home.cometConfig);
  const consensusKey = options.pubkey === undefined ? readValidatorPubkey(home) : parsePubkey(options.pubkey);
  const messages: Any[] = [
    {
      typeUrl: "/cosmos.staking.v1beta1.MsgCreateValidator",
      value: MsgCreateValidator.encode({
        description: { moniker: options.moniker ?? config.string("moniker"), identity: options.identity, website: options.website, securityContact: options.securityContact, details: options.details },
        commission: { rate: rate(options.commissionRate, "rate"), maxRate: rate(options.commissionMaxRate, "max-rate"), maxChangeRate: rate(options.commissionMaxChangeRate, "max-change-rate") },
        minSelfDelegation: options.minSelfDelegation,
        delegatorAddress: "",
        validatorAddress: operator,
        pubkey: { typeUrl: "/cosmos.crypto.ed25519.PubKey", value: Ed25519PubKey.encode({ key: consensusKey }).finish() },
        value: { denom: stake.denom, amount: stake.amount.toString() },
      }).finish(),
    },
  ];
  if (options.beaconKey) messages.push(registerBeaconKey(home, doc.chainId, address, operator));

  const secret = await keyring.secret(keyName);
  const nodeId = options.nodeId ?? readNodeId(home);
  const p2pPort = options.p2pPort ?? /:(\d+)$/.exec(config.string("p2p.laddr"))?.[1] ?? "26656";
  const body = TxBody.fromPartial({ messages, memo: `${nodeId}@${options.ip}:${p2pPort}` });
  const authInfo = AuthInfo.fromPartial({
    signerInfos: [{ publicKey: { typeUrl: "/cosmos.crypto.secp256k1.PubKey", value: Secp256k1PubKey.encode({ key: publicKeyOf(secret) }).finish() }, modeInfo: { single: { mode: 1 } }, sequence: 0n }],
    fee: { amount: [], gasLimit, payer: "", granter: "" },
  });
  const signDoc = SignDoc.encode({ bodyBytes: TxBody.encode(body).finish(), authInfoBytes: AuthInfo.encode(authInfo).finish(), chainId: doc.chainId, accountNumber: 0n }).finish();
  const tx = Tx.encode({ body, authInfo, signatures: [await signWith(secret, signDoc)] }).finish();
  const path = options.outputDocument ?? join(home.genTxs, `gentx-${nodeId}.json`);
  writeFile(path, `${JSON.stringify(toJson("cosmos.tx.v1beta1.Tx", tx), null, 2)}\n`);
  print(io, globals.format, { file: path, validator: operator, node: body.memo }, path);
  io.stderr(`Send this file to whoever collects the network's gentxs, or run: dcmd genesis collect-gentxs --home ${home.root}\n`);
}

function registerBeaconKey(home: Home, chainId: string, address: string, operator: string): Any {
  const key = readBeaconKey(home);
  if (key === undefined) throw new CliError(`${home.beaconKey} does not exist`, { hint: '"dcmd init" makes it; --no-beacon-key goes without.', exitCode: exitCodes.notFound });
  const proofOfPossession = blsProvePossession(key.secretKey, possessionContext(chainId, addressBytes(address)));
  return { typeUrl: `/${MsgRegisterBeaconKey.$type}`, value: MsgRegisterBeaconKey.encode({ validatorAddress: operator, publicKey: key.publicKey, proofOfPossession }).finish() };
}

function requireBalance(appState: Readonly<Record<string, unknown>>, address: string, stake: { denom: string; amount: bigint }, home: Home): void {
  const bank = appState.bank;
  const balances = isObject(bank) && Array.isArray(bank.balances) ? bank.balances : [];
  const balance = balances.find((entry) => isObject(entry) && entry.address === address);
  const coins = isObject(balance) && Array.isArray(balance.coins) ? balance.coins : [];
  const coin = coins.find((entry) => isObject(entry) && entry.denom === stake.denom);
  const has = isObject(coin) && typeof coin.amount === "string" && /^\d+$/.test(coin.amount) ? BigInt(coin.amount) : 0n;
  if (has < stake.amount) {
    throw new CliError(`${address} has ${has}${stake.denom} in ${home.genesis}, it cannot stake ${stake.amount}${stake.denom}`, {
      hint: `Give it coins first: dcmd genesis add-genesis-account ${address} ${stake.amount}${stake.denom}${has > 0n ? " --append" : ""}`,
      exitCode: exitCodes.invalid,
    });
  }
}

/** A share as the protocol carries it: a whole number of 10^-18. */
function rate(text: string, what: string): string {
  const atoms = /^\d(?:\.\d{1,18})?$/.test(text) ? Dec.parse(text).atomics : -1n;
  if (atoms < 0n || atoms > 10n ** 18n) throw new CliError(`--commission-${what} must be between 0 and 1, it is "${text.slice(0, 40)}"`, { exitCode: exitCodes.usage });
  return atoms.toString();
}

function parsePubkey(text: string): Uint8Array {
  const wrong = new CliError('--pubkey takes what "dcmd comet show-validator" prints: {"@type":"/cosmos.crypto.ed25519.PubKey","key":"..."}', { exitCode: exitCodes.usage });
  let json: unknown;
  try {
    json = JSON.parse(existsSync(text) ? readFileSync(text, "utf8") : text);
  } catch {
    throw wrong;
  }
  const key = isObject(json) && json["@type"] === "/cosmos.crypto.ed25519.PubKey" && typeof json.key === "string" ? Buffer.from(json.key, "base64") : undefined;
  if (key?.length !== 32) throw wrong;
  return new Uint8Array(key);
}
