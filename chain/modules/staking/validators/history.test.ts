import assert from "node:assert/strict";
import { QueryHistoricalInfoRequest, QueryHistoricalInfoResponse } from "../../../codec/gen/cosmos/staking/v1beta1/query.ts";
import { toHex } from "../../../codec/bytes.ts";
import { TestChain } from "../../../../test/support/chain.ts";

describe("historical info of a chain on disk", () => {
  it("has the app hash that each block was executed on, as light clients of the SDK's chains expect (STAKING-12)", async () => {
    const chain = await TestChain.start({ appState: {} });
    try {
      const before: string[] = [];
      for (let i = 0; i < 3; i++) {
        before.push(toHex(chain.store.appHash));
        chain.block();
      }
      const kept = [1n, 2n, 3n].map((height) => {
        const bytes = chain.machine.query("/cosmos.staking.v1beta1.Query/HistoricalInfo", QueryHistoricalInfoRequest.encode({ height }).finish());
        return toHex(QueryHistoricalInfoResponse.decode(bytes).hist!.header!.appHash);
      });
      assert.deepEqual(kept, before);
      assert.equal(new Set(kept).size, 3);
    } finally {
      await chain.stop();
    }
  });
});
