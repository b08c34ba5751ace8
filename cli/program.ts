/** The commands of `dcm`, with their words. Each action loads its code when it runs, so that --help answers in a blink. */
import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "@commander-js/extra-typings";
import { CliError, exitCodes, jsonText, type Io } from "./io.ts";

/** Runs one command line and gives the exit code; never throws. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    await buildProgram(io).parseAsync(argv, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return report(error, io, argv.includes("--json"));
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

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;

function buildProgram(io: Io): Command {
  const common = (command: Command): Command => command.exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr }).showHelpAfterError("(add --help for what this command takes)").showSuggestionAfterError();
  const program = common(new Command("dcm"))
    .description("Uses the compute market: what was bought, and what it cost.")
    .version((JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version)
    .helpCommand("help [command]", "what a command does");
  program.addHelpText(
    "after",
    `${examples("dcm bill show --account dcm1...                        # this month's settlements", "dcm bill export --account dcm1... --format focus --currency USD --fx udcm=0.0000005 --out bill.csv", "dcm bill verify bill.csv                               # rules of FOCUS 1.2, and every row against the chain")}
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 invalid input, 5 node not reachable.
`,
  );

  const bill = common(program.command("bill")).description("statements of an account or an organization, from the chain").addHelpText("after", examples("dcm bill show --organization acme --from 2026-11-01 --to 2026-12-01", "dcm bill show --account dcm1... --json"));
  const node = () => new Option("--node <url>", "CometBFT RPC of the node to ask (or DCM_NODE)").default(io.env.DCM_NODE ?? "http://127.0.0.1:26657");
  const about = (name: string, description: string) =>
    common(bill.command(name)).description(description)
      .option("--account <address>", "whose statement: an account's own money")
      .option("--organization <name>", "whose statement: an organization's money, whichever member spent it")
      .option("--from <time>", "first moment, UTC: 2026-11-01 or 2026-11-01T00:00:00Z; default: the begin of this month")
      .option("--to <time>", "the moment after the last; default: the begin of the next month")
      .addOption(node());

  about("show", "a table of what was settled, with totals")
    .option("--json", "everything, as JSON")
    .addHelpText("after", examples("dcm bill show --account dcm1...", "dcm bill show --account dcm1... --json | jq '.totals'"))
    .action(async (options) => (await import("./bill.ts")).show(io, options));

  about("export", "a file for others: CSV or JSON as the chain has it, or FOCUS")
    .addOption(new Option("--format <format>", "csv, json: one row a payment; focus: FinOps Open Cost and Usage Specification").choices(["csv", "focus", "json"] as const).default("csv" as const))
    .addOption(new Option("--focus-version <version>", "focus: what came later than this has x_ before its name").choices(["1.0", "1.1", "1.2"] as const).default("1.2" as const))
    .option("--currency <code>", "focus: the national currency of the bill, e.g. USD")
    .option("--fx <denom=rate...>", "focus: what one smallest unit of a denom is worth in it; once for each denom")
    .option("--out <file>", "where to write; default: standard output. An export that was cut off goes on from FILE.part when it is run again")
    .addHelpText("after", examples("dcm bill export --account dcm1... > bill.csv", "dcm bill export --organization acme --from 2026-11-01 --to 2026-12-01 --format json --out bill.json", "dcm bill export --organization acme --format focus --currency USD --fx udcm=0.0000005 uusd=0.000001 --out bill.csv"))
    .action(async (options) => (await import("./bill.ts")).exportBill(io, options));

  common(bill.command("verify")).description("recomputes a bill from the chain: every row is in it, none is missing; FOCUS files are held against the rules of FOCUS, too")
    .argument("<file>", "as `dcm bill export` writes it, whichever format")
    .option("--rules-only", "does not ask a node")
    .option("--json", "what was found, as JSON")
    .addOption(node())
    .addHelpText("after", examples("dcm bill verify bill.csv", "dcm bill verify bill.csv --rules-only --json"))
    .action(async (file, options) => (await import("./verify.ts")).verify(io, file, options));
  return program as unknown as Command;
}
