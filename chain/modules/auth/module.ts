/** Accounts: who may sign, with which key, and what was signed already. */
import { MsgDefinition } from "../../codec/gen/cosmos/auth/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { authGenesis } from "./genesis.ts";
import { invariants } from "./invariants.ts";
import { createAccounts, type ModulePermissions } from "./keeper.ts";
import { updateParams } from "./messages/update-params.ts";
import { pruneNonces } from "./nonces.ts";
import { authQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import type { SignersPort } from "./ports.ts";

/** `permissions` names every module account of the chain with what it may do (`minter`, `burner`, `staking`). */
export function authModule(permissions: ModulePermissions): { readonly module: Module; readonly accounts: SignersPort } {
  const accounts = createAccounts(permissions);
  const module = defineModule({
    name: "auth",
    stores: [storeName],
    consensusVersion: 5,
    messages: messageService(MsgDefinition, { updateParams }),
    queries: authQueries(permissions),
    genesis: authGenesis(accounts),
    beginBlock: pruneNonces,
    invariants,
  });
  return { module, accounts };
}
