/**
 * BLS12-381 signatures of consensus, behind one door: public keys in G1 (48 bytes), signatures in G2 (96 bytes), both compressed;
 * ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_. A key has exactly one valid signature over a message, in exactly one encoding.
 */
import blst from "@chainsafe/blst";
import { concatBytes, utf8 } from "./bytes.ts";

export const blsPublicKeyLength = 48;
export const blsSignatureLength = 96;
export const blsSecretKeyLength = 32;

/** Keeps what proves possession apart from everything else that a key may sign. */
const possessionDomain = utf8("dcm/bls/possession/v1");

export interface BlsKeyPair {
  /** 32 bytes. */
  readonly secretKey: Uint8Array;
  /** 48 bytes. */
  readonly publicKey: Uint8Array;
}

/** The key pair of at least 32 bytes of secret entropy (KeyGen of the IETF draft); equal entropy gives the equal pair. */
export function blsKeygen(entropy: Uint8Array): BlsKeyPair {
  if (entropy.length < 32) throw new RangeError(`a BLS key needs at least 32 bytes of entropy, got ${entropy.length}`);
  const secret = blst.SecretKey.fromKeygen(entropy);
  return { secretKey: plain(secret.toBytes()), publicKey: plain(secret.toPublicKey().toBytes(true)) };
}

/** The public key of a secret key. Throws a RangeError where the secret is not a scalar in range. */
export function blsPublicKey(secretKey: Uint8Array): Uint8Array {
  return plain(secretOf(secretKey).toPublicKey().toBytes(true));
}

/** The one signature over `message`, 96 bytes. Throws a RangeError where the secret is not a scalar in range. */
export function blsSign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  return plain(secretOf(secretKey).sign(message).toBytes(true));
}

/** False, never an exception, for a wrong signature and for bytes that are no key or no signature (length, encoding, infinity, subgroup). */
export function blsVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  // The library also takes the uncompressed forms: a second encoding would be a second way to say the same.
  if (publicKey.length !== blsPublicKeyLength || signature.length !== blsSignatureLength) return false;
  try {
    return blst.verify(message, blst.PublicKey.fromBytes(publicKey, true), blst.Signature.fromBytes(signature, true, true), false, false);
  } catch {
    return false;
  }
}

/** True where the bytes are a public key that can be used: compressed, in the subgroup, not infinity. */
export function isBlsPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== blsPublicKeyLength) return false;
  try {
    blst.PublicKey.fromBytes(publicKey, true);
    return true;
  } catch {
    return false;
  }
}

/** Proves that the secret of a public key is known, to those who ask under `context` (who registers it, and where). */
export function blsProvePossession(secretKey: Uint8Array, context: Uint8Array): Uint8Array {
  return blsSign(secretKey, concatBytes(possessionDomain, blsPublicKey(secretKey), context));
}

export function blsVerifyPossession(publicKey: Uint8Array, context: Uint8Array, proof: Uint8Array): boolean {
  return blsVerify(publicKey, concatBytes(possessionDomain, publicKey, context), proof);
}

function secretOf(bytes: Uint8Array): InstanceType<typeof blst.SecretKey> {
  try {
    return blst.SecretKey.fromBytes(bytes);
  } catch {
    // The library's words may quote the input: a secret must not reach a log.
    throw new RangeError("not a BLS secret key: 32 bytes, big-endian, below the group's order and not zero");
  }
}

/** The library answers with views of its own kind: state and comparisons want plain bytes. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
