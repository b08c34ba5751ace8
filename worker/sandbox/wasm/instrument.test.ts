import assert from "node:assert/strict";
import fc from "fast-check";
import { program, runHere, task, wat } from "../testing.ts";
import { InvalidModule } from "./binary.ts";
import { engine } from "./engine.ts";
import { instrument, MemoryTooLarge } from "./instrument.ts";

const f64Bits = (output: Uint8Array): string => Buffer.from(output).reverse().toString("hex");
const emptyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

function refused(module: Uint8Array, pattern: RegExp): void {
  const outcome = runHere(task(module));
  assert.equal(outcome.status, "invalid-module", outcome.reason);
  assert.match(outcome.reason, pattern);
  assert.equal(outcome.meter, 0n);
}

describe("dcm wasm v1: metering", () => {
  it("charges each instruction by its weight, whichever way it is reached", () => {
    const outcome = runHere(task(program("(drop (i32.const 1))")));
    // Entry 2, constant 1, drop 1.
    assert.deepEqual([outcome.status, outcome.meter], ["ok", 4n]);
  });

  it("charges a loop by its turns", () => {
    const turns = (n: number): bigint =>
      runHere(task(program(`(local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const ${n}))))`))).meter;
    assert.equal(turns(1000) - turns(999), 8n);
    assert.equal(turns(2000) - turns(1000), 8000n);
  });

  it("stops at the declared maximum and reports all of it, one unit less being too little", () => {
    const module = program("(local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 100))))");
    const { meter } = runHere(task(module));
    assert.equal(runHere(task(module, { limits: { maxMeter: meter } })).status, "ok");
    const short = runHere(task(module, { limits: { maxMeter: meter - 1n } }));
    assert.deepEqual([short.status, short.meter], ["out-of-fuel", meter - 1n]);
  });

  for (const [what, body] of [
    ["an empty loop", "(loop $l (br $l))"],
    ["a loop whose first instructions are free", "(loop $l (block (nop)) (block) (br $l))"],
    ["nested loops without a body", "(loop $a (loop $b (loop $c (br $a))))"],
    ["a loop by br_table", "(loop $l (br_table $l $l $l (i32.const 7)))"],
    ["a loop by br_if", "(loop $l (br_if $l (i32.const 1)))"],
    ["a loop through if and else", "(loop $l (if (i32.const 1) (then (br $l)) (else (br $l))))"],
    ["a loop of host calls", "(loop $l (drop (call $inputSize)) (br $l))"],
    ["a loop of large fills", "(loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br $l))"],
    ["a loop of refused growth", "(loop $l (drop (memory.grow (i32.const 100000))) (br $l))"],
  ] as const) {
    it(`stops ${what}`, () => {
      const outcome = runHere(task(program(body), { limits: { maxMeter: 1_000_000n } }));
      assert.deepEqual([outcome.status, outcome.meter], ["out-of-fuel", 1_000_000n]);
    });
  }

  it("stops a start function that loops for ever", () => {
    const module = wat('(module (memory (export "memory") 1) (func $s (loop $l (br $l))) (start $s) (func (export "run")))');
    assert.equal(runHere(task(module, { limits: { maxMeter: 1_000_000n } })).status, "out-of-fuel");
  });

  it("charges bulk operations by their length and growth by its pages", () => {
    const fill = (n: number): bigint => runHere(task(program(`(memory.fill (i32.const 0) (i32.const 1) (i32.const ${n}))`))).meter;
    assert.equal(fill(8008) - fill(8), 1000n);
    const grow = (n: number): bigint => runHere(task(program(`(drop (memory.grow (i32.const ${n})))`))).meter;
    assert.equal(grow(3) - grow(1), 2n * 8192n);
  });

  it("gives a trap the meter of its whole straight run", () => {
    const outcome = runHere(task(program("(unreachable)")));
    assert.deepEqual([outcome.status, outcome.meter], ["trap", 3n]);
  });
});

