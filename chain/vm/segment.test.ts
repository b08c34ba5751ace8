import assert from "node:assert/strict";
import { equalBytes, toHex } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import { assemble } from "./assemble.ts";
import { ramDepth, romDepth } from "./layout.ts";
import { Halt, newMachine } from "./machine.ts";
import { MemoryTree } from "./memory-tree.ts";
import { rootFromProof } from "./merkle.ts";
import { Party, type Task } from "./party.ts";
import type { SegmentProof } from "./prove.ts";
import { mostSegmentSteps, segmentCost, verifySegment, type SegmentFault, type SegmentState } from "./segment.ts";
import { machineOf, stateHash } from "./state-hash.ts";
import { mostWitnessBytes, witnessBytes, witnessCounts, type SegmentWitness, type TreeWitness } from "./witness.ts";

const limit = 1n << 20n;

function taskOf(source: string, meterLimit = limit): Task {
  return { program: assemble(source), input: Uint8Array.of(1, 2, 3, 4), arguments: Uint8Array.of(9), taskIndex: 0, meterLimit };
}

/** Touches leaves of three regions, two of them neighbours, one only read; and two leaves of code. */
const busy = taskOf(`
        lui   t0, 0x2000
        lw    t1, 0(t0)
        lw    t2, 256(t0)
        add   t1, t1, t2
        sw    t1, 260(t0)
        lui   t3, 0x3000
        sb    t1, 3(t3)
        j     far
        .zero 512
far:    addi  a0, zero, 4
        ecall
`);

/** The proof that fits. */
function prove(of: Party, low: bigint, length: bigint): SegmentProof {
  const proof = of.prove({ low, length });
  assert.ok(proof !== undefined, "the witness is too large");
  return proof;
}

