/**
 * Quality of service on a real network: five providers with their workers, two of which serve under the same terms. One's machine goes away; drawn workers see it, and the consumer
 * has its money back without having asked. About a minute.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { InstanceState, type Instance, type ProviderQuality } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { connect, type Connection } from "../../../client/connection.ts";
import { Sender } from "../../../client/sender.ts";
import { dcmHomes, denom, gasPrice, personaWallet } from "../../../localnet/homes.ts";
import { Network } from "../../../localnet/network.ts";
import { BlobStore } from "../../../worker/data/store.ts";
import { serveBlobs } from "../../../worker/data/server.ts";
import { ServiceGateway, type PlacedService, type ServiceRequest } from "../../../worker/gateway/services.ts";
import { program } from "../../../worker/sandbox/testing.ts";
import { History } from "./history.ts";

const chainId = "dcm-qos-1";
const classId = "cpu.x64.small";
const price = 60_000n;
const creditBps = 4_000;
const idle = program("(call $output (i32.const 0) (i32.const 0))");

describe("quality of service on a real network", function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), "dcm-qos-"));
  const closers: (() => Promise<unknown> | void)[] = [];
  let network: Network;
  let connection: Connection;
  let history: History;
  let gateway: ServiceGateway;
  let consumer: Sender;
  /** Of the service, and who has it. */
  let lost: Instance;
  let healthy: Instance;

  before(async () => {
    network = await Network.start({ chainId, validators: 1, providers: 5, timings: { commitMs: 300 } }, {
      folder,
      builder: dcmHomes({ provider: (index) => ({ price: 1_000_000n, units: 1, bond: 10_000_000_000n, ...(index < 2 ? { service: { price: price + BigInt(index), units: 1 } } : {}) }) }),
    });
    closers.push(() => network.stop());
    connection = await connect(network.validators[0]!.rpcAddress);
    closers.push(() => connection.close());
    history = new History(network.validators[0]!);
    history.start();
    closers.push(() => history.stop());
    const wallet = await personaWallet(folder, "alice");
    consumer = await Sender.create({ connection, signer: wallet, address: (await wallet.getAccounts())[0]!.address, chainId, gasPrice });
    const blobs = await BlobStore.open({ directory: join(folder, "consumer/blobs") });
    const data = await serveBlobs(blobs, { host: "127.0.0.1", port: 0 });
    closers.push(() => data.close());
    gateway = new ServiceGateway({ connection, sender: consumer, blobs, dataUrl: data.url, directory: join(folder, "consumer/services"), pollMs: 200, log: () => undefined });
    gateway.start();
    closers.push(() => gateway.stop());
    await until("all providers offer", async () => (await connection.query.market.asks({ classId, quoteDenom: denom })).asks.length === 2 && (await connection.query.market.asks({ classId: "wasm.core", quoteDenom: denom })).asks.length === 5);
    const request: ServiceRequest = {
      name: "idle", classId, quoteDenom: denom, limitPrice: price, lots: 10n, program: idle, requestMeter: 1_000_000n, maxRequestSize: 10n, maxResponseSize: 10n,
      sla: { minAvailabilityBps: 9_000, maxLatencyMs: 2_000n, periodMs: 15_000n, creditBps },
    };
    lost = await serving(await gateway.place(request));
    healthy = await serving(await gateway.place({ ...request, limitPrice: price + 1n }));
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
  const serving = async ({ id }: PlacedService): Promise<Instance> => (await gateway.running(id)).instance!;
  /** What was said of an instance so far, oldest first. */
  const verdicts = async ({ id }: Instance): Promise<Readonly<Record<string, string | undefined>>[]> => {
    await history.upToNow();
    return history.find("EventProbeJudged", { instance_id: id }).map(({ attributes }) => attributes);
  };

  it("MKT-140: workers that were drawn find what answers good, and nothing is paid back", async () => {
    const rounds = await until("a verdict on both", async () => {
      const both = [...(await verdicts(lost)).slice(0, 1), ...(await verdicts(healthy)).slice(0, 1)];
      return both.length === 2 && both;
    });
    for (const round of rounds) {
      assert.deepEqual([round["verdict"], round["missed"], round["credit_due"], round["reported"]!.split(",").length], ["good", "false", "0", 3]);
      assert.ok(Number(round["median_latency_ms"]) <= 2_000);
      assert.ok(!round["reported"]!.split(",").includes(round["provider"]!), "nobody judges itself");
    }
    assert.deepEqual(history.find("EventCreditPaid"), []);
  });

  it("MKT-144: where a provider's machine is gone the credit comes by itself, from its bond, a part of what that period cost; the other one is left alone", async () => {
    const bondOf = async ({ provider }: Instance): Promise<bigint> => BigInt((await connection.query.providers.provider({ operator: provider })).provider!.bond!.total);
    const [before, others] = [await bondOf(lost), await bondOf(healthy)];
    const { height } = await network.validators[0]!.status();
    await network.node("provider-0").kill();
    const credit = await until("a credit", async () => {
      await history.upToNow();
      return history.find("EventCreditPaid", { instance_id: lost.id })[0];
    });
    const judged = (await verdicts(lost)).find((one) => one["round"] === credit.attributes["round"])!;
    assert.deepEqual([judged["verdict"], judged["missed"], judged["median_latency_ms"]], ["bad", "true", "down"]);
    const amount = BigInt(credit.attributes["amount"]!);
    assert.equal(amount, (BigInt(judged["paid"]!) * BigInt(creditBps)) / 10_000n);
    assert.ok(amount > 0n && amount < price);
    assert.deepEqual([credit.attributes["payer"], credit.attributes["provider"], credit.attributes["from_stake"]], [consumer.address, lost.provider, "0"]);
    assert.equal(history.change(consumer.address, height, credit.height), amount, "and nothing else moved on the consumer's account");
    const credits = history.find("EventCreditPaid", { instance_id: lost.id }).reduce((sum, { attributes }) => sum + BigInt(attributes["amount"]!), 0n);
    assert.equal(before - (await bondOf(lost)), credits);
    assert.equal((await gateway.instances(lost.serviceId))[0]!.instance!.state, InstanceState.INSTANCE_STATE_RUNNING);
    // Beyond the round in which the other one's probers were asked.
    await until("a further verdict on the other", async () => (await verdicts(healthy)).length >= 3);
    assert.ok((await verdicts(healthy)).every((one) => one["verdict"] === "good"));
    assert.deepEqual(history.find("EventCreditPaid", { instance_id: healthy.id }), []);
    assert.equal(await bondOf(healthy), others);
  });

  it("MKT-147: the chain's counters are what the events sum to", async () => {
    const qualities = await until("both read between two verdicts", async () => {
      await history.upToNow();
      const seen = (): number => history.find("EventProbeJudged").length;
      const count = seen();
      const found: ProviderQuality[] = [];
      for (const provider of new Set([lost.provider, healthy.provider])) found.push((await connection.query.market.providerQuality({ provider })).quality!);
      await history.upToNow();
      return seen() === count && found;
    });
    for (const { provider, ...quality } of qualities) {
      const judged = history.find("EventProbeJudged").map(({ attributes }) => attributes);
      const own = judged.filter((one) => one["provider"] === provider);
      const times = (test: (one: Readonly<Record<string, string | undefined>>) => boolean, of = own): bigint => BigInt(of.filter(test).length);
      const names = (one: Readonly<Record<string, string | undefined>>, field: string): boolean => one[field]!.split(",").includes(provider);
      assert.deepEqual(quality, {
        rounds: times((one) => one["verdict"] !== "void"), bad: times((one) => one["verdict"] === "bad"), missed: times((one) => one["missed"] === "true"), void: times((one) => one["verdict"] === "void"),
        credits: String(history.find("EventCreditPaid", { provider }).reduce((sum, { attributes }) => sum + BigInt(attributes["amount"]!), 0n)),
        reportsDue: times((one) => names(one, "reported") || names(one, "absent"), judged), reportsMissed: times((one) => names(one, "absent"), judged),
      });
    }
    assert.ok(qualities[0]!.missed > 0n && qualities[1]!.missed === 0n);
  });
});
