import { examples, keyed, reading, type Kit } from "../kit.ts";

export function describeJobs(kit: Kit): void {
  const { io, program } = kit;
  keyed(kit, program, "jobs", "your jobs, the latest first")
    .option("--last <n>", "so many", "20")
    .option("--live", "only those that have not ended")
    .addHelpText("after", examples("dcm jobs", "dcm jobs --live", "dcm jobs --json | jq -r '.[].id'"))
    .action(async (options) => (await import("../jobs.ts")).jobs(io, options));
  reading(kit, program, "job", "what became of a job, event by event").argument("<id>", "of the job")
    .addHelpText("after", examples("dcm job 7", "dcm job 7 --json | jq '.timeline'"))
    .action(async (id, options) => (await import("../job.ts")).job(io, id, options));
  reading(kit, program, "receipt", "what a job cost against its quote, who was paid, by which transactions").argument("<id>", "of the job")
    .addHelpText("after", examples("dcm receipt 7", "dcm receipt 7 --json > receipt.json"))
    .action(async (id, options) => (await import("../job.ts")).receipt(io, id, options));
  reading(kit, program, "logs", "what happens to a job or one of its tasks, line by line, and what its program said where its results have that").argument("<job>", "7, or 7/2 for its third task")
    .option("-f, --follow", "goes on until the job is over")
    .addHelpText("after", `${examples("dcm logs 7", "dcm logs 7/2 -f", "dcm logs 7 --json | jq -c 'select(.what == \"result\")'")}
A result has what its program wrote to its output: dcm cp fetches that. What it wrote to stderr is kept by tasks with files, as dcm tes orders them, and by no others.
`)
    .action(async (job, options) => (await import("../results.ts")).logs(io, job, options));
  reading(kit, program, "cp", "fetches results again, each held against its digest on chain").argument("<job>", "7 for all results, 7/2 for that of its third task (7:/2 is the same)").argument("[destination]", "a file; with / at its end, or for a whole job, a folder; - is standard output; default: task-N here")
    .addHelpText("after", `${examples("dcm cp 7 results", "dcm cp 7/2 part.bin", "dcm cp 7:/5 - | head")}
Nothing is signed. Sealed results open on the machine that ordered the job, results in the clear everywhere; providers keep them for a while.
`)
    .action(async (job, destination, options) => (await import("../results.ts")).copy(io, job, destination, options));
  keyed(kit, program, "cancel", "takes back what is not matched of a job; what runs goes on").argument("<id>", "of the job")
    .addHelpText("after", examples("dcm cancel 7"))
    .action(async (id, options) => (await import("../jobs.ts")).cancel(io, id, options));
  keyed(kit, program, "challenge", "runs refereed (V3) results again while they can be challenged, challenges those that are wrong and plays the disputes; until Ctrl-C")
    .option("--provider <address>", "results of this provider alone")
    .addHelpText("after", `${examples("dcm challenge", "dcm challenge --provider dcm1... --json")}
A challenge puts up a bond. Whoever proves a provider wrong gets it back with a tenth of the provider's stake; whoever is wrong, or does not move in time, loses it.
`)
    .action(async (options) => (await import("../challenge.ts")).challenge(io, options));
}
