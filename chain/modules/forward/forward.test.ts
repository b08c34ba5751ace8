import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Side, type Order, type Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import type { GenesisState } from "../../codec/gen/dcm/market/v1/genesis.ts";
import type { Ask } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressText } from "../../codec/address.ts";
import { brokenInvariants, initGenesis, memoryStores, testContext, transact } from "../../runtime/testing.ts";
import { authority } from "../market/testing.ts";
import { escrowAddress } from "./escrow.ts";
import { defaultParams, localnetParams, paramBounds, paramsFault } from "./params.ts";
import { markDirty } from "./state.ts";
import { denom, fails, name, resultOf, slotLength, TestForward } from "./testing.ts";

/** Of one unit: a slot of 60 s, 100 ms a lot. */
const lots = 600n;

function refuses(action: () => unknown, code: number, text: RegExp): void {
  fails(action, code, text, "forward");
}

/** A quote denom beside the bond denom. */
const usd = "uusd";
const withUsd = (market: GenesisState): void => {
  market.quoteDenoms = [{ denom: usd, rate: { bondUnits: 7n, quoteUnits: 3n }, closed: false }];
};

/** A seller and a holder with one position of `units` at `price`, before its slot. */
function traded(price = 10n, units = 4, params = {}): { f: TestForward; seller: string; holder: string; position: Position } {
  const f = new TestForward(params);
  const [seller, holder] = [f.provider("seller"), f.fund("holder")];
  f.sell(seller, price, units);
  f.buy(holder, price, units);
  f.block(1_000n, 2);
  const position = f.positions()[0];
  assert.ok(position !== undefined);
  return { f, seller, holder, position };
}

/** The job of one task on the ask, run to its end with so many lots used; its id. */
function use(f: TestForward, askId: bigint, holder: string, seller: string, taskLots: bigint, used: bigint): bigint {
  const { quoteDenom } = f.query<{ ask: Ask }>("Ask", { askId }).ask;
  const job = f.bid(holder, 10n, { askId, quoteDenom, lots: taskLots }, { duration: taskLots * 100n });
  f.block(1_000n, 2);
  f.finish(job * 65_536n, seller, resultOf("right", used * 1_000_000_000n));
  return job;
}

const askOf = (f: TestForward): bigint => f.positions()[0]!.askId;

