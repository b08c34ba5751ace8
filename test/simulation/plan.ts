/**
 * What a run does, as plain JSON: it can be replayed, cut down, and kept as a regression test. Transactions are signed only when they
 * are sent, with the sequences of that moment, so that a plan stays meaningful when parts of it are left out.
 */
import { createRequire } from "node:module";
import { fromBase64, toBase64 } from "../../chain/codec/bytes.ts";
import { sha256 } from "../../chain/codec/hash.ts";
import { PubKey } from "../../chain/codec/gen/cosmos/crypto/secp256k1/keys.ts";
import { AuthInfo, SignDoc, TxBody, TxRaw } from "../../chain/codec/gen/cosmos/tx/v1beta1/tx.ts";
import type { Any } from "../../chain/codec/gen/google/protobuf/any.ts";
import { signBytesAmino } from "../../chain/codec/sign-bytes.ts";
import { decodeTx, TxDecodeError } from "../../chain/codec/tx.ts";
import type { MessageRegistry } from "../../chain/codec/messages.ts";
import type { TestAccount } from "../support/accounts.ts";

const curve = createRequire(import.meta.url)("secp256k1") as { ecdsaSign(hash: Uint8Array, secret: Uint8Array): { signature: Uint8Array } };

/** One fault of a transaction that is otherwise valid. */
export type Fault =
  | { readonly kind: "signature" | "truncated" | "no-signatures" | "foreign-chain" | "extension" }
  | { readonly kind: "sequence"; readonly by: number }
  | { readonly kind: "flip"; readonly at: number; readonly bit: number };

export interface PlannedTx {
  /** Type URL and base64 value. */
  readonly messages: readonly (readonly [typeUrl: string, value: string])[];
  /** Bech32 addresses, in the order in which they must sign. */
  readonly signers: readonly string[];
  readonly gas: string;
  /** In the first denom; 0 is no fee coin at all. */
  readonly fee: string;
  readonly granter?: string;
  readonly memo?: string;
  readonly amino?: true;
  /** Seconds after the block's time until which an unordered transaction is valid. */
  readonly unordered?: number;
  readonly timeoutHeight?: string;
  readonly fault?: Fault;
  /** Put into the block by its proposer although no mempool took it. */
  readonly forced?: true;
}

export interface PlannedBlock {
  /** Nanoseconds after the block before. */
  readonly nanos: string;
  /** Which validator of the set proposes, counted around. */
  readonly proposer: number;
  /** Who did not sign the block before, by place in its set. */
  readonly absent: readonly number[];
  /** Who is found to have signed twice: by place in the set of `ago` blocks before. */
  readonly misbehaved?: readonly { readonly place: number; readonly ago: number; readonly attack?: true }[];
  readonly maxBytes: number;
  /** The proposer leaves its beacon reveal out. */
  readonly silent?: true;
  /** The proposer turns the order of the transactions around. */
  readonly reversed?: true;
  readonly txs: readonly PlannedTx[];
}

export interface Plan {
  readonly seed: string;
  readonly blocks: readonly PlannedBlock[];
}

export function plannedMessage({ typeUrl, value }: Any): readonly [string, string] {
  return [typeUrl, toBase64(value)];
}

export interface Signing {
  readonly chainId: string;
  readonly denom: string;
  /** Seconds since the epoch of the block that it is meant for. */
  readonly time: bigint;
  readonly registry: MessageRegistry;
  account(address: string): { readonly keys: TestAccount | undefined; readonly accountNumber: bigint; readonly sequence: bigint };
}

/** The transaction's bytes, its fault included. */
export function encodePlanned(tx: PlannedTx, signing: Signing): Uint8Array {
  const { fault } = tx;
  const body = TxBody.fromPartial({
    messages: tx.messages.map(([typeUrl, value]) => ({ typeUrl, value: fromBase64(value) })), memo: tx.memo ?? "", timeoutHeight: BigInt(tx.timeoutHeight ?? 0),
    ...(tx.unordered === undefined ? {} : { unordered: true, timeoutTimestamp: { seconds: signing.time + BigInt(tx.unordered), nanos: 0 } }),
    ...(fault?.kind === "extension" ? { extensionOptions: [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: new Uint8Array(0) }] } : {}),
  });
  const bodyBytes = TxBody.encode(body).finish();
  const signers = tx.signers.map((address) => ({ address, ...signing.account(address) }));
  const amino = tx.amino === true;
  const sequenceOf = (sequence: bigint): bigint => {
    if (tx.unordered !== undefined) return 0n;
    const wanted = fault?.kind === "sequence" ? sequence + BigInt(fault.by) : sequence;
    return wanted < 0n ? 0n : wanted;
  };
  const authInfoBytes = AuthInfo.encode(AuthInfo.fromPartial({
    signerInfos: signers.map(({ keys, sequence }) => ({
      publicKey: { typeUrl: "/cosmos.crypto.secp256k1.PubKey", value: PubKey.encode({ key: keys?.publicKey ?? new Uint8Array(33) }).finish() },
      modeInfo: { single: { mode: amino ? 127 : 1 } }, sequence: sequenceOf(sequence),
    })),
    fee: { amount: tx.fee === "0" ? [] : [{ denom: signing.denom, amount: tx.fee }], gasLimit: BigInt(tx.gas), payer: "", granter: tx.granter ?? "" },
  })).finish();
  const chainId = fault?.kind === "foreign-chain" ? `${signing.chainId}-x` : signing.chainId;
  const signatures = signers.map(({ keys, accountNumber, sequence }) => {
    if (keys === undefined) return new Uint8Array(64);
    const signBytes = amino ? aminoBytes({ bodyBytes, authInfoBytes }, signers.length, chainId, accountNumber, sequenceOf(sequence), signing.registry) : SignDoc.encode({ bodyBytes, authInfoBytes, chainId, accountNumber }).finish();
    const { signature } = curve.ecdsaSign(sha256(signBytes), keys.secret);
    if (fault?.kind === "signature") signature[5]! ^= 1;
    return signature;
  });
  const bytes = TxRaw.encode({ bodyBytes, authInfoBytes, signatures: fault?.kind === "no-signatures" ? [] : signatures }).finish();
  if (fault?.kind === "truncated") return bytes.slice(0, bytes.length >> 1);
  if (fault?.kind !== "flip") return bytes;
  const flipped = bytes.slice();
  flipped[fault.at % bytes.length]! ^= 1 << fault.bit;
  return flipped;
}

/** What a hardware wallet would sign; nothing sensible where the transaction does not decode. */
function aminoBytes(parts: { bodyBytes: Uint8Array; authInfoBytes: Uint8Array }, signatures: number, chainId: string, accountNumber: bigint, sequence: bigint, registry: MessageRegistry): Uint8Array {
  const unsigned = TxRaw.encode({ ...parts, signatures: Array.from({ length: signatures }, () => new Uint8Array(64)) }).finish();
  try {
    return signBytesAmino(decodeTx(unsigned, registry), chainId, accountNumber, sequence);
  } catch (error) {
    if (error instanceof TxDecodeError || error instanceof Error) return new Uint8Array(1);
    throw error;
  }
}
