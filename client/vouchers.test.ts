import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { after, describe, it } from "mocha";
import { toHex, utf8 } from "../chain/codec/bytes.ts";
import { sha256 } from "../chain/codec/hash.ts";
import { voucherBytes } from "../chain/codec/voucher.ts";
import { fileVoucherStore, nativeCurve } from "./voucher-node.ts";
import { memoryVoucherStore, portableCurve, redeemMessage, signVoucher, verifyVoucher, Voucher, VoucherError, VoucherPayer, VoucherRecipient, type ChannelTerms, type VoucherFault, type VoucherStore } from "./vouchers.ts";

const native = nativeCurve();
const secret = sha256(utf8("a payer's hot key"));
const terms: ChannelTerms = { chainId: "dcm-1", channelId: 7n, recipient: "dcm1recipient", denom: "udcm", voucherKey: native.publicKey(secret), closingPeriod: 3_600_000n, deposited: 1_000n, redeemed: 0n, endsTau: 0n };
const curve = native;
const tau = 1_000n;

const rejects = (run: Promise<unknown>, fault: VoucherFault): Promise<void> => assert.rejects(run, (error) => {
  assert.ok(error instanceof VoucherError, String(error));
  assert.equal(error.fault, fault, error.message);
  return true;
});
const payerOf = (store: VoucherStore = memoryVoucherStore(), of: ChannelTerms = terms): Promise<VoucherPayer> => VoucherPayer.open({ terms: of, secret, store, curve });
const recipientOf = (store: VoucherStore = memoryVoucherStore(), of: ChannelTerms = terms): Promise<VoucherRecipient> => VoucherRecipient.open({ terms: of, address: "dcm1recipient", denom: "udcm", store, curve, marginMs: 100n });

describe("vouchers", () => {
  it("are signed and verified alike by both implementations", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.bigInt({ min: 1n, max: (1n << 256n) - 1n }), fc.bigInt({ min: 0n, max: 1n << 50n }), (bytes, amount, expiresTau) => {
      const key = sha256(bytes);
      const of = { ...terms, voucherKey: portableCurve.publicKey(key) };
      assert.deepEqual(native.publicKey(key), of.voucherKey);
      const vouchers = [native, portableCurve].map((one) => signVoucher(of, amount, key, { expiresTau, curve: one }));
      assert.deepEqual(vouchers[0], vouchers[1], "deterministic nonces");
      const again = Voucher.decode(Voucher.encode(vouchers[0]!).finish());
      for (const one of [native, portableCurve]) {
        assert.equal(verifyVoucher(again, of.voucherKey, one), true);
        assert.equal(verifyVoucher({ ...again, cumulativeAmount: String(amount + 1n) }, of.voucherKey, one), false);
        assert.equal(verifyVoucher(again, terms.voucherKey, one), false);
      }
    }), { numRuns: 20 });
  });

  it("are false where anything about them is malformed, and never throw", () => {
    const good = signVoucher(terms, 5n, secret, { curve });
    const wrong: readonly Partial<Voucher>[] = [
      { cumulativeAmount: "" }, { cumulativeAmount: "05" }, { cumulativeAmount: "-5" }, { cumulativeAmount: "9".repeat(78) }, { cumulativeAmount: "5.0" }, { signature: new Uint8Array(63) }, { signature: new Uint8Array(64) },
      { chainId: "x".repeat(300) }, { denom: "u".repeat(300) }, { channelId: 8n }, { expiresTau: 1n },
    ];
    for (const one of [native, portableCurve]) {
      for (const change of wrong) assert.equal(verifyVoucher({ ...good, ...change }, terms.voucherKey, one), false, JSON.stringify(change, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
      assert.equal(verifyVoucher(good, new Uint8Array(33), one), false);
      assert.equal(verifyVoucher(good, terms.voucherKey, one), true);
    }
  });

  it("are the bytes of the vector in the module's README", () => {
    const readme = readFileSync(join(import.meta.dirname, "../chain/modules/channel/README.md"), "utf8");
    const given = (name: string): string => new RegExp(`^ {4}${name} +([0-9a-f]+)$`, "m").exec(readme)![1]!;
    const key = new Uint8Array(32).fill(1);
    for (const one of [native, portableCurve]) {
      const of = { ...terms, voucherKey: one.publicKey(key) };
      assert.ok(readme.includes(toHex(of.voucherKey)));
      assert.equal(toHex(signVoucher(of, 1_234_567n, key, { expiresTau: 86_400_000n, curve: one }).signature), given("signature"));
    }
    const bytes = voucherBytes({ ...terms, cumulative: 1_234_567n, expiresTau: 86_400_000n });
    assert.deepEqual([toHex(bytes), toHex(sha256(bytes))], [given("bytes"), given("digest")]);
  });

  it("become the message that redeems them", () => {
    const voucher = signVoucher(terms, 5n, secret, { expiresTau: 9n, curve });
    assert.deepEqual(redeemMessage("dcm1x", voucher), { typeUrl: "/dcm.channel.v1.MsgRedeemVoucher", value: { sender: "dcm1x", channelId: 7n, cumulativeAmount: "5", expiresTau: 9n, signature: voucher.signature } });
  });

  it("run in browsers: nothing of what vouchers.ts imports is Node's", () => {
    const seen = new Set<string>();
    const foreign = new Set<string>();
    const walk = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, from] of readFileSync(file, "utf8").matchAll(/^(?:import|export) (?!type ).*?from "([^"]+)"/gm)) {
        if (from!.startsWith(".")) walk(join(dirname(file), from!));
        else foreign.add(from!);
      }
    };
    walk(join(import.meta.dirname, "vouchers.ts"));
    assert.ok(seen.size > 3, [...seen].join());
    assert.deepEqual([...foreign].sort(), ["@bufbuild/protobuf/wire", "@noble/curves/secp256k1.js", "@noble/hashes/sha2.js"]);
  });
});

