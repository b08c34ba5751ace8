/** V3: what a provider claims once it has revealed: the window in which that can be challenged, and what becomes of it. Pure, as the task machine is. */
import { CloseReason, ReplicaState, TaskState, type Replica, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { maxInt } from "../../math/int.ts";
import { assert } from "../../runtime/errors.ts";
import { finalHash } from "../../vm/state-hash.ts";
import { forfeitPenalty, slashPenalty } from "./settlement.ts";
import { drawRounds, isAuditor, Run, type Step, type Terms } from "./task-run.ts";

const { REPLICA_STATE_REVEALED: REVEALED } = ReplicaState;

/** The state that a replica says the machine ended with. */
export function stateHashOf({ result }: Replica): Uint8Array {
  assert(result?.final !== undefined, "a refereed replica without a final state");
  return finalHash(result.final, result.digest);
}

const providerOf = ({ replicas }: Task): Replica => replicas.find(({ round }) => round === drawRounds.match)!;

/** REVEALED: it can be challenged for a while; what an auditor found otherwise is in dispute from the first, however late anybody comes to see it. */
export function openWindow(run: Run, now: bigint): void {
  const { params, duration } = run.terms;
  const claimed = stateHashOf(providerOf(run.task));
  const window = maxInt(params.challengeDue, BigInt(params.challengeDurations) * duration);
  const differing = run.task.replicas.filter((replica) => isAuditor(replica) && replica.state === REVEALED && !equalBytes(stateHashOf(replica), claimed));
  for (const auditor of differing) run.effects.push({ kind: "differs", auditor: auditor.provider, stateHash: stateHashOf(auditor) });
  if (differing.length > 0) {
    run.set({ state: TaskState.TASK_STATE_DISPUTE, challengeLeft: window });
  } else {
    run.set({ state: TaskState.TASK_STATE_CHALLENGE });
    run.put(providerOf(run.task), { dueTau: now + window });
  }
}

/** CHALLENGE: the window is over and nothing is disputed. Auditors that are left found what the provider did. */
export function unchallenged(run: Run, now: bigint): void {
  run.final(now, providerOf(run.task).result!, run.task.replicas.filter((replica) => replica.state === REVEALED).map((replica) => run.pay(replica)));
}

/** CHALLENGE: disputed; the window's clock stands still. */
export function dispute(task: Task, terms: Terms, now: bigint): Step {
  const run = new Run(task, terms);
  run.set({ state: TaskState.TASK_STATE_DISPUTE, challengeLeft: providerOf(task).dueTau - now });
  run.put(providerOf(task), { dueTau: 0n });
  return run.done();
}

/** DISPUTE: nothing is disputed any more; the rest of the window. */
export function resume(task: Task, terms: Terms, now: bigint): Step {
  const run = new Run(task, terms);
  run.put(providerOf(task), { dueTau: now + task.challengeLeft });
  run.set({ state: TaskState.TASK_STATE_CHALLENGE, challengeLeft: 0n });
  return run.done();
}

/** DISPUTE: the provider was wrong or out of time. `prover`: who proved it, where somebody did. */
export function convict(task: Task, terms: Terms, prover: string | undefined, now: bigint): Step {
  const run = new Run(task, terms);
  const provers = prover === undefined ? [] : [prover];
  run.condemn(providerOf(task), slashPenalty(BigInt(providerOf(task).stake), run.shortfall(), provers.length, terms.params), provers, "disproved");
  run.set({ challengeLeft: 0n });
  run.close(now, CloseReason.CLOSE_REASON_DISPROVED, [], 0n);
  return run.done();
}

/** DISPUTE: an auditor that differed was wrong or out of time. With `both` the provider was wrong too, and gets nothing. */
export function forfeit(task: Task, terms: Terms, auditor: string, both: boolean): Step {
  const run = new Run(task, terms);
  const replica = task.replicas.find(({ provider }) => provider === auditor);
  assert(replica !== undefined, `task ${task.id} has no auditor ${auditor}`);
  const penalty = forfeitPenalty(BigInt(replica.stake));
  run.condemn(replica, both ? { ...penalty, prover: 0n } : penalty, both ? [] : [providerOf(task).provider], "audit_refuted");
  return run.done();
}
