/** The commands of `dcm`, with their words. Each action loads its code when it runs, so that --help answers in a blink. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "@commander-js/extra-typings";
import { describeBill } from "./describe/bill.ts";
import { describeCompletion } from "./describe/completion.ts";
import { describeJobs } from "./describe/jobs.ts";
import { describeKeys } from "./describe/keys.ts";
import { describeLooking } from "./describe/looking.ts";
import { describeOrdering } from "./describe/ordering.ts";
import { describeOrganizations } from "./describe/org.ts";
import { describePrograms } from "./describe/programs.ts";
import { describeServices } from "./describe/services.ts";
import { describeSlurm } from "./describe/slurm.ts";
import { describeTes } from "./describe/tes.ts";
import { CliError, exitCodes, jsonText, type Io } from "./io.ts";
import { common, examples } from "./kit.ts";

/** Runs one command line and gives the exit code; never throws. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const json = argv.includes("--json");
  try {
    await buildProgram(io, json).parseAsync(argv, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(error, io, json);
    if (error.exitCode === 0) return exitCodes.ok;
    return json ? report(new CliError(exitCodes.usage, error.message.replace(/^error: /, ""), "--help says what a command takes"), io, json) : exitCodes.usage;
  }
}

function report(error: unknown, io: Io, json: boolean): number {
  const known = error instanceof CliError ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const exitCode = known?.exitCode ?? exitCodes.failed;
  if (json) io.stderr(`${jsonText({ error: message, ...(known?.hint === undefined ? {} : { hint: known.hint }), exit_code: exitCode })}\n`);
  else io.stderr(`dcm: ${message}\n${known?.hint === undefined ? "" : `     ${known.hint}\n`}`);
  return exitCode;
}

/** `quiet`: wrong usage is left to the caller to tell. */
export function buildProgram(io: Io, quiet = false): Command {
  const program = common({ io, quiet }, new Command("dcm"))
    .description("Uses the compute market: looks at its books, runs jobs on it, shows what was bought and what it cost.")
    .version((JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version)
    .helpCommand("help [command]", "what a command does");
  program.addHelpText(
    "after",
    `${examples("dcm init --net local                # a key with coins, on the network that npm start runs", "dcm quote examples/kmeans           # what a job would cost, and who could serve it", "dcm run examples/kmeans             # from bid to result", "dcm receipt 1                       # what it cost")}
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 invalid input, 5 node not reachable, 6 a job without result, 130 left by Ctrl-C; run and attach pass on the job's own.
`,
  );
  const kit = { io, quiet, program: program as unknown as Command };
  for (const describe of [describeKeys, describeLooking, describeOrdering, describeJobs, describeServices, describePrograms, describeTes, describeOrganizations, describeBill, describeSlurm, describeCompletion]) describe(kit);
  return kit.program;
}
