/** The referee: challenges of results of V3, narrowed down by turns to a segment that the chain runs itself. */
import { MsgDefinition } from "../../codec/gen/dcm/referee/v1/tx.ts";
import { assert } from "../../runtime/errors.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { openDispute } from "./disputes.ts";
import { errors } from "./errors.ts";
import { refereeGenesis } from "./genesis.ts";
import { refereeInvariants } from "./invariants.ts";
import { answer } from "./messages/answer.ts";
import { challenge } from "./messages/challenge.ts";
import { pick } from "./messages/pick.ts";
import { prove } from "./messages/prove.ts";
import { updateParams } from "./messages/update-params.ts";
import { runProofs } from "./proofs.ts";
import { refereeQueries } from "./queries.ts";
import { liveOf, storeName } from "./state.ts";
import { sweepDisputes } from "./sweep.ts";
import type { RefereePort } from "../market/ports.ts";
import type { RefereePorts } from "./ports.ts";

/** The market comes before this module in genesis and block order. */
export function refereeModule(ports: RefereePorts): { readonly module: Module; readonly referee: RefereePort } {
  const module = defineModule({
    name: "referee",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, { challenge: challenge(ports), answer: answer(ports), pick: pick(ports), prove: prove(ports), updateParams: updateParams(ports) }),
    queries: refereeQueries(ports),
    genesis: refereeGenesis(ports),
    endBlock(ctx) {
      sweepDisputes(ctx, ports);
      runProofs(ctx, ports);
    },
    invariants: refereeInvariants(ports),
    errors,
  });
  const referee: RefereePort = {
    auditDiffers(ctx, taskId, auditor, stateHash) {
      const claim = ports.refereed.claim(ctx, taskId);
      assert(claim !== undefined, `referee: an audit of task ${taskId} differs, and the task is not in its window`);
      openDispute(ctx, ports, claim, liveOf(ctx, taskId), { challenger: auditor, finalHash: stateHash, bond: 0n, standing: "audit" });
    },
    replicasDiffer(ctx, taskId, replica, stateHash) {
      const claim = ports.refereed.claim(ctx, taskId);
      assert(claim?.contested === true, `referee: replicas of task ${taskId} differ, and the task is not in dispute between them`);
      openDispute(ctx, ports, claim, [], { challenger: replica, finalHash: stateHash, bond: 0n, standing: "rival" });
    },
  };
  return { module, referee };
}
