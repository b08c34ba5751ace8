/** What payment channels need of others. */
import type { SignersPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { ClockPort } from "../clock/ports.ts";
import type { OrganizationsPort } from "../organization/ports.ts";
import type { AttestationsPort } from "../staking/auditors/ports.ts";
import type { ProvidersPort } from "../staking/providers/ports.ts";

export interface ChannelPorts {
  readonly bank: BankPort;
  /** Keys of accounts, and what the ante takes for a signature. */
  readonly accounts: Pick<SignersPort, "find" | "moduleAccount" | "params">;
  readonly clock: ClockPort;
  /** The denom of storage deposits; and what an organization's policy looks at in a recipient that is a provider. */
  readonly providers: Pick<ProvidersPort, "bondDenom" | "find">;
  readonly attestations: Pick<AttestationsPort, "attested">;
  readonly organizations: Pick<OrganizationsPort, "payerOf" | "authorizeSpend" | "refund" | "close" | "outstanding" | "manages">;
  /** Bech32 address that may change parameters. */
  readonly authority: string;
}
