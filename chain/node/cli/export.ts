/** dcmd export: the state of a height as a genesis file. */
import { machineOver } from "../open.ts";
import { writeGenesis } from "../genesis.ts";
import { readGenesisDoc, writeGenesisFile, type JsonObject } from "../config/genesis-doc.ts";
import { wholeNumber } from "./common.ts";
import { toJsonText, type Io } from "./io.ts";
import { withStore } from "./offline.ts";
import type { Globals } from "./program.ts";

export async function exportGenesis(io: Io, globals: Globals, options: { readonly height?: string | undefined; readonly outputDocument?: string | undefined }): Promise<void> {
  await withStore(io, globals, ({ home, store, log }) => {
    const height = options.height === undefined ? store.version : wholeNumber("--height", options.height, 1, store.version);
    const machine = machineOver(store, log);
    const appState = writeGenesis(machine.exportGenesis(height), machine.modules);
    const time = machine.queryContext(height).header.timeNanos;
    const { chainId, consensusParams } = readGenesisDoc(home.genesis);
    const document = {
      genesis_time: new Date(Number(time / 1_000_000n)).toISOString(), chain_id: chainId, initial_height: String(height + 1), consensus_params: consensusParams, app_hash: "", app_state: appState,
    } as JsonObject;
    if (options.outputDocument === undefined) return io.stdout(`${toJsonText(document, 2)}\n`);
    writeGenesisFile(options.outputDocument, document);
    io.stderr(`The state of height ${height} is in ${options.outputDocument}\n`);
  });
}
