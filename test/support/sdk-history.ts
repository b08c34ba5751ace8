/** Replays histories that test/vectors/staking/generate wrote with the Cosmos SDK's keepers. For tests only. */
import { addressText, moduleAddress, prefixes, pubkeyAddress } from "../../chain/codec/address.ts";
import { toHex, utf8 } from "../../chain/codec/bytes.ts";
import { messageFromJson, toJson, type Json } from "../../chain/codec/proto-json.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { encodePubKey } from "../../chain/codec/pubkey.ts";
import { Dec } from "../../chain/math/dec.ts";
import { authority } from "../../chain/runtime/addresses.ts";
import { coinsText, fromWire } from "../../chain/runtime/coins.ts";
import { Context } from "../../chain/runtime/context.ts";
import { TxError } from "../../chain/runtime/errors.ts";
import { GasMeter } from "../../chain/runtime/gas.ts";
import { timestampOf } from "../../chain/runtime/time-text.ts";
import { authModule } from "../../chain/modules/auth/module.ts";
import { bankModule } from "../../chain/modules/bank/module.ts";
import { params as consensusParams } from "../../chain/modules/consensus/state.ts";
import { initGenesis, memoryStores, query } from "../../chain/runtime/testing.ts";
import { StoresOverlay } from "../../chain/store/overlay.ts";
import { appModules } from "../simulation/world.ts";
import type { Misbehavior, ValidatorUpdate } from "../../chain/codec/gen/tendermint/abci/types.ts";
import type { BlockInputs, Genesis } from "../../chain/runtime/module.ts";

type Tree = { [name: string]: Tree | Json };

export interface HistoryBlock {
  readonly seconds: number;
  /** Validator, power, whether it signed the block before. */
  readonly votes: readonly (readonly [string, number, boolean])[];
  /** Validator, height, power. */
  readonly evidence?: readonly (readonly [string, number, number])[];
  /** What came of it (nothing, or codespace and code), what was done, with which words. */
  readonly operations: readonly (readonly [outcome: string, kind: string, ...words: Json[]])[];
  readonly updates?: Readonly<Record<string, number>>;
  /** A merge patch (RFC 7396) of the state after the block before. */
  readonly state: Tree;
}

export interface History {
  readonly seed: number;
  /** Parameters of the modules, and the minter. */
  readonly genesis: Readonly<Record<"staking" | "distribution" | "slashing" | "mint" | "minter", Json>>;
  readonly blocks: readonly HistoryBlock[];
}

const genesisSeconds = 1_767_225_600n;
const holders = 16;
const wealth = "1000000000000";
const denoms = ["udcm", "ufee"];
const moduleAccounts = ["fee_collector", "distribution", "mint", "bonded_tokens_pool", "not_bonded_tokens_pool"];
/** In the order of a block's beginning. */
const played = ["mint", "distribution", "slashing", "evidence", "staking"];

const { accounts } = authModule({ fee_collector: [] });
const { bank: money } = bankModule({ accounts, blocked: [] });

const account = (i: number): Uint8Array => sha256(utf8(`account ${i}`)).subarray(0, 20);
const consensusKey = (i: number): Uint8Array => sha256(utf8(`consensus ${i}`));
const consensus = (i: number): Uint8Array => pubkeyAddress({ kind: "ed25519", key: consensusKey(i) });
const indexOf = (name: Json): number => Number((name as string).slice(1));
const accountOf = (name: Json): string => addressText(account(indexOf(name)));
const operatorOf = (name: Json): string => addressText(account(indexOf(name)), prefixes.validator);
const stake = (amount: Json): object => ({ denom: "udcm", amount });
const coinsOf = (text: Json): { denom: string; amount: string }[] => (text as string).split(",").map((coin) => { const [, amount, denom] = /^(\d+)(.+)$/.exec(coin)!; return { denom: denom!, amount: amount! }; });
const dec = (text: Json): string => Dec.parse(text as string).toProto();
const keep = "[do-not-modify]";

type Words = readonly Json[];

