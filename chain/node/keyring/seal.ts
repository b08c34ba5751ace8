/** Secrets at rest: scrypt makes a key of the passphrase, XSalsa20-Poly1305 (NaCl secretbox) seals under it. */
import { randomBytes, scrypt } from "node:crypto";
import nacl from "tweetnacl";

/** A sealed secret as it stands in a file; byte strings in base64. */
export interface Sealed {
  readonly kdf: "scrypt";
  /** Cost: 128 * r * n bytes of memory and about n * r * p units of work. */
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly nonce: string;
  readonly box: string;
}

/** 64 MiB and about 0.2 s for each guess. */
const cost = { n: 1 << 16, r: 8, p: 1 };
/** What a file may ask for at most: a hostile import must not take all memory. */
const maxMemory = 256 << 20;

function derive(passphrase: string, salt: Uint8Array, { n, r, p }: { n: number; r: number; p: number }): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFKC"), salt, nacl.secretbox.keyLength, { N: n, r, p, maxmem: maxMemory + (1 << 20) }, (error, key) => {
      if (error === null) resolve(new Uint8Array(key));
      else reject(error);
    });
  });
}

export async function seal(secret: Uint8Array, passphrase: string): Promise<Sealed> {
  const salt = randomBytes(16);
  const nonce = randomBytes(nacl.secretbox.nonceLength);
  const box = nacl.secretbox(secret, nonce, await derive(passphrase, salt, cost));
  return { kdf: "scrypt", ...cost, salt: salt.toString("base64"), nonce: nonce.toString("base64"), box: Buffer.from(box).toString("base64") };
}

/** The secret, or undefined where the passphrase is wrong or the file was changed. Throws a TypeError where it is no sealed secret. */
export async function unseal(sealed: Sealed, passphrase: string): Promise<Uint8Array | undefined> {
  const { n, r, p } = sealed;
  const positive = [n, r, p].every((value) => Number.isSafeInteger(value) && value > 0);
  const powerOfTwo = positive && n > 1 && n <= 1 << 20 && (n & (n - 1)) === 0;
  if (sealed.kdf !== "scrypt" || !powerOfTwo || 128 * n * r > maxMemory || p > 16) throw new TypeError("not a sealed secret of this keyring: unknown or too costly key derivation");
  const key = await derive(passphrase, Buffer.from(sealed.salt, "base64"), sealed);
  const nonce = new Uint8Array(Buffer.from(sealed.nonce, "base64"));
  if (nonce.length !== nacl.secretbox.nonceLength) throw new TypeError("not a sealed secret of this keyring: its nonce has the wrong length");
  return nacl.secretbox.open(new Uint8Array(Buffer.from(sealed.box, "base64")), nonce, key) ?? undefined;
}