describe("forwards: orders", () => {
  it("FWD-1: a sale holds its margin up to the highest price at which it may trade, a purchase its whole price and the deposits of its positions", () => {
    const f = new TestForward();
    const [seller, buyer] = [f.provider("seller"), f.fund("buyer")];
    const [s, b] = [f.balance(seller), f.balance(buyer)];
    f.sell(seller, 7n, 3, { marginPrice: 9n });
    f.buy(buyer, 5n, 2);
    const [sell, buy] = f.orders() as [Order, Order];
    assert.deepEqual([sell.heldPerUnit, sell.lots, sell.marginPrice], [String((9n * lots * 2n) / 10n), lots, 9n]);
    assert.deepEqual([buy.heldPerUnit, buy.positionDeposit], [String(5n * lots), "640"]);
    assert.equal(s - f.balance(seller), 3n * BigInt(sell.heldPerUnit) + BigInt(sell.storageDeposit));
    assert.equal(b - f.balance(buyer), 2n * (5n * lots + 640n) + BigInt(buy.storageDeposit));
    assert.equal(f.held, s - f.balance(seller) + b - f.balance(buyer));
  });

  it("FWD-1: one message places an order in each of several slots", () => {
    const f = new TestForward();
    const first = f.buy(f.fund("buyer"), 5n, 1, { slots: 3 });
    assert.deepEqual(f.orders().map(({ id, slotTau }) => [id, slotTau]), [0n, 1n, 2n].map((i) => [first + i, f.slot(1n + i)]));
  });

  const bad: [string, (f: TestForward) => unknown, number, RegExp, string?][] = [
    ["no side", (f) => f.trade(f.fund("a"), Side.SIDE_UNSPECIFIED, 5n, 1), 2, /side/],
    ["no units", (f) => f.buy(f.fund("a"), 5n, 0), 2, /units is 0/],
    ["too many units", (f) => f.buy(f.fund("a"), 5n, 10_001), 2, /units is 10001/],
    ["no price", (f) => f.buy(f.fund("a"), 0n), 2, /price is 0/],
    ["a purchase with a margin price", (f) => f.buy(f.fund("a"), 5n, 1, { marginPrice: 6n }), 2, /margin_price/],
    ["a margin price below the price", (f) => f.sell(f.provider("p"), 5n, 1, { marginPrice: 4n }), 2, /from 5/],
    ["a slot that has begun", (f) => f.buy(f.fund("a"), 5n, 1, { slotTau: f.slot(0n) }), 3, /multiples of 60000/],
    ["a start between slots", (f) => f.buy(f.fund("a"), 5n, 1, { slotTau: f.slot() + 1n }), 3, /multiples of 60000/],
    ["a slot too far ahead", (f) => f.buy(f.fund("a"), 5n, 1, { slotTau: f.slot(169n) }), 3, /multiples/],
    ["a range that ends too far ahead", (f) => f.buy(f.fund("a"), 5n, 1, { slotTau: f.slot(168n), slots: 2 }), 3, /multiples/],
    ["a range too long", (f) => f.buy(f.fund("a"), 5n, 1, { slots: 25 }), 2, /slots is 25/],
    ["a seller that is no provider", (f) => f.sell(f.fund("a"), 5n), 5, /not an active provider/],
    ["an unknown class", (f) => f.buy(f.fund("a"), 5n, 1, { classId: "no.such" }), 4, /no\.such/, "market"],
    ["another denom", (f) => f.buy(f.fund("a"), 5n, 1, { quoteDenom: "uother" }), 6, /uother/, "market"],
    ["a balance too small", (f) => f.buy(f.fund("a", 3_000n), 5n), 5, /has 3000/, "sdk"],
    ["no such order", (f) => f.message("MsgCancelOrder", { owner: f.fund("a"), orderId: 9n }), 6, /no order 9/],
    ["no such position", (f) => f.message("MsgResell", { holder: f.fund("a"), positionId: 9n, units: 0, price: 1n }), 9, /no position 9/],
  ];
  for (const [what, action, code, text, codespace = "forward"] of bad) {
    it(`FWD-2: refuses ${what} and changes nothing`, () => {
      const f = new TestForward();
      fails(() => action(f), code, text, codespace);
      assert.deepEqual([f.orders().length, f.held], [0, 0n]);
    });
  }

  it("FWD-2: a slot too short for one lot of the class trades nothing of it", () => {
    const f = new TestForward({ slotLength: 1_000n });
    f.send("MsgSetClass", { authority, class: { ...f.query<{ class: object }>("Class", { classId: "wasm.core" }).class, maxLotMs: 1_001n } });
    refuses(() => f.buy(f.fund("a"), 5n, 1, { slotTau: f.tau + 1_000n - (f.tau % 1_000n) }), 4, /1000 ms holds no lot/);
  });

  it("FWD-3: an order is cancelled behind the batch, by its owner, once; what it holds and its deposit come back", () => {
    const f = new TestForward();
    const buyer = f.fund("buyer");
    const before = f.balance(buyer);
    const id = f.buy(buyer, 5n, 2);
    refuses(() => f.message("MsgCancelOrder", { owner: f.fund("other"), orderId: id }), 7, /order 1 belongs to/);
    f.message("MsgCancelOrder", { owner: buyer, orderId: id });
    refuses(() => f.message("MsgCancelOrder", { owner: buyer, orderId: id }), 8, /order 1/);
    assert.equal(f.orders().length, 1);
    f.block();
    assert.deepEqual([f.orders().length, f.balance(buyer), f.held], [0, before, 0n]);
    assert.equal(f.happened("EventOrderEnded")[0]!.reason, "cancelled");
  });

  it("FWD-3: a cancellation does not save an order from the batch that it is in", () => {
    const f = new TestForward();
    const [seller, buyer] = [f.provider("seller"), f.fund("buyer")];
    const id = f.sell(seller, 5n);
    f.buy(buyer, 5n);
    f.block();
    f.message("MsgCancelOrder", { owner: seller, orderId: id });
    f.block();
    assert.equal(f.positions().length, 1);
  });

  it("FWD-3: nor does it where the book waits for its batch behind more others than a block clears", () => {
    const f = new TestForward();
    const [seller, buyer] = [f.provider("seller"), f.fund("buyer")];
    const id = f.sell(seller, 5n);
    f.buy(buyer, 5n);
    const ctx = testContext(f.stores, { height: f.height });
    for (let i = 0n; i < 1_001n; i++) markDirty(ctx, ["wasm.core", denom, f.slot(), lots + 1n + i]);
    f.block();
    f.message("MsgCancelOrder", { owner: seller, orderId: id });
    f.block();
    assert.deepEqual([f.orders().length, f.positions().length], [2, 0]);
    f.block();
    assert.deepEqual([f.orders().length, f.positions().length], [0, 1]);
  });

  it("FWD-4: an order expires when its slot begins, swept or not", () => {
    const f = new TestForward();
    const buyer = f.fund("buyer");
    const before = f.balance(buyer);
    const id = f.buy(buyer, 5n, 1);
    f.block(f.slot() - f.tau);
    refuses(() => f.message("MsgCancelOrder", { owner: buyer, orderId: id }), 10, /slot of order 1 begins/);
    f.block();
    assert.deepEqual([f.orders().length, f.balance(buyer)], [0, before]);
    assert.equal(f.happened("EventOrderEnded")[0]!.reason, "expired");
  });
});

