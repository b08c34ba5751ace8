/** A provider whose tasks run on a real Slurm cluster, among providers with sandboxes of their own, on a real network. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { ReplicaState, TaskState } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { secondDenom } from "../../../localnet/homes.ts";
import { partition, SlurmCluster } from "../../../localnet/slurm/cluster.ts";
import { checkBackend } from "../../../worker/check.ts";
import type { BackendConfig } from "../../../worker/config.ts";
import { program, task } from "../../../worker/sandbox/testing.ts";
import { wasmBackend } from "../../../worker/sandbox/wasm-backend.ts";
import { Cluster } from "../../../worker/slurm/cluster.ts";
import type { SeenJob } from "../../../worker/slurm/commands.ts";
import { balanceBooks, settleProviders } from "../market/audit.ts";
import { checkMoney } from "../market/money.ts";
import { expected, input, lotMeter } from "../market/program.ts";
import { acceptRefereed } from "../market/refereed.ts";
import { seen, World } from "../market/world.ts";

const [cheap, price] = [90_001n, 100_003n];
const { REPLICA_STATE_REVEALED: REVEALED, REPLICA_STATE_RUNNING: RUNNING } = ReplicaState;
/** The provider whose tasks run on the cluster. */
const slurmed = 0;
/** So long a job may wait and run, in the scenarios that hold one up: three times this. */
const patience = 20_000n;
const endless = program("(loop $l (br $l))");

