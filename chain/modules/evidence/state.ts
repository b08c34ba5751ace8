/** The keys of store `evidence`. */
import { Equivocation } from "../../codec/gen/cosmos/evidence/v1beta1/evidence.ts";
import { map, proto, tailKey } from "../../runtime/collections.ts";

export const storeName = "evidence";

/** By hash: what was punished. */
export const equivocations = map(storeName, Uint8Array.of(0x00), tailKey, proto(Equivocation));
