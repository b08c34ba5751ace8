/** dcmd genesis gentx: the signed transaction by which a validator is there from the first block, with its beacon key. */
import { join } from "node:path";
import { PubKey as Secp256k1PubKey } from "../../codec/gen/cosmos/crypto/secp256k1/keys.ts";
import { AuthInfo, SignDoc, Tx, TxBody } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { toJson } from "../../codec/proto-json.ts";
import { isObject, readGenesisDoc } from "../config/genesis-doc.ts";
import { readNodeId } from "../config/keys.ts";
import { ConfigFile } from "../config/toml.ts";
import { writeFile, type Home } from "../home.ts";
import { publicKeyOf, signWith } from "../keyring/secret.ts";
import { Input, openHome, openKeyring, type KeyringOptions } from "./common.ts";
import { CliError, exitCodes, print, type Io } from "./io.ts";
import { operatorOf, parseStake, validatorMessages, type ValidatorOptions } from "./validator-messages.ts";
import type { Globals } from "./program.ts";

interface Options extends KeyringOptions, ValidatorOptions {
  readonly chainId?: string | undefined;
  readonly nodeId?: string | undefined;
  readonly ip: string;
  readonly p2pPort?: string | undefined;
  readonly outputDocument?: string | undefined;
}

const gasLimit = 400_000n;

export async function gentx(io: Io, globals: Globals, keyName: string, amountText: string, options: Options): Promise<void> {
  const home = openHome(globals);
  const doc = readGenesisDoc(home.genesis);
  if (options.chainId !== undefined && options.chainId !== doc.chainId) {
    throw new CliError(`--chain-id is ${options.chainId}, ${home.genesis} is of ${doc.chainId}`, { hint: "A gentx is valid for one chain only: fetch the right genesis.json or correct the flag.", exitCode: exitCodes.invalid });
  }
  const stake = parseStake(amountText);
  const input = new Input(io);
  const keyring = openKeyring(globals, options, input);
  const { address } = keyring.show(keyName);
  requireBalance(doc.appState, address, stake, home);
  const messages = validatorMessages(home, doc.chainId, address, stake, options);
  const config = ConfigFile.read(home.cometConfig);
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
  print(io, globals.format, { file: path, validator: operatorOf(address), node: body.memo }, path);
  io.stderr(`Send this file to whoever collects the network's gentxs, or run: dcmd genesis collect-gentxs --home ${home.root}\n`);
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
