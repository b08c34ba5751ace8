/**
 * The child's program as plain JavaScript in a folder of its own: the child may read that folder and nothing else, and starts in 50 ms,
 * where removing the types in each child would take most of a second.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Programs that a child may run. */
const runners = { wasm: "worker/sandbox/wasm/runner", rv32: "worker/sandbox/rv32/runner" } as const;
export type Runner = keyof typeof runners;

const source = fileURLToPath(new URL("../../", import.meta.url));
const written = new Map<Runner, ChildCode>();

export interface ChildCode {
  readonly folder: string;
  readonly entry: string;
  /** SHA-256 of the program, in hexadecimal: machines on which it is the same come to the same outcomes. */
  readonly digest: string;
}

/** Writes the runner's folder at its first call; it goes when this process exits. */
export function childCode(runner: Runner): ChildCode {
  const code = written.get(runner) ?? write(runner);
  written.set(runner, code);
  return code;
}

function write(runner: Runner): ChildCode {
  const made = mkdtempSync(join(tmpdir(), "dcm-sandbox-"));
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  // Node says once that the function is experimental; the runtime is pinned, so the warning tells nobody anything.
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  const digest = createHash("sha256");
  try {
    const pending = [join(source, `${runners[runner]}.ts`)];
    const seen = new Set(pending);
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const plain = stripTypeScriptTypes(readFileSync(path, "utf8")).replace(/(from "\.[^"]*)\.ts"/g, '$1.mjs"');
      digest.update(JSON.stringify([relative(source, path), plain]));
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
  return { folder: `${made}/`, entry: join(made, `${runners[runner]}.mjs`), digest: digest.digest("hex") };
}
