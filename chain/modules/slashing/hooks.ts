/** What slashing hears of staking. The SDK's relation of address and key is staking's index by consensus address: it is not kept twice. */
import { pubkeyAddress } from "../../codec/address.ts";
import { decodePubKey } from "../../codec/pubkey.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { newSigner } from "./signing-info.ts";
import { signers } from "./state.ts";
import type { StakingHooks, StakingPort } from "../staking/validators/ports.ts";

export function slashingHooks(staking: StakingPort): StakingHooks {
  return {
    /** SLASHING-6: a key that has signed twice could do so again unpunished, so no new validator gets it. */
    afterValidatorCreated(ctx, operator) {
      const consensus = pubkeyAddress(decodePubKey(staking.find(ctx, operator)!.consensusPubkey!));
      if (signers.find(ctx, consensus)?.info.tombstoned === true) fail(errors.validatorTombstoned);
    },
    /** SLASHING-7: a key that comes back keeps what it missed; its window begins with its return. */
    afterValidatorBonded(ctx, consensus) {
      const found = signers.find(ctx, consensus);
      signers.set(ctx, consensus, found === undefined ? newSigner(ctx, consensus) : { ...found, info: { ...found.info, startHeight: ctx.height } });
    },
  };
}
