/** Juries over pay that is held: what a case moves, who sits, who pays. Jurors lock 2,000,000 a seat and have 100,000 for a coherent vote. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { GenesisState } from "../../codec/gen/dcm/dispute/v1/genesis.ts";
import type { QueryCasesResponse, QueryEvidenceResponse, QuerySeatsResponse } from "../../codec/gen/dcm/dispute/v1/query.ts";
import { CaseState, CloseReason, Round, Seat, Verdict } from "../../codec/gen/dcm/dispute/v1/types.ts";
import { TaskState } from "../../codec/gen/dcm/market/v1/types.ts";
import { BudgetPeriod, Role } from "../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { brokenInvariants, initGenesis, memoryStores, testContext } from "../../runtime/testing.ts";
import { Context } from "../../runtime/context.ts";
import { taskIdOf } from "../market/state.ts";
import { authority, replicated, resultOf, saltChain } from "../market/testing.ts";
import { defaultParams, localnetParams, paramsFault } from "./params.ts";
import { settleCase } from "./settlement.ts";
import { outcomeOf, seatsAfter } from "./tally.ts";
import { bond, denom, fails, name, saltOf, TestDispute, window } from "./testing.ts";

const { VERDICT_CONSUMER: CONSUMER, VERDICT_PROVIDER: PROVIDER, VERDICT_NONE: NONE, VERDICT_UNSPECIFIED: UNDECIDED } = Verdict;
const { CASE_STATE_COMMIT, CASE_STATE_REVEAL, CASE_STATE_CLOSED, CASE_STATE_EVIDENCE, CASE_STATE_DRAWING, CASE_STATE_VOTE } = CaseState;
const [fee, stake] = [100_000n, 2_000_000n];
const [incoherent, absent] = [stake / 10n, (stake * 3n) / 100n];
const locked = (world: TestDispute, juror: string): bigint => world.jurors.locked(testContext(world.stores, { height: world.height }), addressBytes(juror));
const bytes = (i: number): Uint8Array => new Uint8Array(32).fill(i);

describe("dispute", () => {
  it("DISPUTE-1: a verdict for the consumer gives all that is held back, to the unit; coherent jurors have their fee out of what the consumer paid", () => {
    const world = new TestDispute();
    const jurors = world.bench(8);
    const { consumer, provider, task, job } = world.finalTask();
    const money = world.money;
    const [before, ofProvider] = [world.balance(consumer), world.balance(provider)];
    const id = world.open(consumer, task, { claim: "all pixels are black", evidenceHash: bytes(1), evidenceUrl: "https://evidence.example/frames" });
    world.block(window, 1);
    assert.equal(world.task(task).replicas[0]!.paid, "0", "pay waits for the case, and for no window");
    world.vote(id, () => CONSUMER);
    const closed = world.until(id, CASE_STATE_CLOSED);
    assert.deepEqual([closed.verdict, closed.providerShareBps, closed.closeReason], [CONSUMER, 0, CloseReason.CLOSE_REASON_JURY]);
    const seated = world.seats(id).map(({ juror }) => juror);
    for (const juror of seated) assert.deepEqual([world.balance(juror), world.bondOf(juror)], [1_000_000_000n - bond + fee, bond]);
    assert.equal(jurors.filter((juror) => locked(world, juror) > 0n).length, 0);
    const deposits = world.heldBy("dispute");
    assert.equal(world.balance(provider), ofProvider);
    assert.equal(world.balance(consumer), before + 202n - 3n * fee - deposits);
    assert.equal(world.money, money);
    assert.equal(world.query<{ job: { endedTau: bigint } }>("Job", { jobId: job }).job.endedTau > 0n, true);
  });

  it("DISPUTE-1: a verdict for the provider pays it, with the fee of the market", () => {
    const world = new TestDispute();
    world.bench(8);
    const { consumer, provider, task } = world.finalTask();
    const before = world.balance(provider);
    const id = world.open(consumer, task);
    world.vote(id, () => PROVIDER);
    world.until(id, CASE_STATE_CLOSED);
    assert.equal(world.balance(provider) - before, 200n);
    assert.equal(world.task(task).replicas[0]!.paid, "200");
  });

  it("DISPUTE-2: without a supermajority what is held is split by the order's rule; who opened a vote has the fee, and nobody is incoherent", () => {
    for (const [share, paid] of [[0, 0n], [3_333, 66n]] as const) {
      const world = new TestDispute({ jurySize: 5, maxAppeals: 0 });
      world.bench(8);
      const { consumer, provider, task } = world.finalTask(100n, share);
      const before = world.balance(provider);
      const id = world.open(consumer, task);
      world.vote(id, (_, i) => [CONSUMER, CONSUMER, PROVIDER, PROVIDER, undefined][i]);
      const closed = world.until(id, CASE_STATE_CLOSED);
      assert.deepEqual([closed.verdict, closed.providerShareBps, world.balance(provider) - before], [NONE, share, paid]);
      assert.deepEqual(world.seats(id).map(({ reward, slashed }) => [BigInt(reward), BigInt(slashed)]), [[fee, 0n], [fee, 0n], [fee, 0n], [fee, 0n], [0n, absent]]);
    }
  });

  it("DISPUTE-3: bribed and absent jurors pay: against the outcome to the coherent of the round, silent ones to nobody", () => {
    const world = new TestDispute({ jurySize: 7 });
    world.bench(10);
    const { consumer, task } = world.finalTask();
    const id = world.open(consumer, task);
    const burned = world.burned;
    // Four honest, one bribed, one that sees it lost and keeps silent, one that is gone.
    world.vote(id, (_, i) => ([CONSUMER, CONSUMER, CONSUMER, CONSUMER, PROVIDER, "silent", undefined] as const)[i]);
    assert.deepEqual(world.until(id, CASE_STATE_CLOSED).rounds.map(({ outcome, committed, revealed }) => [outcome, committed, revealed]), [[CONSUMER, 6, 5]]);
    assert.deepEqual(world.seats(id).map(({ reward, slashed }) => [BigInt(reward), BigInt(slashed)]), [
      ...Array.from({ length: 4 }, () => [fee + incoherent / 4n, 0n]), [0n, incoherent], [0n, incoherent], [0n, absent],
    ]);
    assert.equal(world.burned - burned, incoherent + absent);
  });

  it("DISPUTE-3: with a jury that never shows up the order's rule decides, each loses a little, all of it burned, and the fees come back", () => {
    const world = new TestDispute();
    world.bench(8);
    const { consumer, provider, task } = world.finalTask();
    const [before, burned] = [world.balance(consumer), world.burned];
    const id = world.open(consumer, task);
    world.vote(id, () => undefined);
    const closed = world.until(id, CASE_STATE_CLOSED);
    assert.deepEqual([closed.verdict, world.burned - burned], [NONE, 3n * absent]);
    assert.equal(world.balance(consumer), before + 202n - world.heldBy("dispute"));
    assert.equal(world.task(task).replicas[0]!.paid, "0");
    assert.equal(world.providers.get(provider)!.bond, 10_000_000n);
  });

  it("DISPUTE-4: an appeal before 2 n + 1 others reverses a bribed round, whose jurors pay for it; the loser's fees are used first", () => {
    const world = new TestDispute();
    world.bench(20);
    const { consumer, provider, task } = world.finalTask(100_000n);
    const [ofConsumer, ofProvider] = [world.balance(consumer), world.balance(provider)];
    const id = world.open(consumer, task);
    const first = world.vote(id, () => CONSUMER);
    assert.equal(first.rounds[0]!.outcome, CONSUMER);
    fails(() => world.appeal(id, consumer), 15, /did not lose/);
    fails(() => world.appeal(id, name("juror 1")), 9, /no party/);
    world.appeal(id, provider);
    assert.deepEqual([world.case(id).state, world.case(id).rounds[1]!.seats, world.case(id).rounds[1]!.fee], [CASE_STATE_EVIDENCE, 7, String(7n * fee)]);
    world.vote(id, () => PROVIDER);
    const bribed = world.seats(id, 0).map(({ juror }) => juror);
    const second = world.seats(id, 1).map(({ juror }) => juror);
    assert.equal(new Set([...bribed, ...second]).size, 10, "nobody sits twice in a case");
    const closed = world.until(id, CASE_STATE_CLOSED);
    assert.deepEqual([closed.verdict, closed.providerShareBps], [PROVIDER, 10_000]);
    assert.deepEqual(world.seats(id, 0).map(({ reward, slashed }) => [BigInt(reward), BigInt(slashed)]), bribed.map(() => [0n, incoherent]));
    assert.deepEqual(world.seats(id, 1).map(({ reward }) => BigInt(reward)), second.map(() => fee));
    // Seven coherent seats cost 7 fees: 3 of them the loser's, the other 4 the winner's.
    const deposit = (side: Verdict): bigint => closed.rounds.filter((round) => round.side === side).reduce((sum, { storageDeposit }) => sum + BigInt(storageDeposit), 0n);
    assert.equal(world.balance(consumer), ofConsumer - 3n * fee - deposit(CONSUMER));
    assert.equal(world.balance(provider), ofProvider + 200_000n - 4n * fee - deposit(PROVIDER));
  });

  it("DISPUTE-4: the last round is final where no vote hears it, and each round is judged by it", () => {
    const world = new TestDispute({ jurySize: 1, maxAppeals: 1, voteDue: 0n });
    world.bench(12);
    const { consumer, provider, task } = world.finalTask();
    const id = world.open(consumer, task);
    world.vote(id, () => PROVIDER);
    world.appeal(id, consumer);
    world.vote(id, (_, i) => (i === 0 ? PROVIDER : CONSUMER));
    fails(() => world.appeal(id, provider), 16, /final/);
    const closed = world.until(id, CASE_STATE_CLOSED);
    assert.deepEqual([closed.verdict, closed.rounds.length], [CONSUMER, 2]);
    assert.deepEqual([0, 1].flatMap((round) => world.seats(id, round).map(({ slashed }) => BigInt(slashed) > 0n)), [true, true, false, false]);
  });

  /** A jury of one decided for the consumer, and the provider asked everybody: what it paid for that. */
  function askEverybody(world: TestDispute): { readonly id: bigint; readonly consumer: string; readonly provider: string; readonly voteFee: bigint } {
    world.bench(4);
    const { consumer, provider, task } = world.finalTask(100_000n);
    const id = world.open(consumer, task);
    world.vote(id, () => CONSUMER);
    fails(() => world.appeal(id, consumer), 15, /did not lose/);
    world.appeal(id, provider);
    const { state, rounds } = world.case(id);
    assert.deepEqual([state, rounds[1]!.seats, rounds[1]!.fee], [CASE_STATE_VOTE, 0, String(3n * fee)]);
    return { id, consumer, provider, voteFee: 3n * fee };
  }

  it("DISPUTE-16: behind the last jury governance decides, against the jury too, whose jurors pay; who asked has its fee back", () => {
    const world = new TestDispute({ jurySize: 1, maxAppeals: 0 });
    const { id, provider, voteFee } = askEverybody(world);
    const before = world.balance(provider);
    fails(() => world.message("DecideCase", { authority: provider, caseId: id, verdict: PROVIDER }), 13, /authority/, "gov");
    fails(() => world.message("DecideCase", { authority, caseId: id, verdict: NONE }), 2, /verdict is/);
    fails(() => world.message("DecideCase", { authority, caseId: id + 1n, verdict: PROVIDER }), 7, /unknown/);
    const { amount } = world.case(id);
    world.message("DecideCase", { authority, caseId: id, verdict: PROVIDER });
    fails(() => world.message("DecideCase", { authority, caseId: id, verdict: CONSUMER }), 8, /governance decides|decided/);
    world.block();
    const closed = world.case(id);
    assert.deepEqual([closed.state, closed.verdict, closed.closeReason, closed.providerShareBps], [CASE_STATE_CLOSED, PROVIDER, CloseReason.CLOSE_REASON_VOTE, 10_000]);
    assert.equal(BigInt(world.seats(id, 0)[0]!.slashed), incoherent);
    // The fee of 1 % of what was earned stays with the chain.
    assert.equal(world.balance(provider) - before, (BigInt(amount) * 100n) / 101n + voteFee);
  });

  it("DISPUTE-16: a vote that confirms the jury, or never comes, costs who asked for it the fee, and the jury's outcome stands", () => {
    for (const vote of [CONSUMER, undefined]) {
      const world = new TestDispute({ jurySize: 1, maxAppeals: 0, voteDue: 20_000n });
      const { id, provider, voteFee } = askEverybody(world);
      const [before, burned] = [world.balance(provider), world.burned];
      if (vote !== undefined) world.message("DecideCase", { authority, caseId: id, verdict: vote });
      const closed = world.until(id, CASE_STATE_CLOSED);
      assert.deepEqual([closed.verdict, closed.providerShareBps, closed.closeReason], [CONSUMER, 0, vote === undefined ? CloseReason.CLOSE_REASON_JURY : CloseReason.CLOSE_REASON_VOTE]);
      assert.deepEqual([world.balance(provider), world.burned - burned], [before, voteFee]);
      assert.equal(BigInt(world.seats(id, 0)[0]!.reward), fee);
    }
  });

  it("DISPUTE-16: nobody decides a case that no party brought before everybody, nor one whose time is over", () => {
    const world = new TestDispute({ jurySize: 1, maxAppeals: 0, voteDue: 5_000n });
    world.bench(4);
    const { consumer, provider, task } = world.finalTask();
    const id = world.open(consumer, task);
    fails(() => world.message("DecideCase", { authority, caseId: id, verdict: PROVIDER }), 8, /evidence/);
    world.vote(id, () => CONSUMER);
    fails(() => world.message("DecideCase", { authority, caseId: id, verdict: PROVIDER }), 8, /appeal/);
    world.appeal(id, provider);
    world.tau += 6_000n;
    fails(() => world.message("DecideCase", { authority, caseId: id, verdict: PROVIDER }), 8, /over/);
  });

  it("DISPUTE-5: a draw leaves out the parties, whoever shares an organization with one, and a second juror of one organization", () => {
    const world = new TestDispute({ jurySize: 3, drawDue: 3_000n });
    const member = (organization: string, admin: string, account: string): void => {
      world.send("/dcm.organization.v1.MsgSetMember", { admin, organization, member: account, role: Role.ROLE_VIEWER });
      world.send("/dcm.organization.v1.MsgAcceptMembership", { member: account, organization });
    };
    const found = (organization: string): string => {
      const founder = world.fund(`founder of ${organization}`);
      world.send("/dcm.organization.v1.MsgCreateOrganization", { creator: founder, name: organization });
      return founder;
    };
    const [consumer, provider] = [world.juror("consumer"), world.juror("provider")];
    const jurors = world.bench(4);
    world.balances.set(consumer, 1_000_000_000n);
    const [acme, guild] = [found("acme"), found("guild")];
    member("acme", acme, consumer);
    member("acme", acme, jurors[0]!);
    member("guild", guild, jurors[1]!);
    member("guild", guild, jurors[2]!);
    // Named by a party without its consent, a juror sits all the same.
    world.send("/dcm.organization.v1.MsgSetMember", { admin: acme, organization: "acme", member: jurors[3]!, role: Role.ROLE_VIEWER });
    const { task } = world.finalTask();
    assert.deepEqual([consumer, provider], [name("consumer"), name("provider")]);
    const id = world.open(consumer, task);
    world.until(id, CASE_STATE_DRAWING);
    world.block(1_000n, 3);
    const seated = world.seats(id).map(({ juror }) => juror);
    assert.equal(seated.length, 2);
    assert.ok(seated.includes(jurors[3]!) && (seated.includes(jurors[1]!) || seated.includes(jurors[2]!)));
    const closed = world.until(id, CASE_STATE_CLOSED);
    assert.deepEqual([closed.closeReason, closed.verdict], [CloseReason.CLOSE_REASON_NO_JURY, NONE]);
    for (const juror of seated) assert.deepEqual([world.bondOf(juror), locked(world, juror)], [bond, 0n], "who was found costs nothing and loses nothing");
  });

  it("DISPUTE-5: the jury follows from the seed of a later block, and from bonds as they were before that block began", () => {
    const world = new TestDispute({ jurySize: 1 });
    world.bench(1);
    const { consumer, task } = world.finalTask();
    const id = world.open(consumer, task);
    const drawing = world.until(id, CASE_STATE_DRAWING);
    assert.ok(drawing.seedHeight >= world.height + 1n);
    while (world.height < drawing.seedHeight) world.block();
    // A whale that bonds in the block of the seed is not in the tree.
    world.juror("whale", 900_000_000n);
    world.block();
    assert.deepEqual(world.seats(id).map(({ juror }) => juror), [name("juror 0")]);
  });

  it("DISPUTE-6: a case moves held pay only: no proof is overridden, no provider slashed", () => {
    const world = new TestDispute();
    world.bench(8);
    const { task, liar } = tieBroken(world);
    const bonds = (): bigint[] => [...world.providers.values()].map((one) => one.bond);
    const before = bonds();
    assert.equal(world.providers.get(liar)!.bond, 10_000_000n - 2_000n, "the tie-break took the liar's stake");
    const consumer = name("replicating");
    const id = world.open(consumer, task);
    world.vote(id, () => PROVIDER);
    world.until(id, CASE_STATE_CLOSED);
    assert.deepEqual(bonds(), before, "a verdict gives nobody's stake back and takes nobody's");
    const { state, result, replicas } = world.task(task);
    assert.deepEqual([state, result!.digest], [TaskState.TASK_STATE_FINAL, resultOf("right").digest]);
    assert.deepEqual(replicas.map(({ provider, paid }) => (provider === liar ? "liar" : paid)).sort(), ["20", "20", "20", "liar"]);
    assert.equal(replicas.find(({ provider }) => provider === liar)!.paid, "0", "nor is it paid for what a proof refused");
    fails(() => world.open(consumer, task), 3, /nothing is held/);
  });

  it("DISPUTE-7: who opens what: the consumer, once, while the window lasts, of what is held", () => {
    const world = new TestDispute();
    const { consumer, provider, task } = world.finalTask();
    fails(() => world.open(provider, task), 4, /cannot dispute/);
    fails(() => world.open(consumer, task + 1n), 3, /nothing is held/);
    fails(() => world.open(consumer, task, { claim: "x".repeat(201) }), 2, /claim/);
    fails(() => world.open(consumer, task, { evidenceUrl: "https://evidence.example" }), 2, /evidence_hash/);
    const id = world.open(consumer, task);
    fails(() => world.open(consumer, task), 5, /decides/);
    fails(() => world.send("MsgAcceptResult", { consumer, taskId: task, instanceId: 0n, period: 0n }), 101, /waits for case/, "market");
    fails(() => world.appeal(id, consumer), 8, /evidence/);
    const other = new TestDispute();
    const late = other.finalTask();
    other.tau += window;
    fails(() => other.open(late.consumer, late.task), 6, /could be disputed/);
    const plain = other.bid(late.consumer, 100n);
    other.block(1_000n, 2);
    other.finish(taskIdOf(plain, 0), late.provider);
    fails(() => other.open(late.consumer, taskIdOf(plain, 0)), 3, /no acceptance window/);
  });

  it("DISPUTE-8: evidence is a hash and an address of the parties, before a draw, and bounded", () => {
    const world = new TestDispute({ maxEvidence: 2 });
    world.bench(8);
    const { consumer, provider, task } = world.finalTask();
    const id = world.open(consumer, task, { evidenceHash: bytes(1) });
    const show = (party: string, hash = bytes(2), url = ""): unknown => world.message("SubmitEvidence", { party, caseId: id, hash, url });
    show(provider, bytes(3), "https://provider.example/log");
    fails(() => show(name("juror 0")), 9, /no party/);
    fails(() => show(consumer, new Uint8Array(31)), 2, /32 bytes/);
    fails(() => show(consumer, bytes(2), "ftp://x"), 2, /http/);
    show(consumer);
    fails(() => show(consumer), 10, /2 pieces/);
    const { evidence } = world.query<QueryEvidenceResponse>("/dcm.dispute.v1.Query/Evidence", { caseId: id });
    assert.deepEqual(evidence.map(({ number, party, url }) => [number, party, url]), [[1, consumer, ""], [2, provider, "https://provider.example/log"], [3, consumer, ""]]);
    world.tau += 60_000n;
    fails(() => show(provider), 8, /before a jury/);
  });

  it("DISPUTE-9: a commitment is bound to its juror, case and round; votes open once, in time, as committed", () => {
    const world = new TestDispute();
    world.bench(8);
    const { consumer, task } = world.finalTask();
    const id = world.open(consumer, task);
    world.until(id, CASE_STATE_COMMIT);
    const [first, second, third] = world.seats(id).map(({ juror }) => juror) as [string, string, string];
    fails(() => world.commitVote(id, consumer, CONSUMER), 11, /no seat/);
    fails(() => world.revealVote(id, first, CONSUMER), 8, /is commit/);
    world.commitVote(id, first, PROVIDER);
    world.commitVote(id, first, CONSUMER);
    // A copy of another's commitment opens for nobody else.
    const copied = world.seats(id).find(({ juror }) => juror === first)!.commitment;
    world.message("CommitVote", { juror: second, caseId: id, commitment: copied });
    assert.equal(world.case(id).rounds[0]!.committed, 2);
    world.until(id, CASE_STATE_REVEAL);
    fails(() => world.commitVote(id, third, CONSUMER), 8, /is reveal/);
    fails(() => world.revealVote(id, third, CONSUMER), 12, /committed to no vote/);
    fails(() => world.message("RevealVote", { juror: second, caseId: id, vote: CONSUMER, salt: saltOf(first) }), 14, /do not make the commitment/);
    fails(() => world.revealVote(id, first, PROVIDER), 14, /do not make/);
    fails(() => world.message("RevealVote", { juror: first, caseId: id, vote: NONE, salt: saltOf(first) }), 2, /consumer or provider/);
    world.revealVote(id, first, CONSUMER);
    fails(() => world.revealVote(id, first, CONSUMER), 13, /open already/);
    world.tau += 60_000n;
    fails(() => world.revealVote(id, second, CONSUMER), 8, /over/);
  });

  it("DISPUTE-10: locked stake neither unbonds nor sits twice; a juror that retires has it back when its case closes", () => {
    const world = new TestDispute({ jurySize: 1 });
    const juror = world.juror("juror 0", bond);
    world.block();
    const { consumer, task } = world.finalTask();
    const id = world.open(consumer, task);
    world.until(id, CASE_STATE_COMMIT);
    const send = (type: string, more: object = {}): unknown => world.send(`/dcm.juror.v1.Msg${type}`, { juror, ...more });
    fails(() => send("UnbondJuror", { amount: { denom: "udcm", amount: String(bond - stake + 1n) } }), 11, /free bond/, "jurors");
    send("RetireJuror");
    world.block(25_000n, 1);
    world.block();
    assert.equal(world.bondOf(juror), stake, "what is free has left");
    fails(() => send("RegisterJuror", { profile: { moniker: "again", url: "" }, bond: { denom: "udcm", amount: String(bond) } }), 9, /retires/, "jurors");
    world.until(id, CASE_STATE_CLOSED);
    world.block(25_000n, 1);
    world.block();
    assert.equal(world.balance(juror), 1_000_000_000n - absent);
    assert.equal(world.heldBy("jurors"), 0n);
  });

  it("DISPUTE-11: records go after their lifetime, and every deposit comes back", () => {
    const world = new TestDispute({ recordLifetime: 5_000n });
    world.bench(8);
    const { consumer, provider, task } = world.finalTask();
    const [before, ofProvider] = [world.balance(consumer), world.balance(provider)];
    const id = world.open(consumer, task);
    world.message("SubmitEvidence", { party: provider, caseId: id, hash: bytes(1), url: "" });
    world.vote(id, () => CONSUMER);
    world.until(id, CASE_STATE_CLOSED);
    assert.ok(world.heldBy("dispute") > 0n);
    world.block(6_000n, 2);
    assert.equal(world.heldBy("dispute"), 0n);
    assert.deepEqual([world.balance(consumer), world.balance(provider)], [before + 202n - 3n * fee, ofProvider]);
    assert.equal(world.query<QueryCasesResponse>("/dcm.dispute.v1.Query/Cases", { party: "", state: 0 }).cases.length, 0);
  });

  it("DISPUTE-12: genesis goes round in the middle of a case, and goes on where it was", () => {
    const world = new TestDispute();
    world.bench(8);
    const { consumer, provider, task } = world.finalTask();
    const id = world.open(consumer, task, { evidenceHash: bytes(1) });
    world.until(id, CASE_STATE_COMMIT);
    world.commitVote(id, world.seats(id)[0]!.juror, CONSUMER);
    const ctx = testContext(world.stores, { height: world.height });
    const sections = Object.fromEntries(world.modules.map((module) => [module.name, module.genesis!.export(ctx)]));
    const stores = memoryStores();
    const order = [...world.modules].sort((a, b) => (a.name === "organization" ? -1 : b.name === "organization" ? 1 : 0));
    initGenesis(stores, order, sections, { height: world.height });
    const again = testContext(stores, { height: world.height });
    for (const module of order) assert.deepEqual(module.genesis!.export(again), sections[module.name]);
    assert.deepEqual(brokenInvariants(stores, order, { height: world.height }), []);
    const state = sections.dispute as GenesisState;
    assert.throws(() => world.dispute.genesis!.check({ ...state, cases: [] }), /has no round/);
    assert.throws(() => world.dispute.genesis!.check({ ...state, nextCaseId: id }), /next_case_id/);
    for (const party of [consumer, provider]) assert.equal(world.query<QueryCasesResponse>("/dcm.dispute.v1.Query/Cases", { party, state: CASE_STATE_COMMIT }).cases.length, 1);
    const { juror } = world.seats(id)[0]!;
    assert.equal(world.query<QuerySeatsResponse>("/dcm.dispute.v1.Query/JurorSeats", { juror }).seats.length, 1);
  });

  it("DISPUTE-13: parameters stay within bounds, and a case keeps those that it was opened under", () => {
    assert.equal(paramsFault(localnetParams()), undefined);
    assert.match(paramsFault({ ...defaultParams(), jurySize: 4 })!, /odd/);
    assert.match(paramsFault({ ...defaultParams(), supermajorityBps: 5_000 })!, /supermajority_bps is 5001/);
    assert.match(paramsFault({ ...defaultParams(), jurorFee: "-1" })!, /juror_fee/);
    const world = new TestDispute();
    world.bench(8);
    const { consumer, task } = world.finalTask();
    const id = world.open(consumer, task);
    world.message("UpdateParams", { authority: name("gov"), params: { ...localnetParams(), jurySize: 5, jurorStake: "1" } });
    world.until(id, CASE_STATE_COMMIT);
    assert.deepEqual([world.seats(id).length, world.seats(id)[0]!.stake], [3, String(stake)]);
  });

  it("DISPUTE-14: for any votes fees and slashes are what rewards, refunds and burns are, and nobody is charged twice", () => {
    const vote = fc.constantFrom(CONSUMER, PROVIDER, "silent" as const, "absent" as const);
    // A vote of everybody behind the juries: who asked for it, and what it decided, if anything.
    const everybody = fc.option(fc.tuple(fc.constantFrom(CONSUMER, PROVIDER), fc.constantFrom(CONSUMER, PROVIDER, UNDECIDED)), { nil: undefined });
    fc.assert(fc.property(fc.array(fc.tuple(fc.array(vote, { minLength: 1, maxLength: 15 }), fc.constantFrom(CONSUMER, PROVIDER), fc.boolean()), { minLength: 1, maxLength: 4 }), fc.bigInt(0n, 1_000n), fc.bigInt(1n, 10_000n), everybody, (drawn, jurorFee, jurorStake, asked) => {
      const terms = { ...defaultParams(), jurorFee: String(jurorFee), jurorStake: String(jurorStake) };
      const juries = drawn.map(([votes, side, found], i) => {
        const count = (of: Verdict): number => votes.filter((one) => one === of).length;
        const round = Round.fromPartial({ seats: votes.length, fee: String(jurorFee * BigInt(votes.length)), payer: "p", side, committed: votes.filter((one) => one !== "absent").length, revealed: count(CONSUMER) + count(PROVIDER), forConsumer: count(CONSUMER), forProvider: count(PROVIDER) });
        // Only the last one may have found no jury.
        return found || asked !== undefined || i < drawn.length - 1 ? { ...round, outcome: outcomeOf(round, terms) } : round;
      });
      const voteFee = jurorFee * BigInt(seatsAfter(drawn.at(-1)![0].length));
      const rounds = asked === undefined ? juries : [...juries, Round.fromPartial({ seats: 0, fee: String(voteFee), payer: "p", side: asked[0], outcome: asked[1] })];
      const seats = drawn.flatMap(([votes], round) => votes.map((one) => Seat.fromPartial({ round, stake: String(jurorStake), vote: typeof one === "string" ? 0 : one, commitment: one === "absent" ? new Uint8Array(0) : bytes(1) })));
      const settlement = settleCase(rounds, seats, terms);
      const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, one) => all + one, 0n);
      const [fees, slashed, rewards] = [sum(rounds.map((round) => BigInt(round.fee))), sum(settlement.seats.map((one) => one.slashed)), sum(settlement.seats.map((one) => one.reward))];
      assert.equal(fees + slashed, rewards + sum(settlement.refunds) + settlement.burned);
      settlement.refunds.forEach((refund, i) => assert.ok(refund >= 0n && refund <= BigInt(rounds[i]!.fee)));
      if (asked !== undefined) assert.equal(settlement.refunds.at(-1), asked[0] === asked[1] ? voteFee : 0n, "the vote's fee comes back to who was right, whole, else it is burned");
      if (asked !== undefined && asked[1] !== UNDECIDED) {
        // What everybody decides is what every juror is judged by.
        for (const { seat, reward, slashed: lost } of settlement.seats) if (seat.vote !== UNDECIDED) assert.ok(seat.vote === asked[1] ? reward >= jurorFee && lost === 0n : reward === 0n && (lost > 0n || terms.incoherentBps === 0));
      }
      for (const { slashed: lost, reward } of settlement.seats) assert.ok(lost >= 0n && lost <= jurorStake && (lost === 0n || reward === 0n));
    }), { numRuns: 500 });
  });

  it("DISPUTE-15: a block brings at most max_sweep cases, seats and pieces up to date, and the rest follows", () => {
    const world = new TestDispute({ jurySize: 3, maxSweep: 10, maxAppeals: 0 });
    world.bench(30);
    const { consumer, provider } = world.finalTask();
    const tasks = Array.from({ length: 6 }, () => {
      const job = world.bid(consumer, 100n, { acceptance: { window, providerShareBps: 0 } });
      world.block(0n, 2);
      world.finish(taskIdOf(job, 0), provider);
      return taskIdOf(job, 0);
    });
    const ids = tasks.map((task) => world.open(consumer, task));
    const states = (): CaseState[] => ids.map((id) => world.case(id).state);
    world.until(ids.at(-1)!, CASE_STATE_COMMIT);
    world.tau += 60_000n;
    world.block();
    world.block();
    const closed = states().filter((state) => state === CASE_STATE_CLOSED).length;
    assert.ok(closed > 0 && closed < ids.length, `${closed} closed at once`);
    world.block(1_000n, 4);
    assert.ok(states().every((state) => state === CASE_STATE_CLOSED));
  });
});

