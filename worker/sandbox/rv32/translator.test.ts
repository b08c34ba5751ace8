import assert from "node:assert/strict";
import { assemble } from "../../../chain/vm/assemble.ts";
import { partOf, wholeRange } from "../../../chain/vm/bisection.ts";
import { Op, operationOf } from "../../../chain/vm/instructions.ts";
import { Interpreter, type Engine } from "../../../chain/vm/interpreter.ts";
import { outputAt, romBytes } from "../../../chain/vm/layout.ts";
import { copyMachine, Halt, newMachine, type Machine } from "../../../chain/vm/machine.ts";
import { Party } from "../../../chain/vm/party.ts";
import { Ram } from "../../../chain/vm/ram.ts";
import { compareEngines, edges, fullRom, jump, loopOfInstructions, numbers, sameRam } from "./random-program.ts";
import { formRegion } from "./region.ts";
import { translate } from "./translate.ts";
import { Translator, type Tuning } from "./translator.ts";

/** Translates at the first sign of work. */
const eager: Tuning = { first: 64, patience: 1.2, cost: 1 };
const unlimited = 1n << 60n;

/** Runs on both engines, through the same stops; gives the machine that both came to. */
function both(rom: Uint8Array, { stops = [1n << 40n], limit = unlimited, tuning = eager }: { stops?: readonly bigint[]; limit?: bigint; tuning?: Tuning } = {}): Machine {
  const machines = ([new Translator(rom, tuning), new Interpreter(rom)] as const).map((engine: Engine) => {
    const machine = newMachine();
    const ram = engine.ram ?? new Ram();
    const seen = stops.map((stop) => {
      engine.run(machine, ram, limit, stop - machine.steps);
      return copyMachine(machine);
    });
    return { seen, bytes: ram.bytes, dirty: ram.dirty };
  });
  assert.deepEqual(machines[0]!.seen, machines[1]!.seen);
  assert.ok(Buffer.from(machines[0]!.dirty).equals(machines[1]!.dirty));
  assert.ok(sameRam(machines[0]!.bytes, machines[1]!.bytes, machines[1]!.dirty));
  return machines[1]!.seen.at(-1)!;
}

