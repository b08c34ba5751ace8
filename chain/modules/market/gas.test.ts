import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { execute } from "../../runtime/testing.ts";
import { TaskState } from "../../codec/gen/dcm/market/v1/types.ts";
import { matchGas } from "./gas.ts";
import { paramBounds } from "./params.ts";
import { bidMessage, fails, replicated, saltChain, serviceMessage, spotChecked, stage, staged, TestMarket } from "./testing.ts";

const replicas = replicated(saltChain(2));

/** What placing it costs, its reads and writes only where there is a limit. */
function gasOf(name: string, message: (consumer: string, reserved: bigint) => object, gasLimit = Infinity): number {
  const m = new TestMarket();
  const consumer = m.fund("c", 10n ** 15n);
  const askId = m.ask(m.provider("p"), 10n, 1, { reservedFor: consumer });
  return execute(m.stores, m.modules, `/dcm.market.v1.MsgPlace${name}`, message(consumer, askId), { height: m.height, time: m.time, gasLimit }).gasUsed;
}

describe("gas of a bid", () => {
  const bids: readonly [what: string, matches: number, name: string, Parameters<typeof gasOf>[1]][] = [
    ["one task", 1, "Bid", (c) => bidMessage(c, 100n)],
    ["1,024 tasks", 1_024, "Bid", (c) => bidMessage(c, 100n, {}, { tasks: 1_024 })],
    ["one replicated task: two replicas and two for a tie-break", 4, "Bid", (c) => bidMessage(c, 100n, replicas)],
    ["two spot-checked tasks: each with an auditor and two for a tie-break", 8, "Bid", (c) => bidMessage(c, 100n, spotChecked(saltChain(2)), { tasks: 2 })],
    ["1,024 tasks of three replicas and two", 5_120, "Bid", (c) => bidMessage(c, 100n, { ...replicas, k: 3 }, { tasks: 1_024 })],
    ["stages of 6 and 2 tasks, one of them without inputs yet", 8, "Bid", (c) => bidMessage(c, 100n, {}, staged([stage(6), stage(2, [0])]))],
    ["7 tasks on a reserved ask", 7, "Bid", (c, askId) => bidMessage(c, 100n, { askId }, { tasks: 7 })],
    ["9 instances", 9, "ServiceBid", (c) => serviceMessage(c, 20n, {}, { instances: 9 })],
  ];
  for (const [what, matches, name, message] of bids) {
    it(`MKT-170: pays for the matches of ${what} when it is placed`, () => {
      assert.equal(gasOf(name, message), matches * matchGas);
    });
  }

  it("MKT-170: leaves three quarters of a block of the default genesis beside the dearest bid", () => {
    const dearest = gasOf("Bid", (c) => bidMessage(c, 100n, { ...replicas, k: paramBounds.maxReplicas[0] }, { tasks: paramBounds.maxTasks[0] }), 10 ** 9);
    assert.ok(dearest < 1_500_000_000 / 4, `${dearest} gas`);
  });

  it("MKT-170: that its transaction does not reach for leaves no bid", () => {
    const m = new TestMarket();
    const consumer = m.fund("c");
    const place = (gasLimit: number): unknown => execute(m.stores, m.modules, "/dcm.market.v1.MsgPlaceBid", bidMessage(consumer, 100n, {}, { tasks: 50 }), { height: m.height, time: m.time, gasLimit });
    fails(() => place(3_500_000), 11, /out of gas in location: matches to come: 70000 for each of 50 x 1; gasWanted: 3500000/, "sdk");
    assert.deepEqual(m.query<{ bids: unknown[] }>("Bids", { consumer: "", classId: "", quoteDenom: "", openOnly: false }).bids, []);
    place(4_000_000);
  });
});

describe("gas of a decline", () => {
  it("MKT-203: ends as many of the job's tasks as it reaches for, the named one at least, whatever the consumer's job says", () => {
    const m = new TestMarket();
    const [consumer, provider] = [m.fund("c"), m.provider("p", 10n ** 9n)];
    m.ask(provider, 10n, 100);
    const tags = Array.from({ length: 16 }, (_, i) => ({ key: `${String(i).padStart(2, "0")}${"k".repeat(62)}`, value: "v".repeat(128) }));
    const job = m.bid(consumer, 20n, { costTags: tags }, { tasks: 100, arguments: new Uint8Array(4_096), dataUrls: Array.from({ length: 8 }, () => `http://${"a".repeat(240)}`) });
    m.block(1_000n, 2);
    const left = (): bigint[] => m.query<{ tasks: { id: bigint; state: TaskState }[] }>("Tasks", { provider, jobId: job, state: TaskState.TASK_STATE_ASSIGNED }).tasks.map(({ id }) => id);
    const decline = (gasLimit: number): { tasks: number; gasUsed: number } => {
      const { value, gasUsed } = execute(m.stores, m.modules, "/dcm.market.v1.MsgDeclineTask", { worker: provider, provider, taskId: left()[0]!, reason: "404" }, { height: m.height, time: m.time, gasLimit });
      return { tasks: (value as { tasks: number }).tasks, gasUsed };
    };
    const little = decline(400_000);
    assert.ok(little.tasks >= 1 && little.tasks < 10 && little.gasUsed <= 400_000, `${little.tasks} for ${little.gasUsed}`);
    assert.equal(decline(100_000_000).tasks, 64);
    assert.equal(decline(100_000_000).tasks, 36 - little.tasks);
    assert.deepEqual([left(), m.providers.get(provider)!.freeDeclines], [[], 4]);
    m.block();
  });
});
