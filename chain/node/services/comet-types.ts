/** CometBFT's JSON to protobuf: blocks, validators, transactions. Only what CometBFT itself says is read here, never a user's input. */
import type { Tx } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import type { TxResponse } from "../../codec/gen/cosmos/base/abci/v1beta1/abci.ts";
import type { Validator } from "../../codec/gen/cosmos/base/tendermint/v1beta1/query.ts";
import type { Block as SdkBlock } from "../../codec/gen/cosmos/base/tendermint/v1beta1/types.ts";
import { PubKey as Ed25519PubKey } from "../../codec/gen/cosmos/crypto/ed25519/keys.ts";
import { PubKey as Secp256k1PubKey } from "../../codec/gen/cosmos/crypto/secp256k1/keys.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { Timestamp } from "../../codec/gen/google/protobuf/timestamp.ts";
import type { Block } from "../../codec/gen/tendermint/types/block.ts";
import type { Evidence } from "../../codec/gen/tendermint/types/evidence.ts";
import type { BlockID} from "../../codec/gen/tendermint/types/types.ts";
import { type Commit, type Header, type SignedMsgType, type Vote } from "../../codec/gen/tendermint/types/types.ts";
import { addressText, prefixes } from "../../codec/address.ts";
import { fromHex, toHex } from "../../codec/bytes.ts";
import { registry, typeName, UnknownTypeError } from "../../codec/descriptors.ts";
import { parseTimestamp } from "../../codec/json-text.ts";
import { CanonicalError, strictDecoder } from "../../codec/strict.ts";
import { QueryError } from "../../runtime/errors.ts";

export interface BlockIdJson {
  readonly hash: string;
  readonly parts: { readonly total: number; readonly hash: string };
}

export interface HeaderJson {
  readonly version: { readonly block: string; readonly app?: string };
  readonly chain_id: string;
  readonly height: string;
  readonly time: string;
  readonly last_block_id: BlockIdJson;
  readonly last_commit_hash: string;
  readonly data_hash: string;
  readonly validators_hash: string;
  readonly next_validators_hash: string;
  readonly consensus_hash: string;
  readonly app_hash: string;
  readonly last_results_hash: string;
  readonly evidence_hash: string;
  readonly proposer_address: string;
}

interface VoteJson {
  readonly type: number;
  readonly height: string;
  readonly round: number;
  readonly block_id: BlockIdJson;
  readonly timestamp: string;
  readonly validator_address: string;
  readonly validator_index: number;
  readonly signature: string | null;
}

interface DuplicateVoteJson {
  readonly vote_a: VoteJson;
  readonly vote_b: VoteJson;
  readonly TotalVotingPower: string;
  readonly ValidatorPower: string;
  readonly Timestamp: string;
}

export interface BlockJson {
  readonly block_id: BlockIdJson;
  readonly block: {
    readonly header: HeaderJson;
    readonly data: { readonly txs: readonly string[] | null };
    readonly evidence: { readonly evidence: readonly { readonly type: string; readonly value: DuplicateVoteJson }[] | null };
    readonly last_commit: {
      readonly height: string;
      readonly round: number;
      readonly block_id: BlockIdJson;
      readonly signatures: readonly { readonly block_id_flag: number; readonly validator_address: string; readonly timestamp: string; readonly signature: string | null }[] | null;
    } | null;
  };
}

export interface TxJson {
  readonly hash: string;
  readonly height: string;
  readonly tx: string;
  readonly tx_result: {
    readonly code?: number;
    readonly data?: string | null;
    readonly log?: string;
    readonly info?: string;
    readonly gas_wanted?: string;
    readonly gas_used?: string;
    readonly codespace?: string;
    readonly events?: readonly { readonly type: string; readonly attributes?: readonly { readonly key: string; readonly value: string; readonly index?: boolean }[] | null }[] | null;
  };
}

export interface ValidatorJson {
  readonly address: string;
  readonly pub_key: { readonly type: string; readonly value: string };
  readonly voting_power: string;
  readonly proposer_priority: string;
}

const base64 = (text: string | null | undefined): Uint8Array => new Uint8Array(Buffer.from(text ?? "", "base64"));
export const timestampOf = (text: string): Timestamp => ({ ...parseTimestamp(text) });

export function blockIdOf({ hash, parts }: BlockIdJson): BlockID {
  return { hash: fromHex(hash), partSetHeader: { total: parts.total, hash: fromHex(parts.hash) } };
}

function headerOf(json: HeaderJson): Header {
  return {
    version: { block: BigInt(json.version.block), app: BigInt(json.version.app ?? "0") },
    chainId: json.chain_id,
    height: BigInt(json.height),
    time: timestampOf(json.time),
    lastBlockId: blockIdOf(json.last_block_id),
    lastCommitHash: fromHex(json.last_commit_hash),
    dataHash: fromHex(json.data_hash),
    validatorsHash: fromHex(json.validators_hash),
    nextValidatorsHash: fromHex(json.next_validators_hash),
    consensusHash: fromHex(json.consensus_hash),
    appHash: fromHex(json.app_hash),
    lastResultsHash: fromHex(json.last_results_hash),
    evidenceHash: fromHex(json.evidence_hash),
    proposerAddress: fromHex(json.proposer_address),
  };
}

