/** Errors that a user can cause: a stable (codespace, code), one short message, a typed payload. They fail the transaction and change nothing. */

/** Codespace and code are part of the block results, hence of consensus; the log is not. */
export class TxError extends Error {
  override readonly name = "TxError";
  readonly codespace: string;
  readonly code: number;
  constructor(codespace: string, code: number, log: string) {
    super(log);
    this.codespace = codespace;
    this.code = code;
  }
}

/** What a state can never be. In simulation and tests it stops the run; in production it fails the transaction with `sdk` code 1 (internal). */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!(condition as boolean)) throw new AssertionError(message);
}

/** A plan of an upgrade, as far as its operators need it. */
export interface HaltPlan {
  readonly name: string;
  readonly height: bigint;
  readonly info: string;
}

/**
 * This build must not execute the next block: the node stops in front of it and keeps nothing of it. `needed` names the plan whose build
 * goes on; without it this build is the wrong one for the state.
 */
export class HaltError extends Error {
  override readonly name = "HaltError";
  readonly needed: HaltPlan | undefined;
  constructor(message: string, needed?: HaltPlan) {
    super(message);
    this.needed = needed;
  }
}

/** One kind of error: its code, and its words made of the payload. */
export interface ErrorKind<P = void> {
  readonly codespace: string;
  readonly code: number;
  readonly text: (payload: P) => string;
}

type ErrorTable<T> = { readonly [K in keyof T]: T[K] extends readonly [number, (payload: infer P) => string] ? ErrorKind<P> : never };

/**
 * The errors of one codespace: `defineErrors("market", { bidTooLow: [3, ({ limit, tick }: { limit: bigint; tick: bigint }) => `...`] })`.
 * Codes are at least 2 (1 is the SDK's internal error) and unique; a code is never given to another meaning.
 */
export function defineErrors<const T extends Record<string, readonly [code: number, text: (payload: never) => string]>>(codespace: string, table: T): ErrorTable<T> {
  const out: Record<string, ErrorKind<never>> = {};
  const seen: number[] = [];
  for (const [name, [code, text]] of Object.entries(table)) {
    assert(code >= 2 && !seen.includes(code), `${codespace}: error code ${code} is used twice or below 2`);
    seen.push(code);
    out[name] = { codespace, code, text };
  }
  return out as ErrorTable<T>;
}

/** Ends the transaction with this error. */
export function fail<P>(kind: ErrorKind<P>, ...payload: void extends P ? [] : [P]): never {
  throw errorOf(kind, ...payload);
}

export function errorOf<P>(kind: ErrorKind<P>, ...payload: void extends P ? [] : [P]): TxError {
  return new TxError(kind.codespace, kind.code, kind.text(payload[0] as P));
}

/** Ends the transaction as the SDK does with an error that has no code of its own: codespace `undefined`, code 1. */
export function failPlain(log: string): never {
  throw new TxError("undefined", 1, log);
}

/** The Cosmos SDK's root codespace; wallets and explorers know these numbers. The payload is the text before the SDK's own words. */
const wrap = (words: string) => (what: string) => (what === "" ? words : `${what}: ${words}`);
export const sdkErrors = defineErrors("sdk", {
  txDecode: [2, wrap("tx parse error")],
  invalidSequence: [3, wrap("invalid sequence")],
  unauthorized: [4, wrap("unauthorized")],
  insufficientFunds: [5, wrap("insufficient funds")],
  unknownRequest: [6, wrap("unknown request")],
  invalidAddress: [7, wrap("invalid address")],
  invalidPubKey: [8, wrap("invalid pubkey")],
  unknownAddress: [9, wrap("unknown address")],
  invalidCoins: [10, wrap("invalid coins")],
  outOfGas: [11, wrap("out of gas")],
  memoTooLarge: [12, wrap("memo too large")],
  insufficientFee: [13, wrap("insufficient fee")],
  tooManySignatures: [14, wrap("maximum number of signatures exceeded")],
  noSignatures: [15, wrap("no signatures supplied")],
  invalidRequest: [18, wrap("invalid request")],
  txInMempool: [19, wrap("tx already in mempool")],
  mempoolFull: [20, wrap("mempool is full")],
  txTooLarge: [21, wrap("tx too large")],
  keyNotFound: [22, wrap("key not found")],
  invalidSigner: [24, wrap("tx intended signer does not match the given signer")],
  invalidChainId: [28, wrap("invalid chain-id")],
  invalidType: [29, wrap("invalid type")],
  timeoutHeight: [30, wrap("tx timeout height")],
  unknownExtensionOptions: [31, wrap("unknown extension options")],
  wrongSequence: [32, wrap("incorrect account sequence")],
  packAny: [33, wrap("failed packing protobuf message to Any")],
  logic: [35, wrap("internal logic error")],
  conflict: [36, wrap("conflict")],
  notSupported: [37, wrap("feature not supported")],
  notFound: [38, wrap("not found")],
  invalidGasLimit: [41, wrap("invalid gas limit")],
  txTimeout: [42, wrap("tx timeout")],
} as const);

/** A query's failure, in gRPC's terms: `rpc error: code = NotFound desc = account X not found`. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly grpc: GrpcCode;
  constructor(grpc: GrpcCode, message: string) {
    super(message);
    this.grpc = grpc;
  }
  /** As stock clients see it in an ABCI query's log. */
  get log(): string {
    return `rpc error: code = ${this.grpc} desc = ${this.message}`;
  }
}

export type GrpcCode = "InvalidArgument" | "NotFound" | "Unimplemented" | "Internal" | "FailedPrecondition" | "OutOfRange" | "Unauthenticated" | "PermissionDenied" | "Unavailable" | "ResourceExhausted" | "Unknown";
/** gRPC's numbers of the codes. */
export const grpcCodes: Readonly<Record<GrpcCode, number>> = {
  Unknown: 2, InvalidArgument: 3, NotFound: 5, PermissionDenied: 7, ResourceExhausted: 8, FailedPrecondition: 9, OutOfRange: 11, Unimplemented: 12, Internal: 13, Unavailable: 14, Unauthenticated: 16,
};
