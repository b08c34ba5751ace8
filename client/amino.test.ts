import assert from "node:assert/strict";
import { AminoTypes, createDefaultAminoConverters } from "@cosmjs/stargate";
import fc from "fast-check";
import { before, describe, it } from "mocha";
import { messageDescriptor } from "../chain/codec/descriptors.ts";
import { allCodecs, arbitraryMessage } from "../chain/codec/testing.ts";
import { MsgCancelBid } from "../chain/codec/gen/dcm/market/v1/tx.ts";
import type { MessageCodec } from "../chain/codec/messages.ts";
import { dcmAminoConverters, dcmAminoTypes } from "./amino.ts";
import { dcmRegistryTypes } from "./registry.ts";

describe("amino converters", () => {
  const types = dcmAminoTypes();
  let codecs: ReadonlyMap<string, MessageCodec>;
  before(async () => {
    codecs = await allCodecs();
  });

  it("are there for every message, under names of their own", () => {
    const names = [...Object.values(dcmAminoConverters()), ...Object.values(createDefaultAminoConverters())].map((converter) => (converter as { aminoType: string }).aminoType);
    assert.equal(new Set(names).size, names.length);
    assert.equal(Object.keys(dcmAminoConverters()).length, dcmRegistryTypes.length);
  });

  for (const [typeUrl] of dcmRegistryTypes) {
    it(`lead back to the same bytes: ${typeUrl}`, () => {
      const codec = codecs.get(typeUrl.slice(1))!;
      const bytes = (message: object): string => Buffer.from(codec.encode(message).finish()).toString("hex");
      fc.assert(
        fc.property(arbitraryMessage(messageDescriptor(typeUrl), { codecs, complete: true, anyContents: ["dcm.market.v1.MsgCancelBid", "dcm.channel.v1.MsgTopUp", "dcm.market.v1.MsgRevealResult"] }), (message) => {
          const value = codec.fromPartial(message);
          const amino = types.toAmino({ typeUrl, value });
          const back = types.fromAmino(JSON.parse(JSON.stringify(amino)) as typeof amino);
          assert.equal(back.typeUrl, typeUrl);
          assert.deepEqual(types.toAmino(back), amino);
          assert.equal(bytes(back.value as object), bytes(value));
        }),
        { numRuns: 30 },
      );
    });
  }

  it("takes messages whose fields are left out", () => {
    const amino = types.toAmino({ typeUrl: "/dcm.market.v1.MsgCancelBid", value: { consumer: "dcm1x", jobId: 7n } });
    assert.deepEqual(amino, { type: "dcm/market/MsgCancelBid", value: { consumer: "dcm1x", job_id: "7" } });
  });

  it("writes the messages that a session key sends as their signer would sign them, and reads no others there", () => {
    const inner = { typeUrl: "/dcm.market.v1.MsgCancelBid", value: MsgCancelBid.encode({ consumer: "dcm1x", jobId: 7n }).finish() };
    const amino = types.toAmino({ typeUrl: "/dcm.session.v1.MsgExecSession", value: { session: "dcm1key", owner: "dcm1x", messages: [inner] } });
    assert.deepEqual(amino.value, { session: "dcm1key", owner: "dcm1x", messages: [{ type: "dcm/market/MsgCancelBid", value: { consumer: "dcm1x", job_id: "7" } }] });
    assert.throws(() => types.fromAmino({ type: "dcm/session/MsgExecSession", value: { messages: [{ type: "cosmos-sdk/MsgSend", value: {} }] } }), /cosmos-sdk\/MsgSend is no message of dcm's own/);
  });

  it("refuses what the contract does not know", () => {
    assert.throws(() => types.fromAmino({ type: "dcm/market/MsgCancelBid", value: { consumer: "dcm1x", price: "1" } }), /dcm\.market\.v1\.MsgCancelBid has no field price/);
    assert.throws(() => new AminoTypes(dcmAminoConverters()).toAmino({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: {} }), /does not exist in the Amino message type register/);
  });
});
