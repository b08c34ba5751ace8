/**
 * The protocol's table: for each request its field, its response's field, the connection that it belongs to, how its bytes become
 * a call and the answer becomes bytes, what is asserted of the answer, and what is said when the application throws.
 */
import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import * as abci from "../codec/gen/tendermint/abci/types.ts";
import type { Answer, Application } from "./application.ts";
import { encodeCheckTx, encodeFinalizeBlock } from "./encode.ts";
import { requireAbciVersion } from "./version.ts";
import type { Logger } from "./logger.ts";
import { consensusParamsFault, fitProposal, proposalBytes, safeFinalizeBlock, validatorUpdatesFault } from "./validate.ts";

/** CometBFT opens four connections and names none: they are known by what is asked on them. */
export type ConnectionKind = "consensus" | "mempool" | "query" | "snapshot";

export interface Method {
  readonly name: keyof Application;
  readonly requestField: number;
  readonly responseField: number;
  readonly kind: ConnectionKind;
  /** Whether it may run while earlier requests of the same connection are still being answered. */
  readonly overlaps: boolean;
  decode(body: Uint8Array): unknown;
  call(application: Application, request: unknown): Answer<unknown>;
  /** Completes and asserts the application's answer. A throw here counts as the application's. */
  finish(request: unknown, answer: unknown, logger: Logger): unknown;
  /** The answer in place of one that the application did not give, or undefined where only an exception is honest. */
  onThrow(request: unknown): unknown;
  encode(answer: unknown): Uint8Array;
}

interface Codec<T> {
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: Uint8Array): T;
  create(): T;
}

interface Spec<Name extends keyof Application, Req, Res> {
  readonly name: Name;
  readonly fields: readonly [request: number, response: number];
  readonly kind: ConnectionKind;
  readonly overlaps?: boolean;
  readonly request: Codec<Req>;
  readonly response: Codec<Res>;
  readonly finish?: (request: Req, response: Res, logger: Logger) => Res;
  readonly onThrow?: (request: Req) => Partial<Res>;
  /** In place of the generated code, where speed matters. */
  readonly encode?: (response: Res) => Uint8Array;
}

function define<Name extends keyof Application, Req, Res extends object>(spec: Spec<Name, Req, Res>): Method {
  const empty = spec.response.create();
  const { finish, onThrow } = spec;
  const call = (application: Application): ((request: Req) => Answer<Partial<Res>>) => application[spec.name] as unknown as (request: Req) => Answer<Partial<Res>>;
  return {
    name: spec.name,
    requestField: spec.fields[0],
    responseField: spec.fields[1],
    kind: spec.kind,
    overlaps: spec.overlaps ?? false,
    decode: (body) => spec.request.decode(body),
    call: (application, request) => call(application)(request as Req),
    finish: (request, answer, logger) => {
      const response = { ...empty, ...(answer as Partial<Res>) };
      return finish === undefined ? response : finish(request as Req, response, logger);
    },
    onThrow: (request) => (onThrow === undefined ? undefined : { ...empty, ...onThrow(request as Req) }),
    encode: (answer) => (spec.encode === undefined ? spec.response.encode(answer as Res).finish() : spec.encode(answer as Res)),
  };
}

/** The SDK's mark of a recovered panic, which clients know. */
const internalError = { code: 111222, codespace: "undefined", log: "internal error; the node's log has the reason" };

