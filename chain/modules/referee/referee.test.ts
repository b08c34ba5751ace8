/** Disputes over results of V3, with the real machine: what each side wins and loses, the clocks, what is proven. F is 2,000,000, a bond 4,000,000; windows are 10 s, a localnet's clocks 10 s, 5 s and 60 s + 4 T with T = 1 s. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { GenesisState } from "../../codec/gen/dcm/referee/v1/genesis.ts";
import type { QueryDisputesResponse } from "../../codec/gen/dcm/referee/v1/query.ts";
import { DisputeState, Outcome, type Dispute, type SegmentState } from "../../codec/gen/dcm/referee/v1/types.ts";
import { brokenInvariants, testContext, transact } from "../../runtime/testing.ts";
import { Context } from "../../runtime/context.ts";
import { TxError } from "../../runtime/errors.ts";
import { StoresOverlay } from "../../store/overlay.ts";
import { uint64Bytes } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { authority } from "../market/testing.ts";
import { paramBounds, defaultParams, localnetParams, paramsFault } from "./params.ts";
import { proofGas, rootHashes } from "./gas.ts";
import { answers } from "./state.ts";
import { bond, duration, fails, hashOf, inputsAround, name, TestReferee, window } from "./testing.ts";
import { inputTree, partyOf, Run, sampleJob, type Job } from "./testing-runs.ts";

const { DISPUTE_STATE_QUEUED: QUEUED, DISPUTE_STATE_ANSWER: ANSWER, DISPUTE_STATE_PICK: PICK, DISPUTE_STATE_PROOF: PROOF, DISPUTE_STATE_CLOSED: CLOSED } = DisputeState;
const { OUTCOME_PROVIDER_WRONG, OUTCOME_PROVIDER_LATE, OUTCOME_CHALLENGER_WRONG, OUTCOME_CHALLENGER_LATE, OUTCOME_BOTH_WRONG, OUTCOME_UNDECIDED } = Outcome;

/** 280,006 transitions: one answer and one pick until a segment is left. */
const long = sampleJob(40_000);
/** 706 transitions: a segment. */
const short = sampleJob(100, { meterLimit: 60_000n });
const truthOf = new Map<Job, Run>([[long, new Run(long)], [short, new Run(short)]]);
const lieOf = new Map<Job, Run>([[long, new Run(long, { at: 200_000n, bits: 16 })], [short, new Run(short, { at: 300n, bits: 16 })]]);

interface Scene {
  readonly world: TestReferee;
  readonly provider: string;
  readonly challenger: string;
  readonly task: bigint;
}

/** A task whose result is what this run came to, and somebody who may challenge it. */
function scene(run: Run, params = {}, claim = {}): Scene {
  const world = new TestReferee(params);
  const [provider, challenger] = [world.provider("provider"), world.fund("challenger")];
  return { world, provider, challenger, task: world.claim(run, provider, claim) };
}

const task = ({ world, task: id }: Scene): ReturnType<TestReferee["tasks"]["all"]["get"]> & object => world.tasks.all.get(id)!;
const ended = ({ state, outcome }: Dispute): readonly [DisputeState, Outcome] => [state, outcome];

