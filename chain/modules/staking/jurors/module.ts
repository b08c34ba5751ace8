/** Jurors: accounts with a bond that disputes draw by it, and that leave when they like. */
import { MsgDefinition } from "../../../codec/gen/dcm/juror/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../../runtime/module.ts";
import { errors } from "./errors.ts";
import { jurorsGenesis } from "./genesis.ts";
import { jurorsInvariants } from "./invariants.ts";
import { Keeper, type JurorPorts } from "./keeper.ts";
import { bondJuror } from "./messages/bond-juror.ts";
import { editJuror } from "./messages/edit-juror.ts";
import { registerJuror } from "./messages/register-juror.ts";
import { retireJuror } from "./messages/retire-juror.ts";
import { unbondJuror } from "./messages/unbond-juror.ts";
import { updateParams } from "./messages/update-params.ts";
import { jurorsPort } from "./port.ts";
import type { JurorsPort } from "./ports.ts";
import { jurorQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import { followBonds, sweepUnbondings } from "./sweeps.ts";

/** The clock must come before this module in begin-block order. */
export function jurorsModule(ports: JurorPorts): { module: Module; jurors: JurorsPort } {
  const keeper = new Keeper(ports);
  const module = defineModule({
    name: "jurors",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, {
      registerJuror: registerJuror(keeper), editJuror: editJuror(keeper), bondJuror: bondJuror(keeper), unbondJuror: unbondJuror(keeper), retireJuror: retireJuror(keeper), updateParams: updateParams(keeper),
    }),
    queries: jurorQueries(keeper),
    genesis: jurorsGenesis(keeper),
    beginBlock(ctx) {
      sweepUnbondings(ctx, keeper);
      followBonds(ctx, keeper);
    },
    invariants: jurorsInvariants(keeper),
    errors,
  });
  return { module, jurors: jurorsPort(keeper) };
}
