import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import type { Network } from "../../../localnet/network.ts";
import type { NetworkNode } from "../../../localnet/node.ts";
import { auditChain } from "./audit.ts";
import { chainId, forgetful, startFour } from "./four.ts";
import { killRandomly, summary } from "./kills.ts";
import { Load } from "./load.ts";
import { allBalances, assertEqualAppHashes, heightOf, readBlock } from "./observe.ts";
import { ok, Single } from "./single.ts";

const seed = Date.now() % 1_000_000;
const pollMs = 200;

/** Figures stand below their test. */
function report(text: string): void {
  process.stdout.write(`      ${text}\n`);
}

async function meanBlockMs(node: NetworkNode, count: number): Promise<number> {
  const last = await heightOf(node);
  const [from, to] = await Promise.all([readBlock(node, last - count), readBlock(node, last)]);
  return (to.timeMs - from.timeMs) / count;
}

async function waitForSnapshot({ validators }: Network): Promise<void> {
  for (const until = Date.now() + 60_000; ; await sleep(200)) {
    const made = await Promise.all(validators.map(async ({ plan }) => (JSON.parse(await ok("snapshots", "list", "--json", "--home", plan.home)) as unknown[]).length));
    if (made.every((count) => count > 0)) return;
    assert.ok(Date.now() < until, `snapshots of the validators: ${made.join(", ")}`);
  }
}

