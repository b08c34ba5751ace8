/** A market with its referee and one task of V3 in it, for tests. */
import type { Job as MarketJob, Result, Task } from "../../codec/gen/dcm/market/v1/types.ts";
import type { MsgPlaceBid } from "../../codec/gen/dcm/market/v1/tx.ts";
import { assert } from "../../runtime/errors.ts";
import { refereed, resultOf, saltChain, taskIdOf } from "../market/testing.ts";
import { TestReferee, inputsAround, name } from "./testing.ts";
import { Run, inputTree, sampleJob, type Job } from "./testing-runs.ts";

const salts = saltChain(10);
/** 4 + 7 x 300 + 2 transitions. One lot of the class is more than enough, and its limit needs an answer and a pick. */
const job: Job = sampleJob(300, { stride: 4, meterLimit: 1_000_000_000n });
export const truth = new Run(job);
export const lie = new Run(job, { at: 1_000n, bits: 1 });
/** Of a replica; what each provider has. */
export const [stake, bond] = [200n, 10_000_000n];

export const resultIn = (run: Run): Result => ({ ...resultOf("of the run"), ...run.result });

/** A V3 task of one lot at 10, whose provider ran this. */
export class Court extends TestReferee {
  readonly consumer: string;
  readonly job: bigint;
  readonly id: bigint;
  readonly money0: bigint;
  #salt = 1;

  constructor(bid: Partial<MsgPlaceBid> = {}, providers: readonly string[] = ["p1", "p2"]) {
    super({}, undefined, undefined, { auditProbabilityBps: 10_000 });
    this.consumer = this.fund("c");
    // Of equals the older ask serves.
    for (const label of providers) {
      this.ask(this.provider(label), 10n, 1, { classId: "rv32.core" });
      this.block();
    }
    this.fund("anybody", 100_000_000n);
    this.money0 = this.money;
    const inputs = inputsAround(job);
    this.job = this.bid(this.consumer, 10n, { ...refereed(salts), lots: 1n, ...bid }, { tasks: 1, programRoot: truth.programRoot, inputRoot: inputTree(inputs.slice(0, 1)).root, arguments: job.arguments });
    this.id = taskIdOf(this.job, 0);
    this.block(1_000n, 2);
  }

  get now(): Task {
    return this.task(this.id);
  }

  runAs(provider: string, run: Run): void {
    this.start(this.id, provider);
    this.commit(this.id, provider, resultIn(run));
  }

  draw(): void {
    this.block(1_000n, 3);
    this.send("MsgRevealSalt", { consumer: this.consumer, jobId: this.job, salt: salts[this.#salt++]! });
    this.block();
  }

  /** The provider claims one run, its auditor another; undefined: the audit is waived. */
  claimed(run: Run, audit?: Run): this {
    this.runAs(name("p1"), run);
    if (audit === undefined) {
      this.block(1_000n, 3);
      this.block(10_001n);
      this.block();
    } else {
      this.draw();
      this.runAs(name("p2"), audit);
    }
    this.reveal(this.id, name("p1"), resultIn(run));
    if (audit !== undefined) this.reveal(this.id, name("p2"), resultIn(audit));
    return this;
  }

  settled(paid: bigint): void {
    this.block();
    const { escrow } = this.query<{ job: MarketJob }>("Job", { jobId: this.job }).job;
    assert(escrow!.paid === String(paid) && escrow!.burned === "0" && escrow!.held === "0" && this.held === 0n, `paid ${escrow!.paid}, burned ${escrow!.burned}, held ${escrow!.held} and ${this.held} of bonds; not ${paid}, 0, 0, 0`);
    this.providers.forEach(({ locked }, provider) => { assert(locked === 0n, `${provider} has ${locked} locked`); });
    assert(this.money === this.money0, `there is ${this.money} of ${this.money0}`);
  }

  lost(label: string): bigint {
    return bond - this.providers.get(name(label))!.bond;
  }

  /** As the only input of its job has it. */
  proveAlone(id: bigint, run: Run): void {
    const proof = this.proof(id, run);
    this.message("Prove", { ...proof, input: proof.input === undefined ? undefined : { ...proof.input, path: new Uint8Array(0) } });
    this.block();
  }
}
