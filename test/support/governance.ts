/** All modules of the app in memory, block by block, with three validators and whoever proposes and votes. For tests only. */
import { createApp } from "../../chain/app.ts";
import { addressText, moduleAddress } from "../../chain/codec/address.ts";
import { defaultParams } from "../../chain/modules/governance/params.ts";
import { defaultParams as stakingParams } from "../../chain/modules/staking/validators/params.ts";
import { emptyStores, brokenInvariants, execute, initGenesis, memoryStores, query, testContext, transact, type TestBlock } from "../../chain/runtime/testing.ts";
import { authModule } from "../../chain/modules/auth/module.ts";
import { bankModule } from "../../chain/modules/bank/module.ts";
import { distributionModule } from "../../chain/modules/distribution/module.ts";
import { joinHooks } from "../../chain/modules/staking/validators/hooks.ts";
import { slash } from "../../chain/modules/staking/validators/slash.ts";
import { stakingPort } from "../../chain/modules/staking/validators/staking-port.ts";
import type { StoresOverlay } from "../../chain/store/overlay.ts";
import { powerReduction } from "../../chain/modules/staking/validators/params.ts";
import { validators } from "../../chain/modules/staking/validators/state.ts";
import { Dec } from "../../chain/math/dec.ts";
import { account, consensus, denom, text, validatorOf, valoper } from "./stake.ts";
import type { Any } from "../../chain/codec/gen/google/protobuf/any.ts";
import { BondStatus } from "../../chain/codec/gen/cosmos/staking/v1beta1/staking.ts";
import { VoteOption, type Params, type Proposal, type TallyResult } from "../../chain/codec/gen/cosmos/gov/v1/gov.ts";
import type { EmittedEvent } from "../../chain/runtime/context.ts";
import type { Module } from "../../chain/runtime/module.ts";

export { account, denom, text, valoper } from "./stake.ts";
export const gov = addressText(moduleAddress("gov"));
export const million = 1_000_000n;
export const { VOTE_OPTION_YES: yes, VOTE_OPTION_NO: no, VOTE_OPTION_ABSTAIN: abstain, VOTE_OPTION_NO_WITH_VETO: veto } = VoteOption;

interface Encodable<T> {
  readonly $type: string;
  fromPartial(value: object): T;
  encode(value: T): { finish(): Uint8Array };
}
export const pack = <T>(type: Encodable<T>, value: object): Any => ({ typeUrl: `/${type.$type}`, value: type.encode(type.fromPartial(value)).finish() });

const never = (): never => {
  throw new Error("this machine never runs");
};
const modulesOf = (): readonly Module[] => createApp({ store: { version: 0, appHash: new Uint8Array(32), latest: () => emptyStores, at: never, prepare: never, commit: never }, strict: true, report: never, minGasPrices: [] }).modules;

/** Staking with the listener that must hear of slashes, over the same stores. */
const { accounts } = authModule({ bonded_tokens_pool: ["burner", "staking"], not_bonded_tokens_pool: ["burner", "staking"], distribution: [] });
const { bank: money } = bankModule({ accounts, blocked: [] });
const { hooks: rewards } = distributionModule({ bank: money, accounts, staking: stakingPort({ bank: money, hooks: joinHooks([]) }) });

/** Voting periods of a minute, expedited ones of 20 s, deposit periods of half a minute; the least deposits are 10 and 50 million. */
export const shortParams: Params = { ...defaultParams(), votingPeriod: { seconds: 60n, nanos: 0 }, expeditedVotingPeriod: { seconds: 20n, nanos: 0 }, maxDepositPeriod: { seconds: 30n, nanos: 0 } };

export class GovernanceChain {
  readonly stores: StoresOverlay;
  readonly modules = modulesOf();
  height = 1n;
  /** Seconds since genesis. */
  clock = 0n;

  /** Accounts 1 to 30 hold 10^11 each; 1, 2 and 3 are validators with 60, 30 and 10 million staked; `more` are rich too. Or everything is as another chain exports it. */
  constructor(params: Partial<Params> = {}, from?: GovernanceChain, more: readonly string[] = [], stores = memoryStores()) {
    this.stores = stores;
    if (from !== undefined) {
      this.height = from.height;
      this.clock = from.clock;
      initGenesis(this.stores, this.modules, Object.fromEntries(from.modules.filter((module) => module.genesis !== undefined).map((module) => [module.name, module.genesis!.export(from.ctx)])), this.block);
      return;
    }
    const balances = [...Array.from({ length: 30 }, (_, i) => text(i + 1)), ...more].map((address) => ({ address, coins: [{ denom, amount: "100000000000" }] }));
    const section = (name: string): object => this.modules.find((module) => module.name === name)!.genesis!.defaults() as object;
    initGenesis(this.stores, this.modules, {
      bank: { ...section("bank"), balances }, staking: { ...section("staking"), params: { ...stakingParams(), unbondingTime: { seconds: 100n, nanos: 0 } } }, gov: { ...section("gov"), params: { ...shortParams, ...params } },
    });
    for (const [i, amount] of [[1, 60n], [2, 30n], [3, 10n]] as const) this.send("/cosmos.staking.v1beta1.MsgCreateValidator", { ...validatorOf(i), value: { denom, amount: String(amount * million) } });
    this.end();
  }

