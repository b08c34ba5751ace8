/**
 * A process that commits as fast as it can until it is killed: `node commit-loop.ts DIRECTORY`. The app hash of version v
 * depends on v alone. Prints each version after its commit.
 */
import { writeSync } from "node:fs";
import { uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { MultiStore } from "../multistore.ts";
import type { ChangeSet } from "../overlay.ts";

export const loopOptions = { stores: ["bank", "market"], keepRecent: 3, keepHistory: 1_000, checkpointEvery: 7, segmentBytes: 4_096 };

/** What version v changes: some keys set, some deleted, a little more than a page of disk. */
export function loopChanges(version: number): ChangeSet {
  const changes = Array.from({ length: 40 }, (_, i) => {
    const key = uint64Bytes(BigInt((i * 37 + version * 11) % 200));
    return [key, (i + version) % 5 === 0 ? undefined : utf8(`version ${version}, key ${i}, ${"x".repeat((version * i) % 90)}`)] as const;
  });
  const unique = changes.filter(([key], i) => changes.findIndex(([other]) => Buffer.compare(key, other) === 0) === i);
  return [["bank", unique.sort((a, b) => Buffer.compare(a[0], b[0]))], ["market", [[utf8("height"), uint64Bytes(BigInt(version))]]]];
}

if (process.argv[1] === import.meta.filename) {
  const store = await MultiStore.open({ directory: process.argv[2]!, ...loopOptions });
  for (;;) {
    const version = store.version + 1;
    store.prepare(version, loopChanges(version));
    store.commit(uint64Bytes(BigInt(version)));
    writeSync(1, `${version}\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