describe("four validators under load", function () {
  this.timeout(240_000);
  let folder: string;
  let network: Network;
  let load: Load;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-operations-"));
    network = await startFour({ folder, commitMs: 500 });
    load = await Load.start({ chainId, nodes: network.validators, seed, pauseMs: 400, forgetful });
  });
  after(async () => {
    await load?.stop();
    await network?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`go on through 20 times kill -9 of application, CometBFT or both (seed ${seed})`, async () => {
    const kills = await killRandomly({ network, load, count: 20, seed });
    assert.equal(kills.length, 20);
    report(summary(kills));
    await network.waitForMovement();
  });

  it("go on without one that is stopped, which catches up when it starts again", async () => {
    const stopped = network.node("validator-3");
    load.ledger.disturb(stopped.name, Date.now());
    await stopped.stop();
    const others = network.validators.slice(0, 3);
    const from = await heightOf(others[0]!);
    await network.waitForHeight(from + 6, { nodes: others });
    const began = Date.now();
    await stopped.start();
    for (const until = Date.now() + 30_000; ; await sleep(100)) {
      const { height, answers } = await stopped.status();
      if (answers && height >= load.height - 1 && height > from) break;
      assert.ok(Date.now() < until, `validator-3 is at ${height}, the others at ${load.height}`);
    }
    report(`caught up ${((Date.now() - began) / 1_000).toFixed(1)} s after its start`);
  });

  it("go on within two block times when cut links heal", async () => {
    const blockMs = await meanBlockMs(network.validators[0]!, 10);
    const [isolated, ...others] = network.validators;
    load.ledger.disturb(isolated!.name, Date.now());
    network.isolate(isolated!.name);
    await network.waitForHeight(load.height + 4, { nodes: others });
    network.isolate(isolated!.name, false);
    await network.waitForHeight(load.height + 1);

    for (const name of ["validator-0", "validator-1"]) {
      load.ledger.disturb(name, Date.now());
      network.isolate(name);
    }
    // What was decided before the cut may still arrive.
    await sleep(2 * blockMs);
    const stuck = Math.max(...(await network.status()).map(({ height }) => height));
    await sleep(4 * blockMs);
    assert.equal(Math.max(...(await network.status()).map(({ height }) => height)), stuck, "half of the validators made a block");
    for (const name of ["validator-0", "validator-1"]) network.isolate(name, false);
    const healed = Date.now();
    await network.waitForHeight(stuck + 1, { nodes: [network.validators[3]!] });
    const ms = Date.now() - healed;
    report(`the first block ${ms} ms after healing; a block takes ${blockMs.toFixed(0)} ms`);
    assert.ok(ms <= 2 * blockMs + pollMs, `the first block came ${ms} ms after healing, a block takes ${blockMs.toFixed(0)} ms`);
    await network.waitForHeight(stuck + 3);
  });

  it("give a fifth node their state by state sync, which follows and goes on when it is restarted", async () => {
    const [first, second] = network.validators;
    await waitForSnapshot(network);
    const trusted = load.height - 3;
    const hashes = await Promise.all([first!, second!].map(async (node) => ((await node.rpc(`commit?height=${trusted}`)) as { signed_header: { commit: { block_id: { hash: string } } } }).signed_header.commit.block_id.hash));
    assert.equal(hashes[0], hashes[1]);
    const single = await Single.bare(join(folder, "fifth"), chainId);
    copyFileSync(join(first!.plan.home, "config/genesis.json"), single.path("config/genesis.json"));
    const peers = await Promise.all(network.validators.map(async ({ plan }) => `${(await ok("comet", "show-node-id", "--home", plan.home)).trim()}@127.0.0.1:${plan.ports.p2p}`));
    const settings = {
      "p2p.persistent_peers": peers.join(","), "p2p.allow_duplicate_ip": "true", "p2p.addr_book_strict": "false", "consensus.timeout_commit": "500ms", "statesync.enable": "true",
      "statesync.rpc_servers": `${first!.rpcAddress},${second!.rpcAddress}`, "statesync.trust_height": String(trusted), "statesync.trust_hash": hashes[0]!,
    };
    for (const [key, value] of Object.entries(settings)) await single.set("config", key, value);
    const began = Date.now();
    let fifth = await single.start();
    try {
      const caughtUp = async (): Promise<number> => {
        for (const until = Date.now() + 60_000; ; await sleep(100)) {
          const height = await heightOf(single.rpc).catch(() => 0);
          if (height > 0 && height >= load.height - 1) return height;
          assert.ok(Date.now() < until, `the fifth node is at ${height}, the others at ${load.height}\n${fifth.log().slice(-4_000)}`);
        }
      };
      const height = await caughtUp();
      report(`state sync to the network's height in ${((Date.now() - began) / 1_000).toFixed(1)} s`);
      const { sync_info: sync } = (await single.rpc.rpc("status")) as { sync_info: { earliest_block_height: string } };
      assert.ok(Number(sync.earliest_block_height) > 1, "it began with block 1 instead of a snapshot");
      await single.waitFor(height + 3);
      const nodes = [single.rpc, ...network.validators];
      await network.waitForHeight(height + 3);
      await assertEqualAppHashes(nodes, height + 1, height + 2);
      assert.equal(await fifth.stop(), 0);
      fifth = await single.start();
      const again = await caughtUp();
      await single.waitFor(again + 2);
      await network.waitForHeight(again + 2);
      await assertEqualAppHashes(nodes, again, again + 1);
      assert.deepEqual(await allBalances(single.rpc, again), await allBalances(first!, again));
    } finally {
      await fifth.stop();
    }
  });

  it("agree on every app hash, whatever their mempools, and hold what they acknowledged", async () => {
    await load.stop();
    const audit = await auditChain(network, load);
    report(`${audit.acknowledged} acknowledged, ${audit.committed} committed, ${audit.expired} expired with a killed node, ${audit.unacknowledged} committed without an answer`);
    // A mempool promises less than a block: a node that still catches up takes transactions and does not tell its peers of them yet.
    const forgotten = audit.faults.filter((fault) => fault.includes(" expired, although "));
    assert.deepEqual(audit.faults.filter((fault) => !forgotten.includes(fault)), []);
    assert.ok(forgotten.length <= audit.acknowledged / 100, forgotten.join("\n"));
    assert.ok(audit.committed > 100, JSON.stringify(audit));
  });
});
