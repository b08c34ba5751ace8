/** What the state machine needs of CometBFT's parameters. */
import type { ConsensusParams, EvidenceParams } from "../../codec/gen/tendermint/types/params.ts";
import type { Context } from "../../runtime/context.ts";

export interface ConsensusParamsPort {
  init(ctx: Context, params: ConsensusParams): void;
  /** -1 where blocks have no gas limit. */
  maxBlockGas(ctx: Context): bigint;
  /** How old evidence may be; undefined where genesis did not say. */
  evidence(ctx: Context): EvidenceParams | undefined;
  /** The complete parameters where this block changed them (ABCI-14), once. */
  takeUpdate(ctx: Context): ConsensusParams | undefined;
}