describe("forwards: the batch", () => {
  it("FWD-5: orders accepted up to h clear in h + 1 at one price; both sides keep the margin, the rest goes back at once", () => {
    const f = new TestForward();
    const [cheap, dear, high, low] = [f.provider("cheap"), f.provider("dear"), f.fund("high"), f.fund("low")];
    const before = [cheap, dear, high, low].map(f.balance);
    f.sell(cheap, 4n, 1, { marginPrice: 20n });
    f.sell(dear, 8n, 1, { marginPrice: 20n });
    f.buy(high, 12n);
    f.buy(low, 9n);
    f.block();
    assert.equal(f.positions().length, 0, "not in the block of their acceptance");
    f.block();
    const margin = (8n * lots * 2n) / 10n;
    assert.deepEqual(f.positions().map(({ price, sellerMargin, holderMargin }) => [price, sellerMargin, holderMargin]), Array(2).fill([8n, String(margin), String(margin)]));
    assert.deepEqual([cheap, dear].map((who, i) => before[i]! - f.balance(who)), [margin, margin]);
    assert.deepEqual([high, low].map((who, i) => before[i + 2]! - f.balance(who)), [margin + 640n, margin + 640n]);
    assert.deepEqual(f.happened("EventBatchCleared").map(({ price, units, fills }) => [price, units, fills]), [["8", "2", "2"]]);
    assert.equal(f.held, 4n * margin + 2n * 640n);
  });

  it("FWD-5: a seller never trades beyond the price for which it paid margin", () => {
    const f = new TestForward();
    const [cheap, dear, buyer] = [f.provider("cheap"), f.provider("dear"), f.fund("buyer")];
    f.sell(cheap, 4n, 1, { marginPrice: 5n });
    f.sell(dear, 8n);
    f.buy(buyer, 9n, 2);
    f.block(1_000n, 2);
    assert.deepEqual(f.positions().map(({ seller, price }) => [seller, price]), [[cheap, 5n], [dear, 8n]]);
  });

  it("FWD-6: books of other slots do not meet, nor do orders of one owner: of those the newer leaves", () => {
    const f = new TestForward();
    const seller = f.provider("seller");
    f.sell(seller, 4n, 1, { slotTau: f.slot(2n) });
    f.sell(seller, 4n);
    f.block();
    f.buy(seller, 9n);
    f.block(1_000n, 3);
    assert.deepEqual([f.positions().length, f.orders().length], [0, 2]);
    assert.equal(f.happened("EventOrderEnded")[0]!.reason, "self_trade");
  });

  it("FWD-7: a block matches at most so many units; the rest comes next", () => {
    const f = new TestForward({ maxFills: 3 });
    f.sell(f.provider("seller"), 4n, 8);
    f.buy(f.fund("buyer"), 4n, 8);
    f.block();
    const seen = [1, 2, 3].map(() => {
      f.block();
      return f.positions().reduce((sum, { units }) => sum + units, 0);
    });
    assert.deepEqual(seen, [3, 6, 8]);
  });
});

