import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import type { TaskOutcome } from "./backend.ts";
import { isVerdict } from "./backend.ts";
import { decodeOutcome, encodeOutcome } from "./frames.ts";
import { program, smallLimits, task, wat } from "./testing.ts";
import { wasmBackend } from "./wasm-backend.ts";

const backend = wasmBackend();
const endless = program("(loop $l (br $l))");
const echo = program("(local $n i32) (local.set $n (call $inputRead (i32.const 0) (i32.const 0) (i32.const 65536))) (call $output (i32.const 0) (local.get $n))");

/** A WASI command; `body` finds iovec space at 0 and text at 64. */
function command(body: string, imports = ""): Uint8Array {
  return wat(`(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    ${imports}
    (memory (export "memory") 1)
    (func $emit (param $fd i32) (param $length i32)
      (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (local.get $length))
      (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func (export "_start") ${body}))`);
}

describe("WebAssembly sandbox", function () {
  this.timeout(60_000);

  it("hands over input and gives back output, exit code, stderr and meter", async () => {
    const outcome = await backend.run(task(echo, { input: Buffer.from("hello") }));
    assert.deepEqual([outcome.status, Buffer.from(outcome.output).toString(), outcome.exitCode], ["ok", "hello", 0]);
    const exits = await backend.run(task(command("(i64.store (i32.const 64) (i64.const 0x0a6f6c6c6568)) (call $emit (i32.const 2) (i32.const 6)) (call $exit (i32.const 3))")));
    assert.deepEqual([exits.status, exits.exitCode, Buffer.from(exits.stderr).toString()], ["ok", 3, "hello\n"]);
  });

  it("comes to the same outcome and meter whichever compiler V8 uses", async () => {
    const fat = (n: number): string => Array.from({ length: n }, (_, i) => `(local $v${i} i64)`).join(" ");
    const modules = [
      program(
        `(local $i i32) (local $x f64) (local.set $x (f64.const 1.5))
         (loop $l (local.set $x (f64.div (f64.sub (local.get $x) (f64.const 0.25)) (f64.sqrt (f64.sub (f64.const 1) (local.get $x)))))
           (f64.store (i32.const 0) (local.get $x)) (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 100000))))
         (call $output (i32.const 0) (i32.const 8))`,
      ),
      program("(call $f)", "(func $f (call $f) (drop (i32.const 1)))"),
      program("(call $f)", `(func $f ${fat(200)} (local.set $v0 (i64.add (local.get $v1) (local.get $v199))) (call $f) (drop (local.get $v0)))`),
    ];
    for (const module of modules) {
      const outcomes: TaskOutcome[] = [];
      for (const v8Flags of [["--liftoff", "--liftoff-only"], ["--liftoff"], ["--no-liftoff"], ["--no-liftoff", "--no-wasm-opt"]]) {
        outcomes.push(await wasmBackend({ v8Flags }).run(task(module)));
      }
      assert.ok(isVerdict(outcomes[0]!.status), outcomes[0]!.reason);
      for (const other of outcomes.slice(1)) assert.deepEqual(other, outcomes[0]);
    }
  });

  it("comes to the verdict of the logical stack where optimized code exhausts V8's own", async () => {
    const values = Array.from({ length: 500 }, (_, i) => `(i64.store (i32.const 8) (i64.mul (i64.add (local.get 0) (i64.const ${i * 7919 + 1})) (i64.xor (local.get 0) (i64.const ${i * 104_729 + 3}))))`).join("");
    const module = program("(drop (call $f (i64.const 1)))", `(func $f (param i64) (result i64) ${values} (drop (call $f (i64.add (local.get 0) (i64.const 1)))) ${values} (i64.const 0))`);
    const outcome = await backend.run(task(module));
    assert.deepEqual([outcome.status, outcome.reason], ["trap", "call stack exhausted"]);
    assert.deepEqual(await wasmBackend({ v8Flags: ["--liftoff", "--liftoff-only"] }).run(task(module)), outcome);
  });

  it("gives random bytes that the seed decides, and a clock that stands still", async () => {
    const module = command("(drop (call $random (i32.const 64) (i32.const 40))) (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 104))) (call $emit (i32.const 1) (i32.const 48))");
    const run = (seed: string): Promise<TaskOutcome> => backend.run(task(module, { seed: Buffer.from(seed) }));
    const [first, again, other] = [await run("a"), await run("a"), await run("b")];
    assert.deepEqual(again, first);
    assert.notDeepEqual(other.output, first.output);
    assert.deepEqual(first.output.slice(40), new Uint8Array(8));
  });

  describe("survives hostile tasks", () => {
    it("an endless loop ends by fuel, the same for everybody", async () => {
      const outcome = await backend.run(task(endless, { limits: { maxMeter: 100_000_000n } }));
      assert.deepEqual([outcome.status, outcome.meter], ["out-of-fuel", 100_000_000n]);
    });
    it("an endless loop with much fuel ends by wall time, which is no verdict", async () => {
      const outcome = await backend.run(task(endless, { limits: { maxMeter: 1n << 60n, wallMs: 700 } }));
      assert.equal(outcome.status, "timeout");
      assert.ok(!isVerdict(outcome.status));
    });
    it("a memory bomb", async () => {
      const bomb = program("(loop $l (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable))) (memory.fill (i32.const 0) (i32.const 1) (i32.mul (memory.size) (i32.const 65536))) (br $l))");
      assert.equal((await backend.run(task(bomb, { limits: { memoryBytes: 64 << 20 } }))).status, "out-of-memory");
    });
    it("an output flood", async () => {
      const flood = await backend.run(task(program("(loop $l (call $output (i32.const 0) (i32.const 65536)) (br $l))")));
      assert.deepEqual([flood.status, flood.output.length], ["output-too-large", 0]);
    });
    it("a stderr flood", async () => {
      const flood = await backend.run(task(command("(loop $l (call $emit (i32.const 2) (i32.const 60000)) (br $l))"), { limits: { maxMeter: 50_000_000n } }));
      assert.deepEqual([flood.status, flood.stderr.length], ["out-of-fuel", 8192]);
    });
    it("attempts on files and network", async () => {
      const module = command(
        `(i32.store (i32.const 64) (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 100)))
         (i32.store (i32.const 68) (call $send (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 100)))
         (call $emit (i32.const 1) (i32.const 8))`,
        `(import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
         (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))`,
      );
      const outcome = await backend.run(task(module));
      assert.deepEqual([...new Int32Array(outcome.output.buffer)], [76, 76]);
    });
    it("an import that is not offered", async () => {
      const outcome = await backend.run(task(wat('(module (import "node" "fs" (func)) (memory (export "memory") 1) (func (export "run")))')));
      assert.equal(outcome.status, "invalid-module");
    });
    it("deep recursion", async () => {
      const outcome = await backend.run(task(program("(call $f)", "(func $f (call $f) (call $f))")));
      assert.deepEqual([outcome.status, outcome.reason], ["trap", "call stack exhausted"]);
    });
    it("a module that is noise, and one that is too large", async () => {
      assert.equal((await backend.run(task(Buffer.from("\0asm????????????????", "latin1")))).status, "invalid-module");
      assert.equal((await backend.run(task(new Uint8Array((16 << 20) + 1)))).status, "invalid-module");
    });
    it("a task that is stopped by the worker", async () => {
      const control = new AbortController();
      setTimeout(() => control.abort(), 300);
      assert.equal((await backend.run(task(endless, { signal: control.signal, limits: { maxMeter: 1n << 60n } }))).status, "host-fault");
    });
    it("limits beyond what this worker takes", async () => {
      assert.equal((await backend.run(task(echo, { limits: { memoryBytes: 2 ** 40 } }))).status, "host-fault");
      assert.equal((await backend.run(task(echo, { args: ["a\0b"] }))).status, "host-fault");
    });
    it("a runtime that is not there", async () => {
      assert.equal((await wasmBackend({ node: "/nonexistent/node" }).run(task(echo))).status, "host-fault");
    });
  });

  it("gives the child no rights, no environment and no files of the worker", async function () {
    if (process.platform !== "linux") return;
    const running = backend.run(task(endless, { limits: { maxMeter: 1n << 60n, wallMs: 1500 } }));
    await new Promise((resolve) => setTimeout(resolve, 800));
    const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && commandLine(name).includes("/runner.mjs") && parent(name) === process.pid);
    assert.equal(children.length, 1);
    const child = children[0]!;
    assert.match(commandLine(child), /--permission/);
    assert.doesNotMatch(commandLine(child), /--allow-(?!fs-read=[^\0]*dcm-sandbox-)/);
    assert.equal(read(`/proc/${child}/environ`), "");
    const files = readdirSync(`/proc/${child}/fd`).map((fd) => readlinkSync(`/proc/${child}/fd/${fd}`));
    const foreign = files.filter((file) => file.startsWith("/") && !file.startsWith("/dev/"));
    assert.deepEqual(foreign, []);
    assert.equal((await running).status, "timeout");
  });

  it("believes nothing of what a child that was taken over answers", () => {
    const good: TaskOutcome = { status: "ok", output: Uint8Array.of(1), meter: 5n, exitCode: 0, stderr: new Uint8Array(0), reason: "" };
    const decode = (outcome: TaskOutcome): TaskOutcome => decodeOutcome(Buffer.concat(encodeOutcome(outcome)), smallLimits, 8192);
    assert.deepEqual(decode(good), good);
    for (const bad of [{ ...good, meter: smallLimits.maxMeter + 1n }, { ...good, meter: -1n }, { ...good, output: new Uint8Array(smallLimits.outputBytes + 1) }, { ...good, status: "trap" as const }, { ...good, status: "fine" as "ok" }, { ...good, stderr: new Uint8Array(9000) }]) {
      assert.throws(() => decode(bad), SyntaxError);
    }
    assert.throws(() => decodeOutcome(Buffer.from([0, 0, 0, 200, 1]), smallLimits, 8192), SyntaxError);
  });
});

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function commandLine(pid: string): string {
  return read(`/proc/${pid}/cmdline`);
}

function parent(pid: string): number {
  return Number(read(`/proc/${pid}/stat`).split(") ")[1]?.split(" ")[1]);
}
