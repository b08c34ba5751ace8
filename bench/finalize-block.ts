/** FinalizeBlock and Commit of 10,000 bank sends in process, as the node makes them: seen by CheckTx before (warm), and never seen (cold). */
import { figure, machine, type Benchmark } from "./benchmark.ts";
import { sendChain, timed, type Time } from "./bank-sends.ts";

const benchmark: Benchmark = {
  name: "finalize-block",
  description: "FinalizeBlock + Commit of 10,000 signed bank sends in process, one core",
  async run({ runs, quick, progress }) {
    const count = quick ? 1_000 : 10_000;
    const { chain, sends } = await sendChain();
    const times = { warm: [] as Time[], cold: [] as Time[] };
    // The first round warms the engine up and is not counted.
    for (let round = 0; round <= runs; round++) {
      for (const kind of ["warm", "cold"] as const) {
        progress(`round ${round} of ${runs}, ${kind}: signing ${count} transactions`);
        const txs = sends(count);
        if (kind === "warm") for (const tx of txs) chain.machine.checkTx(tx, false);
        let failed = 0;
        const time = timed(() => (failed = chain.execute(txs).txResults.filter((result) => result.code !== 0).length));
        if (failed > 0) throw new Error(`${failed} transactions failed`);
        if (round > 0) times[kind].push(time);
      }
    }
    await chain.stop();
    return {
      name: "finalize-block",
      figures: (["warm", "cold"] as const).flatMap((kind) => [
        figure(`${kind}_tx_per_s`, "tx/s", times[kind].map(({ wall }) => (count / wall) * 1_000)),
        figure(`${kind}_us_per_tx`, "us", times[kind].map(({ wall }) => (wall / count) * 1_000)),
        figure(`${kind}_cpu_us_per_tx`, "us", times[kind].map(({ cpu }) => (cpu / count) * 1_000)),
      ]),
      configuration: { transactions: count, senders: 1_000, runs },
      versions: machine(),
    };
  },
};
export default benchmark;
