import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import type { Network } from "../../../localnet/network.ts";
import { auditChain } from "./audit.ts";
import { chainId, forgetful, startFour } from "./four.ts";
import { killRandomly } from "./kills.ts";
import { Load } from "./load.ts";
import { heightOf } from "./observe.ts";

const seed = Date.now() % 1_000_000;

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
    const kills = await killRandomly({ network, load, count: 20, seed, onKill: (k) => { console.log(k); } });
    assert.equal(kills.length, 20);
    await network.waitForMovement();
  });

  it("go on without one that is stopped, which catches up when it starts again", async () => {
    const stopped = network.node("validator-3");
    load.ledger.disturb(stopped.name, Date.now());
    await stopped.stop();
    const others = network.validators.slice(0, 3);
    const from = await heightOf(others[0]!);
    await network.waitForHeight(from + 6, { nodes: others });
    await stopped.start();
    for (const until = Date.now() + 30_000; ; await sleep(100)) {
      const { height, answers } = await stopped.status();
      if (answers && height >= load.height - 1 && height > from) break;
      assert.ok(Date.now() < until, `validator-3 is at ${height}, the others at ${load.height}`);
    }
  });

  it("agree on every app hash, whatever their mempools, and hold what they acknowledged", async () => {
    await load.stop();
    const audit = await auditChain(network, load);
    assert.deepEqual(audit.faults, []);
    assert.ok(audit.committed > 100, JSON.stringify(audit));
  });
});