describe("rv32 translator", function () {
  this.timeout(180_000);

  it("does what the interpreter does, on random programs, through every stop", () => {
    for (let seed = 0; seed < 40; seed++) compareEngines(seed);
  });

  it("does so on programs of loops, calls and jumps by number that keep a sum of all they do", () => {
    for (let seed = 0; seed < 24; seed++) compareEngines(seed, "structured");
  });

  it("gives every instruction the interpreter's result, on the values that matter", () => {
    // From the third round on all of the program is one region.
    const tuning: Tuning = { first: 6000, patience: 1e9, cost: 1 };
    for (const edge of edges) {
      const { rom, operations } = loopOfInstructions(edge);
      // All but `fence`, jumps and what halts, which have tests of their own.
      assert.equal(operations.size, Object.keys(Op).length - 5);
      assert.equal(both(rom, { tuning }).halt, Halt.done);
    }
  });

  it("stops at the exact transition, wherever that lies in a block", () => {
    const { rom } = assemble("li t1, 1000000\nloop: addi t0, t0, 1\nmul t2, t0, t0\nsw t2, 0(t0)\nbne t0, t1, loop\necall");
    both(rom, { stops: Array.from({ length: 40 }, (_, i) => 50_000n + BigInt(i * 997)) });
  });

  it("exhausts the meter at the exact instruction, whatever it weighs", () => {
    const { rom } = assemble("li t0, 7\nloop: div t1, t0, t0\nlw t2, 0(zero)\naddi t3, t3, 1\nj loop");
    for (let limit = 20_000n; limit < 20_013n; limit++) assert.equal(both(rom, { limit }).halt, Halt.exhausted);
    assert.deepEqual(both(rom, { limit: 0n }).steps, 1n);
  });

  it("ends within the longest and heaviest block as the interpreter does", () => {
    const { rom } = assemble(`li t0, 7\nloop: ${"div t1, t0, t0\n".repeat(249)}j loop`);
    for (const left of [99n, 2_000n, 4_097n]) {
      both(rom, { limit: 60_000n + left });
      both(rom, { stops: [20_000n, 20_000n + left] });
    }
  });

  it("halts at an illegal word and at ecall with the program counter on it", () => {
    for (const [word, halt] of [["ecall", Halt.done], ["ebreak", Halt.illegal], [".word 0", Halt.illegal]] as const) {
      const { rom } = assemble(`li t1, 30000\nloop: addi t0, t0, 1\nblt t0, t1, loop\nnop\n${word}`);
      const machine = both(rom);
      assert.deepEqual([machine.halt, machine.pc], [halt, rom.length - 4]);
    }
  });

  it("halts where a program runs or jumps out of its instructions", () => {
    assert.equal(both(assemble("li t1, 30000\nloop: addi t0, t0, 1\nblt t0, t1, loop").rom).halt, Halt.illegal);
    assert.equal(both(assemble("li t1, 30000\nli t2, 0x800000\nloop: addi t0, t0, 1\nblt t0, t1, loop\njr t2").rom).pc, 0x800000);
  });

  it("wraps at the end of a full ROM: running on, jumping, branching, linking", () => {
    const addi = 0x00128293; // addi t0, t0, 1
    const last = romBytes / 4 - 1;
    const over = { stops: [40_000n], tuning: eager };
    // Around through every word would take long: the first one jumps back near the end.
    both(fullRom(addi, { 0: jump(-100) }), over);
    both(fullRom(addi, { [last]: jump(8, 1) }), over);
    both(fullRom(addi, { [last]: jump(0xffc, 1), 0x3fe: 0x00110133, 0x3ff: jump(-0x1000) }), over); // add sp, sp, ra: the last steps are interpreted, and forget what was wrong
  });

  it("follows indirect jumps to anywhere: the middle of blocks, addresses with low bits, itself", () => {
    both(assemble("li t1, 10000\nloop: addi t0, t0, 1\nandi t2, t0, 12\njalr s0, 24(t2)\nnop\nnop\naddi a0, a0, 1\naddi a0, a0, 3\naddi a0, a0, 7\naddi a0, a0, 9\nblt t0, t1, loop\necall").rom);
    both(assemble("jalr t0, 3(zero)").rom, { stops: [30_000n] });
    both(assemble("loop: j loop").rom, { stops: [30_000n] });
    both(assemble("loop: beq zero, zero, loop").rom, { stops: [30_000n] });
  });

  it("marks the pages that translated code stores to", () => {
    const translator = new Translator(assemble(`li t0, ${outputAt + 4095}\nli t1, 20000\nloop: sb t1, 0(t0)\naddi t1, t1, -1\nbnez t1, loop\necall`).rom, eager);
    translator.run(newMachine(), translator.ram, unlimited, unlimited);
    assert.deepEqual([...translator.ram.dirty.entries()].filter(([, mark]) => mark === 1), [[outputAt / 4096, 1]]);
  });

  it("takes a party of a dispute to every boundary, forwards and back, as the interpreter does", () => {
    const program = assemble("li t1, 200000\nloop: addi t0, t0, 1\nslli t2, t0, 4\nmul t3, t0, t0\nsw t3, 0(t2)\nbne t0, t1, loop\necall");
    const task = { program, input: Uint8Array.of(1), arguments: new Uint8Array(0), taskIndex: 0, meterLimit: 1_000_000n };
    const whole = wholeRange(task.meterLimit);
    const [fast, slow] = [new Party(task, { engine: new Translator(program.rom, eager) }), new Party(task)].map((party) => {
      const last = party.outcome(0n);
      const hashes = party.innerHashes(whole);
      return { last, hashes, finer: party.innerHashes(partOf(whole, 3)) };
    });
    assert.deepEqual(fast, slow);
  });

  it("runs on its own RAM alone", () => {
    assert.throws(() => new Translator(new Uint8Array(4)).run(newMachine(), new Ram(), unlimited, 1n), /own RAM/);
  });

  it("makes bounded modules of hostile ROMs", () => {
    const next = numbers(7);
    // Branches to everywhere, nested without end, and jumps that could come from anywhere.
    const rom = Int32Array.from({ length: 1 << 16 }, (_, at) => {
      const word = [0x63, 0x6f, 0x67, 0x33][next(4)]! | (next(32) << 7) | (next(32) << 15);
      return operationOf(word) === Op.jal ? jump(4 * (next(2000) - Math.min(at, 1000)), 1) : word | (next(1 << 12) << 20);
    });
    const seeds = Array.from({ length: 512 }, () => next(rom.length));
    const region = formRegion(rom, seeds, { blocks: 512, instructions: 4096 })!;
    assert.ok(region.blocks.length <= 512 && region.instructions < 4096 + 250, `${region.blocks.length} blocks, ${region.instructions} instructions`);
    assert.ok(translate(rom, region, 1).length < 1 << 19);
    assert.equal(formRegion(new Int32Array(16), [0, 5, 99], { blocks: 512, instructions: 4096 }), undefined);
  });
});
