/** What others may ask of organizations. Addresses are raw bytes where a name does not say text. */
import type { HoldingKind } from "../../codec/gen/dcm/organization/v1/types.ts";
import type { VerificationLevel } from "../../codec/gen/dcm/market/v1/types.ts";
import type { Context } from "../../runtime/context.ts";
import type { Money } from "../../runtime/coins.ts";

/** A provider, or another recipient, as policies look at it. */
export interface ProviderFacts {
  readonly address: Uint8Array;
  /** What it declares; of an account that is no provider: nothing. */
  readonly attributes: readonly (readonly [key: string, value: string])[];
  /** Whether an accredited auditor, or one of these, attested that it has this now. */
  attested(key: string, value: string, auditors: readonly Uint8Array[] | undefined): boolean;
}

/** What is bought, as policies look at it. */
export interface Work {
  /** Absent: no capacity of a class, a payment channel. */
  readonly classId?: string;
  /** Absent: nothing verifies it, a service or a payment channel. "any": what carries no level yet, a forward. */
  readonly verification?: VerificationLevel | "any";
}

/** What the money is held for. */
export interface HoldingRef {
  readonly kind: HoldingKind;
  readonly id: bigint;
}

export interface Spend {
  /** Who signs; text. */
  readonly signer: string;
  /** Empty: none. */
  readonly organization: string;
  /** As the message has it; text, empty: whoever it is otherwise. */
  readonly payer: string;
  /** Sorted by denom, positive; none: nothing is taken, all else is looked at. */
  readonly coins: readonly Money[];
  /** The module account that holds the money. */
  readonly into: string;
  readonly holding: HoldingRef;
  /** What it is for, for the event. */
  readonly purpose: string;
  readonly costTags: readonly { readonly key: string; readonly value: string }[];
  readonly work: Work;
  /** Who gets the money, where that is known already. */
  readonly provider?: ProviderFacts;
}

/** The one way by which a user's money comes into a module, and goes back. */
export interface SpendingPort {
  /** Who pays, as text: the signer, or the account of the organization. Fails where the payer that the message names is another. */
  payerOf(spend: Pick<Spend, "signer" | "organization" | "payer">): string;
  /**
   * Takes the coins. Of an organization's money: fails where the signer's role, the policy or a budget does not allow it. Another account's money than
   * the signer's or its organization's is never taken.
   */
  authorizeSpend(ctx: Context, spend: Spend): void;
  /** Pays back to whoever paid; of an organization's money the budgets of the same period get it back. */
  refund(ctx: Context, from: Uint8Array, holding: HoldingRef, payer: string, coins: readonly Money[]): void;
  /** `refund` of coins that the caller has paid back. */
  refunded(ctx: Context, holding: HoldingRef, payer: string, coins: readonly Money[]): void;
  /**
   * What was spent on one thing is held for another from now on, with the budgets that it was charged to; no coin moves. Without `from` it is what came to an organization from others
   * and never was in its account: no budget was charged for it, none gets it back.
   */
  move(ctx: Context, from: HoldingRef | undefined, to: HoldingRef, payer: string, coins: readonly Money[]): void;
  /** The record that the money was held for goes: what did not come back to any organization will not. */
  close(ctx: Context, holding: HoldingRef): void;
  /** What was spent on it and did not come back; 0 where nothing is held. */
  outstanding(ctx: Context, holding: HoldingRef, payer: string, denom: string): bigint;
}

/** Told, within the transaction, of an organization whose policy or members changed. */
export type OrganizationListener = (ctx: Context, organization: string) => void;

/** What matching and draws ask, in this block. */
export interface MandatesPort {
  /** Why the account may not, or no longer, buy this with the organization's money; undefined where it may. One or two reads. */
  barred(ctx: Context, organization: string, account: string, work: Work): string | undefined;
  /** Who may serve the organization, as a function that is asked often: the policy is read once. It gives the rule that a provider breaks; undefined where it breaks none. Undefined itself: the policy asks nothing of providers. */
  admission(ctx: Context, organization: string): ((provider: ProviderFacts) => string | undefined) | undefined;
  /** Whether the account may end what members of the organization ordered. */
  manages(ctx: Context, organization: string, account: string): boolean;
  /** Organizations that the account is a member of, sorted; at most `max_memberships`. */
  organizationsOf(ctx: Context, account: string): readonly string[];
  /** Registered while the application is put together; listeners are called in that order. */
  onChange(listener: OrganizationListener): void;
}

export type OrganizationsPort = SpendingPort & MandatesPort;

/** What providers ask: whose name they may go by. */
export interface AffiliationsPort {
  /** Why a provider may not take the organization's name now; undefined where it may. */
  refusal(ctx: Context, organization: string, operator: string): string | undefined;
  /** Whether it still goes by the name that it took: its role may, or nobody has registered the name since. */
  holds(ctx: Context, organization: string, operator: string): boolean;
}

export { tagsFault, tagsText } from "./cost-tags.ts";
export { membershipsIn } from "./memberships.ts";
/** The account of an organization, and what names have. */
export { accountText, isName } from "./names.ts";
