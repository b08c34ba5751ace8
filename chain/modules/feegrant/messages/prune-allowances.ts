/** MsgPruneAllowances: anyone may clear away expired grants; each block does so too. */
import { readAddress } from "../../../runtime/addresses.ts";
import { prune, prunedPerMessage } from "../keeper.ts";
import type { MsgPruneAllowances, MsgPruneAllowancesResponse } from "../../../codec/gen/cosmos/feegrant/v1beta1/tx.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const pruneAllowances: MessageHandler<MsgPruneAllowances, MsgPruneAllowancesResponse> = {
  signers: (message) => [message.pruner],

  check: (message) => void readAddress(message.pruner, "invalid pruner address"),

  execute(ctx, { pruner }) {
    prune(ctx, prunedPerMessage);
    ctx.emit("prune_feegrant", [["pruner", pruner]]);
    return {};
  },

  arbitrary: ({ accounts, random }) => ({ pruner: random.pick(accounts) }),
};
