/** What a transaction says of its signatures, before they are verified: modes, nesting, and the single signatures inside. */
import { MultiSignature } from "../codec/gen/cosmos/crypto/multisig/v1beta1/multisig.ts";
import { SignMode } from "../codec/gen/cosmos/tx/signing/v1beta1/signing.ts";
import { fail, sdkErrors } from "../runtime/errors.ts";
import type { ModeInfo } from "../codec/gen/cosmos/tx/v1beta1/tx.ts";

/** Multisigs inside multisigs at most this deep, with at most this many signatures each, as in the SDK. */
const maxDepth = 2;
const maxBreadth = 32;

/** True where a simulation has yet to fill in the signature. */
export function isIncomplete(modeInfo: ModeInfo | undefined, signature: Uint8Array | undefined): boolean {
  if (modeInfo?.multi === undefined) return signature === undefined || signature.length === 0;
  const signatures = signature === undefined || signature.length === 0 ? [] : decodeMulti(signature);
  return signatures.length === 0 || signatures.some((inner, i) => isIncomplete(modeInfo.multi!.modeInfos[i], inner));
}

/** Every single signature, and after those of a multisig their aggregate: what `tx.signature` is indexed by. */
export function flatSignatures(modeInfo: ModeInfo | undefined, signature: Uint8Array, depth = 0): Uint8Array[] {
  if (depth > maxDepth) fail(sdkErrors.tooManySignatures, `max depth of ${maxDepth} reached`);
  if (modeInfo?.multi === undefined) return [signature];
  const signatures = signature.length === 0 ? [] : decodeMulti(signature);
  const { modeInfos } = modeInfo.multi;
  if (modeInfos.length !== signatures.length) fail(sdkErrors.txDecode, `expected ${modeInfos.length} multisig signatures, got ${signatures.length}`);
  if (signatures.length > maxBreadth) fail(sdkErrors.tooManySignatures, `max breadth of ${maxBreadth} reached`);
  const flat = signatures.flatMap((inner, i) => flatSignatures(modeInfos[i], inner, depth + 1));
  return [...flat, MultiSignature.encode({ signatures: flat }).finish()];
}

/** True where every signer uses amino JSON: their sequence is only found wrong by the signature. */
export function isAminoOnly(modeInfo: ModeInfo | undefined): boolean {
  if (modeInfo?.multi !== undefined) return modeInfo.multi.modeInfos.every(isAminoOnly);
  return modeInfo?.single?.mode === SignMode.SIGN_MODE_LEGACY_AMINO_JSON;
}

function decodeMulti(bytes: Uint8Array): Uint8Array[] {
  try {
    return MultiSignature.decode(bytes).signatures;
  } catch {
    return fail(sdkErrors.txDecode, "a multisignature does not decode");
  }
}
