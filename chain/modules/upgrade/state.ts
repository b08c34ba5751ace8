/** The keys of store `upgrade`. */
import { Plan } from "../../codec/gen/cosmos/upgrade/v1beta1/upgrade.ts";
import { utf8 } from "../../codec/bytes.ts";
import { item, map, proto, textTailKey, textValue, uint64Value } from "../../runtime/collections.ts";

export const storeName = "upgrade";
/** The plan that is scheduled. */
export const plan = item(storeName, utf8("plan"), proto(Plan));
/** Name of an applied plan to its height. */
export const applied = map(storeName, utf8("applied/"), textTailKey, uint64Value);
/** The name of the plan that was applied last. */
export const last = item(storeName, utf8("last"), textValue);
