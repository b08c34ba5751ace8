import assert from "node:assert/strict";
import { MsgEditValidator } from "../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import { Tx } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { toJson } from "../../codec/proto-json.ts";
import { QueryError } from "../../runtime/errors.ts";
import { txOf } from "./comet-types.ts";

const edit = (commissionRate: string): Uint8Array => {
  const value = MsgEditValidator.encode(MsgEditValidator.fromPartial({ validatorAddress: "v", commissionRate })).finish();
  return Tx.encode(Tx.fromPartial({ body: { messages: [{ typeUrl: `/${MsgEditValidator.$type}`, value }] }, authInfo: {} })).finish();
};

describe("transactions of blocks, as queries show them", () => {
  it("are shown in JSON with their decimals", () => {
    assert.match(JSON.stringify(toJson(Tx.$type, txOf(edit("50000000000000000")))), /"commission_rate":"0\.050000000000000000"/);
  });

  it("get a clear answer where the bytes are none, or hold a number that is none: not an internal error", () => {
    const refused = (bytes: Uint8Array, reason: RegExp): void => { assert.throws(() => txOf(bytes), (error) => error instanceof QueryError && error.grpc === "InvalidArgument" && reason.test(error.message)); };
    refused(edit("0.05"), /commission_rate: invalid decimal on the wire: 0\.05: tx parse error$/);
    refused(new TextEncoder().encode("garbage"), /tx parse error$/);
  });
});
