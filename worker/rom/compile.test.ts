import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { utf8 } from "../../chain/codec/bytes.ts";
import { Halt } from "../../chain/vm/machine.ts";
import { encodeWasmArguments } from "../../client/protocol.ts";
import { frameOutputs, loadJob } from "../job-file.ts";
import { InvalidModule } from "../sandbox/wasm/binary.ts";
import { program, wat } from "../sandbox/testing.ts";
import { compileRuntime } from "./build.ts";
import { compile } from "./compile.ts";
import { runProgram, runSandbox, type Run } from "./testing.ts";

const examples = fileURLToPath(new URL("../../examples", import.meta.url));

/** Both give the same result; what lies behind it in the output region is zero. */
function agrees(module: Uint8Array, run: Run = {}, message?: string): Uint8Array {
  const { result, halt, clean } = runProgram(compile(module), run);
  assert.equal(halt, Halt.done, message);
  assert.deepEqual(Buffer.from(result), Buffer.from(runSandbox(module, run).result), message);
  assert.ok(clean, message);
  return result;
}

/** A function of i32 values that writes what `body` leaves. */
const given = (body: string, rest = ""): Uint8Array => program(`(i32.store (i32.const 8) ${body}) (call $output (i32.const 8) (i32.const 4))`, rest);