describe("dcm wasm v1: the same everywhere", () => {
  it("stops recursion at the logical limit of the call stack", () => {
    const module = program("(drop (call $f (i32.const 0)))", "(func $f (param i32) (result i32) (i32.add (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))");
    const outcome = runHere(task(module));
    assert.deepEqual([outcome.status, outcome.reason], ["trap", "call stack exhausted"]);
  });

  it("returns through a wrapped function from any depth, with any number of results", () => {
    const module = program(
      `(local $a i32) (local $b i64)
       (call $pair (i32.const 1)) (local.set $b) (local.set $a)
       (i32.store (i32.const 0) (local.get $a)) (i64.store (i32.const 4) (local.get $b))
       (i32.store (i32.const 12) (call $one (i32.const 3)))
       (call $output (i32.const 0) (i32.const 16))`,
      `(func $nothing)
       (func $pair (param i32) (result i32 i64) (call $nothing)
         (block (loop (if (local.get 0) (then (return (i32.const 7) (i64.const 9)))))) (i32.const 1) (i64.const 2))
       (func $one (param i32) (result i32) (call $nothing) (block $out (result i32) (br $out (i32.add (local.get 0) (i32.const 1)))))`,
    );
    const outcome = runHere(task(module));
    assert.equal(outcome.status, "ok", outcome.reason);
    assert.equal(Buffer.from(outcome.output).toString("hex"), "07000000" + "0900000000000000" + "04000000");
  });

  it("makes NaNs canonical before they can be seen", () => {
    const nans = ["f64.div (f64.const 0) (f64.const 0)", "f64.sqrt (f64.const -1)", "f64.sub (f64.const inf) (f64.const inf)", "f64.add (f64.const nan:0x123) (f64.const 1)", "f64.min (f64.const -nan) (f64.const 1)", "f64.promote_f32 (f32.div (f32.const 0) (f32.const 0))"];
    for (const nan of nans) {
      const outcome = runHere(task(program(`(f64.store (i32.const 0) (${nan})) (call $output (i32.const 0) (i32.const 8))`)));
      assert.equal(f64Bits(outcome.output), "7ff8000000000000", nan);
    }
  });

  it("keeps the bits of a NaN that is only moved", () => {
    const outcome = runHere(task(program("(f64.store (i32.const 0) (f64.neg (f64.const nan:0x123))) (call $output (i32.const 0) (i32.const 8))")));
    assert.equal(f64Bits(outcome.output), "fff0000000000123");
  });

  it("computes as the module did before it was rewritten (property)", () => {
    const binary = ["add", "sub", "mul", "div", "min", "max"];
    const unary = ["abs", "neg", "sqrt", "ceil", "floor", "trunc", "nearest"];
    const number = fc.double({ noNaN: true }).map((value) => `(f64.const ${Object.is(value, -0) ? "-0" : value === Infinity ? "inf" : value === -Infinity ? "-inf" : value})`);
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        number,
        fc.tuple(fc.constantFrom(...unary), tie("expression")).map(([op, a]) => `(f64.${op} ${a})`),
        fc.tuple(fc.constantFrom(...binary), tie("expression"), tie("expression")).map(([op, a, b]) => `(f64.${op} ${a} ${b})`),
        // The sign of a NaN is the machine's in the original: nothing may look at it.
        fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `(f64.copysign ${a} (call $signed ${b}))`),
        fc.tuple(tie("expression"), tie("expression"), tie("expression")).map(([a, b, c]) => `(if (result f64) (f64.lt ${a} ${b}) (then ${c}) (else (call $id ${a})))`),
      ),
    }));
    fc.assert(
      fc.property(expression, (source) => {
        const module = program(
          `(f64.store (i32.const 0) ${source}) (call $output (i32.const 0) (i32.const 8))`,
          `(func $id (param f64) (result f64) (drop (call $inputSize)) (local.get 0))
           (func $signed (param f64) (result f64) (if (result f64) (f64.eq (local.get 0) (local.get 0)) (then (local.get 0)) (else (f64.const 1))))`,
        );
        let direct = 0;
        let memory = new ArrayBuffer(0);
        const instance = new engine.Instance(new engine.Module(module), { dcm: { output_write: () => (direct = new DataView(memory).getFloat64(0, true)), input_size: () => 0, input_read: () => 0 } });
        memory = (instance.exports["memory"] as { buffer: ArrayBuffer }).buffer;
        (instance.exports["run"] as () => void)();
        const outcome = runHere(task(module));
        const metered = new DataView(outcome.output.buffer).getFloat64(0, true);
        assert.ok(Object.is(metered, direct), `${metered} ${direct} ${source}`);
      }),
      { numRuns: 150 },
    );
  });
});

