/** Signed bank sends to random nodes, as impatient clients send them: some twice, some to nodes that are down; each kept in the ledger. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { MsgSend } from "../../../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { denom } from "../../../localnet/homes.ts";
import type { NetworkNode } from "../../../localnet/node.ts";
import { anyOf, signedTx, testAccount, type TestAccount } from "../../support/accounts.ts";
import { Ledger } from "./ledger.ts";
import { accountAt, heightOf, readBlock } from "./observe.ts";
import { Chance } from "./random.ts";

export const senders: readonly TestAccount[] = Array.from({ length: 16 }, (_, i) => testAccount(`sender ${i}`));
export const receivers: readonly TestAccount[] = Array.from({ length: 4 }, (_, i) => testAccount(`receiver ${i}`));

export interface LoadOptions {
  readonly chainId: string;
  readonly nodes: readonly NetworkNode[];
  readonly seed: number;
  /** Pause of each of the 16 senders between two transactions. */
  readonly pauseMs: number;
  /** How long an unordered transaction lives: more than the longest stop. Default 20 s. */
  readonly lifeMs?: number;
  /** Nodes whose mempool is too small for the load. */
  readonly forgetful?: readonly string[];
}

const gas = 200_000n;
/** What 0, 0.001 and 0.01 udcm a gas make of it. */
const fees = [0n, 200n, 2_000n, 2_000n];
/** Acknowledged transactions are committed within a few blocks; these limits only end those that a killed node took with it. */
const lifeBlocks = 30;
const usualLifeMs = 20_000;

export class Load {
  readonly ledger: Ledger;
  readonly #options: LoadOptions;
  readonly #numbers = new Map<string, bigint>();
  #running = true;
  #work: Promise<unknown> = Promise.resolve();
  #height = 0;
  #uniqueNanos = 0n;

  private constructor(options: LoadOptions) {
    this.#options = options;
    this.ledger = new Ledger(options.forgetful);
  }

  /** Resolves when the senders are known to the chain and send. */
  static async start(options: LoadOptions): Promise<Load> {
    const load = new Load(options);
    const [first] = options.nodes;
    for (const sender of senders) load.#numbers.set(sender.text, (await accountAt(first!, sender.text)).number);
    load.#height = await heightOf(first!);
    load.#work = Promise.all([load.#follow(), ...senders.map((sender, i) => load.#send(sender, i % 2 === 0, new Chance(options.seed * 1_000 + i)))]);
    return load;
  }

  /** The highest block that was read. */
  get height(): number {
    return this.#height;
  }

  /** Ends when the last sender has its answer. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#work;
  }

  /** Reads each new block from some node that answers. */
  async #follow(): Promise<void> {
    const chance = new Chance(this.#options.seed);
    while (this.#running) {
      const node = chance.pick(this.#options.nodes);
      try {
        const height = await heightOf(node);
        while (this.#height < height) {
          this.ledger.see(await readBlock(node, this.#height + 1));
          this.#height++;
        }
      } catch {
        // This one is down: the next may not be.
      }
      await sleep(100);
    }
  }

  async #send(sender: TestAccount, ordered: boolean, chance: Chance): Promise<void> {
    let sequence: bigint | undefined;
    while (this.#running) {
      await sleep(this.#options.pauseMs * chance.between(0.5, 1.5));
      if (!ordered) {
        await this.#once(sender, chance, undefined);
        continue;
      }
      sequence ??= await this.#sequenceOf(sender);
      if (sequence === undefined) continue;
      const { hash, taken, lastHeight } = await this.#once(sender, chance, sequence);
      // A sequence is used again only when its transaction can never be committed.
      while (taken && this.#running && !this.ledger.committed(hash) && this.#height <= lastHeight!) await sleep(50);
      sequence = this.ledger.committed(hash) ? sequence + 1n : undefined;
    }
  }

  /** The highest that any node knows: one that comes back is behind. */
  async #sequenceOf(sender: TestAccount): Promise<bigint | undefined> {
    const answers = await Promise.allSettled(this.#options.nodes.map((node) => accountAt(node, sender.text)));
    return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.sequence] : [])).reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined);
  }

  /** One transaction to one node; one in four also to a second one. `taken` where some mempool may have it. */
  async #once(sender: TestAccount, chance: Chance, sequence: bigint | undefined): Promise<{ hash: string; taken: boolean; lastHeight: number | undefined }> {
    const to = chance.pick(receivers).text;
    const amount = BigInt(1 + Math.floor(chance.next() * 1_000));
    const fee = chance.pick(fees);
    const lastHeight = sequence === undefined ? undefined : this.#height + lifeBlocks;
    const lastTimeMs = sequence === undefined ? Date.now() + (this.#options.lifeMs ?? usualLifeMs) : undefined;
    const tx = signedTx(sender, {
      chainId: this.#options.chainId, accountNumber: this.#numbers.get(sender.text)!, sequence: sequence ?? 0n, gas,
      messages: [anyOf(MsgSend, { fromAddress: sender.text, toAddress: to, amount: [{ denom, amount: String(amount) }] })],
      ...(fee === 0n ? {} : { fee: { denom, amount: fee } }),
      ...(lastHeight === undefined ? { unorderedUntilNanos: BigInt(lastTimeMs!) * 1_000_000n + this.#uniqueNanos++ % 1_000_000n } : { timeoutHeight: BigInt(lastHeight) }),
    });
    const hash = createHash("sha256").update(tx).digest("hex").toUpperCase();
    this.ledger.sent({ hash, from: sender.text, to, amount, fee, lastHeight, lastTimeMs });
    let taken = await this.#broadcast(tx, hash, chance.pick(this.#options.nodes));
    if (chance.next() < 0.25) taken = (await this.#broadcast(tx, hash, chance.pick(this.#options.nodes))) || taken;
    return { hash, taken, lastHeight };
  }

  /** False where the node refused it, or was not there to take it. */
  async #broadcast(tx: Uint8Array, hash: string, node: NetworkNode): Promise<boolean> {
    try {
      const response = await fetch(node.rpcAddress, {
        method: "POST", signal: AbortSignal.timeout(3_000),
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "broadcast_tx_sync", params: { tx: Buffer.from(tx).toString("base64") } }),
      });
      const { result, error } = (await response.json()) as { result?: { code: number; codespace: string }; error?: { data: string } };
      if (result?.code === 0) {
        this.ledger.acknowledge(hash, node.name, Date.now());
        return true;
      }
      this.ledger.refuse(result === undefined ? (error?.data ?? "an error without words").replace(/\d+/g, "N") : `${result.codespace} ${result.code}`);
      return false;
    } catch (error) {
      this.ledger.refuse("no answer");
      return ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== "ECONNREFUSED";
    }
  }
}
