/**
 * The life of one instance of a service as pure functions: state x event -> next state + effects (the README has the table). Handlers load, call, store.
 * `now` is tau; a deadline still counts at its own tau and is missed one millisecond later.
 */
import { CloseReason, InstanceState, Term, type Instance, type InstanceDeposit, type Params, type ServiceAcceptance } from "../../../codec/gen/dcm/market/v1/types.ts";
import { maxInt, minInt, mulDivFloor } from "../../../math/int.ts";
import { withheldOf } from "../holds.ts";
import { toBond, type Rate } from "../rate.ts";
import { part, shortfallOf, startPenalty, type Penalty, type Settlement } from "../settlement.ts";
import { maxHolds, type Gathered } from "./acceptance.ts";
import { balanceOf, depositedOf, fundersOf, refundsOf, splitDeposits } from "./deposits.ts";
import { dueUntil, reachOf, type Stream } from "./stream.ts";

/** What an instance was agreed under; the same for all of a service but for the reference price. */
export interface ServiceTerms {
  readonly params: Params;
  /** What its quote denom is worth in bond. */
  readonly rate: Rate;
  readonly meterPerLot: bigint;
  /** In milliseconds, and in lots, a begun one counts whole. */
  readonly notice: bigint;
  readonly noticeLots: bigint;
  /** Its instances run in one place by twos or more: one that is lost cannot be matched alone. */
  readonly colocated: boolean;
  /** tau at which the service key was sealed to a provider. */
  readonly sealedTau: (provider: string) => bigint | undefined;
  /** The book's reference price now; 0: none. */
  readonly reference: bigint;
  /** A part of what streams is held; undefined: all is paid at once. */
  readonly acceptance: ServiceAcceptance | undefined;
}

/** What the caller must do, in order. */
export type InstanceEffect =
  /** Takes from the live stake; the rest is unlocked by `ended`. */
  | { readonly kind: "slash"; readonly provider: string; readonly penalty: Penalty; readonly reason: string }
  /** Money leaves the escrow, for the time from `from` until `to`. */
  | { readonly kind: "settled"; readonly settlement: Settlement; readonly from: bigint; readonly to: bigint; /** Whole ones that it brings to an end. */ readonly lots: bigint }
  /** Money stays in the escrow for the pay of a period. */
  | { readonly kind: "gathered"; readonly gathered: Gathered }
  /** The period ends at this tau. */
  | { readonly kind: "redated"; readonly period: bigint; readonly until: bigint }
  /** The provider has no more part: what is left of its stake is free, its unit goes back to the ask. */
  | { readonly kind: "ended"; readonly instance: Instance; readonly unlock: bigint }
  | { readonly kind: "record"; readonly provider: string; readonly outcome: "finished" | "missed"; /** In bond. */ readonly worth: bigint }
  /** No more instances of the service for it. */
  | { readonly kind: "exclude"; readonly provider: string }
  /** The instance is OPEN again. */
  | { readonly kind: "reopened" }
  /** The instance is CLOSED. */
  | { readonly kind: "closed" };

export interface InstanceStep {
  readonly instance: Instance;
  readonly effects: readonly InstanceEffect[];
}

/** What clearing gives to an instance. */
export interface InstanceSeat {
  readonly provider: string;
  readonly organization: string;
  readonly askId: bigint;
  readonly leaseId: bigint;
  readonly jurisdiction: string;
  readonly term: Term;
  readonly price: bigint;
  readonly stake: bigint;
}

const {
  INSTANCE_STATE_OPEN: OPEN, INSTANCE_STATE_SEALING: SEALING, INSTANCE_STATE_PENDING: PENDING, INSTANCE_STATE_RUNNING: RUNNING, INSTANCE_STATE_GRACE: GRACE,
  INSTANCE_STATE_RECLAIMING: RECLAIMING, INSTANCE_STATE_CLOSED: CLOSED,
} = InstanceState;

/** Its money streams. */
export const streams = (state: InstanceState): boolean => state === RUNNING || state === GRACE || state === RECLAIMING;
/** A provider has it. */
export const isHeld = (state: InstanceState): boolean => state === SEALING || state === PENDING || streams(state);

/** F: what the notice costs. It is what leaving early can cost the other side at most, and S is as much. */
export const feeOfNotice = (price: bigint, noticeLots: bigint): bigint => price * noticeLots;

