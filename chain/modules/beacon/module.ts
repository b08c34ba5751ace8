/** The random beacon: each proposer adds one signature that it could not choose. */
import { MsgDefinition } from "../../codec/gen/dcm/beacon/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { decide, isDecided } from "./decide.ts";
import { errors } from "./errors.ts";
import { genesis } from "./genesis.ts";
import { invariants } from "./invariants.ts";
import { proposerKey } from "./keys.ts";
import { beaconReveal } from "./messages/beacon-reveal.ts";
import { registerBeaconKey } from "./messages/register-beacon-key.ts";
import { updateParams } from "./messages/update-params.ts";
import type { BeaconPort, ValidatorsPort } from "./ports.ts";
import { beaconProposal, type BeaconProposal } from "./proposal.ts";
import { queries } from "./queries.ts";
import { seedOfMissing } from "./seeds.ts";
import { keys, latest, seeds, storeName } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { StakingHooks } from "../staking/validators/ports.ts";

/** `authority` is the governance account's address. */
export function beaconModule(ports: { readonly validators: ValidatorsPort; readonly authority: string }): { module: Module; beacon: BeaconPort; proposal: BeaconProposal; hooks: StakingHooks } {
  const fallBack = (ctx: Context): void => decide(ctx, seedOfMissing(latest.get(ctx).seed, ctx.height), "missing");
  const module = defineModule({
    name: "beacon",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, { registerBeaconKey: registerBeaconKey(ports.validators), beaconReveal: beaconReveal(ports.validators), updateParams: updateParams(ports.authority) }),
    queries,
    genesis,
    // Without a key there is nothing to wait for: the block's transactions see its seed either way.
    beginBlock(ctx) {
      if (proposerKey(ctx, ports.validators) === undefined) fallBack(ctx);
    },
    // Only after a block that honest validators would not have accepted.
    endBlock(ctx) {
      if (!isDecided(ctx)) fallBack(ctx);
    },
    invariants,
    errors,
  });
  // BCN-14: a key goes with its validator.
  const hooks: StakingHooks = { afterValidatorRemoved: (ctx, _, operator) => keys.remove(ctx, operator) };
  return { module, hooks, beacon: { seed: (ctx, height) => (height < 0n ? undefined : seeds.find(ctx, height)) }, proposal: beaconProposal(ports.validators) };
}
