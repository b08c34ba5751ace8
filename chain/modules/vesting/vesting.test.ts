import assert from "node:assert/strict";
import fc from "fast-check";
import { addressText, moduleAddress } from "../../codec/address.ts";
import type { TxError } from "../../runtime/errors.ts";
import { amountOf } from "../../runtime/coins.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext, transact } from "../../runtime/testing.ts";
import { authModule } from "../auth/module.ts";
import { afterDelegation, afterUndelegation, locked, vested, type Vesting } from "../auth/vesting.ts";
import { bankModule } from "../bank/module.ts";
import { accountText } from "../organization/ports.ts";
import { vestingModule } from "./module.ts";
import type { QueryAccountResponse } from "../../codec/gen/cosmos/auth/v1beta1/query.ts";
import type { StoresOverlay } from "../../store/overlay.ts";

const { module: auth, accounts } = authModule({ fee_collector: [], bonded_tokens_pool: ["staking"] });
const { module: bankMod, bank } = bankModule({ accounts, blocked: ["fee_collector"] });
const { module: vestingMod } = vestingModule({ accounts, bank });
const modules = [auth, bankMod, vestingMod];
const [alice, bob] = [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)];
const [fromAddress, toAddress] = [addressText(alice), addressText(bob)];
const now = 1_767_225_600n;
const stake = (amount: bigint | number) => [{ denom: "stake", amount: String(amount) }];
const money = (amount: bigint) => [{ denom: "stake", amount }];
const type = (name: string) => `/cosmos.vesting.v1beta1.Msg${name}`;

function chain(): StoresOverlay {
  const stores = memoryStores();
  initGenesis(stores, modules, { bank: { params: undefined, balances: [{ address: fromAddress, coins: stake(10_000) }], supply: [], denomMetadata: [], sendEnabled: [] } });
  return stores;
}
const spendable = (stores: StoresOverlay, time: bigint): bigint => bank.spendable(testContext(stores, { time }), bob, "stake");