export function streamOf(instance: Instance, { params, meterPerLot }: ServiceTerms): Stream {
  return {
    price: instance.price, meterPerLot, feeBps: params.feeBps, deposited: depositedOf(instance), startedTau: instance.startedTau, grace: params.serviceGrace,
    graceShareBps: params.serviceGraceShareBps,
  };
}

/** One instance on its way: collects effects while its value changes. */
class Run {
  instance: Instance;
  readonly terms: ServiceTerms;
  readonly effects: InstanceEffect[] = [];

  constructor(instance: Instance, terms: ServiceTerms) {
    this.instance = instance;
    this.terms = terms;
  }

  done(): InstanceStep {
    return { instance: this.instance, effects: this.effects };
  }

  set(change: Partial<Instance>): void {
    this.instance = { ...this.instance, ...change };
  }

  get fee(): bigint {
    return feeOfNotice(this.instance.price, this.terms.noticeLots);
  }

  /** F in bond: what penalties are parts of, and what misses weigh. */
  get feeInBond(): bigint {
    return toBond(this.fee, this.terms.rate, "up");
  }

  /** What a start miss costs, for time as long as the notice. Gives what was taken. */
  penalize(reason: string): bigint {
    const { price, provider, stake, slashed } = this.instance;
    const { params, noticeLots, reference, rate } = this.terms;
    const shortfall = toBond(shortfallOf(reference, price, noticeLots, params.shortfallMultiple), rate, "up");
    const penalty = startPenalty(BigInt(stake), this.feeInBond, shortfall, params);
    if (penalty.amount > 0n) this.effects.push({ kind: "slash", provider, penalty, reason });
    this.set({ stake: (BigInt(stake) - penalty.amount).toString(), slashed: (BigInt(slashed) + penalty.amount).toString() });
    return penalty.amount;
  }

  /** Pays the provider up to `tau`, as far as the deposits reach; gives what it is owed beyond. What belongs to a period that is over is settled for itself, so that it is the same whoever settles when. */
  settle(tau: bigint): bigint {
    const { acceptance } = this.terms;
    const ends = this.instance.periodUntil;
    if (acceptance === undefined || tau <= ends) return this.settlePeriod(tau);
    this.settlePeriod(ends);
    const until = ends + ((tau - ends + acceptance.period - 1n) / acceptance.period) * acceptance.period;
    if (this.instance.holds < maxHolds) this.set({ period: this.instance.period + 1n, periodUntil: until });
    else this.endPeriod(until);
    return this.settlePeriod(tau);
  }

  /** The present period ends at another tau than it was to: there are as many holds as may be, or the lease has ended. */
  endPeriod(until: bigint): void {
    this.effects.push({ kind: "redated", period: this.instance.period, until });
    this.set({ periodUntil: until });
  }

  /** Within the present period. */
  settlePeriod(tau: bigint): bigint {
    const { instance, terms } = this;
    const { paid, fee, debt } = dueUntil(streamOf(instance, terms), tau);
    const [accrued, accruedFees] = [BigInt(instance.accrued), BigInt(instance.accruedFees)];
    const [amount, charged] = [paid - accrued, fee - accruedFees];
    if (amount === 0n) return debt;
    const from = instance.settledTau;
    const held = withheldOf(paid, terms) - withheldOf(accrued, terms);
    const heldFee = mulDivFloor(charged, held, amount);
    if (held > 0n) {
      const used = accrued + accruedFees;
      const { period, periodUntil: until } = instance;
      this.effects.push({ kind: "gathered", gathered: { period, pay: held, fee: heldFee, funders: fundersOf(instance.deposits, used, used + amount + charged, held + heldFee), from, until } });
    }
    const [now, nowFee] = [amount - held, charged - heldFee];
    const before = BigInt(instance.paid);
    if (now > 0n) {
      const settlement = { payments: [{ provider: instance.provider, amount: now }], fee: nowFee, burned: 0n, refund: 0n };
      this.effects.push({ kind: "settled", settlement, from, to: tau, lots: (before + now) / instance.price - before / instance.price });
    }
    if (held > 0n && instance.heldPeriod !== instance.period) this.set({ holds: instance.holds + 1, heldPeriod: instance.period });
    this.set({
      accrued: paid.toString(), accruedFees: fee.toString(), paid: (before + now).toString(), fees: (BigInt(instance.fees) + nowFee).toString(), settledTau: tau,
      held: (BigInt(instance.held) + held + heldFee).toString(),
    });
    return debt;
  }

