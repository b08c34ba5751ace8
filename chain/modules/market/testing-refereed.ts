/** V3 jobs on their way to a claim, for tests. */
import type { Job, Params, Replica, Task } from "../../codec/gen/dcm/market/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { refereed, refereedResult, saltChain, TestMarket } from "./testing.ts";
import { taskIdOf } from "./state.ts";
import type { RefereedClaim } from "./ports.ts";

const salts = saltChain(40);
export const programRoot = new Uint8Array(32).fill(9);
export const v3 = refereed(salts);
/** Of a replica at 10; what it is paid; what each provider has. */
export const [stake, pay, bond] = [2_000n, 20n, 10_000_000n];
/** max(challenge_due, 3 T) of the tests. */
export const window = 10_000n;

/** A V3 job of one task at 10, whose provider has committed. */
export class Refereed {
  readonly market: TestMarket;
  readonly consumer: string;
  readonly job: bigint;
  readonly task: bigint;
  readonly money: bigint;
  #salt = 1;

  constructor(providers: number, params: Partial<Params> = {}, bid: object = {}, job: object = {}, prepare: (market: TestMarket) => void = () => undefined) {
    this.market = new TestMarket({ auditProbabilityBps: 10_000, ...params });
    prepare(this.market);
    this.consumer = this.market.fund("c");
    for (let i = 1; i <= providers; i++) this.market.ask(this.market.provider(`p${i}`), 10n, 1, { classId: "rv32.core", maxAcceptanceWindow: 60_000n });
    this.money = this.market.money;
    this.job = this.market.bid(this.consumer, 20n, { ...v3, ...bid }, { programRoot, ...job });
    this.task = taskIdOf(this.job, 0);
    this.market.block(1_000n, 2);
  }

  get now(): Task {
    return this.market.task(this.task);
  }

  of(round: number): string[] {
    return this.now.replicas.filter((one) => one.round === round).map((one) => one.provider);
  }

  get provider(): string {
    return this.of(0)[0]!;
  }

  replica(provider: string): Replica {
    return this.now.replicas.find((one) => one.provider === provider)!;
  }

  get claim(): RefereedClaim | undefined {
    return this.market.asReferee((port, ctx) => port.claim(ctx, this.task));
  }

  lost(provider: string): bigint {
    return bond - this.market.providers.get(provider)!.bond;
  }

  commitAll(providers: readonly string[], label = "right"): this {
    for (const one of providers) this.market.start(this.task, one);
    for (const one of providers) this.market.commit(this.task, one, refereedResult(label));
    return this;
  }

  draw(): this {
    this.market.block(1_000n, 3);
    this.market.send("MsgRevealSalt", { consumer: this.consumer, jobId: this.job, salt: salts[this.#salt++]! });
    this.market.block();
    return this;
  }

  /** No salt in time: the audit is waived. */
  waive(): this {
    this.market.block(1_000n, 3);
    this.market.block(10_001n);
    this.market.block();
    return this;
  }

  reveal(providers: readonly string[], label = "right"): this {
    for (const one of providers) this.market.reveal(this.task, one, refereedResult(label));
    return this;
  }

  /** Into CHALLENGE, unaudited. */
  claimed(label = "right"): this {
    return this.commitAll([this.provider], label).waive().reveal([this.provider], label);
  }

  /** Audited, with these labels revealed. */
  audited(label: string, audit: string): this {
    this.commitAll([this.provider], label).draw();
    const auditors = this.of(2);
    return this.commitAll(auditors, audit).reveal([this.provider], label).reveal(auditors, audit);
  }

  settled(paid: bigint, burned = 0n): void {
    this.market.block();
    const { escrow } = this.market.query<{ job: Job }>("Job", { jobId: this.job }).job;
    assert(escrow!.paid === String(paid) && escrow!.burned === String(burned) && escrow!.held === "0", `paid ${escrow!.paid}, burned ${escrow!.burned}, held ${escrow!.held}; not ${paid}, ${burned}, 0`);
    this.market.providers.forEach(({ locked }, provider) => { assert(locked === 0n, `${provider} has ${locked} locked`); });
    assert(this.market.money === this.money, `there is ${this.market.money} of ${this.money}`);
  }
}
