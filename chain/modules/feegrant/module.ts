/** Fee grants: accounts that pay the fees of others, within limits. */
import { GenesisState } from "../../codec/gen/cosmos/feegrant/v1beta1/genesis.ts";
import { MsgDefinition } from "../../codec/gen/cosmos/feegrant/v1beta1/tx.ts";
import { QueryDefinition } from "../../codec/gen/cosmos/feegrant/v1beta1/query.ts";
import { addressBytes } from "../../codec/address.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { bytesKey } from "../../runtime/collections.ts";
import { QueryError } from "../../runtime/errors.ts";
import { defineModule, messageService, queryService, type Module } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { checkAllowance, expiryOf, readAllowance } from "./allowance.ts";
import { errors } from "./errors.ts";
import { addGrant, feegrantPort, prune, prunedPerBlock, type FeegrantPorts } from "./keeper.ts";
import { grantAllowance } from "./messages/grant-allowance.ts";
import { pruneAllowances } from "./messages/prune-allowances.ts";
import { revokeAllowance } from "./messages/revoke-allowance.ts";
import { expiries, grants, storeName } from "./state.ts";
import { sortableText } from "../../runtime/time-text.ts";
import type { Context } from "../../runtime/context.ts";
import type { FeegrantPort } from "./ports.ts";

export function feegrantModule(ports: FeegrantPorts): { readonly module: Module; readonly feegrant: FeegrantPort } {
  const module = defineModule({
    name: "feegrant",
    stores: [storeName],
    consensusVersion: 2,
    messages: messageService(MsgDefinition, { grantAllowance: grantAllowance(ports), revokeAllowance, pruneAllowances }),
    queries: queryService(QueryDefinition, {
      allowance(ctx, { granter, grantee }) {
        const grant = grants.find(ctx, [queryAddress(grantee), queryAddress(granter)]);
        if (grant === undefined) throw new QueryError("Internal", "fee-grant not found: not found");
        return { allowance: grant };
      },
      allowances(ctx, { grantee, pagination: page }) {
        const { items, pagination } = paginate(ctx, grants, page, (_, grant) => grant, bytesKey.encode(queryAddress(grantee)));
        return { allowances: items, pagination };
      },
      allowancesByGranter(ctx, { granter, pagination: page }) {
        const wanted = queryAddress(granter);
        const { items, pagination } = paginate(ctx, grants, page, ([, from], grant) => (equalBytes(from, wanted) ? grant : undefined));
        return { allowances: items, pagination };
      },
    }),
    genesis: {
      type: GenesisState,
      defaults: () => ({ allowances: [] }),
      check({ allowances }) {
        for (const { granter, grantee, allowance } of allowances) {
          if (equalBytes(addressBytes(granter), addressBytes(grantee))) throw new Error(`cannot self-grant fee authorization: ${granter}`);
          checkAllowance(readAllowance(allowance));
        }
      },
      init(ctx, { allowances }) {
        for (const { granter, grantee, allowance } of allowances) {
          // Grants that expired before the new chain begins are left behind.
          if ((expiryOf(readAllowance(allowance)) ?? ctx.header.timeNanos) < ctx.header.timeNanos) continue;
          addGrant(ctx, addressBytes(granter), addressBytes(grantee), allowance!, ports);
        }
      },
      export: (ctx) => ({ allowances: [...grants.entries(ctx)].map(([, grant]) => grant) }),
    },
    endBlock: (ctx) => prune(ctx, prunedPerBlock),
    invariants: { "expiry-queue": queueFault },
    errors,
  });
  return { module, feegrant: feegrantPort };
}

/** FEE-6: the queue has exactly the grants that expire. */
function queueFault(ctx: Context): string | undefined {
  let expiring = 0;
  for (const [[grantee, granter], grant] of grants.entries(ctx)) {
    const expiry = expiryOf(readAllowance(grant.allowance));
    if (expiry === undefined) continue;
    expiring++;
    if (!expiries.has(ctx, [sortableText(expiry), grantee, granter])) return `the grant of ${grant.granter} to ${grant.grantee} is not in the expiry queue`;
  }
  const queued = [...expiries.entries(ctx)].length;
  return queued === expiring ? undefined : `${queued} queued expiries for ${expiring} grants that expire`;
}