  get block(): TestBlock {
    return { height: this.height, time: 1_767_225_600n + this.clock };
  }
  get ctx(): ReturnType<typeof testContext> {
    return testContext(this.stores, this.block);
  }

  send(typeUrl: string, message: unknown, block: TestBlock = {}): ReturnType<typeof transact<unknown>> {
    return execute(this.stores, this.modules, typeUrl, message, { ...this.block, ...block });
  }
  /** A message of gov v1 by its short name. */
  run(name: string, message: unknown, block: TestBlock = {}): ReturnType<typeof transact<unknown>> {
    return this.send(`/cosmos.gov.v1.Msg${name}`, message, block);
  }
  /** Account 4's proposal with the whole deposit; gives its id. */
  propose(messages: readonly Any[] = [], more: object = {}): bigint {
    const expedited = (more as { expedited?: boolean }).expedited === true;
    const message = { messages, initialDeposit: [{ denom, amount: expedited ? "50000000" : "10000000" }], proposer: text(4), metadata: "ipfs://CID", title: "a title", summary: "a summary", expedited: false, ...more };
    return (this.run("SubmitProposal", message).value as { proposalId: bigint }).proposalId;
  }
  vote(proposalId: bigint, voter: number, option: VoteOption = yes): EmittedEvent[] {
    return this.run("Vote", { proposalId, voter: text(voter), option, metadata: "" }).events;
  }
  delegate(from: number, to: number, amount: bigint): void {
    this.send("/cosmos.staking.v1beta1.MsgDelegate", { delegatorAddress: text(from), validatorAddress: valoper(to), amount: { denom, amount: String(amount) } });
  }
  undelegate(from: number, to: number, amount: bigint): void {
    this.send("/cosmos.staking.v1beta1.MsgUndelegate", { delegatorAddress: text(from), validatorAddress: valoper(to), amount: { denom, amount: String(amount) } });
  }
  redelegate(delegator: number, from: number, to: number, amount: bigint): void {
    this.send("/cosmos.staking.v1beta1.MsgBeginRedelegate", { delegatorAddress: text(delegator), validatorSrcAddress: valoper(from), validatorDstAddress: valoper(to), amount: { denom, amount: String(amount) } });
  }

  /** Slashes a tenth of a validator's stake, as if it had signed twice in this block. */
  slash(i: number): void {
    const power = BigInt(validators.find(this.ctx, account(i))?.tokens ?? "0") / powerReduction;
    transact(this.stores, (ctx) => slash({ bank: money, hooks: joinHooks([rewards]) }, ctx, consensus(i), this.height, power, Dec.parse("0.1")), this.block);
  }

  /** Ends the block and begins the next, `seconds` later; gives the events of its end. All invariants of stake, money and governance hold. */
  end(seconds = 1n): EmittedEvent[] {
    const { events } = transact(this.stores, (ctx) => {
      for (const module of this.modules) module.endBlock?.(ctx);
      for (const module of this.modules) module.validatorUpdates?.(ctx);
    }, { ...this.block, mode: "block" });
    const broken = brokenInvariants(this.stores, this.modules.filter(({ name }) => ["gov", "bank", "staking"].includes(name)), this.block);
    if (broken.length > 0) throw new Error(broken.join("; "));
    this.height++;
    this.clock += seconds;
    return events;
  }
  /** Whether a validator is in the set. */
  signs(i: number): boolean {
    return validators.find(this.ctx, account(i))?.status === BondStatus.BOND_STATUS_BONDED;
  }
  /** Ends the block after `seconds`, and begins the next with the votes of the set, as every module sees it. */
  whole(seconds: bigint): void {
    this.clock += seconds;
    this.end();
    this.begin(3);
  }
  /** Begins the block with the votes of the validators from 1 on, as far as they are in the set. */
  begin(last: number): void {
    const votes = Array.from({ length: last }, (_, i) => 1 + i).filter((i) => this.signs(i)).map((i) => ({ validator: { address: consensus(i), power: BigInt(validators.find(this.ctx, account(i))!.tokens) / powerReduction }, blockIdFlag: 2 as const }));
    transact(this.stores, (ctx) => { for (const module of this.modules) module.beginBlock?.(ctx, { lastCommit: { round: 0, votes }, misbehavior: [] }); }, { ...this.block, mode: "block" });
  }
  /** Lets time pass, then ends the block that notices. */
  after(seconds: bigint): EmittedEvent[] {
    this.clock += seconds;
    return this.end();
  }

  query<T>(name: string, request: unknown, version = "v1"): T {
    return query<T>(this.stores, this.modules, `/cosmos.gov.${version}.Query/${name}`, request, this.block);
  }
  proposal(proposalId: bigint): Proposal {
    return this.query<{ proposal: Proposal }>("Proposal", { proposalId }).proposal;
  }
  tally(proposalId: bigint): TallyResult {
    return this.query<{ tally: TallyResult }>("TallyResult", { proposalId }).tally;
  }
  balance(address: string): bigint {
    return BigInt(query<{ balance: { amount: string } }>(this.stores, this.modules, "/cosmos.bank.v1beta1.Query/Balance", { address, denom }, this.block).balance.amount);
  }
  /** A text that all validators vote for at once is decided. */
  pass(messages: readonly Any[], more: object = {}): Proposal {
    const id = this.propose(messages, more);
    for (const voter of [1, 2, 3]) this.vote(id, voter);
    this.after(60n);
    return this.proposal(id);
  }
}
