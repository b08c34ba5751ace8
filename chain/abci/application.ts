/** What the ABCI server calls: one method a request, named as in the protocol. The server knows nothing else of the application. */
import type {
  RequestApplySnapshotChunk, RequestCheckTx, RequestCommit, RequestExtendVote, RequestFinalizeBlock, RequestInfo, RequestInitChain, RequestInsertTx,
  RequestListSnapshots, RequestLoadSnapshotChunk, RequestOfferSnapshot, RequestPrepareProposal, RequestProcessProposal, RequestQuery, RequestReapTxs,
  RequestVerifyVoteExtension, ResponseApplySnapshotChunk, ResponseCheckTx, ResponseCommit, ResponseExtendVote, ResponseFinalizeBlock, ResponseInfo,
  ResponseInitChain, ResponseInsertTx, ResponseListSnapshots, ResponseLoadSnapshotChunk, ResponseOfferSnapshot, ResponsePrepareProposal,
  ResponseProcessProposal, ResponseQuery, ResponseReapTxs, ResponseVerifyVoteExtension,
} from "../codec/gen/tendermint/abci/types.ts";

/** A method may answer at once or later; the server keeps the order of answers on each connection either way. */
export type Answer<T> = T | Promise<T>;

export interface Application {
  info(request: RequestInfo): Answer<Partial<ResponseInfo>>;
  query(request: RequestQuery): Answer<Partial<ResponseQuery>>;
  checkTx(request: RequestCheckTx): Answer<Partial<ResponseCheckTx>>;
  initChain(request: RequestInitChain): Answer<Partial<ResponseInitChain>>;
  prepareProposal(request: RequestPrepareProposal): Answer<Partial<ResponsePrepareProposal>>;
  processProposal(request: RequestProcessProposal): Answer<Partial<ResponseProcessProposal>>;
  extendVote(request: RequestExtendVote): Answer<Partial<ResponseExtendVote>>;
  verifyVoteExtension(request: RequestVerifyVoteExtension): Answer<Partial<ResponseVerifyVoteExtension>>;
  finalizeBlock(request: RequestFinalizeBlock): Answer<Partial<ResponseFinalizeBlock>>;
  commit(request: RequestCommit): Answer<Partial<ResponseCommit>>;
  listSnapshots(request: RequestListSnapshots): Answer<Partial<ResponseListSnapshots>>;
  offerSnapshot(request: RequestOfferSnapshot): Answer<Partial<ResponseOfferSnapshot>>;
  loadSnapshotChunk(request: RequestLoadSnapshotChunk): Answer<Partial<ResponseLoadSnapshotChunk>>;
  applySnapshotChunk(request: RequestApplySnapshotChunk): Answer<Partial<ResponseApplySnapshotChunk>>;
  insertTx(request: RequestInsertTx): Answer<Partial<ResponseInsertTx>>;
  reapTxs(request: RequestReapTxs): Answer<Partial<ResponseReapTxs>>;
}

/** An application may leave out what it does not need: the server answers with the protocol's neutral response. */
export type PartialApplication = Partial<Application>;
