/**
 * The whole test run, in lanes side by side, about as long as each other: two of what runs in a test's own process and keeps a core busy, two of networks on real clocks, which wait half of the time.
 * The first lane's report is shown as it comes, each other one's from the moment those before it are over; the last line adds all up.
 *
 *     node bootstrap.mjs test/run.ts [MOCHA OPTION ...]
 */
import { spawn, type ChildProcess } from "node:child_process";
import { globSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Files in the order in which they run; quick ones first. Networks that are put under load come last, when the other lanes are nearly over. */
const lanes = [
  { name: "chain", files: ["chain/**/*.test.ts", "client/**/*.test.ts", "cli/**/*.test.ts", "test/*.test.ts", "test/golden/**/*.test.ts"] },
  { name: "around it", files: ["worker/**/*.test.ts", "examples/**/*.test.ts", "localnet/**/*.test.ts", "test/{fuzz,simulation}/**/*.test.ts", "test/e2e/operations/{home,repair}.test.ts"] },
  { name: "nodes", files: ["test/e2e/clients/*.test.ts", "test/e2e/operations/!(four|home|repair).test.ts", "test/e2e/market/{agreed,jury}.test.ts", "test/e2e/operations/four.test.ts"] },
  { name: "markets", files: ["test/e2e/market/!(agreed|jury).test.ts"] },
] as const;

interface Outcome {
  readonly passes: number;
  readonly failures: number;
}

const children: ChildProcess[] = [];
let interrupted: NodeJS.Signals | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted = signal;
    for (const child of children) child.kill(signal);
  });
}

/** Runs one lane; what it prints goes to `write`. A lane that ends before it reports counts as one failure. */
function run(lane: (typeof lanes)[number], write: (text: string) => void): Promise<Outcome> {
  const files = lane.files.flatMap((pattern) => globSync(pattern, { cwd: root }).sort());
  const child = spawn(process.execPath, [`${root}node_modules/mocha/bin/mocha.js`, ...process.argv.slice(2), ...files], {
    cwd: root, stdio: ["ignore", "pipe", "pipe", "ipc"], env: { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: "1" }) },
  });
  children.push(child);
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8").on("data", write);
  return new Promise((resolve) => {
    let report: { readonly passes: number; readonly failures: number } | undefined;
    child.on("message", (message: { readonly passes: number; readonly failures: number }) => (report = message));
    child.on("error", (error) => write(`cannot run the lane "${lane.name}": ${error.message}\n`));
    child.on("close", (code, signal) => {
      if (report === undefined && interrupted === undefined) write(`\nThe lane "${lane.name}" ended with ${signal ?? `status ${code}`} before its last test.\n`);
      const failed = report === undefined || (report.failures === 0 && code !== 0);
      resolve({ passes: report?.passes ?? 0, failures: (report?.failures ?? 0) + (failed ? 1 : 0) });
    });
  });
}

/** What the lanes behind the one that is shown have printed so far. */
const held = lanes.map((): string[] => []);
let shown = 0;
const over = new Set<number>();
const outcomes = await Promise.all(lanes.map((lane, i) => run(lane, (text) => (i === shown ? process.stdout.write(text) : held[i]!.push(text))).finally(() => {
  over.add(i);
  while (over.has(shown) && shown < lanes.length) {
    shown++;
    for (const text of held[shown]?.splice(0) ?? []) process.stdout.write(text);
  }
})));
if (interrupted !== undefined) process.exit(128 + constants.signals[interrupted]);
const total = (of: "passes" | "failures"): number => outcomes.reduce((sum, outcome) => sum + outcome[of], 0);
process.stdout.write(`\n${total("passes")} passed, ${total("failures")} failed\n`);
process.exitCode = total("failures") > 0 ? 1 : 0;