describe("forwards: positions change hands", () => {
  it("FWD-8: an offered position goes to who accepts it, margin against margin; the seller who takes it back ends it", () => {
    const { f, seller, holder, position } = traded();
    const next = f.fund("next");
    const [was, had] = [f.balance(next), f.balance(holder)];
    refuses(() => f.accept(next, position.id), 12, /offered to nobody/);
    refuses(() => f.message("MsgTransfer", { holder: next, positionId: position.id, to: holder }), 7, /position 1 belongs/);
    refuses(() => f.message("MsgTransfer", { holder, positionId: position.id, to: holder }), 2, /another account/);
    f.message("MsgTransfer", { holder, positionId: position.id, to: next });
    f.message("MsgTransfer", { holder, positionId: position.id, to: "" });
    refuses(() => f.accept(next, position.id), 12, /offered to nobody/);
    f.message("MsgTransfer", { holder, positionId: position.id, to: next });
    refuses(() => f.accept(name("thief"), position.id), 12, /not to/);
    f.accept(next, position.id);
    const paid = BigInt(position.holderMargin) + 640n;
    assert.deepEqual([was - f.balance(next), f.balance(holder) - had], [paid, paid]);
    assert.deepEqual([f.positions({ holder: next }).length, f.positions({ holder }).length], [1, 0]);
    f.message("MsgTransfer", { holder: next, positionId: position.id, to: seller });
    const margin = BigInt(position.sellerMargin);
    const before = f.balance(seller);
    f.accept(seller, position.id);
    assert.deepEqual([f.balance(seller) - before, f.balance(next), f.held], [margin, was, 0n]);
    f.block();
  });

  it("FWD-9: a resale above the position's price pays the reseller the difference now; the new holder owes the old price", () => {
    const { f, holder, position } = traded();
    const buyer = f.fund("buyer");
    const [had, was] = [f.balance(holder), f.balance(buyer)];
    f.message("MsgResell", { holder, positionId: position.id, units: 0, price: 13n });
    refuses(() => f.message("MsgTransfer", { holder, positionId: position.id, to: buyer }), 11, /resold by order 3/);
    refuses(() => f.message("MsgResell", { holder, positionId: position.id, units: 0, price: 13n }), 11, /order 3/);
    f.buy(buyer, 15n, 4);
    f.block(1_000n, 2);
    const [after] = f.positions();
    assert.deepEqual({ ...after!, createdTau: 0n }, { ...position, holder: buyer, payer: buyer, createdTau: 0n });
    const difference = 3n * lots * 4n;
    assert.equal(f.balance(holder) - had, difference + BigInt(position.holderMargin) + 640n);
    assert.equal(was - f.balance(buyer), difference + BigInt(position.holderMargin) + 640n);
  });

  it("FWD-9: a resale below it is paid in advance, and the buyer gets the difference", () => {
    const { f, holder, position } = traded();
    const buyer = f.fund("buyer");
    const [had, was] = [f.balance(holder), f.balance(buyer)];
    f.message("MsgResell", { holder, positionId: position.id, units: 4, price: 8n });
    assert.equal(had - f.balance(holder) - BigInt(f.orders()[0]!.storageDeposit), 2n * lots * 4n);
    f.buy(buyer, 8n, 4);
    f.block(1_000n, 2);
    assert.equal(f.balance(holder) - had, BigInt(position.holderMargin) + 640n - 2n * lots * 4n);
    assert.equal(was - f.balance(buyer), BigInt(position.holderMargin) + 640n - 2n * lots * 4n);
  });

  it("FWD-9: a part is sold, the rest stays; capacity and positions stand in one book", () => {
    const { f, seller, holder, position } = traded();
    const buyer = f.fund("buyer");
    const other = f.provider("other");
    const sell = f.sell(other, 12n);
    f.message("MsgResell", { holder, positionId: position.id, units: 3, price: 11n });
    f.buy(buyer, 12n, 3);
    f.block(1_000n, 2);
    assert.deepEqual(f.positions({ seller }).map((one) => [one.holder, one.units, one.price]), [[holder, 1, 10n], [buyer, 3, 10n]]);
    const margins = f.positions({ seller }).reduce((sum, one) => sum + BigInt(one.sellerMargin), 0n);
    assert.equal(margins, BigInt(position.sellerMargin));
    f.buy(buyer, 12n);
    f.block(1_000n, 2);
    assert.equal(f.positions({ seller: other }).length, 1);
    assert.ok(!f.orders().some(({ id }) => id === sell));
    assert.equal(f.positions({ holder })[0]!.orderId, 0n);
  });

  it("FWD-10: a seller buys its position back in the book: nobody owes anything any more", () => {
    const { f, seller, holder, position } = traded();
    const before = [f.balance(seller), f.balance(holder)];
    f.message("MsgResell", { holder, positionId: position.id, units: 1, price: 12n });
    f.buy(seller, 12n);
    f.block(1_000n, 2);
    assert.equal(f.positions()[0]!.units, 3);
    const difference = 2n * lots;
    const quarter = BigInt(position.sellerMargin) / 4n;
    assert.deepEqual([f.balance(seller) - before[0]!, f.balance(holder) - before[1]!], [quarter - difference, quarter + difference]);
  });

  it("FWD-10: nothing changes hands once the slot has begun", () => {
    const { f, holder, position } = traded();
    f.message("MsgTransfer", { holder, positionId: position.id, to: f.fund("next") });
    f.block(f.slot() - f.tau);
    refuses(() => f.accept(name("next"), position.id), 10, /begins/);
    refuses(() => f.message("MsgTransfer", { holder, positionId: position.id, to: "" }), 10, /begins/);
    refuses(() => f.message("MsgResell", { holder, positionId: position.id, units: 0, price: 5n }), 10, /begins/);
  });
});

