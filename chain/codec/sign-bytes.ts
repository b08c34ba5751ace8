/** What signers of a transaction sign, and which signature must verify under which key. */
import { aminoMessage, signDocAmino } from "./amino-json.ts";
import { utf8 } from "./bytes.ts";
import type { CompactBitArray, MultiSignature } from "./gen/cosmos/crypto/multisig/v1beta1/multisig.ts";
import { SignMode } from "./gen/cosmos/tx/signing/v1beta1/signing.ts";
import type { ModeInfo } from "./gen/cosmos/tx/v1beta1/tx.ts";
import { sha256 } from "./hash.ts";
import type { Ed25519PubKey, MultisigPubKey, PubKey, Secp256k1PubKey } from "./pubkey.ts";
import { verifyEd25519, verifySecp256k1 } from "./secp256k1.ts";
import { CanonicalError, strictDecoder } from "./strict.ts";
import type { DecodedTx } from "./tx.ts";

/** A signer as the state knows it. */
export interface Signer {
  readonly pubkey: PubKey;
  readonly accountNumber: bigint;
  readonly sequence: bigint;
}

/** One signature to verify. */
export interface SignatureCheck {
  readonly pubkey: Secp256k1PubKey | Ed25519PubKey;
  readonly signBytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** Signatures that do not fit their keys or modes, before any cryptography. The reason has the SDK's words. */
export class SignatureError extends Error {
  override readonly name = "SignatureError";
}

/** A sign mode that this chain does not verify. */
export class SignModeError extends SignatureError {
  readonly mode: number;
  constructor(mode: number) {
    super(`unsupported sign mode ${modeName(mode)}`);
    this.mode = mode;
  }
}

function modeName(mode: number): string {
  return Object.keys(SignMode).find((name) => SignMode[name as keyof typeof SignMode] === mode) ?? String(mode);
}

function varintSize(value: number): number {
  let size = 1;
  for (; value > 0x7f; value = Math.floor(value / 128)) size++;
  return size;
}

function writeVarint(out: Uint8Array, at: number, value: number): number {
  for (; value > 0x7f; value = Math.floor(value / 128)) out[at++] = (value % 128) | 0x80;
  out[at++] = value;
  return at;
}

function writeField(out: Uint8Array, at: number, tag: number, bytes: Uint8Array): number {
  if (bytes.length === 0) return at;
  out[at++] = tag;
  at = writeVarint(out, at, bytes.length);
  out.set(bytes, at);
  return at + bytes.length;
}

/** The bytes of a SignDoc: what SIGN_MODE_DIRECT signs. */
export function signBytesDirect(bodyBytes: Uint8Array, authInfoBytes: Uint8Array, chainId: string, accountNumber: bigint): Uint8Array {
  const chain = utf8(chainId);
  const number = numberField(accountNumber);
  const out = new Uint8Array(fieldSize(bodyBytes) + fieldSize(authInfoBytes) + fieldSize(chain) + number.length);
  let at = writeField(out, 0, 0x0a, bodyBytes);
  at = writeField(out, at, 0x12, authInfoBytes);
  at = writeField(out, at, 0x1a, chain);
  for (let i = 0; i < number.length; i++) out[at + i] = number[i]!;
  return out;
}

function fieldSize({ length }: Uint8Array): number {
  return length === 0 ? 0 : 1 + varintSize(length) + length;
}

/** Field 4, a uint64: nothing for zero. */
function numberField(value: bigint): number[] {
  if (value === 0n) return [];
  const out = [0x20];
  if (value > 0n && value <= 0x7fffffffn) {
    let rest = Number(value);
    for (; rest > 0x7f; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
    out.push(rest);
    return out;
  }
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
  return out;
}

/** What SIGN_MODE_LEGACY_AMINO_JSON signs. Throws a SignatureError for a transaction that the mode cannot express, an AminoError for such a message. */
export function signBytesAmino(tx: DecodedTx, chainId: string, accountNumber: bigint, sequence: bigint): Uint8Array {
  const { body, authInfo } = tx;
  if (body.extensionOptions.length > 0 || body.nonCriticalExtensionOptions.length > 0) {
    throw new SignatureError("SIGN_MODE_LEGACY_AMINO_JSON does not support protobuf extension options: invalid request");
  }
  if (authInfo.fee === undefined) throw new SignatureError("fee cannot be nil when tipper is not signer");
  const text = signDocAmino({
    chainId,
    accountNumber,
    sequence,
    fee: authInfo.fee,
    memo: body.memo,
    messages: tx.messages.map(({ type, message }) => aminoMessage(type.typeUrl, message, type.descriptor)),
    timeoutHeight: body.timeoutHeight,
    unordered: body.unordered,
    timeoutTimestamp: body.timeoutTimestamp,
  });
  return utf8(text);
}

/** Sign bytes of one signer in each mode, made once each: a multisig asks for the same ones many times. */
class SignBytes {
  readonly #make: (mode: number) => Uint8Array;
  readonly #made = new Map<number, Uint8Array>();
  constructor(make: (mode: number) => Uint8Array) {
    this.#make = make;
  }
  of(mode: number): Uint8Array {
    const known = this.#made.get(mode);
    if (known !== undefined) return known;
    const bytes = this.#make(mode);
    this.#made.set(mode, bytes);
    return bytes;
  }
}

/**
 * Every signature of a transaction with its key and the bytes it signs, for signers in the transaction's order. Throws a SignatureError where
 * signatures, mode infos and keys do not fit together; whether they verify is `verifyCheck`'s, or the pool's.
 */
export function signatureChecks(tx: DecodedTx, signers: readonly Signer[], chainId: string): SignatureCheck[] {
  const { signerInfos } = tx.authInfo;
  if (signerInfos.length !== signers.length || tx.signatures.length !== signers.length) {
    throw new SignatureError(`invalid number of signer;  expected: ${signers.length}, got ${tx.signatures.length}`);
  }
  const [only] = signers;
  if (only !== undefined && signers.length === 1 && only.pubkey.kind !== "multisig" && signerInfos[0]!.modeInfo?.single?.mode === SignMode.SIGN_MODE_DIRECT) {
    return [{ pubkey: only.pubkey, signBytes: signBytesDirect(tx.bodyBytes, tx.authInfoBytes, chainId, only.accountNumber), signature: tx.signatures[0]! }];
  }
  const checks: SignatureCheck[] = [];
  for (const [index, signer] of signers.entries()) {
    const signBytes = new SignBytes((mode) => {
      if (mode === SignMode.SIGN_MODE_DIRECT) return signBytesDirect(tx.bodyBytes, tx.authInfoBytes, chainId, signer.accountNumber);
      if (mode === SignMode.SIGN_MODE_LEGACY_AMINO_JSON) return signBytesAmino(tx, chainId, signer.accountNumber, signer.sequence);
      throw new SignModeError(mode);
    });
    collect(signer.pubkey, signerInfos[index]!.modeInfo, tx.signatures[index]!, signBytes, checks);
  }
  return checks;
}

function collect(pubkey: PubKey, modeInfo: ModeInfo | undefined, signature: Uint8Array, signBytes: SignBytes, out: SignatureCheck[]): void {
  if (pubkey.kind === "multisig") {
    if (modeInfo?.multi === undefined) throw new SignatureError("a multisig key needs a multi mode info");
    collectMultisig(pubkey, modeInfo.multi, signature, signBytes, out);
    return;
  }
  if (modeInfo?.single === undefined) throw new SignatureError("a single key needs a single mode info");
  out.push({ pubkey, signBytes: signBytes.of(modeInfo.single.mode), signature });
}

const decodeMultiSignature = strictDecoder("cosmos.crypto.multisig.v1beta1.MultiSignature");

function signaturesOf(bytes: Uint8Array): readonly Uint8Array[] {
  try {
    return (decodeMultiSignature(bytes).message as MultiSignature).signatures;
  } catch (error) {
    if (error instanceof CanonicalError) throw new SignatureError(`invalid multisignature: ${error.message}`);
    throw error;
  }
}

function collectMultisig(
  pubkey: MultisigPubKey,
  multi: { bitarray: CompactBitArray | undefined; modeInfos: readonly ModeInfo[] },
  signature: Uint8Array,
  signBytes: SignBytes,
  out: SignatureCheck[],
): void {
  const signatures = signaturesOf(signature);
  const size = pubkey.keys.length;
  if (multi.bitarray === undefined || bitCount(multi.bitarray) !== size) throw new SignatureError(`bit array size is incorrect, expecting: ${size}`);
  const signing = pubkey.keys.filter((_, index) => bitAt(multi.bitarray!, index));
  if (signing.length < pubkey.threshold) throw new SignatureError(`not enough signatures set, have ${signing.length}, expected ${pubkey.threshold}`);
  if (signatures.length !== signing.length || multi.modeInfos.length !== signing.length) throw new SignatureError(`signature size is incorrect ${signatures.length}`);
  for (const [index, key] of signing.entries()) collect(key, multi.modeInfos[index], signatures[index]!, signBytes, out);
}

/** How many bits the array says it has; -1 where it contradicts itself. */
function bitCount({ extraBitsStored, elems }: CompactBitArray): number {
  if (extraBitsStored === 0) return elems.length * 8;
  return extraBitsStored > 7 || elems.length === 0 ? -1 : (elems.length - 1) * 8 + extraBitsStored;
}

/** Bits count from the most significant of the first byte. */
function bitAt({ elems }: CompactBitArray, index: number): boolean {
  return (elems[index >> 3]! & (0x80 >> (index & 7))) !== 0;
}

/** A CompactBitArray of this length with these bits set. */
export function compactBitArray(length: number, set: readonly number[]): CompactBitArray {
  const elems = new Uint8Array(Math.ceil(length / 8));
  for (const index of set) elems[index >> 3]! |= 0x80 >> (index & 7);
  return { extraBitsStored: length % 8, elems };
}

/** True where the signature verifies. secp256k1 signs the SHA-256 of the sign bytes, ed25519 the sign bytes. */
export function verifyCheck({ pubkey, signBytes, signature }: SignatureCheck): boolean {
  return pubkey.kind === "secp256k1" ? verifySecp256k1(pubkey.key, sha256(signBytes), signature) : verifyEd25519(pubkey.key, signBytes, signature);
}
