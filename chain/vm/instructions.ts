/**
 * The 47 instructions of RV32IM that do anything here, as numbers: which one a word is, what it weighs, and its immediates.
 * Source: The RISC-V Instruction Set Manual, volume I, chapters "RV32I" and "M", and its opcode tables.
 */

/** The numbers are this machine's own. The interpreter's switch is written in them, so they have no gaps. */
export const Op = {
  illegal: 0,
  lui: 1, auipc: 2, jal: 3, jalr: 4,
  beq: 5, bne: 6, blt: 7, bge: 8, bltu: 9, bgeu: 10,
  lb: 11, lh: 12, lw: 13, lbu: 14, lhu: 15,
  sb: 16, sh: 17, sw: 18,
  addi: 19, slti: 20, sltiu: 21, xori: 22, ori: 23, andi: 24, slli: 25, srli: 26, srai: 27,
  add: 28, sub: 29, sll: 30, slt: 31, sltu: 32, xor: 33, srl: 34, sra: 35, or: 36, and: 37,
  fence: 38, ecall: 39,
  mul: 40, mulh: 41, mulhsu: 42, mulhu: 43, div: 44, divu: 45, rem: 46, remu: 47,
} as const;

export type Op = (typeof Op)[keyof typeof Op];

const none: readonly Op[] = [0, 0, 0, 0, 0, 0, 0, 0];
const branches: readonly Op[] = [Op.beq, Op.bne, 0, 0, Op.blt, Op.bge, Op.bltu, Op.bgeu];
const loads: readonly Op[] = [Op.lb, Op.lh, Op.lw, 0, Op.lbu, Op.lhu, 0, 0];
const stores: readonly Op[] = [Op.sb, Op.sh, Op.sw, 0, 0, 0, 0, 0];
/** By funct3; the shifts, at 1 and 5, are told apart by the bits above their amount. */
const immediate: readonly Op[] = [Op.addi, 0, Op.slti, Op.sltiu, Op.xori, 0, Op.ori, Op.andi];
const shifts: readonly (readonly Op[])[] = [[0, Op.slli, 0, 0, 0, Op.srli, 0, 0], [0, 0, 0, 0, 0, Op.srai, 0, 0]];
/** By funct7 (0, 32, 1), then funct3. */
const plain: readonly Op[] = [Op.add, Op.sll, Op.slt, Op.sltu, Op.xor, Op.srl, Op.or, Op.and];
const alternate: readonly Op[] = [Op.sub, 0, 0, 0, 0, Op.sra, 0, 0];
const multiply: readonly Op[] = [Op.mul, Op.mulh, Op.mulhsu, Op.mulhu, Op.div, Op.divu, Op.rem, Op.remu];

/** Which instruction a 32-bit word is: every bit that the manual fixes is looked at. `fence` takes any operands. */
export function operationOf(word: number): Op {
  const funct3 = (word >>> 12) & 7;
  const funct7 = word >>> 25;
  switch (word & 0x7f) {
    case 0x37: return Op.lui;
    case 0x17: return Op.auipc;
    case 0x6f: return Op.jal;
    case 0x67: return funct3 === 0 ? Op.jalr : Op.illegal;
    case 0x63: return branches[funct3]!;
    case 0x03: return loads[funct3]!;
    case 0x23: return stores[funct3]!;
    case 0x13: return (funct3 & 3) === 1 ? (funct7 === 0 ? shifts[0]! : funct7 === 32 ? shifts[1]! : none)[funct3]! : immediate[funct3]!;
    case 0x33: return (funct7 === 0 ? plain : funct7 === 1 ? multiply : funct7 === 32 ? alternate : none)[funct3]!;
    case 0x0f: return funct3 === 0 ? Op.fence : Op.illegal;
    case 0x73: return word === 0x73 ? Op.ecall : Op.illegal;
    default: return Op.illegal;
  }
}

/** What one execution adds to the meter, by operation. Version 1. */
const weights: readonly number[] = Array.from({ length: 48 }, (_, op) => {
  if (op >= Op.div) return 8;
  if (op >= Op.mul) return 2;
  return op === Op.jal || op === Op.jalr || (op >= Op.lb && op <= Op.sw) ? 2 : 1;
});

/** The largest weight. */
export const maxWeight = 8;

export function weightOfOp(op: Op): number {
  return weights[op]!;
}

/** What a word adds to the meter where it is executed: 1 to 8; an illegal one 1. */
export function weightOf(word: number): number {
  return weightOfOp(operationOf(word));
}

/** The immediates of the five formats that have one, sign-extended to 32 bits. */
export const immediateI = (word: number): number => word >> 20;
export const immediateS = (word: number): number => ((word >> 25) << 5) | ((word >>> 7) & 0x1f);
export const immediateB = (word: number): number => ((word >> 31) << 12) | ((word << 4) & 0x800) | ((word >>> 20) & 0x7e0) | ((word >>> 7) & 0x1e);
export const immediateU = (word: number): number => word & 0xfffff000;
export const immediateJ = (word: number): number => ((word >> 31) << 20) | (word & 0xff000) | ((word >>> 9) & 0x800) | ((word >>> 20) & 0x7fe);