const table: readonly Method[] = [
  define({
    name: "info", fields: [3, 4], kind: "query", request: abci.RequestInfo, response: abci.ResponseInfo,
    finish: (request, response) => {
      requireAbciVersion(request);
      return response;
    },
  }),
  define({ name: "initChain", fields: [5, 6], kind: "consensus", request: abci.RequestInitChain, response: abci.ResponseInitChain, finish: finishInitChain }),
  define({
    name: "query", fields: [6, 7], kind: "query", overlaps: true, request: abci.RequestQuery, response: abci.ResponseQuery,
    onThrow: ({ height }) => ({ ...internalError, height }),
  }),
  define({
    name: "checkTx", fields: [8, 9], kind: "mempool", overlaps: true, request: abci.RequestCheckTx, response: abci.ResponseCheckTx,
    onThrow: () => internalError, encode: encodeCheckTx,
  }),
  define({ name: "commit", fields: [11, 12], kind: "consensus", request: abci.RequestCommit, response: abci.ResponseCommit }),
  define({
    name: "listSnapshots", fields: [12, 13], kind: "snapshot", overlaps: true, request: abci.RequestListSnapshots, response: abci.ResponseListSnapshots,
    onThrow: () => ({}),
  }),
  define({
    name: "offerSnapshot", fields: [13, 14], kind: "snapshot", request: abci.RequestOfferSnapshot, response: abci.ResponseOfferSnapshot,
    onThrow: () => ({ result: abci.ResponseOfferSnapshot_Result.ABORT }),
  }),
  define({
    name: "loadSnapshotChunk", fields: [14, 15], kind: "snapshot", overlaps: true, request: abci.RequestLoadSnapshotChunk,
    response: abci.ResponseLoadSnapshotChunk, onThrow: () => ({}),
  }),
  define({
    name: "applySnapshotChunk", fields: [15, 16], kind: "snapshot", request: abci.RequestApplySnapshotChunk, response: abci.ResponseApplySnapshotChunk,
    onThrow: () => ({ result: abci.ResponseApplySnapshotChunk_Result.ABORT }),
  }),
  define({
    name: "prepareProposal", fields: [16, 17], kind: "consensus", request: abci.RequestPrepareProposal, response: abci.ResponsePrepareProposal,
    finish: finishPrepareProposal, onThrow: ({ txs, maxTxBytes }) => ({ txs: fitProposal(txs, maxTxBytes) }),
  }),
  define({
    name: "processProposal", fields: [17, 18], kind: "consensus", request: abci.RequestProcessProposal, response: abci.ResponseProcessProposal,
    finish: finishProcessProposal, onThrow: () => ({ status: abci.ResponseProcessProposal_ProposalStatus.REJECT }),
  }),
  define({
    name: "extendVote", fields: [18, 19], kind: "consensus", request: abci.RequestExtendVote, response: abci.ResponseExtendVote,
    onThrow: () => ({}),
  }),
  define({
    name: "verifyVoteExtension", fields: [19, 20], kind: "consensus", request: abci.RequestVerifyVoteExtension, response: abci.ResponseVerifyVoteExtension,
    finish: finishVerifyVoteExtension, onThrow: () => ({ status: abci.ResponseVerifyVoteExtension_VerifyStatus.REJECT }),
  }),
  define({
    name: "finalizeBlock", fields: [20, 21], kind: "consensus", request: abci.RequestFinalizeBlock, response: abci.ResponseFinalizeBlock,
    finish: finishFinalizeBlock, encode: encodeFinalizeBlock,
  }),
  define({
    name: "insertTx", fields: [21, 22], kind: "mempool", overlaps: true, request: abci.RequestInsertTx, response: abci.ResponseInsertTx,
    onThrow: () => ({ code: 1 }),
  }),
  define({ name: "reapTxs", fields: [22, 23], kind: "mempool", request: abci.RequestReapTxs, response: abci.ResponseReapTxs, onThrow: () => ({}) }),
];

/** By the request's field number. */
export const methods: readonly (Method | undefined)[] = Array.from({ length: 23 }, (_, field) => table.find((method) => method.requestField === field));

function finishInitChain(_: abci.RequestInitChain, response: abci.ResponseInitChain): abci.ResponseInitChain {
  const { consensusParams, validators } = response;
  const types = consensusParams?.validator?.pubKeyTypes;
  const fault =
    (consensusParams === undefined ? undefined : consensusParamsFault(consensusParams)) ??
    validatorUpdatesFault(validators, { genesis: true, keyTypes: types ?? ["ed25519", "secp256k1"] });
  if (fault !== undefined) throw new RangeError(`InitChain: ${fault}. Correct the genesis file`);
  return response;
}

function finishPrepareProposal(request: abci.RequestPrepareProposal, response: abci.ResponsePrepareProposal, logger: Logger): abci.ResponsePrepareProposal {
  const bytes = proposalBytes(response.txs);
  if (BigInt(bytes) <= request.maxTxBytes) return response;
  const txs = fitProposal(response.txs, request.maxTxBytes);
  logger.error(
    { height: request.height, bytes, maxTxBytes: request.maxTxBytes, cut: response.txs.length - txs.length },
    "the application's proposal is greater than max_tx_bytes, protobuf overhead included: its last transactions were cut",
  );
  return { txs };
}

function finishProcessProposal(request: abci.RequestProcessProposal, response: abci.ResponseProcessProposal, logger: Logger): abci.ResponseProcessProposal {
  const { ACCEPT, REJECT } = abci.ResponseProcessProposal_ProposalStatus;
  if (response.status === ACCEPT || response.status === REJECT) return response;
  logger.error({ height: request.height, status: response.status }, "ProcessProposal answered neither ACCEPT nor REJECT: rejected");
  return { status: REJECT };
}

function finishVerifyVoteExtension(
  request: abci.RequestVerifyVoteExtension,
  response: abci.ResponseVerifyVoteExtension,
  logger: Logger,
): abci.ResponseVerifyVoteExtension {
  const { ACCEPT, REJECT } = abci.ResponseVerifyVoteExtension_VerifyStatus;
  if (response.status === ACCEPT || response.status === REJECT) return response;
  logger.error({ height: request.height, status: response.status }, "VerifyVoteExtension answered neither ACCEPT nor REJECT: rejected");
  return { status: REJECT };
}

function finishFinalizeBlock(request: abci.RequestFinalizeBlock, response: abci.ResponseFinalizeBlock, logger: Logger): abci.ResponseFinalizeBlock {
  const keyTypes = response.consensusParamUpdates?.validator?.pubKeyTypes ?? ["ed25519", "secp256k1"];
  const { response: safe, faults } = safeFinalizeBlock(request.txs.length, response, { keyTypes, height: request.height });
  for (const fault of faults) logger.error({ height: request.height, fault }, "FinalizeBlock held an update that CometBFT would refuse: it was left out");
  return safe;
}