describe("a payer of vouchers", () => {
  it("counts up, over restarts too, and never promises more than is deposited", async () => {
    const store = memoryVoucherStore();
    const payer = await payerOf(store);
    const amounts = (await Promise.all([payer.pay(10n), payer.pay(1n), payer.pay(500n)])).map(({ cumulativeAmount }) => cumulativeAmount);
    assert.deepEqual(amounts, ["10", "11", "511"]);
    const again = await payerOf(store);
    assert.deepEqual([again.promised, again.left], [511n, 489n]);
    await rejects(again.pay(490n), "deposit");
    await rejects(again.pay(0n), "amount");
    assert.equal((await again.pay(489n)).cumulativeAmount, "1000");
    again.update({ ...terms, deposited: 1_200n });
    assert.equal((await again.pay(200n)).cumulativeAmount, "1200");
  });

  it("goes on behind what was redeemed where its memory is lost", async () => {
    const payer = await payerOf(memoryVoucherStore(), { ...terms, redeemed: 300n });
    assert.equal((await payer.pay(1n)).cumulativeAmount, "301");
  });

  it("gives no voucher out that it could not store", async () => {
    let broken = true;
    const payer = await payerOf({ load: () => Promise.resolve(undefined), save: () => (broken ? Promise.reject(new Error("disk full")) : Promise.resolve()) });
    await assert.rejects(payer.pay(5n), /disk full/);
    broken = false;
    assert.equal((await payer.pay(5n)).cumulativeAmount, "5");
  });

  it("needs the secret of the channel's key", async () => {
    await rejects(VoucherPayer.open({ terms, secret: sha256(secret), store: memoryVoucherStore(), curve }), "key");
  });
});

