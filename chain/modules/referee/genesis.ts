/** Genesis: disputes with the last answers and the proofs that wait. Indexes and queues are made anew from the records. */
import { GenesisState } from "../../codec/gen/dcm/referee/v1/genesis.ts";
import { DisputeState, type Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { wholeRange } from "../../vm/bisection.ts";
import { owed } from "./accounts.ts";
import { accountName, claimFault, saveDispute } from "./disputes.ts";
import { disputeFault, proofFault } from "./genesis-checks.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { answers, disputes, nextDisputeId, nextProof, params, proofs, waitingBytes, waitingProofs } from "./state.ts";
import { putProof } from "./waiting.ts";
import type { Context } from "../../runtime/context.ts";
import type { Genesis } from "../../runtime/module.ts";
import type { RefereedClaim } from "../market/ports.ts";
import type { RefereePorts } from "./ports.ts";

const { DISPUTE_STATE_PICK: PICK, DISPUTE_STATE_PROOF: PROOF, DISPUTE_STATE_CLOSED: CLOSED } = DisputeState;

export function refereeGenesis(ports: RefereePorts): Genesis<GenesisState> {
  return {
    type: GenesisState,
    defaults: () => GenesisState.fromPartial({ params: defaultParams(), nextDisputeId: 1n }),
    check,
    init: (ctx, state) => init(ctx, ports, state),
    export: (ctx) => ({
      params: params.get(ctx), disputes: Array.from(disputes.entries(ctx), ([, dispute]) => dispute), answers: Array.from(answers.entries(ctx), ([disputeId, hashes]) => ({ disputeId, hashes })),
      proofs: Array.from(proofs.entries(ctx), ([, proof]) => proof), nextDisputeId: nextDisputeId.get(ctx),
    }),
  };
}

function check(state: GenesisState): void {
  const fault = paramsFault(state.params);
  assert(fault === undefined, `referee.params: ${fault ?? ""}`);
  const known = new Map<bigint, Dispute>();
  for (const dispute of state.disputes) {
    const { id } = dispute;
    assert(!known.has(id) && id > 0n && id < state.nextDisputeId, `referee.disputes: ${id} stands twice, or is not from 1 to next_dispute_id - 1`);
    const wrong = disputeFault(dispute);
    assert(wrong === undefined, `referee.disputes: ${id}: ${wrong}`);
    known.set(id, dispute);
  }
  const answered = new Set(state.answers.map(({ disputeId }) => disputeId));
  for (const { disputeId, hashes } of state.answers) assert(hashes.length === ((known.get(disputeId)?.parts ?? 1) - 1) * 32 && hashes.length > 0, `referee.answers: dispute ${disputeId} waits for no pick among ${hashes.length} bytes`);
  assert(answered.size === state.answers.length && state.disputes.every((dispute) => dispute.state !== PICK || answered.has(dispute.id)), "referee.answers: one for each dispute that is picked from");
  let last = 0n;
  for (const proof of state.proofs) {
    const { disputeId } = proof;
    const dispute = known.get(disputeId);
    assert(dispute !== undefined && dispute.proof > last, `referee.proofs: dispute ${disputeId} waits for none here`);
    const wrong = proofFault(dispute, proof);
    assert(wrong === undefined, `referee.proofs: of dispute ${disputeId}: ${wrong}`);
    last = dispute.proof;
  }
  assert(state.disputes.filter((dispute) => dispute.state === PROOF).length === state.proofs.length, "referee.proofs: one for each dispute that waits for its run");
}

/** Sections of other modules come first: which tasks are disputed is known. */
function init(ctx: Context, ports: RefereePorts, state: GenesisState): void {
  params.set(ctx, state.params!);
  // An absent number reads as zero: ids begin at 1.
  nextDisputeId.set(ctx, state.nextDisputeId > 0n ? state.nextDisputeId : 1n);
  waitingProofs.set(ctx, 0n);
  waitingBytes.set(ctx, 0n);
  for (const dispute of state.disputes) {
    if (dispute.state !== CLOSED) checkClaim(dispute, ports.refereed.claim(ctx, dispute.taskId));
    saveDispute(ctx, undefined, dispute);
  }
  const open = state.disputes.filter((dispute) => dispute.state !== CLOSED).map(({ taskId }) => taskId);
  const [opened, disputed] = [new Set(open), new Set(ports.refereed.disputed(ctx))];
  for (const taskId of ports.refereed.disputed(ctx)) assert(opened.has(taskId), `referee.disputes: task ${taskId} is in dispute in market.tasks, and no dispute here is open about it: nothing would ever end that`);
  for (const taskId of open) assert(disputed.has(taskId), `referee.disputes: one about task ${taskId} is open, which is not in dispute in market.tasks`);
  for (const { disputeId, hashes } of state.answers) answers.set(ctx, disputeId, hashes);
  let last = 0n;
  for (const proof of state.proofs) {
    last = disputes.find(ctx, proof.disputeId)!.proof;
    putProof(ctx, last, proof);
  }
  nextProof.set(ctx, last + 1n);
  const held = ports.bank.balance(ctx, ports.accounts.moduleAccount(ctx, accountName), ports.providers.bondDenom(ctx));
  const due = owed(state.disputes);
  assert(held >= due, `the account of the referee holds ${held} in the genesis balances, bonds are ${due}`);
}

/** The task that a dispute is about has the result that it was opened against. */
function checkClaim(dispute: Dispute, claim: RefereedClaim | undefined): void {
  const { id, taskId, jobId, start, length } = dispute;
  const fault = claimFault(dispute, claim);
  assert(fault === undefined, `referee.disputes: of dispute ${id} task ${taskId} in market.tasks ${fault ?? ""}`);
  assert(claim!.jobId === jobId, `referee.disputes: ${id} is not about a task of job ${jobId}`);
  assert(start + length <= wholeRange(claim!.meterLimit).length, `referee.disputes: ${id} is about transitions that task ${taskId} cannot have`);
}
