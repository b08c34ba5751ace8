/** One node of a home: store, state machine, services, ABCI application, put together and taken apart in order. */
import { createApp, storeNames } from "../app.ts";
import { blsSign } from "../codec/bls.ts";
import type { HaltError } from "../runtime/errors.ts";
import type { Machine } from "../runtime/machine.ts";
import { MultiStore, type MultiStoreOptions } from "../store/multistore.ts";
import { SnapshotStore } from "../store/snapshots.ts";
import { parseGasPrices, type AppConfig } from "./config/app.ts";
import { readBeaconKey } from "./config/keys.ts";
import type { Home } from "./home.ts";
import type { Log } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { Node } from "./node.ts";
import { prefetcher } from "./prefetch.ts";
import { Queries } from "./queries.ts";
import { cometService } from "./services/comet.ts";
import type { CometRpc } from "./services/comet-rpc.ts";
import { nodeInfoService, type StoreView } from "./services/node.ts";
import { reflectionServices } from "./services/reflection.ts";
import { NodeServices } from "./services/registry.ts";
import { txService } from "./services/tx.ts";
import { versionInfo } from "./version.ts";

export interface OpenNode {
  readonly node: Node;
  readonly machine: Machine;
  readonly store: MultiStore;
  readonly snapshots: SnapshotStore;
  readonly queries: Queries;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

export type Keep = Pick<AppConfig, "proofKeepRecent" | "pruningKeepRecent" | "pruningKeepEvery">;

/** The store of a home at its last durable version. Throws StoreLocked where another process holds it. */
export function openStore(home: Home, keep: Keep, log: Log): Promise<MultiStore> {
  const options: MultiStoreOptions = {
    directory: home.appData, stores: storeNames, keepRecent: keep.proofKeepRecent, keepHistory: keep.pruningKeepRecent, keepEvery: keep.pruningKeepEvery, log,
  };
  return MultiStore.open(options);
}

/** The snapshots of a store. */
export function openSnapshots(home: Home, store: MultiStore, keep: number): SnapshotStore {
  return SnapshotStore.open(store, { directory: home.snapshots, keep });
}

/** The state machine over a store, as offline commands use it. */
export function machineOver(store: MultiStore, log: Log): Machine {
  return createApp({ store, strict: false, report: (what, error) => log("error", what, { error }), minGasPrices: [] });
}

export interface Upgrading {
  readonly skipHeights: readonly bigint[];
  readonly onHalt: (halt: HaltError) => void;
}

export async function openNode(home: Home, config: AppConfig, rpc: CometRpc, log: Log, upgrading?: Upgrading): Promise<OpenNode> {
  const store = await openStore(home, config, log);
  try {
    return wire(home, config, store, rpc, log, upgrading);
  } catch (error) {
    await store.close();
    throw error;
  }
}

function wire(home: Home, config: AppConfig, store: MultiStore, rpc: CometRpc, log: Log, upgrading: Upgrading | undefined): OpenNode {
  const snapshots = openSnapshots(home, store, config.snapshotKeepRecent);
  const beacon = readBeaconKey(home);
  const minGasPrices = parseGasPrices(config.minimumGasPrices);
  const machine = createApp({
    store,
    strict: false,
    report: (what, error) => log("error", what, { error }),
    minGasPrices,
    ...(upgrading === undefined ? {} : { skipUpgradeHeights: upgrading.skipHeights }),
    ...(beacon === undefined ? {} : { signBeacon: (message: Uint8Array) => blsSign(beacon.secretKey, message) }),
  });
  const version = versionInfo();
  const metrics = new Metrics();
  const view: StoreView = {
    get appHash() { return store.appHash; },
    get earliest() { return store.oldest; },
  };
  const services: NodeServices = new NodeServices([
    ...txService(machine, rpc),
    ...nodeInfoService(machine, { ...config, minGasPrices }, view, rpc),
    ...cometService(rpc, version, (request) => node.query(request)),
    ...reflectionServices(machine, () => services.paths),
  ]);
  const prefetch = prefetcher(machine);
  const node: Node = new Node({
    machine, store, prefetch, snapshots, snapshotInterval: config.snapshotInterval, snapshotKeepRecent: config.snapshotKeepRecent, minRetainBlocks: config.minRetainBlocks, unindexed: config.unindexed, version: version.version, services, metrics, log,
    ...(upgrading === undefined ? {} : { onHalt: upgrading.onHalt }),
  });
  metrics.gauge("dcm_store_oldest_height", "Oldest version that can be read", () => store.oldest);
  metrics.gauge("dcm_store_memory_bytes", "Bytes of the state tree in memory", () => store.memoryBytes);
  return {
    node, machine, store, snapshots, metrics, queries: new Queries(machine, services),
    close: async () => {
      await node.idle();
      await prefetch.close();
      await snapshots.close();
      await store.close();
    },
  };
}
