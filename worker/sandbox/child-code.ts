/**
 * The child's program as plain JavaScript in a folder of its own: the child may read that folder and nothing else, and starts in 50 ms,
 * where removing the types in each child would take most of a second.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Programs that a child may run. */
const runners = { wasm: "worker/sandbox/wasm/runner", rv32: "worker/sandbox/rv32/runner" } as const;
export type Runner = keyof typeof runners;

const source = fileURLToPath(new URL("../../", import.meta.url));
const folders = new Map<Runner, string>();

/** Writes the runner's folder at its first call; it goes when this process exits. */
export function childCode(runner: Runner): { readonly folder: string; readonly entry: string } {
  const folder = folders.get(runner) ?? write(runner);
  folders.set(runner, folder);
  return { folder: `${folder}/`, entry: join(folder, `${runners[runner]}.mjs`) };
}

function write(runner: Runner): string {
  const made = mkdtempSync(join(tmpdir(), "dcm-sandbox-"));
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  // Node says once that the function is experimental; the runtime is pinned, so the warning tells nobody anything.
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    const pending = [join(source, `${runners[runner]}.ts`)];
    const seen = new Set(pending);
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const plain = stripTypeScriptTypes(readFileSync(path, "utf8")).replace(/(from "\.[^"]*)\.ts"/g, '$1.mjs"');
      const target = join(made, relative(source, path).replace(/\.ts$/, ".mjs"));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, plain);
      for (const [, name] of plain.matchAll(/from "(\.[^"]*)\.mjs"/g)) {
        const next = join(dirname(path), `${name}.ts`);
        if (!seen.has(next)) pending.push(next);
        seen.add(next);
      }
    }
  } finally {
    process.emitWarning = warn;
  }
  return made;
}
