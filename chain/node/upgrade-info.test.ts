import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HaltError } from "../runtime/errors.ts";
import type { Machine } from "../runtime/machine.ts";
import type { MultiStore } from "../store/multistore.ts";
import type { SnapshotStore } from "../store/snapshots.ts";
import { RequestFinalizeBlock } from "../codec/gen/tendermint/abci/types.ts";
import { Home } from "./home.ts";
import { Node } from "./node.ts";
import { dcmd } from "./testing.ts";
import { forgetSkipped, haltReason, readUpgradeInfo, writeUpgradeInfo } from "./upgrade-info.ts";

const plan = { name: "v2", height: 1_200n, info: 'see\nUPGRADE "x" NEEDED' };

describe("a node that stops for an upgrade", () => {
  let home: Home;
  beforeEach(() => {
    home = new Home(mkdtempSync(join(tmpdir(), "dcmd-upgrade-")));
    mkdirSync(home.data);
  });
  afterEach(() => rmSync(home.root, { recursive: true }));

  it("has told whoever supervises it before CometBFT gets its answer (UPGRADE-11)", async () => {
    const machine = { executionOf: () => { throw new HaltError("needed", plan); } } as unknown as Machine;
    const told: string[] = [];
    const node = new Node({
      machine, store: {} as MultiStore, snapshots: {} as SnapshotStore, snapshotInterval: 0, snapshotKeepRecent: 2, minRetainBlocks: 0, version: "", log: () => undefined,
      onHalt: ({ needed }) => void told.push(needed!.name),
    });
    const answer = node.finalizeBlock(RequestFinalizeBlock.fromPartial({ height: 1_200n })).catch((error: unknown) => told.push(String(error)));
    await answer;
    assert.deepEqual(told, ["v2", "HaltError: needed"]);
  });

  it("leaves the file that cosmovisor reads: a number as height, Go's zero time, info where there is one (UPGRADE-11)", () => {
    writeUpgradeInfo(home, plan);
    assert.equal(readFileSync(home.upgradeInfo, "utf8"), '{"name":"v2","time":"0001-01-01T00:00:00Z","height":1200,"info":"see\\nUPGRADE \\"x\\" NEEDED"}');
    writeUpgradeInfo(home, { ...plan, info: "" });
    assert.equal(readFileSync(home.upgradeInfo, "utf8"), '{"name":"v2","time":"0001-01-01T00:00:00Z","height":1200}');
    assert.deepEqual(readUpgradeInfo(home), { name: "v2", height: 1_200 });
    assert.equal(haltReason(new HaltError(`NEEDED: ${plan.info}`)), 'NEEDED: see UPGRADE "x" NEEDED', "one line of the log");
    writeFileSync(home.upgradeInfo, "{}");
    assert.throws(() => readUpgradeInfo(home), /names no plan and height/);
  });

  it("takes the file away where the operator skips its height (UPGRADE-8)", () => {
    forgetSkipped(home, [1_200n]);
    writeUpgradeInfo(home, plan);
    forgetSkipped(home, [1_199n]);
    assert.ok(existsSync(home.upgradeInfo));
    forgetSkipped(home, [1_199n, 1_200n]);
    assert.ok(!existsSync(home.upgradeInfo));
  });

  it("answers a supervisor's pre-upgrade with 30 where this build has not the plan", async () => {
    assert.equal((await dcmd(["pre-upgrade", "--home", home.root])).code, 0);
    writeUpgradeInfo(home, plan);
    const { code, err } = await dcmd(["pre-upgrade", "--home", home.root]);
    assert.equal(code, 30);
    assert.match(err, /this build does not have the upgrade "v2"/);
  });
});
