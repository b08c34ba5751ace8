/** What a bid may say about stages. Needs no state. */
import { TimeInForce, type Blob, type JobSpec, type StageSpec } from "../../codec/gen/dcm/market/v1/types.ts";
import type { MsgPlaceBid } from "../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../runtime/errors.ts";
import { atMost, size } from "./checks.ts";
import { errors } from "./errors.ts";
import { enumName } from "./events.ts";
import { inRange, paramBounds } from "./params.ts";
import { isKnown, maxStages } from "./stage-graph.ts";

export { maxStages } from "./stage-graph.ts";

/** Bytes of arguments that a job may have, of all its stages together. */
export const maxArguments = 4_096;

interface Inputs {
  readonly inputRoot: Uint8Array;
  readonly manifest: Blob | undefined;
}

/** Root and manifest, both there. `at` stands before the names of the fields. */
export function checkInputs(at: string, { inputRoot, manifest }: Inputs): void {
  if (manifest === undefined) fail(errors.invalidField, { field: `${at}manifest`, value: "missing", limit: "given" });
  size(`${at}manifest.digest`, manifest.digest, 32);
  size(`${at}input_root`, inputRoot, 32);
  inRange(`${at}manifest.size`, manifest.size, 1n, 1n << 24n);
}

/** Of a job with stages, where each has its own inputs and arguments. */
export function checkStages(spec: JobSpec): void {
  atMost("job.stages", spec.stages.length, maxStages, "stages");
  for (const [field, there] of [["job.input_root", spec.inputRoot.length > 0], ["job.manifest", isKnown(spec) || (spec.manifest?.size ?? 0n) > 0n], ["job.arguments", spec.arguments.length > 0]] as const) {
    if (there) fail(errors.invalidField, { field, value: "given", limit: "empty beside job.stages, which have their own" });
  }
  let tasks = 0;
  let bytes = 0;
  for (const [i, stage] of spec.stages.entries()) {
    checkStage(stage, i);
    tasks += stage.tasks;
    bytes += stage.arguments.length;
  }
  if (tasks !== spec.tasks) fail(errors.invalidField, { field: "job.tasks", value: spec.tasks, limit: `the sum of job.stages.tasks, which is ${tasks}` });
  atMost("job.stages.arguments, all together,", bytes, maxArguments, "bytes");
}

function checkStage(stage: StageSpec, index: number): void {
  const at = `job.stages[${index}].`;
  inRange(`${at}tasks`, stage.tasks, 1, paramBounds.maxTasks[2]);
  for (const [i, after] of stage.after.entries()) {
    if (after >= index || (i > 0 && stage.after[i - 1]! >= after)) fail(errors.invalidField, { field: `${at}after`, value: stage.after.slice(0, maxStages).join(), limit: `ascending numbers below ${index}: a stage waits for earlier ones only` });
  }
  if (stage.inputRoot.length > 0 || stage.manifest !== undefined) checkInputs(at, stage);
  else if (stage.after.length === 0) fail(errors.invalidField, { field: `${at}manifest`, value: "missing", limit: "given, with input_root, for a stage that waits for no other" });
}

/** Orders that must fill in one batch, or whole, cannot have tasks that are not in the book yet. */
export function checkStagedOrder({ job, timeInForce, minColocated }: MsgPlaceBid): void {
  if (job!.stages.length <= 1) return;
  const refuse = (what: string): never => fail(errors.stagedOrder, { what, stages: job!.stages.length });
  if (timeInForce !== TimeInForce.TIME_IN_FORCE_GTT) refuse(`time_in_force ${enumName(TimeInForce, timeInForce, "TIME_IN_FORCE_")}`);
  if (minColocated > 1) refuse(`min_colocated ${minColocated}`);
}
