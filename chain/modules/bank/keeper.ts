/** Moving, making and destroying coins. What other modules get of it is ports.ts. */
import { addressText, moduleAddress } from "../../codec/address.ts";
import { equalBytes } from "../../codec/bytes.ts";
import { addCoins, amountOf, assertCanonical, coinsText, type Money } from "../../runtime/coins.ts";
import { assert, fail, sdkErrors } from "../../runtime/errors.ts";
import { putInto, viewOf } from "../../store/kv.ts";
import { assertInt256 } from "../../math/int.ts";
import { errors } from "./errors.ts";
import { burned, coinReceived, coinSpent, coinbase, messageSender, transfer } from "./events.ts";
import { intValue } from "../../runtime/collections.ts";
import { balances, holderMark, holders, params, sendEnabled, storeName, supplies, withinAddress } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort, MeterPort, Party } from "./ports.ts";

export interface BankSettings {
  readonly accounts: AccountsPort;
  /** Names of module accounts that messages may not pay. */
  readonly blocked: readonly string[];
}

export interface BankKeeper extends BankPort, MeterPort {
  /** `send` where the caller has the addresses' text at hand. */
  pay(ctx: Context, from: Party, to: Party, coins: readonly Money[]): void;
  /** One sender, several recipients; the coins of the outputs sum to `coins`. */
  payMany(ctx: Context, from: Party, coins: readonly Money[], outputs: readonly { readonly to: Party; readonly coins: readonly Money[] }[]): void;
}

const party = (address: Uint8Array): Party => ({ address, text: addressText(address) });
const feeCollectorAddress = moduleAddress("fee_collector");

export function createBank({ accounts, blocked }: BankSettings): BankKeeper {
  const blockedAddresses = blocked.map((name) => moduleAddress(name));
  const feeCollector = party(feeCollectorAddress);
  const isBlocked = (address: Uint8Array): boolean => blockedAddresses.some((one) => equalBytes(one, address));
  /** What the piece of an execution that is measured has taken; undefined while nothing is measured. */
  let taken: readonly Money[] | undefined;
  const count = (from: Uint8Array, coins: readonly Money[]): void => {
    if (taken !== undefined && !isBlocked(from)) taken = addCoins(taken, coins);
  };
  const take = (ctx: Context, from: Party, coins: readonly Money[], locked: readonly Money[], text: string): void => {
    withdrawAll(ctx, from.address, coins, locked);
    count(from.address, coins);
    coinSpent(ctx, from.text, text);
  };

  const bank: BankKeeper = {
    balance,
    balances: (ctx, address) => Array.from(balances.entries(ctx, { within: withinAddress(address) }), ([[, denom], amount]) => ({ denom, amount })),
    spendable(ctx, address, denom) {
      const free = balance(ctx, address, denom) - amountOf(accounts.locked(ctx, address), denom);
      return free > 0n ? free : 0n;
    },
    supply: (ctx, denom) => supplies.find(ctx, denom) ?? 0n,
    isBlocked,
    send: (ctx, from, to, coins) => bank.pay(ctx, party(from), party(to), coins),

    divide(ctx, from, denom, parts) {
      if (parts.length === 0) return;
      messageSender(ctx, from.text);
      let amount = 0n;
      for (const part of parts) amount += part.amount;
      const all = [{ denom, amount }];
      take(ctx, from, all, [], coinsText(all));
      for (const { to, amount: part } of parts) {
        const text = coinsText([{ denom, amount: part }]);
        const key = balanceKey(to.address, denom);
        const held = readBalance(ctx, key);
        // Who holds coins already has an account, or got them from genesis.
        if (held === 0n && !accounts.has(ctx, to.address)) accounts.ensure(ctx, to.address);
        writeBalance(ctx, key, to.address, denom, held, held + part);
        coinReceived(ctx, to.text, text);
        transfer(ctx, to.text, from.text, text);
      }
    },

    pay(ctx, from, to, coins) {
      const text = coinsText(coins);
      take(ctx, from, coins, accounts.locked(ctx, from.address), text);
      give(ctx, to, coins, text);
      if (!accounts.has(ctx, to.address)) accounts.ensure(ctx, to.address);
      transfer(ctx, to.text, from.text, text);
      messageSender(ctx, from.text);
    },

    payMany(ctx, from, coins, outputs) {
      messageSender(ctx, from.text);
      for (const { to } of outputs) if (!accounts.has(ctx, to.address)) accounts.ensure(ctx, to.address);
      take(ctx, from, coins, accounts.locked(ctx, from.address), coinsText(coins));
      for (const output of outputs) {
        const text = coinsText(output.coins);
        give(ctx, output.to, output.coins, text);
        transfer(ctx, output.to.text, from.text, text);
      }
    },

    collectFee(ctx, payer, fee) {
      const locked = payer.lockedAt(ctx.timeSeconds);
      // A recheck asks what payers have left; nobody asks what the collector has, or sees events.
      if (ctx.mode === "recheck") return withdrawAll(ctx, payer.address, fee, locked);
      const text = coinsText(fee);
      const from = { address: payer.address, text: payer.addressText };
      take(ctx, from, fee, locked, text);
      give(ctx, feeCollector, fee, text);
      transfer(ctx, feeCollector.text, from.text, text);
      messageSender(ctx, from.text);
    },

    hold(ctx, payer, denom, amount) {
      assert(ctx.mode === "recheck", "coins are held in a recheck only: in a block they would be lost");
      withdraw(ctx, payer, denom, amount, 0n);
    },

    delegate(ctx, delegator, module, coins) {
      const before = coins.map(({ denom }) => ({ denom, amount: balance(ctx, delegator, denom) }));
      for (const [i, coin] of coins.entries()) {
        const held = before[i]!.amount;
        if (held < coin.amount) fail(sdkErrors.insufficientFunds, `failed to delegate; ${held}${coin.denom} is smaller than ${coinsText(coins)}`);
        setBalance(ctx, delegator, coin.denom, held, held - coin.amount);
      }
      count(delegator, coins);
      accounts.trackDelegation(ctx, delegator, before, coins);
      const text = coinsText(coins);
      coinSpent(ctx, addressText(delegator), text);
      give(ctx, party(accounts.moduleAccount(ctx, module)), coins, text);
    },

    undelegate(ctx, module, delegator, coins) {
      const text = coinsText(coins);
      take(ctx, party(accounts.moduleAccount(ctx, module)), coins, [], text);
      accounts.trackUndelegation(ctx, delegator, coins);
      give(ctx, party(delegator), coins, text);
    },

    mint(ctx, module, coins) {
      assertCanonical(coins);
      const to = party(accounts.moduleAccount(ctx, module));
      const text = coinsText(coins);
      give(ctx, to, coins, text);
      for (const { denom, amount } of coins) supplies.set(ctx, denom, assertInt256((supplies.find(ctx, denom) ?? 0n) + amount));
      coinbase(ctx, to.text, text);
    },

    burn(ctx, module, coins) {
      assertCanonical(coins);
      const from = party(accounts.moduleAccount(ctx, module));
      const text = coinsText(coins);
      take(ctx, from, coins, [], text);
      for (const { denom, amount } of coins) {
        const rest = (supplies.find(ctx, denom) ?? 0n) - amount;
        assert(rest >= 0n, `the supply of ${denom} is smaller than what is burned`);
        if (rest === 0n) supplies.remove(ctx, denom);
        else supplies.set(ctx, denom, rest);
      }
      burned(ctx, from.text, text);
    },

    measure(run) {
      assert(taken === undefined, "one piece of an execution is measured at a time");
      taken = [];
      try {
        const value = run();
        return { value, taken };
      } finally {
        taken = undefined;
      }
    },

    requireSendEnabled(ctx, coins) {
      if (coins.length === 0) return;
      const { defaultSendEnabled } = params.get(ctx);
      for (const { denom } of coins) if (!(sendEnabled.find(ctx, denom) ?? defaultSendEnabled)) fail(errors.sendDisabled, { denom });
    },
  };
  return bank;
}

