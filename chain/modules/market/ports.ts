/** What the market needs of others, and what it offers. */
import type { CapacityClass } from "../../codec/gen/dcm/market/v1/types.ts";
import type { Context } from "../../runtime/context.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { BeaconPort } from "../beacon/ports.ts";
import type { ClockPort } from "../clock/ports.ts";
import type { OrganizationsPort } from "../organization/ports.ts";
import type { AttestationsPort } from "../staking/auditors/ports.ts";
import type { ProvidersPort } from "../staking/providers/ports.ts";

export interface MarketPorts {
  readonly bank: BankPort;
  readonly accounts: AccountsPort;
  readonly clock: ClockPort;
  readonly beacon: BeaconPort;
  readonly providers: ProvidersPort;
  readonly attestations: AttestationsPort;
  readonly organizations: OrganizationsPort;
  readonly referee: RefereePort;
  /** Bech32 address that may change classes and parameters. */
  readonly authority: string;
}

/** Capacity that was sold ahead and is to be served now: an ask that is reserved for its holder. */
export interface Delivery {
  readonly positionId: bigint;
  readonly provider: string;
  /** The account whose bids it serves: the holder, or the organization's account that pays for it. */
  readonly holder: string;
  readonly classId: string;
  readonly quoteDenom: string;
  /** For one lot. */
  readonly price: bigint;
  readonly units: number;
  /** Of one unit. */
  readonly lots: bigint;
  /** By then all that it serves is over, by declared duration. */
  readonly untilTau: bigint;
  /** The longest of its jobs, in milliseconds; 0: all is paid at once. */
  readonly acceptanceWindow: bigint;
}

/** Lots of a delivery that is over; what is in none of the three the holder left unused. */
export interface DeliveryOutcome {
  readonly positionId: bigint;
  /** Paid for through the jobs' escrow. */
  readonly served: bigint;
  /** Missed, or refused by a provider that was not there or withdrew. */
  readonly failed: bigint;
  /** Declined, as the input could not be had. */
  readonly voided: bigint;
}

/** What forwards use. */
export interface DeliveriesPort {
  /** The class, open for new orders; fails with the market's errors where class, denom or the price's tick are not served. */
  contract(ctx: Context, classId: string, quoteDenom: string, field: string, price: bigint): CapacityClass;
  /** The ask, with its bond set aside; undefined, and nothing changed, where the provider may not be matched or lacks the bond. */
  open(ctx: Context, delivery: Delivery): bigint | undefined;
  /** Asks of deliveries that are over and whose outcome was not taken, at most `limit`. */
  ended(ctx: Context, limit: number): readonly bigint[];
  /** What became of a delivery that is over; it is forgotten with that. */
  takeOutcome(ctx: Context, askId: bigint): DeliveryOutcome;
}

/** A task, whose period is 0, or an instance and one of its periods. */
export interface HoldRef {
  readonly id: bigint;
  readonly period: bigint;
}

/** Pay that waits for its acceptance, of a FINAL task or of a period of an instance, as a dispute sees it. */
export interface HeldPay {
  /** 0, as the job: of an instance. */
  readonly taskId: bigint;
  readonly jobId: bigint;
  /** 0, as instance and period: of a task. */
  readonly serviceId: bigint;
  readonly instanceId: bigint;
  readonly period: bigint;
  readonly consumer: string;
  readonly payer: string;
  /** Of the consumer; empty: none. */
  readonly organization: string;
  readonly providers: readonly { readonly provider: string; readonly organization: string }[];
  readonly denom: string;
  /** Pay and the fee on it. */
  readonly amount: bigint;
  /** The last tau at which a case can be opened. */
  readonly dueTau: bigint;
  /** To the providers where there is no verdict, in 1/10,000. */
  readonly defaultShareBps: number;
  /** The case that decides on it; 0: none. */
  readonly caseId: bigint;
  /** The tau up to which more may come to it: no case can be opened before; 0: nothing comes any more. */
  readonly gathersUntil: bigint;
}

