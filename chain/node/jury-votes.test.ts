import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { addressText } from "../codec/address.ts";
import { Verdict } from "../codec/gen/dcm/dispute/v1/types.ts";
import { Home } from "./home.ts";
import { commitmentOf, keepVote, voteBehind, voteFile } from "./jury-votes.ts";

describe("votes that a juror keeps", () => {
  let folder: string;
  let home: Home;
  const ballot = { chainId: "dcm-1", caseId: 7n, round: 1, juror: addressText(new Uint8Array(20).fill(3)) };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dcmd-jury-"));
    home = new Home(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("are there for their owner alone, and open what the chain has, whichever of them it took", () => {
    const [first, second] = [keepVote(home, ballot, Verdict.VERDICT_CONSUMER), keepVote(home, ballot, Verdict.VERDICT_PROVIDER)];
    assert.notDeepEqual(first.salt, second.salt);
    assert.equal(statSync(voteFile(home, ballot)).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(voteFile(home, ballot))).mode & 0o777, 0o700);
    for (const kept of [first, second]) assert.deepEqual(voteBehind(home, ballot, commitmentOf(ballot, kept)), kept);
    assert.equal(readdirSync(dirname(voteFile(home, ballot))).length, 1);
  });

  it("open nothing of another case, round, juror or chain", () => {
    const commitment = commitmentOf(ballot, keepVote(home, ballot, Verdict.VERDICT_CONSUMER));
    for (const other of [{ ...ballot, caseId: 8n }, { ...ballot, round: 0 }, { ...ballot, chainId: "dcm-2" }, { ...ballot, juror: addressText(new Uint8Array(20).fill(4)) }]) assert.equal(voteBehind(home, other, commitment), undefined);
  });

  it("never lie outside the home, whatever a chain calls itself", () => {
    const file = voteFile(home, { ...ballot, chainId: "../../etc/x" });
    assert.ok(file.startsWith(join(folder, "jury")) && !file.includes("/../"), file);
    assert.ok(voteFile(home, { ...ballot, chainId: ".." }).startsWith(join(folder, "jury")));
  });

  it("are refused where the file was spoiled, with its name", () => {
    keepVote(home, ballot, Verdict.VERDICT_CONSUMER);
    writeFileSync(voteFile(home, ballot), '{"votes":[{"vote":"consumer","salt":"00"}]}');
    assert.throws(() => voteBehind(home, ballot, new Uint8Array(32)), /7-1-dcm1.*has a vote that is none/);
  });
});
