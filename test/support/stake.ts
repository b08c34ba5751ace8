/** A chain of accounts and stake in memory, block by block. For tests only. */
import { addressText, prefixes, pubkeyAddress } from "../../chain/codec/address.ts";
import { encodePubKey } from "../../chain/codec/pubkey.ts";
import { Dec } from "../../chain/math/dec.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext, transact, type TestBlock } from "../../chain/runtime/testing.ts";
import { authModule } from "../../chain/modules/auth/module.ts";
import { bankModule } from "../../chain/modules/bank/module.ts";
import { validatorsModule } from "../../chain/modules/staking/validators/module.ts";
import { defaultParams } from "../../chain/modules/staking/validators/params.ts";
import { validators } from "../../chain/modules/staking/validators/state.ts";
import type { Params, Validator } from "../../chain/codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { MsgCreateValidator } from "../../chain/codec/gen/cosmos/staking/v1beta1/tx.ts";
import type { ValidatorUpdate } from "../../chain/codec/gen/tendermint/abci/types.ts";
import type { EmittedEvent } from "../../chain/runtime/context.ts";
import type { BlockInputs, Module } from "../../chain/runtime/module.ts";
import type { AccountsPort } from "../../chain/modules/auth/ports.ts";
import type { BankPort } from "../../chain/modules/bank/ports.ts";
import type { StakingHooks, StakingPort } from "../../chain/modules/staking/validators/ports.ts";

export const denom = defaultParams().bondDenom;
export const account = (i: number): Uint8Array => new Uint8Array(20).fill(i);
export const text = (i: number): string => addressText(account(i));
export const valoper = (i: number): string => addressText(account(i), prefixes.validator);
export const consensus = (i: number): Uint8Array => pubkeyAddress({ kind: "ed25519", key: new Uint8Array(32).fill(i) });
export const dec = (value: string): string => Dec.parse(value).toProto();
const genesisTime = 1_767_225_600n;

/** A MsgCreateValidator of account i, without its stake. */
export function validatorOf(i: number): Omit<MsgCreateValidator, "value"> {
  return {
    description: { moniker: `v${i}`, identity: "", website: "", securityContact: "", details: "" }, commission: { rate: dec("0.1"), maxRate: dec("0.2"), maxChangeRate: dec("0.01") },
    minSelfDelegation: "1", delegatorAddress: "", validatorAddress: valoper(i), pubkey: encodePubKey({ kind: "ed25519", key: new Uint8Array(32).fill(i) }),
  };
}

export interface StakeChainOptions {
  readonly accounts?: number;
  readonly params?: Partial<Params>;
  readonly hooks?: readonly StakingHooks[];
  /** Modules that begin blocks before staking does, and what they hear of it. */
  readonly around?: (validators: StakingPort) => { readonly modules: readonly Module[]; readonly hooks: StakingHooks };
  /** Genesis of those. */
  readonly sections?: Readonly<Record<string, unknown>>;
  readonly from?: StakeChain;
  readonly section?: unknown;
}

export class StakeChain {
  readonly stores = memoryStores();
  readonly modules: readonly Module[];
  readonly bank: BankPort;
  readonly accounts: AccountsPort;
  readonly port: StakingPort;
  height = 1n;
  /** Seconds since genesis. */
  clock = 0n;

  /** Accounts 1 to `accounts` hold 10^11 each; or everything is as another chain, or this section in its place, exports it. */
  constructor({ accounts = 9, params = {}, hooks = [], around, sections, from, section }: StakeChainOptions = {}) {
    const { module: auth, accounts: keeper } = authModule({ fee_collector: [], bonded_tokens_pool: ["burner", "staking"], not_bonded_tokens_pool: ["burner", "staking"] });
    const { module: bankMod, bank } = bankModule({ accounts: keeper, blocked: [] });
    const own: StakingHooks[] = [];
    const { module: staking, validators: port } = validatorsModule({ bank, accounts: keeper, hooks: around === undefined ? hooks : own });
    const others = around?.(port);
    if (others !== undefined) own.push(...hooks, others.hooks);
    this.modules = [auth, bankMod, ...(others?.modules ?? []), staking];
    this.bank = bank;
    this.accounts = keeper;
    this.port = port;
    if (from !== undefined) {
      this.height = from.height;
      this.clock = from.clock;
      const exported = Object.fromEntries(from.modules.flatMap((module) => (module.genesis === undefined ? [] : [[module.name, module.genesis.export(from.ctx)]])));
      initGenesis(this.stores, this.modules, { ...exported, ...(section === undefined ? {} : { staking: section }) });
      return;
    }
    const balances = Array.from({ length: accounts }, (_, i) => ({ address: addressText(accountOf(i + 1)), coins: [{ denom, amount: "100000000000" }] }));
    initGenesis(this.stores, this.modules, {
      bank: { params: undefined, balances, supply: [], denomMetadata: [], sendEnabled: [] }, staking: { ...(staking.genesis!.defaults() as object), params: { ...defaultParams(), ...params } }, ...sections,
    });
  }

