import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { utf8 } from "../../chain/codec/bytes.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { BlobRefused } from "../data/store.ts";
import { KeptInputs } from "./kept.ts";

describe("what refereed tasks were run on", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dcm-kept-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const [program, one, two] = [utf8("a program"), utf8("the input of task 1"), utf8("the input of task 2")];
  const text = async (kept: KeptInputs, bytes: Uint8Array): Promise<boolean> => (await kept.find(sha256(bytes))) !== undefined;

  it("stays until no task that lives was run on it, restarts in between", async () => {
    const first = await KeptInputs.open(folder);
    for (const [task, input] of [[1n, one], [2n, two]] as const) for (const bytes of [program, input]) await first.keep(task, sha256(bytes), bytes);
    const kept = await KeptInputs.open(folder);
    assert.deepEqual(await Promise.all([program, one, two].map((bytes) => text(kept, bytes))), [true, true, true]);
    await kept.tidy((task) => Promise.resolve(task === 1n));
    assert.deepEqual(await Promise.all([program, one, two].map((bytes) => text(kept, bytes))), [true, false, true]);
    await kept.tidy(() => Promise.resolve(true));
    assert.deepEqual([await text(kept, program), await text(kept, two), readdirSync(join(folder, "tasks"))], [false, false, []]);
  });

  it("is not given up for what comes later: that is refused where there is no room, after a restart too", async () => {
    for (let i = 0; i < 2; i++) {
      const kept = await KeptInputs.open(folder, 40);
      await kept.keep(1n, sha256(one), one);
      await assert.rejects(kept.keep(2n, sha256(utf8("x".repeat(30))), utf8("x".repeat(30))), BlobRefused);
      assert.equal(await text(kept, one), true);
    }
  });
});
