/**
 * Blobs under a symmetric key, in chunks, so that neither side needs more memory than a chunk.
 *
 *     magic "dcm" | version 1 | blob id, 16 random bytes | chunk ... chunk
 *     chunk = XSalsa20-Poly1305(key, nonce, 65,536 bytes of the blob; the last one 0 to 65,536)
 *     nonce = blob id | chunk number, 4 bytes big-endian | 1 in the last chunk, else 0 | 3 zero bytes
 *
 * A nonce is never used twice under a key: the blob id is random, the number counts. A chunk that is moved, repeated, left out or taken from
 * another blob meets another nonce and does not open; a blob that is cut has no last chunk where one must be.
 */
import { randomBytes } from "node:crypto";
import nacl from "tweetnacl";
import { concatBytes, equalBytes } from "../../chain/codec/bytes.ts";
import { SealBroken, newJobKey, openKey, sealKey, sealedKeyBytes } from "./keys.ts";

export const chunkBytes = 65_536;
export const headerBytes = 20;
const sealedChunk = chunkBytes + nacl.secretbox.overheadLength;
const magic = Uint8Array.of(0x64, 0x63, 0x6d, 1);

type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Size of the sealed form of `bytes` bytes. */
export function sealedSize(bytes: number): number {
  return headerBytes + bytes + Math.max(1, Math.ceil(bytes / chunkBytes)) * nacl.secretbox.overheadLength;
}

export function sealBlob(key: Uint8Array, clear: Uint8Array): Uint8Array {
  const id = randomBytes(16);
  const parts: Uint8Array[] = [magic, id];
  const chunks = Math.max(1, Math.ceil(clear.length / chunkBytes));
  for (let i = 0; i < chunks; i++) parts.push(nacl.secretbox(clear.slice(i * chunkBytes, (i + 1) * chunkBytes), nonce(id, i, i === chunks - 1), key));
  return concatBytes(...parts);
}

/** Throws SealBroken. */
export function openBlob(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const id = readHeader(sealed.subarray(0, headerBytes));
  const parts: Uint8Array[] = [];
  const chunks = Math.max(1, Math.ceil((sealed.length - headerBytes) / sealedChunk));
  for (let i = 0; i < chunks; i++) {
    const from = headerBytes + i * sealedChunk;
    parts.push(openChunk(key, sealed.slice(from, from + sealedChunk), id, i, i === chunks - 1));
  }
  return concatBytes(...parts);
}

/** `sealBlob` piece by piece: the parts, joined, are the sealed blob. */
export async function* sealStream(key: Uint8Array, source: Source): AsyncGenerator<Uint8Array> {
  const id = randomBytes(16);
  yield concatBytes(magic, id);
  let number = 0;
  for await (const { bytes, last } of pieces(source, chunkBytes)) yield nacl.secretbox(bytes, nonce(id, number++, last), key);
}

/** `openBlob` piece by piece. Every piece is authentic; that there is no more is known only when it ends without throwing SealBroken. */
export async function* openStream(key: Uint8Array, source: Source): AsyncGenerator<Uint8Array> {
  let id: Uint8Array | undefined;
  let number = 0;
  async function* body(): AsyncGenerator<Uint8Array> {
    let head = new Uint8Array(0);
    for await (const part of source) {
      if (id !== undefined) {
        yield part;
        continue;
      }
      head = new Uint8Array(concatBytes(head, part));
      if (head.length < headerBytes) continue;
      id = readHeader(head.subarray(0, headerBytes));
      yield head.subarray(headerBytes);
    }
  }
  for await (const { bytes, last } of pieces(body(), sealedChunk)) yield openChunk(key, bytes, id ?? readHeader(new Uint8Array(0)), number++, last);
}

/** For results: a fresh key sealed to `recipient`, then the blob under it. */
export function sealTo(recipient: Uint8Array, clear: Uint8Array): Uint8Array {
  const key = newJobKey();
  return concatBytes(sealKey(key, recipient), sealBlob(key, clear));
}

/** Opens what `sealTo` made. Throws SealBroken. */
export function openFrom(secretKey: Uint8Array, sealed: Uint8Array): Uint8Array {
  return openBlob(openKey(sealed.slice(0, sealedKeyBytes), secretKey), sealed.subarray(sealedKeyBytes));
}

function readHeader(header: Uint8Array): Uint8Array {
  if (header.length !== headerBytes || !equalBytes(header.subarray(0, 4), magic)) throw new SealBroken("not a sealed blob: its header is missing");
  return header.slice(4);
}

function openChunk(key: Uint8Array, chunk: Uint8Array, id: Uint8Array, number: number, last: boolean): Uint8Array {
  const clear = chunk.length < nacl.secretbox.overheadLength ? null : nacl.secretbox.open(chunk, nonce(id, number, last), key);
  if (clear === null) throw new SealBroken(`chunk ${number} of the blob does not open: it was changed, moved or cut, or the key is another one`);
  return clear;
}

function nonce(id: Uint8Array, number: number, last: boolean): Uint8Array {
  const out = new Uint8Array(nacl.secretbox.nonceLength);
  out.set(id);
  new DataView(out.buffer).setUint32(16, number);
  out[20] = last ? 1 : 0;
  return out;
}

/** Cuts a stream into pieces of `size` bytes; the last one, which may be shorter and is empty only in an empty stream, is marked. */
async function* pieces(source: Source, size: number): AsyncGenerator<{ bytes: Uint8Array; last: boolean }> {
  let held = new Uint8Array(0);
  for await (const part of source) {
    let rest = new Uint8Array(concatBytes(held, part));
    // A full piece is held back until more comes: it may be the last.
    while (rest.length > size) {
      yield { bytes: rest.slice(0, size), last: false };
      rest = rest.subarray(size);
    }
    held = rest;
  }
  yield { bytes: held, last: true };
}
