import assert from "node:assert/strict";
import { immediateB, immediateI, immediateJ, immediateS, immediateU, Op, operationOf, weightOf } from "./instructions.ts";

/** Mask and value of each instruction, as the RISC-V project's table of opcodes has them. */
const table: readonly (readonly [keyof typeof Op, number, number])[] = [
  ["lui", 0x7f, 0x37], ["auipc", 0x7f, 0x17], ["jal", 0x7f, 0x6f], ["jalr", 0x707f, 0x67],
  ["beq", 0x707f, 0x63], ["bne", 0x707f, 0x1063], ["blt", 0x707f, 0x4063], ["bge", 0x707f, 0x5063], ["bltu", 0x707f, 0x6063], ["bgeu", 0x707f, 0x7063],
  ["lb", 0x707f, 0x3], ["lh", 0x707f, 0x1003], ["lw", 0x707f, 0x2003], ["lbu", 0x707f, 0x4003], ["lhu", 0x707f, 0x5003],
  ["sb", 0x707f, 0x23], ["sh", 0x707f, 0x1023], ["sw", 0x707f, 0x2023],
  ["addi", 0x707f, 0x13], ["slti", 0x707f, 0x2013], ["sltiu", 0x707f, 0x3013], ["xori", 0x707f, 0x4013], ["ori", 0x707f, 0x6013], ["andi", 0x707f, 0x7013],
  ["slli", 0xfe00707f, 0x1013], ["srli", 0xfe00707f, 0x5013], ["srai", 0xfe00707f, 0x40005013],
  ["add", 0xfe00707f, 0x33], ["sub", 0xfe00707f, 0x40000033], ["sll", 0xfe00707f, 0x1033], ["slt", 0xfe00707f, 0x2033], ["sltu", 0xfe00707f, 0x3033], ["xor", 0xfe00707f, 0x4033],
  ["srl", 0xfe00707f, 0x5033], ["sra", 0xfe00707f, 0x40005033], ["or", 0xfe00707f, 0x6033], ["and", 0xfe00707f, 0x7033],
  ["mul", 0xfe00707f, 0x2000033], ["mulh", 0xfe00707f, 0x2001033], ["mulhsu", 0xfe00707f, 0x2002033], ["mulhu", 0xfe00707f, 0x2003033],
  ["div", 0xfe00707f, 0x2004033], ["divu", 0xfe00707f, 0x2005033], ["rem", 0xfe00707f, 0x2006033], ["remu", 0xfe00707f, 0x2007033],
  ["fence", 0x707f, 0xf], ["ecall", -1, 0x73],
];

const expected = (word: number): Op => {
  const found = table.find(([, mask, match]) => (word & mask) === (match | 0));
  return found === undefined ? Op.illegal : Op[found[0]];
};

describe("instructions", () => {
  it("VM-1: are told by every bit that the manual fixes: all opcodes, funct3 and funct7", () => {
    for (let funct7 = 0; funct7 < 128; funct7++) {
      for (let funct3 = 0; funct3 < 8; funct3++) {
        for (let opcode = 0; opcode < 128; opcode++) {
          for (const operands of [0, 0x01ff8f80, 0x00100000]) {
            const word = (funct7 << 25) | (funct3 << 12) | opcode | operands;
            assert.equal(operationOf(word), expected(word), word.toString(16));
          }
        }
      }
    }
    assert.equal(table.length, 47);
  });

  it("VM-1: but for those of RV32IM none is known: ebreak, fence.i, csr, compressed, zeros and ones", () => {
    for (const word of [0x00100073, 0x0000100f, 0xc0002573, 0x00004501, 0, -1, 0x30200073, 0x10500073, 0x00000173]) assert.equal(operationOf(word), Op.illegal);
    for (const word of [0x0000000f, 0x0ff0000f, 0x8330000f, 0xffff8f8f | 0]) assert.equal(operationOf(word), Op.fence, word.toString(16));
  });

  it("VM-2: weigh what version 1 says", () => {
    const heavy: Readonly<Record<string, number>> = { jal: 2, jalr: 2, lb: 2, lh: 2, lw: 2, lbu: 2, lhu: 2, sb: 2, sh: 2, sw: 2, mul: 2, mulh: 2, mulhsu: 2, mulhu: 2, div: 8, divu: 8, rem: 8, remu: 8 };
    for (const [name, , match] of table) assert.equal(weightOf(match), heavy[name] ?? 1, name);
    assert.equal(weightOf(0), 1);
    // A load and a jump whose funct3 is unknown.
    assert.deepEqual([0x3003, 0x1067].map(weightOf), [1, 1]);
  });

  it("VM-3: have sign-extended immediates", () => {
    assert.deepEqual([0x7ff00013, 0x80000013, 0xfff00013].map(immediateI), [2047, -2048, -1]);
    assert.deepEqual([0x7e000fa3, 0x80000023, 0xfe000fa3].map(immediateS), [2047, -2048, -1]);
    assert.deepEqual([0x7e000fe3, 0x80000063, 0xfe000fe3].map(immediateB), [4094, -4096, -2]);
    assert.deepEqual([0x7ffff06f, 0x8000006f, 0xfffff06f].map(immediateJ), [0xffffe, -0x100000, -2]);
    assert.deepEqual([0x80000037, 0x7ffff037].map(immediateU), [-0x80000000, 0x7ffff000]);
  });
});
