/** The keys of store `organization`; the README has them as a table. */
import { concatBytes, uint64Bytes } from "../../codec/bytes.ts";
import { BudgetRecord, Holding, Member, Organization, Params, Policy } from "../../codec/gen/dcm/organization/v1/types.ts";
import { bytesKey, item, map, pairKey, present, proto, textKey, textValue, tripleKey, uint32Key, uint64Key, type KeyCodec, type MapOf } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";

export const storeName = "organization";

export const params = item(storeName, Uint8Array.of(0x01), proto(Params));
export const organizations = map(storeName, Uint8Array.of(0x02), textKey, proto(Organization));
/** Look of a name -> the name that has it. */
export const looks = map(storeName, Uint8Array.of(0x03), textKey, textValue);
/** Account -> the organization whose money it holds. */
export const accounts = map(storeName, Uint8Array.of(0x04), bytesKey, textValue);
/** (organization, member). */
export const members = map(storeName, Uint8Array.of(0x05), pairKey(textKey, bytesKey), proto(Member));
/** (member, organization): accepted, so that their number is bounded; and invitations, whose number is not the account's to say. */
export const memberships = map(storeName, Uint8Array.of(0x06), pairKey(bytesKey, textKey), present);
export const invitations = map(storeName, Uint8Array.of(0x0a), pairKey(bytesKey, textKey), present);
export const policies = map(storeName, Uint8Array.of(0x07), textKey, proto(Policy));

/** denom, member (empty: all), tag key and value (empty: all). */
export type BudgetScope = readonly [denom: string, readonly [member: Uint8Array, tagKey: string, tagValue: string]];
const scopeKey: KeyCodec<BudgetScope> = pairKey(textKey, tripleKey(bytesKey, textKey, textKey));
/** (organization, scope). */
export const budgets = map(storeName, Uint8Array.of(0x08), pairKey(textKey, scopeKey), proto(BudgetRecord));

/** What money is held for. */
export type HoldingKey = readonly [readonly [kind: number, id: bigint], readonly [organization: string, denom: string]];
export const holdings = map(storeName, Uint8Array.of(0x09), pairKey(pairKey(uint32Key, uint64Key), pairKey(textKey, textKey)), proto(Holding));

/** Prefixes of keys, for ranges. */
export const within = {
  organization: (name: string): Uint8Array => textKey.encode(name),
  member: (address: Uint8Array): Uint8Array => bytesKey.encode(address),
  holding: (kind: number, id: bigint): Uint8Array => concatBytes(uint32Key.encode(kind), uint64Bytes(id)),
};

/** The entries within a prefix; of collections whose part there is bounded. */
export function collect<K, V>(ctx: Context, collection: MapOf<K, V>, prefix: Uint8Array): (readonly [K, V])[] {
  return Array.from(collection.entries(ctx, { within: prefix }));
}
