import assert from "node:assert/strict";
import { program } from "../worker/sandbox/testing.ts";
import { programJob, timed } from "./bare-program.ts";
import { runCommand } from "./testing.ts";

const module = program("");
const files: Readonly<Record<string, Uint8Array>> = { "work/My Tool.wasm": module, "one.txt": Uint8Array.of(1), "-": Uint8Array.of(2, 3) };
const outside = {
  readBytes(path: string): Uint8Array {
    const bytes = files[path];
    if (bytes === undefined) throw new Error("ENOENT");
    return bytes;
  },
};

describe("a program alone", () => {
  it("is a job of one task, or of one for each input, sealed and run twice (CLI-12)", () => {
    const { job, inputs, program: sent } = programJob(outside, "work/My Tool.wasm", ["-k", "2"], {}, false);
    assert.deepEqual([job.name, job.title, job.classId, job.verification, job.replicas, job.sealed, job.limitPrice], ["my-tool", "My Tool.wasm -k 2", "wasm.core", "V2", 2, true, undefined]);
    assert.deepEqual([inputs, sent], [[new Uint8Array(0)], module]);
    const [wave] = timed({ job, inputs, program: sent, present: String }, { maxLotMs: 20_000n }).job.waves;
    assert.deepEqual(wave, { kind: "map", args: ["-k", "2"], lots: 3n, durationMs: 60_000n, maxResultBytes: 1_048_576n });
    assert.deepEqual(programJob(outside, "work/My Tool.wasm", [], { in: ["one.txt", "-"] }, false).inputs, [Uint8Array.of(1), Uint8Array.of(2, 3)]);
    const many = programJob(outside, "work/My Tool.wasm", [], { in: ["-"], tasks: "3", lots: "7", maxResult: "9", plain: true }, false);
    assert.deepEqual([many.inputs, many.job.waves[0]!.lots, many.job.waves[0]!.maxResultBytes, many.job.sealed], [[Uint8Array.of(2, 3), Uint8Array.of(2, 3), Uint8Array.of(2, 3)], 7n, 9n, false]);
  });

  it("is compiled for the refereed machine where its verification wants that (CLI-12)", () => {
    const { job, program: sent } = programJob(outside, "work/My Tool.wasm", [], {}, true);
    assert.deepEqual([job.classId, Buffer.from(sent.subarray(0, 7)).toString()], ["rv32.core", "dcmrv32"]);
  });

  for (const [what, argv, code, said] of [
    ["a file that is no module", ["text.wasm"], 4, /^dcm: text\.wasm: .*expected magic word/],
    ["one that is not there", ["none.wasm"], 3, /^dcm: cannot read none\.wasm: ENOENT/],
    ["an input that is not there", ["tool.wasm", "--in", "none"], 3, /^dcm: cannot read none: ENOENT/],
    ["tasks beside inputs", ["tool.wasm", "--in", "one.txt", "--in", "-", "--tasks", "2"], 2, /^dcm: --tasks 2 beside 2 inputs/],
    ["no number", ["tool.wasm", "--lots", "many"], 2, /^dcm: --lots "many" is no number from 1 to 1000000000/],
    ["a long argument", ["tool.wasm", "--", "a".repeat(1_025)], 2, /at most 64 arguments of 1,024 characters/],
    ["arguments of a job file", ["examples/kmeans", "--", "sort", "-k"], 2, /^dcm: -- sort -k is for a program alone, such as tools\.wasm; examples\/kmeans is none/],
    ["lots of a job file", ["examples/kmeans", "--lots", "3"], 2, /^dcm: --lots is for a program alone/],
  ] as const) {
    it(`is refused before anything is asked or sent: ${what} (CLI-12)`, async () => {
      const known = { ...files, "tool.wasm": module, "text.wasm": Buffer.from("text") };
      for (const command of ["run", "quote"]) {
        const ran = await runCommand([command, ...argv], { readBytes: (path) => known[path as keyof typeof known] ?? outside.readBytes(path) });
        assert.deepEqual([ran.code, ran.out], [code, ""], ran.err);
        assert.match(ran.err, said);
      }
    });
  }
});
