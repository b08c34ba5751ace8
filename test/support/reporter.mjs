// Mocha's spec reporter, with the time of slow files and one closing line that scripts can read: `N passed, N failed`; as a lane of `test/run.ts` it sends
// the two numbers there instead.
import Mocha from "mocha";

/** How long the process may take to end after the last test. */
const patienceMs = 30_000;

export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const seconds = new Map();
    runner.on("test end", (test) => {
      const file = (test.file ?? "").replace(`${process.cwd()}/`, "");
      seconds.set(file, (seconds.get(file) ?? 0) + (test.duration ?? 0) / 1000);
    });
    runner.once("end", () => {
      const slow = [...seconds].filter(([, s]) => s >= 5).sort((a, b) => b[1] - a[1]).slice(0, 15);
      if (slow.length > 0) process.stdout.write(`slowest files:\n${slow.map(([file, s]) => `  ${s.toFixed(0).padStart(4)} s  ${file}\n`).join("")}`);
      const { passes = 0, failures = 0 } = runner.stats ?? {};
      if (process.send) process.send({ passes, failures });
      else process.stdout.write(`\n${passes} passed, ${failures} failed\n`);
      // A test that leaves a timer or a connection behind would keep the run from ending: that is a fault, and not one to wait for.
      setTimeout(() => {
        process.stderr.write(`The run is over, but ${process.getActiveResourcesInfo().join(", ")} keeps the process from ending: a test leaves it behind.\n`);
        // Behind mocha's own listener, which would say 0.
        process.once("exit", () => (process.exitCode = 1));
        process.exit();
      }, patienceMs).unref();
    });
  }
}
