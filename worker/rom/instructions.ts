/** Encodings of the RV32IM instructions that the compiler emits, and the registers by their names in the ABI. */

export const reg = {
  zero: 0, ra: 1, sp: 2, gp: 3, tp: 4, t0: 5, t1: 6, t2: 7, s0: 8, s1: 9, a0: 10, a1: 11, a2: 12, a3: 13, a4: 14, a5: 15, a6: 16, a7: 17,
  s2: 18, s3: 19, s4: 20, s5: 21, s6: 22, s7: 23, s8: 24, s9: 25, s10: 26, s11: 27, t3: 28, t4: 29, t5: 30, t6: 31,
} as const;

/** funct3 and, from bit 3 on, funct7 of a register-register operation. */
export const alu = {
  add: 0, sub: 0x20 << 3, sll: 1, slt: 2, sltu: 3, xor: 4, srl: 5, sra: (0x20 << 3) | 5, or: 6, and: 7,
  mul: 8, mulh: 9, mulhsu: 10, mulhu: 11, div: 12, divu: 13, rem: 14, remu: 15,
} as const;
export type Alu = (typeof alu)[keyof typeof alu];

/** funct3 of a conditional branch; the lowest bit negates. */
export const branch = { eq: 0, ne: 1, lt: 4, ge: 5, ltu: 6, geu: 7 } as const;
export type Branch = (typeof branch)[keyof typeof branch];

export function negated(condition: Branch): Branch {
  return (condition ^ 1) as Branch;
}

/** funct3 of loads and stores. */
export const width = { b: 0, h: 1, w: 2, bu: 4, hu: 5 } as const;
export type Width = (typeof width)[keyof typeof width];

export const ecall = 0x73;

export function fits12(value: number): boolean {
  return value >= -2048 && value <= 2047;
}

/** Upper 20 bits (in place) and lower 12 (signed) that add up to `value`. */
export function split(value: number): { readonly high: number; readonly low: number } {
  const low = (value << 20) >> 20;
  return { high: (value - low) | 0, low };
}

export function register(op: Alu, rd: number, rs1: number, rs2: number): number {
  return ((op >> 3) << 25) | (rs2 << 20) | (rs1 << 15) | ((op & 7) << 12) | (rd << 7) | 0x33;
}

/** For shifts, `value` is the amount. There is no immediate form of sub. */
export function immediate(op: Alu, rd: number, rs1: number, value: number): number {
  const field = (op & 7) === 1 || (op & 7) === 5 ? ((op >> 3) << 5) | (value & 31) : value;
  return (field << 20) | (rs1 << 15) | ((op & 7) << 12) | (rd << 7) | 0x13;
}

export function upper(rd: number, high: number): number {
  return (high & 0xfffff000) | (rd << 7) | 0x37;
}

export function upperPc(rd: number, high: number): number {
  return (high & 0xfffff000) | (rd << 7) | 0x17;
}

export function loadFrom(kind: Width, rd: number, base: number, offset: number): number {
  return (offset << 20) | (base << 15) | (kind << 12) | (rd << 7) | 0x03;
}

export function storeTo(kind: Width, value: number, base: number, offset: number): number {
  return ((offset >> 5) << 25) | (value << 20) | (base << 15) | (kind << 12) | ((offset & 31) << 7) | 0x23;
}

/** `distance` in bytes from this instruction. */
export function branchTo(condition: Branch, rs1: number, rs2: number, distance: number): number {
  return ((distance >> 12) << 31) | (((distance >> 5) & 0x3f) << 25) | (rs2 << 20) | (rs1 << 15) | (condition << 12) | (((distance >> 1) & 15) << 8) | (((distance >> 11) & 1) << 7) | 0x63;
}

export function jumpTo(link: number, distance: number): number {
  return ((distance >> 20) << 31) | (((distance >> 1) & 0x3ff) << 21) | (((distance >> 11) & 1) << 20) | (((distance >> 12) & 0xff) << 12) | (link << 7) | 0x6f;
}

export function jumpRegister(link: number, base: number, offset: number): number {
  return (offset << 20) | (base << 15) | (link << 7) | 0x67;
}
