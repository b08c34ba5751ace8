/** Everything that happened on the chain, from its blocks: events in order, fees, what each account received and spent. */
import { setTimeout as sleep } from "node:timers/promises";
import { denom } from "../../../localnet/homes.ts";
import type { NetworkNode } from "../../../localnet/node.ts";

export interface ChainEvent {
  readonly height: number;
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface RawEvent {
  readonly type: string;
  readonly attributes: readonly { readonly key: string; readonly value: string }[] | null;
}

interface RawResults {
  readonly txs_results: readonly { readonly code: number; readonly codespace: string; readonly log: string; readonly events: readonly RawEvent[] | null }[] | null;
  readonly finalize_block_events: readonly RawEvent[] | null;
}

export class History {
  readonly #node: NetworkNode;
  readonly #events: ChainEvent[] = [];
  readonly #watchers: ((height: number, events: readonly ChainEvent[]) => Promise<void>)[] = [];
  /** Transactions that a block took in and the chain refused: who paid, why. */
  readonly failures: { readonly account: string; readonly reason: string }[] = [];
  #height = 0;
  #stopped = false;
  #loop: Promise<void> | undefined;
  #failure: unknown;

  constructor(node: NetworkNode) {
    this.#node = node;
  }

  /** The last block that was read. */
  get height(): number {
    return this.#height;
  }

  /** Called with each block's events, in order, before anybody sees them elsewhere. */
  onBlock(watcher: (height: number, events: readonly ChainEvent[]) => Promise<void>): void {
    this.#watchers.push(watcher);
  }

  start(): void {
    this.#loop ??= this.#run().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }

  /** Resolves once every block up to the present height is read; gives that height. */
  async upToNow(): Promise<number> {
    const { height } = await this.#node.status();
    while (this.#height < height) {
      if (this.#failure !== undefined) throw this.#failure;
      await sleep(50);
    }
    return height;
  }

  /** Of one block. */
  at(height: number): ChainEvent[] {
    return this.#events.filter((event) => event.height === height);
  }

  /** Of this type (without `dcm.market.v1.`), with these attributes, oldest first. */
  find(name: string, wanted: Readonly<Record<string, string | bigint>> = {}): ChainEvent[] {
    const type = name.startsWith("Event") ? `dcm.market.v1.${name}` : name;
    return this.#events.filter((event) => event.type === type && Object.entries(wanted).every(([key, value]) => event.attributes[key] === String(value)));
  }

  /** Transaction fees that the account paid; they are all in the bond denom. */
  feesOf(account: string): bigint {
    return this.find("tx", { fee_payer: account }).reduce((sum, { attributes }) => sum + amountOf(attributes.fee), 0n);
  }

  /** Received less spent of a denom in the blocks after `from`, up to `to`. */
  change(account: string, from: number, to: number, of: string = denom): bigint {
    let sum = 0n;
    for (const { height, type, attributes } of this.#events) {
      if (height <= from || height > to) continue;
      if (type === "coin_received" && attributes.receiver === account) sum += amountOf(attributes.amount, of);
      if (type === "coin_spent" && attributes.spender === account) sum -= amountOf(attributes.amount, of);
    }
    return sum;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const { height } = await this.#node.status();
      while (this.#height < height && !this.#stopped && (await this.#read(this.#height + 1)));
      await sleep(100);
    }
  }

  /** False where the node has the block but not its results yet. */
  async #read(height: number): Promise<boolean> {
    let results: RawResults;
    try {
      results = (await this.#node.rpc(`block_results?height=${height}`)) as RawResults;
    } catch (error) {
      if (/could not find results/.test(String(error))) return false;
      throw error;
    }
    const convert = ({ type, attributes }: RawEvent): ChainEvent => ({ height, type, attributes: Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, value])) });
    const events = [...(results.txs_results ?? []).flatMap((tx) => tx.events ?? []), ...(results.finalize_block_events ?? [])].map(convert);
    for (const { code, codespace, log, events: own } of results.txs_results ?? []) {
      if (code !== 0) this.failures.push({ account: (own ?? []).map(convert).find(({ attributes }) => attributes.fee_payer !== undefined)?.attributes.fee_payer ?? "", reason: `${codespace} ${code}: ${log}` });
    }
    for (const watcher of this.#watchers) await watcher(height, events);
    this.#events.push(...events);
    this.#height = height;
    return true;
  }
}

/** `12udcm,3uusd` as 12, or as 3 of uusd; nothing as 0. */
export function amountOf(coins: string | undefined, of: string = denom): bigint {
  for (const coin of (coins ?? "").split(",")) {
    const match = /^(\d+)(.+)$/.exec(coin);
    if (match?.[2] === of) return BigInt(match[1]!);
  }
  return 0n;
}
