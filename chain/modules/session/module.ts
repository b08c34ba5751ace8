/** Session keys: keys that send some messages in an owner's name, within a limit, until an expiry. */
import { MsgDefinition } from "../../codec/gen/dcm/session/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { errors } from "./errors.ts";
import { sessionGenesis } from "./genesis.ts";
import { invariants } from "./invariants.ts";
import { sweep } from "./keeper.ts";
import { execSession } from "./messages/exec-session.ts";
import { grantSession } from "./messages/grant-session.ts";
import { revokeSession } from "./messages/revoke-session.ts";
import { updateParams } from "./messages/update-params.ts";
import { sessionQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import type { SessionPorts } from "./ports.ts";

/** The clock comes before this module in begin-block order. */
export function sessionModule(ports: SessionPorts): { readonly module: Module } {
  const module = defineModule({
    name: "session",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, { grantSession: grantSession(ports), revokeSession, execSession: execSession(ports), updateParams: updateParams(ports) }),
    queries: sessionQueries(ports),
    genesis: sessionGenesis(ports),
    beginBlock: (ctx) => sweep(ctx, ports),
    invariants,
    errors,
  });
  return { module };
}
