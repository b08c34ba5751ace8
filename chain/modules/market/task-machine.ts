/**
 * The life of a task (protocol section 3) as pure functions: state x event -> next state + effects. Handlers load, call, store.
 * `now` is tau; a deadline still counts at its own tau and is missed one millisecond later.
 */
import {
  CloseReason, ReplicaState, TaskState, VerificationLevel, type Params, type Replica, type Result, type Task,
} from "../../codec/gen/dcm/market/v1/types.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { finalHash } from "../../vm/state-hash.ts";
import { maxInt } from "../../math/int.ts";
import { assert } from "../../runtime/errors.ts";
import { toBond, type Rate } from "./rate.ts";
import { commitPenalty, declinePenalty, earned, forfeitPenalty, isAudited, isRefereed, part, settle, shortfallOf, slashPenalty, startPenalty, tiebreakers, type Penalty, type Settlement } from "./settlement.ts";

/** What a task was agreed under; the same for all tasks of a job but for the reference price. */
export interface Terms {
  readonly params: Params;
  readonly verification: VerificationLevel;
  /** Of one task. */
  readonly escrow: bigint;
  /** What its quote denom is worth in bond. */
  readonly rate: Rate;
  readonly meterPerLot: bigint;
  /** Declared run time T. */
  readonly duration: bigint;
  /** Its tasks run in one place by twos or more: one that is lost cannot be matched alone. */
  readonly colocated: boolean;
  /** Providers need the job key. */
  readonly sealed: boolean;
  /** tau at which the key was sealed to a provider. */
  readonly sealedTau: (provider: string) => bigint | undefined;
  /** The book's reference price now; 0: none. */
  readonly reference: bigint;
  /** What a FINAL task earned waits for its acceptance. */
  readonly held: boolean;
}

/** What the caller must do, in order. */
export type Effect =
  /** Takes from a live stake; the rest of the stake is unlocked by an `ended` of its own. */
  | { readonly kind: "slash"; readonly provider: string; readonly penalty: Penalty; readonly provers: readonly string[]; readonly reason: string }
  /** The replica has no more part: its remaining stake is free, its unit goes back to the ask. */
  | { readonly kind: "ended"; readonly replica: Replica; readonly unlock: bigint }
  /** Its work is done: the unit may go back while the stake stays. */
  | { readonly kind: "unit"; readonly provider: string }
  | { readonly kind: "record"; readonly provider: string; readonly outcome: "finished" | "missed" | "declined" | "slashed"; /** In bond. */ readonly worth: bigint }
  /** No more tasks of the job for it. */
  | { readonly kind: "exclude"; readonly provider: string }
  /** A draw of so many replicas. */
  | { readonly kind: "draw"; readonly round: number; readonly count: number }
  /** V3: the auditor ended with another state than the provider. The task is written before anybody hears of it. */
  | { readonly kind: "differs"; readonly auditor: string; readonly stateHash: Uint8Array }
  /** Units promised to the draw are free again. */
  | { readonly kind: "release" }
  /** The task is OPEN again. */
  | { readonly kind: "reopened" }
  /** The task ended; its escrow is divided. */
  | { readonly kind: "settled"; readonly settlement: Settlement }
  /** The task is FINAL; what its settlement pays waits for the acceptance, what goes back does not. */
  | { readonly kind: "held"; readonly settlement: Settlement }
  | { readonly kind: "flag" };

export interface Step {
  readonly task: Task;
  readonly effects: readonly Effect[];
}

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

/** Which draw a replica came with, or which one is wanted. */
export const drawRounds = { match: 0, tiebreak: 1, audit: 2, replacement: 3 } as const;
const isAuditor = ({ round }: Replica): boolean => round === drawRounds.audit || round === drawRounds.replacement;
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

/** Pay takes misses off a record: less than a unit does not. */
export const finished = (provider: string, amount: bigint, rate: Rate): Effect & { readonly kind: "record" } => ({ kind: "record", provider, outcome: "finished", worth: toBond(amount, rate, "down") });
export const feeOf = (task: Task): bigint => task.price * task.lots;
export const stakeOfTask = (task: Task): bigint => BigInt(task.stake);
const isLive = (replica: Replica): boolean => replica.state !== OUT;

/** One task on its way: collects effects while its value changes. */
class Run {
  task: Task;
  readonly terms: Terms;
  readonly effects: Effect[] = [];
  readonly #before: Task;

  constructor(task: Task, terms: Terms) {
    this.#before = task;
    this.task = task;
    this.terms = terms;
  }

