/** Blocks of staking messages over many delegations, in process: messages, the end of the block, tree and commit apart. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressText, prefixes } from "../chain/codec/address.ts";
import { utf8 } from "../chain/codec/bytes.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { encodePubKey } from "../chain/codec/pubkey.ts";
import { execute, transact } from "../chain/runtime/testing.ts";
import { MultiStore } from "../chain/store/multistore.ts";
import { StoresOverlay } from "../chain/store/overlay.ts";
import { accountOf, denom, StakeChain, validatorOf } from "../test/support/stake.ts";
import { type Benchmark, figure, machine } from "./benchmark.ts";

const perBlock = 500;
const day = 86_400n;

/** One chain whose state lies in a real store, block by block. */
class Blocks {
  readonly #chain: StakeChain;
  readonly #store: MultiStore;

  constructor(chain: StakeChain, store: MultiStore) {
    this.#chain = chain;
    this.#store = store;
  }

  /** Milliseconds of the messages, of the end of the block, and of tree and commit. */
  run(messages: readonly (readonly [string, object])[], seconds = 5n): { readonly messages: number; readonly end: number; readonly commit: number } {
    const { modules, block } = this.#chain;
    const stores = new StoresOverlay(this.#store.latest(), { remember: true });
    const marks = [performance.now()];
    for (const [name, message] of messages) execute(stores, modules, `/cosmos.staking.v1beta1.Msg${name}`, message, { ...block, gasLimit: 100_000_000 });
    marks.push(performance.now());
    transact(stores, (ctx) => { for (const module of modules) module.validatorUpdates?.(ctx); }, { ...block, mode: "block" });
    marks.push(performance.now());
    this.#store.prepare(Number(this.#chain.height) + 1, stores);
    this.#store.commit();
    marks.push(performance.now());
    this.#chain.height++;
    this.#chain.clock += seconds;
    return { messages: marks[1]! - marks[0]!, end: marks[2]! - marks[1]!, commit: marks[3]! - marks[2]! };
  }
}

const staking: Benchmark = {
  name: "staking",
  description: "blocks of delegations and undelegations over many, and what comes due",

  async run({ runs, quick, progress }) {
    const validators = quick ? 20 : 200;
    const delegations = quick ? 2_000 : 100_000;
    const operator = (i: number): string => addressText(accountOf(1 + (i % validators)), prefixes.validator);
    const delegator = (i: number): string => addressText(accountOf(1 + validators + (i % delegations)));
    const move = (i: number, amount: number): object => ({ delegatorAddress: delegator(i), validatorAddress: operator(i), amount: { denom, amount: String(amount) } });
    const chain = new StakeChain({ accounts: validators + delegations + 1, params: { maxValidators: validators, historicalEntries: 100, maxEntries: 1_000 } });
    for (let i = 0; i < validators; i++) {
      const pubkey = encodePubKey({ kind: "ed25519", key: sha256(utf8(`validator ${i}`)) });
      chain.run("CreateValidator", { ...validatorOf(1), validatorAddress: operator(i), pubkey, value: { denom, amount: String(1_000_000 * (i + 5)) } });
    }
    progress(`${delegations} delegations`);
    for (let i = 0; i < delegations; i++) chain.run("Delegate", move(i, 1_000_000));
    const directory = mkdtempSync(join(tmpdir(), "dcm-bench-staking-"));
    const store = await MultiStore.open({ directory, stores: chain.modules.flatMap((module) => module.stores) });
    try {
      store.prepare(1, chain.stores);
      store.commit();
      const blocks = new Blocks(chain, store);
      blocks.run([]);
      const idle: number[] = [];
      const one: number[] = [];
      const delegate: number[] = [];
      const undelegate: number[] = [];
      const all: number[] = [];
      const commit: number[] = [];
      const due: number[] = [];
      for (let run = -1; run < runs; run++) {
        const at = Array.from({ length: perBlock }, (_, i) => (run + 1) * perBlock + i);
        const measured = [
          blocks.run([]), blocks.run([["Delegate", move(run + 2, 3_000_000)]]), blocks.run(at.map((i) => ["Delegate", move(i, 3_000_000)])), blocks.run(at.map((i) => ["Undelegate", move(i, 2_000_000)]), 22n * day), blocks.run([]),
        ] as const;
        if (run < 0) continue;
        const [nothing, single, delegated, undelegated, paid] = measured;
        idle.push(nothing.end);
        one.push(single.end);
        delegate.push((delegated.messages * 1_000) / perBlock);
        all.push(delegated.end);
        commit.push(delegated.commit);
        undelegate.push((undelegated.messages * 1_000) / perBlock);
        due.push(paid.end);
      }
      return {
        name: "staking",
        figures: [
          figure("delegate_us", "us", delegate), figure("undelegate_us", "us", undelegate), figure("end_idle_ms", "ms", idle), figure("end_one_changed_ms", "ms", one), figure("end_many_changed_ms", "ms", all),
          figure("end_due_ms", "ms", due), figure("commit_ms", "ms", commit),
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

export default staking;
