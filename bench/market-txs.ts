/**
 * Market transactions beside bank sends, in one process and run: what FinalizeBlock and Commit take for one of each kind, seen by CheckTx before,
 * the hooks at the block's end (clearing, leases, draws) included.
 */
import { MsgSend } from "../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { QueryTaskRequest, QueryTaskResponse } from "../chain/codec/gen/dcm/market/v1/query.ts";
import type { Any } from "../chain/codec/gen/google/protobuf/any.ts";
import { taskIdOf } from "../chain/modules/market/state.ts";
import { anyOf, testAccount, type TestAccount } from "../test/support/accounts.ts";
import { TestChain, testDenom } from "../test/support/chain.ts";
import { timed, type Time } from "./bank-sends.ts";
import { figure, machine, type Benchmark } from "./benchmark.ts";
import { ask, bid, commit, registration, reveal, start } from "./market-messages.ts";

const kinds = ["send", "ask", "bid", "start", "commit", "reveal"] as const;
type Kind = (typeof kinds)[number];

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
  run(chain, providers.map((one, i) => chain.sign(one, [registration(one, i, testDenom)], { fee })));
  return { chain, providers, consumers };
}

/** One block of them, after their checks; throws where one fails. */
function run(chain: TestChain, txs: readonly Uint8Array[]): Time {
  for (const tx of txs) chain.machine.checkTx(tx, false);
  let failed: string | undefined;
  const time = timed(() => (failed = chain.execute(txs, 1n).txResults.find(({ code }) => code !== 0)?.log));
  if (failed !== undefined) throw new Error(failed);
  return time;
}

const marketTxs: Benchmark = {
  name: "market-txs",
  description: "Market transactions beside bank sends: FinalizeBlock + Commit, warm, one core; the batch is in the block after the bids",
  async run({ runs, quick, progress }) {
    const count = quick ? 100 : 2_000;
    const { chain, providers, consumers } = await marketChain(count);
    const times = Object.fromEntries([...kinds, "batch"].map((kind) => [kind, [] as Time[]])) as Record<Kind | "batch", Time[]>;
    let firstJob = 1n;
    for (let round = 0; round <= runs; round++) {
      const by = (parties: readonly TestAccount[], make: (party: TestAccount, i: number) => Any): Uint8Array[] => parties.map((party, i) => chain.sign(party, [make(party, i)], { fee }));
      const took = (kind: Kind | "batch", time: Time): void => {
        progress(`round ${round} of ${runs}: ${kind}, ${((time.cpu / count) * 1_000).toFixed(0)} us`);
        if (round > 0) times[kind].push(time);
      };
      took("send", run(chain, by(consumers, (from, i) => anyOf(MsgSend, { fromAddress: from.text, toAddress: consumers[(i + 1) % count]!.text, amount: [{ denom: testDenom, amount: "1" }] }))));
      took("ask", run(chain, by(providers, (provider, i) => ask(provider, i, testDenom))));
      took("bid", run(chain, by(consumers, (consumer) => bid(consumer, testDenom))));
      took("batch", run(chain, []));
      chain.block();
      const tasks = Array.from({ length: count }, (_, i) => taskIdOf(firstJob + BigInt(i), 0));
      firstJob += BigInt(count);
      const workers = tasks.map((task) => workerOf(chain, task, providers));
      const each = (make: (worker: TestAccount, task: bigint) => Any): Uint8Array[] => tasks.map((task, i) => chain.sign(workers[i]!, [make(workers[i]!, task)], { fee }));
      took("start", run(chain, each(start)));
      took("commit", run(chain, each(commit)));
      took("reveal", run(chain, each(reveal)));
      chain.block([], 10n);
    }
    await chain.stop();
    const perTx = (kind: Kind | "batch"): number[] => times[kind].map(({ cpu }) => (cpu / count) * 1_000);
    const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
    return {
      name: "market-txs",
      figures: [
        ...kinds.map((kind) => figure(`${kind}_cpu_us_per_tx`, "us", perTx(kind))),
        figure("batch_cpu_us_per_match", "us", perTx("batch")),
        ...kinds.slice(1).map((kind) => figure(`${kind}_to_send`, "times a bank send", [middle(perTx(kind)) / middle(perTx("send"))])),
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
