/** A chain of stake and rewards in memory, block by block. For tests only. */
import { addressText, moduleAddress } from "../../chain/codec/address.ts";
import { Dec } from "../../chain/math/dec.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext, transact, type TestBlock } from "../../chain/runtime/testing.ts";
import { coinsText, type Money } from "../../chain/runtime/coins.ts";
import { authModule } from "../../chain/modules/auth/module.ts";
import { bankModule } from "../../chain/modules/bank/module.ts";
import { distributionModule } from "../../chain/modules/distribution/module.ts";
import { defaultParams as distributionParams } from "../../chain/modules/distribution/params.ts";
import { mintModule } from "../../chain/modules/mint/module.ts";
import { validatorsModule } from "../../chain/modules/staking/validators/module.ts";
import { defaultParams } from "../../chain/modules/staking/validators/params.ts";
import { consensus, denom, text, validatorOf, valoper, accountOf } from "./stake.ts";
import type { Params as DistributionParams } from "../../chain/codec/gen/cosmos/distribution/v1beta1/distribution.ts";
import type { GenesisState as MintGenesis } from "../../chain/codec/gen/cosmos/mint/v1beta1/genesis.ts";
import type { Params } from "../../chain/codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { Context, EmittedEvent } from "../../chain/runtime/context.ts";
import type { Module } from "../../chain/runtime/module.ts";
import type { BankPort } from "../../chain/modules/bank/ports.ts";
import type { DistributionPort } from "../../chain/modules/distribution/ports.ts";
import type { StakingHooks, StakingPort } from "../../chain/modules/staking/validators/ports.ts";

const genesisTime = 1_767_225_600n;

export interface RewardsChainOptions {
  readonly accounts?: number;
  readonly params?: Partial<Params>;
  readonly distribution?: Partial<DistributionParams>;
  readonly mint?: MintGenesis;
  /** Genesis sections; whatever is not given takes its defaults. */
  readonly sections?: Readonly<Record<string, unknown>>;
}

/** Who votes for the last block, and with which power. */
export type Votes = readonly (readonly [validator: number, power: bigint | number])[];

export class RewardsChain {
  readonly stores = memoryStores();
  readonly modules: readonly Module[];
  readonly bank: BankPort;
  readonly staking: StakingPort;
  readonly distribution: DistributionPort;
  height = 1n;
  /** Seconds since genesis. */
  clock = 0n;

  /** Accounts 1 to `accounts` hold 10^11 each. */
  constructor({ accounts: holders = 9, params = {}, distribution = {}, mint, sections }: RewardsChainOptions = {}) {
    const names = { fee_collector: [], distribution: [], mint: ["minter"], bonded_tokens_pool: ["burner", "staking"], not_bonded_tokens_pool: ["burner", "staking"] } as const;
    const { module: auth, accounts } = authModule(names);
    const { module: bankMod, bank } = bankModule({ accounts, blocked: Object.keys(names) });
    const hooks: StakingHooks[] = [];
    const { module: stakingMod, validators: staking } = validatorsModule({ bank, accounts, hooks });
    const { module: mintMod } = mintModule({ bank, accounts, staking });
    const { module: distributionMod, distribution: port, hooks: ours } = distributionModule({ bank, accounts, staking });
    hooks.push(ours);
    this.modules = [auth, bankMod, mintMod, distributionMod, stakingMod];
    this.bank = bank;
    this.staking = staking;
    this.distribution = port;
    const balances = Array.from({ length: holders }, (_, i) => ({ address: addressText(accountOf(i + 1)), coins: [{ denom, amount: "100000000000" }] }));
    initGenesis(this.stores, this.modules, sections ?? {
      bank: { params: undefined, balances, supply: [], denomMetadata: [], sendEnabled: [] },
      staking: { ...(stakingMod.genesis!.defaults() as object), params: { ...defaultParams(), ...params } },
      distribution: { ...(distributionMod.genesis!.defaults() as object), params: { ...distributionParams(), ...distribution } },
      ...(mint === undefined ? {} : { mint }),
    });
  }

  get block(): TestBlock {
    return { height: this.height, time: genesisTime + this.clock };
  }
  get ctx(): ReturnType<typeof testContext> {
    return testContext(this.stores, this.block);
  }

