/** `cosmos.params.v1beta1.Query`, as a chain of the 0.53 line answers it: every module keeps its own parameters, no subspace is registered. */
import { QueryDefinition } from "../../codec/gen/cosmos/params/v1beta1/query.ts";
import { QueryError } from "../../runtime/errors.ts";
import { defineModule, queryService, type Module } from "../../runtime/module.ts";

export function paramsModule(): { readonly module: Module } {
  const module = defineModule({
    name: "params",
    stores: [],
    consensusVersion: 1,
    messages: [],
    queries: queryService(QueryDefinition, {
      params(_, { subspace, key }) {
        if (subspace === "" || key === "") throw new QueryError("InvalidArgument", "invalid request");
        throw new QueryError("Unknown", `${subspace.slice(0, 200)}: unknown subspace`);
      },
      subspaces: () => ({ subspaces: [] }),
    }),
  });
  return { module };
}
