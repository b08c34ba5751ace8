/** A market with ports in memory, for tests: the bond denom and others, providers with bonds, a clock and seeds that the test turns. */
import { addressBytes, addressText, moduleAddress } from "../../codec/address.ts";
import { compareBytes, toHex, uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { Comparator, Term, TimeInForce, VerificationLevel, type Blob, type Params, type Result, type Stage, type StageSpec, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import type { GenesisState } from "../../codec/gen/dcm/market/v1/genesis.ts";
import type { InstanceView } from "../../codec/gen/dcm/market/v1/query.ts";
import type { MsgPlaceBid, MsgPlaceServiceBid } from "../../codec/gen/dcm/market/v1/tx.ts";
import { errorOf, sdkErrors, TxError } from "../../runtime/errors.ts";
import { brokenInvariants, execute, initGenesis, memoryStores, query, testContext, transact } from "../../runtime/testing.ts";
import type { StoresOverlay } from "../../store/overlay.ts";
import { minInt } from "../../math/int.ts";
import { registersBytes } from "../../vm/state-hash.ts";
import { cpuSmall, rv32Core, wasmCore } from "./classes.ts";
import { commitmentOf } from "./commitment.ts";
import { organizationModule } from "../organization/testing.ts";
import { marketModule } from "./module.ts";
import { localnetParams } from "./params.ts";
import type { Money } from "../../runtime/coins.ts";
import { Context, type EmittedEvent } from "../../runtime/context.ts";
import type { Module } from "../../runtime/module.ts";
import type { ProviderView } from "../staking/providers/ports.ts";
import type { DeliveriesPort, Delivery, DeliveryOutcome, HoldsPort, MarketPorts, RefereedPort, RefereePort } from "./ports.ts";

export { taskIdOf } from "./state.ts";

export const denom = "udcm";
/** Where a balance of the account is kept: under its name alone in the bond denom. */
const purse = (account: string, of: string): string => (of === denom ? account : `${account} ${of}`);
export const name = (label: string): string => addressText(sha256(utf8(label)).slice(0, 20));
export const authority = name("gov");

interface FakeProvider {
  organization: string;
  bond: bigint;
  reserved: bigint;
  locked: bigint;
  active: boolean;
  silent: boolean;
  retiring: boolean;
  freeDeclines: number;
  outcomes: string[];
  attributes: readonly (readonly [key: string, value: string])[];
  /** As `key=value`. */
  attested: string[];
}

/** What a test can do with a market; every block ends with a look at all invariants. */
export class TestMarket {
  readonly stores: StoresOverlay;
  readonly balances = new Map<string, bigint>();
  readonly providers = new Map<string, FakeProvider>();
  burned = 0n;
  slashedBurned = 0n;
  height = 1n;
  tau = 1_000_000n;
  /** Unix seconds of the header. */
  time = 1_767_225_600n;
  events: EmittedEvent[] = [];
  readonly ports: MarketPorts;
  readonly module: ReturnType<typeof marketModule>["module"];
  readonly deliveries: DeliveriesPort;
  readonly holds: HoldsPort;
  readonly refereed: RefereedPort;
  /** Audits that differed; each is disputed at once, as the referee does it. */
  readonly differing: { readonly taskId: bigint; readonly auditor: string; readonly stateHash: Uint8Array }[] = [];
  /** Replicas that differed; the market has their task in dispute already. */
  readonly contested: { readonly taskId: bigint; readonly replica: string; readonly stateHash: Uint8Array }[] = [];
  /** The market, and what a test puts beside it. */
  readonly modules: Module[];
  readonly #listeners: ((address: Uint8Array) => void)[] = [];

  constructor(params: Partial<Params> = {}, edit: (state: GenesisState) => void = () => undefined, prepare: (market: TestMarket) => void = () => undefined, stores = memoryStores()) {
    this.stores = stores;
    const ports = this.#makePorts();
    const organization = organizationModule({ bank: ports.bank, accounts: ports.accounts, authority });
    const auditDiffers: RefereePort["auditDiffers"] = (ctx, taskId, auditor, stateHash) => {
      this.differing.push({ taskId, auditor, stateHash });
      this.refereed.dispute(ctx, taskId);
    };
    const replicasDiffer: RefereePort["replicasDiffer"] = (_, taskId, replica, stateHash) => void this.contested.push({ taskId, replica, stateHash });
    this.ports = { ...ports, organizations: organization.organizations, referee: { auditDiffers, replicasDiffer } };
    prepare(this);
    const { module, deliveries, holds, refereed } = marketModule(this.ports);
    this.module = module;
    this.deliveries = deliveries;
    this.holds = holds;
    this.refereed = refereed;
    this.modules = [module];
    const section = this.module.genesis!.defaults() as GenesisState;
    section.params = [{ version: 1n, params: { ...localnetParams(), ...params } }];
    section.classes = [{ ...cpuSmall(), minBondPerUnit: 1_000n }, { ...rv32Core(), minBondPerUnit: 1_000n, maxLotMs: 100n, meterPerLot: wasmCore().meterPerLot }, { ...wasmCore(), minBondPerUnit: 1_000n, maxLotMs: 100n }];
    edit(section);
    initGenesis(this.stores, [this.module], { market: section });
    this.join(organization.module, organization.module.genesis!.defaults());
  }

  /** A market that begins with what this one exports, at its height and tau, with the same money and providers around it. */
  carriedOver(): TestMarket {
    const exported = this.module.genesis!.export(testContext(this.stores, { height: this.height })) as GenesisState;
    return new TestMarket({}, (section) => Object.assign(section, exported), (fresh) => {
      for (const [key, value] of this.balances) fresh.balances.set(key, value);
      for (const [key, value] of this.providers) fresh.providers.set(key, value);
      fresh.tau = this.tau;
      fresh.height = this.height;
    });
  }

  #makePorts(): Omit<MarketPorts, "organizations" | "referee"> {
    const key = (address: Uint8Array): string => addressText(address);
    const move = (from: string, to: string, { denom: of, amount }: Money): void => {
      [from, to] = [purse(from, of), purse(to, of)];
      const held = this.balances.get(from) ?? 0n;
      if (held < amount) throw errorOf(sdkErrors.insufficientFunds, `${from} has ${held}`);
      this.balances.set(from, held - amount);
      this.balances.set(to, (this.balances.get(to) ?? 0n) + amount);
    };
    const provider = (address: Uint8Array): FakeProvider => {
      const found = this.providers.get(key(address));
      if (found === undefined) throw new Error("no such provider");
      return found;
    };
    const free = (one: FakeProvider): bigint => one.bond - one.reserved - one.locked;
    const check = (one: FakeProvider): void => {
      if (one.reserved < 0n || one.locked < 0n || free(one) < 0n) throw new Error(`bond out of range: ${one.bond} ${one.reserved} ${one.locked}`);
    };
    const one = { address: new Uint8Array(20), pubKey: undefined, accountNumber: 0n, sequence: 0n, addressText: "", lockedAt: () => [], moduleName: undefined };
    return {
      authority,
      clock: { tau: () => this.tau },
      beacon: { seed: (_, height) => (height <= this.height ? sha256(utf8("seed"), uint64Bytes(height)) : undefined) },
      accounts: {
        find: () => one, has: () => true, ensure: () => one, moduleAccount: (_, module) => moduleAddress(module), locked: () => [], createVesting: () => undefined,
        trackDelegation: () => undefined, trackUndelegation: () => undefined,
      },
      bank: {
        balance: (_, address, of) => this.balanceOf(key(address), of),
        balances: (_, address) => [{ denom, amount: this.balanceOf(key(address), denom) }].filter(({ amount }) => amount > 0n),
        spendable: (_, address, of) => this.balanceOf(key(address), of),
        send: (_, from, to, coins) => coins.forEach((coin) => move(key(from), key(to), coin)),
        divide: (_, from, of, parts) => parts.forEach(({ to, amount }) => move(key(from.address), key(to.address), { denom: of, amount })),
        mint: () => undefined,
        burn: (_, module, coins) => coins.forEach((coin) => {
          move(key(moduleAddress(module)), "burned", coin);
          if (coin.denom === denom) this.burned += coin.amount;
        }),
        supply: () => 0n, collectFee: () => undefined, hold: () => undefined, delegate: () => undefined, undelegate: () => undefined, requireSendEnabled: () => undefined, isBlocked: () => false,
      },
      attestations: {
        attested: (_, address, attribute, value) => provider(address).attested.includes(`${attribute}=${value}`),
        attestedUntil: () => 0n,
        onChange: (listener) => void this.#listeners.push((address) => listener(testContext(this.stores, { height: this.height }), address)),
      },
      providers: {
        bondDenom: () => denom,
        find: (_, address): ProviderView | undefined => {
          const found = this.providers.get(key(address));
          return found === undefined ? undefined : { address, encryptionKey: new Uint8Array(32), attributes: found.attributes, organization: found.organization, bond: found.bond, reserved: found.reserved, locked: found.locked, active: found.active && !found.retiring, silent: found.silent, retiring: found.retiring };
        },
        free: (_, address) => free(provider(address)),
        locked: (_, address) => this.providers.get(key(address))?.locked ?? 0n,
        activeFrom: (_, from, limit) => {
          const sorted = [...this.providers].map(([text, one]) => ({ address: addressBytes(text), organization: one.organization, free: free(one), active: one.active && !one.retiring })).sort((a, b) => compareBytes(a.address, b.address));
          return [...sorted.filter(({ address }) => compareBytes(address, from) >= 0), ...sorted.filter(({ address }) => compareBytes(address, from) < 0)].slice(0, limit).filter(({ active }) => active);
        },
        reserve: (_, address, amount) => {
          const found = provider(address);
          if (free(found) < amount) return false;
          found.reserved += amount;
          return true;
        },
        release: (_, address, amount) => {
          provider(address).reserved -= amount;
          check(provider(address));
        },
        lock: (_, address, fromReserved, amount) => {
          const found = provider(address);
          if (free(found) + fromReserved < amount) return false;
          found.reserved -= fromReserved;
          found.locked += amount;
          found.outcomes.push("matched");
          check(found);
          return true;
        },
        unlock: (_, address, amount, reserved = 0n) => {
          const found = provider(address);
          found.locked -= amount;
          check(found);
          if (free(found) < reserved) return false;
          found.reserved += reserved;
          return true;
        },
        slash: (_, address, amount, awards) => {
          const found = provider(address);
          found.locked -= amount;
          found.bond -= amount;
          check(found);
          let left = amount;
          for (const award of awards) {
            this.balances.set(key(award.to), (this.balances.get(key(award.to)) ?? 0n) + award.amount);
            left -= award.amount;
          }
          if (left < 0n) throw new Error("awards exceed the slash");
          this.slashedBurned += left;
        },
        slashUnlocked: (_, address, amount, awards) => {
          const found = this.providers.get(key(address));
          const taken = found === undefined ? 0n : minInt(amount, free(found));
          if (found !== undefined) found.bond -= taken;
          let left = taken;
          for (const award of awards) {
            const got = minInt(left, award.amount);
            this.balances.set(key(award.to), (this.balances.get(key(award.to)) ?? 0n) + got);
            left -= got;
          }
          this.slashedBurned += left;
          return taken;
        },
        record: (_, address, outcome) => {
          // One that has left has no record any more.
          const found = this.providers.get(key(address));
          found?.outcomes.push(outcome);
          if (found !== undefined && outcome === "declined" && found.freeDeclines > 0) found.freeDeclines--;
        },
        freeDeclines: (_, address) => provider(address).freeDeclines,
        onChange: (listener) => void this.#listeners.push((address) => listener(testContext(this.stores, { height: this.height }), address)),
      },
    };
  }

  fund(label: string, amount = 1_000_000_000n, of = denom): string {
    this.balances.set(purse(name(label), of), amount);
    return name(label);
  }

  balanceOf(account: string, of: string): bigint {
    return this.balances.get(purse(account, of)) ?? 0n;
  }

  provider(label: string, bond = 10_000_000n, organization = name(label), attributes: FakeProvider["attributes"] = []): string {
    this.fund(label, 1_000_000n);
    this.providers.set(name(label), { organization, bond, reserved: 0n, locked: 0n, active: true, silent: false, retiring: false, freeDeclines: 5, outcomes: [], attributes, attested: [] });
    return name(label);
  }

  setActive(provider: string, active: boolean): void {
    this.providers.get(provider)!.active = active;
    for (const listener of this.#listeners) listener(addressBytes(provider));
  }

  retire(provider: string): void {
    this.providers.get(provider)!.retiring = true;
    for (const listener of this.#listeners) listener(addressBytes(provider));
  }

  /** The provider and its bond are gone. */
  leave(provider: string): void {
    this.providers.delete(provider);
    for (const listener of this.#listeners) listener(addressBytes(provider));
  }

  /** Puts another module beside the market, over the same stores, balances and clock. */
  join(module: Module, section: unknown): void {
    this.modules.push(module);
    initGenesis(this.stores, [module], { [module.name]: section });
  }

  /** A message of the market by its name, or of another module by its type URL. */
  send<T = Record<string, unknown>>(type: string, message: object): T {
    const before = this.#copy();
    try {
      const { value, events } = execute(this.stores, this.modules, type.startsWith("/") ? type : `/dcm.market.v1.${type}`, message, { height: this.height, time: this.time });
      this.events.push(...events);
      return value as T;
    } catch (error) {
      before();
      throw error;
    }
  }

  /** Restores the fakes where a message fails, as an overlay would. */
  #copy(): () => void {
    const balances = new Map(this.balances);
    const providers = new Map([...this.providers].map(([key, value]) => [key, { ...value, outcomes: [...value.outcomes] }]));
    const { burned, slashedBurned } = this;
    return () => {
      this.balances.clear();
      for (const [key, value] of balances) this.balances.set(key, value);
      this.providers.clear();
      for (const [key, value] of providers) this.providers.set(key, value);
      this.burned = burned;
      this.slashedBurned = slashedBurned;
    };
  }

  /** Ends the block and begins the next one, so many ms later; throws where an invariant is broken. */
  block(ms = 1_000n, blocks = 1): void {
    for (let i = 0; i < blocks; i++) {
      this.blockUnchecked(ms);
      const broken = brokenInvariants(this.stores, this.modules, { time: this.time });
      if (broken.length > 0) throw new Error(`height ${this.height - 1n}: ${broken.join("; ")}`);
    }
  }

  /** The same without a look at the invariants, which read everything there is. */
  blockUnchecked(ms = 1_000n): void {
    this.#end(testContext(this.stores, { height: this.height, time: this.time, mode: "block" }), ms);
  }

  /** The same, where an error that nobody expected is heard of and not thrown on, as in a node. Gives what failed. */
  blockHearing(ms = 1_000n): string[] {
    const heard: string[] = [];
    const { header } = testContext(this.stores, { height: this.height, time: this.time });
    this.#end(new Context(header, this.stores, "block", undefined, (what) => void heard.push(what)), ms);
    return heard;
  }

  #end(ctx: Context, ms: bigint): void {
    for (const module of this.modules) module.endBlock?.(ctx);
    this.events.push(...ctx.events);
    this.height++;
    this.tau += ms;
  }

  query<T>(method: string, request: object): T {
    return query<T>(this.stores, this.modules, method.startsWith("/") ? method : `/dcm.market.v1.Query/${method}`, { pagination: undefined, ...request }, { height: this.height, time: this.time });
  }

  task(id: bigint): Task {
    return this.query<{ task: Task }>("Task", { taskId: id }).task;
  }

  ask(provider: string, basePrice: bigint, units = 1, more: object = {}): bigint {
    return this.send<{ askId: bigint }>("MsgPlaceAsk", {
      provider, classId: "wasm.core", quoteDenom: denom, basePrice, units, premiums: [], maxColocated: 0, availableFrom: 0n, availableUntil: 0n, expiresTau: 0n, reclaimNotice: 0n, term: Term.TERM_SPOT, reservedFor: "", maxAcceptanceWindow: 0n, levels: [], ...more,
    }).askId;
  }

  /** Units of the class that is metered by time. */
  serviceAsk(provider: string, basePrice: bigint, units = 1, more: object = {}): bigint {
    return this.ask(provider, basePrice, units, { classId: "cpu.x64.small", ...more });
  }

  serviceBid(consumer: string, limitPrice: bigint, more: Partial<MsgPlaceServiceBid> = {}, service: object = {}): bigint {
    return this.send<{ serviceId: bigint }>("MsgPlaceServiceBid", serviceMessage(consumer, limitPrice, more, service)).serviceId;
  }

  instance(id: bigint): InstanceView {
    return this.query<{ instance: InstanceView }>("Instance", { instanceId: id }).instance;
  }

  sealFor(consumer: string, jobId: bigint, ...providers: string[]): void {
    this.send("MsgSealKeys", { consumer, jobId, keys: providers.map((provider) => ({ provider, sealedKey: Uint8Array.of(1) })) });
  }

  startService(instanceId: bigint, provider: string): void {
    this.send("MsgStartService", { worker: provider, provider, instanceId });
  }

  bid(consumer: string, limitPrice: bigint, more: Partial<MsgPlaceBid> = {}, job: object = {}): bigint {
    return this.send<{ jobId: bigint }>("MsgPlaceBid", bidMessage(consumer, limitPrice, more, job)).jobId;
  }

  stages(jobId: bigint): Stage[] {
    return this.query<{ stages: Stage[] }>("Job", { jobId }).stages;
  }

  supply(consumer: string, jobId: bigint, index: number, more: object = {}): number {
    return this.send<{ tasks: number }>("MsgSupplyInputs", { consumer, jobId, stage: index, ...inputsOf(`stage ${index}`), ...more }).tasks;
  }

  start(task: bigint, provider: string): void {
    this.send("MsgStartTask", { worker: provider, provider, taskId: task });
  }

  commit(task: bigint, provider: string, result = resultOf("right"), salt = saltOf(provider)): void {
    this.send("MsgCommitResult", { worker: provider, provider, taskId: task, commitment: commitmentOf(addressBytes(provider), task, result, salt) });
  }

  reveal(task: bigint, provider: string, result = resultOf("right"), salt = saltOf(provider)): void {
    this.send("MsgRevealResult", { worker: provider, provider, taskId: task, result, salt });
  }

  /** Start, commit and reveal of a task with one replica. */
  finish(task: bigint, provider: string, result = resultOf("right")): void {
    this.start(task, provider);
    this.commit(task, provider, result);
    this.reveal(task, provider, result);
  }

  /** As the referee calls the market. */
  asReferee<T>(call: (port: RefereedPort, ctx: Context) => T): T {
    const before = this.#copy();
    try {
      const { value, events } = transact(this.stores, (ctx) => call(this.refereed, ctx), { height: this.height, time: this.time });
      this.events.push(...events);
      return value;
    } catch (error) {
      before();
      throw error;
    }
  }

  /** As forwards do at a slot's start. */
  deliver(delivery: Omit<Delivery, "acceptanceWindow"> & Partial<Delivery>): bigint | undefined {
    return transact(this.stores, (ctx) => this.deliveries.open(ctx, { acceptanceWindow: 0n, ...delivery }), { height: this.height }).value;
  }

  ended(stores = this.stores): readonly DeliveryOutcome[] {
    return transact(stores, (ctx) => this.deliveries.ended(ctx, 100).map((askId) => this.deliveries.takeOutcome(ctx, askId)), { height: this.height }).value;
  }

  named(type: string): EmittedEvent[] {
    return this.events.filter((event) => event.type === `dcm.market.v1.${type}`);
  }

  /** All money there is in the bond denom, burned and bonds included: never changes. */
  get money(): bigint {
    let total = this.slashedBurned + this.moneyIn(denom);
    for (const { bond } of this.providers.values()) total += bond;
    return total;
  }

  /** All balances in a denom, what was burned out of escrows included. */
  moneyIn(of: string): bigint {
    let total = 0n;
    for (const [account, amount] of this.balances) if (account === purse(account.split(" ")[0]!, of)) total += amount;
    return total;
  }
}

export const saltOf = (label: string): Uint8Array => sha256(utf8(`salt of ${label}`));

export function resultOf(label: string, meter = 2_000_000_000n): Result {
  return { digest: sha256(utf8(label)), size: 10n, meter, blob: { digest: sha256(utf8(`${label} sealed`)), size: 50n }, url: "http://127.0.0.1:1", final: undefined };
}

/** How a refereed run ended: with another label, in another state. */
export function refereedResult(label: string, meter = 2_000_000_000n): Result {
  const result = resultOf(label, meter);
  const registers = new Uint8Array(registersBytes);
  // a0 is x10.
  registers[9 * 4] = Number(result.size);
  return { ...result, final: { pc: 4, halt: 1, steps: 1_000n, meter, registers, lowRoot: sha256(utf8(`${label}, low`)), inputRoot: sha256(utf8("the input")) } };
}

export function bidMessage(consumer: string, limitPrice: bigint, more: Partial<MsgPlaceBid> = {}, job: object = {}): MsgPlaceBid {
  return {
    consumer, payer: "", organization: "", costTags: [], classId: "wasm.core", quoteDenom: denom, limitPrice, lots: 10n, timeInForce: TimeInForce.TIME_IN_FORCE_GTT, term: Term.TERM_SPOT,
    expiresTau: 0n, profileId: 0, minColocated: 0, verification: VerificationLevel.VERIFICATION_LEVEL_V0_NONE, k: 0, comparator: Comparator.COMPARATOR_EXACT, risk: "0",
    saltHead: new Uint8Array(0), askId: 0n, acceptance: undefined, ...more,
    job: {
      program: { digest: sha256(utf8("program")), size: 100n }, tasks: 1, inputRoot: sha256(utf8("root")), manifest: { digest: sha256(utf8("manifest")), size: 100n },
      dataUrls: ["http://127.0.0.1:1"], duration: 1_000n, maxResultSize: 1_000n, consumerKey: new Uint8Array(0), arguments: new Uint8Array(0), stages: [], programRoot: new Uint8Array(0), ...job,
    },
  };
}

export function serviceMessage(consumer: string, limitPrice: bigint, more: Partial<MsgPlaceServiceBid> = {}, service: object = {}): MsgPlaceServiceBid {
  return {
    consumer, payer: "", organization: "", costTags: [], classId: "cpu.x64.small", quoteDenom: denom, limitPrice, lots: 10n, timeInForce: TimeInForce.TIME_IN_FORCE_GTT, term: Term.TERM_SPOT,
    expiresTau: 0n, profileId: 0, minColocated: 0, reclaimNotice: 0n, sla: undefined, acceptance: undefined, ...more,
    service: {
      program: { digest: sha256(utf8("program")), size: 100n }, instances: 1, dataUrls: ["http://127.0.0.1:1"], requestMeter: 1_000_000n, maxRequestSize: 1_000n, maxResponseSize: 1_000n,
      consumerKey: sha256(utf8("a consumer's key")), arguments: new Uint8Array(0), ...service,
    },
  };
}

const inputsOf = (label: string): { inputRoot: Uint8Array; manifest: Blob } => ({ inputRoot: sha256(utf8(`root of ${label}`)), manifest: { digest: sha256(utf8(`manifest of ${label}`)), size: 100n } });

/** What a bid says of a stage. Those that wait for others get their inputs later, unless they are known. */
export function stage(tasks: number, after: readonly number[] = [], known = after.length === 0): StageSpec {
  return { tasks, after: [...after], arguments: utf8(`stage after ${after.join()}`), ...(known ? inputsOf("a known stage") : { inputRoot: new Uint8Array(0), manifest: undefined }) };
}

/** The job fields of a bid with stages. */
export function staged(stages: readonly StageSpec[]): object {
  return { tasks: stages.reduce((sum, { tasks }) => sum + tasks, 0), inputRoot: new Uint8Array(0), manifest: undefined, stages };
}

/** A consumer's salts: head first, then each preimage in turn. */
export function saltChain(length: number): Uint8Array[] {
  const salts = [sha256(utf8("secret"))];
  for (let i = 0; i < length; i++) salts.push(sha256(salts[i]!));
  return salts.reverse();
}

export const spotChecked = (salts: readonly Uint8Array[]): Partial<MsgPlaceBid> => ({ verification: VerificationLevel.VERIFICATION_LEVEL_V1_SPOT_CHECK, saltHead: salts[0]! });

/** With `programRoot` in the job, and a class that runs it. */
export const refereed = (salts: readonly Uint8Array[]): Partial<MsgPlaceBid> => ({ verification: VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED, saltHead: salts[0]!, classId: "rv32.core" });

export const replicated = (salts: readonly Uint8Array[]): Partial<MsgPlaceBid> => ({ verification: VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED, saltHead: salts[0]! });

/** Asserts on the error that a message ends with. */
export function fails(action: () => unknown, code: number, text: RegExp, codespace = "market"): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof TxError)) throw error;
    if (error.codespace === codespace && error.code === code && text.test(error.message)) return;
    throw new Error(`expected ${codespace} ${code} ${String(text)}, got ${error.codespace} ${error.code}: ${error.message}`);
  }
  throw new Error(`expected ${codespace} ${code}, nothing failed`);
}

export const hex = toHex;
