import assert from "node:assert/strict";
import fc from "fast-check";
import { equalBytes, fromHex, toHex } from "./bytes.ts";
import { messageDescriptor, registry, signerFields } from "./descriptors.ts";
import { CompactBitArray } from "./gen/cosmos/crypto/multisig/v1beta1/multisig.ts";
import { MsgExec } from "./gen/cosmos/authz/v1beta1/tx.ts";
import { MsgEditValidator } from "./gen/cosmos/staking/v1beta1/tx.ts";
import { TxBody } from "./gen/cosmos/tx/v1beta1/tx.ts";
import { Coin } from "./gen/cosmos/base/v1beta1/coin.ts";
import type { MessageCodec } from "./messages.ts";
import { CanonicalError, defaultLimits, misplacedField, strictDecoder, type AnyResolver } from "./strict.ts";
import { allCodecs, allMessages, arbitraryMessage } from "./testing.ts";

const resolve: AnyResolver = (typeUrl) => registry.getMessage(typeUrl.slice(1));

/** Messages that a transaction may hold: all but the few with maps and floats, or with fields declared out of order. */
function canonicalTypes(): string[] {
  return allMessages().map((desc) => desc.typeName).filter((name) => {
    try {
      strictDecoder(name);
      return misplacedField(name) === undefined;
    } catch {
      return false;
    }
  });
}

