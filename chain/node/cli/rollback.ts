/** dcmd rollback: one height back, application and CometBFT together, so that they still agree. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { toHex } from "../../codec/bytes.ts";
import { VersionNotKept, type MultiStore } from "../../store/multistore.ts";
import { CliError, print, type Io } from "./io.ts";
import { withStore } from "./offline.ts";
import type { Globals } from "./program.ts";

export async function rollback(io: Io, globals: Globals, options: { readonly hard?: true | undefined }): Promise<void> {
  await withStore(io, globals, async ({ home, store }) => {
    const { obtainCometBFT } = await import("../../../localnet/comet/obtain.ts");
    const { path } = await obtainCometBFT({ onProgress: (message) => io.stderr(`${message}\n`) });
    let said: string;
    try {
      said = (await promisify(execFile)(path, ["rollback", "--home", home.root, ...(options.hard === true ? ["--hard"] : [])])).stdout;
    } catch (error) {
      throw new CliError(`CometBFT could not roll back: ${(error as { stderr?: string }).stderr?.trim() ?? String(error)}`, { hint: "Nothing of the application was changed." });
    }
    // CometBFT says "Rolled back state to height 41 and hash ...". Where its last block was not applied yet, that is where the application stands already.
    const height = Number(/height (\d+)/.exec(said)?.[1]);
    if (!Number.isSafeInteger(height) || height < 1) throw new CliError(`CometBFT rolled back, but did not say where to: ${said.trim()}`);
    if (store.version > height) rollBackTo(store, height);
    const appHash = toHex(store.appHash).toUpperCase();
    print(io, globals.format, { height: store.version, app_hash: appHash }, `at height ${store.version}, app hash ${appHash}`);
  });
}

function rollBackTo(store: MultiStore, height: number): void {
  try {
    store.rollbackTo(height);
  } catch (error) {
    if (!(error instanceof VersionNotKept)) throw error;
    throw new CliError(`CometBFT is back at height ${height}, the application still at ${store.version}: ${error.message}`, {
      hint: "The node can be started all the same: CometBFT catches up from its saved results. To go back for good, restore an older snapshot.",
    });
  }
}
