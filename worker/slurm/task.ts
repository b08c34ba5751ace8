/**
 * What a job of the cluster runs: takes the order in a folder, runs it in this machine's own sandbox, and leaves the outcome there. Whatever it cannot do it says as a
 * `host-fault`, which is no verdict.
 *
 *     node worker/slurm/task.ts FOLDER
 */
import { writeFileSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { writeDurably } from "../durable.ts";
import type { TaskOutcome } from "../sandbox/backend.ts";
import { childCode } from "../sandbox/child-code.ts";
import { hostFault } from "../sandbox/child.ts";
import { rv32Backend } from "../sandbox/rv32-backend.ts";
import { wasmBackend } from "../sandbox/wasm-backend.ts";
import { claimFile, orderFile, outcomeFile } from "./exchange.ts";
import { decodeOrder, encodeOutcome, type Order } from "./order.ts";

const stop = new AbortController();
let stopped = false;

async function run({ runtime, version, code, task }: Order): Promise<TaskOutcome> {
  if (version !== process.version) return hostFault(`this node runs Node.js ${process.version}, the worker ${version}: backend.node must name the pinned one`);
  if (code !== childCode(runtime).digest) return hostFault("the checkout on this node is of another version than the worker's: bring backend.checkout up to date");
  return (runtime === "rv32" ? rv32Backend() : wasmBackend()).run({ ...task, signal: stop.signal });
}

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("usage: node worker/slurm/task.ts FOLDER\n");
  process.exit(2);
}
// Slurm ends a job so, at its time limit or when it is cancelled: the child goes with it, and Slurm's own word for it is the outcome.
process.once("SIGTERM", () => {
  stopped = true;
  stop.abort();
});
try {
  // One job a folder: a second one, of an order whose answer was lost or that was put back into the queue, ends here.
  writeFileSync(join(folder, claimFile), `${process.env["SLURM_JOB_ID"] ?? ""} ${hostname()}\n`, { flag: "wx", mode: 0o600 });
  const key = basename(folder).split("-")[0]!;
  const order = decodeOrder(readFileSync(join(folder, orderFile)), key);
  const outcome = await run(order);
  if (stopped) process.exit(143);
  writeDurably(join(folder, outcomeFile), encodeOutcome(order.runtime, key, hostname(), outcome));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
