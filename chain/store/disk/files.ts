/** Durable changes to directories: what is not fsynced may be gone after a power cut. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

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

/** Writes a whole file so that it is there with this content, or as it was before, whenever the machine stops. */
export function writeFileDurably(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, "w", 0o644);
  try {
    writeAll(file, bytes, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}
