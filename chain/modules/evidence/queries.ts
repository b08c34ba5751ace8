/** cosmos.evidence.v1beta1.Query. */
import { QueryDefinition } from "../../codec/gen/cosmos/evidence/v1beta1/query.ts";
import { fromHex } from "../../codec/bytes.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { toAny } from "./equivocation.ts";
import { equivocations } from "./state.ts";

export const queries: BoundQuery[] = queryService(QueryDefinition, {
  evidence(ctx, { hash }) {
    if (hash === "") throw new QueryError("InvalidArgument", "invalid request; hash is empty");
    if (!/^(?:[0-9a-fA-F]{2})+$/.test(hash)) throw new QueryError("Unknown", "invalid evidence hash: it is no hexadecimal text");
    const found = equivocations.find(ctx, fromHex(hash));
    if (found === undefined) throw new QueryError("NotFound", `evidence ${hash.slice(0, 200)} not found`);
    return { evidence: toAny(found) };
  },
  allEvidence(ctx, { pagination: page }) {
    const { items, pagination } = paginate(ctx, equivocations, page, (_, found) => toAny(found));
    return { evidence: items, pagination };
  },
});
