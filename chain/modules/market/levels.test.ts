/** At which levels of verification asks serve. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { OrderStatus, TaskState, VerificationLevel, type Ask, type Bid } from "../../codec/gen/dcm/market/v1/types.ts";
import { TestOrganizations } from "./testing-organizations.ts";
import { fails, name, replicated, resultOf, saltChain, spotChecked, TestMarket } from "./testing.ts";
import { taskIdOf } from "./state.ts";

const { VERIFICATION_LEVEL_V0_NONE: V0, VERIFICATION_LEVEL_V1_SPOT_CHECK: V1, VERIFICATION_LEVEL_V2_REPLICATED: V2, VERIFICATION_LEVEL_V3_REFEREED: V3 } = VerificationLevel;
const statusOf = (m: TestMarket, bidId: bigint): OrderStatus => m.query<{ bid: Bid }>("Bid", { bidId }).bid.status;

describe("the levels that an ask serves", () => {
  it("MKT-213: a bid passes over asks that do not serve its level, however cheap; those that name none serve all", () => {
    const m = new TestMarket();
    const consumer = m.fund("c");
    m.ask(m.provider("plain"), 5n, 1, { levels: [V0] });
    m.ask(m.provider("checked"), 7n, 1, { levels: [V1, V2] });
    m.ask(m.provider("any"), 9n, 1);
    const [checked, again, plain] = [m.bid(consumer, 12n, spotChecked(saltChain(4))), m.bid(consumer, 11n, spotChecked(saltChain(4))), m.bid(consumer, 10n)];
    m.block(1_000n, 2);
    assert.deepEqual([checked, again, plain].map((job) => m.task(taskIdOf(job, 0)).replicas[0]?.provider), ["checked", "any", "plain"].map(name));
  });

  it("MKT-213: a bid at a level that nobody serves waits, and finds an ask that does when it comes", () => {
    const m = new TestMarket();
    m.ask(m.provider("plain"), 5n, 1, { levels: [V0] });
    const job = m.bid(m.fund("c"), 9n, spotChecked(saltChain(4)));
    m.block(1_000n, 2);
    assert.equal(statusOf(m, job), OrderStatus.ORDER_STATUS_OPEN);
    m.ask(m.provider("checked"), 8n, 1, { levels: [V1] });
    m.block(1_000n, 2);
    assert.equal(m.task(taskIdOf(job, 0)).replicas[0]!.provider, name("checked"));
  });

  it("MKT-213: neither replicas nor auditors nor re-runs are drawn from asks that do not serve the level", () => {
    const m = new TestMarket({ auditProbabilityBps: 10_000 });
    const consumer = m.fund("c");
    const salts = saltChain(12);
    for (let i = 0; i < 20; i++) m.ask(m.provider(`plain${i}`, 10n ** 12n), 10n, 4, { levels: [V0, V3] });
    const willing = Array.from({ length: 4 }, (_, i) => m.provider(`willing${i}`));
    for (const one of willing) m.ask(one, 10n, 4, { levels: [V1, V2] });
    for (const level of [replicated, spotChecked]) {
      const job = m.bid(consumer, 10n, level(salts));
      const task = taskIdOf(job, 0);
      m.block(1_000n, 2);
      const play = (round: number, salt: number): void => {
        m.block(1_000n, 4);
        m.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[salt]! });
        m.block();
        for (const { provider, round: of } of m.task(task).replicas) {
          if (of !== round) continue;
          m.start(task, provider);
          m.commit(task, provider, resultOf(provider));
        }
      };
      if (level === spotChecked) {
        const [first] = m.task(task).replicas;
        m.start(task, first!.provider);
        m.commit(task, first!.provider, resultOf(first!.provider));
        play(2, 1);
      } else {
        play(0, 1);
      }
      for (const { provider } of m.task(task).replicas) m.reveal(task, provider, resultOf(provider));
      assert.equal(m.task(task).state, TaskState.TASK_STATE_TIEBREAK);
      play(1, 2);
      const { replicas } = m.task(task);
      assert.equal(replicas.length, 4);
      assert.deepEqual(replicas.map(({ provider }) => provider).sort(), [...willing].sort());
    }
  });

  it("MKT-213: who does not serve V2 loses nothing to a consumer that admits it alone among its own", () => {
    const m = new TestOrganizations();
    m.found("acme", "olga", 1_000_000n);
    const victim = m.provider("victim");
    const own = ["s1", "s2", "s3"].map((label) => m.provider(label));
    m.ask(victim, 5n, 9, { levels: [V0, V3] });
    for (const one of own) m.ask(one, 10n, 9);
    m.policy("olga", "acme", { allowedProviders: [victim, ...own].sort() });
    m.block();
    const salts = saltChain(10);
    const job = m.bid(name("olga"), 10n, { ...replicated(salts), organization: "acme" });
    m.block(1_000n, 6);
    m.send("MsgRevealSalt", { consumer: name("olga"), jobId: job, salt: salts[1]! });
    m.block();
    const { replicas } = m.task(taskIdOf(job, 0));
    assert.equal(replicas.length, 2);
    assert.ok(replicas.every(({ provider }) => own.includes(provider)));
    const plain = m.bid(name("olga"), 10n, { organization: "acme" });
    m.block(1_000n, 2);
    assert.equal(m.task(taskIdOf(plain, 0)).replicas[0]!.provider, victim, "it serves what it says");
  });

  it("MKT-213: a bid that names an ask is told which levels it serves; the levels stay when the ask is replaced, and are shown", () => {
    const m = new TestMarket();
    const [seller, consumer] = [m.provider("seller"), m.fund("c")];
    const askId = m.ask(seller, 7n, 2, { reservedFor: consumer, levels: [V0, V1] });
    fails(() => m.bid(consumer, 7n, { ...replicated(saltChain(4)), askId }), 104, /ask 1 does not serve v2_replicated: it serves v0_none, v1_spot_check/);
    const job = m.bid(consumer, 7n, { ...spotChecked(saltChain(4)), askId });
    m.block(1_000n, 2);
    assert.equal(m.task(taskIdOf(job, 0)).replicas[0]!.provider, seller);
  });

  it("MKT-213: the levels are said where the ask is placed, and stay when it is replaced", () => {
    const m = new TestMarket();
    const seller = m.provider("seller");
    const askId = m.ask(seller, 7n, 2, { levels: [V0, V1] });
    assert.deepEqual(m.named("EventAskPlaced").map(({ attributes }) => attributes.find(([key]) => key === "levels")), [["levels", "v0_none,v1_spot_check"]]);
    m.block();
    m.send("MsgReplaceAsk", { provider: seller, askId, basePrice: 8n, premiums: [], expiresTau: 0n });
    m.block(1_000n, 2);
    const { basePrice, levels } = m.query<{ ask: Ask }>("Ask", { askId }).ask;
    assert.deepEqual([basePrice, levels], [8n, [V0, V1]]);
  });

  it("MKT-213: nothing verifies a service: an ask of its classes has no levels", () => {
    const m = new TestMarket();
    fails(() => m.serviceAsk(m.provider("p"), 10n, 1, { levels: [V2] }), 3, /levels with class \S+, which is metered by time, is not served/);
  });
});