/** Each kind of operation as a message, but fees, which no message pays. */
const messages: Readonly<Record<string, (words: Words) => readonly [typeUrl: string, message: object]>> = {
  create: ([validator, amount, rate, maxRate, maxChangeRate, minSelfDelegation]) => ["/cosmos.staking.v1beta1.MsgCreateValidator", {
    description: { moniker: validator, identity: "", website: "", securityContact: "", details: "" }, commission: { rate: dec(rate!), maxRate: dec(maxRate!), maxChangeRate: dec(maxChangeRate!) }, minSelfDelegation,
    delegatorAddress: "", validatorAddress: operatorOf(validator!), pubkey: encodePubKey({ kind: "ed25519", key: consensusKey(indexOf(validator!)) }), value: stake(amount!),
  }],
  edit: ([validator, rate, minSelfDelegation]) => ["/cosmos.staking.v1beta1.MsgEditValidator", {
    description: { moniker: keep, identity: keep, website: keep, securityContact: keep, details: keep }, validatorAddress: operatorOf(validator!), commissionRate: dec(rate!), minSelfDelegation,
  }],
  delegate: ([delegator, validator, amount]) => ["/cosmos.staking.v1beta1.MsgDelegate", { delegatorAddress: accountOf(delegator!), validatorAddress: operatorOf(validator!), amount: stake(amount!) }],
  undelegate: ([delegator, validator, amount]) => ["/cosmos.staking.v1beta1.MsgUndelegate", { delegatorAddress: accountOf(delegator!), validatorAddress: operatorOf(validator!), amount: stake(amount!) }],
  redelegate: ([delegator, from, to, amount]) => ["/cosmos.staking.v1beta1.MsgBeginRedelegate", { delegatorAddress: accountOf(delegator!), validatorSrcAddress: operatorOf(from!), validatorDstAddress: operatorOf(to!), amount: stake(amount!) }],
  cancel: ([delegator, validator, amount, height]) => ["/cosmos.staking.v1beta1.MsgCancelUnbondingDelegation", { delegatorAddress: accountOf(delegator!), validatorAddress: operatorOf(validator!), amount: stake(amount!), creationHeight: BigInt(height as string) }],
  withdraw: ([delegator, validator]) => ["/cosmos.distribution.v1beta1.MsgWithdrawDelegatorReward", { delegatorAddress: accountOf(delegator!), validatorAddress: operatorOf(validator!) }],
  commission: ([validator]) => ["/cosmos.distribution.v1beta1.MsgWithdrawValidatorCommission", { validatorAddress: operatorOf(validator!) }],
  address: ([delegator, to]) => ["/cosmos.distribution.v1beta1.MsgSetWithdrawAddress", { delegatorAddress: accountOf(delegator!), withdrawAddress: accountOf(to!) }],
  fund: ([depositor, coins]) => ["/cosmos.distribution.v1beta1.MsgFundCommunityPool", { depositor: accountOf(depositor!), amount: coinsOf(coins!) }],
  deposit: ([depositor, validator, coins]) => ["/cosmos.distribution.v1beta1.MsgDepositValidatorRewardsPool", { depositor: accountOf(depositor!), validatorAddress: operatorOf(validator!), amount: coinsOf(coins!) }],
  spend: ([recipient, coins]) => ["/cosmos.distribution.v1beta1.MsgCommunityPoolSpend", { authority, recipient: accountOf(recipient!), amount: coinsOf(coins!) }],
  unjail: ([validator]) => ["/cosmos.slashing.v1beta1.MsgUnjail", { validatorAddr: operatorOf(validator!) }],
  params: ([module, params]) => [`/cosmos.${module as string}.v1beta1.MsgUpdateParams`, { authority, params: messageFromJson(`cosmos.${module as string}.v1beta1.Params`, params!) }],
};

export class SdkHistory {
  readonly #stores = memoryStores();
  readonly #modules = appModules();
  readonly #names = new Map<string, string>();
  #height = 0n;
  #nanos = genesisSeconds * 1_000_000_000n;
  readonly #times = new Map<bigint, bigint>();
  #wanted: Tree = {};

