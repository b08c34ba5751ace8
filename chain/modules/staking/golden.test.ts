/** The Cosmos SDK's own numbers: what its keepers made of seeded histories (test/vectors/staking), against ours, block by block and digit by digit. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { SdkHistory, type History } from "../../../test/support/sdk-history.ts";

const seeds = [1, 2, 3, 4];

describe("stake, rewards, slashes and new coins beside the Cosmos SDK's", function () {
  this.timeout(60_000);

  for (const seed of seeds) {
    it(`are the same to the last digit after each block of history ${seed} (STAKING-8, STAKING-10, DISTRIBUTION-2, DISTRIBUTION-3, DISTRIBUTION-6, SLASHING-3, MINT-1)`, () => {
      const history = JSON.parse(readFileSync(new URL(`../../../test/vectors/staking/${seed}.json`, import.meta.url), "utf8")) as History;
      const chain = new SdkHistory(history.genesis);
      assert.ok(history.blocks.length >= 80);
      for (const [i, block] of history.blocks.entries()) {
        const { outcomes, updates, state, wanted } = chain.block(block);
        const where = `block ${i + 1}`;
        assert.deepEqual(outcomes, block.operations.map(([outcome]) => outcome), `${where}: ${JSON.stringify(block.operations)}`);
        assert.deepEqual(updates, block.updates ?? {}, where);
        assert.deepEqual(state, wanted, where);
      }
    });
  }
});
