import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { innerBoundaries, wholeRange } from "../../chain/vm/bisection.ts";
import { assemble } from "../../chain/vm/assemble.ts";
import { Halt } from "../../chain/vm/machine.ts";
import { regionRoot } from "../../chain/vm/merkle.ts";
import { Party, type Task } from "../../chain/vm/party.ts";
import { programRoots } from "../../chain/vm/program.ts";
import { verifySegment } from "../../chain/vm/segment.ts";
import { equalBytes } from "../../chain/codec/bytes.ts";
import { sumProgram } from "./testing.ts";
import { Trace } from "./trace.ts";

const task: Task = { program: assemble(sumProgram), input: Uint8Array.of(1, 2, 3, 250), arguments: new Uint8Array(0), taskIndex: 0, meterLimit: 1_000_000n };

describe("a trace", function () {
  this.timeout(20_000);

  it("ends as the machine does, with the program's output", async () => {
    const trace = new Trace(task);
    try {
      const { final, output, outputRoot, stateHash } = await trace.outcome(100n);
      assert.equal(final.halt, Halt.done);
      assert.deepEqual([...output], [0, 0, 0, 1, 0, 0]);
      assert.deepEqual(outputRoot, regionRoot(output));
      assert.deepEqual(stateHash, new Party(task).outcome(100n).stateHash);
    } finally {
      await trace.close();
    }
  });

  it("of a lie differs in the last transition alone, and cannot prove that", async () => {
    const [honest, lying] = [new Trace(task), new Trace(task, { lie: true })];
    try {
      const [right, wrong] = [await honest.outcome(100n), await lying.outcome(100n)];
      assert.deepEqual(wrong.output, Uint8Array.of(1, 0, 0, 1, 0, 0));
      assert.notDeepEqual(wrong.stateHash, right.stateHash);
      const range = wholeRange(task.meterLimit);
      const [mine, theirs] = [await honest.hashes(range), await lying.hashes(range)];
      assert.equal(mine.length, innerBoundaries(range).length + 1);
      assert.ok(mine.some((hash, i) => !equalBytes(hash, theirs[i]!)));
      const proof = await lying.proof({ low: 0n, length: 65_536n });
      assert.ok(proof !== undefined);
      const ran = verifySegment(proof.pre, 65_536, programRoots(task.program).romRoot, task.meterLimit, proof.witness);
      assert.ok(ran.ok);
      assert.deepEqual(ran.stateHash, right.stateHash);
    } finally {
      await Promise.all([honest.close(), lying.close()]);
    }
  });

  it("says what it was asked before without a run, wherever it has been since", async () => {
    const trace = new Trace({ ...task, program: assemble("loop: addi t0, t0, 1\nsw t0, 0(zero)\nj loop"), meterLimit: 40_000_000n });
    try {
      const range = wholeRange(40_000_000n);
      const timed = async (): Promise<readonly [readonly Uint8Array[], number]> => {
        const begun = performance.now();
        return [await trace.hashes(range), performance.now() - begun];
      };
      const [first, long] = await timed();
      await trace.hashes({ low: 0n, length: 65_536n });
      const [second, short] = await timed();
      assert.deepEqual(second, first);
      assert.ok(4 * short < long, `${short} ms after ${long} ms`);
    } finally {
      await trace.close();
    }
  });

  it("rejects what is asked of it once it is closed", async () => {
    const trace = new Trace(task);
    const waiting = assert.rejects(trace.outcome(100n), /given up/);
    await trace.close();
    await waiting;
    await assert.rejects(trace.outcome(100n), /given up/);
  });
});