  constructor({ staking, distribution, slashing, mint, minter }: History["genesis"]) {
    const balances = Array.from({ length: holders }, (_, i) => ({ address: addressText(account(i)), coins: denoms.map((denom) => ({ denom, amount: wealth })) }));
    const section = (name: string, values: object): object => ({ ...(this.#genesisOf(name).defaults() as object), ...values });
    const params = (module: string, json: Json): object => ({ params: messageFromJson(`cosmos.${module}.v1beta1.Params`, json) });
    initGenesis(this.#stores, this.#modules, {
      bank: section("bank", { balances }), staking: section("staking", params("staking", staking)), distribution: section("distribution", params("distribution", distribution)), slashing: section("slashing", params("slashing", slashing)),
      mint: section("mint", { ...params("mint", mint), minter: messageFromJson("cosmos.mint.v1beta1.Minter", minter) }),
    });
    for (let i = 0; i < holders; i++) {
      this.#names.set(accountOf(`a${i}`), `a${i}`).set(operatorOf(`v${i}`), `v${i}`).set(addressText(consensus(i), prefixes.consensus), `c${i}`);
    }
    this.#keep("genesis", (ctx) => {
      consensusParams.set(ctx, { block: undefined, validator: undefined, version: undefined, abci: undefined, authority: undefined, evidence: { maxAgeNumBlocks: 12n, maxAgeDuration: { seconds: 80n, nanos: 0 }, maxBytes: 1_000n } });
    });
  }

