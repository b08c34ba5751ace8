/** CometBFT's own rules of its parameters: a set that it would refuse must never reach it, as that halts the chain. */
import type { ConsensusParams } from "../../codec/gen/tendermint/types/params.ts";

/** 100 MiB. */
const maxBlockBytes = 104_857_600n;
const keyTypes: readonly string[] = ["ed25519"];

/** The sentence that says what is wrong with a complete set. */
export function paramsFault({ block, evidence, validator, abci }: ConsensusParams): string | undefined {
  if (block === undefined || evidence === undefined || validator === undefined) return "all parameters must be present";
  if (block.maxBytes === 0n) return "block.MaxBytes cannot be 0";
  if (block.maxBytes < -1n) return `block.MaxBytes must be -1 or greater than 0. Got ${block.maxBytes}`;
  if (block.maxBytes > maxBlockBytes) return `block.MaxBytes is too big. ${block.maxBytes} > ${maxBlockBytes}`;
  if (block.maxGas < -1n) return `block.MaxGas must be greater or equal to -1. Got ${block.maxGas}`;
  if (evidence.maxAgeNumBlocks <= 0n) return `evidence.MaxAgeNumBlocks must be greater than 0. Got ${evidence.maxAgeNumBlocks}`;
  const age = evidence.maxAgeDuration;
  if (age === undefined || age.seconds < 0n || age.nanos < 0 || (age.seconds === 0n && age.nanos === 0)) return "evidence.MaxAgeDuration must be greater than 0 if provided";
  const most = block.maxBytes === -1n ? maxBlockBytes : block.maxBytes;
  if (evidence.maxBytes > most) return `evidence.MaxBytesEvidence is greater than upper bound, ${evidence.maxBytes} > ${most}`;
  if (evidence.maxBytes < 0n) return `evidence.MaxBytes must be non negative. Got: ${evidence.maxBytes}`;
  if (validator.pubKeyTypes.length === 0) return "len(Validator.PubKeyTypes) must be greater than 0";
  for (const [i, type] of validator.pubKeyTypes.entries()) if (!keyTypes.includes(type)) return `params.Validator.PubKeyTypes[${i}], ${type}, is an unknown pubkey type`;
  if ((abci?.voteExtensionsEnableHeight ?? 0n) < 0n) return `ABCI.VoteExtensionsEnableHeight cannot be negative. Got: ${abci!.voteExtensionsEnableHeight}`;
  return undefined;
}

/**
 * A block must hold its header, the commit of as many validators as there may be (10,000, 111 bytes each), the beacon's reveal, and a proposal
 * that changes the parameters back: a proposer without room for them panics.
 */
const leastBlockBytes = 1_310_720n;
/** What a proposal, a deposit or a vote needs many times over: with less, nobody could change it back. */
const leastBlockGas = 5_000_000n;

/** CometBFT reads the age into 63 bits of nanoseconds, and ends where it does not fit. */
const longestAgeSeconds = 3_650n * 86_400n;

/** The sentence that says why a set would stop the chain although its own rules take it. */
export function brickFault({ block, evidence }: ConsensusParams): string | undefined {
  const { seconds, nanos } = evidence!.maxAgeDuration!;
  if (seconds > longestAgeSeconds || nanos > 999_999_999) return `evidence.MaxAgeDuration is at most 3650 days, and its nanoseconds below a second: got ${seconds}s ${nanos}ns`;
  const least = leastBlockBytes + evidence!.maxBytes;
  if (block!.maxBytes !== -1n && block!.maxBytes < least) return `block.MaxBytes is at least ${leastBlockBytes} beside evidence.MaxBytes, so that a block holds every validator's vote and still transactions: got ${block!.maxBytes}, at least ${least}`;
  if (block!.maxGas !== -1n && block!.maxGas < leastBlockGas) return `block.MaxGas is -1 or at least ${leastBlockGas}, so that what changes it back fits into a block: got ${block!.maxGas}`;
  return undefined;
}

/** CometBFT never lets vote extensions be switched off again, and nothing here makes or reads any. */
export function extensionFault(now: bigint, next: bigint): string | undefined {
  return now === next ? undefined : `ABCI.VoteExtensionsEnableHeight stays ${now}: this chain has no vote extensions, and they could never be switched off again. Got ${next}`;
}
