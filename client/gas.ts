/** How much gas a transaction of these messages asks for, where nobody simulates it. */
import type { EncodeObject } from "@cosmjs/proto-signing";
import { VerificationLevel } from "../chain/codec/gen/dcm/market/v1/types.ts";
import type { MsgProve } from "../chain/codec/gen/dcm/referee/v1/tx.ts";
import type { MsgPlaceBid, MsgPlaceServiceBid, MsgSealKeys } from "../chain/codec/gen/dcm/market/v1/tx.ts";

/** What one unit of gas costs, e.g. 0.001 of `udcm`. */
export interface GasPrice {
  readonly denom: string;
  readonly amount: number;
}

/** For bytes, signature and fee. */
const gasPerTransaction = 100_000;

/** What the market takes with a bid for each match to come: MKT-170 in chain/modules/market/README.md. */
const matchGas = 70_000;

/** What `gasOf` reckons with where nobody tells it the chain's own. */
const usual = { perMessage: 400_000, auditors: 1 };

export interface GasBasis {
  /** Beside what is added for tasks and disputes. */
  readonly perMessage?: number;
  /** Of a spot check, by the market's parameters. */
  readonly auditors?: number;
}

/** Draws that one salt serves, and what each of them takes beyond the first few; and a key that is sealed. */
const [mostDraws, drawGas, keyGas] = [256, 13_000, 12_000];

/** What a challenge pays for the second of two replicas, where it goes on with that one; the referee's README. */
const secondEndGas = 150_000;

/** What the referee takes for a transition that it may have to run, and for a hash; its README. A byte of a proof is paid as part of the transaction and where it waits. */
const [stepGas, hashGas, proofByteGas] = [100, 2_000, 50];
const mostSteps = 65_536;
/** Beside those of the witness: up to the first state of a run. */
const rootHashes = 600;

/**
 * For one message. Bids pay for their tasks: each for the replicas that it wants, for auditors, and two more where a tie-break may need them; service bids for their instances;
 * challenges for both replicas that may claim the same; proofs in a dispute for the segment that the chain runs.
 */
export function gasOf({ typeUrl, value }: EncodeObject, { perMessage = usual.perMessage, auditors = usual.auditors }: GasBasis = {}): number {
  return perMessage + matchGas * matchesOf(typeUrl, value, auditors) + disputeGas(typeUrl, value) + (typeUrl === "/dcm.market.v1.MsgSealKeys" ? keyGas * ((value as Partial<MsgSealKeys>).keys?.length ?? 0) : 0);
}

/** For a salt beside what `gasOf` says: the message does not tell how many draws wait for it. */
export const gasOfDraws = (waiting: number): number => drawGas * Math.min(waiting, mostDraws);

/** Whether it takes what gas there is, and leaves nothing to those that travel with it: a decline ends as many of the job's tasks as its gas reaches for. */
export const takesAllGas = ({ typeUrl }: EncodeObject): boolean => typeUrl === "/dcm.market.v1.MsgDeclineTask";

/** Whether its gas depends on how many auditors the market's parameters say. */
export function pricesAudits({ typeUrl, value }: EncodeObject): boolean {
  return matchesOf(typeUrl, value, 1) !== matchesOf(typeUrl, value, 2);
}

function disputeGas(typeUrl: string, value: unknown): number {
  if (typeUrl === "/dcm.referee.v1.MsgChallenge") return secondEndGas;
  return typeUrl === "/dcm.referee.v1.MsgProve" ? proofGas(value as Partial<MsgProve>) : 0;
}

function proofGas({ ram, rom }: Partial<MsgProve>): number {
  let gas = stepGas * mostSteps + hashGas * rootHashes;
  for (const witness of [ram, rom]) {
    const [leaves, siblings] = [witness?.indices.length ?? 0, (witness?.siblings.length ?? 0) / 32];
    gas += hashGas * (4 * leaves + 2 * siblings) + proofByteGas * (260 * leaves + 32 * siblings);
  }
  return gas;
}

/** For a transaction of messages that want this gas each. */
export function gasOfTransaction(messages: readonly number[]): number {
  return messages.reduce((sum, gas) => sum + gas, gasPerTransaction);
}

/** The fee of a transaction with this gas, in the price's denom, rounded up; the chain takes it whole, whatever is used. */
export function feeOf(gas: number, price: GasPrice): bigint {
  return BigInt(Math.ceil(gas * price.amount));
}

function matchesOf(typeUrl: string, value: unknown, auditors: number): number {
  if (typeUrl === "/dcm.market.v1.MsgPlaceServiceBid") return (value as Partial<MsgPlaceServiceBid>).service?.instances ?? 0;
  if (typeUrl !== "/dcm.market.v1.MsgPlaceBid") return 0;
  const { job, verification, k = 0 } = value as Partial<MsgPlaceBid>;
  return (job?.tasks ?? 0) * replicasOf(verification, k, auditors);
}

function replicasOf(verification: VerificationLevel | undefined, k: number, auditors: number): number {
  switch (verification) {
    case VerificationLevel.VERIFICATION_LEVEL_V1_SPOT_CHECK:
      return 1 + auditors + 2;
    case VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED:
      return (k === 0 ? 2 : k) + 2;
    case VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED:
      return (k === 0 ? 1 : k) + auditors;
    default:
      return 1;
  }
}
