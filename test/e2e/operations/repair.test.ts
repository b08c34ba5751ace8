import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { dcmd, type RunningNode } from "../../../chain/node/testing.ts";
import { denom } from "../../../localnet/homes.ts";
import { allBalances, balanceOf, ownAppHash, supplyAt } from "./observe.ts";
import { bob, ok, Single } from "./single.ts";

interface Exported {
  readonly genesis_time: string;
  readonly initial_height: string;
  readonly app_state: { readonly bank: { readonly balances: readonly { readonly address: string; readonly coins: readonly { readonly denom: string; readonly amount: string }[] }[] } };
}

describe("repair of one stopped node", function () {
  this.timeout(120_000);
  let folder: string;
  let single: Single;
  let node: RunningNode | undefined;
  /** The home of a chain that was made of the first one's state. */
  let next: Single;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-repair-"));
    single = await Single.make(join(folder, "home"), "dcm-repair-1");
    node = await single.start();
  });
  after(async () => {
    await node?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const stop = async (): Promise<void> => {
    assert.equal(await node?.stop(), 0);
    node = undefined;
  };

  it("dcmd rollback takes one height back, which comes again with the same app hash", async () => {
    await single.waitFor((await single.transfer(11n)) + 1);
    await stop();
    const { height } = JSON.parse(await ok("rollback", "--json", "--home", single.home)) as { height: number };
    node = await single.start();
    await single.waitFor(height + 2);
    // Each is in the next header, which was there before the rollback or was made after it.
    for (const at of [height, height + 1]) {
      const { block } = (await single.rpc.rpc(`block?height=${at + 1}`)) as { block: { header: { app_hash: string } } };
      assert.equal(block.header.app_hash.toLowerCase(), await ownAppHash(single.rpc, at));
    }
    assert.equal(await balanceOf(single.rpc, bob.text), 11n);
  });

  it("dcmd rollback twice is dcmd rollback once: the blocks that CometBFT keeps come again", async () => {
    await single.transfer(4n);
    await stop();
    const first = JSON.parse(await ok("rollback", "--json", "--home", single.home)) as object;
    assert.deepEqual(JSON.parse(await ok("rollback", "--json", "--home", single.home)), first);
    node = await single.start();
    assert.equal(await balanceOf(single.rpc, bob.text), 15n);
  });

  it("dcmd snapshots restore fills an application that was lost", async () => {
    await single.transfer(31n);
    await stop();
    const made = JSON.parse(await ok("snapshots", "create", "--json", "--home", single.home)) as { height: number; app_hash: string };
    node = await single.start();
    const later = await single.transfer(9n);
    await single.waitFor(later + 2);
    const balances = await allBalances(single.rpc, later);
    const hash = await ownAppHash(single.rpc, later);
    await stop();
    assert.match(await ok("snapshots", "list", "--home", single.home), new RegExp(`^${made.height} +\\d+ +\\d+ +${made.app_hash}$`, "m"));
    renameSync(single.path("data/application"), join(folder, "lost"));
    const restored = JSON.parse(await ok("snapshots", "restore", String(made.height), "--json", "--home", single.home)) as { height: number; app_hash: string };
    assert.deepEqual(restored, { height: made.height, app_hash: made.app_hash });
    node = await single.start();
    assert.deepEqual(await allBalances(single.rpc, later), balances);
    assert.equal(await ownAppHash(single.rpc, later), hash);
    await single.waitFor(later + 4);
  });

  it("dcmd export --height writes a version of before, as long as it is kept", async () => {
    const sent = await single.transfer(6n);
    await single.waitFor(sent + 2);
    const { block } = (await single.rpc.rpc(`block?height=${sent - 1}`)) as { block: { header: { time: string } } };
    const [before, after] = [await allBalances(single.rpc, sent - 1), await allBalances(single.rpc, sent)];
    assert.notDeepEqual(before, after);
    await stop();
    const exported = async (height: number): Promise<Exported> => JSON.parse(await ok("export", "--height", String(height), "--home", single.home)) as Exported;
    const balances = ({ app_state: { bank } }: Exported): Map<string, bigint> => new Map(bank.balances.map(({ address, coins }) => [address, BigInt(coins.find((one) => one.denom === denom)?.amount ?? 0)]));
    const [older, newer] = [await exported(sent - 1), await exported(sent)];
    assert.deepEqual([older.initial_height, newer.initial_height], [String(sent), String(sent + 1)]);
    assert.deepEqual([[...balances(older)].sort(), [...balances(newer)].sort()], [[...before].sort(), [...after].sort()]);
    assert.equal(Date.parse(older.genesis_time), Date.parse(block.header.time));
    const file = join(folder, "older.json");
    await ok("export", "--height", String(sent - 1), "--output-document", file, "--home", single.home);
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), older);
    const later = await dcmd(["export", "--height", String(sent + 1_000), "--home", single.home]);
    assert.deepEqual([later.code, /--height must be/.test(later.err)], [2, true], later.err);
    for (const key of ["proof-keep-recent", "pruning-keep-recent"]) await single.set("app", key, "2");
    node = await single.start();
    await single.waitFor(sent + 8);
    await stop();
    const pruned = await dcmd(["export", "--height", String(sent - 1), "--home", single.home]);
    assert.deepEqual([pruned.code, /version \d+ is not kept for reading: this node has \d+ to \d+/.test(pruned.err)], [1, true], pruned.err);
    await single.set("app", "proof-keep-recent", "20");
    await single.set("app", "pruning-keep-recent", "10000");
    node = await single.start();
  });

  it("dcmd export makes a genesis from which a new chain starts with the same balances", async () => {
    await stop();
    const file = join(folder, "exported.json");
    await ok("export", "--output-document", file, "--home", single.home);
    const exported = JSON.parse(readFileSync(file, "utf8")) as { chain_id: string; initial_height: string };
    const height = Number(exported.initial_height) - 1;
    node = await single.start();
    const before = await allBalances(single.rpc, height);
    const supply = await supplyAt(single.rpc, height);
    await stop();
    next = await Single.bare(join(folder, "next"), "dcm-repair-2");
    for (const key of ["priv_validator_key.json", "beacon_key.json"]) renameSync(single.path("config", key), next.path("config", key));
    next.writeGenesis({ ...exported, chain_id: "dcm-repair-2" });
    assert.equal(JSON.parse(await ok("genesis", "validate", "--json", "--home", next.home)) instanceof Object, true);
    node = await next.start();
    await next.waitFor(height + 3);
    const after = await allBalances(next.rpc, height + 1);
    assert.deepEqual([...after].sort(), [...before].sort());
    assert.equal(await supplyAt(next.rpc), supply);
    await next.transfer(2n);
  });

  it("dcmd comet unsafe-reset-all clears a home for a new chain out of its own state: export, reset, start with the same keys", async () => {
    await stop();
    const file = join(folder, "again.json");
    await ok("export", "--output-document", file, "--home", next.home);
    const exported = JSON.parse(readFileSync(file, "utf8")) as { initial_height: string };
    const id = await ok("comet", "show-node-id", "--home", next.home);
    const key = await ok("comet", "show-validator", "--home", next.home);
    await ok("comet", "unsafe-reset-all", "--home", next.home);
    next.writeGenesis({ ...exported, chain_id: "dcm-repair-3" });
    node = await next.start();
    assert.equal(node.ready.chain_id, "dcm-repair-3");
    await next.waitFor(Number(exported.initial_height) + 2);
    const { sync_info: { earliest_block_height: first } } = (await next.rpc.rpc("status")) as { sync_info: { earliest_block_height: string } };
    assert.equal(first, exported.initial_height);
    assert.equal(await balanceOf(next.rpc, bob.text), 63n);
    assert.deepEqual([await ok("comet", "show-node-id", "--home", next.home), await ok("comet", "show-validator", "--home", next.home)], [id, key]);
  });
});
