import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readTask } from "./read-task.ts";
import { Refused } from "./types.ts";
import { hasWildcards, matcher } from "./wildcards.ts";

const executors = [{ image: "/m", command: ["m"] }];

describe("a task as it is sent", () => {
  it("is read whole, and what is null or empty counts as missing (TES-10)", () => {
    assert.deepEqual(readTask({ executors }), { executors });
    assert.deepEqual(readTask({ id: "x", state: "COMPLETE", logs: [1], name: "", inputs: null, outputs: [], tags: { a: null, b: "" }, unknown: 1, executors: [{ ...executors[0], stdin: "", env: {}, ignore_error: null, stdout: "/out/" }] }), { tags: { b: "" }, executors: [{ ...executors[0], stdout: "/out" }] });
    const whole = {
      name: "n", description: "d", inputs: [{ name: "i", description: "e", url: "https://a/b", path: "/in", type: "FILE", streamable: true }, { path: "/c", type: "FILE", content: "c" }, { path: "/d", type: "DIRECTORY", url: "file:///d/" }],
      outputs: [{ name: "o", description: "f", url: "file:///x", path: "/out/*", path_prefix: "/out", type: "FILE" }], resources: { cpu_cores: 2, preemptible: false, ram_gb: 0.5, disk_gb: 1, zones: ["CH"], backend_parameters: { a: "b" }, backend_parameters_strict: true },
      executors: [{ image: "i", command: ["a", ""], workdir: "/w", stdin: "/in", stdout: "/o", stderr: "/e", env: { A: "" }, ignore_error: true }], volumes: ["/vol"], tags: { T: "1" },
    };
    assert.deepEqual(readTask(whole), whole);
    assert.deepEqual(readTask({ executors, inputs: [{ path: "/d", url: "file:///d/" }], outputs: [{ path: "/o", url: "file:///o/" }, { path: "/o", url: "file:///o" }] }).outputs?.map(({ type }) => type), ["DIRECTORY", "FILE"]);
  });

  it("is refused with the field, what it must be and what it is (TES-10)", () => {
    const refused = (task: unknown, words: RegExp): void => assert.throws(() => readTask(task), (error) => error instanceof Refused && error.status === 400 && words.test(error.message), String(words));
    const executor = (fields: object): object => ({ executors: [{ ...executors[0], ...fields }] });
    refused(null, /the task must be an object, not null/);
    refused({ executors: "x" }, /executors must be a list, not "x"/);
    refused({ executors: [{ command: ["x"] }] }, /executors\[0\]\.image must be a text that is not empty, not missing/);
    refused(executor({ command: [] }), /command must be a list that begins with the program's name/);
    refused(executor({ command: [1] }), /command\[0\] must be a text, not 1/);
    refused(executor({ command: ["a\0b"] }), /command\[0\] is no text without zero bytes/);
    refused(executor({ stdout: "out" }), /executors\[0\]\.stdout is "out", which is not absolute/);
    refused(executor({ workdir: "/a/../b" }), /workdir is "\/a\/\.\.\/b", which has an empty part/);
    refused(executor({ env: { "A=B": "c" } }), /a name in executors\[0\]\.env must be a name without =/);
    refused(executor({ env: { A: 1 } }), /executors\[0\]\.env\.A must be a text, not 1/);
    refused(executor({ ignore_error: "yes" }), /ignore_error must be true or false, not "yes"/);
    refused({ executors, inputs: [{ path: "/a" }] }, /inputs\[0\] has neither url nor content/);
    refused({ executors, inputs: [{ path: "/a", content: "a", type: "DIRECTORY" }] }, /has content and type DIRECTORY/);
    refused({ executors, inputs: [{ path: "/", content: "a" }] }, /inputs\[0\]\.path must be the path of a file/);
    refused({ executors, inputs: [{ path: "/a", content: "a" }, { path: "/a", content: "b" }] }, /inputs\[1\]\.path is \/a, which inputs\[0\] has already/);
    refused({ executors, inputs: [{ path: "/a", content: "a" }, { path: "/a/b", content: "b" }] }, /inputs\[1\]\.path is \/a\/b, but \/a is a file: inputs\[0\]/);
    refused({ executors, outputs: [{ path: "/a", url: "" }] }, /outputs\[0\]\.url must be a text that is not empty/);
    refused({ executors, outputs: [{ path: "/a*", url: "file:///x" }] }, /has wildcards, so outputs\[0\]\.path_prefix is needed/);
    refused({ executors, outputs: [{ path: "/a", url: "file:///x", type: "LINK" }] }, /type must be FILE or DIRECTORY, not "LINK"/);
    refused({ executors, resources: { ram_gb: -1 } }, /resources\.ram_gb must be a number from 0/);
    refused({ executors, resources: { backend_parameters: { a: 1 } } }, /backend_parameters\.a must be a text/);
    refused({ executors: Array.from({ length: 65 }, () => executors[0]) }, /executors has 65 members; at most 64 are taken/);
  });
});

describe("wildcards", () => {
  const fits = (pattern: string, ...paths: string[]): boolean[] => paths.map((path) => matcher(pattern)(path));

  it("match as POSIX says", () => {
    assert.deepEqual(fits("/out/*.txt", "/out/a.txt", "/out/.txt", "/out/x/a.txt", "/out/a.txt.gz", "/a.txt", "/out/.a.txt"), [true, false, false, false, false, false]);
    assert.deepEqual(fits("/*/f?", "/a/f1", "/abc/f", "/abc/f12", "/.a/f1"), [true, false, false, false]);
    assert.deepEqual(fits("/[a-c][!0-9]", "/ax", "/a1", "/dx", "/b]"), [true, false, false, true]);
    assert.deepEqual(fits("/[]a]x", "/]x", "/ax", "/bx"), [true, true, false]);
    assert.deepEqual(fits("/[[:upper:]_]*", "/Ab", "/_b", "/ab"), [true, true, false]);
    assert.deepEqual(fits("/a[b", "/a[b", "/ab"), [true, false]);
    assert.deepEqual(fits("/.*", "/.a", "/a"), [true, false]);
    assert.deepEqual(fits("/\\*", "/*", "/a"), [true, false]);
    assert.deepEqual(fits("/a*b*c", "/abc", "/aXbXbYc", "/ab"), [true, true, false]);
    assert.deepEqual(["/a", "/a*", "/a?", "/[a]", "/\\*"].map(hasWildcards), [false, true, true, true, false]);
  });

  it("are matched in a time that no pattern makes long", () => {
    const began = performance.now();
    assert.equal(matcher(`/${"*a".repeat(100)}b`)(`/${"a".repeat(250)}`), false);
    assert.ok(performance.now() - began < 500);
  });
});
