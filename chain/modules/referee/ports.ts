/** What the referee needs of others. */
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { ClockPort } from "../clock/ports.ts";
import type { RefereedPort } from "../market/ports.ts";
import type { ProvidersPort } from "../staking/providers/ports.ts";

export interface RefereePorts {
  readonly bank: Pick<BankPort, "send" | "burn" | "balance">;
  readonly accounts: Pick<AccountsPort, "moduleAccount">;
  readonly clock: ClockPort;
  /** The denom of bonds. */
  readonly providers: Pick<ProvidersPort, "bondDenom">;
  readonly refereed: RefereedPort;
  /** Bech32 address that may change parameters. */
  readonly authority: string;
}
