import assert from "node:assert/strict";
import { assemble } from "./assemble.ts";
import { Interpreter } from "./interpreter.ts";
import { advance, copyMachine, Halt, newMachine, step, type Machine, type Memory } from "./machine.ts";
import { ReusedRam } from "./testing.ts";

const plenty = 1n << 40n;
const reused = new ReusedRam();
const { ram } = reused;

/** A machine that is about to execute `lines` with these registers, taken on by the definition and by the interpreter, which must agree. */
function run(lines: string, set: Readonly<Record<number, number>> = {}, { transitions = 1, meterLimit = plenty, words = {} }: { transitions?: number; meterLimit?: bigint; words?: Readonly<Record<number, number>> } = {}): Machine & { word: (address: number) => number } {
  const { rom } = assemble(lines);
  const interpreter = new Interpreter(rom);
  const outcomes = [false, true].map((interpreted) => {
    reused.clean();
    const machine = newMachine();
    for (const [register, value] of Object.entries(set)) machine.registers[Number(register)] = value;
    for (const [address, value] of Object.entries(words)) ram.write(Number(address), new Uint8Array(Int32Array.of(value).buffer));
    if (interpreted) interpreter.run(machine, ram, meterLimit, BigInt(transitions));
    else for (let i = 0; i < transitions; i++) step(machine, interpreter.memoryOf(ram), meterLimit);
    return { machine, stored: reused.changed().map((page) => [page, ram.words.slice(page * 1024, (page + 1) * 1024)] as const) };
  });
  assert.deepEqual(outcomes[0], outcomes[1]);
  return { ...outcomes[0]!.machine, word: (address) => ram.words[address >>> 2]! };
}

const least = -0x80000000;
const most = 0x7fffffff;

