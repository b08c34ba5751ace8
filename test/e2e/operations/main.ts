/**
 * Long runs of kill -9 on four validators under load: node bootstrap.mjs test/e2e/operations/main.ts [--kills N] [--seed N]
 * [--commit-ms N] [--keep FOLDER]. Ends with 0 where everything held, else with 1, and homes and logs stay for a look.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { auditChain } from "./audit.ts";
import { chainId, forgetful, startFour } from "./four.ts";
import { killRandomly, summary, type Kill } from "./kills.ts";
import { Load } from "./load.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "20" }, seed: { type: "string", default: String(Date.now() % 1_000_000) }, "commit-ms": { type: "string", default: "500" }, keep: { type: "string" } },
});

function wholeNumber(name: "kills" | "seed" | "commit-ms", least: number): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  process.stderr.write(`--${name} is a whole number of at least ${least}, not ${values[name]}\n`);
  process.exit(2);
}

const [count, seed, commitMs] = [wholeNumber("kills", 1), wholeNumber("seed", 0), wholeNumber("commit-ms", 1)];
const folder = values.keep ?? mkdtempSync(join(tmpdir(), "dcm-operations-"));
const began = Date.now();
const say = (text: string): void => void process.stderr.write(`${((Date.now() - began) / 1_000).toFixed(0).padStart(6)} s  ${text}\n`);

say(`seed ${seed}, ${count} kills, homes and logs in ${folder}`);
const network = await startFour({ folder, commitMs, onProgress: say });
const load = await Load.start({ chainId, nodes: network.validators, seed, pauseMs: 400, forgetful });
let held = false;
try {
  const onKill = ({ node, target, backMs }: Kill, done: number): void => {
    say(`${done} of ${count}: ${target} of ${node}, ${backMs === undefined ? "killed again before it was back" : `back in ${(backMs / 1_000).toFixed(1)} s`}; height ${load.height}`);
  };
  const kills = await killRandomly({ network, load, count, seed, onKill });
  await network.waitForMovement();
  await load.stop();
  say("comparing app hashes, balances and every acknowledged transaction ...");
  const { faults, ...counts } = await auditChain(network, load);
  process.stdout.write(`${summary(kills)}\n${JSON.stringify({ kills: kills.length, seed, height: load.height, ...counts, faults: faults.length })}\n`);
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  held = faults.length === 0;
} catch (error) {
  say(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
} finally {
  await load.stop();
  await network.stop();
}
if (held && values.keep === undefined) rmSync(folder, { recursive: true, force: true });
process.exitCode = held ? 0 : 1;
