/** What the market needs of others, and what it offers. */
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { BeaconPort } from "../beacon/ports.ts";
import type { ClockPort } from "../clock/ports.ts";
import type { AttestationsPort } from "../staking/auditors/ports.ts";
import type { ProvidersPort } from "../staking/providers/ports.ts";

export interface MarketPorts {
  readonly bank: BankPort;
  readonly accounts: AccountsPort;
  readonly clock: ClockPort;
  readonly beacon: BeaconPort;
  readonly providers: ProvidersPort;
  readonly attestations: AttestationsPort;
  /** Bech32 address that may change classes and parameters. */
  readonly authority: string;
}
