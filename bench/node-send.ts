/**
 * Sustained bank sends on one node: CometBFT, this application over its socket, a load through RPC; and the same with an application that does nothing, as the limit, and
 * one that only verifies signatures and answers with the events of a send, as the floor of every real one; where asked for, beside them a Cosmos SDK chain, as the peer.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "smol-toml";
import { obtainCometBFT } from "../localnet/comet/obtain.ts";
import { claimPorts, type NodePorts } from "../localnet/ports.ts";
import { MsgSend } from "../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { ExecTxResult } from "../chain/codec/gen/tendermint/abci/types.ts";
import { anyOf, type TestAccount } from "../test/support/accounts.ts";
import { TestChain } from "../test/support/chain.ts";
import { figure, machine, type Benchmark } from "./benchmark.ts";
import { assertMoved, blocksFrom, latestHeight, type Block } from "./node-send/chain.ts";
import { benchAccounts, buildHome, copyHome, denom, fee, initialBalance, signSends, type Setting } from "./node-send/home.ts";
import { requestText, runLoad, unconfirmed } from "./node-send/load.ts";
import { resultFile, startNode, startPeer, waitUntil, type Kind, type RunningNode } from "./node-send/node.ts";
import { adoptHome, obtainPeer } from "./peer/obtain.ts";

const settings: readonly Setting[] = [
  { name: "init", config: "init", changes: {} },
  { name: "init_100ms", config: "init", changes: { consensus: { timeout_commit: "100ms" } } },
  { name: "comet_defaults", config: "comet", changes: {} },
];
const connections = 250;

interface Sample {
  readonly txPerS: number;
  readonly blockSeconds: number;
  /** Microseconds a committed transaction. */
  readonly cpu: { readonly app: number; readonly comet: number; readonly load: number };
}

interface Round {
  readonly home: string;
  readonly ports: NodePorts;
  readonly kind: Kind;
  readonly start: () => Promise<RunningNode>;
  readonly durationMs: number;
  readonly accounts: readonly TestAccount[];
  readonly requests: readonly (readonly string[])[];
}

const benchmark: Benchmark = {
  name: "node-send",
  description: "Sustained bank sends on one node with CometBFT over RPC, and the same with applications that do nothing and as little as they can",
  hasPeer: true,
  async run({ runs, quick, peer: beside, progress }) {
    const senders = 1_000;
    const each = quick ? 60 : 200;
    const durationMs = quick ? 8_000 : 20_000;
    const { path: comet, version } = await obtainCometBFT({ onProgress: progress });
    const peer = beside ? await obtainPeer(progress) : undefined;
    const folder = mkdtempSync(join(tmpdir(), "bench-node-"));
    const ports = await claimPorts(1);
    const kinds: readonly Kind[] = ["limit", "floor", "app", ...(peer === undefined ? [] : ["peer" as const])];
    const samples = new Map<string, Record<Kind, Sample[]>>();
    try {
      const accounts = benchAccounts(senders);
      const built = join(folder, "built");
      await buildHome(built, accounts);
      writeFileSync(resultFile(built), await resultOfSend());
      const adopted = join(folder, "adopted");
      if (peer !== undefined) {
        cpSync(built, adopted, { recursive: true });
        await adoptHome(peer, adopted);
      }
      progress(`signing ${senders * each} transactions`);
      const requests = signSends(accounts, each).map((txs) => txs.map(requestText));
      for (let round = 1; round <= runs; round++) {
        for (const setting of settings) {
          const of = samples.get(setting.name) ?? { app: [], floor: [], limit: [], peer: [] };
          samples.set(setting.name, of);
          for (const kind of kinds) {
            const home = join(folder, "home");
            copyHome(kind === "peer" ? adopted : built, home, setting, comet, kind === "limit" || kind === "floor");
            const start = (): Promise<RunningNode> => (kind === "peer" ? startPeer(home, peer!.path, ports.nodes[0]!) : startNode(home, comet, ports.nodes[0]!, kind));
            const sample = await measure({ home, start, ports: ports.nodes[0]!, kind, durationMs, accounts, requests });
            progress(`round ${round} of ${runs}, ${setting.name}, ${kind}: ${Math.round(sample.txPerS)} tx/s`);
            of[kind].push(sample);
          }
        }
      }
    } finally {
      await ports.release();
      rmSync(folder, { recursive: true, force: true });
    }
    return {
      name: "node-send",
      figures: [...samples].flatMap(([name, { app, floor, limit, peer: theirs }]) => [
        figure(`${name}_tx_per_s`, "tx/s", app.map(({ txPerS }) => txPerS)),
        figure(`${name}_limit_tx_per_s`, "tx/s", limit.map(({ txPerS }) => txPerS)),
        figure(`${name}_floor_tx_per_s`, "tx/s", floor.map(({ txPerS }) => txPerS)),
        figure(`${name}_of_floor`, "ratio", app.map(({ txPerS }, i) => txPerS / floor[i]!.txPerS)),
        figure(`${name}_floor_of_limit`, "ratio", floor.map(({ txPerS }, i) => txPerS / limit[i]!.txPerS)),
        figure(`${name}_of_limit`, "ratio", app.map(({ txPerS }, i) => txPerS / limit[i]!.txPerS)),
        figure(`${name}_block`, "s", app.map(({ blockSeconds }) => blockSeconds)),
        figure(`${name}_app_cpu_us_per_tx`, "us", app.map(({ cpu }) => cpu.app)),
        figure(`${name}_comet_cpu_us_per_tx`, "us", app.map(({ cpu }) => cpu.comet)),
        figure(`${name}_load_cpu_us_per_tx`, "us", app.map(({ cpu }) => cpu.load)),
        figure(`${name}_floor_app_cpu_us_per_tx`, "us", floor.map(({ cpu }) => cpu.app)),
        figure(`${name}_floor_comet_cpu_us_per_tx`, "us", floor.map(({ cpu }) => cpu.comet)),
        figure(`${name}_limit_app_cpu_us_per_tx`, "us", limit.map(({ cpu }) => cpu.app)),
        figure(`${name}_limit_comet_cpu_us_per_tx`, "us", limit.map(({ cpu }) => cpu.comet)),
        ...(peer === undefined ? [] : [
          figure(`${name}_peer_tx_per_s`, "tx/s", theirs.map(({ txPerS }) => txPerS)),
          figure(`${name}_of_peer`, "ratio", app.map(({ txPerS }, i) => txPerS / theirs[i]!.txPerS)),
          figure(`${name}_peer_block`, "s", theirs.map(({ blockSeconds }) => blockSeconds)),
          figure(`${name}_peer_cpu_us_per_tx`, "us", theirs.map(({ cpu }) => cpu.app)),
          figure(`${name}_cpu_of_peer`, "ratio", app.map(({ cpu }, i) => (cpu.app + cpu.comet) / theirs[i]!.cpu.app)),
        ]),
      ]),
      configuration: { senders, transactions: senders * each, seconds: durationMs / 1_000, connections, runs },
      versions: { ...machine(), cometbft: version, ...peer?.versions },
    };
  },
};
export default benchmark;

