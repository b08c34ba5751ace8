/** Scenarios of jobs whose later tasks read the results of earlier ones. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CloseReason, StageState, TaskState, type Stage } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { frameOutputs } from "../../../worker/job-file.ts";
import { checkMoney } from "./money.ts";
import { expected, input } from "./program.ts";
import { chainId, type ClassId, type World } from "./world.ts";

const price = 100_003n;
const { STAGE_STATE_INPUTS: INPUTS, STAGE_STATE_FINAL: FINAL, STAGE_STATE_CLOSED: CLOSED } = StageState;
const { TASK_STATE_FINAL, TASK_STATE_CLOSED } = TaskState;

async function stagesOf(world: World, jobId: bigint): Promise<readonly Stage[]> {
  return (await world.connection.query.market.job({ jobId })).stages;
}

/** What the last stage's program says of the outputs before it, by a run in this process. */
function gathered(...given: readonly Uint8Array[]): ReturnType<typeof expected> {
  return expected(frameOutputs(given.map((one) => expected(one, 1n).result.output)), 1n);
}

/** Three tasks that map, one that reduces what they gave, one job. */
export async function mapAndReduce(world: World): Promise<void> {
  await world.offer(0, "wasm.stages", price, 3);
  const consumer = await world.consumer("map and reduce");
  const inputs = ["one", "two", "three"].map((text) => input(text));
  const placed = await consumer.place({ classId: "wasm.stages", inputs, later: [{ after: [0] }] });
  assert.equal(placed.escrow, 4n * (200_003n + 2_001n), "for every task of every stage, at the bid");
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual(tasks.map(({ state }) => state), Array(4).fill(TASK_STATE_FINAL));
  assert.deepEqual((await stagesOf(world, placed.id)).map(({ state }) => state), [FINAL, FINAL]);
  assert.deepEqual(await consumer.gateway.result(placed.id, tasks[3]!), gathered(...inputs).result);
  const height = (name: string, stage: number): number => world.history.find(name, { job_id: placed.id, stage: String(stage) }).at(-1)!.height;
  await world.history.upToNow();
  const finals = world.history.find("EventTaskChanged", { job_id: placed.id, state: "final" });
  assert.equal(height("EventStageReady", 1), Math.max(...finals.slice(0, 3).map((event) => event.height)), "with the last of the three");
  assert.ok(height("EventStageReady", 1) < height("EventStageInputsSupplied", 1) && height("EventStageOpened", 1) === height("EventStageInputsSupplied", 1));
  await checkMoney(world, consumer, job, { paid: tasks.map(({ price: paid }) => [paid]) });
}

/** Its gateway is killed with SIGKILL with the bid in the block, between the stages, and with the inputs in the block; each time another one goes on. */
export async function surviveGatewayKills(world: World): Promise<void> {
  await world.offer(1, "wasm.gateway", price, 2);
  const name = "killed gateway";
  const party = await world.account();
  const folder = join(world.folder, "consumers", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "mnemonic"), party.mnemonic, { mode: 0o600 });
  // Data that were away while the gateway is would be a reason to decline.
  const data = await serveFolder(join(folder, "blobs"));
  const run = (...orders: string[]): ChildProcess =>
    spawn(process.execPath, [fileURLToPath(new URL("gateway-process.ts", import.meta.url)), world.network.validators[0]!.rpcAddress, chainId, folder, data.url, ...orders], { stdio: ["ignore", "pipe", "inherit"] });
  let child = run("place", "wasm.gateway" satisfies ClassId);
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  const jobId = BigInt(line.toString("utf8").trim());
  const again = async (...orders: string[]): Promise<void> => {
    await kill(child);
    child = run(...orders);
  };
  try {
    await again("withhold");
    await world.until("the first stage's end", async () => (await stagesOf(world, jobId))[1]!.state === INPUTS);
    await again();
    await world.until("the second stage's inputs", async () => (await stagesOf(world, jobId))[1]!.openedTau > 0n);
    await again();
    await world.until("the job's end", async () => (await world.connection.query.market.job({ jobId })).job!.endedTau > 0n);
  } finally {
    await kill(child);
    await data.close();
  }
  const { job } = await world.connection.query.market.job({ jobId });
  const consumer = await world.gateway(name, party, party.funds);
  const tasks = await consumer.gateway.tasks(jobId);
  assert.deepEqual(tasks.map(({ state }) => state), Array(3).fill(TASK_STATE_FINAL));
  assert.deepEqual(await consumer.gateway.result(jobId, tasks[2]!), gathered(input("left"), input("right")).result);
  await world.history.upToNow();
  assert.equal(world.history.find("EventStageInputsSupplied", { job_id: jobId }).length, 1);
  await checkMoney(world, consumer, job!, { paid: tasks.map(({ price: paid }) => [paid]) });
}

/** A map task that closes without a result takes the stages behind it along; their money is back at once. */
export async function closeBehindTheMissing(world: World): Promise<void> {
  await world.offer(0, "wasm.missing", price);
  await world.offer(1, "wasm.missing", price);
  const consumer = await world.consumer("missing map");
  await consumer.data.close();
  const placed = await consumer.place({ classId: "wasm.missing", inputs: [input("not to be had")], later: [{ after: [0] }, { after: [0, 1] }] });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual(tasks.map(({ state, closeReason }) => [state, closeReason]), [
    [TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_INPUT_UNAVAILABLE], [TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_PREDECESSOR], [TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_PREDECESSOR],
  ]);
  assert.deepEqual((await stagesOf(world, placed.id)).map(({ state, openedTau }) => [state, openedTau > 0n]), [[CLOSED, true], [CLOSED, false], [CLOSED, false]]);
  await checkMoney(world, consumer, job, { burned: tasks[0]!.price / 20n });
}

/** The consumer keeps the inputs of the next stage to itself: the first is paid, the rest comes back. */
export async function closeWithoutInputs(world: World): Promise<void> {
  await world.offer(2, "wasm.inputs", price);
  const consumer = await world.consumer("without inputs", { inputs: true });
  const placed = await consumer.place({ classId: "wasm.inputs", inputs: [input("mapped in vain")], later: [{ after: [0] }] });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual(tasks.map(({ state, closeReason }) => [state, closeReason]), [[TASK_STATE_FINAL, CloseReason.CLOSE_REASON_UNSPECIFIED], [TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_NO_INPUTS]]);
  await checkMoney(world, consumer, job, { paid: [[tasks[0]!.price]] });
}

/** A map task's program fails: the gateway cancels what would read it. */
export async function cancelBehindTheFailed(world: World): Promise<void> {
  await world.offer(2, "wasm.failed", price);
  const consumer = await world.consumer("failed map");
  const placed = await consumer.place({ classId: "wasm.failed", inputs: [input("more than there is", 150_000_000)], later: [{ after: [0] }] });
  const { job, tasks } = await world.ended(consumer, placed.id);
  assert.deepEqual(tasks.map(({ state, closeReason }) => [state, closeReason]), [[TASK_STATE_FINAL, CloseReason.CLOSE_REASON_UNSPECIFIED], [TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_CANCELLED]]);
  assert.equal((await consumer.gateway.result(placed.id, tasks[0]!)).status, "out-of-fuel");
  await checkMoney(world, consumer, job, { paid: [[tasks[0]!.price]] });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** The blobs of a store that another process writes. */
async function serveFolder(folder: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? "";
    readFile(join(folder, name.slice(0, 2), name)).then((bytes) => response.end(bytes), () => response.writeHead(404).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
