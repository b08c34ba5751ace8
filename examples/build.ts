/** Compiles the examples: `npm run build:examples`. The results are committed; a test compares them with a fresh compile. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Throws an Error with the compiler's words. */
export async function compileAssemblyScript(name: string): Promise<Uint8Array> {
  const out = mkdtempSync(join(tmpdir(), "dcm-build-"));
  try {
    const file = join(out, "program.wasm");
    const { error, stderr } = await asc.main(["assembly/index.ts", "--outFile", file, "--optimizeLevel", "3", "--shrinkLevel", "0", "--runtime", "stub", "--baseDir", join(folder, name)]);
    if (error !== null) throw new Error(`assemblyscript: ${error.message}\n${stderr.toString()}`);
    return readFileSync(file);
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** Undefined where this machine has no clang with a wasi-libc. Other versions of the two than the committed module's give other bytes. */
export function compileC(name: string): Uint8Array | undefined {
  const sysroot = ["/usr/share/wasi-sysroot", "/usr"].find((path) => existsSync(join(path, "lib/wasm32-wasi/libc.a")));
  if (sysroot === undefined || spawnSync("clang", ["--version"], { stdio: "ignore" }).status !== 0) return undefined;
  const out = mkdtempSync(join(tmpdir(), "dcm-build-"));
  try {
    const file = join(out, "program.wasm");
    const options = ["--target=wasm32-wasi", `--sysroot=${sysroot}`, "-O2", "-Wl,--strip-all", "-Wl,-z,stack-size=65536", "-o", file, `${name}.c`];
    const built = spawnSync("clang", options, { cwd: join(folder, name), encoding: "utf8" });
    if (built.status !== 0) throw new Error(`clang: ${built.stderr}`);
    return readFileSync(file);
  } finally {
    rmSync(out, { recursive: true });
  }
}

if (import.meta.main) {
  for (const name of ["classify", "kmeans", "regression"]) {
    writeFileSync(join(folder, name, `${name}.wasm`), await compileAssemblyScript(name));
    process.stdout.write(`${name}: examples/${name}/${name}.wasm\n`);
  }
  for (const name of ["histogram", "tools"]) {
    const module = compileC(name);
    if (module !== undefined) writeFileSync(join(folder, name, `${name}.wasm`), module);
    process.stdout.write(module !== undefined ? `${name}: examples/${name}/${name}.wasm\n` : `${name}: not compiled, the committed module stays. It needs clang, lld and wasi-libc; on Debian: apt install clang lld wasi-libc libclang-rt-dev-wasm32\n`);
  }
}
