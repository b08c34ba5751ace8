/** dcmd status: what a running node says of itself. */
import { existsSync } from "node:fs";
import { ConfigFile } from "../config/toml.ts";
import { Home } from "../home.ts";
import { CometRpc } from "../services/comet-rpc.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

interface CometStatus {
  readonly node_info: { readonly id: string; readonly moniker: string; readonly network: string; readonly version: string };
  readonly sync_info: { readonly latest_block_height: string; readonly latest_block_time: string; readonly latest_app_hash: string; readonly earliest_block_height: string; readonly catching_up: boolean };
  readonly validator_info: { readonly address: string; readonly voting_power: string };
}

export async function status(io: Io, globals: Globals, options: { readonly node?: string | undefined }): Promise<void> {
  const home = new Home(globals.home);
  const url = options.node ?? (existsSync(home.clientConfig) ? ConfigFile.read(home.clientConfig).string("node") : "tcp://127.0.0.1:26657");
  const rpc = new CometRpc(url);
  let answer: CometStatus;
  let peers: string;
  try {
    answer = await rpc.call<CometStatus>("status", {});
    peers = (await rpc.call<{ n_peers: string }>("net_info", {})).n_peers;
  } catch (error) {
    throw new CliError(`no answer from ${url}: ${error instanceof Error ? error.message : "unreachable"}`, { hint: "Is the node running (dcmd start)? Another one is asked with --node.", exitCode: exitCodes.unreachable });
  }
  const { node_info: node, sync_info: sync, validator_info: validator } = answer;
  const age = Math.max(0, Math.round((io.now().getTime() - Date.parse(sync.latest_block_time)) / 1000));
  const rows = [
    ["chain", node.network],
    ["node", `${node.moniker} ${node.id}`],
    ["height", `${sync.latest_block_height}, block of ${age} s ago${sync.catching_up ? ", catching up" : ""}`],
    ["app hash", sync.latest_app_hash],
    ["peers", peers],
    ["validator", `${validator.address}, voting power ${validator.voting_power}`],
    ["CometBFT", node.version],
  ];
  print(io, globals.format, answer, columns(rows));
}
