import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterEach, describe, it } from "mocha";
import { CloseReason, TaskState, type Task } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import type { TaskResult } from "../../../client/protocol.ts";
import { TxFailed } from "../../../client/sender.ts";
import { BlobStore } from "../../data/store.ts";
import { encodeChanges } from "../../sandbox/bundle.ts";
import { runHere, task as sandboxTask } from "../../sandbox/testing.ts";
import type { JobRequest } from "../bid.ts";
import type { Gateway } from "../gateway.ts";
import { closedState, exitCodeOf, liveState } from "./chain-states.ts";
import { Modules } from "./images.ts";
import { Runner, type RunnerOptions } from "./runner.ts";
import { TaskStore, type Progress } from "./store.ts";
import type { State, TesTask } from "./types.ts";

const tools = new URL("../../../examples/tools/tools.wasm", import.meta.url).pathname;
const tool = (...command: string[]): object => ({ image: "tools", command });

/** A market of one account: jobs run in this process when they are ordered. */
class Market {
  readonly jobs = new Map<string, { readonly id: bigint; readonly request: JobRequest; task: Task; result: TaskResult; ended: boolean }>();
  /** What the next orders, and the node, answer instead. */
  refusals: Error[] = [];
  down = false;
  /** So many orders are taken without an answer. */
  silent = 0;
  cancelled = 0;
  /** So many times no provider answers who has a result. */
  lost = 0;
  /** Changes what an order becomes. */
  become: (task: Task, result: TaskResult) => [Task, TaskResult] = (task, result) => [task, result];

  readonly gateway = {
    jobNamed: (name: string) => this.#answer(() => this.jobs.get(name)?.id),
    place: (request: JobRequest) => this.#answer(() => {
      const refusal = this.refusals.shift();
      if (refusal !== undefined) throw refusal;
      const outcome = runHere(sandboxTask(request.program, { files: true, input: request.inputs[0]!, limits: { outputBytes: 1 << 20 } }));
      const id = BigInt(this.jobs.size + 1);
      const [task, result] = this.become({ state: TaskState.TASK_STATE_FINAL, closeReason: 0, replicas: [], result: { meter: outcome.meter } } as unknown as Task, { status: outcome.status as "ok", exitCode: outcome.exitCode ?? 0, output: outcome.output });
      this.jobs.set(request.name, { id, request, task, result, ended: task.state === TaskState.TASK_STATE_FINAL || task.state === TaskState.TASK_STATE_CLOSED });
      if (this.silent-- > 0) throw new Error("no block within 60 s");
      return { id, sent: { txHash: "AB", height: 7 }, escrow: 5n, storageDeposit: 1n };
    }),
    tasks: (id: bigint) => this.#answer(() => [this.#job(id).task]),
    result: (id: bigint) => this.#answer(() => {
      if (this.lost-- > 0) throw new Error("no provider answers");
      return this.#job(id).result;
    }),
    cancel: (id: bigint) => this.#answer(() => {
      this.cancelled++;
      const job = this.#job(id);
      Object.assign(job, { ended: true, task: { ...job.task, state: TaskState.TASK_STATE_CLOSED, closeReason: CloseReason.CLOSE_REASON_CANCELLED } });
    }),
    forget: () => undefined,
  } as unknown as Gateway;

  readonly connection = {
    query: { market: { job: ({ jobId }: { jobId: bigint }) => this.#answer(() => ({ job: { endedTau: this.#job(jobId).ended ? 1n : 0n, escrow: { denom: "udcm", paid: "3", fees: "1", burned: "0", refunded: "1" } } })) } },
  } as unknown as RunnerOptions["connection"];

  #job(id: bigint) {
    return [...this.jobs.values()].find((one) => one.id === id)!;
  }

  async #answer<T>(call: () => T): Promise<T> {
    await sleep(1);
    if (this.down) throw new Error("connect ECONNREFUSED");
    return call();
  }
}