describe("a recipient of vouchers", () => {
  const folder = mkdtempSync(join(tmpdir(), "dcm-vouchers-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("says how much more each voucher pays, and keeps the best one", async () => {
    const [payer, recipient] = [await payerOf(), await recipientOf()];
    assert.equal(await recipient.accept(await payer.pay(10n), { tau }), 10n);
    const lost = await payer.pay(5n);
    const best = await payer.pay(1n);
    assert.equal(await recipient.accept(best, { tau }), 6n, "a voucher that was lost on its way is in the next one");
    await rejects(recipient.accept(lost, { tau }), "amount");
    await rejects(recipient.accept(best, { tau }), "amount");
    assert.deepEqual([recipient.best, recipient.received, recipient.redeemable, recipient.redeemBy], [best, 16n, 16n, undefined]);
    recipient.update({ ...terms, redeemed: 16n });
    assert.equal(recipient.redeemable, 0n);
  });

  it("takes no channel that pays somebody else, another denom, or leaves it too little time", async () => {
    const open = (change: Partial<ChannelTerms>): Promise<VoucherRecipient> => recipientOf(memoryVoucherStore(), { ...terms, ...change });
    await rejects(open({ recipient: "dcm1other" }), "recipient");
    await rejects(open({ denom: "ustone" }), "denom");
    await rejects(open({ closingPeriod: 3_599_999n }), "closing");
  });

  it("refuses what the chain would not pay", async () => {
    const recipient = await recipientOf();
    const sign = (change: Partial<ChannelTerms>, amount = 5n, expiresTau = 0n, key = secret): Voucher => signVoucher({ ...terms, ...change }, amount, key, { expiresTau, curve });
    await rejects(recipient.accept(sign({ chainId: "dcm-2" }), { tau }), "chain");
    await rejects(recipient.accept(sign({ channelId: 8n }), { tau }), "channel");
    await rejects(recipient.accept(sign({ denom: "ustone" }), { tau }), "denom");
    await rejects(recipient.accept(sign({}, 1_001n), { tau }), "deposit");
    await rejects(recipient.accept({ ...sign({}), cumulativeAmount: "0x5" }, { tau }), "amount");
    await rejects(recipient.accept(sign({}, 5n, 0n, sha256(secret)), { tau }), "signature");
    await rejects(recipient.accept({ ...sign({}), cumulativeAmount: "6" }, { tau }), "signature");
    await rejects(recipient.accept(sign({}, 5n, 1_099n), { tau }), "expiry");
    assert.equal(await recipient.accept(sign({}, 5n, 1_100n), { tau }), 5n);
    assert.equal(recipient.redeemBy, 1_100n);
    recipient.update({ ...terms, endsTau: 1_099n });
    await rejects(recipient.accept(sign({}, 9n), { tau }), "ending");
    assert.equal(recipient.redeemBy, 1_099n);
    assert.throws(() => recipient.update({ ...terms, channelId: 8n }), VoucherError);
    assert.equal(recipient.received, 5n);
  });

  it("has not been paid by a voucher that it could not keep, and takes it again", async () => {
    let broken = true;
    const recipient = await recipientOf({ load: () => Promise.resolve(undefined), save: () => (broken ? Promise.reject(new Error("disk full")) : Promise.resolve()) });
    const voucher = signVoucher(terms, 5n, secret, { curve });
    await assert.rejects(recipient.accept(voucher, { tau }), /disk full/);
    assert.equal(recipient.best, undefined);
    broken = false;
    assert.equal(await recipient.accept(voucher, { tau }), 5n);
  });

  it("finds its voucher in a file after a crash, also one in the middle of a write", async () => {
    const path = join(folder, "channel-7");
    const store = fileVoucherStore(path);
    const first = await recipientOf(store);
    assert.equal(first.best, undefined);
    await first.accept(signVoucher(terms, 20n, secret, { curve }), { tau });
    await first.accept(signVoucher(terms, 30n, secret, { curve }), { tau });
    writeFileSync(`${path}.new`, "half a vou");
    const second = await recipientOf(fileVoucherStore(path));
    assert.equal(second.received, 30n);
    assert.equal(await second.accept(signVoucher(terms, 31n, secret, { curve }), { tau }), 1n);
    // Another channel's file is not taken for this one's.
    await rejects(recipientOf(store, { ...terms, channelId: 8n }), "channel");
  });

  it("is paid exactly what was promised at most, over losses, repeats and restarts of both sides", async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant("pay" as const), amount: fc.bigInt({ min: 1n, max: 120n }), lost: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("repeat" as const), at: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.constant({ do: "payer restarts" as const }) },
      { weight: 1, arbitrary: fc.constant({ do: "recipient restarts" as const }) },
    );
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const stores = [memoryVoucherStore(), memoryVoucherStore()] as const;
      let [payer, recipient] = [await payerOf(stores[0]), await recipientOf(stores[1])];
      const sent: Voucher[] = [];
      let credited = 0n;
      const deliver = async (voucher: Voucher): Promise<void> => {
        credited += await recipient.accept(voucher, { tau }).catch((error: unknown) => {
          assert.ok(error instanceof VoucherError && error.fault === "amount", String(error));
          return 0n;
        });
      };
      for (const one of steps) {
        if (one.do === "pay" && one.amount <= payer.left) {
          const voucher = await payer.pay(one.amount);
          sent.push(voucher);
          if (!one.lost) await deliver(voucher);
        } else if (one.do === "repeat" && sent.length > 0) await deliver(sent[one.at % sent.length]!);
        else if (one.do === "payer restarts") payer = await payerOf(stores[0]);
        else if (one.do === "recipient restarts") recipient = await recipientOf(stores[1]);
        assert.equal(recipient.received, credited);
        assert.ok(credited <= payer.promised && payer.promised <= terms.deposited);
      }
      if (sent.length > 0) await deliver(sent.at(-1)!);
      assert.equal(credited, payer.promised, "the last voucher pays everything");
    }), { numRuns: 60 });
  });
});
