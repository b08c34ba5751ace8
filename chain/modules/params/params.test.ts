import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { QueryParamsRequest, QuerySubspacesResponse } from "../../codec/gen/cosmos/params/v1beta1/query.ts";
import { QueryError } from "../../runtime/errors.ts";
import { memoryStores, query } from "../../runtime/testing.ts";
import { paramsModule } from "./module.ts";

const { module } = paramsModule();
const ask = <T>(method: string, request: object): T => query<T>(memoryStores(), [module], `/cosmos.params.v1beta1.Query/${method}`, request);

describe("params", () => {
  it("knows no subspace: every module keeps its own parameters", () => {
    assert.deepEqual(ask<QuerySubspacesResponse>("Subspaces", {}), { subspaces: [] });
    assert.deepEqual([module.stores, module.messages, module.genesis, module.beginBlock, module.endBlock], [[], [], undefined, undefined, undefined]);
  });

  it("refuses a parameter in the SDK's words, with no more of the subspace than fits a log", () => {
    const refusal = (request: QueryParamsRequest, grpc: string, message: string): void =>
      assert.throws(() => ask("Params", request), (error: unknown) => error instanceof QueryError && error.grpc === grpc && error.message === message, message);
    refusal({ subspace: "staking", key: "MaxValidators" }, "Unknown", "staking: unknown subspace");
    refusal({ subspace: "x".repeat(1_000), key: "y" }, "Unknown", `${"x".repeat(200)}: unknown subspace`);
    refusal({ subspace: "", key: "y" }, "InvalidArgument", "invalid request");
    refusal({ subspace: "staking", key: "" }, "InvalidArgument", "invalid request");
  });
});
