import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { Network } from "./network.ts";
import type { NetworkNode } from "./node.ts";
import { counterBuilder } from "./testing.ts";

const timings = { proposeMs: 1000, commitMs: 100 };

/** Processes of this machine whose command line names the folder (Linux). */
function processesIn(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(folder));
}

async function countOn(node: NetworkNode): Promise<string> {
  const { response } = (await node.rpc('abci_query?path="count"')) as { response: { value: string } };
  return Buffer.from(response.value, "base64").toString();
}

async function agree(nodes: readonly NetworkNode[], height: number): Promise<void> {
  const hashes = await Promise.all(nodes.map(async (node) => ((await node.rpc(`block?height=${height}`)) as { block: { header: { app_hash: string } } }).block.header.app_hash));
  assert.equal(new Set(hashes).size, 1);
}

describe("a network of four validators and a full node", function () {
  this.timeout(300_000);
  let folder: string;
  let network: Network;
  const heightOf = async (node: NetworkNode): Promise<number> => (await node.status()).height;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-net-"));
    network = await Network.start({ chainId: "counter-1", validators: 4, providers: 1, timings, faults: {} }, { builder: counterBuilder, folder });
  });
  after(async () => {
    await network.stop();
    assert.deepEqual(processesIn(folder), []);
    rmSync(folder, { recursive: true, force: true });
  });

  it("moves, is fully linked, and counts the same everywhere", async () => {
    await network.node("validator-2").rpc('broadcast_tx_commit?tx="one"');
    const { height } = await network.node("validator-2").status();
    await network.waitForHeight(height + 1, { nodes: network.nodes });
    assert.deepEqual(await Promise.all(network.nodes.map(countOn)), ["1", "1", "1", "1", "1"]);
    for (const status of await network.status()) assert.ok(status.peers >= 3, JSON.stringify(status));
    await agree(network.nodes, height + 1);
  });

  it("ABCI-5 goes on without a validator that is killed with -9, which catches up when it starts again", async () => {
    const [first, ...others] = network.validators;
    await first!.kill();
    assert.equal((await first!.status()).answers, false);
    await network.waitForMovement({ nodes: others });
    await others[0]!.rpc('broadcast_tx_commit?tx="two"');
    await first!.start();
    await network.waitForHeight((await heightOf(others[0]!)) + 2);
    assert.equal(await countOn(first!), "2");
    await agree(network.validators, await heightOf(first!));
  });

  it("ABCI-5 starts a node's CometBFT again after it ended with its application, with status 0", async () => {
    const node = network.node("validator-1");
    await node.process("app").kill();
    await network.waitForHeight((await heightOf(network.node("validator-0"))) + 3);
    assert.ok(node.process("app").restarts >= 1 && node.process("comet").restarts >= 1);
  });

  it("stops without a quorum while links are cut, and goes on when they heal", async () => {
    network.isolate("validator-0");
    network.isolate("validator-1");
    const [stuck] = await network.status();
    await assert.rejects(network.waitForHeight(stuck!.height + 3, { timeoutMs: 3000 }), /no height \d+ after 3000 ms: validator-0 is at \d+ with \d peers[^]*validator-0\/comet/);
    network.isolate("validator-0", false);
    network.isolate("validator-1", false);
    await network.waitForHeight(stuck!.height + 3);
  });

  it("goes on over slow links", async () => {
    network.setLink("validator-0", "validator-1", { delayMs: 100, jitterMs: 50 });
    await network.waitForMovement();
    network.setLink("validator-0", "validator-1", { delayMs: 0, jitterMs: 0 });
  });

  it("leaves no process behind, and goes on from where it was", async () => {
    const { height } = await network.node("validator-0").status();
    await network.stop();
    assert.deepEqual(processesIn(folder), []);
    network = await Network.start({ chainId: "counter-1", validators: 4, providers: 1, timings }, { builder: counterBuilder, folder });
    await network.waitForHeight(height + 1);
    assert.equal(await countOn(network.node("provider-0")), "2");
    assert.throws(() => network.setLink("validator-0", "validator-1", { cut: true }), /give the manifest `faults`/);
  });
});

describe("a network that cannot start", function () {
  this.timeout(60_000);
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  it("says why, with the logs, and leaves nothing running", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-net-"));
    folders.push(folder);
    const broken = { ...counterBuilder, processes: () => [{ name: "validator-0/app", command: "/bin/sh", args: ["-c", "echo the disk is full; exit 1", folder], logFile: join(folder, "log"), ready: () => Promise.resolve(false) }] };
    await assert.rejects(Network.start({ validators: 1, providers: 0 }, { builder: broken, folder }), /validator-0\/app ended before it was ready.\n[^]*the disk is full/);
    assert.deepEqual(processesIn(folder), []);
  });
});
