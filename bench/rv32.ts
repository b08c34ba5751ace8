/** The engines of the refereed machine on three loops, beside the same loops as WebAssembly: what a translation can reach at best. */
import { setFlagsFromString } from "node:v8";
import { assemble } from "../chain/vm/assemble.ts";
import { Interpreter, type Engine } from "../chain/vm/interpreter.ts";
import { Halt, newMachine } from "../chain/vm/machine.ts";
import { encodeProgram } from "../chain/vm/program.ts";
import { Ram } from "../chain/vm/ram.ts";
import { Translator } from "../worker/sandbox/rv32/translator.ts";
import { rv32Backend } from "../worker/sandbox/rv32-backend.ts";
import { smallLimits, task, wat } from "../worker/sandbox/testing.ts";
import { engine as wasm } from "../worker/sandbox/wasm/engine.ts";
import { figure, machine as computer, type Benchmark, type Figure } from "./benchmark.ts";

/** Both leave a number that depends on all that was computed: in a0, and as the function's result. */
interface Kernel {
  readonly name: string;
  readonly rounds: number;
  /** Assembly; begins with a0 = rounds. */
  readonly program: string;
  /** Parameter $rounds; locals are of the body. */
  readonly native: string;
}

const kernels: readonly Kernel[] = [
  {
    name: "hash", rounds: 60_000_000,
    program: `
      mv s0, a0
      li a0, 0x811c9dc5
      li t2, 0x01000193
      loop: xor a0, a0, s0
      mul a0, a0, t2
      slli t3, a0, 13
      srli t4, a0, 19
      or t3, t3, t4
      add a0, a0, t3
      addi s0, s0, -1
      bnez s0, loop
      ecall`,
    native: `(local $h i32) (local.set $h (i32.const 0x811c9dc5))
      (loop $l
        (local.set $h (i32.mul (i32.xor (local.get $h) (local.get $rounds)) (i32.const 0x01000193)))
        (local.set $h (i32.add (local.get $h) (i32.rotl (local.get $h) (i32.const 13))))
        (br_if $l (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (local.get $h)`,
  },
  {
    name: "memory", rounds: 20,
    program: `
      mv s0, a0
      li a0, 0
      li s1, 0x01000000
      round: li t0, 0
      loop: lw t1, 0(t0)
      add a0, a0, t1
      xor t1, t1, t0
      sw t1, 0(t0)
      addi t0, t0, 4
      bne t0, s1, loop
      addi s0, s0, -1
      bnez s0, round
      ecall`,
    native: `(local $sum i32) (local $at i32) (local $word i32)
      (loop $round
        (local.set $at (i32.const 0))
        (loop $l
          (local.set $word (i32.load (local.get $at)))
          (local.set $sum (i32.add (local.get $sum) (local.get $word)))
          (i32.store (local.get $at) (i32.xor (local.get $word) (local.get $at)))
          (br_if $l (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 0x01000000))))
        (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (local.get $sum)`,
  },
  {
    // Shell's sort of 65,536 words with gaps that are powers of two.
    name: "sort", rounds: 6,
    program: `
      mv s0, a0
      li a0, 0
      li s1, 0x40000
      li s3, 1664525
      li s4, 1013904223
      li s5, 1
      round: li t0, 0
      fill: mul s5, s5, s3
      add s5, s5, s4
      sw s5, 0(t0)
      addi t0, t0, 4
      bne t0, s1, fill
      srli s2, s1, 1
      gap: mv t0, s2
      outer: lw t1, 0(t0)
      mv t2, t0
      inner: bltu t2, s2, place
      sub t3, t2, s2
      lw t4, 0(t3)
      bgeu t1, t4, place
      sw t4, 0(t2)
      mv t2, t3
      j inner
      place: sw t1, 0(t2)
      addi t0, t0, 4
      bne t0, s1, outer
      srli s2, s2, 1
      addi t0, s2, -2
      bnez t0, gap
      li t0, 0
      sum: lw t1, 0(t0)
      mul a0, a0, s3
      add a0, a0, t1
      addi t0, t0, 4
      bne t0, s1, sum
      addi s0, s0, -1
      bnez s0, round
      ecall`,
    native: `(local $sum i32) (local $seed i32) (local $at i32) (local $gap i32) (local $to i32) (local $from i32) (local $word i32) (local $other i32)
      (local.set $seed (i32.const 1))
      (loop $round
        (local.set $at (i32.const 0))
        (loop $fill
          (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
          (i32.store (local.get $at) (local.get $seed))
          (br_if $fill (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 0x40000))))
        (local.set $gap (i32.const 0x20000))
        (loop $gaps
          (local.set $at (local.get $gap))
          (loop $outer
            (local.set $word (i32.load (local.get $at)))
            (local.set $to (local.get $at))
            (block $place
              (loop $inner
                (br_if $place (i32.lt_u (local.get $to) (local.get $gap)))
                (local.set $other (i32.load (local.tee $from (i32.sub (local.get $to) (local.get $gap)))))
                (br_if $place (i32.ge_u (local.get $word) (local.get $other)))
                (i32.store (local.get $to) (local.get $other))
                (local.set $to (local.get $from))
                (br $inner)))
            (i32.store (local.get $to) (local.get $word))
            (br_if $outer (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 0x40000))))
          (br_if $gaps (i32.ne (local.tee $gap (i32.shr_u (local.get $gap) (i32.const 1))) (i32.const 2))))
        (local.set $at (i32.const 0))
        (loop $add
          (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 1664525)) (i32.load (local.get $at))))
          (br_if $add (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 0x40000))))
        (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (local.get $sum)`,
  },
];