describe("forwards: delivery and settlement", () => {
  it("FWD-11: when the slot begins the seller's ask stands for the holder alone, at the price and with the window of the slot", () => {
    const { f, seller, holder } = traded();
    f.begin();
    const { ask } = f.query<{ ask: Ask }>("Ask", { askId: askOf(f) });
    assert.deepEqual([ask.provider, ask.reservedFor, ask.basePrice, ask.units, ask.availableUntil - f.slot(0n)], [seller, holder, 10n, 4, slotLength]);
    assert.equal(f.providers.get(seller)!.reserved, 10n * lots * 4n);
  });

  it("FWD-34: jobs on what is delivered may hold pay back as long as the parameters said when the capacity was offered; the lots are served, whatever a jury says of the pay", () => {
    const { f, seller, holder, position } = traded();
    f.message("MsgUpdateParams", { authority, params: { ...defaultParams(), slotLength, acceptanceWindow: 0n } });
    assert.equal(position.acceptanceWindow, defaultParams().acceptanceWindow);
    f.begin();
    const askId = askOf(f);
    const acceptance = { window: 30_000n, providerShareBps: 0 };
    fails(() => f.bid(holder, 10n, { askId, acceptance: { ...acceptance, window: position.acceptanceWindow + 1n } }), 103, /takes windows of at most/);
    const before = f.balance(seller);
    const job = f.bid(holder, 10n, { askId, lots: 10n, acceptance });
    f.block(1_000n, 2);
    f.finish(job * 65_536n, seller);
    const ref = { id: job * 65_536n, period: 0n };
    transact(f.stores, (ctx) => f.holds.hold(ctx, ref, 7n), { height: f.height });
    transact(f.stores, (ctx) => f.holds.split(ctx, ref, 0), { height: f.height });
    assert.equal(f.balance(seller), before);
    f.block(slotLength, 4);
    assert.deepEqual([f.happened("EventPositionSettled")[0]!.served, f.happened("EventPositionSettled")[0]!.failed], ["2", "0"]);
  });

  it("FWD-12: used lots are paid through the job's escrow; for the rest the holder owes its margin, to the unit", () => {
    const { f, seller, holder, position } = traded();
    const before = [f.balance(seller), f.balance(holder)];
    f.begin();
    use(f, askOf(f), holder, seller, 300n, 251n);
    f.block(1_000n);
    f.block(slotLength, 4);
    const paid = 251n * 10n;
    const fee = paid / 100n;
    const forUnused = (BigInt(position.holderMargin) * (4n * lots - 251n)) / (4n * lots);
    const [settled] = f.happened("EventPositionSettled");
    assert.deepEqual([settled!.served, settled!.failed, settled!.unused, settled!.for_unused], ["251", "0", String(4n * lots - 251n), String(forUnused)]);
    f.block(604_800_001n, 2);
    assert.deepEqual([f.balance(seller) - before[0]!, f.balance(holder) - before[1]!], [
      BigInt(position.sellerMargin) + forUnused + paid, BigInt(position.holderMargin) - forUnused + 640n - paid - fee,
    ]);
    assert.deepEqual([f.positions().length, f.held], [0, 0n]);
  });

  it("FWD-12: in a quote denom prices, margins and pay are in it, deposits and the bond in the bond denom, at the rate of the slot's start", () => {
    const f = new TestForward({}, withUsd);
    const [seller, holder] = [f.provider("seller"), f.fund("holder")];
    for (const who of ["seller", "holder"]) f.fund(who, 1_000_000n, usd);
    const money = [f.money, f.moneyIn(usd)];
    const before = [f.balanceOf(seller, usd), f.balanceOf(holder, usd), f.balance(seller), f.balance(holder)] as const;
    f.sell(seller, 10n, 1, { quoteDenom: usd });
    f.buy(holder, 10n, 1, { quoteDenom: usd });
    f.buy(holder, 20n);
    f.block(1_000n, 2);
    const [position] = f.positions();
    const margin = 1_200n;
    assert.deepEqual([position!.quoteDenom, position!.sellerMargin, position!.holderMargin, f.orders().length], [usd, String(margin), String(margin), 1], "the book of the other denom is another one");
    assert.equal(f.balanceOf(addressText(escrowAddress), usd), 2n * margin);
    f.begin();
    assert.equal(f.providers.get(seller)!.reserved, 14_000n, "6,000 at 7 / 3");
    use(f, askOf(f), holder, seller, 300n, 300n);
    f.block(1_000n);
    f.block(slotLength, 4);
    f.block(604_800_001n, 2);
    const [paid, fee, forUnused] = [3_000n, 30n, margin / 2n];
    assert.deepEqual([f.balanceOf(seller, usd) - before[0], f.balanceOf(holder, usd) - before[1]], [paid + forUnused, -paid - fee - forUnused]);
    assert.deepEqual([f.balance(seller), f.balance(holder), f.held], [before[2], before[3], 0n]);
    assert.deepEqual([f.money, f.moneyIn(usd)], money);
  });

  it("FWD-13: with all lots used both margins are free, and before the slot is over", () => {
    const { f, seller, holder, position } = traded(10n, 1);
    const before = [f.balance(seller), f.balance(holder)];
    f.begin();
    for (let i = 0; i < 2; i++) use(f, askOf(f), holder, seller, 300n, 300n);
    f.block(1_000n);
    assert.equal(f.positions().length, 0);
    f.block(604_800_001n, 2);
    const paid = 600n * 10n;
    assert.deepEqual([f.balance(seller) - before[0]!, f.balance(holder) - before[1]!], [BigInt(position.sellerMargin) + paid, BigInt(position.holderMargin) + 640n - paid - paid / 100n]);
  });

  it("FWD-14: a seller that cannot deliver pays its whole margin: it lacks bond, is not active, or has left", () => {
    for (const fault of ["bond", "silent", "left"]) {
      const { f, seller, holder, position } = traded();
      const before = [f.balance(seller), f.balance(holder)];
      if (fault === "bond") f.providers.get(seller)!.bond = 10n * lots * 4n - 1n;
      else if (fault === "silent") f.setActive(seller, false);
      else f.leave(seller);
      f.begin();
      assert.equal(f.positions().length, 0, fault);
      assert.deepEqual([f.balance(seller) - before[0]!, f.balance(holder) - before[1]!], [0n, BigInt(position.sellerMargin) + BigInt(position.holderMargin) + 640n], fault);
    }
  });

  it("FWD-14: missed tasks, and bids that find the seller gone, cost it that part of its margin, beside what the market takes", () => {
    const { f, seller, holder, position } = traded();
    f.begin();
    const missed = f.bid(holder, 10n, { askId: askOf(f), lots: 100n }, { duration: 10_000n });
    f.block(1_000n, 2);
    assert.ok(f.task(missed * 65_536n).price > 0n);
    f.block(21_000n, 2);
    f.setActive(seller, false);
    f.bid(holder, 10n, { askId: askOf(f), lots: 50n }, { duration: 5_000n });
    f.block(1_000n, 2);
    f.block(slotLength, 3);
    const [settled] = f.happened("EventPositionSettled");
    assert.deepEqual([settled!.served, settled!.failed, settled!.unused], ["0", "150", String(4n * lots - 150n)]);
    assert.equal(settled!.for_failed, String((BigInt(position.sellerMargin) * 150n) / (4n * lots)));
    assert.equal(f.named("EventProviderPenalized").length, 1);
  });

  it("FWD-14: a seller that withdraws the ask within the slot has failed what is left", () => {
    const { f, seller } = traded();
    f.begin();
    f.send("MsgCancelAsk", { provider: seller, askId: askOf(f) });
    f.block(1_000n, 2);
    assert.deepEqual(f.happened("EventPositionSettled").map(({ failed, for_failed }) => [failed, for_failed]), [[String(4n * lots), String((10n * lots * 4n) / 5n)]]);
  });

  it("FWD-15: a task that runs beyond the slot is counted before the margins are divided", () => {
    const { f, seller, holder } = traded();
    f.begin();
    const job = f.bid(holder, 10n, { askId: askOf(f), lots: 500n }, { duration: 50_000n });
    f.block(1_000n, 2);
    f.start(job * 65_536n, seller);
    f.block(slotLength);
    f.block(1_000n, 2);
    assert.equal(f.positions().length, 1, "the task has not ended");
    f.commit(job * 65_536n, seller, resultOf("right", 500_000_000_000n));
    f.reveal(job * 65_536n, seller, resultOf("right", 500_000_000_000n));
    f.block(1_000n, 2);
    assert.equal(f.happened("EventPositionSettled")[0]!.served, "500");
  });

  it("FWD-15: where the chain comes too late for the whole slot, nobody pays", () => {
    const { f, seller, holder, position } = traded();
    const before = [f.balance(seller), f.balance(holder)];
    f.block(2n * slotLength + 1n);
    f.block();
    assert.deepEqual([f.balance(seller) - before[0]!, f.balance(holder) - before[1]!], [BigInt(position.sellerMargin), BigInt(position.holderMargin) + 640n]);
  });

  it("FWD-16: many positions of one slot are delivered and settled a bounded number a block, each within its slot", () => {
    const f = new TestForward({ maxSweep: 10 });
    const seller = f.provider("seller", 1_000_000_000n);
    f.balances.set(seller, 1_000_000_000n);
    f.sell(seller, 1n, 35);
    for (let i = 0; i < 35; i++) f.buy(f.fund(`holder ${i}`), 1n);
    f.block(1_000n, 2);
    assert.equal(f.positions().length, 35);
    f.block(f.slot() - f.tau);
    const delivered = [1, 2, 3, 4].map(() => {
      f.block(1_000n);
      return f.positions().filter(({ askId }) => askId !== 0n).length;
    });
    assert.deepEqual(delivered, [10, 20, 30, 35]);
    f.block(slotLength);
    const left = [1, 2, 3, 4].map(() => {
      f.block(1_000n);
      return f.positions().length;
    });
    assert.deepEqual(left, [25, 15, 5, 0]);
    assert.equal(f.held, 0n);
  });
});