describe("compiled programs", function () {
  this.timeout(120_000);

  it("ROM-2 control flow: blocks, loops, tables, values that branches carry", () => {
    const rest = `
      (func $switch (param $x i32) (result i32)
        (block $d (block $c (block $b (block $a (br_table $a $b $c $a $b $c $d (local.get $x))) (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30)))
        (i32.const 40))
      (func $few (param $x i32) (result i32) (block $b (block $a (br_table $a $b (local.get $x))) (return (i32.const 1))) (i32.const 2))
      (func $carry (param $x i32) (result i32)
        (i32.add (i32.const 100) (block $out (result i32) (drop (br_if $out (i32.const 7) (i32.gt_s (local.get $x) (i32.const 3)))) (i32.mul (local.get $x) (i32.const 5)))))
      (func $fib (param $n i32) (result i32) (if (result i32) (i32.lt_u (local.get $n) (i32.const 2)) (then (local.get $n))
        (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
      (func $sum (param $n i32) (result i32) (local $s i32)
        (loop $l (result i32) (local.set $s (i32.add (local.get $s) (local.get $n))) (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))) (local.get $s)))
      (func $swap (param i32 i32) (result i32 i32) (local.get 1) (local.get 0))
      (func $pair (param $x i32) (result i32) (call $swap (local.get $x) (i32.const 1000)) (i32.sub))
      (func $wide (param $x i64) (result i64) (i64.add (local.get $x) (block $b (result i64) (br_if $b (i64.const 0x100000001) (i64.lt_s (local.get $x) (i64.const 5))) (drop) (i64.const -1))))`;
    for (const name of ["switch", "few", "carry", "pair"]) for (const x of [0, 1, 2, 3, 4, 5, 6, 7, -1]) agrees(given(`(call $${name} (i32.const ${x}))`, rest), {}, `${name} ${x}`);
    agrees(given("(call $fib (i32.const 15))", rest));
    agrees(given("(call $sum (i32.const 1000))", rest));
    for (const x of [0, 5]) agrees(given(`(i32.wrap_i64 (i64.shr_u (call $wide (i64.const ${x})) (i64.const 16)))`, rest));
  });

  it("ROM-2 a local that is read and set within one expression keeps its value for the part that came first", () => {
    agrees(given("(call $f (i32.const 3))", "(func $f (param $x i32) (result i32) (i32.add (local.get $x) (block (result i32) (local.set $x (i32.const 40)) (local.get $x))))"));
    agrees(given("(call $f (i32.const 3))", "(func $f (param $x i32) (result i32) (i32.sub (local.get $x) (local.tee $x (i32.mul (local.get $x) (local.get $x)))))"));
    agrees(given("(i32.wrap_i64 (call $f (i64.const 0x123456789)))", "(func $f (param $x i64) (result i64) (local.set $x (i64.or (i64.shl (local.get $x) (i64.const 32)) (i64.shr_u (local.get $x) (i64.const 32)))) (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 32))))"));
  });

  it("ROM-2 many parameters and values that are alive over calls", () => {
    const many = Array.from({ length: 12 }, (_, i) => `(i64.const ${i * 1_000_000_007})`).join(" ");
    const sum = Array.from({ length: 12 }, (_, i) => `(local.get ${i})`).reduce((left, right) => `(i64.add (i64.mul ${left} (i64.const 31)) ${right})`);
    agrees(given(`(i32.wrap_i64 (i64.xor (call $f ${many}) (call $f ${many.replace("7)", "9)")})))`, `(func $f (param ${"i64 ".repeat(12)}) (result i64) ${sum})`));
    const deep = Array.from({ length: 24 }, (_, i) => i).reduce((inner, i) => `(i32.add (i32.mul (call $g (i32.const ${i})) (i32.const 3)) ${inner})`, "(i32.const 1)");
    agrees(given(deep, "(func $g (param $x i32) (result i32) (i32.mul (local.get $x) (i32.const 77)))"));
    const flat = Array.from({ length: 40 }, (_, i) => `(i32.load (i32.const ${4 * i}))`);
    agrees(given(flat.reduce((left, right) => `(i32.xor (i32.rotl ${left} (i32.const 3)) ${right})`)));
    agrees(given(flat.reduceRight((right, left) => `(i32.xor ${left} (i32.rotl ${right} (i32.const 3)))`)));
  });

  it("ROM-2 frames larger than immediates reach", () => {
    const count = 700;
    const locals = Array.from({ length: count }, (_, i) => `(local.set ${i + 1} (i64.mul (local.get 0) (i64.const ${i + 3})))`).join("");
    const sum = Array.from({ length: count }, (_, i) => `(local.set 0 (i64.add (i64.rotl (local.get 0) (i64.const 1)) (local.get ${i + 1})))`).join("");
    agrees(given("(i32.wrap_i64 (call $f (i64.const 12345678901)))", `(func $id (param i64) (result i64) (local.get 0)) (func $f (param i64) (result i64) (local ${"i64 ".repeat(count)}) ${locals} (local.set 0 (call $id (local.get 0))) ${sum} (local.get 0))`));
  });

  it("ROM-2 branches over more code than a branch reaches", () => {
    const filler = Array.from({ length: 1150 }, (_, i) => `(local.set $y (i32.add (i32.mul (local.get $y) (i32.const ${i | 1})) (local.get $x)))`).join("");
    for (const x of [0, 1]) agrees(given(`(call $f (i32.const ${x}))`, `(func $f (param $x i32) (result i32) (local $y i32) (block $b (br_if $b (local.get $x)) ${filler}) (loop $l ${filler} (br_if $l (i32.eq (local.get $y) (i32.const 77)))) (local.get $y))`));
  });

  it("ROM-2 calls, and ways to the trap, over more code than a jump reaches", () => {
    const filler = Array.from({ length: 1150 }, (_, i) => `(local.set $y (i32.add (i32.mul (local.get $y) (i32.const ${i + 0x10001})) (local.get $x)))`).join("");
    const chain = (last: string): string => Array.from({ length: 60 }, (_, i) => `(func $f${i} (param $x i32) (result i32) (local $y i32) ${filler} (i32.add (local.get $y) ${i < 59 ? `(call $f${i + 1} (i32.popcnt (local.get $y)))` : last}))`).join("");
    const ends = given("(call $f0 (i32.const 3))", chain("(i32.clz (local.get $y))"));
    assert.ok(compile(ends).rom.length > 1 << 20);
    agrees(ends);
    assert.equal(agrees(given("(call $f0 (i32.const 3))", chain("(i32.load (i32.const 70001))")))[0], 1);
  });

  it("ROM-2 calls through tables, and their traps", () => {
    const rest = `(type $t (func (param i32) (result i32))) (table 6 funcref)
      (elem (i32.const 0) $a $b $c) (elem (i32.const 4) $a)
      (func $a (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))) (func $b (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))) (func $c (result i32) (i32.const 3))`;
    for (const [index, ok] of [[0, true], [1, true], [2, false], [3, false], [4, true], [6, false], [-1, false]] as const) {
      const result = agrees(given(`(call_indirect (type $t) (i32.const 20) (i32.const ${index}))`, rest));
      assert.equal(result[0], ok ? 0 : 1, String(index));
    }
    agrees(program("(i32.store8 (i32.const 0) (i32.const 65)) (call_indirect (type $w) (i32.const 0) (i32.const 1) (i32.const 0))", "(type $w (func (param i32 i32))) (table 1 funcref) (elem (i32.const 0) $output)"));
  });

  it("ROM-2 globals, a start function, exit codes", () => {
    agrees(given("(i32.add (global.get $g) (i32.wrap_i64 (global.get $h)))", "(global $g (mut i32) (i32.const 5)) (global $h (mut i64) (i64.const 0x700000009)) (func $s (global.set $g (i32.const 6)) (global.set $h (i64.add (global.get $h) (i64.const 1)))) (start $s)"));
    const many = Array.from({ length: 700 }, (_, i) => `(global $g${i} (mut i64) (i64.const ${i}))`).join("");
    agrees(given("(i32.wrap_i64 (i64.add (global.get $g699) (block (result i64) (global.set $g650 (i64.const 5)) (global.get $g650))))", many));
    assert.deepEqual(Buffer.from(agrees(wat('(module (memory (export "memory") 1) (func (export "run") (result i32) (i32.const 259)))'))), Buffer.from([0, 3]));
    assert.deepEqual(Buffer.from(agrees(wat('(module (import "dcm" "exit" (func $exit (param i32))) (memory (export "memory") 1) (func (export "run") (call $exit (i32.const 9)) (unreachable)))'))), Buffer.from([0, 9]));
  });

  it("ROM-2 memory: every access, aligned or not, up to the last byte and not behind it", () => {
    const loads = ["i32.load8_s", "i32.load8_u", "i32.load16_s", "i32.load16_u", "i32.load", "i64.load8_s", "i64.load16_s", "i64.load16_u", "i64.load32_s", "i64.load32_u", "i64.load", "f32.load", "f64.load"];
    const rest = '(data (i32.const 65500) "\\81\\92\\a3\\b4\\c5\\d6\\e7\\f8\\09\\1a\\2b\\3c\\4d\\5e\\6f\\70\\81\\92\\a3\\b4\\c5\\d6\\e7\\f8\\09\\1a\\2b\\3c\\4d\\5e\\6f\\70\\81\\92\\a3\\b4")';
    for (const load of loads) {
      const type = load.slice(0, 3);
      const bytes = load.includes("8") ? 1 : load.includes("16") ? 2 : load.includes("32") && type !== "f32" && !load.startsWith("i32") ? 4 : type.endsWith("64") ? 8 : 4;
      const places = [[65500, 0], [65501, 0], [65502, 0], [65503, 0], [65497, 4], [60000, 5503], [65536 - bytes, 0], [65537 - bytes, 0], [65535, 0], [0, 65536 - bytes], [0, 65537 - bytes], [-1, 0], [-4, 4], [65000, 4_000_000_000]] as const;
      const reads = places.map(([, offset], i) => `(func $f${i} (param $a i32) (result ${type}) (${load} offset=${offset} (local.get $a)))`).join("");
      const read = (i: number): string => `(${type}.store (i32.const 0) (call $f${i} (i32.const ${places[i]![0]}))) (call $output (i32.const 0) (i32.const 8))`;
      const within = places.flatMap(([address, offset], i) => ((address >>> 0) + offset + bytes <= 65536 ? [i] : []));
      const results = agrees(program(within.map(read).join(" "), `${rest} ${reads}`), {}, load);
      assert.equal(results.length, 2 + 8 * within.length, load);
      for (const [i, [address, offset]] of places.entries()) if (!within.includes(i)) assert.equal(agrees(program(read(i), `${rest} ${reads}`), {}, `${load} ${address} ${offset}`)[0], 1);
    }
    for (const store of ["i32.store8", "i32.store16", "i32.store", "i64.store8", "i64.store16", "i64.store32", "i64.store"]) {
      const type = store.slice(0, 3);
      const bytes = store.endsWith("8") ? 1 : store.endsWith("16") ? 2 : store.endsWith("32") || type === "i32" ? 4 : 8;
      for (const address of [65500, 65501, 65502, 65503, 65536 - bytes, 65537 - bytes]) {
        agrees(program(`(call $f (i32.const ${address}) (${type}.const ${type === "i32" ? "0x98765432" : "0x9876543210fedcba"})) (call $output (i32.const 65490) (i32.const 46))`, `${rest} (func $f (param $a i32) (param $v ${type}) (${store} (local.get $a) (local.get $v)))`), {}, `${store} ${address}`);
      }
    }
  });

  it("ROM-2 memory grows, tells its size, is zero where it grew, and refuses; a trap after that is called out-of-memory", () => {
    const grown = "(drop (memory.grow (i32.const 3))) (i32.store (i32.const 0) (memory.size)) (i32.store (i32.const 4) (i32.load (i32.const 262140))) (i32.store (i32.const 8) (memory.grow (i32.const 100000))) (call $output (i32.const 0) (i32.const 12))";
    agrees(program(grown));
    assert.equal(agrees(program(`${grown} unreachable`))[0], 3);
    assert.equal(agrees(program("(drop (memory.grow (i32.const 3))) (drop (i32.load (i32.const 262141)))"))[0], 1);
    // What waited behind the data for the start is gone when the memory grows over it.
    agrees(wat('(module (import "dcm" "output_write" (func $o (param i32 i32))) (memory (export "memory") 1 4) (global $g (mut i64) (i64.const -1)) (data (i32.const 65532) "abcd") (func (export "run") (global.set $g (i64.const -2)) (drop (memory.grow (i32.const 2))) (call $o (i32.const 65528) (i32.const 8192))))'));
  });

  it("ROM-2 copies and fills, overlapping, at all alignments, and their traps", () => {
    const data = `(data (i32.const 100) "${"abcdefghijklmnopqrstuvwxyz0123456789".repeat(4)}")`;
    for (const [to, from, length] of [[300, 100, 50], [301, 102, 51], [303, 101, 7], [104, 100, 90], [101, 100, 60], [100, 103, 64], [99, 100, 33], [65536, 0, 0], [65530, 0, 7], [0, 65530, 7], [65537, 0, 0], [0, 0, -1]] as const) {
      agrees(program(`(memory.copy (i32.const ${to}) (i32.const ${from}) (i32.const ${length})) (call $output (i32.const 90) (i32.const 300))`, data), {}, `copy ${to} ${from} ${length}`);
    }
    for (const [to, value, length] of [[100, 0x1ff, 50], [101, 7, 3], [103, 7, 37], [65536, 1, 0], [65535, 1, 2]] as const) {
      agrees(program(`(memory.fill (i32.const ${to}) (i32.const ${value}) (i32.const ${length})) (call $output (i32.const 90) (i32.const 120))`, data), {}, `fill ${to} ${length}`);
    }
  });

  it("ROM-4 traps have an empty output, whatever was written before", () => {
    for (const body of ["unreachable", "(drop (i32.div_s (i32.const 1) (i32.const 0)))", "(call $f (i32.const 0))", "(call $output (i32.const 65530) (i32.const 7))"]) {
      const result = agrees(program(`(i32.store (i32.const 0) (i32.const -1)) (call $output (i32.const 0) (i32.const 4)) (call $output (i32.const 0) (i32.const 5000)) ${body}`, "(func $f (param i32) (call $f (i32.add (local.get 0) (i32.const 1))) (call $f (i32.const 1)))"), {}, body);
      assert.deepEqual(Buffer.from(result), Buffer.from([1, 0]), body);
    }
  });

  it("ROM-4 an output beyond the region is output-too-large; a meter that runs out leaves no result", () => {
    const endless = program("(loop $l (call $output (i32.const 0) (i32.const 65536)) (br $l))");
    assert.deepEqual(Buffer.from(agrees(endless)), Buffer.from([4, 0]));
    const { halt, result, meter } = runProgram(compile(endless), { maxMeter: 100_000n });
    assert.deepEqual([halt, result.length, meter], [Halt.exhausted, 0, 100_000n]);
  });

  it("ROM-3 input, arguments and task index are what the imports say", () => {
    const reads = (body: string): Uint8Array => wat(`(module
      (import "dcm" "input_size" (func $inputSize (result i32))) (import "dcm" "input_read" (func $inputRead (param i32 i32 i32) (result i32))) (import "dcm" "output_write" (func $output (param i32 i32)))
      (import "dcm" "args_count" (func $count (result i32))) (import "dcm" "arg_size" (func $argSize (param i32) (result i32))) (import "dcm" "arg_read" (func $argRead (param i32 i32) (result i32))) (import "dcm" "log_write" (func $log (param i32 i32)))
      (memory (export "memory") 1) (func (export "run") (local $i i32) ${body}))`);
    const input = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
    agrees(reads("(call $output (i32.const 0) (call $inputRead (i32.const 3) (i32.const 5) (call $inputSize)))"), { input });
    agrees(reads("(call $output (i32.const 0) (call $inputRead (i32.const 0) (i32.const 5000) (i32.const 10)))"), { input });
    agrees(reads("(drop (call $inputRead (i32.const 65000) (i32.const 0) (i32.const 537)))"), { input });
    const all = reads(`(i32.store (i32.const 0) (call $count)) (call $output (i32.const 0) (i32.const 4)) (call $log (i32.const 0) (i32.const 9))
      (loop $l (if (i32.lt_u (local.get $i) (call $count)) (then (i32.store (i32.const 0) (call $argSize (local.get $i))) (call $output (i32.const 0) (i32.const 4))
        (call $output (i32.const 9) (call $argRead (local.get $i) (i32.const 9))) (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $l))))`);
    for (const args of [undefined, [], [""], ["map"], ["a", "", "bc", "d".repeat(500)], ["\u00e9\u20ac\ud83d\ude00\u0001\"\\/\b\f\n\r\t\u007f"]]) agrees(all, { arguments: encodeWasmArguments(args === undefined ? {} : { args }) });
    const texts = [
      "{}", ' { "args" : [ "a" , "b" ] , "env" : { } } ', '{"args":["\\u0061\\u00e9\\u20AC\\ud83d\\ude00\\ud800x\\udc00\\ud800\\ud800\\u0041"]}', '{"\\u0061rgs":["x"]}', '{"args":["a"]', '{"args":["a"]}x', '{"args":["a",]}', '{"args":["a" "b"]}', '{"args":"a"}', '{"args":[1]}',
      '{"args":["\\u0000"]}', '{"args":["\\x"]}', '{"args":["\\u00g0"]}', '{"args":["a\n"]}', '{"arg":[]}', "[]", "1", "null", " ", '{"env":[]}', '{"args":["\\ud83d"]}', '{"args":["\\ud83d\\n"]}',
    ];
    for (const text of texts) agrees(all, { arguments: utf8(text) }, text);
    for (const bytes of [[0xff], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc3], [0xe2, 0x82, 0xac], [0xf0, 0x9f, 0x98, 0x80], [0xef, 0xbb, 0xbf]]) agrees(all, { arguments: Uint8Array.from([...utf8('{"args":["'), ...bytes, ...utf8('"]}')]) }, bytes.join());
    assert.equal(runProgram(compile(all), { arguments: utf8('{"env":{"a":"b"}}') }).result[0], 5);
    assert.equal(agrees(reads("(drop (call $argSize (i32.const 0)))"))[0], 1);
  });

  it("ROM-3 WASI: streams, arguments, a clock that stands, random bytes, and what there is none of", () => {
    const wasi = (imports: string, body: string): Uint8Array => wat(`(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32))) ${imports}
      (memory (export "memory") 1) (func $show (param i32 i32) (i32.store (i32.const 60000) (local.get 0)) (i32.store (i32.const 60004) (local.get 1)) (drop (call $write (i32.const 1) (i32.const 60000) (i32.const 1) (i32.const 60008))))
      (func $code (param i32) (i32.store (i32.const 50000) (local.get 0)) (call $show (i32.const 50000) (i32.const 4)))
      (func (export "_start") ${body}))`);
    const from = (name: string, type: string): string => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`;
    const args = encodeWasmArguments({ args: ["one", "", "three"] });
    agrees(wasi(from("args_sizes_get", "(param i32 i32) (result i32)") + from("args_get", "(param i32 i32) (result i32)"), "(call $code (call $args_sizes_get (i32.const 1) (i32.const 9))) (call $code (call $args_get (i32.const 21) (i32.const 101))) (call $show (i32.const 0) (i32.const 200)) (call $code (call $args_get (i32.const 65530) (i32.const 0)))"), { arguments: args });
    agrees(wasi(from("environ_sizes_get", "(param i32 i32) (result i32)") + from("environ_get", "(param i32 i32) (result i32)"), "(i64.store (i32.const 0) (i64.const -1)) (call $code (call $environ_sizes_get (i32.const 0) (i32.const 4))) (call $code (call $environ_get (i32.const 0) (i32.const 0))) (call $show (i32.const 0) (i32.const 8))"));
    agrees(wasi(from("clock_time_get", "(param i32 i64 i32) (result i32)") + from("clock_res_get", "(param i32 i32) (result i32)"), "(call $code (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 3))) (call $code (call $clock_time_get (i32.const 4) (i64.const 0) (i32.const 3))) (call $code (call $clock_res_get (i32.const 0) (i32.const 16))) (call $show (i32.const 0) (i32.const 32))"));
    agrees(wasi(from("random_get", "(param i32 i32) (result i32)"), "(call $code (call $random_get (i32.const 1) (i32.const 10))) (call $code (call $random_get (i32.const 33) (i32.const 90))) (call $show (i32.const 0) (i32.const 128))"), { taskIndex: 0x01020304 });
    const input = Uint8Array.from({ length: 300 }, (_, i) => i);
    agrees(wasi(from("fd_read", "(param i32 i32 i32 i32) (result i32)"), `(i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 30)) (i32.store (i32.const 8) (i32.const 4)) (i32.store (i32.const 12) (i32.const 8))
      (call $code (call $fd_read (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 40))) (call $show (i32.const 0) (i32.const 150)) (call $code (call $fd_read (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 40)))
      (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 1000)) (call $code (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 40))) (call $show (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (i32.const -1)) (call $code (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 40)))`), { input });
    const others = [
      ["fd_close", "(param i32) (result i32)", "(i32.const 1)"], ["fd_close", "(param i32) (result i32)", "(i32.const 3)"], ["fd_seek", "(param i32 i64 i32 i32) (result i32)", "(i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0)"],
      ["fd_sync", "(param i32) (result i32)", "(i32.const 1)"], ["path_unlink_file", "(param i32 i32 i32) (result i32)", "(i32.const 3) (i32.const 0) (i32.const 0)"], ["poll_oneoff", "(param i32 i32 i32 i32) (result i32)", "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"],
      ["path_open", "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)", "(i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)"], ["sched_yield", "(result i32)", ""],
      ["fd_fdstat_get", "(param i32 i32) (result i32)", "(i32.const 0) (i32.const 1)"], ["fd_fdstat_get", "(param i32 i32) (result i32)", "(i32.const 2) (i32.const 5)"], ["proc_raise", "(param i32) (result i32)", "(i32.const 6)"], ["fd_tell", "(param i32 i32) (result i32)", "(i32.const 2) (i32.const 5)"],
    ] as const;
    for (const [name, type, values] of others) agrees(wasi(from(name, type), `(call $code (call $${name} ${values})) (call $show (i32.const 0) (i32.const 40))`), {}, `${name} ${values}`);
    agrees(wasi(from("proc_exit", "(param i32)"), "(call $code (i32.const 1)) (call $proc_exit (i32.const 77)) (unreachable)"));
  });

  it("ROM-5 refuses by name what it cannot compile", () => {
    const run = '(func (export "run"))';
    const cases: [string, RegExp][] = [
      [`(module (memory (export "memory") 385) ${run})`, /385 pages.*at most 384 pages/],
      [`(module ${run})`, /no memory of its own/],
      [`(module (import "dcm" "fork" (func)) (memory (export "memory") 1) ${run})`, /dcm\.fork is not offered/],
      ['(module (memory (export "memory") 1) (data $d "x") (func (export "run") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))))', /passive/],
      [`(module (memory (export "memory") 1) (data (i32.const 65535) "xy") ${run})`, /data segment 0 ends at 65537, behind the memory's 65536 bytes/],
      [`(module (memory (export "memory") 300) (data (i32.const 16777210) "xyzxyz") ${run})`, /room for data up to/],
      [`(module (memory (export "memory") 1) (table 1 funcref) (elem (i32.const 1) $f) (func $f) ${run})`, /element segment 0 ends at 2, behind the table's 1/],
      ['(module (memory (export "memory") 1) (func $f (result i64 i64 i64 i64 i64) (unreachable)) (func (export "run") (call $f) (drop) (drop) (drop) (drop) (drop)))', /10 words of results/],
      ['(module (memory (export "memory") 1) (func (export "run") (drop (v128.const i32x4 0 0 0 0))))', /not part of dcm wasm v1/],
    ];
    for (const [text, pattern] of cases) assert.throws(() => compile(wat(text)), (error) => error instanceof InvalidModule && pattern.test(error.message), text);
    assert.throws(() => compile(Uint8Array.of(1, 2, 3)), InvalidModule);
  });

  it("ROM-6 the committed runtime is what its sources compile to, and has no start of its own", async () => {
    const committed = readFileSync(new URL("runtime.wasm", import.meta.url));
    assert.deepEqual(Buffer.from(await compileRuntime()), committed);
  });

  for (const name of ["histogram", "regression"]) {
    it(`ROM-6 ROM-7 ${name} of the examples gives the bytes of the WebAssembly runtime, and compiles to the same program twice`, async () => {
      const { job, program: module, inputs } = await loadJob(join(examples, name));
      const compiled = compile(module);
      assert.deepEqual(compile(module.slice()), compiled);
      let next = inputs.slice(0, 2);
      for (const { args } of job.waves) next = [frameOutputs(next.map((input) => agrees(module, { input, arguments: encodeWasmArguments({ args }) }).subarray(2)))];
    });
  }

  it("ROM-7 kmeans of the examples, with fewer starts, gives the bytes of the WebAssembly runtime", async () => {
    const { program: module, inputs } = await loadJob(join(examples, "kmeans"));
    const input = inputs[0]!.slice();
    new DataView(input.buffer).setUint32(16, 2, true);
    const found = agrees(module, { input, arguments: encodeWasmArguments({ args: ["map"] }) });
    agrees(module, { input: frameOutputs([found.subarray(2)]), arguments: encodeWasmArguments({ args: ["reduce"] }) });
  });
});
