import assert from "node:assert/strict";
import { createRequire } from "node:module";
import fc from "fast-check";
import { addressBytes, addressText, moduleAddress } from "../../codec/address.ts";
import { fromHex } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { encodePubKey } from "../../codec/pubkey.ts";
import { voucherBytes, type VoucherTerms } from "../../codec/voucher.ts";
import { ChannelStatus, type Channel, type Params } from "../../codec/gen/dcm/channel/v1/types.ts";
import type { GenesisState } from "../../codec/gen/dcm/channel/v1/genesis.ts";
import type { QueryChannelResponse, QueryChannelsResponse } from "../../codec/gen/dcm/channel/v1/query.ts";
import type { MsgCloseChannelResponse, MsgOpenChannelResponse, MsgRedeemVoucherResponse } from "../../codec/gen/dcm/channel/v1/tx.ts";
import { GenesisState as BankGenesis } from "../../codec/gen/cosmos/bank/v1beta1/genesis.ts";
import { TxError } from "../../runtime/errors.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext, transact } from "../../runtime/testing.ts";
import { authModule } from "../auth/module.ts";
import { bankModule } from "../bank/module.ts";
import { testAccount } from "../../../test/support/accounts.ts";
import { accountText } from "../organization/ports.ts";
import { organizationModule } from "../organization/testing.ts";
import type { GenesisState as OrganizationGenesis } from "../../codec/gen/dcm/organization/v1/genesis.ts";
import { BudgetPeriod, Role } from "../../codec/gen/dcm/organization/v1/types.ts";
import { channelModule } from "./module.ts";
import { defaultParams, paramBounds } from "./params.ts";
import type { EmittedEvent } from "../../runtime/context.ts";
import type { StoresOverlay } from "../../store/overlay.ts";

const curve = createRequire(import.meta.url)("secp256k1") as { ecdsaSign(hash: Uint8Array, secret: Uint8Array): { signature: Uint8Array } };

const [payer, recipient, other, hot, governor] = ["payer", "recipient", "other", "hot key", "governor"].map(testAccount) as [Account, Account, Account, Account, Account];
type Account = ReturnType<typeof testAccount>;
const [udcm, ustone] = ["udcm", "ustone"];
const chainId = "test-1";
const funds = 1_000_000n;
const short: Params = { ...defaultParams(), minClosingPeriod: 1_000n, closingPeriod: 10_000n };

/** A chain of accounts, balances and channels: real modules over a state in memory, with a clock that the test turns. */
class TestChain {
  tau = 5_000n;
  stores: StoresOverlay = memoryStores();
  events: EmittedEvent[] = [];
  readonly #auth = authModule({ fee_collector: [], channel: [] });
  readonly #bank = bankModule({ accounts: this.#auth.accounts, blocked: ["fee_collector", "channel"] });
  readonly #organization = organizationModule({ bank: this.#bank.bank, accounts: this.#auth.accounts, authority: governor.text });
  readonly modules = [
    this.#auth.module, this.#bank.module, this.#organization.module,
    channelModule({
      bank: this.#bank.bank, accounts: this.#auth.accounts, clock: { tau: () => this.tau }, providers: { bondDenom: () => udcm, find: () => undefined }, attestations: { attested: () => false }, organizations: this.#organization.organizations, authority: governor.text,
    }).module,
  ];

