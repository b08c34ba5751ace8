import { Option, type Command } from "@commander-js/extra-typings";
import { collect, examples, keyed, type Kit } from "../kit.ts";

/** What every command takes that reads a job file. */
function ordering(kit: Kit, parent: Command, name: string, description: string) {
  return keyed(kit, parent, name, description).argument("<job>", "a job file, or the folder of its job.json, e.g. examples/kmeans")
    .option("--limit <price>", "the most for one lot, all in; default: the job file's, or one from the book")
    .addOption(new Option("--verify <level>", "v0: nobody checks; v2: two providers run each task and must agree; default: the job file's").choices(["v0", "v2"] as const))
    .option("--organization <name>", "whose money it is: an organization of which you are a member that may spend")
    .addOption(new Option("--tag <key=value>", "a cost tag for budgets and bills; several times for several").argParser(collect));
}

export function describeOrdering(kit: Kit): void {
  const { io, program } = kit;
  ordering(kit, program, "quote", "what a job would cost, who could serve it, and what stands against the others; nothing is sent")
    .addHelpText("after", examples("dcm quote examples/kmeans", "dcm quote examples/kmeans --verify v0 --limit 120000", "dcm quote job.json --json | jq '.cost.expected.total'"))
    .action(async (job, options) => (await import("../quote.ts")).quote(io, job, options));
}
