/** dcmd genesis collect-gentxs: the validators' transactions into genesis.json, their nodes into persistent_peers. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Tx } from "../../codec/gen/cosmos/tx/v1beta1/tx.ts";
import { fromJson } from "../../codec/proto-json.ts";
import { readGenesisDoc, writeAppState, type JsonObject } from "../config/genesis-doc.ts";
import { readNodeId } from "../config/keys.ts";
import { setTomlValue } from "../config/toml.ts";
import { readJson, writeFile } from "../home.ts";
import { openHome } from "./common.ts";
import { CliError, exitCodes, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

export async function collectGentxs(io: Io, globals: Globals, options: { readonly gentxDir?: string | undefined }): Promise<void> {
  const home = openHome(globals);
  const directory = options.gentxDir ?? home.genTxs;
  const files = existsSync(directory) ? readdirSync(directory).filter((file) => file.endsWith(".json")).sort((a, b) => (a < b ? -1 : 1)) : [];
  if (files.length === 0) throw new CliError(`no gentx files (*.json) in ${directory}`, { hint: 'Make one with "dcmd genesis gentx", and put the other validators\' files there.', exitCode: exitCodes.notFound });
  const gathered = files.map((file) => readGentx(join(directory, file)));
  for (const [i, { peer, path }] of gathered.entries()) {
    const other = gathered.slice(0, i).find((earlier) => earlier.peer.split("@")[0] === peer.split("@")[0]);
    if (other !== undefined) throw new CliError(`${path} and ${other.path} are of the same node ${peer}`, { hint: "Keep the newer one.", exitCode: exitCodes.invalid });
  }
  const doc = readGenesisDoc(home.genesis);
  writeAppState(home.genesis, doc, { ...doc.appState, genutil: { gen_txs: gathered.map(({ json }) => json) } });
  const own = existsSync(home.nodeKey) ? readNodeId(home) : "";
  const peers = gathered.map(({ peer }) => peer).filter((peer) => !peer.startsWith(`${own}@`));
  writeFile(home.cometConfig, setTomlValue(readFileSync(home.cometConfig, "utf8"), "p2p.persistent_peers", peers.join(",")));
  print(io, globals.format, { genesis: home.genesis, gen_txs: gathered.length, persistent_peers: peers }, `${gathered.length} gentx${gathered.length === 1 ? "" : "s"} in ${home.genesis}`);
  io.stderr(`Check the result: dcmd genesis validate --home ${home.root}\n`);
}

function readGentx(path: string): { path: string; json: JsonObject; peer: string } {
  const json = readJson(path) as JsonObject;
  let tx: Tx;
  try {
    tx = Tx.decode(fromJson("cosmos.tx.v1beta1.Tx", json));
  } catch (error) {
    throw new CliError(`${path} is not a transaction in JSON: ${error instanceof Error ? error.message : "unreadable"}`, { exitCode: exitCodes.invalid });
  }
  const peer = tx.body?.memo ?? "";
  if (tx.body?.messages[0]?.typeUrl !== "/cosmos.staking.v1beta1.MsgCreateValidator") throw new CliError(`${path}: its first message is not MsgCreateValidator`, { exitCode: exitCodes.invalid });
  if (!/^[0-9a-f]{40}@[^\s@,]{1,255}:\d{1,5}$/.test(peer)) throw new CliError(`${path}: its memo must say where the node is (ID@HOST:PORT), it says "${peer.slice(0, 80)}"`, { exitCode: exitCodes.invalid });
  return { path, json, peer };
}
