import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Order, Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import { heldByCapacity, heldByPurchase, heldByResale, lotsOf, marginOf, settle, tradeCapacity, tradeResale } from "./terms.ts";

const price = fc.bigInt({ min: 1n, max: 10n ** 15n });
const small = fc.bigInt({ min: 1n, max: 40n });
const prices = fc.oneof(price, small);
const units = fc.integer({ min: 1, max: 10_000 });
const bps = fc.integer({ min: 1, max: 10_000 });
const lots = fc.oneof(small, fc.bigInt({ min: 1n, max: 1n << 40n }));

describe("the money of forwards", () => {
  it("FWD-20: a fill of capacity divides what both orders held into margins and refunds, at a price within both limits", () => {
    fc.assert(fc.property(prices, prices, prices, lots, units, bps, bps, (base, up, over, lot, n, sellBps, buyBps) => {
      const limit = base + over;
      const marginPrice = base + up;
      const sell = Order.fromPartial({ lots: lot, price: base, marginPrice, marginBps: sellBps, heldPerUnit: heldByCapacity(marginPrice, lot, sellBps).toString() });
      const buy = Order.fromPartial({ lots: lot, price: limit, marginBps: buyBps, heldPerUnit: heldByPurchase(limit, lot).toString() });
      const batch = base + over / 2n;
      const trade = tradeCapacity(sell, buy, n, batch);
      assert.ok(trade.price >= base && trade.price <= batch && trade.price <= marginPrice);
      assert.equal(trade.toSeller + trade.sellerMargin, BigInt(sell.heldPerUnit) * BigInt(n));
      assert.equal(trade.toBuyer + trade.holderMargin, BigInt(buy.heldPerUnit) * BigInt(n));
      assert.equal(trade.sellerMargin, marginOf(trade.price, lot, n, sellBps));
      assert.ok(trade.sellerMargin * 10_000n >= trade.price * lot * BigInt(n) * BigInt(sellBps), "never less than its part");
    }));
  });

  it("FWD-20: resales of a position in any parts conserve money and margins, whoever buys", () => {
    const part = fc.record({ units: fc.integer({ min: 1, max: 50 }), base: prices, over: prices, at: fc.integer({ min: 0, max: 100 }), closes: fc.boolean() });
    fc.assert(fc.property(prices, lots, units, bps, bps, fc.array(part, { minLength: 1, maxLength: 8 }), (agreed, lot, all, sellerBps, holderBps, parts) => {
      let position = Position.fromPartial({
        units: all, lots: lot, price: agreed, sellerMargin: marginOf(agreed, lot, all, sellerBps).toString(), holderMargin: marginOf(agreed, lot, all, holderBps).toString(),
      });
      for (const { units: wanted, base, over, at, closes } of parts) {
        if (position.units === 0) return;
        const n = Math.min(wanted, position.units);
        const limit = base + over;
        const trades = base + (over * BigInt(at)) / 100n;
        const sell = Order.fromPartial({ lots: lot, price: base, heldPerUnit: heldByResale(position, base).toString() });
        const buy = Order.fromPartial({ lots: lot, price: limit, heldPerUnit: heldByPurchase(limit, lot).toString() });
        const trade = tradeResale(position, sell, buy, n, trades, closes);
        const held = (BigInt(sell.heldPerUnit) + BigInt(buy.heldPerUnit)) * BigInt(n);
        const margin = trade.marginHeld + trade.marginGiven;
        const [reseller, buyer] = [trade.toReseller + trade.premium, trade.toBuyer + trade.discount - trade.marginGiven];
        assert.equal(reseller + buyer + trade.marginHeld + trade.marginGiven, held);
        assert.equal(margin, closes ? 0n : trade.holderMargin);
        assert.ok([trade.toReseller, trade.toBuyer, trade.premium, trade.discount, trade.marginHeld, trade.marginGiven, trade.discount - trade.marginGiven].every((amount) => amount >= 0n));
        // A reseller keeps the difference, and nobody pays beyond its limit.
        assert.equal(reseller - BigInt(sell.heldPerUnit) * BigInt(n), (trades - agreed) * lot * BigInt(n));
        position = {
          ...position, units: position.units - n, sellerMargin: (BigInt(position.sellerMargin) - trade.sellerMargin).toString(), holderMargin: (BigInt(position.holderMargin) - trade.holderMargin).toString(),
        };
        assert.ok(BigInt(position.sellerMargin) >= 0n && BigInt(position.holderMargin) >= 0n);
      }
    }));
  });

  it("FWD-20: a settlement divides both margins whole; each side pays at most its own, for what it is to blame, the remainder stays with it", () => {
    fc.assert(fc.property(prices, lots, units, bps, fc.tuple(...Array.from({ length: 3 }, () => fc.integer({ min: 0, max: 1_000 }))), (agreed, lot, n, marginBps, [a, b, c]) => {
      const margin = marginOf(agreed, lot, n, marginBps);
      const all = lot * BigInt(n);
      const served = (all * BigInt(a!)) / 3_000n;
      const failed = (all * BigInt(b!)) / 3_000n;
      const voided = (all * BigInt(c!)) / 3_000n;
      const position = { units: n, lots: lot, sellerMargin: margin.toString(), holderMargin: margin.toString() };
      const paid = settle(position, { served, failed, voided });
      assert.equal(paid.toSeller + paid.toHolder, 2n * margin);
      assert.equal(paid.unused, all - served - failed - voided);
      assert.ok(paid.forUnused <= margin && paid.forFailed <= margin && paid.forUnused >= 0n && paid.forFailed >= 0n);
      assert.ok(margin * paid.unused - paid.forUnused * all < all && margin * failed - paid.forFailed * all < all, "rounded down by less than one");
      assert.throws(() => settle(position, { served: all, failed: 1n, voided: 0n }), /lots/);
    }));
  });

  it("FWD-1: a unit of a slot has as many lots as a conforming host does in it for certain", () => {
    assert.deepEqual([lotsOf(3_600_000n, { maxLotMs: 20_000n, maxLots: 1_000_000n }), lotsOf(30_000n, { maxLotMs: 20_000n, maxLots: 10n }), lotsOf(10n, { maxLotMs: 20n, maxLots: 10n }), lotsOf(1_000n, { maxLotMs: 1n, maxLots: 7n })], [180n, 1n, 0n, 7n]);
  });
});
