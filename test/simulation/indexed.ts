/** Whoever an event of this chain names is found by it: CometBFT's index has the attribute. */
import type { Event } from "../../chain/codec/gen/tendermint/abci/types.ts";
import { isName } from "../../chain/node/event-index.ts";

/** Attributes with several accounts or words in one text: nobody can search by one of them. */
const lists = new Set(["absent", "probers", "providers", "reported", "scope"]);

/** The sentence that says by which account an event of this chain cannot be found, or undefined. */
export function indexFault(events: readonly Event[]): string | undefined {
  for (const { type, attributes } of events) {
    if (!type.startsWith("dcm.")) continue;
    for (const { key, value } of attributes) if (/^[a-z]+1[a-z0-9]{38,}$/.test(value) && !isName(key) && !lists.has(key)) return `${type}.${key} is an account, and the index leaves it out`;
  }
  return undefined;
}
