import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { main } from "./commands.ts";
import { platform } from "./download.ts";
import { directoryName } from "./layout.ts";
import { durationMs, readSettings, skippedHeights } from "./settings.ts";

/** Builds are shell scripts; each appends to `said` what it was run with. */
const ask = (name: string, height: number, info = ""): string => `printf '%s' '${JSON.stringify({ name, time: "0001-01-01T00:00:00Z", height, info })}' > "$DAEMON_HOME/data/upgrade-info.json"`;
const build = (name: string, start: string, preUpgrade = "exit 0"): string => `#!/bin/sh\necho "${name} $*" >> "$DAEMON_HOME/said"\nif [ "$1" = pre-upgrade ]; then ${preUpgrade}; fi\n${start}\n`;

describe("the supervisor", () => {
  let home: string;
  let children: ChildProcess[];
  const at = (...path: string[]): string => join(home, ...path);
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text, { mode: 0o755 });
  };
  const said = (): string[] => (existsSync(at("said")) ? readFileSync(at("said"), "utf8").trim().split("\n") : []);
  const environment = (more: Record<string, string> = {}): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, DAEMON_HOME: home, DAEMON_NAME: "noded", DAEMON_POLL_INTERVAL: "20ms", UNSAFE_SKIP_BACKUP: "true", ...more });

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "supervisor-"));
    children = [];
    mkdirSync(at("data"));
    put("cosmovisor/genesis/bin/noded", build("v1", `${ask("v2", 7)}; exit 6`));
    put("cosmovisor/upgrades/v2/bin/noded", build("v2", "exit 0"));
  });
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(home, { recursive: true });
  });

  /** In this process: only signals need one of their own. */
  async function run(args: readonly string[], more: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ["", ""];
    const code = await main(args, { environment: environment(more), log: (line) => (err += `${line}\n`), print: (text) => (out += text), now: () => new Date(), onSignal: () => undefined });
    return { code, out, err };
  }

  it("links genesis first, changes the build when the node asks, and runs it with the same arguments (SUP-1)", async () => {
    const { code, err } = await run(["run", "start", "--flag"]);
    assert.equal(code, 0, err);
    assert.deepEqual(said(), ["v1 start --flag", "v2 pre-upgrade", "v2 start --flag"]);
    assert.equal(readlinkSync(at("cosmovisor/current")), "upgrades/v2");
    assert.deepEqual(JSON.parse(readFileSync(at("cosmovisor/upgrades/v2/upgrade-info.json"), "utf8")), { name: "v2", time: "0001-01-01T00:00:00Z", height: 7 });
  });

  it("goes on with an upgrade that an earlier run did not finish, and not twice with one that it did (SUP-2)", async () => {
    writeFileSync(at("data/upgrade-info.json"), '{"name":"v2","height":"7"}');
    await run(["run", "start"]);
    await run(["run", "start"]);
    assert.deepEqual(said(), ["v2 pre-upgrade", "v2 start", "v2 start"]);
  });

  it("gives the node's own exit code where it asks for nothing, and does not start it again (SUP-3)", async () => {
    put("cosmovisor/genesis/bin/noded", build("v1", "exit 3"));
    assert.equal((await run(["run", "start"])).code, 3);
    assert.deepEqual(said(), ["v1 start"]);
  });

  it("takes a build only where one is, says where to put it, and goes on once it is there (SUP-4)", async () => {
    rmSync(at("cosmovisor/upgrades"), { recursive: true });
    const { code, err } = await run(["run", "start"]);
    assert.equal(code, 1);
    assert.match(err, /the build of the upgrade "v2" is not at .*upgrades\/v2\/bin\/noded: put it there/);
    assert.equal(readlinkSync(at("cosmovisor/current")), "genesis");
    put("new", build("v2", "exit 0"));
    assert.equal((await run(["add-upgrade", "V2", at("new")])).code, 0);
    assert.equal((await run(["run", "start"])).code, 0);
    assert.deepEqual(said(), ["v1 start", "v2 pre-upgrade", "v2 start"]);
  });

  it("ends after the change of builds where DAEMON_RESTART_AFTER_UPGRADE is false (SUP-5)", async () => {
    assert.equal((await run(["run", "start"], { DAEMON_RESTART_AFTER_UPGRADE: "false" })).code, 0);
    assert.deepEqual(said(), ["v1 start", "v2 pre-upgrade"]);
    assert.equal(readlinkSync(at("cosmovisor/current")), "upgrades/v2");
  });

  it("backs the data up before it changes builds, once for each plan (SUP-6)", async () => {
    writeFileSync(at("data/blocks"), "old");
    rmSync(at("cosmovisor/upgrades"), { recursive: true });
    mkdirSync(at("backups"));
    const where = { UNSAFE_SKIP_BACKUP: "false", DAEMON_DATA_BACKUP_DIR: at("backups") };
    await run(["run", "start"], where);
    writeFileSync(at("data/blocks"), "new");
    put("cosmovisor/upgrades/v2/bin/noded", build("v2", "exit 0"));
    await run(["run", "start"], where);
    const [backup, ...others] = readdirSync(at("backups"));
    assert.deepEqual(others, []);
    assert.match(backup!, /^data-backup-\d{4}-\d\d-\d\d-v2-7$/);
    assert.equal(readFileSync(at("backups", backup!, "blocks"), "utf8"), "old");
    assert.match((await run(["run", "start"], { ...where, DAEMON_DATA_BACKUP_DIR: at("none") })).err, /none is not a directory: backups have no place/);
  });

  it("asks the new build first: 30 stops, 31 asks again, 1 and others go on (SUP-7)", async () => {
    for (const [code, retries, goesOn, asked] of [["30", "2", false, 1], ["31", "2", false, 3], ["1", "0", true, 1], ["2", "0", true, 1]] as const) {
      rmSync(at("cosmovisor/current"), { force: true });
      rmSync(at("said"), { force: true });
      rmSync(at("data/upgrade-info.json"), { force: true });
      put("cosmovisor/upgrades/v2/bin/noded", build("v2", "exit 0", `exit ${code}`));
      const ran = await run(["run", "start"], { DAEMON_PREUPGRADE_MAX_RETRIES: retries });
      assert.equal(ran.code, goesOn ? 0 : 1, `${code}: ${ran.err}`);
      assert.deepEqual(said(), ["v1 start", ...Array<string>(asked).fill("v2 pre-upgrade"), ...(goesOn ? ["v2 start"] : [])]);
    }
  });

  it("runs the operator's script with the plan's name and height before it changes builds, and stops where that fails (SUP-7)", async () => {
    put("cosmovisor/before.sh", '#!/bin/sh\necho "before $*" >> "$DAEMON_HOME/said"\n');
    assert.equal((await run(["run", "start"], { COSMOVISOR_CUSTOM_PREUPGRADE: "before.sh" })).code, 0);
    assert.deepEqual(said(), ["v1 start", "before v2 7", "v2 pre-upgrade", "v2 start"]);
    rmSync(at("cosmovisor/current"));
    rmSync(at("data/upgrade-info.json"));
    put("cosmovisor/before.sh", "#!/bin/sh\nexit 4\n");
    const { code, err } = await run(["run", "start"], { COSMOVISOR_CUSTOM_PREUPGRADE: "before.sh" });
    assert.equal(code, 1);
    assert.match(err, /before\.sh v2 7 ended with status 4/);
    assert.equal(readlinkSync(at("cosmovisor/current")), "genesis");
  });

  it("does nothing at a height that the node is told to skip (SUP-8)", async () => {
    const { code } = await run(["run", "start", "--unsafe-skip-upgrades", "5", "7"]);
    assert.equal(code, 6);
    assert.deepEqual(said(), ["v1 start --unsafe-skip-upgrades 5 7"]);
    assert.deepEqual(skippedHeights(["start", "--unsafe-skip-upgrades=5,7", "--x"]), [5, 7]);
    assert.deepEqual(skippedHeights(["start", "--unsafe-skip-upgrades", "5", "--home", "9"]), [5]);
  });

  it("passes signals on, and changes no build then (SUP-9)", async () => {
    put("cosmovisor/genesis/bin/noded", build("v1", 'trap "echo told >> $DAEMON_HOME/said; exit 0" TERM; while :; do sleep 0.05; done'));
    const child = spawn(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url)), "run", "start"], { env: environment(), stdio: "ignore" });
    children.push(child);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    while (said().length === 0) await sleep(20);
    await sleep(100);
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
    assert.deepEqual(said(), ["v1 start", "told"]);
  });

  it("ends a node that asked and does not end (SUP-10)", async () => {
    put("cosmovisor/genesis/bin/noded", build("v1", `${ask("v2", 7)}; exec sleep 60`));
    const { code, err } = await run(["run", "start"], { DAEMON_SHUTDOWN_GRACE: "100ms" });
    assert.equal(code, 0, err);
    assert.match(err, /does not end: it is told to/);
    assert.deepEqual(said(), ["v1 start", "v2 pre-upgrade", "v2 start"]);
  });

  describe("downloads, where the operator allows it", () => {
    let server: Server;
    let base: string;
    const files = new Map<string, Buffer>();
    const digest = (bytes: Buffer, algorithm = "sha256"): string => `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
    const binaries = (url: string): string => JSON.stringify({ binaries: { [platform]: url } });
    const allowed = { DAEMON_ALLOW_DOWNLOAD_BINARIES: "true" };

    beforeEach(async () => {
      rmSync(at("cosmovisor/upgrades"), { recursive: true });
      files.clear();
      server = createServer((request, response) => {
        const body = files.get(request.url!);
        response.writeHead(body === undefined ? 404 : 200).end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterEach(() => new Promise((resolve) => server.close(resolve)));

    const upgradeFrom = (info: string): ReturnType<typeof run> => {
      put("cosmovisor/genesis/bin/noded", build("v1", `${ask("v2", 7, info)}; exit 6`));
      return run(["run", "start"], allowed);
    };

    it("takes an executable whose checksum is the plan's (SUP-11)", async () => {
      const body = Buffer.from(build("v2", "exit 0"));
      files.set("/noded", body);
      assert.equal((await upgradeFrom(binaries(`${base}/noded?checksum=${digest(body, "sha512")}`))).code, 0);
      assert.deepEqual(said(), ["v1 start", "v2 pre-upgrade", "v2 start"]);
      assert.equal(statSync(at("cosmovisor/upgrades/v2/bin/noded")).mode & 0o111, 0o111);
    });

    it("takes an archive, through a list at an address that has a checksum of its own (SUP-11)", async () => {
      put("packed/noded", build("v2", "exit 0"));
      assert.equal(spawnSync("tar", ["-czf", at("noded.tar.gz"), "-C", at("packed"), "noded"]).status, 0);
      const archive = readFileSync(at("noded.tar.gz"));
      files.set("/noded.tar.gz", archive);
      const list = Buffer.from(binaries(`${base}/noded.tar.gz?checksum=${digest(archive)}`));
      files.set("/list.json", list);
      const { code, err } = await upgradeFrom(`${base}/list.json?checksum=${digest(list)}`);
      assert.equal(code, 0, err);
      assert.deepEqual(readdirSync(at("cosmovisor/upgrades/v2")).sort(), ["bin", "upgrade-info.json"]);
    });

    it("takes nothing without a checksum, with another one, or that is not there, and leaves nothing behind (SUP-12)", async () => {
      files.set("/noded", Buffer.from(build("v2", "exit 0")));
      const other = digest(Buffer.from("other"));
      for (const [info, why] of [
        [binaries(`${base}/noded`), /has no checksum/],
        [binaries(`${base}/noded?checksum=file:x`), /has no checksum/],
        [binaries(`${base}/noded?checksum=${other}`), /the plan says [0-9a-f]{64}: it is not taken/],
        [binaries(`${base}/none?checksum=${other}`), /cannot be downloaded: status 404/],
        [binaries(`${base}/noded.zip?checksum=${other}`), /zip archive/],
        [binaries(`file:///bin/sh?checksum=${other}`), /not reached over https or http/],
        [JSON.stringify({ binaries: { "plan9/mips": `${base}/noded` } }), /has no build for .*; it has plan9\/mips/],
        [`${base}/list.json`, /has no checksum/],
        ["see the forum", /is not JSON/],
        ["", /names no build to download/],
      ] as const) {
        rmSync(at("data/upgrade-info.json"), { force: true });
        const { code, err } = await upgradeFrom(info);
        assert.equal(code, 1, info);
        assert.match(err, why);
        assert.deepEqual(existsSync(at("cosmovisor/upgrades")) ? readdirSync(at("cosmovisor/upgrades")) : [], [], info);
      }
    }).timeout(20_000);
  });

  it("makes the layout from a build; one of a release stays a link (SUP-13)", async () => {
    const fresh = { DAEMON_HOME: at("fresh") };
    mkdirSync(at("fresh"));
    put("release/dcmd.mjs", "#!/bin/sh\nexit 0\n");
    assert.match((await run(["init", at("release/dcmd.mjs")], fresh)).out, /genesis\/bin\/noded\n$/);
    assert.equal(readlinkSync(at("fresh/cosmovisor/genesis/bin/noded")), at("release/dcmd.mjs"));
    assert.equal(readlinkSync(at("fresh/cosmovisor/current")), "genesis");
    assert.match((await run(["init", at("release/dcmd.mjs")], fresh)).out, /is there already and stays/);
    assert.match((await run(["add-upgrade", "v2", at("none")], fresh)).err, /is not there, or is no file/);
    assert.equal((await run(["add-upgrade", "v2", at("release/dcmd.mjs")], fresh)).code, 0);
    assert.match((await run(["add-upgrade", "v2", at("release/dcmd.mjs")], fresh)).err, /--force replaces it/);
    assert.match((await run(["walk"], fresh)).err, /no command "walk"; there are run, init/);
  }).timeout(10_000);

  it("names every fault of its variables at once (SUP-14)", () => {
    const read = (env: Record<string, string>, args: readonly string[] = []): unknown => readSettings({ DAEMON_HOME: home, ...env }, args);
    assert.throws(() => read({ UNSAFE_SKIP_BACKUP: "yes", DAEMON_POLL_INTERVAL: "0s", DAEMON_RESTART_DELAY: "5", DAEMON_PREUPGRADE_MAX_RETRIES: "-1", DAEMON_NAME: "a/b" }), (error: Error) => {
      for (const name of ["UNSAFE_SKIP_BACKUP", "DAEMON_POLL_INTERVAL", "DAEMON_RESTART_DELAY", "DAEMON_PREUPGRADE_MAX_RETRIES", "DAEMON_NAME"]) assert.match(error.message, new RegExp(name));
      return true;
    });
    assert.throws(() => read({}, ["start", "--home", "/elsewhere"]), /is told --home \/elsewhere/);
    assert.equal(readSettings({ UNSAFE_SKIP_BACKUP: "true" }, ["start", "--home=/srv/dcm"]).home, "/srv/dcm");
    assert.deepEqual(["300ms", "1.5s", "1h30m", "0s", "5", "1d", "-1s"].map(durationMs), [300, 1_500, 5_400_000, 0, undefined, undefined, undefined]);
  });

  it("gives plans the directories that cosmovisor gives them", () => {
    assert.deepEqual(["V2", "a b/c", "../x", "é", "v1+x@y:z"].map((name) => directoryName(name, false)), ["v2", "a%20b%2Fc", "..%2Fx", "%C3%A9", "v1+x@y:z"]);
    assert.equal(directoryName("V2", true), "V2");
    for (const name of [".", ".."]) assert.throws(() => directoryName(name, false), /has no directory/);
  });

  it("refuses a current link that leads nowhere", async () => {
    symlinkSync("upgrades/gone", at("cosmovisor/current"));
    assert.match((await run(["run", "start"])).err, /current leads nowhere/);
  });
});