/** One node from its genesis: loaded, emptied, looked at, stopped. */
async function measure({ home, start, ports, kind, durationMs, accounts, requests }: Round): Promise<Sample> {
  const { size } = (parse(readFileSync(join(home, "config/config.toml"), "utf8")) as { mempool: { size: number } }).mempool;
  const node = await start();
  try {
    const first = (await latestHeight(ports.rpc)) + 1;
    const before = node.cpu();
    const own = process.cpuUsage();
    const { endedAt, exhausted } = await runLoad(requests, { port: ports.rpc, connections, durationMs, mempoolSize: size });
    const { user, system } = process.cpuUsage(own);
    await waitUntil("an empty mempool", 300_000, async () => (await unconfirmed(undefined, ports.rpc)) === 0);
    const empty = await latestHeight(ports.rpc);
    await waitUntil("the block after the load", 60_000, async () => (await latestHeight(ports.rpc)) > empty);
    const after = node.cpu();
    const real = kind === "app" || kind === "peer";
    const blocks = await blocksFrom(ports.rpc, first, !real);
    const committed = blocks.reduce((sum, { sends }) => sum + sends, 0);
    if (exhausted && real && committed !== requests.reduce((sum, { length }) => sum + length, 0)) throw new Error(`everything was sent, but only ${committed} transactions are committed`);
    if (real) await assertMoved(ports.rpc, accounts, committed);
    const micros = (seconds: number): number => (seconds * 1e6) / committed;
    return { ...sustained(blocks, endedAt), cpu: { app: micros(after.app - before.app), comet: micros(after.comet - before.comet), load: micros((user + system) / 1e6) } };
  } finally {
    await node.stop();
  }
}

/** What a send on a chain of this application results in, encoded as in a block's results. */
async function resultOfSend(): Promise<Uint8Array> {
  const [from, to] = benchAccounts(2) as [TestAccount, TestAccount];
  const chain = await TestChain.start({
    appState: {
      auth: { accounts: [from, to].map(({ text }, i) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text, account_number: String(i), sequence: "0" })) },
      bank: { balances: [from, to].map(({ text }) => ({ address: text, coins: [{ denom, amount: String(initialBalance) }] })) },
    },
  });
  try {
    const send = anyOf(MsgSend, { fromAddress: from.text, toAddress: to.text, amount: [{ denom, amount: "1" }] });
    const [result] = chain.block([chain.sign(from, [send], { gas: 100_000n, fee: { denom, amount: fee } })]).txResults;
    if (result?.code !== 0) throw new Error(`a send of the floor failed: ${result?.log ?? ""}`);
    return ExecTxResult.encode(ExecTxResult.fromPartial(result)).finish();
  } finally {
    await chain.stop();
  }
}

/** The rate over the blocks that were made under load: without the first, which began to fill at any time, and those after the load's end. */
function sustained(blocks: readonly Block[], endedAt: number): Pick<Sample, "txPerS" | "blockSeconds"> {
  const loaded = blocks.filter(({ sends, time }) => sends > 0 && time <= endedAt);
  const [first, last] = [loaded[0], loaded.at(-1)];
  if (first === undefined || last === undefined || loaded.length < 3) throw new Error(`only ${loaded.length} blocks had transactions while the load ran: let it run longer`);
  const seconds = (last.time - first.time) / 1_000;
  const sends = loaded.reduce((sum, block) => sum + block.sends, 0) - first.sends;
  return { txPerS: sends / seconds, blockSeconds: seconds / (loaded.length - 1) };
}
