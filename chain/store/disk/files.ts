/** Durable changes to directories: what is not fsynced may be gone after a power cut. */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";

/** Makes created, renamed and removed names in a directory durable. */
export function syncDirectory(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A file's content, as a plain array whose slice() copies. */
export function readFileBytes(path: string): Uint8Array {
  const bytes = readFileSync(path);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Writes all bytes at a position. */
export function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

/** The same without holding up this thread: an fsync behind much other writing can take long. */
export async function syncDirectoryLater(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes a new file; it is on disk when the promise is resolved. */
export async function writeFileLater(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w", 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
