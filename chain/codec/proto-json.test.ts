import assert from "node:assert/strict";
import { create, fromBinary, toJson as referenceJson, type JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import { messageDescriptor, registry } from "./descriptors.ts";
import { encodeMessage } from "./encode.ts";
import { QueryAllBalancesResponse } from "./gen/cosmos/bank/v1beta1/query.ts";
import { Params as SlashingParams } from "./gen/cosmos/slashing/v1beta1/slashing.ts";
import { Params as StakingParams, Validator } from "./gen/cosmos/staking/v1beta1/staking.ts";
import { CommitSig } from "./gen/tendermint/types/types.ts";
import { MsgGrant } from "./gen/cosmos/authz/v1beta1/tx.ts";
import { GenericAuthorization } from "./gen/cosmos/authz/v1beta1/authz.ts";
import type { MessageCodec } from "./messages.ts";
import { fromJson, JsonError, messageFromJson, toJson, type FromJsonOptions, type Json } from "./proto-json.ts";
import { misplacedField, strictDecoder } from "./strict.ts";
import { allCodecs, allMessages, arbitraryMessage } from "./testing.ts";

const canonical = allMessages().filter((desc) => {
  try {
    strictDecoder(desc.typeName);
    return misplacedField(desc.typeName) === undefined;
  } catch {
    return false;
  }
});

function error(type: string, json: unknown, options?: FromJsonOptions): string {
  try {
    fromJson(type, json, options);
  } catch (thrown) {
    if (thrown instanceof JsonError) return thrown.message;
    throw thrown;
  }
  return "accepted";
}

describe("protobuf JSON", () => {
  let codecs: ReadonlyMap<string, MessageCodec>;
  before(async () => {
    codecs = await allCodecs();
  });

  it("writes a staking parameter set as the SDK's REST server does", () => {
    const params = StakingParams.fromPartial({
      unbondingTime: { seconds: 1_814_400n, nanos: 0 }, maxValidators: 100, maxEntries: 7, historicalEntries: 10_000, bondDenom: "udcm", minCommissionRate: "50000000000000000",
    });
    const expected = {
      unbonding_time: "1814400s", max_validators: 100, max_entries: 7, historical_entries: 10000, bond_denom: "udcm", min_commission_rate: "0.050000000000000000",
    };
    assert.deepEqual(toJson("cosmos.staking.v1beta1.Params", params), expected);
    assert.deepEqual(toJson("cosmos.staking.v1beta1.Params", StakingParams.encode(params).finish()), expected);
    assert.deepEqual(fromJson("/cosmos.staking.v1beta1.Params", expected), StakingParams.encode(params).finish());
  });

  it("shows what is absent as Go does: empty lists, null pages and bytes, zero times of what cannot be null", () => {
    assert.deepEqual(toJson("cosmos.bank.v1beta1.QueryAllBalancesResponse", QueryAllBalancesResponse.fromPartial({ pagination: { total: 1n } })), {
      balances: [], pagination: { next_key: null, total: "1" },
    });
    assert.deepEqual(toJson("cosmos.bank.v1beta1.QueryAllBalancesResponse", QueryAllBalancesResponse.fromPartial({})), { balances: [], pagination: null });
    assert.deepEqual(toJson("tendermint.types.CommitSig", CommitSig.fromPartial({ blockIdFlag: 1 })), {
      block_id_flag: "BLOCK_ID_FLAG_ABSENT", validator_address: null, timestamp: "0001-01-01T00:00:00Z", signature: null,
    });
    const validator = toJson("cosmos.staking.v1beta1.Validator", Validator.fromPartial({ tokens: "5", delegatorShares: "5000000000000000000" })) as Record<string, Json>;
    assert.equal(validator["consensus_pubkey"], null);
    assert.equal(validator["tokens"], "5");
    assert.equal(validator["delegator_shares"], "5.000000000000000000");
    assert.equal(validator["min_self_delegation"], "0");
    assert.equal(validator["status"], "BOND_STATUS_UNSPECIFIED");
    assert.deepEqual(validator["commission"], {
      commission_rates: { rate: "0.000000000000000000", max_rate: "0.000000000000000000", max_change_rate: "0.000000000000000000" }, update_time: "0001-01-01T00:00:00Z",
    });
  });

  it("keeps decimals in bytes fields: slashing parameters", () => {
    const json = {
      signed_blocks_window: "100", min_signed_per_window: "0.500000000000000000", downtime_jail_duration: "600s",
      slash_fraction_double_sign: "0.050000000000000000", slash_fraction_downtime: "0.010000000000000000",
    };
    const bytes = fromJson("cosmos.slashing.v1beta1.Params", json);
    assert.equal(Buffer.from(SlashingParams.decode(bytes).minSignedPerWindow).toString(), "500000000000000000");
    assert.deepEqual(toJson("cosmos.slashing.v1beta1.Params", bytes), json);
  });

  it("shows what is no number and no time as it came: a refused transaction must not hide the block that has it", () => {
    const vote = { proposalId: 1n, voter: "v", options: [{ option: 1, weight: "half" }] };
    assert.deepEqual((toJson("cosmos.gov.v1beta1.MsgVoteWeighted", vote) as { options: unknown[] }).options, [{ option: "VOTE_OPTION_YES", weight: "half" }]);
    const slashing = toJson("cosmos.slashing.v1beta1.Params", { ...SlashingParams.fromPartial({}), minSignedPerWindow: Uint8Array.of(0xff) }) as { min_signed_per_window: string };
    assert.equal(slashing.min_signed_per_window, "/w==");
    const never = { seconds: (1n << 63n) - 1n, nanos: -1 };
    assert.deepEqual(toJson("google.protobuf.Timestamp", never), { seconds: "9223372036854775807", nanos: -1 });
    assert.deepEqual(toJson("google.protobuf.Duration", never), { seconds: "9223372036854775807", nanos: -1 });
  });

  it("expands Any behind its type, both ways", () => {
    const json = {
      granter: "a", grantee: "b",
      grant: { authorization: { "@type": "/cosmos.authz.v1beta1.GenericAuthorization", msg: "/cosmos.bank.v1beta1.MsgSend" }, expiration: "2026-11-23T22:44:17.500Z" },
    };
    const message = MsgGrant.fromPartial({
      granter: "a", grantee: "b",
      grant: { authorization: { typeUrl: "/cosmos.authz.v1beta1.GenericAuthorization", value: GenericAuthorization.encode({ msg: "/cosmos.bank.v1beta1.MsgSend" }).finish() }, expiration: { seconds: 1_795_473_857n, nanos: 500_000_000 } },
    });
    assert.deepEqual(toJson("cosmos.authz.v1beta1.MsgGrant", message), json);
    assert.deepEqual(fromJson("cosmos.authz.v1beta1.MsgGrant", json), MsgGrant.encode(message).finish());
    const timestamp = { authorization: { "@type": "/google.protobuf.Duration", value: "1.500s" }, expiration: null };
    assert.deepEqual(toJson("cosmos.authz.v1beta1.Grant", fromJson("cosmos.authz.v1beta1.Grant", timestamp)), timestamp);
  });

  it("reads back what it writes, for every type", function () {
    this.timeout(60_000);
    for (const desc of canonical) {
      fc.assert(
        fc.property(arbitraryMessage(desc, { codecs }), (message) => {
          const json = toJson(desc.typeName, message);
          const text = JSON.stringify(json);
          const bytes = fromJson(desc.typeName, JSON.parse(text));
          assert.deepEqual(toJson(desc.typeName, bytes), json, desc.typeName);
        }),
        { numRuns: 4 },
      );
    }
  });

  it("agrees with the reference implementation but for the SDK's own ways", function () {
    this.timeout(60_000);
    // The reference shows no absent messages, writes empty bytes as "" and knows neither Dec nor Int.
    const normal = (json: unknown): unknown => {
      if (Array.isArray(json)) return json.map(normal);
      if (typeof json !== "object" || json === null) return json === "" ? null : json;
      return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, normal(value)]).filter(([, value]) => value !== null));
    };
    const names = ["cosmos.bank.v1beta1.Metadata", "cosmos.base.query.v1beta1.PageRequest", "cosmos.gov.v1.Params", "cosmos.tx.v1beta1.AuthInfo", "cosmos.base.abci.v1beta1.GasInfo", "cosmos.feegrant.v1beta1.BasicAllowance", "tendermint.types.BlockID", "cosmos.gov.v1.MsgVoteWeighted", "tendermint.types.Header"];
    for (const name of names) {
      const desc = messageDescriptor(name);
      fc.assert(
        fc.property(arbitraryMessage(desc, { codecs, complete: true }), (message) => {
          const bytes = encodeMessage(desc, message);
          const theirs = referenceJson(desc, fromBinary(desc, bytes), { registry, alwaysEmitImplicit: true, useProtoFieldName: true }) as JsonValue;
          assert.deepEqual(normal(toJson(name, bytes)), normal(theirs));
        }),
        { numRuns: 30 },
      );
    }
    assert.ok(create(messageDescriptor("cosmos.bank.v1beta1.Metadata")));
  });

  it("encodes what the generated code encodes, for every type", function () {
    this.timeout(60_000);
    for (const desc of canonical) {
      fc.assert(
        fc.property(arbitraryMessage(desc, { codecs }), (message) => {
          assert.deepEqual(encodeMessage(desc, message), codecs.get(desc.typeName)!.encode(message).finish(), desc.typeName);
        }),
        { numRuns: 4 },
      );
    }
  });

  it("takes camelCase names, numbers for strings of digits, enum numbers, and null for absent", () => {
    const bytes = fromJson("cosmos.gov.v1.MsgVote", { proposalId: 7, voter: "v", option: 1, metadata: null });
    assert.deepEqual(toJson("cosmos.gov.v1.MsgVote", bytes), { proposal_id: "7", voter: "v", option: "VOTE_OPTION_YES", metadata: "" });
  });

  const refused: readonly [title: string, type: string, json: unknown, message: string][] = [
    ["an unknown field", "cosmos.base.v1beta1.Coin", { denom: "a", amuont: "1" }, "amuont: unknown field in cosmos.base.v1beta1.Coin"],
    ["a prototype as a field", "cosmos.base.v1beta1.Coin", JSON.parse('{"__proto__":1}'), "__proto__: unknown field in cosmos.base.v1beta1.Coin"],
    ["a wrong type, with its path", "cosmos.bank.v1beta1.MsgSend", { amount: [{ denom: "a", amount: "1" }, { denom: 5 }] }, "amount[1].denom: expected a string, got a value of type number"],
    ["an object for a list", "cosmos.bank.v1beta1.MsgSend", { amount: {} }, "amount: expected an array, got a value of type object"],
    ["null in a list", "cosmos.bank.v1beta1.MsgSend", { amount: [null] }, "amount[0]: expected an object, got null"],
    ["a list for a message", "cosmos.bank.v1beta1.MsgSend", [], "expected an object, got an array"],
    ["an amount that is no integer", "cosmos.base.v1beta1.Coin", { amount: "1.5" }, "amount: not a canonical integer: 1.5"],
    ["an amount as a number", "cosmos.base.v1beta1.Coin", { amount: 1 }, "amount: expected a string, got a value of type number"],
    ["a decimal that is none", "cosmos.staking.v1beta1.Params", { min_commission_rate: "5%" }, "min_commission_rate: failed to set decimal string with base 10: 5%"],
    ["an integer that lost digits", "cosmos.gov.v1.MsgVote", { proposal_id: 2 ** 60 }, "proposal_id: not a whole number below 2^53: write it as a string"],
    ["a uint64 that is too great", "cosmos.gov.v1.MsgVote", { proposal_id: "18446744073709551616" }, "proposal_id: out of range: 18446744073709551616"],
    ["a negative uint32", "cosmos.staking.v1beta1.Params", { max_validators: -1 }, "max_validators: out of range: -1"],
    ["an unknown enum name", "cosmos.gov.v1.MsgVote", { option: "VOTE_OPTION_MAYBE" }, "option: not a cosmos.gov.v1.VoteOption: VOTE_OPTION_MAYBE"],
    ["text for a boolean", "cosmos.bank.v1beta1.SendEnabled", { enabled: "true" }, "enabled: expected true or false, got a value of type string"],
    ["base64 that is none", "cosmos.tx.v1beta1.TxRaw", { signatures: ["%"] }, "signatures[0]: not base64: %"],
    ["both names of a field", "cosmos.bank.v1beta1.MsgSend", { from_address: "a", fromAddress: "b" }, "fromAddress: given twice, under both of its names"],
    ["two members of a oneof", "cosmos.tx.v1beta1.ModeInfo", { single: {}, multi: {} }, "multi: only one of single and multi may be given"],
    ["an Any without its type", "cosmos.authz.v1beta1.Grant", { authorization: {} }, 'authorization: an Any needs its type URL in "@type"'],
    ["an Any of an unknown type", "cosmos.authz.v1beta1.Grant", { authorization: { "@type": "/x.Y" } }, "authorization: unable to resolve type URL /x.Y"],
    ["a time that is none", "cosmos.authz.v1beta1.Grant", { expiration: "yesterday" }, "expiration: not an RFC 3339 time: yesterday"],
    ["a duration that is none", "cosmos.staking.v1beta1.Params", { unbonding_time: "3 weeks" }, 'unbonding_time: not a duration (such as "1.5s"): 3 weeks'],
    ["half a character", "cosmos.base.v1beta1.Coin", { denom: "\ud800" }, "denom: not valid Unicode"],
  ];
  for (const [title, type, json, message] of refused) {
    it(`refuses ${title}`, () => assert.equal(error(type, json), message));
  }

  it("ignores unknown fields where it is told to, and says where it is", () => {
    assert.equal(error("cosmos.base.v1beta1.Coin", { denom: "a", x: 1 }, { unknownFields: "ignore" }), "accepted");
    assert.match(error("cosmos.base.v1beta1.Coin", { x: 1 }, { path: "app_state.bank" }), /^app_state.bank.x: unknown field/);
  });

  it("bounds depth and number of values", () => {
    let nested: Json = { "@type": "/cosmos.authz.v1beta1.MsgExec", msgs: [] };
    for (let i = 0; i < 5000; i++) nested = { "@type": "/cosmos.authz.v1beta1.MsgExec", msgs: [nested] };
    assert.match(error("google.protobuf.Any", nested), /nested deeper than 64$/);
    const coins = Array.from({ length: 100 }, () => ({ denom: "a", amount: "1" }));
    assert.match(error("cosmos.bank.v1beta1.MsgSend", { amount: coins }, { maxValues: 50 }), /too many values/);
  });

  it("gives the message itself where bytes are not wanted", () => {
    assert.deepEqual(messageFromJson("cosmos.base.v1beta1.Coin", { denom: "a", amount: "1" }), { denom: "a", amount: "1" });
  });
});