  #genesisOf(module: string): Genesis<unknown> {
    return this.#modules.find(({ name }) => name === module)!.genesis as Genesis<unknown>;
  }

  #context(stores: StoresOverlay, mode: "block" | "deliver" | "genesis" | "query", proposer: Uint8Array = new Uint8Array(20)): Context {
    return new Context({ chainId: "test-1", height: this.#height, timeNanos: this.#nanos, proposer }, stores, mode, new GasMeter(Infinity));
  }

  /** Runs `body`, all of it or nothing. */
  #keep<T>(mode: "block" | "deliver" | "genesis", body: (ctx: Context) => T, proposer?: Uint8Array): T {
    const overlay = new StoresOverlay(this.#stores);
    const out = body(this.#context(overlay, mode, proposer));
    overlay.flush(this.#stores);
    return out;
  }

  /** Executes one block; gives what came of its operations, what CometBFT is told, the state after it and the one that the SDK has. */
  block({ seconds, votes, evidence = [], operations, state }: HistoryBlock): { readonly outcomes: string[]; readonly updates: Record<string, number>; readonly state: Tree; readonly wanted: Tree } {
    this.#height++;
    this.#nanos += BigInt(seconds) * 1_000_000_000n;
    this.#times.set(this.#height, this.#nanos);
    const inputs: BlockInputs = {
      lastCommit: { round: 0, votes: votes.map(([validator, power, signed]) => ({ validator: { address: consensus(indexOf(validator)), power: BigInt(power) }, blockIdFlag: signed ? 2 : 1 })) },
      misbehavior: evidence.map(([validator, height, power]): Misbehavior => ({
        type: 1, validator: { address: consensus(indexOf(validator)), power: BigInt(power) }, height: BigInt(height), time: timestampOf(this.#times.get(BigInt(height))!), totalVotingPower: 0n,
      })),
    };
    const proposer = votes.length === 0 ? consensus(0) : consensus(indexOf(votes[Number(this.#height) % votes.length]![0]));
    const modules = played.map((wanted) => this.#modules.find(({ name }) => name === wanted)!);
    this.#keep("block", (ctx) => { for (const module of modules) module.beginBlock?.(ctx, inputs); }, proposer);
    const outcomes = operations.map(([, kind, ...words]) => this.#run(kind, words));
    const updates = this.#keep("block", (ctx) => modules.flatMap((module) => module.validatorUpdates?.(ctx) ?? []));
    this.#wanted = merged(this.#wanted, state);
    return { outcomes, updates: Object.fromEntries(updates.map(told)), state: this.#state(), wanted: this.#wanted };
  }

  #run(kind: string, words: Words): string {
    try {
      if (kind === "fees") this.#keep("deliver", (ctx) => { money.send(ctx, account(holders - 1), moduleAddress("fee_collector"), fromWire(coinsOf(words[0]!))); });
      else {
        const [typeUrl, message] = messages[kind]!(words);
        const { handler } = this.#modules.flatMap((module) => module.messages).find((one) => one.typeUrl === typeUrl)!;
        this.#keep("deliver", (ctx) => {
          handler.check(message);
          handler.execute(ctx, message);
        });
      }
      return "";
    } catch (error) {
      if (error instanceof TxError) return `${error.codespace} ${error.code}`;
      throw error;
    }
  }

  #state(): Tree {
    const ctx = this.#context(this.#stores, "query");
    const out: Tree = {};
    for (const name of ["staking", "distribution", "slashing", "mint"]) {
      const { type, export: write } = this.#genesisOf(name);
      out[name] = treeOf(toJson((type as unknown as { $type: string }).$type, write(ctx) as object), this.#names);
    }
    for (const validator of Object.values((out["staking"] as Record<string, Tree>)["validators"]!) as Tree[]) {
      // The SDK lets the last of these pile up (ADR 17).
      for (const field of ["description", "consensus_pubkey", "unbonding_ids"]) delete validator[field];
    }
    const balanceOf = (address: Uint8Array): string => coinsText(this.#ask<{ balances: { denom: string; amount: string }[] }>("AllBalances", { address: addressText(address), pagination: undefined, resolveDenom: false }).balances);
    const balances: Tree = {};
    for (let i = 0; i < holders; i++) balances[`a${i}`] = balanceOf(account(i));
    for (const name of moduleAccounts) balances[name] = balanceOf(moduleAddress(name));
    balances["supply"] = coinsText(denoms.map((denom) => this.#ask<{ amount: { denom: string; amount: string } }>("SupplyOf", { denom }).amount));
    return { ...out, balances };
  }

  #ask<T>(name: string, request: object): T {
    return query<T>(this.#stores, this.#modules, `/cosmos.bank.v1beta1.Query/${name}`, request, { height: this.#height });
  }
}

function told({ pubKey, power }: ValidatorUpdate): [string, number] {
  const key = toHex(pubKey!.ed25519!);
  for (let i = 0; i < holders; i++) if (toHex(consensusKey(i)) === key) return [`v${i}`, Number(power)];
  throw new Error(`an update of an unknown key ${key}`);
}

/** RFC 7396. */
function merged(before: Tree, patch: Tree): Tree {
  const out: Tree = { ...before };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete out[name];
    else out[name] = isTree(value) ? merged(isTree(out[name]) ? out[name] : {}, value) : value;
  }
  return out;
}

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

const identities = new Set(["period", "height", "denom", "index"]);

/** Lists become objects, by what identifies a record; addresses become short names. The generator does the same. */
function treeOf(value: Json, names: ReadonlyMap<string, string>): Tree | Json {
  if (typeof value === "string") return names.get(value) ?? value;
  if (Array.isArray(value)) {
    const out: Tree = {};
    value.forEach((inner: Json, i) => {
      const record = treeOf(inner, names);
      out[(isTree(record) ? takeIdentity(inner as Readonly<Record<string, Json>>, record, names) : "") || String(i)] = record;
    });
    return out;
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, treeOf(inner as Json, names)]));
}

function takeIdentity(source: Readonly<Record<string, Json>>, record: Tree, names: ReadonlyMap<string, string>): string {
  const parts: string[] = [];
  for (const name of Object.keys(source).sort()) {
    const text = source[name];
    if (typeof text !== "string" || !(names.has(text) || identities.has(name))) continue;
    parts.push(record[name] as string);
    delete record[name];
  }
  return parts.join(" ");
}
