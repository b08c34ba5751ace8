/** What a consumer asks for, and the bid that says so. */
import type { EncodeObject } from "@cosmjs/proto-signing";
import type { Wishes } from "../../client/profiles.ts";
import { encodeWasmArguments, type WasmArguments } from "../../client/protocol.ts";
import { Comparator, Term, TimeInForce, VerificationLevel, type Blob } from "../../chain/codec/gen/dcm/market/v1/types.ts";

/** The rungs of the ladder that are served. */
export const verifications = ["V0", "V1", "V2", "V3"] as const;
export type Verification = (typeof verifications)[number];

export const levels: Readonly<Record<Verification, VerificationLevel>> = {
  V0: VerificationLevel.VERIFICATION_LEVEL_V0_NONE, V1: VerificationLevel.VERIFICATION_LEVEL_V1_SPOT_CHECK,
  V2: VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED, V3: VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED,
};

/** Providers that run each task from the start: where nothing is said, and the range that chains may take. */
const replicas: Readonly<Record<Verification, readonly [usual: number, least: number, most: number]>> = { V0: [1, 1, 1], V1: [1, 1, 1], V2: [2, 2, 5], V3: [1, 1, 2] };

export const usualReplicas = (verification: Verification): number => replicas[verification][0];

/** How many it may be, in words, where it may not be so many. */
export function replicasFault(verification: Verification, wanted: number): string | undefined {
  const [, least, most] = replicas[verification];
  if (Number.isInteger(wanted) && wanted >= least && wanted <= most) return undefined;
  return `${least === most ? least : `${least} to ${most}`} with ${verification}`;
}

export interface JobRequest {
  readonly name: string;
  readonly classId: string;
  readonly quoteDenom: string;
  /** All-in, for one lot, in the quote denom. */
  readonly limitPrice: bigint;
  /** The most lots one task may use. */
  readonly lots: bigint;
  readonly verification: Verification;
  /** Providers that run each task from the start; by default 2 of V2, else 1. */
  readonly replicas?: number;
  /** A WebAssembly module; of V3 a program file of the refereed machine. */
  readonly program: Uint8Array;
  readonly inputs: readonly Uint8Array[];
  readonly arguments?: WasmArguments;
  /** Stages behind the first one, whose tasks are those of `inputs`. */
  readonly later?: readonly GatherStage[];
  /** Declared run time of one task, in milliseconds. */
  readonly durationMs: bigint;
  readonly maxResultSize: bigint;
  readonly risk?: bigint;
  readonly timeInForce?: "GTT" | "IOC" | "FOK";
  /** What providers must have, or should; the profile is registered where the book has none. */
  readonly wishes?: Wishes;
  /** Tasks that run in one place, by so many. */
  readonly minColocated?: number;
  /** tau at which what is unmatched leaves the book; by default the longest that the chain allows. */
  readonly expiresTau?: bigint;
  readonly costTags?: Readonly<Record<string, string>>;
  /** Spends the money of this organization, of which the consumer is a member that may; cost tags choose among its budgets. */
  readonly organization?: string;
  /** An ask that is reserved for the consumer, or for the account of its organization: a quote, or that of a forward position. By default the book serves. */
  readonly askId?: bigint;
  /** How long a result can be disputed before it is paid, and the providers' share in 1/10,000 where a jury comes to no verdict (by default 0). Only asks that take so long a window serve the bid. */
  readonly acceptance?: { readonly windowMs: bigint; readonly providerShareBps?: number };
  /** False sends everything in clear. */
  readonly sealed?: boolean;
}

/**
 * A stage of one task that reads what the tasks of earlier stages gave: `frameOutputs` of their outputs, in task order. The gateway supplies it once they are
 * FINAL. Where one of them failed (ended with another status than ok, or another exit code than 0) it cancels what is left of the job.
 */
export interface GatherStage {
  /** Earlier stages, ascending; the first one is 0. */
  readonly after: readonly number[];
  readonly arguments?: WasmArguments;
}

/** Where the first stage's inputs stand. */
export interface OfferedInputs {
  /** 32 bytes. */
  readonly inputRoot: Uint8Array;
  readonly manifest: Blob;
}

/** What only whoever offers the data knows. */
export interface Offered {
  readonly consumer: string;
  /** As the book knows the request's wishes; 0: none. */
  readonly profileId: number;
  readonly dataUrl: string;
  readonly program: Blob;
  /** V3: 32 bytes; else empty. */
  readonly programRoot: Uint8Array;
  readonly first: OfferedInputs;
  /** X25519, 32 bytes; empty: in clear. */
  readonly consumerKey: Uint8Array;
  /** 32 bytes, asked for where others are drawn to look at results. */
  readonly saltHead: () => Uint8Array;
}

const none = new Uint8Array(0);

/** MsgPlaceBid. */
export function bidMessage(request: JobRequest, { consumer, profileId, dataUrl, program, programRoot, first, consumerKey, saltHead }: Offered): EncodeObject {
  const later = request.later ?? [];
  const tasks = request.inputs.length;
  const beginning = { ...first, arguments: encodeWasmArguments(request.arguments ?? {}) };
  const work = later.length === 0 ? { ...beginning, tasks, stages: [] } : {
    inputRoot: none, arguments: none, tasks: tasks + later.length,
    stages: [{ ...beginning, tasks, after: [] }, ...later.map((stage) => ({ tasks: 1, after: [...stage.after], inputRoot: none, arguments: encodeWasmArguments(stage.arguments ?? {}) }))],
  };
  return {
    typeUrl: "/dcm.market.v1.MsgPlaceBid",
    value: {
      consumer, payer: "", organization: request.organization ?? "",
      costTags: Object.entries(request.costTags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value })),
      classId: request.classId, quoteDenom: request.quoteDenom, limitPrice: request.limitPrice, lots: request.lots,
      timeInForce: TimeInForce[`TIME_IN_FORCE_${request.timeInForce ?? "GTT"}`],
      term: Term.TERM_SPOT, expiresTau: request.expiresTau ?? 0n, profileId, minColocated: request.minColocated ?? 0, askId: request.askId ?? 0n, acceptance: request.acceptance === undefined ? undefined : { window: request.acceptance.windowMs, providerShareBps: request.acceptance.providerShareBps ?? 0 },
      verification: levels[request.verification], k: request.replicas ?? 0, comparator: Comparator.COMPARATOR_EXACT, risk: String(request.risk ?? 0n), saltHead: request.verification === "V0" ? none : saltHead(),
      job: { ...work, program, programRoot, dataUrls: [dataUrl], duration: request.durationMs, maxResultSize: request.maxResultSize, consumerKey },
    },
  };
}