  done(): Step {
    let due = 0n;
    for (const replica of this.task.replicas) if (replica.dueTau !== 0n && (due === 0n || replica.dueTau < due)) due = replica.dueTau;
    if (this.task === this.#before && this.task.dueTau === due) return { task: this.task, effects: this.effects };
    return { task: { ...this.task, dueTau: due }, effects: this.effects };
  }

  set(change: Partial<Task>): void {
    this.task = { ...this.task, ...change };
  }

  put(replica: Replica, change: Partial<Replica>): Replica {
    const next = { ...replica, ...change };
    this.set({ replicas: this.task.replicas.map((one) => (one.provider === replica.provider ? next : one)) });
    return next;
  }

  slash(replica: Replica, penalty: Penalty, provers: readonly string[], reason: string): Replica {
    if (penalty.amount > 0n) this.effects.push({ kind: "slash", provider: replica.provider, penalty, provers, reason });
    return this.put(replica, { slashed: (BigInt(replica.slashed) + penalty.amount).toString(), stake: (BigInt(replica.stake) - penalty.amount).toString() });
  }

  /** Takes the replica out: frees what is left of its stake and its unit. */
  end(replica: Replica, state: ReplicaState): Replica {
    this.effects.push({ kind: "ended", replica, unlock: BigInt(replica.stake) });
    return this.put(replica, { state, stake: "0", dueTau: 0n, unitOut: false });
  }

  endAll(): void {
    for (const replica of this.task.replicas) if (BigInt(replica.stake) > 0n || replica.unitOut) this.end(replica, replica.state);
    for (const replica of this.task.replicas) if (replica.dueTau !== 0n) this.put(replica, { dueTau: 0n });
  }

  /** In bond: what is short is not for the consumer to bear, nor is a part of a unit. */
  shortfall(): bigint {
    return toBond(shortfallOf(this.terms.reference, this.task.price, this.task.lots, this.terms.params.shortfallMultiple), this.terms.rate, "up");
  }

  /** F in bond: what penalties are parts of, and what misses and declines weigh. */
  feeInBond(): bigint {
    return toBond(feeOf(this.task), this.terms.rate, "up");
  }

  /** OPEN again, or CLOSED at the last miss. Everybody else leaves unpaid and unslashed. */
  reopen(now: bigint, misses: number): void {
    this.effects.push({ kind: "release" });
    this.endAll();
    const total = this.task.misses + misses;
    this.set({ misses: total });
    if (total >= this.terms.params.maxMisses || this.terms.colocated) {
      this.close(now, CloseReason.CLOSE_REASON_MISSED, [], 0n);
      return;
    }
    this.set({ state: TaskState.TASK_STATE_OPEN, replicas: [], heldAsks: [] });
    this.effects.push({ kind: "reopened" });
  }

  close(now: bigint, reason: CloseReason, payments: readonly { provider: string; amount: bigint }[], burned: bigint): void {
    this.effects.push({ kind: "release" });
    this.endAll();
    this.#finish(now, payments, burned, { state: TaskState.TASK_STATE_CLOSED, closeReason: reason });
  }

  final(now: bigint, result: Result, payments: readonly { provider: string; amount: bigint }[]): void {
    this.endAll();
    if (this.terms.held && payments.some(({ amount }) => amount > 0n)) {
      this.set({ state: TaskState.TASK_STATE_FINAL, result, endedTau: now, heldAsks: [] });
      this.effects.push({ kind: "held", settlement: settle(this.terms.escrow, payments, 0n, this.terms.params.feeBps) });
      return;
    }
    for (const { provider, amount } of payments) this.effects.push(finished(provider, amount, this.terms.rate));
    this.#finish(now, payments, 0n, { state: TaskState.TASK_STATE_FINAL, result });
  }

  #finish(now: bigint, payments: readonly { provider: string; amount: bigint }[], burned: bigint, change: Partial<Task>): void {
    for (const { provider, amount } of payments) {
      const replica = this.task.replicas.find((one) => one.provider === provider);
      assert(replica !== undefined, `task ${this.task.id} pays ${provider}, who has no replica`);
      this.put(replica, { paid: amount.toString() });
    }
    this.set({ ...change, endedTau: now, heldAsks: [] });
    this.effects.push({ kind: "settled", settlement: settle(this.terms.escrow, payments, burned, this.terms.params.feeBps) });
  }

  pay(replica: Replica): { provider: string; amount: bigint } {
    const { result } = replica;
    assert(result !== undefined, "paying a replica without a result");
    return { provider: replica.provider, amount: earned(result.meter, this.terms.meterPerLot, this.task.lots, replica.price) };
  }

