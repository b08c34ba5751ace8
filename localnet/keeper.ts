/** The parent's side of `keeper.sh`: process groups that must not outlive this process, however it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("keeper.sh", import.meta.url));

let keeper: ChildProcess | undefined;

/** One shell for this process, in a session of its own, so that what kills this process's group spares it. */
function running(): ChildProcess {
  if (keeper?.exitCode === null && keeper.signalCode === null) return keeper;
  keeper = spawn("/bin/sh", [script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  keeper.stdin!.on("error", () => undefined);
  keeper.unref();
  (keeper.stdin as unknown as { unref(): void }).unref();
  return keeper;
}

/** From the moment the callback runs, the group ends with this process. */
export function keepGroup(group: number, kept: () => void): void {
  running().stdin!.write(`+${group}\n`, kept);
}

/** For a group that has ended: its id may come back as another's. */
export function forgetGroup(group: number): void {
  running().stdin!.write(`-${group}\n`);
}
