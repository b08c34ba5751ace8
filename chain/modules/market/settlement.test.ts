import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { VerificationLevel } from "../../codec/gen/dcm/market/v1/types.ts";
import { maxInt } from "../../math/int.ts";
import { defaultParams, paramBounds } from "./params.ts";
import { auditProbability, commitPenalty, declinePenalty, earned, escrowOf, part, reserveReplicas, settle, shortfallOf, slashPenalty, stakeOf, startPenalty } from "./settlement.ts";
import { oneForOne } from "./rate.ts";

const { VERIFICATION_LEVEL_V0_NONE: v0, VERIFICATION_LEVEL_V1_SPOT_CHECK: v1, VERIFICATION_LEVEL_V2_REPLICATED: v2 } = VerificationLevel;

describe("settlement", () => {
  it("MKT-50: the escrow covers k replicas at the match price and the tie-break's at prices of their own up to the limit; every coin has its place", () => {
    const replicas = fc.record({ price: fc.bigInt(0n, 10n ** 15n), meter: fc.bigInt(0n, 1n << 62n) });
    fc.assert(fc.property(
      fc.bigInt(1n, 10n ** 15n), fc.bigInt(0n, 10n ** 15n), fc.bigInt(1n, 1n << 40n), fc.integer({ min: 2, max: 5 }), fc.integer({ min: 0, max: paramBounds.feeBps[2] }), fc.array(replicas, { minLength: 7, maxLength: 7 }),
      (limit, below, lots, k, feeBps, drawn) => {
        const price = 1n + below % limit;
        const escrow = escrowOf(limit, lots, k, reserveReplicas(v2, defaultParams()), feeBps);
        const first = drawn.slice(0, k).map(({ meter }, i) => ({ provider: `first ${i}`, amount: earned(meter, 10n ** 9n, lots, price) }));
        const reruns = drawn.slice(5).map(({ meter, price: own }, i) => ({ provider: `re-run ${i}`, amount: earned(meter, 10n ** 9n, lots, price + own % (limit - price + 1n)) }));
        const burned = part(price * lots, defaultParams().inconclusiveBps);
        for (const settlement of [settle(escrow, [...first, ...reruns], 0n, feeBps), settle(escrow, reruns, burned, feeBps)]) {
          const paid = settlement.payments.reduce((sum, { amount }) => sum + amount, 0n);
          assert.equal(paid + settlement.fee + settlement.burned + settlement.refund, escrow);
          assert.ok(settlement.refund >= 0n);
        }
      },
    ));
  });

  it("MKT-52: no penalty exceeds the stake, none but a slash exceeds the greatest of its part and the bounded shortfall, and a consumer gets nothing from a decline", () => {
    const price = fc.bigInt(1n, 10n ** 15n);
    fc.assert(fc.property(price, fc.bigInt(0n, 10n ** 15n), fc.bigInt(1n, 1n << 40n), fc.bigInt(0n, 10n ** 40n), fc.integer({ min: 0, max: 100 }), (at, reference, lots, stake, shortfallMultiple) => {
      const params = { ...defaultParams(), shortfallMultiple };
      const f = at * lots;
      const shortfall = shortfallOf(reference, at, lots, shortfallMultiple);
      assert.ok(shortfall >= 0n && shortfall <= BigInt(shortfallMultiple) * f);
      const [start, decline, late] = [startPenalty(stake, f, shortfall, params), declinePenalty(stake, f, shortfall, params), commitPenalty(stake, shortfall, params)];
      for (const { amount, consumer } of [start, decline, late, slashPenalty(stake, shortfall, 0, params)]) assert.ok(consumer <= amount && consumer <= shortfall && amount <= stake);
      assert.ok(start.amount <= maxInt(part(f, params.missFeeBps), shortfall));
      assert.deepEqual(decline, { ...start, consumer: 0n });
    }));
  });

  it("MKT-171: a stake makes a lie cost more than it brings, whatever the probability of an audit and the number of auditors", () => {
    const f = fc.bigInt(1n, 1n << 90n);
    fc.assert(fc.property(f, fc.bigInt(0n, 1n << 90n), fc.integer({ min: 500, max: 10_000 }), fc.integer({ min: 1, max: paramBounds.auditors[2] }), fc.integer({ min: 0, max: paramBounds.phiBps[2] }), (fee, risk, auditProbabilityBps, auditors, phiBps) => {
      const params = { ...defaultParams(), auditProbabilityBps, auditors, phiBps };
      const stake = stakeOf(v1, fee, risk, auditProbability(v1, params), params, oneForOne);
      // What is lost in expectation, of which a tenth may come back to a friend who proves it: S x 0.9 x p x the part of all draws in which three or more outvote the liar and whoever is with it.
      let convicted = 0n;
      for (let drawn = 0; drawn < 2 ** (auditors + 2); drawn++) {
        const isHonest = Array.from({ length: auditors + 2 }, (_, i) => (drawn >> i) % 2 === 1);
        const against = isHonest.filter(Boolean).length;
        const share = isHonest.reduce((product, one) => product * BigInt(one ? 10_000 - phiBps : phiBps), 1n);
        if (isHonest.slice(0, auditors).includes(true) && against >= 3 && against * 2 > auditors + 3) convicted += share;
      }
      assert.ok(stake * 9n * BigInt(auditProbabilityBps) * convicted >= (fee + risk) * 10n * 10_000n * 10_000n ** BigInt(auditors + 2));
      assert.ok(stake >= 20n * fee);
    }));
    const [params, f100] = [defaultParams(), 100n];
    assert.equal(stakeOf(v1, f100, 0n, 500, params, oneForOne), 4_341n, "100 / (0.9 x 0.05 x 0.8 x 0.8 x 0.8)");
    assert.equal(stakeOf(v1, f100, 0n, 500, { ...params, auditors: 2 }, oneForOne), 2_713n, "100 / (0.9 x 0.05 x (0.64 x 0.96 + 0.32 x 0.64))");
    assert.equal(stakeOf(VerificationLevel.VERIFICATION_LEVEL_V3_REFEREED, f100, 0n, 500, params, oneForOne), 2_778n, "100 / (0.9 x 0.05 x 0.8): the chain needs no majority");
    assert.deepEqual([v0, v1, v2].map((level) => [reserveReplicas(level, params), auditProbability(level, params)]), [[0, 0], [3, 500], [2, 10_000]]);
    assert.equal(reserveReplicas(v1, { ...params, auditors: 2 }), 4);
  });
});
