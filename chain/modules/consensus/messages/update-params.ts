/** MsgUpdateParams: the governance account replaces CometBFT's parameters from the next block on. */
import { authority, requireAuthority } from "../../../runtime/addresses.ts";
import { failPlain } from "../../../runtime/errors.ts";
import { brickFault, extensionFault, paramsFault } from "../rules.ts";
import { params, pending } from "../state.ts";
import type { MsgUpdateParams, MsgUpdateParamsResponse } from "../../../codec/gen/cosmos/consensus/v1/tx.ts";
import type { ConsensusParams } from "../../../codec/gen/tendermint/types/params.ts";
import type { MessageHandler } from "../../../runtime/module.ts";

export const updateParams: MessageHandler<MsgUpdateParams, MsgUpdateParamsResponse> = {
  signers: (message) => [message.authority],

  check(message) {
    requireAuthority(message.authority);
    const wanted = merged(message, undefined);
    const fault = paramsFault(wanted) ?? brickFault(wanted);
    if (fault !== undefined) failPlain(fault);
  },

  execute(ctx, message) {
    const now = params.find(ctx);
    const next = merged(message, now);
    const fault = extensionFault(now?.abci?.voteExtensionsEnableHeight ?? 0n, next.abci?.voteExtensionsEnableHeight ?? 0n);
    if (fault !== undefined) failPlain(fault);
    params.set(ctx, next);
    pending.set(ctx, true);
    ctx.emit("update_consensus_params", [["authority", message.authority], ["parameters", summary(next)]]);
    return {};
  },

  arbitrary: ({ random }) => ({
    authority,
    block: { maxBytes: 4_194_304n, maxGas: random.chance(50) ? -1n : 100_000_000n },
    evidence: { maxAgeNumBlocks: 100_000n, maxAgeDuration: { seconds: 172_800n, nanos: 0 }, maxBytes: 1_048_576n },
    validator: { pubKeyTypes: ["ed25519"] },
    abci: undefined,
  }),
};

/** What the message does not carry stays as it is. */
function merged({ block, evidence, validator, abci }: MsgUpdateParams, now: ConsensusParams | undefined): ConsensusParams {
  return { block, evidence, validator, abci: abci ?? now?.abci, version: now?.version ?? { app: 0n }, authority: now?.authority };
}

function summary({ block, evidence }: ConsensusParams): string {
  return `block:<max_bytes:${block!.maxBytes} max_gas:${block!.maxGas} > evidence:<max_age_num_blocks:${evidence!.maxAgeNumBlocks} max_bytes:${evidence!.maxBytes} >`;
}
