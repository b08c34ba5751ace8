import assert from "node:assert/strict";
import fc from "fast-check";
import { addressText, moduleAddress } from "../../codec/address.ts";
import { TxError } from "../../runtime/errors.ts";
import { authority } from "../../runtime/addresses.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext, transact } from "../../runtime/testing.ts";
import { authModule } from "../auth/module.ts";
import { bankModule } from "./module.ts";
import type { QueryAllBalancesResponse, QueryBalanceResponse, QueryDenomOwnersResponse, QuerySupplyOfResponse } from "../../codec/gen/cosmos/bank/v1beta1/query.ts";
import type { StoresOverlay } from "../../store/overlay.ts";

const permissions = { fee_collector: [], mint: ["minter", "burner"] };
const { module: auth, accounts } = authModule(permissions);
const { module: bankMod, bank, meter } = bankModule({ accounts, blocked: ["fee_collector"] });
const modules = [auth, bankMod];

const alice = new Uint8Array(20).fill(1);
const bob = new Uint8Array(20).fill(2);
const [aliceText, bobText] = [addressText(alice), addressText(bob)];
const send = "/cosmos.bank.v1beta1.MsgSend";
const coin = (amount: bigint | number, denom = "stake") => ({ denom, amount: String(amount) });

function chain(balance = 1000n): StoresOverlay {
  const stores = memoryStores();
  initGenesis(stores, modules, { bank: { params: { sendEnabled: [], defaultSendEnabled: true }, balances: [{ address: aliceText, coins: [coin(balance), coin(5, "token")] }], supply: [], denomMetadata: [], sendEnabled: [] } });
  return stores;
}

const refusal = (codespace: string, code: number, text: string) => (error: unknown) => {
  assert.ok(error instanceof TxError, String(error));
  assert.deepEqual([error.codespace, error.code, error.message], [codespace, code, text]);
  return true;
};

