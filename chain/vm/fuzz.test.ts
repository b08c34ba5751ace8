/** Random programs from random states: definition, interpreter and referee must see the same. */
import assert from "node:assert/strict";
import { toHex } from "../codec/bytes.ts";
import { seeded } from "../../test/simulation/random.ts";
import { assemble } from "./assemble.ts";
import { Interpreter } from "./interpreter.ts";
import { ramBytes, ramDepth, romBytes, romDepth } from "./layout.ts";
import { advance, copyMachine, Halt, newMachine, step } from "./machine.ts";
import { MemoryTree } from "./memory-tree.ts";
import { proveSegment } from "./prove.ts";
import { verifySegment } from "./segment.ts";
import { stateHash } from "./state-hash.ts";
import { randomProgram, randomWord, ReusedRam } from "./testing.ts";

const reused = [new ReusedRam(), new ReusedRam()] as const;

/** All of ROM, with the program at its beginning and at its end: from the last word on it goes round. */
function atTheEnd(program: Uint8Array): Uint8Array {
  const rom = new Uint8Array(romBytes);
  rom.set(program);
  rom.set(program, romBytes - program.length);
  return rom;
}

/** One run of up to 400 transitions; returns what it halted for. */
function differential(label: string, round = false): Halt {
  const random = seeded(`vm ${label}`);
  const program = assemble(randomProgram(random, 20 + random.int(200))).rom;
  const rom = round ? atTheEnd(program) : program;
  const interpreter = new Interpreter(rom);
  const [ram, other] = reused.map((one) => one.clean()) as [ReusedRam["ram"], ReusedRam["ram"]];
  const start = newMachine();
  for (let i = 1; i < 32; i++) start.registers[i] = randomWord(random);
  start.pc = rom.length - program.length + 4 * random.int(program.length / 4);
  if (random.chance(10)) start.pc = 4 * random.int(2 ** 22);
  for (let i = 0; i < 64; i++) {
    const at = ((random.chance(50) ? start.registers[random.int(32)]! : random.int(ramBytes)) & (ramBytes - 1) & ~3);
    const bytes = new Uint8Array(Int32Array.of(randomWord(random)).buffer);
    for (const one of [ram, other]) one.write(at, bytes);
  }
  const tree = new MemoryTree(ramDepth);
  tree.update(ram.bytes, ram.dirty.slice());
  for (const one of reused) one.changed();
  const transitions = 1 + random.int(400);
  const meterLimit = random.chance(70) ? 1n << 40n : BigInt(random.int(1_200));

  const proof = proveSegment({ machine: start, ram: { bytes: ram.bytes, tree }, rom: { bytes: rom, tree: MemoryTree.of(rom, romDepth) } }, transitions, meterLimit);
  assert.ok(proof !== undefined, `${label}: the witness is too large`);
  const { pre, witness } = proof;
  const refereed = verifySegment(pre, transitions, MemoryTree.of(rom, romDepth).root(), meterLimit, witness);
  assert.ok(refereed.ok, refereed.ok ? "" : `${label}: ${refereed.message}`);

  // By the definition, at once or one by one; by the interpreter, in random pieces.
  const [defined, interpreted] = [copyMachine(start), copyMachine(start)];
  if (random.chance(50)) advance(defined, interpreter.memoryOf(other), transitions, meterLimit);
  else for (let i = 0; i < transitions; i++) step(defined, interpreter.memoryOf(other), meterLimit);
  for (let left = transitions; left > 0;) {
    const piece = 1 + random.int(random.chance(50) ? left : Math.min(left, 5));
    interpreter.run(interpreted, ram, meterLimit, BigInt(piece));
    left -= piece;
    const { halt, steps } = interpreted;
    assert.ok(halt !== Halt.running || steps === BigInt(transitions - left), `${label}: ${steps} steps of ${transitions - left}`);
  }
  assert.deepEqual(interpreted, defined, label);
  assert.deepEqual(refereed.machine, defined, label);

  const changed = reused.map((one) => one.changed());
  assert.deepEqual(changed[0], changed[1], label);
  for (const page of changed[0]!) assert.deepEqual(ram.words.subarray(page * 1024, (page + 1) * 1024), other.words.subarray(page * 1024, (page + 1) * 1024), label);
  const marks = new Uint8Array(ram.dirty.length);
  for (const page of changed[0]!) marks[page] = 1;
  tree.update(ram.bytes, marks);
  assert.equal(toHex(refereed.ramRoot), toHex(tree.root()), label);
  assert.equal(toHex(refereed.stateHash), toHex(stateHash(defined, tree.root())), label);
  return defined.halt;
}

describe("random programs", () => {
  it("VM-13: are the same to definition, interpreter and referee", function () {
    this.timeout(60_000);
    const halts = [0, 0, 0, 0];
    for (let i = 0; i < 300; i++) halts[differential(String(i))]!++;
    // The programs do something: they end in every way.
    assert.ok(halts.every((count) => count > 10), halts.join(" "));
    for (let i = 0; i < 6; i++) differential(`round ${i}`, true);
  });
});
