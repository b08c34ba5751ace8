import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { JobFiles, type JobFile } from "./job-files.ts";

const file: JobFile = { id: "", name: "a job", jobKey: "01".repeat(32), consumerSecret: "02".repeat(32), saltSecret: "03".repeat(32), saltLength: 16, consumerKey: "04".repeat(32) };

describe("a gateway's job files", () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "dcm-jobs-")), "jobs");
  });
  afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

  it("turns a draft into a job once the chain has named it, over a restart", () => {
    const files = new JobFiles(folder);
    files.write("draft-1", file);
    assert.deepEqual(new JobFiles(folder).all(), [{ ...file, id: "draft-1" }]);
    files.settle("draft-1", "7");
    assert.deepEqual(new JobFiles(folder).all(), [{ ...file, id: "7" }]);
    assert.deepEqual(files.find(7n), { ...file, id: "7" });
    assert.equal(files.find(8n), undefined);
  });

  it("drops the draft of a refused bid", () => {
    const files = new JobFiles(folder);
    files.write("draft-1", file);
    files.drop("draft-1");
    assert.deepEqual(files.all(), []);
  });

  it("holds secrets for its owner alone", () => {
    new JobFiles(folder).write("7", file);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, "7.json")).mode & 0o777, 0o600);
  });
});
