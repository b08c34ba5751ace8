/** What happens in the next block: messages of every type from the modules' own generators, with faults on purpose. */
import { MsgExec } from "../../chain/codec/gen/cosmos/authz/v1beta1/tx.ts";
import { MsgExecSession } from "../../chain/codec/gen/dcm/session/v1/tx.ts";
import { InstanceState, ReplicaState, StageState, TaskState } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { rv32Core } from "../../chain/modules/market/classes.ts";
import { classes, draws, holds, instances, probesByProber, stages, tasks } from "../../chain/modules/market/state.ts";
import { CaseState, Verdict } from "../../chain/codec/gen/dcm/dispute/v1/types.ts";
import { cases, seats } from "../../chain/modules/dispute/state.ts";
import { isHeld } from "../../chain/modules/slashing/messages/unjail.ts";
import { livenesses } from "../../chain/modules/staking/providers/state.ts";
import { delegations, validators } from "../../chain/modules/staking/validators/state.ts";
import type { Context } from "../../chain/runtime/context.ts";
import type { BoundMessage, Module, Random, World } from "../../chain/runtime/module.ts";
import { anyOf } from "../support/accounts.ts";
import { plannedMessage, type Fault, type PlannedBlock, type PlannedTx } from "./plan.ts";
import { seeded } from "./random.ts";
import { refereedOrder, wantedOfReferee } from "./refereed.ts";
import { refinements, saltChain, type AnyMessage } from "./refine.ts";
import { governance, governed, governor, type SimulatedWorld } from "./world.ts";
import type { Any } from "../../chain/codec/gen/google/protobuf/any.ts";

/** Always refined: with a key that nobody here holds, a validator's proposals would be refused from then on, as they must be. */
const registerBeaconKeyUrl = "/dcm.beacon.v1.MsgRegisterBeaconKey";
const execUrl = "/cosmos.authz.v1beta1.MsgExec";
const sessionUrl = `/${MsgExecSession.$type}`;

/** What long threads begin with. */
const beginnings = ["/dcm.market.v1.MsgPlaceAsk", "/dcm.market.v1.MsgPlaceBid", "/dcm.market.v1.MsgPlaceServiceBid", "/dcm.forward.v1.MsgPlaceOrder"];

/** What goes on with them, beside the messages of the reserved lane. */
const continuations = [
  "/dcm.market.v1.MsgStartTask", "/dcm.market.v1.MsgDeclineTask", "/dcm.market.v1.MsgStartService", "/dcm.market.v1.MsgTopUpService", "/dcm.market.v1.MsgReclaimService", "/dcm.market.v1.MsgCloseService", "/dcm.market.v1.MsgReportProbe",
  "/dcm.staking.v1.MsgUnjailProvider", "/dcm.channel.v1.MsgRedeemVoucher", sessionUrl,
  "/dcm.forward.v1.MsgResell", "/dcm.forward.v1.MsgTransfer", "/dcm.forward.v1.MsgAccept",
];

/** Messages in one block that bring tasks to their ends, cases to theirs, and what a referee decides on to its. */
const [mostWork, mostVotes, mostMoves] = [20, 8, 5];

/** As long as fewer are active, more register. */
const fewProviders = 3;

/** What a replica in this state waits for. */
const next: Readonly<Partial<Record<ReplicaState, string>>> = {
  [ReplicaState.REPLICA_STATE_SEALING]: "SealKeys", [ReplicaState.REPLICA_STATE_ASSIGNED]: "StartTask", [ReplicaState.REPLICA_STATE_RUNNING]: "CommitResult", [ReplicaState.REPLICA_STATE_COMMITTED]: "RevealResult",
};

const starting: readonly InstanceState[] = [InstanceState.INSTANCE_STATE_SEALING, InstanceState.INSTANCE_STATE_PENDING];

