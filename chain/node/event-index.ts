/**
 * By which attributes of this chain's own events CometBFT's index finds transactions and blocks: by what names something. A reveal has 74 attributes
 * in its six events; indexing them all is most of what it costs CometBFT, and nobody looks for a transaction by its lots.
 */
import { unindexedByName, type Unindexed } from "../abci/unindexed.ts";

/** Package prefix of this chain's events; those of Cosmos SDK modules are indexed as everywhere. */
const own = "dcm.";

/** Keys whose values are accounts, organizations, digests, or words for what became of something. */
const names = new Set([
  "address", "auditor", "authority", "by", "challenger", "consumer", "creator", "grantee", "granter", "holder", "juror", "member", "offered_to", "opened_by", "opener", "operator", "owner", "party", "payer", "prober", "provider", "recipient",
  "registrant", "requester", "reserved_for", "rival", "seller", "sender", "session", "validator_address",
  "jurisdiction", "organization", "provider_organization",
  "digest", "evidence_hash", "input_root", "public_key",
  "key", "kind", "outcome", "reason", "role", "side", "state", "status", "verdict",
]);

/** An attribute that names something: its key says so, or ends in `_id`. */
export const isName = (key: string): boolean => names.has(key) || key.endsWith("_id") || key === "id";

/** `measures`: amounts, counts, prices and times of own events are indexed too. `except`: see `unindexedByName`. */
export function eventIndex({ measures, except }: { readonly measures: boolean; readonly except: readonly string[] }): Unindexed {
  const excepted = unindexedByName(except);
  if (measures) return excepted;
  return { has: (type, key, value) => (type.startsWith(own) && (value === "" || !isName(key))) || excepted.has(type, key, value) };
}