/** A service at 100,000 a minute, half of it held for a minute each time; its first period is over. */
function heldPeriod(world: TestDispute, more: object = {}, consumer = world.fund("consumer")): { readonly consumer: string; readonly provider: string; readonly id: bigint; readonly service: bigint } {
  const provider = world.provider("provider");
  world.serviceAsk(provider, 100_000n, 1, { maxAcceptanceWindow: 10n * window });
  const service = world.serviceBid(consumer, 100_000n, { acceptance: { window, providerShareBps: 2_500, heldBps: 5_000, period: 60_000n }, ...more });
  world.block(1_000n, 2);
  const id = taskIdOf(service, 0);
  world.sealFor(consumer, service, provider);
  world.startService(id, provider);
  world.block(60_000n);
  world.block();
  return { consumer, provider, id, service };
}

describe("cases about services", () => {
  for (const [verdict, toProvider] of [[CONSUMER, 0n], [PROVIDER, 50_000n], [undefined, 12_500n]] as const) {
    it(`DISPUTE-17: a jury splits what is held of a period, the service goes on: ${verdict === undefined ? "without a verdict by the order's rule" : verdict === CONSUMER ? "for the consumer" : "for the provider"}`, () => {
      const world = new TestDispute({ maxAppeals: 0, voteDue: 0n });
      world.bench(8);
      const { consumer, provider, id, service } = heldPeriod(world);
      fails(() => world.open(consumer, 0n, { instanceId: id, period: 2n }), 18, /period 2 of instance \d+ lasts until tau/);
      fails(() => world.open(consumer, 0n, { instanceId: id, period: 3n }), 3, /nothing is held of period 3/);
      fails(() => world.open(consumer, 0n, { instanceId: id }), 2, /period counts/);
      fails(() => world.open(consumer, id, { instanceId: id, period: 1n }), 2, /one of both/);
      fails(() => world.open(provider, 0n, { instanceId: id, period: 1n }), 4, /cannot dispute it/);
      const caseId = world.open(consumer, 0n, { instanceId: id, period: 1n, claim: "every answer is empty" });
      fails(() => world.open(consumer, 0n, { instanceId: id, period: 1n }), 5, /decides on period 1/);
      const opened = world.case(caseId);
      assert.deepEqual([opened.serviceId, opened.instanceId, opened.period, opened.amount, opened.defaultShareBps, opened.taskId], [service, id, 1n, "50500", 2_500, 0n]);
      world.vote(caseId, (_, i) => verdict ?? (i === 0 ? CONSUMER : i === 1 ? PROVIDER : "silent"));
      world.send("MsgCloseService", { consumer, instanceId: id });
      world.send("MsgAcceptResult", { consumer, taskId: 0n, instanceId: id, period: 0n });
      const settled = world.balance(provider);
      world.until(caseId, CASE_STATE_CLOSED);
      assert.equal(world.balance(provider) - settled, toProvider);
      const { service: after } = world.query<{ service: { escrow: { held: string; refunded: string }; holds: number; endedTau: bigint } }>("Service", { serviceId: service });
      assert.deepEqual([after.escrow.held, after.holds, after.endedTau > 0n], ["0", 0, true]);
      assert.equal(world.providers.get(provider)!.bond, 10_000_000n, "no bond is touched");
    });
  }

  it("DISPUTE-18: of an organization's money its owners and admins open cases too, are a party, pay the jury, and what is held goes back to the organization", () => {
    const world = new TestDispute();
    world.bench(8);
    const [founder, spender, viewer] = [world.fund("founder"), world.fund("spender"), world.fund("viewer")];
    const organization = "acme";
    world.send("/dcm.organization.v1.MsgCreateOrganization", { creator: founder, name: organization });
    for (const [member, role] of [[spender, Role.ROLE_SPENDER], [viewer, Role.ROLE_VIEWER]] as const) {
      world.send("/dcm.organization.v1.MsgSetMember", { admin: founder, organization, member, role });
      world.send("/dcm.organization.v1.MsgAcceptMembership", { member, organization });
    }
    world.send("/dcm.organization.v1.MsgDeposit", { sender: founder, organization, amount: [{ denom, amount: "50000000" }] });
    world.send("/dcm.organization.v1.MsgSetBudget", { admin: founder, organization, budget: { denom, member: "", tagKey: "", tagValue: "", limit: "50000000", period: BudgetPeriod.BUDGET_PERIOD_MONTH } });
    const { id, service } = heldPeriod(world, { organization }, spender);
    const role = (next: Role): unknown => world.send("/dcm.organization.v1.MsgSetMember", { admin: founder, organization, member: spender, role: next });
    role(Role.ROLE_VIEWER);
    for (const one of [viewer, spender]) fails(() => world.open(one, 0n, { instanceId: id, period: 1n }), 4, /cannot dispute it/);
    role(Role.ROLE_SPENDER);
    const caseId = world.open(founder, 0n, { instanceId: id, period: 1n });
    const { consumer, opener, payer, rounds } = world.case(caseId);
    assert.deepEqual([consumer, opener, rounds[0]!.payer], [spender, founder, founder]);
    world.message("SubmitEvidence", { party: founder, caseId, hash: bytes(2), url: "" });
    assert.equal(world.query<QueryCasesResponse>("/dcm.dispute.v1.Query/Cases", { party: founder, state: 0 }).cases.length, 1);
    world.vote(caseId, () => CONSUMER);
    const before = world.balance(payer);
    world.until(caseId, CASE_STATE_CLOSED);
    assert.equal(world.balance(payer) - before, 50_500n);
    fails(() => world.send("MsgAcceptResult", { consumer: viewer, taskId: 0n, instanceId: id, period: 2n }), 102, /lasts until/, "market");
    world.send("MsgCloseService", { consumer: founder, instanceId: id });
    fails(() => world.send("MsgAcceptResult", { consumer: viewer, taskId: 0n, instanceId: id, period: 2n }), 12, /belongs to/, "market");
    world.send("MsgAcceptResult", { consumer: founder, taskId: 0n, instanceId: id, period: 0n });
    world.block();
    assert.equal(world.query<{ service: { endedTau: bigint } }>("Service", { serviceId: service }).service.endedTau > 0n, true);
  });
});

