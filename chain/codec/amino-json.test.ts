import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { makeSignDoc, serializeSignDoc } from "@cosmjs/amino";
import { Registry } from "@cosmjs/proto-signing";
import { AminoTypes, createDefaultAminoConverters, defaultRegistryTypes } from "@cosmjs/stargate";
import fc from "fast-check";
import { aminoAny, AminoError, aminoMessage, signDocAmino } from "./amino-json.ts";
import { fromBase64 } from "./bytes.ts";
import { aminoName, registry, signerFields } from "./descriptors.ts";
import type { MessageCodec } from "./messages.ts";
import { strictDecoder, type AnyResolver } from "./strict.ts";
import { allCodecs, allMessages, arbitraryMessage } from "./testing.ts";

const resolve: AnyResolver = (typeUrl) => registry.getMessage(typeUrl.slice(1));
const decode = (typeUrl: string, bytes: Uint8Array): object => strictDecoder(typeUrl)(bytes, resolve, { maxDepth: 64, maxElements: 65_536 }).message;

/** Types that CosmJS knows, and where it departs from the SDK, whose text is what counts. */
const stockTypes = createDefaultAminoConverters();
const departures: Readonly<Record<string, string>> = {
  "/ibc.applications.transfer.v1.MsgTransfer": "not on this chain",
  "/cosmos.distribution.v1beta1.MsgWithdrawValidatorCommission": "its amino name is cosmos-sdk/MsgWithdrawValCommission in the SDK",
  "/cosmos.gov.v1beta1.MsgVoteWeighted": "the SDK writes weights with all 18 digits",
};

