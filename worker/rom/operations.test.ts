import assert from "node:assert/strict";
import { toHex } from "../../chain/codec/bytes.ts";
import { wat } from "../sandbox/testing.ts";
import { compile } from "./compile.ts";
import { runProgram, runSandbox } from "./testing.ts";

type Type = "i32" | "i64" | "f32" | "f64";

const bytesOf: Record<Type, number> = { i32: 4, i64: 8, f32: 4, f64: 8 };
const integers = [0, 1, 2, 3, -1, -2, 7, 8, 31, 32, 33, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, -0x80000000, -0x7fffffff, 0x55555555, 0x12345678, -0x12345678, 1_000_000_007];
const longs = [...integers.map(BigInt), 0x7fffffffffffffffn, -0x8000000000000000n, 1n << 32n, 0xffffffffn, 0x80000000n, -(1n << 32n), 0x123456789abcdef0n, -0x123456789abcdefn, 0x5555555555555555n, 3n << 40n];
const singles = [
  0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3.5, 1e-45, -1e-45, 1.17549435e-38, 3.4028235e38, -3.4028235e38, Infinity, -Infinity, NaN, 0.1, 3.14159274, 8388607.5, 8388608, 8388609, 16777216, 2147483648, -2147483648,
  2147483520, 4294967296, 4294967040, 9.223372e18, 1.8446744e19, -9.223372e18, 1e20, 0.49999997, 0.99999994, -0.99999994, 1.0000001, 1e-40, 5.877e-39,
];
const doubles = [
  ...singles, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308, 4503599627370495.5, 4503599627370496.5, 9007199254740991, 2147483647, 2147483647.5, 2147483648.5, -2147483648.9, -2147483649,
  4294967295, 4294967295.9, 9223372036854774784, 18446744073709549568, -9223372036854775808, 0.49999999999999994, 1e-310, 3e-320, 1e308, 3e-308, 1 / 3, 123456789.123,
];

/** A value in eight bytes. */
function bytes(write: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  write(view);
  return new Uint8Array(view.buffer);
}

const edges: Record<Type, readonly Uint8Array[]> = {
  i32: integers.map((value) => bytes((view) => view.setInt32(0, value, true))),
  i64: longs.map((value) => bytes((view) => view.setBigInt64(0, value, true))),
  // The last ones are NaNs that are not canonical.
  f32: [...singles.map((value) => bytes((view) => view.setFloat32(0, value, true))), ...[0x7f800001, 0xffc12345].map((bits) => bytes((view) => view.setUint32(0, bits, true)))],
  f64: [...doubles.map((value) => bytes((view) => view.setFloat64(0, value, true))), ...[0x7ff0000000000001n, 0xfff8123456789abcn].map((bits) => bytes((view) => view.setBigUint64(0, bits, true)))],
};

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Any bits, small integers, and floats of moderate size. */
function random(type: Type, next: () => number): Uint8Array {
  return bytes((view) => {
    view.setUint32(0, next(), true);
    view.setUint32(4, next(), true);
    if (next() % 2 === 0) return;
    if (type === "i32") view.setInt32(0, (next() % 96) - 32, true);
    else if (type === "i64") view.setBigInt64(0, BigInt(next() | 0) >> BigInt(next() % 32), true);
    else if (type === "f32") view.setFloat32(0, (next() | 0) / 2 ** (next() % 64), true);
    else view.setFloat64(0, ((next() | 0) + next() / 2 ** 32) / 2 ** (next() % 80), true);
  });
}

interface Operation {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result: Type;
}

