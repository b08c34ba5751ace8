import assert from "node:assert/strict";
import { toHex } from "../codec/bytes.ts";
import { assemble, AssemblyError } from "./assemble.ts";

const words = (source: string): string[] => {
  const { rom } = assemble(source);
  const view = new DataView(rom.buffer);
  return Array.from({ length: rom.length / 4 }, (_, i) => view.getUint32(i * 4, true).toString(16).padStart(8, "0"));
};

describe("the assembler", () => {
  it("VM-33: encodes every format as other assemblers do", () => {
    // Words as LLVM's assembler writes them.
    const cases: readonly (readonly [string, string])[] = [
      ["add a0, a1, a2", "00c58533"], ["sub t0, t1, t2", "407302b3"], ["mulhsu s0, s1, s2", "0324a433"], ["addi sp, sp, -16", "ff010113"], ["sltiu a0, a1, 2047", "7ff5b513"], ["srai a0, a1, 31", "41f5d513"], ["slli x31, x30, 1", "001f1f93"],
      ["lw ra, -4(sp)", "ffc12083"], ["lbu a0, 2047(zero)", "7ff04503"], ["sw ra, -2048(sp)", "80112023"], ["sb a5, 31(a4)", "00f70fa3"], ["lui gp, 0xfffff", "fffff1b7"], ["auipc tp, 1", "00001217"],
      ["jal ra, . + 2048", "001000ef"], ["jal zero, . - 4 + 4", "0000006f"], ["j . + 1048572", "7fdff06f"], ["jalr ra, 0(a0)", "000500e7"], ["beq a0, a1, . + 4092", "7eb50ee3"], ["bgeu a0, a1, .", "00b57063"], ["fence", "0ff0000f"], ["ecall", "00000073"], ["ebreak", "00100073"], ["ret", "00008067"],
    ];
    for (const [source, word] of cases) assert.deepEqual(words(source), [word], source);
    assert.deepEqual(words("back: nop\nblt a0, a1, back\ncall back"), ["00000013", "feb54ee3", "ff9ff0ef"]);
  });

  it("VM-33: loads every constant, and addresses", () => {
    assert.deepEqual(words("li a0, 5"), ["00500513"]);
    assert.deepEqual(words("li a0, -2048"), ["80000513"]);
    assert.deepEqual(words("li a0, 0x1000"), ["00001537"]);
    assert.deepEqual(words("li a0, 0x12345fff"), ["12346537", "fff50513"]);
    assert.deepEqual(words("li a0, 0xffffffff"), ["fff00513"]);
    assert.deepEqual(words("li a0, 0x80000000"), ["80000537"]);
    assert.deepEqual(words("la a0, end\nend: la a1, end"), ["00000537", "00850513", "000005b7", "00858593"]);
    assert.deepEqual(words(".equ size, 'A' + 1\nli a0, size - 2"), ["04000513"]);
    assert.deepEqual(words("lui a0, %hi(here)\naddi a0, a0, %lo(here)\nhere:"), ["00000537", "00850513"]);
  });

  it("VM-33: keeps data apart, with labels of its own", () => {
    const { rom, data } = assemble(`
start:  la a0, text           # of data
        j start
        .data
        .byte 1, 2, 0x80
        .balign 4
text:   .asciz "a, \\"b\\" # c\\n"
        .half 0x1234, -1
        .word text, start, 0xdeadbeef
        .zero 2
`);
    assert.equal(toHex(data), `01028000${Buffer.from('a, "b" # c\n\0').toString("hex")}3412ffff0400000000000000efbeadde0000`);
    assert.equal(toHex(rom), "37050000" + "13054500" + "6ff09fff");
  });

  it("VM-34: says in which line what is wrong", () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ["nop\nfoo a0", /^line 2: there is no instruction foo/], ["add a0, a1", /line 1: add takes 3 operands, not 2/], ["mv a0", /mv takes 2 operands, not 1/], ["add a0, a1, 5", /5 is no register/], ["addi a0, a1, 2048", /addi: 2048 is 2048, not within -2048 to 2047/], ["slli a0, a0, 32", /not within 0 to 31/],
      ["lw a0, a1", /is not of the form offset\(register\)/], ["lw a0, 4096(a1)", /not within -2048/], ["j nowhere", /nowhere is not defined/], ["a: nop\na: nop", /line 2: a is defined twice/], ["sp: nop", /sp is a register/], ["li a0, later\nlater:", /later is not defined/], ["li a0, 0x1ffffffff", /does not fit 32 bits/],
      ["beq a0, a1, . + 4096", /4096 bytes away, it reaches 4096/], ["j . + 2", /no address of an instruction/], [".data\nnop", /belongs into .text/], [".foo 1", /no directive .foo/], [".ascii abc", /no text in double quotes/], [".zero -1", /not within 0 to 16 MiB/], [".balign 0", /positive/], ["lui a0, 0x100000", /not within 0 to 1048575/], [".word 1 + ", /is no number and no label/], [".word 0x", /0x is no number/], ["add a0,, a1", /add takes 3 operands|is no register/],
    ];
    for (const [source, problem] of cases) assert.throws(() => assemble(source), (error: unknown) => error instanceof AssemblyError && problem.test(error.message), `${source}: ${problem}`);
  });
});