  /** Runs a message of distribution or another module by its short name. */
  run(name: string, message: unknown, module = "distribution"): ReturnType<typeof transact<unknown>> {
    return execute(this.stores, this.modules, `/cosmos.${module}.v1beta1.Msg${name}`, message, this.block);
  }
  create(i: number, amount: bigint | number | string, rate = "0.1"): void {
    const commission = { rate: Dec.parse(rate).toProto(), maxRate: Dec.one.toProto(), maxChangeRate: Dec.one.toProto() };
    this.run("CreateValidator", { ...validatorOf(i), commission, value: { denom, amount: String(amount) } }, "staking");
  }
  edit(i: number, rate: string): void {
    const keep = "[do-not-modify]";
    this.run("EditValidator", { description: { moniker: keep, identity: keep, website: keep, securityContact: keep, details: keep }, validatorAddress: valoper(i), commissionRate: Dec.parse(rate).toProto(), minSelfDelegation: "" }, "staking");
  }
  delegate(from: number, to: number, amount: bigint | number | string): ReturnType<typeof transact<unknown>> {
    return this.run("Delegate", { delegatorAddress: text(from), validatorAddress: valoper(to), amount: { denom, amount: String(amount) } }, "staking");
  }
  undelegate(from: number, to: number, amount: bigint | number | string): ReturnType<typeof transact<unknown>> {
    return this.run("Undelegate", { delegatorAddress: text(from), validatorAddress: valoper(to), amount: { denom, amount: String(amount) } }, "staking");
  }
  redelegate(delegator: number, from: number, to: number, amount: bigint | number | string): void {
    this.run("BeginRedelegate", { delegatorAddress: text(delegator), validatorSrcAddress: valoper(from), validatorDstAddress: valoper(to), amount: { denom, amount: String(amount) } }, "staking");
  }
  /** What was paid, as coins' text. */
  withdraw(delegator: number, validator: number): string {
    return coinsText((this.run("WithdrawDelegatorReward", { delegatorAddress: text(delegator), validatorAddress: valoper(validator) }).value as { amount: { denom: string; amount: string }[] }).amount);
  }
  commission(validator: number): string {
    return coinsText((this.run("WithdrawValidatorCommission", { validatorAddress: valoper(validator) }).value as { amount: { denom: string; amount: string }[] }).amount);
  }
  slash(i: number, infraction: bigint, power: bigint, fraction: string): bigint {
    return transact(this.stores, (ctx) => this.staking.slash(ctx, consensus(i), infraction, power, Dec.parse(fraction)), this.block).value;
  }
  /** New coins into the fee collector. */
  fees(coins: readonly Money[]): void {
    transact(this.stores, (ctx) => { this.collect(ctx, coins); }, this.block);
  }
  collect(ctx: Context, coins: readonly Money[]): void {
    this.bank.mint(ctx, "mint", coins);
    this.bank.send(ctx, moduleAddress("mint"), moduleAddress("fee_collector"), coins);
  }

  /** Ends the block and begins the next, `seconds` later, after a commit with these votes. All invariants hold. Gives the events of its begin. */
  end(votes: Votes = [], seconds = 5n): EmittedEvent[] {
    transact(this.stores, (ctx) => this.modules.forEach((module) => module.validatorUpdates?.(ctx)), { ...this.block, mode: "block" });
    this.height++;
    this.clock += seconds;
    const lastCommit = { round: 0, votes: votes.map(([i, power]) => ({ validator: { address: consensus(i), power: BigInt(power) }, blockIdFlag: 2 as const })) };
    const { events } = transact(this.stores, (ctx) => this.modules.forEach((module) => module.beginBlock?.(ctx, { lastCommit, misbehavior: [] })), { ...this.block, mode: "block" });
    const broken = this.broken();
    if (broken.length > 0) throw new Error(broken.join("; "));
    return events;
  }

  broken(): string[] {
    const ctx = testContext(this.stores, { ...this.block, mode: "query" });
    return brokenInvariants(this.stores, this.modules.map((module) => ({ ...module, invariants: Object.fromEntries(Object.entries(module.invariants ?? {}).map(([name, check]) => [name, () => check(ctx)])) })));
  }
  balance(i: number, of = denom): bigint {
    return this.bank.balance(this.ctx, accountOf(i), of);
  }
  query<T>(name: string, request: unknown, module = "distribution"): T {
    return query<T>(this.stores, this.modules, `/cosmos.${module}.v1beta1.Query/${name}`, request, this.block);
  }
  exported(): Record<string, unknown> {
    return Object.fromEntries(this.modules.map((module) => [module.name, module.genesis!.export(this.ctx)]));
  }
}
