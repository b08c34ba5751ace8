/** What fee payment needs of fee grants. */
import type { Context } from "../../runtime/context.ts";
import type { Money } from "../bank/ports.ts";

export interface FeegrantPort {
  /** Takes `fee` off the grant from granter to grantee; fails (codespace feegrant) where there is none, it is spent, expired or does not allow the messages. */
  use(ctx: Context, granter: Uint8Array, grantee: Uint8Array, fee: readonly Money[], typeUrls: readonly string[]): void;
}
