/** Which jobs and folders of a cluster are a home's own: an id that the home keeps, and that no other has. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../durable.ts";

/** Of 16 hexadecimal digits, in `slurm-worker`; made at first use. */
export function slurmIdentity(home: string): string {
  const path = join(home, "slurm-worker");
  try {
    const kept = readFileSync(path, "utf8").trim();
    if (!/^[0-9a-f]{16}$/.test(kept)) throw new Error(`${path} does not hold 16 hexadecimal digits: remove it, and cancel the jobs of this home by hand (squeue --me --name)`);
    return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const made = randomBytes(8).toString("hex");
  writeDurably(path, `${made}\n`);
  return made;
}
