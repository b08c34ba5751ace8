/** cosmos.base.node.v1beta1.Service: this node's configuration and state. */
import { ServiceDefinition as Definition } from "../../codec/gen/cosmos/base/node/v1beta1/query.ts";
import { fromHex } from "../../codec/bytes.ts";
import { QueryError } from "../../runtime/errors.ts";
import type { Machine } from "../../runtime/machine.ts";
import type { CometRpc } from "./comet-rpc.ts";
import type { HeaderJson } from "./comet-types.ts";
import { nodeService, type NodeMethod } from "./registry.ts";

export interface NodeSettings {
  readonly minGasPrices: readonly (readonly [denom: string, price: bigint])[];
  readonly pruningKeepRecent: number;
  readonly haltHeight: number;
}

/** The durable state as the store knows it. */
export interface StoreView {
  readonly appHash: Uint8Array;
  /** The oldest version that can still be asked for. */
  readonly earliest: number;
}

export function nodeInfoService(machine: Machine, settings: NodeSettings, store: StoreView, rpc: CometRpc): NodeMethod[] {
  return nodeService(Definition, {
    config: () => ({
      minimumGasPrice: settings.minGasPrices.map(([denom, price]) => `${decText(price)}${denom}`).join(","),
      pruningKeepRecent: String(settings.pruningKeepRecent),
      // Old versions go after each block.
      pruningInterval: "1",
      haltHeight: BigInt(settings.haltHeight),
    }),
    async status() {
      const { header } = machine;
      if (header === undefined) throw new QueryError("Unavailable", "the chain has no genesis yet");
      const known = await rpc.call<{ header: HeaderJson }>("header", { height: header.height.toString() }).catch(() => undefined);
      return {
        earliestStoreHeight: BigInt(store.earliest),
        height: header.height,
        timestamp: { seconds: header.timeNanos / 1_000_000_000n, nanos: Number(header.timeNanos % 1_000_000_000n) },
        appHash: store.appHash,
        validatorHash: known === undefined ? new Uint8Array(0) : fromHex(known.header.next_validators_hash),
      };
    },
  });
}

/** 18 decimals, all of them, as the SDK prints decimals. */
function decText(atomics: bigint): string {
  const digits = atomics.toString().padStart(19, "0");
  return `${digits.slice(0, -18)}.${digits.slice(-18)}`;
}
