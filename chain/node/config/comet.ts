/** CometBFT 0.38's config.toml: every setting, with this chain's defaults and why they differ from CometBFT's. */

/** Of a request to RPC or to REST: a transaction of max_tx_bytes fits in as base64, with what stands around it. */
export const maxBodyBytes = 1_500_000;

export interface CometDefaults {
  readonly moniker: string;
  readonly rpcLaddr?: string;
  readonly p2pLaddr?: string;
}

/** The file's text. Values that differ from CometBFT's own defaults say why. */
export function cometConfig({ moniker, rpcLaddr = "tcp://127.0.0.1:26657", p2pLaddr = "tcp://0.0.0.0:26656" }: CometDefaults): string {
  return `# CometBFT's settings. Paths are relative to the home directory. Durations are texts such as "500ms".
# A line "(CometBFT: X)" gives CometBFT's own default where this chain's differs.

version = "0.38.26"

# Where CometBFT finds the application when you run CometBFT yourself ("dcmd start --app-only" listens here).
# Plain "dcmd start" connects the two through a private socket instead.
proxy_app = "tcp://127.0.0.1:26658"
abci = "socket"

moniker = ${JSON.stringify(moniker)}
db_backend = "goleveldb"
db_dir = "data"

# "info" prints several lines a block; "dcmd start --log-level" overrides it. (CometBFT: info)
log_level = "error"
log_format = "json"

genesis_file = "config/genesis.json"
priv_validator_key_file = "config/priv_validator_key.json"
priv_validator_state_file = "data/priv_validator_state.json"
# Address where a remote signer connects; empty: the key file above signs.
priv_validator_laddr = ""
node_key_file = "config/node_key.json"
filter_peers = false
event_bus_buffer_capacity = 0

[rpc]
laddr = ${JSON.stringify(rpcLaddr)}
# Origins of web pages that may use this RPC; ["*"] allows all, [] none.
cors_allowed_origins = []
cors_allowed_methods = ["HEAD", "GET", "POST", ]
cors_allowed_headers = ["Origin", "Accept", "Content-Type", "X-Requested-With", "X-Server-Time", ]
grpc_laddr = ""
grpc_max_open_connections = 900
unsafe = false
max_open_connections = 900
max_subscription_clients = 100
max_subscriptions_per_client = 5
experimental_subscription_buffer_size = 200
experimental_websocket_write_buffer_size = 200
experimental_close_on_slow_client = false
timeout_broadcast_tx_commit = "10s"
max_request_batch_size = 10
# A transaction of max_tx_bytes fits in as base64. (CometBFT: 1000000)
max_body_bytes = ${maxBodyBytes}
max_header_bytes = 1048576
tls_cert_file = ""
tls_key_file = ""
pprof_laddr = ""

[p2p]
laddr = ${JSON.stringify(p2pLaddr)}
# What peers dial, e.g. "203.0.113.7:26656"; empty: found out from the listener.
external_address = ""
# Comma-separated id@host:port.
seeds = ""
persistent_peers = ""
addr_book_file = "config/addrbook.json"
# false on private and local networks.
addr_book_strict = true
max_num_inbound_peers = 40
max_num_outbound_peers = 10
unconditional_peer_ids = ""
persistent_peers_max_dial_period = "0s"
# Votes leave after at most this long: a block needs several such hops. (CometBFT: 100ms)
flush_throttle_timeout = "10ms"
max_packet_msg_payload_size = 1024
# Bytes per second and peer. (CometBFT: 5120000)
send_rate = 20480000
recv_rate = 20480000
pex = true
seed_mode = false
private_peer_ids = ""
# true where several nodes share one address.
allow_duplicate_ip = false
handshake_timeout = "20s"
dial_timeout = "3s"

[mempool]
type = "flood"
recheck = true
# The application rechecks in microseconds; with a full mempool of 50,000 this leaves an order of magnitude. (CometBFT: 1s)
recheck_timeout = "5s"
broadcast = true
wal_dir = ""
# Transactions that may wait. Throughput is at most this many per block: with blocks of a second, CometBFT's 5000 caps the
# chain at 5000 transactions a second and turns bursts away. 50,000 of 300 bytes are 15 MB. (CometBFT: 5000)
size = 50000
# Bytes that may wait. (CometBFT: 1073741824)
max_txs_bytes = 268435456
# Hashes that are remembered, so that a transaction is checked once however many peers send it: above "size". (CometBFT: 10000)
cache_size = 200000
keep-invalid-txs-in-cache = false
max_tx_bytes = 1048576
max_batch_bytes = 0
experimental_max_gossip_connections_to_persistent_peers = 0
experimental_max_gossip_connections_to_non_persistent_peers = 0

[statesync]
# Start from a snapshot of peers instead of from genesis: set a height and hash that you trust, and two RPC servers.
enable = false
rpc_servers = ""
trust_height = 0
trust_hash = ""
trust_period = "168h0m0s"
# How long to look for snapshots before one is chosen; CometBFT wants 5s at least. (CometBFT: 15s)
discovery_time = "5s"
temp_dir = ""
chunk_request_timeout = "10s"
chunk_fetchers = "4"
max_snapshot_chunks = 100000

[blocksync]
version = "v0"

[consensus]
wal_file = "data/cs.wal/wal"
timeout_propose = "3s"
timeout_propose_delta = "500ms"
timeout_prevote = "1s"
timeout_prevote_delta = "500ms"
timeout_precommit = "1s"
timeout_precommit_delta = "500ms"
# The pause after a block: sets the block time. All validators should agree on it.
timeout_commit = "1s"
double_sign_check_height = 0
skip_timeout_commit = false
# Deadlines of jobs are counted in blocks and need them to come, with or without transactions.
create_empty_blocks = true
create_empty_blocks_interval = "0s"
peer_gossip_sleep_duration = "100ms"
peer_query_maj23_sleep_duration = "2s"
block_time_tolerance = "1m0s"

[storage]
# REST and gRPC answer from stored results; "block_results" too.
discard_abci_responses = false

[tx_index]
# "kv" lets clients find transactions by hash and by event; "null" saves its cost on a validator that serves nobody.
indexer = "kv"
psql-conn = ""

[instrumentation]
# CometBFT's own metrics; the application's are switched on in app.toml.
prometheus = false
prometheus_listen_addr = "127.0.0.1:26660"
max_open_connections = 3
namespace = "cometbft"
`;
}
