/**
 * What CometBFT checks in the application's answers, checked before they leave. A wrong answer does not end CometBFT: its process
 * lives on with consensus dead, and a restart replays the same block. Each function gives the first fault in words, or undefined.
 * They are pure, so that every node finds the same fault and degrades in the same way.
 */
import type { ResponseFinalizeBlock, ValidatorUpdate } from "../codec/gen/tendermint/abci/types.ts";
import type { PublicKey } from "../codec/gen/tendermint/crypto/keys.ts";
import type { ConsensusParams } from "../codec/gen/tendermint/types/params.ts";
import { toHex } from "../codec/bytes.ts";
import { varintLength } from "./frames.ts";

/** The greatest total voting power of a validator set: (2^63 - 1) / 8. */
export const MAX_TOTAL_VOTING_POWER = (2n ** 63n - 1n) / 8n;
/** The greatest `block.max_bytes`: 100 MiB. */
export const MAX_BLOCK_BYTES = 104_857_600n;

/** Key types that CometBFT 0.38 knows, with the length of a key in bytes. */
const KEY_BYTES: ReadonlyMap<string, number> = new Map([["ed25519", 32], ["secp256k1", 33]]);
const MAX_AUTHORITY_BYTES = 256;

/** A validator set by `validatorKey`, in voting power. */
export type ValidatorPowers = ReadonlyMap<string, bigint>;

export interface ValidatorUpdateOptions {
  /** The set that the updates change, where the caller knows it: then removals, emptiness and total power are checked too. */
  readonly known?: ValidatorPowers;
  /** Allowed key types, `validator.pub_key_types` of the consensus parameters; default ed25519 alone. */
  readonly keyTypes?: readonly string[];
  /** At genesis the list is the whole set: no removals. */
  readonly genesis?: boolean;
}

/** One text per public key, `ed25519/<hex>`; undefined where the key holds none or several. */
export function validatorKey(key: PublicKey | undefined): string | undefined {
  if (key === undefined) return undefined;
  let found: string | undefined;
  for (const [type, bytes] of Object.entries(key) as [string, Uint8Array | undefined][]) {
    if (bytes === undefined) continue;
    if (found !== undefined) return undefined;
    found = `${type}/${toHex(bytes)}`;
  }
  return found;
}

/** The fault of a list of validator updates, or undefined. Each key at most once; power 0 removes. */
export function validatorUpdatesFault(updates: readonly ValidatorUpdate[], options: ValidatorUpdateOptions = {}): string | undefined {
  const keyTypes = options.keyTypes ?? ["ed25519"];
  const seen = new Set<string>();
  const after = new Map(options.known ?? []);
  for (const [index, { pubKey, power }] of updates.entries()) {
    const key = validatorKey(pubKey);
    if (key === undefined) return `validator update ${index} must hold exactly one public key`;
    const type = key.slice(0, key.indexOf("/"));
    if (!keyTypes.includes(type)) return `validator update ${index} has a key of type ${type}; allowed: ${keyTypes.join(", ")}`;
    const bytes = (key.length - type.length - 1) / 2;
    const wanted = KEY_BYTES.get(type);
    if (wanted !== undefined && bytes !== wanted) return `validator update ${index}: a ${type} key has ${wanted} bytes, not ${bytes}`;
    if (seen.has(key)) return `validator update ${index} repeats the key ${key}`;
    seen.add(key);
    if (power < 0n) return `validator update ${index} has negative power ${power}`;
    if (power > MAX_TOTAL_VOTING_POWER) return `validator update ${index} has power ${power}; the limit is ${MAX_TOTAL_VOTING_POWER}`;
    if (power > 0n) {
      after.set(key, power);
      continue;
    }
    if (options.genesis === true) return `validator ${index} of the first set has power 0`;
    if (options.known !== undefined && !after.has(key)) return `validator update ${index} removes ${key}, which is no validator`;
    after.delete(key);
  }
  if (options.known !== undefined && after.size === 0) return "the validator updates leave no validator";
  let total = 0n;
  for (const power of after.values()) total += power;
  return total > MAX_TOTAL_VOTING_POWER ? `the validator updates make a total power of ${total}; the limit is ${MAX_TOTAL_VOTING_POWER}` : undefined;
}

export interface ConsensusParamsOptions {
  /** The parameters in force, where the caller knows them: then limits that span sub-messages are checked too. */
  readonly current?: ConsensusParams;
  /** The block's height, for `vote_extensions_enable_height`. */
  readonly height?: bigint;
}

/** The fault of a consensus parameter update, or undefined. An absent sub-message stays as it is; a present one must be complete. */
export function consensusParamsFault(update: ConsensusParams, options: ConsensusParamsOptions = {}): string | undefined {
  return blockFault(update) ?? evidenceFault(update, options.current) ?? validatorFault(update) ?? voteExtensionFault(update, options) ?? authorityFault(update);
}

function blockFault({ block }: ConsensusParams): string | undefined {
  if (block === undefined) return undefined;
  const { maxBytes, maxGas } = block;
  if (maxBytes === 0n || maxBytes < -1n || maxBytes > MAX_BLOCK_BYTES) return `block.max_bytes must be -1 or 1 to ${MAX_BLOCK_BYTES}, not ${maxBytes}`;
  return maxGas < -1n ? `block.max_gas must be -1 or more, not ${maxGas}` : undefined;
}

