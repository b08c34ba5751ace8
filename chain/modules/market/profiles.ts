/** Profiles: what bids of a book want of providers. Pure where it can be; where asks stand is kept with each ask, so that no batch looks at premiums. */
import type { Ask, AskPlace, Attribute, Book, Premium, Profile } from "../../codec/gen/dcm/market/v1/types.ts";
import { Profile as ProfileType, ProfileDemand } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { sha256 } from "../../codec/hash.ts";
import { askBook, books, collect, demands, joinKey, profileBuilds, profiles, profilesByContent, askPlaceKey, within, type AskRank, type BookKey } from "./state.ts";
import { openBook } from "./books.ts";
import { emit } from "./events.ts";
import type { Context } from "../../runtime/context.ts";
import type { ProviderView } from "../staking/providers/ports.ts";
import type { MarketPorts } from "./ports.ts";

/** Profiles that a book may have at a time. */
export const maxProfiles = 64;
/** Attributes that one profile may require, and like. */
export const maxWishes = 16;
/** Auditors whose word alone one requirement may take. */
export const maxAuditors = 8;
/** Asks that a block sorts into new profiles. */
const buildStep = 1_000;

type Wishes = Pick<Profile, "requirements" | "preferences">;

const isSame = (a: Attribute, b: Attribute): boolean => a.key === b.key && a.value === b.value;

/** Where an ask with these premiums stands among those that the profile sees; undefined where it lacks something. */
export function placeOf(profile: Wishes & { readonly id: number }, premiums: readonly Premium[]): AskPlace | undefined {
  let premium = 0n;
  let worth = 0n;
  for (const { attribute } of profile.requirements) {
    const offered = premiums.find((one) => isSame(one.attribute!, attribute!));
    if (offered === undefined) return undefined;
    premium += offered.price;
  }
  for (const { attribute, worth: most } of profile.preferences) {
    const offered = premiums.find((one) => isSame(one.attribute!, attribute!));
    if (offered === undefined || offered.price > most) continue;
    premium += offered.price;
    worth += most;
  }
  return { profileId: profile.id, premium, worth };
}

/** What the ask takes from bids of a profile on top of its base price. */
export function premiumIn({ places }: Ask, profile: number): bigint {
  return places.find(({ profileId }) => profileId === profile)?.premium ?? 0n;
}

/** What the profile compares asks by. */
export function rankOf(ask: Pick<Ask, "basePrice" | "premiums">, place: AskPlace): AskRank {
  return [ask.basePrice + place.premium - place.worth, ask.premiums.length];
}

export const openPlace: AskPlace = { profileId: 0, premium: 0n, worth: 0n };

/** Whether the provider declares, and has attested, what it needs to serve the profile now. */
export function satisfies(ctx: Context, ports: MarketPorts, profile: Wishes, premiums: readonly Premium[], view: ProviderView): boolean {
  const declares = ({ key, value }: Attribute): boolean => view.attributes.some(([name, declared]) => name === key && declared === value);
  for (const { attribute, attested, auditors } of profile.requirements) {
    if (!declares(attribute!)) return false;
    const trusted = auditors.length === 0 ? undefined : auditors.map((auditor) => addressBytes(auditor));
    if (attested && !ports.attestations.attested(ctx, view.address, attribute!.key, attribute!.value, ports.clock.tau(ctx), trusted)) return false;
  }
  // What it is paid for, it must still have.
  for (const { attribute, worth } of profile.preferences) {
    const offered = premiums.find((one) => isSame(one.attribute!, attribute!));
    if (offered !== undefined && offered.price <= worth && !declares(attribute!)) return false;
  }
  return true;
}

/** The attributes that a profile's leases promise. */
export function requiredBy(ctx: Context, key: BookKey, id: number): Attribute[] {
  return id === 0 ? [] : (profiles.find(ctx, [key, id])?.requirements.map(({ attribute }) => attribute!) ?? []);
}