/** What disputes use. A case moves what is held, and nothing else of the market. */
export interface HoldsPort {
  /** Brings what is held up to date: what streams is settled. */
  touch(ctx: Context, ref: HoldRef): void;
  /** As it is written; undefined where nothing is held of it. */
  find(ctx: Context, ref: HoldRef): HeldPay | undefined;
  /** Up to `limit` holds that wait for no case, by task or instance. */
  undisputed(ctx: Context, limit: number): readonly HeldPay[];
  /** The pay waits for this case and for no window any more. */
  hold(ctx: Context, ref: HoldRef, caseId: bigint): void;
  /** Ends it: so much of the pay, in 1/10,000, to the providers, with the fee on that; the rest goes back to whoever paid it. */
  split(ctx: Context, ref: HoldRef, providerShareBps: number): void;
}

/** A result of V3 whose window is open: what its provider, or two, say that the refereed machine does. */
export interface RefereedClaim {
  readonly taskId: bigint;
  readonly jobId: bigint;
  /** The task's place among those that share its inputs and arguments, and how many these are. */
  readonly index: number;
  readonly count: number;
  /** Whom a dispute is fought with: the first of the claimants. */
  readonly provider: string;
  /** Replicas whose claims stand, one or two. */
  readonly claimants: readonly string[];
  /** The two claim different states, and are in dispute with each other. */
  readonly contested: boolean;
  readonly consumer: string;
  /** Its inputs are sealed: who has no key cannot run it again. */
  readonly sealed: boolean;
  /** Of the state that the provider ended with, 32 bytes. */
  readonly stateHash: Uint8Array;
  readonly programRoot: Uint8Array;
  /** RFC 6962, over `region root || size` of each input. */
  readonly inputRoot: Uint8Array;
  readonly arguments: Uint8Array;
  /** Lots of the task times what a lot holds. */
  readonly meterLimit: bigint;
  /** Declared run time T, in milliseconds. */
  readonly duration: bigint;
  /** F in the bond denom, rounded up. */
  readonly fee: bigint;
  /** The last tau at which it can be challenged, while nothing is disputed; the clock stands still in DISPUTE. */
  readonly dueTau: bigint;
}

/** What the referee uses: a task in CHALLENGE or DISPUTE. */
export interface RefereedPort {
  /** The task as it is now; undefined where it is in neither state. Writes nothing. */
  claim(ctx: Context, taskId: bigint): RefereedClaim | undefined;
  /** Tasks in DISPUTE, in the order of their ids: all that there are, for genesis. */
  disputed(ctx: Context): readonly bigint[];
  /** CHALLENGE -> DISPUTE: the window's clock stops. No effect in DISPUTE. */
  dispute(ctx: Context, taskId: bigint): void;
  /** Nothing is disputed any more: the rest of CHALLENGE. */
  resume(ctx: Context, taskId: bigint): void;
  /**
   * These replicas were wrong or out of time: each loses S, a part of it to the prover where there is one. Without a claim that is left the task is CLOSED with all escrow back. The
   * claim that is left of two different ones can be challenged from now on, for a whole window; where both claimed the same, the task stays in DISPUTE.
   */
  convict(ctx: Context, taskId: bigint, wrong: readonly string[], prover: string | undefined): void;
  /** An auditor whose audit differed was wrong or out of time: it loses its stake, half of it to the provider that was right where there is one, the rest burned. */
  forfeit(ctx: Context, taskId: bigint, auditor: string, right: string | undefined): void;
}

/** What the market calls when an audit of V3, or its second replica, ends with another state than the provider's. The stake of either is its bond. */
export interface RefereePort {
  auditDiffers(ctx: Context, taskId: bigint, auditor: string, stateHash: Uint8Array): void;
  replicasDiffer(ctx: Context, taskId: bigint, replica: string, stateHash: Uint8Array): void;
}

/** The pure batch auction, for books with order records of their own; and what organizations allow in it. */
export { clear, type AskOrder, type BidOrder, type Fill, type Guard } from "./matching.ts";
export { Mandates, type ProviderGuard } from "./guards.ts";
export { factsOf } from "./mandates.ts";
