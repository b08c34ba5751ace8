/**
 * Sends one account's transactions in order: counts its own sequence, batches what is queued while a transaction is on its way,
 * and tells each caller what became of its message. A batch that fails is sent again message by message, so that one bad message
 * costs the others nothing but time; one that runs out of gas is sent with more of it. A node whose mempool is full is asked again; one that answered code 0 may drop the transaction all the same (CometBFT does where
 * the last place was taken meanwhile, and after a restart), so the same bytes are sent again until they are in a block: they cannot act twice. What became of a transaction may stay unknown (no block within the time, a node that went away): then all
 * its messages are rejected with an Error that is no TxFailed, and nothing is sent again.
 */
import { sha256 } from "@cosmjs/crypto";
import type { comet38 } from "@cosmjs/tendermint-rpc";
import type { EncodeObject, OfflineSigner } from "@cosmjs/proto-signing";
import { SigningStargateClient, type DeliverTxResponse, type StdFee } from "@cosmjs/stargate";
import { TxRaw } from "../chain/codec/gen/cosmos/tx/v1beta1/tx.ts";
import type { Any } from "../chain/codec/gen/google/protobuf/any.ts";
import { TxMsgData } from "../chain/codec/gen/cosmos/base/abci/v1beta1/abci.ts";
import { MsgExecSession, MsgExecSessionResponse } from "../chain/codec/gen/dcm/session/v1/tx.ts";
import type { Connection } from "./connection.ts";
import { feeOf, gasOf, gasOfTransaction, pricesAudits, takesAllGas, type GasPrice } from "./gas.ts";
import { dcmRegistry } from "./registry.ts";

/** A transaction that the chain refused: `codespace` and `code` as in its result, `message` its words. */
export class TxFailed extends Error {
  override readonly name = "TxFailed";
  readonly codespace: string;
  readonly code: number;
  readonly txHash: string;
  constructor(codespace: string, code: number, log: string, txHash: string) {
    super(log);
    this.codespace = codespace;
    this.code = code;
    this.txHash = txHash;
  }
}

export interface Sent {
  readonly txHash: string;
  readonly height: number;
  readonly gasUsed: bigint;
  /** The message's encoded response. */
  readonly response: Any | undefined;
  readonly events: DeliverTxResponse["events"];
}

export interface SenderOptions {
  readonly connection: Connection;
  readonly signer: OfflineSigner;
  /** In whose name messages are sent; its own key signs, where there is no session. */
  readonly address: string;
  /** The address of a session key that `address` granted to: it signs, each message goes in a MsgExecSession, and `address` pays the fees. */
  readonly session?: string;
  readonly chainId: string;
  /** e.g. `{ denom: "udcm", amount: 0.0025 }`: fee = gas x amount. */
  readonly gasPrice: GasPrice;
  /** Gas for one message, beside what `gasOf` adds for the tasks of bids: default 400,000. */
  readonly gasPerMessage?: number;
  readonly maxBatch?: number;
  /** How long to wait for a transaction to be in a block, in milliseconds; and for room in a mempool that is full. */
  readonly timeoutMs?: number;
  /** After how long a transaction that is in no block is sent again, in milliseconds: default 5,000. */
  readonly resendMs?: number;
}

interface Waiting {
  readonly message: EncodeObject;
  readonly more: number;
  /** Wrapped for the session that signs, where there is one. */
  readonly wrapped: EncodeObject;
  readonly resolve: (sent: Sent) => void;
  readonly reject: (error: unknown) => void;
}

/** The most that the messages of one batch may ask for, where it is not a single one. */
const maxBatchGas = 50_000_000;

/** How many times its gas a message gets at most. */
const mostTimesGas = 16;

const isOutOfGas = (error: unknown): boolean => error instanceof TxFailed && error.codespace === "sdk" && error.code === 11;

export class Sender {
  readonly address: string;
  readonly #options: SenderOptions;
  readonly #signing: SigningStargateClient;
  #queue: Waiting[] = [];
  #running = false;
  #auditors: number | undefined;
  #account: { accountNumber: bigint; sequence: number } | undefined;

