/** What forwards need of others. */
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { BeaconPort } from "../beacon/ports.ts";
import type { ClockPort } from "../clock/ports.ts";
import type { DeliveriesPort } from "../market/ports.ts";
import type { OrganizationsPort } from "../organization/ports.ts";
import type { AttestationsPort } from "../staking/auditors/ports.ts";
import type { ProvidersPort } from "../staking/providers/ports.ts";

export interface ForwardPorts {
  readonly bank: BankPort;
  readonly accounts: Pick<AccountsPort, "moduleAccount">;
  readonly clock: ClockPort;
  readonly beacon: BeaconPort;
  /** Who may sell capacity, and the denom of storage deposits. */
  readonly providers: Pick<ProvidersPort, "bondDenom" | "find">;
  /** What policies look at in a seller. */
  readonly attestations: Pick<AttestationsPort, "attested">;
  /** Whose money may buy, and whose members trade not with each other. */
  readonly organizations: OrganizationsPort;
  readonly deliveries: DeliveriesPort;
  /** Bech32 address that may change parameters. */
  readonly authority: string;
}
