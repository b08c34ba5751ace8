/** The thread that owns the history database, so that neither its writes nor its compactions hold up a block. */
import { type MessagePort, workerData } from "node:worker_threads";
import { ClassicLevel } from "classic-level";
import { equalBytes } from "../../codec/bytes.ts";
import { Reader, Writer } from "./bytes.ts";
import { decodeHead, encodeHead, entryPrefix, type Head, headKey, keyOfEntry, listKey, readUint32, storePrefix, withVersion } from "./history-keys.ts";
import type { HistoryAnswer, HistoryPage, HistoryRequest, HistorySetup, OldEntry } from "./history.ts";

const { location, window, keepEvery, signal, port } = workerData as HistorySetup & { port: MessagePort };
const flag = new Int32Array(signal);
type Database = ClassicLevel<Uint8Array, Uint8Array>;
const database: Database = new ClassicLevel<Uint8Array, Uint8Array>(location, { keyEncoding: "view", valueEncoding: "view", compression: false });
let head: Head = { origin: 0, oldest: 0, last: 0, keepEvery };

/** Entries of one key to pass by before it is worth a seek, and a page's bounds. */
const patience = 32;
const pageKeys = 512;
const pageBytes = 1 << 20;
const pageEntries = 8_192;
const greatest = 0xffffffff;

type Operation = { type: "put"; key: Uint8Array; value: Uint8Array } | { type: "del"; key: Uint8Array };

/** Opens the database for a state of version `base`, from which on versions will be written. */
async function start(base: number): Promise<void> {
  await database.open();
  const stored = await database.get(headKey);
  head = stored === undefined ? { origin: base, oldest: base, last: base, keepEvery } : decodeHead(stored);
  // What was thinned out for another rule cannot be promised for this one.
  if (head.keepEvery !== keepEvery) head = { ...head, origin: head.oldest, keepEvery };
  if (head.last < base) {
    // Versions are missing between the history and the state: what lies before them cannot be reached any more.
    await database.clear();
    head = { origin: base, oldest: base, last: base, keepEvery };
  }
  await database.put(headKey, encodeHead(head), { sync: true });
}

/** Records a version: for each store its name and the keys changed, each with what it held before. */
async function write(version: number, bytes: Uint8Array): Promise<void> {
  if (version !== head.last + 1 && head.last !== 0) throw new Error(`history: version ${version} after ${head.last}`);
  const reader = new Reader(bytes);
  const list = new Writer();
  const operations: Operation[] = [];
  while (!reader.done) {
    const store = storePrefix(new TextDecoder().decode(reader.string(127)));
    for (let n = reader.uint(); n > 0; n--) {
      const prefix = entryPrefix(store, reader.string(greatest));
      const length = reader.uint();
      list.string(prefix);
      operations.push({ type: "put", key: withVersion(prefix, version), value: length === 0 ? Uint8Array.of(0) : reader.raw(length) });
    }
  }
  operations.push({ type: "put", key: listKey(version), value: list.view() });
  const dropped = version - window;
  let { origin, oldest } = head;
  if (head.last === 0) origin = oldest = version;
  if (dropped > oldest) {
    for (let v = oldest + 1; v <= dropped; v++) await forget(v, operations);
    oldest = dropped;
    if (keepEvery === 0) origin = oldest;
  }
  head = { origin, oldest, last: version, keepEvery };
  operations.push({ type: "put", key: headKey, value: encodeHead(head) });
  await database.batch(operations);
}

/** Drops what only versions below `version` need, but for those that are kept for good. */
async function forget(version: number, operations: Operation[]): Promise<void> {
  const list = await database.get(listKey(version));
  if (list === undefined) return;
  operations.push({ type: "del", key: listKey(version) });
  const stays = keepEvery === 0 ? 0 : Math.floor((version - 1) / keepEvery) * keepEvery;
  for (const reader = new Reader(list); !reader.done; ) {
    const prefix = reader.string(greatest);
    // The kept version `stays` reads the first entry above it: that one stays.
    if (keepEvery > 0 && stays >= head.origin && (await firstAbove(prefix, stays))?.version === version) continue;
    operations.push({ type: "del", key: withVersion(prefix, version) });
  }
}

/** Takes back all versions above `version`. */
async function truncate(version: number): Promise<void> {
  while (head.last > version) {
    const list = await database.get(listKey(head.last));
    const operations: Operation[] = [{ type: "del", key: listKey(head.last) }];
    if (list !== undefined) for (const reader = new Reader(list); !reader.done; ) operations.push({ type: "del", key: withVersion(reader.string(greatest), head.last) });
    head = { ...head, last: head.last - 1, oldest: Math.min(head.oldest, head.last - 1), origin: Math.min(head.origin, head.last - 1) };
    operations.push({ type: "put", key: headKey, value: encodeHead(head) });
    await database.batch(operations, { sync: true });
  }
}

