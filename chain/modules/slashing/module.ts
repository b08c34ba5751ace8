/** Liveness and punishment of validators: the SDK's `slashing`. */
import { MsgDefinition } from "../../codec/gen/cosmos/slashing/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { errors } from "./errors.ts";
import { genesis } from "./genesis.ts";
import { slashingHooks } from "./hooks.ts";
import { invariants } from "./invariants.ts";
import { countVotes } from "./liveness.ts";
import { unjail } from "./messages/unjail.ts";
import { updateParams } from "./messages/update-params.ts";
import { queries } from "./queries.ts";
import { slashingPort } from "./slashing-port.ts";
import { storeName } from "./state.ts";
import type { SlashingPort } from "./ports.ts";
import type { StakingHooks, StakingPort } from "../staking/validators/ports.ts";

export function slashingModule({ validators }: { readonly validators: StakingPort }): { readonly module: Module; readonly slashing: SlashingPort; readonly hooks: StakingHooks } {
  const module = defineModule({
    name: "slashing",
    stores: [storeName],
    consensusVersion: 4,
    messages: messageService(MsgDefinition, { unjail: unjail(validators), updateParams }),
    queries,
    genesis,
    beginBlock: (ctx, { lastCommit }) => countVotes(validators, ctx, lastCommit),
    invariants: invariants(validators),
    errors,
  });
  return { module, slashing: slashingPort(validators), hooks: slashingHooks(validators) };
}