describe("a provider with a Slurm cluster on a real network", function () {
  this.timeout(300_000);
  let slurm: SlurmCluster;
  let world: World;
  let timedOut: Promise<{ readonly status: string; readonly reason: string }>;
  let probing: Cluster;

  before(async () => {
    slurm = await SlurmCluster.start((text) => process.stderr.write(`${text}\n`));
    world = await World.start(4, {}, { audit_probability_bps: 10_000 }, (index) => (index === slurmed ? { backend: backend() } : {}));
  });
  after(async () => {
    await probing?.close();
    await world?.stop();
    await slurm?.stop();
  });

  function backend(): BackendConfig & { readonly kind: "slurm" } {
    return { kind: "slurm", directory: slurm.shared, partition, slurmConf: slurm.conf };
  }

  const identity = (): string => readFileSync(join(world.worker(slurmed).plan.home, "slurm-worker"), "utf8").trim();
  /** Of the worker's tasks, on the shared directory. */
  const folders = (): string[] => readdirSync(join(slurm.shared, identity())).filter((name) => name !== "compiled");

  /** Jobs of the provider's worker, the oldest first. */
  async function jobs(): Promise<SeenJob[]> {
    const prefix = `dcm-${identity()}-`;
    const said = await slurm.run("squeue", "--noheader", "--states=all", "--sort=i", "--format=%j|%i|%T|%N|%r");
    return said.split("\n").map((line) => line.split("|")).filter(([name]) => name!.startsWith(prefix)).map(([name, id, state, nodes, reason]) => ({ name: name!, id: Number(id), state: state!, nodes: nodes!, reason: reason! }));
  }

  /** The newest job, once it is in the state and newer than `after`. */
  const job = (state: string, after: number): Promise<SeenJob> => world.until(`a Slurm job that is ${state}`, async () => (await jobs()).find((one) => one.id > after && one.state === state));
  const newest = async (): Promise<number> => (await jobs()).at(-1)?.id ?? 0;
  const allow = (state: "UP" | "DOWN"): Promise<string> => slurm.run("scontrol", "update", `PartitionName=${partition}`, `State=${state}`);
  const log = (): string => readFileSync(world.worker(slurmed).plan.logFile("worker"), "utf8");

  it("SLURM-10 finds the cluster fit for tasks", async () => {
    for await (const { ok, what, said } of checkBackend(backend(), process.env)) assert.ok(ok, `${what}: ${said}`);
  });

  it("SLURM-1 comes to the bytes of the replica that runs on its provider's own machine", async () => {
    // Meanwhile, on a worker of its own: a job that comes to Slurm's own time limit.
    probing = new Cluster({ settings: { ...backend(), maxMinutes: 1 }, worker: "probing", environment: process.env, log: () => undefined });
    timedOut = probing.backend("wasm").run(task(endless, { limits: { maxMeter: 1n << 60n, wallMs: 240_000 } }));
    for (const index of [slurmed, 1]) await world.offer(index, "wasm.replicated", price, 2);
    const consumer = await world.consumer("replicated");
    const inputs = [input("on a cluster"), input("and at home", 30_000_000)];
    const placed = await consumer.place({ classId: "wasm.replicated", inputs, verification: "V2", durationMs: patience });
    const { job: ended, tasks } = await world.ended(consumer, placed.id, 150_000);
    for (const [i, one] of tasks.entries()) {
      assert.equal(one.state, TaskState.TASK_STATE_FINAL);
      assert.deepEqual(seen(world, one).map(({ state, paid }) => [state, paid]), [[REVEALED, price], [REVEALED, price]]);
      assert.deepEqual(await consumer.gateway.result(placed.id, one), expected(inputs[i]!, 1n).result);
    }
    await checkMoney(world, consumer, ended, { paid: [[price, price], [price, price]] });
    assert.equal((await jobs()).filter(({ state }) => ["COMPLETED", "COMPLETING", "RUNNING"].includes(state)).length, 2);
  });

  it("SLURM-1 runs refereed tasks there and audits them", () => acceptRefereed(world));

  it("SLURM-7 goes on with a job whose worker was killed, and runs nothing twice", async () => {
    for (const index of [slurmed, 1]) await world.offer(index, "wasm.restart", price);
    const consumer = await world.consumer("patient");
    const before = await newest();
    await allow("DOWN");
    const placed = await consumer.place({ classId: "wasm.restart", inputs: [input("still there?")], verification: "V2", durationMs: patience });
    const waiting = await job("PENDING", before);
    await world.worker(slurmed).kill();
    await world.worker(slurmed).start();
    await world.until("the worker's word that it takes the job up", async () => log().includes("taking up a job that was there before"));
    await allow("UP");
    const { job: ended, tasks } = await world.ended(consumer, placed.id, 150_000);
    assert.deepEqual(seen(world, tasks[0]!).map(({ state, paid }) => [state, paid]), [[REVEALED, price], [REVEALED, price]]);
    await checkMoney(world, consumer, ended, { paid: [[price, price]] });
    assert.deepEqual((await jobs()).filter(({ id }) => id > before).map(({ id }) => id), [waiting.id]);
  });

  it("SLURM-2 gives a task another job where an administrator cancelled the first", async () => {
    for (const index of [slurmed, 1]) await world.offer(index, "wasm.killed", price, 1, secondDenom);
    const consumer = await world.consumer("cancelled");
    const before = await newest();
    await allow("DOWN");
    const placed = await consumer.place({ classId: "wasm.killed", quoteDenom: secondDenom, inputs: [input("once more")], verification: "V2", durationMs: patience });
    const waiting = await job("PENDING", before);
    await slurm.run("scancel", String(waiting.id));
    await allow("UP");
    const { job: ended, tasks } = await world.ended(consumer, placed.id, 150_000);
    assert.deepEqual(seen(world, tasks[0]!).map(({ state, paid }) => [state, paid]), [[REVEALED, price], [REVEALED, price]]);
    await checkMoney(world, consumer, ended, { paid: [[price, price]] });
    assert.match(log(), new RegExp(`host-fault, Slurm ended job ${waiting.id}: it was cancelled`));
    const again = (await jobs()).filter(({ id }) => id > before);
    assert.deepEqual([again.length, again[0]!.state], [2, "CANCELLED"]);
  });

  it("SLURM-5 cancels the jobs of a worker that is stopped, and does their tasks when it is back", async () => {
    for (const index of [slurmed, 1]) await world.offer(index, "wasm.sealed", price);
    const consumer = await world.consumer("interrupted");
    const before = await newest();
    await allow("DOWN");
    const placed = await consumer.place({ classId: "wasm.sealed", inputs: [input("back again")], verification: "V2", durationMs: patience });
    const waiting = await job("PENDING", before);
    await world.worker(slurmed).stop();
    assert.equal((await jobs()).find(({ id }) => id === waiting.id)?.state, "CANCELLED");
    assert.deepEqual(folders(), []);
    await world.worker(slurmed).start();
    await allow("UP");
    const { job: ended, tasks } = await world.ended(consumer, placed.id, 150_000);
    assert.deepEqual(seen(world, tasks[0]!).map(({ state, paid }) => [state, paid]), [[REVEALED, price], [REVEALED, price]]);
    await checkMoney(world, consumer, ended, { paid: [[price, price]] });
  });

  it("SLURM-5 gives up a job that does not end in time: a miss as any other, and another provider's task", async () => {
    await world.offer(slurmed, "wasm.missing", cheap);
    await world.offer(1, "wasm.missing", price);
    const consumer = await world.consumer("unlucky");
    const before = await newest();
    const placed = await consumer.place({ classId: "wasm.missing", inputs: [input("too late", 1_000_000_000)], lots: 15n });
    await world.replica(consumer, placed.id, slurmed, RUNNING);
    const running = await job("RUNNING", before);
    await slurm.run("scontrol", "suspend", String(running.id));
    const { job: ended, tasks } = await world.ended(consumer, placed.id, 240_000);
    assert.deepEqual([tasks[0]!.state, tasks[0]!.misses], [TaskState.TASK_STATE_FINAL, 1]);
    const lots = (tasks[0]!.result!.meter + lotMeter - 1n) / lotMeter;
    assert.deepEqual(seen(world, tasks[0]!), [{ provider: 1, state: REVEALED, round: 0, paid: lots * price, slashed: 0n }]);
    await checkMoney(world, consumer, ended, { paid: [[lots * price]] });
    const [penalty] = world.history.find("EventProviderPenalized", { job_id: placed.id });
    assert.deepEqual([penalty!.attributes.provider, penalty!.attributes.reason], [world.address(slurmed), "commit_missed"]);
    await world.until("the end of the job that was given up", async () => (await jobs()).find(({ id, state }) => id === running.id && state === "CANCELLED"));
  });

  it("SLURM-2 calls Slurm's own time limit a timeout", async () => {
    const { status, reason } = await timedOut;
    assert.equal(status, "timeout");
    assert.match(reason, /Slurm ended job \d+ on node0: it came to its time limit \(TIMEOUT/);
  });

  it("SLURM-7 leaves no folder and no job behind, and the books of the whole chain balanced", async () => {
    await balanceBooks(world);
    await settleProviders(world);
    assert.deepEqual(folders(), []);
    assert.deepEqual((await jobs()).filter(({ state }) => state === "RUNNING" || state === "PENDING"), []);
  });

  it("takes some seconds longer than at home for a task that does nothing", async () => {
    const hello = task(program("(nop)"), { limits: { wallMs: 60_000 } });
    const cluster = new Cluster({ settings: backend(), worker: "measuring", environment: process.env, log: () => undefined });
    const took = async (run: () => Promise<unknown>): Promise<number> => {
      const began = performance.now();
      await run();
      return performance.now() - began;
    };
    try {
      const [there, here]: [number[], number[]] = [[], []];
      for (let i = 0; i < 7; i++) {
        there.push(await took(() => cluster.backend("wasm").run({ ...hello, input: Uint8Array.of(i) })));
        here.push(await took(() => wasmBackend().run(hello)));
      }
      const median = (values: number[]): string => (values.sort((a, b) => a - b)[3]! / 1_000).toFixed(2);
      process.stdout.write(`      a task that does nothing, median of 7: ${median(there)} s on the cluster, ${median(here)} s at home\n`);
      assert.ok(Number(median(there)) < 30);
    } finally {
      await cluster.close();
    }
  });
});
