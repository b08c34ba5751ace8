/** For tests: the outside of a command, in memory but for its folders. */
import assert from "node:assert/strict";
import type { Io } from "./io.ts";
import { run } from "./program.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line as a shell would. What the command may not touch fails the test; `outside` gives what it may. */
export async function runCommand(argv: readonly string[], outside: Partial<Io> = {}): Promise<Ran> {
  let out = "";
  let err = "";
  const code = await run(argv, {
    stdout: (text) => (out += typeof text === "string" ? text : Buffer.from(text).toString("utf8")), stderr: (text) => (err += text), env: {}, now: () => new Date("2026-11-26T00:00:00Z"), isTerminal: false, colours: false, promptSecret: undefined,
    readFile: (path) => assert.fail(`ENOENT: ${path}`), readBytes: (path) => assert.fail(`ENOENT: ${path}`), writeFile: () => assert.fail("nothing is written"), writeBytes: () => assert.fail("nothing is written"), removeFile: () => assert.fail("nothing is removed"),
    folders: { config: "none/config", data: "none/data" }, detach: () => assert.fail("nothing is started"), interrupted: () => new AbortController().signal, ...outside,
  });
  return { code, out, err };
}
