/** dcmd snapshots: what this node keeps for new ones, and for itself. */
import { readFile } from "node:fs/promises";
import { chunkPath, imagePath, listImages, readManifest, removeImage, type Manifest } from "../../store/disk/image-files.ts";
import { toHex } from "../../codec/bytes.ts";
import { openSnapshots } from "../open.ts";
import type { Home } from "../home.ts";
import { openHome, wholeNumber } from "./common.ts";
import { CliError, columns, exitCodes, print, type Io } from "./io.ts";
import { withStore } from "./offline.ts";
import type { Globals } from "./program.ts";
import { requireStopped } from "./running.ts";

export async function list(io: Io, globals: Globals): Promise<void> {
  const home = openHome(globals);
  const all = listImages(home.snapshots).map((version) => described(readManifest(home.snapshots, version)));
  print(io, globals.format, all, all.length === 0 ? "" : columns([["HEIGHT", "FORMAT", "CHUNKS", "APP HASH"], ...all.map((one) => [String(one.height), String(one.format), String(one.chunks), one.app_hash])]));
  if (all.length === 0) io.stderr(`No snapshots in ${home.snapshots}: app.toml's state-sync.snapshot-interval says when one is taken.\n`);
}

export async function create(io: Io, globals: Globals): Promise<void> {
  await withStore(io, globals, async ({ home, config, store }) => {
    const snapshots = openSnapshots(home, store, config.snapshotKeepRecent);
    const { version } = await snapshots.create(store.version);
    await snapshots.close();
    const made = described(readManifest(home.snapshots, version));
    print(io, globals.format, made, `snapshot of height ${made.height}, ${made.chunks} chunk${made.chunks === 1 ? "" : "s"}`);
  });
}

export async function remove(io: Io, globals: Globals, heightText: string): Promise<void> {
  const home = openHome(globals);
  requireStopped(home);
  const { version } = find(home, heightText);
  removeImage(home.snapshots, version);
  print(io, globals.format, { deleted: version }, `deleted the snapshot of height ${version}`);
}

/** CometBFT then replays the blocks that it has above the snapshot. */
export async function restore(io: Io, globals: Globals, heightText: string): Promise<void> {
  await withStore(
    io,
    globals,
    async ({ home, store }) => {
      if (store.version !== 0) throw new CliError(`the application is at height ${store.version} already`, { hint: `Only an empty one can be filled: move ${home.appData} away first.`, exitCode: exitCodes.invalid });
      const manifest = find(home, heightText);
      const restoring = store.restore(manifest, manifest.appHash);
      for (let index = 0; index < manifest.chunkHashes.length; index++) {
        const chunk = new Uint8Array(await readFile(chunkPath(imagePath(home.snapshots, manifest.version), index)));
        if ((await restoring.apply(index, chunk)) === "accept") continue;
        restoring.abandon();
        throw new CliError(`chunk ${index} of the snapshot is damaged; nothing was changed`, { hint: "Use another snapshot.", exitCode: exitCodes.invalid });
      }
      print(io, globals.format, { height: store.version, app_hash: toHex(store.appHash).toUpperCase() }, `the application is at height ${store.version}`);
      io.stderr("Now start the node: CometBFT replays the blocks that it has above this height.\n");
    },
    { mayBeEmpty: true },
  );
}

function find(home: Home, heightText: string): Manifest {
  const height = wholeNumber("the height", heightText, 1, 0x7fffffff);
  const known = listImages(home.snapshots);
  if (!known.includes(height)) throw new CliError(`no snapshot of height ${height} in ${home.snapshots}`, { hint: known.length === 0 ? "There is none." : `It has ${known.join(", ")}.`, exitCode: exitCodes.notFound });
  return readManifest(home.snapshots, height);
}

function described(manifest: Manifest): { height: number; format: number; chunks: number; app_hash: string } {
  return { height: manifest.version, format: manifest.format, chunks: manifest.chunkHashes.length, app_hash: toHex(manifest.appHash).toUpperCase() };
}
