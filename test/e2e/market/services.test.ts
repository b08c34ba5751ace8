/**
 * Services on a real network: a validator, a provider that promises to go on and one that may reclaim for nothing, workers and the consumer's gateway as they are. A lot is a
 * minute, so this takes about a minute and a half.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { after, before, describe, it } from "mocha";
import { utf8 } from "../../../chain/codec/bytes.ts";
import { CloseReason, InstanceState } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import type { InstanceView } from "../../../chain/codec/gen/dcm/market/v1/query.ts";
import { connect, type Connection } from "../../../client/connection.ts";
import { Sender } from "../../../client/sender.ts";
import { dcmHomes, denom, gasPrice, operatorWallet, personaWallet } from "../../../localnet/homes.ts";
import { Network } from "../../../localnet/network.ts";
import { BlobStore } from "../../../worker/data/store.ts";
import { serveBlobs } from "../../../worker/data/server.ts";
import { ServiceGateway, type PlacedService, type ServiceRequest } from "../../../worker/gateway/services.ts";
import { program } from "../../../worker/sandbox/testing.ts";
import { History } from "./history.ts";

const chainId = "dcm-services-1";
const classId = "cpu.x64.small";
const price = 60_000n;
const { INSTANCE_STATE_RUNNING, INSTANCE_STATE_GRACE, INSTANCE_STATE_RECLAIMING, INSTANCE_STATE_CLOSED } = InstanceState;

/** Gives back what it is sent, twice; what begins with an exclamation mark keeps it busy for ever. */
const doubles = program(`
  (local $size i32)
  (local.set $size (call $inputSize))
  (drop (call $inputRead (i32.const 0) (i32.const 0) (local.get $size)))
  (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 33)) (then (loop $ever (br $ever))))
  (call $output (i32.const 0) (local.get $size))
  (call $output (i32.const 0) (local.get $size))`);

