/** What other modules may do with governance: a dispute's last appeal is a vote of everybody. */
import type { Context } from "../../runtime/context.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";

export interface GovernancePort {
  /** Bech32 address of the account that executes passed proposals. */
  readonly authority: string;
  /**
   * Opens a proposal that is in its voting period at once, without a deposit; its messages run with the authority's signature when it passes.
   * Gives its id.
   */
  openVote(ctx: Context, proposal: { readonly title: string; readonly summary: string; readonly metadata: string; readonly proposer: string; readonly messages: readonly Any[] }): bigint;
  /** Undefined while it is open, or where there is none. */
  outcome(ctx: Context, id: bigint): "passed" | "rejected" | "failed" | undefined;
}
