import assert from "node:assert/strict";
import { SignMode } from "../codec/gen/cosmos/tx/signing/v1beta1/signing.ts";
import { BaseAccount } from "../codec/gen/cosmos/auth/v1beta1/auth.ts";
import { MsgMultiSend, MsgSend } from "../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { AuthInfo, TxRaw } from "../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { addressText, moduleAddress, pubkeyAddress } from "../codec/address.ts";
import { concatBytes, uint64Bytes } from "../codec/bytes.ts";
import { encodePubKey, type PubKey } from "../codec/pubkey.ts";
import { compactBitArray, signBytesAmino } from "../codec/sign-bytes.ts";
import { MultiSignature } from "../codec/gen/cosmos/crypto/multisig/v1beta1/multisig.ts";
import { TxBody } from "../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { decodeTx } from "../codec/tx.ts";
import { TxError } from "../runtime/errors.ts";
import { Router } from "../runtime/router.ts";
import { initGenesis, memoryStores, testContext, type TestBlock } from "../runtime/testing.ts";
import { authModule } from "../modules/auth/module.ts";
import { bankModule } from "../modules/bank/module.ts";
import { createAnte } from "./ante.ts";
import { sign, signedTx, testSigner, type TestSigner, type TxParts } from "./testing.ts";
import { StoresOverlay } from "../store/overlay.ts";
import type { AnteOptions, VerifiedSignatures } from "../runtime/ante.ts";
import type { Context } from "../runtime/context.ts";

const { module: auth, accounts } = authModule({ fee_collector: [] });
const { module: bankMod, bank } = bankModule({ accounts, blocked: ["fee_collector"] });
const router = new Router();
router.bind([auth, bankMod]);
const grants: string[] = [];
const ante = createAnte({
  accounts,
  bank,
  feegrant: { use: (_, granter, grantee, fee, types) => void grants.push(`${addressText(granter)} ${addressText(grantee)} ${fee[0]!.amount} ${types.join()}`) },
  messages: { signers: ({ typeUrl, message }) => router.message(typeUrl)!.handler.signers(message) },
});

const alice = testSigner("alice");
const bob = testSigner("bob");
const transfer = (from: TestSigner, to: TestSigner, amount = 5) => ({
  typeUrl: "/cosmos.bank.v1beta1.MsgSend",
  value: MsgSend.encode({ fromAddress: from.text, toAddress: to.text, amount: [{ denom: "stake", amount: String(amount) }] }).finish(),
});
const defaults: AnteOptions = { minGasPrices: [], maxBlockGas: -1n };

/** Alice is account 0, Bob 1. */
function chain(): StoresOverlay {
  const stores = memoryStores();
  const account = ({ text }: TestSigner, accountNumber: bigint) => ({ typeUrl: "/cosmos.auth.v1beta1.BaseAccount", value: base(text, accountNumber) });
  initGenesis(stores, [auth, bankMod], {
    auth: { params: undefined, accounts: [account(alice, 0n), account(bob, 1n)] },
    bank: { params: undefined, balances: [alice, bob].map(({ text }) => ({ address: text, coins: [{ denom: "stake", amount: "10000" }] })), supply: [], denomMetadata: [], sendEnabled: [] },
  });
  return stores;
}

function base(address: string, accountNumber: bigint): Uint8Array {
  return BaseAccount.encode({ address, pubKey: undefined, accountNumber, sequence: 0n }).finish();
}

/** Runs the ante on an overlay that is kept where it does not throw. */
function run(stores: StoresOverlay, bytes: Uint8Array, block: TestBlock = {}, options = defaults, verified: VerifiedSignatures = { proofs: undefined }): Context {
  const overlay = new StoresOverlay(stores);
  const ctx = testContext(overlay, { gasLimit: 10_000_000, ...block });
  ante(ctx, decodeTx(bytes, router.registry), verified, options);
  overlay.flush(stores);
  return ctx;
}

const one = (parts: Partial<TxParts> = {}, sequence = 0n): Uint8Array =>
  signedTx({ messages: [transfer(alice, bob)], signers: [{ signer: alice, accountNumber: 0n, sequence }], ...parts }, router.registry);

