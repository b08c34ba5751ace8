/** Disputes and jurors beside a market, with ports in memory, for tests. */
import { addressBytes, addressText, moduleAddress } from "../../codec/address.ts";
import { utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { juryCommitment } from "../../codec/jury.ts";
import type { GenesisState } from "../../codec/gen/dcm/dispute/v1/genesis.ts";
import type { QueryCaseResponse, QuerySeatsResponse } from "../../codec/gen/dcm/dispute/v1/query.ts";
import type { MsgOpenCase, MsgOpenCaseResponse } from "../../codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState, type Case, type Params, type Seat, type Verdict } from "../../codec/gen/dcm/dispute/v1/types.ts";
import type { GenesisState as JurorsGenesis } from "../../codec/gen/dcm/juror/v1/genesis.ts";
import { testContext } from "../../runtime/testing.ts";
import { authority, denom, fails as failsIn, TestMarket } from "../market/testing.ts";
import { taskIdOf } from "../market/state.ts";
import { jurorsModule } from "../staking/jurors/module.ts";
import { defaultParams as jurorParams } from "../staking/jurors/params.ts";
import type { JurorsPort } from "../staking/jurors/ports.ts";
import { disputeModule } from "./module.ts";
import { stateName } from "./events.ts";
import { localnetParams } from "./params.ts";
import type { Module } from "../../runtime/module.ts";

export { denom, name } from "../market/testing.ts";

/** The window of the orders here. */
export const window = 60_000n;
export const bond = 10_000_000n;

export class TestDispute extends TestMarket {
  readonly jurors: JurorsPort;
  readonly jurorship: Module;
  readonly dispute: Module;

  constructor(params: Partial<Params> = {}) {
    super();
    const { bank, accounts, clock, beacon, organizations } = this.ports;
    const { module: jurorship, jurors } = jurorsModule({ bank, accounts, clock, authority });
    this.jurorship = jurorship;
    this.jurors = jurors;
    this.dispute = disputeModule({ bank, accounts, clock, beacon, holds: this.holds, jurors, organizations, authority }).module;
    this.join(jurorship, { ...(jurorship.genesis!.defaults() as JurorsGenesis), params: { ...jurorParams(), unbondingTimeMs: 20_000n } });
    this.join(this.dispute, { ...(this.dispute.genesis!.defaults() as GenesisState), params: { ...localnetParams(), ...params } });
  }

  override blockUnchecked(ms = 1_000n): void {
    super.blockUnchecked(ms);
    const ctx = testContext(this.stores, { height: this.height, time: this.time, mode: "block" });
    this.jurorship.beginBlock!(ctx, { lastCommit: undefined, misbehavior: [] });
    this.events.push(...ctx.events);
  }

  juror(label: string, amount = bond): string {
    const juror = this.fund(label);
    this.send("/dcm.juror.v1.MsgRegisterJuror", { juror, profile: { moniker: "juror", url: "" }, bond: { denom, amount: String(amount) } });
    return juror;
  }

  /** So many jurors, who may be drawn. */
  bench(count: number): string[] {
    const jurors = Array.from({ length: count }, (_, i) => this.juror(`juror ${i}`));
    this.block();
    return jurors;
  }

  /** A FINAL task with pay of 2 lots at `price`, and the fee of 1 % on it, held; the order sets aside 10 lots. */
  finalTask(price = 100n, share = 0): { readonly consumer: string; readonly provider: string; readonly task: bigint; readonly job: bigint } {
    const [consumer, provider] = [this.fund("consumer"), this.provider("provider")];
    this.ask(provider, price, 1, { maxAcceptanceWindow: window });
    const job = this.bid(consumer, price, { acceptance: { window, providerShareBps: share } });
    this.block(1_000n, 2);
    const task = taskIdOf(job, 0);
    this.finish(task, provider);
    this.block();
    return { consumer, provider, task, job };
  }

  message<T = Record<string, unknown>>(type: string, message: object): T {
    return this.send<T>(`/dcm.dispute.v1.Msg${type}`, message);
  }

  open(consumer: string, taskId: bigint, more: Partial<MsgOpenCase> = {}): bigint {
    return this.message<MsgOpenCaseResponse>("OpenCase", { consumer, taskId, instanceId: 0n, period: 0n, claim: "", evidenceHash: new Uint8Array(0), evidenceUrl: "", ...more }).caseId;
  }

  case(id: bigint): Case {
    return this.query<QueryCaseResponse>("/dcm.dispute.v1.Query/Case", { caseId: id }).case!;
  }

  seats(id: bigint, round = this.case(id).rounds.length - 1): Seat[] {
    return this.query<QuerySeatsResponse>("/dcm.dispute.v1.Query/Seats", { caseId: id }).seats.filter((seat) => seat.round === round);
  }

  /** Blocks of a second until the case is in this state; throws where that takes more than a minute. */
  until(id: bigint, state: CaseState): Case {
    for (let i = 0; i < 60; i++) {
      const one = this.case(id);
      if (one.state === state) return one;
      this.block();
    }
    throw new Error(`case ${id} is ${stateName(this.case(id).state)}, not ${stateName(state)}`);
  }

  commitVote(id: bigint, juror: string, vote: Verdict): void {
    const round = this.case(id).rounds.length - 1;
    this.message("CommitVote", { juror, caseId: id, commitment: juryCommitment({ caseId: id, round, juror: addressBytes(juror), vote, salt: saltOf(juror) }) });
  }

  revealVote(id: bigint, juror: string, vote: Verdict): void {
    this.message("RevealVote", { juror, caseId: id, vote, salt: saltOf(juror) });
  }

  /** The present round is drawn, and votes so: undefined does nothing, "silent" commits for the consumer and opens nothing. By seat. */
  vote(id: bigint, votes: (juror: string, i: number) => Verdict | "silent" | undefined): Case {
    this.until(id, CaseState.CASE_STATE_COMMIT);
    const seats = this.seats(id);
    const cast = seats.map(({ juror }, i) => ({ juror, vote: votes(juror, i) }));
    for (const { juror, vote } of cast) if (vote !== undefined) this.commitVote(id, juror, vote === "silent" ? 1 : vote);
    if (cast.some(({ vote }) => vote !== undefined)) this.until(id, CaseState.CASE_STATE_REVEAL);
    for (const { juror, vote } of cast) if (vote !== undefined && vote !== "silent") this.revealVote(id, juror, vote);
    return this.until(id, CaseState.CASE_STATE_APPEAL);
  }

  appeal(id: bigint, party: string): void {
    this.message("Appeal", { party, caseId: id });
  }

  /** All that jurors lost and kept shows in their bonds. */
  bondOf(juror: string): bigint {
    return BigInt(this.query<{ juror: { bond: { total: string } } }>("/dcm.juror.v1.Query/Juror", { juror }).juror.bond.total);
  }

  balance(account: string): bigint {
    return this.balanceOf(account, denom);
  }

  heldBy(module: "dispute" | "jurors"): bigint {
    return this.balance(addressText(moduleAddress(module)));
  }
}

export const saltOf = (label: string): Uint8Array => sha256(utf8(`salt of ${label}`));

/** Asserts on the error that a message ends with, of disputes where nothing else is said. */
export const fails = (action: () => unknown, code: number, text: RegExp, codespace = "dispute"): void => failsIn(action, code, text, codespace);
