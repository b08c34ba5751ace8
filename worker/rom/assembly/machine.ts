// Where things lie in the machine's RAM, and what only the machine can do. worker/rom/layout.ts has the same numbers.

@external("machine", "halt") export declare function halt(size: u32): void;
@external("machine", "trap") export declare function trap(): void;
/** High word of the product of two unsigned words. */
@external("machine", "mulhu") export declare function mulhu(a: u32, b: u32): u32;

export const STATICS: usize = 0x01800000;
export const ARGUMENTS: usize = 0x01ff0000;
/** Texts of the arguments, one after the other, each with a zero byte behind it. */
export const TEXTS: usize = 0x01fe0000;
/** Address of each text, and of the end of the last. */
export const TEXT_TABLE: usize = 0x01fc0000;
export const INPUT: usize = 0x02000000;
export const OUTPUT: usize = 0x03000000;
export const OUTPUT_MOST: u32 = 0x01000000 - 2;

@inline export function inputSize(): u32 {
  return load<u32>(STATICS);
}
@inline export function argumentsSize(): u32 {
  return load<u32>(STATICS, 4);
}
@inline export function taskIndex(): u32 {
  return load<u32>(STATICS, 8);
}
@inline export function growRefused(): bool {
  return load<u32>(STATICS, 12) != 0;
}
/** An effect: the compiler of this source would else compute what is seldom needed before it asks whether it is. */
@inline export function seldom(): void {
  store<u32>(STATICS, 0, 16);
}
/** Bytes of the program's memory. */
@inline export function memoryBytes(): u32 {
  return (<u32>memory.size()) << 16;
}
@inline export function inside(at: u32, length: u32): bool {
  const bytes = memoryBytes();
  return length <= bytes && at <= bytes - length;
}
