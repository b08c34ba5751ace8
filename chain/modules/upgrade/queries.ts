/** `cosmos.upgrade.v1beta1.Query`. */
import { QueryDefinition } from "../../codec/gen/cosmos/upgrade/v1beta1/query.ts";
import { QueryError } from "../../runtime/errors.ts";
import { moduleVersions } from "../../runtime/migrations.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { applied, plan } from "./state.ts";

export function queries(authority: string): BoundQuery[] {
  return queryService(QueryDefinition, {
    currentPlan: (ctx) => ({ plan: plan.find(ctx) }),
    appliedPlan: (ctx, { name }) => ({ height: applied.find(ctx, name) ?? 0n }),
    // Belongs to IBC, which this chain does not have: the SDK's answer where nothing is stored.
    upgradedConsensusState: () => ({ upgradedConsensusState: new Uint8Array(0) }),
    moduleVersions(ctx, { moduleName }) {
      if (moduleName === "") return { moduleVersions: [...moduleVersions.entries(ctx)].map(([name, version]) => ({ name, version })) };
      const version = moduleVersions.find(ctx, moduleName);
      if (version === undefined) throw new QueryError("NotFound", `x/upgrade: QueryModuleVersions module ${moduleName.slice(0, 100)} not found: not found`);
      return { moduleVersions: [{ name: moduleName, version }] };
    },
    authority: () => ({ address: authority }),
  });
}
