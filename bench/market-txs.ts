/**
 * Market transactions beside bank sends, in one process and run: what CheckTx takes for one of each kind, then FinalizeBlock and Commit, which saw it there,
 * the hooks at the block's end (clearing, leases, draws) included.
 */
import { MsgSend } from "../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { MsgRevealResult } from "../chain/codec/gen/dcm/market/v1/tx.ts";
import { QueryTaskRequest, QueryTaskResponse } from "../chain/codec/gen/dcm/market/v1/query.ts";
import type { Any } from "../chain/codec/gen/google/protobuf/any.ts";
import { taskIdOf } from "../chain/modules/market/state.ts";
import { anyOf, testAccount, type TestAccount } from "../test/support/accounts.ts";
import { TestChain, testDenom } from "../test/support/chain.ts";
import { timed } from "./bank-sends.ts";
import { watchWrites, type BareWrites } from "./bare-writes.ts";
import { figure, machine, type Benchmark } from "./benchmark.ts";
import { floorOf } from "./message-floor.ts";
import { ask, bid, commit, registration, reveal, start } from "./market-messages.ts";

/** The messages of a round of one task, and the reveal of a task of a job of many, which settles it and does not end its job. */
const kinds = ["send", "ask", "bid", "start", "commit", "reveal", "array_reveal"] as const;
type Kind = (typeof kinds)[number];
const ofRound = ["ask", "bid", "start", "commit", "reveal"] as const satisfies readonly Kind[];

/** Tasks of such a job. */
const arrayTasks = 50;

/** Of resting orders, each with an ask of every provider and a bid of every consumer. */
const restingBlocks = 20;

/** Tasks of a large bid, the most by default; counted blocks of such bids; units of an ask that serves many of them. */
const mostTasks = 1_024;
const largeBlocks = 5;
const manyUnits = 16;

/** A block of sends and one of reveals run so often without being committed, each time the reveals' least beside them. */
const floorRuns = 30;

const fee = { denom: testDenom, amount: 3_000n };

/** So many providers and consumers with money, providers registered. */
async function marketChain(count: number): Promise<{ chain: TestChain; providers: TestAccount[]; consumers: TestAccount[] }> {
  const providers = Array.from({ length: count }, (_, i) => testAccount(`provider ${i}`));
  const consumers = Array.from({ length: count }, (_, i) => testAccount(`consumer ${i}`));
  const all = [...providers, ...consumers];
  const chain = await TestChain.start({
    checkInvariants: false,
    appState: {
      auth: { accounts: all.map((account, i) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: account.text, account_number: String(i), sequence: "0" })), params: { max_memo_characters: "256", tx_sig_limit: "7", tx_size_cost_per_byte: "10", sig_verify_cost_ed25519: "590", sig_verify_cost_secp256k1: "1000" } },
      bank: { params: { default_send_enabled: true }, balances: all.map((account) => ({ address: account.text, coins: [{ denom: testDenom, amount: "1000000000000" }] })), supply: [], denom_metadata: [], send_enabled: [] },
    },
  });
  chain.block();
  for (const { code, log } of chain.block(providers.map((one, i) => chain.sign(one, [registration(one, i, testDenom)], { fee }))).txResults) if (code !== 0) throw new Error(log);
  return { chain, providers, consumers };
}

interface Block {
  /** Milliseconds of CPU, of FinalizeBlock and Commit. */
  readonly cpu: number;
  /** Of the checks before them. */
  readonly check: number;
  /** Used by all its transactions. */
  readonly gas: number;
  /** What its writes cost by themselves. */
  readonly bare: BareWrites;
}

/** One block of them, after their checks and what is to happen `between`; throws where one fails. */
function run(chain: TestChain, writes: ReturnType<typeof watchWrites>, txs: readonly Uint8Array[], between?: () => void): Block {
  const { cpu: check } = timed(() => { for (const tx of txs) chain.machine.checkTx(tx, false); });
  between?.();
  let results: ReturnType<TestChain["execute"]>["txResults"] = [];
  const { cpu } = timed(() => (results = chain.execute(txs, 1n).txResults));
  const failed = results.find(({ code }) => code !== 0);
  if (failed !== undefined) throw new Error(failed.log);
  const bare = writes.last();
  return { cpu: cpu - bare.cpu, check, gas: results.reduce((sum, { gasUsed }) => sum + Number(gasUsed), 0), bare };
}

/** Microseconds of CPU for each transaction, of executions that are not committed. */
interface Floor {
  readonly send: number[];
  readonly reveal: number[];
  /** Of reveals that only repeat their reads, writes and events. */
  readonly least: number[];
}

/** Executes the next block again and again, what each transaction costs to `into`; with `least` in turns with the least that the reveals in it can cost. */
function repeat(chain: TestChain, writes: ReturnType<typeof watchWrites>, txs: readonly Uint8Array[], into: number[], least?: number[]): void {
  const once = (): void => void chain.machine.executeBlock(chain.request(txs));
  const cost = (): number => ((timed(once).cpu - writes.last().cpu) / txs.length) * 1_000;
  const bare = least === undefined ? undefined : floorOf(chain.machine, `/${MsgRevealResult.$type}`, once);
  for (let i = 0; i < floorRuns; i++) {
    into.push(cost());
    bare?.(() => least!.push(cost()));
  }
}