describe("forwards: the module", () => {
  it("FWD-17: only governance changes parameters, within bounds; a slot's length stays while something is traded", () => {
    const f = new TestForward();
    const params = { ...defaultParams(), slotLength, marginBps: 5_000 };
    assert.throws(() => f.message("MsgUpdateParams", { authority: f.fund("a"), params }), /gov account/);
    refuses(() => f.message("MsgUpdateParams", { authority, params: { ...params, marginBps: 10_001 } }), 13, /margin_bps is 10001/);
    refuses(() => f.message("MsgUpdateParams", { authority, params: undefined }), 2, /params is missing/);
    for (const [field, [initial, low, high]] of Object.entries(paramBounds)) assert.ok(low <= initial && initial <= high, field);
    assert.equal(paramsFault(localnetParams()), undefined);
    const seller = f.provider("seller");
    f.sell(seller, 10n);
    f.message("MsgUpdateParams", { authority, params });
    refuses(() => f.message("MsgUpdateParams", { authority, params: { ...params, slotLength: 30_000n } }), 14, /stays 60000/);
    f.buy(f.fund("buyer"), 10n);
    f.block(1_000n, 2);
    const [{ sellerMargin, holderMargin }] = f.positions() as [Position];
    assert.deepEqual([sellerMargin, holderMargin], [String(2n * lots), String(5n * lots)], "each side pays as when it placed its order");
  });

  it("FWD-18: genesis goes round, with orders, cancellations, resales, offers and deliveries", () => {
    const { f, holder, position } = traded();
    f.begin();
    f.sell(f.provider("more"), 5n, 2);
    f.buy(holder, 5n);
    f.block(1_000n, 2);
    const second = f.positions({ holder }).find(({ id }) => id !== position.id)!;
    f.message("MsgResell", { holder, positionId: second.id, units: 0, price: 4n });
    f.message("MsgCancelOrder", { owner: holder, orderId: f.orders(holder)[0]!.id });
    const exported = f.forward.genesis!.export(testContext(f.stores, { height: f.height }));
    const stores = memoryStores();
    initGenesis(stores, [f.forward], { forward: exported }, { height: f.height });
    assert.deepEqual(f.forward.genesis!.export(testContext(stores, { height: f.height })), exported);
    assert.deepEqual(brokenInvariants(stores, [f.forward]), []);
  });

  it("FWD-18: a section that contradicts itself is refused", () => {
    const { f } = traded();
    const state = f.forward.genesis!.export(testContext(f.stores, { height: f.height })) as { positions: Position[]; orders: Order[]; nextPositionId: bigint; cancelled: bigint[] };
    const check = (change: object): void => f.forward.genesis!.check({ ...state, ...change });
    check({});
    assert.throws(() => check({ nextPositionId: 1n }), /stay below 1/);
    assert.throws(() => check({ cancelled: [7n] }), /no order 7/);
    assert.throws(() => check({ positions: [{ ...state.positions[0]!, holder: state.positions[0]!.seller }] }), /held by its seller/);
    assert.throws(() => check({ positions: [{ ...state.positions[0]!, orderId: 5n }] }), /order 5, which is missing/);
    assert.throws(() => check({ params: undefined }), /params is missing/);
  });

  it("FWD-19: lists come in pages, by owner, holder, seller or organization; the book shows what waits", () => {
    const { f, seller, holder } = traded();
    f.sell(seller, 12n, 2);
    f.sell(f.provider("other"), 12n, 1);
    f.buy(holder, 7n, 3);
    const book = f.inquire<{ sells: object[]; buys: object[] }>("Book", { classId: "wasm.core", quoteDenom: denom, slotTau: f.slot(), levels: 0 });
    assert.deepEqual(book, { sells: [{ price: 12n, lots, units: 3n, orders: 2 }], buys: [{ price: 7n, lots, units: 3n, orders: 1 }] });
    assert.equal(f.orders(seller).length, 1);
    assert.throws(() => f.positions({ holder, seller }), /not by holder and seller/);
    assert.throws(() => f.inquire("Position", { positionId: 99n }), /position 99/);
    assert.throws(() => f.inquire("Order", { orderId: 99n }), /order 99/);
    assert.throws(() => f.inquire("Book", { classId: "", quoteDenom: denom, slotTau: 0n, levels: 0 }), /all are needed/);
    assert.equal(f.inquire<{ tau: bigint }>("Params", {}).tau, f.tau);
  });
});

