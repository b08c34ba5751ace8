/** Scenarios with providers that lie, fall silent, die or come back. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ReplicaState, TaskState } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { findFiles } from "./files.ts";
import { checkMoney, stakeFactor } from "./money.ts";
import { expected, input } from "./program.ts";
import { liar, seen, silent, slow, type World } from "./world.ts";

const cheap = 90_001n;
const price = 100_003n;
const { REPLICA_STATE_OUT: OUT, REPLICA_STATE_REVEALED: REVEALED, REPLICA_STATE_RUNNING: RUNNING, REPLICA_STATE_COMMITTED: COMMITTED } = ReplicaState;

/** The cheapest of four lies; a trade before at a higher price makes a shortfall that its stake must make good. */
export async function slashTheLiar(world: World): Promise<void> {
  // Above what the deceived may pay, so no tie-break draws it; the shortfall stays just below F, where it ends.
  const dear = 200_005n;
  await world.offer(0, "wasm.liar", dear);
  const first = await world.consumer("reference");
  await world.ended(first, (await first.place({ classId: "wasm.liar", inputs: [input("sets the reference price")], limitPrice: dear })).id);
  for (const honest of [1, 2, 3]) await world.offer(honest, "wasm.liar", price);
  await world.offer(liar, "wasm.liar", cheap);

  const consumer = await world.consumer("deceived");
  const inputs = [input("the truth")];
  const placed = await consumer.place({ classId: "wasm.liar", inputs, verification: "V2" });
  const { job, tasks } = await world.ended(consumer, placed.id);
  const [task] = tasks;
  assert.equal(task!.state, TaskState.TASK_STATE_FINAL);
  const stake = stakeFactor * price;
  const parts = seen(world, task!);
  assert.deepEqual(parts[0], { provider: liar, state: OUT, round: 0, paid: 0n, slashed: stake });
  assert.deepEqual(parts.slice(1).map(({ state, round, paid, slashed }) => [state, round, paid, slashed]), [[REVEALED, 0, price, 0n], [REVEALED, 1, price, 0n], [REVEALED, 1, price, 0n]]);
  assert.deepEqual(await consumer.gateway.result(placed.id, task!), expected(inputs[0]!, 1n).result);

  const shortfall = dear - price;
  const toEachProver = stake / 10n / 2n;
  await checkMoney(world, consumer, job, { paid: [[price, price, price]], awards: shortfall });
  const [penalty, ...others] = world.history.find("EventProviderPenalized", { job_id: placed.id });
  assert.deepEqual(others, []);
  assert.deepEqual(penalty!.attributes, {
    ...penalty!.attributes, provider: world.address(liar), reason: "minority", amount: String(stake), to_consumer: String(shortfall), to_provers: String(2n * toEachProver),
  });
  const [slash] = world.history.find("dcm.staking.v1.EventProviderSlashed", { operator: world.address(liar) });
  assert.equal(slash!.attributes.burned, String(stake - shortfall - 2n * toEachProver));
  const provers = task!.replicas.filter(({ round }) => round === 1).map(({ provider }) => provider);
  const awarded = world.history.find("coin_received", { amount: `${toEachProver}udcm` }).filter(({ height }) => height === penalty!.height).map(({ attributes }) => attributes.receiver!);
  for (const prover of provers) assert.ok(awarded.includes(prover), `${prover} proved it and got nothing`);
}

/** A replica that commits and never reveals loses its stake; three others agree. */
export async function replaceTheSilent(world: World): Promise<void> {
  for (const honest of [1, 2, 3]) await world.offer(honest, "wasm.silent", price);
  await world.offer(silent, "wasm.silent", cheap);
  const consumer = await world.consumer("unanswered");
  const placed = await consumer.place({ classId: "wasm.silent", inputs: [input("well?")], verification: "V2" });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.equal(tasks[0]!.state, TaskState.TASK_STATE_FINAL);
  const parts = seen(world, tasks[0]!);
  assert.deepEqual(parts[0], { provider: silent, state: OUT, round: 0, paid: 0n, slashed: stakeFactor * price });
  assert.deepEqual(parts.slice(1).map(({ state, round, paid }) => [state, round, paid]), [[REVEALED, 0, price], [REVEALED, 1, price], [REVEALED, 1, price]]);
  await checkMoney(world, consumer, job, { paid: [[price, price, price]] });
  const [slash] = world.history.find("EventProviderPenalized", { job_id: placed.id });
  assert.deepEqual([slash!.attributes.reason, slash!.attributes.amount, slash!.attributes.to_consumer, slash!.attributes.to_provers], ["reveal_missed", String(stakeFactor * price), "0", "0"]);
}