const marketTxs: Benchmark = {
  name: "market-txs",
  description: "Market transactions beside bank sends: CheckTx, FinalizeBlock + Commit, one core; the batch is in the block after the bids",
  async run({ runs, quick, progress }) {
    const count = quick ? 100 : 2_000;
    const { chain, providers, consumers } = await marketChain(count);
    const writes = watchWrites(chain.store);
    const blocks = Object.fromEntries([...kinds, "batch"].map((kind) => [kind, [] as Block[]])) as Record<Kind | "batch", Block[]>;
    let firstJob = 1n;
    const floor: Floor = { send: [], reveal: [], least: [] };
    // The first round warms up, in the last one blocks are executed again and again: neither counts.
    for (let round = 0; round <= runs + 1; round++) {
      const by = (parties: readonly TestAccount[], make: (party: TestAccount, i: number) => Any, paid: { readonly fee: typeof fee; readonly gas?: bigint } = { fee }): Uint8Array[] => parties.map((party, i) => chain.sign(party, [make(party, i)], paid));
      const last = round > runs;
      const took = (kind: Kind | "batch", txs: readonly Uint8Array[], between?: () => void): void => {
        const block = run(chain, writes, txs, last ? between : undefined);
        progress(`round ${round} of ${runs}: ${kind}, ${((block.cpu / count) * 1_000).toFixed(0)} us`);
        if (round > 0 && !last) blocks[kind].push(block);
      };
      // To those who send nothing in the block: each writes three keys of its own.
      const sends = by(consumers, (from, i) => anyOf(MsgSend, { fromAddress: from.text, toAddress: providers[i]!.text, amount: [{ denom: testDenom, amount: "1" }] }));
      took("send", sends, () => repeat(chain, writes, sends, floor.send));
      took("ask", by(providers, (provider, i) => ask(provider, i, testDenom)));
      took("bid", by(consumers, (consumer) => bid(consumer, testDenom)));
      took("batch", []);
      chain.block();
      const tasks = Array.from({ length: count }, (_, i) => taskIdOf(firstJob + BigInt(i), 0));
      firstJob += BigInt(count);
      const workers = tasks.map((task) => workerOf(chain, task, providers));
      const each = (make: (worker: TestAccount, task: bigint) => Any): Uint8Array[] => tasks.map((task, i) => chain.sign(workers[i]!, [make(workers[i]!, task)], { fee }));
      took("start", each(start));
      took("commit", each(commit));
      const reveals = each(reveal);
      took("reveal", reveals, () => repeat(chain, writes, reveals, floor.reveal, floor.least));
      chain.block([], 1n);
      run(chain, writes, by(providers, (provider, i) => ask(provider, i, testDenom)));
      run(chain, writes, by(consumers.slice(0, count / arrayTasks), (consumer) => bid(consumer, testDenom, 500n, arrayTasks), { fee: { ...fee, amount: 200_000n }, gas: 20_000_000n }));
      chain.block();
      const arrays = Array.from({ length: count }, (_, i) => taskIdOf(firstJob + BigInt(Math.floor(i / arrayTasks)), i % arrayTasks));
      firstJob += BigInt(count / arrayTasks);
      const owners = arrays.map((task) => workerOf(chain, task, providers));
      const ofArrays = (make: (worker: TestAccount, task: bigint) => Any): Uint8Array[] => arrays.map((task, i) => chain.sign(owners[i]!, [make(owners[i]!, task)], { fee }));
      run(chain, writes, ofArrays(start));
      run(chain, writes, ofArrays(commit));
      took("array_reveal", ofArrays(reveal));
      chain.block([], 1n);
    }
    // Orders that do not trade, until the book has ten times as many: the last blocks beside the first.
    const resting: Record<"ask" | "bid", Block[]> = { ask: [], bid: [] };
    for (let block = 0; block < restingBlocks; block++) {
      progress(`block ${block + 1} of ${restingBlocks} of resting orders`);
      resting.ask.push(run(chain, writes, providers.map((provider, i) => chain.sign(provider, [ask(provider, i, testDenom)], { fee }))));
      resting.bid.push(run(chain, writes, consumers.map((consumer, i) => chain.sign(consumer, [bid(consumer, testDenom, BigInt(1 + (i % 50)))], { fee }))));
    }
    // Bids of many tasks, as many as such a block of bids would have matched: first against those asks, of one unit each, then against cheaper ones of many.
    const tasks = Math.min(mostTasks, count);
    const buyers = consumers.slice(0, Math.round(count / tasks));
    const large: Record<"one" | "many", number[]> = { one: [], many: [] };
    const largeGas: number[] = [];
    for (const units of ["one", "many"] as const) {
      if (units === "many") run(chain, writes, providers.map((provider, i) => chain.sign(provider, [ask(provider, i, testDenom, { basePrice: BigInt(60 + (i % 40)), units: manyUnits })], { fee })));
      for (let block = 0; block <= largeBlocks; block++) {
        const { gas } = run(chain, writes, buyers.map((consumer) => chain.sign(consumer, [bid(consumer, testDenom, 500n, tasks)], { fee: { ...fee, amount: 200_000n }, gas: 200_000_000n })));
        const perTask = (run(chain, writes, []).cpu / (buyers.length * tasks)) * 1_000;
        progress(`block ${block} of ${largeBlocks} of bids of ${tasks} tasks on asks of ${units}: ${perTask.toFixed(0)} us a task`);
        if (block === 0) continue;
        large[units].push(perTask);
        largeGas.push(gas / buyers.length);
      }
    }
    await chain.stop();
    const grown = (kind: "ask" | "bid"): number[] => resting[kind].slice(-3).map(({ cpu }, i) => cpu / resting[kind][i + 1]!.cpu);
    const perTx = (kind: Kind | "batch"): number[] => blocks[kind].map(({ cpu }) => (cpu / count) * 1_000);
    /** Of each round, so that what is compared was measured close together. */
    const ratios = (kind: Kind, to: (send: Block, other: Block) => number, of = ({ cpu }: Block): number => cpu): number[] => blocks[kind].map((other, i) => of(other) / to(blocks.send[i]!, other));
    const whole = ({ cpu, check }: Block): number => cpu + check;
    return {
      name: "market-txs",
      figures: [
        ...kinds.flatMap((kind) => [
          figure(`${kind}_cpu_us_per_tx`, "us", perTx(kind)),
          figure(`${kind}_check_cpu_us_per_tx`, "us", blocks[kind].map(({ check }) => (check / count) * 1_000)),
        ]),
        figure("send_repeated_cpu_us", "us, of a block executed again and again", floor.send),
        figure("reveal_repeated_cpu_us", "us, of a block executed again and again", floor.reveal),
        figure("reveal_least_cpu_us", "us, of the same block, its reads, writes and events alone", floor.least),
        figure("batch_cpu_us_per_match", "us", perTx("batch")),
        figure("batch_to_send", "times a bank send", blocks.batch.map(({ cpu }, i) => cpu / blocks.send[i]!.cpu)),
        figure("batch_large_cpu_us_per_match", `us, of bids of ${tasks} tasks on asks of one unit`, large.one),
        figure("batch_many_cpu_us_per_match", `us, of bids of ${tasks} tasks on asks of ${manyUnits}`, large.many),
        figure("bid_large_gas", `gas, of a bid of ${tasks} tasks`, largeGas),
        ...kinds.map((kind) => figure(`${kind}_gas`, "gas", blocks[kind].map(({ gas }) => gas / count))),
        ...kinds.slice(1).flatMap((kind) => [
          figure(`${kind}_to_send`, "times a bank send", ratios(kind, (send) => send.cpu)),
          figure(`${kind}_whole_to_send`, "times a bank send, checks included", ratios(kind, whole, whole)),
          figure(`${kind}_to_limit`, "times a bank send with its writes", ratios(kind, (send, other) => send.cpu - send.bare.cpu + other.bare.cpu)),
        ]),
        figure("round_whole_to_send", "times a bank send, checks included: the mean of the five messages of a round", blocks.send.map((send, i) => ofRound.reduce((sum, kind) => sum + whole(blocks[kind][i]!), 0) / ofRound.length / whole(send))),
        figure("ask_growth", `of ${restingBlocks * count} orders on either side to the first`, grown("ask")),
        figure("bid_growth", `of ${restingBlocks * count} orders on either side to the first`, grown("bid")),
        ...[...kinds, "batch" as const].flatMap((kind) => [
          figure(`${kind}_keys`, "keys written", blocks[kind].map(({ bare: { keys } }) => keys / count)),
          figure(`${kind}_bytes`, "bytes written", blocks[kind].map(({ bare: { bytes } }) => bytes / count)),
          figure(`${kind}_writes_cpu_us`, "us, of its writes alone", blocks[kind].map((block) => (block.bare.cpu / count) * 1_000)),
        ]),
      ],
      configuration: { transactions: count, parties: 2 * count, runs },
      versions: machine(),
    };
  },
};

const byText = new Map<string, TestAccount>();

function workerOf(chain: TestChain, taskId: bigint, providers: readonly TestAccount[]): TestAccount {
  if (byText.size === 0) for (const one of providers) byText.set(one.text, one);
  const { task } = QueryTaskResponse.decode(chain.machine.query("/dcm.market.v1.Query/Task", QueryTaskRequest.encode({ taskId }).finish()));
  const worker = byText.get(task!.replicas[0]?.provider ?? "");
  if (worker === undefined) throw new Error(`task ${taskId} is not assigned`);
  return worker;
}

export default marketTxs;
