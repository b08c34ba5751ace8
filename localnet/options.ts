/** The options of `npm start`. Loads nothing heavy, so that --help answers at once. */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { faultKinds, type FaultKind } from "../worker/agent/faults.ts";
import { isLine, type Line } from "./comet/versions.ts";

const root = join(import.meta.dirname, "..");
const jobs = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory() && existsSync(join(root, "examples", entry.name, "job.json"))).map(({ name }) => name);
/** Of each kind: more do not fit on one machine. */
const MOST = 20;
export const help = `usage: npm start [-- OPTIONS]

Starts a compute market on this machine, runs a job on it and keeps running until Ctrl-C.

  --once               end after the job, with exit code 0
  --validators N       validators (default 4, at most ${MOST})
  --providers N        providers with workers (default 3; 5 with --fault; at most ${MOST})
  --job NAME           one of ${jobs.join(", ")} (default kmeans), or the path of a
                       folder with a job.json; "none" runs no job
  --fault KIND         the last provider, the cheapest then, misbehaves: ${faultKinds.join(", ")}
  --show dispute       instead of a job: the last provider lies about a result, bob challenges
                       it, and the chain finds out who is right (a network named "dispute")
  --name NAME          a network of its own (default "default"); its state stays in STATE/NAME
  --state FOLDER       where networks keep their state (default .localnet)
  --fresh              forgets the network's state first
  --base-port PORT     first port, for addresses that stay the same (default: free ones)
  --block-ms MS        pause between blocks in milliseconds (default 500)
  --comet LINE         CometBFT line, 0.38 or 0.40 (default 0.38)
  --verbose            the receipt with every transaction
  -h, --help           this text

examples:
  npm start
  npm start -- --once --job regression
  npm start -- --providers 5 --fault lie --fresh
  npm start -- --show dispute --once
`;

/** Options that mean nothing: the message says what they may be. */
export class UsageError extends Error {}

export interface Options {
  readonly once: boolean;
  readonly validators: number;
  readonly providers: number;
  readonly job: string | undefined;
  readonly fault: FaultKind | undefined;
  readonly show: "dispute" | undefined;
  readonly folder: string;
  readonly fresh: boolean;
  readonly basePort: number | undefined;
  readonly blockMs: number;
  readonly line: Line;
  readonly verbose: boolean;
}

/** Undefined where help is asked for. Throws UsageError. */
export function readOptions(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Options | undefined {
  const swallowed = ["once", "validators", "providers", "job", "fault", "show", "fresh", "state", "base-port", "block-ms", "comet"].find((name) => environment[`npm_config_${name.replace("-", "_")}`] !== undefined);
  if (swallowed !== undefined) throw new UsageError(`npm kept --${swallowed} for itself: put -- before the options, npm start -- --${swallowed} ...`);
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: "boolean", default: false }, validators: { type: "string", default: "4" }, providers: { type: "string" },
        job: { type: "string" }, fault: { type: "string" }, show: { type: "string" }, name: { type: "string" }, fresh: { type: "boolean", default: false },
        state: { type: "string", default: join(root, ".localnet") }, verbose: { type: "boolean", default: false }, "base-port": { type: "string" }, "block-ms": { type: "string", default: "500" }, comet: { type: "string", default: "0.38" }, help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(". To specify")[0]! : String(error));
  }
  if (values.help) return undefined;
  const whole = (name: string, text: string, low: number, high: number): number => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < low || n > high) throw new UsageError(`--${name} is a whole number from ${low} to ${high}, not "${text}"`);
    return n;
  };
  const { show, comet } = values;
  if (show !== undefined && show !== "dispute") throw new UsageError(`--show is dispute, not "${show}"`);
  for (const other of ["job", "fault"] as const) if (show !== undefined && values[other] !== undefined) throw new UsageError(`--show ${show} is instead of a job, and brings its own fault: leave --${other} out`);
  const fault = show === "dispute" ? "lie" : values.fault;
  const { name = show ?? "default", job: jobName = show === undefined ? "kmeans" : "none" } = values;
  if (fault !== undefined && !faultKinds.some((kind) => kind === fault)) throw new UsageError(`--fault is one of ${faultKinds.join(", ")}, not "${fault}"`);
  if (!isLine(comet)) throw new UsageError(`--comet is 0.38 or 0.40, not "${comet}"`);
  if (!/^[a-z0-9-]{1,20}$/.test(name)) throw new UsageError("--name has 1 to 20 lower-case letters, digits and dashes");
  const job = jobName === "none" ? undefined : jobs.includes(jobName) ? join(root, "examples", jobName) : resolve(jobName);
  if (job !== undefined && !existsSync(join(job, "job.json"))) throw new UsageError(`--job is one of ${jobs.join(", ")}, none, or a folder with a job.json; "${jobName}" is neither`);
  const providers = whole("providers", values.providers ?? (values.fault === undefined ? "3" : "5"), 1, MOST);
  if ((values.fault === "lie" || values.fault === "silent") && providers < 4) throw new UsageError(`--fault ${fault} needs --providers 4 or more: three must agree against it, not ${providers - 1}`);
  return {
    once: values.once, validators: whole("validators", values.validators, 1, MOST), providers, job, fault: fault as FaultKind | undefined, show,
    folder: join(resolve(values.state), name), fresh: values.fresh, basePort: values["base-port"] === undefined ? undefined : whole("base-port", values["base-port"], 1_024, 60_000),
    blockMs: whole("block-ms", values["block-ms"], 50, 60_000), line: comet, verbose: values.verbose,
  };
}
