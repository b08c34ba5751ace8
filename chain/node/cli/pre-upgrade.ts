/** dcmd pre-upgrade: a supervisor asks the new build whether it is the right one before it starts it. Exit codes as in the SDK: 0, or 30 for "do not go on". */
import { upgrades } from "../../upgrades/registry.ts";
import { Home } from "../home.ts";
import { readUpgradeInfo } from "../upgrade-info.ts";
import { CliError, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

const wrongBuild = 30;

/** Supervisors give no arguments: the home is theirs. */
export async function preUpgrade(io: Io, { home, format }: Globals): Promise<void> {
  const plan = readUpgradeInfo(new Home(home));
  if (plan === undefined) return print(io, format, { plan: null }, "no upgrade is asked for");
  if (!upgrades.some(({ name }) => name === plan.name)) {
    throw new CliError(`this build does not have the upgrade "${plan.name}"; it has ${upgrades.map(({ name }) => name).join(", ") || "none"}`, { hint: "Put the right build into cosmovisor/upgrades and start again.", exitCode: wrongBuild });
  }
  print(io, format, { plan: plan.name, height: plan.height }, `this build has the upgrade "${plan.name}" at height ${plan.height}`);
}
