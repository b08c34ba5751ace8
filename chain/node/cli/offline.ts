/** A stopped node's state, opened for one command and closed after it. */
import type { MultiStore } from "../../store/multistore.ts";
import { readAppConfig, type AppConfig } from "../config/app.ts";
import { ConfigFile } from "../config/toml.ts";
import type { Home } from "../home.ts";
import { createLog, type Log } from "../log.ts";
import { openStore } from "../open.ts";
import { openHome } from "./common.ts";
import { CliError, exitCodes, type Io } from "./io.ts";
import type { Globals } from "./program.ts";
import { hold } from "./running.ts";

export interface Offline {
  readonly home: Home;
  readonly config: AppConfig;
  readonly store: MultiStore;
  readonly log: Log;
}

/** Runs `work` with the state of a home. Throws where a node runs on it. */
export async function withStore<T>(io: Io, globals: Globals, work: (offline: Offline) => Promise<T> | T, options: { readonly mayBeEmpty?: boolean } = {}): Promise<T> {
  const home = openHome(globals);
  const log = createLog(io.stderr, "warn", globals.format === "json", io.now);
  const held = hold(home);
  try {
    const config = readAppConfig(ConfigFile.read(home.appConfig));
    const store = await openStore(home, config, log);
    try {
      if (store.version === 0 && options.mayBeEmpty !== true) throw new CliError(`${home.appData} has no blocks yet`, { hint: 'Start the node first: "dcmd start".', exitCode: exitCodes.notFound });
      return await work({ home, config, store, log });
    } finally {
      await store.close();
    }
  } finally {
    held.release();
  }
}
