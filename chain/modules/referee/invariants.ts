import { DisputeState, type Dispute } from "../../codec/gen/dcm/referee/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { owed } from "./accounts.ts";
import { accountName, claimFault, queuedOf } from "./disputes.ts";
import { queuedTau } from "./machine.ts";
import { answers, disputes, disputesByParty, disputesByTask, dueQueue, liveByTask, liveOf, proofs, waitingBytes, waitingProofs } from "./state.ts";
import { bytesOf } from "./waiting.ts";
import type { Context } from "../../runtime/context.ts";
import type { RefereePorts } from "./ports.ts";

export function refereeInvariants(ports: RefereePorts): Readonly<Record<string, (ctx: Context) => string | undefined>> {
  return {
    account(ctx) {
      const due = owed(values(disputes.entries(ctx)));
      const held = ports.bank.balance(ctx, ports.accounts.moduleAccount(ctx, accountName), ports.providers.bondDenom(ctx));
      return held === due ? undefined : `the module account holds ${held}, bonds are ${due}`;
    },
    disputes(ctx) {
      let [live, due, answered] = [0, 0, 0];
      for (const [, dispute] of disputes.entries(ctx)) {
        const fault = disputeFault(ctx, ports, dispute);
        if (fault !== undefined) return `dispute ${dispute.id}: ${fault}`;
        if (dispute.state !== DisputeState.DISPUTE_STATE_CLOSED) live++;
        if (queuedTau(dispute) !== undefined) due++;
        if (dispute.state === DisputeState.DISPUTE_STATE_PICK) answered++;
      }
      const all = count(disputes.entries(ctx));
      const sizes = [[live, count(liveByTask.entries(ctx))], [due, count(dueQueue.entries(ctx))], [answered, count(answers.entries(ctx))], [all, count(disputesByTask.entries(ctx))], [2 * all, count(disputesByParty.entries(ctx))]];
      return sizes.every(([a, b]) => a === b) ? undefined : `a queue or an index has more or less than there is: ${sizes.join("; ")}`;
    },
    proofs(ctx) {
      let [number, bytes] = [0n, 0n];
      for (const [key, proof] of proofs.entries(ctx)) {
        const dispute = disputes.find(ctx, proof.disputeId);
        if (dispute?.state !== DisputeState.DISPUTE_STATE_PROOF || dispute.proof !== key) return `proof ${key} is of no dispute that waits for it`;
        number++;
        bytes += bytesOf(proof);
      }
      const counted = [waitingProofs.get(ctx), waitingBytes.get(ctx)];
      return counted[0] === number && counted[1] === bytes ? undefined : `${number} proofs of ${bytes} bytes wait, counted are ${counted.join(" of ")}`;
    },
    queues(ctx) {
      for (const [[taskId]] of liveByTask.entries(ctx)) {
        const live = liveOf(ctx, taskId);
        if (queuedOf(live).length === live.length) return `of task ${taskId} ${live.length} disputes wait, and none is open`;
      }
      return undefined;
    },
  };
}

function disputeFault(ctx: Context, ports: RefereePorts, dispute: Dispute): string | undefined {
  const { id, taskId, state, provider, challenger, audit, rival, bond } = dispute;
  const open = state !== DisputeState.DISPUTE_STATE_CLOSED;
  const fault = open ? claimFault(dispute, ports.refereed.claim(ctx, taskId)) : undefined;
  if (fault !== undefined) return `task ${taskId} ${fault}`;
  if (!open && bond !== "0") return `it is closed and holds a bond of ${bond}`;
  if (audit && rival) return "it is an audit and between two replicas";
  if (open && (audit || rival) !== (bond === "0")) return `it is ${audit ? "an audit" : rival ? "between two replicas" : "a challenge"} with a bond of ${bond}`;
  const due = queuedTau(dispute);
  if (due !== undefined && !dueQueue.has(ctx, [due, id])) return "it is not in the due queue";
  if (liveByTask.has(ctx, [taskId, id]) !== open) return "it is open, or the index says so, and not both";
  if (!disputesByTask.has(ctx, [taskId, id]) || ![provider, challenger].every((party) => disputesByParty.has(ctx, [addressBytes(party), id]))) return "its task or a party does not find it";
  if (state === DisputeState.DISPUTE_STATE_PICK && answers.find(ctx, id)?.length !== (dispute.parts - 1) * 32) return "its answer is not that of its parts";
  return state === DisputeState.DISPUTE_STATE_PROOF && !proofs.has(ctx, dispute.proof) ? "its proof does not wait" : undefined;
}

function* values<T>(entries: Iterable<readonly [unknown, T]>): IterableIterator<T> {
  for (const [, value] of entries) yield value;
}

function count(entries: IterableIterator<unknown>): number {
  let n = 0;
  while (entries.next().done !== true) n++;
  return n;
}