describe("referee", () => {
  it("REF-1: a provider that lies is convicted by the chain's own run, after an answer, a pick and a proof; what it proves cannot help it", () => {
    const at = scene(lieOf.get(long)!);
    const { world, challenger } = at;
    const [money, before] = [world.money, world.balance(challenger)];
    const id = world.challenge(challenger, at.task, truthOf.get(long)!);
    assert.deepEqual([world.balance(challenger), world.held, task(at).state], [before - bond, bond, "dispute"]);
    const dispute = world.play(id, lieOf.get(long)!, truthOf.get(long)!);
    assert.deepEqual([...ended(dispute), dispute.start, dispute.length, dispute.moves], [CLOSED, OUTCOME_PROVIDER_WRONG, 196_608n, 65_536n, 2]);
    assert.deepEqual([world.balance(challenger), world.held, world.money, world.burned], [before, 0n, money, 0n]);
    assert.deepEqual([task(at).state, task(at).prover], ["closed", challenger]);
    assert.deepEqual(world.of("EventTurn").map(({ turn, move, start, length }) => [turn, move, start, length]), [["provider", "0", "0", "8388608"], ["challenger", "1", "0", "8388608"], ["provider", "2", "196608", "65536"]]);
    assert.deepEqual(world.of("EventDisputeClosed").map(({ outcome, to_challenger, to_provider, burned, dispute_id }) => [outcome, to_challenger, to_provider, burned, dispute_id]), [["provider_wrong", String(bond), "0", "0", "1"]]);
  });

  it("REF-1: in a run of one segment it proves at once, from the roots of program, arguments and its own input", () => {
    for (const index of [0, 3, 4]) {
      const job = sampleJob(100, { index, meterLimit: 60_000n });
      const at = scene(new Run(job, { at: 300n, bits: 1 }));
      const id = at.world.challenge(at.challenger, at.task, new Run(job));
      assert.deepEqual(ended(at.world.play(id, new Run(job, { at: 300n, bits: 1 }), new Run(job))), [CLOSED, OUTCOME_PROVIDER_WRONG]);
    }
  });

  it("REF-1, REF-2: runs on a worker's engine win on either side", () => {
    for (const [result, other, outcome] of [[truthOf.get(long)!, lieOf.get(long)!, OUTCOME_CHALLENGER_WRONG], [lieOf.get(long)!, truthOf.get(long)!, OUTCOME_PROVIDER_WRONG]] as const) {
      const at = scene(result);
      const id = at.world.challenge(at.challenger, at.task, other);
      const worker = partyOf(long);
      assert.deepEqual(ended(outcome === OUTCOME_CHALLENGER_WRONG ? at.world.play(id, worker, other) : at.world.play(id, result, worker)), [CLOSED, outcome]);
    }
  });

  it("REF-2: a challenger that lies loses its bond, half to the provider, half burned; then the rest of the window goes on", () => {
    const at = scene(truthOf.get(long)!);
    const { world, challenger, provider } = at;
    const money = world.money;
    world.block(4_000n);
    const id = world.challenge(challenger, at.task, lieOf.get(long)!);
    world.block(3_000n);
    const [before, ofProvider] = [world.balance(challenger), world.balance(provider)];
    assert.deepEqual(ended(world.play(id, truthOf.get(long)!, lieOf.get(long)!)), [CLOSED, OUTCOME_CHALLENGER_WRONG]);
    assert.deepEqual([world.balance(challenger), world.balance(provider), world.burned, world.held, world.money], [before, ofProvider + bond / 2n, bond / 2n, 0n, money]);
    assert.equal(task(at).state, "challenge");
    // 6 s of the window were left; the block of the proof took one of them.
    world.block(5_000n);
    world.challenge(challenger, at.task, lieOf.get(long)!);
    world.block(20_000n, 2);
    assert.equal(task(at).prover, challenger, "nobody answered");
  });

  it("REF-3: where the chain's run comes to neither state both lose: the bond is burned, the provider convicted without a prover, others have theirs back", () => {
    const at = scene(lieOf.get(long)!);
    const { world, challenger } = at;
    const other = world.fund("other");
    const id = world.challenge(challenger, at.task, new Run(long, { at: 200_100n, bits: 4 }));
    const second = world.challenge(other, at.task, truthOf.get(long)!);
    const before = world.balance(challenger);
    assert.deepEqual(ended(world.play(id, lieOf.get(long)!, new Run(long, { at: 200_100n, bits: 4 }))), [CLOSED, OUTCOME_BOTH_WRONG]);
    assert.deepEqual(ended(world.dispute(second)), [CLOSED, OUTCOME_UNDECIDED]);
    assert.deepEqual([world.balance(challenger), world.balance(other), world.burned, world.held], [before, 1_000_000_000n, bond, 0n]);
    assert.deepEqual([task(at).state, task(at).prover], ["closed", undefined]);
  });

  describe("REF-4: who does not move in time loses", () => {
    it("the provider at its first move, which has the longer time", () => {
      const at = scene(truthOf.get(long)!);
      const { world, challenger } = at;
      const id = world.challenge(challenger, at.task, lieOf.get(long)!);
      assert.equal(world.dispute(id).dueTau, world.tau + 10_000n);
      world.block(10_000n);
      assert.equal(world.stateOf(id), ANSWER, "it is not late at its due tau");
      world.block(1n, 2);
      assert.deepEqual(ended(world.dispute(id)), [CLOSED, OUTCOME_PROVIDER_LATE]);
      assert.deepEqual([task(at).prover, world.balance(challenger)], [challenger, 1_000_000_000n]);
    });

    it("a move at its due tau is in time, on either side", () => {
      const at = scene(truthOf.get(long)!);
      const { world, challenger } = at;
      const id = world.challenge(challenger, at.task, lieOf.get(long)!);
      for (const move of [() => world.answer(id, truthOf.get(long)!), () => world.pick(id, lieOf.get(long)!), () => world.prove(id, truthOf.get(long)!)]) {
        const { dueTau } = world.dispute(id);
        world.block(dueTau - world.tau);
        assert.equal(world.view(id).overdue, false);
        move();
      }
      world.block();
      assert.deepEqual(ended(world.dispute(id)), [CLOSED, OUTCOME_CHALLENGER_WRONG]);
    });

    it("the challenger at its first move", () => {
      const at = scene(truthOf.get(long)!);
      const { world, challenger } = at;
      const id = world.challenge(challenger, at.task, lieOf.get(long)!);
      world.answer(id, truthOf.get(long)!);
      assert.equal(world.dispute(id).dueTau, world.tau + 10_000n);
      world.block(10_001n, 2);
      assert.deepEqual(ended(world.dispute(id)), [CLOSED, OUTCOME_CHALLENGER_LATE]);
      assert.deepEqual([task(at).state, world.burned, world.balance(challenger)], ["challenge", bond / 2n, 1_000_000_000n - bond]);
    });

    it("each at a later move, which has the shorter time", () => {
      const job = sampleJob(40_000, { meterLimit: 100_000_000n });
      const [truth, lie] = [new Run(job), new Run(job, { at: 200_000n, bits: 16 })];
      for (const late of ["provider", "challenger"] as const) {
        const at = scene(truth);
        const { world, challenger } = at;
        const id = world.challenge(challenger, at.task, lie);
        world.answer(id, truth);
        world.pick(id, lie);
        assert.equal(world.dispute(id).dueTau, world.tau + 5_000n);
        if (late === "challenger") world.answer(id, truth);
        assert.equal(world.dispute(id).dueTau, world.tau + 5_000n);
        world.block(5_001n, 2);
        assert.deepEqual(ended(world.dispute(id)), [CLOSED, late === "provider" ? OUTCOME_PROVIDER_LATE : OUTCOME_CHALLENGER_LATE]);
      }
    });

    it("a first move has at least 2 T, a later one T / 4, and all moves of a side their total and 4 T", () => {
      const at = scene(truthOf.get(long)!, { sideTotal: 3_000n }, { duration: 40_000n });
      const { world, challenger } = at;
      const id = world.challenge(challenger, at.task, lieOf.get(long)!);
      assert.deepEqual([world.dispute(id).dueTau, world.view(id).providerLeft], [world.tau + 80_000n, 163_000n]);
      world.block(79_000n);
      world.answer(id, truthOf.get(long)!);
      world.pick(id, lieOf.get(long)!);
      assert.deepEqual([world.dispute(id).dueTau, world.view(id).providerLeft, world.view(id).challengerLeft], [world.tau + 10_000n, 84_000n, 163_000n]);
      world.block(10_000n);
      assert.equal(world.stateOf(id), ANSWER);
      world.block(1n, 2);
      assert.equal(world.dispute(id).outcome, OUTCOME_PROVIDER_LATE);
      // Of a total that is used up nothing is given.
      const short = scene(truthOf.get(long)!, { sideTotal: 1_000n, firstMove: 9_000n });
      const other = short.world.challenge(short.challenger, short.task, lieOf.get(long)!);
      assert.equal(short.world.dispute(other).dueTau, short.world.tau + 5_000n);
      short.world.block(4_000n);
      short.world.answer(other, truthOf.get(long)!);
      short.world.pick(other, lieOf.get(long)!);
      assert.equal(short.world.dispute(other).dueTau, short.world.tau + 1_000n);
    });

    it("what each side has used of its total adds up over its moves", () => {
      const job = sampleJob(40_000, { meterLimit: 100_000_000n });
      const [truth, lie] = [new Run(job), new Run(job, { at: 200_000n, bits: 16 })];
      const at = scene(truth);
      const { world } = at;
      const id = world.challenge(at.challenger, at.task, lie);
      const left = (): readonly bigint[] => [world.view(id).providerLeft, world.view(id).challengerLeft];
      assert.deepEqual(left(), [64_000n, 64_000n]);
      for (const [time, move] of [[3_000n, () => world.answer(id, truth)], [4_000n, () => world.pick(id, lie)], [500n, () => world.answer(id, truth)], [600n, () => world.pick(id, lie)]] as const) {
        world.block(time);
        move();
      }
      assert.deepEqual(left(), [60_500n, 59_400n]);
      world.block(1_000n);
      assert.deepEqual(left(), [59_500n, 59_400n]);
    });

    it("a late message fails at its own tau, swept or not", () => {
      const at = scene(truthOf.get(long)!, { maxSweep: 10 });
      const { world, challenger } = at;
      const ids = Array.from({ length: 12 }, (_, i) => world.challenge(world.fund(`challenger ${i}`), world.claim(truthOf.get(long)!, at.provider), lieOf.get(long)!));
      const own = world.challenge(challenger, at.task, lieOf.get(long)!);
      world.block(10_001n);
      world.block(0n);
      assert.deepEqual(ids.map((id) => world.stateOf(id) === CLOSED), [...Array.from({ length: 10 }, () => true), false, false]);
      assert.deepEqual([world.stateOf(own), world.view(own).overdue], [ANSWER, true]);
      fails(() => world.answer(own, truthOf.get(long)!), 13, /due at tau/);
      world.block(0n);
      assert.deepEqual(ended(world.dispute(own)), [CLOSED, OUTCOME_PROVIDER_LATE]);
    });
  });

  it("REF-5: of nine challengers eight are open and one waits without a clock until a place is free", () => {
    const at = scene(truthOf.get(long)!);
    const { world } = at;
    const challengers = Array.from({ length: 9 }, (_, i) => world.fund(`challenger ${i}`));
    const lies = challengers.map((_, i) => new Run(long, { at: 200_000n, bits: i + 1 }));
    const replies = challengers.map((challenger, i) => world.challenged(challenger, at.task, lies[i]!));
    const ids = replies.map(({ disputeId }) => disputeId);
    assert.deepEqual(replies.map(({ queued }) => queued), [...Array.from({ length: 8 }, () => false), true]);
    assert.deepEqual(ids.map((id) => world.stateOf(id)), [...Array.from({ length: 8 }, () => ANSWER), QUEUED]);
    world.block(9_000n);
    const last = ids[8]!;
    assert.deepEqual([world.dispute(last).dueTau, world.view(last).providerLeft, world.view(last).overdue], [0n, 64_000n, false]);
    for (const id of ids.slice(0, 8)) world.answer(id, truthOf.get(long)!);
    world.pick(ids[0]!, lies[0]!);
    world.prove(ids[0]!, truthOf.get(long)!);
    world.block(1_000n);
    assert.deepEqual(ended(world.dispute(ids[0]!)), [CLOSED, OUTCOME_CHALLENGER_WRONG]);
    assert.deepEqual([world.stateOf(last), world.dispute(last).dueTau, world.view(last).providerLeft], [ANSWER, world.tau + 9_000n, 63_000n]);
    // Seven challengers leave it at that, and the provider has gone.
    world.block(10_000n, 2);
    assert.deepEqual(ids.slice(1, 8).map((id) => world.dispute(id).outcome), Array.from({ length: 7 }, () => OUTCOME_CHALLENGER_LATE));
    assert.deepEqual([ended(world.dispute(last)), task(at).prover], [[CLOSED, OUTCOME_PROVIDER_LATE], challengers[8]]);
    assert.equal(world.held, 0n);
  });

  it("REF-5: a conviction ends all other disputes of the task, open, queued and waiting for their run, with their bonds back", () => {
    const at = scene(lieOf.get(long)!, { proofGasPerBlock: 1_000_000n });
    const { world, challenger } = at;
    const [truth, lie] = [truthOf.get(long)!, lieOf.get(long)!];
    const id = world.challenge(challenger, at.task, truth);
    const wrong = new Run(long, { at: 100n, bits: 1 });
    const others = Array.from({ length: 10 }, (_, i) => world.challenge(world.fund(`other ${i}`), at.task, wrong));
    for (const one of [id, others[0]!]) world.narrow(one, lie, one === id ? truth : wrong);
    world.prove(id, lie);
    world.prove(others[0]!, lie);
    assert.deepEqual([world.stateOf(others[0]!), world.stateOf(others[1]!), world.stateOf(others[9]!)], [PROOF, ANSWER, QUEUED]);
    world.block();
    assert.deepEqual(others.map((one) => ended(world.dispute(one))), others.map(() => [CLOSED, OUTCOME_UNDECIDED]));
    assert.deepEqual(others.map((_, i) => world.balance(name(`other ${i}`))), others.map(() => 1_000_000_000n));
    fails(() => world.challenge(challenger, at.task, hashOf("other")), 3, /cannot be challenged/);
  });

  it("REF-5: what was late before a proof is run is decided before it, swept or not", () => {
    const at = scene(truthOf.get(short)!, { maxSweep: 10, proofGasPerBlock: 1_000_000n });
    const { world, challenger, provider } = at;
    const [truth, lie] = [truthOf.get(short)!, lieOf.get(short)!];
    const first = world.challenge(challenger, world.claim(truth, provider), lie);
    const id = world.challenge(challenger, at.task, lie);
    for (let i = 0; i < 12; i++) world.challenge(world.fund(`elsewhere ${i}`), world.claim(truth, provider), lie);
    const forgotten = world.challenge(world.fund("other"), at.task, hashOf("x"));
    for (const one of [first, id]) world.prove(one, truth);
    world.block(10_001n);
    assert.deepEqual([first, id, forgotten].map((one) => world.stateOf(one)), [CLOSED, PROOF, ANSWER]);
    // The sweep has room for ten of the twelve in front.
    world.block(0n);
    assert.deepEqual([world.dispute(forgotten).outcome, world.dispute(id).outcome, task(at).prover], [OUTCOME_PROVIDER_LATE, OUTCOME_UNDECIDED, name("other")]);
  });

  describe("REF-6: who challenges what, and when", () => {
    it("anybody but the provider, with another hash than the provider's, once at a time with the same; another's hash too", () => {
      const at = scene(truthOf.get(long)!);
      const { world, challenger, provider } = at;
      const lie = lieOf.get(long)!;
      fails(() => world.challenge(challenger, 7n, lie), 3, /cannot be challenged/);
      fails(() => world.challenge(provider, at.task, lie), 6, /itself/);
      // Of one account whatever the case that it is written in.
      fails(() => world.challenge(provider.toUpperCase(), at.task, lie), 6, /itself/);
      fails(() => world.challenge(challenger, at.task, truthOf.get(long)!), 7, /nothing to challenge/);
      fails(() => world.challenge(challenger, at.task, new Uint8Array(31)), 2, /32 bytes/);
      fails(() => world.challenge("nobody", at.task, lie), 7, /challenger address/, "sdk");
      fails(() => world.challenge(name("poor"), at.task, lie), 5, /./, "sdk");
      assert.equal(task(at).state, "challenge");
      const id = world.challenge(challenger, at.task, lie);
      for (const spelled of [challenger, challenger.toUpperCase()]) fails(() => world.challenge(spelled, at.task, lie), 8, new RegExp(`dispute ${id} already`));
      world.challenge(challenger, at.task, hashOf("another"));
      const copy = world.challenge(world.fund("copier"), at.task, lie);
      assert.equal(world.stateOf(copy), ANSWER);
      // Who lost may try again: what it knew was not shown to be wrong.
      world.answer(id, truthOf.get(long)!);
      for (const other of [copy, copy - 1n]) world.answer(other, truthOf.get(long)!);
      world.block(10_001n);
      world.block(0n);
      assert.deepEqual([world.dispute(id).outcome, task(at).state], [OUTCOME_CHALLENGER_LATE, "challenge"]);
      world.challenge(challenger, at.task, lie);
    });

    it("in its window, which stands still while something is disputed", () => {
      const at = scene(truthOf.get(long)!);
      const { world, challenger } = at;
      world.block(window);
      world.challenge(challenger, at.task, lieOf.get(long)!);
      world.block(9_000n);
      world.challenge(world.fund("later"), at.task, hashOf("x"));
      const over = scene(truthOf.get(long)!);
      over.world.block(window + 1n);
      fails(() => over.world.challenge(over.challenger, over.task, lieOf.get(long)!), 3, /its window is over/);
    });

    it("of sealed inputs the consumer alone", () => {
      const at = scene(truthOf.get(long)!, {}, { sealed: true });
      const { world, challenger } = at;
      fails(() => world.challenge(challenger, at.task, lieOf.get(long)!), 5, /only its consumer/);
      world.challenge(name("consumer"), at.task, lieOf.get(long)!);
    });

    it("a full queue keeps neither the consumer out, once, nor audits", () => {
      const at = scene(truthOf.get(long)!, { maxOpen: 1, maxQueued: 2 });
      const { world } = at;
      for (let i = 0; i < 3; i++) world.challenge(world.fund(`flood ${i}`), at.task, hashOf(`${i}`));
      fails(() => world.challenge(world.fund("late"), at.task, lieOf.get(long)!), 9, /2 challenges/);
      const consumer = world.challenge(name("consumer"), at.task, lieOf.get(long)!);
      fails(() => world.challenge(name("consumer"), at.task, hashOf("second")), 9, /2 challenges/);
      const audit = world.audit(world.provider("auditor"), at.task, lieOf.get(long)!);
      assert.deepEqual([consumer, audit].map((id) => world.stateOf(id)), [QUEUED, QUEUED]);
      world.block();
    });

    it("for a bond of 2 F, and at least min_bond", () => {
      const at = scene(truthOf.get(long)!, { minBond: "5000000" });
      assert.equal(at.world.challenged(at.challenger, at.task, lieOf.get(long)!).bond, "5000000");
      const cheap = scene(truthOf.get(long)!, { minBond: "1" }, { fee: 7n });
      assert.equal(cheap.world.challenged(cheap.challenger, cheap.task, lieOf.get(long)!).bond, "14");
    });
  });

  it("REF-7: a move is made by its side, in its turn, under its number, in the form of its range", () => {
    const at = scene(truthOf.get(long)!);
    const { world, challenger, provider } = at;
    const [truth, lie] = [truthOf.get(long)!, lieOf.get(long)!];
    fails(() => world.message("Answer", { provider, disputeId: 9n, move: 0, hashes: new Uint8Array(32) }), 10, /unknown/);
    const id = world.challenge(challenger, at.task, lie);
    fails(() => world.answer(id, truth, { provider: challenger }), 11, /the provider of dispute 1/);
    fails(() => world.answer(id, truth, { move: 1 }), 14, /waits for move 0, this is move 1/);
    for (const size of [0, 31, 128 * 32]) fails(() => world.answer(id, truth, { hashes: new Uint8Array(size) }), 2, /hashes are 1 to 127/);
    fails(() => world.answer(id, truth, { hashes: new Uint8Array(126 * 32) }), 2, /hashes is 4064 bytes/);
    fails(() => world.prove(id, truth), 16, /8388608 transitions/);
    fails(() => world.message("Pick", { challenger, disputeId: id, move: 0, part: 0, hash: new Uint8Array(32) }), 12, /is answer/);
    world.answer(id, truth);
    fails(() => world.answer(id, truth), 12, /is pick/);
    fails(() => world.pick(id, lie, { challenger: provider }), 11, /the challenger of dispute 1/);
    fails(() => world.pick(id, lie, { move: 2 }), 14, /move 1/);
    fails(() => world.pick(id, lie, { part: 128 }), 2, /part is 0 to 127/);
    fails(() => world.pick(id, lie, { hash: new Uint8Array(31) }), 2, /hash is 32 bytes/);
    fails(() => world.pick(id, lie, { hash: new Uint8Array(0) }), 2, /hash is 32 bytes/);
    fails(() => world.pick(id, lie, { part: 1, hash: truth.hashAt(131_072n) }), 17, /no difference|too/);
    fails(() => world.pick(id, lie, { part: 127, hash: hashOf("x") }), 18, /named its hash before/);
    world.pick(id, lie);
    fails(() => world.prove(id, truth, { move: 1 }), 14, /move 2/);
    fails(() => world.prove(id, truth, { provider: challenger }), 11, /provider/);
    world.prove(id, truth);
    fails(() => world.prove(id, truth), 12, /is proof/);
    world.block();
    fails(() => world.prove(id, truth), 12, /is closed/);
  });

  describe("REF-8: forged proofs", () => {
    const [truth, lie] = [truthOf.get(long)!, lieOf.get(long)!];
    /** At a segment that does not begin with the run. */
    function narrowed(): Scene & { readonly id: bigint } {
      const at = scene(truth);
      const id = at.world.challenge(at.challenger, at.task, lie);
      at.world.narrow(id, truth, lie);
      return { ...at, id };
    }

    it("are refused at once where roots, state or form show it, and change nothing", () => {
      const { world, id } = narrowed();
      const good = world.proof(id, truth);
      const { ram, rom } = { ram: good.ram!, rom: good.rom! };
      const state = good.state!;
      const changed = (change: Partial<SegmentState>): object => ({ state: { ...state, ...change } });
      for (const [more, text] of [
        [{ romRoot: hashOf("x") }, /program_root/], [{ dataRoot: hashOf("x") }, /program_root/], [{ state: undefined }, /state is given/], [{ input: { root: hashOf("x"), size: 1n, path: new Uint8Array(0) } }, /no input/],
        [changed({ pc: state.pc + 4 }), /both agreed/], [changed({ pc: 2 }), /pc 2/], [changed({ halt: 4 }), /halt 4/], [changed({ meter: 1n << 60n }), /meter/], [changed({ steps: 1n }), /both agreed/], [changed({ ramRoot: hashOf("x") }), /both agreed/],
      ] as const) fails(() => world.prove(id, truth, more), 19, text);
      for (const [more, text] of [
        [{ ram: { ...ram, indices: [...ram.indices, 1 << 18], leaves: new Uint8Array(256 * (ram.indices.length + 1)) } }, /not within/], [{ ram: { ...ram, indices: [...ram.indices, ...ram.indices], leaves: new Uint8Array(512) } }, /strictly increase/],
        [{ rom: { ...rom, leaves: rom.leaves.subarray(1) } }, /bytes for/], [{ rom: { ...rom, siblings: rom.siblings.subarray(32) } }, /siblings/], [{ ram: undefined }, /ram and rom/], [{ romRoot: new Uint8Array(3) }, /rom_root/], [{ dataRoot: new Uint8Array(0) }, /data_root/],
        [changed({ registers: new Uint8Array(3) }), /registers/], [changed({ ramRoot: new Uint8Array(3) }), /ram_root/], [{ input: { root: hashOf("x"), size: 1n, path: new Uint8Array(33) } }, /path/],
        [{ ram: { indices: [0], leaves: new Uint8Array(256), siblings: new Uint8Array(140_000) } }, /131072/],
      ] as const) fails(() => world.prove(id, truth, more), 2, text);
      assert.equal(world.stateOf(id), ANSWER);
      world.prove(id, truth);
      world.block();
      assert.equal(world.dispute(id).outcome, OUTCOME_CHALLENGER_WRONG);
    });

    it("prove nothing when they are run, and the clock has run all along", () => {
      const { world, id, provider } = narrowed();
      const { ram, rom } = world.proof(id, truth);
      const due = world.dispute(id).dueTau;
      const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
      for (const more of [{ ram: { ...ram, leaves: flipped(ram!.leaves) } }, { rom: { ...rom, leaves: flipped(rom!.leaves) } }, { ram: { ...ram, siblings: flipped(ram!.siblings) } }, { ram: { indices: [], leaves: new Uint8Array(0), siblings: new Uint8Array(0) } }, spare(ram!)]) {
        world.prove(id, truth, more);
        assert.equal(world.stateOf(id), PROOF);
        world.block(500n);
        assert.deepEqual([world.stateOf(id), world.dispute(id).dueTau, world.dispute(id).moves], [ANSWER, due, 2]);
      }
      assert.deepEqual(world.of("EventProofRefused").map(({ reason }) => reason!.slice(0, 30)), ["the leaves and siblings of RAM", "the leaves and siblings of ROM", "the leaves and siblings of RAM", "ram: leaf 196608 is accessed a", "ram: leaf 196609 is given and "]);
      world.block(5_000n, 2);
      assert.deepEqual([world.dispute(id).outcome, world.providers.has(provider)], [OUTCOME_PROVIDER_LATE, true]);
    });

    /** The witness with the leaf beside its only one: rightly proven, and never accessed. */
    function spare(ram: { indices: readonly number[]; leaves: Uint8Array; siblings: Uint8Array }): object {
      const [index] = ram.indices;
      assert.deepEqual([ram.indices.length, index! % 2], [1, 0]);
      return { ram: { indices: [index!, index! + 1], leaves: Uint8Array.from([...ram.leaves, ...new Uint8Array(256)]), siblings: ram.siblings.subarray(32) } };
    }

    it("of another input, another place or another size are refused where the range begins with the run", () => {
      const at = scene(truthOf.get(short)!);
      const { world } = at;
      const id = world.challenge(at.challenger, at.task, lieOf.get(short)!);
      const good = world.proof(id, truthOf.get(short)!);
      const input = good.input!;
      for (const more of [
        { input: { ...input, size: input.size + 1n } }, { input: { ...input, size: 1n << 60n } }, { input: { ...input, root: hashOf("x") } }, { input: { ...input, path: input.path.subarray(32) } }, { input: { ...input, path: Uint8Array.from([...input.path, ...hashOf("x")]) } },
        { input: { ...input, path: new Uint8Array(0) } }, { input: undefined }, { state: truthOf.get(short)!.stateAt(0n) },
      ]) fails(() => world.prove(id, truthOf.get(short)!, more), 19, /input is not|input is given/);
      // A root that has a larger input than the machine takes: nothing of it is run.
      const size = (1n << 24n) + 1n;
      task(at).claim = { ...task(at).claim, index: 0, count: 1, inputRoot: sha256(Uint8Array.of(0), input.root, uint64Bytes(size)) };
      fails(() => world.prove(id, truthOf.get(short)!, { input: { root: input.root, size, path: new Uint8Array(0) } }), 19, /input is not the 1. of 1/);
      task(at).claim = { ...task(at).claim, inputRoot: inputTree(inputsAround(short)).root, count: 5 };
      // The place of another task of the same job.
      task(at).claim = { ...task(at).claim, index: 1 };
      fails(() => world.prove(id, truthOf.get(short)!), 19, /input is not the 2. of 5/);
    });
  });

  it("REF-19: moves cost what they store, and only the last answer stays", () => {
    const at = scene(truthOf.get(long)!);
    const { world, challenger, provider } = at;
    const cost = (name: string, message: object): number => {
      const bound = world.refereeing.messages.find(({ typeUrl }) => typeUrl.endsWith(`Msg${name}`))!;
      return transact(new StoresOverlay(world.stores), (ctx) => bound.handler.execute(ctx, message), { height: world.height, gasLimit: 100_000_000 }).gasUsed;
    };
    const opened = cost("Challenge", { challenger, taskId: at.task, finalHash: hashOf("x") });
    world.challenge(challenger, at.task, lieOf.get(long)!);
    const answered = cost("Answer", { provider, disputeId: 1n, move: 0, hashes: new Uint8Array(127 * 32) });
    world.answer(1n, truthOf.get(long)!);
    const picked = cost("Pick", { challenger, disputeId: 1n, move: 1, part: 3, hash: hashOf("x") });
    assert.ok(opened > 150_000 && opened < 250_000 && answered > 127 * 32 * 30 && answered < 200_000 && picked < 100_000, `${opened}, ${answered}, ${picked}`);
    const kept = (): number => Array.from(answers.entries(testContext(world.stores))).length;
    assert.equal(kept(), 1);
    world.pick(1n, lieOf.get(long)!);
    assert.equal(kept(), 0);
  });

  it("REF-9: a range whose witness is too large is cut on, down to a single transition", () => {
    const job = sampleJob(700, { stride: 256, meterLimit: 60_000n });
    const [truth, lie] = [new Run(job), new Run(job, { at: 2_000n, bits: 16 })];
    const at = scene(lie);
    const { world } = at;
    const id = world.challenge(at.challenger, at.task, truth);
    fails(() => world.prove(id, lie), 2, /131072 are taken/);
    const lengths = [];
    for (let i = 0; i < 3; i++) {
      world.answer(id, lie);
      world.pick(id, truth);
      lengths.push(world.dispute(id).length);
    }
    assert.deepEqual([lengths, world.dispute(id).start], [[512n, 4n, 1n], 1_999n]);
    fails(() => world.message("Answer", { provider: at.provider, disputeId: id, move: 6, hashes: new Uint8Array(32) }), 15, /single transition/);
    world.prove(id, lie);
    world.block();
    assert.deepEqual(ended(world.dispute(id)), [CLOSED, OUTCOME_PROVIDER_WRONG]);
    // After one finer answer its witness fits.
    const again = scene(truth);
    const other = again.world.challenge(again.challenger, again.task, lie);
    again.world.answer(other, truth);
    again.world.pick(other, lie);
    again.world.prove(other, truth);
    again.world.block();
    assert.equal(again.world.dispute(other).outcome, OUTCOME_CHALLENGER_WRONG);
  }).timeout(60_000);

  describe("REF-10: proofs that wait", () => {
    /** Disputes about tasks of their own, each at its segment. */
    function several(count: number, params: object): { readonly world: TestReferee; readonly ids: readonly bigint[] } {
      const { world, provider } = scene(truthOf.get(short)!, params);
      const ids = Array.from({ length: count }, (_, i) => world.challenge(world.fund(`challenger ${i}`), world.claim(truthOf.get(short)!, provider), lieOf.get(short)!));
      return { world, ids };
    }

    it("are run in order, as many in a block as its gas allows and at least one; the clocks of the others stand", () => {
      const { world, ids } = several(5, { proofGasPerBlock: 15_000_000n });
      const cost = proofGas(65_536, proofOf(world, ids[0]!));
      assert.ok(cost * 2 < 15_000_000 && cost * 3 > 15_000_000, `one costs ${cost}`);
      world.block(9_000n);
      for (const id of ids.toReversed()) world.prove(id, truthOf.get(short)!);
      const states = (): readonly boolean[] => ids.map((id) => world.stateOf(id) === CLOSED);
      world.block(9_000n);
      assert.deepEqual(states(), [false, false, false, true, true]);
      assert.equal(world.view(ids[0]!).overdue, false);
      world.block(9_000n);
      assert.deepEqual(states(), [false, true, true, true, true]);
      world.block();
      assert.deepEqual(ids.map((id) => world.dispute(id).outcome), ids.map(() => OUTCOME_CHALLENGER_WRONG));
      const dear = several(2, { proofGasPerBlock: 1_000_000n });
      for (const id of dear.ids) dear.world.prove(id, truthOf.get(short)!);
      dear.world.block();
      assert.deepEqual(dear.ids.map((id) => dear.world.stateOf(id)), [CLOSED, PROOF]);
    });

    it("that are deferred have no part of T, as other moves do", () => {
      const { world, provider } = scene(truthOf.get(short)!, { maxProofs: 1 });
      const ids = [0, 1, 2].map((i) => world.challenge(world.fund(`challenger ${i}`), world.claim(truthOf.get(short)!, provider, { duration: 400_000n }), lieOf.get(short)!));
      const prove = (i: number): boolean => world.prove(ids[i]!, truthOf.get(short)!).deferred;
      const due = world.dispute(ids[1]!).dueTau;
      assert.deepEqual([prove(0), prove(1)], [false, true]);
      assert.equal(world.dispute(ids[1]!).dueTau, due, "what is left of a turn stays");
      world.block(799_000n);
      assert.deepEqual([prove(2), prove(1)], [false, true]);
      assert.deepEqual([world.dispute(ids[1]!).laterMove, world.dispute(ids[1]!).dueTau], [100_000n, world.tau + 5_000n]);
    });

    it("that prove nothing, and are run behind their due tau, are late in that very block", () => {
      const { world, ids } = several(2, { proofGasPerBlock: 1_000_000n });
      world.block(9_000n);
      world.prove(ids[0]!, truthOf.get(short)!);
      world.prove(ids[1]!, truthOf.get(short)!, { ram: { indices: [], leaves: new Uint8Array(0), siblings: new Uint8Array(0) } });
      world.block(9_000n);
      assert.equal(world.stateOf(ids[1]!), PROOF);
      world.block();
      assert.deepEqual([world.dispute(ids[1]!).outcome, world.of("EventProofRefused").length], [OUTCOME_PROVIDER_LATE, 1]);
    });

    it("are paid for before anything of them is looked at", () => {
      // In front of a run's first segment: leaves and nodes of the arguments, the input's path, what joins them.
      const input = { root: new Uint8Array(32), size: 0n, path: new Uint8Array(64) };
      assert.deepEqual([rootHashes({ start: 0n }, 65_536, { input }), rootHashes({ start: 0n }, 1, { input }), rootHashes({ start: 0n }, 0, { input: undefined }), rootHashes({ start: 65_536n }, 65_536, { input: undefined })], [546, 36, 32, 2]);
      const { world, ids } = several(1, {});
      const message = world.proof(ids[0]!, truthOf.get(short)!);
      const bound = world.refereeing.messages.find(({ typeUrl }) => typeUrl.endsWith("MsgProve"))!;
      const cost = proofGas(65_536, proofOf(world, ids[0]!));
      const run = (gasLimit: number): unknown => transact(world.stores, (ctx) => bound.handler.execute(ctx, { ...message, romRoot: hashOf("x") }), { height: world.height, gasLimit });
      assert.throws(() => run(cost + 50_000), (error: unknown) => error instanceof TxError && error.codespace === "sdk" && error.code === 11);
      assert.throws(() => run(cost + 100_000), (error: unknown) => error instanceof TxError && error.codespace === "referee" && error.code === 19);
    });

    it("that have no room are deferred: the provider has the time of a later move to send them again", () => {
      const { world, ids } = several(3, { maxProofs: 2, proofGasPerBlock: 1_000_000n });
      world.block(9_000n);
      assert.deepEqual(ids.map((id) => world.prove(id, truthOf.get(short)!).deferred), [false, false, true]);
      assert.deepEqual([world.stateOf(ids[2]!), world.dispute(ids[2]!).dueTau, world.of("EventProofDeferred").length], [ANSWER, world.tau + 5_000n, 1]);
      world.block(4_000n);
      assert.equal(world.prove(ids[2]!, truthOf.get(short)!).deferred, false);
      world.block(1_000n, 2);
      assert.deepEqual(ids.map((id) => world.dispute(id).outcome), ids.map(() => OUTCOME_CHALLENGER_WRONG));
    });
  });

  it("REF-11: genesis goes round in the middle of disputes: queued, answered, waiting for a run, closed", () => {
    const build = (): { world: TestReferee; ids: bigint[]; provider: string; challenger: string } => {
      const { world, provider, challenger, task: id } = scene(truthOf.get(long)!, { maxOpen: 3, proofGasPerBlock: 1_000_000n });
      const ids = Array.from({ length: 4 }, (_, i) => world.challenge(world.fund(`challenger ${i}`), id, new Run(long, { at: 200_000n, bits: i + 1 })));
      const other = world.challenge(world.fund("x"), world.claim(truthOf.get(short)!, provider), lieOf.get(short)!);
      world.prove(other, truthOf.get(short)!);
      world.block();
      for (const one of ids.slice(0, 2)) world.answer(one, truthOf.get(long)!);
      world.pick(ids[0]!, new Run(long, { at: 200_000n, bits: 1 }));
      world.prove(ids[0]!, truthOf.get(long)!);
      const second = world.challenge(world.fund("y"), world.claim(truthOf.get(short)!, provider), lieOf.get(short)!);
      world.prove(second, truthOf.get(short)!);
      return { world, provider, challenger, ids: [...ids, other, second] };
    };
    const { world, ids, provider, challenger } = build();
    assert.deepEqual(ids.map((id) => world.stateOf(id)), [PROOF, PICK, ANSWER, QUEUED, CLOSED, PROOF]);
    const section = world.refereeing.genesis!.export(testContext(world.stores, { height: world.height })) as GenesisState;
    const type = world.refereeing.genesis!.type;
    const read = type.decode(type.encode(section).finish()) as GenesisState;
    world.refereeing.genesis!.check(read);
    const restored = new TestReferee({}, read, world);
    assert.deepEqual(restored.refereeing.genesis!.export(testContext(restored.stores)), section);
    assert.deepEqual(brokenInvariants(restored.stores, restored.modules), []);
    restored.block();
    restored.block();
    assert.deepEqual(ids.map((id) => restored.stateOf(id)), [CLOSED, PICK, ANSWER, ANSWER, CLOSED, CLOSED]);
    const refused = (change: Partial<GenesisState>): void => assert.throws(() => world.refereeing.genesis!.check({ ...section, ...change }), /referee\./);
    for (const change of [
      { params: { ...section.params!, maxOpen: 0 } }, { nextDisputeId: 1n }, { disputes: [...section.disputes, section.disputes[0]!] }, { answers: [] }, { answers: [...section.answers, ...section.answers] }, { answers: [{ ...section.answers[0]!, hashes: new Uint8Array(32) }] },
      { proofs: section.proofs.slice(1) }, { proofs: section.proofs.toReversed() }, { disputes: section.disputes.map((dispute) => ({ ...dispute, parts: 128 })) }, { disputes: section.disputes.map((dispute) => ({ ...dispute, proof: 1n })) },
    ]) refused(change);
    // What no message could have made, one field at a time: of a dispute that is picked from, one whose proof waits, one that is closed.
    const dispute = (id: bigint, change: object): Partial<GenesisState> => ({ disputes: section.disputes.map((one) => (one.id === id ? { ...one, ...change } : one)) });
    for (const change of [
      { state: 0 }, { state: 6 }, { outcome: OUTCOME_PROVIDER_LATE }, { provider: "nobody" }, { challenger: provider }, { bond: "x" }, { bond: "-4" }, { bond: "0" }, { bond: "04" }, { audit: true }, { providerFinal: new Uint8Array(0) }, { challengerHash: new Uint8Array(31) },
      { agreedHash: hashOf("x") }, { length: 0n }, { length: 100n }, { length: 1n << 60n }, { start: 1n }, { parts: 127 }, { parts: 0 }, { dueTau: 1n << 63n }, { laterMove: (1n << 64n) - 1n },
    ]) refused(dispute(ids[1]!, change));
    for (const change of [{ length: 1n << 23n }, { agreedHash: new Uint8Array(0) }, { start: 0n }, { proof: 0n }]) refused(dispute(ids[0]!, change));
    for (const change of [{ bond: "1" }, { outcome: Outcome.OUTCOME_UNSPECIFIED }, { outcome: 7 }]) refused(dispute(ids[4]!, change));
    const proof = section.proofs[0]!;
    for (const change of [{ state: undefined }, { ram: undefined }, { gas: 1n }, { romRoot: new Uint8Array(0) }, { state: { ...proof.state!, pc: 2 } }, { state: { ...proof.state!, ramRoot: new Uint8Array(0) } }, { ram: { ...proof.ram!, siblings: proof.ram!.siblings.subarray(32) } }]) refused({ proofs: [{ ...proof, ...change }, ...section.proofs.slice(1)] });
    assert.throws(() => new TestReferee({}, { ...section, ...dispute(ids[1]!, { bond: "999999999999" }) }, world), /holds 20000000 in the genesis balances, bonds are/);
    const { claim } = world.tasks.all.get(world.dispute(ids[1]!).taskId)!;
    world.tasks.all.set(999n, { claim, state: "dispute", left: 0n, prover: undefined, forfeits: [] });
    assert.throws(() => new TestReferee({}, section, world), /task 999 is in dispute in market\.tasks, and no dispute here is open about it/);
    world.tasks.all.delete(999n);
    // A proof that comes after an import has a number of its own.
    const again = new TestReferee({}, read, world);
    again.pick(ids[1]!, new Run(long, { at: 200_000n, bits: 2 }));
    again.prove(ids[1]!, truthOf.get(long)!);
    assert.deepEqual([...section.proofs.map(({ disputeId }) => again.dispute(disputeId).proof), again.dispute(ids[1]!).proof], [2n, 3n, 4n]);
    assert.deepEqual(brokenInvariants(again.stores, again.modules), []);
    for (const change of [{ providerFinal: hashOf("x") }, { jobId: 9n }, { provider: challenger }, { taskId: 9n }]) assert.throws(() => new TestReferee({}, { ...section, ...dispute(ids[1]!, change) }, world), /referee\.disputes/);
  });

  it("REF-12: the same messages give the same state, and one that begins with an export of it goes on alike", () => {
    const course = (world: TestReferee, provider: string, id: bigint): string => {
      const disputes = [1, 2, 4].map((bits, i) => world.challenge(world.fund(`challenger ${i}`), id, new Run(long, { at: 200_000n, bits })));
      world.block();
      for (const one of disputes) world.answer(one, truthOf.get(long)!);
      world.block(10_001n);
      world.block();
      assert.equal(world.dispute(disputes[0]!).outcome, OUTCOME_CHALLENGER_LATE);
      return provider + JSON.stringify([...world.refereeing.stores.flatMap((store) => Array.from(testContext(world.stores).store(store).iterate(), ([key, value]) => [[...key], [...value]]))]);
    };
    const [first, second] = [scene(truthOf.get(long)!), scene(truthOf.get(long)!)].map((at) => course(at.world, at.provider, at.task));
    assert.equal(first, second);
  });

  it("REF-13: for any course of disputes bonds are refunds, shares and burns, to the unit", () => {
    const moves = fc.array(fc.record({ kind: fc.constantFrom("challenge", "answer", "pick", "prove", "forge", "wait", "block", "audit"), who: fc.nat(5), of: fc.nat(3) }), { minLength: 5, maxLength: 40 });
    const runs = [truthOf.get(short)!, lieOf.get(short)!, new Run(short, { at: 500n, bits: 2 }), new Run(short, { at: 10n, bits: 4 })];
    fc.assert(fc.property(moves, fc.nat(1), (course, result) => {
      const { world, provider } = scene(runs[result]!, { maxOpen: 2, maxQueued: 2, proofGasPerBlock: 1_000_000n, maxProofs: 2 });
      // Of the second task two replicas claim the same.
      const tasks = [world.claim(runs[result]!, provider, { fee: 3n }), world.claim(runs[result]!, provider, { claimants: [provider, world.provider("second")] })];
      const accounts = Array.from({ length: 6 }, (_, i) => world.fund(`account ${i}`));
      const money = world.money;
      const attempt = (action: () => unknown): void => {
        try {
          action();
        } catch (error) {
          if (!(error instanceof TxError)) throw error;
        }
      };
      for (const { kind, who, of } of course) {
        const live = world.query<QueryDisputesResponse>("/dcm.referee.v1.Query/Disputes", { taskId: 0n, party: "", state: 0 }).views.map(({ dispute }) => dispute!).filter(({ state }) => state !== CLOSED);
        const one = live[who % Math.max(1, live.length)];
        const run = runs[of]!;
        if (kind === "challenge") attempt(() => world.challenge(accounts[who]!, tasks[of % 2]!, runs[who % 4]!));
        else if (kind === "audit" && world.tasks.claim(undefined, tasks[of % 2]!) !== undefined) world.audit(accounts[who]!, tasks[of % 2]!, runs[2]!);
        else if (kind === "wait") world.block(BigInt(who) * 3_000n);
        else if (kind === "block") world.block();
        else if (one !== undefined && kind === "answer") attempt(() => world.answer(one.id, run));
        else if (one !== undefined && kind === "pick" && one.state === PICK) attempt(() => world.pick(one.id, run));
        else if (one !== undefined && kind === "prove") attempt(() => world.prove(one.id, runs[result]!));
        else if (one !== undefined && kind === "forge") attempt(() => world.prove(one.id, runs[result]!, { ram: { indices: [], leaves: new Uint8Array(0), siblings: new Uint8Array(0) } }));
        assert.equal(world.money, money);
      }
      for (let i = 0; i < 30 && world.held > 0n; i++) world.block(10_001n);
      assert.deepEqual([world.held, world.money], [0n, money]);
    }), { numRuns: 40, seed: 7 });
  }).timeout(60_000);

  it("REF-14: an audit that differs opens a dispute without a bond: the auditor picks, and forfeits its stake or proves the provider wrong", () => {
    for (const [result, found, outcome, forfeits, prover] of [
      [truthOf.get(long)!, lieOf.get(long)!, OUTCOME_CHALLENGER_WRONG, ["alone"], undefined], [lieOf.get(long)!, truthOf.get(long)!, OUTCOME_PROVIDER_WRONG, [], name("auditor")], [lieOf.get(long)!, new Run(long, { at: 200_100n, bits: 4 }), OUTCOME_BOTH_WRONG, ["both"], undefined],
    ] as const) {
      const at = scene(result);
      const { world } = at;
      const auditor = world.provider("auditor");
      const id = world.audit(auditor, at.task, found);
      assert.deepEqual([world.held, task(at).state, world.dispute(id).audit], [0n, "dispute", true]);
      const dispute = world.play(id, result, found);
      assert.deepEqual([dispute.outcome, task(at).forfeits, task(at).prover, world.held, world.burned], [outcome, forfeits.map((how) => `${auditor} ${how}`), prover, 0n, 0n]);
    }
  });

  it("REF-15: parameters have bounds, governance changes them, and a dispute keeps its clocks", () => {
    for (const params of [defaultParams(), localnetParams()]) assert.equal(paramsFault(params), undefined);
    for (const [field, [, low, high]] of Object.entries(paramBounds)) {
      const step = typeof low === "bigint" ? 1n : 1;
      for (const value of [low as never - (step as never), high as never + (step as never)]) assert.match(paramsFault({ ...defaultParams(), [field]: value })!, / is .* to /);
    }
    for (const minBond of ["0", "-1", "x", String(10n ** 30n + 1n)]) assert.match(paramsFault({ ...defaultParams(), minBond })!, /min_bond/);
    // An answer of a program that changes all of RAM again and again: some 95 s of hashing, in each dispute of a task that is open.
    const { firstMove, laterMove, sideTotal, maxOpen } = defaultParams();
    assert.ok(firstMove >= laterMove && laterMove >= 95_000n * BigInt(maxOpen) && sideTotal >= 3n * laterMove);
    const at = scene(truthOf.get(long)!);
    const { world, challenger } = at;
    const id = world.challenge(challenger, at.task, lieOf.get(long)!);
    fails(() => world.message("UpdateParams", { authority: challenger, params: localnetParams() }), 13, /authority/, "gov");
    fails(() => world.message("UpdateParams", { authority, params: { ...localnetParams(), maxOpen: 0 } }), 20, /max_open/);
    world.message("UpdateParams", { authority, params: { ...localnetParams(), firstMove: 1_000n, sideTotal: 1_000n } });
    world.answer(id, truthOf.get(long)!);
    assert.equal(world.dispute(id).dueTau, world.tau + 10_000n);
    const later = world.challenge(world.fund("later"), at.task, hashOf("x"));
    assert.deepEqual([world.dispute(later).dueTau, world.view(later).providerLeft], [world.tau + 2n * duration, 1_000n + 4n * duration]);
  });

  it("REF-16: a block's end brings on so many disputes at most, those that end with one counted", () => {
    const at = scene(truthOf.get(long)!, { maxSweep: 10 });
    const { world } = at;
    const tasks = Array.from({ length: 4 }, () => world.claim(truthOf.get(long)!, at.provider));
    for (const id of tasks) for (let i = 0; i < 6; i++) world.challenge(world.fund(`${id}/${i}`), id, hashOf(`${i}`));
    world.block(10_001n);
    const closed = (): number => world.of("EventDisputeClosed").length;
    const each = [0, 1].map(() => {
      world.block(0n);
      return closed();
    });
    assert.deepEqual([...each, world.held], [[12, 24], 0n].flat());
  });

  it("REF-16: a block runs fewer proofs where more disputes may end with them, or go on with another that claims the same", () => {
    for (const [claimants, gas, closed] of [[1, 20_000_000n, [41, 82, 123]], [1, 30_000_000n, [82, 123, 123]], [2, 30_000_000n, [41, 82, 123]]] as const) {
      const at = scene(lieOf.get(short)!, { proofGasPerBlock: gas });
      const { world } = at;
      const ids = Array.from({ length: 3 }, (_, n) => {
        const id = world.claim(lieOf.get(short)!, at.provider, claimants === 2 ? { claimants: [at.provider, world.provider("second")] } : {});
        const first = world.challenge(at.challenger, id, truthOf.get(short)!);
        for (let i = 0; i < 40; i++) world.challenge(world.fund(`${n}/${i}`), id, hashOf(`${i}`));
        return first;
      });
      for (const id of ids) world.prove(id, lieOf.get(short)!);
      assert.ok(2 * proofGas(65_536, proofOf(world, ids[0]!)) < 20_000_000);
      const each = ids.map(() => {
        world.block();
        return world.of("EventDisputeClosed").length;
      });
      assert.deepEqual([each, world.held], [closed, claimants === 1 ? 0n : 123n * bond]);
    }
  });

  // Of audits, as the bank in memory keeps what an item moved that is dropped.
  describe("REF-17: an error that nobody expected", () => {
    const endBlock = (world: TestReferee): Context => {
      const ctx = new Context(testContext(world.stores, { height: world.height }).header, world.stores, "block", undefined, () => undefined);
      world.refereeing.endBlock!(ctx);
      return ctx;
    };

    it("puts off the dispute that it keeps from ending, says so, and keeps no other waiting; when it is gone the dispute ends", () => {
      const at = scene(truthOf.get(long)!);
      const { world, challenger } = at;
      const id = world.audit(world.provider("auditor"), at.task, lieOf.get(long)!);
      const other = world.challenge(challenger, world.claim(truthOf.get(long)!, at.provider), lieOf.get(long)!);
      world.block(10_001n);
      world.tasks.faults = 1;
      const { events } = endBlock(world);
      assert.deepEqual([world.stateOf(id), world.dispute(id).failures, world.dispute(id).retryTau, world.stateOf(other)], [ANSWER, 1, world.tau + 60_000n, CLOSED]);
      assert.deepEqual(events.filter(({ type }) => type.endsWith("EventDisputeStuck")).length, 1);
      world.block(60_001n);
      assert.equal(world.stateOf(id), ANSWER);
      world.block();
      assert.deepEqual([world.dispute(id).outcome, world.dispute(id).failures], [OUTCOME_PROVIDER_LATE, 0]);
    });

    it("drops the proof whose run it ends, and the provider has a new turn", () => {
      const at = scene(lieOf.get(short)!);
      const { world } = at;
      const id = world.audit(world.provider("auditor"), at.task, truthOf.get(short)!);
      world.block(9_000n);
      world.prove(id, lieOf.get(short)!);
      world.tasks.faults = 1;
      endBlock(world);
      assert.deepEqual([world.stateOf(id), world.dispute(id).dueTau, brokenInvariants(world.stores, world.modules)], [ANSWER, world.tau + 10_000n, []]);
      world.prove(id, lieOf.get(short)!);
      world.block();
      assert.deepEqual(ended(world.dispute(id)), [CLOSED, OUTCOME_PROVIDER_WRONG]);
    });
  });

  it("REF-18: queries show disputes of a task or party in a state, with their clocks as they are now; records go", () => {
    const at = scene(truthOf.get(long)!, { recordLifetime: 20_000n });
    const { world, challenger, provider } = at;
    const other = world.claim(truthOf.get(short)!, provider);
    const ids = [world.challenge(challenger, at.task, lieOf.get(long)!), world.challenge(world.fund("x"), at.task, hashOf("x")), world.challenge(challenger, other, lieOf.get(short)!)];
    const list = (request: object): readonly bigint[] => world.query<QueryDisputesResponse>("/dcm.referee.v1.Query/Disputes", { taskId: 0n, party: "", state: 0, ...request }).views.map(({ dispute }) => dispute!.id);
    assert.deepEqual([list({}), list({ taskId: at.task }), list({ party: challenger }), list({ party: provider }), list({ state: PICK })], [ids, [1n, 2n], [1n, 3n], ids, []]);
    world.answer(1n, truthOf.get(long)!);
    world.block(2_000n);
    assert.deepEqual([list({ state: PICK }), world.view(1n).challengerLeft, world.view(1n).providerLeft, world.view(2n).providerLeft], [[1n], 62_000n, 64_000n, 62_000n]);
    assert.throws(() => list({ taskId: 1n, party: challenger }), /not both/);
    assert.throws(() => world.view(9n), /not found/);
    world.block(10_001n);
    world.block(1_000n, 22);
    assert.deepEqual([list({}), list({ party: challenger }), list({ taskId: at.task }), world.of("EventDisputePruned").length], [[], [], [], 3]);
  });
});

function proofOf(world: TestReferee, id: bigint): { ram: { indices: number[]; leaves: Uint8Array; siblings: Uint8Array }; rom: { indices: number[]; leaves: Uint8Array; siblings: Uint8Array } } {
  const { ram, rom } = world.proof(id, truthOf.get(short)!);
  return { ram: ram!, rom: rom! };
}
