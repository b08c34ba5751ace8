/** One process a directory: a lock file that names its holder, and is taken over when that process is gone. */
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { StoreLocked } from "../errors.ts";

interface Holder {
  readonly pid: number;
  /** What tells a process from a later one with the same number: the machine's boot and the process's start, where known. */
  readonly born: string;
}

/** Directories that this process holds: its own number in a lock file may be left by an earlier one (in a container, always 1). */
const held = new Set<string>();

/** Takes the directory's lock, or throws StoreLocked. Gives the function that frees it. */
export function lockDirectory(directory: string): () => void {
  const path = join(realpathSync(directory), "LOCK");
  if (held.has(path)) throw new StoreLocked(path, process.pid);
  const own = JSON.stringify({ pid: process.pid, born: birth(process.pid) });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, own);
  try {
    while (!tryLink(temporary, path)) removeStale(path);
  } finally {
    unlinkSync(temporary);
  }
  held.add(path);
  return () => {
    held.delete(path);
    unlinkSync(path);
  };
}

function tryLink(temporary: string, path: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moves a dead process's lock away; throws where its holder lives. */
function removeStale(path: string): void {
  const seen = readIfThere(path);
  if (seen === undefined) return;
  const holder = parse(seen);
  if (holder !== undefined && alive(holder)) throw new StoreLocked(path, holder.pid);
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  // Between the look and the move another process may have put its own lock there: then it goes back.
  if (readFileSync(aside, "utf8") !== seen) tryLink(aside, path);
  unlinkSync(aside);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const { pid, born } = JSON.parse(text) as Partial<Holder>;
    return Number.isSafeInteger(pid) && pid! > 0 && typeof born === "string" ? { pid: pid!, born } : undefined;
  } catch {
    return undefined;
  }
}

function alive({ pid, born }: Holder): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return born === birth(pid);
}

/** Boot and start time of a process, from /proc; empty where the machine has none. */
function birth(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command in parentheses may hold anything; the start time is the 20th field behind it.
    const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${start}`;
  } catch {
    return "";
  }
}
