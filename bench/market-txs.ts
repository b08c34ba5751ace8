/**
 * Market transactions beside bank sends, in one process and run: what FinalizeBlock and Commit take for one of each kind, seen by CheckTx before,
 * the hooks at the block's end (clearing, leases, draws) included.
 */
import { MsgSend } from "../chain/codec/gen/cosmos/bank/v1beta1/tx.ts";
import { Comparator, Term, TimeInForce, VerificationLevel, type Result } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgCommitResult, MsgPlaceAsk, MsgPlaceBid, MsgRevealResult, MsgStartTask } from "../chain/codec/gen/dcm/market/v1/tx.ts";
import { MsgRegisterProvider } from "../chain/codec/gen/dcm/staking/v1/tx.ts";
import { QueryTaskRequest, QueryTaskResponse } from "../chain/codec/gen/dcm/market/v1/query.ts";
import { utf8 } from "../chain/codec/bytes.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { commitmentOf } from "../chain/modules/market/commitment.ts";
import { taskIdOf } from "../chain/modules/market/state.ts";
import { anyOf, testAccount, type TestAccount } from "../test/support/accounts.ts";
import { TestChain, testDenom } from "../test/support/chain.ts";
import { timed, type Time } from "./bank-sends.ts";
import { figure, machine, type Benchmark } from "./benchmark.ts";

const classId = "wasm.core";
const kinds = ["send", "ask", "bid", "start", "commit", "reveal"] as const;
type Kind = (typeof kinds)[number];

const salt = sha256(utf8("salt"));
const result: Result = { digest: sha256(utf8("result")), size: 10n, meter: 1_000_000_000n, blob: { digest: sha256(utf8("blob")), size: 10n }, url: "http://127.0.0.1:1" };
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
  const key = Uint8Array.of(9, ...new Uint8Array(31));
  const profile = (i: number): MsgRegisterProvider["profile"] => ({ moniker: `p${i}`, endpoints: ["http://127.0.0.1:1"], encryptionKey: key, attributes: [], organization: "" });
  run(chain, providers.map((one, i) => chain.sign(one, [anyOf(MsgRegisterProvider, { operator: one.text, profile: profile(i), bond: { denom: testDenom, amount: "100000000000" } })], { fee })));
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
      const by = (parties: readonly TestAccount[], make: (party: TestAccount, i: number) => Parameters<typeof anyOf>): Uint8Array[] =>
        parties.map((party, i) => chain.sign(party, [anyOf(...make(party, i))], { fee }));
      const took = (kind: Kind | "batch", time: Time): void => {
        progress(`round ${round} of ${runs}: ${kind}, ${((time.cpu / count) * 1_000).toFixed(0)} us`);
        if (round > 0) times[kind].push(time);
      };
      took("send", run(chain, by(consumers, (from, i) => [MsgSend, { fromAddress: from.text, toAddress: consumers[(i + 1) % count]!.text, amount: [{ denom: testDenom, amount: "1" }] }])));
      took("ask", run(chain, by(providers, (provider, i) => [MsgPlaceAsk, MsgPlaceAsk.fromPartial({ provider: provider.text, classId, quoteDenom: testDenom, basePrice: BigInt(100 + (i % 50)), units: 1 })])));
      took("bid", run(chain, by(consumers, (consumer) => [MsgPlaceBid, MsgPlaceBid.fromPartial({
        consumer: consumer.text, classId, quoteDenom: testDenom, limitPrice: 500n, lots: 1n, timeInForce: TimeInForce.TIME_IN_FORCE_GTT, term: Term.TERM_SPOT,
        verification: VerificationLevel.VERIFICATION_LEVEL_V0_NONE, comparator: Comparator.COMPARATOR_EXACT, risk: "0",
        job: { program: { digest: salt, size: 100n }, tasks: 1, inputRoot: salt, manifest: { digest: salt, size: 100n }, dataUrls: ["http://127.0.0.1:1"], duration: 60_000n, maxResultSize: 1_000n },
      })])));
      took("batch", run(chain, []));
      chain.block();
      const tasks = Array.from({ length: count }, (_, i) => taskIdOf(firstJob + BigInt(i), 0));
      firstJob += BigInt(count);
      const workers = tasks.map((task) => workerOf(chain, task, providers));
      const each = (make: (worker: TestAccount, task: bigint) => Parameters<typeof anyOf>): Uint8Array[] => tasks.map((task, i) => chain.sign(workers[i]!, [anyOf(...make(workers[i]!, task))], { fee }));
      took("start", run(chain, each((worker, taskId) => [MsgStartTask, { worker: worker.text, provider: worker.text, taskId }])));
      took("commit", run(chain, each((worker, taskId) => [MsgCommitResult, { worker: worker.text, provider: worker.text, taskId, commitment: commitmentOf(worker.address, taskId, result, salt) }])));
      took("reveal", run(chain, each((worker, taskId) => [MsgRevealResult, { worker: worker.text, provider: worker.text, taskId, result, salt }])));
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