describe("the machine", () => {
  describe("VM-6: computes", () => {
    // a0 and a1 are operands, a2 is the result.
    const cases: readonly (readonly [instruction: string, a: number, b: number, result: number])[] = [
      ["add", most, 1, least], ["sub", least, 1, most], ["sub", 0, least, least],
      ["sll", 1, 31, least], ["sll", 1, 32, 1], ["sll", 1, 33, 2], ["srl", least, 31, 1], ["srl", -1, 0, -1], ["srl", -1, 64, -1], ["sra", least, 31, -1], ["sra", least, 63, -1], ["sra", most, 30, 1],
      ["slt", -1, 0, 1], ["slt", 0, -1, 0], ["slt", least, most, 1], ["sltu", -1, 0, 0], ["sltu", 0, -1, 1], ["sltu", 5, 5, 0],
      ["xor", -1, 0x55, ~0x55], ["or", 0x50, 0x05, 0x55], ["and", -1, 0x55, 0x55],
      ["mul", 0x10000, 0x10000, 0], ["mul", -1, -1, 1], ["mul", 0x12345678, 0x9abcdef0 | 0, 0x242d2080], ["mul", least, least, 0],
      ["mulh", least, least, 0x40000000], ["mulh", -1, -1, 0], ["mulh", -1, 1, -1], ["mulh", most, most, 0x3fffffff], ["mulh", least, most, -0x40000000],
      ["mulhu", -1, -1, -2], ["mulhu", least, least, 0x40000000], ["mulhu", -1, 1, 0], ["mulhsu", -1, -1, -1], ["mulhsu", least, -1, least], ["mulhsu", most, -1, most - 1], ["mulhsu", 1, -1, 0],
      ["div", 7, -2, -3], ["div", -7, 2, -3], ["div", least, -1, least], ["div", 5, 0, -1], ["div", 0, 0, -1], ["div", least, 1, least], ["div", least, least, 1],
      ["divu", -1, 1, -1], ["divu", -1, 2, most], ["divu", 5, 0, -1], ["divu", least, -1, 0], ["divu", -1, -1, 1],
      ["rem", 7, -2, 1], ["rem", -7, 2, -1], ["rem", least, -1, 0], ["rem", 5, 0, 5], ["rem", least, 0, least], ["rem", -4, 2, 0],
      ["remu", -1, 10, 5], ["remu", 5, 0, 5], ["remu", -1, 0, -1], ["remu", 5, -1, 5],
    ];
    for (const [name, a, b, result] of cases) {
      it(`${name} of ${a} and ${b}`, () => {
        assert.equal(run(`${name} a2, a0, a1`, { 10: a, 11: b }).registers[12], result);
        // Into an operand, and of one register twice.
        assert.equal(run(`${name} a0, a0, a1`, { 10: a, 11: b }).registers[10], result);
        assert.equal(run(`${name} a1, a0, a1`, { 10: a, 11: b }).registers[11], result);
      });
    }

    const immediates: readonly (readonly [text: string, a: number, result: number])[] = [
      ["addi a2, a0, -1", least, most], ["addi a2, a0, 2047", most, least + 2046], ["slti a2, a0, -2048", -2049, 1], ["slti a2, a0, -1", -1, 0], ["sltiu a2, a0, -1", -2, 1], ["sltiu a2, a0, 1", 0, 1], ["sltiu a2, a0, 1", -1, 0],
      ["xori a2, a0, -1", 0x55, ~0x55], ["ori a2, a0, -2048", 1, -2047], ["andi a2, a0, -16", -1, -16], ["slli a2, a0, 31", 3, least], ["srli a2, a0, 31", least, 1], ["srai a2, a0, 31", least, -1], ["srai a2, a0, 0", -5, -5], ["lui a2, 0xfffff", 0, -4096], ["lui a2, 0x80000", 0, least],
    ];
    for (const [text, a, result] of immediates) it(`${text} of ${a}`, () => assert.equal(run(text, { 10: a }).registers[12], result));
  });

  it("VM-7: x0 stays 0, whatever writes to it", () => {
    for (const text of ["addi zero, a0, 5", "lui zero, 1", "auipc zero, 1", "add zero, a0, a0", "mul zero, a0, a0", "div zero, a0, a0", "lw zero, 0(a0)", "lb zero, 0(a0)", "jal zero, . + 4", "jalr zero, 4(zero)"]) {
      const { registers, pc, halt } = run(text, { 10: 64 }, { words: { 64: -1 } });
      assert.deepEqual([registers[0], pc, halt], [0, 4, Halt.running], text);
    }
    assert.equal(run("addi zero, zero, 7\nadd a0, zero, zero", { 10: 3 }, { transitions: 2 }).registers[10], 0);
  });

  describe("VM-8: loads and stores", () => {
    it("extend signs, or not", () => {
      const words = { 0x100: 0x80ff7f81 | 0 };
      const loaded = (text: string): number => run(`${text}(a0)`, { 10: 0x100 }, { words }).registers[12]!;
      assert.deepEqual(["lb a2, 0", "lb a2, 1", "lb a2, 2", "lb a2, 3"].map(loaded), [-127, 127, -1, -128]);
      assert.deepEqual(["lbu a2, 0", "lbu a2, 1", "lbu a2, 2", "lbu a2, 3"].map(loaded), [0x81, 0x7f, 0xff, 0x80]);
      assert.deepEqual(["lh a2, 0", "lh a2, 2", "lhu a2, 0", "lhu a2, 2", "lw a2, 0"].map(loaded), [0x7f81, -0x7f01, 0x7f81, 0x80ff, 0x80ff7f81 | 0]);
    });

    it("clear the address bits that their width does not have", () => {
      const words = { 0x100: 0x44332211, 0x104: 0x08070605 };
      const loaded = (text: string): number => run(`${text}(a0)`, { 10: 0x100 }, { words }).registers[12]!;
      assert.deepEqual(["lh a2, 1", "lh a2, 3", "lhu a2, 1", "lw a2, 1", "lw a2, 2", "lw a2, 3", "lw a2, 4", "lw a2, 7"].map(loaded), [0x2211, 0x4433, 0x2211, 0x44332211, 0x44332211, 0x44332211, 0x08070605, 0x08070605]);
      const stored = (text: string): number => run(`${text}(a0)`, { 10: 0x100, 11: 0xaabbccdd | 0 }, { words }).word(0x100);
      assert.deepEqual(["sh a1, 1", "sh a1, 3", "sw a1, 1", "sw a1, 3"].map(stored), [0x4433ccdd, 0xccdd2211 | 0, 0xaabbccdd | 0, 0xaabbccdd | 0]);
    });

    it("change no byte but theirs", () => {
      const words = { 0x100: 0x44332211 };
      const stored = (text: string): number => run(`${text}(a0)`, { 10: 0x100, 11: 0xaabbccdd | 0 }, { words }).word(0x100);
      assert.deepEqual(["sb a1, 0", "sb a1, 1", "sb a1, 2", "sb a1, 3", "sh a1, 0", "sh a1, 2", "sw a1, 0"].map(stored), [0x443322dd, 0x4433dd11, 0x44dd2211, 0xdd332211 | 0, 0x4433ccdd, 0xccdd2211 | 0, 0xaabbccdd | 0]);
    });

    it("wrap at 64 MiB, at both ends", () => {
      const words = { 0: 0x11111111, 0x3fffffc: 0x22222222 };
      const at = (base: number, text = "lw a2, 0(a0)"): number => run(text, { 10: base }, { words }).registers[12]!;
      assert.deepEqual([at(0x4000000), at(0x3ffffff), at(-4), at(-1), at(least), at(0, "lw a2, -4(a0)"), at(0x3fffffc, "lw a2, 4(a0)"), at(-0x4000000)], [0x11111111, 0x22222222, 0x22222222, 0x22222222, 0x11111111, 0x22222222, 0x11111111, 0x11111111]);
      assert.equal(run("sw a1, 8(a0)", { 10: 0x3fffffc, 11: 5 }).word(4), 5);
      assert.equal(run("sb a1, -1(a0)", { 10: 0, 11: 5 }).word(0x3fffffc), 0x05000000);
    });

    it("never see ROM, and instructions never come from RAM", () => {
      assert.equal(run("lw a2, 0(zero)").registers[12], 0);
      assert.equal(run("lw a2, 0(zero)", {}, { words: { 0: 0x73 } }).registers[12], 0x73);
      assert.equal(run("j 64", {}, { transitions: 2, words: { 64: 0x73 } }).halt, Halt.illegal);
    });
  });

  describe("VM-9: jumps and branches", () => {
    const taken: readonly (readonly [string, number, number, boolean])[] = [
      ["beq", 1, 1, true], ["beq", 1, 2, false], ["bne", 1, 2, true], ["bne", -1, -1, false], ["blt", -1, 0, true], ["blt", 0, -1, false], ["blt", 3, 3, false], ["bge", 0, -1, true], ["bge", 3, 3, true], ["bge", least, most, false],
      ["bltu", 0, -1, true], ["bltu", -1, 0, false], ["bltu", 3, 3, false], ["bgeu", -1, 0, true], ["bgeu", 3, 3, true], ["bgeu", most, least, false],
    ];
    for (const [name, a, b, jumps] of taken) it(`${name} of ${a} and ${b}`, () => assert.equal(run(`nop\nnop\n${name} a0, a1, 0`, { 10: a, 11: b }, { transitions: 3 }).pc, jumps ? 0 : 12));

    it("link, and clear the low bits of where they go", () => {
      const { pc, registers } = run("nop\njal ra, . + 8", {}, { transitions: 2 });
      assert.deepEqual([pc, registers[1]], [12, 8]);
      for (const low of [0, 1, 2, 3]) assert.deepEqual([run("jalr ra, 8(a0)", { 10: low }).pc, run("jalr a0, 8(a0)", { 10: low }).registers[10]], [8, 4]);
      assert.equal(run(".word 0x00200163").pc, 0, "a branch by 2 goes to the word that it lies in");
    });

    it("wrap at 16 MiB", () => {
      assert.equal(run("jalr ra, 0(a0)", { 10: 0x1000008 }).pc, 8);
      assert.equal(run("jalr ra, -4(a0)", { 10: 0 }).pc, 0xfffffc);
      assert.equal(run(".word 0xffdff06f").pc, 0xfffffc, "jal by -4 from 0");
      assert.equal(run(".word 0xfe000ee3").pc, 0xfffffc, "beq by -4 from 0");
    });

    it("auipc adds to pc", () => {
      assert.deepEqual([run("nop\nauipc a2, 1", {}, { transitions: 2 }).registers[12], run("nop\nauipc a2, 0xfffff", {}, { transitions: 2 }).registers[12]], [0x1004, -0xffc]);
    });

    it("behind the last word of a full ROM the first one follows, and the link is 2^24", () => {
      const rom = new Uint8Array(1 << 24);
      const view = new DataView(rom.buffer);
      view.setUint32(0, 0x73, true);
      const last = (word: number): Machine => {
        view.setUint32(0xfffffc, word, true);
        const interpreter = new Interpreter(rom);
        const [interpreted, defined] = [newMachine(), newMachine()];
        for (const machine of [interpreted, defined]) machine.pc = 0xfffffc;
        interpreter.run(interpreted, ram, plenty, 2n);
        advance(defined, interpreter.memoryOf(ram), 2, plenty);
        assert.deepEqual(interpreted, defined);
        return interpreted;
      };
      assert.deepEqual([last(0x13).pc, last(0x13).halt, last(0x008000ef).pc, last(0x008000ef).registers[1]], [0, Halt.done, 4, 0x1000000]);
      // jalr ra, 4(zero); a branch that is not taken, and one that is.
      assert.deepEqual([last(0x004000e7).pc, last(0x004000e7).registers[1]], [4, 0x1000000]);
      assert.deepEqual([last(0x00001463).pc, last(0x00000463).pc], [0, 4]);
    });
  });

  describe("VM-10: halts", () => {
    const halted = (text: string, limit = plenty): readonly unknown[] => {
      const { halt, pc, steps, meter } = run(text, {}, { transitions: 5, meterLimit: limit });
      return [halt, pc, steps, meter];
    };

    it("at ecall, at what is no instruction, and behind the ROM; pc stays, step and weight count", () => {
      assert.deepEqual(halted("nop\necall"), [Halt.done, 4, 2n, 2n]);
      for (const text of ["nop\nebreak", "nop\n.word 0", "nop\n.word -1", "nop", "nop\n.word 0x1073"]) assert.deepEqual(halted(text), [Halt.illegal, 4, 2n, 2n], text);
    });

    it("where a weight would pass the limit: the meter is at the limit, registers, memory and pc are as before", () => {
      assert.deepEqual(halted("nop\nnop\nnop", 2n), [Halt.exhausted, 8, 3n, 2n]);
      assert.deepEqual(halted("nop\necall", 2n), [Halt.done, 4, 2n, 2n]);
      assert.deepEqual(halted("nop\necall", 1n), [Halt.exhausted, 4, 2n, 1n]);
      assert.deepEqual(halted("nop\n.word 0", 1n), [Halt.exhausted, 4, 2n, 1n]);
      assert.deepEqual(halted("nop", 0n), [Halt.exhausted, 0, 1n, 0n]);
      const { registers, halt, meter, word } = run("addi a0, a0, 1\nsw a0, 0(zero)", { 10: 1 }, { transitions: 2, meterLimit: 2n });
      assert.deepEqual([registers[10], halt, meter, word(0)], [2, Halt.exhausted, 2n, 0]);
    });

    for (const [text, weight] of [["nop", 1n], ["jal ra, . + 4", 2n], ["lw a0, 0(zero)", 2n], ["sb a0, 0(zero)", 2n], ["mulhsu a0, a0, a0", 2n], ["remu a0, a0, a0", 8n], ["divu a0, a0, a0", 8n], ["fence", 1n], ["beq a0, a1, . + 8", 1n]] as const) {
      it(`exactly where ${text}, which weighs ${weight}, does not fit`, () => {
        const at = (limit: bigint): readonly unknown[] => {
          const { halt, meter, steps } = run(`nop\n${text}`, { 10: 1 }, { transitions: 2, meterLimit: limit });
          return [halt, meter, steps];
        };
        assert.deepEqual(at(weight + 1n), [Halt.running, weight + 1n, 2n]);
        assert.deepEqual(at(weight), [Halt.exhausted, weight, 2n]);
      });
    }

    it("for ever: a halted machine touches no memory and changes nothing", () => {
      const never: Memory = { fetch: () => assert.fail("fetched"), load: () => assert.fail("loaded"), store: () => assert.fail("stored") };
      for (const halt of [Halt.done, Halt.illegal, Halt.exhausted]) {
        const machine: Machine = { ...newMachine(), pc: 8, halt, steps: 7n, meter: 9n };
        const before = copyMachine(machine);
        step(machine, never, plenty);
        advance(machine, never, 1_000, plenty);
        new Interpreter(new Uint8Array(64)).run(machine, ram, plenty, 1_000n);
        assert.deepEqual(machine, before);
      }
    });
  });

  it("VM-11: leaves the machine as it was where memory throws", () => {
    const machine = newMachine();
    machine.registers[10] = 5;
    const before = copyMachine(machine);
    const { rom } = assemble("addi a0, a0, 1\nlw a1, 0(a0)");
    const memory: Memory = { ...new Interpreter(rom).memoryOf(ram), load: () => { throw new RangeError("not here"); } };
    assert.throws(() => { advance(machine, memory, 2, plenty); }, /not here/);
    assert.deepEqual(machine, before);
  });

  it("VM-12: fence does nothing", () => {
    const { pc, halt, registers } = run("fence\n.word 0x0000000f\n.word 0x8330008f", { 1: 77 }, { transitions: 3 });
    assert.deepEqual([pc, halt, registers[1]], [12, Halt.running, 77]);
  });
});
