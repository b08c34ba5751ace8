/**
 * The upgrade's test under a stock cosmovisor in place of our supervisor: builds the one that go.mod pins, with Go and, the first time, the network, then runs `upgrade.test.ts` with it.
 *
 *     npm run test:cosmovisor
 *
 * Without Go, or where its modules cannot be fetched, it says so and ends with exit code 2: nothing was tried. `COSMOVISOR=FILE` takes another cosmovisor and needs no Go.
 */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "../../../..");
const program = "cosmossdk.io/tools/cosmovisor/cmd/cosmovisor";

function run(command: string, args: readonly string[], cwd: string, environment: NodeJS.ProcessEnv): SpawnSyncReturns<Buffer> {
  return spawnSync(command, args, { cwd, stdio: "inherit", env: { ...process.env, ...environment } });
}

function skip(why: string): never {
  process.stderr.write(`dcm: the upgrade was NOT tried under a stock cosmovisor: ${why}\n     COSMOVISOR=/path/to/cosmovisor npm run test:cosmovisor takes one that is there.\n`);
  process.exit(2);
}

/** The pinned cosmovisor, built where it was not before. */
function built(): string {
  const file = join(root, ".cache/cosmovisor/cosmovisor");
  // Where Go's own packages and archives put it, beside what PATH has.
  const PATH = [process.env["PATH"] ?? "", "/usr/local/go/bin"].join(delimiter);
  process.stderr.write(`dcm: building ${program} (minutes the first time) ...\n`);
  const { error, status } = run("go", ["build", "-trimpath", "-o", file, program], import.meta.dirname, { PATH, CGO_ENABLED: "0" });
  if (error !== undefined) skip(`there is no Go here (${error.message})`);
  if (status !== 0) skip("go build failed, its words stand above; its modules come from a Go module proxy");
  return file;
}

const cosmovisor = process.env["COSMOVISOR"] ?? built();
const { status } = run(process.execPath, [join(root, "node_modules/mocha/bin/mocha.js"), "test/e2e/operations/upgrade.test.ts"], root, { COSMOVISOR: cosmovisor });
// Mocha ends with the number of failures.
process.exit(status === 0 ? 0 : 1);
