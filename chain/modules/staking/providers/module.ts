/** Providers: who they are, the bonds with which they answer, and whether they are there. */
import { MsgDefinition } from "../../../codec/gen/dcm/staking/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../../runtime/module.ts";
import { errors } from "./errors.ts";
import { providersGenesis } from "./genesis.ts";
import { providersInvariants } from "./invariants.ts";
import { Keeper, type ProviderPorts } from "./keeper.ts";
import { bond } from "./messages/bond.ts";
import { cancelUnbond } from "./messages/cancel-unbond.ts";
import { editProvider } from "./messages/edit-provider.ts";
import { heartbeat } from "./messages/heartbeat.ts";
import { registerProvider } from "./messages/register-provider.ts";
import { retireProvider } from "./messages/retire-provider.ts";
import { unbond } from "./messages/unbond.ts";
import { unjailProvider } from "./messages/unjail-provider.ts";
import { updateParams } from "./messages/update-params.ts";
import { providersPort } from "./port.ts";
import type { DeclarationsPort, ProvidersPort } from "./ports.ts";
import { providerQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import { sweepHeartbeats, sweepRecheck, sweepUnbondings } from "./sweeps.ts";

/** The clock must come before this module in begin-block order. */
export function providersModule(ports: ProviderPorts): { module: Module; providers: ProvidersPort & DeclarationsPort } {
  const keeper = new Keeper(ports);
  const module = defineModule({
    name: "providers",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, {
      registerProvider: registerProvider(keeper), editProvider: editProvider(keeper), bond: bond(keeper), unbond: unbond(keeper), cancelUnbond: cancelUnbond(keeper),
      heartbeat: heartbeat(keeper), unjailProvider: unjailProvider(keeper), retireProvider: retireProvider(keeper), updateParams: updateParams(ports.authority),
    }),
    queries: providerQueries(keeper),
    genesis: providersGenesis(keeper),
    beginBlock(ctx) {
      sweepUnbondings(ctx, keeper);
      sweepHeartbeats(ctx, keeper);
      sweepRecheck(ctx, keeper);
    },
    invariants: providersInvariants(keeper),
    errors,
  });
  return { module, providers: providersPort(keeper) };
}
