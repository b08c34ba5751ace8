/**
 * Complete market rounds on one real node: ask, bid, match, start, commit, reveal, settlement, sent through CometBFT's RPC, beside as many
 * bank sends through the same node. Each kind of transaction waits until all of the kind before it are committed. What the blocks say of them is
 * looked at when the clock has stopped: a node answers that at a cost.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MsgSend } from "../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { QueryTaskRequest, QueryTaskResponse } from "../chain/codec/gen/dcm/market/v1/query.ts";
import { TaskState, type Task } from "../chain/codec/gen/dcm/market/v1/types.ts";
import type { Any } from "../chain/codec/gen/google/protobuf/any.ts";
import { taskIdOf } from "../chain/modules/market/state.ts";
import { obtainCometBFT } from "../localnet/comet/obtain.ts";
import { claimPorts } from "../localnet/ports.ts";
import { anyOf, signedTx, type TestAccount } from "../test/support/accounts.ts";
import { figure, machine, type Benchmark } from "./benchmark.ts";
import { ask, bid, commit, registration, reveal, start } from "./market-messages.ts";
import { blocksFrom, latestHeight, query } from "./node-send/chain.ts";
import { benchAccounts, buildHome, chainId, copyHome, denom } from "./node-send/home.ts";
import { requestText, runLoad, unconfirmed } from "./node-send/load.ts";
import { startNode, waitUntil } from "./node-send/node.ts";

const kinds = ["ask", "bid", "start", "commit", "reveal"] as const;
const phases = ["send", "ask", "bid", "match", "start", "commit", "reveal", "settle"] as const;
type Phase = (typeof phases)[number];
/** Transactions of a round, and bank sends beside each: in as many turns, each as long as a phase of the round. */
const perRound = kinds.length;
const gas = 500_000n;
const fee = { denom, amount: 1_000n };
const connections = 100;
const mempoolSize = 5_000;
const patienceMs = 120_000;

const benchmark: Benchmark = {
  name: "market-rounds",
  description: "Complete market rounds (ask, bid, match, result, settlement) on one node with CometBFT over RPC, beside bank sends",
  async run({ runs, quick, progress }) {
    const count = quick ? 100 : 1_000;
    const { path: comet, version } = await obtainCometBFT({ onProgress: progress });
    const folder = mkdtempSync(join(tmpdir(), "bench-rounds-"));
    const ports = await claimPorts(1);
    const perPhase = (): Record<Phase, number[]> => Object.fromEntries(phases.map((phase) => [phase, [] as number[]])) as Record<Phase, number[]>;
    const seconds = perPhase();
    /** Of application and CometBFT. */
    const cpu = perPhase();
    try {
      const accounts = benchAccounts(2 * count);
      const built = join(folder, "built");
      const home = join(folder, "home");
      await buildHome(built, accounts);
      copyHome(built, home, { name: "rounds", config: "init", changes: { consensus: { timeout_commit: "100ms" } } }, comet, false);
      const node = await startNode(home, comet, ports.nodes[0]!, "app");
      try {
        const market = new Market(ports.nodes[0]!.rpc, accounts);
        const byText = new Map(accounts.map((account) => [account.text, account]));
        const [providers, consumers] = [accounts.slice(0, count), accounts.slice(count)];
        await market.send(market.sign(providers.map((provider, i) => [provider, registration(provider, i, denom)])));
        await market.committed(1, count);
        for (let round = 0; round < runs; round++) {
          const add = (phase: Phase, of: Record<Phase, number[]>, value: number): void => void (of[phase][round] = (of[phase][round] ?? 0) + value);
          const timed = async (phase: Phase, done: () => Promise<void>): Promise<void> => {
            const before = node.cpu();
            const began = performance.now();
            await done();
            add(phase, seconds, (performance.now() - began) / 1_000);
            progress(`round ${round + 1} of ${runs}: ${phase}, ${seconds[phase].at(-1)!.toFixed(1)} s`);
            await market.nextBlock();
            const after = node.cpu();
            add(phase, cpu, after.app + after.comet - before.app - before.comet);
          };
          const tasks = Array.from({ length: count }, (_, i) => taskIdOf(BigInt(round * count + i + 1), 0));
          const sent = async (phase: Phase, messages: readonly (readonly [TestAccount, Any])[]): Promise<void> => {
            const txs = market.sign(messages);
            const first = await market.height();
            await timed(phase, () => market.send(txs));
            await market.committed(first + 1, messages.length);
          };
          const send = (from: TestAccount, i: number): Any => anyOf(MsgSend, { fromAddress: from.text, toAddress: consumers[(i + 1) % count]!.text, amount: [{ denom, amount: "1" }] });
          for (let turn = 0; turn < perRound; turn++) await sent("send", consumers.map((from, i) => [from, send(from, i)]));
          await sent("ask", providers.map((provider, i) => [provider, ask(provider, i, denom)]));
          await sent("bid", consumers.map((consumer) => [consumer, bid(consumer, denom)]));
          await timed("match", () => market.reach(tasks.at(-1)!, TaskState.TASK_STATE_ASSIGNED));
          const work = (await market.tasks(tasks, TaskState.TASK_STATE_ASSIGNED)).map(({ id, replicas }) => [byText.get(replicas[0]!.provider)!, id] as const);
          await sent("start", work.map(([worker, id]) => [worker, start(worker, id)]));
          await sent("commit", work.map(([worker, id]) => [worker, commit(worker, id)]));
          await sent("reveal", work.map(([worker, id]) => [worker, reveal(worker, id)]));
          await timed("settle", () => market.reach(tasks.at(-1)!, TaskState.TASK_STATE_FINAL));
          await market.tasks(tasks, TaskState.TASK_STATE_FINAL);
        }
      } finally {
        await node.stop();
      }
    } finally {
      await ports.release();
      rmSync(folder, { recursive: true, force: true });
    }
    const ofRound = (of: Record<Phase, number[]>): number[] => Array.from({ length: runs }, (_, i) => phases.slice(1).reduce((sum, phase) => sum + of[phase][i]!, 0));
    const whole = ofRound(seconds);
    /** One transaction to one send. The match is of the bids. */
    const toSend = (kind: (typeof kinds)[number]): number[] => cpu[kind].map((s, i) => (s + (kind === "bid" ? cpu.match[i]! : 0)) / (cpu.send[i]! / perRound));
    return {
      name: "market-rounds",
      figures: [
        figure("rounds_per_s", "rounds/s", whole.map((s) => count / s)),
        figure("sends_per_s", "tx/s", seconds.send.map((s) => (perRound * count) / s)),
        figure("rounds_of_sends", "ratio", whole.map((s, i) => seconds.send[i]! / s)),
        ...phases.map((phase) => figure(`${phase}_s`, "s", seconds[phase])),
        figure("send_cpu_us", "us of application and CometBFT, for one", cpu.send.map((s) => (s / perRound / count) * 1e6)),
        ...kinds.map((kind) => figure(`${kind}_cpu_to_send`, "times a bank send, application and CometBFT", toSend(kind))),
        figure("round_cpu_to_send", "times a bank send, application and CometBFT: the mean of the five messages of a round", ofRound(cpu).map((s, i) => s / cpu.send[i]!)),
      ],
      configuration: { rounds: count, transactions_per_round: perRound, timeout_commit: "100ms", connections, runs },
      versions: { ...machine(), cometbft: version },
    };
  },
};
export default benchmark;