describe("services on a real network", function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), "dcm-services-"));
  const closers: (() => Promise<unknown> | void)[] = [];
  let network: Network;
  let connection: Connection;
  let history: History;
  let gateway: ServiceGateway;
  let consumer: Sender;
  let providers: Sender[];
  let dry: PlacedService;
  let kept: PlacedService;

  before(async () => {
    network = await Network.start({ chainId, validators: 1, providers: 2, timings: { commitMs: 300 } }, {
      folder,
      builder: dcmHomes({ provider: (index) => ({ price: 1_000_000n, units: 1, bond: 10_000_000_000n, service: { price: price + BigInt(index), units: 1, preemptible: index === 1, maxAcceptanceWindowMs: index * 40_000 } }) }),
    });
    closers.push(() => network.stop());
    connection = await connect(network.validators[0]!.rpcAddress);
    closers.push(() => connection.close());
    history = new History(network.validators[0]!);
    history.start();
    closers.push(() => history.stop());
    const sender = async (wallet: DirectSecp256k1HdWallet): Promise<Sender> => Sender.create({ connection, signer: wallet, address: (await wallet.getAccounts())[0]!.address, chainId, gasPrice });
    providers = await Promise.all(network.providers.map(async ({ plan }) => sender(await operatorWallet(folder, plan.name))));
    consumer = await sender(await personaWallet(folder, "alice"));
    const blobs = await BlobStore.open({ directory: join(folder, "consumer/blobs") });
    const data = await serveBlobs(blobs, { host: "127.0.0.1", port: 0 });
    closers.push(() => data.close());
    gateway = new ServiceGateway({ connection, sender: consumer, blobs, dataUrl: data.url, directory: join(folder, "consumer/services"), pollMs: 200, log: () => undefined });
    gateway.start();
    closers.push(() => gateway.stop());
    await until("both providers offer", async () => (await connection.query.market.asks({ classId, quoteDenom: denom })).asks.length === 2);
    const request: ServiceRequest = {
      name: "doubles", classId, quoteDenom: denom, limitPrice: 60_000n, lots: 1n, program: doubles, requestMeter: 50_000_000n, maxRequestSize: 1_000n, maxResponseSize: 2_000n, costTags: { team: "e2e" },
    };
    // The one at 60,000 may not be reclaimed, the one above may.
    dry = await gateway.place(request);
    kept = await gateway.place({ ...request, limitPrice: 60_001n, preemptible: true, acceptance: { windowMs: 12_000n, periodMs: 5_000n, heldBps: 2_500 } });
    gateway.keep(kept.id, { belowMs: 50_000n, amount: 61_000n });
  });
  after(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function until<T>(what: string, reached: () => Promise<T | false | undefined>, timeoutMs = 100_000): Promise<T> {
    for (const end = Date.now() + timeoutMs; ; ) {
      const found = await reached();
      if (found !== false && found !== undefined) return found;
      if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms.\n${network.nodes.map((node) => node.tail(2_000)).join("\n")}`);
      await sleep(200);
    }
  }
  const only = async ({ id }: PlacedService): Promise<InstanceView> => (await gateway.instances(id))[0]!;
  const inState = (service: PlacedService, state: InstanceState): Promise<InstanceView> => until(`state ${state}`, async () => {
    const view = await only(service);
    return view.instance!.state === state && view;
  });
  /** Until the worker answers; it may have to fetch the program first. */
  const answers = (view: InstanceView, text: string): Promise<Uint8Array> => until("an answer", async () => {
    const answer = await gateway.call(view, utf8(text)).catch(() => undefined);
    return answer?.status === 200 && answer.body;
  }, 20_000);
  const escrowOf = async ({ id }: PlacedService): Promise<Record<string, bigint>> => {
    const { escrow } = await connection.query.market.escrow({ jobId: id });
    return Object.fromEntries(Object.entries(escrow!).filter(([key]) => key !== "denom").map(([key, value]) => [key, BigInt(value as string)]));
  };

  it("MKT-120: a worker starts what it was given and answers calls of whoever holds the key, within fuel and sizes", async () => {
    const view = await gateway.running(dry.id);
    assert.equal(view.instance!.provider, providers[0]!.address);
    assert.equal(Buffer.from(await answers(view, "ab")).toString(), "abab");
    const busy = await gateway.call(view, utf8("!"));
    assert.equal(busy.status, 422);
    assert.match(Buffer.from(busy.body).toString(), /out-of-fuel/);
    assert.equal(busy.meter, 50_000_000n);
    assert.equal((await gateway.call(view, new Uint8Array(1_001))).status, 413);
    const { provider } = await connection.query.providers.provider({ operator: view.instance!.provider });
    const url = `${provider!.profile!.endpoints[0]!}/instances/${view.instance!.id}`;
    for (const authorization of ["", "Bearer 00", `Bearer ${"0".repeat(64)}`]) assert.equal((await fetch(url, { method: "POST", headers: { authorization }, body: "ab" })).status, 401);
    assert.equal((await fetch(url)).status, 401);
  });

  it("MKT-121: goes on where its worker was killed and came back", async () => {
    const worker = network.node("provider-1");
    const view = await gateway.running(kept.id);
    await answers(view, "before");
    await worker.kill();
    await worker.start();
    assert.equal(Buffer.from(await answers(view, "x")).toString(), "xx");
  });

  it("MKT-122: its gateway tops it up when it runs short", async () => {
    const topped = await until("a top-up", async () => {
      await history.upToNow();
      return history.find("EventServiceToppedUp", { service_id: kept.id })[0];
    });
    assert.equal(topped.attributes["payer"], consumer.address);
    assert.equal((await only(kept)).instance!.deposits.length, 1, "of one payer");
  });

  it("MKT-123: a provider that may reclaims for nothing; it answers until the notice is over, and not longer", async () => {
    const view = await only(kept);
    gateway.keep(kept.id, undefined);
    const { home } = network.node("provider-1").plan;
    const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "../../../worker/main.ts"), "reclaim", "--home", home, "--instance", String(view.instance!.id)]);
    assert.match(stdout, /ends at tau \d+; taken from the stake: 0/);
    assert.equal((await only(kept)).instance!.state, INSTANCE_STATE_RECLAIMING);
    assert.equal(Buffer.from(await answers(view, "y")).toString(), "yy");
    const ended = await inState(kept, INSTANCE_STATE_CLOSED);
    assert.deepEqual([ended.instance!.closeReason, ended.instance!.slashed], [CloseReason.CLOSE_REASON_RECLAIMED, "0"]);
    assert.equal(ended.instance!.endedTau, ended.instance!.reclaimTau);
    await until("silence", async () => (await gateway.call(view, utf8("z"))).status === 401, 10_000);
  });

  it("MKT-162: a quarter of each period was held, and paid by itself behind its window; the rest is as its consumer accepts it", async () => {
    const { instance } = await only(kept);
    const { id, accrued, accruedFees, held } = instance!;
    assert.ok(BigInt(held) > 0n);
    await gateway.accept(id);
    const { service } = await connection.query.market.service({ serviceId: kept.id });
    assert.deepEqual([service!.escrow!.paid, service!.escrow!.fees, service!.escrow!.held, service!.endedTau > 0n], [accrued, accruedFees, "0", true]);
    await history.upToNow();
    const ended = history.find("EventHoldEnded", { instance_id: id }).map(({ attributes }) => attributes);
    assert.deepEqual([...new Set(ended.map(({ reason }) => reason))].sort(), ["accepted", "expired"]);
    const total = ended.reduce((sum, one) => sum + BigInt(one["paid"]!), 0n);
    assert.equal(total, BigInt(accrued) / 4n);
  });

  it("MKT-124: what runs dry is served on in grace; a top-up pays what is owed first", async () => {
    const grace = await inState(dry, INSTANCE_STATE_GRACE);
    assert.equal(Buffer.from(await answers(grace, "c")).toString(), "cc");
    const owed = await until("a debt", async () => {
      const view = await only(dry);
      return BigInt(view.debt) > 0n && view;
    });
    await gateway.topUp(owed.instance!.id, 60_000n);
    const paid = await only(dry);
    assert.deepEqual([paid.instance!.state, paid.debt], [INSTANCE_STATE_RUNNING, "0"]);
    assert.ok(BigInt(paid.instance!.paid) > 60_000n);
  });

  it("MKT-125: pays by the time served, to the unit, and gives the rest back when it is closed", async () => {
    const view = await only(dry);
    const refunded = await gateway.close(view.instance!.id);
    const { instance } = await only(dry);
    assert.deepEqual([instance!.state, instance!.closeReason], [INSTANCE_STATE_CLOSED, CloseReason.CLOSE_REASON_CLOSED_BY_CONSUMER]);
    const served = instance!.endedTau - instance!.startedTau;
    const paid = (price * served) / 60_000n;
    const { deposited, held, ...spent } = await escrowOf(dry);
    assert.deepEqual({ paid: spent["paid"], fees: spent["fees"], refunded: spent["refunded"], held, burned: spent["burned"] }, { paid, fees: paid / 100n, refunded, held: 0n, burned: 0n });
    assert.equal(deposited, dry.escrow + 60_000n);
    await history.upToNow();
    const lines = history.find("EventEscrowSettled", { instance_id: instance!.id });
    const sum = (key: string): bigint => lines.reduce((total, { attributes }) => total + BigInt(attributes[key]!), 0n);
    assert.deepEqual([sum("paid"), sum("fee"), sum("refunded")], [paid, paid / 100n, refunded]);
    assert.ok(lines.every(({ attributes }) => attributes["cost_tags"] === "team=e2e" && attributes["provider"] === providers[0]!.address));
    for (const { address } of providers) assert.equal((await connection.query.providers.provider({ operator: address })).provider!.bond!.locked, "0");
  });
});
