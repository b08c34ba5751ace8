import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DirectSecp256k1Wallet, Registry, type OfflineDirectSigner } from "@cosmjs/proto-signing";
import { defaultRegistryTypes, SigningStargateClient, type DeliverTxResponse } from "@cosmjs/stargate";
import { MsgSubmitProposal, MsgVote } from "cosmjs-types/cosmos/gov/v1/tx";
import { MsgSoftwareUpgrade } from "cosmjs-types/cosmos/upgrade/v1beta1/tx";
import { after, before, describe, it } from "mocha";
import { prefixes } from "../../../chain/codec/address.ts";
import { QueryDenomMetadataRequest, QueryDenomMetadataResponse } from "../../../chain/codec/gen/cosmos/bank/v1beta1/query.ts";
import { exitCodes } from "../../../chain/node/cli/io.ts";
import { authority } from "../../../chain/runtime/addresses.ts";
import { denom, dcmHomes, gasPrice, personaWallet } from "../../../localnet/homes.ts";
import { Network } from "../../../localnet/network.ts";
import type { HomeBuilder } from "../../../localnet/plan.ts";
import { auditChain } from "./audit.ts";
import { chainId, fundSenders } from "./four.ts";
import { Load } from "./load.ts";
import { assertEqualAppHashes, heightOf, query } from "./observe.ts";
import { greeting, makeSecondBuild, migratedName } from "./second-build.ts";
import { ok } from "./single.ts";

const root = join(import.meta.dirname, "../../..");
const seed = Date.now() % 1_000_000;
/** Blocks between the proposal and its height: the vote must be over by then. */
const blocksToPlan = 22;

/** A stock cosmovisor in place of our supervisor, where one is named: COSMOVISOR=/usr/local/bin/cosmovisor. */
const { COSMOVISOR: cosmovisor } = process.env;

/** A build as an operator installs it: an executable. */
const executable = (main: string): string => `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`;

describe("four validators under supervisors", function () {
  this.timeout(180_000);
  let folder: string;
  let network: Network;
  let load: Load;
  let height: number;
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

  async function send(wallet: OfflineDirectSigner, typeUrl: string, value: unknown): Promise<DeliverTxResponse> {
    const registry = new Registry([...defaultRegistryTypes, ["/cosmos.gov.v1.MsgSubmitProposal", MsgSubmitProposal], ["/cosmos.gov.v1.MsgVote", MsgVote]]);
    const client = await SigningStargateClient.connectWithSigner(network.validators[0]!.rpcAddress, wallet, { registry, broadcastPollIntervalMs: 200 });
    try {
      const [{ address }] = (await wallet.getAccounts()) as unknown as [{ address: string }];
      const response = await client.signAndBroadcast(address, [{ typeUrl, value }], { amount: [{ denom, amount: String(Math.ceil(1_000_000 * gasPrice.amount)) }], gas: "1000000" });
      assert.equal(response.code, 0, response.rawLog);
      return response;
    } finally {
      client.disconnect();
    }
  }

  it("vote for an upgrade with CosmJS, and see its plan", async () => {
    height = (await heightOf(network.validators[0]!)) + blocksToPlan;
    const alice = await personaWallet(join(folder, "network"), "alice");
    const [{ address: proposer }] = (await alice.getAccounts()) as unknown as [{ address: string }];
    const plan = { name: "v2", height: BigInt(height), info: "the second release", time: { seconds: -62_135_596_800n, nanos: 0 } };
    const { events } = await send(alice, "/cosmos.gov.v1.MsgSubmitProposal", MsgSubmitProposal.fromPartial({
      messages: [{ typeUrl: MsgSoftwareUpgrade.typeUrl, value: MsgSoftwareUpgrade.encode(MsgSoftwareUpgrade.fromPartial({ authority, plan })).finish() }],
      initialDeposit: [{ denom, amount: "10000000" }], proposer, title: "v2", summary: "the second release", metadata: "",
    }));
    const proposalId = BigInt(events.find(({ type }) => type === "submit_proposal")!.attributes.find(({ key }) => key === "proposal_id")!.value);
    await Promise.all(network.validators.slice(0, 3).map(async ({ plan: { home } }) => {
      const secret = await ok("keys", "export", "operator", "--unarmored-hex", "--unsafe", "--keyring-backend", "test", "--home", home);
      const wallet = await DirectSecp256k1Wallet.fromKey(Buffer.from(secret.trim(), "hex"), prefixes.account);
      const [{ address: voter }] = (await wallet.getAccounts()) as unknown as [{ address: string }];
      await send(wallet, "/cosmos.gov.v1.MsgVote", MsgVote.fromPartial({ proposalId, voter, option: 1, metadata: "" }));
    }));
    for (const until = Date.now() + 30_000; ; await sleep(200)) {
      const said = JSON.parse(await ok("query", "upgrade", "plan", "--json", "--node", network.validators[1]!.rpcAddress)) as { plan: { name: string; height: string; info: string } | null };
      if (said.plan !== null) {
        assert.deepEqual([said.plan.name, said.plan.height, said.plan.info], ["v2", String(height), "the second release"]);
        break;
      }
      assert.ok(Date.now() < until, "the proposal did not pass");
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
