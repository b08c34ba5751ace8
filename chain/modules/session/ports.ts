/** What session keys need of others. */
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../runtime/context.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { MeterPort } from "../bank/ports.ts";
import type { ClockPort } from "../clock/ports.ts";

/** A message of the owner, decoded, its stateless checks passed. */
export interface CarriedMessage {
  readonly typeUrl: string;
  /** Bech32 addresses. */
  readonly signers: readonly string[];
  /** Runs it; gives the Any of its response. */
  execute(ctx: Context): Any;
}

export interface MessagesPort {
  /** Undefined where no module handles the type. */
  message(typeUrl: string): { readonly handler: { readonly lane?: "system" | "reserved" } } | undefined;
  /** Throws TxError. */
  open(any: Any): CarriedMessage;
}

export interface SessionPorts {
  readonly accounts: Pick<AccountsPort, "ensure" | "find">;
  readonly meter: MeterPort;
  readonly clock: ClockPort;
  readonly messages: MessagesPort;
  /** Bech32 address that may change parameters. */
  readonly authority: string;
}
