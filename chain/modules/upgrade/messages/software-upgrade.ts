/** MsgSoftwareUpgrade: the authority schedules a plan, in the place of one that is scheduled already. */
import type { MsgSoftwareUpgrade, MsgSoftwareUpgradeResponse } from "../../../codec/gen/cosmos/upgrade/v1beta1/tx.ts";
import { fail, sdkErrors } from "../../../runtime/errors.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import { errors } from "../errors.ts";
import { noTime, planFault } from "../plan.ts";
import { applied, plan } from "../state.ts";

export function softwareUpgrade(authority: string): MessageHandler<MsgSoftwareUpgrade, MsgSoftwareUpgradeResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      if (message.authority !== authority) fail(errors.invalidSigner, { expected: authority, got: message.authority });
      const fault = planFault(message.plan);
      if (fault !== undefined) fail(sdkErrors.invalidRequest, `plan: ${fault}`);
    },

    execute(ctx, message) {
      const { name, height, info } = message.plan!;
      if (height < ctx.height) fail(sdkErrors.invalidRequest, "upgrade cannot be scheduled in the past");
      if (applied.has(ctx, name)) fail(sdkErrors.invalidRequest, `upgrade with name ${name} has already been completed`);
      plan.set(ctx, { name, time: noTime, height, info, upgradedClientState: undefined });
      return {};
    },

    // Far away: a run must not reach it.
    arbitrary: ({ ctx, random }) => ({
      authority,
      plan: { name: random.pick(["v2", "v3", "Café", ""]), time: random.chance(95) ? noTime : { seconds: 1n, nanos: 0 }, height: random.chance(90) ? ctx.height + 1_000_000n + random.bigint(1_000n) : ctx.height - 1n, info: random.pick(["", "{}"]), upgradedClientState: undefined },
    }),
  };
}
