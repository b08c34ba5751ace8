/** Slashing as evidence sees it. */
import { timestampOf } from "../../runtime/time-text.ts";
import { errors } from "./errors.ts";
import { fail } from "../../runtime/errors.ts";
import { emitJailed, emitSlash } from "./events.ts";
import { slashFractionDoubleSign } from "./params.ts";
import { signerOf, updateInfo } from "./signing-info.ts";
import { params, signers } from "./state.ts";
import type { SlashingPort } from "./ports.ts";
import type { StakingPort } from "../staking/validators/ports.ts";

/** The stake that signed at a height was settled at the end of the block before it. */
export function distributionHeight(height: bigint): bigint {
  return height > 1n ? height - 1n : 0n;
}

export function slashingPort(staking: StakingPort): SlashingPort {
  return {
    slashFractionDoubleSign: (ctx) => slashFractionDoubleSign(params.get(ctx)),
    isTombstoned: (ctx, consensus) => signers.find(ctx, consensus)?.info.tombstoned === true,
    slash(ctx, consensus, fraction, power, infractionHeight) {
      const burned = staking.slash(ctx, consensus, distributionHeight(infractionHeight), power, fraction);
      emitSlash(ctx, consensus, { power, reason: "double_sign", burned, jailed: false });
    },
    jail(ctx, consensus) {
      staking.jail(ctx, consensus);
      emitJailed(ctx, consensus);
    },
    jailUntil: (ctx, consensus, untilNanos) => updateInfo(ctx, consensus, { jailedUntil: timestampOf(untilNanos) }),
    tombstone(ctx, consensus) {
      if (signerOf(ctx, consensus).info.tombstoned) fail(errors.validatorTombstoned);
      updateInfo(ctx, consensus, { tombstoned: true });
    },
  };
}
