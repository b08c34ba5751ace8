/** What a signature must verify under, guessed ahead of its block: so that many can be verified at once, on several cores. */
import { pubKeyTypeUrls } from "../codec/pubkey.ts";
import { SignMode } from "../codec/gen/cosmos/tx/signing/v1beta1/signing.ts";
import { sha256 } from "../codec/hash.ts";
import { signBytesDirect } from "../codec/sign-bytes.ts";
import { TxError } from "../runtime/errors.ts";
import { proofName, readKey } from "./signatures.ts";
import { signersOf } from "./signers.ts";
import type { SignersPort } from "../modules/auth/ports.ts";
import type { Claims } from "../runtime/ante.ts";
import type { Messages } from "./ante.ts";

/** ANTE-13: transactions of one signer in direct mode; all others are verified when they are executed. A wrong guess only costs time. */
export function createClaims(accounts: SignersPort, messages: Messages): Claims {
  return (ctx, tx) => {
    const [info, second] = tx.authInfo.signerInfos;
    const [signature] = tx.signatures;
    if (info === undefined || second !== undefined || tx.signatures.length !== 1 || signature === undefined) return undefined;
    if (info.modeInfo?.single?.mode !== SignMode.SIGN_MODE_DIRECT) return undefined;
    try {
      const signers = signersOf(tx, messages);
      const account = signers.length === 1 ? accounts.find(ctx, signers[0]!.address) : undefined;
      const key = account?.pubKey ?? info.publicKey;
      if (account === undefined || key?.typeUrl !== pubKeyTypeUrls.secp256k1) return undefined;
      const pubkey = readKey(key);
      if (pubkey.kind !== "secp256k1") return undefined;
      const messageHash = sha256(signBytesDirect(tx.bodyBytes, tx.authInfoBytes, ctx.header.chainId, account.accountNumber));
      return { proof: proofName(key, account.accountNumber, info.sequence), pubkey: pubkey.key, messageHash, signature };
    } catch (error) {
      // What is wrong with it is said when it is executed.
      if (error instanceof TxError) return undefined;
      throw error;
    }
  };
}
