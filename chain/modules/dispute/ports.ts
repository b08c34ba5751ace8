/** What disputes need of others. */
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { BeaconPort } from "../beacon/ports.ts";
import type { ClockPort } from "../clock/ports.ts";
import type { HoldsPort } from "../market/ports.ts";
import type { OrganizationsPort } from "../organization/ports.ts";
import type { JurorsPort } from "../staking/jurors/ports.ts";

export interface DisputePorts {
  readonly bank: Pick<BankPort, "send" | "burn" | "balance">;
  readonly accounts: Pick<AccountsPort, "moduleAccount">;
  readonly clock: ClockPort;
  readonly beacon: BeaconPort;
  readonly holds: HoldsPort;
  readonly jurors: JurorsPort;
  readonly organizations: Pick<OrganizationsPort, "organizationsOf" | "manages" | "barred">;
  /** Bech32 address that may change parameters. */
  readonly authority: string;
}
