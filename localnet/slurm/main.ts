/**
 * A Slurm cluster of one machine until Ctrl-C, to try a worker's Slurm backend by hand.
 *
 *     node bootstrap.mjs localnet/slurm/main.ts
 */
import { SlurmCluster, partition } from "./cluster.ts";

try {
  const cluster = await SlurmCluster.start((text) => process.stderr.write(`dcm: ${text}\n`));
  process.stdout.write(`SLURM_CONF=${cluster.conf}\n"backend": ${JSON.stringify({ kind: "slurm", directory: cluster.shared, partition, slurmConf: cluster.conf })}\n`);
  const alive = setInterval(() => undefined, 60_000);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void cluster.stop().finally(() => clearInterval(alive)));
} catch (error) {
  process.stderr.write(`dcm: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
