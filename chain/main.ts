/** `dcmd`: the only place where arguments, environment, clock and streams of the process enter. */
import { run } from "./node/cli/program.ts";
import { promptSecret, readStdin } from "./node/keyring/terminal.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever read the output has seen enough (`dcmd keys list | head`).
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  readStdin: () => readStdin(process.stdin),
  promptSecret: process.stdin.isTTY && process.stderr.isTTY ? (question) => promptSecret(question, process.stdin, process.stderr) : undefined,
  env: process.env,
  now: () => new Date(),
});
