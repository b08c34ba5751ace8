/** dcmd tx: transactions of an operator, signed with a key of this machine and sent to a running node. */
import { QueryAccountInfoRequest, QueryAccountInfoResponse } from "../../codec/gen/cosmos/auth/v1beta1/query.ts";
import { ConfigRequest, ConfigResponse } from "../../codec/gen/cosmos/base/node/v1beta1/query.ts";
import { PubKey } from "../../codec/gen/cosmos/crypto/secp256k1/keys.ts";
import { MsgFundCommunityPool, MsgSetWithdrawAddress, MsgWithdrawDelegatorReward, MsgWithdrawValidatorCommission } from "../../codec/gen/cosmos/distribution/v1beta1/tx.ts";
import { QueryDelegatorValidatorsRequest, QueryDelegatorValidatorsResponse } from "../../codec/gen/cosmos/distribution/v1beta1/query.ts";
import { MsgUnjail } from "../../codec/gen/cosmos/slashing/v1beta1/tx.ts";
import { MsgBeginRedelegate, MsgCancelUnbondingDelegation, MsgDelegate, MsgEditValidator, MsgUndelegate } from "../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import { SimulateRequest, SimulateResponse } from "../../codec/gen/cosmos/tx/v1beta1/service.ts";
import { AuthInfo, SignDoc, TxBody, TxRaw } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import { Dec } from "../../math/dec.ts";
import { publicKeyOf, signWith } from "../keyring/secret.ts";
import { CometRpc, RpcError } from "../services/comet-rpc.ts";
import { ask, get, nodeOf } from "./ask.ts";
import { Input, openHome, openKeyring, parseCoins, wholeNumber, type KeyringOptions } from "./common.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import { beaconKeyMessage, operatorOf, parseStake, rate, validatorMessages, type ValidatorOptions } from "./validator-messages.ts";
import type { Globals } from "./program.ts";

export interface TxOptions extends KeyringOptions {
  readonly from: string;
  readonly node?: string | undefined;
  readonly chainId?: string | undefined;
  readonly fees?: string | undefined;
  readonly gasPrices?: string | undefined;
  readonly gas: string;
  readonly note: string;
  readonly dryRun?: true | undefined;
}

export function createValidator(io: Io, globals: Globals, amount: string, options: TxOptions & ValidatorOptions): Promise<void> {
  const home = openHome(globals);
  const stake = parseStake(amount);
  return send(io, globals, options, ({ chainId, address }) => validatorMessages(home, chainId, address, stake, options));
}

export interface EditOptions extends TxOptions {
  readonly newMoniker: string;
  readonly identity: string;
  readonly website: string;
  readonly securityContact: string;
  readonly details: string;
  readonly commissionRate?: string | undefined;
  readonly minSelfDelegation: string;
}

export function editValidator(io: Io, globals: Globals, options: EditOptions): Promise<void> {
  const { newMoniker: moniker, identity, website, securityContact, details, commissionRate, minSelfDelegation } = options;
  const fields = { description: { moniker, identity, website, securityContact, details }, commissionRate: commissionRate === undefined ? "" : rate(commissionRate, "rate"), minSelfDelegation };
  return send(io, globals, options, ({ address }) => [any(MsgEditValidator, { ...fields, validatorAddress: operatorOf(address) })]);
}

export function delegate(io: Io, globals: Globals, validatorAddress: string, amount: string, options: TxOptions): Promise<void> {
  const stake = coin(amount);
  return send(io, globals, options, ({ address }) => [any(MsgDelegate, { delegatorAddress: address, validatorAddress, amount: stake })]);
}

export function unbond(io: Io, globals: Globals, validatorAddress: string, amount: string, options: TxOptions): Promise<void> {
  const stake = coin(amount);
  return send(io, globals, options, ({ address }) => [any(MsgUndelegate, { delegatorAddress: address, validatorAddress, amount: stake })]);
}

export function cancelUnbond(io: Io, globals: Globals, validatorAddress: string, amount: string, height: string, options: TxOptions): Promise<void> {
  const stake = coin(amount);
  const creationHeight = BigInt(wholeNumber("the height", height, 1, Number.MAX_SAFE_INTEGER));
  return send(io, globals, options, ({ address }) => [any(MsgCancelUnbondingDelegation, { delegatorAddress: address, validatorAddress, amount: stake, creationHeight })]);
}

export function redelegate(io: Io, globals: Globals, validatorSrcAddress: string, validatorDstAddress: string, amount: string, options: TxOptions): Promise<void> {
  const stake = coin(amount);
  return send(io, globals, options, ({ address }) => [any(MsgBeginRedelegate, { delegatorAddress: address, validatorSrcAddress, validatorDstAddress, amount: stake })]);
}