/** Parties with their sequences, and what the node says of their tasks. */
class Market {
  readonly #port: number;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #sequences = new Map<string, bigint>();

  constructor(port: number, accounts: readonly TestAccount[]) {
    this.#port = port;
    this.#numbers = new Map(accounts.map(({ text }, i) => [text, i]));
  }

  /** A transaction for each message, as `runLoad` takes them. */
  sign(messages: readonly (readonly [signer: TestAccount, message: Any])[]): string[][] {
    const bySigner = new Map<string, string[]>();
    for (const [signer, message] of messages) {
      const txs = bySigner.get(signer.text) ?? [];
      const sequence = this.#sequences.get(signer.text) ?? 0n;
      txs.push(requestText(signedTx(signer, { chainId, accountNumber: BigInt(this.#numbers.get(signer.text)!), sequence, messages: [message], gas, fee })));
      this.#sequences.set(signer.text, sequence + 1n);
      bySigner.set(signer.text, txs);
    }
    return [...bySigner.values()];
  }

  /** Resolves once all are in blocks. */
  async send(requests: readonly (readonly string[])[]): Promise<void> {
    const { exhausted } = await runLoad(requests, { port: this.#port, connections, durationMs: patienceMs, mempoolSize });
    if (!exhausted) throw new Error(`not all transactions were taken within ${patienceMs} ms`);
    const until = performance.now() + patienceMs;
    while ((await unconfirmed(undefined, this.#port)) > 0) {
      if (performance.now() > until) throw new Error(`transactions stayed in the mempool for ${patienceMs} ms`);
      await sleep(10);
    }
  }

  height(): Promise<number> {
    return latestHeight(this.#port);
  }

  /** Resolves with the block after the present one: what the one before made CometBFT do behind it is done, or nearly so. */
  async nextBlock(): Promise<void> {
    const now = await this.height();
    await waitUntil("another block", patienceMs, async () => (await this.height()) > now);
  }

  /** Throws where one failed, or where not so many are in the blocks from a height on. */
  async committed(from: number, wanted: number): Promise<void> {
    await waitUntil(`a block behind ${wanted} transactions`, patienceMs, async () => (await blocksFrom(this.#port, from, false)).reduce((sum, { sends }) => sum + sends, 0) >= wanted);
  }

  /** Resolves once a task is in this state. */
  async reach(taskId: bigint, state: TaskState): Promise<void> {
    await waitUntil(`state ${state} of task ${taskId}`, patienceMs, async () => (await this.#task(taskId)).state === state);
  }

  /** The tasks; throws where one is not in this state. */
  async tasks(taskIds: readonly bigint[], state: TaskState): Promise<Task[]> {
    const tasks: Task[] = [];
    for (const id of taskIds) tasks.push(await this.#task(id));
    const other = tasks.find((task) => task.state !== state);
    if (other !== undefined) throw new Error(`task ${other.id} is in state ${other.state}, the last one was in state ${state} before`);
    return tasks;
  }

  async #task(taskId: bigint): Promise<Task> {
    return QueryTaskResponse.decode(await query(this.#port, "/dcm.market.v1.Query/Task", QueryTaskRequest.encode({ taskId }).finish())).task!;
  }
}
