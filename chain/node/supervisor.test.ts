import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { createLog } from "./log.ts";
import { rateLimiter } from "./rest/limits.ts";
import { CometSupervisor } from "./supervisor.ts";

describe("the supervisor of CometBFT", () => {
  let folder: string;
  const lines: string[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dcm-supervisor-"));
    lines.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const supervise = (script: string): { supervisor: CometSupervisor; restarts: () => number; givenUp: Promise<string> } => {
    let restarts = 0;
    const { promise, resolve } = Promise.withResolvers<string>();
    const supervisor = new CometSupervisor({
      binary: process.execPath, args: ["-e", script], env: {}, pidFile: join(folder, "pid"), log: createLog((line) => lines.push(line), "debug", false, () => new Date(0)),
      onRestart: () => restarts++, onGivenUp: resolve,
    });
    return { supervisor, restarts: () => restarts, givenUp: promise };
  };
  const eventually = async (what: () => boolean): Promise<void> => {
    for (let tries = 0; !what(); tries++) {
      assert.ok(tries < 200, `waited in vain: ${lines.join("")}`);
      await sleep(50);
    }
  };

  it("starts it again when it ends, with status 0 too (ABCI-5)", async () => {
    const { supervisor, restarts } = supervise("setTimeout(() => process.exit(0), 50)");
    supervisor.worked();
    supervisor.start();
    await eventually(() => restarts() >= 2);
    await supervisor.stop();
  });

  it("gives up where it never worked, with what it said", async () => {
    const { supervisor, givenUp } = supervise(`console.log(JSON.stringify({ level: "error", _msg: "ERROR: no such port" })); process.exit(1)`);
    supervisor.start();
    assert.match(await givenUp, /status 1, 3 times in a row[^]*ERROR: no such port/);
  });

  it("says that the program is missing", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const missing = new CometSupervisor({ binary: join(folder, "none"), args: [], env: {}, pidFile: join(folder, "pid"), log: () => undefined, onRestart: () => undefined, onGivenUp: resolve });
    missing.start();
    assert.match(await promise, /cannot be run.*ENOENT/);
  });

  it("ends it, by force where it does not listen, and leaves no pid behind", async () => {
    const { supervisor } = supervise(`process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")`);
    supervisor.start();
    await eventually(() => lines.some((line) => line.includes("up")));
    assert.equal(Number(readFileSync(join(folder, "pid"), "utf8")), supervisor.pid);
    await supervisor.stop(200);
    assert.equal(supervisor.pid, undefined);
    assert.ok(!existsSync(join(folder, "pid")));
  });
});

describe("the log", () => {
  it("keeps an entry on one line, whatever others put into it", () => {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), "info", false, () => new Date(0));
    log("info", "peer", { moniker: "evil\n00:00 ERR \u001b[31mall is lost" });
    log("debug", "not shown");
    assert.equal(lines.length, 1);
    assert.equal(lines[0]!.trim().split("\n").length, 1);
    assert.ok(!lines[0]!.includes("\u001b"));
  });
});

describe("the rate limit", () => {
  it("lets bursts through and then the rate, for each client by itself", () => {
    let now = 0;
    const limiter = rateLimiter(5, () => now);
    const take = (client: string, times: number): number => Array.from({ length: times }, () => limiter.take(client)).filter(Boolean).length;
    assert.equal(take("a", 100), 50);
    assert.equal(take("b", 10), 10);
    now += 2_000;
    assert.equal(take("a", 100), 10);
    assert.equal(take("a", 1), 0);
    const open = rateLimiter(0, () => now);
    assert.ok(Array.from({ length: 1000 }, () => open.take("a")).every(Boolean));
  });
});
