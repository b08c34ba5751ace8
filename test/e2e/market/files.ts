/** Files below a folder. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Those whose name holds `part`. */
export function findFiles(folder: string, part = ""): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.includes(part)).map((entry) => join(entry.parentPath, entry.name));
}
