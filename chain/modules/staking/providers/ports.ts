/** What the market may do with providers and their bonds. Addresses are raw bytes; amounts are in the bond denom. */
import type { Context } from "../../../runtime/context.ts";

export interface ProviderView {
  readonly address: Uint8Array;
  /** X25519, 32 bytes. */
  readonly encryptionKey: Uint8Array;
  /** Sorted by key; what it declares of itself. */
  readonly attributes: readonly (readonly [key: string, value: string])[];
  /** Providers of one organization (declared affiliates) never replicate each other; a provider alone is its own. */
  readonly organization: string;
  readonly bond: bigint;
  readonly reserved: bigint;
  readonly locked: bigint;
  /** Neither jailed, nor leaving, nor silent, nor below the least bond: may be matched and drawn. */
  readonly active: boolean;
  /** It sent no heartbeat in the window. */
  readonly silent: boolean;
  /** On its way out: whatever is set aside for it must come free. */
  readonly retiring: boolean;
}

/** Told within the transaction or hook that changed a provider's eligibility or free bond: books are looked at again. */
export type ProviderListener = (ctx: Context, address: Uint8Array) => void;

/** Told of the attributes that a provider no longer declares as it did: other values, or not at all. "all": it left. Comes before the `ProviderListener`s of the same change. */
export type AttributesListener = (ctx: Context, address: Uint8Array, keys: readonly string[] | "all") => void;

export interface Award {
  readonly to: Uint8Array;
  readonly amount: bigint;
}

export type Outcome = "finished" | "missed" | "declined" | "slashed";

export interface ProvidersPort {
  readonly bondDenom: (ctx: Context) => string;
  find(ctx: Context, address: Uint8Array): ProviderView | undefined;
  /** bond - reserved - locked - unbonding; 0 where there is no such provider. */
  free(ctx: Context, address: Uint8Array): bigint;
  /** 0 where there is no such provider. */
  locked(ctx: Context, address: Uint8Array): bigint;
  /** Of the `limit` providers behind an address, going on at the first one, those that are active; with their free bond. */
  activeFrom(ctx: Context, from: Uint8Array, limit: number): readonly Pick<ProviderView & { readonly free: bigint }, "address" | "organization" | "free">[];
  /** Sets free bond aside for an ask; false where there is too little. */
  reserve(ctx: Context, address: Uint8Array, amount: bigint): boolean;
  release(ctx: Context, address: Uint8Array, amount: bigint): void;
  /** Turns `fromReserved` of the reservation and, where that is too little, free bond into `amount` of locked stake; what is too much is free. False (nothing changed) where there is too little. Counts as a match. */
  lock(ctx: Context, address: Uint8Array, fromReserved: bigint, amount: bigint): boolean;
  /** Frees locked stake again, and sets `reserved` of what is free then aside; false where there is too little for that. */
  unlock(ctx: Context, address: Uint8Array, amount: bigint, reserved?: bigint): boolean;
  /** Takes locked stake away: `awards` are paid out of it, the rest is burned. */
  slash(ctx: Context, address: Uint8Array, amount: bigint, awards: readonly Award[], reason: string): void;
  /**
   * Takes free bond and then unbonding bond, the entry that leaves last first, of a provider that owes an SLA credit: up to `amount`, and the awards in order as far as
   * that reaches; the rest is burned. Gives what was taken.
   */
  slashUnlocked(ctx: Context, address: Uint8Array, amount: bigint, awards: readonly Award[], reason: string): bigint;
  /** Counts for statistics, for the allowance of free declines and for jail. `worth`, in bond: what a finished task or period paid; F of one that was declined or missed. */
  record(ctx: Context, address: Uint8Array, outcome: Outcome, worth: bigint): void;
  /** Declines that cost nothing now; asked before `record(..., "declined")`. */
  freeDeclines(ctx: Context, address: Uint8Array): number;
  /** Registered while the application is put together; listeners are called in that order. */
  onChange(listener: ProviderListener): void;
}

/** What those need who hold something of what a provider declares. */
export interface DeclarationsPort {
  find(ctx: Context, address: Uint8Array): Pick<ProviderView, "attributes"> | undefined;
  /** Registered while the application is put together; listeners are called in that order. */
  onEdit(listener: AttributesListener): void;
}
