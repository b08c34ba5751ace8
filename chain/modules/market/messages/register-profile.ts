/** MsgRegisterProfile: wishes that bids of a book may name by number. */
import { Profile, ProfileDemand } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgRegisterProfile, MsgRegisterProfileResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { fail } from "../../../runtime/errors.ts";
import { openBook } from "../books.ts";
import { anyClass } from "../classes.ts";
import { canonical, checkAttribute, checkClassId, checkSorted, atMost, maxPrice, tradable } from "../checks.ts";
import { authorizeSpend } from "../escrow.ts";
import { errors } from "../errors.ts";
import { profileChanged } from "../events.ts";
import { currentParams, inRange } from "../params.ts";
import { contentOf, maxAuditors, maxProfiles, maxWishes } from "../profiles.ts";
import { anyDenom, checkDenom } from "../quote-denoms.ts";
import { books, demands, profileBuilds, profiles, profilesByContent, type BookKey } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function registerProfile(ports: MarketPorts): MessageHandler<MsgRegisterProfile, MsgRegisterProfileResponse> {
  return {
    signers: (message) => [message.registrant],

    check(message) {
      canonical(message.registrant, "registrant");
      checkClassId(message.classId);
      checkDenom("quote_denom", message.quoteDenom);
      const { requirements, preferences } = message;
      atMost("requirements", requirements.length, maxWishes, "attributes");
      atMost("preferences", preferences.length, maxWishes, "attributes");
      if (requirements.length + preferences.length === 0) fail(errors.invalidField, { field: "requirements", value: "empty", limit: "given, or preferences; bids without wishes have profile 0" });
      for (const { attribute, attested, auditors } of requirements) {
        checkAttribute("requirements", attribute);
        if (auditors.length > 0 && !attested) fail(errors.invalidField, { field: "requirements.auditors", value: attribute!.key, limit: "empty, or the attribute attested" });
        atMost("requirements.auditors", auditors.length, maxAuditors, "addresses");
        for (const auditor of auditors) if (canonical(auditor, "auditor") !== auditor) fail(errors.invalidField, { field: "requirements.auditors", value: auditor, limit: "an address in its canonical text" });
        checkSorted("requirements.auditors", auditors);
      }
      for (const { attribute, worth } of preferences) {
        checkAttribute("preferences", attribute);
        inRange("preferences.worth", worth, 1n, maxPrice);
        if (requirements.some((one) => one.attribute!.key === attribute!.key)) fail(errors.invalidField, { field: "preferences", value: attribute!.key, limit: "attributes that are not required" });
      }
      checkSorted("requirements", requirements.map(({ attribute }) => attribute!.key));
      checkSorted("preferences", preferences.map(({ attribute }) => attribute!.key));
    },

    execute(ctx, message) {
      const registrant = canonical(message.registrant, "registrant");
      const { classId, quoteDenom, requirements, preferences } = message;
      tradable(ctx, ports, classId, quoteDenom, "tick", 0n);
      const key: BookKey = [classId, quoteDenom];
      const content = contentOf({ requirements, preferences });
      const known = profilesByContent.find(ctx, [key, content]);
      if (known !== undefined) fail(errors.profileExists, { id: known });
      const book = openBook(ctx, key);
      if (book.profiles >= maxProfiles) fail(errors.tooManyProfiles, { limit: maxProfiles });
      const id = Math.max(1, book.nextProfileId);
      const { params } = currentParams(ctx);
      const policy = { purpose: "profile", classId, costTags: [] } as const;
      authorizeSpend(ctx, ports, { signer: registrant, payer: registrant, organization: "", coins: [{ denom: ports.providers.bondDenom(ctx), amount: params.profileDeposit }], policy });
      const tau = ports.clock.tau(ctx);
      const profile = Profile.fromPartial({ id, classId, quoteDenom, requirements, preferences, registrant, deposit: params.profileDeposit.toString(), createdTau: tau });
      profiles.set(ctx, [key, id], profile);
      profilesByContent.set(ctx, [key, content], id);
      profileBuilds.set(ctx, [key, id], Uint8Array.of(0));
      demands.set(ctx, [key, id], ProfileDemand.fromPartial({ idleTau: tau }));
      books.set(ctx, key, { ...book, nextProfileId: id + 1, profiles: book.profiles + 1 });
      profileChanged(ctx, "EventProfileRegistered", profile);
      return { profileId: id };
    },

    arbitrary({ ctx, accounts, random }) {
      const [classId] = anyClass(ctx, random) ?? [];
      if (classId === undefined) return undefined;
      const attribute = (key: string): { key: string; value: string } => ({ key, value: random.pick(["a", "b", "c"]) });
      const requirements = ["cpu", "zone"].filter(() => random.chance(50)).map((key) => ({ attribute: attribute(key), attested: random.chance(30), auditors: [] }));
      const preferences = ["gpu", "jurisdiction"].filter(() => random.chance(40)).map((key) => ({ attribute: attribute(key), worth: 1n + random.bigint(20n) }));
      return { registrant: random.pick(accounts), classId, quoteDenom: anyDenom(ctx, ports, random), requirements, preferences };
    },
  };
}
