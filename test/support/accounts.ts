/** Accounts whose keys a test holds, and transactions signed with them. */
import { createRequire } from "node:module";
import { addressText, pubkeyAddress } from "../../chain/codec/address.ts";
import { utf8 } from "../../chain/codec/bytes.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { PubKey } from "../../chain/codec/gen/cosmos/crypto/secp256k1/keys.ts";
import { SignMode } from "../../chain/codec/gen/cosmos/tx/signing/v1beta1/signing.ts";
import { AuthInfo, SignDoc, TxBody, TxRaw } from "../../chain/codec/gen/cosmos/tx/v1beta1/tx.ts";
import type { Any } from "../../chain/codec/gen/google/protobuf/any.ts";

const curve = createRequire(import.meta.url)("secp256k1") as {
  publicKeyCreate(secret: Uint8Array, compressed: boolean): Uint8Array;
  ecdsaSign(hash: Uint8Array, secret: Uint8Array): { signature: Uint8Array };
};

export interface TestAccount {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly address: Uint8Array;
  readonly text: string;
}

/** The same name gives the same account, always. */
export function testAccount(name: string): TestAccount {
  const secret = sha256(utf8(`dcm test account ${name}`));
  const publicKey = curve.publicKeyCreate(secret, true);
  const address = pubkeyAddress({ kind: "secp256k1", key: publicKey });
  return { secret, publicKey, address, text: addressText(address) };
}

export interface TxOptions {
  readonly chainId: string;
  readonly accountNumber: bigint;
  readonly sequence: bigint;
  readonly messages: readonly Any[];
  readonly gas?: bigint;
  readonly fee?: { readonly denom: string; readonly amount: bigint };
  /** Who pays the fee, where it is another account. */
  readonly granter?: string;
  readonly memo?: string;
  /** Not included above this height. */
  readonly timeoutHeight?: bigint;
  /** An unordered transaction that lives until then, in nanoseconds since the epoch, different for each of its account; its sequence is 0. */
  readonly unorderedUntilNanos?: bigint;
}

/** TxRaw bytes, signed in SIGN_MODE_DIRECT. */
export function signedTx(account: TestAccount, options: TxOptions): Uint8Array {
  const { messages, memo = "", timeoutHeight = 0n, unorderedUntilNanos: until } = options;
  const unordered = until === undefined ? {} : { unordered: true, timeoutTimestamp: { seconds: until / 1_000_000_000n, nanos: Number(until % 1_000_000_000n) } };
  const bodyBytes = TxBody.encode(TxBody.fromPartial({ messages: [...messages], memo, timeoutHeight, ...unordered })).finish();
  const fee = options.fee === undefined ? [] : [{ denom: options.fee.denom, amount: String(options.fee.amount) }];
  const authInfoBytes = AuthInfo.encode(
    AuthInfo.fromPartial({
      signerInfos: [{
        publicKey: { typeUrl: "/cosmos.crypto.secp256k1.PubKey", value: PubKey.encode({ key: account.publicKey }).finish() },
        modeInfo: { single: { mode: SignMode.SIGN_MODE_DIRECT } },
        sequence: options.sequence,
      }],
      fee: { amount: fee, gasLimit: options.gas ?? 200_000n, payer: "", granter: options.granter ?? "" },
    }),
  ).finish();
  const signBytes = SignDoc.encode({ bodyBytes, authInfoBytes, chainId: options.chainId, accountNumber: options.accountNumber }).finish();
  const { signature } = curve.ecdsaSign(sha256(signBytes), account.secret);
  return TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [signature] }).finish();
}

/** A message as a transaction carries it. */
export function anyOf<T>(type: { readonly $type: string; encode(message: T): { finish(): Uint8Array } }, message: T): Any {
  return { typeUrl: `/${type.$type}`, value: type.encode(message).finish() };
}
