/** Signatures: the key of each signer, what verifying costs, and the verification, once for CheckTx and FinalizeBlock. */
import { AminoError } from "../codec/amino-json.ts";
import { pubkeyAddress } from "../codec/address.ts";
import { equalBytes, toBase64, toHex } from "../codec/bytes.ts";
import { PubKeyError, countKeys, decodePubKey, pubKeyTypeUrls, type PubKey } from "../codec/pubkey.ts";
import { SignatureError, signatureChecks, verifyCheck, type Signer } from "../codec/sign-bytes.ts";
import { fail, failPlain, sdkErrors } from "../runtime/errors.ts";
import { flatSignatures, isAminoOnly } from "./signature-data.ts";
import type { Params } from "../codec/gen/cosmos/auth/v1beta1/auth.ts";
import type { ModeInfo, SignerInfo } from "../codec/gen/cosmos/tx/v1beta1/tx.ts";
import type { Any } from "../codec/gen/google/protobuf/any.ts";
import type { DecodedTx } from "../codec/tx.ts";
import type { Account } from "../modules/auth/ports.ts";
import type { VerifiedSignatures } from "../runtime/ante.ts";
import type { Context } from "../runtime/context.ts";
import type { SignerAddress } from "./signers.ts";

/** Stands for a key in simulations that bring none, whose writes are dropped. */
const simulatedKey: Any = { typeUrl: pubKeyTypeUrls.secp256k1, value: Uint8Array.of(10, 33, 3, ...new Uint8Array(32)) };

/** ANTE-8: each signer has one key: its account's, or the one it shows the first time, which must hash to its address. */
export function signerKeys(ctx: Context, tx: DecodedTx, signers: readonly SignerAddress[], known: readonly (Account | undefined)[]): { account: Account; key: Any }[] {
  const { signerInfos } = tx.authInfo;
  if (signerInfos.length !== signers.length) fail(sdkErrors.txDecode, `expected ${signers.length} signer infos, got ${signerInfos.length}`);
  return signers.map((signer, i) => {
    const shown = signerInfos[i]!.publicKey;
    const account = known[i];
    const own = account?.pubKey;
    // A key that equals the account's was found to hash to its address when it was set.
    if (shown !== undefined && ctx.mode !== "simulate" && !(own !== undefined && sameKey(own, shown)) && !equalBytes(pubkeyAddress(readKey(shown)), signer.address)) {
      fail(sdkErrors.invalidPubKey, `pubKey does not match signer address ${signer.text} with signer index: ${i}`);
    }
    if (account === undefined) fail(sdkErrors.unknownAddress, `account ${signer.text} does not exist`);
    const key = own ?? shown ?? (ctx.mode === "simulate" ? simulatedKey : undefined);
    if (key === undefined) fail(sdkErrors.invalidPubKey, "pubkey on account is not set");
    return { account, key };
  });
}

function sameKey(a: Any, b: Any): boolean {
  return a.typeUrl === b.typeUrl && equalBytes(a.value, b.value);
}

export function readKey(any: Any): PubKey {
  try {
    return decodePubKey(any);
  } catch (error) {
    if (error instanceof PubKeyError) fail(sdkErrors.invalidPubKey, error.message);
    throw error;
  }
}

/** The events by which explorers find a transaction: its signers' sequences and its signatures. */
export function emitSignatures(ctx: Context, tx: DecodedTx, signers: readonly SignerAddress[]): void {
  if (!ctx.emits) return;
  for (const [i, info] of tx.authInfo.signerInfos.entries()) {
    if (!tx.body.unordered) ctx.emit("tx", [["acc_seq", `${signers[i]!.text}/${info.sequence}`]]);
    for (const signature of flatSignatures(info.modeInfo, tx.signatures[i]!)) ctx.emit("tx", [["signature", toBase64(signature)]]);
  }
}

