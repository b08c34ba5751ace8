import assert from "node:assert/strict";
import { describe, it } from "mocha";
import fc from "fast-check";
import { TestChain } from "../../test/support/chain.ts";
import type { SnapshotStore } from "../store/snapshots.ts";
import { Node } from "./node.ts";
import { type Retention, retainHeight } from "./retention.ts";

const usual: Retention = { minRetainBlocks: 100, evidenceAgeBlocks: 50n, snapshotInterval: 10, snapshotKeepRecent: 2 };
const at = (height: bigint, change: Partial<Retention> = {}): bigint => retainHeight(height, { ...usual, ...change });

describe("ABCI-15 retain_height", () => {
  it("ABCI-15 is what the operator wants kept, where nothing else needs more", () => {
    assert.deepEqual([at(1_000n), at(101n)], [900n, 1n]);
  });

  it("ABCI-15 keeps what evidence may be about, and so what unbonding stake answers for", () => {
    assert.equal(at(1_000n, { evidenceAgeBlocks: 400n }), 600n);
    assert.equal(at(1_000n, { evidenceAgeBlocks: 1_814_400n }), 0n);
    assert.equal(at(1_000n, { evidenceAgeBlocks: undefined }), 0n, "where the chain does not say");
  });

  it("ABCI-15 keeps what follows the oldest snapshot, where snapshots are taken", () => {
    assert.equal(at(1_000n, { snapshotInterval: 150 }), 700n);
    assert.equal(at(1_000n, { snapshotInterval: 150, snapshotKeepRecent: 5 }), 250n);
    assert.equal(at(1_000n, { snapshotInterval: 0, snapshotKeepRecent: 5 }), 900n);
  });

  it("ABCI-15 forgets nothing where everything is to be kept, or there is no more than what must be", () => {
    assert.equal(at(1_000_000n, { minRetainBlocks: 0 }), 0n);
    for (const height of [1n, 99n, 100n]) assert.equal(at(height), 0n);
    for (const height of [1n, 399n, 400n]) assert.equal(at(height, { evidenceAgeBlocks: 400n }), 0n);
  });

  it("ABCI-15 never goes back, and never reaches what any of the three needs", () => {
    const blocks = fc.integer({ min: 1, max: 1_000 });
    fc.assert(fc.property(blocks, blocks, fc.nat(300), fc.integer({ min: 2, max: 5 }), (minRetainBlocks, age, snapshotInterval, snapshotKeepRecent) => {
      let before = 0n;
      for (let height = 1n; height < 2_000n; height += 37n) {
        const retained = retainHeight(height, { minRetainBlocks, evidenceAgeBlocks: BigInt(age), snapshotInterval, snapshotKeepRecent });
        assert.ok(retained >= before);
        assert.ok(retained === 0n || [minRetainBlocks, age, snapshotInterval * snapshotKeepRecent].every((kept) => height - retained >= BigInt(kept)));
        before = retained;
      }
    }));
  });

  it("ABCI-15 is answered at Commit, by the evidence age that is in force", async () => {
    const consensusParams = (maxAgeNumBlocks: bigint): object => ({
      block: { maxBytes: 4_194_304n, maxGas: -1n }, evidence: { maxAgeNumBlocks, maxAgeDuration: { seconds: 60n, nanos: 0 }, maxBytes: 1_000n }, validator: { pubKeyTypes: ["ed25519"] }, version: { app: 0n }, abci: { voteExtensionsEnableHeight: 0n },
    });
    const heights = async (maxAgeNumBlocks: bigint, minRetainBlocks: number): Promise<(bigint | undefined)[]> => {
      const chain = await TestChain.start({ appState: {}, consensusParams: consensusParams(maxAgeNumBlocks) as never });
      const node = new Node({ machine: chain.machine, store: chain.store, snapshots: {} as SnapshotStore, snapshotInterval: 0, snapshotKeepRecent: 2, minRetainBlocks, version: "", log: () => undefined });
      const answers = [];
      for (let height = 1n; height <= 6n; height++) {
        chain.finalize([]);
        answers.push(node.commit().retainHeight);
        chain.height++;
        chain.time += 5n;
      }
      await chain.stop();
      return answers;
    };
    assert.deepEqual(await heights(4n, 1), [0n, 0n, 0n, 0n, 1n, 2n]);
    assert.deepEqual(await heights(2n, 3), [0n, 0n, 0n, 1n, 2n, 3n]);
    assert.deepEqual(await heights(2n, 0), [0n, 0n, 0n, 0n, 0n, 0n]);
  });
});
