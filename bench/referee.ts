/** The refereed machine: how fast parties run it, and what the chain pays to run a segment again. */
import { equalBytes } from "../chain/codec/bytes.ts";
import { assemble } from "../chain/vm/assemble.ts";
import { isProvable, partOf, wholeRange, type Range } from "../chain/vm/bisection.ts";
import { Interpreter, type Engine } from "../chain/vm/interpreter.ts";
import { advance, newMachine, type Machine } from "../chain/vm/machine.ts";
import { argumentsRoot, regionRoot } from "../chain/vm/merkle.ts";
import { Party, type Task } from "../chain/vm/party.ts";
import { Ram } from "../chain/vm/ram.ts";
import { verifySegment } from "../chain/vm/segment.ts";
import { witnessBytes } from "../chain/vm/witness.ts";
import { timed } from "./bank-sends.ts";
import { figure, machine as versions, type Benchmark, type Figure } from "./benchmark.ts";

/** Xorshift without end: arithmetic alone, 11 or 12 transitions a turn. */
const arithmetic = assemble(`
        li    a0, 1
        li    a1, 0x9e3779b9
loop:   add   a0, a0, a1
        slli  t0, a0, 13
        xor   a0, a0, t0
        srli  t0, a0, 17
        xor   a0, a0, t0
        slli  t0, a0, 5
        xor   a0, a0, t0
        andi  t1, a0, 15
        beqz  t1, skip
        sub   a2, a2, t1
skip:   addi  a3, a3, 1
        j     loop
`);

/** The same in JavaScript, for so many transitions; returns what keeps it from being left out. */
function nativeArithmetic(transitions: number): number {
  let [a, sum, turns, taken] = [1, 0, 0, 0];
  while (taken < transitions) {
    a = (a + 0x9e3779b9) | 0;
    a ^= a << 13;
    a ^= a >>> 17;
    a ^= a << 5;
    const low = a & 15;
    taken += 11;
    if (low !== 0) {
      sum = (sum - low) | 0;
      taken++;
    }
    turns++;
  }
  return turns + sum;
}

/** Fibonacci numbers by recursion, over and over: calls, a stack, branches. */
const calls = assemble(`
        lui   sp, 0x1ff0
main:   li    a0, 18
        call  fib
        add   s0, s0, a0
        j     main
fib:    li    t0, 2
        bltu  a0, t0, base
        addi  sp, sp, -12
        sw    ra, 0(sp)
        sw    s1, 4(sp)
        sw    s2, 8(sp)
        mv    s1, a0
        addi  a0, a0, -1
        call  fib
        mv    s2, a0
        addi  a0, s1, -2
        call  fib
        add   a0, a0, s2
        lw    ra, 0(sp)
        lw    s1, 4(sp)
        lw    s2, 8(sp)
        addi  sp, sp, 12
base:   ret
`);

/** Sorts 1,500 words by insertion, scatters them, sorts again, without end: loads, stores, branches. */
const sorting = assemble(`
        lui   s0, 0x2000
        li    s1, 1500
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
sorted: mv    t0, s0
        slli  t1, s1, 2
        add   t1, t1, s0
mix:    lw    t2, 0(t0)
        addi  s3, s3, 77
        mul   t2, t2, s3
        xori  t2, t2, 0x155
        sw    t2, 0(t0)
        addi  t0, t0, 4
        bltu  t0, t1, mix
        j     round
`);

/** What costs the referee most: divisions, and as many leaves far apart as a witness has room for. */
const worst = assemble(`
        li    s1, 190
        lui   s2, 80
        addi  s2, s2, 0x100
        li    a1, 7
        li    a2, -3
again:  li    t0, 0
        li    t1, 0
touch:  lw    t2, 0(t1)
        xor   t2, t2, a1
        sw    t2, 0(t1)
        add   t1, t1, s2
        addi  t0, t0, 1
        bltu  t0, s1, touch
        li    t0, 1000
divide: div   a3, a2, a1
        rem   a4, a2, a1
        addi  t0, t0, -1
        bnez  t0, divide
        j     again
`);

const meterLimit = 1n << 33n;
const taskOf = (program: Task["program"]): Task => ({ program, input: input(), arguments: new Uint8Array(0), taskIndex: 0, meterLimit });
const input = (): Uint8Array => Uint8Array.from({ length: 6_000 }, (_, i) => (i * 197 + (i >>> 3)) & 0xff);

const segment = 65_536n;

const referee: Benchmark = {
  name: "referee",
  description: "the refereed machine: transitions of parties, a segment on chain, a dispute, roots of regions; CPU time",
  async run({ runs, quick, progress }) {
    const transitions = quick ? 2_000_000 : 100_000_000;
    const figures: Figure[] = [];
    for (const [name, program] of [["arithmetic", arithmetic], ["calls", calls], ["sorting", sorting]] as const) {
      progress(`${name}: ${transitions} transitions`);
      figures.push(...engines(name, program, transitions, runs), ...segments(name, program, quick ? 1 : 5));
    }
    const native = repeated(runs, () => timed(() => nativeArithmetic(transitions)).cpu);
    figures.push(figure("arithmetic_native_mips", "million/s", native.map((ms) => transitions / 1_000 / ms)));
    figures.push(...segments("worst", worst, quick ? 1 : 5));
    progress("a dispute");
    figures.push(...dispute(quick ? 2_000_000n : 48_000_000n));
    const region = Uint8Array.from({ length: 1 << 24 }, (_, i) => (i * 7 + (i >>> 8)) & 0xff);
    figures.push(figure("region_root_ms", "ms", repeated(runs, () => timed(() => regionRoot(region)).cpu)));
    figures.push(figure("arguments_root_ms", "ms", repeated(Math.max(runs, 10), () => timed(() => argumentsRoot(region.subarray(0, 65_536))).cpu)));
    return { name: "referee", figures, configuration: { transitions, runs, meterLimit: String(meterLimit) }, versions: versions() };
  },
};

