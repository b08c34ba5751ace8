/** MsgChallenge: anybody who ran the task again says that it ends in another state, and bonds for it. */
import type { MsgChallenge, MsgChallengeResponse } from "../../../codec/gen/dcm/referee/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { maxInt } from "../../../math/int.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, size } from "../checks.ts";
import { accountName, mustWait, openDispute, queuedOf } from "../disputes.ts";
import { errors } from "../errors.ts";
import { payForEnds } from "../gas.ts";
import { liveOf, params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { RefereePorts } from "../ports.ts";

export function challenge(ports: RefereePorts): MessageHandler<MsgChallenge, MsgChallengeResponse> {
  return {
    lane: "reserved",
    signers: (message) => [message.challenger],

    check(message) {
      canonical(message.challenger, "challenger");
      size("final_hash", message.finalHash, 32);
    },

    execute(ctx, { challenger: signer, taskId: task, finalHash }) {
      const challenger = canonical(signer, "challenger");
      payForEnds(ctx);
      const claim = ports.refereed.claim(ctx, task);
      if (claim === undefined) return fail(errors.notChallengeable, { task });
      const { claimants, contested, consumer, sealed, stateHash, dueTau, fee } = claim;
      // A challenge goes on with each that claims the state.
      for (let further = 1; further < claimants.length; further++) payForEnds(ctx);
      const live = liveOf(ctx, task);
      const tau = ports.clock.tau(ctx);
      if (live.length === 0 && tau > dueTau) fail(errors.windowOver, { task, due: dueTau, tau });
      if (claimants.includes(challenger)) fail(errors.ownTask, { task });
      if (contested) fail(errors.contested, { task });
      if (sealed && challenger !== consumer) fail(errors.sealed, { task, consumer });
      if (equalBytes(finalHash, stateHash)) fail(errors.sameHash, { task });
      const own = live.filter((dispute) => dispute.challenger === challenger && !dispute.audit);
      const same = own.find(({ challengerFinal }) => equalBytes(challengerFinal, finalHash));
      if (same !== undefined) fail(errors.duplicate, { task, id: same.id });
      const { minBond, maxQueued, maxOpen } = params.get(ctx);
      // No flood of challenges keeps the consumer out.
      const first = challenger === consumer && own.length === 0;
      const queued = mustWait(live, maxOpen);
      if (queued && queuedOf(live).length >= maxQueued && !first) fail(errors.queueFull, { task, most: maxQueued });
      const bond = maxInt(2n * fee, BigInt(minBond));
      ports.bank.send(ctx, addressBytes(challenger), ports.accounts.moduleAccount(ctx, accountName), [{ denom: ports.providers.bondDenom(ctx), amount: bond }]);
      const { id } = openDispute(ctx, ports, claim, live, { challenger, finalHash, bond, standing: "anybody" });
      return { disputeId: id, bond: String(bond), queued };
    },

    arbitrary: () => undefined,
  };
}
