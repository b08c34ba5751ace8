import assert from "node:assert/strict";
import { createMultisigThresholdPubkey, pubkeyToAddress, Secp256k1HdWallet, type Pubkey, type SinglePubkey } from "@cosmjs/amino";
import { DirectSecp256k1HdWallet, makeSignBytes, makeSignDoc, type EncodeObject, type OfflineSigner } from "@cosmjs/proto-signing";
import { makeMultisignedTxBytes, SigningStargateClient } from "@cosmjs/stargate";
import { TxRaw as StockTxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import fc from "fast-check";
import { fromBase64 } from "./bytes.ts";
import { MsgSend } from "./gen/cosmos/bank/v1beta1/tx.ts";
import { MsgDelegate } from "./gen/cosmos/staking/v1beta1/tx.ts";
import { SignMode } from "./gen/cosmos/tx/signing/v1beta1/signing.ts";
import { AuthInfo, TxBody, TxRaw } from "./gen/cosmos/tx/v1beta1/tx.ts";
import { MessageRegistry } from "./messages.ts";
import { decodePubKey, encodePubKey, type PubKey } from "./pubkey.ts";
import { compactBitArray, signatureChecks, SignatureError, signBytesAmino, signBytesDirect, SignModeError, verifyCheck, type Signer } from "./sign-bytes.ts";
import { decodeTx, type DecodedTx } from "./tx.ts";

const registry = new MessageRegistry([MsgSend, MsgDelegate]);
const chainId = "dcm-test-1";
const mnemonic = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const fee = { amount: [{ denom: "udcm", amount: "5000" }], gas: "200000" };

type Wallet = OfflineSigner & { getAccounts(): Promise<readonly { address: string; pubkey: Uint8Array }[]> };

async function signed(wallet: Wallet, memo = "memo"): Promise<{ tx: DecodedTx; pubkey: PubKey }> {
  const [account] = await wallet.getAccounts();
  const client = await SigningStargateClient.offline(wallet);
  const messages: EncodeObject[] = [
    { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: account!.address, toAddress: account!.address, amount: [{ denom: "udcm", amount: "7" }] } },
    { typeUrl: "/cosmos.staking.v1beta1.MsgDelegate", value: { delegatorAddress: account!.address, validatorAddress: "v", amount: { denom: "udcm", amount: "7" } } },
  ];
  const raw = await client.sign(account!.address, messages, { ...fee, granter: account!.address }, memo, { accountNumber: 12n, sequence: 34, chainId }, 99n);
  return { tx: decodeTx(StockTxRaw.encode(raw).finish(), registry), pubkey: { kind: "secp256k1", key: account!.pubkey } };
}

const verifies = (tx: DecodedTx, signers: readonly Signer[], chain = chainId): boolean[] => signatureChecks(tx, signers, chain).map(verifyCheck);

function reason(tx: DecodedTx, signers: readonly Signer[]): string {
  try {
    signatureChecks(tx, signers, chainId);
  } catch (error) {
    if (error instanceof SignatureError) return error.message;
    throw error;
  }
  return "fits";
}

