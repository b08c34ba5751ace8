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
