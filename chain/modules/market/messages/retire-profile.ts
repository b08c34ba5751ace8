/** MsgRetireProfile: ends a profile that no bid uses; its deposit goes home. */
import type { MsgRetireProfile, MsgRetireProfileResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical } from "../checks.ts";
import { returnDeposit } from "../escrow.ts";
import { errors } from "../errors.ts";
import { profileChanged } from "../events.ts";
import { currentParams } from "../params.ts";
import { demandOf, removeProfile } from "../profiles.ts";
import { profiles, type BookKey } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function retireProfile(ports: MarketPorts): MessageHandler<MsgRetireProfile, MsgRetireProfileResponse> {
  return {
    signers: (message) => [message.signer],

    check: (message) => void canonical(message.signer, "signer"),

    execute(ctx, message) {
      const signer = canonical(message.signer, "signer");
      const { classId, quoteDenom, profileId: id } = message;
      const key: BookKey = [classId, quoteDenom];
      const profile = classId.length > 64 || quoteDenom.length > 128 ? undefined : profiles.find(ctx, [key, id]);
      if (profile === undefined) fail(errors.unknownProfile, { id, classId, denom: quoteDenom });
      const { liveJobs, idleTau } = demandOf(ctx, key, id);
      if (liveJobs > 0n) fail(errors.profileInUse, { id, jobs: liveJobs });
      const free = idleTau + currentParams(ctx).params.profileIdle;
      if (signer !== profile.registrant && signer !== ports.authority && ports.clock.tau(ctx) <= free) fail(errors.profileNotIdle, { id, idleTau: free });
      removeProfile(ctx, key, profile);
      returnDeposit(ctx, ports, profile.registrant, BigInt(profile.deposit));
      profileChanged(ctx, "EventProfileRetired", profile);
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const known = Array.from(profiles.entries(ctx), ([, profile]) => profile);
      if (known.length === 0) return undefined;
      const { classId, quoteDenom, id, registrant } = random.pick(known);
      return { signer: random.chance(50) && accounts.includes(registrant) ? registrant : random.pick(accounts), classId, quoteDenom, profileId: id };
    },
  };
}
