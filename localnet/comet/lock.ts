/** A lock between processes, as a file that names its holder. A holder that died loses it. */
import { readFileSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 200;

/** Runs `work` while holding `path`. `onWait` is called once where another process holds it. */
export async function withLock<T>(path: string, work: () => Promise<T>, onWait: (holder: number) => void = () => undefined): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(mine, String(process.pid));
  try {
    for (let waited = false; !(await taken(mine, path)); waited = true) {
      const holder = await holderOf(path);
      if (holder !== undefined && !alive(holder)) await breakLock(path, holder, mine);
      else if (holder !== undefined && !waited) onWait(holder);
      await sleep(POLL_MS);
    }
    try {
      return await work();
    } finally {
      await rm(path, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** A hard link fails where its name exists: whoever makes it has the lock, its content included, in one step. */
async function taken(mine: string, path: string): Promise<boolean> {
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function holderOf(path: string): Promise<number | undefined> {
  try {
    return Number(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Moves a dead holder's lock aside; where a living one came in between, gives it back. */
async function breakLock(path: string, dead: number, mine: string): Promise<void> {
  const aside = `${mine}.broken`;
  try {
    await rename(path, aside);
    if ((await holderOf(aside)) !== dead) await link(aside, path);
  } catch {
    // Another process was faster: the next attempt sees what it left.
  }
  await rm(aside, { force: true });
}

/** Whether a process with this id runs; one that ended and was not waited for does not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return process.platform !== "linux";
  }
}
