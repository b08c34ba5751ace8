/** dcmd version: what runs here, for bug reports and for GetNodeInfo. */
import { upgrades } from "../../upgrades/registry.ts";
import { versionInfo } from "../version.ts";
import { columns, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

export async function version(io: Io, globals: Globals, options: { readonly long?: true | undefined }): Promise<void> {
  const info = versionInfo();
  if (options.long !== true) return print(io, globals.format, { version: info.version }, info.version);
  const long = {
    name: info.name, server_name: info.appName, version: info.version, commit: info.commit, node: info.runtime, platform: `${process.platform}/${process.arch}`,
    upgrades: upgrades.map(({ name }) => name),
    build_deps: info.dependencies.map(({ name, version: v }) => `${name}@${v}`),
  };
  const rows = Object.entries(long).flatMap(([key, value]) => (Array.isArray(value) ? value.map((item, i) => [i === 0 ? `${key}:` : "", item]) : [[`${key}:`, value]]));
  print(io, globals.format, long, columns(rows));
}
