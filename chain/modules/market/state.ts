/** The keys of store `market`; the README has them as a table. Numbers in keys are big-endian, so that byte order is numeric order. */
import {
  Allotment, Ask, AskReplacement, Bid, BidReplacement, Book, Candle, CapacityClass, Draw, Hold, IndexBucket, Instance, Job, Lease, Params, ProbeRound, Profile, ProfileDemand, ProviderQuality, QuoteDenom, QuoteRequest, Seal, Service, Stage, Task, Trade,
} from "../../codec/gen/dcm/market/v1/types.ts";
import { concatBytes, uint64Bytes, writeUint64 } from "../../codec/bytes.ts";
import {
  bytesKey, intValue, item, lastDecoded, lastKnown, map, pairKey, present, proto, rawValue, tailKey, textKey, textTailKey, textValue, tripleKey, uint32Key, uint64Key, uint64Value, type KeyCodec, type MapOf,
} from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";

export const storeName = "market";
/** The module account that holds escrow and storage deposits. */
export const escrowAccount = "market";
const key = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

/** A place in a queue, and how far it has come. */
const ticketKey = pairKey(uint64Key, uint64Key);
const ticketAndId = {
  encode: (place: readonly [ticket: bigint, id: bigint]) => ticketKey.encode(place),
  decode: (bytes: Uint8Array) => ticketKey.decode(bytes, 0)[0],
};

/** A book's name: class and quote denom. */
export type BookKey = readonly [classId: string, denom: string];

/** What a due-queue entry points to. */
export const dueKinds = { task: 1, draw: 2, bidExpiry: 3, askExpiry: 4, jobPrune: 5, askPrune: 6, askOpening: 7, indexHour: 8, servicePrune: 20, stageInputs: 30, requestEnd: 40 } as const;
export type DueKind = (typeof dueKinds)[keyof typeof dueKinds];

const uint32Value = { encode: (value: number) => uint32Key.encode(value), decode: (bytes: Uint8Array) => uint32Key.decode(bytes, 0)[0] };
const byteKey: KeyCodec<number> = {
  encode: (value) => Uint8Array.of(value),
  write(value, out, at) {
    out[at] = value;
    return at + 1;
  },
  decode: (bytes, at) => [bytes[at]!, at + 1],
};
const bookKey: KeyCodec<BookKey> = pairKey(textKey, textKey);
/** (complement of the limit, height, id) */
export type BidPlace = readonly [order: bigint, height: bigint, id: bigint];
export const bidPlaceKey = tripleKey(uint64Key, uint64Key, uint64Key);
/** (rank and number of attributes, height, id) */
export type AskPlaceKey = readonly [rank: AskRank, height: bigint, id: bigint];
/** The rank may be negative: it is kept 2^62 higher. */
export type AskRank = readonly [rank: bigint, attributes: number];
const rankBias = 1n << 62n;
const biasedKey: KeyCodec<bigint> = {
  encode: (value) => uint64Key.encode(value + rankBias),
  write(value, out, at) {
    writeUint64(out, at, value + rankBias);
    return at + 8;
  },
  decode: (bytes, at) => [uint64Key.decode(bytes, at)[0] - rankBias, at + 8],
};
const rankKey: KeyCodec<AskRank> = pairKey(biasedKey, byteKey);
export const askPlaceKey: KeyCodec<AskPlaceKey> = tripleKey(rankKey, uint64Key, uint64Key);
/** (book, profile) */
export type ProfileKey = readonly [book: BookKey, profile: number];
const profileKey: KeyCodec<ProfileKey> = pairKey(bookKey, uint32Key);

export const paramsVersion = item(storeName, key(0x01), uint64Value);
export const paramsByVersion = map(storeName, key(0x02), uint64Key, lastDecoded(proto(Params)));
export const classes = map(storeName, key(0x03), textTailKey, lastDecoded(proto(CapacityClass)));
export const books = map(storeName, key(0x04), bookKey, lastKnown(proto(Book)));
export const nextAskId = item(storeName, key(0x05, 1), uint64Value);
export const nextJobId = item(storeName, key(0x05, 2), uint64Value);
export const nextLeaseId = item(storeName, key(0x05, 3), uint64Value);
export const nextTicket = item(storeName, key(0x05, 4), uint64Value);

