import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { commitOf, versionInfo } from "./version.ts";

describe("the commit of a build", () => {
  let folder: string;
  let main: string;
  const git = (cwd: string, ...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", ...args], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"], GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" } }).trim();
  const commit = (cwd: string): string => {
    git(cwd, "commit", "--allow-empty", "-q", "-m", "one");
    return git(cwd, "rev-parse", "HEAD");
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "dcm-version-"));
    main = join(folder, "main");
    git(folder, "init", "-q", "-b", "trunk", main);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is none before there is one, and where there is no repository", () => {
    assert.deepEqual([commitOf(main), commitOf(folder), commitOf(join(folder, "nowhere"))], ["", "", ""]);
  });

  it("is what the branch says, in a file of its own, packed, packed and moved on, or without a branch", () => {
    const first = commit(main);
    assert.equal(commitOf(main), first);
    git(main, "pack-refs", "--all");
    assert.equal(commitOf(main), first);
    const second = commit(main);
    assert.notEqual(second, first);
    assert.equal(commitOf(main), second);
    git(main, "checkout", "-q", "--detach", first);
    assert.equal(commitOf(main), first);
    git(main, "checkout", "-q", "-b", "release+1/a@b");
    assert.equal(commitOf(main), first);
    git(main, "pack-refs", "--all");
    assert.equal(commitOf(main), first);
  });

  it("is a worktree's own, on a branch of its own, packed too, or on none", () => {
    const worktree = join(folder, "worktree");
    git(main, "worktree", "add", "-q", "-b", "side", worktree);
    const own = commit(worktree);
    assert.notEqual(own, commitOf(main));
    assert.equal(commitOf(worktree), own);
    git(main, "pack-refs", "--all");
    assert.equal(commitOf(worktree), own);
    git(worktree, "checkout", "-q", "--detach");
    assert.equal(commitOf(worktree), own);
    git(main, "worktree", "add", "-q", join(folder, "relative"));
    writeFileSync(join(folder, "relative/.git"), "gitdir: ../main/.git/worktrees/relative\n");
    assert.equal(commitOf(join(folder, "relative")), git(main, "rev-parse", "HEAD"));
  });

  it("is none where git's files say nothing of the kind", () => {
    const broken = join(folder, "broken");
    for (const [head, ref] of [["", ""], ["ref: refs/heads/gone", ""], ["ref: refs/heads/odd", "not a commit"], ["0123", ""]] as const) {
      rmSync(broken, { recursive: true, force: true });
      mkdirSync(join(broken, ".git/refs/heads"), { recursive: true });
      writeFileSync(join(broken, ".git/HEAD"), `${head}\n`);
      writeFileSync(join(broken, ".git/refs/heads/odd"), ref);
      assert.equal(commitOf(broken), "", head);
    }
    rmSync(broken, { recursive: true });
    mkdirSync(broken);
    writeFileSync(join(broken, ".git"), "gitdir: /nowhere/at/all\n");
    assert.equal(commitOf(broken), "");
  });

  it("stands among the versions", () => {
    const root = join(import.meta.dirname, "../..");
    assert.equal(versionInfo().commit, existsSync(join(root, ".git")) ? git(root, "rev-parse", "HEAD") : "");
  });
});