  /** The provider has no more part in it. */
  end(): void {
    this.effects.push({ kind: "ended", instance: this.instance, unlock: BigInt(this.instance.stake) });
    this.set({ stake: "0", unitOut: false, dueTau: 0n });
  }

  close(tau: bigint, reason: CloseReason, burned = 0n): void {
    if (isHeld(this.instance.state)) this.end();
    if (BigInt(this.instance.paid) > 0n) this.effects.push({ kind: "record", provider: this.instance.provider, outcome: "finished", worth: toBond(BigInt(this.instance.paid), this.terms.rate, "down") });
    if (this.instance.periodUntil > tau) this.endPeriod(tau);
    const gone = minInt(burned, balanceOf(this.instance));
    this.set({ burned: (BigInt(this.instance.burned) + gone).toString() });
    const refunds = refundsOf(this.instance);
    const refund = balanceOf(this.instance);
    this.effects.push({ kind: "settled", settlement: { payments: [], fee: 0n, burned: gone, refund, refunds }, from: tau, to: tau, lots: 0n });
    this.set({ state: CLOSED, closeReason: reason, endedTau: tau, refunded: (BigInt(this.instance.refunded) + refund).toString() });
    this.effects.push({ kind: "closed" });
  }

  /** What others put in for this lease goes back to them: an instance in the book has the bid's money only, so that a bid that leaves with many pays one. */
  returnToOthers(tau: bigint): void {
    const { kept, others } = splitDeposits(this.instance.deposits);
    const refund = others.reduce((sum, { amount }) => sum + amount, 0n);
    if (refund > 0n) this.effects.push({ kind: "settled", settlement: { payments: [], fee: 0n, burned: 0n, refund, refunds: others }, from: tau, to: tau, lots: 0n });
    this.set({ deposits: kept });
  }

  /** OPEN again, or CLOSED at the last miss. What the payer of the bid put in for it stays with it. */
  reopen(tau: bigint): void {
    const { provider } = this.instance;
    this.set({ misses: this.instance.misses + 1 });
    this.effects.push({ kind: "exclude", provider });
    if (this.instance.misses >= this.terms.params.maxMisses || this.terms.colocated) {
      this.close(tau, CloseReason.CLOSE_REASON_MISSED);
      return;
    }
    this.end();
    this.returnToOthers(tau);
    this.set({ state: OPEN, provider: "", providerOrganization: "", jurisdiction: "", askId: 0n, leaseId: 0n, price: 0n, term: Term.TERM_UNSPECIFIED, matchedTau: 0n });
    this.effects.push({ kind: "reopened" });
  }
}

/** OPEN: match. A provider that serves another instance of the service has the key already. */
export function matchInstance(instance: Instance, terms: ServiceTerms, { organization, stake, ...seat }: InstanceSeat, now: bigint): InstanceStep {
  const run = new Run(instance, terms);
  run.set({ ...seat, providerOrganization: organization, stake: stake.toString(), slashed: "0", unitOut: true, matchedTau: now, state: SEALING, dueTau: now + terms.params.sealDue });
  return bringUpRun(run, now);
}

/** All that became of the instance by itself, and the provider paid, until `now`. */
export function bringInstanceUp(instance: Instance, terms: ServiceTerms, now: bigint): InstanceStep {
  return bringUpRun(new Run(instance, terms), now);
}

function bringUpRun(run: Run, now: bigint): InstanceStep {
  if (run.instance.state === SEALING) bringSealingUp(run, now);
  if (run.instance.state === PENDING && now > run.instance.dueTau) {
    run.effects.push({ kind: "record", provider: run.instance.provider, outcome: "missed", worth: run.feeInBond });
    run.penalize("start_missed");
    run.reopen(now);
  }
  if (streams(run.instance.state)) bringStreamUp(run, now);
  return run.done();
}