const refusal = (code: number, text: string, codespace = "sdk") => (error: unknown) => {
  assert.ok(error instanceof TxError, String(error));
  assert.deepEqual([error.codespace, error.code, error.message], [codespace, code, text]);
  return true;
};

describe("ante", () => {
  it("takes the fee, sets the key, counts the sequence, and emits what explorers search by (ANTE-7, ANTE-8)", () => {
    const stores = chain();
    const bytes = one();
    const { events } = run(stores, bytes);
    const ctx = testContext(stores);
    const account = accounts.find(ctx, alice.address)!;
    assert.equal(account.sequence, 1n);
    assert.deepEqual(account.pubKey, encodePubKey(alice.pubkey));
    assert.equal(bank.balance(ctx, alice.address, "stake"), 9900n);
    assert.equal(bank.balance(ctx, moduleAddress("fee_collector"), "stake"), 100n);
    const signature = Buffer.from(TxRaw.decode(bytes).signatures[0]!).toString("base64");
    assert.deepEqual(events.filter(({ type }) => type === "tx").map(({ attributes }) => attributes), [
      [["fee", "100stake"], ["fee_payer", alice.text]], [["acc_seq", `${alice.text}/0`]], [["signature", signature]],
    ]);
  });

  it("accepts amino JSON signatures (ANTE-11)", () => {
    const stores = chain();
    run(stores, one({ signers: [{ signer: alice, accountNumber: 0n, sequence: 0n, mode: SignMode.SIGN_MODE_LEGACY_AMINO_JSON }] }));
    assert.equal(accounts.find(testContext(stores), alice.address)!.sequence, 1n);
  });

  it("accepts two of three in a multisig, and refuses one (ANTE-11)", () => {
    const keys = ["a", "b", "c"].map(testSigner);
    const pubkey: PubKey = { kind: "multisig", threshold: 2, keys: keys.map((key) => key.pubkey) };
    const address = pubkeyAddress(pubkey);
    const stores = chain();
    const ctx = testContext(stores);
    bank.send(ctx, alice.address, address, [{ denom: "stake", amount: 1000n }]);
    const number = accounts.find(ctx, address)!.accountNumber;
    const make = (signing: readonly number[]): Uint8Array => {
      const bodyBytes = TxBody.encode(TxBody.fromPartial({ messages: [transfer({ ...alice, text: addressText(address) }, bob)] })).finish();
      const modeInfos = signing.map(() => ({ single: { mode: SignMode.SIGN_MODE_LEGACY_AMINO_JSON } }));
      const modeInfo = { multi: { bitarray: compactBitArray(3, signing), modeInfos } };
      const authInfoBytes = AuthInfo.encode(AuthInfo.fromPartial({ signerInfos: [{ publicKey: encodePubKey(pubkey), modeInfo, sequence: 0n }], fee: { amount: [{ denom: "stake", amount: "1" }], gasLimit: 100_000n } })).finish();
      const unsigned = decodeTx(TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [] }).finish(), router.registry);
      const signatures = signing.map((i) => sign(signBytesAmino(unsigned, "test-1", number, 0n), keys[i]!.secret));
      return TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [MultiSignature.encode({ signatures }).finish()] }).finish();
    };
    assert.throws(() => run(stores, make([1])), refusal(4, `signature verification failed; please verify account number (${number}), sequence (0) and chain-id (test-1): unauthorized`));
    run(stores, make([0, 2]));
    assert.equal(accounts.find(testContext(stores), address)!.sequence, 1n);
  });

  it("refuses wrong sequences, and says what it expected (ANTE-11)", () => {
    assert.throws(() => run(chain(), one({}, 4n)), refusal(32, "account sequence mismatch, expected 0, got 4: incorrect account sequence"));
  });

  it("refuses signatures over another chain, number or body (ANTE-11)", () => {
    const text = "signature verification failed; please verify account number (0) and chain-id (test-1): (unable to verify single signer signature): unauthorized";
    assert.throws(() => run(chain(), one({ chainId: "other" })), refusal(4, text));
    assert.throws(() => run(chain(), one({ signers: [{ signer: alice, accountNumber: 9n, sequence: 0n }] })), refusal(4, text));
    const raw = TxRaw.decode(one());
    const body = TxBody.encode(TxBody.fromPartial({ messages: [transfer(alice, bob, 6)] })).finish();
    assert.throws(() => run(chain(), TxRaw.encode({ ...raw, bodyBytes: body }).finish()), refusal(4, text));
  });

  it("refuses modes that it does not know, in the SDK's words (ANTE-11)", () => {
    assert.throws(() => run(chain(), one({ signers: [{ signer: alice, accountNumber: 0n, sequence: 0n, mode: SignMode.SIGN_MODE_TEXTUAL }] })),
      refusal(4, "signature verification failed; please verify account number (0) and chain-id (test-1): (unsupported sign mode SIGN_MODE_TEXTUAL): unauthorized"));
  });

  it("refuses a key that does not hash to the signer's address (ANTE-8)", () => {
    assert.throws(() => run(chain(), one({ signers: [{ signer: bob, accountNumber: 0n, sequence: 0n }] })),
      refusal(8, `pubKey does not match signer address ${alice.text} with signer index: 0: invalid pubkey`));
    assert.throws(() => run(chain(), one({ signers: [{ signer: alice, accountNumber: 0n, sequence: 0n, showKey: false }] })),
      refusal(8, "pubkey on account is not set: invalid pubkey"));
  });

  it("refuses an unknown fee payer (ANTE-7)", () => {
    const nobody = testSigner("nobody");
    assert.throws(() => run(chain(), signedTx({ messages: [transfer(nobody, bob)], signers: [{ signer: nobody, accountNumber: 0n, sequence: 0n }] }, router.registry)),
      refusal(9, `fee payer address: ${nobody.text} does not exist: unknown address`));
  });

  it("refuses a fee above the balance (ANTE-7)", () => {
    assert.throws(() => run(chain(), one({ fee: { amount: [{ denom: "stake", amount: "10001" }] } })),
      refusal(5, "spendable balance 10000stake is smaller than 10001stake: insufficient funds: insufficient funds"));
  });

  it("wants the node's gas price in CheckTx, and in CheckTx only (ANTE-6)", () => {
    const options: AnteOptions = { minGasPrices: [["stake", 25n * 10n ** 15n]], maxBlockGas: -1n };
    assert.throws(() => run(chain(), one({ fee: { amount: [] } }), { mode: "check" }, options), refusal(13, "insufficient fees; got:  required: 5000stake: insufficient fee"));
    assert.throws(() => run(chain(), one(), { mode: "check" }, options), refusal(13, "insufficient fees; got: 100stake required: 5000stake: insufficient fee"));
    run(chain(), one({ fee: { amount: [{ denom: "stake", amount: "5000" }] } }), { mode: "check" }, options);
    run(chain(), one(), {}, options);
  });

  it("refuses late transactions by height and by time (ANTE-3)", () => {
    assert.throws(() => run(chain(), one({ body: { timeoutHeight: 4n } }), { height: 5n }), refusal(30, "block height: 5, timeout height: 4: tx timeout height"));
    run(chain(), one({ body: { timeoutHeight: 5n } }), { height: 5n });
    assert.throws(() => run(chain(), one({ body: { timeoutTimestamp: { seconds: 1_767_225_599n, nanos: 500_000_000 } } })),
      refusal(42, "block time: 2026-01-01 00:00:00 +0000 UTC, timeout timestamp: 2025-12-31 23:59:59.5 +0000 UTC: tx timeout"));
  });

  it("refuses long memos, too much gas, no gas, extension options, no signatures (ANTE-1, ANTE-2, ANTE-4)", () => {
    assert.throws(() => run(chain(), one({ body: { memo: "é".repeat(129) } })), refusal(12, "maximum number of characters is 256 but received 258 characters: memo too large"));
    assert.throws(() => run(chain(), one(), {}, { ...defaults, maxBlockGas: 199_999n }), refusal(41, "tx gas limit 200000 exceeds block max gas 199999: invalid gas limit"));
    assert.throws(() => run(chain(), one({ fee: { gasLimit: 0n } })), refusal(41, "must provide positive gas: invalid gas limit"));
    assert.throws(() => run(chain(), one({ body: { extensionOptions: [transfer(alice, bob)] } })), refusal(31, "unknown extension options"));
    assert.throws(() => run(chain(), TxRaw.encode({ ...TxRaw.decode(one()), signatures: [] }).finish()), refusal(15, "no signatures supplied"));
    assert.throws(() => run(chain(), signedTx({ messages: [], signers: [{ signer: alice, accountNumber: 0n, sequence: 0n }] }, router.registry)), refusal(18, "must contain at least one message: invalid request"));
  });

  it("charges gas for bytes and signatures, and stops where it is out (ANTE-5, ANTE-9)", () => {
    assert.throws(() => run(chain(), one(), { gasLimit: 2500 }), (error: TxError) => error.code === 11 && error.message.includes("out of gas in location: txSize; gasWanted: 2500"));
  });

  it("wants the signatures of all signers, the fee payer last (ANTE-2)", () => {
    const signers = [{ signer: alice, accountNumber: 0n, sequence: 0n }, { signer: bob, accountNumber: 1n, sequence: 0n }];
    const stores = chain();
    assert.throws(() => run(stores, one({ fee: { payer: bob.text } })), refusal(4, "wrong number of signers; expected 2, got 1: unauthorized"));
    run(stores, one({ signers, fee: { payer: bob.text } }));
    assert.equal(bank.balance(testContext(stores), bob.address, "stake"), 9900n);
    assert.equal(accounts.find(testContext(stores), bob.address)!.sequence, 1n);
  });

  it("stops counting signers where there are more than signatures can be, whatever the messages name (ANTE-2)", () => {
    const inputs = Array.from({ length: 10_000 }, (_, i) => ({ address: addressText(concatBytes(new Uint8Array(12), uint64Bytes(BigInt(i)))), coins: [] }));
    const message = { typeUrl: "/cosmos.bank.v1beta1.MsgMultiSend", value: MsgMultiSend.encode({ inputs, outputs: [] }).finish() };
    assert.throws(() => run(chain(), one({ messages: [message] })), refusal(4, "wrong number of signers; expected at most 32: unauthorized"));
  });

  it("lets a granter pay, and tells the grant what is paid for (ANTE-7)", () => {
    const stores = chain();
    grants.length = 0;
    run(stores, one({ fee: { granter: bob.text } }));
    assert.deepEqual(grants, [`${bob.text} ${alice.text} 100 /cosmos.bank.v1beta1.MsgSend`]);
    assert.equal(bank.balance(testContext(stores), bob.address, "stake"), 9900n);
  });

  it("takes unordered transactions once, within ten minutes, without a sequence (ANTE-10)", () => {
    const stores = chain();
    const at = (seconds: bigint, sequence = 0n): Uint8Array => one({ body: { unordered: true, timeoutTimestamp: { seconds, nanos: 0 } } }, sequence);
    const now = 1_767_225_600n;
    run(stores, at(now + 60n));
    assert.equal(accounts.find(testContext(stores), alice.address)!.sequence, 0n);
    assert.throws(() => run(stores, at(now + 60n)), refusal(18, `failed to add unordered nonce: sender ${alice.text} has already used timeout ${(now + 60n) * 1_000_000_000n}: invalid request`));
    assert.throws(() => run(stores, at(now + 601n)), refusal(18, "unordered tx ttl exceeds 10m0s: invalid request"));
    assert.throws(() => run(stores, at(now + 61n, 3n)), refusal(18, "sequence is not allowed for unordered transactions: invalid request"));
    assert.throws(() => run(stores, one({ body: { unordered: true } })), refusal(18, "unordered transaction must have timeout_timestamp set: invalid request"));
    // Still refused in the block whose time is the timeout; forgotten after it.
    auth.beginBlock!(testContext(stores, { time: now + 60n }), { lastCommit: undefined, misbehavior: [] });
    assert.throws(() => run(stores, at(now + 60n), { time: now + 60n }), TxError);
    auth.beginBlock!(testContext(stores, { time: now + 61n }), { lastCommit: undefined, misbehavior: [] });
    assert.equal([...stores.store("acc").iterate(Uint8Array.of(90), Uint8Array.of(91))].length, 0);
  });

  it("verifies a signature once for CheckTx and the block, and again where the sequence differs (ANTE-12)", () => {
    const verified: VerifiedSignatures = { proofs: undefined };
    const bytes = one();
    run(chain(), bytes, { mode: "check" }, defaults, verified);
    assert.equal(verified.proofs?.length, 1);
    const broken = TxRaw.encode({ ...TxRaw.decode(bytes), signatures: [new Uint8Array(64)] }).finish();
    assert.throws(() => run(chain(), broken), TxError);
    run(chain(), broken, {}, defaults, verified);
    assert.throws(() => run(chain(), broken, {}, defaults, { proofs: [`${verified.proofs![0]!}9`] }), TxError);
  });

  it("rechecks the common transaction with the same outcome as any other, whatever happened since its check (ANTE-12)", () => {
    const outcome = (stores: StoresOverlay, bytes: Uint8Array, verified: VerifiedSignatures): unknown[] => {
      const overlay = new StoresOverlay(stores);
      const ctx = testContext(overlay, { mode: "recheck", gasLimit: Infinity });
      try {
        ante(ctx, decodeTx(bytes, router.registry), verified, defaults);
        return ["passes", overlay.changes()];
      } catch (error) {
        assert.ok(error instanceof TxError, String(error));
        return [error.codespace, error.code, error.message];
      }
    };
    const seen = new Set<unknown>();
    // Where a sequence takes one more byte, the common way gives way to the general one.
    for (const sequence of [0n, 1n, 126n, 127n, 128n, 16_383n]) {
      for (const moved of [0n, 1n]) {
        for (const left of [10_000n, 150n, 149n, 0n]) {
          const stores = chain();
          const setUp = testContext(stores);
          accounts.update(setUp, accounts.find(setUp, alice.address)!, { sequence });
          const bytes = one({ fee: { amount: [{ denom: "stake", amount: "150" }] } }, sequence);
          const verified: VerifiedSignatures = { proofs: undefined };
          ante(testContext(new StoresOverlay(stores), { mode: "check", gasLimit: 10_000_000 }), decodeTx(bytes, router.registry), verified, defaults);
          assert.ok(verified.common !== undefined);
          accounts.update(setUp, accounts.find(setUp, alice.address)!, { sequence: sequence + moved });
          if (left < 10_000n) bank.send(setUp, alice.address, bob.address, [{ denom: "stake", amount: 10_000n - left }]);
          const general = outcome(stores, bytes, { ...verified, common: undefined });
          assert.deepEqual(outcome(stores, bytes, verified), general);
          seen.add(general[1] instanceof Array ? "passes" : general[1]);
        }
      }
    }
    assert.deepEqual(seen, new Set(["passes", 5, 32]));
  });

  it("rechecks sequence and fee (ANTE-12)", () => {
    const stores = chain();
    run(stores, one(), { mode: "recheck" });
    assert.equal(accounts.find(testContext(stores), alice.address)!.sequence, 1n);
    assert.throws(() => run(stores, one(), { mode: "recheck" }), refusal(32, "account sequence mismatch, expected 1, got 0: incorrect account sequence"));
    assert.throws(() => run(stores, one({ fee: { amount: [{ denom: "stake", amount: "9901" }] } }, 1n), { mode: "recheck" }), (error: TxError) => error.code === 5);
  });

  it("simulates without signatures and keys, for at least the gas of the real one (ANTE-5)", () => {
    const bytes = one();
    const raw = TxRaw.decode(bytes);
    const info = AuthInfo.decode(raw.authInfoBytes);
    const blank = AuthInfo.encode({ ...info, signerInfos: [{ publicKey: undefined, modeInfo: { single: { mode: 0 } }, sequence: 0n }] }).finish();
    const simulated = run(chain(), TxRaw.encode({ ...raw, authInfoBytes: blank, signatures: [new Uint8Array(0)] }).finish(), { mode: "simulate" });
    const real = run(chain(), bytes);
    assert.ok(simulated.gas.used >= real.gas.used - 2000 && simulated.gas.used < real.gas.used * 2, `${simulated.gas.used} and ${real.gas.used}`);
  });
});
