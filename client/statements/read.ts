/** Statements from a node: it is asked for the blocks in which something was settled for an account or an organization, by its index of events. */
import { toHex } from "../../chain/codec/bytes.ts";
import { isAddress } from "../../chain/codec/address.ts";
import type { Connection } from "../connection.ts";
import { billedEvents, rowsOf, type NamedEvent, type Scope, type StatementRow } from "./rows.ts";

/** Whose bill it is. */
export type Holder = { readonly kind: "account"; readonly address: string } | { readonly kind: "organization"; readonly name: string };

export interface Heights {
  readonly from: number;
  /** Included. */
  readonly to: number;
}

/** A row with what is known beside the chain's events. */
export interface BilledRow extends StatementRow {
  /** Of its block, Unix nanoseconds. */
  readonly timeNanos: bigint;
  /** The block time of the lease, where the node still knows it; else that of the row. */
  readonly sinceNanos: bigint;
  /** What the provider calls itself now; empty: it has left. */
  readonly providerName: string;
  /** The ask's own price of a lot, where the node still knows it; else what was paid. */
  readonly listPrice: bigint;
}

export interface Statement {
  readonly chainId: string;
  readonly holder: Holder;
  readonly heights: Heights;
  readonly rows: readonly BilledRow[];
}

/** What the caller named is nothing that a node could know. */
export class HolderError extends Error {
  override readonly name = "HolderError";
}

/** The node has thrown away blocks of the period: a statement from it would leave out what was settled in them. */
export class PrunedError extends Error {
  override readonly name = "PrunedError";
  constructor(first: number) {
    super(`the node keeps blocks from height ${first} on, and the period begins before`);
  }
}

const perPage = 100;
/** Requests to the node at a time. */
const parallel = 8;

export function holderOf(account: string | undefined, organization: string | undefined): Holder {
  if ((account === undefined) === (organization === undefined)) throw new HolderError("say whose statement it is: an account or an organization, and not both");
  if (organization !== undefined) {
    // It stands in a query's quotes.
    if (organization === "" || /['\\]/.test(organization)) throw new HolderError(`${JSON.stringify(organization)} is no name of an organization`);
    return { kind: "organization", name: organization };
  }
  if (!isAddress(account!)) throw new HolderError(`${account!.slice(0, 100)} is no account's address`);
  return { kind: "account", address: account! };
}

/** Whether the row belongs to this bill: an account pays what no organization does. */
export function concerns({ organization, payer }: StatementRow, holder: Holder): boolean {
  return holder.kind === "organization" ? organization === holder.name : organization === "" && payer === holder.address;
}

/** How far a statement has been read: all rows up to and with a height. */
export interface Read {
  readonly through: number;
  readonly rows: readonly StatementRow[];
}

export interface ReadOptions {
  /** What was read before, from the same first height on: only what is behind it is asked for. */
  readonly begun?: Read;
  /** Hears of each window of blocks that is done. */
  readonly onRead?: (read: Read) => void;
}

/** Blocks that one question to the node covers. */
const windowBlocks = 10_000;

export async function readStatement(connection: Connection, chainId: string, holder: Holder, heights: Heights, { begun, onRead }: ReadOptions = {}): Promise<Statement> {
  let read: Read = begun ?? { through: heights.from - 1, rows: [] };
  while (read.through < heights.to) {
    const window = { from: read.through + 1, to: Math.min(read.through + windowBlocks, heights.to) };
    const rows = (await search(connection, holder, window)).flatMap(rowsOf).filter((row) => concerns(row, holder));
    rows.sort((a, b) => a.height - b.height || order(a) - order(b) || compareText(a.txHash ?? "", b.txHash ?? "") || a.index - b.index);
    read = { through: window.to, rows: [...read.rows, ...rows] };
    onRead?.(read);
  }
  const rows = read.rows.filter(({ height }) => height <= heights.to);
  return { chainId, holder, heights, rows: await completed(connection, rows, heights.to) };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** Transactions come before the end of their block. */
const order = ({ txHash }: StatementRow): number => (txHash === undefined ? 1 : 0);

/** Every transaction, and every end of a block, in which something was settled for the holder, once. */
async function search(connection: Connection, holder: Holder, { from, to }: Heights): Promise<Scope[]> {
  const out = new Map<string, Scope>();
  const keep = (scope: Scope): void => void out.set(`${scope.height} ${scope.txHash ?? ""}`, scope);
  await inTurns(billedEvents, async (type) => {
    const about = holder.kind === "organization" ? `${type}.organization='${holder.name}'` : `${type}.payer='${holder.address}'`;
    const { txs } = await connection.comet.txSearchAll({ query: `${about} AND tx.height>=${from} AND tx.height<=${to}`, per_page: perPage });
    for (const { hash, height, result } of txs) keep({ height, txHash: toHex(hash).toUpperCase(), events: result.events.map(named) });
    const { blocks } = await connection.comet.blockSearchAll({ query: `${about} AND block.height>=${from} AND block.height<=${to}`, per_page: perPage });
    await inTurns(blocks, async ({ block: { header: { height } } }) => {
      const { finalizeBlockEvents } = await connection.comet.blockResults(height);
      keep({ height, events: finalizeBlockEvents.map(named) });
    });
  });
  return [...out.values()];
}

function named({ type, attributes }: { readonly type: string; readonly attributes: readonly { readonly key: string; readonly value: string }[] }): NamedEvent {
  return { type, attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value])) };
}