  private constructor(options: SenderOptions, signing: SigningStargateClient) {
    this.#options = options;
    this.#signing = signing;
    this.address = options.address;
  }

  static async create(options: SenderOptions): Promise<Sender> {
    const signing = SigningStargateClient.createWithSigner(options.connection.comet, options.signer, { registry: dcmRegistry() });
    return new Sender(options, await Promise.resolve(signing));
  }

  /** Resolves when the message is in a block and succeeded; rejects with TxFailed where the chain refused it. `more`: gas beyond what the message itself says. */
  send(message: EncodeObject, more = 0): Promise<Sent> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ message, more, wrapped: this.#wrap(message), resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  /**
   * Resolves when nothing that this account sent before, and whose fate was unknown, can come into a block any more: the transaction of this call, a transfer to itself,
   * has the sequence that it would need. Costs gas. Rejects as `send` does.
   */
  async fence(): Promise<void> {
    await this.send({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: this.address, toAddress: this.address, amount: [{ denom: this.#options.gasPrice.denom, amount: "1" }] } });
  }

  #wrap(message: EncodeObject): EncodeObject {
    const { session, address: owner } = this.#options;
    if (session === undefined) return message;
    return { typeUrl: `/${MsgExecSession.$type}`, value: { session, owner, messages: [this.#signing.registry.encodeAsAny(message)] } };
  }

  async #drain(): Promise<void> {
    this.#running = true;
    // One turn of the event loop: what is sent together travels together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      await this.#learnAuditors();
      const batch = this.#take();
      try {
        await this.#deliver(batch);
      } catch (error) {
        // Only what was certainly refused may be sent again: a transaction of unknown fate may still come into a block.
        if (!(error instanceof TxFailed)) for (const one of batch) one.reject(error);
        else if (batch.length > 1) for (const one of batch) await this.#deliverAlone(one, 1).catch((e: unknown) => one.reject(e));
        else if (isOutOfGas(error)) await this.#deliverAlone(batch[0]!, 2).catch((e: unknown) => batch[0]!.reject(e));
        else batch[0]!.reject(error);
      }
    }
    this.#running = false;
  }

  #gasOf({ message, more }: Waiting): number {
    return more + gasOf(message, { ...(this.#options.gasPerMessage === undefined ? {} : { perMessage: this.#options.gasPerMessage }), ...(this.#auditors === undefined ? {} : { auditors: this.#auditors }) });
  }

  /** Before bids that pay for audits; a node that does not say leaves what was known before. */
  async #learnAuditors(): Promise<void> {
    if (!this.#queue.some(({ message }) => pricesAudits(message))) return;
    const said = await this.#options.connection.query.market.params({}).catch(() => undefined);
    this.#auditors = said?.params?.auditors ?? this.#auditors;
  }

  /** What travels together: a batch of large bids would want more gas than a block has. */
  #take(): Waiting[] {
    let gas = 0;
    let count = 0;
    while (count < Math.min(this.#queue.length, this.#options.maxBatch ?? 32)) {
      gas += this.#gasOf(this.#queue[count]!);
      const greedy = takesAllGas(this.#queue[count]!.message);
      if (count > 0 && (gas > maxBatchGas || greedy)) break;
      count++;
      if (greedy) break;
    }
    return this.#queue.splice(0, count);
  }

  /**
   * One message, with so many times its gas, and with twice as much where that was too little: what a worker's message costs grows with what the consumer says in its job and with the profiles of the book, and a result that comes
   * too late costs the provider its stake.
   */
  async #deliverAlone(one: Waiting, scale: number): Promise<void> {
    for (let times = scale; ; times *= 2) {
      try {
        await this.#deliver([one], times);
        return;
      } catch (error) {
        if (!isOutOfGas(error) || times >= mostTimesGas) throw error;
      }
    }
  }

  async #deliver(batch: readonly Waiting[], times = 1): Promise<void> {
    const messages = batch.map((w) => w.wrapped);
    const gas = gasOfTransaction(batch.map((one) => times * this.#gasOf(one)));
    const fee: StdFee = { gas: String(gas), amount: [{ denom: this.#options.gasPrice.denom, amount: String(feeOf(gas, this.#options.gasPrice)) }], ...(this.#options.session === undefined ? {} : { granter: this.address }) };
    for (let attempt = 0; ; attempt++) {
      this.#account ??= await this.#load();
      const raw = await this.#signing.sign(this.#signerAddress, messages, fee, "", { ...this.#account, chainId: this.#options.chainId });
      const tx = TxRaw.encode(raw).finish();
      const hash = Buffer.from(sha256(tx)).toString("hex").toUpperCase();
      const checked = await this.#broadcast(tx);
      if (checked !== undefined && checked.code !== 0 && !(checked.codespace === "sdk" && checked.code === 19)) {
        this.#account = undefined;
        // Another process may sign for this account, or a transaction of ours was lost: read the sequence again.
        if (checked.codespace === "sdk" && checked.code === 32 && attempt < 5) {
          await pause(300 * (attempt + 1));
          continue;
        }
        throw new TxFailed(checked.codespace ?? "sdk", checked.code, checked.log ?? "", hash);
      }
      this.#account.sequence++;
      const result = await this.#included(hash, tx);
      if (result.code !== 0) throw new TxFailed(result.codespace, result.code, result.log, hash);
      const responses = TxMsgData.decode(result.data).msgResponses;
      for (const [i, waiting] of batch.entries()) {
        waiting.resolve({
          txHash: hash,
          height: result.height,
          gasUsed: result.gasUsed,
          response: this.#options.session === undefined ? responses[i] : MsgExecSessionResponse.decode(responses[i]!.value).responses[0],
          events: result.events.filter((event) => event.attributes.some((a) => a.key === "msg_index" && a.value === String(i))),
        });
      }
      return;
    }
  }

  get #signerAddress(): string {
    return this.#options.session ?? this.address;
  }

  async #load(): Promise<{ accountNumber: bigint; sequence: number }> {
    const account = await this.#signing.getAccount(this.#signerAddress);
    if (account === null) throw new Error(`account ${this.#signerAddress} is not on chain yet: ${this.#options.session === undefined ? "send it some coins first" : `${this.address} grants it a session first`}`);
    return { accountNumber: account.accountNumber, sequence: account.sequence };
  }

  /** The node's answer, once its mempool has room; undefined where it has the transaction already. */
  async #broadcast(tx: Uint8Array): Promise<Pick<comet38.BroadcastTxSyncResponse, "code" | "codespace" | "log"> | undefined> {
    const deadline = Date.now() + this.#timeoutMs;
    for (;;) {
      try {
        return await this.#options.connection.comet.broadcastTxSync({ tx });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (reason.includes("already exists in cache")) return undefined;
        if (!/mempool is (?:full|considered)|considered as full/.test(reason)) throw error;
        if (Date.now() >= deadline) throw new Error(`the node's mempool had no room for ${this.#timeoutMs / 1000} s: send later, or through another node`, { cause: error });
      }
      await pause(500);
    }
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? 60_000;
  }

  async #included(hash: string, tx: Uint8Array): Promise<{ code: number; codespace: string; log: string; data: Uint8Array; height: number; gasUsed: bigint; events: DeliverTxResponse["events"] }> {
    const deadline = Date.now() + this.#timeoutMs;
    const resendMs = this.#options.resendMs ?? 5_000;
    for (let sent = Date.now(); Date.now() < deadline; ) {
      if (Date.now() - sent >= resendMs) {
        sent = Date.now();
        // Whatever it answers: only a block says what became of it.
        await this.#options.connection.comet.broadcastTxSync({ tx }).catch(() => undefined);
      }
      try {
        const found = await this.#options.connection.comet.tx({ hash: Buffer.from(hash, "hex") });
        const { code, codespace, log, data, gasUsed, events } = found.result;
        return { code, codespace: codespace ?? "", log: log ?? "", data: data ?? new Uint8Array(0), height: found.height, gasUsed, events };
      } catch {
        // Not in a block yet, or the node is away for a moment: either way its fate is open until the time is over.
      }
      await pause(100);
    }
    this.#account = undefined;
    throw new Error(`transaction ${hash} was not in a block within ${this.#timeoutMs / 1000} s`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