function evidenceFault({ evidence, block }: ConsensusParams, current: ConsensusParams | undefined): string | undefined {
  const inForce = evidence ?? current?.evidence;
  if (inForce === undefined) return undefined;
  if (inForce.maxAgeNumBlocks <= 0n) return `evidence.max_age_num_blocks must be positive, not ${inForce.maxAgeNumBlocks}`;
  const age = inForce.maxAgeDuration;
  if (age === undefined) return "evidence.max_age_duration is missing: a present sub-message must be complete";
  if (age.seconds < 0n || age.nanos < 0 || (age.seconds === 0n && age.nanos === 0)) return "evidence.max_age_duration must be positive";
  const blockBytes = block?.maxBytes ?? current?.block?.maxBytes;
  const limit = blockBytes === undefined || blockBytes === -1n ? MAX_BLOCK_BYTES : blockBytes;
  return inForce.maxBytes < 0n || inForce.maxBytes > limit ? `evidence.max_bytes must be 0 to ${limit}, the block's size, not ${inForce.maxBytes}` : undefined;
}

function validatorFault({ validator }: ConsensusParams): string | undefined {
  if (validator === undefined) return undefined;
  if (validator.pubKeyTypes.length === 0) return "validator.pub_key_types is empty: name at least ed25519";
  const unknown = validator.pubKeyTypes.find((type) => !KEY_BYTES.has(type));
  return unknown === undefined ? undefined : `validator.pub_key_types names ${unknown}; known are ${[...KEY_BYTES.keys()].join(", ")}`;
}

function voteExtensionFault({ abci }: ConsensusParams, { current, height }: ConsensusParamsOptions): string | undefined {
  if (abci === undefined) return undefined;
  const next = abci.voteExtensionsEnableHeight;
  if (next < 0n) return `abci.vote_extensions_enable_height must not be negative, but is ${next}`;
  const before = current?.abci?.voteExtensionsEnableHeight ?? 0n;
  if (current === undefined || height === undefined || next === before) return undefined;
  if (before !== 0n && before <= height) return `abci.vote_extensions_enable_height is ${before} and can no longer become ${next}`;
  return next !== 0n && next <= height ? `abci.vote_extensions_enable_height must lie after height ${height}, but is ${next}` : undefined;
}

function authorityFault({ authority }: ConsensusParams): string | undefined {
  const bytes = Buffer.byteLength(authority?.authority ?? "");
  return bytes > MAX_AUTHORITY_BYTES ? `authority.authority has ${bytes} bytes; the limit is ${MAX_AUTHORITY_BYTES}` : undefined;
}

export interface FinalizeBlockOptions extends ValidatorUpdateOptions, ConsensusParamsOptions {}

/** A response in which every update that CometBFT would refuse has become "no update", and the faults in words, first fault first. */
export interface SafeFinalizeBlock {
  readonly response: ResponseFinalizeBlock;
  readonly faults: readonly string[];
}

/**
 * Makes a FinalizeBlock response safe. Updates degrade to "no update", the same on every node; the number of results cannot be
 * mended, so a wrong one throws a RangeError.
 */
export function safeFinalizeBlock(txCount: number, response: ResponseFinalizeBlock, options: FinalizeBlockOptions = {}): SafeFinalizeBlock {
  if (response.txResults.length !== txCount) {
    throw new RangeError(`FinalizeBlock must give one result per transaction: ${txCount} transactions, ${response.txResults.length} results`);
  }
  const faults: string[] = [];
  let safe = response;
  const params = response.consensusParamUpdates;
  const paramsFault = params === undefined ? undefined : consensusParamsFault(params, options);
  if (paramsFault !== undefined) {
    faults.push(paramsFault);
    safe = { ...safe, consensusParamUpdates: undefined };
  }
  const updatesFault = response.validatorUpdates.length === 0 ? undefined : validatorUpdatesFault(response.validatorUpdates, options);
  if (updatesFault !== undefined) {
    faults.push(updatesFault);
    safe = { ...safe, validatorUpdates: [] };
  }
  return { response: safe, faults };
}

/** Bytes that one transaction takes in a proposal: itself, its length, its tag. */
export function proposalTxBytes(tx: Uint8Array): number {
  return 1 + varintLength(tx.length) + tx.length;
}

/** Bytes that transactions take in a proposal, protobuf overhead included: what `max_tx_bytes` limits. */
export function proposalBytes(txs: readonly Uint8Array[]): number {
  return txs.reduce((sum, tx) => sum + proposalTxBytes(tx), 0);
}

/** The longest head of `txs` that fits `maxTxBytes`. */
export function fitProposal(txs: readonly Uint8Array[], maxTxBytes: bigint): Uint8Array[] {
  let bytes = 0;
  const count = txs.findIndex((tx) => {
    bytes += proposalTxBytes(tx);
    return BigInt(bytes) > maxTxBytes;
  });
  return count === -1 ? [...txs] : txs.slice(0, count);
}
