/**
 * A job of 1,000 small tasks end to end on a real network: one validator, three providers with their workers, a gateway. From the bid to the
 * settlement of the last task, each task encrypted, fetched, run in a sandbox of its own, committed and revealed; beside the same tasks in
 * the same sandbox with no market around it, as many at once as this machine has cores, as the limit.
 */
import { availableParallelism } from "node:os";
import { TaskState } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { wasmBackend } from "../worker/sandbox/wasm-backend.ts";
import { smallLimits, task } from "../worker/sandbox/testing.ts";
import { input, module } from "../test/e2e/market/program.ts";
import { World } from "../test/e2e/market/world.ts";
import { figure, machine, type Benchmark } from "./benchmark.ts";

const providers = 3;
/** Tasks that each provider takes at once. */
const units = 16;
const classId = "wasm.honest";
const patienceMs = 900_000;

const benchmark: Benchmark = {
  name: "thousand-tasks",
  description: "A job of 1,000 tasks on one validator and three workers, from bid to settlement, beside its sandbox alone",
  async run({ runs, quick, progress }) {
    const count = quick ? 50 : 1_000;
    const inputs = Array.from({ length: count }, (_, i) => input(`task ${i}`));
    const [alone, market]: [number[], number[]] = [[], []];
    const world = await World.start(providers);
    try {
      for (let i = 0; i < providers; i++) await world.offer(i, classId, 1_000n, units);
      const consumer = await world.consumer("bench");
      for (let round = 1; round <= runs; round++) {
        alone.push(await timed(() => runAlone(inputs)));
        market.push(await timed(async () => {
          const placed = await consumer.place({ classId, inputs });
          const { tasks } = await world.ended(consumer, placed.id, patienceMs);
          const failed = tasks.filter(({ state }) => state !== TaskState.TASK_STATE_FINAL).length;
          if (failed > 0) throw new Error(`${failed} of ${count} tasks came to no result`);
        }));
        progress(`round ${round} of ${runs}: ${market.at(-1)!.toFixed(0)} s, the sandbox alone ${alone.at(-1)!.toFixed(0)} s`);
      }
    } finally {
      await world.stop();
    }
    return {
      name: "thousand-tasks",
      figures: [
        figure("job", "s", market),
        figure("tasks_per_s", "tasks/s", market.map((s) => count / s)),
        figure("sandbox_tasks_per_s", "tasks/s", alone.map((s) => count / s)),
        figure("of_sandbox", "ratio", market.map((s, i) => alone[i]! / s)),
      ],
      configuration: { tasks: count, providers, units, verification: "V0", timeout_commit: "300ms", runs },
      versions: machine(),
    };
  },
};
export default benchmark;

async function timed(done: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await done();
  return (performance.now() - began) / 1_000;
}

async function runAlone(inputs: readonly Uint8Array[]): Promise<void> {
  const sandbox = wasmBackend();
  const left = inputs.values();
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    for (const given of left) {
      const { status, reason } = await sandbox.run(task(module, { input: given, limits: { ...smallLimits, memoryBytes: 256 << 20 } }));
      if (status !== "ok") throw new Error(`the sandbox ended with ${status}: ${reason}`);
    }
  }));
}
