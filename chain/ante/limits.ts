/** What a transaction may be before any account is looked at: shape, deadlines, memo, and gas for its bytes. */
import { aminoPubKeyBytes, decodePubKey } from "../codec/pubkey.ts";
import { readAmount, coinsText } from "../runtime/coins.ts";
import { fail, sdkErrors } from "../runtime/errors.ts";
import { utcText } from "../runtime/time-text.ts";
import { isIncomplete } from "./signature-data.ts";
import type { Params } from "../codec/gen/cosmos/auth/v1beta1/auth.ts";
import type { DecodedTx } from "../codec/tx.ts";
import type { SignersPort } from "../modules/auth/ports.ts";
import type { Context } from "../runtime/context.ts";
import type { SignerAddress } from "./signers.ts";

/** 2^63 - 1. */
const maxGasWanted = (1n << 63n) - 1n;

/** ANTE-1: no message, no block has room for it, an extension option: refused before anything is charged. */
export function checkShape(tx: DecodedTx, maxBlockGas: bigint): void {
  if (tx.messages.length === 0) fail(sdkErrors.invalidRequest, "must contain at least one message");
  const { fee } = tx.authInfo;
  if (maxBlockGas > 0n && fee !== undefined && fee.gasLimit > maxBlockGas) {
    fail(sdkErrors.invalidGasLimit, `tx gas limit ${fee.gasLimit} exceeds block max gas ${maxBlockGas}`);
  }
  if (tx.body.extensionOptions.length > 0) fail(sdkErrors.unknownExtensionOptions, "");
}

/** ANTE-2: what a transaction says of its fee and its signatures fits together. */
export function checkBasics(tx: DecodedTx, signers: readonly SignerAddress[]): void {
  const { fee } = tx.authInfo;
  if (fee === undefined) fail(sdkErrors.invalidRequest, "missing fee");
  if (fee.gasLimit > maxGasWanted) fail(sdkErrors.invalidRequest, `invalid gas supplied; ${fee.gasLimit} > ${maxGasWanted}`);
  for (const coin of fee.amount) {
    const amount = readAmount(coin.amount);
    if (amount === undefined || amount < 0n) fail(sdkErrors.insufficientFee, `invalid fee provided: ${coinsText(fee.amount)}`);
  }
  if (tx.signatures.length === 0) fail(sdkErrors.noSignatures, "");
  if (tx.signatures.length !== signers.length) fail(sdkErrors.unauthorized, `wrong number of signers; expected ${signers.length}, got ${tx.signatures.length}`);
}

/** ANTE-3: the block's height and time are not past the transaction's deadlines. */
export function checkDeadlines(ctx: Context, { body }: DecodedTx): void {
  if (body.timeoutHeight > 0n && ctx.height > body.timeoutHeight) {
    fail(sdkErrors.timeoutHeight, `block height: ${ctx.height}, timeout height: ${body.timeoutHeight}`);
  }
  const timeout = timeoutNanos(body);
  if (timeout !== undefined && timeout < ctx.header.timeNanos) {
    fail(sdkErrors.txTimeout, `block time: ${utcText(ctx.header.timeNanos)}, timeout timestamp: ${utcText(timeout)}`);
  }
}

/** Seconds of 0001-01-01, which the SDK takes for no time at all. */
const yearOne = -62_135_596_800n;

/** The timeout timestamp in Unix nanoseconds, or undefined where none is set. */
export function timeoutNanos({ timeoutTimestamp: t }: DecodedTx["body"]): bigint | undefined {
  if (t === undefined || t.seconds === 0n || (t.seconds === yearOne && t.nanos === 0)) return undefined;
  return t.seconds * 1_000_000_000n + BigInt(t.nanos);
}

/** ANTE-4: a memo is at most as long, in bytes of UTF-8, as the parameters say. */
export function checkMemo(memo: string, params: Params): void {
  if (memo === "") return;
  const length = BigInt(Buffer.byteLength(memo));
  if (length > params.maxMemoCharacters) {
    fail(sdkErrors.memoTooLarge, `maximum number of characters is ${params.maxMemoCharacters} but received ${length} characters`);
  }
}

/** Bytes of an amino signature of 64 bytes with its key: field tags, lengths, and 6 more, as the SDK estimates. */
const simulatedSignatureBytes = 66 + 6;
const secp256k1AminoBytes = 38;

/** ANTE-5: each byte costs gas; a simulation pays for the signatures that it does not carry yet. */
export function chargeSize(ctx: Context, tx: DecodedTx, params: Params, signers: readonly SignerAddress[], accounts: SignersPort): void {
  const perByte = Number(params.txSizeCostPerByte);
  ctx.gas.consume(perByte * tx.bytes.length, "txSize");
  if (ctx.mode !== "simulate") return;
  for (const [i, signer] of signers.entries()) {
    if (!isIncomplete(tx.authInfo.signerInfos[i]?.modeInfo, tx.signatures[i])) continue;
    const pubKey = accounts.find(ctx, signer.address)?.pubKey;
    const key = pubKey === undefined ? undefined : decodePubKey(pubKey);
    const keyBytes = key === undefined ? secp256k1AminoBytes : aminoPubKeyBytes(key).length;
    const bytes = 2 + keyBytes + simulatedSignatureBytes;
    ctx.gas.consume(perByte * (key?.kind === "multisig" ? bytes * Number(params.txSigLimit) : bytes), "txSize");
  }
}
