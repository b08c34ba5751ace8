/** Grants by which one account lets another send messages in its name. */
import { GenesisState } from "../../codec/gen/cosmos/authz/v1beta1/genesis.ts";
import { MsgDefinition } from "../../codec/gen/cosmos/authz/v1beta1/tx.ts";
import { addressBytes } from "../../codec/address.ts";
import { nanosOf } from "../../runtime/time-text.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { checkAuthorization, coveredMessage, readAuthorization } from "./authorization.ts";
import { errors } from "./errors.ts";
import { prune, queueFault, saveGrant } from "./keeper.ts";
import { exec } from "./messages/exec.ts";
import { grant } from "./messages/grant.ts";
import { revoke } from "./messages/revoke.ts";
import { authzQueries, shown } from "./queries.ts";
import { grants, storeName } from "./state.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { MessagesPort } from "./ports.ts";

export interface AuthzPorts {
  readonly accounts: AccountsPort;
  readonly bank: BankPort;
  readonly messages: MessagesPort;
}

export function authzModule(ports: AuthzPorts): { readonly module: Module } {
  const module = defineModule({
    name: "authz",
    stores: [storeName],
    consensusVersion: 2,
    messages: messageService(MsgDefinition, { grant: grant(ports), exec: exec(ports), revoke }),
    queries: authzQueries(),
    genesis: {
      type: GenesisState,
      defaults: () => ({ authorization: [] }),
      check({ authorization: entries }) {
        for (const { granter, grantee, authorization } of entries) {
          addressBytes(granter);
          addressBytes(grantee);
          checkAuthorization(readAuthorization(authorization));
        }
      },
      init(ctx, { authorization: entries }) {
        for (const { granter, grantee, authorization, expiration } of entries) {
          // Grants that expired before the new chain begins are left behind.
          if (expiration !== undefined && nanosOf(expiration) <= ctx.header.timeNanos) continue;
          saveGrant(ctx, addressBytes(granter), addressBytes(grantee), coveredMessage(readAuthorization(authorization)), { authorization, expiration });
        }
      },
      export: (ctx) => ({ authorization: [...grants.entries(ctx)].map(([key, value]) => shown(key, value)) }),
    },
    beginBlock: prune,
    invariants: { "expiry-queue": queueFault },
    errors,
  });
  return { module };
}
