import assert from "node:assert/strict";
import { wat } from "../sandbox/testing.ts";
import { compile } from "./compile.ts";
import { runProgram, runSandbox } from "./testing.ts";

type Type = "i32" | "i64" | "f32" | "f64";

const types = ["i32", "i32", "i32", "i64", "i64", "f32", "f64"] as const;
const binary: Record<Type, readonly string[]> = {
  i32: "add sub mul and or xor shl shr_s shr_u rotl rotr div_s div_u rem_s rem_u".split(" "),
  i64: "add sub mul and or xor shl shr_s shr_u rotl rotr div_s div_u rem_s rem_u".split(" "),
  f32: "add sub mul div min max copysign".split(" "),
  f64: "add sub mul div min max copysign".split(" "),
};
const unary: Record<Type, readonly string[]> = {
  i32: "clz ctz popcnt extend8_s extend16_s".split(" "), i64: "clz ctz popcnt extend8_s extend16_s extend32_s".split(" "),
  f32: "abs neg ceil floor trunc nearest sqrt".split(" "), f64: "abs neg ceil floor trunc nearest sqrt".split(" "),
};
const compare: Record<Type, readonly string[]> = {
  i32: "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u".split(" "), i64: "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u".split(" "), f32: "eq ne lt gt le ge".split(" "), f64: "eq ne lt gt le ge".split(" "),
};
const signs = ["s", "u"] as const;
const conversions: Record<Type, readonly (readonly [string, Type])[]> = {
  i32: [["wrap_i64", "i64"], ["reinterpret_f32", "f32"], ...signs.flatMap((sign) => [[`trunc_sat_f64_${sign}`, "f64"], [`trunc_sat_f32_${sign}`, "f32"]] as const)],
  i64: [["reinterpret_f64", "f64"], ...signs.flatMap((sign) => [[`extend_i32_${sign}`, "i32"], [`trunc_sat_f64_${sign}`, "f64"], [`trunc_sat_f32_${sign}`, "f32"]] as const)],
  f32: [["demote_f64", "f64"], ["reinterpret_i32", "i32"], ...signs.flatMap((sign) => [[`convert_i32_${sign}`, "i32"], [`convert_i64_${sign}`, "i64"]] as const)],
  f64: [["promote_f32", "f32"], ["reinterpret_i64", "i64"], ...signs.flatMap((sign) => [[`convert_i32_${sign}`, "i32"], [`convert_i64_${sign}`, "i64"]] as const)],
};
const loads: Record<Type, readonly string[]> = { i32: ["", "8_s", "8_u", "16_s", "16_u"], i64: ["", "8_s", "8_u", "16_s", "16_u", "32_s", "32_u"], f32: [""], f64: [""] };
const stores: Record<Type, readonly string[]> = { i32: ["", "8", "16"], i64: ["", "8", "16", "32"], f32: [""], f64: [""] };

/** Functions of random statements over ten locals of all types. Each ends; most do not trap. */
class Program {
  #state: number;
  #locals: Type[] = [];
  #counters = 0;
  #depth = 0;
  /** Nothing that is a call in the machine's code: neither calls, nor floats, nor divisions of 64 bits. */
  #plain = false;

  constructor(seed: number) {
    this.#state = seed;
  }

  #next(below: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) | 0;
    return (this.#state >>> 8) % below;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#next(list.length)]!;
  }

