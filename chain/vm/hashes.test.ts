/** Roots and states, against the definitions written out. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { equalBytes, fromHex, toHex, utf8 } from "../codec/bytes.ts";
import { initialMachine, initialState } from "./initial.ts";
import { argumentsAt, inputAt, outputAt, ramBytes, ramDepth } from "./layout.ts";
import { Halt, newMachine, type Machine } from "./machine.ts";
import { MemoryTree } from "./memory-tree.ts";
import { argumentsRoot, regionRoot, romRoot, rootOf, zeroRoot } from "./merkle.ts";
import { Party } from "./party.ts";
import { decodeProgram, encodeProgram, ProgramError, programRoot, programRoots, type Program } from "./program.ts";
import { Ram, ramPages } from "./ram.ts";
import { checkFinal, fieldsOf, finalHash, machineOf, outputSizeOf, resultSize, stateHash, type FinalClaim, type FinalState } from "./state-hash.ts";

const sha = (...parts: readonly Uint8Array[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/** The root by its definition. */
function definition(bytes: Uint8Array, depth: number): Uint8Array {
  const zeros = [sha(new Uint8Array(256))];
  for (let level = 0; level < depth; level++) zeros.push(sha(zeros[level]!, zeros[level]!));
  const node = (level: number, index: number): Uint8Array => {
    const from = (index * 256) * 2 ** level;
    if (from >= bytes.length) return zeros[level]!;
    if (level > 0) return sha(node(level - 1, 2 * index), node(level - 1, 2 * index + 1));
    const leaf = new Uint8Array(256);
    leaf.set(bytes.subarray(from, from + 256));
    return sha(leaf);
  };
  return node(depth, 0);
}

const pattern = (length: number, step = 7): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * step + (i >>> 8)) & 0xff);

