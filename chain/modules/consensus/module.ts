/** CometBFT's parameters in the state: genesis sets them, the governance account changes them, each change is told to CometBFT complete. */
import { MsgDefinition } from "../../codec/gen/cosmos/consensus/v1/tx.ts";
import { QueryDefinition } from "../../codec/gen/cosmos/consensus/v1/query.ts";
import { defineModule, messageService, queryService, type Module } from "../../runtime/module.ts";
import { updateParams } from "./messages/update-params.ts";
import { params, pending, storeName } from "./state.ts";
import type { ConsensusParams } from "../../codec/gen/tendermint/types/params.ts";
import type { ConsensusParamsPort } from "./ports.ts";

export function consensusModule(): { readonly module: Module; readonly consensusParams: ConsensusParamsPort } {
  const consensusParams: ConsensusParamsPort = {
    init: (ctx, value) => params.set(ctx, value),
    maxBlockGas: (ctx) => params.find(ctx)?.block?.maxGas ?? -1n,
    evidence: (ctx) => params.find(ctx)?.evidence,
    takeUpdate(ctx): ConsensusParams | undefined {
      if (pending.find(ctx) === undefined) return undefined;
      pending.remove(ctx);
      return params.get(ctx);
    },
  };
  const module = defineModule({
    name: "consensus",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, { updateParams }),
    queries: queryService(QueryDefinition, { params: (ctx) => ({ params: params.find(ctx) }) }),
    consensusParamUpdates: consensusParams.takeUpdate,
  });
  return { module, consensusParams };
}
