import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DirectSecp256k1Wallet, Registry, type EncodeObject, type OfflineDirectSigner } from "@cosmjs/proto-signing";
import { defaultRegistryTypes, SigningStargateClient } from "@cosmjs/stargate";
import { MsgSubmitProposal, MsgVote } from "cosmjs-types/cosmos/gov/v1/tx";
import { MsgCancelUpgrade, MsgSoftwareUpgrade } from "cosmjs-types/cosmos/upgrade/v1beta1/tx";
import { after, before, describe, it } from "mocha";
import { prefixes } from "../../../chain/codec/address.ts";
import { QueryDenomMetadataRequest, QueryDenomMetadataResponse } from "../../../chain/codec/gen/cosmos/bank/v1beta1/query.ts";
import { QueryCurrentPlanRequest, QueryCurrentPlanResponse } from "../../../chain/codec/gen/cosmos/upgrade/v1beta1/query.ts";
import { exitCodes } from "../../../chain/node/cli/io.ts";
import type { RunningNode } from "../../../chain/node/testing.ts";
import { authority } from "../../../chain/runtime/addresses.ts";
import { denom, dcmHomes, gasPrice, personaWallet } from "../../../localnet/homes.ts";
import { Network } from "../../../localnet/network.ts";
import type { HomeBuilder } from "../../../localnet/plan.ts";
import { auditChain } from "./audit.ts";
import { chainId, fundSenders } from "./four.ts";
import { Load } from "./load.ts";
import { assertEqualAppHashes, heightOf, query, type Rpc } from "./observe.ts";
import { greeting, makeSecondBuild, migratedName } from "./second-build.ts";
import { ok, Single } from "./single.ts";

const root = join(import.meta.dirname, "../../..");
const seed = Date.now() % 1_000_000;
/** Blocks between the proposal and its height: the vote must be over by then. */
const blocksToPlan = 22;

/** A stock cosmovisor in place of our supervisor, where one is named: COSMOVISOR=/usr/local/bin/cosmovisor. */
const { COSMOVISOR: cosmovisor } = process.env;

/** A build as an operator installs it: an executable. */
const executable = (main: string): string => `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`;

type Any = EncodeObject & { readonly value: Uint8Array };

function upgradeAt(name: string, height: number, info: string): Any {
  const plan = { name, height: BigInt(height), info, time: { seconds: -62_135_596_800n, nanos: 0 } };
  return { typeUrl: MsgSoftwareUpgrade.typeUrl, value: MsgSoftwareUpgrade.encode(MsgSoftwareUpgrade.fromPartial({ authority, plan })).finish() };
}
const cancellation: Any = { typeUrl: MsgCancelUpgrade.typeUrl, value: MsgCancelUpgrade.encode({ authority }).finish() };

/** Proposes this message with the deposit that opens the vote. */
function propose(proposer: string, message: Any, title: string, expedited = false): EncodeObject {
  const initialDeposit = [{ denom, amount: expedited ? "50000000" : "10000000" }];
  return { typeUrl: "/cosmos.gov.v1.MsgSubmitProposal", value: MsgSubmitProposal.fromPartial({ messages: [message], initialDeposit, proposer, title, summary: "of the network", metadata: "", expedited }) };
}

function voteYes(voter: string, proposalId: bigint): EncodeObject {
  return { typeUrl: "/cosmos.gov.v1.MsgVote", value: MsgVote.fromPartial({ proposalId, voter, option: 1, metadata: "" }) };
}

/** One transaction through CosmJS. Gives the numbers of the proposals that it made. */
async function send(rpc: string, wallet: OfflineDirectSigner, messagesOf: (sender: string) => EncodeObject[]): Promise<bigint[]> {
  const registry = new Registry([...defaultRegistryTypes, ["/cosmos.gov.v1.MsgSubmitProposal", MsgSubmitProposal], ["/cosmos.gov.v1.MsgVote", MsgVote]]);
  const client = await SigningStargateClient.connectWithSigner(rpc, wallet, { registry, broadcastPollIntervalMs: 200 });
  try {
    const [{ address }] = (await wallet.getAccounts()) as unknown as [{ address: string }];
    const { code, rawLog, events } = await client.signAndBroadcast(address, messagesOf(address), { amount: [{ denom, amount: String(Math.ceil(1_000_000 * gasPrice.amount)) }], gas: "1000000" });
    assert.equal(code, 0, rawLog);
    return events.filter(({ type }) => type === "submit_proposal").flatMap(({ attributes }) => attributes.filter(({ key }) => key === "proposal_id").map(({ value }) => BigInt(value)));
  } finally {
    client.disconnect();
  }
}

