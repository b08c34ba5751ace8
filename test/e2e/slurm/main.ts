/**
 * The Slurm backend on a real cluster and a real network: installs Debian's Slurm where it is missing, then runs `slurm.test.ts`.
 *
 *     npm run test:slurm
 *
 * Needs root, since Slurm's daemons do. Where that or Slurm is not to be had, it says so and ends with exit code 2: nothing was tried.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureSlurm, NoSlurm } from "../../../localnet/slurm/packages.ts";

const root = join(import.meta.dirname, "../../..");
try {
  ensureSlurm((text) => process.stderr.write(`dcm: ${text}\n`));
} catch (error) {
  if (!(error instanceof NoSlurm)) throw error;
  process.stderr.write(`dcm: the Slurm backend was NOT tried on a real cluster: ${error.message}\n`);
  process.exit(2);
}
const { status } = spawnSync(process.execPath, [join(root, "node_modules/mocha/bin/mocha.js"), "test/e2e/slurm/slurm.test.ts", ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
// Mocha ends with the number of failures.
process.exit(status === 0 ? 0 : 1);
