/**
 * FinalizeBlock and Commit of 10,000 bank sends in process, as the node makes them: seen by CheckTx before (warm), never seen (cold), and never
 * seen but with their signatures verified ahead on all cores, as a node that catches up does (cold_pool). Beside them what one verification costs.
 */
import { availableParallelism } from "node:os";
import { verifySecp256k1 } from "../chain/codec/secp256k1.ts";
import { prefetcher } from "../chain/node/prefetch.ts";
import type { Machine } from "../chain/runtime/machine.ts";
import { figure, machine, type Benchmark } from "./benchmark.ts";
import { sendChain, timed, timedAsync, type Time } from "./bank-sends.ts";

const benchmark: Benchmark = {
  name: "finalize-block",
  description: "FinalizeBlock + Commit of 10,000 signed bank sends in process, one core",
  async run({ runs, quick, progress }) {
    const count = quick ? 1_000 : 10_000;
    const { chain, sends } = await sendChain();
    const times = { warm: [] as Time[], cold: [] as Time[], cold_pool: [] as Time[] };
    const verify: number[] = [];
    const prefetch = prefetcher(chain.machine);
    // The first round warms the engine up and is not counted.
    for (let round = 0; round <= runs; round++) {
      for (const kind of ["warm", "cold", "cold_pool"] as const) {
        progress(`round ${round} of ${runs}, ${kind}: signing ${count} transactions`);
        const txs = sends(count);
        if (kind === "warm") for (const tx of txs) chain.machine.checkTx(tx, false);
        let failed = 0;
        const run = (): void => void (failed = chain.execute(txs).txResults.filter((result) => result.code !== 0).length);
        const time = kind === "cold_pool" ? await timedAsync(() => prefetch(txs).then(run)) : timed(run);
        if (failed > 0) throw new Error(`${failed} transactions failed`);
        if (round === 0) continue;
        times[kind].push(time);
        if (kind === "cold") verify.push(verification(chain.machine, txs.slice(0, 2_000)));
      }
    }
    await prefetch.close();
    await chain.stop();
    return {
      name: "finalize-block",
      figures: [
        ...(["warm", "cold", "cold_pool"] as const).flatMap((kind) => [
          figure(`${kind}_tx_per_s`, "tx/s", times[kind].map(({ wall }) => (count / wall) * 1_000)),
          figure(`${kind}_us_per_tx`, "us", times[kind].map(({ wall }) => (wall / count) * 1_000)),
          figure(`${kind}_cpu_us_per_tx`, "us", times[kind].map(({ cpu }) => (cpu / count) * 1_000)),
        ]),
        figure("verify_us", "us", verify),
      ],
      configuration: { transactions: count, senders: 1_000, pool_threads: availableParallelism(), runs },
      versions: machine(),
    };
  },
};
export default benchmark;

/** Microseconds of CPU for one verification of a transaction's signature, its hash at hand. */
function verification(machine: Machine, txs: readonly Uint8Array[]): number {
  const claims = machine.unverified(txs);
  const { cpu } = timed(() => {
    for (const { pubkey, messageHash, signature } of claims) if (!verifySecp256k1(pubkey, messageHash, signature)) throw new Error("a signature does not verify");
  });
  return (cpu / claims.length) * 1_000;
}
