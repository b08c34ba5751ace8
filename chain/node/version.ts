/** This program's version, and those of what it is built of. */
import { readFileSync } from "node:fs";

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
    commit: commitOf(root),
    runtime: `node ${process.version}`,
    dependencies: Object.entries(manifest.dependencies).map(([name, version]) => ({ name, version })),
  });
}

function commitOf(root: URL): string {
  const read = (path: string): string => readFileSync(new URL(`.git/${path}`, root), "utf8").trim();
  try {
    const head = read("HEAD");
    const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1];
    const commit = ref === undefined ? head : read(ref);
    return /^[0-9a-f]{40,64}$/.test(commit) ? commit : "";
  } catch {
    return "";
  }
}
