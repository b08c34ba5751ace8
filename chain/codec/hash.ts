/** The hash of consensus, behind one door: beside `ripemd160.ts` nothing in consensus code imports another. */
import { hash, randomInt } from "node:crypto";
import { concatBytes } from "./bytes.ts";

/** 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  // As text of one character a byte: Node.js makes a string in half the time that it takes to make a Buffer.
  const digest = hash("sha256", parts.length === 1 ? parts[0]! : concatBytes(...parts), "binary");
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++) out[i] = digest.charCodeAt(i);
  return out;
}

/** Where hash tables in memory begin to hash, another number in each process. Not for anything that reaches the state. */
export const tableSeed: number = randomInt(2 ** 32) | 0;