describe("vesting", () => {
  it("frees continuously, with the SDK's rounding (VEST-1)", () => {
    const stores = chain();
    execute(stores, modules, type("CreateVestingAccount"), { fromAddress, toAddress, amount: stake(1000), endTime: now + 300n, delayed: false });
    // 1000 / 3 = 333.33, 2000 / 3 = 666.67 rounds to 667.
    assert.deepEqual([0n, 100n, 200n, 300n].map((t) => spendable(stores, now + t)), [0n, 333n, 667n, 1000n]);
    assert.throws(() => transact(stores, (ctx) => bank.send(ctx, bob, alice, money(334n)), { time: now + 100n }), (error: TxError) => error.message === "spendable balance 333stake is smaller than 334stake: insufficient funds");
    transact(stores, (ctx) => bank.send(ctx, bob, alice, money(333n)), { time: now + 100n });
    const account = query<QueryAccountResponse>(stores, modules, "/cosmos.auth.v1beta1.Query/Account", { address: toAddress }).account!;
    assert.equal(account.typeUrl, "/cosmos.vesting.v1beta1.ContinuousVestingAccount");
    assert.deepEqual(brokenInvariants(stores, modules), []);
  });

  it("frees at once, by periods, or never (VEST-2, VEST-3, VEST-4)", () => {
    const delayed = chain();
    execute(delayed, modules, type("CreateVestingAccount"), { fromAddress, toAddress, amount: stake(1000), endTime: now + 300n, delayed: true });
    assert.deepEqual([299n, 300n].map((t) => spendable(delayed, now + t)), [0n, 1000n]);
    const periodic = chain();
    execute(periodic, modules, type("CreatePeriodicVestingAccount"), { fromAddress, toAddress, startTime: now, vestingPeriods: [{ length: 10n, amount: stake(1) }, { length: 20n, amount: stake(5) }] });
    assert.deepEqual([0n, 9n, 10n, 29n, 30n].map((t) => spendable(periodic, now + t)), [0n, 0n, 1n, 1n, 6n]);
    const permanent = chain();
    execute(permanent, modules, type("CreatePermanentLockedAccount"), { fromAddress, toAddress, amount: stake(7) });
    assert.equal(spendable(permanent, now + 10n ** 9n), 0n);
  });

  it("tracks delegations of locked coins, and gives them back (VEST-5)", () => {
    const stores = chain();
    execute(stores, modules, type("CreatePermanentLockedAccount"), { fromAddress, toAddress, amount: stake(100) });
    transact(stores, (ctx) => bank.send(ctx, alice, bob, money(50n)));
    transact(stores, (ctx) => bank.delegate(ctx, bob, "bonded_tokens_pool", money(120n)));
    assert.equal(bank.balance(testContext(stores), bob, "stake"), 30n);
    assert.equal(spendable(stores, now), 30n, "100 locked coins are delegated, 20 free ones too");
    transact(stores, (ctx) => bank.undelegate(ctx, "bonded_tokens_pool", bob, money(120n)));
    assert.equal(spendable(stores, now), 50n);
    assert.deepEqual(brokenInvariants(stores, modules), []);
  });

  it("refuses accounts that exist, blocked ones, and schedules without sense (VEST-6)", () => {
    const refused = (message: object, name: string, code: number) => assert.throws(() => execute(chain(), modules, type(name), message), (error: TxError) => error.codespace === "sdk" && error.code === code, `${name} ${code}`);
    const stores = chain();
    transact(stores, (ctx) => accounts.ensure(ctx, bob));
    assert.throws(() => execute(stores, modules, type("CreatePermanentLockedAccount"), { fromAddress, toAddress, amount: stake(1) }), (error: TxError) => error.message === `account ${toAddress} already exists: invalid request`);
    refused({ fromAddress, toAddress, amount: stake(1), endTime: 0n, delayed: true }, "CreateVestingAccount", 18);
    refused({ fromAddress, toAddress, amount: stake(0), endTime: 5n, delayed: true }, "CreateVestingAccount", 10);
    refused({ fromAddress, toAddress, startTime: 1n, vestingPeriods: [] }, "CreatePeriodicVestingAccount", 18);
    refused({ fromAddress, toAddress, startTime: 1n, vestingPeriods: [{ length: 0n, amount: stake(1) }] }, "CreatePeriodicVestingAccount", 18);
    refused({ fromAddress, toAddress, startTime: 1n, vestingPeriods: [{ length: (1n << 63n) - 1n, amount: stake(1) }] }, "CreatePeriodicVestingAccount", 18);
    refused({ fromAddress, toAddress, startTime: 1n, vestingPeriods: Array.from({ length: 101 }, () => ({ length: 1n, amount: stake(1) })) }, "CreatePeriodicVestingAccount", 18);
  });

  it("refuses the accounts of modules, also those that may be paid and are not there yet (VEST-6)", () => {
    const pool = addressText(moduleAddress("bonded_tokens_pool"));
    assert.throws(() => execute(chain(), modules, type("CreatePermanentLockedAccount"), { fromAddress, toAddress: pool, amount: stake(1) }), (error: TxError) => error.message === `${pool} is a module's account: unauthorized`);
  });

  it("never locks more than it began with, never frees less later, and undelegation undoes delegation (VEST-1, VEST-5)", () => {
    const amount = fc.bigInt(1n, 10n ** 24n);
    fc.assert(fc.property(fc.constantFrom("continuous" as const, "delayed" as const, "permanent" as const), amount, fc.bigInt(1n, 10n ** 9n), fc.bigInt(0n, 10n ** 9n), fc.bigInt(0n, 10n ** 9n), amount, (kind, total, length, t, dt, share) => {
      const v: Vesting = { kind, originalVesting: money(total), delegatedFree: [], delegatedVesting: [], startTime: 0n, endTime: kind === "permanent" ? 0n : length, periods: [] };
      const free = (time: bigint, of: Vesting = v) => amountOf(vested(of, time), "stake");
      assert.ok(free(t) >= 0n && free(t) <= total && free(t + dt) >= free(t));
      assert.equal(free(t) + amountOf(locked(v, t), "stake"), total);
      const delegated = share % total + 1n;
      const after = afterDelegation(v, t, money(total), money(delegated));
      assert.deepEqual(afterUndelegation(after, money(delegated)), v);
      assert.equal(amountOf(after.delegatedFree, "stake") + amountOf(after.delegatedVesting, "stake"), delegated);
    }), { numRuns: 300 });
  });

  it("does not lock what an organization will have: its address can be known before it is there (VEST-6)", () => {
    const stores = chain();
    for (const [name, rest] of [["CreatePermanentLockedAccount", {}], ["CreateVestingAccount", { endTime: now + 300n, delayed: true }]] as const) {
      assert.throws(() => execute(stores, modules, type(name), { fromAddress, toAddress: accountText("acme"), amount: stake(1), ...rest }), (error: TxError) => error.codespace === "sdk" && error.code === 18);
    }
    const periods = { startTime: now, vestingPeriods: [{ length: 10n, amount: stake(1) }] };
    assert.throws(() => execute(stores, modules, type("CreatePeriodicVestingAccount"), { fromAddress, toAddress: accountText("acme"), ...periods }), (error: TxError) => error.codespace === "sdk" && error.code === 18);
  });
});