interface Measured {
  readonly result: number;
  readonly steps: number;
  readonly seconds: number;
}

function runEngine(engine: Engine, rounds: number): Measured {
  const ram = engine.ram ?? new Ram();
  const machine = newMachine();
  machine.registers[10] = rounds;
  const before = process.cpuUsage();
  engine.run(machine, ram, 1n << 60n, 1n << 40n);
  const seconds = secondsSince(before);
  if (machine.halt !== Halt.done) throw new Error(`the machine halted with ${machine.halt}`);
  return { result: machine.registers[10]!, steps: Number(machine.steps), seconds };
}

function runNative(body: string, rounds: number): Pick<Measured, "result" | "seconds"> {
  const module = new wasm.Module(wat(`(module (memory 1024) (func (export "run") (param $rounds i32) (result i32) ${body}))`));
  const { run } = new wasm.Instance(module, {}).exports as { readonly run: (rounds: number) => number };
  const before = process.cpuUsage();
  const result = run(rounds);
  return { result, seconds: secondsSince(before) };
}

/** Of this process's CPU, that of the compiler included. */
function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

export default {
  name: "rv32",
  description: "millions of instructions of the refereed machine in a second of CPU, compilation included: translated, interpreted, and in the time of the same loop as WebAssembly",
  async run({ runs, quick, progress }) {
    // As the sandbox starts its child.
    setFlagsFromString("--no-liftoff");
    const figures: Figure[] = [];
    const scale = quick ? 0.05 : 1;
    for (const { name, rounds: all, program, native } of kernels) {
      const rounds = Math.ceil(all * scale);
      const { rom } = assemble(program);
      const rates: Record<"translated" | "interpreted" | "native", number[]> = { translated: [], interpreted: [], native: [] };
      for (let run = 0; run < runs; run++) {
        progress(`${name}, run ${run + 1} of ${runs}`);
        const translated = runEngine(new Translator(rom), rounds);
        // It takes as long for a tenth of the rounds.
        const few = Math.ceil(rounds / 10);
        const interpreted = runEngine(new Interpreter(rom), few);
        const bare = runNative(native, rounds);
        if (bare.result !== translated.result || interpreted.result !== runNative(native, few).result) throw new Error(`${name}: the engines come to different results`);
        rates.translated.push(translated.steps / translated.seconds / 1e6);
        rates.interpreted.push(interpreted.steps / interpreted.seconds / 1e6);
        rates.native.push(translated.steps / bare.seconds / 1e6);
      }
      for (const [engine, samples] of Object.entries(rates)) figures.push(figure(`${name}_${engine}_mips`, "10^6/s", samples));
      figures.push(figure(`${name}_of_native`, "ratio", rates.translated.map((rate, i) => rate / rates.native[i]!)));
    }
    const backend = rv32Backend();
    const nothing = encodeProgram(assemble("li a0, 0\necall"));
    const samples: number[] = [];
    for (let run = 0; run < Math.max(5, runs); run++) {
      const began = performance.now();
      const { status, reason } = await backend.run(task(nothing, { limits: smallLimits }));
      if (status !== "ok") throw new Error(`${status}: ${reason}`);
      samples.push(performance.now() - began);
    }
    figures.push(figure("task_ms", "ms", samples));
    return { name: "rv32", figures, configuration: { scale }, versions: computer() };
  },
} satisfies Benchmark;
