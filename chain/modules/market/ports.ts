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
  /** Bech32 address that may change classes and parameters. */
  readonly authority: string;
}

/** Capacity that was sold ahead and is to be served now: an ask that is reserved for its holder. */
export interface Delivery {
  readonly positionId: bigint;
  readonly provider: string;
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
  /** Deliveries that are over and were not given before, at most `limit`. */
  ended(ctx: Context, limit: number): readonly DeliveryOutcome[];
}

/** The pure batch auction, for books with order records of their own. */
export { clear, type AskOrder, type BidOrder, type Fill } from "./matching.ts";
