/** The beginning of a block that shares fees among 200 validators over many delegations, and what a delegation and a withdrawal cost with rewards; over a real store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressText } from "../chain/codec/address.ts";
import { execute, transact } from "../chain/runtime/testing.ts";
import { MultiStore } from "../chain/store/multistore.ts";
import { StoresOverlay } from "../chain/store/overlay.ts";
import { RewardsChain } from "../test/support/rewards.ts";
import { accountOf, consensus, denom, valoper } from "../test/support/stake.ts";
import { type Benchmark, figure, machine } from "./benchmark.ts";

const perBlock = 500;

/** One chain whose state lies in a real store, block by block. */
class Blocks {
  readonly #chain: RewardsChain;
  readonly #store: MultiStore;
  readonly #votes: readonly { readonly validator: { readonly address: Uint8Array; readonly power: bigint }; readonly blockIdFlag: 2 }[];

  constructor(chain: RewardsChain, store: MultiStore, validators: number) {
    this.#chain = chain;
    this.#store = store;
    this.#votes = Array.from({ length: validators }, (_, i) => ({ validator: { address: consensus(i + 1), power: 500n + BigInt(i) }, blockIdFlag: 2 }));
  }

  /** Milliseconds of the beginning, of the messages, and of tree and commit; gas of the last message. */
  run(messages: readonly (readonly [string, object])[]): { readonly begin: number; readonly messages: number; readonly commit: number; readonly gas: bigint } {
    const chain = this.#chain;
    chain.height++;
    const stores = new StoresOverlay(this.#store.latest(), { remember: true });
    const distribution = chain.modules.find(({ name }) => name === "distribution")!;
    const marks = [performance.now()];
    transact(stores, (ctx) => distribution.beginBlock!(ctx, { lastCommit: { round: 0, votes: [...this.#votes] }, misbehavior: [] }), { ...chain.block, mode: "block" });
    marks.push(performance.now());
    let gas = 0n;
    for (const [typeUrl, message] of messages) gas = BigInt(execute(stores, chain.modules, typeUrl, message, { ...chain.block, gasLimit: 100_000_000 }).gasUsed);
    marks.push(performance.now());
    transact(stores, (ctx) => { chain.collect(ctx, [{ denom, amount: 1_000_003n }]); }, { ...chain.block, mode: "block" });
    const before = performance.now();
    this.#store.prepare(Number(chain.height), stores);
    this.#store.commit();
    return { begin: marks[1]! - marks[0]!, messages: marks[2]! - marks[1]!, commit: performance.now() - before, gas };
  }
}

const distribution: Benchmark = {
  name: "distribution",
  description: "fees shared among many validators, and messages that pay rewards",

  async run({ runs, quick, progress }) {
    const validators = quick ? 20 : 200;
    const delegations = quick ? 2_000 : 100_000;
    const delegator = (i: number): string => addressText(accountOf(1_000 + (i % delegations)));
    const validator = (i: number): string => valoper(1 + (i % validators));
    const chain = new RewardsChain({ accounts: 1_000 + delegations, params: { maxValidators: validators, historicalEntries: 0 } });
    for (let i = 1; i <= validators; i++) chain.create(i, 500_000_000);
    progress(`${delegations} delegations`);
    for (let i = 0; i < delegations; i++) chain.run("Delegate", { delegatorAddress: delegator(i), validatorAddress: validator(i), amount: { denom, amount: "1000000" } }, "staking");
    const directory = mkdtempSync(join(tmpdir(), "dcm-bench-distribution-"));
    const store = await MultiStore.open({ directory, stores: chain.modules.flatMap((module) => module.stores) });
    try {
      store.prepare(1, chain.stores);
      store.commit();
      const blocks = new Blocks(chain, store, validators);
      const withdraw = (i: number): readonly [string, object] => ["/cosmos.distribution.v1beta1.MsgWithdrawDelegatorReward", { delegatorAddress: delegator(i), validatorAddress: validator(i) }];
      const delegate = (i: number): readonly [string, object] => ["/cosmos.staking.v1beta1.MsgDelegate", { delegatorAddress: delegator(i), validatorAddress: validator(i), amount: { denom, amount: "1000000" } }];
      const figures = { begin: [] as number[], commit: [] as number[], withdraw: [] as number[], delegate: [] as number[], withdrawGas: [] as number[], delegateGas: [] as number[] };
      blocks.run([]);
      for (let run = -1; run < runs; run++) {
        const at = Array.from({ length: perBlock }, (_, i) => (run + 1) * perBlock + i);
        const [shared, withdrawn, delegated] = [blocks.run([]), blocks.run(at.map(withdraw)), blocks.run(at.map(delegate))];
        if (run < 0) continue;
        figures.begin.push(shared.begin);
        figures.commit.push(shared.commit);
        figures.withdraw.push((withdrawn.messages * 1_000) / perBlock);
        figures.delegate.push((delegated.messages * 1_000) / perBlock);
        figures.withdrawGas.push(Number(withdrawn.gas));
        figures.delegateGas.push(Number(delegated.gas));
      }
      return {
        name: "distribution",
        figures: [
          figure("begin_ms", "ms", figures.begin), figure("commit_ms", "ms", figures.commit), figure("withdraw_us", "us", figures.withdraw), figure("delegate_us", "us", figures.delegate),
          figure("withdraw_gas", "gas", figures.withdrawGas), figure("delegate_gas", "gas", figures.delegateGas),
        ],
        configuration: { validators, delegations, per_block: perBlock },
        versions: machine(),
      };
    } finally {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

export default distribution;
