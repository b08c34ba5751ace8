import { QueryDefinition } from "../../codec/gen/dcm/beacon/v1/query.ts";
import { QueryError, TxError } from "../../runtime/errors.ts";
import { queryService } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { operatorBytes } from "./addresses.ts";
import { keys, latest, params, seeds } from "./state.ts";

export const queries = queryService(QueryDefinition, {
  seed(ctx, { height }) {
    if (height < 0n) throw new QueryError("InvalidArgument", `height is 0 (latest) or more, got ${height}`);
    if (height === 0n) return { seed: latest.get(ctx) };
    const seed = seeds.find(ctx, height);
    if (seed === undefined) throw new QueryError("NotFound", `no seed of height ${height}: it is in the future, or older than the ${params.get(ctx).seedsKept} blocks whose seeds are kept`);
    return { seed: { height, seed } };
  },
  seeds(ctx, { pagination }) {
    const page = paginate(ctx, seeds, pagination, (height, seed) => ({ height, seed }));
    return { seeds: page.items, pagination: page.pagination };
  },
  key(ctx, { validatorAddress }) {
    let operator: Uint8Array;
    try {
      operator = operatorBytes(validatorAddress);
    } catch (error) {
      if (error instanceof TxError) throw new QueryError("InvalidArgument", error.message);
      throw error;
    }
    const key = keys.find(ctx, operator);
    if (key === undefined) throw new QueryError("NotFound", `validator ${validatorAddress} has no beacon key`);
    return { key };
  },
  keys(ctx, { pagination }) {
    const page = paginate(ctx, keys, pagination, (_, key) => key);
    return { keys: page.items, pagination: page.pagination };
  },
  params: (ctx) => ({ params: params.get(ctx) }),
});
