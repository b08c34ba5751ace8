/** Signs twice with a validator's own key, and hands both votes to CometBFT, as whoever catches a validator would. */
import assert from "node:assert/strict";
import { createPrivateKey, randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { CanonicalVote } from "../../../chain/codec/gen/tendermint/types/canonical.ts";
import { SignedMsgType } from "../../../chain/codec/gen/tendermint/types/types.ts";
import { parseTimestamp } from "../../../chain/codec/json-text.ts";
import type { Rpc } from "./observe.ts";

interface BlockId {
  readonly hash: string;
  readonly parts: { readonly total: number; readonly hash: string };
}

/** As CometBFT's RPC writes a precommit. */
interface Vote {
  readonly type: number;
  readonly height: string;
  readonly round: number;
  readonly block_id: BlockId;
  readonly timestamp: string;
  readonly validator_address: string;
  readonly validator_index: number;
  readonly signature: string;
}

interface Commit {
  readonly signed_header: {
    readonly header: { readonly chain_id: string; readonly time: string };
    readonly commit: { readonly round: number; readonly block_id: BlockId; readonly signatures: { readonly block_id_flag: number; readonly validator_address: string; readonly timestamp: string; readonly signature: string }[] };
  };
}

/** The content of `config/priv_validator_key.json`. */
export interface ValidatorKey {
  readonly address: string;
  readonly pub_key: { readonly value: string };
  readonly priv_key: { readonly value: string };
}

export function readValidatorKey(path: string): ValidatorKey {
  return JSON.parse(readFileSync(path, "utf8")) as ValidatorKey;
}

export interface DoubleVote {
  /** What the set has of it at the height. */
  readonly power: bigint;
  /** True where one of both votes is what the validator's node really sent. */
  readonly voted: boolean;
  readonly evidence: object;
}

/** A second vote beside the one of its commit at this height, or two where it did not vote. Undefined where it was not in the set. */
export async function doubleVote(rpc: Rpc, key: ValidatorKey, height: number): Promise<DoubleVote | undefined> {
  const [{ signed_header: { header, commit } }, { validators }] = (await Promise.all([rpc.rpc(`commit?height=${height}`), rpc.rpc(`validators?height=${height}&per_page=100`)])) as [
    Commit, { validators: { address: string; voting_power: string }[] },
  ];
  const index = validators.findIndex(({ address }) => address === key.address);
  if (index < 0) return undefined;
  const power = BigInt(validators[index]!.voting_power);
  const unsigned = (block_id: BlockId, timestamp: string): Omit<Vote, "signature"> => ({ type: SignedMsgType.SIGNED_MSG_TYPE_PRECOMMIT, height: String(height), round: commit.round, block_id, timestamp, validator_address: key.address, validator_index: index });
  const forged = (): Vote => {
    const vote = unsigned({ hash: hex(randomBytes(32)), parts: { total: 1, hash: hex(randomBytes(32)) } }, header.time);
    return { ...vote, signature: signature(header.chain_id, vote, key) };
  };
  const own = commit.signatures.find(({ validator_address: address, block_id_flag: flag }) => address === key.address && flag === 2);
  const first = own === undefined ? forged() : { ...unsigned(commit.block_id, own.timestamp), signature: own.signature };
  // What this file signs is what CometBFT signs.
  if (own !== undefined) assert.equal(signature(header.chain_id, first, key), own.signature, "the commit has another signature of the same vote");
  const votes = [first, forged()].sort((a, b) => (a.block_id.hash < b.block_id.hash ? -1 : 1));
  const total = validators.reduce((sum, { voting_power: one }) => sum + BigInt(one), 0n);
  return {
    power, voted: own !== undefined,
    evidence: { type: "tendermint/DuplicateVoteEvidence", value: { vote_a: votes[0], vote_b: votes[1], TotalVotingPower: String(total), ValidatorPower: String(power), Timestamp: header.time } },
  };
}

/** Gives evidence to a node, which verifies it. Throws with its words where it refuses. */
export async function reportDoubleVote(address: string, { evidence }: DoubleVote): Promise<void> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "broadcast_evidence", params: { evidence } });
  const response = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body, signal: AbortSignal.timeout(5_000) });
  const { error } = (await response.json()) as { error?: { message: string; data: string } };
  if (error !== undefined) throw new Error(`the node refuses the evidence: ${error.message} ${error.data}`);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex").toUpperCase();
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

function signature(chainId: string, vote: Omit<Vote, "signature">, { priv_key: { value } }: ValidatorKey): string {
  const { hash, parts } = vote.block_id;
  const canonical = CanonicalVote.encode({
    type: vote.type as CanonicalVote["type"], height: BigInt(vote.height), round: BigInt(vote.round), blockId: { hash: unhex(hash), partSetHeader: { total: parts.total, hash: unhex(parts.hash) } },
    timestamp: parseTimestamp(vote.timestamp), chainId,
  }).finish();
  const signed = new BinaryWriter().bytes(canonical).finish();
  const seed = Buffer.from(value, "base64").subarray(0, 32);
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return sign(null, signed, createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })).toString("base64");
}
