import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, it } from "mocha";
import { bundleLimits, comparePaths, decodeBundle, decodeChanges, encodeBundle, encodeChanges, NoBundle, pathFault, type Bundle, type Changes, type Entry } from "./bundle.ts";
import { program, runHere, task } from "./testing.ts";
import { wasmBackend } from "./wasm-backend.ts";

const tools = new Uint8Array(readFileSync(new URL("../../examples/tools/tools.wasm", import.meta.url)));
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const file = (path: string, content: string): Entry => ({ kind: "file", path, content: bytes(content) });
const folder = (path: string): Entry => ({ kind: "directory", path });

interface Ran {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Content by path; directories with a slash behind them, undefined for what has gone. */
  readonly changed: Record<string, string | undefined>;
}

const read = ({ stdout, stderr, entries }: Changes): Omit<Ran, "exitCode"> => ({
  stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString(),
  changed: Object.fromEntries(entries.map((entry) => (entry.kind === "file" ? [entry.path, Buffer.from(entry.content).toString()] : entry.kind === "directory" ? [`${entry.path}/`, ""] : [entry.path, undefined]))),
});

/** Runs one of the tools in this process. */
function run(bundle: Omit<Bundle, "env"> & Partial<Bundle>, module: Uint8Array = tools): Ran {
  const outcome = runHere(task(module, { files: true, input: encodeBundle({ env: {}, ...bundle }) }));
  assert.equal(outcome.status, "ok", outcome.reason);
  return { exitCode: outcome.exitCode, ...read(decodeChanges(outcome.output)) };
}

describe("bundles", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((one) => !/[/\0]/.test(one) && one !== "." && one !== ".." && one.isWellFormed());
  const text = fc.string({ unit: "grapheme" }).filter((one) => !one.includes("\0") && one.isWellFormed());
  const entries = fc.dictionary(name, fc.option(fc.uint8Array())).map((all) => Object.entries(all).map(([path, content]): Entry => (content === null ? folder(`/${path}`) : { kind: "file", path: `/${path}`, content: new Uint8Array(content) })).sort((a, b) => comparePaths(a.path, b.path)));

  it("come back as they were, and so do changes", () => {
    fc.assert(fc.property(fc.array(text), fc.dictionary(name.filter((one) => !one.includes("=")), text, { noNullPrototype: true }), entries, fc.uint8Array(), (argv, env, all, stdout) => {
      assert.deepEqual(decodeBundle(encodeBundle({ argv, env, workdir: "/", entries: all })), { argv, env, workdir: "/", entries: all });
      const changes = { stdout: new Uint8Array(stdout), stderr: new Uint8Array(0), entries: [...all, { kind: "removed", path: "/\u{10FFFF}\u{10FFFF}" } as const] };
      assert.deepEqual(decodeChanges(encodeChanges(changes)), changes);
    }));
  });

  it("have no more text than a worker's heap has room for", () => {
    const most = bundleLimits.textBytes;
    const numbers = (...all: number[]): Buffer => Buffer.from(Uint32Array.from(all).buffer);
    const made = (length: number): Buffer => Buffer.concat([Buffer.from("dcm bundle v1\n"), numbers(1, length), Buffer.alloc(length, "a"), numbers(0, 0, 0, 0, 0, 0)]);
    assert.deepEqual(made(most), Buffer.from(encodeBundle({ argv: ["a".repeat(most)], env: {}, entries: [] })));
    assert.equal(decodeBundle(made(most)).argv[0]!.length, most);
    assert.throws(() => decodeBundle(made(most + 1)), /texts and paths exceed 16777216 bytes/);
    assert.throws(() => encodeBundle({ argv: ["a".repeat(most)], env: {}, workdir: "/", entries: [] }), NoBundle);
  });

  it("are nothing else: every other run of bytes is refused as no bundle", () => {
    const whole = encodeBundle({ argv: ["a"], env: { b: "c" }, stdin: "/d", entries: [file("/d", "e")] });
    for (let i = 0; i < whole.length; i++) assert.throws(() => decodeBundle(whole.subarray(0, i)), NoBundle);
    fc.assert(fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
      const changed = whole.slice();
      changed[at] = value;
      try {
        decodeBundle(changed);
      } catch (error) {
        assert.ok(error instanceof NoBundle, String(error));
      }
    }));
    const refused = (all: Entry[], words: RegExp): void => assert.throws(() => decodeBundle(encodeBundle({ argv: [], env: {}, entries: all })), words);
    refused([file("/a/b", "")], /stands in no directory/);
    refused([file("/b", ""), file("/a", "")], /not in its place/);
    refused([file("/a", ""), file("/a", "")], /not in its place/);
    refused([file("/a", ""), file("/a/b", "")], /stands in no directory/);
    refused([{ kind: "removed", path: "/a" }], /of no kind/);
    refused([folder("/")], /not in its place/);
    for (const path of ["a", "", "/a/", "//a", "/a/../b", "/./a", `/${"a".repeat(256)}`, `/${Array(65).fill("a").join("/")}`, "/\0"]) assert.notEqual(pathFault(path), undefined, path);
  });
});

