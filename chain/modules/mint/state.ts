/** The store of mint. */
import { Minter, Params } from "../../codec/gen/cosmos/mint/v1beta1/mint.ts";
import { item, proto } from "../../runtime/collections.ts";

export const storeName = "mint";
export const minter = item(storeName, Uint8Array.of(0), proto(Minter));
export const params = item(storeName, Uint8Array.of(1), proto(Params));
