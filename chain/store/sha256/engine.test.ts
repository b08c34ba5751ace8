import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { sha256 } from "../../codec/hash.ts";
import { createEngine, type HashEngine } from "./engine.ts";

/** Hashes messages through an engine's staging area, each on a 64-byte boundary. */
function digests(engine: HashEngine, messages: readonly Uint8Array[]): Uint8Array[] {
  const bytes = new Uint8Array(engine.memory.buffer);
  const list = new Int32Array(engine.memory.buffer, engine.list);
  let at = engine.stage + 64 * messages.length;
  messages.forEach((message, i) => {
    bytes.set(message, at);
    list.set([at, message.length, engine.stage + 64 * i], 3 * i);
    at += (message.length + 72 + 63) & ~63;
  });
  engine.digestBatch(messages.length);
  return messages.map((_, i) => bytes.slice(engine.stage + 64 * i, engine.stage + 64 * i + 32));
}

describe("the hash engine", () => {
  for (const kind of ["simd", "crypto"] as const) {
    it(`STORE-5: hashes any batch as node does (${kind})`, () => {
      const engine = createEngine(kind);
      assert.equal(engine.name, kind);
      fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 40 }), (messages) => {
        assert.deepEqual(digests(engine, messages), messages.map((message) => sha256(message)));
      }), { numRuns: 100 });
      const lengths = Array.from({ length: 300 }, (_, i) => new Uint8Array(i).fill(i));
      assert.deepEqual(digests(engine, lengths), lengths.map((message) => sha256(message)));
    });
  }

  it("STORE-5: the committed module is what the source compiles to", function () {
    this.timeout(60_000);
    const directory = mkdtempSync(join(tmpdir(), "sha256-"));
    try {
      const output = join(directory, "out.wasm");
      const run = spawnSync(process.execPath, [fileURLToPath(new URL("build.ts", import.meta.url)), output], { encoding: "utf8" });
      assert.equal(run.status, 0, run.stderr);
      assert.ok(readFileSync(output).equals(readFileSync(new URL("sha256.wasm", import.meta.url))), "run chain/store/sha256/build.ts and commit sha256.wasm");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