/** ANTE-9: at most this many keys sign, and each verification is paid for before it is done. */
export function chargeSignatures(ctx: Context, tx: DecodedTx, keys: readonly { readonly key: Any }[], params: Params): void {
  let count = 0;
  for (const { publicKey } of tx.authInfo.signerInfos) {
    if (publicKey === undefined) continue;
    count += publicKey.typeUrl === pubKeyTypeUrls.multisig ? countKeys(readKey(publicKey)) : 1;
    if (BigInt(count) > params.txSigLimit) fail(sdkErrors.tooManySignatures, `signatures: ${count}, limit: ${params.txSigLimit}`);
  }
  for (const [i, { key }] of keys.entries()) {
    if (key.typeUrl === pubKeyTypeUrls.secp256k1) ctx.gas.consume(Number(params.sigVerifyCostSecp256k1), "ante verify: secp256k1");
    else charge(ctx, readKey(key), tx.authInfo.signerInfos[i]!.modeInfo, params);
  }
}

function charge(ctx: Context, key: PubKey, modeInfo: ModeInfo | undefined, params: Params): void {
  switch (key.kind) {
    case "secp256k1":
      return ctx.gas.consume(Number(params.sigVerifyCostSecp256k1), "ante verify: secp256k1");
    case "ed25519":
      return ctx.gas.consume(Number(params.sigVerifyCostEd25519), "ante verify: ed25519");
    case "multisig": {
      const multi = modeInfo?.multi;
      if (multi === undefined) return failPlain("expected *signing.MultiSignatureData, got, *signing.SingleSignatureData");
      if (multi.modeInfos.length > key.keys.length) return failPlain(`signature size is incorrect ${multi.modeInfos.length}`);
      // The signing keys: those whose bit is set, in order.
      const signing = key.keys.filter((_, i) => ((multi.bitarray?.elems[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0);
      for (const [i, inner] of signing.entries()) {
        if (i >= multi.modeInfos.length) return failPlain(`signature size is incorrect ${multi.modeInfos.length}`);
        charge(ctx, inner, multi.modeInfos[i], params);
      }
    }
  }
}

/** Names what a signature was verified under. A proof of this name for the same transaction bytes stands for the verification. */
export function proofName(key: Any, accountNumber: bigint, sequence: bigint): string {
  return `${toHex(key.value)}/${accountNumber}/${sequence}`;
}

/** ANTE-11: every signature verifies over this chain, account number and sequence. */
export function verifySignatures(ctx: Context, tx: DecodedTx, keys: readonly { readonly account: Account; readonly key: Any }[], verified: VerifiedSignatures): void {
  const { signerInfos } = tx.authInfo;
  const proofs: string[] = [];
  // Where nothing was verified before and nobody asks later, nothing needs a name.
  const named = ctx.mode === "check" || verified.proofs !== undefined;
  for (const [i, { account, key }] of keys.entries()) {
    const info = signerInfos[i]!;
    const accountNumber = ctx.mode === "genesis" ? 0n : account.accountNumber;
    if (named) {
      const name = proofName(key, accountNumber, info.sequence);
      proofs.push(name);
      if (verified.proofs?.[i] === name) continue;
    }
    const fault = signatureFault(ctx, tx, i, info, { pubkey: readKey(key), accountNumber, sequence: info.sequence });
    if (fault === undefined) continue;
    if (isAminoOnly(info.modeInfo)) {
      fail(sdkErrors.unauthorized, `signature verification failed; please verify account number (${accountNumber}), sequence (${account.sequence}) and chain-id (${ctx.header.chainId})`);
    }
    fail(sdkErrors.unauthorized, `signature verification failed; please verify account number (${accountNumber}) and chain-id (${ctx.header.chainId}): (${fault})`);
  }
  if (ctx.mode === "check") verified.proofs = proofs;
}

function signatureFault(ctx: Context, tx: DecodedTx, i: number, info: SignerInfo, signer: Signer): string | undefined {
  // The sign bytes are of the whole transaction; only the list of signers is narrowed to one.
  const one = tx.signatures.length === 1 ? tx : { ...tx, signatures: [tx.signatures[i]!], authInfo: { ...tx.authInfo, signerInfos: [info] } };
  try {
    for (const [at, check] of signatureChecks(one, [signer], ctx.header.chainId).entries()) {
      if (!verifyCheck(check)) return signer.pubkey.kind === "multisig" ? `unable to verify signature at index ${at}` : "unable to verify single signer signature";
    }
    return undefined;
  } catch (error) {
    if (error instanceof SignatureError || error instanceof AminoError) return error.message;
    throw error;
  }
}