export const asks = map(storeName, key(0x10), uint64Key, lastDecoded(proto(Ask)));
/** Asks that can be matched (OPEN, with a free unit, their window begun, of an active provider), once for each profile that they can serve. Cheapest first. */
export const askBook = map(storeName, key(0x11), pairKey(profileKey, askPlaceKey), present);
export const asksByProvider = map(storeName, key(0x12), pairKey(bytesKey, uint64Key), present);
/** What the market knows of a provider that has asks. */
export interface Seller {
  /** Records, those of closed asks too. */
  readonly asks: number;
  /** They are out of the books, or on their way out, because it may not be matched. */
  readonly suspended: boolean;
}
export const sellers = map<Uint8Array, Seller>(storeName, key(0x13), tailKey, {
  encode: ({ asks: count, suspended }) => concatBytes(uint32Key.encode(count), Uint8Array.of(suspended ? 1 : 0)),
  decode: (bytes) => ({ asks: uint32Key.decode(bytes, 0)[0], suspended: bytes[4] === 1 }),
  fresh: true,
});
/** Providers whose asks have to follow them into or out of the books, by ticket; and for each its ticket and the id from which its asks are still to be looked at. */
export const followQueue = map(storeName, key(0x14), uint64Key, rawValue);
export const followCursors = map(storeName, key(0x15), tailKey, ticketAndId);

export const jobs = map(storeName, key(0x20), uint64Key, lastDecoded(proto(Job)));
export const bids = map(storeName, key(0x21), uint64Key, lastDecoded(proto(Bid)));
/** Bids with OPEN tasks, by profile; the price is 2^64 - 1 - limit, so the highest comes first. */
export const bidBook = map(storeName, key(0x22), pairKey(profileKey, bidPlaceKey), present);
export const jobsByConsumer = map(storeName, key(0x23), pairKey(bytesKey, uint64Key), present);
/** Where the batches of a crowded book go on looking, behind the bids that come first: (2^64 - 1 - limit, height, id) of the last one seen. */
export const bidCursors = map(storeName, key(0x27), bookKey, {
  encode: (place: BidPlace) => bidPlaceKey.encode(place),
  decode: (bytes: Uint8Array) => bidPlaceKey.decode(bytes, 0)[0],
});
/** IOC bids in a book. */
export const iocBids = map(storeName, key(0x24), pairKey(bookKey, uint64Key), present);
/** Orders whose cancellation, or other price, waits for the next batch of their book. */
export const cancelledAsks = map(storeName, key(0x25), uint64Key, present);
export const cancelledBids = map(storeName, key(0x26), uint64Key, present);
export const replacedAsks = map(storeName, key(0x28), uint64Key, proto(AskReplacement));
export const replacedBids = map(storeName, key(0x29), uint64Key, proto(BidReplacement));

/** (organization, bid): OPEN bids that spend an organization's money, in a book or on a reserved ask. */
export const bidsByOrganization = map(storeName, key(0x2a), pairKey(textKey, uint64Key), present);
/** Organizations whose policy or members changed, by ticket; and for each its ticket and the id from which its bids are still to be looked at. */
export const mandateQueue = map(storeName, key(0x2b), uint64Key, textValue);
export const mandateCursors = map(storeName, key(0x2c), textTailKey, ticketAndId);

/** Numbered from 1; profile 0 is every book's own. */
export const profiles = map(storeName, key(0x06), profileKey, proto(Profile));
/** By SHA-256 of what it wants. */
export const profilesByContent = map(storeName, key(0x07), pairKey(bookKey, tailKey), uint32Value);
/** Profiles with bids now or before, profile 0 too. */
export const demands = map(storeName, key(0x09), profileKey, lastKnown(proto(ProfileDemand)));
/** Profiles that asks are still sorted into: the first place in the book that was not looked at; one zero byte at first. */
export const profileBuilds = map(storeName, key(0x08), profileKey, rawValue);

/** Task ids are job id * 65,536 + index: the tasks of a job are a range. */
export const tasks = map(storeName, key(0x30), uint64Key, lastDecoded(proto(Task)));
export const tasksByProvider = map(storeName, key(0x31), pairKey(bytesKey, uint64Key), present);
/** Those of them that have not ended: what a worker asks for again and again must not grow with its past. */
export const liveTasksByProvider = map(storeName, key(0x32), pairKey(bytesKey, uint64Key), present);
/** Those in CHALLENGE or DISPUTE, of all providers: what challengers ask for. */
export const claimedTasks = map(storeName, key(0x33), uint64Key, present);

