import assert from "node:assert/strict";
import { assemble } from "../../chain/vm/assemble.ts";
import { Party } from "../../chain/vm/party.ts";
import { encodeProgram } from "../../chain/vm/program.ts";
import { concatBytes, equalBytes } from "../../chain/codec/bytes.ts";
import { readRefereed } from "../refereed/roots.ts";
import { isVerdict, type TaskInput, type TaskOutcome } from "./backend.ts";
import { decodeOutcome, encodeOutcome } from "./rv32/frames.ts";
import { rv32Backend } from "./rv32-backend.ts";
import { smallLimits, task } from "./testing.ts";

const translated = rv32Backend();
const interpreted = rv32Backend({ engine: "interpreted" });

/** Copies the input's bytes to the output, each with `how` done to t3; a0 stays the size. */
const copy = (how: string): string => `li t0, 0x02000000\nli t1, 0x03000000\nmv t2, a0\nloop: beqz t2, end\nlbu t3, 0(t0)\n${how}\nsb t3, 0(t1)\naddi t0, t0, 1\naddi t1, t1, 1\naddi t2, t2, -1\nj loop\nend: ecall`;
const file = (source: string): Uint8Array => encodeProgram(assemble(source));
const flip = file(copy("not t3, t3"));
const endless = file("loop: addi t0, t0, 1\nj loop");

function rv32(module: Uint8Array, changes: Parameters<typeof task>[1] = {}): TaskInput {
  return task(module, changes);
}

/** Runs on both engines, which must come to the same, roots included; and to what a party of a dispute comes to. */
async function run(source: string, changes: Parameters<typeof task>[1] = {}): Promise<TaskOutcome> {
  const program = assemble(source);
  const given = rv32(encodeProgram(program), changes);
  const [fast, slow] = [await translated.run(given), await interpreted.run(given)];
  assert.deepEqual(fast, slow);
  const party = new Party({ program, input: given.input, arguments: given.arguments ?? new Uint8Array(0), taskIndex: given.taskIndex ?? 0, meterLimit: given.limits.maxMeter });
  const { final, outputRoot, output } = party.outcome(BigInt(given.limits.outputBytes));
  assert.deepEqual(fast.machine, { final, outputRoot });
  assert.ok(equalBytes(fast.output, output));
  assert.equal(fast.meter, final.meter);
  return fast;
}

