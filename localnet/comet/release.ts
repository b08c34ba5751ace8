/** CometBFT's official release archives. */
import { createHash } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

export const RELEASE_BASE = "https://github.com/cometbft/cometbft/releases/download";
const MAX_ARCHIVE_BYTES = 200 * 1024 * 1024;
const TIMEOUT_MS = 10 * 60_000;

export interface ReleaseDownload {
  readonly version: string;
  /** Where the binary goes. */
  readonly target: string;
  /** SHA-256 that is known beforehand, in hexadecimal. */
  readonly pinned: string | undefined;
  readonly base: string;
  readonly onProgress: (message: string) => void;
  /** Ends the download. */
  readonly signal?: AbortSignal | undefined;
}

/** The archive's platform part for this machine, e.g. `linux_amd64`. Throws where releases have none. */
export function releasePlatform(platform: string = process.platform, arch: string = process.arch): string {
  const cpu = { x64: "amd64", arm64: "arm64" }[arch];
  if (!["linux", "darwin", "win32"].includes(platform) || cpu === undefined) throw new Error(`releases have no archive for ${platform}-${arch}`);
  return `${platform === "win32" ? "windows" : platform}_${cpu}`;
}

/** Downloads, checks and unpacks a release. Rejects, leaving nothing behind, where a checksum is missing or differs. */
export async function downloadRelease({ version, target, pinned, base, onProgress, signal }: ReleaseDownload): Promise<void> {
  const archive = `cometbft_${version}_${releasePlatform()}.tar.gz`;
  onProgress(`downloading ${archive}`);
  const published = publishedChecksum(Buffer.from(await download(`${base}/v${version}/SHA256SUMS-${version}.txt`, signal)).toString(), archive);
  const bytes = await download(`${base}/v${version}/${archive}`, signal);
  const digest = createHash("sha256").update(bytes).digest("hex");
  for (const [whose, wanted] of [["published", published], ["pinned", pinned]] as const) {
    if (wanted !== undefined && digest !== wanted) throw new Error(`${archive} has SHA-256 ${digest}, but the ${whose} one is ${wanted}: it is not used`);
  }
  const binary = fromTar(gunzipSync(bytes, { maxOutputLength: 2 * MAX_ARCHIVE_BYTES }), "cometbft");
  if (binary === undefined) throw new Error(`${archive} holds no file named cometbft`);
  await writeFile(target, binary);
  await chmod(target, 0o755);
}

function publishedChecksum(list: string, archive: string): string {
  for (const line of list.split("\n")) {
    const match = /^([0-9a-f]{64})\s+\*?(\S+)$/.exec(line.trim());
    if (match?.[2] === archive) return match[1]!;
  }
  throw new Error(`the published checksums do not name ${archive}: it is not used`);
}

async function download(url: string, signal?: AbortSignal): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]) });
  } catch (error) {
    const cause = (error as Error).cause;
    throw new Error(`cannot reach ${url}: ${cause instanceof Error ? cause.message : (error as Error).message}`, { cause: error });
  }
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  if (Number(response.headers.get("content-length") ?? 0) > MAX_ARCHIVE_BYTES) throw new Error(`${url} is larger than ${MAX_ARCHIVE_BYTES} bytes`);
  return new Uint8Array(await response.arrayBuffer());
}

/** One regular file of a tar archive, by its base name. */
function fromTar(tar: Buffer, name: string): Buffer | undefined {
  for (let at = 0; at + 512 <= tar.length; ) {
    const path = tar.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 136), 8);
    if (path === "" || !Number.isInteger(size)) return undefined;
    if (path.split("/").at(-1) === name && [0, 0x30].includes(tar[at + 156]!)) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return undefined;
}
