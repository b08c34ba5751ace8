/** client.toml: what commands that talk to a node assume. */

export interface ClientConfig {
  readonly chainId: string;
  readonly keyringBackend: string;
  readonly output: string;
  readonly node: string;
  readonly broadcastMode: string;
}

/** The file's text. */
export function clientConfig(values: Partial<ClientConfig>): string {
  const { chainId = "", keyringBackend = "file", output = "text", node = "tcp://127.0.0.1:26657", broadcastMode = "sync" } = values;
  return `# Defaults of commands; flags override them.
chain-id = ${JSON.stringify(chainId)}
# "file" (encrypted under a passphrase) or "test" (not encrypted: never for money).
keyring-backend = ${JSON.stringify(keyringBackend)}
# "text" or "json"
output = ${JSON.stringify(output)}
# CometBFT's RPC
node = ${JSON.stringify(node)}
broadcast-mode = ${JSON.stringify(broadcastMode)}
`;
}
