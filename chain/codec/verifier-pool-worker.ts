/** One thread of the verifier pool: works on each batch that comes, then says so. */
import { parentPort, workerData } from "node:worker_threads";
import { requireSecp256k1 } from "./secp256k1.ts";
import { work, type SharedBatch } from "./verifier-pool.ts";

requireSecp256k1(workerData as { portable: boolean });
parentPort!.on("message", (batch: SharedBatch) => {
  for (const _ of work(batch));
  parentPort!.postMessage(true);
});
