/** A copy of the data before an upgrade, so that the old build can go on from it where the new one cannot. */
import { constants, existsSync, lstatSync, readdirSync } from "node:fs";
import { cp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { directoryName, type Layout, type Plan } from "./layout.ts";
import type { Settings } from "./settings.ts";

/** Copies `data/` to `data-backup-<date>-<plan>-<height>` and gives that directory; one of the same plan that is there already is kept and given instead. */
export async function backUp(settings: Settings, layout: Layout, plan: Plan, now: Date): Promise<string> {
  const { backupDirectory, keepCase } = settings;
  const suffix = `-${directoryName(plan.name, keepCase)}-${plan.height}`;
  const there = readdirSync(backupDirectory).find((name) => name.startsWith("data-backup-") && name.endsWith(suffix));
  if (there !== undefined) return join(backupDirectory, there);
  const target = join(backupDirectory, `data-backup-${now.toISOString().slice(0, 10)}${suffix}`);
  const partial = `${target}.partial`;
  if (existsSync(partial)) await rm(partial, { recursive: true });
  // Where the file system can, the copy shares its blocks. Sockets of a killed node cannot be copied and need not be.
  await cp(layout.data, partial, { recursive: true, preserveTimestamps: true, mode: constants.COPYFILE_FICLONE, filter: (source) => !isSpecial(source) });
  await rename(partial, target);
  return target;
}

function isSpecial(path: string): boolean {
  const stat = lstatSync(path);
  return stat.isSocket() || stat.isFIFO();
}
