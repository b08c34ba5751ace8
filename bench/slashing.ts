/** The beginning of a block with the votes of 200 validators over a real store: who signed, who did not, who is punished. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "../chain/codec/bytes.ts";
import { Dec } from "../chain/math/dec.ts";
import { transact } from "../chain/runtime/testing.ts";
import { MultiStore } from "../chain/store/multistore.ts";
import { StoresOverlay } from "../chain/store/overlay.ts";
import { SlashChain } from "../test/support/slash.ts";
import { type Benchmark, figure, machine } from "./benchmark.ts";

const window = 40;

/** One chain whose state lies in a real store, block by block. */
class Blocks {
  readonly #chain: SlashChain;
  readonly #store: MultiStore;

  constructor(chain: SlashChain, store: MultiStore) {
    this.#chain = chain;
    this.#store = store;
  }

  /** Milliseconds of the beginning of a block whose last commit lacks these validators, and of tree and commit. */
  run(absent: readonly number[]): { readonly begin: number; readonly commit: number; readonly punished: number } {
    const chain = this.#chain;
    chain.height++;
    const lastCommit = chain.commit(absent);
    const stores = new StoresOverlay(this.#store.latest(), { remember: true });
    const slashing = chain.modules.find(({ name }) => name === "slashing")!;
    const start = performance.now();
    const { events } = transact(stores, (ctx) => slashing.beginBlock!(ctx, { lastCommit, misbehavior: [] }), { ...chain.block, mode: "block" });
    const begun = performance.now();
    this.#store.prepare(Number(chain.height), stores);
    this.#store.commit();
    return { begin: begun - start, commit: performance.now() - begun, punished: events.filter(({ type }) => type === "slash").length };
  }
}

const slashing: Benchmark = {
  name: "slashing",
  description: "the beginning of blocks with the votes of many validators",

  async run({ runs, quick, progress }) {
    const validators = quick ? 20 : 200;
    const third = Array.from({ length: validators }, (_, i) => i + 1).filter((i) => i > 5 && i % 3 === 0);
    const figures = { signed: [] as number[], signedCommit: [] as number[], one: [] as number[], third: [] as number[], thirdCommit: [] as number[], jailed: [] as number[], jailedCommit: [] as number[] };
    for (let run = -1; run < runs; run++) {
      progress(`chain ${run + 2} of ${runs + 1}`);
      const chain = new SlashChain({
        accounts: validators, powers: Array.from({ length: validators }, (_, i) => 1_000 + i), params: { maxValidators: validators },
        slashing: { signedBlocksWindow: BigInt(window), minSignedPerWindow: utf8(Dec.parse("0.5").toProto()) },
      });
      const directory = mkdtempSync(join(tmpdir(), "dcm-bench-slashing-"));
      const store = await MultiStore.open({ directory, stores: chain.modules.flatMap((module) => module.stores) });
      try {
        store.prepare(1, chain.stores);
        store.commit();
        const blocks = new Blocks(chain, store);
        const keep = ({ begin, commit }: { begin: number; commit: number }, begins: number[], commits?: number[]): void => {
          if (run < 0) return;
          begins.push(begin);
          commits?.push(commit);
        };
        blocks.run([]);
        for (let i = 0; i < window - 2; i++) keep(blocks.run([]), figures.signed, figures.signedCommit);
        for (let i = 0; i < 5; i++) keep(blocks.run([1 + i]), figures.one);
        // More than half of the window: the last of these blocks is one too many.
        for (let i = 0; i < window / 2; i++) keep(blocks.run(third), figures.third, figures.thirdCommit);
        const last = blocks.run(third);
        if (last.punished !== third.length) throw new Error(`${last.punished} validators were punished, not ${third.length}`);
        keep(last, figures.jailed, figures.jailedCommit);
      } finally {
        await store.close();
        rmSync(directory, { recursive: true, force: true });
      }
    }
    return {
      name: "slashing",
      figures: [
        figure("begin_signed_ms", "ms", figures.signed), figure("begin_one_missed_ms", "ms", figures.one), figure("begin_third_missed_ms", "ms", figures.third), figure("begin_third_jailed_ms", "ms", figures.jailed),
        figure("commit_signed_ms", "ms", figures.signedCommit), figure("commit_third_missed_ms", "ms", figures.thirdCommit), figure("commit_third_jailed_ms", "ms", figures.jailedCommit),
      ],
      configuration: { validators, third: third.length, window },
      versions: machine(),
    };
  },
};

export default slashing;
