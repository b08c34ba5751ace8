/** The providers' module over a plain bank and a clock that tests set. */
import { addressBytes, addressText, moduleAddress } from "../../../codec/address.ts";
import type { GenesisState } from "../../../codec/gen/dcm/staking/v1/genesis.ts";
import type { Params, Profile } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { intValue, map, textKey } from "../../../runtime/collections.ts";
import type { Context } from "../../../runtime/context.ts";
import { assert, fail, sdkErrors } from "../../../runtime/errors.ts";
import { execute, initGenesis, query, testContext, transact } from "../../../runtime/testing.ts";
import { memoryStores, type MemoryStores } from "../../clock/testing.ts";
import type { AffiliationsPort } from "../../organization/ports.ts";
import { providersModule } from "./module.ts";
import { defaultParams } from "./params.ts";

const balances = map("testbank", Uint8Array.of(1), textKey, intValue);
export const denom = "udcm";
export const authority = addressText(moduleAddress("gov"));
export const account = (i: number): string => addressText(new Uint8Array(20).fill(i));
const keyOf = (address: Uint8Array): string => addressText(address);

export function profileOf(change: Partial<Profile> = {}): Profile {
  return {
    moniker: "alpha", endpoints: ["https://alpha.example:8443/data"], encryptionKey: new Uint8Array(32).fill(9),
    attributes: [{ key: "jurisdiction", value: "CH" }, { key: "zone", value: "a" }], organization: "", ...change,
  };
}

/** A bank of one denom, without vesting and events; its balances and what was burned lie in the stores. */
export const plainBank = {
  move(ctx: Context, key: string, change: bigint): void {
    const next = (balances.find(ctx, key) ?? 0n) + change;
    if (next < 0n) fail(sdkErrors.insufficientFunds, `spendable balance is smaller than ${-change}${denom}`);
    balances.set(ctx, key, next);
  },
  balance: (ctx: Context, address: Uint8Array): bigint => balances.find(ctx, keyOf(address)) ?? 0n,
  send(ctx: Context, from: Uint8Array, to: Uint8Array, coins: readonly { denom: string; amount: bigint }[]): void {
    for (const coin of coins) {
      assert(coin.denom === denom && coin.amount > 0n, "canonical coins only");
      plainBank.move(ctx, keyOf(from), -coin.amount);
      plainBank.move(ctx, keyOf(to), coin.amount);
    }
  },
  burn(ctx: Context, module: string, coins: readonly { amount: bigint }[]): void {
    for (const { amount } of coins) {
      plainBank.move(ctx, keyOf(moduleAddress(module)), -amount);
      plainBank.move(ctx, "burned", amount);
    }
  },
  burned: (ctx: Context): bigint => balances.find(ctx, "burned") ?? 0n,
};

/** Every name is anybody's. */
export const anyAffiliation: AffiliationsPort = { refusal: () => undefined, holds: () => true };

export class ProvidersWorld {
  readonly stores: MemoryStores = memoryStores();
  readonly kit: ReturnType<typeof providersModule>;
  tau = 1_000_000n;

  constructor(options: { params?: Partial<Params>; genesis?: GenesisState; balances?: Readonly<Record<string, bigint>>; affiliations?: AffiliationsPort } = {}) {
    this.kit = providersModule({ bank: plainBank, accounts: { moduleAccount: (_, name) => moduleAddress(name) }, clock: { tau: () => this.tau }, affiliations: options.affiliations ?? anyAffiliation, authority });
    const held = options.balances ?? Object.fromEntries(Array.from({ length: 9 }, (_, i) => [account(i + 1), 1_000_000_000n]));
    transact(this.stores, (ctx) => {
      for (const [key, amount] of Object.entries(held)) plainBank.move(ctx, key, amount);
    });
    initGenesis(this.stores, [this.kit.module], { providers: options.genesis ?? { ...this.defaults(), params: { ...defaultParams(), ...options.params } } });
  }

  defaults(): GenesisState {
    return this.kit.module.genesis!.defaults() as GenesisState;
  }
  ctx(): Context {
    return testContext(this.stores);
  }
  send(name: string, message: object): ReturnType<typeof execute> {
    return execute(this.stores, [this.kit.module], `/dcm.staking.v1.Msg${name}`, message);
  }
  ask<T>(name: string, request: object): T {
    return query<T>(this.stores, [this.kit.module], `/dcm.staking.v1.Query/${name}`, { pagination: undefined, attributeKey: "", attributeValue: "", activeOnly: false, ...request });
  }
  register(i: number, bond = 10_000_000n, change: Partial<Profile> = {}): Uint8Array {
    this.send("RegisterProvider", { operator: account(i), profile: profileOf(change), bond: { denom, amount: String(bond) } });
    return addressBytes(account(i));
  }
  /** Runs one block's begin hook after `ms` of protocol time; gives its events' types. */
  block(ms = 0n): string[] {
    this.tau += ms;
    return transact(this.stores, (ctx) => this.kit.module.beginBlock!(ctx, { lastCommit: undefined, misbehavior: [] })).events.map(({ type }) => type.replace("dcm.staking.v1.Event", ""));
  }
  /** One call of the port, as a transaction of its own. */
  port<T>(call: (providers: ProvidersWorld["kit"]["providers"], ctx: Context) => T): T {
    return transact(this.stores, (ctx) => call(this.kit.providers, ctx)).value;
  }
  balance(who: string): bigint {
    return balances.find(this.ctx(), who) ?? 0n;
  }
  get burnedTotal(): bigint {
    return plainBank.burned(this.ctx());
  }
  get moduleBalance(): bigint {
    return this.balance(keyOf(moduleAddress("providers")));
  }
  /** What is broken, plus: the account holds exactly the bonds. */
  broken(): string[] {
    const ctx = this.ctx();
    const out = Object.values(this.kit.module.invariants!).flatMap((check) => check(ctx) ?? []);
    const state = this.kit.module.genesis!.export(ctx) as GenesisState;
    const total = state.providers.reduce((sum, { bond }) => sum + BigInt(bond!.total), 0n);
    return total === this.moduleBalance ? out : [...out, `bonds ${total}, account ${this.moduleBalance}`];
  }
}
