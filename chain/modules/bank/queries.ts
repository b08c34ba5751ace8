/** cosmos.bank.v1beta1.Query. */
import { QueryDefinition, type QueryDenomOwnersResponse } from "../../codec/gen/cosmos/bank/v1beta1/query.ts";
import { addressText } from "../../codec/address.ts";
import { queryAddress } from "../../runtime/addresses.ts";
import { amountOf, isDenom, type WireCoin } from "../../runtime/coins.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { balances, holders, metadata, params, sendEnabled, supplies, withinAddress, withinDenom } from "./state.ts";
import type { Metadata } from "../../codec/gen/cosmos/bank/v1beta1/bank.ts";
import type { PageRequest } from "../../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import type { Context } from "../../runtime/context.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "./ports.ts";

const coin = (denom: string, amount: bigint): WireCoin => ({ denom, amount: amount.toString() });

function validDenom(denom: string): string {
  if (!isDenom(denom)) throw new QueryError("InvalidArgument", `invalid denom: ${denom.slice(0, 160)}`);
  return denom;
}

function metadataOf(ctx: Context, denom: string): Metadata {
  const found = metadata.find(ctx, validDenom(denom));
  if (found === undefined) throw new QueryError("NotFound", `client metadata for denom ${denom}`);
  return found;
}

function owners(ctx: Context, denom: string, page: PageRequest | undefined): QueryDenomOwnersResponse {
  validDenom(denom);
  const { items, pagination } = paginate(
    ctx, holders, page,
    ([, address]) => ({ address: addressText(address), balance: coin(denom, balances.find(ctx, [address, denom]) ?? 0n) }),
    withinDenom(denom),
  );
  return { denomOwners: items, pagination };
}

export function bankQueries(bank: BankPort, accounts: AccountsPort): BoundQuery[] {
  return queryService(QueryDefinition, {
    balance(ctx, { address, denom }) {
      validDenom(denom);
      return { balance: coin(denom, bank.balance(ctx, queryAddress(address), denom)) };
    },
    allBalances(ctx, request) {
      const address = queryAddress(request.address);
      const shown = (denom: string): string => (request.resolveDenom ? (metadata.find(ctx, denom)?.display ?? denom) : denom);
      const { items, pagination } = paginate(ctx, balances, request.pagination, ([, denom], amount) => coin(shown(denom), amount), withinAddress(address));
      return { balances: items, pagination };
    },
    spendableBalances(ctx, request) {
      const address = queryAddress(request.address);
      const locked = accounts.locked(ctx, address);
      const free = (denom: string, amount: bigint): bigint => {
        const rest = amount - amountOf(locked, denom);
        return rest > 0n ? rest : 0n;
      };
      const { items, pagination } = paginate(ctx, balances, request.pagination, ([, denom], amount) => coin(denom, free(denom, amount)), withinAddress(address));
      return { balances: items, pagination };
    },
    spendableBalanceByDenom(ctx, request) {
      const address = queryAddress(request.address);
      return { balance: coin(request.denom, bank.spendable(ctx, address, validDenom(request.denom))) };
    },
    totalSupply(ctx, request) {
      const { items, pagination } = paginate(ctx, supplies, request.pagination, coin);
      return { supply: items, pagination };
    },
    supplyOf: (ctx, { denom }) => ({ amount: coin(denom, bank.supply(ctx, validDenom(denom))) }),
    params: (ctx) => ({ params: params.get(ctx) }),
    denomsMetadata(ctx, request) {
      const { items, pagination } = paginate(ctx, metadata, request.pagination, (_, entry) => entry);
      return { metadatas: items, pagination };
    },
    denomMetadata: (ctx, { denom }) => ({ metadata: metadataOf(ctx, denom) }),
    denomMetadataByQueryString: (ctx, { denom }) => ({ metadata: metadataOf(ctx, denom) }),
    denomOwners: (ctx, request) => owners(ctx, request.denom, request.pagination),
    denomOwnersByQuery: (ctx, request) => owners(ctx, request.denom, request.pagination),
    sendEnabled(ctx, request) {
      if (request.denoms.length > 0) {
        const named = request.denoms.slice(0, 1000).flatMap((denom) => {
          const enabled = isDenom(denom) ? sendEnabled.find(ctx, denom) : undefined;
          return enabled === undefined ? [] : [{ denom, enabled }];
        });
        return { sendEnabled: named, pagination: undefined };
      }
      const { items, pagination } = paginate(ctx, sendEnabled, request.pagination, (denom, enabled) => ({ denom, enabled }));
      return { sendEnabled: items, pagination };
    },
  });
}