describe("a case that an error nobody expected keeps from going on", () => {
  it("DISPUTE-19: is put off further each time, says so, keeps no other waiting, and goes on once the error is gone", () => {
    const world = new TestDispute({ jurySize: 1, maxSweep: 10, maxAppeals: 0, voteDue: 0n });
    world.bench(4);
    const { consumer, provider, task } = world.finalTask();
    const ids = [world.open(consumer, task)];
    for (let i = 0; i < 12; i++) {
      const job = world.bid(consumer, 100n, { acceptance: { window, providerShareBps: 0 } });
      world.block(0n, 2);
      world.finish(taskIdOf(job, 0), provider);
      ids.push(world.open(consumer, taskIdOf(job, 0)));
    }
    const { split } = world.holds;
    const bad = new Set(ids.slice(0, 12).map((id) => world.case(id).taskId));
    (world.holds as { split: typeof split }).split = (ctx, ref, share) => {
      if (bad.has(ref.id)) throw new Error("nobody expected this");
      split(ctx, ref, share);
    };
    const heard: string[] = [];
    const end = (ms: bigint): void => {
      const header = testContext(world.stores, { height: world.height, time: world.time }).header;
      const ctx = new Context(header, world.stores, "block", undefined, (what) => void heard.push(what));
      for (const module of world.modules) module.endBlock?.(ctx);
      world.events.push(...ctx.events);
      world.height++;
      world.tau += ms;
    };
    for (let i = 0; i < 60 && world.case(ids[12]!).state !== CASE_STATE_CLOSED; i++) end(1_000n);
    assert.equal(world.case(ids[12]!).state, CASE_STATE_CLOSED, "twelve that fail, more than a block has room for, keep it not waiting");
    for (let i = 0; i < 60; i++) end(10_000n);
    const { failures, retryTau, state } = world.case(ids[0]!);
    assert.ok(failures >= 3 && failures <= 5 && retryTau > world.tau && state !== CASE_STATE_CLOSED, `${failures} tries in ten minutes`);
    assert.equal(heard.length, ids.slice(0, 12).reduce((sum, id) => sum + world.case(id).failures, 0));
    const stuck = world.events.filter(({ type, attributes }) => type === "dcm.dispute.v1.EventCaseStuck" && attributes.some(([key, value]) => key === "case_id" && value === String(ids[0]!)));
    assert.deepEqual(stuck.map(({ attributes }) => attributes.find(([key]) => key === "failures")![1]), Array.from({ length: failures }, (_, i) => String(i + 1)));
    assert.deepEqual(brokenInvariants(world.stores, world.modules), []);
    (world.holds as { split: typeof split }).split = split;
    for (let i = 0; i < 200 && world.case(ids[0]!).state !== CASE_STATE_CLOSED; i++) world.block(10_000n);
    assert.equal(world.case(ids[0]!).state, CASE_STATE_CLOSED);
  });
});

