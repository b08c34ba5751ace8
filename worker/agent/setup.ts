/** What must stand on chain before a provider can be matched: its registration, its bond, its ask. Says what it did. */
import type { Connection } from "../../client/connection.ts";
import type { Sender } from "../../client/sender.ts";
import { equalBytes } from "../../chain/codec/bytes.ts";
import { Profile } from "../../chain/codec/gen/dcm/staking/v1/types.ts";
import { OrderStatus, Term, type Ask, type Premium, type VerificationLevel } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { MsgPlaceAskResponse } from "../../chain/codec/gen/dcm/market/v1/tx.ts";

export interface ProviderProfile {
  readonly moniker: string;
  /** Where its data is served. */
  readonly dataUrl: string;
  /** X25519, 32 bytes. */
  readonly encryptionKey: Uint8Array;
  readonly organization?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** First bond, in the bond denom. */
  readonly bond: bigint;
}

export interface AskTerms {
  readonly classId: string;
  readonly quoteDenom: string;
  /** For one lot, a multiple of the class's tick. */
  readonly price: bigint;
  /** Tasks, or instances of services, at a time. */
  readonly units: number;
  /** What it takes on top for attributes that its profile declares, by key; one without a price here is not offered. */
  readonly premiums?: Readonly<Record<string, bigint>>;
  /** Units that are in one place, at most. */
  readonly maxColocated?: number;
  /** For services: the longest notice that it gives before it reclaims, in milliseconds; by default the least. */
  readonly reclaimNotice?: bigint;
  /** The longest acceptance window that it takes, in milliseconds; by default none: it is paid at once. */
  readonly maxAcceptanceWindow?: bigint;
  /** The levels of verification at which it serves, rising; by default all. */
  readonly levels?: readonly VerificationLevel[];
  /** For services: serves those that may be reclaimed for nothing, only. */
  readonly preemptible?: boolean;
}

/** Registers the sender's account as a provider, or brings its profile up to date. */
export async function ensureProvider(connection: Connection, sender: Sender, profile: ProviderProfile): Promise<"registered" | "edited" | "unchanged"> {
  const attributes = Object.entries(profile.attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }));
  const wanted = { moniker: profile.moniker, endpoints: [profile.dataUrl], encryptionKey: profile.encryptionKey, attributes, organization: profile.organization ?? "" };
  const known = await connection.query.providers.provider({ operator: sender.address }).then((answer) => answer.provider?.profile, (error: unknown) => {
    if (/not found|no provider|NotFound/i.test(String(error))) return undefined;
    throw error;
  });
  if (known === undefined) {
    const { params } = await connection.query.providers.params();
    const bond = { denom: params!.bondDenom, amount: String(profile.bond) };
    await sender.send({ typeUrl: "/dcm.staking.v1.MsgRegisterProvider", value: { operator: sender.address, profile: wanted, bond } });
    return "registered";
  }
  if (equalBytes(Profile.encode(known).finish(), Profile.encode(wanted).finish())) return "unchanged";
  await sender.send({ typeUrl: "/dcm.staking.v1.MsgEditProvider", value: { operator: sender.address, profile: wanted } });
  return "edited";
}

/**
 * Places an ask unless one with these terms rests in the book; gives its id. One with another price is replaced, others of the same book are taken out. With
 * `keepShrunk`, one that lost units for lack of bond counts as it is: taking it out would not bring the bond back.
 */
export async function ensureAsk(connection: Connection, sender: Sender, terms: AskTerms, keepShrunk = false): Promise<bigint> {
  const { asks } = await connection.query.market.asks({ provider: sender.address, pagination: { key: new Uint8Array(0), offset: 0n, limit: 1_000n, countTotal: false, reverse: false } });
  // What is reserved for one account (a quote, a forward's delivery) is promised to it.
  const mine = asks.filter((ask) => ask.status === OrderStatus.ORDER_STATUS_OPEN && ask.reservedFor === "" && ask.classId === terms.classId && ask.quoteDenom === terms.quoteDenom);
  const premiums = await premiumsOf(connection, sender.address, terms.premiums ?? {});
  const preemptible = terms.preemptible === true;
  const shaped = (ask: Ask): boolean =>
    ask.maxColocated === (terms.maxColocated ?? 0) && (ask.term === Term.TERM_PREEMPTIBLE) === preemptible && (terms.reclaimNotice === undefined || ask.reclaimNotice === terms.reclaimNotice) &&
    ask.maxAcceptanceWindow === (terms.maxAcceptanceWindow ?? 0n) && ask.levels.join() === (terms.levels ?? []).join();
  const sized = (ask: Ask): boolean => shaped(ask) && (ask.units === terms.units || (keepShrunk && ask.units < terms.units));
  const priced = (ask: Ask): boolean => ask.basePrice === terms.price && samePremiums(ask.premiums, premiums);
  const wanted = mine.find((ask) => sized(ask) && priced(ask)) ?? mine.find(sized);
  for (const ask of mine) if (ask !== wanted) await sender.send({ typeUrl: "/dcm.market.v1.MsgCancelAsk", value: { provider: sender.address, askId: ask.id } });
  if (wanted !== undefined) {
    if (!priced(wanted)) await sender.send({ typeUrl: "/dcm.market.v1.MsgReplaceAsk", value: { provider: sender.address, askId: wanted.id, basePrice: terms.price, premiums, expiresTau: 0n } });
    return wanted.id;
  }
  const sent = await sender.send({
    typeUrl: "/dcm.market.v1.MsgPlaceAsk",
    value: {
      provider: sender.address, classId: terms.classId, quoteDenom: terms.quoteDenom, basePrice: terms.price, units: terms.units, premiums,
      maxColocated: terms.maxColocated ?? 0, availableFrom: 0n, availableUntil: 0n, expiresTau: 0n, reclaimNotice: terms.reclaimNotice ?? 0n,
      term: preemptible ? Term.TERM_PREEMPTIBLE : Term.TERM_SPOT, reservedFor: "", maxAcceptanceWindow: terms.maxAcceptanceWindow ?? 0n, levels: terms.levels ?? [],
    },
  });
  return MsgPlaceAskResponse.decode(sent.response?.value ?? new Uint8Array(0)).askId;
}

/** With the values that the provider's profile declares. */
async function premiumsOf(connection: Connection, provider: string, prices: Readonly<Record<string, bigint>>): Promise<Premium[]> {
  if (Object.keys(prices).length === 0) return [];
  const { attributes } = (await connection.query.providers.provider({ operator: provider })).provider!.profile!;
  const missing = Object.keys(prices).find((key) => !attributes.some((attribute) => attribute.key === key));
  if (missing !== undefined) throw new Error(`ask.premiums has a price for ${missing}, which the provider does not declare; add it to attributes`);
  return attributes.filter(({ key }) => prices[key] !== undefined).map((attribute) => ({ attribute, price: prices[attribute.key]! }));
}

function samePremiums(a: readonly Premium[], b: readonly Premium[]): boolean {
  return a.length === b.length && a.every((one, i) => one.attribute!.key === b[i]!.attribute!.key && one.attribute!.value === b[i]!.attribute!.value && one.price === b[i]!.price);
}
