import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { Journal, type JournalEntry } from "./journal.ts";

const entry: JournalEntry = { task: "65537", round: 0, digest: "ab".repeat(32), size: "12", meter: "34", salt: "cd".repeat(32), blob: { digest: "ef".repeat(32), size: "99" } };

describe("a worker's journal", () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "dcm-journal-")), "journal");
  });
  afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

  it("keeps an entry over a restart, by task and round, for its owner alone", () => {
    new Journal(folder).keep(entry);
    const again = new Journal(folder);
    assert.deepEqual(again.find(65_537n, 0), entry);
    assert.equal(again.find(65_537n, 1), undefined);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, "65537-0.json")).mode & 0o777, 0o600);
  });

  it("replaces an entry whole: a draft left by a crash is not read", () => {
    const journal = new Journal(folder);
    journal.keep(entry);
    writeFileSync(join(folder, "65537-0.json.new"), '{"task":"65');
    assert.deepEqual(journal.find(65_537n, 0), entry);
    journal.keep({ ...entry, meter: "35" });
    assert.equal(journal.find(65_537n, 0)!.meter, "35");
    assert.ok(!readFileSync(join(folder, "65537-0.json"), "utf8").includes('"34"'));
  });

  it("lists what it keeps and forgets what is over", () => {
    const journal = new Journal(folder);
    journal.keep(entry);
    journal.keep({ ...entry, round: 1 });
    writeFileSync(join(folder, "notes.txt"), "not an entry");
    assert.deepEqual(journal.kept(), [{ task: 65_537n, round: 0 }, { task: 65_537n, round: 1 }]);
    journal.forget(65_537n, 0);
    journal.forget(65_537n, 0);
    assert.deepEqual(journal.kept(), [{ task: 65_537n, round: 1 }]);
  });

  it("does not take a broken entry for none", () => {
    const journal = new Journal(folder);
    writeFileSync(join(folder, "65537-0.json"), "{");
    assert.throws(() => journal.find(65_537n, 0), SyntaxError);
  });
});
