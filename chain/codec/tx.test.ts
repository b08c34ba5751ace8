import assert from "node:assert/strict";
import fc from "fast-check";
import { addressText } from "./address.ts";
import { equalBytes } from "./bytes.ts";
import { signersOf } from "./descriptors.ts";
import { MsgExec } from "./gen/cosmos/authz/v1beta1/tx.ts";
import { MsgMultiSend, MsgSend, MsgSendResponse } from "./gen/cosmos/bank/v1beta1/tx.ts";
import { AuthInfo, TxBody, TxRaw } from "./gen/cosmos/tx/v1beta1/tx.ts";
import type { Any } from "./gen/google/protobuf/any.ts";
import { MessageRegistry } from "./messages.ts";
import { encodePubKey } from "./pubkey.ts";
import { decodeAny, decodeTx, defaultTxLimits, TxDecodeError, type TxLimits } from "./tx.ts";

const registry = new MessageRegistry([MsgSend, MsgMultiSend, MsgExec]);
const from = addressText(new Uint8Array(20).fill(1));
const to = addressText(new Uint8Array(20).fill(2));
const send: Any = { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: MsgSend.encode({ fromAddress: from, toAddress: to, amount: [{ denom: "udcm", amount: "7" }] }).finish() };

const authInfo = AuthInfo.fromPartial({
  signerInfos: [{ publicKey: encodePubKey({ kind: "secp256k1", key: new Uint8Array(33).fill(2) }), modeInfo: { single: { mode: 1 } }, sequence: 3n }],
  fee: { amount: [{ denom: "udcm", amount: "5000" }], gasLimit: 200_000n },
});

function tx(messages: readonly Any[], parts: { body?: Partial<TxBody>; auth?: AuthInfo; signatures?: Uint8Array[] } = {}): Uint8Array {
  return TxRaw.encode({
    bodyBytes: TxBody.encode({ ...TxBody.fromPartial({ memo: "memo" }), messages: [...messages], ...parts.body }).finish(),
    authInfoBytes: AuthInfo.encode(parts.auth ?? authInfo).finish(),
    signatures: parts.signatures ?? [new Uint8Array(64).fill(9)],
  }).finish();
}

function reason(bytes: Uint8Array, limits?: TxLimits): string {
  try {
    decodeTx(bytes, registry, limits);
  } catch (error) {
    if (error instanceof TxDecodeError) return error.reason;
    throw error;
  }
  return "accepted";
}