/** The same without verification: its stake goes and somebody else gets the task, at the price of its ask. */
export async function rematchAfterSilence(world: World): Promise<void> {
  await world.offer(silent, "wasm.tacit", cheap);
  await world.offer(0, "wasm.tacit", price);
  const consumer = await world.consumer("unanswered once");
  const placed = await consumer.place({ classId: "wasm.tacit", inputs: [input("anybody?")] });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.misses], [TaskState.TASK_STATE_FINAL, 1]);
  assert.deepEqual(seen(world, tasks[0]!), [{ provider: 0, state: REVEALED, round: 0, paid: price, slashed: 0n }]);
  await checkMoney(world, consumer, job, { paid: [[price]] });
  const [slash] = world.history.find("EventProviderPenalized", { job_id: placed.id });
  assert.deepEqual([slash!.attributes.provider, slash!.attributes.reason, slash!.attributes.amount], [world.address(silent), "reveal_missed", String(cheap)]);
}

/** Both replicas' workers are killed: one between its commitment and its reveal, one while it runs. Both come back in time and are paid. */
export async function goOnAfterKill(world: World): Promise<void> {
  await world.offer(3, "wasm.restart", cheap);
  await world.offer(slow, "wasm.restart", price);
  const consumer = await world.consumer("patient");
  const placed = await consumer.place({ classId: "wasm.restart", inputs: [input("still there?")], verification: "V2", durationMs: 8_000n });
  const running = world.replica(consumer, placed.id, slow, RUNNING).then(async () => {
    await world.worker(slow).kill();
    await world.worker(slow).start();
  });
  await world.replica(consumer, placed.id, 3, COMMITTED);
  await world.worker(3).kill();
  const journal = findFiles(join(world.worker(3).plan.home, "journal"), `${placed.id * 65_536n}-0.json`);
  assert.equal(journal.length, 1);
  const kept = readFileSync(journal[0]!, "utf8");
  await world.worker(3).start();
  await running;

  const { job, tasks } = await world.ended(consumer, placed.id, 90_000);
  assert.equal(tasks[0]!.state, TaskState.TASK_STATE_FINAL);
  assert.deepEqual(seen(world, tasks[0]!), [
    { provider: 3, state: REVEALED, round: 0, paid: price, slashed: 0n },
    { provider: slow, state: REVEALED, round: 0, paid: price, slashed: 0n },
  ]);
  assert.equal(readFileSync(journal[0]!, "utf8"), kept);
  const ran = readFileSync(world.worker(3).plan.logFile("worker"), "utf8").split("\n").filter((line) => line.includes('"message":"ran"') && line.includes(`"${placed.id * 65_536n}"`));
  assert.equal(ran.length, 1, "the restarted worker ran the task again instead of reading its journal");
  await checkMoney(world, consumer, job, { paid: [[price, price]] });
}

/** Killed while it runs and never back: the commitment misses its time, a tenth of the stake goes, somebody else does the work. */
export async function rematchAfterDeath(world: World): Promise<void> {
  await world.offer(slow, "wasm.killed", cheap);
  await world.offer(0, "wasm.killed", price);
  const consumer = await world.consumer("bereaved");
  const placed = await consumer.place({ classId: "wasm.killed", inputs: [input("whatever happens")] });
  await world.replica(consumer, placed.id, slow, RUNNING);
  await world.worker(slow).kill();
  const { job, tasks } = await world.ended(consumer, placed.id, 90_000);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.misses], [TaskState.TASK_STATE_FINAL, 1]);
  assert.deepEqual(seen(world, tasks[0]!), [{ provider: 0, state: REVEALED, round: 0, paid: price, slashed: 0n }]);
  await checkMoney(world, consumer, job, { paid: [[price]] });
  const [penalty] = world.history.find("EventProviderPenalized", { job_id: placed.id });
  assert.deepEqual([penalty!.attributes.provider, penalty!.attributes.reason, penalty!.attributes.amount], [world.address(slow), "commit_missed", String(cheap / 10n)]);
  const states = world.history.find("EventTaskChanged", { job_id: placed.id }).map(({ attributes }) => attributes.state);
  assert.deepEqual(states, ["assigned", "running", "open", "assigned", "running", "revealing", "final"]);
  const { bid } = await world.connection.query.market.job({ jobId: placed.id });
  assert.deepEqual(bid!.excluded, [world.address(slow)]);
}
