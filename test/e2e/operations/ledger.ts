/** What nodes acknowledged, what blocks then held, and whether the two agree. */

/** A signed transfer that was handed to nodes. */
export interface Sent {
  /** Upper-case hexadecimal SHA-256, as CometBFT writes it. */
  readonly hash: string;
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  readonly fee: bigint;
  /** Last height that may hold it; undefined where time decides. */
  readonly lastHeight: number | undefined;
  /** Last block time that may hold it, in milliseconds; undefined where height decides. */
  readonly lastTimeMs: number | undefined;
}

export interface Included {
  readonly hash: string;
  readonly height: number;
  readonly code: number;
}

export interface Block {
  readonly height: number;
  readonly timeMs: number;
  readonly txs: readonly Included[];
}

interface Entry {
  readonly sent: Sent;
  /** Nodes that answered CheckTx with code 0, and when. */
  readonly acknowledged: { readonly node: string; readonly atMs: number }[];
}

export interface Audit {
  readonly acknowledged: number;
  readonly committed: number;
  /** Acknowledged, never in a block, and now too late for one. */
  readonly expired: number;
  /** Acknowledged, not in a block, and not too late. */
  readonly pending: number;
  /** No node acknowledged them (the connection broke, or all refused), yet a block has them. */
  readonly unacknowledged: number;
  readonly faults: readonly string[];
}

/** In so many blocks each of four validators had its turn to propose, most of them several times. */
const turns = 12;

export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** Times at which a node was killed or cut off, and at which it was back: what it alone took until then may be gone, or come late. */
  readonly #disturbed: { readonly node: string; readonly atMs: number }[] = [];
  /** What was read from blocks while the network ran. */
  readonly #seen = new Map<string, Included>();
  readonly refusals = new Map<string, number>();
  readonly #forgetful: ReadonlySet<string>;

  /** `forgetful` nodes have a mempool that fills: CometBFT drops what finds no room after CheckTx has answered, and its RPC says code 0 all the same. */
  constructor(forgetful: readonly string[] = []) {
    this.#forgetful = new Set(forgetful);
  }

  sent(sent: Sent): void {
    this.#entries.set(sent.hash, { sent, acknowledged: [] });
  }

  acknowledge(hash: string, node: string, atMs: number): void {
    this.#entries.get(hash)?.acknowledged.push({ node, atMs });
  }

  refuse(why: string): void {
    this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
  }

  disturb(node: string, atMs: number): void {
    this.#disturbed.push({ node, atMs });
  }

  see(block: Block): void {
    for (const tx of block.txs) if (!this.#seen.has(tx.hash)) this.#seen.set(tx.hash, tx);
  }

  committed(hash: string): boolean {
    return this.#seen.has(hash);
  }

  /** The transfers that these blocks hold, with code 0. */
  transfers(blocks: readonly Block[]): Sent[] {
    return blocks.flatMap(({ txs }) => txs.flatMap(({ hash, code }) => (code === 0 && this.#entries.has(hash) ? [this.#entries.get(hash)!.sent] : [])));
  }

  /** Compares the ledger with all blocks of the chain. */
  audit(blocks: readonly Block[]): Audit {
    const faults: string[] = [];
    const found = new Map<string, Included>();
    for (const { txs } of blocks) {
      for (const tx of txs) {
        const other = found.get(tx.hash);
        if (other !== undefined) faults.push(`${tx.hash} is committed at ${other.height} and again at ${tx.height}`);
        found.set(tx.hash, tx);
        if (tx.code !== 0) faults.push(`${tx.hash} failed at ${tx.height} with code ${tx.code}`);
      }
    }
    for (const { hash, height } of this.#seen.values()) {
      if (found.get(hash)?.height !== height) faults.push(`${hash} was committed at ${height} once, now it is ${found.has(hash) ? `at ${found.get(hash)!.height}` : "nowhere"}`);
    }
    const last = blocks.at(-1)!;
    const counts = { acknowledged: 0, committed: 0, expired: 0, pending: 0, unacknowledged: 0 };
    for (const [hash, { sent, acknowledged }] of this.#entries) {
      const included = found.has(hash);
      if (acknowledged.length === 0) {
        if (included) counts.unacknowledged++;
        continue;
      }
      counts.acknowledged++;
      if (included) counts.committed++;
      else if (late(sent, last)) {
        counts.expired++;
        const end = endOf(sent, blocks);
        const safe = acknowledged.find(
          ({ node, atMs }) => !this.#forgetful.has(node) && blocks.filter(({ timeMs }) => timeMs > atMs && timeMs < end).length >= turns && !this.#disturbed.some((one) => one.node === node && one.atMs >= atMs - 1_000 && one.atMs <= end),
        );
        if (safe !== undefined) faults.push(`${hash} expired, although ${safe.node} acknowledged it and was not disturbed for ${turns} blocks and more`);
      } else counts.pending++;
    }
    return { ...counts, faults };
  }
}

function late({ lastHeight, lastTimeMs }: Sent, { height, timeMs }: Block): boolean {
  return lastHeight === undefined ? timeMs > lastTimeMs! : height >= lastHeight;
}

/** When it became too late for a transaction. */
function endOf({ lastHeight, lastTimeMs }: Sent, blocks: readonly Block[]): number {
  return lastTimeMs ?? blocks.find(({ height }) => height >= lastHeight!)?.timeMs ?? Infinity;
}