/** Adds times, and what providers and asks say of themselves; what the node has pruned is left as the row has it. */
async function completed(connection: Connection, all: readonly StatementRow[], to: number): Promise<BilledRow[]> {
  const times = new Map<number, bigint>();
  const timeOf = async (height: number): Promise<bigint> => {
    const known = times.get(height);
    if (known !== undefined) return known;
    const time = await blockTime(connection, height);
    times.set(height, time);
    return time;
  };
  await inTurns([...new Set(all.map(({ height }) => height))], timeOf);
  const names = new Map<string, string>();
  await inTurns([...new Set(all.map(({ provider }) => provider).filter((one) => one !== ""))], async (operator) => {
    const profile = await connection.query.providers.provider({ operator }).then(({ provider }) => provider?.profile, absent);
    names.set(operator, profile?.moniker ?? "");
  });
  const leases = new Map<string, { price: bigint | undefined; since: bigint | undefined }>();
  await inTurns([...new Set(all.filter(({ leaseId }) => leaseId !== "").map(({ leaseId }) => leaseId))], async (leaseId) => {
    const made = await connection.comet.blockSearchAll({ query: `dcm.market.v1.EventLeaseCreated.lease_id='${leaseId}' AND block.height<=${to}`, per_page: 1 });
    const height = made.blocks[0]?.block.header.height;
    const events = height === undefined ? [] : (await connection.comet.blockResults(height)).finalizeBlockEvents.map(named);
    const lease = events.find(({ type, attributes }) => type === "dcm.market.v1.EventLeaseCreated" && attributes["lease_id"] === leaseId);
    const ask = lease === undefined ? undefined : await connection.query.market.ask({ askId: BigInt(lease.attributes["ask_id"]!) }).then(({ ask: found }) => found, absent);
    leases.set(leaseId, { price: ask?.basePrice, since: height === undefined ? undefined : await timeOf(height) });
  });
  return all.map((row) => {
    const lease = leases.get(row.leaseId);
    const timeNanos = times.get(row.height)!;
    return { ...row, timeNanos, sinceNanos: lease?.since ?? timeNanos, providerName: names.get(row.provider) ?? "", listPrice: lease?.price ?? row.unitPrice };
  });
}

/** A record that is not there any more; any other trouble is passed on. */
function absent(error: unknown): undefined {
  if (/not found|NotFound|does not exist|is not a provider|was pruned|no ask|no provider/i.test(String(error))) return undefined;
  throw error;
}

/** Of a block's header, Unix nanoseconds. */
async function blockTime(connection: Connection, height: number): Promise<bigint> {
  const { time } = (await connection.comet.block(height)).block.header;
  return BigInt(time.getTime()) * 1_000_000n + BigInt((time as { nanoseconds?: number }).nanoseconds ?? 0);
}

/** The heights of the blocks with times in [from, to), Unix seconds; undefined where the node has none. By bisection: some 30 requests for a billion blocks. Throws a PrunedError. */
export async function heightsBetween(connection: Connection, fromSeconds: bigint, toSeconds: bigint): Promise<Heights | undefined> {
  const { syncInfo } = await connection.comet.status();
  const { earliestBlockHeight: first = 1, latestBlockHeight: latest } = syncInfo;
  const last = Math.min(latest, (await connection.comet.abciInfo()).lastBlockHeight ?? latest);
  /** The first height from `low` on whose time is not before; `last + 1` where there is none. */
  const notBefore = async (seconds: bigint, low: number): Promise<number> => {
    let high = last + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await blockTime(connection, middle)) >= seconds * 1_000_000_000n) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const from = await notBefore(fromSeconds, Math.max(1, first));
  // The chain's first block follows none.
  if (from === first && (await connection.comet.block(first)).block.header.lastBlockId !== null) throw new PrunedError(first);
  const to = (await notBefore(toSeconds, from)) - 1;
  return to < from ? undefined : { from, to };
}

/** A few at a time, in order. */
async function inTurns<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const out: R[] = [];
  for (let i = 0; i < items.length; i += parallel) out.push(...(await Promise.all(items.slice(i, i + parallel).map(run))));
  return out;
}