  exported(): unknown {
    return this.modules.find(({ name }) => name === "staking")!.genesis!.export(this.ctx);
  }

  get block(): TestBlock {
    return { height: this.height, time: genesisTime + this.clock };
  }
  get ctx(): ReturnType<typeof testContext> {
    return testContext(this.stores, this.block);
  }

  /** Runs a message of the module by its short name; gives its response, its events, its gas. */
  run(name: string, message: unknown, block: TestBlock = {}): ReturnType<typeof transact<unknown>> {
    return execute(this.stores, this.modules, `/cosmos.staking.v1beta1.Msg${name}`, message, { ...this.block, ...block });
  }
  create(i: number, amount: bigint | number): void {
    this.run("CreateValidator", { ...validatorOf(i), value: { denom, amount: String(amount) } });
  }
  delegate(from: number, to: number, amount: bigint | number): void {
    this.run("Delegate", { delegatorAddress: text(from), validatorAddress: valoper(to), amount: { denom, amount: String(amount) } });
  }
  undelegate(from: number, to: number, amount: bigint | number): void {
    this.run("Undelegate", { delegatorAddress: text(from), validatorAddress: valoper(to), amount: { denom, amount: String(amount) } });
  }
  redelegate(delegator: number, from: number, to: number, amount: bigint | number): void {
    this.run("BeginRedelegate", { delegatorAddress: text(delegator), validatorSrcAddress: valoper(from), validatorDstAddress: valoper(to), amount: { denom, amount: String(amount) } });
  }
  /** As a module around staking acts: all or nothing. */
  act<T>(body: (ctx: ReturnType<typeof testContext>) => T): T {
    return transact(this.stores, body, this.block).value;
  }
  slash(i: number, infraction: bigint, power: bigint, fraction: string): bigint {
    return this.act((ctx) => this.port.slash(ctx, consensus(i), infraction, power, Dec.parse(fraction)));
  }

  /** Ends the block and begins the next, `seconds` later. All invariants hold. */
  end(seconds = 1n, inputs: BlockInputs = { lastCommit: undefined, misbehavior: [] }): { readonly updates: ValidatorUpdate[]; readonly events: EmittedEvent[]; readonly begun: EmittedEvent[] } {
    const { value: updates, events } = transact(this.stores, (ctx) => this.modules.flatMap((module) => module.validatorUpdates?.(ctx) ?? []), { ...this.block, mode: "block" });
    const broken = brokenInvariants(this.stores, this.modules, this.block);
    if (broken.length > 0) throw new Error(broken.join("; "));
    this.height++;
    this.clock += seconds;
    const { events: begun } = transact(this.stores, (ctx) => { for (const module of this.modules) module.beginBlock?.(ctx, inputs); }, { ...this.block, mode: "block" });
    return { updates, events, begun };
  }
  /** The first byte of each key with its new power. */
  powers(seconds?: bigint): (readonly [number, bigint])[] {
    return this.end(seconds).updates.map(({ pubKey, power }) => [pubKey!.ed25519![0]!, power] as const);
  }

  validator(i: number): Validator | undefined {
    return validators.find(this.ctx, account(i));
  }
  balance(i: number): bigint {
    return this.bank.balance(this.ctx, account(i), denom);
  }
  query<T>(name: string, request: unknown): T {
    return query<T>(this.stores, this.modules, `/cosmos.staking.v1beta1.Query/${name}`, request, this.block);
  }
}

/** Beyond 255 accounts the first bytes count. */
export function accountOf(i: number): Uint8Array {
  if (i < 256) return account(i);
  const out = new Uint8Array(20);
  out[0] = (i >> 8) & 0xff;
  out[1] = i & 0xff;
  out[2] = 1;
  out[3] = i >> 16;
  return out;
}