describe("bank", () => {
  it("moves coins, makes the recipient's account and says so in the SDK's events (BANK-4)", () => {
    const stores = chain();
    const { events } = execute(stores, modules, send, { fromAddress: aliceText, toAddress: bobText, amount: [coin(300)] });
    assert.deepEqual(events, [
      { type: "coin_spent", attributes: [["spender", aliceText], ["amount", "300stake"]] },
      { type: "coin_received", attributes: [["receiver", bobText], ["amount", "300stake"]] },
      { type: "transfer", attributes: [["recipient", bobText], ["sender", aliceText], ["amount", "300stake"]] },
      { type: "message", attributes: [["sender", aliceText]] },
    ]);
    const ctx = testContext(stores);
    assert.equal(bank.balance(ctx, alice, "stake"), 700n);
    assert.equal(bank.balance(ctx, bob, "stake"), 300n);
    assert.equal(accounts.find(ctx, bob)?.accountNumber, 1n, "number 0 is the fee collector's");
    assert.deepEqual(brokenInvariants(stores, modules), []);
  });

  it("refuses more than the balance in the SDK's words and changes nothing (BANK-5)", () => {
    const stores = chain();
    assert.throws(() => execute(stores, modules, send, { fromAddress: aliceText, toAddress: bobText, amount: [coin(1001)] }),
      refusal("sdk", 5, "spendable balance 1000stake is smaller than 1001stake: insufficient funds"));
    assert.equal(bank.balance(testContext(stores), alice, "stake"), 1000n);
    assert.equal(accounts.has(testContext(stores), bob), false);
  });

  it("refuses coins that are not canonical (BANK-6)", () => {
    const stores = chain();
    for (const amount of [[coin(0)], [coin(-5)], [], [coin(1, "token"), coin(1)], [coin(1), coin(1)], [coin(1, "x")], [{ denom: "stake", amount: "01" }], [{ denom: "stake", amount: "1e3" }]]) {
      assert.throws(() => execute(stores, modules, send, { fromAddress: aliceText, toAddress: bobText, amount }),
        refusal("sdk", 10, `${amount.map((c) => c.amount + c.denom).join(",")}${amount.length > 0 ? ": " : ""}invalid coins`));
    }
  });

  it("refuses addresses that are none (BANK-6)", () => {
    assert.throws(() => execute(chain(), modules, send, { fromAddress: aliceText, toAddress: "dcm1xyz", amount: [coin(1)] }), (error: TxError) => error.code === 7 && error.message.startsWith("invalid to address: decoding bech32 failed"));
  });

  it("refuses to pay a blocked module account (BANK-7)", () => {
    const toAddress = addressText(moduleAddress("fee_collector"));
    assert.throws(() => execute(chain(), modules, send, { fromAddress: aliceText, toAddress, amount: [coin(1)] }),
      refusal("sdk", 4, `${toAddress} is not allowed to receive funds: unauthorized`));
  });

  it("refuses denoms that the authority disabled, and only those (BANK-8)", () => {
    const stores = chain();
    execute(stores, modules, "/cosmos.bank.v1beta1.MsgSetSendEnabled", { authority, sendEnabled: [{ denom: "stake", enabled: false }], useDefaultFor: [] });
    assert.throws(() => execute(stores, modules, send, { fromAddress: aliceText, toAddress: bobText, amount: [coin(1)] }),
      refusal("bank", 5, "stake transfers are currently disabled: send transactions are disabled"));
    execute(stores, modules, send, { fromAddress: aliceText, toAddress: bobText, amount: [coin(1, "token")] });
    execute(stores, modules, "/cosmos.bank.v1beta1.MsgSetSendEnabled", { authority, sendEnabled: [], useDefaultFor: ["stake"] });
    execute(stores, modules, send, { fromAddress: aliceText, toAddress: bobText, amount: [coin(1)] });
  });

  it("lets only the authority change parameters (BANK-9)", () => {
    assert.throws(() => execute(chain(), modules, "/cosmos.bank.v1beta1.MsgUpdateParams", { authority: aliceText, params: { sendEnabled: [], defaultSendEnabled: false } }),
      refusal("gov", 13, `invalid authority; expected ${authority}, got ${aliceText}: expected gov account as only signer for proposal message`));
  });

  it("pays several accounts from one, and refuses sums that differ (BANK-10)", () => {
    const stores = chain();
    const multi = "/cosmos.bank.v1beta1.MsgMultiSend";
    const inputs = [{ address: aliceText, coins: [coin(30)] }];
    execute(stores, modules, multi, { inputs, outputs: [{ address: bobText, coins: [coin(10)] }, { address: aliceText, coins: [coin(20)] }] });
    assert.equal(bank.balance(testContext(stores), alice, "stake"), 990n);
    assert.throws(() => execute(stores, modules, multi, { inputs, outputs: [{ address: bobText, coins: [coin(10)] }] }), refusal("bank", 4, "sum inputs != sum outputs"));
    assert.throws(() => execute(stores, modules, multi, { inputs: [...inputs, ...inputs], outputs: [] }), refusal("bank", 9, "multiple senders not allowed"));
    assert.throws(() => execute(stores, modules, multi, { inputs: [], outputs: [] }), refusal("bank", 2, "no inputs to send transaction"));
    assert.throws(() => execute(stores, modules, multi, { inputs, outputs: [] }), refusal("bank", 3, "no outputs to send transaction"));
    assert.deepEqual(brokenInvariants(stores, modules), []);
  });

  it("sums the outputs of a multi-send in time that grows with their number (BANK-10)", () => {
    const outputs = Array.from({ length: 20_000 }, (_, i) => ({ address: bobText, coins: [coin(1, `coin${i}`)] }));
    const started = process.cpuUsage();
    assert.throws(() => execute(chain(), modules, "/cosmos.bank.v1beta1.MsgMultiSend", { inputs: [{ address: aliceText, coins: [coin(1)] }], outputs }), refusal("bank", 4, "sum inputs != sum outputs"));
    assert.ok(process.cpuUsage(started).user < 3_000_000, "20,000 outputs took more than 3 s of CPU; squared time takes 10 s");
  });

  it("answers balances, owners and supply (BANK-11)", () => {
    const stores = chain();
    execute(stores, modules, send, { fromAddress: aliceText, toAddress: bobText, amount: [coin(1)] });
    const path = (method: string) => `/cosmos.bank.v1beta1.Query/${method}`;
    assert.deepEqual(query<QueryBalanceResponse>(stores, modules, path("Balance"), { address: bobText, denom: "stake" }).balance, coin(1));
    assert.deepEqual(query<QueryBalanceResponse>(stores, modules, path("Balance"), { address: bobText, denom: "none" }).balance, coin(0, "none"));
    const page = { key: new Uint8Array(0), offset: 0n, limit: 1n, countTotal: true, reverse: false };
    const first = query<QueryAllBalancesResponse>(stores, modules, path("AllBalances"), { address: aliceText, resolveDenom: false, pagination: page });
    assert.deepEqual(first.balances, [coin(999)]);
    assert.equal(first.pagination?.total, 2n);
    const rest = query<QueryAllBalancesResponse>(stores, modules, path("AllBalances"), { address: aliceText, resolveDenom: false, pagination: { ...page, key: first.pagination!.nextKey } });
    assert.deepEqual(rest.balances, [coin(5, "token")]);
    assert.deepEqual(query<QueryDenomOwnersResponse>(stores, modules, path("DenomOwners"), { denom: "stake", pagination: undefined }).denomOwners,
      [{ address: aliceText, balance: coin(999) }, { address: bobText, balance: coin(1) }]);
    assert.deepEqual(query<QuerySupplyOfResponse>(stores, modules, path("SupplyOf"), { denom: "stake" }).amount, coin(1000));
  });

  it("counts what a piece of an execution takes out of users' accounts, whatever comes back, and nothing of modules' (BANK-13)", () => {
    const stores = chain();
    const of = (amount: bigint, denom = "stake") => [{ denom, amount }];
    transact(stores, (ctx) => {
      const { value, taken } = meter.measure(() => {
        bank.send(ctx, alice, bob, of(300n));
        bank.send(ctx, bob, alice, of(100n));
        bank.send(ctx, alice, moduleAddress("fee_collector"), of(5n, "token"));
        bank.send(ctx, moduleAddress("fee_collector"), bob, of(3n, "token"));
        bank.delegate(ctx, alice, "fee_collector", of(50n));
        bank.undelegate(ctx, "fee_collector", alice, of(50n));
        return "done";
      });
      assert.deepEqual([value, taken], ["done", [{ denom: "stake", amount: 450n }, { denom: "token", amount: 5n }]]);
      bank.send(ctx, alice, bob, of(1n));
      assert.deepEqual(meter.measure(() => undefined).taken, []);
      assert.throws(() => meter.measure(() => meter.measure(() => undefined)), /measured at a time/);
      assert.throws(() => meter.measure(() => bank.send(ctx, alice, bob, of(10_000n))), TxError);
      assert.deepEqual(meter.measure(() => bank.send(ctx, alice, bob, of(2n))).taken, of(2n), "a piece that failed leaves nothing behind");
    });
  });

  it("loads what it exported (BANK-12)", () => {
    const stores = chain();
    execute(stores, modules, send, { fromAddress: aliceText, toAddress: bobText, amount: [coin(1)] });
    const sections = Object.fromEntries(modules.map((module) => [module.name, module.genesis!.export(testContext(stores))]));
    const again = memoryStores();
    initGenesis(again, modules, sections);
    const all = (from: StoresOverlay) => ["acc", "bank"].map((name) => [...from.store(name).iterate()]);
    assert.deepEqual(all(again), all(stores));
  });

  it("refuses a genesis whose supply is not the sum of its balances (BANK-1)", () => {
    const bankState = { params: undefined, balances: [{ address: aliceText, coins: [coin(5)] }], supply: [coin(6)], denomMetadata: [], sendEnabled: [] };
    assert.throws(() => initGenesis(memoryStores(), modules, { bank: bankState }), /genesis supply is incorrect, expected 6stake, got 5stake/);
  });

  it("conserves coins under any sends, mints and burns (BANK-1, BANK-2, BANK-3)", () => {
    const party = fc.integer({ min: 0, max: 3 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant("send" as const), from: party, to: party, amount: fc.bigInt(1n, 700n) }),
      fc.record({ kind: fc.constantFrom("mint" as const, "burn" as const), from: party, to: party, amount: fc.bigInt(1n, 700n) }),
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const stores = chain();
      const at = [alice, bob, new Uint8Array(32).fill(3), moduleAddress("mint")];
      for (const { kind, from, to, amount } of steps) {
        const coins = [{ denom: "stake", amount }];
        try {
          transact(stores, (ctx) => (kind === "send" ? bank.send(ctx, at[from]!, at[to]!, coins) : kind === "mint" ? bank.mint(ctx, "mint", coins) : bank.burn(ctx, "mint", coins)));
        } catch (error) {
          assert.ok(error instanceof TxError && error.code === 5, String(error));
        }
      }
      assert.deepEqual(brokenInvariants(stores, modules), []);
    }), { numRuns: 60 });
  });
});