const pieces = (bytes: Uint8Array, size: number): Uint8Array[] => Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe("a segment", () => {
  const party = new Party(busy);
  const transitions = 12;
  const { pre, witness } = prove(party, 0n, BigInt(transitions));
  const { romRoot } = party;
  const verify = (changed: Partial<SegmentWitness> = {}, { state = pre, n = transitions, root = romRoot, meterLimit = limit }: { state?: SegmentState; n?: number; root?: Uint8Array; meterLimit?: bigint } = {}): ReturnType<typeof verifySegment> => verifySegment(state, n, root, meterLimit, { ...witness, ...changed });

  function refused(fault: SegmentFault, result: ReturnType<typeof verifySegment>, message?: RegExp): void {
    assert.ok(!result.ok, `not refused: ${fault}`);
    assert.equal(result.fault, fault, result.message);
    if (message !== undefined) assert.match(result.message, message);
  }

  it("VM-14: is run again from its witness alone, to the state that the party has", () => {
    for (let n = 1; n <= transitions + 3; n++) {
      const proof = prove(party, 0n, BigInt(n));
      const result = verifySegment(proof.pre, n, romRoot, limit, proof.witness);
      assert.ok(result.ok, result.ok ? "" : result.message);
      assert.equal(toHex(result.stateHash), toHex(party.hashAfter(BigInt(n))));
    }
    const done = verify();
    assert.ok(done.ok && done.machine.halt === Halt.done);
    assert.deepEqual(witness.ram.indices, [0x2000000 >> 8, (0x2000000 >> 8) + 1, 0x3000000 >> 8]);
    assert.deepEqual(witness.rom.indices, [0, 2]);
  });

  it("VM-14: a zero that is stored over something else changes the root, by word, half-word and byte", () => {
    for (const store of ["sw zero, 0(t0)", "sh zero, 0(t0)", "sb zero, 2(t0)"]) {
      const clearing = new Party(taskOf(`lui t0, 0x2000\n${store}\necall`));
      const proof = prove(clearing, 0n, 3n);
      const result = verifySegment(proof.pre, 3, clearing.romRoot, limit, proof.witness);
      assert.ok(result.ok);
      assert.equal(toHex(result.stateHash), toHex(clearing.hashAfter(3n)));
      assert.ok(!equalBytes(result.ramRoot, proof.pre.ramRoot));
    }
  });

  it("VM-14: leaves what it is given as it was", () => {
    const before = [...pre.registers, ...witness.ram.leaves, ...witness.ram.siblings, ...witness.rom.leaves];
    verify();
    assert.deepEqual([...pre.registers, ...witness.ram.leaves, ...witness.ram.siblings, ...witness.rom.leaves], before);
  });

  describe("VM-15: forged witnesses are refused, each with its own reason", () => {
    /** The witness of one tree, changed; the other one as it is. */
    const both = (change: (tree: TreeWitness) => Partial<TreeWitness>): Partial<SegmentWitness>[] => [{ ram: { ...witness.ram, ...change(witness.ram) } }, { rom: { ...witness.rom, ...change(witness.rom) } }];
    const check = (fault: SegmentFault, change: (tree: TreeWitness) => Partial<TreeWitness>, message?: RegExp): void => {
      for (const changed of both(change)) refused(fault, verify(changed), message);
    };

    it("a leaf twice", () => {
      check("order", ({ indices, leaves }) => ({ indices: [indices[0]!, ...indices], leaves: joined([leaves.subarray(0, 256), leaves]) }), /strictly increase/);
    });
    it("leaves out of order", () => {
      check("order", ({ indices, leaves }) => ({ indices: [...indices].reverse(), leaves: joined(pieces(leaves, 256).reverse()) }));
    });
    it("a leaf out of range, or at no whole number", () => {
      for (const wrong of [2 ** 18, 2 ** 32 - 1, -1, 0.5, NaN, Infinity]) check("range", ({ indices }) => ({ indices: [...indices.slice(0, -1), wrong] }));
      refused("range", verify({ rom: { ...witness.rom, indices: [0, 2 ** 16] } }));
    });
    it("a short leaf, a long one, bytes of no leaf", () => {
      check("leaf-bytes", ({ leaves }) => ({ leaves: leaves.subarray(0, -1) }));
      check("leaf-bytes", ({ leaves }) => ({ leaves: joined([leaves, Uint8Array.of(0)]) }));
      check("leaf-bytes", ({ leaves }) => ({ leaves: leaves.subarray(256) }));
      check("leaf-bytes", ({ leaves }) => ({ leaves: joined([leaves, new Uint8Array(256)]) }));
    });
    it("siblings of another length, a spare one, a missing one", () => {
      check("sibling-bytes", ({ siblings }) => ({ siblings: siblings.subarray(1) }));
      check("sibling-spare", ({ siblings }) => ({ siblings: joined([siblings, new Uint8Array(32)]) }));
      check("sibling-spare", ({ siblings }) => ({ siblings: joined([siblings.subarray(0, 32), siblings]) }));
      check("sibling-missing", ({ siblings }) => ({ siblings: siblings.subarray(0, -32) }));
      check("sibling-missing", () => ({ siblings: new Uint8Array(0) }));
    });
    it("a wrong sibling, siblings in another order", () => {
      for (const [i, fault] of (["ram-root", "rom-root"] as const).entries()) {
        for (let at = 0; at < [witness.ram, witness.rom][i]!.siblings.length; at += 32) {
          const changed = both(({ siblings }) => ({ siblings: siblings.with(at % siblings.length, siblings[at % siblings.length]! ^ 1) }))[i]!;
          refused(fault, verify(changed));
        }
        refused(fault, verify(both(({ siblings }) => ({ siblings: joined(pieces(siblings, 32).reverse()) }))[i]!));
      }
    });
    it("a modified leaf that is the only one", () => {
      const reading = new Party(taskOf("lui t0, 0x2000\nlw a0, 0(t0)\necall"));
      const one = prove(reading, 0n, 3n);
      assert.deepEqual([one.witness.ram.indices.length, one.witness.rom.indices.length], [1, 1]);
      for (const [name, fault] of [["ram", "ram-root"], ["rom", "rom-root"]] as const) {
        const tree = one.witness[name];
        const forged = { ...one.witness, [name]: { ...tree, leaves: tree.leaves.with(0, tree.leaves[0]! ^ 1) } };
        refused(fault, verifySegment(one.pre, 3, reading.romRoot, limit, forged));
        const moved = { ...one.witness, [name]: { ...tree, indices: [tree.indices[0]! ^ 1] } };
        refused(fault, verifySegment(one.pre, 3, reading.romRoot, limit, moved));
      }
    });
    it("a modified leaf", () => {
      for (const [i, fault] of (["ram-root", "rom-root"] as const).entries()) {
        for (const at of [0, 255, 256, 300]) refused(fault, verify(both(({ leaves }) => ({ leaves: leaves.with(at, leaves[at]! ^ 0x80) }))[i]!));
      }
    });
    it("leaves exchanged, or at another place", () => {
      refused("ram-root", verify({ ram: { ...witness.ram, leaves: joined(pieces(witness.ram.leaves, 256).reverse()) } }));
      refused("ram-root", verify({ ram: { ...witness.ram, indices: [witness.ram.indices[0]! + 2, witness.ram.indices[1]! + 2, witness.ram.indices[2]!] } }));
    });
    it("a spare leaf, proved but never accessed", () => {
      const long = prove(party, 0n, 12n);
      refused("leaf-spare", verifySegment(long.pre, 2, romRoot, limit, { ram: long.witness.ram, rom: prove(party, 0n, 2n).witness.rom }), /ram: leaf 131073/);
      refused("leaf-spare", verifySegment(long.pre, 2, romRoot, limit, { ram: prove(party, 0n, 2n).witness.ram, rom: long.witness.rom }), /rom: leaf 2/);
    });
    it("a leaf that is accessed and not given", () => {
      const short = prove(party, 0n, 2n).witness;
      refused("leaf-missing", verify({ ram: short.ram }), /ram: leaf 131073/);
      refused("leaf-missing", verify({ rom: short.rom }), /rom: leaf 2/);
      const nothing: TreeWitness = { indices: [], leaves: new Uint8Array(0), siblings: new Uint8Array(0) };
      refused("leaf-missing", verify({ ram: nothing }), /ram: leaf 131072/);
      refused("leaf-missing", verify({ rom: nothing }), /rom: leaf 0/);
    });
    it("no leaf, but siblings", () => {
      for (const tree of ["ram", "rom"] as const) refused("sibling-spare", verify({ [tree]: { indices: [], leaves: new Uint8Array(0), siblings: new Uint8Array(32) } }));
    });
    it("another root than the state's, than the program's", () => {
      refused("ram-root", verify({}, { state: { ...pre, ramRoot: sha256(pre.ramRoot) } }));
      refused("rom-root", verify({}, { root: sha256(romRoot) }));
      // The roots of the two trees exchanged.
      refused("rom-root", verify({}, { state: { ...pre, ramRoot: romRoot }, root: pre.ramRoot }));
    });
    it("more bytes than are taken", () => {
      const indices = Array.from({ length: 600 }, (_, i) => i);
      refused("size", verify({ ram: { indices, leaves: new Uint8Array(600 * 256), siblings: new Uint8Array(0) } }));
      refused("size", verify({ rom: { ...witness.rom, siblings: new Uint8Array(mostWitnessBytes) } }));
      refused("size", verify({ rom: { ...witness.rom, indices: Array.from({ length: mostWitnessBytes / 4 }, (_, i) => i) } }));
    });
    it("a number of transitions that is none", () => {
      for (const n of [0, -1, mostSegmentSteps + 1, 1.5, NaN, Infinity]) refused("transitions", verify({}, { n }));
    });
    it("a state that no machine can be in", () => {
      const states: Partial<SegmentState>[] = [{ pc: 2 }, { pc: 1 << 24 }, { pc: -4 }, { pc: NaN }, { halt: 4 }, { halt: -1 }, { steps: -1n }, { steps: (1n << 64n) - 5n }, { steps: (1n << 64n) - BigInt(transitions) }, { steps: (1n << 64n) - BigInt(transitions) }, { meter: limit + 1n }, { meter: -1n }, { registers: new Uint8Array(123) }, { registers: new Uint8Array(128) }, { ramRoot: new Uint8Array(31) }];
      for (const changed of states) refused("state", verify({}, { state: { ...pre, ...changed } }));
    });
  });

  it("VM-15: random damage never passes for the truth, and throws nothing", () => {
    const truth = verify();
    assert.ok(truth.ok);
    let state = 1;
    const below = (bound: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    for (let i = 0; i < 2_000; i++) {
      const name = (["ram", "rom"] as const)[below(2)]!;
      const tree = witness[name];
      const damaged = [
        (): Partial<TreeWitness> => ({ indices: tree.indices.with(below(tree.indices.length), below(2 ** 18)) }),
        (): Partial<TreeWitness> => ({ leaves: tree.leaves.with(below(tree.leaves.length), below(256)) }),
        (): Partial<TreeWitness> => ({ siblings: tree.siblings.with(below(tree.siblings.length), below(256)) }),
        (): Partial<TreeWitness> => ({ siblings: tree.siblings.subarray(below(tree.siblings.length)) }),
        (): Partial<TreeWitness> => ({ indices: tree.indices.slice(1), leaves: tree.leaves.subarray(256 * below(2)) }),
      ][below(5)]!();
      const result = verify({ [name]: { ...tree, ...damaged } });
      if (result.ok) assert.equal(toHex(result.stateHash), toHex(truth.stateHash));
    }
  });

  it("VM-16: accesses nothing of RAM: a witness without leaves of it, and its root stays", () => {
    const counting = new Party(taskOf("loop: addi a0, a0, 1\nj loop"));
    const { pre: from, witness: proof } = prove(counting, 10n, 1_000n);
    assert.equal(proof.ram.indices.length + proof.ram.siblings.length, 0);
    const result = verifySegment(from, 1_000, counting.romRoot, limit, proof);
    assert.ok(result.ok);
    assert.equal(toHex(result.stateHash), toHex(counting.hashAfter(1_010n)));
    assert.equal(toHex(result.ramRoot), toHex(from.ramRoot));
  });

  it("VM-16: of a halted machine needs no leaf, takes none, and ends as it began", () => {
    const { pre: from, witness: proof } = prove(party, 1_000n, 65_536n);
    assert.equal(witnessBytes(proof), 0);
    const result = verifySegment(from, 65_536, romRoot, limit, proof);
    assert.ok(result.ok);
    assert.equal(toHex(result.stateHash), toHex(party.hashAfter(1_000n)));
    refused("leaf-spare", verifySegment(from, 65_536, romRoot, limit, { ...proof, rom: witness.rom }));
  });

  it("VM-17: ends at the meter's limit exactly, the instruction that does not fit read and not executed", () => {
    const source = "loop: addi a0, a0, 1\nsw a0, 0(zero)\nj loop";
    for (const meterLimit of [0n, 1n, 2n, 3n, 5n, 6n, 7n, 8n, 500n]) {
      const tight = new Party(taskOf(source, meterLimit));
      const { final, output } = tight.outcome(100n);
      assert.deepEqual([final.halt, final.meter, output.length], [Halt.exhausted, meterLimit, 0]);
      const proof = prove(tight, 0n, 600n);
      const result = verifySegment(proof.pre, 600, tight.romRoot, meterLimit, proof.witness);
      assert.ok(result.ok, result.ok ? "" : result.message);
      assert.equal(toHex(result.stateHash), toHex(tight.hashAfter(600n)));
      // With a unit more it would have gone on.
      if (meterLimit < 500n) assert.ok(!equalBytes(result.stateHash, new Party(taskOf(source, meterLimit + 1n)).hashAfter(600n)));
    }
  });

  it("VM-18: costs no more than what is said before it is run", () => {
    const { leaves, siblings } = witnessCounts(witness);
    assert.deepEqual([leaves, siblings], [5, (witness.ram.siblings.length + witness.rom.siblings.length) / 32]);
    // Leaves and inner nodes of both trees, those of RAM twice, and the state.
    const hashes = 2 * (2 * witness.ram.indices.length + witness.ram.siblings.length / 32) + 2 * witness.rom.indices.length + witness.rom.siblings.length / 32;
    const cost = segmentCost(transitions, leaves, siblings);
    assert.equal(cost.steps, transitions);
    assert.ok(cost.hashes >= hashes, `${cost.hashes} of ${hashes}`);
  });

  it("VM-19: proofs of several leaves give the root that they came from", () => {
    const { indices, leaves, siblings } = witness.ram;
    assert.equal(toHex(rootFromProof(indices, pieces(leaves, 256).map((leaf) => sha256(leaf)), siblings, ramDepth)), toHex(pre.ramRoot));
    assert.equal(toHex(rootFromProof(witness.rom.indices, pieces(witness.rom.leaves, 256).map((leaf) => sha256(leaf)), witness.rom.siblings, romDepth)), toHex(romRoot));
    // Neighbours under different parents, at both ends of the tree.
    const bytes = Uint8Array.from({ length: 16 * 256 }, (_, i) => i >> 4);
    const tree = MemoryTree.of(bytes, 4);
    for (const some of [[1, 2], [0, 1], [3, 4, 5], [7, 8], [0, 15], [15], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]]) {
      const given = some.map((index) => sha256(bytes.subarray(index * 256, index * 256 + 256)));
      assert.equal(toHex(rootFromProof(some, given, tree.siblings(bytes, some), 4)), toHex(tree.root()), some.join());
    }
    const machine = machineOf(pre, limit);
    assert.ok(typeof machine !== "string");
    const start = newMachine();
    start.registers.set([4, 1, 0], 10);
    assert.deepEqual(machine, start);
    assert.equal(toHex(stateHash(machine, pre.ramRoot)), toHex(party.hashAfter(0n)));
  });
});