describe("hashes of the machine", () => {
  it("VM-24: roots are those of the definition, for every length about the edges of leaves, and for zeros", () => {
    for (const length of [0, 1, 255, 256, 257, 511, 512, 513, 1_023, 4_096, 4_097, 65_535, 65_536]) {
      for (const bytes of [pattern(length), new Uint8Array(length), pattern(length).fill(0, 0, length >> 1), pattern(length).fill(0, length >> 1)]) {
        assert.equal(toHex(argumentsRoot(bytes)), toHex(definition(bytes, 8)), String(length));
        assert.equal(toHex(regionRoot(bytes)), toHex(definition(bytes, 16)), String(length));
        assert.equal(toHex(romRoot(bytes)), toHex(regionRoot(bytes)), String(length));
      }
    }
    for (let depth = 0; depth <= 18; depth++) assert.equal(toHex(zeroRoot(depth)), toHex(definition(new Uint8Array(0), depth)));
    const whole = new Uint8Array(1 << 24);
    whole[(1 << 24) - 1] = 1;
    assert.equal(toHex(regionRoot(whole)), toHex(MemoryTree.of(whole, 16).root()));
  });

  it("VM-24: trailing zeros change no root, and what does not fit is refused", () => {
    assert.equal(toHex(regionRoot(pattern(300))), toHex(regionRoot(Uint8Array.from([...pattern(300), ...new Uint8Array(5_000)]))));
    assert.throws(() => argumentsRoot(new Uint8Array(65_537)), /65537 bytes, a tree of depth 8 holds 65536/);
    assert.throws(() => regionRoot(new Uint8Array((1 << 24) + 1)), RangeError);
    assert.throws(() => MemoryTree.of(new Uint8Array(65_537), 8), RangeError);
  });

  it("VM-25: a tree that is kept from changes has the root of its memory, and gives siblings of every level", () => {
    const bytes = new Uint8Array(1 << 16);
    const tree = new MemoryTree(8);
    const dirty = new Uint8Array(16);
    for (const [i, at] of [0, 5, 4_095, 4_096, 65_535, 30_000, 5, 0].entries()) {
      bytes[at] = i % 6;
      dirty[at >>> 12] = 1;
      tree.update(bytes, dirty);
      assert.equal(toHex(tree.root()), toHex(definition(bytes, 8)));
      assert.ok(!dirty.includes(1));
    }
    const siblings = tree.siblings(bytes, [0, 1, 77]);
    const expected = [bytes.subarray(76 * 256, 77 * 256), bytes.subarray(2 * 256, 4 * 256)];
    assert.equal(toHex(siblings.subarray(0, 32)), toHex(definition(expected[0]!, 0)));
    assert.equal(toHex(siblings.subarray(32, 64)), toHex(definition(expected[1]!, 1)));
  });

  it("VM-26: the initial state is the same from roots and from bytes", () => {
    const ram = new Ram();
    for (const [data, input, args] of [[0, 0, 0], [1, 1, 1], [5_000, 70_000, 65_536], [100, 4_096, 300]] as const) {
      const program: Program = { rom: pattern(400), data: pattern(data, 3) };
      const [inputBytes, argumentBytes] = [pattern(input, 5), pattern(args, 11)];
      const fromRoots = initialState({ ...programRoots(program), inputRoot: regionRoot(inputBytes), inputSize: input, arguments: argumentBytes, taskIndex: 7 });
      const party = new Party({ program, input: inputBytes, arguments: argumentBytes, taskIndex: 7, meterLimit: 1n });
      assert.equal(toHex(fromRoots.hash), toHex(party.hashAfter(0n)));
      ram.bytes.fill(0);
      ram.bytes.set(program.data);
      ram.bytes.set(argumentBytes, argumentsAt);
      ram.bytes.set(inputBytes, inputAt);
      assert.equal(toHex(fromRoots.ramRoot), toHex(rootOf(ram.bytes, ramDepth)));
      assert.deepEqual([...fromRoots.machine.registers], Array.from({ length: 32 }, (_, i) => [input, args, 7][i - 10] ?? 0));
      assert.deepEqual({ ...fromRoots.machine, registers: 0 }, { ...newMachine(), registers: 0 });
    }
  });

  it("VM-26: sizes and an index that do not fit are refused", () => {
    const parts = { inputSize: 0, argumentsSize: 0, taskIndex: 0 };
    for (const wrong of [{ inputSize: (1 << 24) + 1 }, { inputSize: -1 }, { argumentsSize: 65_537 }, { taskIndex: 2 ** 32 }, { taskIndex: 0.5 }]) assert.throws(() => initialMachine({ ...parts, ...wrong }), RangeError);
    assert.equal(initialMachine({ ...parts, taskIndex: 2 ** 32 - 1 }).registers[12], -1);
  });

  const machine: Machine = { pc: 0x123454, halt: Halt.done, steps: 0x0102030405060708n, meter: 0x1112131415161718n, registers: Int32Array.from({ length: 32 }, (_, i) => (i === 0 ? 0 : -i)) };

  it("VM-27: a state's hash is of its bytes as the contract lays them out", () => {
    const registers = Buffer.alloc(124);
    for (let i = 1; i < 32; i++) registers.writeInt32LE(-i, (i - 1) * 4);
    const root = sha(utf8("root"));
    const bytes = [utf8("dcm/rv32/state/v1"), fromHex("54341200"), fromHex("01000000"), fromHex("0807060504030201"), fromHex("1817161514131211"), registers, root];
    assert.equal(toHex(stateHash(machine, root)), toHex(sha(...bytes)));
    assert.deepEqual(machineOf(fieldsOf(machine), machine.meter), machine);
    assert.equal(outputSizeOf(fieldsOf(machine).registers), 2 ** 32 - 10);
    // Registers of a message are a view of its bytes.
    const within = Uint8Array.from([7, ...registers, 7]).subarray(1, 125);
    assert.deepEqual(machineOf({ ...fieldsOf(machine), registers: within }, machine.meter), machine);
  });

  it("VM-28: programs have a root, and a file that nothing but they are read from", () => {
    const program: Program = { rom: pattern(16), data: pattern(5) };
    const file = encodeProgram(program);
    assert.equal(toHex(file), toHex(Buffer.concat([utf8("dcmrv32\x01"), fromHex("10000000"), program.rom, fromHex("05000000"), program.data])));
    assert.deepEqual(decodeProgram(file), program);
    assert.equal(toHex(programRoot(programRoots(program))), toHex(sha(utf8("dcm/rv32/program/v1"), definition(program.rom, 16), definition(program.data, 16))));
    assert.deepEqual(decodeProgram(encodeProgram({ rom: new Uint8Array(0), data: new Uint8Array(0) })), { rom: new Uint8Array(0), data: new Uint8Array(0) });
    for (let length = 0; length < file.length; length++) assert.throws(() => decodeProgram(file.subarray(0, length)), ProgramError);
    assert.throws(() => decodeProgram(Uint8Array.from([...file, 0])), /the file has 38 bytes, its lengths make 37/);
    assert.throws(() => decodeProgram(file.with(7, 2)), /version 1/);
    assert.throws(() => decodeProgram(file.with(8, 15)), ProgramError);
    assert.throws(() => decodeProgram(file.with(11, 255)), ProgramError);
    assert.throws(() => decodeProgram(Uint8Array.from([...utf8("dcmrv32\x01"), 2, 0, 0, 0, 1, 2, 0, 0, 0, 0])), /not a multiple of 4/);
    for (const wrong of [{ rom: new Uint8Array((1 << 24) + 4) }, { rom: new Uint8Array(6) }, { data: new Uint8Array((1 << 24) + 1) }]) {
      assert.throws(() => encodeProgram({ ...program, ...wrong }), ProgramError);
      assert.throws(() => programRoots({ ...program, ...wrong }), ProgramError);
    }
  });

  describe("a claimed final state", () => {
    const registers = fieldsOf({ ...machine, registers: Int32Array.from(machine.registers).fill(40, 10, 11) }).registers;
    const final: FinalState = { pc: 8, halt: Halt.done, steps: 50n, meter: 60n, registers, lowRoot: sha(utf8("low")), inputRoot: sha(utf8("input")) };
    const claim: FinalClaim = { final, outputRoot: sha(utf8("output")), size: 40n, meter: 60n, meterLimit: 100n, maxResultSize: 40n };
    const wrong = (changed: Partial<FinalClaim>, state: Partial<FinalState> = {}): string | undefined => checkFinal({ ...claim, ...changed, final: { ...final, ...state } });

    it("VM-29: has the size that halt and a0 give: a0 where the program is done and it fits, else 0", () => {
      assert.equal(wrong({}), undefined);
      assert.match(wrong({ size: 39n })!, /size 39 is not 40/);
      assert.equal(wrong({ maxResultSize: 39n, size: 0n }), undefined);
      assert.match(wrong({ maxResultSize: 39n })!, /size 40 is not 0/);
      assert.equal(wrong({ size: 0n }, { halt: Halt.illegal }), undefined);
      assert.match(wrong({}, { halt: Halt.illegal })!, /size 40 is not 0/);
      const huge = fieldsOf({ ...machine, registers: machine.registers.slice().fill((1 << 24) + 1, 10, 11) });
      assert.equal(resultSize(huge, 1n << 40n), 0n);
      assert.equal(resultSize({ ...huge, registers: fieldsOf({ ...machine, registers: machine.registers.slice().fill(1 << 24, 10, 11) }).registers }, 1n << 40n), 1n << 24n);
    });

    it("VM-29: has halted, within its meter, in as many steps as that allows, with fields that are in range", () => {
      assert.match(wrong({}, { halt: 0 })!, /still runs/);
      assert.match(wrong({}, { halt: 4 })!, /halt 4/);
      assert.match(wrong({ meter: 61n })!, /meter 61 is not the final state's 60/);
      assert.match(wrong({ meterLimit: 59n })!, /above the limit 59/);
      assert.match(wrong({ size: 0n }, { halt: Halt.exhausted })!, /not the limit 100/);
      assert.equal(wrong({ size: 0n, meter: 100n }, { halt: Halt.exhausted, meter: 100n, steps: 101n }), undefined);
      for (const steps of [0n, 62n]) assert.match(wrong({}, { steps })!, /cannot be with meter 60/);
      for (const state of [{ pc: 2 }, { pc: 1 << 24 }, { steps: 1n << 64n }, { registers: new Uint8Array(123) }, { lowRoot: new Uint8Array(31) }, { inputRoot: new Uint8Array(33) }]) assert.notEqual(wrong({}, state), undefined);
      assert.match(wrong({ outputRoot: new Uint8Array(0) })!, /output root has 0 bytes/);
    });

    it("VM-29: hashes as the state with the roots of its parts", () => {
      const ram = sha(final.lowRoot, sha(final.inputRoot, claim.outputRoot));
      const state = machineOf(final, 100n);
      assert.ok(typeof state !== "string");
      assert.equal(toHex(finalHash(final, claim.outputRoot)), toHex(stateHash(state, ram)));
      assert.ok(!equalBytes(finalHash(final, claim.outputRoot), finalHash(final, final.inputRoot)));
    });
  });

  it("VM-30: memory from outside must have room for RAM, and its pages count as changed", () => {
    assert.throws(() => new Ram({ buffer: new ArrayBuffer(4_096), dirtyAt: 0 }), RangeError);
    const ram = new Ram({ buffer: new ArrayBuffer(ramBytes + ramPages), dirtyAt: ramBytes });
    assert.ok(!ram.dirty.includes(0));
    const fresh = new Ram();
    fresh.write(outputAt - 1, Uint8Array.of(1, 2));
    assert.deepEqual([...fresh.dirty.keys()].filter((page) => fresh.dirty[page] === 1), [outputAt / 4_096 - 1, outputAt / 4_096]);
  });
});
