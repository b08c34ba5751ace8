/** The keys of store `consensus`. */
import { ConsensusParams } from "../../codec/gen/tendermint/types/params.ts";
import { utf8 } from "../../codec/bytes.ts";
import { item, present, proto } from "../../runtime/collections.ts";

export const storeName = "consensus";
export const params = item(storeName, utf8("Consensus"), proto(ConsensusParams));
/** Set by a change, taken at the end of the same block. */
export const pending = item(storeName, utf8("pending"), present);
