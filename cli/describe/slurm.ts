/** Words of those who come from Slurm, for what dcm has under other names. */
import { examples, keyed, type Kit } from "../kit.ts";
import { ordering } from "./ordering.ts";

export function describeSlurm(kit: Kit): void {
  const { io, program } = kit;
  ordering(kit, program, "sbatch", "as run --detach: orders a job and returns with its number")
    .option("--out <folder>", "the results of all tasks go there, and results.json with their digests")
    .addHelpText("after", `${examples("dcm sbatch examples/kmeans", "dcm sbatch examples/kmeans --out results")}
It takes a job file or a program, not a script of a shell: what runs is a WebAssembly module, on machines of others.
`)
    .action(async (job, args, options) => (await import("../run.ts")).run(io, job, args, { ...options, detach: true }, (id) => `Submitted batch job ${id}`));
  keyed(kit, program, "squeue", "as jobs --live: your jobs that have not ended")
    .option("--last <n>", "of the latest so many", "100")
    .addHelpText("after", examples("dcm squeue", "dcm squeue --json"))
    .action(async (options) => (await import("../jobs.ts")).jobs(io, { ...options, live: true }));
  keyed(kit, program, "scancel", "as cancel, of one or several jobs: what is not matched comes back, what runs goes on").argument("<ids...>", "of the jobs")
    .addHelpText("after", examples("dcm scancel 7", "dcm scancel 7 8 9"))
    .action(async (ids, options) => {
      for (const id of ids) await (await import("../jobs.ts")).cancel(io, id, options);
    });
}
