/** MsgSetAccreditation: governance says which attributes an account may attest, or takes its word back. */
import type { MsgSetAccreditation, MsgSetAccreditationResponse } from "../../../../codec/gen/dcm/auditor/v1/tx.ts";
import { addressText } from "../../../../codec/address.ts";
import { requireAuthority } from "../../../../runtime/addresses.ts";
import { fail } from "../../../../runtime/errors.ts";
import type { MessageHandler } from "../../../../runtime/module.ts";
import { auditorOf, patternsFault } from "../checks.ts";
import { errors } from "../errors.ts";
import type { Keeper } from "../keeper.ts";
import { maxAccreditations } from "../params.ts";
import { accreditations, params } from "../state.ts";

export function setAccreditation(keeper: Keeper): MessageHandler<MsgSetAccreditation, MsgSetAccreditationResponse> {
  return {
    signers: (message) => [message.authority],

    check(message) {
      requireAuthority(message.authority, keeper.ports.authority);
      auditorOf(message);
      const what = patternsFault(message.keys);
      if (what !== undefined) fail(errors.badAccreditation, { what });
      if (message.keys.length === 0 && message.expiresTauMs !== 0n) fail(errors.badAccreditation, { what: `expires_tau_ms is ${message.expiresTauMs}; it must be 0 where keys is empty, which withdraws the accreditation` });
    },

    execute(ctx, { auditor: text, keys, expiresTauMs }) {
      const address = auditorOf({ auditor: text });
      const auditor = addressText(address);
      keeper.settle(ctx, address);
      const old = accreditations.find(ctx, address);
      if (keys.length === 0) {
        if (old === undefined) fail(errors.noAccreditation, { auditor });
        keeper.endAccreditation(ctx, address, old, "AccreditationWithdrawn");
        keeper.voidAll(ctx, address);
        return {};
      }
      const tau = keeper.tau(ctx);
      const { maxAccreditationMs } = params.get(ctx);
      if (expiresTauMs <= tau || expiresTauMs > tau + maxAccreditationMs) fail(errors.badExpiry, { expires: expiresTauMs, tau, longest: maxAccreditationMs });
      if (old === undefined && [...accreditations.entries(ctx)].length >= maxAccreditations) fail(errors.tooManyAccreditations, { most: maxAccreditations });
      keeper.setAccreditation(ctx, address, { auditor, keys, grantedTauMs: tau, expiresTauMs });
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      if (accounts.length === 0) return undefined;
      const withdrawn = random.chance(20);
      const keys = random.pick([["*"], ["cpu", "gpu*"], ["jurisdiction", "zone"], ["*", "c*"]]);
      return {
        authority: keeper.ports.authority, auditor: random.pick(accounts), keys: withdrawn ? [] : keys,
        expiresTauMs: withdrawn ? 0n : keeper.tau(ctx) + 1n + random.bigint(400_000n),
      };
    },
  };
}
