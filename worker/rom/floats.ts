/** Which runtime function computes an operation that the machine has no instruction for. */
import { types } from "./module.ts";

export interface Helper {
  readonly name: string;
  readonly params: readonly number[];
  readonly result: number;
}

const { i32, i64, f32, f64 } = types;
const helpers = new Map<number, Helper>();

function define(from: number, names: string, params: readonly number[], result: number): void {
  for (const [i, name] of names.split(" ").entries()) helpers.set(from + i, { name, params, result });
}

define(0x7f, "i64_div_s i64_div_u i64_rem_s i64_rem_u", [i64, i64], i64);
for (const [type, name, from] of [[f32, "f32", 0x8d], [f64, "f64", 0x9b]] as const) {
  define(from, `${name}_ceil ${name}_floor ${name}_trunc ${name}_nearest ${name}_sqrt`, [type], type);
  define(from + 5, `${name}_add ${name}_sub ${name}_mul ${name}_div ${name}_min ${name}_max`, [type, type], type);
}
for (const [result, name, from] of [[i32, "i32", 0xa8], [i64, "i64", 0xae]] as const) {
  define(from, `${name}_trunc_f32_s ${name}_trunc_f32_u`, [f32], result);
  define(from + 2, `${name}_trunc_f64_s ${name}_trunc_f64_u`, [f64], result);
}
for (const [result, name, from, other, conversion] of [[f32, "f32", 0xb2, f64, "demote"], [f64, "f64", 0xb7, f32, "promote"]] as const) {
  define(from, `${name}_convert_i32_s ${name}_convert_i32_u`, [i32], result);
  define(from + 2, `${name}_convert_i64_s ${name}_convert_i64_u`, [i64], result);
  define(from + 4, `${name}_${conversion}`, [other], result);
}
for (const [result, name, from] of [[i32, "i32", 0x100], [i64, "i64", 0x104]] as const) {
  define(from, `${name}_trunc_sat_f32_s ${name}_trunc_sat_f32_u`, [f32], result);
  define(from + 2, `${name}_trunc_sat_f64_s ${name}_trunc_sat_f64_u`, [f64], result);
}

/** Undefined where the compiler writes the operation itself. */
export function helperOf(code: number): Helper | undefined {
  return helpers.get(code);
}

/** Of f32 and f64 comparisons, from eq on: ne is eq negated, gt and ge are lt and le with their operands swapped. */
export const floatComparisons = [
  { name: "eq", swap: false, negate: false }, { name: "eq", swap: false, negate: true }, { name: "lt", swap: false, negate: false },
  { name: "lt", swap: true, negate: false }, { name: "le", swap: false, negate: false }, { name: "le", swap: true, negate: false },
] as const;
