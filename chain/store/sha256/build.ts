/** Compiles assembly/sha256.ts: `npm run build:sha256 [-- OUTPUT]`; without OUTPUT the committed sha256.wasm is replaced. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const output = process.argv[2] ?? at("sha256.wasm");
const options = ["--runtime", "stub", "--noAssert", "-O3", "--enable", "simd", "--importMemory", "--initialMemory", "8"];
const run = spawnSync(process.execPath, [at("../../../node_modules/assemblyscript/bin/asc.js"), at("assembly/sha256.ts"), "-o", output, ...options], { stdio: "inherit" });
process.exitCode = run.status ?? 1;
