/** One task on its way through its states: what it was agreed under, its value while it changes, and the effects that the caller must carry out. Pure. */
import { CloseReason, ReplicaState, TaskState, type Params, type Replica, type Result, type Task, type VerificationLevel } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { toBond, type Rate } from "./rate.ts";
import { earned, settle, shortfallOf, type Penalty, type Settlement } from "./settlement.ts";

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
  readonly reference: () => bigint;
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
  /** V3: the second of two replicas ended with another state than the first. As above. */
  | { readonly kind: "contested"; readonly replica: string; readonly stateHash: Uint8Array }
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

/** Which draw a replica came with, or which one is wanted. */
export const drawRounds = { match: 0, tiebreak: 1, audit: 2, replacement: 3 } as const;
export const isAuditor = ({ round }: Replica): boolean => round === drawRounds.audit || round === drawRounds.replacement;

/** Pay takes misses off a record: less than a unit does not. */
export const finished = (provider: string, amount: bigint, rate: Rate): Effect & { readonly kind: "record" } => ({ kind: "record", provider, outcome: "finished", worth: toBond(amount, rate, "down") });
export const feeOf = (task: Task): bigint => task.price * task.lots;
export const stakeOfTask = (task: Task): bigint => BigInt(task.stake);

/** One task on its way: collects effects while its value changes. */
export class Run {
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

  /** Out, with what that costs, and never again in the job. */
  condemn(replica: Replica, penalty: Penalty, provers: readonly string[], reason: string): void {
    this.effects.push({ kind: "record", provider: replica.provider, outcome: "slashed", worth: this.feeInBond() });
    this.end(this.slash(replica, penalty, provers, reason), ReplicaState.REPLICA_STATE_OUT);
    this.effects.push({ kind: "exclude", provider: replica.provider });
  }

  endAll(): void {
    for (const replica of this.task.replicas) if (BigInt(replica.stake) > 0n || replica.unitOut) this.end(replica, replica.state);
    for (const replica of this.task.replicas) if (replica.dueTau !== 0n) this.put(replica, { dueTau: 0n });
  }

  /** In bond: what is short is not for the consumer to bear, nor is a part of a unit. */
  shortfall(): bigint {
    return toBond(shortfallOf(this.terms.reference(), this.task.price, this.task.lots, this.terms.params.shortfallMultiple), this.terms.rate, "up");
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
    if (sealed && sealedTau(replica.provider) === undefined) this.put(replica, { state: ReplicaState.REPLICA_STATE_SEALING, dueTau: now + params.sealDue });
    else this.put(replica, { state: ReplicaState.REPLICA_STATE_ASSIGNED, dueTau: now + params.startDue });
  }
}
