/** Disputes: juries over pay that is held, where no proof can settle what is right. */
import { MsgDefinition } from "../../codec/gen/dcm/dispute/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { drawJuries } from "./draws.ts";
import { errors } from "./errors.ts";
import { disputeGenesis } from "./genesis.ts";
import { disputeInvariants } from "./invariants.ts";
import { appeal } from "./messages/appeal.ts";
import { commitVote } from "./messages/commit-vote.ts";
import { decideCase } from "./messages/decide-case.ts";
import { openCase } from "./messages/open-case.ts";
import { revealVote } from "./messages/reveal-vote.ts";
import { submitEvidence } from "./messages/submit-evidence.ts";
import { updateParams } from "./messages/update-params.ts";
import { disputeQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import { sweepCases } from "./sweep.ts";
import type { DisputePorts } from "./ports.ts";

/** Jurors and the market come before this module in genesis and block order. */
export function disputeModule(ports: DisputePorts): { readonly module: Module } {
  const module = defineModule({
    name: "dispute",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, {
      openCase: openCase(ports), submitEvidence: submitEvidence(ports), commitVote: commitVote(ports), revealVote: revealVote(ports), appeal: appeal(ports), decideCase: decideCase(ports), updateParams: updateParams(ports),
    }),
    queries: disputeQueries(ports),
    genesis: disputeGenesis(ports),
    endBlock(ctx) {
      sweepCases(ctx, ports);
      drawJuries(ctx, ports);
    },
    invariants: disputeInvariants(ports),
    errors,
  });
  return { module };
}
