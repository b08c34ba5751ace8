/** Accounts: reading, making and changing them. What other modules get of it is ports.ts. */
import { addressText, moduleAddress } from "../../codec/address.ts";
import { toHex } from "../../codec/bytes.ts";
import { sdkErrors, fail, assert } from "../../runtime/errors.ts";
import { putInto, viewOf } from "../../store/kv.ts";
import { StoredAccount, afterSequence, baseDetails, decodeAccount, mayVest, type Details } from "./accounts.ts";
import { accountKey, accounts, addressOfNumber, nextNumber, nonces, params, storeName } from "./state.ts";
import { afterDelegation, afterUndelegation, vestingFault, type Vesting } from "./vesting.ts";
import { addCoins, type Money } from "../../runtime/coins.ts";
import type { Context } from "../../runtime/context.ts";
import type { Account, SignersPort, VestingSchedule } from "./ports.ts";

/** Permissions of module accounts by module name; a name that is not listed has none. */
export type ModulePermissions = Readonly<Record<string, readonly string[]>>;

const nothing: readonly Money[] = [];

/** A nonce's value; stores hold no empty ones. */
const used = Uint8Array.of(0);

export function createAccounts(permissions: ModulePermissions): SignersPort {
  const addresses = new Map(Object.keys(permissions).map((name) => [name, moduleAddress(name)]));
  const modules = new Set(Array.from(addresses.values(), toHex));
  const port: SignersPort = {
    find: (ctx, address) => accounts.find(ctx, address)?.foundAt(address),
    has: (ctx, address) => ctx.store(storeName).has(accountKey(address)),
    ensure: (ctx, address) => accounts.find(ctx, address) ?? create(ctx, address, baseDetails),
    moduleAccount(ctx, name) {
      const address = addresses.get(name) ?? moduleAddress(name);
      if (!port.has(ctx, address)) create(ctx, address, { kind: "module", name, permissions: permissions[name] ?? [] });
      return address;
    },
    locked(ctx, address) {
      const bytes = viewOf(ctx.store(storeName), accountKey(address));
      return bytes !== undefined && mayVest(bytes) ? decodeAccount(bytes).lockedAt(ctx.timeSeconds) : nothing;
    },
    createVesting(ctx, address, coins, schedule) {
      // Also of a module that has no account yet and may be paid: a stranger's schedule would lock what the module is to spend.
      if (modules.has(toHex(address))) fail(sdkErrors.unauthorized, `${addressText(address)} is a module's account`);
      const v = newVesting(coins, schedule);
      // Like the SDK, a continuous schedule that ends before it starts is let through: it is free at once.
      const fault = vestingFault(v.kind === "continuous" ? { ...v, kind: "delayed" } : v);
      if (fault !== undefined) fail(sdkErrors.invalidRequest, fault);
      assert(!port.has(ctx, address), "a vesting account over an account that is there");
      create(ctx, address, { kind: "vesting", vesting: v });
    },
    trackDelegation: (ctx, address, balance, coins) => track(ctx, address, (v) => afterDelegation(v, ctx.timeSeconds, balance, coins)),
    trackUndelegation: (ctx, address, coins) => track(ctx, address, (v) => afterUndelegation(v, coins)),
    params: (ctx) => params.get(ctx),
    update(ctx, account, change) {
      const next = stored(account).with(change);
      accounts.set(ctx, account.address, next);
      return next;
    },
    advance(ctx, address, sequence) {
      const store = ctx.store(storeName);
      const key = accountKey(address);
      const bytes = viewOf(store, key);
      const next = bytes === undefined ? undefined : afterSequence(bytes, sequence);
      if (next === undefined) return false;
      putInto(store, key, next);
      return true;
    },
    useNonce(ctx, sender, timeoutNanos) {
      if (nonces.has(ctx, [timeoutNanos, sender])) return false;
      nonces.set(ctx, [timeoutNanos, sender], used);
      return true;
    },
  };
  return port;
}

function stored(account: Account): StoredAccount {
  assert(account instanceof StoredAccount, "an account that auth did not give");
  return account;
}

function create(ctx: Context, address: Uint8Array, details: Details): StoredAccount {
  const number = nextNumber.find(ctx) ?? 0n;
  nextNumber.set(ctx, number + 1n);
  const account = new StoredAccount(addressText(address), undefined, number, 0n, details);
  setAccount(ctx, address, account);
  return account;
}

/** Writes a new account with its number's index entry. */
export function setAccount(ctx: Context, address: Uint8Array, account: StoredAccount): void {
  accounts.set(ctx, address, account);
  addressOfNumber.set(ctx, account.accountNumber, address);
}

function track(ctx: Context, address: Uint8Array, change: (v: Vesting) => Vesting): void {
  const account = accounts.find(ctx, address);
  if (account?.details.kind !== "vesting") return;
  accounts.set(ctx, address, account.with({ details: { kind: "vesting", vesting: change(account.details.vesting) } }));
}

function newVesting(coins: readonly Money[], schedule: VestingSchedule): Vesting {
  const base = { kind: schedule.kind, originalVesting: coins, delegatedFree: [], delegatedVesting: [], startTime: 0n, endTime: 0n, periods: [] };
  switch (schedule.kind) {
    case "permanent":
      return base;
    case "delayed":
      return { ...base, endTime: schedule.endTime };
    case "continuous":
      return { ...base, startTime: schedule.startTime, endTime: schedule.endTime };
    case "periodic": {
      const length = schedule.periods.reduce((sum, period) => sum + period.length, 0n);
      const sum = schedule.periods.reduce<readonly Money[]>((all, period) => addCoins(all, period.amount), []);
      return { ...base, originalVesting: sum, startTime: schedule.startTime, endTime: schedule.startTime + length, periods: schedule.periods };
    }
  }
}
