import assert from "node:assert/strict";
import { toHex } from "../codec/bytes.ts";
import { seeded } from "../../test/simulation/random.ts";
import { assemble } from "./assemble.ts";
import { innerBoundaries, partOf, wholeRange } from "./bisection.ts";
import { Interpreter, type Engine } from "./interpreter.ts";
import type { Machine } from "./machine.ts";
import { Party, type Task } from "./party.ts";
import type { Ram } from "./ram.ts";

/** Walks through 2 MiB page by page, over and over, writing each time; 4 million transitions, then it halts. */
const wide: Task = {
  program: assemble(`
        li    s0, 1300
again:  lui   t0, 0x1000
        lui   t1, 0x1200
write:  lw    t2, 64(t0)
        addi  t2, t2, 3
        sw    t2, 64(t0)
        lui   t3, 1
        add   t0, t0, t3
        bltu  t0, t1, write
        addi  s0, s0, -1
        bnez  s0, again
        ecall
`),
  input: new Uint8Array(0), arguments: new Uint8Array(0), taskIndex: 0, meterLimit: (1n << 23n) - 1n,
};

/** An interpreter that says how many transitions it was asked for. */
class CountingEngine implements Engine {
  readonly #inner = new Interpreter(wide.program.rom);
  taken = 0n;

  run(machine: Machine, ram: Ram, meterLimit: bigint, transitions: bigint): void {
    const before = machine.steps;
    this.#inner.run(machine, ram, meterLimit, transitions);
    this.taken += machine.steps - before;
  }
}

describe("a party", function () {
  this.timeout(60_000);
  const range = wholeRange(wide.meterLimit);

  it("VM-31: says the same of a position whichever way it came there, however few pages its checkpoints may keep", () => {
    const random = seeded("positions");
    const { steps } = new Party(wide).outcome(0n).final;
    const positions = [0n, steps, steps - 1n, steps + 1n, ...Array.from({ length: 20 }, () => random.bigint(steps))];
    const forwards = new Party(wide);
    const expected = new Map([...positions].sort((a, b) => (a < b ? -1 : 1)).map((position) => [position, toHex(forwards.hashAfter(position))]));
    assert.equal(new Set(expected.values()).size, positions.length - 1, "only what lies behind the halt is the same");
    for (const mostPages of [0, 5_000, 1_000_000]) {
      const party = new Party(wide, { mostPages, interval: 1n << 14n });
      party.innerHashes(range);
      for (const position of positions) assert.equal(toHex(party.hashAfter(position)), expected.get(position), `${position} with ${mostPages} pages`);
    }
  });

  it("VM-31: gives the hashes at a range's inner boundaries", () => {
    const party = new Party(wide);
    const part = partOf(range, 1);
    assert.deepEqual(party.innerHashes(part).map(toHex), innerBoundaries(part).map((boundary) => toHex(party.hashAfter(boundary))));
  });

  it("VM-32: does not begin at the start again for a narrower range", () => {
    const engine = new CountingEngine();
    const party = new Party(wide, { engine });
    const { steps } = party.outcome(0n).final;
    engine.taken = 0n;
    party.innerHashes(range);
    const first = engine.taken;
    engine.taken = 0n;
    const late = partOf(range, Number((steps * 128n) / range.length - 1n));
    party.innerHashes(late);
    assert.ok(first <= steps + range.length / 128n, `${first} of ${steps} transitions in the first round`);
    assert.ok(engine.taken <= 2n * late.length, `${engine.taken} transitions for a range of ${late.length}`);
  });

  it("VM-32: refuses a task that does not fit the machine", () => {
    for (const wrong of [{ input: new Uint8Array((1 << 24) + 1) }, { arguments: new Uint8Array(65_537) }, { taskIndex: -1 }, { meterLimit: 1n << 58n }]) assert.throws(() => new Party({ ...wide, ...wrong }), RangeError);
    assert.throws(() => new Party({ ...wide, program: { rom: new Uint8Array(3), data: new Uint8Array(0) } }), /multiple of 4/);
    assert.throws(() => new Party({ ...wide, program: { rom: new Uint8Array(4), data: new Uint8Array((1 << 24) + 1) } }), RangeError);
  });
});
