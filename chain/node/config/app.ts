/** app.toml: what the application serves and keeps. The names are the Cosmos SDK's wherever it has one. */
import type { Unindexed } from "../../abci/unindexed.ts";
import { eventIndex } from "../event-index.ts";
import { maxBodyBytes } from "./comet.ts";
import type { ConfigFile } from "./toml.ts";
import { ConfigError } from "./toml.ts";

/** The staking and fee token's smallest unit. */
export const nativeDenom = "udcm";

export interface AppConfig {
  /** e.g. "0.001udcm"; several prices are joined by commas. */
  readonly minimumGasPrices: string;
  readonly proofKeepRecent: number;
  readonly pruningKeepRecent: number;
  readonly pruningKeepEvery: number;
  readonly minRetainBlocks: number;
  readonly haltHeight: number;
  readonly unindexed: Unindexed;
  readonly api: {
    readonly enable: boolean;
    readonly address: string;
    readonly corsAllowedOrigins: readonly string[];
    readonly maxOpenConnections: number;
    readonly maxBodyBytes: number;
    readonly requestTimeoutMs: number;
    /** Requests a second and client address; 0 is no limit. */
    readonly rateLimit: number;
  };
  readonly grpc: { readonly enable: boolean; readonly address: string; readonly maxRecvBytes: number; readonly maxSendBytes: number; readonly maxConcurrentStreams: number };
  readonly metrics: { readonly enable: boolean; readonly address: string };
  readonly snapshotInterval: number;
  readonly snapshotKeepRecent: number;
  /** CometBFT's RPC as the application reaches it; undefined: the address in config.toml. */
  readonly cometRpc: string | undefined;
}

/** The file's text with this chain's defaults. */
export function appConfigText(): string {
  return `# The application's settings. CometBFT's stand in config.toml.

# Fees below this price are turned away from this node's mempool. Several tokens: "0.001udcm,0.02uusd". "" takes everything.
minimum-gas-prices = "0.001${nativeDenom}"

# Versions of the state that proofs are given for. They are in memory: a version costs what its block changed.
proof-keep-recent = 20
# Versions that queries can read, without proofs, from disk: the latest so many (0: only those above) ...
pruning-keep-recent = 10000
# ... and each so many heights one for good (0: none).
pruning-keep-every = 0

# Blocks that CometBFT keeps at least, from the latest back; 0 keeps all. What evidence (its age in the consensus params) and the oldest snapshot need
# (snapshot-interval x snapshot-keep-recent) is kept beyond that.
min-retain-blocks = 0

# The node stops after this height; 0 never.
halt-height = 0

# Attributes of events by which CometBFT's index finds no transaction or block: "TYPE.KEY", or "*.KEY" in every event. Indexing is about a third of what a
# transaction costs CometBFT: ["*.amount", "*.msg_index", "tx.fee"] spares a part of it. Results, subscriptions and hashes are the same; [] indexes everything.
index-except = []
# Of this chain's own events (dcm.*) the index has what names something: ids, accounts, organizations, digests, states. true: amounts, counts, prices and times too,
# which makes a transaction of the market cost CometBFT half as much again.
index-measures = false

[api]
# REST (LCD), with /openapi.json
enable = true
address = "tcp://127.0.0.1:1317"
# Origins of web pages that may call it; ["*"] allows all, [] none.
cors-allowed-origins = []
max-open-connections = 1000
# As many as max_body_bytes of config.toml: what RPC takes of a transaction, REST takes.
max-body-bytes = ${maxBodyBytes}
request-timeout = "15s"
# Requests a second and client address, bursts of ten times as many; 0 is no limit.
rate-limit = 0

[grpc]
enable = true
address = "127.0.0.1:9090"
max-recv-msg-size = 4194304
max-send-msg-size = 33554432
max-concurrent-streams = 128

[metrics]
# Prometheus, at /metrics
enable = false
address = "tcp://127.0.0.1:26661"

[state-sync]
# A snapshot for new nodes each so many blocks; 0 takes none.
snapshot-interval = 1000
# At least 2, so that a new node can finish the one that it began.
snapshot-keep-recent = 2

[comet]
# CometBFT's RPC for queries about blocks and transactions; "" takes rpc.laddr of config.toml.
rpc = ""
`;
}