/** The messages that tasks, draws, stages, instances, probes and validators out of their jail wait for, each as often as it is waited for. */
function wanted(ctx: Context): string[] {
  const replicas = Array.from(tasks.entries(ctx), ([, task]) => task).filter(({ state }) => state !== TaskState.TASK_STATE_FINAL && state !== TaskState.TASK_STATE_CLOSED).flatMap((task) => task.replicas);
  const market = [
    ...replicas.map(({ state }) => next[state]),
    ...Array.from(draws.entries(ctx)).filter(([, { salt, saltDueTau }]) => salt.length === 0 && saltDueTau !== 0n).map(() => "RevealSalt"),
    ...Array.from(stages.entries(ctx)).filter(([, { state }]) => state === StageState.STAGE_STATE_INPUTS).map(() => "SupplyInputs"),
    ...Array.from(instances.entries(ctx)).filter(([, { state }]) => starting.includes(state)).flatMap(() => ["SealKeys", "StartService"]),
    ...Array.from(probesByProber.entries(ctx)).map(() => "ReportProbe"),
    // Of what is held the consumer accepts some, and disputes the rest.
    ...Array.from(holds.entries(ctx)).filter(([, { caseId }]) => caseId === 0n).map(() => "AcceptResult"),
  ].filter((name) => name !== undefined).map((name) => `/dcm.market.v1.Msg${name}`);
  // Providers that fall silent serve nobody: most of them send their heartbeats.
  const heartbeats = Array.from(livenesses.entries(ctx)).map(() => "/dcm.staking.v1.MsgHeartbeat");
  // Without a few providers little happens on a market, and without its class no refereed job.
  const active = Array.from(livenesses.entries(ctx)).filter(([, { suspended }]) => !suspended).length;
  const missing = [...(active < fewProviders ? ["/dcm.staking.v1.MsgRegisterProvider"] : []), ...(classes.has(ctx, rv32Core().id) ? [] : ["/dcm.market.v1.MsgSetClass"])];
  const free = Array.from(validators.entries(ctx)).filter(([operator, validator]) => validator.jailed && !isHeld(ctx, validator) && delegations.has(ctx, [operator, operator]));
  return [...market, ...heartbeats, ...missing, ...free.map(() => "/cosmos.slashing.v1beta1.MsgUnjail")];
}

/** What parties and jurors do next, a vote for each seat that has not given it. */
function wantedOfJuries(ctx: Context): string[] {
  const votes = Array.from(seats.entries(ctx), ([, seat]) => {
    const { state, rounds } = cases.find(ctx, seat.caseId)!;
    if (seat.round !== rounds.length - 1) return undefined;
    if (state === CaseState.CASE_STATE_COMMIT && seat.commitment.length === 0) return "CommitVote";
    return state === CaseState.CASE_STATE_REVEAL && seat.commitment.length > 0 && seat.vote === Verdict.VERDICT_UNSPECIFIED ? "RevealVote" : undefined;
  });
  const parties = Array.from(cases.entries(ctx), ([, { state }]) => (state === CaseState.CASE_STATE_APPEAL ? "Appeal" : state === CaseState.CASE_STATE_VOTE ? "DecideCase" : state === CaseState.CASE_STATE_EVIDENCE ? "SubmitEvidence" : undefined));
  const disputable = Array.from(holds.entries(ctx)).filter(([, { caseId }]) => caseId === 0n).map(() => "OpenCase");
  return [...votes, ...parties, ...disputable].filter((name) => name !== undefined).map((name) => `/dcm.dispute.v1.Msg${name}`);
}

interface Made {
  readonly any: Any;
  readonly signers: readonly string[];
}

/** A transaction of this message, without any fault. */
const alone = ({ any, signers }: Made): PlannedTx => ({ messages: [plannedMessage(any)], signers, gas: "1500000", fee: "0" });

/** Who mostly pays for transactions of a session key. */
function sessionOwner(made: readonly Made[]): Partial<PlannedTx> {
  const [first] = made;
  return first?.any.typeUrl === sessionUrl ? { granter: MsgExecSession.decode(first.any.value).owner } : {};
}

export class Generator {
  readonly #seed: string;
  #random: Random;
  /** The place of a validator that signs nothing. */
  #down: number | undefined;
  readonly #messages: readonly BoundMessage[];
  readonly #governed: ReadonlySet<string>;
  readonly #byGovernance: readonly BoundMessage[];
  readonly #ordinary: readonly BoundMessage[];
  /** What goes on with something begun earlier: sent more often, so that it gets to its end. */
  readonly #threads: readonly BoundMessage[];
  readonly #beginnings: readonly BoundMessage[];
  readonly #refine: ReturnType<typeof refinements>;
  /** Accounts that a simulation may act for, the validators' too: they register beacon keys. */
  readonly #accounts: readonly string[];