describe("the canonical decoder", () => {
  let codecs: ReadonlyMap<string, MessageCodec>;
  before(async () => {
    codecs = await allCodecs();
  });

  it("knows nearly every contract", () => {
    assert.ok(canonicalTypes().length > 500, `${canonicalTypes().length} types`);
  });

  it("gives what the generated code gives, for every type", function () {
    this.timeout(60_000);
    for (const name of canonicalTypes()) {
      const codec = codecs.get(name);
      assert.ok(codec, name);
      const decode = strictDecoder(name);
      assert.deepEqual({ ...decode(new Uint8Array(0)).message }, { ...codec.decode(new Uint8Array(0)) }, name);
      fc.assert(
        fc.property(arbitraryMessage(messageDescriptor(name), { codecs }), (message) => {
          const bytes = codec.encode(message).finish();
          assert.deepEqual(decode(bytes, resolve).message, codec.decode(bytes), name);
        }),
        { numRuns: 6 },
      );
    }
  });

  it("finds fields that are declared out of order, in which no message of the SDK or of this chain may be", () => {
    assert.equal(misplacedField("google.protobuf.FieldDescriptorProto"), "google.protobuf.FieldDescriptorProto.extendee");
    const misplaced = allMessages().filter((desc) => signerFields(desc).length > 0).map((desc) => misplacedField(desc.typeName)).filter((field) => field !== undefined);
    assert.deepEqual(misplaced, []);
  });

  it("accepts only what re-encodes to the same bytes: mutations of valid messages", function () {
    this.timeout(60_000);
    const names = canonicalTypes().filter((name) => /\.Msg[A-Z]/.test(name) || name.startsWith("cosmos.tx."));
    fc.assert(
      fc.property(
        fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), arbitraryMessage(messageDescriptor(name), { codecs }))),
        fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "insert", "delete", "truncate")), { minLength: 1, maxLength: 3 }),
        ([name, message], edits) => {
          const codec = codecs.get(name)!;
          let bytes = codec.encode(message).finish();
          for (const [where, byte, kind] of edits) {
            if (bytes.length === 0) break;
            const at = where % bytes.length;
            if (kind === "set") bytes = bytes.with(at, byte);
            else if (kind === "truncate") bytes = bytes.slice(0, at);
            else bytes = new Uint8Array([...bytes.slice(0, at), ...(kind === "insert" ? [byte] : []), ...bytes.slice(kind === "insert" ? at : at + 1)]);
          }
          let decoded: object;
          try {
            decoded = strictDecoder(name)(bytes, resolve).message;
          } catch (error) {
            assert.ok(error instanceof CanonicalError, String(error));
            return;
          }
          assert.ok(equalBytes(codec.encode(decoded).finish(), bytes), `${name} ${toHex(bytes)}`);
        },
      ),
      { numRuns: 4000 },
    );
  });

  it("never fails otherwise: random bytes", () => {
    const names = ["cosmos.tx.v1beta1.TxRaw", "cosmos.tx.v1beta1.TxBody", "cosmos.tx.v1beta1.AuthInfo", "cosmos.bank.v1beta1.MsgMultiSend", "cosmos.authz.v1beta1.MsgExec"];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 60 }), (name, bytes) => {
        try {
          const decoded = strictDecoder(name)(bytes, resolve).message;
          assert.ok(equalBytes(codecs.get(name)!.encode(decoded).finish(), bytes));
        } catch (error) {
          if (!(error instanceof CanonicalError)) throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });

  const refused: readonly [title: string, type: string, hex: string, reason: RegExp][] = [
    ["an explicit empty string", "cosmos.base.v1beta1.Coin", "0a00", /default value is written out/],
    ["an explicit zero", "cosmos.tx.v1beta1.TxBody", "1800", /default value is written out/],
    ["a varint that is not minimal", "cosmos.tx.v1beta1.TxBody", "188100", /not as short as possible/],
    ["a length that is not minimal", "cosmos.base.v1beta1.Coin", "0a810061", /not as short as possible/],
    ["a tag that is not minimal", "cosmos.base.v1beta1.Coin", "8a000161", /not as short as possible/],
    ["fields in the wrong order", "cosmos.base.v1beta1.Coin", "1201310a0161", /out of order/],
    ["a field twice", "cosmos.base.v1beta1.Coin", "0a01610a0161", /given twice/],
    ["an unknown field", "cosmos.base.v1beta1.Coin", "1a0161", /unknown field/],
    ["a known field with another wire type", "cosmos.base.v1beta1.Coin", "0801", /unknown field or wire type/],
    ["text that is not UTF-8", "cosmos.base.v1beta1.Coin", "0a01ff", /invalid UTF-8/],
    ["an encoded surrogate", "cosmos.base.v1beta1.Coin", "0a03eda080", /invalid UTF-8/],
    ["a length beyond the end", "cosmos.base.v1beta1.Coin", "0a0261", /beyond the end/],
    ["a huge length", "cosmos.base.v1beta1.Coin", "0affffffff0f61", /beyond the end/],
    ["a varint of more than 64 bits", "cosmos.tx.v1beta1.TxBody", "18ffffffffffffffffff02", /more than 64 bits/],
    ["a varint without end", "cosmos.tx.v1beta1.TxBody", "18ffffffffffffffffffff", /more than 64 bits/],
    ["a boolean of 2", "cosmos.tx.v1beta1.TxBody", "2002", /not a boolean/],
    ["an unknown enum value", "cosmos.tx.v1beta1.ModeInfo.Single", "0863", /unknown enum value 99/],
    ["two members of a oneof", "cosmos.tx.v1beta1.ModeInfo", "0a0208011200", /second member of its oneof/],
    ["a group", "cosmos.base.v1beta1.Coin", "0b0c", /unknown field/],
    ["field number zero", "cosmos.base.v1beta1.Coin", "0000", /unknown field/],
    ["an Any of an unknown type", "cosmos.tx.v1beta1.TxBody", "0a040a022f78", /unable to resolve type URL \/x/],
    ["an amount that is no whole number", "cosmos.base.v1beta1.Coin", "120178", /Coin\.amount: not a canonical integer: x/],
    ["an amount with a leading zero, which Go reads as octal", "cosmos.base.v1beta1.Coin", "1203303132", /not a canonical integer: 012/],
    ["an amount of more than 256 bits", "cosmos.base.v1beta1.Coin", `124e39${"39".repeat(77)}`, /Coin\.amount: integer out of range/],
    ["a decimal that is none", "cosmos.staking.v1beta1.MsgEditValidator", "1a03302e31", /MsgEditValidator\.commission_rate: invalid decimal on the wire: 0\.1/],
    ["a decimal in bytes that is none", "cosmos.slashing.v1beta1.Params", "120468616c66", /Params\.min_signed_per_window: invalid decimal on the wire: half/],
    ["an Any without a type", "cosmos.tx.v1beta1.TxBody", "0a00", /unable to resolve type URL/],
  ];
  for (const [title, type, hex, reason] of refused) {
    it(`refuses ${title}`, () => {
      assert.throws(() => strictDecoder(type)(fromHex(hex), resolve), (error) => error instanceof CanonicalError && reason.test(error.message));
    });
  }

  it("refuses a decimal that is none wherever it stands, as the SDK's decoder does", () => {
    const message = MsgEditValidator.fromPartial({ validatorAddress: "v", commissionRate: "0.1" });
    const any = (type: { readonly $type: string }, value: Uint8Array): { typeUrl: string; value: Uint8Array } => ({ typeUrl: `/${type.$type}`, value });
    const nested = MsgExec.encode({ grantee: "g", msgs: [any(MsgEditValidator, MsgEditValidator.encode(message).finish())] }).finish();
    const body = TxBody.encode(TxBody.fromPartial({ messages: [any(MsgExec, nested)] })).finish();
    assert.throws(() => strictDecoder("cosmos.tx.v1beta1.TxBody")(body, resolve), (error) => error instanceof CanonicalError && /commission_rate: invalid decimal on the wire: 0\.1/.test(error.message));
  });

  it("reads the greatest numbers exactly", () => {
    const max = strictDecoder("cosmos.tx.v1beta1.TxBody")(fromHex("18ffffffffffffffffff01")).message as { timeoutHeight: bigint };
    assert.equal(max.timeoutHeight, (1n << 64n) - 1n);
    assert.throws(() => strictDecoder("cosmos.crypto.multisig.v1beta1.CompactBitArray")(fromHex("088080808010")), CanonicalError);
    const bits = CompactBitArray.encode({ extraBitsStored: 0xffffffff, elems: new Uint8Array(0) }).finish();
    assert.equal((strictDecoder("cosmos.crypto.multisig.v1beta1.CompactBitArray")(bits).message as CompactBitArray).extraBitsStored, 0xffffffff);
  });

  it("keeps the byte order mark of a text", () => {
    const bytes = Coin.encode({ denom: "\ufeffx", amount: "" }).finish();
    assert.deepEqual(strictDecoder("cosmos.base.v1beta1.Coin")(bytes).message, { denom: "\ufeffx", amount: "" });
  });

  it("stops at the depth limit, through messages and through Any", () => {
    const exec = codecs.get("cosmos.authz.v1beta1.MsgExec")!;
    let bytes: Uint8Array = exec.encode(exec.fromPartial({ grantee: "g" })).finish();
    const decode = strictDecoder("cosmos.authz.v1beta1.MsgExec");
    for (let depth = 1; depth < 8; depth++) {
      assert.ok(decode(bytes, resolve));
      bytes = exec.encode(exec.fromPartial({ msgs: [{ typeUrl: "/cosmos.authz.v1beta1.MsgExec", value: bytes }] })).finish();
    }
    bytes = exec.encode(exec.fromPartial({ msgs: [{ typeUrl: "/cosmos.authz.v1beta1.MsgExec", value: bytes }] })).finish();
    assert.throws(() => decode(bytes, resolve), { message: "cosmos.authz.v1beta1.MsgExec: nested deeper than 16" });
  });

  it("stops at the element limit: two bytes must not become an object without end", () => {
    const bytes = new Uint8Array(200_000);
    for (let i = 0; i < bytes.length; i += 2) bytes[i] = 0x12;
    assert.throws(() => strictDecoder("cosmos.bank.v1beta1.MsgMultiSend")(bytes), /too many elements/);
    assert.equal(defaultLimits.maxElements, 65_536);
  });
});
