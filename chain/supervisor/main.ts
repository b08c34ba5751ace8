/** `dcmd-supervisor`: the only place where arguments, environment, clock, signals and streams of the process enter. */
import { main } from "./commands.ts";

process.exitCode = await main(process.argv.slice(2), {
  environment: process.env,
  log: (line) => void process.stderr.write(`dcmd-supervisor: ${line}\n`),
  print: (text) => void process.stdout.write(text),
  now: () => new Date(),
  onSignal: (handle) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP"] as const) process.on(signal, () => handle(signal));
  },
});
