/** `dcm`: the only place where arguments, environment, clock, files and streams of the process enter. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import envPaths from "env-paths";
import { run } from "./program.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever read the output has seen enough (`dcm bill show ... | head`).
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const { config, data } = envPaths("dcm", { suffix: "" });
const home = process.env.DCM_HOME;
/** A signal that comes so much later is a second wish, not the echo of the first through the processes around this one. */
const ECHO_MS = 500;
let interrupted: AbortController | undefined;

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

process.exitCode = await run(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  readFile: (path) => readFileSync(path, "utf8"),
  readBytes: (path) => new Uint8Array(readFileSync(path === "-" ? 0 : path)),
  writeFile: write,
  writeBytes: write,
  removeFile: (path) => rmSync(path, { force: true }),
  isTerminal: process.stderr.isTTY,
  colours: process.stdout.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== "dumb",
  columns: process.stderr.columns,
  rows: process.stderr.rows,
  promptSecret: process.stdin.isTTY && process.stderr.isTTY ? async (question) => (await import("../chain/node/keyring/terminal.ts")).promptSecret(question, process.stdin, process.stderr) : undefined,
  folders: home === undefined ? { config, data } : { config: home, data: home },
  interrupted() {
    if (interrupted !== undefined) return interrupted.signal;
    const first = (interrupted = new AbortController());
    let since = 0;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (first.signal.aborted && Date.now() - since > ECHO_MS) process.exit(130);
        since = first.signal.aborted ? since : Date.now();
        first.abort();
      });
    }
    return first.signal;
  },
  detach(argv, logFile) {
    const log = openSync(logFile, "a", 0o600);
    const child = spawn(process.execPath, [process.argv[1]!, ...argv], { detached: true, stdio: ["ignore", log, log] });
    closeSync(log);
    child.unref();
    return child.pid!;
  },
  env: process.env,
  now: () => new Date(),
});
