import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { alive } from "./comet/lock.ts";
import { ManagedProcess, type ProcessSpec } from "./process.ts";

let folder: string;
let started: ManagedProcess[];

function shell(text: string, spec: Partial<ProcessSpec> = {}): ManagedProcess {
  const managed = new ManagedProcess({ name: "test", command: "/bin/sh", args: ["-c", text], logFile: join(folder, "log"), ...spec });
  started.push(managed);
  return managed;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < end, `never: ${what}`);
    await sleep(10);
  }
}

const log = (): string => (existsSync(join(folder, "log")) ? readFileSync(join(folder, "log"), "utf8") : "");
const pidsIn = (text: string): number[] => [...text.matchAll(/^pid (\d+)$/gm)].map((match) => Number(match[1]));

describe("a managed process", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dcm-process-"));
    started = [];
  });
  afterEach(async () => {
    await Promise.all(started.map((managed) => managed.stop(0)));
    rmSync(folder, { recursive: true, force: true });
  });

  it("writes its output to its file and ends on SIGTERM", async () => {
    const managed = shell("trap 'echo bye; exit 3' TERM; echo hello; while :; do sleep 0.05; done");
    await managed.start();
    await until(() => log() === "hello\n", "hello");
    assert.deepEqual(await managed.stop(), { code: 3, signal: null });
    assert.equal(managed.tail(), "hello\nbye\n");
    assert.equal(managed.pid, undefined);
    assert.equal(await managed.stop(), undefined);
  });

  it("is killed, with all that it started, where SIGTERM does not end it in time", async () => {
    const managed = shell("trap '' TERM; sleep 1000 & echo pid $!; echo pid $$; wait; sleep 1000");
    await managed.start();
    await until(() => pidsIn(log()).length === 2, "two processes");
    assert.equal((await managed.stop(100))?.signal, "SIGKILL");
    await until(() => !pidsIn(log()).some(alive), "all gone");
  });

  it("takes what it started along when it ends by itself", async () => {
    const managed = shell("sleep 1000 & echo pid $!; exit 0");
    await managed.start();
    await until(() => managed.pid === undefined, "the end");
    await until(() => !pidsIn(log()).some(alive), "all gone");
  });

  it("is ready when it says so, and shows the end of its log where it ends before", async () => {
    const file = join(folder, "serving");
    const managed = shell(`sleep 0.2; touch ${file}; sleep 1000`, { ready: () => Promise.resolve(existsSync(file)) });
    await managed.start();
    assert.ok(existsSync(file));
    await assert.rejects(shell("echo no such database; exit 1", { ready: () => Promise.resolve(false) }).start(), /ended before it was ready.\n[^]*no such database/);
    await assert.rejects(shell("sleep 1000", { ready: () => Promise.resolve(false) }).start(200), /not ready after 200 ms/);
    await assert.rejects(new ManagedProcess({ ...managed.spec, command: join(folder, "missing"), args: [], ready: () => Promise.resolve(false) }).start(), /ended before it was ready.\n[^]*not found/);
  });

  it("starts again whenever it ends, with status 0 too, until it is stopped", async () => {
    const managed = shell("echo pid $$; exit 0", { restart: true });
    await managed.start();
    await until(() => pidsIn(log()).length >= 3, "three lives");
    assert.ok(managed.restarts >= 2);
    await managed.stop();
    const lives = pidsIn(log()).length;
    await sleep(1200);
    assert.equal(pidsIn(log()).length, lives);
  });

  it("comes back from kill -9 only where it is to restart", async () => {
    const [stays, returns] = [shell("sleep 1000"), shell("sleep 1000", { restart: true })];
    await stays.start();
    await returns.start();
    const before = returns.pid;
    await Promise.all([stays.kill(), returns.kill()]);
    await until(() => returns.pid !== undefined && returns.pid !== before, "another life");
    assert.equal(stays.pid, undefined);
    await stays.start();
    assert.ok(alive(stays.pid!));
  });

  it("does not outlive a parent that is killed, not even when it ignores SIGTERM", async () => {
    const program = join(folder, "parent.ts");
    writeFileSync(
      program,
      `import { ManagedProcess } from ${JSON.stringify(fileURLToPath(new URL("process.ts", import.meta.url)))};
for (const text of ["sleep 1000 & echo pid $!; echo pid $$; wait", "trap '' TERM; echo pid $$; while :; do sleep 1; done"]) {
  await new ManagedProcess({ name: "x", command: "/bin/sh", args: ["-c", text], logFile: ${JSON.stringify(join(folder, "log"))} }).start();
}
setInterval(() => undefined, 1000);`,
    );
    const parent = spawn(process.execPath, [program], { stdio: "inherit" });
    await until(() => pidsIn(log()).length === 3, "three processes");
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await until(() => !pidsIn(log()).some(alive), "all gone");
  });
});
