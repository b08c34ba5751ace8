/** V3: results that can be challenged, as the referee sees and moves them. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CloseReason, ReplicaState, TaskState, VerificationLevel, type Bid, type Job } from "../../codec/gen/dcm/market/v1/types.ts";
import { finalHash } from "../../vm/state-hash.ts";
import { wasmCore } from "./classes.ts";
import { bidMessage, fails, name, refereedResult, resultOf, stage, staged, TestMarket } from "./testing.ts";
import { pay, programRoot, Refereed, stake, v3, window } from "./testing-refereed.ts";
import { taskIdOf } from "./state.ts";

const { TASK_STATE_CHALLENGE, TASK_STATE_DISPUTE, TASK_STATE_FINAL, TASK_STATE_CLOSED, TASK_STATE_AUDITING, TASK_STATE_REVEALING, TASK_STATE_ASSIGNED } = TaskState;

const right = refereedResult("right");

describe("refereed results", () => {
  it("MKT-182: a bid names its program's root, in a class that runs rv32, with k of 1 or 2 and a salt; elsewhere there is no root", () => {
    const market = new TestMarket();
    const consumer = market.fund("c");
    const bad: readonly [object, object, number, RegExp][] = [
      [{}, {}, 2, /job.program_root is 0 bytes; it must be 32 bytes/],
      [{ saltHead: new Uint8Array(0) }, { programRoot }, 2, /salt_head/],
      [{ k: 3 }, { programRoot }, 2, /k is 3; it must be from 1 to 2/],
      [{ classId: "wasm.core" }, { programRoot }, 3, /v3_refereed in class wasm.core, which does not run rv32, is not served/],
      [{ minColocated: 2 }, { programRoot, tasks: 2 }, 3, /min_colocated 2 with v3_refereed/],
      [{ verification: VerificationLevel.VERIFICATION_LEVEL_V1_SPOT_CHECK }, { programRoot }, 2, /job.program_root is 32 bytes; it must be 0 bytes/],
    ];
    for (const [bid, job, code, text] of bad) fails(() => market.bid(consumer, 20n, { ...v3, ...bid }, job), code, text);
    const { escrow, r, k } = market.query<{ job: Job }>("Job", { jobId: market.bid(consumer, 20n, v3, { programRoot }) }).job;
    assert.deepEqual([escrow!.deposited, k, r], ["404", 1, 1], "2 x 20 x 10 and 1 %");
  });

  it("MKT-182: a task that no dispute could span is refused", () => {
    const market = new TestMarket({}, (section) => section.classes.splice(0, section.classes.length, { ...wasmCore(), id: "rv32.core", runtimes: ["rv32"], maxLotMs: 1n, meterPerLot: 1n << 50n }));
    const consumer = market.fund("c", 10n ** 15n);
    fails(() => market.bid(consumer, 20n, { ...v3, lots: 256n }, { programRoot }), 2, /lots is 256; it must be at most 255/);
    market.bid(consumer, 20n, { ...v3, lots: 255n }, { programRoot });
  });

  it("MKT-183: the commitment binds the final state, and what contradicts itself is refused", () => {
    const one = new Refereed(1).commitAll(["p1"].map(name)).waive();
    assert.equal(one.now.state, TASK_STATE_REVEALING);
    const reveal = (change: object, final: object = {}): void => one.market.reveal(one.task, one.provider, { ...right, ...change, final: { ...right.final!, ...final } });
    const bad: readonly [object, object, number, RegExp][] = [
      [{}, { halt: 0 }, 120, /halt is 0/],
      [{}, { halt: 4 }, 120, /halt 4/],
      [{}, { pc: 3 }, 120, /pc 3/],
      [{ size: 11n }, {}, 120, /size 11 is not 10/],
      [{}, { halt: 2 }, 120, /size 10 is not 0/],
      [{ meter: 1n }, {}, 120, /meter 1 is not/],
      [{}, { meter: 10_000_000_001n }, 120, /above the limit 10000000000/],
      [{}, { halt: 3 }, 120, /not the limit/],
      [{}, { registers: new Uint8Array(123) }, 2, /result.final.registers is 123 bytes/],
      [{}, { lowRoot: new Uint8Array(0) }, 2, /result.final.low_root/],
      [{}, { inputRoot: new Uint8Array(33) }, 2, /result.final.input_root/],
      // All in itself right, and not what was committed.
      [{}, { pc: 8 }, 17, /do not hash to the commitment/],
      [{}, { steps: 999n }, 17, /do not hash to the commitment/],
    ];
    for (const [change, final, code, text] of bad) fails(() => reveal(change, final), code, text);
    fails(() => one.market.reveal(one.task, one.provider, { ...right, final: undefined }), 120, /it is missing/);
    reveal({});
    assert.equal(one.now.state, TASK_STATE_CHALLENGE);
    const plain = new TestMarket();
    plain.ask(plain.provider("p1"), 10n);
    const job = plain.bid(plain.fund("c"), 20n);
    plain.block(1_000n, 2);
    plain.start(taskIdOf(job, 0), name("p1"));
    plain.commit(taskIdOf(job, 0), name("p1"));
    fails(() => plain.reveal(taskIdOf(job, 0), name("p1"), { ...resultOf("right"), final: right.final }), 2, /result.final is set; it must be left out/);
  });

  it("MKT-184: revealed, the unit is back and the stake stays; the window over, the provider is paid at its tau", () => {
    const one = new Refereed(1).claimed();
    const at = one.market.tau;
    assert.deepEqual([one.now.state, one.now.dueTau], [TASK_STATE_CHALLENGE, at + window]);
    const found = one.market.providers.get(one.provider)!;
    assert.deepEqual([found.locked, found.reserved], [stake, 1_000n]);
    assert.equal(one.claim!.dueTau, at + window);
    one.market.block(window);
    assert.equal(one.now.state, TASK_STATE_CHALLENGE, "the deadline counts at its own tau");
    one.market.block(1n);
    assert.equal(one.claim, undefined, "swept or not");
    one.market.block();
    assert.deepEqual([one.now.state, one.now.endedTau], [TASK_STATE_FINAL, at + window]);
    one.settled(pay);
  });

  it("MKT-184: a long task can be challenged for three times its declared duration", () => {
    const one = new Refereed(1, {}, {}, { duration: 5_000n }).claimed();
    assert.equal(one.now.dueTau, one.market.tau + 15_000n);
  });

  it("MKT-185: what the referee is told of a claim", () => {
    // Those that find no unit raise the price to the limit: F is 200.
    const one = new Refereed(1, {}, {}, { arguments: Uint8Array.of(1, 2), tasks: 3, consumerKey: new Uint8Array(0) });
    assert.equal(one.claim, undefined, "nothing is claimed yet");
    one.claimed();
    const { inputRoot } = bidMessage(one.consumer, 1n).job!;
    assert.deepEqual(one.claim, {
      taskId: one.task, jobId: one.job, index: 0, count: 3, provider: one.provider, claimants: [one.provider], contested: false, consumer: one.consumer, sealed: false, stateHash: finalHash(right.final!, right.digest), programRoot, inputRoot,
      arguments: Uint8Array.of(1, 2), meterLimit: 10_000_000_000n, duration: 1_000n, fee: 200n, dueTau: one.now.dueTau,
    });
    assert.equal(one.market.asReferee((port, ctx) => port.claim(ctx, 77n)), undefined);
  });

  it("MKT-185: of a stage its own inputs, arguments and place", () => {
    const one = new Refereed(1, {}, {}, staged([stage(1), { ...stage(2, [0], true), arguments: Uint8Array.of(7) }])).claimed();
    assert.deepEqual([one.claim!.index, one.claim!.count], [0, 1]);
    one.market.block(window + 1n);
    one.market.block(1_000n, 3);
    const task = taskIdOf(one.job, 1);
    one.market.start(task, one.provider);
    one.market.commit(task, one.provider, right);
    one.waive();
    one.market.reveal(task, one.provider, right);
    const claim = one.market.asReferee((port, ctx) => port.claim(ctx, task))!;
    assert.deepEqual([claim.index, claim.count, claim.arguments], [0, 2, Uint8Array.of(7)]);
    assert.deepEqual(claim.inputRoot, one.market.stages(one.job)[1]!.inputRoot);
  });

  it("MKT-186: an audit that agrees: both are paid when the window is over, and both stand until then", () => {
    const one = new Refereed(3).audited("right", "right");
    assert.equal(one.now.state, TASK_STATE_CHALLENGE);
    for (const { provider } of one.now.replicas) assert.equal(one.market.providers.get(provider)!.locked, stake);
    one.market.block(window + 1n);
    one.market.block();
    assert.deepEqual(one.now.replicas.map(({ paid }) => paid), ["20", "20"]);
    one.settled(2n * pay);
  });

  it("MKT-186: an audit that differs, in the result or in the state alone, is in dispute at once, its auditor's stake its bond", () => {
    const one = new Refereed(3).audited("right", "a lie");
    const [auditor] = one.of(2);
    assert.equal(one.now.state, TASK_STATE_DISPUTE);
    const lie = refereedResult("a lie");
    assert.deepEqual(one.market.differing, [{ taskId: one.task, auditor, stateHash: finalHash(lie.final!, lie.digest) }]);
    assert.deepEqual([one.now.challengeLeft, one.now.dueTau], [window, 0n]);
    const other = new Refereed(3).commitAll([name("p1")]);
    const provider = other.provider;
    assert.equal(provider, name("p1"));
    other.draw();
    const [second] = other.of(2);
    other.market.start(other.task, second!);
    const shifted = { ...right, final: { ...right.final!, pc: 8 } };
    other.market.commit(other.task, second!, shifted);
    other.reveal([provider]);
    other.market.reveal(other.task, second!, shifted);
    assert.equal(other.now.state, TASK_STATE_DISPUTE);
  });

  it("MKT-187: in dispute the window stands still; resumed, what was left of it runs", () => {
    const one = new Refereed(1).claimed();
    one.market.block(4_000n);
    one.market.asReferee((port, ctx) => port.dispute(ctx, one.task));
    one.market.asReferee((port, ctx) => port.dispute(ctx, one.task));
    one.market.block(50_000n, 3);
    assert.deepEqual([one.now.state, one.now.challengeLeft], [TASK_STATE_DISPUTE, 6_000n]);
    assert.equal(one.claim!.dueTau, one.market.tau + 6_000n);
    one.market.asReferee((port, ctx) => port.resume(ctx, one.task));
    assert.deepEqual([one.now.state, one.now.dueTau, one.now.challengeLeft], [TASK_STATE_CHALLENGE, one.market.tau + 6_000n, 0n]);
    one.market.block(6_001n);
    one.market.block();
    assert.equal(one.now.state, TASK_STATE_FINAL);
    one.settled(pay);
  });

  it("MKT-187: a dispute in the last moment of the window counts; one behind it finds nothing", () => {
    const one = new Refereed(1).claimed();
    one.market.tau = one.now.dueTau;
    one.market.asReferee((port, ctx) => port.dispute(ctx, one.task));
    assert.equal(one.now.challengeLeft, 0n);
    one.market.asReferee((port, ctx) => port.resume(ctx, one.task));
    one.market.tau += 1n;
    assert.throws(() => one.market.asReferee((port, ctx) => port.dispute(ctx, one.task)), /the referee needs/);
    assert.throws(() => one.market.asReferee((port, ctx) => port.convict(ctx, one.task, [one.provider], undefined)), /the referee needs/);
  });

  it("MKT-188: convicted: S is lost, a tenth of it to whoever proved it; CLOSED, all escrow back, auditors that agreed are free", () => {
    const one = new Refereed(3).audited("a lie", "a lie");
    const [provider, auditor] = [one.provider, one.of(2)[0]!];
    const challenger = one.market.fund("anybody", 0n);
    one.market.asReferee((port, ctx) => port.dispute(ctx, one.task));
    one.market.asReferee((port, ctx) => port.convict(ctx, one.task, [one.provider], challenger));
    assert.deepEqual([one.now.state, one.now.closeReason, one.lost(provider), one.lost(auditor)], [TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_DISPROVED, stake, 0n]);
    assert.deepEqual([one.market.balances.get(challenger), one.market.slashedBurned], [stake / 10n, stake - stake / 10n]);
    assert.deepEqual(one.market.query<{ bid: Bid }>("Bid", { bidId: one.job }).bid.excluded, [provider]);
    assert.deepEqual(one.market.providers.get(provider)!.outcomes.at(-1), "slashed");
    assert.equal(one.claim, undefined);
    one.settled(0n);
  });

  it("MKT-188: convicted without a prover, and where the book has become dearer: the consumer has its shortfall, at most a fifth, the rest is burned", () => {
    const one = new Refereed(1, {}, {}, {}, (market) => {
      market.ask(market.provider("dear"), 1_000n, 1, { classId: "rv32.core" });
      market.bid(market.fund("friend"), 1_000n, { classId: "rv32.core", lots: 1n });
      market.block(1_000n, 2);
    }).claimed("a lie");
    one.market.asReferee((port, ctx) => port.dispute(ctx, one.task));
    const before = one.market.balances.get(one.consumer)!;
    one.market.asReferee((port, ctx) => port.convict(ctx, one.task, [one.provider], undefined));
    assert.equal(one.market.balances.get(one.consumer)! - before, 100n + 404n, "F, which is less than a fifth of S, and the escrow");
    assert.equal(one.market.slashedBurned, stake - 100n);
  });

  it("MKT-189: an auditor whose audit is refuted loses its stake, half to the provider; where both were wrong all of it is burned", () => {
    const one = new Refereed(3).audited("right", "a lie");
    const [provider, auditor] = [one.provider, one.of(2)[0]!];
    const before = one.market.balances.get(provider)!;
    one.market.asReferee((port, ctx) => port.forfeit(ctx, one.task, auditor, one.provider));
    assert.deepEqual([one.now.state, one.replica(auditor).state, one.lost(auditor)], [TASK_STATE_DISPUTE, ReplicaState.REPLICA_STATE_OUT, stake]);
    assert.equal(one.market.balances.get(provider)! - before, stake / 2n);
    one.market.asReferee((port, ctx) => port.resume(ctx, one.task));
    one.market.block(window + 1n);
    one.market.block();
    assert.deepEqual(one.now.replicas.map(({ paid }) => paid), ["20", "0"]);
    one.settled(pay);
    const both = new Refereed(3).audited("one lie", "another");
    both.market.asReferee((port, ctx) => port.forfeit(ctx, both.task, both.of(2)[0]!, undefined));
    both.market.asReferee((port, ctx) => port.convict(ctx, both.task, [both.provider], undefined));
    assert.deepEqual([both.now.state, both.market.slashedBurned], [TASK_STATE_CLOSED, 2n * stake]);
    both.settled(0n);
  });

  it("MKT-189: two auditors may differ each in its own way, and each is disputed", () => {
    const one = new Refereed(4, { auditors: 2 }).commitAll([name("p1")]);
    const { provider } = one;
    one.draw();
    const [a, b] = one.of(2);
    for (const [who, label] of [[a!, "one lie"], [b!, "another"]] as const) one.commitAll([who], label);
    one.reveal([provider]).reveal([a!], "one lie").reveal([b!], "another");
    assert.deepEqual(one.market.differing.map(({ auditor }) => auditor), [a, b]);
    for (const auditor of [a!, b!]) one.market.asReferee((port, ctx) => port.forfeit(ctx, one.task, auditor, one.provider));
    one.market.asReferee((port, ctx) => port.resume(ctx, one.task));
    one.market.block(window + 1n);
    one.settled(pay);
  });

  it("MKT-189: an audit that differs is in dispute, however long after the other auditor's silence the task is looked at", () => {
    const one = new Refereed(4, { auditors: 2 }).commitAll([name("p1")]);
    const { provider } = one;
    one.draw();
    const [a, b] = one.of(2);
    one.commitAll([a!], "a lie").commitAll([b!]).reveal([provider]).reveal([a!], "a lie");
    one.market.block(10_001n + 2n * window);
    one.market.block();
    assert.deepEqual([one.now.state, one.now.challengeLeft, one.market.differing.length], [TASK_STATE_DISPUTE, window, 1]);
    one.market.asReferee((port, ctx) => port.convict(ctx, one.task, [one.provider], a!));
    one.settled(0n);
  });

  it("MKT-189: silence costs what it costs in a spot check: the provider's opens the task again, an auditor's leaves the claim alone", () => {
    const silent = new Refereed(4).commitAll([name("p1")]);
    const provider = silent.provider;
    silent.draw();
    assert.equal(silent.now.state, TASK_STATE_AUDITING);
    silent.commitAll(silent.of(2)).reveal(silent.of(2));
    silent.market.block(10_001n);
    silent.market.block();
    assert.deepEqual([silent.now.state, silent.lost(provider)], [TASK_STATE_ASSIGNED, stake]);
    const lazy = new Refereed(4).commitAll([name("p1")]).draw();
    const [auditor] = lazy.of(2);
    lazy.commitAll([auditor!], "a lie").reveal([lazy.provider]);
    lazy.market.block(10_001n);
    lazy.market.block();
    assert.deepEqual([lazy.now.state, lazy.lost(auditor!), lazy.market.differing], [TASK_STATE_CHALLENGE, stake, []]);
  });

  it("MKT-190: pay that is held for its acceptance is held from FINAL on; genesis goes round in CHALLENGE and DISPUTE", () => {
    const one = new Refereed(1, {}, { acceptance: { window: 5_000n, providerShareBps: 0 } }).claimed();
    one.market.block(window + 1n);
    one.market.block();
    assert.deepEqual([one.now.state, one.replica(one.provider).paid], [TASK_STATE_FINAL, "0"]);
    one.market.block(5_001n);
    one.market.block();
    assert.equal(one.replica(one.provider).paid, "20");
    for (const disputed of [false, true]) {
      const live = new Refereed(1).claimed();
      if (disputed) live.market.asReferee((port, ctx) => port.dispute(ctx, live.task));
      live.market.block();
      const again = live.market.carriedOver();
      again.block();
      assert.deepEqual(again.task(live.task), live.now);
    }
  });
});
