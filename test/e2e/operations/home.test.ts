import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { RunningNode } from "../../../chain/node/testing.ts";
import { ownAppHash } from "./observe.ts";
import { Single } from "./single.ts";

describe("a home of which something is missing", function () {
  this.timeout(120_000);
  let folder: string;
  let single: Single;
  let node: RunningNode | undefined;
  let height: number;
  let hash: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-home-"));
    single = await Single.make(join(folder, "home"), "dcm-home-1");
    node = await single.start();
    height = await single.transfer(77n);
    await single.waitFor(height + 2);
    hash = await ownAppHash(single.rpc, height);
    await node.stop();
    node = undefined;
  });
  after(async () => {
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Moves parts of the home away while `work` runs. */
  const without = async (parts: readonly string[], work: () => Promise<void>): Promise<void> => {
    const kept = (part: string): string => join(folder, "kept", part);
    for (const part of parts) {
      cpSync(single.path(part), kept(part), { recursive: true });
      rmSync(single.path(part), { recursive: true });
    }
    try {
      await work();
    } finally {
      await node?.stop();
      node = undefined;
      for (const part of parts) {
        rmSync(single.path(part), { recursive: true, force: true });
        renameSync(kept(part), single.path(part));
      }
    }
  };
  const refuses = async (...words: RegExp[]): Promise<void> => {
    const { code, err } = await single.run();
    assert.notEqual(code, 0, err);
    const said = err.slice(err.lastIndexOf("dcmd:"));
    for (const word of words) assert.match(said, word);
    await single.assertGone();
  };
  const goesOn = async (): Promise<void> => {
    node = await single.start();
    assert.equal(await ownAppHash(single.rpc, height), hash);
    await single.waitFor(height + 4);
  };

  it("names the file and says what to do: genesis, configuration", async () => {
    await without(["config/genesis.json"], () => refuses(/genesis\.json does not exist/, /dcmd init|put the network's genesis/));
    await without(["config/config.toml"], () => refuses(/config\.toml does not exist/, /dcmd init/));
    await without(["config/app.toml"], () => refuses(/app\.toml does not exist/, /dcmd init/));
  });

  it("does not start a validator that forgot what it signed, or whose key is gone", async () => {
    await without(["data/priv_validator_state.json"], () => refuses(/priv_validator_state\.json is missing/, /signing twice/, /restore|put it back/i));
    await without(["config/priv_validator_key.json"], () => refuses(/priv_validator_key\.json is missing/, /restore|put it back/i));
  });

  it("makes the application's state anew from the blocks that CometBFT has", async () => {
    await without(["data/application"], goesOn);
  });

  it("says what to do where the application is ahead of CometBFT", async () => {
    await without(["data/blockstore.db", "data/state.db", "data/cs.wal"], () => refuses(/ahead|higher/, /data\/application/));
  });

  it("goes on with an application that is behind CometBFT", async () => {
    cpSync(single.path("data/application"), join(folder, "behind"), { recursive: true });
    await goesOn();
    const later = await single.transfer(1n);
    const laterHash = await ownAppHash(single.rpc, later);
    await single.waitFor(later + 3);
    await node!.stop();
    rmSync(single.path("data/application"), { recursive: true });
    renameSync(join(folder, "behind"), single.path("data/application"));
    node = await single.start();
    assert.equal(await ownAppHash(single.rpc, later), laterHash);
    await single.waitFor(later + 5);
    await node.stop();
    node = undefined;
  });

  it("says what is wrong with files that are cut off", async () => {
    for (const [file, word] of [["config/genesis.json", /genesis\.json is not JSON/], ["config/app.toml", /app\.toml is not valid TOML/]] as const) {
      const whole = readFileSync(single.path(file), "utf8");
      writeFileSync(single.path(file), `${whole.slice(0, whole.length / 2)}\n= = {`);
      await refuses(word);
      writeFileSync(single.path(file), whole);
    }
  });
});
