/** What stands before a transaction's messages: limits, fee, signatures, sequences. The runtime calls it; chain/ante/ is it. */
import type { Money } from "./coins.ts";
import type { Context } from "./context.ts";
import type { DecodedTx } from "../codec/tx.ts";

/** What a mempool check leaves for the block: `proofs[i]` names the (public key, account number, sequence) whose signature i was found good. */
export interface VerifiedSignatures {
  proofs: string[] | undefined;
  /** True once CheckTx let the transaction pass: what does not depend on the state was found good. */
  checked?: boolean | undefined;
  /** Who must sign, once that was asked: it depends on the transaction alone. */
  signers?: readonly { readonly text: string; readonly address: Uint8Array }[] | undefined;
  /** What the fee comes to, once that was read: it depends on the transaction alone. */
  fee?: readonly Money[] | undefined;
  /** True for each message that passed its stateless check: that depends on the message alone. */
  passed?: boolean[] | undefined;
  /** Set once CheckTx let the transaction pass, where a recheck needs no more of it. */
  common?: CommonTx | undefined;
}

/**
 * All that a recheck asks of the common transaction: one signer, who pays a fee of at most one coin, in the order of sequences, without
 * deadlines. In one object: thousands are rechecked one after the other, and most of what that costs is to fetch them from memory.
 */
export interface CommonTx {
  readonly address: Uint8Array;
  readonly sequence: bigint;
  readonly denom: string;
  /** 0 where there is no fee. */
  readonly amount: bigint;
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

/** A secp256k1 signature with all that it takes to verify it; where it verifies, `proof` may stand in `VerifiedSignatures`. */
export interface Claim {
  readonly proof: string;
  /** 33 bytes. */
  readonly pubkey: Uint8Array;
  /** 32 bytes. */
  readonly messageHash: Uint8Array;
  /** As the transaction has it; 64 bytes where it is well-formed. */
  readonly signature: Uint8Array;
}

/** The claim of a transaction with one signer, by what the state says now; undefined where it cannot be told, or is not worth it. */
export type Claims = (ctx: Context, tx: DecodedTx) => Claim | undefined;
