import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { fromHex } from "../chain/codec/bytes.ts";
import { JobSpec } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { SaltChain } from "../client/protocol.ts";
import { JobFiles } from "../worker/gateway/job-files.ts";
import type { Io } from "./io.ts";
import { Runs } from "./runs.ts";

describe("runs that dcm keeps", () => {
  let home: string;
  let runs: Runs;
  before(() => {
    home = mkdtempSync(join(tmpdir(), "dcm-runs-"));
    let hours = 0;
    const io = { folders: { config: home, data: home }, readFile: (path) => readFileSync(path, "utf8"), writeFile: (path, text) => writeFileSync(path, text), now: () => new Date(3_600_000 * hours++) } satisfies Partial<Io>;
    runs = new Runs(io as unknown as Io, "dcm-1");
    keep("7", "aa", "11");
    keep("4", "", "22");
    keep("5", "", "33");
    keep("4", "", "44");
    keep("9", "bb", "55", "service");
    runs.create("refused");
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  /** A run of a job with this number, key (none: in the clear) and secret of its salts; the name says which. */
  function keep(id: string, consumerKey: string, secret: string, kind: "job" | "service" = "job"): void {
    const folder = runs.create("one");
    new JobFiles(join(folder, "jobs")).write(id, { id, name: "one", jobKey: "01".repeat(32), consumerSecret: "", saltSecret: secret.repeat(32), saltLength: 3, consumerKey });
    runs.write(folder, { kind, title: secret, path: "/job.json", key: "me", listen: { host: "127.0.0.1", port: 1 }, expected: "", maximum: "1" });
  }
  const found = (id: bigint, consumerKey: string, saltHead: Uint8Array): string | undefined => runs.find({ id, spec: JobSpec.fromPartial({ consumerKey: fromHex(consumerKey) }), saltHead })?.note.title;
  const salts = (secret: string): SaltChain => new SaltChain(fromHex(secret.repeat(32)), 3);

  it("are found by the key of what is sealed, whatever the number (CLI-5)", () => {
    assert.deepEqual([found(7n, "aa", salts("11").head), found(8n, "aa", salts("11").head), found(7n, "cc", salts("11").head)], ["11", "11", undefined]);
  });

  it("give the numbers of what was ordered, the latest first, jobs and services apart (CLI-9)", () => {
    assert.deepEqual([runs.ids("job"), runs.ids("service")], [["4", "5", "7"], ["9"]]);
  });

  it("are told apart where nothing is sealed: by number and salts, before and after draws (CLI-5)", () => {
    assert.deepEqual([found(4n, "", salts("22").head), found(4n, "", salts("22").next(1)), found(5n, "", salts("33").head), found(4n, "", salts("44").next(0))], ["22", "22", "33", "44"]);
    assert.equal(found(4n, "", salts("55").head), undefined);
    assert.equal(found(5n, "", new Uint8Array(0)), "33");
    assert.equal(found(6n, "", salts("33").head), undefined);
  });

  it("open the data of a job that this machine ordered, and of no other", () => {
    assert.deepEqual([runs.jobKey(fromHex("aa")), runs.jobKey(fromHex("cc"))], [fromHex("01".repeat(32)), undefined]);
  });
});
