/** A referee beside a market, with tasks in their windows that the test puts there, for tests. */
import { addressText, moduleAddress } from "../../codec/address.ts";
import { utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import type { GenesisState } from "../../codec/gen/dcm/referee/v1/genesis.ts";
import type { DisputeView, QueryDisputeResponse } from "../../codec/gen/dcm/referee/v1/query.ts";
import type { MsgChallengeResponse, MsgProve, MsgProveResponse } from "../../codec/gen/dcm/referee/v1/tx.ts";
import type { DisputeState} from "../../codec/gen/dcm/referee/v1/types.ts";
import type { Params as MarketParams } from "../../codec/gen/dcm/market/v1/types.ts";
import { type Dispute, type Params } from "../../codec/gen/dcm/referee/v1/types.ts";
import { testContext } from "../../runtime/testing.ts";
import { wholeRange } from "../../vm/bisection.ts";
import { mostSegmentSteps } from "../../vm/segment.ts";
import { authority, denom, fails as failsIn, TestMarket } from "../market/testing.ts";
import { refereeModule } from "./module.ts";
import { localnetParams } from "./params.ts";
import { answerOf, pickOf, proofOf } from "./testing-moves.ts";
import { inputTree, type Job, type Run, type Side } from "./testing-runs.ts";
import type { EmittedEvent } from "../../runtime/context.ts";
import type { Module } from "../../runtime/module.ts";
import type { RefereedClaim, RefereedPort, RefereePort } from "../market/ports.ts";

export { denom, name } from "../market/testing.ts";

/** Of the tasks here: F and T. */
export const [fee, duration] = [2_000_000n, 1_000n];
/** 2 F. */
export const bond = 2n * fee;
export const window = 10_000n;

interface Task {
  claim: RefereedClaim;
  state: "challenge" | "dispute" | "closed";
  /** What the window had left when it was disputed. */
  left: bigint;
  prover: string | undefined;
  readonly forfeits: string[];
}

/** Tasks in their windows, as the market has them, without their money. */
export class Tasks implements RefereedPort {
  readonly all = new Map<bigint, Task>();
  /** Errors that `convict` ends with. */
  faults = 0;
  readonly #tau: () => bigint;

  /** `before`: as those are now. */
  constructor(tau: () => bigint, before?: Tasks) {
    this.#tau = tau;
    for (const [id, task] of before?.all ?? []) this.all.set(id, { ...task, forfeits: [...task.forfeits] });
  }

  claim(_: unknown, taskId: bigint): RefereedClaim | undefined {
    const task = this.all.get(taskId);
    return task === undefined || task.state === "closed" || (task.state === "challenge" && this.#tau() > task.claim.dueTau) ? undefined : task.claim;
  }

  disputed(): readonly bigint[] {
    return Array.from(this.all).filter(([, { state }]) => state === "dispute").map(([id]) => id);
  }

  dispute(_: unknown, taskId: bigint): void {
    const task = this.#at(taskId);
    if (task.state === "dispute") return;
    task.state = "dispute";
    task.left = task.claim.dueTau - this.#tau();
  }

  resume(_: unknown, taskId: bigint): void {
    const task = this.#at(taskId);
    if (task.state !== "dispute") throw new Error(`task ${taskId} is ${task.state}`);
    task.state = "challenge";
    task.claim = { ...task.claim, dueTau: this.#tau() + task.left };
  }

  convict(_: unknown, taskId: bigint, wrong: readonly string[], prover: string | undefined): void {
    if (this.faults > 0) {
      this.faults--;
      throw new Error("convict does not work");
    }
    const task = this.#at(taskId);
    if (task.state !== "dispute") throw new Error(`task ${taskId} is ${task.state}`);
    task.prover = prover;
    const claimants = task.claim.claimants.filter((one) => !wrong.includes(one));
    if (claimants.length === 0) task.state = "closed";
    else task.claim = { ...task.claim, claimants, provider: claimants[0]! };
  }

  forfeit(_: unknown, taskId: bigint, auditor: string, right: string | undefined): void {
    this.#at(taskId).forfeits.push(`${auditor} ${right === undefined ? "both" : "alone"}`);
  }

  #at(taskId: bigint): Task {
    const task = this.all.get(taskId);
    if (task === undefined) throw new Error(`no task ${taskId}`);
    return task;
  }
}

export class TestReferee extends TestMarket {
  readonly tasks: Tasks;
  readonly refereeing: Module;
  readonly port: RefereePort;
  /** With `market` its tasks are the market's own, and `tasks` are none. */
  constructor(params: Partial<Params> = {}, section?: GenesisState, before?: TestReferee, market?: Partial<MarketParams>) {
    super(market);
    this.tasks = new Tasks(() => this.tau, before?.tasks);
    if (before !== undefined) {
      this.tau = before.tau;
      this.height = before.height;
      for (const [account, amount] of before.balances) this.balances.set(account, amount);
    }
    const { bank, accounts, clock, providers } = this.ports;
    const { module, referee } = refereeModule({ bank, accounts, clock, providers, refereed: market === undefined ? this.tasks : this.refereed, authority });
    if (market !== undefined) Object.assign(this.ports, { referee });
    this.refereeing = module;
    this.port = referee;
    this.join(module, section ?? { ...(module.genesis!.defaults() as GenesisState), params: { ...localnetParams(), ...params } });
  }

  /** A task of this provider whose result says what its run came to. */
  claim(run: Run, provider: string, more: Partial<RefereedClaim> = {}): bigint {
    const taskId = BigInt(65_536 + this.tasks.all.size);
    const { index, meterLimit, arguments: given } = run.job;
    const inputs = inputsAround(run.job);
    const claim: RefereedClaim = {
      taskId, jobId: 1n, index, count: inputs.length, provider, claimants: [provider], contested: false, consumer: this.fund("consumer"), sealed: false, stateHash: run.hashAt(wholeRange(meterLimit).length), programRoot: run.programRoot,
      inputRoot: inputTree(inputs).root, arguments: given, meterLimit, duration, fee, dueTau: this.tau + window, ...more,
    };
    this.tasks.all.set(taskId, { claim, state: "challenge", left: 0n, prover: undefined, forfeits: [] });
    return taskId;
  }

  message<T = Record<string, unknown>>(type: string, message: object): T {
    return this.send<T>(`/dcm.referee.v1.Msg${type}`, message);
  }

  challenge(challenger: string, taskId: bigint, hash: Side | Uint8Array): bigint {
    return this.challenged(challenger, taskId, hash).disputeId;
  }

  challenged(challenger: string, taskId: bigint, hash: Side | Uint8Array): MsgChallengeResponse {
    const finalHash = hash instanceof Uint8Array ? hash : hash.hashAt(wholeRange(hash.job.meterLimit).length);
    return this.message<MsgChallengeResponse>("Challenge", { challenger, taskId, finalHash });
  }

  audit(auditor: string, taskId: bigint, run: Side): bigint {
    const ctx = testContext(this.stores, { height: this.height, time: this.time });
    this.port.auditDiffers(ctx, taskId, auditor, run.hashAt(wholeRange(run.job.meterLimit).length));
    this.events.push(...ctx.events);
    return BigInt(this.of("EventDisputeOpened").at(-1)!.dispute_id!);
  }

  view(id: bigint): DisputeView {
    return this.query<QueryDisputeResponse>("/dcm.referee.v1.Query/Dispute", { disputeId: id }).view!;
  }

  dispute(id: bigint): Dispute {
    return this.view(id).dispute!;
  }

  answer(id: bigint, run: Side, more: object = {}): void {
    this.message("Answer", { ...answerOf(this.dispute(id), run), ...more });
  }

  pick(id: bigint, run: Side, more: object = {}): void {
    const { view, answer } = this.query<QueryDisputeResponse>("/dcm.referee.v1.Query/Dispute", { disputeId: id });
    this.message("Pick", { ...pickOf(view!.dispute!, answer, run), ...more });
  }

  proof(id: bigint, run: Side): MsgProve {
    return proofOf(this.dispute(id), run, inputsAround(run.job));
  }

  prove(id: bigint, run: Side, more: object = {}): MsgProveResponse {
    return this.message<MsgProveResponse>("Prove", { ...this.proof(id, run), ...more });
  }

  /** Both move until the range can be proven; then the provider does, and a block ends. */
  play(id: bigint, provider: Side, challenger: Side): Dispute {
    this.narrow(id, provider, challenger);
    this.prove(id, provider);
    this.block();
    return this.dispute(id);
  }

  narrow(id: bigint, provider: Side, challenger: Side): void {
    while (this.dispute(id).length > BigInt(mostSegmentSteps)) {
      this.answer(id, provider);
      this.pick(id, challenger);
    }
  }

  stateOf(id: bigint): DisputeState {
    return this.dispute(id).state;
  }

  /** Attributes of the events of this type, in order. */
  of(type: string): Readonly<Record<string, string>>[] {
    return this.events.filter((event) => event.type === `dcm.referee.v1.${type}`).map((event: EmittedEvent) => Object.fromEntries(event.attributes));
  }

  get held(): bigint {
    return this.balanceOf(addressText(moduleAddress("referee")), denom);
  }

  balance(account: string): bigint {
    return this.balanceOf(account, denom);
  }
}

/** The inputs of the job that the task is of: five, its own at its place. */
export const inputsAround = ({ index, input }: Job): Uint8Array[] => Array.from({ length: 5 }, (_, i) => (i === index ? input : utf8(`input ${i}`)));

export const hashOf = (label: string): Uint8Array => sha256(utf8(label));

/** Asserts on the error that a message ends with, of the referee where nothing else is said. */
export const fails = (action: () => unknown, code: number, text: RegExp, codespace = "referee"): void => failsIn(action, code, text, codespace);
