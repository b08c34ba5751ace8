/** What the server answers for a method that the application leaves out: the response that changes nothing. */
import {
  ExecTxResult, ResponseApplySnapshotChunk_Result, ResponseOfferSnapshot_Result, ResponseProcessProposal_ProposalStatus,
  ResponseVerifyVoteExtension_VerifyStatus,
} from "../codec/gen/tendermint/abci/types.ts";
import type { Application } from "./application.ts";
import { fitProposal } from "./validate.ts";

const success = ExecTxResult.create();

/** Queries by which CometBFT asks whether a peer is welcome (`filter_peers`): answered with code 0, or no peer would be. */
const PEER_FILTER = "/p2p/filter/";

export const neutral: Application = {
  info: () => ({}),
  query: ({ path }) => (path.startsWith(PEER_FILTER) ? {} : { code: 1, codespace: "abci", log: `this application answers no queries (${path.slice(0, 200)})` }),
  checkTx: () => ({}),
  initChain: () => ({}),
  prepareProposal: ({ txs, maxTxBytes }) => ({ txs: fitProposal(txs, maxTxBytes) }),
  processProposal: () => ({ status: ResponseProcessProposal_ProposalStatus.ACCEPT }),
  extendVote: () => ({}),
  verifyVoteExtension: () => ({ status: ResponseVerifyVoteExtension_VerifyStatus.ACCEPT }),
  finalizeBlock: ({ txs }) => ({ txResults: txs.map(() => success) }),
  commit: () => ({}),
  listSnapshots: () => ({}),
  offerSnapshot: () => ({ result: ResponseOfferSnapshot_Result.ABORT }),
  loadSnapshotChunk: () => ({}),
  applySnapshotChunk: () => ({ result: ResponseApplySnapshotChunk_Result.ABORT }),
  insertTx: () => ({ code: 1 }),
  reapTxs: () => ({}),
};

/** The application with every method, its own where it has one. Methods keep their `this`. */
export function complete(application: Partial<Application>): Application {
  const all: Record<string, unknown> = {};
  for (const name of Object.keys(neutral) as (keyof Application)[]) {
    const own = application[name];
    all[name] = own === undefined ? neutral[name] : own.bind(application);
  }
  return all as unknown as Application;
}
