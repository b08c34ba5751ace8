/**
 * FinalizeBlock and Commit of 10,000 bank sends in process, as the node makes them: seen by CheckTx before (warm), never seen (cold), and never
 * seen but with their signatures verified ahead on all cores, as a node that catches up does (cold_pool). Beside them what one verification costs.
 */
import { availableParallelism } from "node:os";
import { verifySecp256k1 } from "../chain/codec/secp256k1.ts";
import { prefetcher } from "../chain/node/prefetch.ts";
import type { Machine } from "../chain/runtime/machine.ts";
import { figure, machine, type Benchmark } from "./benchmark.ts";
import { sendChain, senders, timed, timedAsync, type Time } from "./bank-sends.ts";
import { startPeerChain } from "./peer/driver.ts";
import { obtainPeer } from "./peer/obtain.ts";

const benchmark: Benchmark = {
  name: "finalize-block",
  description: "FinalizeBlock + Commit of 10,000 signed bank sends in process, one core",
  hasPeer: true,
  async run({ runs, quick, peer: beside, progress }) {
    const count = quick ? 1_000 : 10_000;
    const { chain, sends } = await sendChain();
    const times = { warm: [] as Time[], cold: [] as Time[], cold_pool: [] as Time[] };
    const peerTimes = { warm: [] as Time[], cold: [] as Time[] };
    const verify: number[] = [];
    const peer = beside ? await obtainPeer(progress) : undefined;
    const peerChain = peer === undefined ? undefined : await startPeerChain(peer, senders, 2 * count * (runs + 1));
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
        if (peerChain !== undefined && kind !== "cold_pool") {
          progress(`round ${round} of ${runs}, ${kind}: the peer`);
          if (kind === "warm") await peerChain.check(count, false);
          const peerTime = await peerChain.block(count);
          if (round > 0) peerTimes[kind].push(peerTime);
        }
        if (round === 0) continue;
        times[kind].push(time);
        if (kind === "cold") verify.push(verification(chain.machine, txs.slice(0, 2_000)));
      }
    }
    await peerChain?.close();
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
        ...(peer === undefined ? [] : (["warm", "cold"] as const)).flatMap((kind) => [
          figure(`peer_${kind}_tx_per_s`, "tx/s", peerTimes[kind].map(({ wall }) => (count / wall) * 1_000)),
          figure(`peer_${kind}_cpu_us_per_tx`, "us", peerTimes[kind].map(({ cpu }) => (cpu / count) * 1_000)),
          figure(`of_peer_${kind}`, "ratio", times[kind].map(({ wall }, i) => peerTimes[kind][i]!.wall / wall)),
        ]),
      ],
      configuration: { transactions: count, senders, pool_threads: availableParallelism(), runs },
      versions: { ...machine(), ...peer?.versions },
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
