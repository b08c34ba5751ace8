/** Who holds a home: the running `dcmd start`, and the CometBFT that it started. Marked by files with process ids. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Home } from "../home.ts";
import { CliError } from "./io.ts";

/** The process id in a file, where that process lives and `belongs` recognises its command line (ids are given again). */
export function livingProcess(path: string, belongs: (commandLine: string) => boolean): number | undefined {
  let pid: number;
  try {
    pid = Number(readFileSync(path, "utf8").trim());
    if (!Number.isSafeInteger(pid) || pid <= 1 || pid === process.pid) return undefined;
    process.kill(pid, 0);
  } catch {
    return undefined;
  }
  return belongs(commandLineOf(pid)) ? pid : undefined;
}

/** Its arguments joined by spaces; on systems without /proc nothing is known, and "" is returned. */
function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** The running node of this home. */
export function runningNode(home: Home): number | undefined {
  return livingProcess(home.pid, (line) => line === "" || line.includes("start"));
}

/** Throws where a node runs on this home. */
export function requireStopped(home: Home): void {
  const pid = runningNode(home);
  if (pid !== undefined) throw new CliError(`a node runs on ${home.root} (process ${pid})`, { hint: `Stop it first: kill ${pid}` });
}

/** Marks this process as the node of this home, until `release`. */
export function hold(home: Home): { release: () => void } {
  requireStopped(home);
  writeFileSync(home.pid, String(process.pid));
  return { release: () => rmSync(home.pid, { force: true }) };
}
