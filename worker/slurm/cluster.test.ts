import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assemble } from "../../chain/vm/assemble.ts";
import { encodeProgram } from "../../chain/vm/program.ts";
import type { TaskInput } from "../sandbox/backend.ts";
import { isVerdict } from "../sandbox/backend.ts";
import { program, task } from "../sandbox/testing.ts";
import { wasmBackend } from "../sandbox/wasm-backend.ts";
import { rv32Backend } from "../sandbox/rv32-backend.ts";
import { decodeOrder, decodeOutcome, digestOf, encodeOrder, encodeOutcome, jobMegabytes } from "./order.ts";
import { FakeSlurm } from "./testing.ts";

const echo = program("(local $n i32) (local.set $n (call $inputRead (i32.const 0) (i32.const 0) (i32.const 65536))) (call $output (i32.const 0) (local.get $n))");
const endless = program("(loop $l (br $l))");
const hello = task(echo, { input: Buffer.from("hello"), limits: { wallMs: 90_000 } });
const held = (wallMs: number): TaskInput => task(endless, { limits: { wallMs, maxMeter: 1n << 60n } });

describe("Slurm backend", function () {
  this.timeout(120_000);
  let slurm: FakeSlurm;
  beforeEach(() => (slurm = new FakeSlurm()));
  afterEach(() => slurm.remove());

  it("SLURM-1 comes to the outcomes of this machine's own sandbox, and leaves nothing behind", async () => {
    const cluster = slurm.cluster();
    const limits = { wallMs: 90_000 };
    const tasks = [hello, task(program("(unreachable)"), { limits, args: ["a b", "$(id)"], env: { KEY: "value" }, seed: Buffer.from("seed") }), task(endless, { limits: { ...limits, maxMeter: 1_000_000n } }), task(Buffer.from("no module"), { limits })];
    for (const one of tasks) assert.deepEqual(await cluster.backend("wasm").run(one), await wasmBackend().run(one));
    const sum = encodeProgram(assemble("li t0, 0x02000000\nlbu t1, 0(t0)\nli t0, 0x01ff0000\nlbu t2, 0(t0)\nadd t1, t1, t2\nadd t1, t1, a2\nli t0, 0x03000000\nsb t1, 0(t0)\nli a0, 1\necall"));
    for (const program of [sum, Buffer.from("no program")]) {
      const refereed = { ...task(program, { input: Uint8Array.of(1), limits }), arguments: Uint8Array.of(2), taskIndex: 3 };
      const outcome = await cluster.backend("rv32").run(refereed);
      assert.deepEqual(outcome, await rv32Backend().run(refereed));
      assert.deepEqual([...outcome.output], program === sum ? [6] : []);
    }
    assert.deepEqual(slurm.tasks(), []);
  });

  it("SLURM-4 gives sbatch numbers and names of its own: nothing of the task's, and none of the worker's environment", async () => {
    process.env["DCM_SECRET_OF_TEST"] = "hidden";
    const hostile = task(echo, { args: ["; rm -rf /", "--wrap=id"], env: { PATH: "/evil", "$(id)": "`id`" }, input: Buffer.from("$(id)"), limits: { wallMs: 91_000 } });
    try {
      assert.equal((await slurm.cluster({ partition: "compute", arguments: ["--nice=100"], cpus: 2 }).backend("wasm").run(hostile)).status, "ok");
    } finally {
      delete process.env["DCM_SECRET_OF_TEST"];
    }
    const [name, ...rest] = slurm.lines("arguments").filter((line) => /^--(job-name|mem|time|cpus|partition|nice|export)/.test(line));
    assert.match(name!, /^--job-name=dcm-0123456789abcdef-[0-9a-f]{64}-[0-9a-f]{8}$/);
    assert.deepEqual(rest, ["--export=ALL", "--cpus-per-task=2", `--mem=${jobMegabytes("wasm", hostile)}M`, "--time=3", "--partition=compute", "--nice=100"]);
    assert.deepEqual(slurm.lines("arguments").filter((line) => /evil|wrap|\$|`|;/.test(line)), []);
    assert.deepEqual(slurm.lines("environment").filter((line) => !/^(PATH|HOME|USER|LOGNAME|TZ|SLURM_CONF|LC_ALL|NODE_COMPILE_CACHE|PWD|OLDPWD|SHLVL|_)=/.test(line)), []);
  });

  it("SLURM-4 keeps a task's files from other users", async () => {
    slurm.set("state", "PENDING||Resources");
    const stop = new AbortController();
    const running = slurm.cluster().backend("wasm").run({ ...hello, signal: stop.signal });
    await slurm.until(() => slurm.tasks().some((name) => !name.endsWith(".new")));
    const folder = join(slurm.settings.directory, "0123456789abcdef");
    assert.deepEqual([folder, join(folder, slurm.tasks()[0]!), join(folder, slurm.tasks()[0]!, "order")].map((path) => statSync(path).mode & 0o777), [0o700, 0o700, 0o600]);
    stop.abort();
    await running;
  });

  for (const [words, status, wanted] of [
    ["TIMEOUT|node1|TimeLimit", "timeout", /time limit/],
    ["NODE_FAIL|node1|None", "host-fault", /its node failed/],
    ["PREEMPTED|node1|None", "host-fault", /made room/],
    ["OUT_OF_MEMORY|node1|OutOfMemory", "host-fault", /outgrew its memory/],
    ["CANCELLED|node1|None", "host-fault", /was cancelled/],
    ["FAILED|node1|NonZeroExitCode", "host-fault", /FAILED, NonZeroExitCode/],
    ["COMPLETED|node1|None", "host-fault", /is over and left no outcome/],
    ["PENDING||BadConstraints", "host-fault", /no node satisfies/],
  ] as const) {
    it(`SLURM-2 gives no verdict on a job that Slurm shows as ${words}`, async () => {
      slurm.set("state", words);
      const outcome = await slurm.cluster().backend("wasm").run(hello);
      assert.equal(outcome.status, status);
      assert.match(outcome.reason, wanted);
      assert.deepEqual(slurm.tasks(), []);
    });
  }

  it("SLURM-2 gives no verdict on a job that Slurm forgot, and says what the job complained of", async () => {
    const outcome = await slurm.cluster({ checkout: "/nowhere" }).backend("wasm").run(hello);
    assert.equal(outcome.status, "host-fault");
    assert.match(outcome.reason, /it failed \(FAILED\): .*Cannot find module.*\/nowhere/);
    slurm.set("state", "SUSPENDED|node1|None");
    const forgotten = slurm.cluster().backend("wasm").run(held(60_000));
    await slurm.until(() => slurm.lines("job-2/line").length === 1);
    rmSync(join(slurm.folder, "state/job-2"), { recursive: true });
    assert.match((await forgotten).reason, /job 2 is over and left no outcome/);
  });

  it("SLURM-3 believes an outcome only where it is whole and this task's, and runs an order only where it is what was written", () => {
    const order = encodeOrder("wasm", hello);
    const key = digestOf(order);
    const { task: read, runtime, version } = decodeOrder(order, key);
    assert.deepEqual([runtime, version, Buffer.from(read.input).toString(), read.limits], ["wasm", process.version, "hello", hello.limits]);
    for (const broken of [order.subarray(0, -1), Buffer.concat([order, Buffer.from("x")]), Buffer.alloc(0)]) assert.throws(() => decodeOrder(broken, key), /not what the worker wrote/);

    const outcome = { status: "ok", output: Buffer.from("hello"), meter: 5n, exitCode: 0, stderr: new Uint8Array(0), reason: "" } as const;
    const bytes = encodeOutcome("wasm", key, "node1", outcome);
    assert.deepEqual(decodeOutcome(bytes, "wasm", key, hello.limits), { ...outcome, output: new Uint8Array(outcome.output) });
    const changed = Buffer.from(bytes);
    changed[changed.length - 1]! ^= 1;
    for (const [broken, of] of [[changed, key], [bytes.subarray(0, -1), key], [bytes, digestOf(Buffer.from("another"))], [Buffer.alloc(3), key]] as const) assert.throws(() => decodeOutcome(broken, "wasm", of, hello.limits), SyntaxError);
    assert.throws(() => decodeOutcome(encodeOutcome("wasm", key, "node1", { ...outcome, meter: hello.limits.maxMeter + 1n }), "wasm", key, hello.limits), SyntaxError);
  });

  it("SLURM-3 gives no verdict where the node has another runtime or sandbox", async () => {
    for (const [from, to, wanted] of [[process.version, "v99.0.0", /runs Node\.js v\S+, the worker v99\.0\.0/], ["\"code\":\"", "\"code\":\"0", /of another version than the worker's/]] as const) {
      const order = Buffer.from(encodeOrder("wasm", hello).toString("latin1").replace(from, to), "latin1");
      order.writeUInt32BE(order.readUInt32BE(0) + order.length - encodeOrder("wasm", hello).length);
      const folder = join(slurm.folder, `${digestOf(order)}-00000000`);
      slurm.command("run", `mkdir ${folder} && cp "$1" ${folder}/order && "$2" "$3" ${folder}`);
      writeFileSync(join(slurm.folder, "order"), order);
      execFileSync(join(slurm.folder, "commands/run"), [join(slurm.folder, "order"), process.execPath, join(import.meta.dirname, "task.ts")]);
      const outcome = decodeOutcome(readFileSync(join(folder, "outcome")), "wasm", digestOf(order), hello.limits);
      assert.ok(!isVerdict(outcome.status));
      assert.match(outcome.reason, wanted);
    }
  });

  it("SLURM-5 cancels a job that waits too long, one that takes too long, and one that the worker gives up", async () => {
    slurm.set("state", "PENDING||Resources");
    const waited = await slurm.cluster({ maxPendingMs: 4_000 }).backend("wasm").run(hello);
    assert.deepEqual([waited.status, slurm.lines("cancelled")], ["host-fault", ["1"]]);
    assert.match(waited.reason, /did not begin job 1 within \d+ ms \(Resources\)/);

    slurm.set("state", "SUSPENDED|node1|None");
    const late = await slurm.cluster().backend("wasm").run(held(8_000));
    assert.deepEqual([late.status, slurm.lines("cancelled")], ["timeout", ["1", "2"]]);

    const stop = new AbortController();
    const stopped = slurm.cluster().backend("wasm").run({ ...held(60_000), signal: stop.signal });
    await slurm.until(() => slurm.lines("job-3/line").length === 1);
    stop.abort();
    assert.deepEqual([(await stopped).reason, slurm.lines("cancelled"), slurm.tasks()], ["stopped by the worker", ["1", "2", "3"], []]);
  });

  it("SLURM-6 tries again where the queue is full or the controller away, and says Slurm's words where it is for good", async () => {
    slurm.set("once");
    slurm.set("refusal", "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n");
    assert.equal((await slurm.cluster().backend("wasm").run(hello)).status, "ok");
    assert.ok(slurm.logged.some((line) => line.includes("trying again") && line.includes("Unable to contact")));
    slurm.unset("once");
    slurm.set("refusal", "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)\n");
    const full = await slurm.cluster({ maxPendingMs: 4_000 }).backend("wasm").run(hello);
    assert.match(full.reason, /submit limit/);
    assert.ok(slurm.lines("submitted").length > 3);
    slurm.set("refusal", "sbatch: error: invalid partition specified: nix\nsbatch: error: Batch job submission failed: Invalid partition name specified\n");
    const before = slurm.lines("submitted").length;
    const wrong = await slurm.cluster().backend("wasm").run(hello);
    assert.deepEqual([wrong.status, wrong.reason, slurm.lines("submitted").length], ["host-fault", "sbatch: invalid partition specified: nix Batch job submission failed: Invalid partition name specified", before + 1]);
    assert.match((await slurm.cluster({ commands: "/nowhere" }, { retryMs: [100, 100] }).backend("wasm").run(task(echo, { limits: { wallMs: 4_000 } }))).reason, /not to be had in time/);
    assert.ok(slurm.logged.some((line) => line.includes("install Slurm's client commands")));
  });

  it("SLURM-6 does not submit twice where only sbatch's answer was lost", async () => {
    slurm.set("once");
    slurm.set("lost");
    slurm.set("refusal", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n");
    assert.equal((await slurm.cluster().backend("wasm").run(hello)).status, "ok");
    assert.equal(slurm.lines("submitted").length, 1);
  });

  it("SLURM-7 takes a job up that a killed worker left, without a second one", async () => {
    slurm.set("state", "SUSPENDED|node1|None");
    const first = slurm.cluster();
    void first.backend("wasm").run(hello);
    await slurm.until(() => slurm.lines("job-1/line").length === 1);
    await first.close();
    const [folder] = slurm.tasks();
    const second = slurm.cluster({}, { adoptMs: 30_000 });
    const again = second.backend("wasm").run(hello);
    await slurm.until(() => slurm.logged.some((line) => line.startsWith("taking up")));
    const key = folder!.split("-")[0]!;
    writeFileSync(join(slurm.settings.directory, "0123456789abcdef", folder!, "outcome"), encodeOutcome("wasm", key, "node1", await wasmBackend().run(hello)));
    assert.equal(Buffer.from((await again).output).toString(), "hello");
    assert.deepEqual([slurm.lines("submitted").length, slurm.tasks(), slurm.lines("cancelled")], [1, [], []]);
  });

  it("SLURM-7 cancels what nobody comes for, and removes folders without a job, drafts, and jobs without a folder", async () => {
    slurm.set("state", "SUSPENDED|node1|None");
    const first = slurm.cluster();
    for (const input of ["one", "two", "three"]) void first.backend("wasm").run({ ...hello, input: Buffer.from(input) });
    await slurm.until(() => slurm.lines("job-3/line").length === 1);
    await first.close();
    const folder = join(slurm.settings.directory, "0123456789abcdef");
    const folderOf = (id: number): string => slurm.lines(`job-${id}/line`)[0]!.split("|")[0]!.slice("dcm-0123456789abcdef-".length);
    rmSync(join(folder, folderOf(1)), { recursive: true });
    slurm.show(2, "NODE_FAIL|node1|None");
    mkdirSync(join(folder, `${"0".repeat(64)}-00000000.new`));
    const kept = folderOf(3);
    slurm.cluster({}, { adoptMs: 3_000 });
    await slurm.until(() => slurm.lines("cancelled").length === 1);
    assert.deepEqual(slurm.lines("cancelled"), ["1"]);
    await slurm.until(() => readdirSync(folder).filter((name) => name !== "compiled").join() === kept);
    await slurm.until(() => slurm.lines("cancelled").length === 2 && slurm.tasks().length === 0);
    assert.deepEqual(slurm.lines("cancelled"), ["1", "3"]);
  });

  it("SLURM-7 waits with new tasks until Slurm says what is left of the old ones", async () => {
    slurm.set("away", "squeue: error: Unable to contact slurm controller\n");
    const running = slurm.cluster().backend("wasm").run(hello);
    await slurm.until(() => slurm.lines("asked").length > 1);
    assert.deepEqual(slurm.lines("submitted"), []);
    slurm.unset("away");
    assert.equal((await running).status, "ok");
  });

  it("SLURM-8 asks Slurm once for all jobs, and the less often the older they are", async () => {
    slurm.set("state", "SUSPENDED|node1|None");
    const cluster = slurm.cluster({}, { queueMs: [200, 10_000] });
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => cluster.backend("wasm").run({ ...held(4_000), input: Buffer.from(String(i)) })));
    assert.deepEqual(outcomes.filter(({ status }) => isVerdict(status)), []);
    assert.ok(slurm.lines("asked").length <= 16, `${slurm.lines("asked").length} times for 20 jobs of 4 s`);
  });

  it("SLURM-9 is not available, and gives Slurm no task, where sbatch would not take the configuration", async () => {
    slurm.set("test-refusal", "sbatch: error: invalid partition specified: nix\nallocation failure: Invalid partition name specified\n");
    const cluster = slurm.cluster();
    await assert.rejects(cluster.available(), /^Error: the cluster takes no jobs: sbatch: invalid partition specified: nix .*dcm-worker check/);
    const waiting = cluster.backend("wasm").run(hello);
    slurm.unset("test-refusal");
    assert.equal((await waiting).status, "ok");
    await cluster.available();
    slurm.set("test-refusal", "allocation failure: Required partition not available (inactive or drain)\n");
    await slurm.cluster().available();
  });

  it("SLURM-9 does not take a share that is not mounted for an empty one", async () => {
    const outcome = await slurm.cluster({ directory: join(slurm.folder, "away") }).backend("wasm").run(task(echo, { limits: { wallMs: 4_000 } }));
    assert.equal(outcome.status, "host-fault");
    assert.ok(slurm.logged.some((line) => line.includes("make it, or mount the share")), slurm.logged.join("\n"));
  });
});