export const draws = map(storeName, key(0x40), uint64Key, proto(Draw));
/** Draws whose seed is not known yet, by the height of the seed. */
export const drawsBySeed = map(storeName, key(0x41), pairKey(uint64Key, uint64Key), present);
/** Draws with seed and salt, in the order of their tickets. */
export const readyDraws = map(storeName, key(0x42), pairKey(uint64Key, uint64Key), present);

/** (tau, kind, id): due where tau lies behind the present. */
export const dueQueue = map(storeName, key(0x50), tripleKey(uint64Key, byteKey, uint64Key), present);

export const leases = map(storeName, key(0x60), uint64Key, lastDecoded(proto(Lease)));
export const leasesByJob = map(storeName, key(0x61), pairKey(uint64Key, uint64Key), present);
export const leasesByProvider = map(storeName, key(0x62), pairKey(bytesKey, uint64Key), present);
export const seals = map(storeName, key(0x70), pairKey(uint64Key, bytesKey), proto(Seal));
/** Providers that declined a job for free. */
export const declines = map(storeName, key(0x71), pairKey(uint64Key, bytesKey), present);
export const trades = map(storeName, key(0x80), pairKey(bookKey, uint64Key), proto(Trade));
/** (book, interval, start) */
export const candles = map(storeName, key(0x81), tripleKey(bookKey, uint64Key, uint64Key), proto(Candle));
/** (start of the hour, book) */
export const indexBuckets = map(storeName, key(0x82), pairKey(uint64Key, bookKey), lastKnown(proto(IndexBucket)));
/** (start of the hour, book, provider) to its value in bond: goes with the hour. */
export const indexShares = map(storeName, key(0x83), tripleKey(uint64Key, bookKey, bytesKey), intValue);

/** Numbered in one sequence with jobs: a bid has the id of what it carries. */
export const services = map(storeName, key(0xa0), uint64Key, proto(Service));
/** Instance ids are as those of tasks: service id * 65,536 + index. */
export const instances = map(storeName, key(0xa1), uint64Key, proto(Instance));
/** Those that a provider serves or has to. */
export const instancesByProvider = map(storeName, key(0xa2), pairKey(bytesKey, uint64Key), present);
export const servicesByConsumer = map(storeName, key(0xa3), pairKey(bytesKey, uint64Key), present);
/** (tau, id): instances of which something becomes by itself where tau lies behind the present. Apart from the due queue, so that neither keeps the other waiting. */
export const instanceQueue = map(storeName, key(0xa4), pairKey(uint64Key, uint64Key), present);
/** Denoms that books may quote prices in, beside the bond denom. */
export const quoteDenoms = map(storeName, key(0xb8), textTailKey, lastDecoded(proto(QuoteDenom)));
/** (job, index): of jobs with stages. */
export const stages = map(storeName, key(0xb0), pairKey(uint64Key, uint32Key), proto(Stage));

/** Books that wait for their batch, by ticket; and the ticket of each. */
export const dirtyQueue = map(storeName, key(0x90), uint64Key, {
  encode: (book: BookKey) => bookKey.encode(book),
  decode: (bytes: Uint8Array) => bookKey.decode(bytes, 0)[0],
});
/** Books with orders of this block: their batch is the next block's. */
export const freshBooks = map(storeName, key(0x92), bookKey, present);
export const dirtyTickets = map(storeName, key(0x91), bookKey, uint64Value);

/** (ask, bid): bids with OPEN tasks that name a reserved ask; in the order in which they came. */
export const reservedBids = map(storeName, key(0xc0), pairKey(uint64Key, uint64Key), present);
/** Reserved asks whose bids have to be looked at, by ticket; and the ticket of each. */
export const wakeQueue = map(storeName, key(0xc1), uint64Key, uint64Value);
export const wakeTickets = map(storeName, key(0xc2), uint64Key, uint64Value);
/** What a reserved ask may serve in all, by its id; goes with the ask. */
export const allotments = map(storeName, key(0xc3), uint64Key, proto(Allotment));
/** Asks of forward positions that are over, whose outcome was not asked for yet. */
export const endedDeliveries = map(storeName, key(0xc4), uint64Key, present);
export const quoteRequests = map(storeName, key(0xc5), uint64Key, proto(QuoteRequest));
/** (request, ask): quotes that stand. */
export const quotes = map(storeName, key(0xc6), pairKey(uint64Key, uint64Key), present);
export const nextRequestId = item(storeName, key(0xc7), uint64Value);

