/** What other modules may ask of accounts. Addresses are raw bytes. */
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../runtime/context.ts";

export interface AccountView {
  readonly address: Uint8Array;
  readonly pubKey: Any | undefined;
  readonly accountNumber: bigint;
  readonly sequence: bigint;
}

export interface AccountsPort {
  find(ctx: Context, address: Uint8Array): AccountView | undefined;
  has(ctx: Context, address: Uint8Array): boolean;
  /** Makes a base account with the next account number where none is; gives the one that is there. */
  ensure(ctx: Context, address: Uint8Array): AccountView;
  /** `sha256(name)[:20]`, created as a module account on first use. */
  moduleAccount(ctx: Context, name: string): Uint8Array;
}
