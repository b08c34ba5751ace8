/** The hashes of consensus, behind one door: nothing else in consensus code imports a hash. */
import { hash, randomInt } from "node:crypto";
import { ripemd160 as nobleRipemd160 } from "@noble/hashes/legacy.js";
import { concatBytes } from "./bytes.ts";

/** 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  // As text of one character a byte: Node.js makes a string in half the time that it takes to make a Buffer.
  const digest = hash("sha256", parts.length === 1 ? parts[0]! : concatBytes(...parts), "binary");
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++) out[i] = digest.charCodeAt(i);
  return out;
}

/** 20 bytes; only addresses need it. */
export function ripemd160(bytes: Uint8Array): Uint8Array {
  return nobleRipemd160(bytes);
}

/** Where hash tables in memory begin to hash, another number in each process. Not for anything that reaches the state. */
export const tableSeed: number = randomInt(2 ** 32) | 0;