/** The key came in time, or what withholding it costs. */
function bringSealingUp(run: Run, now: bigint): void {
  const { provider, matchedTau, dueTau } = run.instance;
  const { params, sealedTau } = run.terms;
  const sealed = sealedTau(provider);
  if (sealed !== undefined && sealed <= dueTau) run.set({ state: PENDING, dueTau: maxInt(sealed, matchedTau) + params.startDue });
  else if (now > dueTau) run.close(dueTau, CloseReason.CLOSE_REASON_NO_SEAL, part(run.fee, params.missFeeBps));
}

function bringStreamUp(run: Run, now: bigint): void {
  const { reclaimTau } = run.instance;
  const { depletedTau, graceTau } = reachOf(streamOf(run.instance, run.terms));
  const reclaimed = reclaimTau !== 0n && reclaimTau <= graceTau;
  const ends = reclaimed ? reclaimTau : graceTau;
  if (now > ends) {
    run.set({ unpaid: run.settle(ends).toString() });
    run.close(ends, reclaimed ? CloseReason.CLOSE_REASON_RECLAIMED : CloseReason.CLOSE_REASON_DEPLETED);
    return;
  }
  run.settle(now);
  const state = reclaimTau !== 0n ? RECLAIMING : now > depletedTau ? GRACE : RUNNING;
  // A period ends by itself while money streams; in grace nothing comes to it.
  const periodUntil = run.terms.acceptance === undefined ? ends : run.instance.periodUntil;
  const dueTau = now > depletedTau ? ends : minInt(minInt(depletedTau, ends), periodUntil);
  if (state !== run.instance.state || dueTau !== run.instance.dueTau) run.set({ state, dueTau });
}

/** OPEN: its bid has left the book. */
export function closeOpenInstance(instance: Instance, terms: ServiceTerms, reason: CloseReason, now: bigint): InstanceStep {
  const run = new Run(instance, terms);
  run.close(now, reason);
  return run.done();
}

/** PENDING: it is served from now on, and paid for. */
export function startInstance(instance: Instance, terms: ServiceTerms, now: bigint): InstanceStep {
  const run = new Run(instance, terms);
  const { acceptance } = terms;
  run.set({ state: RUNNING, startedTau: now, settledTau: now, ...(acceptance === undefined ? {} : { period: 1n, periodUntil: now + acceptance.period }) });
  return bringUpRun(run, now);
}

/** Held: more money. What is owed is paid at once. */
export function topUpInstance(instance: Instance, terms: ServiceTerms, deposits: readonly InstanceDeposit[], now: bigint): InstanceStep {
  const run = new Run(instance, terms);
  run.set({ deposits: [...deposits] });
  return bringUpRun(run, now);
}

/**
 * RUNNING or GRACE: the provider gives notice. A spot lease promised to go on: its provider pays what a start miss costs, unless it serves unpaid; a preemptible one
 * promised the notice only.
 */
export function reclaimInstance(instance: Instance, terms: ServiceTerms, now: bigint): InstanceStep & { readonly penalty: bigint } {
  const run = new Run(instance, terms);
  const penalty = instance.state === RUNNING && instance.term !== Term.TERM_PREEMPTIBLE ? run.penalize("reclaimed") : 0n;
  run.set({ reclaimTau: now + terms.notice });
  return { ...bringUpRun(run, now), penalty };
}

/**
 * Held: the consumer ends it. Before the start that costs what a missing key costs [units taken out of the book for nothing]. Of a provider that is silent while it is
 * paid it is as if it had reclaimed without notice [walking away is cheaper than giving notice]; where it had given notice, once more.
 */
export function closeInstance(instance: Instance, terms: ServiceTerms, silent: boolean, now: bigint): InstanceStep {
  const run = new Run(instance, terms);
  if (!streams(instance.state)) {
    run.close(now, CloseReason.CLOSE_REASON_CLOSED_BY_CONSUMER, part(run.fee, terms.params.missFeeBps));
    return run.done();
  }
  const debt = run.settle(now);
  const abandoned = silent && debt === 0n;
  if (abandoned) run.penalize("abandoned");
  run.set({ unpaid: debt.toString() });
  run.close(now, abandoned ? CloseReason.CLOSE_REASON_ABANDONED : CloseReason.CLOSE_REASON_CLOSED_BY_CONSUMER);
  // Behind what it was paid: that must not wipe out this very mark.
  if (abandoned) run.effects.push({ kind: "record", provider: instance.provider, outcome: "missed", worth: run.feeInBond });
  return run.done();
}