describe("dcm wasm v1: what is refused", () => {
  const memory = '(memory (export "memory") 1)';
  const run = '(func (export "run"))';
  const cases: [string, string, RegExp][] = [
    ["an unknown import", `(module (import "env" "system" (func (param i32))) ${memory} ${run})`, /env\.system is not offered/],
    ["an inherited name", `(module (import "dcm" "toString" (func)) ${memory} ${run})`, /dcm\.toString is not offered/],
    ["an import of another type", `(module (import "dcm" "input_size" (func (param i32))) ${memory} ${run})`, /another type/],
    ["an imported memory", `(module (import "env" "memory" (memory 1)) (export "memory" (memory 0)) ${run})`, /is not a function/],
    ["a module without memory", `(module ${run})`, /no memory|does not export its memory/],
    ["a memory that is not exported", `(module (memory 1) ${run})`, /does not export its memory/],
    ["a module without entry", `(module ${memory})`, /neither _start nor run/],
    ["an entry with parameters", `(module ${memory} (func (export "run") (param i32)))`, /must take nothing/],
    ["a reserved export", `(module ${memory} ${run} (func (export "dcm:fuel")))`, /reserved/],
    ["a shared memory", `(module (memory (export "memory") 1 2 shared) ${run})`, /shared/],
    ["an atomic instruction", `(module (memory (export "memory") 1) (func (export "run") (drop (i32.atomic.load (i32.const 0)))))`, /0xfe/],
    ["SIMD", `(module ${memory} (func (export "run") (drop (i32x4.extract_lane 0 (v128.const i32x4 1 2 3 4)))))`, /0xfd/],
    ["a vector parameter", `(module ${memory} ${run} (func (param v128)))`, /value type/],
    ["a tail call", `(module ${memory} (func (export "run") (return_call 0)))`, /0x12/],
    ["an exception", `(module ${memory} (tag $t) (func (export "run") (throw $t)))`, /section 13/],
    ["a huge table", `(module ${memory} (table 10000000 funcref) ${run})`, /table has 10000000 elements/],
    ["table growth", `(module ${memory} (table 1 funcref) (func (export "run") (drop (table.grow (ref.null func) (i32.const 1)))))`, /not part of dcm wasm v1/],
  ];
  for (const [what, text, pattern] of cases) it(`refuses ${what}`, () => refused(wat(text), pattern));

  it("calls memory beyond the task's limit at the start out-of-memory", () => {
    const outcome = runHere(task(wat(`(module (memory (export "memory") 300) ${run})`), { limits: { memoryBytes: 1 << 20 } }));
    assert.equal(outcome.status, "out-of-memory");
  });

  it("calls a trap after refused growth out-of-memory, and lets a program that copes go on", () => {
    const grow = "(if (i32.eq (memory.grow (i32.const 1000)) (i32.const -1))";
    assert.equal(runHere(task(program(`${grow} (then (unreachable)))`))).status, "out-of-memory");
    assert.equal(runHere(task(program(`${grow} (then (nop)))`))).status, "ok");
  });

  it("traps on an address outside the memory that is given to the host", () => {
    assert.equal(runHere(task(program("(call $output (i32.const 65530) (i32.const 100))"))).status, "trap");
    assert.equal(runHere(task(program("(call $output (i32.const -1) (i32.const -1))"))).status, "trap");
  });

  it("never fails otherwise than by its own errors on broken modules (fuzz)", () => {
    const sound = [
      program("(call $output (i32.const 0) (call $inputRead (i32.const 0) (i32.const 0) (i32.const 100)))"),
      program("(drop (memory.grow (i32.const 1)))", '(table 4 funcref) (elem (i32.const 0) $f) (data "abc") (func $f (param i32) (result i32) (block (result i32) (br_table 0 0 (local.get 0) (i32.const 1))))'),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...sound), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }), fc.nat(), (module, changes, cut) => {
        const broken = module.slice(0, cut % 4 === 0 ? cut % module.length : module.length);
        for (const [at, byte] of changes) if (broken.length > 0) broken[at % broken.length] = byte;
        // With the validation of the engine, as the sandbox has it, what comes out must be valid too.
        if (engine.validate(broken)) {
          try {
            assert.ok(engine.validate(instrument(broken, 1000n, 16).module), Buffer.from(broken).toString("hex"));
          } catch (error) {
            if (!(error instanceof InvalidModule || error instanceof MemoryTooLarge)) throw error;
          }
        }
      }),
      { numRuns: 3000 },
    );
    refused(emptyModule, /no memory/);
    refused(new Uint8Array(0), /CompileError/);
  });
});
