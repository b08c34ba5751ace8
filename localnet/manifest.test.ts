import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { type ManifestInput, completeManifest, readManifest } from "./manifest.ts";
import { editToml } from "./toml.ts";

describe("a network's manifest", () => {
  it("has defaults for everything", () => {
    assert.deepEqual(completeManifest(), { chainId: "dcm-local", validators: 4, providers: 3, timings: {}, comet: { line: "0.38", config: {} } });
  });

  it("names the field that is wrong", () => {
    const cases: [object, RegExp][] = [
      [{ chainId: "a b" }, /chainId must be 1 to 50 letters/],
      [{ validators: 0 }, /validators must be a whole number from 1 to 60, not 0/],
      [{ providers: 1.5 }, /providers/],
      [{ validator: 4 }, /manifest has no field validator; known: chainId, validators/],
      [{ timings: { commit: 5 } }, /timings has no field commit/],
      [{ timings: { commitMs: 0 } }, /timings\.commitMs/],
      [{ comet: { line: "0.37" } }, /comet\.line must be one of 0\.38, 0\.40, not "0\.37"/],
      [{ faults: { links: [{ between: [1, 1] }] } }, /two different validators/],
      [{ faults: { links: [{ between: [0, 4] }] } }, /from 0 to 3, not 4/],
      [{ basePort: 80 }, /basePort/],
    ];
    for (const [input, message] of cases) assert.throws(() => completeManifest(input as ManifestInput), message);
  });

  it("is read from a TOML file", () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-manifest-"));
    const file = join(folder, "m.toml");
    writeFileSync(file, 'chainId = "x"\nvalidators = 2\n[timings]\ncommitMs = 50\n[comet.config.mempool]\nsize = 7\n[[faults.links]]\nbetween = [0, 1]\ndelayMs = 20\n');
    assert.deepEqual(structuredClone(readManifest(file)), {
      chainId: "x", validators: 2, providers: 3, timings: { commitMs: 50 }, comet: { line: "0.38", config: { mempool: { size: 7 } } }, faults: { links: [{ between: [0, 1], delayMs: 20 }] },
    });
    writeFileSync(file, "validators = -1\n");
    assert.throws(() => readManifest(file), /m\.toml: manifest: validators/);
    rmSync(folder, { recursive: true });
  });
});

describe("changes to a TOML file", () => {
  it("keep comments and order, and stay within their section", () => {
    const text = '# top\na = 1\nb = "x"\n\n[one]\n# about a\na = 2\nlist = [\n  "p",\n  "q",\n]\nz = 1\n\n[two]\na = 3';
    assert.equal(
      editToml(text, { "": { a: 5 }, one: { a: "six", list: ["r"] }, two: { a: true, added: 1 }, three: { n: "new" } }),
      '# top\na = 5\nb = "x"\n\n[one]\n# about a\na = "six"\nlist = ["r"]\nz = 1\n\n[two]\na = true\nadded = 1\n\n[three]\nn = "new"',
    );
  });
});
