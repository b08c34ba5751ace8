/** What stands before a transaction's messages: limits, fee, signatures, sequences. The runtime calls it; chain/ante/ is it. */
import type { Context } from "./context.ts";
import type { DecodedTx } from "../codec/tx.ts";

/** What a mempool check leaves for the block: `proofs[i]` names the (public key, account number, sequence) whose signature i was found good. */
export interface VerifiedSignatures {
  proofs: string[] | undefined;
}

export interface AnteOptions {
  /** Gas price floor of this node, per denom, as [denom, atomic 18-digit decimal]; only looked at by CheckTx. */
  readonly minGasPrices: readonly (readonly [denom: string, price: bigint])[];
  /** The block's gas limit from the consensus params; -1 where there is none. */
  readonly maxBlockGas: bigint;
}

/**
 * Checks and charges one transaction on the context's stores; throws TxError. The order of its checks is the Cosmos SDK's.
 * `ctx.mode` tells check, recheck (sequence and fee only), simulate (signatures and fee amounts are not looked at) and deliver.
 * `verified` is remembered from CheckTx to FinalizeBlock by the transaction's hash: a signature proven there is not verified again.
 */
export type Ante = (ctx: Context, tx: DecodedTx, verified: VerifiedSignatures, options: AnteOptions) => void;
