/** This program's version, and those of what it is built of. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface VersionInfo {
  readonly name: string;
  readonly appName: string;
  readonly version: string;
  /** Git commit of the working copy; "" where there is none. */
  readonly commit: string;
  /** e.g. "node v24.21.0" */
  readonly runtime: string;
  readonly dependencies: readonly { readonly name: string; readonly version: string }[];
}

let known: VersionInfo | undefined;

export function versionInfo(): VersionInfo {
  const root = new URL("../../", import.meta.url);
  const manifest = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string; dependencies: Record<string, string> };
  return (known ??= {
    name: "dcm",
    appName: "dcmd",
    version: manifest.version,
    commit: commitOf(fileURLToPath(root)),
    runtime: `node ${process.version}`,
    dependencies: Object.entries(manifest.dependencies).map(([name, version]) => ({ name, version })),
  });
}

/**
 * The commit that is checked out in the working copy at `folder`; "" where there is none. Reads git's own files, as git may not be installed: a worktree's `.git` is a file that names its
 * directory, whose branches lie in the main one, each in a file of its own or in `packed-refs`.
 */
export function commitOf(folder: string): string {
  const read = (...path: readonly string[]): string | undefined => {
    const file = resolve(...path);
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(file, "utf8").trim() : undefined;
  };
  try {
    const link = read(folder, ".git");
    const own = resolve(folder, link?.match(/^gitdir: (.+)$/)?.[1] ?? ".git");
    const shared = resolve(own, read(own, "commondir") ?? "");
    const head = read(own, "HEAD") ?? "";
    const ref = /^ref: (refs\/.+)$/.exec(head)?.[1];
    const packed = (): string | undefined => read(shared, "packed-refs")?.split("\n").find((line) => line.endsWith(` ${ref}`))?.split(" ")[0];
    const commit = ref === undefined ? head : (read(own, ref) ?? read(shared, ref) ?? packed() ?? "");
    return /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(commit) ? commit : "";
  } catch {
    return "";
  }
}
