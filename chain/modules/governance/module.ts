/** Proposals, deposits and votes: the SDK's `gov`, whose account changes parameters and runs what was agreed. */
import { MsgDefinition } from "../../codec/gen/cosmos/gov/v1/tx.ts";
import { MsgDefinition as LegacyDefinition } from "../../codec/gen/cosmos/gov/v1beta1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { endBlock } from "./blocks.ts";
import { errors } from "./errors.ts";
import { governanceGenesis } from "./genesis.ts";
import { governanceInvariants } from "./invariants.ts";
import { moduleName, type GovernancePorts } from "./keeper.ts";
import { legacyQueries } from "./legacy-queries.ts";
import { cancelProposal } from "./messages/cancel-proposal.ts";
import { deposit } from "./messages/deposit.ts";
import { execLegacyContent } from "./messages/exec-legacy-content.ts";
import { legacyDeposit } from "./messages/legacy-deposit.ts";
import { legacySubmitProposal } from "./messages/legacy-submit-proposal.ts";
import { legacyVote } from "./messages/legacy-vote.ts";
import { legacyVoteWeighted } from "./messages/legacy-vote-weighted.ts";
import { submitProposal } from "./messages/submit-proposal.ts";
import { updateParams } from "./messages/update-params.ts";
import { vote } from "./messages/vote.ts";
import { voteWeighted } from "./messages/vote-weighted.ts";
import { governanceQueries } from "./queries.ts";
import { snapshotHooks } from "./snapshots.ts";
import { storeName } from "./state.ts";
import type { StakingHooks } from "../staking/validators/ports.ts";

/** Must come behind staking in genesis order, and behind what proposals may change in end-block order. Staking must call the hooks. */
export function governanceModule(ports: GovernancePorts): { readonly module: Module; readonly hooks: StakingHooks } {
  const module = defineModule({
    name: moduleName,
    stores: [storeName],
    consensusVersion: 5,
    messages: [
      ...messageService(MsgDefinition, {
        submitProposal: submitProposal(ports), execLegacyContent, vote: vote(ports), voteWeighted: voteWeighted(ports), deposit: deposit(ports), updateParams: updateParams(ports), cancelProposal: cancelProposal(ports),
      }),
      ...messageService(LegacyDefinition, { submitProposal: legacySubmitProposal(ports), vote: legacyVote(ports), voteWeighted: legacyVoteWeighted(ports), deposit: legacyDeposit(ports) }),
    ],
    queries: [...governanceQueries, ...legacyQueries],
    genesis: governanceGenesis(ports),
    endBlock: (ctx) => endBlock(ports, ctx),
    invariants: governanceInvariants(ports),
    errors,
  });
  return { module, hooks: snapshotHooks(ports.staking) };
}
