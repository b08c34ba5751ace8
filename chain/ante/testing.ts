/** Signers and signed transactions for tests and benchmarks. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { addressText, pubkeyAddress } from "../codec/address.ts";
import { sha256 } from "../codec/hash.ts";
import { utf8 } from "../codec/bytes.ts";
import { encodePubKey, type PubKey } from "../codec/pubkey.ts";
import { signBytesAmino, signBytesDirect } from "../codec/sign-bytes.ts";
import { decodeTx, type DecodedTx } from "../codec/tx.ts";
import { AuthInfo, TxBody, TxRaw } from "../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { SignMode } from "../codec/gen/cosmos/tx/signing/v1beta1/signing.ts";
import type { MessageRegistry } from "../codec/messages.ts";
import type { Any } from "../codec/gen/google/protobuf/any.ts";

export interface TestSigner {
  readonly secret: Uint8Array;
  readonly pubkey: PubKey;
  readonly address: Uint8Array;
  readonly text: string;
}

/** The same signer for the same name. */
export function testSigner(name: string): TestSigner {
  const secret = sha256(utf8(`signer ${name}`));
  const pubkey: PubKey = { kind: "secp256k1", key: secp256k1.getPublicKey(secret, true) };
  const address = pubkeyAddress(pubkey);
  return { secret, pubkey, address, text: addressText(address) };
}

export interface TxParts {
  readonly messages: readonly Any[];
  readonly signers: readonly { readonly signer: TestSigner; readonly accountNumber: bigint; readonly sequence: bigint; readonly mode?: SignMode; readonly showKey?: boolean }[];
  readonly chainId?: string;
  readonly fee?: Partial<NonNullable<AuthInfo["fee"]>>;
  readonly body?: Partial<TxBody>;
}

export function sign(bytes: Uint8Array, secret: Uint8Array): Uint8Array {
  return secp256k1.sign(sha256(bytes), secret, { prehash: false, lowS: true });
}

/** A transaction signed by single keys, as bytes. */
export function signedTx({ messages, signers, chainId = "test-1", fee, body }: TxParts, registry: MessageRegistry): Uint8Array {
  const bodyBytes = TxBody.encode(TxBody.fromPartial({ messages: [...messages], ...body })).finish();
  const signerInfos = signers.map(({ signer, sequence, mode = SignMode.SIGN_MODE_DIRECT, showKey = true }) => ({
    publicKey: showKey ? encodePubKey(signer.pubkey) : undefined, modeInfo: { single: { mode } }, sequence,
  }));
  const authInfoBytes = AuthInfo.encode(AuthInfo.fromPartial({ signerInfos, fee: { amount: [{ denom: "stake", amount: "100" }], gasLimit: 200_000n, ...fee } })).finish();
  const unsigned: DecodedTx = decodeTx(TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [] }).finish(), registry);
  const signatures = signers.map(({ signer, accountNumber, sequence, mode }) => {
    const amino = mode === SignMode.SIGN_MODE_LEGACY_AMINO_JSON;
    return sign(amino ? signBytesAmino(unsigned, chainId, accountNumber, sequence) : signBytesDirect(bodyBytes, authInfoBytes, chainId, accountNumber), signer.secret);
  });
  return TxRaw.encode({ bodyBytes, authInfoBytes, signatures }).finish();
}