describe("a run with files", function () {
  this.timeout(60_000);

  it("reads what the bundle has, and gives back what is new or other, nothing that stayed", () => {
    const data = [folder("/data"), file("/data/a.txt", "one\ntwo\n"), file("/data/b.txt", "three\n"), folder("/out")];
    assert.deepEqual(run({ argv: ["cat", "/data/a.txt", "/data/b.txt"], entries: data }), { exitCode: 0, stdout: "one\ntwo\nthree\n", stderr: "", changed: {} });
    assert.deepEqual(run({ argv: ["copy", "/data/a.txt", "/out/c.txt"], entries: data }).changed, { "/out/c.txt": "one\ntwo\n" });
    assert.deepEqual(run({ argv: ["append", "/data/b.txt", "four"], entries: data }).changed, { "/data/b.txt": "three\nfour" });
    assert.deepEqual(run({ argv: ["move", "/data", "/out/d"], entries: data }).changed, { "/data": undefined, "/data/a.txt": undefined, "/data/b.txt": undefined, "/out/d/": "", "/out/d/a.txt": "one\ntwo\n", "/out/d/b.txt": "three\n" });
    assert.deepEqual(run({ argv: ["remove", "/data/a.txt"], entries: data }).changed, { "/data/a.txt": undefined });
    assert.deepEqual(run({ argv: ["make", "/out/new"], entries: data }).changed, { "/out/new/": "" });
    assert.deepEqual(run({ argv: ["remove", "/data"], entries: data }), { exitCode: 1, stdout: "", stderr: "/data: Directory not empty\n", changed: {} });
    assert.deepEqual(run({ argv: ["cat", "/data/none"], entries: data }), { exitCode: 1, stdout: "", stderr: "/data/none: No such file or directory\n", changed: {} });
    assert.equal(run({ argv: ["list", "/"], entries: data }).stdout, "data/ 0\nout/ 0\n");
  });

  it("takes its streams from files and puts them into files", () => {
    const entries = [file("/in", "x\ny\n")];
    const split = run({ argv: ["split", "/part"], stdin: "/in", entries });
    assert.deepEqual(split, { exitCode: 0, stdout: "", stderr: "", changed: { "/part-0.txt": "x\n", "/part-1.txt": "y\n" } });
    assert.deepEqual(run({ argv: ["cat"], stdin: "/in", stdout: "/said", entries }), { exitCode: 0, stdout: "", stderr: "", changed: { "/said": "x\ny\n" } });
    assert.deepEqual(run({ argv: ["fail", "7", "no"], stderr: "/complaint", stdout: "/empty", entries }), { exitCode: 7, stdout: "", stderr: "no\n", changed: { "/complaint": "no\n", "/empty": "" } });
    const echo = program("(local $n i32) (local.set $n (call $inputRead (i32.const 0) (i32.const 0) (call $inputSize))) (call $output (i32.const 0) (local.get $n))");
    assert.equal(run({ argv: ["echo"], stdin: "/in", entries }, echo).stdout, "x\ny\n");
  });

  it("has the bundle's arguments and environment, and a working directory for paths that are not absolute", () => {
    const entries = [folder("/data"), file("/data/a", "absolute\n"), folder("/here"), file("/here/a", "relative\n")];
    assert.equal(run({ argv: ["env"], env: { B: "2", A: "1=1" }, entries }).stdout, "A=1=1\nB=2\n");
    assert.equal(run({ argv: ["cat", "a", "/data/a", "/here/a"], workdir: "/here", entries }).stdout, "relative\nabsolute\nrelative\n");
    assert.deepEqual(run({ argv: ["copy", "a", "b"], workdir: "/here", entries }).changed, { "/here/b": "relative\n" });
    assert.equal(run({ argv: ["env", "PWD"], workdir: "/here", entries }).stdout, "/here\n");
  });

  it("comes to the same bytes and meter in the sandbox's process, whichever compiler V8 uses", async () => {
    const input = encodeBundle({ argv: ["split", "/out/part"], env: {}, stdin: "/in", entries: [file("/in", "line\n".repeat(500)), folder("/out")] });
    const one = runHere(task(tools, { files: true, input, limits: { outputBytes: 1 << 20 } }));
    for (const v8Flags of [["--liftoff", "--liftoff-only"], ["--no-liftoff"]]) assert.deepEqual(await wasmBackend({ v8Flags }).run(task(tools, { files: true, input, limits: { outputBytes: 1 << 20 } })), one);
    assert.equal(decodeChanges(one.output).entries.length, 500);
  });

  it("ends by a verdict where the input is no bundle, where streams do not fit it, and where what is left is too large", () => {
    const verdict = (bundle: Partial<Bundle>, outputBytes = 65_536): string => {
      const { status, reason } = runHere(task(tools, { files: true, limits: { outputBytes }, input: encodeBundle({ argv: ["cat"], env: {}, entries: [], ...bundle }) }));
      return `${status}: ${reason}`;
    };
    assert.match(runHere(task(tools, { files: true, input: bytes("x") })).reason, /the input is no bundle: it does not begin/);
    assert.match(verdict({ stdin: "/none" }), /invalid-module: .* stdin is no file/);
    assert.match(verdict({ stdout: "/none/x" }), /invalid-module: .* stdout \/none\/x is a directory, or in none/);
    assert.match(verdict({ workdir: "/none" }), /invalid-module: .* workdir \/none is no directory/);
    assert.match(verdict({ argv: ["cat"], stdin: "/in", stdout: "/out", entries: [file("/in", "x".repeat(9_000))] }, 9_000), /^output-too-large/);
    const full = runHere(task(tools, { files: true, limits: { outputBytes: 2_000 }, input: encodeBundle({ argv: ["split", "/p"], env: {}, stdin: "/in", entries: [file("/in", "\n".repeat(100))] }) }));
    assert.equal(full.status, "ok");
    assert.deepEqual([full.exitCode, /No space left on device/.test(Buffer.from(full.stderr).toString())], [1, true]);
  });
});