/** One run more than are counted: the first one is not. */
function repeated(runs: number, sample: () => number): number[] {
  return Array.from({ length: runs + 1 }, sample).slice(1);
}

function engines(name: string, program: Task["program"], transitions: number, runs: number): Figure[] {
  const interpreter = new Interpreter(program.rom);
  const ram = new Ram();
  const speed = (count: number, run: (machine: Machine) => void): number[] => repeated(runs, () => count / 1_000 / timed(() => { run(newMachine()); }).cpu);
  return [
    figure(`${name}_mips`, "million/s", speed(transitions, (machine) => { interpreter.run(machine, ram, 1n << 50n, BigInt(transitions)); })),
    figure(`${name}_definition_mips`, "million/s", speed(transitions / 10, (machine) => { advance(machine, interpreter.memoryOf(ram), transitions / 10, 1n << 50n); })),
  ];
}

/** Segments at several places of a run, proved by a party and verified as the chain does. */
function segments(name: string, program: Task["program"], places: number): Figure[] {
  const party = new Party(taskOf(program));
  const [bytes, verify, prove]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < places; i++) {
    const range = { low: BigInt(i * 37 + 1) * segment, length: segment };
    party.hashAfter(range.low);
    let proof: ReturnType<Party["prove"]>;
    prove.push(timed(() => { proof = party.prove(range); }).cpu);
    if (proof === undefined) throw new Error(`${name}: the witness at ${range.low} is too large`);
    const { pre, witness } = proof;
    bytes.push(witnessBytes(witness) / 1024);
    const expected = party.hashAfter(range.low + segment);
    verify.push(...repeated(10, () => timed(() => {
      const result = verifySegment(pre, Number(segment), party.romRoot, meterLimit, witness);
      if (!result.ok || !equalBytes(result.stateHash, expected)) throw new Error(`the segment at ${range.low} is not the party's: ${result.ok ? "another state" : result.message}`);
    }).cpu));
  }
  return [figure(`${name}_witness_kib`, "KiB", bytes), figure(`${name}_verify_ms`, "ms", verify), figure(`${name}_prove_ms`, "ms", prove)];
}

/** Two parties, of which one has a bit flipped half way, led to the segment by the picks of the honest one. */
function dispute(transitions: bigint): Figure[] {
  const task = { ...taskOf(sorting), meterLimit: 2n * transitions };
  const flip: Engine = new FlippingEngine(sorting.rom, transitions / 2n);
  const [honest, dishonest] = [new Party(task), new Party(task, { engine: flip })];
  let range: Range = wholeRange(task.meterLimit);
  const execution = timed(() => honest.hashAfter(range.length)).cpu;
  dishonest.hashAfter(range.length);
  const rounds: number[] = [];
  while (!isProvable(range)) {
    let own: Uint8Array[] = [];
    const cut = range;
    rounds.push(timed(() => (own = honest.innerHashes(cut))).cpu);
    const theirs = dishonest.innerHashes(cut);
    const differing = own.findIndex((hash, i) => !equalBytes(hash, theirs[i]!));
    range = partOf(range, differing < 0 ? own.length : differing);
  }
  const proof = honest.prove(range);
  if (proof === undefined) throw new Error(`the witness at ${range.low} is too large`);
  const verdict = verifySegment(proof.pre, Number(range.length), honest.romRoot, task.meterLimit, proof.witness);
  const end = range.low + range.length;
  if (!verdict.ok || !equalBytes(verdict.stateHash, honest.hashAfter(end)) || equalBytes(verdict.stateHash, dishonest.hashAfter(end))) throw new Error("the honest party lost");
  return [figure("dispute_execution_ms", "ms", [execution]), figure("dispute_rounds", "rounds", [rounds.length]), figure("dispute_round_ms", "ms", rounds), figure("dispute_witness_kib", "KiB", [witnessBytes(proof.witness) / 1024])];
}

/** An interpreter that changes a bit of the input region behind one transition. */
class FlippingEngine implements Engine {
  readonly #inner: Interpreter;
  readonly #at: bigint;

  constructor(rom: Uint8Array, at: bigint) {
    this.#inner = new Interpreter(rom);
    this.#at = at;
  }

  run(machine: Machine, ram: Ram, limit: bigint, transitions: bigint): void {
    const until = this.#at - machine.steps;
    if (until < 0n || until > transitions) {
      this.#inner.run(machine, ram, limit, transitions);
      return;
    }
    this.#inner.run(machine, ram, limit, until);
    if (machine.steps === this.#at) ram.write(0x2000010, Uint8Array.of(ram.bytes[0x2000010]! ^ 1));
    this.#inner.run(machine, ram, limit, transitions - until);
  }
}

export default referee;