/** By instance: of those that are served under an SLA. */
export const probeRounds = map(storeName, key(0xd0), uint64Key, proto(ProbeRound));
/** (height, instance): rounds that wait for the seed of that block. */
export const probeDraws = map(storeName, key(0xd1), pairKey(uint64Key, uint64Key), present);
/** (tau, instance): rounds by when they are judged. Apart from the other queues, so that none keeps another waiting. */
export const probeQueue = map(storeName, key(0xd2), pairKey(uint64Key, uint64Key), present);
/** (prober, instance): reports that are owed. */
export const probesByProber = map(storeName, key(0xd3), pairKey(bytesKey, uint64Key), present);
/** By provider; they stay. */
export const qualities = map(storeName, key(0xd4), tailKey, proto(ProviderQuality));

/** (task or instance, period): pay that waits for its acceptance; of a task the period is 0. Both have ids of one sequence. */
export const holds = map(storeName, key(0xe0), pairKey(uint64Key, uint64Key), proto(Hold));
/** (tau, task or instance, period): holds that no case decides on, by the end of their window. Apart from the other queues, so that none keeps another waiting. */
export const holdQueue = map(storeName, key(0xe1), tripleKey(uint64Key, uint64Key, uint64Key), present);

export const within = {
  book: (book: BookKey): Uint8Array => bookKey.encode(book),
  profile: (book: BookKey, profile: number): Uint8Array => profileKey.encode([book, profile]),
  candles: (book: BookKey, interval: bigint): Uint8Array => concatBytes(bookKey.encode(book), uint64Bytes(interval)),
  organization: (name: string): Uint8Array => textKey.encode(name),
  /** Up to a rank, inclusive. */
  rank: (book: BookKey, profile: number, rank: bigint): Uint8Array => concatBytes(profileKey.encode([book, profile]), biasedKey.encode(rank + 1n)),
  address: (address: Uint8Array): Uint8Array => bytesKey.encode(address),
  id: (id: bigint): Uint8Array => uint64Bytes(id),
  /** The first six bytes of the ids of a job's tasks. */
  job: (jobId: bigint): Uint8Array => uint64Bytes(jobId * tasksPerJob).subarray(0, 6),
};

/** Task ids leave room for so many tasks of one job. */
export const tasksPerJob = 65_536n;

export function taskIdOf(jobId: bigint, index: number): bigint {
  return jobId * tasksPerJob + BigInt(index);
}

/** Takes the next number of a sequence; the first is 1. */
export function take(ctx: Context, sequence: typeof nextAskId): bigint {
  const value = sequence.find(ctx) ?? 1n;
  sequence.set(ctx, value + 1n);
  return value;
}

export function schedule(ctx: Context, tau: bigint, kind: DueKind, id: bigint): void {
  dueQueue.set(ctx, [tau, kind, id], true);
}

/** Moves an object's place in the due queue; 0 is no place. */
export function reschedule(ctx: Context, kind: DueKind, id: bigint, from: bigint, to: bigint): void {
  if (from === to) return;
  if (from !== 0n) dueQueue.remove(ctx, [from, kind, id]);
  if (to !== 0n) schedule(ctx, to, kind, id);
}

/**
 * Keeps what is due at `due` (0: never) in the queue, at that tau or before it; `place` is where it stands (0: nowhere). What has got more time stays where it is, and the sweep puts it off when it
 * comes to it: most objects move on before. Gives the place.
 */
export function requeue(ctx: Context, kind: DueKind, id: bigint, place: bigint, due: bigint): bigint {
  if (place !== 0n && place <= due) return place;
  reschedule(ctx, kind, id, place, due);
  return due;
}

const top = 0xffffffffffffffffn;
/** Highest limit first in byte order. */
export const bidOrder = (limit: bigint): bigint => top - limit;
export const limitOf = (order: bigint): bigint => top - order;

/** The first `limit` entries of a range, read before anything is written. */
export function collect<K, V>(ctx: Context, collection: MapOf<K, V>, limit: number, prefix?: Uint8Array, to?: Uint8Array): (readonly [K, V])[] {
  const out: (readonly [K, V])[] = [];
  if (limit <= 0) return out;
  for (const entry of collection.entries(ctx, { ...(prefix === undefined ? {} : { within: prefix }), ...(to === undefined ? {} : { to }) })) {
    out.push(entry);
    if (out.length >= limit) break;
  }
  return out;
}

/** The bytes of several key parts, for ranges. */
export const joinKey = concatBytes;
