/** CheckTx of signed bank sends, and the recheck of the same after a block. */
import { figure, machine, type Benchmark } from "./benchmark.ts";
import { sendChain, senders, timed, type Time } from "./bank-sends.ts";
import { startPeerChain } from "./peer/driver.ts";
import { obtainPeer } from "./peer/obtain.ts";

const benchmark: Benchmark = {
  name: "check-tx",
  description: "CheckTx and recheck of 10,000 signed bank sends in process, one core",
  hasPeer: true,
  async run({ runs, quick, peer: beside, progress }) {
    const count = quick ? 1_000 : 10_000;
    const { chain, sends } = await sendChain();
    const times = { check: [] as Time[], recheck: [] as Time[] };
    const peerTimes = { check: [] as Time[], recheck: [] as Time[] };
    const peer = beside ? await obtainPeer(progress) : undefined;
    const peerChain = peer === undefined ? undefined : await startPeerChain(peer, senders, count * (runs + 1));
    for (let round = 0; round <= runs; round++) {
      progress(`round ${round} of ${runs}: signing ${count} transactions`);
      const txs = sends(count);
      let failed = 0;
      const count1 = (again: boolean): void => {
        for (const tx of txs) if (chain.machine.checkTx(tx, again).code !== 0) failed++;
      };
      const first = timed(() => count1(false));
      chain.block();
      const second = timed(() => count1(true));
      if (failed > 0) throw new Error(`${failed} checks failed`);
      chain.block(txs);
      if (round > 0) {
        times.check.push(first);
        times.recheck.push(second);
      }
      if (peerChain === undefined) continue;
      progress(`round ${round} of ${runs}: the peer`);
      const peerFirst = await peerChain.check(count, false);
      await peerChain.block(0);
      const peerSecond = await peerChain.check(count, true);
      await peerChain.block(count);
      if (round > 0) {
        peerTimes.check.push(peerFirst);
        peerTimes.recheck.push(peerSecond);
      }
    }
    await peerChain?.close();
    await chain.stop();
    return {
      name: "check-tx",
      figures: (["check", "recheck"] as const).flatMap((kind) => [
        figure(`${kind}_tx_per_s`, "tx/s", times[kind].map(({ wall }) => (count / wall) * 1_000)),
        figure(`${kind}_us_per_tx`, "us", times[kind].map(({ wall }) => (wall / count) * 1_000)),
        figure(`${kind}_cpu_us_per_tx`, "us", times[kind].map(({ cpu }) => (cpu / count) * 1_000)),
        ...(peer === undefined ? [] : [
          figure(`peer_${kind}_tx_per_s`, "tx/s", peerTimes[kind].map(({ wall }) => (count / wall) * 1_000)),
          figure(`peer_${kind}_cpu_us_per_tx`, "us", peerTimes[kind].map(({ cpu }) => (cpu / count) * 1_000)),
          figure(`of_peer_${kind}`, "ratio", times[kind].map(({ wall }, i) => peerTimes[kind][i]!.wall / wall)),
        ]),
      ]),
      configuration: { transactions: count, senders, runs },
      versions: { ...machine(), ...peer?.versions },
    };
  },
};
export default benchmark;