function balance(ctx: Context, address: Uint8Array, denom: string): bigint {
  return readBalance(ctx, balanceKey(address, denom));
}

/** The key of a balance, made once for its read and its write. */
function balanceKey(address: Uint8Array, denom: string): Uint8Array {
  const out = new Uint8Array(2 + address.length + denom.length);
  out[0] = balances.prefix[0]!;
  out[1] = address.length;
  out.set(address, 2);
  // Denoms are ASCII.
  for (let i = 0; i < denom.length; i++) out[2 + address.length + i] = denom.charCodeAt(i);
  return out;
}

function readBalance(ctx: Context, key: Uint8Array): bigint {
  const bytes = viewOf(ctx.store(storeName), key);
  return bytes === undefined ? 0n : intValue.decode(bytes);
}

function writeBalance(ctx: Context, key: Uint8Array, address: Uint8Array, denom: string, before: bigint, after: bigint): void {
  if (after === 0n) {
    ctx.store(storeName).delete(key);
    if (before !== 0n) holders.remove(ctx, [denom, address]);
    return;
  }
  putInto(ctx.store(storeName), key, intValue.encode(assertInt256(after)));
  if (before === 0n) holders.set(ctx, [denom, address], holderMark);
}

/** Writes a balance; the index of holders changes only where a balance comes to be or ends. */
export function setBalance(ctx: Context, address: Uint8Array, denom: string, before: bigint, after: bigint): void {
  writeBalance(ctx, balanceKey(address, denom), address, denom, before, after);
}

function withdrawAll(ctx: Context, address: Uint8Array, coins: readonly Money[], locked: readonly Money[]): void {
  for (const { denom, amount } of coins) withdraw(ctx, address, denom, amount, locked.length === 0 ? 0n : amountOf(locked, denom));
}

function withdraw(ctx: Context, address: Uint8Array, denom: string, amount: bigint, bound: bigint): void {
  const key = balanceKey(address, denom);
  const held = readBalance(ctx, key);
  if (held < bound) fail(sdkErrors.insufficientFunds, `locked amount exceeds account balance funds: ${bound}${denom} > ${held}${denom}`);
  if (held - bound < amount) fail(sdkErrors.insufficientFunds, `spendable balance ${held - bound}${denom} is smaller than ${amount}${denom}`);
  writeBalance(ctx, key, address, denom, held, held - amount);
}

function give(ctx: Context, to: Party, coins: readonly Money[], text: string): void {
  for (const { denom, amount } of coins) {
    const key = balanceKey(to.address, denom);
    const held = readBalance(ctx, key);
    writeBalance(ctx, key, to.address, denom, held, held + amount);
  }
  coinReceived(ctx, to.text, text);
}
