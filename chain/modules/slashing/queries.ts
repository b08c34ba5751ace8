/** cosmos.slashing.v1beta1.Query. */
import { QueryDefinition } from "../../codec/gen/cosmos/slashing/v1beta1/query.ts";
import { AddressError, addressBytes, prefixes } from "../../codec/address.ts";
import { QueryError } from "../../runtime/errors.ts";
import { queryService, type BoundQuery } from "../../runtime/module.ts";
import { paginate } from "../../runtime/queries.ts";
import { signingInfo } from "./signing-info.ts";
import { params, signers } from "./state.ts";

export const queries: BoundQuery[] = queryService(QueryDefinition, {
  params: (ctx) => ({ params: params.get(ctx) }),
  signingInfo(ctx, { consAddress }) {
    const signer = signers.find(ctx, consensusOf(consAddress));
    if (signer === undefined) throw new QueryError("NotFound", `SigningInfo not found for validator ${consAddress}`);
    return { valSigningInfo: signingInfo(signer, ctx.height) };
  },
  signingInfos(ctx, { pagination: page }) {
    const { items, pagination } = paginate(ctx, signers, page, (_, signer) => signingInfo(signer, ctx.height));
    return { info: items, pagination };
  },
});

function consensusOf(text: string): Uint8Array {
  if (text === "") throw new QueryError("InvalidArgument", "invalid request");
  try {
    return addressBytes(text, prefixes.consensus);
  } catch (error) {
    if (error instanceof AddressError) throw new QueryError("Unknown", error.message);
    throw error;
  }
}