  constructor(world: SimulatedWorld, modules: readonly Module[]) {
    this.#seed = world.seed;
    this.#random = seeded(`run ${world.seed}`);
    this.#messages = modules.flatMap((module) => module.messages);
    this.#governed = new Set(governed(modules));
    this.#byGovernance = this.#messages.filter(({ typeUrl }) => this.#governed.has(typeUrl));
    this.#ordinary = this.#messages.filter(({ typeUrl }) => !this.#governed.has(typeUrl));
    this.#threads = this.#ordinary.filter(({ typeUrl, handler }) => handler.lane === "reserved" || continuations.includes(typeUrl));
    this.#beginnings = this.#ordinary.filter(({ typeUrl }) => beginnings.includes(typeUrl));
    this.#refine = refinements(this.#anyMessage);
    this.#accounts = [...world.accounts, ...world.validators.map(({ operator }) => operator)].map(({ text }) => text);
  }

  /** One transaction over this state; the label decides which. */
  transaction(ctx: Context, label: string): PlannedTx | undefined {
    this.#random = seeded(label);
    return this.#tx(ctx);
  }

  /** One message of this type over this state, with its signers; undefined where there is nothing to act on. The label decides which. */
  message(ctx: Context, typeUrl: string, label: string): { readonly message: object; readonly signers: readonly string[] } | undefined {
    const before = this.#random;
    this.#random = seeded(label);
    const bound = this.#messages.find((one) => one.typeUrl === typeUrl)!;
    const message = this.#generate(this.#worldOf(ctx), bound) as object | undefined;
    // Whoever looks at a run in between does not change what it does next.
    this.#random = before;
    return message === undefined ? undefined : { message, signers: bound.handler.signers(message) };
  }

