import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { addressText, prefixes, pubkeyAddress } from "../../../chain/codec/address.ts";
import { toHex } from "../../../chain/codec/bytes.ts";
import { QueryAllEvidenceResponse } from "../../../chain/codec/gen/cosmos/evidence/v1beta1/query.ts";
import { QuerySigningInfoRequest, QuerySigningInfoResponse } from "../../../chain/codec/gen/cosmos/slashing/v1beta1/query.ts";
import type { ValidatorSigningInfo } from "../../../chain/codec/gen/cosmos/slashing/v1beta1/slashing.ts";
import { QueryValidatorRequest, QueryValidatorResponse } from "../../../chain/codec/gen/cosmos/staking/v1beta1/query.ts";
import { MsgBeaconReveal } from "../../../chain/codec/gen/dcm/beacon/v1/tx.ts";
import { TxBody, TxRaw } from "../../../chain/codec/gen/cosmos/tx/v1beta1/tx.ts";
import { makeValidatorKey } from "../../../chain/node/config/keys.ts";
import { dcmd, type RunningNode } from "../../../chain/node/testing.ts";
import { denom } from "../../../localnet/homes.ts";
import { doubleVote, readValidatorKey, reportDoubleVote } from "./double-vote.ts";
import { assertEqualAppHashes, heightOf, query } from "./observe.ts";
import { alice, bob, ok, Single } from "./single.ts";

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
    // So does downtime: who misses 14 of 15 blocks is down.
    const slashing = genesis.app_state["slashing"]!["params"] as object;
    genesis.app_state["slashing"]!["params"] = { ...slashing, signed_blocks_window: "15", min_signed_per_window: "0.100000000000000000", downtime_jail_duration: "5s" };
    first.writeGenesis(genesis);
    copyFileSync(first.path("config/genesis.json"), second.path("config/genesis.json"));
    await second.set("config", "p2p.persistent_peers", `${(await ok("comet", "show-node-id", "--home", first.home)).trim()}@127.0.0.1:${first.ports.p2p}`);
    for (const single of [first, second]) {
      await single.set("config", "p2p.allow_duplicate_ip", "true");
      await single.set("config", "p2p.addr_book_strict", "false");
      // The first has two thirds by itself and waits for no vote of the second: it must come within the pause between blocks, or the second is down.
      await single.set("config", "consensus.peer_gossip_sleep_duration", "10ms");
      await single.set("config", "consensus.timeout_commit", "300ms");
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
  async function set(expected: Readonly<Record<string, number>>, by: readonly Single[] = [first, second]): Promise<void> {
    for (const until = Date.now() + 40_000; ; await sleep(100)) {
      const seen = await Promise.all(by.map(async ({ rpc }) => {
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

  /** A validator's tokens and jail, by its operator's valoper address. */
  async function validatorOf(operatorAddress: string): Promise<{ readonly jailed: boolean; readonly tokens: string }> {
    const { validator } = QueryValidatorResponse.decode(await query(first.rpc, "/cosmos.staking.v1beta1.Query/Validator", QueryValidatorRequest.encode({ validatorAddr: operatorAddress }).finish()));
    return { jailed: validator!.jailed, tokens: validator!.tokens };
  }
  async function signingInfo(address: string): Promise<ValidatorSigningInfo> {
    const consAddress = addressText(new Uint8Array(Buffer.from(address, "hex")), prefixes.consensus);
    return QuerySigningInfoResponse.decode(await query(first.rpc, "/cosmos.slashing.v1beta1.Query/SigningInfo", QuerySigningInfoRequest.encode({ consAddress }).finish())).valSigningInfo!;
  }
  const unjail = ({ home }: Single) => dcmd(["tx", "slashing", "unjail", "--from", "op", "--keyring-backend", "test", "--home", home]);

  it("takes back who was jailed for its own stake, once it has enough and sends MsgUnjail", async () => {
    await tx(first, "staking", "delegate", await operator(first), `${100_000n * million}${denom}`);
    await tx(first, "slashing", "unjail");
    await set({ [addresses[0]]: 100_007 });
    const early = await unjail(second);
    assert.match(early.err, /no delegation for \(address, validator\) tuple/);
    await tx(second, "staking", "delegate", await operator(second), `${50n * million}${denom}`);
    await tx(second, "slashing", "unjail");
    await set({ [addresses[0]]: 100_007, [addresses[1]]: 50 });
  });

  it("slashes and jails a validator that is down, and takes it back when it has served its time", async () => {
    await nodes.pop()!.stop();
    await set({ [addresses[0]]: 100_007 }, [first]);
    // 1 % of power 50.
    assert.deepEqual(await validatorOf(await operator(second)), { jailed: true, tokens: String(49_500_000) });
    const info = await signingInfo(addresses[1]);
    assert.deepEqual([info.tombstoned, info.missedBlocksCounter, info.indexOffset], [false, 0n, 0n]);
    nodes.push(await second.start());
    await second.waitFor(await heightOf(first.rpc));
    for (const until = Date.now() + 20_000; ; await sleep(500)) {
      const back = await unjail(second);
      if (back.code === 0) break;
      assert.match(back.err, /validator still jailed; cannot be unjailed/);
      assert.ok(Date.now() < until, back.err);
    }
    await set({ [addresses[0]]: 100_007, [addresses[1]]: 49 });
  });

  it("slashes and tombstones two validators that sign twice, and goes on", async () => {
    // The second validator of the two has a key and no node.
    const third = makeValidatorKey();
    const imported = await dcmd(["keys", "import-hex", "third", "--keyring-backend", "test", "--home", first.home], Buffer.from(alice.secret).toString("hex"));
    assert.equal(imported.code, 0, imported.err);
    const pubkey = JSON.stringify({ "@type": "/cosmos.crypto.ed25519.PubKey", key: third.pub_key.value });
    await ok("tx", "staking", "create-validator", `${20n * million}${denom}`, "--pubkey", pubkey, "--no-beacon-key", "--from", "third", "--keyring-backend", "test", "--home", first.home);
    await set({ [addresses[0]]: 100_007, [addresses[1]]: 49, [third.address]: 20 });
    const keys = [readValidatorKey(second.path("config/priv_validator_key.json")), third];
    const reported = await Promise.all(keys.map(async (key) => {
      for (let height = await heightOf(first.rpc) - 1; ; height = await heightOf(first.rpc) - 1) {
        const double = await doubleVote(first.rpc, key, height);
        // A node's own vote may have come too late for a commit.
        if (double === undefined || (key !== third && !double.voted)) continue;
        await reportDoubleVote(`http://127.0.0.1:${first.ports.rpc}`, double);
        return double;
      }
    }));
    assert.deepEqual(reported.map(({ power, voted }) => [power, voted]), [[49n, true], [20n, false]]);
    await set({ [addresses[0]]: 100_007 });
    // 5 % of power 49 and of power 20.
    assert.deepEqual(await validatorOf(await operator(second)), { jailed: true, tokens: String(49_500_000 - 2_450_000) });
    assert.deepEqual(await validatorOf(addressText(alice.address, prefixes.validator)), { jailed: true, tokens: String(19_000_000) });
    for (const address of [addresses[1], third.address]) {
      const { tombstoned, jailedUntil } = await signingInfo(address);
      assert.deepEqual([tombstoned, jailedUntil!.seconds], [true, 253_402_300_799n]);
    }
    const { evidence } = QueryAllEvidenceResponse.decode(await query(first.rpc, "/cosmos.evidence.v1beta1.Query/AllEvidence", new Uint8Array(0)));
    assert.equal(evidence.length, 2);
    const never = await unjail(second);
    assert.match(never.err, /validator still jailed; cannot be unjailed/);
    const height = await heightOf(first.rpc);
    await Promise.all([first.waitFor(height + 3), second.waitFor(height + 3)]);
    await assertEqualAppHashes([first.rpc, second.rpc], height - 3, height + 2);
  });
});