function operations(): Operation[] {
  const list: Operation[] = [];
  const define = (type: Type, names: string, params: readonly Type[], result: Type = type): void => {
    for (const name of names.split(" ")) list.push({ name: `${type}.${name}`, params, result });
  };
  for (const type of ["i32", "i64"] as const) {
    define(type, "add sub mul and or xor shl shr_s shr_u rotl rotr div_s div_u rem_s rem_u", [type, type]);
    define(type, "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u", [type, type], "i32");
    define(type, "clz ctz popcnt extend8_s extend16_s", [type]);
    define(type, "eqz", [type], "i32");
    for (const from of ["f32", "f64"] as const) define(type, `trunc_${from}_s trunc_${from}_u trunc_sat_${from}_s trunc_sat_${from}_u`, [from]);
  }
  for (const type of ["f32", "f64"] as const) {
    define(type, "add sub mul div min max copysign", [type, type]);
    define(type, "eq ne lt gt le ge", [type, type], "i32");
    define(type, "abs neg ceil floor trunc nearest sqrt", [type]);
    for (const from of ["i32", "i64"] as const) define(type, `convert_${from}_s convert_${from}_u`, [from]);
  }
  define("i64", "extend32_s", ["i64"]);
  define("i64", "extend_i32_s extend_i32_u", ["i32"]);
  define("i32", "wrap_i64", ["i64"]);
  define("f32", "demote_f64", ["f64"]);
  define("f64", "promote_f32", ["f32"]);
  define("i32", "reinterpret_f32", ["f32"]);
  define("i64", "reinterpret_f64", ["f64"]);
  define("f32", "reinterpret_i32", ["i32"]);
  define("f64", "reinterpret_i64", ["i64"]);
  return list;
}

/** Applies the operation to record after record of the input, eight bytes an operand. */
function moduleFor({ name, params, result }: Operation): Uint8Array {
  const operands = params.map((type, i) => `(${type}.load offset=${8 * i} (local.get $p))`).join(" ");
  return wat(`(module
    (import "dcm" "input_size" (func $size (result i32)))
    (import "dcm" "input_read" (func $read (param i32 i32 i32) (result i32)))
    (import "dcm" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 8)
    (func (export "run") (local $p i32) (local $q i32) (local $end i32)
      (drop (call $read (i32.const 1024) (i32.const 0) (call $size)))
      (local.set $p (i32.const 1024)) (local.set $q (i32.const 262144)) (local.set $end (i32.add (call $size) (i32.const 1024)))
      (loop $next
        (${result}.store (local.get $q) (${name} ${operands}))
        (local.set $p (i32.add (local.get $p) (i32.const ${8 * params.length})))
        (local.set $q (i32.add (local.get $q) (i32.const ${bytesOf[result]})))
        (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
      (call $write (i32.const 262144) (i32.sub (local.get $q) (i32.const 262144)))))`);
}

const randomRecords = 120;
const trapsTried = 12;

describe("operations of compiled programs", function () {
  this.timeout(60_000);

  for (const [index, operation] of operations().entries()) {
    it(`ROM-1 ${operation.name} gives what V8 gives`, () => {
      const next = generator(index + 1);
      const { params } = operation;
      const [first, second] = params as readonly [Type, Type?];
      const records = edges[first].flatMap((a) => (second === undefined ? [a] : edges[second].map((b) => Buffer.concat([a, b]))));
      for (let i = 0; i < randomRecords; i++) records.push(Buffer.concat(params.map((type) => random(type, next))));
      const module = moduleFor(operation);
      const program = compile(module);
      // Records that trap are tried one by one, the others together.
      const mayTrap = /div_|rem_|trunc_f/.test(operation.name);
      const traps = (record: Uint8Array): boolean => mayTrap && runSandbox(module, { input: record }).result[0] !== 0;
      const calm = records.filter((record) => !traps(record));
      const input = Buffer.concat(calm);
      const expected = runSandbox(module, { input }).result;
      const { result } = runProgram(program, { input });
      assert.equal(expected.length, 2 + calm.length * bytesOf[operation.result]);
      if (Buffer.compare(result, expected) !== 0) {
        const at = expected.findIndex((byte, i) => byte !== result[i]);
        const record = calm[Math.floor((at - 2) / bytesOf[operation.result])];
        assert.fail(`differs first on ${record === undefined ? "the status" : toHex(record)}`);
      }
      const wild = records.filter(traps).slice(0, trapsTried);
      assert.equal(wild.length > 0, mayTrap);
      for (const record of wild) assert.deepEqual(Buffer.from(runProgram(program, { input: record }).result), Buffer.from([1, 0]), toHex(record));
    });
  }
});
