import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { RunningNode } from "../../../chain/node/testing.ts";
import { balanceOf } from "./observe.ts";
import { alice, bob, Single } from "./single.ts";

describe("a genesis.json put by hand into config/, in the Cosmos SDK's shape", function () {
  this.timeout(60_000);
  let folder: string;
  let single: Single;
  let node: RunningNode | undefined;
  let sdk: Record<string, unknown> & { app_state: Record<string, unknown> };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-genesis-"));
    single = await Single.make(join(folder, "home"), "dcm-sdk-1");
    const { consensus_params: params, app_state: state, genesis_time: time } = single.genesis();
    // As `simd` of the SDK 0.50 and later writes it: who made it, a numeric height, the params under `consensus`, null where nothing is.
    sdk = {
      app_name: "simd", app_version: "0.53.0", genesis_time: time, chain_id: single.chainId, initial_height: 1, app_hash: null,
      app_state: { ...state, consensus: null, params: null, runtime: {}, vesting: {} }, consensus: { params },
    };
  });
  after(async () => {
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is refused where it has a module that is not there, by its name and with what to do", async () => {
    const crisis = { constant_fee: { denom: "udcm", amount: "1000" } };
    single.writeGenesis({ ...sdk, app_state: { ...sdk.app_state, crisis } });
    const { code, err } = await single.run();
    assert.notEqual(code, 0, err);
    const said = err.slice(err.lastIndexOf("dcmd:"));
    assert.match(said, /app_state\.crisis: this chain has no module "crisis" yet/);
    assert.match(said, /Take the section out of genesis\.json/);
    await single.assertGone();
  });

  it("starts the chain", async () => {
    single.writeGenesis(sdk);
    node = await single.start();
    assert.equal(node.ready.chain_id, single.chainId);
    await single.transfer(123n);
    assert.equal(await balanceOf(single.rpc, bob.text), 123n);
    assert.equal(await balanceOf(single.rpc, alice.text), 1_000_000_000n - 2_123n);
    await node.stop();
    node = await single.start();
    assert.equal(await balanceOf(single.rpc, bob.text), 123n);
  });
});
