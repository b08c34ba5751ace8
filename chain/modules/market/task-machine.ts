/**
 * The life of a task (protocol section 3) as pure functions: state x event -> next state + effects. Handlers load, call, store.
 * `now` is tau; a deadline still counts at its own tau and is missed one millisecond later.
 */
import { CloseReason, ReplicaState, TaskState, type Replica, type Result, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { maxInt } from "../../math/int.ts";
import { assert } from "../../runtime/errors.ts";
import { commitPenalty, declinePenalty, isAudited, isRefereed, part, slashPenalty, startPenalty, tiebreakers } from "./settlement.ts";
import { claimantsOf, openClaim, unchallenged } from "./task-claims.ts";
import { drawRounds, feeOf, isAuditor, Run, stakeOfTask, type Step, type Terms } from "./task-run.ts";

/** A replica as a match or a draw makes it. */
export interface Seat {
  readonly provider: string;
  readonly organization: string;
  readonly askId: bigint;
  readonly leaseId: bigint;
  readonly jurisdiction: string;
}

/** A replica as an audit or a tie-break makes it: above the match price it has a price of its own, and the stake that belongs to that. */
export interface PricedSeat extends Seat {
  readonly price: bigint;
  readonly stake: bigint;
}

const { REPLICA_STATE_MATCHED: MATCHED, REPLICA_STATE_SEALING: SEALING, REPLICA_STATE_ASSIGNED: ASSIGNED, REPLICA_STATE_RUNNING: RUNNING } = ReplicaState;
const { REPLICA_STATE_COMMITTED: COMMITTED, REPLICA_STATE_REVEALED: REVEALED, REPLICA_STATE_OUT: OUT, REPLICA_STATE_RELEASED: RELEASED } = ReplicaState;

const atWork = ({ state }: Replica): boolean => state === MATCHED || state === SEALING || state === ASSIGNED || state === RUNNING;

/** States that a draw may be awaited in. */
export const mayAwaitDraw = (state: TaskState): boolean =>
  state === TaskState.TASK_STATE_MATCHED || state === TaskState.TASK_STATE_DRAWING || state === TaskState.TASK_STATE_AUDITING || state === TaskState.TASK_STATE_TIEBREAK;

/** A draw is awaited, and nothing else: nobody has anything to do before it. */
export function awaitsDraw({ state, replicas }: Task): boolean {
  switch (state) {
    case TaskState.TASK_STATE_MATCHED:
    case TaskState.TASK_STATE_DRAWING:
      return true;
    case TaskState.TASK_STATE_AUDITING:
      return !replicas.some(atWork);
    case TaskState.TASK_STATE_TIEBREAK:
      return !replicas.some(({ round }) => round === drawRounds.tiebreak);
    default:
      return false;
  }
}

function newReplica(seat: PricedSeat, round: number): Replica {
  return {
    provider: seat.provider, organization: seat.organization, askId: seat.askId, leaseId: seat.leaseId, jurisdiction: seat.jurisdiction, price: seat.price, state: MATCHED, round, stake: seat.stake.toString(), dueTau: 0n,
    commitment: new Uint8Array(0), worker: "", result: undefined, unitOut: true, paid: "0", slashed: "0",
  };
}

/** OPEN: match. With one replica the task is ASSIGNED at once, else the others are drawn first. */
export function match(task: Task, terms: Terms, seat: Seat, replicas: number, now: bigint): Step {
  const run = new Run({ ...task, replicas: [newReplica({ ...seat, price: task.price, stake: stakeOfTask(task) }, 0)], matchedTau: now }, terms);
  if (replicas > 1) {
    run.set({ state: TaskState.TASK_STATE_MATCHED });
    run.effects.push({ kind: "draw", round: 0, count: replicas - 1 });
  } else {
    run.set({ state: TaskState.TASK_STATE_ASSIGNED });
    run.assign(run.task.replicas[0]!, now);
  }
  return run.done();
}

/** The draw gave these seats. */
export function drawn(task: Task, terms: Terms, seats: readonly PricedSeat[], round: number, now: bigint): Step {
  const run = new Run({ ...task, replicas: [...task.replicas, ...seats.map((seat) => newReplica(seat, round))], heldAsks: [] }, terms);
  if (round === drawRounds.match) run.set({ state: TaskState.TASK_STATE_ASSIGNED });
  else if (round === drawRounds.audit) run.set({ state: TaskState.TASK_STATE_AUDITING });
  for (const replica of run.task.replicas) if (replica.state === MATCHED) run.assign(replica, now);
  return run.done();
}

/** DRAWING: seed and salt say that there is no audit. */
export function undrawn(task: Task, terms: Terms, now: bigint): Step {
  const run = new Run(task, terms);
  openResults(run, now);
  return run.done();
}

/** The salt did not come in time. */
export function saltMissed(task: Task, terms: Terms, now: bigint): Step {
  const run = new Run(task, terms);
  if (isChecked(task.state)) openResults(run, now);
  else if (task.state === TaskState.TASK_STATE_TIEBREAK) {
    run.close(now, CloseReason.CLOSE_REASON_NO_SALT, task.replicas.filter((one) => one.state === REVEALED).map((one) => run.pay(one)), 0n);
  } else {
    run.close(now, CloseReason.CLOSE_REASON_NO_SALT, [], part(feeOf(task), terms.params.missFeeBps));
  }
  return run.done();
}

/** Too few organizations to draw from, for as long as a draw may look. */
export function drawFailed(task: Task, terms: Terms, now: bigint): Step {
  const run = new Run(task, terms);
  if (isChecked(task.state)) openResults(run, now);
  else if (task.state === TaskState.TASK_STATE_TIEBREAK) inconclusive(run, now);
  else run.close(now, CloseReason.CLOSE_REASON_NO_REPLICAS, [], 0n);
  return run.done();
}

/** The provider has committed, and an audit is drawn or under way: where it cannot be had it is waived. */
const isChecked = (state: TaskState): boolean => state === TaskState.TASK_STATE_DRAWING || state === TaskState.TASK_STATE_AUDITING;

/** OPEN: expiry, cancel. */
export function closeOpen(task: Task, terms: Terms, reason: CloseReason, now: bigint): Step {
  const run = new Run(task, terms);
  run.close(now, reason, [], 0n);
  return run.done();
}

/** Everything whose due tau lies before `now`, in the order of the due taus. */
export function bringUp(task: Task, terms: Terms, now: bigint): Step {
  const run = new Run(task, terms);
  // Each turn ends a deadline; a task has few.
  for (;;) {
    sealWhatCame(run);
    let due = 0n;
    for (const replica of run.task.replicas) if (replica.dueTau !== 0n && replica.dueTau < now && (due === 0n || replica.dueTau < due)) due = replica.dueTau;
    if (due === 0n) return run.done();
    missed(run, due);
  }
}

/** Replicas whose key came in time are ASSIGNED since then. */
function sealWhatCame(run: Run): void {
  for (const replica of run.task.replicas) {
    if (replica.state !== SEALING) continue;
    const at = run.terms.sealedTau(replica.provider);
    if (at !== undefined && at <= replica.dueTau) run.put(replica, { state: ASSIGNED, dueTau: maxInt(at, replica.dueTau - run.terms.params.sealDue) + run.terms.params.startDue });
  }
}

/** Handles the deadlines that fall on `due`. */
function missed(run: Run, due: bigint): void {
  if (run.task.state === TaskState.TASK_STATE_CHALLENGE) {
    unchallenged(run, due);
    return;
  }
  const late = run.task.replicas.filter((replica) => replica.dueTau === due);
  const { params } = run.terms;
  const unsealed = late.filter((replica) => replica.state === SEALING);
  if (unsealed.length > 0 && run.task.state === TaskState.TASK_STATE_AUDITING) {
    // What it does not want checked the consumer need not have checked.
    for (const replica of unsealed) run.end(replica, RELEASED);
    auditGoesOn(run, due);
    return;
  }
  if (unsealed.length > 0) {
    // The consumer's fault: nobody is punished but its escrow.
    const paid = run.task.state === TaskState.TASK_STATE_TIEBREAK ? run.task.replicas.filter((one) => one.state === REVEALED).map((one) => run.pay(one)) : [];
    run.close(due, CloseReason.CLOSE_REASON_NO_SEAL, paid, paid.length > 0 ? 0n : part(feeOf(run.task), params.missFeeBps));
    return;
  }
  const { state } = run.task;
  for (const replica of late) punish(run, replica);
  if (state === TaskState.TASK_STATE_TIEBREAK) tiebreakGoesOn(run, due);
  else if (state === TaskState.TASK_STATE_AUDITING) auditGoesOn(run, due);
  else if (state === TaskState.TASK_STATE_REVEALING) revealed(run, due);
  else run.reopen(due, late.length);
}

/** What a missed deadline costs its provider. */
function punish(run: Run, replica: Replica): void {
  const { params } = run.terms;
  const stake = BigInt(replica.stake);
  // Nobody has to buy again what an auditor did not do.
  const shortfall = isAuditor(replica) ? 0n : run.shortfall();
  const provers = replica.state === COMMITTED ? provedBy(run, replica) : [];
  const late = replica.state === COMMITTED ? slashPenalty(stake, shortfall, provers.length, params)
    : replica.state === ASSIGNED && !isAuditor(replica) ? startPenalty(stake, run.feeInBond(), shortfall, params)
    : commitPenalty(stake, shortfall, params);
  const reason = replica.state === ASSIGNED ? "start_missed" : replica.state === RUNNING ? "commit_missed" : "reveal_missed";
  run.effects.push({ kind: "record", provider: replica.provider, outcome: replica.state === COMMITTED ? "slashed" : "missed", worth: run.feeInBond() });
  run.end(run.slash(replica, late, provers, reason), OUT);
  run.effects.push({ kind: "exclude", provider: replica.provider });
}

/**
 * A provider that is silent once its audit is drawn was caught by those who audited it: their part of its stake takes the place of their pay, for the
 * reserve of the escrow must be whole for whoever gets the task next. Where another replica's claim is left the task goes on, and pays them.
 */
function provedBy(run: Run, silent: Replica): readonly string[] {
  return silent.round === drawRounds.match && claimantsOf(run.task).length === 0 ? run.task.replicas.filter((replica) => isAuditor(replica) && replica.state === REVEALED).map(({ provider }) => provider) : [];
}

/** ASSIGNED: start. */
export function start(task: Task, terms: Terms, provider: string, now: bigint): Step {
  const run = new Run(task, terms);
  run.put(find(task, provider), { state: RUNNING, dueTau: now + commitDueOf(terms) });
  if (run.task.state === TaskState.TASK_STATE_ASSIGNED) run.set({ state: TaskState.TASK_STATE_RUNNING });
  return run.done();
}

export function commitDueOf({ params, duration }: Terms): bigint {
  return maxInt(params.commitDue, BigInt(params.commitDurations) * duration);
}

/**
 * What a decline costs: a use of the provider's allowance, a part of its stake, or nothing, where the provider is out of the job with an
 * earlier decline already.
 */
export type DeclineCost = "allowance" | "stake" | "nothing";

/** ASSIGNED or SEALING: the input cannot be had. Never a miss: the fault may be the consumer's. */
export function decline(task: Task, terms: Terms, provider: string, cost: DeclineCost, now: bigint): Step {
  const run = new Run(task, terms);
  let replica = find(task, provider);
  if (cost === "stake") replica = run.slash(replica, declinePenalty(BigInt(replica.stake), run.feeInBond(), run.shortfall(), terms.params), [], "declined");
  if (cost !== "nothing") run.effects.push({ kind: "record", provider, outcome: "declined", worth: run.feeInBond() });
  run.effects.push({ kind: "exclude", provider });
  run.end(replica, OUT);
  if (task.state === TaskState.TASK_STATE_TIEBREAK) tiebreakGoesOn(run, now);
  else if (task.state === TaskState.TASK_STATE_AUDITING) auditGoesOn(run, now);
  else if (task.declinedBy.some((organization) => organization !== replica.organization)) {
    run.close(now, CloseReason.CLOSE_REASON_INPUT_UNAVAILABLE, [], part(feeOf(task), terms.params.declineBps));
  } else {
    run.set({ declinedBy: task.declinedBy.includes(replica.organization) ? task.declinedBy : [...task.declinedBy, replica.organization] });
    run.reopen(now, 0);
  }
  return run.done();
}

/** True where the replica has not started and may be declined along with another of the job. */
export function mayDecline(replica: Replica): boolean {
  return replica.state === ASSIGNED || replica.state === SEALING;
}

/** RUNNING: a commitment. When all have committed, an audit may be drawn, else all may reveal. */
export function commit(task: Task, terms: Terms, provider: string, worker: string, commitment: Uint8Array, now: bigint): Step {
  const run = new Run(task, terms);
  run.put(find(task, provider), { state: COMMITTED, dueTau: 0n, commitment, worker });
  if (task.state === TaskState.TASK_STATE_TIEBREAK) {
    tiebreakGoesOn(run, now);
  } else if (task.state === TaskState.TASK_STATE_AUDITING) {
    auditGoesOn(run, now);
  } else if (run.task.replicas.every((replica) => replica.state === COMMITTED)) {
    if (isAudited(terms.verification)) {
      run.set({ state: TaskState.TASK_STATE_DRAWING });
      run.effects.push({ kind: "draw", round: drawRounds.audit, count: terms.params.auditors });
    } else {
      openResults(run, now);
    }
  }
  return run.done();
}

/** All have committed who are waited for: all may reveal. */
function openResults(run: Run, now: bigint): void {
  run.set({ state: TaskState.TASK_STATE_REVEALING });
  for (const replica of run.task.replicas) if (replica.state === COMMITTED) run.put(replica, { dueTau: now + run.terms.params.revealDue });
}

/** AUDITING: once no auditor is at work, those that missed or declined are replaced, once; then all may reveal. */
function auditGoesOn(run: Run, now: bigint): void {
  const auditors = run.task.replicas.filter(isAuditor);
  if (auditors.some(atWork)) return;
  const missing = auditors.filter(({ state }) => state === OUT).length;
  if (missing > 0 && !auditors.some(({ round }) => round === drawRounds.replacement)) run.effects.push({ kind: "draw", round: drawRounds.replacement, count: missing });
  else openResults(run, now);
}

/** REVEALING: a result whose commitment the caller has checked. */
export function reveal(task: Task, terms: Terms, provider: string, result: Result, now: bigint): Step {
  const run = new Run(task, terms);
  run.put(find(task, provider), { state: REVEALED, dueTau: 0n, result });
  run.effects.push({ kind: "unit", provider });
  if (task.state === TaskState.TASK_STATE_TIEBREAK) tiebreakGoesOn(run, now);
  else revealed(run, now);
  return run.done();
}

/** True where the replica may reveal: it and everybody of its round has committed. */
export function mayReveal(task: Task, replica: Replica): boolean {
  if (task.state === TaskState.TASK_STATE_REVEALING) return true;
  return task.state === TaskState.TASK_STATE_TIEBREAK && replica.round === drawRounds.tiebreak && replica.dueTau !== 0n;
}

function find(task: Task, provider: string): Replica {
  const replica = task.replicas.find((one) => one.provider === provider);
  assert(replica !== undefined, `task ${task.id} has no replica of ${provider}`);
  return replica;
}

export function agree(a: Result, b: Result): boolean {
  return a.size === b.size && a.meter === b.meter && equalBytes(a.digest, b.digest);
}

/** REVEALING, once nobody is awaited any more. */
function revealed(run: Run, now: bigint): void {
  const { replicas } = run.task;
  if (replicas.some((replica) => replica.state === COMMITTED)) return;
  const shown = replicas.filter((replica) => replica.state === REVEALED);
  // Of two that run the task from the start the other's result is left; without any of theirs there is nothing that an auditor's could confirm.
  const first = shown.find(({ round }) => round === drawRounds.match);
  if (first === undefined) {
    run.reopen(now, 1);
    return;
  }
  if (isRefereed(run.terms.verification)) {
    openClaim(run, now);
    return;
  }
  // Of an auditor that fell silent nobody knows what it found.
  const complete = replicas.every((replica) => replica.state === REVEALED || isAuditor(replica));
  if (complete && shown.every((replica) => agree(replica.result!, first.result!))) {
    run.final(now, first.result!, shown.map((replica) => run.pay(replica)));
    return;
  }
  run.set({ state: TaskState.TASK_STATE_TIEBREAK });
  run.effects.push({ kind: "draw", round: drawRounds.tiebreak, count: tiebreakers });
}

/** TIEBREAK: from commitments to reveals, from reveals to the verdict, as far as the re-runs are. */
function tiebreakGoesOn(run: Run, now: bigint): void {
  const reruns = run.task.replicas.filter((replica) => replica.round === drawRounds.tiebreak && replica.state !== OUT);
  if (reruns.some(atWork)) return;
  const silent = reruns.filter((replica) => replica.state === COMMITTED);
  if (silent.length > 0) {
    for (const replica of silent) if (replica.dueTau === 0n) run.put(replica, { dueTau: now + run.terms.params.revealDue });
    return;
  }
  verdict(run, now);
}

/** Three that agree, and more than half of all that revealed, are the majority: they are paid, whoever revealed something else loses its stake. */
function verdict(run: Run, now: bigint): void {
  const shown = run.task.replicas.filter((replica) => replica.state === REVEALED);
  const majority = shown.map((one) => shown.filter((other) => agree(one.result!, other.result!))).find((group) => group.length >= 3 && group.length * 2 > shown.length);
  if (majority === undefined) {
    inconclusive(run, now);
    return;
  }
  const provers = majority.filter((replica) => replica.round !== drawRounds.match).map((replica) => replica.provider);
  const shortfall = run.shortfall();
  for (const replica of shown.filter((one) => !majority.includes(one))) run.condemn(replica, slashPenalty(BigInt(replica.stake), shortfall, provers.length, run.terms.params), provers, "minority");
  run.final(now, majority[0]!.result!, majority.map((replica) => run.pay(replica)));
}

/**
 * No majority: the re-runs are paid, a quarter of F is burned [free results from programs that never agree], and so much more that a result is never had for less than it would have cost: as much as the dearest of those who differed
 * would have got [a consumer whose accomplice contradicts, where nobody else may run it again, keeps the result for a quarter]; the rest goes back. Who differed, provider and auditors, is neither paid nor slashed [an auditor that is
 * paid for differing where nobody is left to decide].
 */
function inconclusive(run: Run, now: bigint): void {
  const shown = run.task.replicas.filter((replica) => replica.state === REVEALED);
  const reruns = shown.filter(({ round }) => round === drawRounds.tiebreak).map((replica) => run.pay(replica));
  const paid = reruns.reduce((sum, { amount }) => sum + amount, 0n);
  const dearest = shown.filter(({ round }) => round !== drawRounds.tiebreak).reduce((most, replica) => maxInt(most, run.pay(replica).amount), 0n);
  run.effects.push({ kind: "flag" });
  run.close(now, CloseReason.CLOSE_REASON_INCONCLUSIVE, reruns, maxInt(part(feeOf(run.task), run.terms.params.inconclusiveBps), dearest - paid));
}
