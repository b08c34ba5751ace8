/** Gets a blob from whichever of its servers gives the right bytes. */
import { createHash } from "node:crypto";
import { nameOf } from "./store.ts";

export interface FetchBlobOptions {
  /** A server that sends more is given up at once. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** Called with the bytes received so far; they begin anew with each server. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  /** A server that sends nothing for so long is given up. 15 s where not given. */
  readonly idleMs?: number;
}

/** No server gave the blob; the message names what each one did. */
export class BlobUnavailable extends Error {
  override readonly name = "BlobUnavailable";
}

const maxUrls = 8;
/** Slower than this, over the whole transfer, is given up: bytes per second. */
const slowest = 16_384;

/**
 * Asks `URL/<digest>` of each base URL in turn (at most eight) and resolves with the first answer whose SHA-256 is `digest`.
 * Redirects are not followed: a server must not send the worker to places of its choice. Throws BlobUnavailable.
 */
export async function fetchBlob(urls: readonly string[], digest: Uint8Array, options: FetchBlobOptions): Promise<Uint8Array> {
  const name = nameOf(digest);
  const failures: string[] = [];
  for (const url of urls.slice(0, maxUrls)) {
    options.signal?.throwIfAborted();
    try {
      return await fetchFrom(url, name, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(`${url.slice(0, 200)}: ${reason(error)}`);
    }
  }
  throw new BlobUnavailable(`blob ${name} is not to be had: ${failures.length === 0 ? "no server was named" : failures.join("; ")}`);
}

async function fetchFrom(base: string, name: string, options: FetchBlobOptions): Promise<Uint8Array> {
  const target = URL.canParse(base) ? new URL(base) : undefined;
  if (target === undefined || !["http:", "https:"].includes(target.protocol) || target.username !== "" || target.search !== "" || target.hash !== "") throw new Error("not a plain http or https URL");
  target.pathname = `${target.pathname.replace(/\/+$/, "")}/${name}`;
  const control = new AbortController();
  const signal = options.signal === undefined ? control.signal : AbortSignal.any([control.signal, options.signal]);
  const idleMs = options.idleMs ?? 15_000;
  const deadline = setTimeout(() => control.abort(new Error("too slow")), Math.min(2 * idleMs + (options.maxBytes / slowest) * 1000, 2 ** 31 - 1));
  const idle = setTimeout(() => control.abort(new Error(`nothing came for ${idleMs} ms`)), idleMs);
  try {
    const response = await fetch(target, { redirect: "error", signal, headers: { "accept-encoding": "identity" } });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}`);
    }
    return await read(response, name, options, () => idle.refresh());
  } finally {
    clearTimeout(deadline);
    clearTimeout(idle);
    control.abort();
  }
}

async function read(response: Response, name: string, options: FetchBlobOptions, moved: () => void): Promise<Uint8Array> {
  const announced = response.headers.get("content-length");
  const total = announced === null || !/^\d{1,15}$/.test(announced) ? undefined : Number(announced);
  if (total !== undefined && total > options.maxBytes) throw new Error(`has ${total} bytes, at most ${options.maxBytes} are due`);
  const hash = createHash("sha256");
  const parts: Uint8Array[] = [];
  let received = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    moved();
    received += part.length;
    if (received > options.maxBytes) throw new Error(`sends more than ${options.maxBytes} bytes`);
    hash.update(part);
    parts.push(part);
    options.onProgress?.(received, total);
  }
  if (hash.digest("hex") !== name) throw new Error("sent other bytes than the digest names");
  const whole = new Uint8Array(received);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
}
