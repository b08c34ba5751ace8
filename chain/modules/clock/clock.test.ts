import assert from "node:assert/strict";
import fc from "fast-check";
import { GenesisState } from "../../codec/gen/dcm/clock/v1/clock.ts";
import type { QueryTauResponse } from "../../codec/gen/dcm/clock/v1/query.ts";
import { QueryTauRequest } from "../../codec/gen/dcm/clock/v1/query.ts";
import { contextAt, memoryStores } from "./testing.ts";
import { clockModule } from "./module.ts";

const second = 1_000_000_000n;
const start = 1_700_000_000n * second;

/** A chain of headers on one state; gives tau (ms) after each. */
function chain(tauNanos = 0n): { block: (timeNanos: bigint) => bigint; stores: ReturnType<typeof memoryStores> } {
  const { module, clock } = clockModule();
  const stores = memoryStores();
  let height = 0n;
  module.genesis!.init(contextAt(stores, { height, timeNanos: start, mode: "genesis" }), { tauNanos });
  return {
    stores,
    block(timeNanos) {
      const ctx = contextAt(stores, { height: ++height, timeNanos });
      module.beginBlock!(ctx, { lastCommit: undefined, misbehavior: [] });
      return clock.tau(ctx);
    },
  };
}

describe("clock", () => {
  it("CLK-1 advances by the header time difference", () => {
    const { block } = chain();
    assert.equal(block(start), 0n);
    assert.equal(block(start + second), 1_000n);
    assert.equal(block(start + 4n * second), 4_000n);
  });

  it("CLK-2 advances 10 s over an outage of an hour", () => {
    const { block } = chain();
    block(start);
    assert.equal(block(start + 3_600n * second), 10_000n);
    assert.equal(block(start + 3_601n * second), 11_000n);
  });

  it("CLK-3 loses nothing of many small steps", () => {
    const { block } = chain();
    let tau = block(start);
    for (let i = 1n; i <= 3_000n; i++) tau = block(start + i * 333_333n);
    assert.equal(tau, (3_000n * 333_333n) / 1_000_000n);
  });

  it("CLK-4 never runs back, and a time that was passed does not count twice", () => {
    const { block } = chain();
    block(start);
    assert.equal(block(start + 5n * second), 5_000n);
    assert.equal(block(start + 2n * second), 5_000n);
    assert.equal(block(start + 6n * second), 6_000n);
  });

  it("CLK-1 CLK-2 CLK-4 is the sum of the capped rises over any header times", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -20n * second, max: 30n * second }), { maxLength: 40 }), (steps) => {
        const { block } = chain();
        let [time, highest, tau] = [start, start, 0n];
        block(time);
        for (const step of steps) {
          time += step;
          const rise = time - highest;
          if (rise > 0n) {
            tau += rise < 10n * second ? rise : 10n * second;
            highest = time;
          }
          assert.equal(block(time), tau / 1_000_000n);
        }
      }),
    );
  });

  it("CLK-5 goes on where an exported chain stood, whatever wall time went by", () => {
    const first = chain();
    first.block(start);
    first.block(start + 1_500_000n);
    const { module } = clockModule();
    const exported = module.genesis!.export(contextAt(first.stores, { height: 2n })) as GenesisState;
    assert.deepEqual(GenesisState.decode(GenesisState.encode(exported).finish()), { tauNanos: 1_500_000n });
    const second_ = chain(exported.tauNanos);
    assert.equal(second_.block(start + 90_000n * second), 1n);
    assert.equal(second_.block(start + 90_000n * second + 500_000n), 2n);
  });

  it("CLK-5 refuses a genesis that leaves no time to live, or begins at 0, which stands for never", () => {
    const { module } = clockModule();
    assert.throws(() => module.genesis!.check({ tauNanos: (1n << 62n) + 1n }), /tau_nanos is from 1000000 to/);
    assert.throws(() => module.genesis!.check({ tauNanos: 0n }), /tau_nanos is from 1000000 to/);
    module.genesis!.check({ tauNanos: 1n << 62n });
  });

  it("CLK-6 answers the query", () => {
    const { block, stores } = chain();
    block(start);
    block(start + second);
    const { module } = clockModule();
    const [query] = module.queries;
    assert.equal(query!.path, "/dcm.clock.v1.Query/Tau");
    const answer = query!.handle(contextAt(stores, { height: 2n }), QueryTauRequest.create()) as QueryTauResponse;
    assert.deepEqual(answer, { tauMs: 1_000n, headerNanos: start + second, maxStepMs: 10_000n });
  });
});
