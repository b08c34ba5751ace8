/** Spot checks on a real network: every task is audited, by a worker as any other. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { ReplicaState, TaskState, VerificationLevel } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { receiptOf, type Receipt } from "../../../client/receipt.ts";
import { secondDenom } from "../../../localnet/homes.ts";
import { balanceBooks, settleProviders } from "./audit.ts";
import { checkMoney, stakeFactor } from "./money.ts";
import { expected, input } from "./program.ts";
import { chainId, liar, seen, World, type Ended } from "./world.ts";

const [cheap, price] = [90_001n, 100_003n];
const { REPLICA_STATE_OUT: OUT, REPLICA_STATE_REVEALED: REVEALED } = ReplicaState;

describe("spot checks on a real network", function () {
  this.timeout(180_000);
  let world: World;
  let [honest, caught, waived]: Promise<void>[] = [];
  before(async () => {
    world = await World.start(liar + 1, {}, { audit_probability_bps: 10_000 });
    [honest, caught, waived] = [confirm(world), catchTheLiar(world), waive(world)];
    for (const run of [honest, caught, waived]) run.catch(() => undefined);
  });
  after(async () => {
    await world?.stop();
  });

  it("pays an honest provider and the auditor that was drawn, in another denom than that of their stakes, and gives the reserve for a tie-break back", () => honest);
  it("catches a provider that lies: its audit differs, two more are drawn, its stake goes, all who proved it are paid and the result is right", () => caught);
  it("accepts a result unaudited where the consumer keeps its salt back", () => waived);
  it("balances the books of the whole chain, and those of every provider", async () => {
    await Promise.all([honest, caught, waived]);
    await balanceBooks(world);
    await settleProviders(world);
  });
});

async function confirm(world: World): Promise<void> {
  for (const index of [0, 1, 2]) await world.offer(index, "wasm.honest", index === 0 ? cheap : price, 1, secondDenom);
  // The cheapest does not serve V1: it is neither matched nor drawn.
  await world.offer(3, "wasm.honest", cheap - 10_000n, 1, secondDenom, { levels: [VerificationLevel.VERIFICATION_LEVEL_V0_NONE] });
  const consumer = await world.consumer("cautious");
  const inputs = [input("checked, and right")];
  const placed = await consumer.place({ classId: "wasm.honest", inputs, verification: "V1", quoteDenom: secondDenom });
  assert.equal(placed.escrow, 4n * 200_003n + 8_001n);
  const ended = await world.ended(consumer, placed.id);
  const [task] = ended.tasks;
  assert.deepEqual([task!.state, task!.auditProbabilityBps], [TaskState.TASK_STATE_FINAL, 10_000]);
  const [first, auditor, ...others] = seen(world, task!);
  assert.deepEqual([first, others], [{ provider: 0, state: REVEALED, round: 0, paid: cheap, slashed: 0n }, []]);
  assert.ok([1, 2].includes(auditor!.provider));
  assert.deepEqual([auditor!.round, auditor!.state, auditor!.paid], [2, REVEALED, price]);
  assert.deepEqual(await consumer.gateway.result(placed.id, task!), expected(inputs[0]!, 1n).result);
  const { tasks: [found] } = await receipt(world, ended);
  assert.deepEqual(found!.replicas.map(({ by }) => by), ["match", "audit"]);
  const [match, audit] = found!.replicas;
  assert.ok(match!.committed!.height < audit!.assigned!.height && audit!.committed!.height <= match!.revealed!.height, "who audits is not known before the commitment, and commits before anything is revealed");
  await checkMoney(world, consumer, ended.job, { paid: [[cheap, price]] });
}

async function catchTheLiar(world: World): Promise<void> {
  for (const index of [0, 1, 2, 3]) await world.offer(index, "wasm.liar", price);
  await world.offer(liar, "wasm.liar", cheap);
  const consumer = await world.consumer("suspicious");
  const inputs = [input("the truth")];
  const placed = await consumer.place({ classId: "wasm.liar", inputs, verification: "V1" });
  const ended = await world.ended(consumer, placed.id, 90_000);
  const [task] = ended.tasks;
  assert.equal(task!.state, TaskState.TASK_STATE_FINAL);
  const stake = stakeFactor * cheap;
  const [first, ...others] = seen(world, task!);
  assert.deepEqual(first, { provider: liar, state: OUT, round: 0, paid: 0n, slashed: stake });
  assert.deepEqual(others.map(({ state, round, paid }) => [state, round, paid]), [[REVEALED, 2, price], [REVEALED, 1, price], [REVEALED, 1, price]]);
  assert.deepEqual(await consumer.gateway.result(placed.id, task!), expected(inputs[0]!, 1n).result);
  const { penalties } = await receipt(world, ended);
  const toEach = stake / 10n / 3n;
  assert.deepEqual(penalties.map(({ provider, reason, amount, toProvers, toConsumer }) => [provider, reason, amount, toProvers, toConsumer]), [[world.address(liar), "minority", String(stake), String(3n * toEach), "0"]]);
  await checkMoney(world, consumer, ended.job, { paid: [[price, price, price]] });
}

async function waive(world: World): Promise<void> {
  for (const index of [1, 3]) await world.offer(index, "wasm.salts", price);
  const consumer = await world.consumer("careless", { salts: true });
  const placed = await consumer.place({ classId: "wasm.salts", inputs: [input("unchecked")], verification: "V1" });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.equal(tasks[0]!.state, TaskState.TASK_STATE_FINAL);
  assert.deepEqual(seen(world, tasks[0]!).map(({ state, round, paid }) => [state, round, paid]), [[REVEALED, 0, price]]);
  await checkMoney(world, consumer, job, { paid: [[price]] });
}

async function receipt(world: World, { job, tasks }: Ended): Promise<Receipt> {
  const to = await world.history.upToNow();
  return receiptOf({ connection: world.connection, chainId, job, stages: [], tasks, from: Number(job.createdHeight), to });
}
