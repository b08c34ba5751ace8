import assert from "node:assert/strict";
import { equalBytes, toHex, utf8 } from "../codec/bytes.ts";
import { assemble } from "./assemble.ts";
import { isProvable, partOf, partsOf, wholeRange, type Range } from "./bisection.ts";
import { initialState } from "./initial.ts";
import { Interpreter, type Engine } from "./interpreter.ts";
import { inputAt } from "./layout.ts";
import { Halt, type Machine } from "./machine.ts";
import { regionRoot } from "./merkle.ts";
import { Party, type Task } from "./party.ts";
import { programRoots } from "./program.ts";
import type { Ram } from "./ram.ts";
import { verifySegment } from "./segment.ts";
import { checkFinal, finalHash, machineOf, stateHash } from "./state-hash.ts";
import { witnessBytes } from "./witness.ts";

/** Sorts its input's words in place, over and over after reversing them, and puts out a checksum and the sorted words. */
const program = assemble(`
        lui   s0, 0x2000          # input
        srli  s1, a0, 2           # words
        li    s2, 0               # checksum
        li    s3, 60              # rounds
round:  li    t0, 1
insert: bgeu  t0, s1, sorted
        slli  t1, t0, 2
        add   t1, t1, s0
        lw    t2, 0(t1)
shift:  beq   t1, s0, place
        lw    t3, -4(t1)
        bleu  t3, t2, place
        sw    t3, 0(t1)
        addi  t1, t1, -4
        j     shift
place:  sw    t2, 0(t1)
        addi  t0, t0, 1
        j     insert
sorted: mv    t0, s0              # scatter again, but for the last round
        addi  s3, s3, -1
        beqz  s3, out
        slli  t1, s1, 2
        add   t1, t1, s0
mix:    lw    t2, 0(t0)
        mul   t2, t2, s3
        xori  t2, t2, 0x155
        remu  t2, t2, s1
        sw    t2, 0(t0)
        add   s2, s2, t2
        addi  t0, t0, 4
        bltu  t0, t1, mix
        j     round
out:    lui   t3, 0x3000
        sw    s2, 0(t3)
        slli  t1, s1, 2
        add   t1, t1, s0
copy:   lw    t2, 0(t0)
        sw    t2, 4(t3)
        addi  t0, t0, 4
        addi  t3, t3, 4
        bltu  t0, t1, copy
        addi  a0, a0, 4
        ecall
`);

const input = Uint8Array.from({ length: 6_000 }, (_, i) => (i * 197 + (i >>> 3)) & 0xff);
const task: Task = { program, input, arguments: utf8("ascending"), taskIndex: 3, meterLimit: 1n << 33n };

/** Flips one bit of RAM behind transition `at`. */
class FlippingEngine implements Engine {
  readonly #inner: Interpreter;
  readonly #at: bigint;
  readonly #address: number;

  constructor(rom: Uint8Array, at: bigint, address: number) {
    this.#inner = new Interpreter(rom);
    this.#at = at;
    this.#address = address;
  }