export function unjail(io: Io, globals: Globals, options: TxOptions): Promise<void> {
  return send(io, globals, options, ({ address }) => [any(MsgUnjail, { validatorAddr: operatorOf(address) })]);
}

export function withdrawRewards(io: Io, globals: Globals, validatorAddress: string, options: TxOptions & { readonly commission?: true | undefined }): Promise<void> {
  return send(io, globals, options, ({ address }) => [
    any(MsgWithdrawDelegatorReward, { delegatorAddress: address, validatorAddress }),
    ...(options.commission === true ? [any(MsgWithdrawValidatorCommission, { validatorAddress })] : []),
  ]);
}

/** One message for each validator that --from stakes with. */
export async function withdrawAllRewards(io: Io, globals: Globals, options: TxOptions): Promise<void> {
  const { address } = openKeyring(globals, options, new Input(io)).show(options.from);
  const found = await get(globals, options, "/cosmos.distribution.v1beta1.Query/DelegatorValidators", QueryDelegatorValidatorsRequest.encode({ delegatorAddress: address }).finish());
  const { validators } = QueryDelegatorValidatorsResponse.decode(found);
  if (validators.length === 0) throw new CliError(`${address} stakes with no validator`, { hint: "Rewards of before were paid when the stake left.", exitCode: exitCodes.invalid });
  return send(io, globals, options, () => validators.map((validatorAddress) => any(MsgWithdrawDelegatorReward, { delegatorAddress: address, validatorAddress })));
}

export function withdrawCommission(io: Io, globals: Globals, validatorAddress: string, options: TxOptions): Promise<void> {
  return send(io, globals, options, () => [any(MsgWithdrawValidatorCommission, { validatorAddress })]);
}

export function setWithdrawAddress(io: Io, globals: Globals, withdrawAddress: string, options: TxOptions): Promise<void> {
  return send(io, globals, options, ({ address }) => [any(MsgSetWithdrawAddress, { delegatorAddress: address, withdrawAddress })]);
}

export function fundCommunityPool(io: Io, globals: Globals, amount: string, options: TxOptions): Promise<void> {
  const coins = parseCoins(amount).map((one) => ({ denom: one.denom, amount: one.amount.toString() }));
  return send(io, globals, options, ({ address }) => [any(MsgFundCommunityPool, { depositor: address, amount: coins })]);
}

export function registerBeaconKey(io: Io, globals: Globals, options: TxOptions): Promise<void> {
  const home = openHome(globals);
  return send(io, globals, options, ({ chainId, address }) => [beaconKeyMessage(home, chainId, address)]);
}

export function any<T>(type: { readonly $type: string; encode(message: T): { finish(): Uint8Array } }, message: T): Any {
  return { typeUrl: `/${type.$type}`, value: type.encode(message).finish() };
}

function coin(text: string): { denom: string; amount: string } {
  const { denom, amount } = parseStake(text);
  return { denom, amount: amount.toString() };
}

/** Of the simulated gas, what is asked for: state may have changed when the transaction runs. */
const gasMargin = 1.3;
const waitMs = 30_000;

/** Who signs, and the node that is asked. */
export interface Sender {
  readonly chainId: string;
  readonly address: string;
  readonly rpc: CometRpc;
}

