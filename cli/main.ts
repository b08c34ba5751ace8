/** `dcm`: the only place where arguments, environment, clock, files and streams of the process enter. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { run } from "./program.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever read the output has seen enough (`dcm bill show ... | head`).
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  readFile: (path) => readFileSync(path, "utf8"),
  writeFile(path, text) {
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  },
  removeFile: (path) => rmSync(path, { force: true }),
  isTerminal: process.stderr.isTTY,
  env: process.env,
  now: () => new Date(),
});