/** What tells profiles of one book apart. */
export function contentOf(wishes: Wishes): Uint8Array {
  return sha256(ProfileType.encode(ProfileType.fromPartial({ requirements: wishes.requirements, preferences: wishes.preferences })).finish());
}

/** The ask with its places among all profiles of the book; only for one that stands in no index. */
export function withPlaces(ctx: Context, ask: Ask, key: BookKey, book: Book): Ask {
  const next = Math.max(1, book.nextProfileId);
  if (ask.profilesSeen >= next) return ask;
  if (book.profiles === 0) return { ...ask, places: [], profilesSeen: next };
  const places = ask.places.filter(({ profileId }) => profiles.has(ctx, [key, profileId]));
  for (const [, profile] of profiles.entries(ctx, { within: within.book(key), from: within.profile(key, ask.profilesSeen) })) {
    const place = placeOf(profile, ask.premiums);
    if (place !== undefined) places.push(place);
  }
  return { ...ask, places, profilesSeen: next };
}

export function demandOf(ctx: Context, key: BookKey, profile: number): ProfileDemand {
  return demands.find(ctx, [key, profile]) ?? ProfileDemand.create();
}

/** A job of the profile begins, or one has ended. */
export function countJob(ctx: Context, ports: MarketPorts, key: BookKey, profile: number, change: 1n | -1n): void {
  const demand = demandOf(ctx, key, profile);
  const liveJobs = demand.liveJobs + change;
  demands.set(ctx, [key, profile], { ...demand, liveJobs, idleTau: liveJobs === 0n ? ports.clock.tau(ctx) : 0n });
}

/** The profile's bids are looked at again: its supply changed, or a bid of it came. */
export function unpark(ctx: Context, key: BookKey, profile: number): void {
  const demand = demands.find(ctx, [key, profile]);
  if (demand?.parked === true) demands.set(ctx, [key, profile], { ...demand, parked: false });
}

/** Sorts asks of the book into new profiles, so many a block; who comes into the book meanwhile is sorted in by itself. */
export function buildProfiles(ctx: Context, sort: (ctx: Context, askId: bigint, profile: Profile) => void): void {
  let room = buildStep;
  for (const [[key, id], cursor] of collect(ctx, profileBuilds, buildStep)) {
    if (room <= 0) return;
    const profile = profiles.find(ctx, [key, id]);
    if (profile === undefined) {
      profileBuilds.remove(ctx, [key, id]);
      continue;
    }
    const prefix = within.profile(key, 0);
    const from = cursor.length === 1 ? prefix : joinKey(prefix, cursor);
    let last: Uint8Array | undefined;
    let seen = 0;
    const found: bigint[] = [];
    for (const [place] of askBook.tails(ctx, prefix, askPlaceKey, { from })) {
      if (seen === room) break;
      seen++;
      last = askPlaceKey.encode(place);
      found.push(place[2]);
    }
    for (const askId of found) sort(ctx, askId, profile);
    if (seen < room) {
      profileBuilds.remove(ctx, [key, id]);
      profiles.set(ctx, [key, id], { ...profile, ready: true });
      emit(ctx, "EventProfileReady", { class_id: key[0], quote_denom: key[1], profile_id: id });
    } else profileBuilds.set(ctx, [key, id], joinKey(last!, Uint8Array.of(0)));
    room -= seen;
  }
}

/** Forgets a profile that no bid uses. What stands in its index goes with the asks. */
export function removeProfile(ctx: Context, key: BookKey, profile: Profile): void {
  profiles.remove(ctx, [key, profile.id]);
  profilesByContent.remove(ctx, [key, contentOf(profile)]);
  profileBuilds.remove(ctx, [key, profile.id]);
  demands.remove(ctx, [key, profile.id]);
  const book = openBook(ctx, key);
  books.set(ctx, key, { ...book, profiles: book.profiles - 1 });
}
