/** What authz needs of the router: to open the messages that MsgExec carries, and to know which are served. */
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Context } from "../../runtime/context.ts";

export interface CarriedMessage {
  readonly typeUrl: string;
  readonly message: unknown;
  /** Bech32 addresses. */
  readonly signers: readonly string[];
  /** Runs it; gives the Any of its response. */
  execute(ctx: Context): Any;
}

export interface MessagesPort {
  /** Undefined where no module handles the type. */
  message(typeUrl: string): { readonly handler: { readonly lane?: "system" | "reserved"; readonly uncarried?: true } } | undefined;
  /** A carried message, its stateless checks passed. Throws TxError. */
  open(any: Any): CarriedMessage;
}