/** Orders and positions as the events alone tell them. */
function rebuilt(f: TestForward): { orders: string[]; positions: string[] } {
  const orders = new Map<string, string>();
  const positions = new Map<string, string>();
  for (const { type, attributes } of f.events) {
    const at = Object.fromEntries(attributes) as Record<string, string>;
    const order = `${at.order_id} ${at.owner} ${at.side} ${at.slot_tau} ${at.price} ${at.units}`;
    const position = `${at.position_id} ${at.seller} ${at.holder} ${at.slot_tau} ${at.units} ${at.price}`;
    if (type === "dcm.forward.v1.EventOrderPlaced" || type === "dcm.forward.v1.EventOrderFilled") orders.set(at.order_id!, order);
    if (type === "dcm.forward.v1.EventOrderEnded") orders.delete(at.order_id!);
    if (["Opened", "Changed", "Delivered"].some((what) => type === `dcm.forward.v1.EventPosition${what}`)) positions.set(at.position_id!, position);
    if (type === "dcm.forward.v1.EventPositionSettled") positions.delete(at.position_id!);
    if (type === "dcm.forward.v1.EventPositionClosed" && at.left === "0") positions.delete(at.position_id!);
  }
  return { orders: [...orders.values()].sort(), positions: [...positions.values()].sort() };
}