  /** The next block over this state. */
  block(ctx: Context, height: number): PlannedBlock {
    const random = this.#random;
    const count = random.chance(5) ? 0 : height < 8 ? 30 : 1 + random.int(40);
    const txs: PlannedTx[] = [];
    for (let i = 0; i < count; i++) {
      const tx = this.#tx(ctx);
      if (tx !== undefined) txs.push(tx);
    }
    // Workers and their consumers go on with what runs: left to chance alone, few tasks would come to their end in time.
    for (const [waiting, most] of [[wanted(ctx), mostWork], [wantedOfJuries(ctx), mostVotes], [wantedOfReferee(ctx), mostMoves]] as const) {
      for (let i = Math.min(most, waiting.length); i > 0; i--) {
        const [typeUrl] = waiting.splice(random.int(waiting.length), 1) as [string];
        const made = this.#made(ctx, this.#messages.find((bound) => bound.typeUrl === typeUrl)!);
        if (made !== undefined) txs.push(alone(made));
      }
    }
    const order = refereedOrder({ ...this.#worldOf(ctx), random: seeded(`refereed ${this.#seed} ${height}`) }, saltChain[0]!);
    if (order !== undefined) txs.push(alone(order));
    return {
      nanos: String(this.#pause()), proposer: random.int(60), absent: this.#absent(), ...this.#misbehaved(height),
      maxBytes: random.chance(10) ? 2_000 + random.int(8_000) : 4_194_304, txs, ...(random.chance(5) ? { silent: true } : {}), ...(random.chance(5) ? { reversed: true } : {}),
    };
  }

  /** One misses a block now and then; one at a time is down for many. */
  #absent(): number[] {
    const random = this.#random;
    if (random.chance(15)) this.#down = random.chance(50) ? random.int(4) : undefined;
    return [...new Set([...(this.#down === undefined ? [] : [this.#down]), ...(random.chance(10) ? [random.int(4)] : [])])];
  }

  /** Now, long ago, and reported twice. */
  #misbehaved(height: number): Pick<PlannedBlock, "misbehaved"> {
    const random = this.#random;
    if (!random.chance(8)) return {};
    const one = { place: random.int(8), ago: random.chance(70) ? 1 + random.int(2) : 1 + random.int(height), ...(random.chance(20) ? { attack: true as const } : {}) };
    return { misbehaved: random.chance(20) ? [one, { ...one, ago: one.ago + 1 }] : [one] };
  }

  /** Mostly seconds; at times nothing at all, or an outage of days. */
  #pause(): bigint {
    const dice = this.#random.int(100);
    if (dice < 10) return 0n;
    if (dice < 20) return this.#random.bigint(1_000_000n);
    if (dice < 95) return this.#random.bigint(8_000_000_000n);
    return this.#random.bigint(10n ** 15n);
  }

  #tx(ctx: Context): PlannedTx | undefined {
    const random = this.#random;
    const count = random.chance(85) ? 1 : 1 + random.int(4);
    const made = Array.from({ length: count }, () => this.#message(ctx)).filter((one) => one !== undefined);
    if (made.length === 0) return undefined;
    const signers = [...new Set(made.flatMap((one) => one.signers))];
    const messages = made.map(({ any }) => plannedMessage(any));
    if (random.chance(2)) messages.push(["/cosmos.gov.v9.MsgNobodyKnows", ""]);
    const gas = random.chance(4) ? random.pick(["0", "1000", "60000", "9223372036854775808"]) : "1500000";
    return {
      messages, signers, gas, fee: random.chance(50) ? "0" : String(random.int(5_000)), ...this.#extras(), ...(random.chance(60) ? sessionOwner(made) : {}), ...(random.chance(8) ? { fault: this.#fault() } : {}), ...(random.chance(5) ? { forced: true } : {}),
    };
  }

  #extras(): Partial<PlannedTx> {
    const random = this.#random;
    return {
      ...(random.chance(15) ? { amino: true } : {}),
      ...(random.chance(3) ? { unordered: random.pick([-5, 60, 61, 62, 700]) } : {}),
      ...(random.chance(3) ? { timeoutHeight: String(random.int(40)) } : {}),
      ...(random.chance(3) ? { memo: "m".repeat(random.pick([1, 256, 300, 20_000])) } : {}),
      ...(random.chance(4) ? { granter: random.pick(this.#accounts) } : {}),
    };
  }

  #fault(): Fault {
    const random = this.#random;
    const kind = random.pick(["signature", "truncated", "no-signatures", "foreign-chain", "extension", "sequence", "flip", "flip"] as const);
    if (kind === "sequence") return { kind, by: random.pick([-1, 1, 1000]) };
    if (kind === "flip") return { kind, at: random.int(100_000), bit: random.int(8) };
    return { kind };
  }

  #worldOf(ctx: Context): World {
    return { ctx, accounts: this.#accounts, random: this.#random };
  }

  #message(ctx: Context): Made | undefined {
    const random = this.#random;
    const dice = random.int(100);
    const bound = random.pick(dice < 6 ? this.#byGovernance : dice < 28 ? this.#threads : dice < 45 ? this.#beginnings : this.#ordinary);
    return this.#made(ctx, bound);
  }

  #made(ctx: Context, bound: BoundMessage): Made | undefined {
    const random = this.#random;
    const message = this.#generate(this.#worldOf(ctx), bound);
    if (message === undefined) return undefined;
    const any = { typeUrl: bound.typeUrl, value: bound.request.encode(message).finish() };
    if (this.#governed.has(bound.typeUrl)) return random.chance(90) ? { any: anyOf(MsgExec, { grantee: governor.text, msgs: [any] }), signers: [governor.text] } : { any, signers: [governance] };
    if (random.chance(1)) return this.#nested(any, bound.handler.signers(message));
    return { any, signers: bound.handler.signers(message) };
  }

  /** MsgExec in MsgExec, up to deeper than is allowed. */
  #nested(any: Any, signers: readonly string[]): Made | undefined {
    const [signer] = signers;
    if (signer === undefined) return undefined;
    let nested = any;
    for (let depth = 1 + this.#random.int(8); depth > 0; depth--) nested = anyOf(MsgExec, { grantee: signer, msgs: [nested] });
    return { any: nested, signers: [signer] };
  }

  #generate(world: World, bound: BoundMessage): unknown {
    const made = bound.handler.arbitrary(world);
    const refine = this.#refine[bound.typeUrl];
    return refine === undefined || (made !== undefined && !this.#governed.has(bound.typeUrl) && world.random.chance(5) && bound.typeUrl !== registerBeaconKeyUrl) ? made : refine(world, made);
  }

  readonly #anyMessage: AnyMessage = (world) => {
    const bound = world.random.pick(this.#messages.filter(({ typeUrl }) => typeUrl !== execUrl));
    const message = this.#generate(world, bound);
    const signer = message === undefined ? undefined : bound.handler.signers(message)[0];
    return signer === undefined ? undefined : { any: { typeUrl: bound.typeUrl, value: bound.request.encode(message).finish() }, signer };
  };
}
