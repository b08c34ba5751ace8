/**
 * The build of an upgrade from the address that the plan's info gives, where the operator allows it. Nothing is taken without a checksum
 * that the network voted for.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { requireExecutable, type Layout, type Plan } from "./layout.ts";
import { SupervisorError, type Settings } from "./settings.ts";

const maxInfoBytes = 1 << 20;
const maxBuildBytes = 2 ** 31;
const timeoutMs = 30 * 60_000;

interface Source {
  readonly url: URL;
  readonly algorithm: "sha256" | "sha512";
  /** Lower-case hexadecimal. */
  readonly checksum: string;
}

/** `linux/amd64`, as Go names platforms. */
export const platform = `${process.platform === "win32" ? "windows" : process.platform}/${{ x64: "amd64", ia32: "386" }[process.arch as "x64"] ?? process.arch}`;

/** Puts the build of a plan at its place in the layout. Throws a SupervisorError with nothing put there. */
export async function download(settings: Settings, layout: Layout, plan: Plan): Promise<void> {
  const source = await sourceOf(plan);
  const target = layout.upgradeDirectory(plan.name);
  if (existsSync(target)) throw new SupervisorError(`${target} is there, but without bin/${settings.name}: put the build there, or remove the directory`);
  const staging = `${target}.partial`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(join(staging, "bin"), { recursive: true });
  try {
    const binary = join(staging, "bin", settings.name);
    const archive = /\.(tar|tar\.gz|tgz)$/.exec(source.url.pathname) !== null;
    if (source.url.pathname.endsWith(".zip")) throw new SupervisorError(`${source.url.href} is a zip archive: this supervisor takes a bare executable, .tar or .tar.gz`);
    const file = archive ? join(staging, "archive") : binary;
    await fetchChecked(source, file, maxBuildBytes);
    if (archive) unpack(file, staging, settings.name);
    requireExecutable(binary, `${source.url.href} does not hold bin/${settings.name} or ${settings.name}.`);
    renameSync(staging, target);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
}

function unpack(archive: string, into: string, name: string): void {
  const { status, stderr, error } = spawnSync("tar", ["-xf", archive, "-C", into, "--no-same-owner"], { encoding: "utf8" });
  if (status !== 0) throw new SupervisorError(`the archive cannot be unpacked: ${error?.message ?? stderr.trim()}`);
  rmSync(archive);
  const outside = join(into, name);
  if (!existsSync(join(into, "bin", name)) && existsSync(outside)) renameSync(outside, join(into, "bin", name));
}

/** Where this platform's build lies: the plan's info is the list of builds, or the address of that list. */
async function sourceOf({ name, info }: Plan): Promise<Source> {
  const said = `the info of plan "${name}"`;
  let text = info.trim();
  if (text === "") throw new SupervisorError(`${said} is empty: it names no build to download. Put the build there by hand`);
  if (/^https?:\/\//.test(text)) {
    const list = checked(text, said);
    const chunks: Buffer[] = [];
    await stream(list, maxInfoBytes, async (body) => {
      for await (const chunk of body) chunks.push(chunk as Buffer);
    });
    text = Buffer.concat(chunks).toString("utf8");
  }
  let binaries: unknown;
  try {
    binaries = (JSON.parse(text) as { binaries?: unknown } | null)?.binaries;
  } catch {
    throw new SupervisorError(`${said} is not JSON with "binaries": ${text.slice(0, 100)}`);
  }
  const urls = (typeof binaries === "object" && binaries !== null ? binaries : {}) as Record<string, unknown>;
  const url = urls[platform] ?? urls["any"];
  if (typeof url !== "string") throw new SupervisorError(`${said} has no build for ${platform}; it has ${Object.keys(urls).join(", ").slice(0, 200) || "none"}`);
  return checked(url, said);
}

/** An address with its checksum: `...?checksum=sha256:HEX`, of SHA-256 or SHA-512. */
function checked(text: string, said: string): Source {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new SupervisorError(`${said} has no valid address: ${text.slice(0, 200)}`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new SupervisorError(`${url.href} is not reached over https or http`);
  const given = url.searchParams.get("checksum");
  const match = /^(?:(sha256|sha512):)?([0-9a-fA-F]{64}|[0-9a-fA-F]{128})$/.exec(given ?? "");
  if (match === null) throw new SupervisorError(`${url.href} has no checksum (?checksum=sha256:...): nobody could tell a forged build from the right one, so it is not taken`);
  const algorithm = match[2]!.length === 64 ? "sha256" : "sha512";
  if (match[1] !== undefined && match[1] !== algorithm) throw new SupervisorError(`the checksum of ${url.href} is not of ${match[1]}: its length is wrong`);
  url.searchParams.delete("checksum");
  return { url, algorithm, checksum: match[2]!.toLowerCase() };
}

async function fetchChecked(source: Source, path: string, most: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await stream(source, most, (body) => pipeline(body, createWriteStream(path, { mode: 0o755 })));
}

/** Gives the body to `take` while it comes; throws where it is too long, or not what the checksum says. */
async function stream({ url, algorithm, checksum }: Source, most: number, take: (body: Transform) => Promise<void>): Promise<void> {
  const failed = (why: string): never => {
    throw new SupervisorError(`${url.href} cannot be downloaded: ${why}`);
  };
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch((error: unknown) => failed(String((error as Error).cause ?? error)));
  if (!response.ok || response.body === null) return failed(`status ${response.status}`);
  const hash = createHash(algorithm);
  let length = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _, done) {
      length += chunk.length;
      hash.update(chunk);
      done(length > most ? new SupervisorError(`${url.href} is longer than ${most} bytes`) : null, chunk);
    },
  });
  await Promise.all([pipeline(Readable.fromWeb(response.body), meter), take(meter)]);
  const got = hash.digest("hex");
  if (got !== checksum) throw new SupervisorError(`${url.href} has the checksum ${algorithm}:${got}, the plan says ${checksum}: it is not taken`);
}