describe("amino JSON", () => {
  let codecs: ReadonlyMap<string, MessageCodec>;
  before(async () => {
    codecs = await allCodecs();
  });

  const vectors = JSON.parse(readFileSync(new URL("../../test/vectors/amino/amino-json.json", import.meta.url), "utf8")) as [typeUrl: string, bytes: string, json: string][];

  it("is what the SDK's x/tx writes, for every message and named type of its modules", () => {
    assert.ok(new Set(vectors.map(([typeUrl]) => typeUrl)).size > 70, "the vectors cover few types");
    for (const [typeUrl, bytes, expected] of vectors) {
      const named = aminoName(registry.getMessage(typeUrl.slice(1))!) !== undefined;
      const text = aminoMessage(typeUrl, decode(typeUrl, fromBase64(bytes)));
      // Outside of an Any, the reference writes no type around a message without a name.
      assert.equal(named ? text : text.slice(text.indexOf(',"value":') + 9, -1), expected, typeUrl);
    }
  });

  it("is known for every message that has a signer", () => {
    const covered = new Set(vectors.map(([typeUrl]) => typeUrl));
    const missing = allMessages()
      .filter((desc) => desc.typeName.startsWith("cosmos.") && signerFields(desc).length > 0)
      .map((desc) => `/${desc.typeName}`)
      .filter((typeUrl) => !covered.has(typeUrl));
    assert.deepEqual(missing, []);
  });

  for (const typeUrl of Object.keys(stockTypes).sort()) {
    const departure = departures[typeUrl];
    it(departure === undefined ? `is what CosmJS signs: ${typeUrl}` : `departs from CosmJS: ${typeUrl}, ${departure}`, () => {
      const desc = registry.getMessage(typeUrl.slice(1));
      if (desc === undefined) {
        assert.equal(departure, "not on this chain");
        return;
      }
      const stock = new AminoTypes(stockTypes);
      const stockRegistry = new Registry(defaultRegistryTypes);
      const anyContents = typeUrl.includes("gov") ? ["cosmos.gov.v1beta1.TextProposal"] : ["cosmos.crypto.secp256k1.PubKey", "cosmos.crypto.ed25519.PubKey"];
      let equal = true;
      fc.assert(
        fc.property(arbitraryMessage(desc, { codecs, complete: true, nonEmpty: true, anyContents }), fc.string({ unit: "grapheme" }), (message, memo) => {
          const value = codecs.get(desc.typeName)!.encode(message).finish();
          const theirs = serializeSignDoc(makeSignDoc([stock.toAmino({ typeUrl, value: stockRegistry.decode({ typeUrl, value }) as object })], { amount: [{ denom: "udcm", amount: "1" }], gas: "2", payer: "p", granter: "g" }, "chain", memo, 3, 4, 5n));
          const ours = signDocAmino({
            chainId: "chain", accountNumber: 3n, sequence: 4n, memo, timeoutHeight: 5n, unordered: false, timeoutTimestamp: undefined,
            fee: { amount: [{ denom: "udcm", amount: "1" }], gasLimit: 2n, payer: "p", granter: "g" },
            messages: [aminoMessage(typeUrl, decode(typeUrl, value))],
          });
          // Go escapes the two line separators, CosmJS does not.
          const text = Buffer.from(theirs).toString().replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
          if (departure === undefined) assert.equal(ours, text);
          else equal &&= ours === text;
        }),
        { numRuns: 40 },
      );
      if (departure !== undefined) assert.equal(equal, false, "no departure any more: remove it from the list");
    });
  }

  it("leaves out what is empty, but for coins and what the contract keeps", () => {
    const send = codecs.get("cosmos.bank.v1beta1.MsgSend")!.fromPartial({ fromAddress: "a" });
    assert.equal(aminoMessage("/cosmos.bank.v1beta1.MsgSend", send), '{"type":"cosmos-sdk/MsgSend","value":{"amount":[],"from_address":"a"}}');
    const vote = codecs.get("cosmos.gov.v1.MsgVote")!.fromPartial({ voter: "v" });
    assert.equal(aminoMessage("/cosmos.gov.v1.MsgVote", vote), '{"type":"cosmos-sdk/v1/MsgVote","value":{"proposal_id":"0","voter":"v"}}');
  });

  it("writes keys as their bytes and multisigs with their threshold as text", () => {
    const key = { typeUrl: "/cosmos.crypto.secp256k1.PubKey", value: codecs.get("cosmos.crypto.secp256k1.PubKey")!.encode({ key: new Uint8Array([1, 2]) }).finish() };
    assert.equal(aminoAny(key), '{"type":"tendermint/PubKeySecp256k1","value":"AQI="}');
    const group = { typeUrl: "/cosmos.crypto.multisig.LegacyAminoPubKey", value: codecs.get("cosmos.crypto.multisig.LegacyAminoPubKey")!.encode({ threshold: 1, publicKeys: [key] }).finish() };
    assert.equal(aminoAny(group), '{"type":"tendermint/PubKeyMultisigThreshold","value":{"pubkeys":[{"type":"tendermint/PubKeySecp256k1","value":"AQI="}],"threshold":"1"}}');
  });

  it("refuses a required message that is not there, as the SDK does", () => {
    const delegate = codecs.get("cosmos.staking.v1beta1.MsgDelegate")!.fromPartial({ delegatorAddress: "d" });
    assert.throws(() => aminoMessage("/cosmos.staking.v1beta1.MsgDelegate", delegate), (error) => error instanceof AminoError && /not supported: dont_omit_empty=true/.test(error.message));
  });

  it("has none for numbers that are no text and times that no calendar has, and for no other bytes ends in another error", () => {
    const params = { signedBlocksWindow: 1n, minSignedPerWindow: Uint8Array.of(0xff, 0xfe) };
    assert.throws(() => aminoMessage("/cosmos.slashing.v1beta1.MsgUpdateParams", { authority: "a", params }), AminoError);
    const grant = { granter: "a", grantee: "b", grant: { authorization: { typeUrl: "/cosmos.authz.v1beta1.GenericAuthorization", value: new Uint8Array(0) }, expiration: { seconds: (1n << 63n) - 1n, nanos: 0 } } };
    assert.throws(() => aminoMessage("/cosmos.authz.v1beta1.MsgGrant", grant), AminoError);
    const signed = allMessages().filter((desc) => signerFields(desc).length > 0);
    for (const desc of signed) {
      fc.assert(fc.property(arbitraryMessage(desc, { codecs }), (message) => {
        try {
          const typeUrl = `/${desc.typeName}`;
          aminoMessage(typeUrl, decode(typeUrl, codecs.get(desc.typeName)!.encode(message).finish()));
        } catch (error) {
          assert.ok(error instanceof AminoError, `${desc.typeName}: ${String(error)}`);
        }
      }), { numRuns: 20 });
    }
  });
});