/** The entry that answers for version `at`: the first change after it. */
async function firstAbove(prefix: Uint8Array, at: number): Promise<{ version: number; old: OldEntry[1] } | undefined> {
  const found = database.iterator({ gt: withVersion(prefix, at), lte: withVersion(prefix, greatest), limit: 1 });
  try {
    const entry = await found.next();
    return entry === undefined ? undefined : { version: readUint32(entry[0], entry[0].length - 4), old: oldValue(entry[1]) };
  } finally {
    await found.close();
  }
}

function oldValue(stored: Uint8Array): Uint8Array | undefined {
  return stored[0] === 0 ? undefined : stored.slice(1);
}

/** Keys of a range that changed after version `at`, with what they held in it. */
async function page(request: Extract<HistoryRequest, { type: "page" }>): Promise<HistoryPage> {
  const store = storePrefix(request.store);
  const bounds = {
    gte: request.start === undefined ? store : entryPrefix(store, request.start),
    lt: request.end === undefined ? afterStore(store) : entryPrefix(store, request.end),
    reverse: request.reverse,
  };
  const entries: OldEntry[] = [];
  let bytes = 0;
  let looked = 0;
  const iterator = database.iterator(bounds);
  let current: Uint8Array | undefined;
  let answer: { old: Uint8Array | undefined } | undefined;
  let passed = 0;
  const take = (): void => {
    if (current === undefined || answer === undefined) return;
    entries.push([keyOfEntry(current, store.length), answer.old]);
    bytes += current.length + (answer.old?.length ?? 0);
    answer = undefined;
  };
  try {
    for (let batch = await iterator.nextv(64); batch.length > 0; batch = await iterator.nextv(64)) {
      for (const [key, value] of batch) {
        if (current === undefined || !equalBytes(key.subarray(0, -4), current.subarray(0, -4))) {
          take();
          if (current !== undefined && (entries.length >= pageKeys || bytes >= pageBytes || looked >= pageEntries)) return { entries, last: keyOfEntry(current, store.length) };
          current = key;
          passed = 0;
        }
        const version = readUint32(key, key.length - 4);
        // Forward, the first entry above `at` is the answer; in reverse, the last one seen is.
        if (version > request.at && (request.reverse || answer === undefined)) answer = { old: oldValue(value) };
        looked++;
        if (++passed < patience) continue;
        const prefix = current.subarray(0, -4);
        const found = await firstAbove(prefix, request.at);
        answer = found === undefined ? undefined : { old: found.old };
        iterator.seek(withVersion(prefix, request.reverse ? 0 : greatest));
        break;
      }
    }
    take();
    return { entries, last: undefined };
  } finally {
    await iterator.close();
  }
}

/** The first database key behind all of a store's. */
function afterStore(store: Uint8Array): Uint8Array {
  const end = store.slice();
  for (let i = end.length - 1; ; i--) {
    end[i]! += 1;
    if (end[i] !== 0) return end;
  }
}

async function handle(request: HistoryRequest): Promise<HistoryAnswer> {
  switch (request.type) {
    case "start":
      await start(request.base);
      return { head };
    case "write":
      await write(request.version, request.bytes);
      return { head };
    case "sync":
      await database.put(headKey, encodeHead(head), { sync: true });
      return { head };
    case "truncate":
      await truncate(request.version);
      return { head };
    case "get":
      return { head, found: await firstAbove(entryPrefix(storePrefix(request.store), request.key), request.at) };
    case "page":
      return { head, page: await page(request) };
    case "close":
      await database.close();
      return { head };
  }
}

/** Changes happen one after the other; reads do not wait for them. */
let queue: Promise<unknown> = Promise.resolve();

port.on("message", (request: HistoryRequest) => {
  const run = request.type === "get" || request.type === "page" ? handle(request) : (queue = queue.then(() => handle(request)));
  (run as Promise<HistoryAnswer>)
    .catch((error: unknown): HistoryAnswer => ({ head, error: error instanceof Error ? error.message : String(error) }))
    .then((answer) => {
      port.postMessage({ id: request.id, ...answer });
      Atomics.add(flag, 0, 1);
      Atomics.notify(flag, 0);
      if (request.type === "close") port.close();
    }, () => undefined);
});
