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

/** Replicas whose claims stand, in order: of one state, or of two while they are in dispute with each other. */
export const claimantsOf = ({ replicas }: Task): readonly Replica[] => replicas.filter(({ round, state }) => round === drawRounds.match && state === REVEALED);

const differ = ([first, second]: readonly Replica[]): boolean => first !== undefined && second !== undefined && !equalBytes(stateHashOf(first), stateHashOf(second));

/** DISPUTE: between the two that ran the task; nobody else has a part in it. */
export const isContested = (task: Task): boolean => task.state === TaskState.TASK_STATE_DISPUTE && differ(claimantsOf(task));

/** Its window's deadline is kept with it, and it is whom a challenge is fought with first. */
function firstOf(task: Task): Replica {
  const [first] = claimantsOf(task);
  assert(first !== undefined, `task ${task.id} is claimed by nobody`);
  return first;
}

const windowOf = ({ params, duration }: Terms): bigint => maxInt(params.challengeDue, BigInt(params.challengeDurations) * duration);

/** REVEALED: two that ended in different states are in dispute at once, and nothing can be challenged before that is decided; else the window opens. */
export function openClaim(run: Run, now: bigint): void {
  const claimants = claimantsOf(run.task);
  if (!differ(claimants)) {
    openWindow(run, now);
    return;
  }
  const second = claimants[1]!;
  run.set({ state: TaskState.TASK_STATE_DISPUTE, challengeLeft: windowOf(run.terms) });
  run.effects.push({ kind: "contested", replica: second.provider, stateHash: stateHashOf(second) });
}

/** What is claimed can be challenged for a while; what an auditor found otherwise is in dispute from the first, however late anybody comes to see it. */
function openWindow(run: Run, now: bigint): void {
  const claimed = stateHashOf(firstOf(run.task));
  const window = windowOf(run.terms);
  const differing = run.task.replicas.filter((replica) => isAuditor(replica) && replica.state === REVEALED && !equalBytes(stateHashOf(replica), claimed));
  for (const auditor of differing) run.effects.push({ kind: "differs", auditor: auditor.provider, stateHash: stateHashOf(auditor) });
  if (differing.length > 0) {
    run.set({ state: TaskState.TASK_STATE_DISPUTE, challengeLeft: window });
  } else {
    run.set({ state: TaskState.TASK_STATE_CHALLENGE, challengeLeft: 0n });
    run.put(firstOf(run.task), { dueTau: now + window });
  }
}

/** CHALLENGE: the window is over and nothing is disputed. Auditors that are left found what the providers did. */
export function unchallenged(run: Run, now: bigint): void {
  run.final(now, firstOf(run.task).result!, run.task.replicas.filter((replica) => replica.state === REVEALED).map((replica) => run.pay(replica)));
}

/** CHALLENGE: disputed; the window's clock stands still. */
export function dispute(task: Task, terms: Terms, now: bigint): Step {
  const run = new Run(task, terms);
  run.set({ state: TaskState.TASK_STATE_DISPUTE, challengeLeft: firstOf(task).dueTau - now });
  run.put(firstOf(task), { dueTau: 0n });
  return run.done();
}

/** DISPUTE: nothing is disputed any more; the rest of the window. */
export function resume(task: Task, terms: Terms, now: bigint): Step {
  const run = new Run(task, terms);
  run.put(firstOf(task), { dueTau: now + task.challengeLeft });
  run.set({ state: TaskState.TASK_STATE_CHALLENGE, challengeLeft: 0n });
  return run.done();
}

/**
 * DISPUTE: these were wrong or out of time. `prover`: who proved it, where somebody did. Of two that differed the other's claim is left: it is not right because
 * the first was wrong, and has its whole window.
 */
export function convict(task: Task, terms: Terms, wrong: readonly string[], prover: string | undefined, now: bigint): Step {
  const run = new Run(task, terms);
  const contested = isContested(task);
  const provers = prover === undefined ? [] : [prover];
  for (const provider of wrong) {
    const replica = claimantsOf(run.task).find((one) => one.provider === provider);
    assert(replica !== undefined, `task ${task.id} has no claim of ${provider}`);
    run.condemn(replica, slashPenalty(BigInt(replica.stake), run.shortfall(), provers.length, terms.params), provers, "disproved");
  }
  if (claimantsOf(run.task).length === 0) {
    run.set({ challengeLeft: 0n });
    run.close(now, CloseReason.CLOSE_REASON_DISPROVED, [], 0n);
  } else if (contested) {
    openWindow(run, now);
  }
  return run.done();
}

/** DISPUTE: an auditor that differed was wrong or out of time. `right`: the provider that it was in dispute with, unless that was wrong too, and gets nothing. */
export function forfeit(task: Task, terms: Terms, auditor: string, right: string | undefined): Step {
  const run = new Run(task, terms);
  const replica = task.replicas.find(({ provider }) => provider === auditor);
  assert(replica !== undefined, `task ${task.id} has no auditor ${auditor}`);
  const penalty = forfeitPenalty(BigInt(replica.stake));
  run.condemn(replica, right === undefined ? { ...penalty, prover: 0n } : penalty, right === undefined ? [] : [right], "audit_refuted");
  return run.done();
}