/** Signs the messages that `make` gives for the sender, sends them, and waits until a block holds them. */
export async function send(io: Io, globals: Globals, options: TxOptions, make: (sender: Sender) => Any[] | Promise<Any[]>, margin = gasMargin): Promise<void> {
  const input = new Input(io);
  const keyring = openKeyring(globals, options, input);
  const { address } = keyring.show(options.from);
  const rpc = new CometRpc(nodeOf(globals, options.node));
  try {
    const chainId = await chainIdOf(rpc, options.chainId);
    const { info } = QueryAccountInfoResponse.decode(await ask(rpc, "/cosmos.auth.v1beta1.Query/AccountInfo", QueryAccountInfoRequest.encode({ address }).finish()));
    const bodyBytes = TxBody.encode(TxBody.fromPartial({ messages: await make({ chainId, address, rpc }), memo: options.note })).finish();
    const secret = await keyring.secret(options.from);
    const publicKey = { typeUrl: `/${PubKey.$type}`, value: PubKey.encode({ key: publicKeyOf(secret) }).finish() };
    const authInfo = (gasLimit: bigint, amount: { denom: string; amount: string }[]): Uint8Array =>
      AuthInfo.encode(AuthInfo.fromPartial({ signerInfos: [{ publicKey, modeInfo: { single: { mode: 1 } }, sequence: info!.sequence }], fee: { amount, gasLimit } })).finish();
    let gas = options.gas === "auto" ? 0n : BigInt(wholeNumber("--gas", options.gas, 1, Number.MAX_SAFE_INTEGER));
    if (gas === 0n || options.dryRun === true) {
      // With the least fee: taking one costs gas, too.
      const least = await feesFor(rpc, 1n, options.gasPrices);
      const txBytes = TxRaw.encode({ bodyBytes, authInfoBytes: authInfo(0n, least), signatures: [new Uint8Array(64)] }).finish();
      const { gasInfo } = SimulateResponse.decode(await ask(rpc, "/cosmos.tx.v1beta1.Service/Simulate", SimulateRequest.encode({ tx: undefined, txBytes }).finish()));
      if (gas === 0n) gas = BigInt(Math.ceil(Number(gasInfo!.gasUsed) * margin));
    }
    const fees = options.fees === undefined ? await feesFor(rpc, gas, options.gasPrices) : parseCoins(options.fees).map(({ denom, amount }) => ({ denom, amount: amount.toString() }));
    const feeText = fees.map(({ denom, amount }) => `${amount}${denom}`).join(",");
    if (options.dryRun === true) return print(io, globals.format, { gas: gas.toString(), fees: feeText, from: address }, columns([["gas", gas.toString()], ["fees", feeText === "" ? "none" : feeText], ["from", address]]));
    const authInfoBytes = authInfo(gas, fees);
    const signDoc = SignDoc.encode({ bodyBytes, authInfoBytes, chainId, accountNumber: info!.accountNumber }).finish();
    const tx = TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [await signWith(secret, signDoc)] }).finish();
    const done = await broadcast(rpc, tx);
    print(io, globals.format, done, columns([["transaction", done.txhash], ["height", done.height], ["gas used", `${done.gas_used} of ${gas}`], ["fees", feeText === "" ? "none" : feeText]]));
  } finally {
    rpc.close();
  }
}

async function chainIdOf(rpc: CometRpc, wanted: string | undefined): Promise<string> {
  let network: string;
  try {
    ({ node_info: { network } } = await rpc.call<{ node_info: { network: string } }>("status", {}));
  } catch (error) {
    throw new CliError(`no answer from ${rpc.url}: ${error instanceof Error ? error.message : "unreachable"}`, { hint: "Is the node running (dcmd start)? Another one is asked with --node.", exitCode: exitCodes.unreachable });
  }
  if (wanted !== undefined && wanted !== network) throw new CliError(`--chain-id is ${wanted}, ${rpc.url} is of ${network}`, { hint: "Ask a node of the right network with --node.", exitCode: exitCodes.invalid });
  return network;
}

/** At these prices, or at the least that the node takes. */
async function feesFor(rpc: CometRpc, gas: bigint, prices: string | undefined): Promise<{ denom: string; amount: string }[]> {
  const text = prices ?? ConfigResponse.decode(await ask(rpc, "/cosmos.base.node.v1beta1.Service/Config", ConfigRequest.encode({}).finish())).minimumGasPrice;
  const [first] = text.split(",").filter((part) => part !== "");
  if (first === undefined) return [];
  const match = /^(\d{1,20}(?:\.\d{1,18})?)([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$/.exec(first.trim());
  if (match === null) throw new CliError(`"${first.slice(0, 80)}" is not a price such as 0.001udcm`, { exitCode: exitCodes.usage });
  const amount = Dec.parse(match[1]!).mulInt(gas).ceil().truncateInt();
  return amount === 0n ? [] : [{ denom: match[2]!, amount: amount.toString() }];
}

interface Sent {
  readonly txhash: string;
  readonly height: string;
  readonly code: number;
  readonly raw_log: string;
  readonly gas_used: string;
}

async function broadcast(rpc: CometRpc, tx: Uint8Array): Promise<Sent> {
  const { code, log, hash } = await rpc.call<{ code: number; log: string; hash: string }>("broadcast_tx_sync", { tx: Buffer.from(tx).toString("base64") });
  if (code !== 0) throw new CliError(`the node refused the transaction: ${log}`, { exitCode: exitCodes.invalid });
  for (const until = Date.now() + waitMs; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const found = await rpc.call<{ height: string; tx_result: { code: number; log: string; gas_used: string } }>("tx", { hash: Buffer.from(hash, "hex").toString("base64") }).catch((error: unknown) => {
      if (error instanceof RpcError) return undefined;
      throw error;
    });
    if (found === undefined) continue;
    const { code: result, log: words, gas_used } = found.tx_result;
    if (result !== 0) throw new CliError(`transaction ${hash} failed at height ${found.height}: ${words}`);
    return { txhash: hash, height: found.height, code: result, raw_log: words, gas_used };
  }
  throw new CliError(`transaction ${hash} was taken, but no block holds it after ${waitMs / 1_000} s`, { hint: "Look again before you send it anew: it may still come." });
}
