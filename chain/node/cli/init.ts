/** dcmd init: a home directory with configuration, keys and a genesis file. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { appConfigText } from "../config/app.ts";
import { clientConfig } from "../config/client.ts";
import { cometConfig } from "../config/comet.ts";
import { checkChainId, defaultConsensusParams, writeGenesisFile } from "../config/genesis-doc.ts";
import { readNodeId, writeBeaconKey, writeNodeKeys } from "../config/keys.ts";
import { Home, writeFile } from "../home.ts";
import { wholeNumber } from "./common.ts";
import { defaultAppState } from "./genesis-run.ts";
import { CliError, exitCodes, print, type Io } from "./io.ts";
import type { Globals } from "./program.ts";

interface Options {
  readonly chainId?: string | undefined;
  readonly overwrite?: true | undefined;
  readonly initialHeight: string;
}

export async function init(io: Io, globals: Globals, moniker: string, options: Options): Promise<void> {
  const home = new Home(globals.home);
  const chainId = options.chainId ?? `test-chain-${randomBytes(3).toString("hex")}`;
  checkChainId(chainId);
  if (!/^[^\p{Cc}]{1,70}$/u.test(moniker)) throw new CliError("a moniker has 1 to 70 printable characters", { exitCode: exitCodes.usage });
  const initialHeight = wholeNumber("--initial-height", options.initialHeight, 1, 0x7fffffff);
  if (existsSync(home.genesis) && options.overwrite !== true) {
    throw new CliError(`${home.genesis} is there already`, { hint: "Replace it and the configuration with --overwrite (keys stay), or choose another --home.", exitCode: exitCodes.invalid });
  }
  writeFile(home.cometConfig, cometConfig({ moniker }));
  writeFile(home.appConfig, appConfigText());
  writeFile(home.clientConfig, clientConfig({ chainId }));
  writeNodeKeys(home);
  await writeBeaconKey(home);
  const genesisTime = io.now().toISOString();
  writeGenesisFile(home.genesis, {
    genesis_time: genesisTime, chain_id: chainId, initial_height: String(initialHeight), consensus_params: defaultConsensusParams(), app_hash: "", app_state: defaultAppState(),
  });
  const nodeId = readNodeId(home);
  print(io, globals.format, { moniker, chain_id: chainId, node_id: nodeId, home: home.root, genesis: home.genesis }, `${moniker} (${nodeId}) of ${chainId} in ${home.root}`);
  io.stderr(`Next: put the network's genesis.json into ${home.config}, or make your own network: dcmd keys add NAME, then dcmd genesis --help\n`);
}
