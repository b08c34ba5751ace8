/**
 * Signature verification. secp256k1 runs in libsecp256k1 through the native binding, loaded by itself: the package's main entry would
 * silently fall back to JavaScript. A platform without the binding must choose the portable implementation on purpose.
 */
import { createPublicKey, verify } from "node:crypto";
import { createRequire } from "node:module";
import { secp256k1 as portable } from "@noble/curves/secp256k1.js";
import { equalBytes } from "./bytes.ts";

/** What a verification runs on: `native` about 80 us, `portable` about 3 ms a signature, with equal answers. */
export type Secp256k1Backend = "native" | "portable";

type Verify = (pubkey: Uint8Array, messageHash: Uint8Array, signature: Uint8Array) => boolean;

interface NativeBinding {
  ecdsaVerify(signature: Uint8Array, messageHash: Uint8Array, pubkey: Uint8Array): boolean;
  publicKeyConvert(pubkey: Uint8Array, compressed: boolean): Uint8Array;
}

let loadError: unknown;

function loadNative(): NativeBinding | undefined {
  try {
    return createRequire(import.meta.url)("secp256k1/bindings") as NativeBinding;
  } catch (error) {
    loadError = error;
    return undefined;
  }
}

const native = loadNative();

/** A binding throws on keys and signatures that do not parse; here these are simply wrong. */
function guarded(run: Verify): Verify {
  return (pubkey, messageHash, signature) => {
    try {
      return run(pubkey, messageHash, signature);
    } catch {
      return false;
    }
  };
}

/**
 * Keys that signed before, with both coordinates: computing the second one takes a tenth of a verification. A key is expanded when it comes a second
 * time; two that fall into one slot take turns. What is verified is the same.
 */
class ExpandedKeys {
  readonly #slots = new Array<{ readonly key: Uint8Array; expanded: Uint8Array | undefined } | undefined>(16_384);
  readonly #binding: NativeBinding;

  constructor(binding: NativeBinding) {
    this.#binding = binding;
  }

  /** The key to verify with. Throws where the second coordinate does not exist. */
  of(key: Uint8Array): Uint8Array {
    const slot = (key[1]! | (key[2]! << 8)) & (this.#slots.length - 1);
    const known = this.#slots[slot];
    if (known === undefined || !equalBytes(known.key, key)) {
      this.#slots[slot] = { key: Uint8Array.from(key), expanded: undefined };
      return key;
    }
    return (known.expanded ??= this.#binding.publicKeyConvert(key, false));
  }
}

function verifyNative(binding: NativeBinding): Verify {
  const keys = new ExpandedKeys(binding);
  return guarded((pubkey, messageHash, signature) => binding.ecdsaVerify(signature, messageHash, keys.of(pubkey)));
}

const backends: Record<Secp256k1Backend, Verify | undefined> = {
  native: native && verifyNative(native),
  portable: guarded((pubkey, messageHash, signature) => portable.verify(signature, messageHash, pubkey, { prehash: false, lowS: true, format: "compact" })),
};

let active: Verify | undefined = backends.native;

/** What verifications run on now; undefined where nothing has been chosen and the native binding does not load. */
export function secp256k1Backend(): Secp256k1Backend | undefined {
  return active === undefined ? undefined : active === backends.portable ? "portable" : "native";
}

/**
 * Chooses the implementation, once, at start. Without `portable`, a missing native binding throws an Error that says what to do; a node calls
 * this before it does anything else.
 */
export function requireSecp256k1(options: { portable?: boolean } = {}): Secp256k1Backend {
  if (options.portable === true) {
    active = backends.portable;
    return "portable";
  }
  if (backends.native === undefined) {
    const reason = loadError instanceof Error ? loadError.message.split("\n")[0]! : String(loadError);
    throw new Error(
      `the native secp256k1 binding does not load on this machine (${reason}): install a C++ compiler and Python, run "npm rebuild secp256k1", ` +
        "or start with the portable implementation, which is about 35 times slower",
    );
  }
  active = backends.native;
  return "native";
}

/**
 * True where `signature` (64 bytes, r then s, s in the lower half of the order) signs the 32-byte `messageHash` under `pubkey` (33 bytes
 * beginning with 02 or 03). Anything malformed is false; it never throws for bad input.
 */
export function verifySecp256k1(pubkey: Uint8Array, messageHash: Uint8Array, signature: Uint8Array): boolean {
  if (active === undefined) requireSecp256k1();
  if (pubkey.length !== 33 || (pubkey[0] !== 2 && pubkey[0] !== 3) || signature.length !== 64 || messageHash.length !== 32) return false;
  return active!(pubkey, messageHash, signature);
}

/** The prefix of a SubjectPublicKeyInfo with an ed25519 key. */
const ed25519Spki = new Uint8Array([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]);

/** True where `signature` (64 bytes) signs `message` under the 32-byte ed25519 key, by RFC 8032. Malformed input is false. */
export function verifyEd25519(pubkey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (pubkey.length !== 32 || signature.length !== 64) return false;
  const der = new Uint8Array(44);
  der.set(ed25519Spki);
  der.set(pubkey, 12);
  try {
    return verify(null, message, createPublicKey({ key: Buffer.from(der.buffer), format: "der", type: "spki" }), signature);
  } catch {
    return false;
  }
}

export const testing = { backends };