function shown(f: TestForward): { orders: string[]; positions: string[] } {
  return {
    orders: f.orders().map((one) => `${one.id} ${one.owner} ${one.side === Side.SIDE_SELL ? "sell" : "buy"} ${one.slotTau} ${one.price} ${one.units}`).sort(),
    positions: f.positions().map((one) => `${one.id} ${one.seller} ${one.holder} ${one.slotTau} ${one.units} ${one.price}`).sort(),
  };
}

describe("forwards: any run of messages", () => {
  it("FWD-20, FWD-21: keeps every unit of money, every invariant, and events that rebuild all orders and positions", () => {
    const step = fc.record({ kind: fc.integer({ min: 0, max: 9 }), who: fc.integer({ min: 0, max: 3 }), at: fc.nat({ max: 1_000 }), price: fc.integer({ min: 1, max: 12 }), units: fc.integer({ min: 1, max: 4 }) });
    let trades = 0;
    fc.assert(fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), fc.constantFrom(1, 2_000, 9_999, 10_000), (steps, marginBps) => {
      const f = new TestForward({ marginBps, maxFills: 5 }, withUsd);
      const people = [...["a", "b"].map((label) => f.provider(label, 60_000n)), f.fund("x"), f.fund("y")];
      for (const who of people) f.balances.set(who, 1_000_000n);
      for (const label of ["a", "b", "x", "y"]) f.fund(label, 1_000_000n, usd);
      const before = [f.money, f.moneyIn(usd)];
      for (const { kind, who, at, price, units } of steps) {
        const me = people[who]!;
        const seller = people[who % 2]!;
        const all = f.positions();
        const position = all[at % Math.max(1, all.length)];
        const quoteDenom = at % 5 === 0 ? usd : denom;
        try {
          if (kind < 2) f.sell(seller, BigInt(price), units, { quoteDenom, marginPrice: BigInt(price + (at % 3)), slots: at % 3 });
          else if (kind < 5) f.buy(me, BigInt(price), units, { quoteDenom, slots: at % 3 });
          else if (kind === 5 && position !== undefined) f.message("MsgResell", { holder: position.holder, positionId: position.id, units: at % (position.units + 1), price: BigInt(price) });
          else if (kind === 6 && position !== undefined) f.message("MsgTransfer", { holder: position.holder, positionId: position.id, to: me });
          else if (kind === 7 && position !== undefined) f.accept(position.offeredTo || me, position.id);
          else if (kind === 8) f.message("MsgCancelOrder", { owner: f.orders()[at % 5]?.owner ?? me, orderId: f.orders()[at % 5]?.id ?? 1n });
          else if (position !== undefined && position.askId !== 0n) use(f, position.askId, position.holder, position.seller, 20n, BigInt(at % 30));
          else f.setActive(seller, at % 2 === 0);
        } catch (error) {
          if (!(error instanceof Error) || error.name !== "TxError") throw error;
        }
        f.block(at % 10 === 0 ? 30_000n : 1_000n);
        assert.deepEqual([f.money, f.moneyIn(usd)], before);
        assert.deepEqual(rebuilt(f), shown(f));
      }
      trades += f.happened("EventPositionOpened").length;
      for (let i = 0; i < 8; i++) f.block(60_000n);
      assert.deepEqual([f.positions().length, f.orders().length, f.held, f.balanceOf(addressText(escrowAddress), usd)], [0, 0, 0n, 0n]);
      assert.deepEqual([f.money, f.moneyIn(usd)], before);
    }), { numRuns: 40 });
    assert.ok(trades > 20, `${trades} trades`);
  });
});