describe("the runner of tasks", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /** A runner on a folder, and what it takes to follow its tasks. What is put before it starts is what an earlier run took. */
  async function setUp(market = new Market(), folder = mkdtempSync(join(tmpdir(), "dcm-tes-run-")), privateNetwork = false) {
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const store = new TaskStore(join(folder, "tasks"), 100);
    const modules = await Modules.open(await BlobStore.open({ directory: join(folder, "modules") }), { tools });
    const terms = { classId: "wasm.core", quoteDenom: "udcm", limitPrice: "1", verification: "V0", lots: "1", durationMs: "1", maxResultBytes: "1000000", costTags: {}, organization: "" } as const;
    const put = (fields: object): string => {
      const task = { executors: [tool("cat")], ...fields } as TesTask;
      return store.create({ task, terms, images: task.executors.map(() => ({ kind: "known" as const, digest: modules.named("tools")! })) });
    };
    const run = (): Runner => {
      const runner = new Runner({
        connection: market.connection, gateway: market.gateway, consumer: { address: "dcm1", pubkey: new Uint8Array(33) }, store, modules, data: { folders: [folder], privateNetwork }, parallel: 2, pollMs: 5, unknownMs: 30, pausedMs: 20, patienceMs: 400, log: () => undefined,
        defaults: { ...terms, limitPrice: 1n, lots: 1n, maxResultBytes: 1_000_000n }, limitFromBook: () => Promise.resolve(1n),
      });
      closers.push(() => runner.stop());
      runner.start();
      return runner;
    };
    const until = async (id: string, state: State): Promise<Progress> => {
      for (const end = Date.now() + 5_000; store.state(id) !== state; await sleep(2)) if (Date.now() > end) throw new Error(`${store.state(id)}: ${JSON.stringify(store.progress(id))}`);
      return store.progress(id);
    };
    return { market, folder, store, put, run, until };
  }

  it("hands each executor what the one before it left, and delivers at the end", async () => {
    const { market, folder, put, run, until } = await setUp();
    const id = put({ executors: [tool("make", "/vol/sub"), tool("append", "/vol/a", "hello"), { ...tool("cat", "/vol/a"), stdout: "/vol/b" }], outputs: [{ path: "/vol/?", path_prefix: "/vol", url: join(folder, "out"), type: "FILE" }] });
    run();
    const { logs, metadata, outputs } = await until(id, "COMPLETE");
    assert.deepEqual(["a", "b"].map((name) => readFileSync(join(folder, "out", name), "utf8")), ["hello", "hello"]);
    assert.deepEqual([logs.map(({ exit_code, stdout }) => [exit_code, stdout]), outputs.map(({ size_bytes }) => size_bytes)], [[[0, undefined], [0, undefined], [0, "hello"]], ["5", "5"]]);
    assert.deepEqual([metadata["executors.2.job"], metadata["executors.2.transaction"], metadata["executors.2.paid"]], ["3", "AB", "3"]);
    assert.deepEqual([market.jobs.size, readdirSync(join(folder, "tasks", id)).sort()], [3, ["progress.json", "task.json"]]);
  });

  it("goes on where an earlier run was, and orders nothing twice", async () => {
    const first = await setUp();
    // The order is in a block, and nobody hears of it.
    first.market.silent = 1;
    const id = first.put({ executors: [tool("append", "/tmp/a", "1"), tool("cat", "/tmp/a")] });
    const { market, run, until } = await setUp(first.market, first.folder);
    run();
    const { logs } = await until(id, "COMPLETE");
    assert.deepEqual([logs.map(({ stdout }) => stdout), market.jobs.size], [[undefined, "1"], 2]);
  });

  it("waits for money, and goes on with it (TES-13)", async () => {
    const { market, run, put, until } = await setUp();
    market.refusals = [new TxFailed("sdk", 5, "insufficient funds", "AB"), new TxFailed("organization", 12, "more than remains", "AB")];
    const id = put({});
    run();
    await until(id, "PAUSED");
    const { system } = await until(id, "COMPLETE");
    assert.match(system.join(), /PAUSED: sdk 5: insufficient funds/);
    assert.equal(market.jobs.size, 1);
  });

  it("does not know how a task stands while the node is away, and knows again (TES-13)", async () => {
    const { market, run, put, until } = await setUp();
    market.down = true;
    const id = put({});
    run();
    await until(id, "UNKNOWN");
    market.down = false;
    await until(id, "COMPLETE");
  });

  it("tells when providers lost a task, when the market refuses an order later, and when a result is none (TES-13)", async () => {
    const ending = async (state: State, words: RegExp, change: (market: Market) => void, task: object = {}): Promise<void> => {
      const { market, run, put, until } = await setUp();
      change(market);
      const id = put(task);
      run();
      const { system } = await until(id, state);
      assert.match(system.join(), words);
    };
    const closed = (closeReason: CloseReason) => (market: Market) => void (market.become = (task, result) => [{ ...task, state: TaskState.TASK_STATE_CLOSED, closeReason }, result]);
    const gives = (result: Partial<TaskResult>) => (market: Market) => void (market.become = (task, given) => [task, { ...given, ...result }]);
    await ending("PREEMPTED", /job 1 was closed without a result: missed/, closed(CloseReason.CLOSE_REASON_MISSED));
    await ending("SYSTEM_ERROR", /closed without a result: expired/, closed(CloseReason.CLOSE_REASON_EXPIRED));
    await ending("SYSTEM_ERROR", /the market refused the order of executor 0: market 5: closed/, (market) => void (market.refusals = [new TxFailed("market", 5, "closed", "AB")]));
    await ending("SYSTEM_ERROR", /result cannot be used: it does not begin with/, gives({ output: Uint8Array.of(1) }));
    await ending("SYSTEM_ERROR", /result cannot be used: \/a\/b stands in no directory/, gives({ output: encodeChanges({ stdout: new Uint8Array(0), stderr: new Uint8Array(0), entries: [{ kind: "directory", path: "/a/b" }] }) }));
    await ending("EXECUTOR_ERROR", /executor 0 ended with out-of-fuel/, gives({ status: "out-of-fuel", output: new Uint8Array(0) }));
    await ending("SYSTEM_ERROR", /the stdin of executor 1, \/none, is not there/, () => undefined, { executors: [tool("cat"), { ...tool("cat"), stdin: "/none" }] });
    await ending("SYSTEM_ERROR", /the output \/none is not there/, () => undefined, { outputs: [{ path: "/none", url: "/x", type: "FILE" }] });
  });

  it("offers outputs again where they are not taken, as it asks again for results, and gives up in the end (TES-13)", async () => {
    const { market, folder, run, put, until, store } = await setUp();
    const blocked = put({ executors: [{ ...tool("env"), stdout: "/a", env: { A: "1" } }], outputs: [{ path: "/a", url: join(folder, "file/a"), type: "FILE" }] });
    const lost = put({});
    market.lost = 3;
    writeFileSync(join(folder, "file"), "in the way");
    run();
    await until(lost, "COMPLETE");
    while (store.progress(blocked).system.length === 0) await sleep(2);
    await sleep(60);
    assert.equal(store.state(blocked), "RUNNING");
    rmSync(join(folder, "file"));
    const { system } = await until(blocked, "COMPLETE");
    assert.match(system.join(), /output \/a to .*it is tried again/);
    assert.equal(readFileSync(join(folder, "file/a"), "utf8"), "A=1\n");
    const never = put({ outputs: [{ path: "/tmp", url: join(folder, "file/a/b"), type: "DIRECTORY" }], executors: [tool("append", "/tmp/x", "y")] });
    const again = await setUp(market, folder);
    again.run();
    assert.match((await again.until(never, "SYSTEM_ERROR")).system.join(), /output \/tmp\/x to /);
  });

  it("delivers no more files than a log has room for (TES-13)", async () => {
    const { folder, run, put, until } = await setUp();
    const id = put({ executors: [tool("append", "/tmp/x", "y")], outputs: Array.from({ length: 300 }, () => ({ path: "/tmp/*", path_prefix: "/tmp", url: `${pathToFileURL(folder).href}/${"/".repeat(60_000)}`, type: "FILE" })), volumes: ["/v"] });
    const long = put({ executors: [tool("append", "/tmp/x", "y")], outputs: Array.from({ length: 300 }, () => ({ path: "/tmp/x", url: `https://example.org/${"x".repeat(60_000)}`, type: "FILE" })) });
    run();
    await until(id, "COMPLETE");
    assert.match((await until(long, "SYSTEM_ERROR")).system.join(), /more files than a log has room for/);
  });

  it("cancels what waits for its turn, what waits in the book, and what runs once it has ended", async () => {
    const { market, run, put, until } = await setUp();
    market.become = (task, result) => [{ ...task, state: TaskState.TASK_STATE_OPEN }, result];
    const [inBook, running, waiting] = [put({}), put({ executors: [tool("cat"), tool("cat")] }), put({})];
    const runner = run();
    await until(inBook, "QUEUED");
    while (market.jobs.size < 2) await sleep(2);
    runner.cancel(waiting);
    assert.deepEqual((await until(waiting, "CANCELED")).metadata, {});
    runner.cancel(inBook);
    runner.cancel(inBook);
    assert.equal((await until(inBook, "CANCELED")).metadata["executors.0.refunded"], "1");
    Object.assign(market.jobs.get(`${running}-0`)!.task, { state: TaskState.TASK_STATE_RUNNING });
    await until(running, "RUNNING");
    runner.cancel(running);
    await until(running, "CANCELING");
    Object.assign(market.jobs.get(`${running}-0`)!.task, { state: TaskState.TASK_STATE_FINAL });
    const { logs } = await until(running, "CANCELED");
    assert.deepEqual([logs.length, market.jobs.size, market.cancelled], [1, 2, 1]);
    runner.cancel(running);
  });

  it("cancels what waits for its inputs, however slow they are", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
    closers.push(() => silent.closeAllConnections(), () => silent.close());
    const { run, put, until } = await setUp(new Market(), undefined, true);
    const id = put({ inputs: [{ path: "/a", url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/a`, type: "FILE" }] });
    const runner = run();
    await once(silent, "request");
    runner.cancel(id);
    await until(id, "CANCELED");
  });

  it("has a state of TES for each of the chain's", () => {
    const states = (executor: number): State[] => [undefined, TaskState.TASK_STATE_OPEN, TaskState.TASK_STATE_MATCHED, TaskState.TASK_STATE_DRAWING, TaskState.TASK_STATE_ASSIGNED, TaskState.TASK_STATE_RUNNING, TaskState.TASK_STATE_REVEALING, TaskState.TASK_STATE_TIEBREAK].map((state) => liveState(state === undefined ? undefined : { state }, executor));
    assert.deepEqual(states(0), ["QUEUED", "QUEUED", "INITIALIZING", "INITIALIZING", "INITIALIZING", "RUNNING", "RUNNING", "RUNNING"]);
    assert.deepEqual(new Set(states(1)), new Set(["RUNNING"]));
    assert.deepEqual([CloseReason.CLOSE_REASON_MISSED, CloseReason.CLOSE_REASON_CANCELLED, CloseReason.CLOSE_REASON_NO_SALT].map(closedState), ["PREEMPTED", "CANCELED", "SYSTEM_ERROR"]);
    assert.deepEqual([exitCodeOf({ status: "ok", exitCode: 7 }), exitCodeOf({ status: "trap", exitCode: 0 }), exitCodeOf({ status: "out-of-memory", exitCode: 0 })], [7, 134, 137]);
  });
});
