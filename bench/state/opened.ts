/**
 * What a node does with a large state, in a process of its own, so that its memory is nobody else's: `open DIRECTORY` as at a start, `restore DIRECTORY SNAPSHOTS APP_HASH`
 * as at state sync. Prints one line of JSON: milliseconds since the process began until a block could be executed, of the clock and of CPU, and resident bytes.
 */
import { readFileSync } from "node:fs";
import { createApp, storeNames } from "../../chain/app.ts";
import { fromHex } from "../../chain/codec/bytes.ts";
import { MultiStore } from "../../chain/store/multistore.ts";
import { chunkPath, imagePath, listImages, readManifest } from "../../chain/store/disk/image-files.ts";

const [mode, directory, snapshots, appHash] = process.argv.slice(2);
const store = await MultiStore.open({ directory: directory!, stores: storeNames });
if (mode === "restore") await restore(snapshots!, fromHex(appHash!));
const machine = createApp({ store, strict: true, minGasPrices: [], report: (what, error) => { throw new Error(what, { cause: error }); } });
if (machine.header === undefined) throw new Error(`${directory!} has no state`);
const ready = performance.now();
const { user, system } = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, 1_000));
process.stdout.write(`${JSON.stringify({ ready, cpu: (user + system) / 1_000, rss: process.memoryUsage().rss })}\n`);
await store.close();

/** Takes the newest snapshot of a folder, chunk by chunk, each checked as a peer's is. */
async function restore(from: string, trusted: Uint8Array): Promise<void> {
  const version = listImages(from).at(-1)!;
  const taken = store.restore(readManifest(from, version), trusted);
  for (let i = 0; !taken.done; i++) {
    if ((await taken.apply(i, readFileSync(chunkPath(imagePath(from, version), i)))) !== "accept") throw new Error(`chunk ${i} was not taken`);
  }
}
