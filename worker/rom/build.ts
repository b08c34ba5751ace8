/** Compiles the runtime: `npm run build:runtime`. The result is committed; a test compares it with a fresh compile. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { runtimeDataAt } from "./layout.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Throws an Error with the compiler's words. */
export async function compileRuntime(): Promise<Uint8Array> {
  const out = mkdtempSync(join(tmpdir(), "dcm-build-"));
  try {
    const file = join(out, "runtime.wasm");
    const options = ["--optimizeLevel", "3", "--shrinkLevel", "0", "--runtime", "stub", "--memoryBase", String(runtimeDataAt), "--disable", "bulk-memory", "--baseDir", folder];
    const { error, stderr } = await asc.main(["assembly/index.ts", "--outFile", file, ...options]);
    if (error !== null) throw new Error(`assemblyscript: ${error.message}\n${stderr.toString()}`);
    return readFileSync(file);
  } finally {
    rmSync(out, { recursive: true });
  }
}

if (import.meta.main) {
  const runtime = await compileRuntime();
  writeFileSync(join(folder, "runtime.wasm"), runtime);
  process.stdout.write(`runtime: worker/rom/runtime.wasm, ${runtime.length} bytes\n`);
}