  /** From here on deadlines run: for the key where one is needed and not there, else for the start. */
  assign(replica: Replica, now: bigint): void {
    const { params, sealed, sealedTau } = this.terms;
    if (sealed && sealedTau(replica.provider) === undefined) this.put(replica, { state: SEALING, dueTau: now + params.sealDue });
    else this.put(replica, { state: ASSIGNED, dueTau: now + params.startDue });
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
  const { params, verification } = run.terms;
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
  else {
    // Of two that run the task from the start the other's result is left; without the provider's there is nothing that an auditor's could confirm.
    const misses = late.filter(({ round }) => round === drawRounds.match).length;
    if (state === TaskState.TASK_STATE_REVEALING && (misses === 0 || verification === VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED)) revealed(run, due);
    else run.reopen(due, misses);
  }
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
 * reserve of the escrow must be whole for whoever gets the task next.
 */
function provedBy(run: Run, silent: Replica): readonly string[] {
  return silent.round === drawRounds.match ? run.task.replicas.filter((replica) => isAuditor(replica) && replica.state === REVEALED).map(({ provider }) => provider) : [];
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
  const first = shown[0];
  if (first === undefined) {
    run.reopen(now, 1);
    return;
  }
  if (isRefereed(run.terms.verification)) {
    openWindow(run, now);
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

/** V3: the state that a replica says the machine ended with. */
export function stateHashOf({ result }: Replica): Uint8Array {
  assert(result?.final !== undefined, "a refereed replica without a final state");
  return finalHash(result.final, result.digest);
}

const providerOf = ({ replicas }: Task): Replica => replicas.find(({ round }) => round === drawRounds.match)!;

/** REVEALED, V3: it can be challenged for a while; an auditor that found another state disputes it at once. */
function openWindow(run: Run, now: bigint): void {
  const { params, duration } = run.terms;
  const claimed = stateHashOf(providerOf(run.task));
  run.set({ state: TaskState.TASK_STATE_CHALLENGE });
  run.put(providerOf(run.task), { dueTau: now + maxInt(params.challengeDue, BigInt(params.challengeDurations) * duration) });
  for (const auditor of run.task.replicas.filter((replica) => isAuditor(replica) && replica.state === REVEALED)) {
    const stateHash = stateHashOf(auditor);
    if (!equalBytes(stateHash, claimed)) run.effects.push({ kind: "differs", auditor: auditor.provider, stateHash });
  }
}

/** CHALLENGE: the window is over and nothing is disputed. Auditors that are left found what the provider did. */
function unchallenged(run: Run, now: bigint): void {
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
  condemn(run, providerOf(task), slashPenalty(BigInt(providerOf(task).stake), run.shortfall(), provers.length, terms.params), provers, "disproved");
  run.set({ challengeLeft: 0n });
  run.close(now, CloseReason.CLOSE_REASON_DISPROVED, [], 0n);
  return run.done();
}

/** DISPUTE: an auditor that differed was wrong or out of time. With `both` the provider was wrong too, and gets nothing. */
export function forfeit(task: Task, terms: Terms, auditor: string, both: boolean): Step {
  const run = new Run(task, terms);
  const replica = find(task, auditor);
  const penalty = forfeitPenalty(BigInt(replica.stake));
  condemn(run, replica, both ? { ...penalty, prover: 0n } : penalty, both ? [] : [providerOf(task).provider], "audit_refuted");
  return run.done();
}

/** Out, with what that costs, and never again in the job. */
function condemn(run: Run, replica: Replica, penalty: Penalty, provers: readonly string[], reason: string): void {
  run.effects.push({ kind: "record", provider: replica.provider, outcome: "slashed", worth: run.feeInBond() });
  run.end(run.slash(replica, penalty, provers, reason), OUT);
  run.effects.push({ kind: "exclude", provider: replica.provider });
}

/** TIEBREAK: from commitments to reveals, from reveals to the verdict, as far as the re-runs are. */
function tiebreakGoesOn(run: Run, now: bigint): void {
  const reruns = run.task.replicas.filter((replica) => replica.round === drawRounds.tiebreak && isLive(replica));
  if (reruns.some(atWork)) return;
  const silent = reruns.filter((replica) => replica.state === COMMITTED);
  if (silent.length > 0) {
    for (const replica of silent) if (replica.dueTau === 0n) run.put(replica, { dueTau: now + run.terms.params.revealDue });
    return;
  }
  verdict(run, now);
}

/** Three that agree are the majority: they are paid, whoever revealed something else loses its stake. */
function verdict(run: Run, now: bigint): void {
  const shown = run.task.replicas.filter((replica) => replica.state === REVEALED);
  const majority = shown.map((one) => shown.filter((other) => agree(one.result!, other.result!))).find((group) => group.length >= 3);
  if (majority === undefined) {
    inconclusive(run, now);
    return;
  }
  const provers = majority.filter((replica) => replica.round !== drawRounds.match).map((replica) => replica.provider);
  const shortfall = run.shortfall();
  for (const replica of shown.filter((one) => !majority.includes(one))) condemn(run, replica, slashPenalty(BigInt(replica.stake), shortfall, provers.length, run.terms.params), provers, "minority");
  run.final(now, majority[0]!.result!, majority.map((replica) => run.pay(replica)));
}

/**
 * No majority: the re-runs are paid, a quarter of F is burned [free results from programs that never agree], the rest goes back. Who differed, provider and
 * auditors, is neither paid nor slashed [an auditor that is paid for differing where nobody is left to decide].
 */
function inconclusive(run: Run, now: bigint): void {
  const reruns = run.task.replicas.filter((replica) => replica.round === drawRounds.tiebreak && replica.state === REVEALED);
  run.effects.push({ kind: "flag" });
  run.close(now, CloseReason.CLOSE_REASON_INCONCLUSIVE, reruns.map((replica) => run.pay(replica)), part(feeOf(run.task), run.terms.params.inconclusiveBps));
}