  run(machine: Machine, ram: Ram, meterLimit: bigint, transitions: bigint): void {
    const before = machine.steps;
    if (before > this.#at || before + transitions < this.#at) {
      this.#inner.run(machine, ram, meterLimit, transitions);
      return;
    }
    this.#inner.run(machine, ram, meterLimit, this.#at - before);
    if (machine.steps === this.#at && machine.halt === Halt.running) ram.write(this.#address, Uint8Array.of(ram.bytes[this.#address]! ^ 1));
    this.#inner.run(machine, ram, meterLimit, transitions - (this.#at - before));
  }
}

interface Verdict {
  readonly winner: "provider" | "challenger" | "none";
  readonly rounds: number;
  readonly witness: number;
  readonly range: Range;
}

/** A dispute as the chain leads it: the provider answers, and proves as soon as a witness is no larger than is taken; the challenger picks. */
function referee(provider: Party, challenger: Party, of: Task = task): Verdict {
  const first = initialState({ ...programRoots(of.program), inputRoot: regionRoot(of.input), inputSize: of.input.length, arguments: of.arguments, taskIndex: of.taskIndex });
  let range = wholeRange(of.meterLimit);
  let agreed = first.hash;
  let [theirs, own] = [provider.hashAfter(range.length), challenger.hashAfter(range.length)];
  assert.ok(!equalBytes(theirs, own), "nothing is disputed");
  for (let rounds = 0; ; rounds++) {
    const proof = isProvable(range) ? provider.prove(range) : undefined;
    if (proof !== undefined) {
      const { pre, witness } = proof;
      const machine = machineOf(pre, of.meterLimit);
      assert.ok(typeof machine !== "string");
      assert.equal(toHex(stateHash(machine, pre.ramRoot)), toHex(agreed));
      const result = verifySegment(pre, Number(range.length), provider.romRoot, of.meterLimit, witness);
      assert.ok(result.ok, result.ok ? "" : result.message);
      const winner = equalBytes(result.stateHash, theirs) ? "provider" : equalBytes(result.stateHash, own) ? "challenger" : "none";
      return { winner, rounds, witness: witnessBytes(witness), range };
    }
    const answered = [...provider.innerHashes(range), theirs];
    const seen = [...challenger.innerHashes(range), own];
    assert.equal(answered.length, partsOf(range));
    const picked = answered.findIndex((hash, i) => !equalBytes(hash, seen[i]!));
    [agreed, theirs, own] = [picked === 0 ? agreed : answered[picked - 1]!, answered[picked]!, seen[picked]!];
    range = partOf(range, picked);
  }
}

describe("a dispute over tens of millions of transitions", () => {
  const honest = (): Party => new Party(task);
  const flipped = 23_456_789n;
  const dishonest = (): Party => new Party(task, { engine: new FlippingEngine(program.rom, flipped, inputAt + 2_001) });

  it("VM-22: the honest side wins as provider", function () {
    this.timeout(120_000);
    const verdict = referee(honest(), dishonest());
    assert.equal(verdict.winner, "provider");
    assert.equal(verdict.rounds, 3);
    assert.ok(verdict.witness <= 131_072);
    assert.ok(verdict.range.low <= flipped && flipped <= verdict.range.low + verdict.range.length);
  });

  it("VM-22: the honest side wins as challenger", function () {
    this.timeout(120_000);
    assert.equal(referee(dishonest(), honest()).winner, "challenger");
  });

  it("VM-35: a segment whose witness is too large is cut on, until one fits", function () {
    this.timeout(60_000);
    // Touches a leaf of another page at every third transition, all over RAM.
    const scattered: Task = { ...task, program: assemble("        lui t1, 0x101\nloop: add t0, t0, t1\nsw t1, 64(t0)\naddi t1, t1, 4\nj loop"), meterLimit: 6_000n };
    const low = 3_000n;
    const flip = { engine: new FlippingEngine(scattered.program.rom, low, inputAt) };
    assert.equal(new Party(scattered).prove({ low: 0n, length: 65_536n }), undefined);
    for (const [provider, challenger, winner] of [[new Party(scattered), new Party(scattered, flip), "provider"], [new Party(scattered, flip), new Party(scattered), "challenger"]] as const) {
      const verdict = referee(provider, challenger, scattered);
      assert.deepEqual([verdict.winner, verdict.rounds, verdict.range.length], [winner, 1, 512n]);
      assert.ok(verdict.range.low <= low && low <= verdict.range.low + verdict.range.length);
    }
  });

  it("VM-23: a party's outcome is a final state that the chain accepts, and its hash that after any number of transitions behind the halt", function () {
    this.timeout(60_000);
    const party = honest();
    const { final, outputRoot, output, stateHash: hash } = party.outcome(1n << 20n);
    assert.ok(final.steps > 20_000_000n, String(final.steps));
    assert.equal(checkFinal({ final, outputRoot, size: BigInt(input.length + 4), meter: final.meter, meterLimit: task.meterLimit, maxResultSize: 1n << 20n }), undefined);
    assert.equal(toHex(finalHash(final, outputRoot)), toHex(hash));
    assert.equal(toHex(regionRoot(output)), toHex(outputRoot));
    for (const beyond of [final.steps, final.steps + 1n, wholeRange(task.meterLimit).length]) assert.equal(toHex(party.hashAfter(beyond)), toHex(hash));
    assert.notEqual(toHex(party.hashAfter(final.steps - 1n)), toHex(hash));
    const words = new Int32Array(output.slice(4).buffer);
    assert.deepEqual(words, words.slice().sort((a, b) => (a >>> 0) - (b >>> 0)));
  });
});
