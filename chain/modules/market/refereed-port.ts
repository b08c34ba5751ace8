/** What the referee uses: results of V3 while they can be challenged, and what its verdicts do to their tasks. */
import { TaskState, type Job, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { loadJob } from "./bids.ts";
import { toBond } from "./rate.ts";
import { isRefereed } from "./settlement.ts";
import { stageOf } from "./stage-graph.ts";
import { claimedTasks, stages, tasks } from "./state.ts";
import { claimantsOf, convict, dispute, forfeit, isContested, resume, stateHashOf } from "./task-claims.ts";
import { feeOf, type Step, type Terms } from "./task-run.ts";
import { apply, loadTask, presentTask, termsOf } from "./tasks.ts";
import type { Context } from "../../runtime/context.ts";
import type { MarketPorts, RefereedClaim, RefereedPort } from "./ports.ts";

const { TASK_STATE_CHALLENGE: CHALLENGE, TASK_STATE_DISPUTE: DISPUTE } = TaskState;

export function refereedOf(ports: MarketPorts): RefereedPort {
  /** Takes the step where the task, brought up to date, is in one of the states. */
  const move = (ctx: Context, id: bigint, from: readonly TaskState[], step: (task: Task, terms: Terms, tau: bigint) => Step): void => {
    const found = loadTask(ctx, ports, id);
    assert(found !== undefined && from.includes(found.task.state), `task ${id} is in state ${found?.task.state}, the referee needs ${from.join(" or ")}`);
    apply(ctx, ports, found.task, step(found.task, found.terms, ports.clock.tau(ctx)));
  };
  return {
    claim: (ctx, taskId) => claimOf(ctx, ports, taskId),
    disputed: (ctx) => Array.from(claimedTasks.entries(ctx), ([id]) => id).filter((id) => tasks.find(ctx, id)?.state === DISPUTE),
    dispute: (ctx, taskId) => move(ctx, taskId, [CHALLENGE, DISPUTE], (task, terms, tau) => (task.state === DISPUTE ? { task, effects: [] } : dispute(task, terms, tau))),
    resume: (ctx, taskId) => move(ctx, taskId, [DISPUTE], resume),
    convict: (ctx, taskId, wrong, prover) => move(ctx, taskId, [DISPUTE], (task, terms, tau) => convict(task, terms, wrong, prover, tau)),
    forfeit: (ctx, taskId, auditor, right) => move(ctx, taskId, [DISPUTE], (task, terms) => forfeit(task, terms, auditor, right)),
  };
}

function claimOf(ctx: Context, ports: MarketPorts, taskId: bigint): RefereedClaim | undefined {
  const stored = tasks.find(ctx, taskId);
  if (stored === undefined) return undefined;
  const job = loadJob(ctx, stored.jobId);
  if (!isRefereed(job.verification)) return undefined;
  const task = presentTask(ctx, ports, stored, job);
  if (task.state !== CHALLENGE && task.state !== DISPUTE) return undefined;
  const { rate, meterPerLot } = termsOf(ctx, job);
  const claimants = claimantsOf(task);
  const [first] = claimants;
  assert(first !== undefined, `task ${taskId} is claimed by nobody`);
  const spec = job.spec!;
  return {
    taskId, jobId: job.id, ...shareOf(ctx, job, task), provider: first.provider, claimants: claimants.map(({ provider }) => provider), contested: isContested(task), consumer: job.consumer, sealed: spec.consumerKey.length > 0, stateHash: stateHashOf(first), programRoot: spec.programRoot,
    meterLimit: task.lots * meterPerLot, duration: spec.duration, fee: toBond(feeOf(task), rate, "up"), dueTau: task.state === DISPUTE ? ports.clock.tau(ctx) + task.challengeLeft : first.dueTau,
  };
}

/** Its place among the tasks that share inputs and arguments: those of its stage, or of the whole job. */
function shareOf(ctx: Context, { id, spec }: Job, { index }: Task): Pick<RefereedClaim, "index" | "count" | "inputRoot" | "arguments"> {
  const { stages: specs, tasks: count, inputRoot, arguments: given } = spec!;
  if (specs.length === 0) return { index, count, inputRoot, arguments: given };
  const at = stageOf(specs, index);
  const stage = stages.find(ctx, [id, at]);
  assert(stage !== undefined, `stage ${at} of job ${id} is missing`);
  return { index: index - stage.firstTask, count: stage.tasks, inputRoot: stage.inputRoot, arguments: specs[at]!.arguments };
}
