import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { pubkeyAddress } from "../../../chain/codec/address.ts";
import { toHex } from "../../../chain/codec/bytes.ts";
import { MsgBeaconReveal } from "../../../chain/codec/gen/dcm/beacon/v1/tx.ts";
import { TxBody, TxRaw } from "../../../chain/codec/gen/cosmos/tx/v1beta1/tx.ts";
import { dcmd, type RunningNode } from "../../../chain/node/testing.ts";
import { denom } from "../../../localnet/homes.ts";
import { assertEqualAppHashes, heightOf } from "./observe.ts";
import { bob, ok, Single } from "./single.ts";

const chainId = "dcm-validators-1";
const million = 1_000_000n;

/** A validator's address as CometBFT shows it. */
async function addressOf({ home }: Single): Promise<string> {
  const { key } = JSON.parse(await ok("comet", "show-validator", "--home", home)) as { key: string };
  return toHex(pubkeyAddress({ kind: "ed25519", key: new Uint8Array(Buffer.from(key, "base64")) })).toUpperCase();
}

describe("the set of validators on a running network", function () {
  this.timeout(120_000);
  let folder: string;
  let first: Single;
  let second: Single;
  let nodes: RunningNode[] = [];
  let addresses: readonly [string, string];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-validators-"));
    [first, second] = await Promise.all([Single.make(join(folder, "first"), chainId), Single.bare(join(folder, "second"), chainId)]);
    const genesis = first.genesis();
    // A new key counts soon, so that the test is short.
    genesis.app_state["beacon"]!["params"] = { ...(genesis.app_state["beacon"]!["params"] as object), key_activation_delay_blocks: "4" };
    first.writeGenesis(genesis);
    copyFileSync(first.path("config/genesis.json"), second.path("config/genesis.json"));
    await second.set("config", "p2p.persistent_peers", `${(await ok("comet", "show-node-id", "--home", first.home)).trim()}@127.0.0.1:${first.ports.p2p}`);
    for (const single of [first, second]) {
      await single.set("config", "p2p.allow_duplicate_ip", "true");
      await single.set("config", "p2p.addr_book_strict", "false");
      await single.set("client", "node", `tcp://127.0.0.1:${single.ports.rpc}`);
    }
    const imported = await dcmd(["keys", "import-hex", "op", "--keyring-backend", "test", "--home", second.home], Buffer.from(bob.secret).toString("hex"));
    assert.equal(imported.code, 0, imported.err);
    nodes = [await first.start()];
    nodes.push(await second.start());
    addresses = [await addressOf(first), await addressOf(second)];
    // Its operator has coins only now: it comes to a network that runs.
    await second.waitFor((await first.transfer(900n * million)) + 1);
  });
  after(async () => {
    for (const node of nodes) await node.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A command of `dcmd tx` with the operator's key of this home; gives its JSON. */
  async function tx(single: Single, ...argv: string[]): Promise<Record<string, string>> {
    return JSON.parse(await ok("tx", ...argv, "--from", "op", "--keyring-backend", "test", "--home", single.home, "--json")) as Record<string, string>;
  }
  const operator = async ({ home }: Single): Promise<string> => (await ok("keys", "show", "op", "-a", "--bech", "val", "--keyring-backend", "test", "--home", home)).trim();

  /** Waits until every node's CometBFT has these powers. */
  async function set(expected: Readonly<Record<string, number>>): Promise<void> {
    for (const until = Date.now() + 20_000; ; await sleep(100)) {
      const seen = await Promise.all([first, second].map(async ({ rpc }) => {
        const { validators } = (await rpc.rpc("validators?per_page=10")) as { validators: { address: string; voting_power: string }[] };
        return Object.fromEntries(validators.map(({ address, voting_power: power }) => [address, Number(power)]));
      }));
      try {
        for (const one of seen) assert.deepEqual(one, expected);
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
      }
    }
  }

  it("takes a node in that sends MsgCreateValidator, with its beacon key", async () => {
    const stake = `${800n * million}${denom}`;
    const dry = await tx(second, "staking", "create-validator", stake, "--moniker", "newcomer", "--dry-run");
    assert.ok(Number(dry["gas"]) > 100_000, JSON.stringify(dry));
    const made = await tx(second, "staking", "create-validator", stake, "--moniker", "newcomer");
    assert.match(made["txhash"]!, /^[0-9A-F]{64}$/);
    await set({ [addresses[0]]: 500_000, [addresses[1]]: 800 });
    const again = await dcmd(["tx", "staking", "create-validator", stake, "--from", "op", "--keyring-backend", "test", "--home", second.home]);
    assert.equal(again.code, 4, again.err);
    assert.match(again.err, /validator already exist for this operator address/);
  });

  it("follows the stake: what is undelegated and delegated shifts powers, and the newcomer proposes with its reveal", async () => {
    const { height } = await tx(first, "staking", "unbond", await operator(first), `${499_001n * million}${denom}`);
    await tx(first, "staking", "cancel-unbond", await operator(first), `${million}${denom}`, String(height));
    await set({ [addresses[0]]: 1_000, [addresses[1]]: 800 });
    await tx(first, "staking", "delegate", await operator(second), `${400n * million}${denom}`);
    await set({ [addresses[0]]: 1_000, [addresses[1]]: 1_200 });
    for (const until = Date.now() + 40_000; ; await sleep(200)) {
      assert.ok(Date.now() < until, "the newcomer proposed no block with a reveal");
      const { block } = (await first.rpc.rpc("block")) as { block: { header: { proposer_address: string; height: string }; data: { txs: string[] } } };
      if (block.header.proposer_address !== addresses[1] || block.data.txs.length === 0) continue;
      const { messages } = TxBody.decode(TxRaw.decode(new Uint8Array(Buffer.from(block.data.txs[0]!, "base64"))).bodyBytes);
      if (messages[0]!.typeUrl === `/${MsgBeaconReveal.$type}`) break;
    }
  });

  it("lets a validator go that undelegates its own stake, and goes on", async () => {
    await tx(second, "staking", "unbond", await operator(second), `${800n * million}${denom}`);
    await set({ [addresses[0]]: 1_000 });
    const height = await heightOf(first.rpc);
    await Promise.all([first.waitFor(height + 3), second.waitFor(height + 3)]);
    await assertEqualAppHashes([first.rpc, second.rpc], height + 1, height + 2);
    await tx(first, "staking", "redelegate", await operator(second), await operator(first), `${400n * million}${denom}`);
    await set({ [addresses[0]]: 1_400 });
  });

  it("goes on with its last validator even when that takes all its stake back", async () => {
    const { height } = await tx(first, "staking", "unbond", await operator(first), `${1_400n * million}${denom}`);
    await Promise.all([first.waitFor(Number(height) + 4), second.waitFor(Number(height) + 4)]);
    await set({ [addresses[0]]: 1_400 });
    await tx(first, "staking", "delegate", await operator(first), `${7n * million}${denom}`);
    await first.waitFor(Number(height) + 8);
  });
});