function voteOf(json: VoteJson): Vote {
  return {
    type: json.type as SignedMsgType, height: BigInt(json.height), round: json.round, blockId: blockIdOf(json.block_id), timestamp: timestampOf(json.timestamp),
    validatorAddress: fromHex(json.validator_address), validatorIndex: json.validator_index, signature: base64(json.signature), extension: new Uint8Array(0), extensionSignature: new Uint8Array(0),
  };
}

/** Double votes are carried over; an attack on light clients is named only by its type in CometBFT's JSON and left out. */
function evidenceOf({ type, value }: { type: string; value: DuplicateVoteJson }): Evidence[] {
  if (type !== "tendermint/DuplicateVoteEvidence") return [];
  return [{
    duplicateVoteEvidence: {
      voteA: voteOf(value.vote_a), voteB: voteOf(value.vote_b), totalVotingPower: BigInt(value.TotalVotingPower), validatorPower: BigInt(value.ValidatorPower), timestamp: timestampOf(value.Timestamp),
    },
  }];
}

export function blockOf({ block }: BlockJson): Block {
  const commit = block.last_commit;
  const lastCommit: Commit | undefined = commit === null ? undefined : {
    height: BigInt(commit.height), round: commit.round, blockId: blockIdOf(commit.block_id),
    signatures: (commit.signatures ?? []).map((signature) => ({
      blockIdFlag: signature.block_id_flag as 0 | 1 | 2 | 3, validatorAddress: fromHex(signature.validator_address), timestamp: timestampOf(signature.timestamp), signature: base64(signature.signature),
    })),
  };
  return {
    header: headerOf(block.header),
    data: { txs: (block.data.txs ?? []).map(base64) },
    evidence: { evidence: (block.evidence.evidence ?? []).flatMap(evidenceOf) },
    lastCommit,
  };
}

/** The same block as the SDK shows it: the proposer as dcmvalcons1... */
export function sdkBlockOf(block: Block): SdkBlock {
  const header = block.header!;
  return { ...block, header: { ...header, proposerAddress: header.proposerAddress.length === 0 ? "" : addressText(header.proposerAddress, prefixes.consensus) } };
}

export function validatorOf(json: ValidatorJson): Validator {
  return {
    address: addressText(fromHex(json.address), prefixes.consensus), pubKey: pubkeyOf(json.pub_key), votingPower: BigInt(json.voting_power), proposerPriority: BigInt(json.proposer_priority),
  };
}

function pubkeyOf({ type, value }: { type: string; value: string }): Any {
  const key = base64(value);
  if (type === "tendermint/PubKeySecp256k1") return { typeUrl: "/cosmos.crypto.secp256k1.PubKey", value: Secp256k1PubKey.encode({ key }).finish() };
  return { typeUrl: "/cosmos.crypto.ed25519.PubKey", value: Ed25519PubKey.encode({ key }).finish() };
}

const decodeTx = strictDecoder("cosmos.tx.v1beta1.Tx");

/** A transaction's bytes as a Tx: TxRaw and Tx have the same wire form. A block may hold bytes that are none: a QueryError. */
export function txOf(bytes: Uint8Array): Tx {
  try {
    return decodeTx(bytes, (typeUrl) => registry.getMessage(typeName(typeUrl))).message as Tx;
  } catch (error) {
    if (error instanceof CanonicalError || error instanceof UnknownTypeError) throw new QueryError("InvalidArgument", `${error.message}: tx parse error`);
    throw error;
  }
}

/** `blockTime` is the header's time; the SDK shows whole seconds. */
export function txResponseOf({ hash, height, tx, tx_result: result }: TxJson, blockTime: string): TxResponse {
  return {
    height: BigInt(height),
    txhash: hash,
    codespace: result.codespace ?? "",
    code: result.code ?? 0,
    data: toHex(base64(result.data)).toUpperCase(),
    rawLog: result.log ?? "",
    logs: [],
    info: result.info ?? "",
    gasWanted: BigInt(result.gas_wanted ?? "0"),
    gasUsed: BigInt(result.gas_used ?? "0"),
    tx: { typeUrl: "/cosmos.tx.v1beta1.Tx", value: base64(tx) },
    timestamp: blockTime.replace(/\.\d+Z$/, "Z"),
    events: (result.events ?? []).map(({ type, attributes }) => ({ type, attributes: (attributes ?? []).map(({ key, value, index }) => ({ key, value, index: index ?? false })) })),
  };
}