describe("sign bytes", () => {
  it("are CosmJS's in direct mode, for any parts", () => {
    const uint64 = fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), fc.string({ unit: "grapheme" }), uint64, (body, auth, chain, number) => {
        assert.deepEqual(signBytesDirect(body, auth, chain, number), makeSignBytes(makeSignDoc(body, auth, chain, Number(number))));
      }),
      { examples: [[new Uint8Array(0), new Uint8Array(0), "", 0n]] },
    );
    const greatest = signBytesDirect(new Uint8Array(0), new Uint8Array(0), "", (1n << 64n) - 1n);
    assert.deepEqual(greatest, new Uint8Array([0x20, ...Array<number>(9).fill(0xff), 1]));
  });

  for (const [mode, open] of [
    ["direct", () => DirectSecp256k1HdWallet.fromMnemonic(mnemonic, { prefix: "dcm" })],
    ["amino JSON", () => Secp256k1HdWallet.fromMnemonic(mnemonic, { prefix: "dcm" })],
  ] as const) {
    it(`verify what a CosmJS wallet signs: ${mode}, with fee granter, timeout height and characters that are escaped`, async () => {
      const { tx, pubkey } = await signed((await open()) as Wallet, 'a<b>&c "ü"\n');
      const signer = { pubkey, accountNumber: 12n, sequence: 34n };
      assert.deepEqual(verifies(tx, [signer]), [true]);
      assert.deepEqual(decodePubKey(tx.authInfo.signerInfos[0]!.publicKey!), pubkey);
      assert.deepEqual(verifies(tx, [{ ...signer, accountNumber: 13n }]), [false]);
      assert.deepEqual(verifies(tx, [signer], "dcm-test-2"), [false]);
      // In direct mode the sequence stands in the signed AuthInfo, and the ante chain compares it.
      assert.deepEqual(verifies(tx, [{ ...signer, sequence: 35n }]), [mode === "direct"]);
    });
  }

  it("verify a CosmJS multisig, and name each signature that is missing", async () => {
    const paths = await Promise.all([1, 2, 3].map(async (n) => Secp256k1HdWallet.generate(12, { prefix: "dcm", bip39Password: String(n) })));
    const accounts = await Promise.all(paths.map(async (wallet) => (await wallet.getAccounts())[0]!));
    const single = accounts.map(({ pubkey }): SinglePubkey => ({ type: "tendermint/PubKeySecp256k1", value: Buffer.from(pubkey).toString("base64") }));
    const group = createMultisigThresholdPubkey(single, 2, true);
    const address = pubkeyToAddress(group as Pubkey, "dcm");
    const message: EncodeObject = { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: address, toAddress: address, amount: [{ denom: "udcm", amount: "1" }] } };
    const signatures = new Map<string, Uint8Array>();
    let bodyBytes: Uint8Array = new Uint8Array(0);
    for (const index of [0, 2]) {
      const client = await SigningStargateClient.offline(paths[index]!);
      const raw = await client.sign(accounts[index]!.address, [message], fee, "", { accountNumber: 5n, sequence: 6, chainId });
      signatures.set(accounts[index]!.address, raw.signatures[0]!);
      bodyBytes = raw.bodyBytes;
    }
    const tx = decodeTx(makeMultisignedTxBytes(group, 6, fee, bodyBytes, signatures), registry);
    const pubkey = decodePubKey(tx.authInfo.signerInfos[0]!.publicKey!);
    const signer = { pubkey, accountNumber: 5n, sequence: 6n };
    assert.deepEqual(verifies(tx, [signer]), [true, true]);
    assert.deepEqual(verifies(tx, [{ ...signer, sequence: 7n }]), [false, false]);
    const checks = signatureChecks(tx, [signer], chainId);
    assert.deepEqual(checks.map((check) => check.pubkey.key), [accounts[0]!.pubkey, accounts[2]!.pubkey]);
    assert.equal(checks[0]!.signBytes, checks[1]!.signBytes, "the same text is made once");
  });
});