/** The key of a validator, as its operator exports it. */
async function exportedWallet(name: string, home: string): Promise<OfflineDirectSigner> {
  const secret = await ok("keys", "export", name, "--unarmored-hex", "--unsafe", "--keyring-backend", "test", "--home", home);
  return DirectSecp256k1Wallet.fromKey(Buffer.from(secret.trim(), "hex"), prefixes.account);
}

/** The name of the plan that stood after the block; 0: after the last. */
async function planAt(node: Rpc, height = 0): Promise<string | undefined> {
  return QueryCurrentPlanResponse.decode(await query(node, "/cosmos.upgrade.v1beta1.Query/CurrentPlan", QueryCurrentPlanRequest.encode({}).finish(), height)).plan?.name;
}

describe("four validators under supervisors", function () {
  this.timeout(180_000);
  let folder: string;
  let network: Network;
  let load: Load;
  let height: number;
  /** Of the plan that is cancelled. */
  let abandoned: number;
  const builds: { first: string; second: string } = { first: join(root, "chain/main.ts"), second: "" };

  const homes = dcmHomes({
    provider: () => { throw new Error("this network has no providers"); },
    genesis(doc) {
      fundSenders(doc);
      const gov = doc.app_state["gov"]!;
      gov["params"] = { ...(gov["params"] as object), voting_period: "8s", expedited_voting_period: "4s" };
    },
  });
  const builder: HomeBuilder = {
    async build(plan) {
      await homes.build(plan);
      for (const { home } of plan.nodes) {
        for (const [build, main] of [["genesis", builds.first], ["upgrades/v2", builds.second]] as const) {
          const bin = join(home, "cosmovisor", build, "bin");
          mkdirSync(bin, { recursive: true });
          writeFileSync(join(bin, "dcmd"), executable(main), { mode: 0o755 });
        }
      }
    },
    processes(node, plan) {
      const [service] = homes.processes(node, plan);
      const environment = { ...process.env, DAEMON_NAME: "dcmd", DAEMON_HOME: node.home, DAEMON_POLL_INTERVAL: "100ms", UNSAFE_SKIP_BACKUP: String(node.index > 0) };
      const [command, ...args] = cosmovisor === undefined ? [process.execPath, join(root, "chain/supervisor/main.ts")] : [cosmovisor];
      return [{ ...service!, name: `${node.name}/supervisor`, command: command!, args: [...args, "run", ...service!.args.slice(1)], environment, logFile: node.logFile("supervisor"), restart: false }];
    },
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-upgrade-"));
    builds.second = makeSecondBuild(join(folder, "second"));
    network = await Network.start({ chainId, validators: 4, providers: 0, timings: { proposeMs: 1_500, prevoteMs: 500, precommitMs: 500, commitMs: 300 } }, { builder, folder: join(folder, "network") });
    load = await Load.start({ chainId, nodes: network.validators, seed, pauseMs: 600, lifeMs: 45_000 });
  });
  after(async () => {
    await load?.stop();
    await network?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function voteForAll(proposals: readonly bigint[]): Promise<void> {
    await Promise.all(network.validators.slice(0, 3).map(async ({ plan: { home } }) =>
      send(network.validators[0]!.rpcAddress, await exportedWallet("operator", home), (voter) => proposals.map((id) => voteYes(voter, id))),
    ));
  }

  it("vote for an upgrade with CosmJS, cancel it, vote for another, and see each plan while it stands (UPGRADE-1, UPGRADE-3)", async () => {
    const [first, second] = [network.validators[0]!, network.validators[1]!];
    const alice = await personaWallet(join(folder, "network"), "alice");
    const began = await heightOf(first);
    abandoned = began + blocksToPlan;
    await voteForAll(await send(first.rpcAddress, alice, (proposer) => [propose(proposer, upgradeAt("v2-rc1", abandoned, "too early"), "v2-rc1", true)]));
    height = (await heightOf(first)) + blocksToPlan;
    await voteForAll(await send(first.rpcAddress, alice, (proposer) => [propose(proposer, cancellation, "not v2-rc1", true), propose(proposer, upgradeAt("v2", height, "the second release"), "v2")]));
    for (const until = Date.now() + 30_000; (await planAt(second)) !== "v2"; await sleep(200)) assert.ok(Date.now() < until, "the proposal did not pass");
    const { plan } = JSON.parse(await ok("query", "upgrade", "plan", "--json", "--node", second.rpcAddress)) as { plan: { name: string; height: string; info: string } };
    assert.deepEqual([plan.name, plan.height, plan.info], ["v2", String(height), "the second release"]);
    const names: (string | undefined)[] = [];
    for (let at = began, end = await heightOf(second); at <= end; at++) {
      const name = await planAt(second, at);
      if (names.length === 0 || names.at(-1) !== name) names.push(name);
    }
    assert.deepEqual(names, [undefined, "v2-rc1", undefined, "v2"]);
  });

  it("pass the height of the cancelled plan, which no build has, without a stop (UPGRADE-3)", async () => {
    assert.ok(abandoned < height, `${abandoned} is not before ${height}`);
    await network.waitForHeight(abandoned);
    for (const { plan: { home, logFile }, name } of network.validators) {
      assert.equal(existsSync(join(home, "data/upgrade-info.json")), false, name);
      assert.doesNotMatch(readFileSync(logFile("supervisor"), "utf8"), /NEEDED/, name);
    }
  });

  it("stop at the height, change builds by themselves, and go on with the same state (UPGRADE-10, UPGRADE-11, SUP-1)", async () => {
    await network.waitForHeight(height - 2);
    const disturb = (): void => network.validators.forEach(({ name }) => load.ledger.disturb(name, Date.now()));
    disturb();
    await network.waitForHeight(height, { timeoutMs: 90_000 });
    disturb();
    await network.waitForHeight(height + 2);
    for (const { plan: { home, logFile }, name } of network.validators) {
      const log = readFileSync(logFile("supervisor"), "utf8");
      assert.ok(log.includes(`UPGRADE "v2" NEEDED at height: ${height}: the second release`), `${name}: ${log.slice(-3_000)}`);
      assert.equal(resolve(home, "cosmovisor", readlinkSync(join(home, "cosmovisor/current"))), join(home, "cosmovisor/upgrades/v2"));
      assert.deepEqual(JSON.parse(readFileSync(join(home, "data/upgrade-info.json"), "utf8")), { name: "v2", time: "0001-01-01T00:00:00Z", height, info: "the second release" });
    }
    const backups = network.validators.map(({ plan: { home } }) => readdirSync(home).filter((entry) => entry.startsWith("data-backup-")).length);
    assert.deepEqual(backups, [1, 0, 0, 0]);
    await assertEqualAppHashes(network.validators, height - 2, height + 1);

    const [first] = network.validators;
    const node = ["--node", first!.rpcAddress];
    assert.match(await ok("query", "upgrade", "applied", "v2", ...node), new RegExp(`applied at height ${height}\\n$`));
    assert.match(await ok("query", "upgrade", "module_versions", ...node), /^bank +5$[^]*^greeting +1$/m);
    const name = async (at: number): Promise<string | undefined> =>
      QueryDenomMetadataResponse.decode(await query(first!, "/cosmos.bank.v1beta1.Query/DenomMetadata", QueryDenomMetadataRequest.encode({ denom }).finish(), at)).metadata?.name;
    assert.equal(await name(height), migratedName);
    await assert.rejects(name(height - 1), /not found/, "history is what it was");
    assert.equal(Buffer.from(await query(first!, `/store/${greeting.module}/key`, Buffer.from(greeting.key))).toString(), greeting.words);
  });

  it("lose no transaction that a node acknowledged", async () => {
    await load.stop();
    const audit = await auditChain(network, load);
    assert.deepEqual(audit.faults, []);
    assert.ok(audit.committed > 50, `${audit.committed} transactions were committed`);
    process.stdout.write(`      ${audit.acknowledged} acknowledged, ${audit.committed} committed, ${audit.expired} expired with a mempool\n`);
  });

  it("refuse the first build from then on (UPGRADE-7)", async () => {
    const last = network.validators[3]!;
    await last.stop();
    const { status, stderr } = spawnSync(process.execPath, [builds.first, "start", "--home", last.plan.home, "--comet", network.plan.comet.path], { encoding: "utf8" });
    assert.equal(status, exitCodes.halted, stderr);
    assert.match(stderr, /no store "greeting": the state on disk has it, but this release does not know it/);
  });
});

describe("one validator whose build has not the upgrade", function () {
  this.timeout(90_000);
  let folder: string;
  let single: Single;
  let node: RunningNode | undefined;
  let supervisor: ChildProcess | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "dcm-skip-"));
    single = await Single.make(join(folder, "home"), "dcm-skip-1");
    const doc = single.genesis();
    Object.assign(doc.app_state["gov"]!["params"] as object, { voting_period: "2s", expedited_voting_period: "1s" });
    single.writeGenesis(doc);
  });
  after(async () => {
    await node?.stop();
    supervisor?.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  });

  it("stops at the height, and with --unsafe-skip-upgrades goes on past it, without the plan (UPGRADE-8, UPGRADE-11)", async () => {
    const running = single.run();
    await single.waitFor(1);
    const operator = await exportedWallet("op", single.home);
    const height = (await heightOf(single.rpc)) + 12;
    // The first proposal has the number 1, so that its proposer can vote at once.
    await send(`http://127.0.0.1:${single.ports.rpc}`, operator, (sender) => [propose(sender, upgradeAt("never", height, "nobody built it"), "never", true), voteYes(sender, 1n)]);
    const { code, err } = await running;
    assert.equal(code, exitCodes.halted, err);
    assert.match(err, new RegExp(`UPGRADE "never" NEEDED at height: ${height}: nobody built it`));
    assert.ok(existsSync(single.path("data/upgrade-info.json")));
    node = await single.start("--unsafe-skip-upgrades", String(height));
    await single.waitFor(height + 2);
    assert.deepEqual([await planAt(single.rpc, height - 1), await planAt(single.rpc, height), existsSync(single.path("data/upgrade-info.json"))], ["never", undefined, false]);
    await single.transfer(1n);
  });

  it("skips a height under the supervisor, too, which passes the flag on and looks for no build (UPGRADE-8, SUP-8)", async () => {
    const operator = await exportedWallet("op", single.home);
    const height = (await heightOf(single.rpc)) + 20;
    await send(`http://127.0.0.1:${single.ports.rpc}`, operator, (sender) => [propose(sender, upgradeAt("nor this", height, "nobody built it"), "nor this", true), voteYes(sender, 2n)]);
    for (const until = Date.now() + 20_000; (await planAt(single.rpc)) !== "nor this"; await sleep(100)) assert.ok(Date.now() < until, "the proposal did not pass");
    assert.equal(await node!.stop(), 0);
    node = undefined;
    const bin = single.path("cosmovisor/genesis/bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "dcmd"), executable(join(root, "chain/main.ts")), { mode: 0o755 });
    const { ports: { rest, grpc } } = single;
    const args = ["run", "start", "--home", single.home, "--comet", single.comet, "--api-address", `127.0.0.1:${rest}`, "--grpc-address", `127.0.0.1:${grpc}`, "--unsafe-skip-upgrades", String(height)];
    let said = "";
    supervisor = spawn(process.execPath, [join(root, "chain/supervisor/main.ts"), ...args], { env: { ...process.env, DAEMON_NAME: "dcmd", DAEMON_HOME: single.home, DAEMON_POLL_INTERVAL: "100ms" }, stdio: ["ignore", "ignore", "pipe"] });
    supervisor.stderr!.setEncoding("utf8").on("data", (text: string) => (said += text));
    const ended = once(supervisor, "exit");
    await single.waitFor(height + 2);
    assert.deepEqual([await planAt(single.rpc, height - 1), await planAt(single.rpc, height), existsSync(single.path("data/upgrade-info.json"))], ["nor this", undefined, false]);
    assert.equal(readlinkSync(single.path("cosmovisor/current")), "genesis");
    await single.transfer(2n);
    supervisor.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null], said);
  });
});