  #constant(type: Type): string {
    const special = { i32: ["0", "1", "-1", "31", "2147483647", "-2147483648", "65535", "4"], i64: ["0", "1", "-1", "63", "4294967296", "-9223372036854775808", "4294967295"], f32: ["0", "-0", "1.5", "inf", "nan", "1e-40"], f64: ["0", "-0", "0.1", "-inf", "nan", "5e-324"] };
    return `(${type}.const ${this.#next(2) === 0 ? this.#pick(special[type]) : this.#next(1 << 20) - (1 << 19)})`;
  }

  #local(type: Type): number | undefined {
    const fitting = this.#locals.flatMap((other, i) => (other === type ? [i] : []));
    return fitting.length === 0 ? undefined : this.#pick(fitting);
  }

  #expression(type: Type, depth: number): string {
    const inner = (wanted: Type): string => this.#expression(wanted, depth - 1);
    const local = this.#local(type);
    if (depth <= 0) return local === undefined || this.#next(4) === 0 ? this.#constant(type) : `(local.get ${local})`;
    switch (this.#next(15)) {
      case 1: if (this.#plain) return type === "i32" ? `(i32.wrap_i64 ${inner("i64")})` : `(i64.extend_i32_${this.#pick(["s", "u"])} ${inner("i32")})`;
        return this.#convert(type, inner);
      case 0: return `(${type}.${this.#pick(unary[type])} ${inner(type)})`;
      case 2: return `(select ${inner(type)} ${inner(type)} ${this.#condition(depth - 1)})`;
      case 3: return `(if (result ${type}) ${this.#condition(depth - 1)} (then ${this.#statements(1)} ${inner(type)}) (else ${inner(type)}))`;
      case 4: return local === undefined ? inner(type) : `(local.tee ${local} ${inner(type)})`;
      case 5: return `(${type}.load${this.#pick(loads[type])} ${this.#place(inner("i32"))})`;
      case 6: return this.#call(type, inner, depth);
      case 7: return `(block (result ${type}) ${this.#statements(1)} (drop (br_if 0 ${inner(type)} ${this.#condition(1)})) ${inner(type)})`;
      case 8: return `(block (result ${type} i32) ${inner(type)} ${inner("i32")}) (drop)`;
      case 9: return this.#indirect(type, inner);
      case 10: return type === "i32" ? this.#pick(["(memory.size)", `(memory.grow (i32.and ${inner("i32")} (i32.const ${this.#pick([0, 1, 1, 3])})))`]) : `(call $deep_${type} ${inner(type)} (i32.and ${inner("i32")} (i32.const ${this.#pick([3, 31])})))`;
      default: {
        const name = this.#pick(this.#plain && type === "i64" ? binary[type].slice(0, -4) : binary[type]);
        // Most divisions are by what is not zero.
        const right = /div_|rem_/.test(name) && this.#next(20) > 0 ? `(${type}.or ${inner(type)} (${type}.const 3))` : inner(type);
        return `(${type}.${name} ${inner(type)} ${right})`;
      }
    }
  }

  #convert(type: Type, inner: (type: Type) => string): string {
    const [name, from] = this.#pick(conversions[type]);
    return `(${type}.${name} ${inner(from)})`;
  }

  #call(type: Type, inner: (type: Type) => string, depth: number): string {
    if (this.#plain || (type === "i32" && this.#next(2) === 0)) return type === "i32" ? this.#condition(depth - 1) : this.#constant(type);
    if ((type === "i32" || type === "i64") && this.#next(2) === 0) return `(call $plain_${type} ${inner("i32")} ${inner("i64")} ${inner("i32")})`;
    return `(call $${type} ${inner(type)} ${inner("i32")})`;
  }

  /** A call by number: now and then of a function that has another type, or of none. */
  #indirect(type: Type, inner: (type: Type) => string): string {
    if (this.#plain) return inner(type);
    const index = { i32: 0, i64: 1, f32: 2, f64: 3 }[type];
    const number = this.#next(150) === 0 ? inner("i32") : `(i32.or (i32.const ${index}) (i32.and ${inner("i32")} (i32.const 4)))`;
    return `(call_indirect (param ${type} i32) (result ${type}) ${inner(type)} ${inner("i32")} ${number})`;
  }

  /** Where an access goes: most within the first page, some at the end of memory as it is or as it was, on either side of the edge. */
  #place(address: string): string {
    if (this.#next(30) > 0) return `offset=${this.#next(40)} (i32.and ${address} (i32.const ${this.#pick([1023, 1020, 60])}))`;
    const edge = 65_536 * (this.#next(8) === 0 ? 2 : 1) - (this.#next(8) === 0 ? this.#next(8) : 16 + this.#next(40));
    const offset = this.#pick([0, 1, 4, 2047, 2048, 4096, 65_528, edge]);
    return this.#next(40) === 0 ? `offset=${this.#pick([0, 4, 0x7fffffff, 0xfffffff0])} ${address}` : `offset=${offset} (i32.add (i32.const ${edge - offset}) (i32.and ${address} (i32.const ${this.#pick([0, 3, 7])})))`;
  }

  #type(): Type {
    return this.#pick(this.#plain ? types.slice(0, 5) : types);
  }

  #condition(depth: number): string {
    const type = this.#type();
    if (this.#next(6) === 0) return `(i32.eqz ${depth > 0 ? this.#condition(depth - 1) : this.#expression("i32", 0)})`;
    if (this.#next(6) === 0) return `(i64.eqz ${this.#expression("i64", depth)})`;
    return `(${type}.${this.#pick(compare[type])} ${this.#expression(type, depth)} ${this.#expression(type, depth)})`;
  }

  #statements(count: number): string {
    if (this.#depth > 2) return "";
    this.#depth += 1;
    const text = Array.from({ length: count }, () => this.#statement()).join("\n");
    this.#depth -= 1;
    return text;
  }

  #statement(): string {
    const index = this.#next(this.#locals.length);
    const type = this.#locals[index]!;
    switch (this.#next(13)) {
      case 9: return `(memory.copy ${this.#range()} (i32.and ${this.#expression("i32", 1)} (i32.const 255)))`;
      case 10: return `(memory.fill ${this.#range()} (i32.and ${this.#expression("i32", 1)} (i32.const 127)))`;
      case 11: return `(block ${this.#statements(1)} (br ${this.#pick([0, 0, 0])}) ${this.#statements(1)} (unreachable))`;
      case 12: return `(local.set ${index} (loop (result ${type}) ${this.#expression(type, 1)} ${this.#next(2) === 0 ? `(if (param ${type}) (result ${type}) ${this.#condition(1)} (then ${this.#statements(1)}) (else (drop) ${this.#expression(type, 1)}))` : ""}))`;
      case 0: return `(if ${this.#condition(2)} (then ${this.#statements(2)}) (else ${this.#statements(1)}))`;
      case 1: {
        const counter = this.#counters++;
        return `(local.set $c${counter} (i32.const ${1 + this.#next(4)})) (loop ${this.#statements(2)} (br_if 0 (local.tee $c${counter} (i32.sub (local.get $c${counter}) (i32.const 1)))))`;
      }
      case 2: return `(block ${this.#statements(1)} (br_if 0 ${this.#condition(2)}) ${this.#statements(1)})`;
      case 3: return `(${type}.store${this.#pick(stores[type])} ${this.#place(this.#expression("i32", 2))} ${this.#expression(type, 2)})`;
      case 4: return `(block (block (block (br_table 0 1 2 ${this.#expression("i32", 1)})) ${this.#statements(1)}) ${this.#statements(1)})`;
      case 5: return `(global.set $${type} ${this.#expression(type, 2)}) (local.set ${index} (global.get $${type}))`;
      default: return `(local.set ${index} ${this.#expression(type, 3)})`;
    }
  }

  /** Two addresses, or an address and a byte; most ranges from there are inside. */
  #range(): string {
    const one = (): string => this.#next(150) === 0 ? this.#expression("i32", 1) : `(i32.and ${this.#expression("i32", 1)} (i32.const ${this.#pick([1023, 1020, 15])}))`;
    return `${one()} ${one()}`;
  }

  #function(name: string, params: readonly Type[], result: Type | undefined): string {
    this.#locals = [...params, ...Array.from({ length: 7 }, () => this.#type())];
    this.#counters = 0;
    const body = this.#statements(result === undefined ? 10 : 3);
    const end = result === undefined
      ? this.#locals.map((type, i) => `(${type}.store (i32.const ${2000 + 8 * i}) (local.get ${i}))`).join(" ") + "(call $write (i32.const 0) (i32.const 2200))"
      : this.#expression(result, 2);
    return `(func $${name} ${result === undefined ? '(export "run")' : ""} ${params.map((type) => `(param ${type})`).join(" ")} ${result === undefined ? "" : `(result ${result})`} (local ${this.#locals.slice(params.length).join(" ")})
      ${Array.from({ length: this.#counters }, (_, i) => `(local $c${i} i32)`).join(" ")} ${body} ${end})`;
  }

  text(): string {
    const kinds = ["i32", "i64", "f32", "f64"] as const;
    // The functions that all call are simple or call nothing: nothing may call without end.
    const helpers = kinds.map((type) => `(func $${type} (param ${type} i32) (result ${type}) (if (result ${type}) (i32.and (local.get 1) (i32.const 1)) (then (${type}.add (local.get 0) (${type}.const 3))) (else (${type}.mul (local.get 0) (local.get 0)))))`);
    // As deep as the second argument says.
    const deep = kinds.map((type) => `(func $deep_${type} (param ${type} i32) (result ${type}) (local ${type} i64) (local.set 2 (local.get 0)) (local.set 1 (i32.and (local.get 1) (i32.const 63))) (local.set 3 (i64.extend_i32_u (local.get 1))) (if (i32.eqz (local.get 1)) (then (return (local.get 0))))
      (${type}.add (local.get 2) (call $deep_${type} (${type}.add (local.get 0) (${type}.const 1)) (i32.sub (local.get 1) (i32.const 1)))))`);
    const table = `(table 12 funcref) (elem (i32.const 0) $i32 $i64 $f32 $f64 $deep_i32 $deep_i64 $deep_f32 $deep_f64 $plain_i32)`;
    const globals = kinds.map((type) => `(global $${type} (mut ${type}) (${type}.const 7))`);
    this.#plain = true;
    const plain = (["i32", "i64"] as const).map((type) => this.#function(`plain_${type}`, ["i32", "i64", "i32"], type));
    this.#plain = false;
    return `(module (import "dcm" "output_write" (func $write (param i32 i32))) (memory (export "memory") 1) ${table} ${globals.join(" ")} ${helpers.join(" ")} ${deep.join(" ")} ${plain.join(" ")}
      ${this.#function("main", [], undefined)})`;
  }
}

describe("random programs", function () {
  this.timeout(300_000);
  const rounds = Number(process.env["DCM_ROM_PROGRAMS"] ?? 60);
  const first = Number(process.env["DCM_ROM_SEED"] ?? 1);

  it(`ROM-8 ${rounds} programs leave the same memory and locals as in the sandbox`, () => {
    let calm = 0;
    for (let seed = first; seed < first + rounds; seed++) {
      const module = wat(new Program(seed).text());
      const expected = runSandbox(module).result;
      const { result, halt } = runProgram(compile(module));
      assert.equal(halt, 1, `seed ${seed}`);
      assert.deepEqual(Buffer.from(result), Buffer.from(expected), `seed ${seed}`);
      if (result[0] === 0) calm += 1;
    }
    assert.ok(calm > rounds / 3);
  });
});