describe("transaction decoding", () => {
  it("gives everything that a transaction holds", () => {
    const bytes = tx([send]);
    const decoded = decodeTx(bytes, registry);
    assert.deepEqual(decoded.bytes, bytes);
    assert.equal(decoded.body.memo, "memo");
    assert.deepEqual(decoded.authInfo, authInfo);
    assert.deepEqual(decoded.signatures, [new Uint8Array(64).fill(9)]);
    const [message] = decoded.messages;
    assert.equal(message!.typeUrl, "/cosmos.bank.v1beta1.MsgSend");
    assert.deepEqual(message!.value, send.value);
    assert.deepEqual(message!.message, MsgSend.decode(send.value));
    assert.equal(message!.type.codec, MsgSend);
    assert.deepEqual(signersOf(message!.typeUrl, message!.message), [from]);
  });

  it("keeps messages and their contents together, with keys and nested messages around them", () => {
    const sends = [1, 2, 3].map((n): Any => ({ typeUrl: send.typeUrl, value: MsgSend.encode({ fromAddress: from, toAddress: to, amount: [{ denom: "udcm", amount: String(n) }] }).finish() }));
    const exec: Any = { typeUrl: "/cosmos.authz.v1beta1.MsgExec", value: MsgExec.encode({ grantee: to, msgs: sends }).finish() };
    const { messages } = decodeTx(tx([sends[0]!, exec, sends[2]!]), registry);
    assert.deepEqual(messages.map(({ message }) => message), [MsgSend.decode(sends[0]!.value), MsgExec.decode(exec.value), MsgSend.decode(sends[2]!.value)]);
  });

  it("names the error as the SDK does: codespace sdk, code 2", () => {
    assert.throws(() => decodeTx(new Uint8Array([1]), registry), { codespace: "sdk", code: 2, message: /: tx parse error$/ });
  });

  const response: Any = { typeUrl: "/cosmos.bank.v1beta1.MsgSendResponse", value: MsgSendResponse.encode({}).finish() };
  const cases: readonly [title: string, bytes: Uint8Array, expected: RegExp][] = [
    ["bytes after the transaction", new Uint8Array([...tx([send]), 0]), /unknown field/],
    ["a second body", new Uint8Array([...tx([send]), 0x0a, 0x00]), /out of order/],
    ["a message that is not registered", tx([response]), /unable to resolve type URL \/cosmos.bank.v1beta1.MsgSendResponse/],
    ["a public key as a message", tx([encodePubKey({ kind: "secp256k1", key: new Uint8Array(33).fill(2) })]), /is not a transaction message/],
    ["a type URL without slash", tx([{ ...send, typeUrl: send.typeUrl.slice(1) }]), /unable to resolve/],
    ["a message with unknown fields", tx([{ ...send, value: new Uint8Array([...send.value, 0x7a, 0x00]) }]), /MsgSend: unknown field/],
    ["an unregistered message inside another", tx([{ typeUrl: "/cosmos.authz.v1beta1.MsgExec", value: MsgExec.encode({ grantee: to, msgs: [response] }).finish() }]), /unable to resolve/],
    ["an unknown extension option", tx([send], { body: { extensionOptions: [{ typeUrl: "/x.Y", value: new Uint8Array(0) }] } }), /unable to resolve/],
    ["an unknown sign mode", tx([send], { auth: { ...authInfo, signerInfos: [{ ...authInfo.signerInfos[0]!, modeInfo: { single: { mode: 55 as never } } }] } }), /unknown enum value 55/],
    ["a public key of a type that is none", tx([send], { auth: { ...authInfo, signerInfos: [{ ...authInfo.signerInfos[0]!, publicKey: { typeUrl: "/x", value: new Uint8Array(0) } }] } }), /unable to resolve/],
    ["more messages than allowed", tx(Array<Any>(257).fill(send)), /257 messages, at most 256/],
    ["more signatures than allowed", tx([send], { signatures: Array<Uint8Array>(33).fill(new Uint8Array(1)) }), /33 signatures, at most 32/],
    ["more signer infos than allowed", tx([send], { auth: { ...authInfo, signerInfos: Array<AuthInfo["signerInfos"][number]>(33).fill(authInfo.signerInfos[0]!) } }), /33 signer infos, at most 32/],
  ];
  for (const [title, bytes, expected] of cases) {
    it(`refuses ${title}`, () => assert.match(reason(bytes), expected));
  }

  it("refuses nesting beyond 16, at once, however deep the bytes go", () => {
    let inner: Any = send;
    for (let i = 0; i < 2000; i++) inner = { typeUrl: "/cosmos.authz.v1beta1.MsgExec", value: MsgExec.encode({ grantee: to, msgs: [inner] }).finish() };
    assert.match(reason(tx([inner])), /nested deeper than 16/);
  });

  it("follows the limits it is given", () => {
    assert.equal(reason(tx([send, send]), { ...defaultTxLimits, maxMessages: 2 }), "accepted");
    assert.match(reason(tx([send, send]), { ...defaultTxLimits, maxMessages: 1 }), /2 messages, at most 1/);
  });

  it("accepts only the canonical bytes, and throws nothing but a TxDecodeError: mutated transactions", () => {
    const valid = tx([send], { body: { timeoutHeight: 300n, timeoutTimestamp: { seconds: 5n, nanos: 6 } } });
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }), (edits) => {
        const bytes = valid.slice();
        for (const [at, byte] of edits) bytes[at] = byte;
        if (reason(bytes) !== "accepted") return;
        accepted++;
        const decoded = decodeTx(bytes, registry);
        const again = TxRaw.encode({
          bodyBytes: TxBody.encode({ ...decoded.body, messages: decoded.messages.map(({ typeUrl, message, type }) => ({ typeUrl, value: type.codec.encode(message).finish() })) }).finish(),
          authInfoBytes: AuthInfo.encode(decoded.authInfo).finish(),
          signatures: [...decoded.signatures],
        }).finish();
        assert.ok(equalBytes(again, bytes));
      }),
      { numRuns: 3000 },
    );
    assert.ok(accepted > 100, `only ${accepted} of the mutations were valid: the test says little`);
  });

  it("gives the same by its fast path as by the general decoder: common transactions, and mutations of them", () => {
    const text = fc.oneof(fc.constantFrom("", from, "udcm", "ü"), fc.string({ maxLength: 8 }));
    const amount = fc.oneof({ weight: 30, arbitrary: fc.bigInt({ min: 0n, max: 1n << 80n }).map(String) }, fc.constantFrom("", "-1", "007", "9".repeat(78), "1.5"));
    const coins = fc.array(fc.record({ denom: text, amount }), { maxLength: 2 });
    const number = fc.oneof(fc.constantFrom(0n, 1n, (1n << 49n) - 1n, 1n << 49n, (1n << 64n) - 1n), fc.bigInt({ min: 0n, max: 1n << 20n }));
    const arbitrary = fc.record({
      sends: fc.array(fc.record({ fromAddress: text, toAddress: text, amount: coins }), { maxLength: 3 }),
      memo: text, timeoutHeight: number, sequence: number, gasLimit: number, fee: coins, payer: text, granter: text,
      mode: fc.constantFrom(0, 1, 2, 127), keyLength: fc.constantFrom(32, 33, 33, 33, 33), withKey: fc.boolean(), signatures: fc.array(fc.uint8Array({ maxLength: 65 }), { maxLength: 2 }),
      edits: fc.oneof(fc.constant([]), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 })),
    });
    let accepted = 0;
    fc.assert(
      fc.property(arbitrary, (parts) => {
        const publicKey = parts.withKey ? encodePubKey({ kind: "secp256k1", key: new Uint8Array(parts.keyLength).fill(2) }) : undefined;
        const auth = AuthInfo.fromPartial({
          signerInfos: [{ publicKey, modeInfo: { single: { mode: parts.mode as 0 | 1 | 2 | 127 } }, sequence: parts.sequence }],
          fee: { amount: parts.fee, gasLimit: parts.gasLimit, payer: parts.payer, granter: parts.granter },
        });
        const messages = parts.sends.map((message): Any => ({ typeUrl: send.typeUrl, value: MsgSend.encode(message).finish() }));
        // The transaction stands inside a larger buffer, as it does in a frame.
        const bytes = new Uint8Array([0xff, ...tx(messages, { body: { memo: parts.memo, timeoutHeight: parts.timeoutHeight }, auth, signatures: parts.signatures }), 0xff]).subarray(1, -1);
        for (const [at, byte] of parts.edits) bytes[at % bytes.length] = byte;
        let general: unknown;
        try {
          general = decodeAny(bytes, registry, defaultTxLimits);
        } catch {
          assert.notEqual(reason(bytes), "accepted");
          return;
        }
        accepted++;
        assert.deepEqual(decodeTx(bytes, registry), general);
      }),
      { numRuns: 3000 },
    );
    assert.ok(accepted > 1000, `${accepted} accepted`);
  });

  it("throws nothing but a TxDecodeError: random bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void reason(bytes)), { numRuns: 5000 });
  });

  it("accepts the empty transaction, which the ante chain refuses for what it lacks", () => {
    const decoded = decodeTx(new Uint8Array(0), registry);
    assert.deepEqual(decoded.messages, []);
    assert.equal(decoded.authInfo.fee, undefined);
  });

  it("refuses to register a message without signers", () => {
    assert.throws(() => new MessageRegistry([MsgSendResponse]), /has no \(cosmos.msg.v1.signer\)/);
  });

  it("lists its messages in order", () => {
    assert.deepEqual(registry.typeUrls(), ["/cosmos.authz.v1beta1.MsgExec", "/cosmos.bank.v1beta1.MsgMultiSend", "/cosmos.bank.v1beta1.MsgSend"]);
  });
});

describe("signers", () => {
  it("come from nested fields, each once, in the order of the contract", () => {
    const multi = MsgMultiSend.fromPartial({ inputs: [{ address: from, coins: [] }, { address: to, coins: [] }, { address: from, coins: [] }] });
    assert.deepEqual(signersOf("/cosmos.bank.v1beta1.MsgMultiSend", multi), [from, to]);
  });

  it("are refused where the contract has none", () => {
    assert.throws(() => signersOf("/cosmos.base.v1beta1.Coin", {}), /no cosmos.msg.v1.signer option/);
    assert.throws(() => signersOf("/no.such.Type", {}), /unable to resolve type URL/);
  });
});