  constructor(params: Partial<Params> = {}) {
    const balances = [payer, other].map(({ text }) => ({ address: text, coins: [{ denom: "uclosed", amount: "50" }, { denom: udcm, amount: String(funds) }, { denom: ustone, amount: String(funds) }] }));
    const bank = BankGenesis.fromPartial({ params: { defaultSendEnabled: true }, balances, sendEnabled: [{ denom: "uclosed", enabled: false }] });
    initGenesis(this.stores, this.modules, { bank, organization: { ...(this.#organization.module.genesis!.defaults() as OrganizationGenesis), params: { creationFee: { denom: udcm, amount: "1" }, maxMembers: 8, maxBudgets: 8, maxMemberships: 4 } }, channel: { params: { ...short, ...params }, channels: [], nextChannelId: 1n } });
    transact(this.stores, (ctx) => {
      const account = this.#auth.accounts.ensure(ctx, payer.address);
      this.#auth.accounts.update(ctx, account, { pubKey: encodePubKey({ kind: "secp256k1", key: payer.publicKey }) });
    });
  }

  send<T>(name: string, message: object, gasLimit?: number): T {
    const bound = this.modules.flatMap((module) => module.messages).find(({ typeUrl }) => typeUrl === (name.startsWith("/") ? name : `/dcm.channel.v1.Msg${name}`))!;
    const type = bound.request as unknown as { fromPartial(object: object): object };
    const { value, events } = execute(this.stores, this.modules, bound.typeUrl, type.fromPartial(message), { chainId, ...(gasLimit === undefined ? {} : { gasLimit }) });
    this.events.push(...events);
    return value as T;
  }

  open(fields: object = {}): bigint {
    const message = { payer: payer.text, recipient: recipient.text, deposit: { denom: udcm, amount: "1000" }, voucherKey: hot.publicKey, ...fields };
    return this.send<MsgOpenChannelResponse>("OpenChannel", message).channelId;
  }

  redeem(channelId: bigint, cumulative: bigint, fields: Partial<VoucherTerms> = {}, sender = recipient): MsgRedeemVoucherResponse {
    return this.send("RedeemVoucher", { ...this.voucher(channelId, cumulative, fields), sender: sender.text });
  }

  voucher(channelId: bigint, cumulative: bigint, fields: Partial<VoucherTerms> = {}, key: Account = hot): { channelId: bigint; cumulativeAmount: string; expiresTau: bigint; signature: Uint8Array } {
    const signed = voucherBytes({ chainId, channelId, cumulative, denom: udcm, expiresTau: 0n, ...fields });
    return { channelId, cumulativeAmount: String(cumulative), expiresTau: fields.expiresTau ?? 0n, signature: curve.ecdsaSign(sha256(signed), key.secret).signature };
  }

  topUp(channelId: bigint, amount: bigint, denom = udcm, signer = payer): void {
    this.send("TopUp", { payer: signer.text, channelId, amount: { denom, amount: String(amount) } });
  }

  close(channelId: bigint, sender: Account): MsgCloseChannelResponse {
    return this.send("CloseChannel", { sender: sender.text, channelId });
  }

  /** The block's end, `ms` of tau later. */
  pass(ms = 0n): void {
    this.tau += ms;
    this.events.push(...transact(this.stores, (ctx) => this.modules.at(-1)!.endBlock!(ctx)).events);
    assert.deepEqual(brokenInvariants(this.stores, this.modules), []);
  }

  balance({ address }: { readonly address: Uint8Array }, denom = udcm): bigint {
    return this.#bank.bank.balance(testContext(this.stores), address, denom);
  }

  query<T>(name: string, request: object): T {
    const bound = this.modules.flatMap((module) => module.queries).find(({ path }) => path === `/dcm.channel.v1.Query/${name}`)!;
    return query(this.stores, this.modules, bound.path, (bound.request as unknown as { fromPartial(object: object): object }).fromPartial(request));
  }

  channel(channelId: bigint): QueryChannelResponse {
    return this.query("Channel", { channelId });
  }

  /** Ids of all channels. */
  get ids(): bigint[] {
    return this.query<QueryChannelsResponse>("Channels", {}).channels.map(({ id }) => id);
  }
}

const escrow = { address: moduleAddress("channel") };
const collector = { address: moduleAddress("fee_collector") };

/** Fails with this error, and leaves the state as it was. */
function refuses(chain: TestChain, run: () => unknown, codespace: string, code: number, words: RegExp): void {
  const dump = (): string => JSON.stringify([...["bank", "channel"].flatMap((name) => [...chain.stores.store(name).iterate()])].map(([key, value]) => [[...key], [...value]]));
  const before = dump();
  assert.throws(run, (error) => {
    assert.ok(error instanceof TxError, String(error));
    assert.deepEqual([error.codespace, error.code], [codespace, code], error.message);
    assert.match(error.message, words);
    return true;
  });
  assert.equal(dump(), before, "a refused message left a trace");
}

describe("channel", () => {
  it("CHN-1 takes the deposit and a storage deposit for a channel with terms of its own", () => {
    const chain = new TestChain();
    const { channelId, storageDeposit } = chain.send<MsgOpenChannelResponse>("OpenChannel", { payer: payer.text, recipient: recipient.text, deposit: { denom: ustone, amount: "700" }, voucherKey: hot.publicKey, expiresTau: 90_000n, closingPeriod: 2_000n });
    assert.equal(channelId, 1n);
    const deposit = BigInt(storageDeposit!.amount);
    assert.ok(storageDeposit!.denom === udcm && deposit > 300n && deposit < 1_000n, `${deposit}`);
    assert.deepEqual([chain.balance(payer, ustone), chain.balance(payer), chain.balance(escrow, ustone), chain.balance(escrow)], [funds - 700n, funds - deposit, 700n, deposit]);
    assert.deepEqual(chain.channel(1n), {
      channel: {
        id: 1n, payer: payer.text, recipient: recipient.text, denom: ustone, deposited: "700", redeemed: "0", voucherKey: hot.publicKey, openedTau: 5_000n, expiresTau: 90_000n, closingPeriod: 2_000n,
        closingTau: 0n, endsTau: 90_000n, feeBps: 0, storageDeposit: { denom: udcm, amount: String(deposit) }, organization: "", openedBy: "",
      },
      status: ChannelStatus.CHANNEL_STATUS_OPEN, held: "700", tau: 5_000n,
    });
    // Same denom for both: one coin.
    assert.equal(chain.open(), 2n);
    assert.equal(chain.channel(2n).channel!.closingPeriod, 10_000n);
    chain.pass();
  });

  it("CHN-1 refuses by name what no channel can be", () => {
    const chain = new TestChain();
    const cases: readonly (readonly [object, string, number, RegExp])[] = [
      [{ payer: "dcm1nobody" }, "sdk", 7, /invalid payer address/],
      [{ recipient: "" }, "sdk", 7, /invalid recipient address/],
      [{ recipient: payer.text.toUpperCase() }, "paychan", 4, /payer and recipient are both/],
      [{ recipient: addressText(moduleAddress("fee_collector")) }, "paychan", 5, /module's account/],
      [{ deposit: { denom: udcm, amount: "0" } }, "paychan", 2, /deposit\.amount is 0; it must be a canonical integer from 1/],
      [{ deposit: { denom: udcm, amount: "01" } }, "paychan", 2, /deposit\.amount is 01/],
      [{ deposit: { denom: "u", amount: "1" } }, "paychan", 2, /deposit\.denom is u/],
      [{ deposit: { denom: "uclosed", amount: "1" } }, "bank", 5, /uclosed/],
      [{ deposit: { denom: "unothing", amount: "1" } }, "sdk", 5, /unothing/],
      [{ deposit: { denom: udcm, amount: String(funds) } }, "sdk", 5, /spendable balance 1000000udcm is smaller/],
      [{ voucherKey: new Uint8Array(32) }, "paychan", 2, /voucher_key is 32 bytes/],
      [{ voucherKey: new Uint8Array(33).fill(4) }, "paychan", 2, /begin with 02 or 03/],
      [{ expiresTau: 5_000n }, "paychan", 2, /expires_tau is 5000; it must be from 5001/],
      [{ expiresTau: (1n << 50n) + 1n }, "paychan", 2, /expires_tau/],
      [{ closingPeriod: 999n }, "paychan", 2, /closing_period is 999/],
      [{ closingPeriod: short.maxClosingPeriod + 1n }, "paychan", 2, /closing_period/],
      [{ organization: "acme" }, "organization", 4, /acme/],
      [{ costTags: [{ key: "team", value: "ml" }] }, "paychan", 2, /none without an organization/],
    ];
    for (const [fields, codespace, code, words] of cases) refuses(chain, () => chain.open(fields), codespace, code, words);
    assert.equal(chain.open(), 1n, "no refused opening took an id");
  });

  it("CHN-2 lets the payer's own key sign where no other is named, and refuses where the chain knows none", () => {
    const chain = new TestChain();
    const id = chain.open({ voucherKey: new Uint8Array(0) });
    assert.deepEqual(chain.channel(id).channel!.voucherKey, payer.publicKey);
    chain.send("RedeemVoucher", { ...chain.voucher(id, 5n, {}, payer), sender: recipient.text });
    assert.equal(chain.balance(recipient), 5n);
    refuses(chain, () => chain.open({ payer: other.text, voucherKey: new Uint8Array(0) }), "paychan", 6, /has no single secp256k1 key/);
  });

  it("CHN-3 pays the difference to the recipient, whoever sends, and never the same money twice", () => {
    const chain = new TestChain();
    const id = chain.open();
    assert.deepEqual(chain.redeem(id, 100n), { paid: "100", fee: "0", redeemed: "100" });
    assert.deepEqual(chain.redeem(id, 250n, {}, other), { paid: "150", fee: "0", redeemed: "250" });
    assert.deepEqual([chain.balance(recipient), chain.balance(other), chain.channel(id).held], [250n, funds, "750"]);
    refuses(chain, () => chain.redeem(id, 250n), "paychan", 14, /pays 250 in all; channel 1 has paid 250 of 1000/);
    refuses(chain, () => chain.redeem(id, 100n), "paychan", 14, /nothing more to redeem/);
    refuses(chain, () => chain.redeem(99n, 100n), "paychan", 7, /there is no channel 99/);
    chain.pass();
  });

  it("CHN-4 refuses a signature over another chain, channel, denom, amount or expiry, of another key, or in another form", () => {
    const chain = new TestChain();
    const [id, second] = [chain.open(), chain.open()];
    const good = chain.voucher(id, 100n);
    const bad = (change: object): void => refuses(chain, () => chain.send("RedeemVoucher", { ...good, sender: recipient.text, ...change }), "paychan", 13, /not one of channel \d's voucher key/);
    bad({ signature: chain.voucher(id, 100n, { chainId: "test-2" }).signature });
    bad({ signature: chain.voucher(id, 100n, { denom: ustone }).signature });
    bad({ signature: chain.voucher(id, 100n, {}, payer).signature });
    bad({ channelId: second });
    bad({ cumulativeAmount: "101" });
    bad({ expiresTau: 9_000n });
    bad({ signature: new Uint8Array(64) });
    bad({ signature: highS(good.signature) });
    refuses(chain, () => chain.send("RedeemVoucher", { ...good, sender: recipient.text, signature: good.signature.slice(1) }), "paychan", 2, /signature is 63 bytes; it must be 64 bytes/);
    for (const cumulativeAmount of ["", "0", "-5", "0100", "1e3", String(1n << 256n)]) {
      refuses(chain, () => chain.send("RedeemVoucher", { ...good, sender: recipient.text, cumulativeAmount }), "paychan", 2, /cumulative_amount/);
    }
    chain.redeem(id, 100n);
  });

  it("CHN-4 refuses a key that is no point of the curve in every voucher, and gives the deposit back", () => {
    const chain = new TestChain();
    const id = chain.open({ voucherKey: Uint8Array.of(2, ...new Array<number>(32).fill(0xff)) });
    refuses(chain, () => chain.redeem(id, 1n), "paychan", 13, /not one of channel/);
    chain.close(id, payer);
    chain.pass(10_001n);
    assert.equal(chain.balance(payer), funds);
  });

  it("CHN-4 takes for the signature what the ante takes, before it is verified", () => {
    const chain = new TestChain();
    const id = chain.open();
    const used = (gasLimit: number, change: object = {}): TxError | undefined => {
      try {
        chain.send("RedeemVoucher", { ...chain.voucher(id, 100n), sender: recipient.text, ...change }, gasLimit);
        return undefined;
      } catch (error) {
        assert.ok(error instanceof TxError);
        return error;
      }
    };
    // Whatever stops it, it is the price of the signature that comes first, not the answer.
    const errors = Array.from({ length: 60 }, (_, i) => used(i * 100, { signature: new Uint8Array(64) }));
    const at = errors.findIndex((error) => /voucher signature: secp256k1/.test(error!.message));
    const answered = errors.findIndex((error) => error!.codespace === "paychan");
    assert.ok(at > 0 && answered > at && answered - at >= 9 && answered - at <= 10, `${at} ${answered}`);
    assert.equal(used(200_000), undefined);
  });

  it("CHN-5 pays a voucher beyond the deposit as far as the money goes, and the rest after a top-up", () => {
    const chain = new TestChain();
    const id = chain.open();
    assert.equal(chain.redeem(id, 1_500n).paid, "1000");
    refuses(chain, () => chain.redeem(id, 1_500n), "paychan", 14, /1000 of 1000 deposited/);
    chain.topUp(id, 200n);
    assert.equal(chain.redeem(id, 1_500n).paid, "200");
    chain.topUp(id, 900n);
    assert.equal(chain.redeem(id, 1_500n).paid, "300");
    assert.deepEqual([chain.balance(recipient), chain.channel(id).held], [1_500n, "600"]);
  });

  it("CHN-6 gives the recipient the whole closing period, and nothing after it, swept or not", () => {
    const chain = new TestChain();
    const id = chain.open();
    assert.deepEqual(chain.close(id, payer), { ended: false, endsTau: 15_000n, refunded: "0" });
    chain.pass(3_000n);
    assert.equal(chain.channel(id).status, ChannelStatus.CHANNEL_STATUS_CLOSING);
    refuses(chain, () => chain.close(id, payer), "paychan", 10, /channel 1 is closing and ends after tau 15000/);
    refuses(chain, () => chain.topUp(id, 5n), "paychan", 10, /open a new one/);
    assert.equal(chain.redeem(id, 100n).paid, "100");
    chain.pass(7_000n);
    assert.equal(chain.redeem(id, 150n).paid, "50", "at the very end");
    chain.tau += 1n;
    refuses(chain, () => chain.redeem(id, 300n), "paychan", 11, /channel 1 ended after tau 15000, it is 15001/);
    assert.equal(chain.channel(id).status, ChannelStatus.CHANNEL_STATUS_ENDED);
    chain.pass();
    assert.deepEqual([chain.balance(payer), chain.balance(recipient), chain.balance(escrow), chain.ids], [funds - 150n, 150n, 0n, []]);
    refuses(chain, () => chain.redeem(id, 300n), "paychan", 7, /it never was, or it has ended/);
  });

  it("CHN-7 ends at once where the recipient closes, or where nothing is left", () => {
    const chain = new TestChain();
    const [id, full] = [chain.open(), chain.open()];
    refuses(chain, () => chain.close(id, other), "paychan", 8, /has the payer and recipient .*, not/);
    chain.redeem(id, 400n);
    assert.deepEqual(chain.close(id, recipient), { ended: true, endsTau: 0n, refunded: "600" });
    chain.redeem(full, 1_000n);
    assert.deepEqual(chain.close(full, payer), { ended: true, endsTau: 0n, refunded: "0" });
    assert.deepEqual([chain.balance(payer), chain.balance(recipient), chain.balance(escrow)], [funds - 1_400n, 1_400n, 0n]);
    chain.pass();
  });

  it("CHN-7 lets the recipient close while the payer's closing runs", () => {
    const chain = new TestChain();
    const id = chain.open();
    chain.close(id, payer);
    chain.redeem(id, 10n);
    assert.equal(chain.close(id, recipient).refunded, "990");
    chain.pass(20_000n);
    assert.equal(chain.balance(payer), funds - 10n);
  });

  it("CHN-8 ends with its expiry, which no closing moves back", () => {
    const chain = new TestChain();
    const [expiring, both] = [chain.open({ expiresTau: 8_000n }), chain.open({ expiresTau: 9_000n })];
    assert.equal(chain.close(both, payer).endsTau, 9_000n);
    chain.tau = 8_000n;
    assert.equal(chain.redeem(expiring, 10n).paid, "10");
    chain.tau = 8_001n;
    refuses(chain, () => chain.redeem(expiring, 20n), "paychan", 11, /ended after tau 8000/);
    refuses(chain, () => chain.topUp(expiring, 20n), "paychan", 11, /ended after tau 8000/);
    chain.pass();
    assert.deepEqual(chain.ids, [both]);
    chain.pass(1_000n);
    assert.deepEqual([chain.ids, chain.balance(payer), chain.balance(recipient)], [[], funds - 10n, 10n]);
    assert.deepEqual(chain.events.filter(({ type }) => type.endsWith("EventChannelEnded")).map(({ attributes }) => attributes.find(([key]) => key === "reason")![1]), ["expired", "expired"]);
  });

  it("CHN-8 counts a voucher at its expiry, and no more a millisecond later", () => {
    const chain = new TestChain();
    const id = chain.open();
    assert.equal(chain.redeem(id, 10n, { expiresTau: 5_000n }).paid, "10");
    chain.tau++;
    refuses(chain, () => chain.redeem(id, 20n, { expiresTau: 5_000n }), "paychan", 12, /counted up to tau 5000, it is 5001/);
    assert.equal(chain.redeem(id, 15n).paid, "5", "another voucher of the channel does");
  });

  it("CHN-9 takes no voucher of an earlier channel between the same two, with the same key", () => {
    const chain = new TestChain();
    const first = chain.open();
    const old = chain.voucher(first, 900n);
    chain.close(first, recipient);
    const again = chain.open();
    assert.notEqual(again, first);
    refuses(chain, () => chain.send("RedeemVoucher", { ...old, sender: recipient.text }), "paychan", 7, /there is no channel 1/);
    refuses(chain, () => chain.send("RedeemVoucher", { ...old, channelId: again, sender: recipient.text }), "paychan", 13, /not one of channel 2/);
    // An export does not begin the ids anew.
    const copy = imported(chain);
    copy.close(again, recipient);
    assert.equal(copy.open(), 3n);
  });

  it("CHN-10 gives everything back where the recipient is dead, and pays where the payer is", () => {
    const chain = new TestChain();
    const deadRecipient = chain.open({ recipient: testAccount("nobody").text });
    const deadPayer = chain.open();
    const last = chain.voucher(deadPayer, 640n);
    chain.close(deadRecipient, payer);
    chain.pass(10_000n);
    assert.deepEqual(chain.ids, [deadRecipient, deadPayer]);
    chain.pass(1n);
    assert.deepEqual(chain.ids, [deadPayer]);
    // Years later: the voucher has no end of its own, and the channel has none either.
    chain.pass(10n ** 12n);
    chain.send("RedeemVoucher", { ...last, sender: other.text });
    chain.close(deadPayer, recipient);
    assert.deepEqual([chain.balance(recipient), chain.balance(payer), chain.balance(escrow)], [640n, funds - 640n, 0n]);
  });

  it("CHN-11 adds to the deposit: by the payer, in the channel's denom, while it is open", () => {
    const chain = new TestChain();
    const id = chain.open();
    chain.topUp(id, 500n);
    assert.equal(chain.redeem(id, 1_500n).paid, "1500");
    refuses(chain, () => chain.topUp(id, 1n, ustone), "paychan", 9, /channel 1 is in udcm, the amount is in ustone/);
    refuses(chain, () => chain.topUp(id, 1n, udcm, other), "paychan", 8, /has the payer/);
    refuses(chain, () => chain.topUp(id, funds), "sdk", 5, /smaller than/);
    refuses(chain, () => chain.topUp(id, (1n << 256n) - 1n), "paychan", 2, /sum to at most 2\^256 - 1/);
    refuses(chain, () => chain.send("TopUp", { payer: payer.text, channelId: id, amount: { denom: udcm, amount: "1" }, organization: "acme" }), "paychan", 8, /has the payer/);
    refuses(chain, () => chain.topUp(9n, 1n), "paychan", 7, /no channel 9/);
  });

  it("CHN-12 ends at most max_sweep channels a block, the oldest first; rights do not wait for it", () => {
    const chain = new TestChain({ maxSweep: 10 });
    const ids = Array.from({ length: 25 }, (_, i) => chain.open({ deposit: { denom: udcm, amount: "10" }, expiresTau: 6_000n + BigInt(25 - i) }));
    chain.tau = 7_000n;
    refuses(chain, () => chain.redeem(ids[0]!, 5n), "paychan", 11, /ended after tau 6025/);
    // Its payer does not have to wait either.
    assert.deepEqual(chain.close(ids[0]!, payer), { ended: true, endsTau: 0n, refunded: "10" });
    const left: number[] = [];
    for (let i = 0; i < 3; i++) {
      chain.pass();
      left.push(chain.ids.length);
    }
    assert.deepEqual([left, chain.balance(payer)], [[14, 4, 0], funds]);
    const ended = chain.events.filter(({ type }) => type.endsWith("EventChannelEnded")).map(({ attributes }) => BigInt(attributes[0]![1]));
    assert.deepEqual(ended.slice(1), ids.slice(1).reverse());
  });

  it("CHN-13 conserves every unit of every denom over any interleaving; the recipient gets what was signed and deposited, the payer the rest", () => {
    const key = { udcm, ustone } as const;
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.record({ do: fc.constant("open" as const), denom: fc.constantFrom(...Object.values(key)), amount: fc.bigInt({ min: 1n, max: 3_000n }), expires: fc.option(fc.bigInt({ min: 1n, max: 30_000n })), period: fc.bigInt({ min: 1_000n, max: 20_000n }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("topUp" as const), at: fc.nat(9), amount: fc.bigInt({ min: 1n, max: 2_000n }) }) },
      { weight: 5, arbitrary: fc.record({ do: fc.constant("redeem" as const), at: fc.nat(9), amount: fc.bigInt({ min: 1n, max: 6_000n }), expires: fc.option(fc.bigInt({ min: 0n, max: 20_000n })), forged: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const), at: fc.nat(9), by: fc.constantFrom(payer, recipient, other) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.bigInt({ min: 0n, max: 9_000n }) }) },
    );
    const run = (steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[], feeBps: number): void => {
      const chain = new TestChain({ feeBps });
      const opened: { readonly id: bigint; readonly denom: string; deposited: bigint; signed: bigint }[] = [];
      const attempt = (body: () => void): void => {
        try {
          body();
        } catch (error) {
          assert.ok(error instanceof TxError, String(error));
        }
      };
      for (const one of steps) {
        const target = "at" in one ? opened[one.at % Math.max(opened.length, 1)] : undefined;
        attempt(() => {
          if (one.do === "open") {
            const id = chain.open({ deposit: { denom: one.denom, amount: String(one.amount) }, expiresTau: one.expires === null ? 0n : chain.tau + one.expires, closingPeriod: one.period });
            opened.push({ id, denom: one.denom, deposited: one.amount, signed: 0n });
          } else if (one.do === "pass") chain.pass(one.ms);
          else if (target === undefined) return;
          else if (one.do === "topUp") {
            chain.topUp(target.id, one.amount, target.denom);
            target.deposited += one.amount;
          } else if (one.do === "close") chain.close(target.id, one.by);
          else {
            const terms = { denom: target.denom, expiresTau: one.expires === null ? 0n : chain.tau - 5_000n + one.expires };
            if (!one.forged && one.amount > target.signed) target.signed = one.amount;
            chain.send("RedeemVoucher", { ...chain.voucher(target.id, one.amount, terms, one.forged ? other : hot), sender: recipient.text });
          }
        });
        conserved(chain, opened);
      }
      // Whoever is left: the payer closes, and the last sweep ends all.
      for (const { id } of opened) attempt(() => chain.close(id, payer));
      chain.pass(50_000n);
      assert.deepEqual(chain.ids, []);
      for (const denom of [udcm, ustone]) assert.equal(chain.balance(escrow, denom), 0n);
      conserved(chain, opened);
    };
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom(0, 0, 1, 100, 1_000), run), { numRuns: 150 });
  });

  function conserved(chain: TestChain, opened: readonly { readonly denom: string; readonly deposited: bigint; readonly signed: bigint }[]): void {
    assert.deepEqual(brokenInvariants(chain.stores, chain.modules), []);
    for (const denom of [udcm, ustone]) {
      const parts = [payer, recipient, escrow, collector].map((one) => chain.balance(one, denom));
      assert.equal(parts.reduce((sum, part) => sum + part, 0n), funds, denom);
      const most = opened.filter((one) => one.denom === denom).reduce((sum, { deposited, signed }) => sum + (signed < deposited ? signed : deposited), 0n);
      assert.ok(parts[1]! + parts[3]! <= most, `${denom}: the recipient and the fee have ${parts[1]! + parts[3]!} of ${most} signed and deposited`);
    }
  }

  it("CHN-14 takes the fee that held at opening, the same in parts as at once", () => {
    fc.assert(fc.property(fc.array(fc.bigInt({ min: 1n, max: 120n }), { minLength: 1, maxLength: 8 }), fc.nat(1_000), (parts, feeBps) => {
      const chain = new TestChain({ feeBps });
      const id = chain.open();
      chain.send("UpdateParams", { authority: governor.text, params: { ...short, feeBps: 1_000 - feeBps } });
      let total = 0n;
      for (const part of parts) chain.redeem(id, (total += part));
      const fee = (total * BigInt(feeBps)) / 10_000n;
      assert.deepEqual([chain.balance(collector), chain.balance(recipient)], [fee, total - fee]);
    }), { numRuns: 60 });
  });

  it("CHN-15 changes parameters for the authority alone, within bounds; channels keep their terms", () => {
    const chain = new TestChain();
    const id = chain.open();
    const update = (params: Partial<Params>, authority = governor.text): unknown => chain.send("UpdateParams", { authority, params: { ...short, ...params } });
    refuses(chain, () => update({}, payer.text), "gov", 13, /invalid authority/);
    for (const [name, [, low, high]] of Object.entries(paramBounds) as [keyof Params, readonly [bigint | number, bigint | number, bigint | number]][]) {
      const beyond = typeof high === "bigint" ? high + 1n : high + 1;
      refuses(chain, () => update({ [name]: beyond }), "paychan", 15, /params\.\w+ is \d+; it must be from/);
      if (low > 0) refuses(chain, () => update({ [name]: typeof low === "bigint" ? low - 1n : low - 1 }), "paychan", 15, /must be from/);
    }
    refuses(chain, () => update({ closingPeriod: 1_000n, minClosingPeriod: 2_000n }), "paychan", 15, /params\.closing_period is 1000; it must be from params\.min_closing_period 2000/);
    refuses(chain, () => chain.send("UpdateParams", { authority: governor.text }), "paychan", 2, /params is missing/);
    update({ closingPeriod: 60_000n });
    assert.equal(chain.close(id, payer).endsTau, 15_000n);
    assert.equal(chain.channel(chain.open()).channel!.closingPeriod, 60_000n);
  });

  it("CHN-16 goes round through genesis, and refuses a section that contradicts itself", () => {
    const chain = new TestChain();
    chain.open({ deposit: { denom: ustone, amount: "77" }, expiresTau: 40_000n });
    const id = chain.open();
    chain.redeem(id, 30n);
    chain.close(id, payer);
    const { genesis } = chain.modules.at(-1)!;
    const section = genesis!.export(testContext(chain.stores)) as GenesisState;
    const copy = imported(chain);
    assert.deepEqual(brokenInvariants(copy.stores, copy.modules), []);
    assert.deepEqual(genesis!.export(testContext(copy.stores)), section);
    assert.equal(copy.redeem(id, 50n).paid, "20");
    copy.pass(10_001n);
    assert.deepEqual(copy.ids, [1n]);

    const [first, second] = section.channels as [Channel, Channel];
    const wrong: readonly (readonly [Partial<GenesisState>, RegExp])[] = [
      [{ params: { ...short, maxSweep: 1 } }, /max_sweep/], [{ nextChannelId: 2n }, /not below next_channel_id/], [{ nextChannelId: 0n }, /at least 1/],
      [{ channels: [second, first] }, /ids rise/], [{ channels: [{ ...first, redeemed: "78" }] }, /redeemed is from 0 to deposited/],
      [{ channels: [{ ...first, endsTau: 0n }] }, /ends_tau is 0, expiry and closing say 40000/], [{ channels: [{ ...first, voucherKey: new Uint8Array(32) }] }, /voucher_key/],
      [{ channels: [{ ...first, recipient: first.payer }] }, /pays its payer/], [{ channels: [{ ...first, storageDeposit: undefined }] }, /storage_deposit/],
    ];
    for (const [change, words] of wrong) assert.throws(() => genesis!.check({ ...section, ...change }), words);
    genesis!.check(section);
  });

  it("CHN-17 lets a follower rebuild every channel from events alone", () => {
    const chain = new TestChain({ feeBps: 100 });
    const [a, b, c] = [chain.open(), chain.open({ deposit: { denom: ustone, amount: "500" }, expiresTau: 50_000n }), chain.open()];
    chain.redeem(a, 300n);
    chain.topUp(a, 50n);
    chain.close(a, payer);
    chain.redeem(b, 20n, { denom: ustone });
    chain.close(c, recipient);
    chain.pass(2_000n);
    const followed = followedChannels(chain.events);
    assert.deepEqual([...followed.keys()], chain.ids);
    for (const [id, channel] of followed) assert.deepEqual(channel, chain.channel(id).channel);
    chain.pass(10_000n);
    assert.deepEqual([...followedChannels(chain.events).keys()], [b]);
  });

  it("CHN-18 lists channels by payer and by recipient, page by page", () => {
    const chain = new TestChain();
    for (let i = 0; i < 5; i++) chain.open({ deposit: { denom: udcm, amount: "10" } });
    chain.open({ payer: other.text, deposit: { denom: udcm, amount: "10" } });
    const ids = (name: string, request: object): bigint[] => chain.query<QueryChannelsResponse>(name, request).channels.map(({ id }) => id);
    assert.deepEqual(ids("ChannelsByPayer", { payer: payer.text }), [1n, 2n, 3n, 4n, 5n]);
    assert.deepEqual(ids("ChannelsByPayer", { payer: other.text }), [6n]);
    assert.deepEqual(ids("ChannelsByRecipient", { recipient: recipient.text }), [1n, 2n, 3n, 4n, 5n, 6n]);
    assert.deepEqual(ids("ChannelsByRecipient", { recipient: payer.text }), []);
    const seen: bigint[] = [];
    for (let key = new Uint8Array(0); ;) {
      const page = chain.query<QueryChannelsResponse>("ChannelsByRecipient", { recipient: recipient.text, pagination: { key, limit: 4n } });
      seen.push(...page.channels.map(({ id }) => id));
      key = page.pagination!.nextKey as Uint8Array<ArrayBuffer>;
      if (key.length === 0) break;
    }
    assert.deepEqual(seen, [1n, 2n, 3n, 4n, 5n, 6n]);
    assert.throws(() => chain.channel(77n), /channel 77 does not exist or has ended/);
    assert.deepEqual(chain.query<{ params: Params }>("Params", {}).params, short);
  });

  /** A chain that begins with another's export. */
  function imported(chain: TestChain): TestChain {
    const copy = new TestChain();
    copy.tau = chain.tau;
    const ctx = testContext(chain.stores);
    copy.stores = memoryStores();
    initGenesis(copy.stores, copy.modules, Object.fromEntries(chain.modules.map((module) => [module.name, module.genesis!.export(ctx)])));
    return copy;
  }
});

/** Acme, owned by `payer`, for which `other` spends; 10,000 of money and of budget. */
function acme(limit = 10_000n): { readonly chain: TestChain; readonly account: { readonly address: Uint8Array; readonly text: string }; left(): bigint; order(type: string, message: object): void } {
  const chain = new TestChain();
  const order = (type: string, message: object): void => void chain.send(`/dcm.organization.v1.${type}`, message);
  order("MsgCreateOrganization", { creator: payer.text, name: "acme" });
  order("MsgSetMember", { admin: payer.text, organization: "acme", member: other.text, role: Role.ROLE_SPENDER });
  order("MsgAcceptMembership", { member: other.text, organization: "acme" });
  order("MsgDeposit", { sender: payer.text, organization: "acme", amount: [{ denom: udcm, amount: "10000" }] });
  order("MsgSetBudget", { admin: payer.text, organization: "acme", budget: { denom: udcm, member: "", tagKey: "", tagValue: "", limit: String(limit), period: BudgetPeriod.BUDGET_PERIOD_TOTAL } });
  const text = accountText("acme");
  const left = (): bigint => BigInt(query<{ budgets: { remaining: string }[] }>(chain.stores, chain.modules, "/dcm.organization.v1.Query/Budgets", { name: "acme", pagination: undefined }).budgets[0]!.remaining);
  return { chain, account: { address: addressBytes(text), text }, left, order };
}

const mine = { payer: other.text, organization: "acme" };

describe("channels of an organization", () => {
  it("CHN-20 take its money within its budgets, pay by the member's key, and give back what is left to it and its budgets", () => {
    const { chain, account, left } = acme();
    const { channelId: id, storageDeposit } = chain.send<MsgOpenChannelResponse>("OpenChannel", { recipient: recipient.text, deposit: { denom: udcm, amount: "1000" }, voucherKey: hot.publicKey, costTags: [{ key: "team", value: "ml" }], ...mine });
    const storage = BigInt(storageDeposit!.amount);
    assert.deepEqual([chain.balance(account), left()], [9_000n - storage, 9_000n - storage]);
    assert.deepEqual([chain.channel(id).channel!.payer, chain.channel(id).channel!.openedBy, chain.balance(other)], [account.text, other.text, funds]);
    chain.send("TopUp", { channelId: id, amount: { denom: udcm, amount: "500" }, costTags: [], ...mine });
    assert.equal(left(), 8_500n - storage);
    assert.equal(chain.redeem(id, 400n).paid, "400");
    chain.pass();
    assert.equal(chain.close(id, other).ended, false);
    chain.pass(10_001n);
    assert.deepEqual(chain.ids, []);
    assert.deepEqual([chain.balance(account), left()], [9_600n, 9_600n]);
    assert.equal(chain.balance(recipient), 400n);
  });

  it("CHN-20 are refused beyond a budget, without the right, outside the policy, to a member, or on top of another's", () => {
    const { chain, order } = acme(1_200n);
    const big = { ...mine, deposit: { denom: udcm, amount: "1201" } };
    refuses(chain, () => chain.open(big), "organization", 12, /more than remains/);
    refuses(chain, () => chain.open({ ...mine, payer: hot.text }), "organization", 5, /no member/);
    refuses(chain, () => chain.open({ ...mine, recipient: payer.text }), "organization", 10, /members do not sell/);
    refuses(chain, () => chain.open({ ...mine, deposit: { denom: ustone, amount: "1" } }), "organization", 11, /budget/);
    refuses(chain, () => chain.open({ ...mine, recipient: accountText("acme") }), "paychan", 4, /payer and recipient/);
    const own = chain.open({ payer: other.text });
    refuses(chain, () => chain.send("TopUp", { channelId: own, amount: { denom: udcm, amount: "1" }, costTags: [], ...mine }), "paychan", 8, /has the payer/);
    const id = chain.open({ ...mine, deposit: { denom: udcm, amount: "100" } });
    refuses(chain, () => chain.send("TopUp", { payer: other.text, organization: "", channelId: id, amount: { denom: udcm, amount: "1" }, costTags: [] }), "paychan", 8, /has the payer/);
    order("MsgSetPolicy", { admin: payer.text, organization: "acme", policy: { deniedProviders: [recipient.text] } });
    refuses(chain, () => chain.open(mine), "organization", 10, /denied_providers/);
    refuses(chain, () => chain.send("TopUp", { channelId: id, amount: { denom: udcm, amount: "1" }, costTags: [], ...mine }), "organization", 10, /denied_providers/);
    order("MsgSetPolicy", { admin: payer.text, organization: "acme", policy: { minVerification: 4 } });
    refuses(chain, () => chain.open(mine), "organization", 10, /nothing verifies services and channels/);
    chain.pass();
  });

  it("CHN-21 an owner or admin closes what a member opened, though that one has left; no other member does", () => {
    const { chain, account, left, order } = acme();
    const id = chain.open(mine);
    order("MsgSetMember", { admin: payer.text, organization: "acme", member: hot.text, role: Role.ROLE_SPENDER });
    order("MsgAcceptMembership", { member: hot.text, organization: "acme" });
    order("MsgRemoveMember", { signer: payer.text, organization: "acme", member: other.text });
    refuses(chain, () => chain.close(id, hot), "paychan", 8, /payer and recipient/);
    chain.close(id, payer);
    chain.pass(10_001n);
    assert.deepEqual([chain.balance(account), left(), chain.ids], [10_000n, 10_000n, []]);
  });
});

/** The same signature with s in the upper half of the order: valid mathematics, refused by the chain. */
function highS(signature: Uint8Array): Uint8Array {
  const order = BigInt("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  const s = order - BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
  return Uint8Array.of(...signature.subarray(0, 32), ...fromHex(s.toString(16).padStart(64, "0")));
}

/** What somebody knows of channels who has only read events. */
function followedChannels(events: readonly EmittedEvent[]): Map<bigint, Channel> {
  const out = new Map<bigint, Channel>();
  for (const { type, attributes } of events) {
    if (!type.startsWith("dcm.channel.v1.")) continue;
    const of = Object.fromEntries(attributes) as Record<string, string>;
    const id = BigInt(of.channel_id!);
    const known = out.get(id);
    switch (type.slice("dcm.channel.v1.Event".length)) {
      case "ChannelOpened": {
        const [, amount, denom] = /^(\d+)(.+)$/.exec(of.storage_deposit!)!;
        out.set(id, {
          id, payer: of.payer!, recipient: of.recipient!, denom: of.denom!, deposited: of.deposited!, redeemed: "0", voucherKey: fromHex(of.voucher_key!), openedTau: BigInt(of.opened_tau!),
          expiresTau: BigInt(of.expires_tau!), closingPeriod: BigInt(of.closing_period!), closingTau: 0n, endsTau: BigInt(of.expires_tau!), feeBps: Number(of.fee_bps), storageDeposit: { denom: denom!, amount: amount! }, organization: of.organization!, openedBy: of.opened_by!,
        });
        break;
      }
      case "ChannelToppedUp": out.set(id, { ...known!, deposited: of.deposited! }); break;
      case "VoucherRedeemed": out.set(id, { ...known!, redeemed: of.redeemed! }); break;
      case "ChannelClosing": out.set(id, { ...known!, closingTau: BigInt(of.closing_tau!), endsTau: BigInt(of.ends_tau!) }); break;
      case "ChannelEnded": out.delete(id); break;
      default: assert.fail(`a follower does not know ${type}`);
    }
  }
  return out;
}
