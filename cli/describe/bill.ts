import { Option } from "@commander-js/extra-typings";
import { common, examples, nodeOption, profileOption, type Kit } from "../kit.ts";

export function describeBill(kit: Kit): void {
  const { io, program } = kit;
  const bill = common(kit, program.command("bill")).description("statements of an account or an organization, from the chain").addHelpText("after", examples("dcm bill show --organization acme --from 2026-11-01 --to 2026-12-01", "dcm bill show --account dcm1... --json"));
  const about = (name: string, description: string) =>
    common(kit, bill.command(name)).description(description)
      .option("--account <address>", "whose statement: an account's own money; default: the profile's")
      .option("--organization <name>", "whose statement: an organization's money, whichever member spent it")
      .option("--from <time>", "first moment, UTC: 2026-11-01 or 2026-11-01T00:00:00Z; default: the begin of this month")
      .option("--to <time>", "the moment after the last; default: the begin of the next month")
      .addOption(nodeOption()).addOption(profileOption());

  about("show", "a table of what was settled, with totals")
    .option("--json", "everything, as JSON")
    .addHelpText("after", examples("dcm bill show", "dcm bill show --account dcm1... --json | jq '.totals'"))
    .action(async (options) => (await import("../bill.ts")).show(io, options));

  about("export", "a file for others: CSV or JSON as the chain has it, or FOCUS")
    .addOption(new Option("--format <format>", "csv, json: one row a payment; focus: FinOps Open Cost and Usage Specification").choices(["csv", "focus", "json"] as const).default("csv" as const))
    .addOption(new Option("--focus-version <version>", "focus: what came later than this has x_ before its name").choices(["1.0", "1.1", "1.2"] as const).default("1.2" as const))
    .option("--currency <code>", "focus: the national currency of the bill, e.g. USD")
    .option("--fx <denom=rate...>", "focus: what one smallest unit of a denom is worth in it; once for each denom")
    .option("--out <file>", "where to write; default: standard output. An export that was cut off goes on from FILE.part when it is run again")
    .addHelpText("after", examples("dcm bill export --account dcm1... > bill.csv", "dcm bill export --organization acme --from 2026-11-01 --to 2026-12-01 --format json --out bill.json", "dcm bill export --organization acme --format focus --currency USD --fx udcm=0.0000005 uusd=0.000001 --out bill.csv"))
    .action(async (options) => (await import("../bill.ts")).exportBill(io, options));

  common(kit, bill.command("verify")).description("recomputes a bill from the chain: every row is in it, none is missing; FOCUS files are held against the rules of FOCUS, too")
    .argument("<file>", "as `dcm bill export` writes it, whichever format")
    .option("--rules-only", "does not ask a node")
    .option("--json", "what was found, as JSON")
    .addOption(nodeOption()).addOption(profileOption())
    .addHelpText("after", examples("dcm bill verify bill.csv", "dcm bill verify bill.csv --rules-only --json"))
    .action(async (file, options) => (await import("../verify.ts")).verify(io, file, options));
}