describe("signatures that do not fit", () => {
  const single: PubKey = { kind: "secp256k1", key: new Uint8Array(33).fill(2) };
  const group: PubKey = { kind: "multisig", threshold: 2, keys: [single, single, single] };
  type Info = Parameters<typeof AuthInfo.fromPartial>[0]["signerInfos"];
  const direct = { single: { mode: SignMode.SIGN_MODE_DIRECT } };

  function tx(signerInfos: Info, signatures: Uint8Array[]): DecodedTx {
    const bytes = TxRaw.encode({
      bodyBytes: TxBody.encode(TxBody.fromPartial({ memo: "m" })).finish(),
      authInfoBytes: AuthInfo.encode(AuthInfo.fromPartial({ signerInfos: signerInfos ?? [], fee: { gasLimit: 1n } })).finish(),
      signatures,
    }).finish();
    return decodeTx(bytes, registry);
  }

  const signer = (pubkey: PubKey): Signer => ({ pubkey, accountNumber: 1n, sequence: 2n });
  const multi = (length: number, set: number[], modes: number): Info => [
    { publicKey: encodePubKey(group), modeInfo: { multi: { bitarray: compactBitArray(length, set), modeInfos: Array<typeof direct>(modes).fill(direct) } } },
  ];
  // MultiSignature: field 1, repeated bytes.
  const bundle = (count: number): Uint8Array => new Uint8Array(Array<number[]>(count).fill([0x0a, 1, 7]).flat());

  const cases: readonly [title: string, tx: DecodedTx, signers: Signer[], reason: RegExp][] = [
    ["fewer signatures than signers", tx([{ modeInfo: direct }], []), [signer(single)], /invalid number of signer; {2}expected: 1, got 0/],
    ["no mode info", tx([{}], [bundle(1)]), [signer(single)], /needs a single mode info/],
    ["a multi mode for a single key", tx(multi(3, [0, 1], 2), [bundle(2)]), [signer(single)], /needs a single mode info/],
    ["a single mode for a multisig", tx([{ modeInfo: direct }], [bundle(1)]), [signer(group)], /needs a multi mode info/],
    ["a bit array of another size", tx(multi(4, [0, 1], 2), [bundle(2)]), [signer(group)], /bit array size is incorrect, expecting: 3/],
    ["fewer bits than the threshold", tx(multi(3, [1], 1), [bundle(1)]), [signer(group)], /not enough signatures set, have 1, expected 2/],
    ["fewer signatures than bits", tx(multi(3, [0, 1, 2], 3), [bundle(2)]), [signer(group)], /signature size is incorrect 2/],
    ["more signatures than bits", tx(multi(3, [0, 1], 2), [bundle(3)]), [signer(group)], /signature size is incorrect 3/],
    ["fewer modes than bits", tx(multi(3, [0, 1], 1), [bundle(2)]), [signer(group)], /signature size is incorrect 2/],
    ["unknown fields in a multisignature", tx(multi(3, [0, 1], 2), [new Uint8Array([0x12, 0])]), [signer(group)], /invalid multisignature/],
    ["a sign mode that this chain does not verify", tx([{ modeInfo: { single: { mode: SignMode.SIGN_MODE_TEXTUAL } } }], [bundle(1)]), [signer(single)], /unsupported sign mode SIGN_MODE_TEXTUAL/],
  ];
  for (const [title, transaction, signers, expected] of cases) {
    it(`are refused before any cryptography: ${title}`, () => assert.match(reason(transaction, signers), expected));
  }

  it("are told apart from wrong modes by their class", () => {
    assert.throws(() => signatureChecks(tx([{ modeInfo: { single: { mode: 0 } } }], [bundle(1)]), [signer(single)], chainId), SignModeError);
  });

  it("refuse extension options and a missing fee in amino mode", () => {
    const plain = tx([{ modeInfo: direct }], [bundle(1)]);
    const option = { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: new Uint8Array(0) };
    assert.throws(() => signBytesAmino({ ...plain, body: { ...plain.body, extensionOptions: [option] } }, chainId, 1n, 2n), /does not support protobuf extension options/);
    assert.throws(() => signBytesAmino({ ...plain, authInfo: { ...plain.authInfo, fee: undefined } }, chainId, 1n, 2n), /fee cannot be nil/);
  });

  it("write unordered transactions as the SDK does", () => {
    const plain = tx([{ modeInfo: direct }], [bundle(1)]);
    const body: TxBody = { ...plain.body, unordered: true, timeoutTimestamp: { seconds: 1n, nanos: 500_000_000 } };
    const text = Buffer.from(signBytesAmino({ ...plain, body }, chainId, 1n, 0n)).toString();
    assert.equal(
      text,
      '{"account_number":"1","chain_id":"dcm-test-1","fee":{"amount":[],"gas":"1"},"memo":"m","msgs":[],"sequence":"0","timeout_timestamp":"1970-01-01T00:00:01.5Z","unordered":true}',
    );
  });

  it("sets bits from the most significant on", () => {
    assert.deepEqual(compactBitArray(10, [0, 9]), { extraBitsStored: 2, elems: new Uint8Array([0x80, 0x40]) });
    assert.deepEqual(fromBase64("gEA="), new Uint8Array([0x80, 0x40]));
  });
});
