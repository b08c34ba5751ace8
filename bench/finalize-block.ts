/** FinalizeBlock and Commit of 10,000 bank sends in process: seen by CheckTx before (warm), and never seen (cold). */
import { figure, machine, type Benchmark } from "./benchmark.ts";
import { sendChain, timed } from "./bank-sends.ts";

const benchmark: Benchmark = {
  name: "finalize-block",
  description: "FinalizeBlock + Commit of 10,000 signed bank sends in process, one core",
  async run({ runs, quick, progress }) {
    const count = quick ? 1_000 : 10_000;
    const { chain, sends } = await sendChain();
    const rates = { warm: [] as number[], cold: [] as number[] };
    // The first round warms the engine up and is not counted.
    for (let round = 0; round <= runs; round++) {
      for (const kind of ["warm", "cold"] as const) {
        progress(`round ${round} of ${runs}, ${kind}: signing ${count} transactions`);
        const txs = sends(count);
        if (kind === "warm") for (const tx of txs) chain.machine.checkTx(tx, false);
        let failed = 0;
        const ms = timed(() => (failed = chain.block(txs).txResults.filter((result) => result.code !== 0).length));
        if (failed > 0) throw new Error(`${failed} transactions failed`);
        if (round > 0) rates[kind].push((count / ms) * 1000);
      }
    }
    await chain.stop();
    return {
      name: "finalize-block",
      figures: [figure("warm_tx_per_s", "tx/s", rates.warm), figure("cold_tx_per_s", "tx/s", rates.cold), figure("warm_us_per_tx", "us", rates.warm.map((r) => 1e6 / r))],
      configuration: { transactions: count, senders: 1_000, runs },
      versions: machine(),
    };
  },
};
export default benchmark;
