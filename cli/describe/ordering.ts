import { Option, type Command } from "@commander-js/extra-typings";
import { collect, examples, keyed, type Kit } from "../kit.ts";
import { usual } from "../bare-program.ts";

/** What every command takes that reads a job file. */
export function ordering(kit: Kit, parent: Command, name: string, description: string) {
  return keyed(kit, parent, name, description).argument("<job>", "a job file, or the folder of its job.json, e.g. examples/kmeans; or a program alone, a .wasm or .rv32 file").argument("[args...]", "behind --, the arguments of a program alone")
    .option("--limit <price>", "the most for one lot, all in; default: the job file's, or one from the book")
    .addOption(new Option("--verify <level>", "v0: nobody checks; v1: now and then another provider does; v2: two providers run each task and must agree; v3: of class rv32.core, whoever finds it wrong may challenge it and the chain decides; default: the job file's, v2 of a program alone").choices(["v0", "v1", "v2", "v3"] as const))
    .option("--replicas <count>", "providers that run each task from the start: of v2 2 to 5; of v3 1 or 2, where two that differ are in dispute at once; default: the job file's, or 2 of v2, else 1")
    .addOption(new Option("--in <file>", "of a program alone: what a task reads as its standard input; - is that of dcm; several times for several tasks; default: nothing").argParser(collect))
    .option("--tasks <n>", "of a program alone: so many tasks of the one input, or of none, told apart by their index; default: 1")
    .option("--lots <n>", `of a program alone: the most lots that a task may use (dcm classes); default: ${usual.lots}`)
    .option("--max-result <bytes>", `of a program alone: the most that a task may write; default: ${usual.maxResult}`)
    .option("--plain", "of a program alone: program, inputs and results in the clear, so that anybody can run a refereed task again; default: sealed")
    .option("--organization <name>", "whose money it is: an organization of which you are a member that may spend")
    .addOption(new Option("--tag <key=value>", "a cost tag for budgets and bills; several times for several").argParser(collect));
}

export function describeOrdering(kit: Kit): void {
  const { io, program } = kit;
  ordering(kit, program, "quote", "what a job would cost, who could serve it, and what stands against the others; nothing is sent")
    .addHelpText("after", examples("dcm quote examples/kmeans", "dcm quote examples/kmeans --verify v0 --limit 120000", "dcm quote sort.wasm --in data.csv -- -k 2", "dcm quote job.json --json | jq '.cost.expected.total'"))
    .action(async (job, args, options) => (await import("../quote.ts")).quote(io, job, args, options));
  ordering(kit, program, "run", "runs a job on the market and shows it as it happens; ends with the job's exit code")
    .option("--out <folder>", "writes the results of all tasks there, and results.json with their digests")
    .option("--detach", "returns once the bid is in a block: a process in the background serves the job; its number is on stdout")
    .option("--dry-run", "the quote, and what would be ordered; nothing is sent")
    .addHelpText("after", `${examples("dcm run examples/kmeans", "dcm run examples/kmeans --verify v2 --out results", "dcm run examples/histogram/refereed.json --replicas 2", "dcm run examples/kmeans --detach", "dcm run sort.wasm --in data.csv -- -k 2", "dcm run job.json --limit 120000 --organization acme --tag project=apollo", "dcm run job.json --json | jq -c 'select(.event == \"finished\")'")}
Ctrl-C leaves the job on the market: dcm attach goes on with it. With --json each line on stdout is an event: placed, replica, task, then finished or failed.
`)
    .action(async (job, args, options) => (await import("../run.ts")).run(io, job, args, options));
  keyed(kit, program, "attach", "goes on with a job that was ordered here: serves it while it lives, fetches its results when it is over").argument("<id>", "of the job")
    .option("--out <folder>", "writes the results of all tasks there, and results.json with their digests")
    .addHelpText("after", examples("dcm attach 7", "dcm attach 7 --out results"))
    .action(async (id, options) => (await import("../run.ts")).attach(io, id, options));
}
