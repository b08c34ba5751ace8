/**
 * Runs a job on this machine, without chain and money, as providers would: same sandbox, same limits, same seeds rule.
 *
 *     node worker/local.ts examples/kmeans
 */
import { sha256 } from "../chain/codec/hash.ts";
import { utf8 } from "../chain/codec/bytes.ts";
import type { Halt } from "../chain/vm/machine.ts";
import { decodeRefereedResult, encodeWasmArguments } from "../client/protocol.ts";
import { frameOutputs, loadJob, type LoadedJob, type Wave } from "./job-file.ts";
import type { Backend, TaskOutcome } from "./sandbox/backend.ts";
import { rv32Backend } from "./sandbox/rv32-backend.ts";
import { wasmBackend } from "./sandbox/wasm-backend.ts";

/** Of class wasm.core: weighted instructions of a lot, and memory of a unit. */
export const wasmCore = { meterPerLot: 1_000_000_000n, memoryBytes: 256 << 20 } as const;

export interface LocalRun {
  /** Of the last wave's task. */
  readonly output: Uint8Array;
  readonly waves: readonly (readonly TaskOutcome[])[];
}

/** A task did not end with status ok and exit code 0. */
export class TaskFailed extends Error {
  override readonly name = "TaskFailed";
  readonly outcome: TaskOutcome;
  constructor(wave: number, task: number, outcome: TaskOutcome) {
    const said = Buffer.from(outcome.stderr).toString("utf8").trim();
    super(`task ${task} of wave ${wave} ended with ${outcome.status === "ok" ? `exit code ${outcome.exitCode}` : `${outcome.status}: ${outcome.reason}`}${said === "" ? "" : `\n${said}`}`);
    this.outcome = outcome;
  }
}

/** Throws TaskFailed at the first task that fails. `onTask` hears of each that ends. */
export async function runLocally({ job, program, inputs }: LoadedJob, backend: Backend, onTask?: (wave: number, task: number, outcome: TaskOutcome) => void): Promise<LocalRun> {
  const waves: TaskOutcome[][] = [];
  let next = inputs;
  for (const [index, wave] of job.waves.entries()) {
    const outcomes: TaskOutcome[] = [];
    for (const [task, input] of next.entries()) {
      const outcome = unframed(await backend.run({ module: program, input, args: wave.args, arguments: encodeWasmArguments({ args: wave.args }), taskIndex: task, seed: sha256(utf8(`dcm/local/v1/${index}/${task}`)), limits: limitsOf(wave) }));
      if (outcome.status !== "ok" || outcome.exitCode !== 0) throw new TaskFailed(index, task, outcome);
      onTask?.(index, task, outcome);
      outcomes.push(outcome);
    }
    waves.push(outcomes);
    next = [frameOutputs(outcomes.map(({ output }) => output))];
  }
  return { output: waves.at(-1)![0]!.output, waves };
}

/** A program of the refereed machine says itself, in its output, how it ended. */
function unframed(outcome: TaskOutcome): TaskOutcome {
  return outcome.machine === undefined ? outcome : { ...outcome, ...decodeRefereedResult(outcome.machine.final.halt as Halt, outcome.output) };
}

function limitsOf(wave: Wave): { maxMeter: bigint; memoryBytes: number; outputBytes: number; wallMs: number } {
  return { maxMeter: wave.lots * wasmCore.meterPerLot, memoryBytes: wasmCore.memoryBytes, outputBytes: Number(wave.maxResultBytes), wallMs: Math.max(20_000, 3 * Number(wave.durationMs)) };
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) {
    process.stderr.write("usage: node worker/local.ts FOLDER    (a folder with job.json, for example examples/kmeans)\n");
    process.exit(2);
  }
  const loaded = await loadJob(folder);
  const began = performance.now();
  const { output, waves } = await runLocally(loaded, loaded.job.classId === "rv32.core" ? rv32Backend() : wasmBackend(), (wave, task, outcome) => process.stderr.write(`${loaded.job.waves[wave]!.kind} ${task}: ${outcome.meter} weighted instructions\n`));
  const meter = waves.flat().reduce((sum, outcome) => sum + outcome.meter, 0n);
  process.stderr.write(`${waves.flat().length} tasks, ${meter} weighted instructions, ${((performance.now() - began) / 1000).toFixed(1)} s\n\n`);
  process.stdout.write(loaded.present(output));
}
