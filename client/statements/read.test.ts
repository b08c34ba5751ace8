import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { QueryError } from "../../chain/runtime/errors.ts";
import { PrunedError, heightsBetween, readStatement, type Holder, type Read } from "./read.ts";
import type { Connection } from "../connection.ts";

interface Settlement {
  readonly height: number;
  readonly tx?: string;
  readonly paid: string;
}

const acme: Holder = { kind: "organization", name: "acme" };
const genesis = 1_790_812_800;

/** A node with a block each second whose index finds these settlements of acme, and which keeps blocks from `first` on. */
function nodeWith(settlements: readonly Settlement[], { latest = 45_000, first = 1 } = {}): { readonly connection: Connection; readonly asked: string[] } {
  const asked: string[] = [];
  const eventsOf = ({ paid }: Settlement) => {
    const about = { service_id: "4", instance_id: "7", lease_id: "3", provider: "p", consumer: "c", payer: "t", organization: "acme", class_id: "cpu", denom: "udcm", cost_tags: "team=a" };
    return [["EscrowSettled", { ...about, paid, fee: "1", burned: "0", refunded: "0" }], ["UsagePaid", { ...about, jurisdiction: "CH", lots: "1", price: paid, amount: paid, fee: "1" }]].map(([name, attributes]) => ({
      type: `dcm.market.v1.Event${name as string}`, attributes: Object.entries(attributes!).map(([key, value]) => ({ key, value })),
    }));
  };
  const found = (query: string): Settlement[] => {
    asked.push(query);
    const [, from, to] = /height>=(\d+) AND \w+\.height<=(\d+)$/.exec(query)!.map(Number);
    return query.includes("EventEscrowSettled.organization='acme'") ? settlements.filter(({ height }) => height >= from! && height <= to!) : [];
  };
  const header = (height: number) => ({ height, time: new Date((genesis + height) * 1_000), lastBlockId: height === 1 ? null : { hash: new Uint8Array(32) } });
  const comet = {
    status: () => Promise.resolve({ syncInfo: { earliestBlockHeight: first, latestBlockHeight: latest } }),
    abciInfo: () => Promise.resolve({ lastBlockHeight: latest }),
    block: (height: number) => (height < first ? Promise.reject(new Error(`height ${height} is not available`)) : Promise.resolve({ block: { header: header(height) } })),
    txSearchAll: ({ query }: { query: string }) => Promise.resolve({ txs: found(query).filter(({ tx }) => tx !== undefined).map((one) => ({ hash: Buffer.from(one.tx!, "hex"), height: one.height, result: { events: eventsOf(one) } })) }),
    blockSearchAll: ({ query }: { query: string }) => Promise.resolve({ blocks: query.includes("LeaseCreated") ? [] : found(query).filter(({ tx }) => tx === undefined).map(({ height }) => ({ block: { header: header(height) } })) }),
    blockResults: (height: number) => Promise.resolve({ finalizeBlockEvents: settlements.filter((one) => one.height === height && one.tx === undefined).flatMap(eventsOf) }),
  };
  const query = { providers: { provider: () => Promise.reject(new QueryError("NotFound", "p is no provider")) } };
  return { connection: { comet, query, close: () => undefined } as unknown as Connection, asked };
}

const settlements: Settlement[] = [{ height: 25_000, paid: "5" }, { height: 10_000, paid: "3" }, { height: 10_001, tx: "BB", paid: "20" }, { height: 10_001, tx: "AA", paid: "10" }, { height: 10_001, paid: "40" }];

describe("a statement from a node", () => {
  it("is read window by window, in the order of the chain, and told as it comes (STM-9)", async () => {
    const { connection, asked } = nodeWith(settlements);
    const told: Read[] = [];
    const { rows, heights } = await readStatement(connection, "dcm-1", acme, { from: 1, to: 25_000 }, { onRead: (read) => told.push(read) });
    assert.deepEqual(told.map(({ through, rows: { length } }) => [through, length]), [[10_000, 1], [20_000, 4], [25_000, 5]]);
    assert.deepEqual([rows.map(({ height, txHash = "end", gross }) => `${height} ${txHash} ${gross}`), heights.to], [["10000 end 3", "10001 AA 10", "10001 BB 20", "10001 end 40", "25000 end 5"], 25_000]);
    assert.deepEqual([rows[0]!.timeNanos, rows[0]!.providerName, rows[0]!.listPrice, rows[0]!.jurisdiction], [BigInt(genesis + 10_000) * 1_000_000_000n, "", 3n, "CH"]);
    assert.equal(asked.filter((query) => query.includes("tx.height")).length, 15, "five kinds of events, three windows");
  });

  it("goes on from what was read before, and asks for nothing of it again (STM-9)", async () => {
    const whole = nodeWith(settlements);
    const told: Read[] = [];
    const { rows } = await readStatement(whole.connection, "dcm-1", acme, { from: 1, to: 25_000 }, { onRead: (read) => told.push(read) });
    const { connection, asked } = nodeWith(settlements);
    const again = await readStatement(connection, "dcm-1", acme, { from: 1, to: 25_000 }, { begun: told[1]! });
    assert.deepEqual(again.rows, rows);
    assert.ok(asked.every((query) => query.endsWith("height>=20001 AND tx.height<=25000") || query.endsWith("height>=20001 AND block.height<=25000")), asked.join("\n"));
    assert.deepEqual((await readStatement(connection, "dcm-1", acme, { from: 1, to: 10_000 }, { begun: told[1]! })).rows.map(({ height }) => height), [10_000], "nothing behind the last height");
  });

  it("is of the blocks whose times are in the period; a node that threw some away says so (STM-9)", async () => {
    const at = (seconds: number): bigint => BigInt(genesis + seconds);
    assert.deepEqual(await heightsBetween(nodeWith([]).connection, at(5), at(17)), { from: 5, to: 16 });
    assert.deepEqual(await heightsBetween(nodeWith([]).connection, at(-9), at(99_999)), { from: 1, to: 45_000 });
    assert.equal(await heightsBetween(nodeWith([]).connection, at(45_001), at(99_999)), undefined);
    await assert.rejects(heightsBetween(nodeWith([], { first: 30 }).connection, at(5), at(60)), PrunedError);
    assert.deepEqual(await heightsBetween(nodeWith([], { first: 30 }).connection, at(31), at(60)), { from: 31, to: 59 });
  });

  it("passes on what goes wrong with the node", async () => {
    const { connection } = nodeWith(settlements);
    (connection.comet as unknown as { txSearchAll: () => Promise<never> }).txSearchAll = () => Promise.reject(new Error("transaction indexing is disabled"));
    await assert.rejects(readStatement(connection, "dcm-1", acme, { from: 1, to: 9 }), /indexing is disabled/);
  });
});