describe("rv32 sandbox", function () {
  this.timeout(60_000);

  it("hands over program data, arguments, input and index, and gives back output, meter and the machine's end", async () => {
    const input = Buffer.from("the input");
    const source = `
      .data
      .ascii "data"
      .text
      li s0, 0x03000000
      lw t0, 0(zero)
      sw t0, 0(s0)
      li t1, 0x01ff0000
      lw t0, 0(t1)
      sw t0, 4(s0)
      li t1, 0x02000000
      lw t0, 0(t1)
      sw t0, 8(s0)
      sw a0, 12(s0)
      sw a1, 16(s0)
      sw a2, 20(s0)
      li a0, 24
      ecall`;
    const outcome = await run(source, { input, arguments: Buffer.from("args!"), taskIndex: 7 });
    assert.deepEqual([outcome.status, outcome.exitCode, outcome.machine?.final.halt], ["ok", 0, 1]);
    assert.deepEqual(Buffer.from(outcome.output), Buffer.concat([Buffer.from("dataargsthe "), Buffer.from(Uint32Array.of(9, 5, 7).buffer)]));
  });

  it("comes to the same on both engines where much is translated", async () => {
    const outcome = await run(copy("xori t3, t3, 0x55"), { input: new Uint8Array(60_000).fill(3), limits: { outputBytes: 1 << 20 } });
    assert.deepEqual([outcome.status, outcome.output.length, outcome.output[59_999]], ["ok", 60_000, 0x56]);
    const large = rv32(flip, { input: new Uint8Array(1 << 20), limits: { outputBytes: 1 << 20 } });
    assert.deepEqual(await rv32Backend({ v8Flags: ["--liftoff", "--liftoff-only"] }).run(large), await translated.run(large));
  });

  it("gives a verdict and the machine's end for every way to halt", async () => {
    assert.deepEqual(summary(await run("ebreak")), ["trap", 0, 2]);
    assert.deepEqual(summary(await run("loop: j loop", { limits: { maxMeter: 1_000_001n } })), ["out-of-fuel", 0, 3]);
    assert.deepEqual(summary(await run("li a0, 65537\necall")), ["output-too-large", 0, 1]);
    assert.deepEqual(summary(await run("li a0, -1\necall", { limits: { outputBytes: 64 << 20 } })), ["output-too-large", 0, 1]);
    assert.deepEqual(summary(await run("li a0, 65536\necall")), ["ok", 65_536, 1]);
    assert.deepEqual(summary(await run("ecall", { limits: { maxMeter: 0n } })), ["out-of-fuel", 0, 3]);
    assert.deepEqual(summary(await run("")), ["trap", 0, 2]);
  });

  describe("survives", () => {
    for (const [name, backend] of [["translated", translated], ["interpreted", interpreted]] as const) {
      it(`a program without end, ${name}: by meter, the same everywhere, or by wall time, which is no verdict`, async () => {
        const byMeter = await backend.run(rv32(endless, { limits: { maxMeter: 10_000_000n } }));
        assert.deepEqual([byMeter.status, byMeter.meter, isVerdict(byMeter.status)], ["out-of-fuel", 10_000_000n, true]);
        const byTime = await backend.run(rv32(endless, { limits: { maxMeter: 1n << 60n, wallMs: 700 } }));
        assert.deepEqual([byTime.status, byTime.machine, isVerdict(byTime.status)], ["timeout", undefined, false]);
      });
    }
    it("a file that is no program: a verdict without a machine's end", async () => {
      for (const module of [Buffer.from("dcmrv32"), flip.subarray(1), Buffer.concat([flip, Uint8Array.of(0)]), new Uint8Array((32 << 20) + 100)]) {
        const outcome = await translated.run(rv32(module));
        assert.deepEqual([outcome.status, outcome.machine, outcome.meter], ["invalid-module", undefined, 0n]);
      }
    });
    it("a task that is stopped by the worker", async () => {
      const control = new AbortController();
      setTimeout(() => control.abort(), 300);
      assert.equal((await translated.run(rv32(endless, { signal: control.signal, limits: { maxMeter: 1n << 60n } }))).status, "host-fault");
      assert.equal((await translated.run(rv32(endless, { signal: AbortSignal.abort() }))).status, "host-fault");
    });
    it("what the machine has no room for, and limits beyond the worker's", async () => {
      for (const changes of [{ input: new Uint8Array((16 << 20) + 1) }, { arguments: new Uint8Array(65_537) }, { taskIndex: -1 }, { limits: { maxMeter: 1n << 61n } }, { limits: { wallMs: 2 ** 40 } }]) {
        assert.equal((await translated.run(rv32(flip, changes))).status, "host-fault");
      }
    });
    it("a memory full of noise, all of which is hashed", async () => {
      const outcome = await translated.run(rv32(file("li t1, 0x04000000\nli t2, 0x01000193\nloop: mul t3, t3, t2\naddi t3, t3, 1\nsw t3, 0(t0)\naddi t0, t0, 4\nbne t0, t1, loop\nli a0, 16\necall"), { limits: { wallMs: 50_000 } }));
      assert.deepEqual([outcome.status, outcome.output.length], ["ok", 16]);
    });
  });

  it("gives what holds the output against its root where the program leaves something behind it, and consumers read it so", async () => {
    const framed = "li t0, 0x03000000\nli t1, 0x00410000\nsw t1, 0(t0)\nsw t1, 8(t0)\nlui t2, 0x3100\nsw t1, 0(t2)\nli a0, 3\necall";
    const [fast, slow] = [await translated.run(rv32(file(framed))), await interpreted.run(rv32(file(framed)))];
    assert.deepEqual(fast, slow);
    const { output, machine, meter } = fast;
    const { final, outputRoot, behind } = machine!;
    assert.ok(behind !== undefined && output.length === 3);
    const result = { digest: outputRoot, size: 3n, meter, final, blob: undefined, url: "" };
    assert.deepEqual(readRefereed(result, concatBytes(output, behind)), { status: "ok", exitCode: 0, output: Uint8Array.of(0x41) });
    for (const served of [output, concatBytes(output, behind.with(0, behind[0]! ^ 1)), concatBytes(output, behind, behind)]) assert.equal(readRefereed(result, served), undefined);
    assert.equal((await translated.run(rv32(flip, { input: Buffer.from("abc") }))).machine!.behind, undefined);
    assert.throws(() => decodeOutcome(Buffer.concat(encodeOutcome({ ...fast, machine: { ...machine!, behind: new Uint8Array(769) } })), smallLimits), SyntaxError);
  });

  it("believes nothing of what a child that was taken over answers", async () => {
    const good = await translated.run(rv32(flip, { input: Buffer.from("abc") }));
    const decode = (outcome: TaskOutcome): TaskOutcome => decodeOutcome(Buffer.concat(encodeOutcome(outcome)), smallLimits);
    assert.deepEqual(decode(good), good);
    const machine = good.machine!;
    const final = (changes: Partial<typeof machine.final>): TaskOutcome => ({ ...good, machine: { ...machine, final: { ...machine.final, ...changes } } });
    const { machine: _, ...without } = good;
    const bad: TaskOutcome[] = [
      without, final({ halt: 2 }), final({ pc: 2 }), final({ pc: 1 << 24 }), final({ steps: 0n }), final({ steps: good.meter + 2n }), final({ steps: -1n }), final({ registers: new Uint8Array(123) }), final({ registers: new Uint8Array(124) }),
      final({ lowRoot: new Uint8Array(31) }), final({ inputRoot: new Uint8Array(33) }), { ...good, machine: { ...machine, outputRoot: new Uint8Array(0) } },
      { ...good, output: new Uint8Array(2) }, { ...good, meter: smallLimits.maxMeter + 1n }, { ...good, status: "host-fault", output: new Uint8Array(0) },
    ];
    for (const outcome of bad) assert.throws(() => decode(outcome), SyntaxError);
  });
});

function summary({ status, output, machine }: TaskOutcome): unknown[] {
  return [status, output.length, machine?.final.halt];
}
