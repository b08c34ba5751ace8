import { Clock } from "../../codec/gen/dcm/clock/v1/clock.ts";
import { item, lastDecoded, proto } from "../../runtime/collections.ts";

export const storeName = "clock";
export const clockState = item(storeName, Uint8Array.of(1), lastDecoded(proto(Clock)));
