/**
 * Long runs: node bootstrap.mjs test/simulation/main.ts [--seeds N] [--blocks N] [--from N] [--plan FILE] [--keep FOLDER]
 * Ends with 1 at the first failing seed, after cutting its plan down to what still fails.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Coverage, neverSucceeds } from "./coverage.ts";
import { ForeignProcess } from "./foreign.ts";
import type { Plan } from "./plan.ts";
import { describePlan, shrink } from "./shrink.ts";
import { simulate, SimulationFailure } from "./simulation.ts";
import { appModules } from "./world.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "10" }, blocks: { type: "string", default: "100" }, from: { type: "string", default: "1" }, plan: { type: "string" }, keep: { type: "string", default: ".cache/simulation" }, seconds: { type: "string" } },
});

function wholeNumber(name: "seeds" | "blocks" | "from"): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} is a whole number, not ${values[name]}`);
  return value;
}

async function failed(failure: SimulationFailure, foreign: ForeignProcess): Promise<never> {
  console.error(`\n${failure.message}\n${failure.cause instanceof Error ? (failure.cause.stack ?? "") : ""}`);
  console.error("cutting the run down to what still fails ...");
  const plan = await shrink(failure, foreign, (line) => { console.error(line); });
  mkdirSync(values.keep, { recursive: true });
  const file = join(values.keep, `seed-${plan.seed}.json`);
  writeFileSync(file, `${JSON.stringify(plan, null, 1)}\n`);
  console.error(`${describePlan(plan)}\nRepeat: node bootstrap.mjs test/simulation/main.ts --plan ${file}\nWhen it is mended, keep the file in test/simulation/regressions/: the default tests replay all of them.`);
  foreign.stop();
  process.exit(1);
}

const foreign = new ForeignProcess();
const coverage = new Coverage(appModules().flatMap((module) => module.messages.map((message) => message.typeUrl)));
const [seeds, blocks, from] = [wholeNumber("seeds"), wholeNumber("blocks"), wholeNumber("from")];
const plan = values.plan === undefined ? undefined : (JSON.parse(readFileSync(values.plan, "utf8")) as Plan);
const began = Date.now();
let done = 0;
const all = plan === undefined ? Array.from({ length: seeds }, (_, i) => String(from + i)) : [plan.seed];
for (const seed of all) {
  if (values.seconds !== undefined && Date.now() - began > Number(values.seconds) * 1_000) break;
  try {
    coverage.add((await simulate({ seed, blocks, foreign, audits: 3, ...(plan === undefined ? {} : { plan }) })).coverage);
  } catch (error) {
    if (error instanceof SimulationFailure) await failed(error, foreign);
    throw error;
  }
  done++;
  console.error(`seed ${seed}: ${done} of ${all.length}, ${((Date.now() - began) / 1_000).toFixed(0)} s`);
}
foreign.stop();
console.log(coverage.report);
const uncovered = coverage.uncovered.filter((typeUrl) => !(typeUrl in neverSucceeds));
if (plan === undefined && uncovered.length > 0) {
  console.error(`never succeeded: ${uncovered.join(", ")}`);
  process.exitCode = 1;
}