const port = /^(?:tcp:\/\/)?(?:\[[0-9a-fA-F:.]+\]|[^:/[\]]+):\d{1,5}$/;

/** Reads and checks app.toml. Throws a ConfigError that names file and key. */
export function readAppConfig(file: ConfigFile): AppConfig {
  const address = (key: string, fallback: string): string => {
    const value = file.string(key, fallback);
    if (!port.test(value)) throw new ConfigError(`${file.path}: ${key} must be HOST:PORT, it is ${JSON.stringify(value)}`);
    return value;
  };
  const rpc = file.string("comet.rpc", "");
  return {
    minimumGasPrices: file.string("minimum-gas-prices", ""),
    proofKeepRecent: file.integer("proof-keep-recent", 1, 100_000, 20),
    pruningKeepRecent: file.integer("pruning-keep-recent", 0, 100_000_000, 10_000),
    pruningKeepEvery: file.integer("pruning-keep-every", 0, 100_000_000, 0),
    minRetainBlocks: file.integer("min-retain-blocks", 0, Number.MAX_SAFE_INTEGER, 0),
    haltHeight: file.integer("halt-height", 0, Number.MAX_SAFE_INTEGER, 0),
    unindexed: unindexed(file),
    api: {
      enable: file.boolean("api.enable", true),
      address: address("api.address", "tcp://127.0.0.1:1317"),
      corsAllowedOrigins: file.strings("api.cors-allowed-origins", []),
      maxOpenConnections: file.integer("api.max-open-connections", 1, 65_535, 1000),
      maxBodyBytes: file.integer("api.max-body-bytes", 1024, 64 << 20, maxBodyBytes),
      requestTimeoutMs: file.duration("api.request-timeout", "15s"),
      rateLimit: file.integer("api.rate-limit", 0, 1_000_000, 0),
    },
    grpc: {
      enable: file.boolean("grpc.enable", true),
      address: address("grpc.address", "127.0.0.1:9090"),
      maxRecvBytes: file.integer("grpc.max-recv-msg-size", 1024, 256 << 20, 4 << 20),
      maxSendBytes: file.integer("grpc.max-send-msg-size", 1024, 256 << 20, 32 << 20),
      maxConcurrentStreams: file.integer("grpc.max-concurrent-streams", 1, 100_000, 128),
    },
    metrics: { enable: file.boolean("metrics.enable", false), address: address("metrics.address", "tcp://127.0.0.1:26661") },
    snapshotInterval: file.integer("state-sync.snapshot-interval", 0, Number.MAX_SAFE_INTEGER, 1000),
    snapshotKeepRecent: file.integer("state-sync.snapshot-keep-recent", 2, 1000, 2),
    cometRpc: rpc === "" ? undefined : rpc,
  };
}

function unindexed(file: ConfigFile): Unindexed {
  try {
    return eventIndex({ measures: file.boolean("index-measures", false), except: file.strings("index-except", []) });
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigError(`${file.path}: index-except: ${error.message}`);
    throw error;
  }
}

/** "0.001udcm,0.02uusd" to denoms and prices in 10^-18 units a gas. Throws a ConfigError. */
export function parseGasPrices(text: string): [denom: string, price: bigint][] {
  if (text.trim() === "") return [];
  return text.split(",").map((part) => {
    const match = /^(\d{1,30})(?:\.(\d{1,18}))?([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$/.exec(part.trim());
    if (match === null) throw new ConfigError(`minimum-gas-prices: ${JSON.stringify(part.trim())} is not a price such as "0.001${nativeDenom}"`);
    return [match[3]!, BigInt(match[1]!) * 10n ** 18n + BigInt((match[2] ?? "").padEnd(18, "0"))] as [string, bigint];
  });
}