/** A replicated task whose two replicas differed: with the two re-runs three agree, and the fourth lost its stake. What the three earned is held. */
function tieBroken(world: TestDispute): { readonly task: bigint; readonly liar: string } {
  const consumer = world.fund("replicating");
  for (let i = 1; i <= 4; i++) world.ask(world.provider(`p${i}`), 10n, 1, { maxAcceptanceWindow: window });
  const salts = saltChain(4);
  const jobId = world.bid(consumer, 20n, { ...replicated(salts), acceptance: { window, providerShareBps: 0 } });
  const task = taskIdOf(jobId, 0);
  const drawn = (round: number): string[] => world.task(task).replicas.filter((one) => one.round === round).map(({ provider }) => provider);
  world.block(1_000n, 4);
  world.send("MsgRevealSalt", { consumer, jobId, salt: salts[1]! });
  world.block();
  const [a, liar] = drawn(0) as [string, string];
  for (const provider of [a, liar]) world.start(task, provider);
  world.commit(task, a);
  world.commit(task, liar, resultOf("a lie"));
  world.reveal(task, a);
  world.reveal(task, liar, resultOf("a lie"));
  world.block(1_000n, 3);
  world.send("MsgRevealSalt", { consumer, jobId, salt: salts[2]! });
  world.block();
  for (const provider of drawn(1)) world.start(task, provider);
  for (const provider of drawn(1)) world.commit(task, provider);
  for (const provider of drawn(1)) world.reveal(task, provider);
  assert.equal(world.task(task).state, TaskState.TASK_STATE_FINAL);
  return { task, liar };
}
