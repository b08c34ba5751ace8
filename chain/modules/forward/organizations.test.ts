/** Forwards that an organization's money buys: who may, with whom, and where each coin and each budget ends up. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Side, type Position } from "../../codec/gen/dcm/forward/v1/types.ts";
import type { MsgPlaceOrder } from "../../codec/gen/dcm/forward/v1/tx.ts";
import type { GenesisState } from "../../codec/gen/dcm/forward/v1/genesis.ts";
import { HoldingKind, Role, type Policy } from "../../codec/gen/dcm/organization/v1/types.ts";
import type { QueryHoldingsResponse } from "../../codec/gen/dcm/organization/v1/query.ts";
import { initGenesis, memoryStores, testContext } from "../../runtime/testing.ts";
import { denom, fails, name, resultOf, TestForward } from "./testing.ts";

const { ROLE_ADMIN: admin, ROLE_OPERATOR: operator, ROLE_SPENDER: spender, ROLE_VIEWER: viewer } = Role;
const money = 1_000_000n;
/** Of one unit: a slot of 60 s, 100 ms a lot. */
const lots = 600n;
const acme = { organization: "acme", costTags: [{ key: "team", value: "ml" }] };
/** Of a position's record, and of what its organization adds to it. */
const deposit = (position: Position): bigint => BigInt(position.storageDeposit);

interface World {
  readonly f: TestForward;
  /** What acme's account has. */
  balance(): bigint;
  /** What is left of its budget. */
  left(): bigint;
}

/** Acme with an owner, an admin and two spenders, money and a budget of as much; sellers without an organization. */
function world(params = {}): World {
  const f = new TestForward(params);
  const account = f.found("acme", "olga", money);
  for (const [label, role] of [["ada", admin], ["sam", spender], ["tom", spender], ["viv", viewer]] as const) f.member("olga", "acme", label, role);
  for (const label of ["ch", "us"]) f.provider(label, 90_000_000n, name(label), [["jurisdiction", label.toUpperCase()]]);
  return { f, balance: () => f.balance(account), left: () => f.remaining("acme")[0]! };
}

/** A position of acme's, ordered by sam. */
function bought(price = 10n, units = 4, seller = "ch"): World & { position: Position } {
  const w = world();
  const { f } = w;
  f.sell(name(seller), price, units);
  f.buy(name("sam"), price, units, acme);
  f.block(1_000n, 2);
  const [position] = f.positions({ organization: "acme" });
  assert.ok(position !== undefined);
  return { ...w, position };
}

const policy = (f: TestForward, change: Partial<Policy>): void => f.policy("olga", "acme", change);
const refuses = (action: () => unknown, code: number, text: RegExp, codespace = "forward"): void => fails(action, code, text, codespace);
const resell = (f: TestForward, holder: string, { id }: Position, price: bigint, units = 0): void => void f.message("MsgResell", { holder: name(holder), positionId: id, units, price });
const offer = (f: TestForward, holder: string, { id }: Position, to: string): void => void f.message("MsgTransfer", { holder: name(holder), positionId: id, to });
const holdings = (f: TestForward, kind: HoldingKind, id: bigint): number => f.query<QueryHoldingsResponse>("/dcm.organization.v1.Query/Holdings", { kind, id }).holdings.length;

describe("forwards of an organization: orders", () => {
  it("FWD-22 its account pays for the order within its budget; with the match the margin stays, all else is back, in the budget too", () => {
    const { f, balance, left } = world();
    f.sell(name("ch"), 10n, 4);
    const own = f.balance(name("sam"));
    f.buy(name("sam"), 12n, 4, acme);
    const [order] = f.orders("", "acme");
    assert.deepEqual([order!.owner, order!.payer, order!.costTags], [name("sam"), f.organization("acme").organization!.address, acme.costTags]);
    const held = 4n * (12n * lots + BigInt(order!.positionDeposit)) + BigInt(order!.storageDeposit);
    assert.deepEqual([money - balance(), money - left(), f.balance(name("sam"))], [held, held, own]);
    f.block(1_000n, 2);
    const [position] = f.positions({ organization: "acme" });
    assert.deepEqual([position!.holder, position!.payer, position!.organization, position!.costTags, position!.price], [name("sam"), order!.payer, "acme", acme.costTags, 10n]);
    const kept = BigInt(position!.holderMargin) + deposit(position!);
    assert.deepEqual([money - balance(), money - left(), f.orders().length], [kept, kept, 0]);
    assert.deepEqual([holdings(f, HoldingKind.HOLDING_KIND_FORWARD_ORDER, order!.id), holdings(f, HoldingKind.HOLDING_KIND_FORWARD_POSITION, position!.id)], [0, 1]);
  });

  it("FWD-22 an order that is cancelled, or whose slot begins, gives everything back", () => {
    const { f, balance, left } = world();
    const id = f.buy(name("sam"), 5n, 2, acme);
    f.message("MsgCancelOrder", { owner: name("sam"), orderId: id });
    f.buy(name("sam"), 5n, 2, acme);
    f.block();
    f.begin();
    assert.deepEqual(f.happened("EventOrderEnded").map(({ reason }) => reason), ["cancelled", "expired"]);
    assert.deepEqual([balance(), left(), f.held], [money, money, 0n]);
  });

  const bad: [string, (f: TestForward) => unknown, number, RegExp, string?][] = [
    ["somebody who is no member", (f) => f.buy(f.fund("eve"), 5n, 1, acme), 5, /no member of acme/],
    ["a member that may not spend", (f) => f.buy(name("viv"), 5n, 1, acme), 6, /viewer of acme and may not spend/],
    ["an organization that is not there", (f) => f.buy(name("sam"), 5n, 1, { organization: "nobody" }), 4, /no organization nobody/],
    ["what is over budget", (f) => f.buy(name("sam"), 2_000n, 1, acme), 12, /more than remains/],
    ["a denied class", (f) => {
      policy(f, { deniedClasses: ["wasm.core"] });
      f.buy(name("sam"), 5n, 1, acme);
    }, 10, /denied_classes has wasm.core/],
    ["a sale of capacity", (f) => f.sell(name("ch"), 5n, 1, acme), 2, /empty in a sale of capacity/, "forward"],
    ["what is no name", (f) => f.buy(name("sam"), 5n, 1, { organization: "Acme" }), 2, /organization is Acme/, "forward"],
    ["tags that are not sorted", (f) => f.buy(name("sam"), 5n, 1, { ...acme, costTags: [...acme.costTags, ...acme.costTags] }), 2, /cost_tags is team, team/, "forward"],
  ];
  for (const [what, action, code, text, codespace = "organization"] of bad) {
    it(`FWD-23 refuses ${what} and changes nothing`, () => {
      const { f, balance, left } = world();
      refuses(() => action(f), code, text, codespace);
      assert.deepEqual([f.orders().length, f.held, balance(), left()], [0, 0n, money, money]);
    });
  }

  it("FWD-23 a least level of verification is asked of the jobs, not of the forward that they will use", () => {
    const { f } = world();
    policy(f, { minVerification: 2 });
    f.buy(name("sam"), 5n, 1, acme);
    assert.equal(f.orders().length, 1);
  });
});

describe("forwards of an organization: the match", () => {
  it("FWD-24 meets those alone whom the policy admits in that block, by what they declare then", () => {
    const { f } = world();
    f.sell(name("us"), 4n);
    f.sell(name("ch"), 9n);
    f.buy(name("sam"), 10n, 2, acme);
    policy(f, { allowedJurisdictions: ["CH"] });
    f.block(1_000n, 2);
    assert.deepEqual(f.positions().map(({ seller, price }) => [seller, price]), [[name("ch"), 9n]]);
    assert.deepEqual(f.orders().map(({ owner }) => owner).sort(), [name("us"), name("sam")].sort());
    policy(f, {});
    f.block(1_000n, 2);
    assert.deepEqual(f.positions().map(({ seller }) => seller), [name("ch"), name("us")]);
  });

  it("FWD-24 a resale is held against the policy by whose capacity it is", () => {
    const { f } = world();
    const [x, y] = [f.fund("x"), f.fund("y")];
    f.sell(name("us"), 4n);
    f.buy(x, 4n);
    f.block(1_000n, 2);
    policy(f, { deniedJurisdictions: ["US"] });
    resell(f, "x", f.positions()[0]!, 5n);
    f.buy(name("sam"), 10n, 1, acme);
    f.block(1_000n, 2);
    assert.equal(f.positions()[0]!.holder, x);
    f.buy(y, 5n);
    f.block(1_000n, 2);
    assert.equal(f.positions()[0]!.holder, y);
  });

  it("FWD-25 what its organization bars is matched no more from that block on, and leaves with all its money", () => {
    for (const turn of [(f: TestForward) => policy(f, { deniedClasses: ["wasm.core"] }), (f: TestForward) => f.remove("olga", "acme", "sam"), (f: TestForward) => void f.member("olga", "acme", "sam", viewer)]) {
      const { f, balance, left } = world();
      f.buy(name("sam"), 10n, 1, acme);
      f.block();
      f.sell(name("ch"), 4n);
      f.block();
      turn(f);
      f.block();
      assert.deepEqual([f.positions().length, f.orders("", "acme").length, balance(), left()], [0, 0, money, money]);
      assert.equal(f.happened("EventOrderEnded").at(-1)!.reason, "barred");
    }
  });

  it("FWD-25 many orders leave a bounded number a block, and none of them trades meanwhile", () => {
    const { f, balance } = world({ maxSweep: 10 });
    for (let i = 0; i < 25; i++) f.buy(name("sam"), 10n, 1, acme);
    f.block();
    f.sell(name("ch"), 4n, 50);
    f.remove("olga", "acme", "sam");
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      f.block();
      seen.push(f.orders("", "acme").length);
    }
    assert.deepEqual([seen, f.positions().length, balance()], [[15, 5, 0, 0], 0, money]);
  });
});

describe("forwards of an organization: affiliates", () => {
  it("FWD-26 a member's capacity does not meet its organization's purchase, nor a member's: the newer order leaves", () => {
    const { f } = world();
    f.member("olga", "acme", "kin", operator);
    f.provider("kin", 90_000_000n);
    f.sell(name("kin"), 4n, 2);
    f.block();
    f.buy(name("sam"), 10n, 1, acme);
    f.buy(name("sam"), 10n);
    f.block(1_000n, 2);
    assert.deepEqual([f.positions().length, f.happened("EventOrderEnded").map(({ reason }) => reason)], [0, ["self_trade", "self_trade"]]);
  });

  it("FWD-26 what a member has sold its organization does not buy of others either; nobody leaves for that, and such a bid sets the price all the same where there is no such resale", () => {
    const { f } = world();
    f.member("olga", "acme", "kin", operator);
    f.provider("kin", 90_000_000n);
    const x = f.fund("x");
    f.sell(name("kin"), 4n);
    f.buy(x, 4n);
    f.block(1_000n, 2);
    resell(f, "x", f.positions()[0]!, 5n);
    f.sell(name("ch"), 8n, 1, { marginPrice: 20n });
    f.buy(name("sam"), 10n, 1, acme);
    f.block(1_000n, 2);
    assert.deepEqual(f.positions().map(({ seller, holder, price }) => [seller, holder, price]), [[name("kin"), x, 4n], [name("ch"), name("sam"), 8n]]);
    assert.equal(f.orders().length, 1, "the resale waits for others");
    const open = f.slot(2n);
    f.sell(name("us"), 3n, 1, { slotTau: open, marginPrice: 20n });
    f.buy(name("sam"), 10n, 2, { ...acme, slotTau: open });
    f.block(1_000n, 2);
    assert.equal(f.positions({ seller: name("us") })[0]!.price, 10n, "the unfilled purchase marks it");
  });

  it("FWD-26 its seller buys a position back of the organization in the book, at the difference", () => {
    const { f, position, balance, left } = bought(10n, 2);
    resell(f, "sam", position, 13n);
    f.buy(name("ch"), 13n, 2);
    f.block(1_000n, 2);
    assert.deepEqual([f.positions().length, f.held], [0, 0n]);
    assert.deepEqual([balance(), left()], [money + 3n * lots * 2n, money]);
  });
});

describe("forwards of an organization: positions change hands", () => {
  it("FWD-27 what was ordered in one month and matched in the next stays charged to the first, and restores nothing in the second", () => {
    const { f, balance, left } = world();
    f.buy(name("sam"), 10n, 1, acme);
    f.block();
    f.time += 31n * 86_400n;
    assert.equal(left(), money);
    f.sell(name("ch"), 4n);
    f.block(1_000n, 2);
    const [position] = f.positions({ organization: "acme" });
    assert.deepEqual([balance(), left()], [money - BigInt(position!.holderMargin) - deposit(position!), money]);
    resell(f, "sam", position!, position!.price);
    f.buy(f.fund("next"), position!.price);
    f.block(1_000n, 2);
    assert.deepEqual([balance(), left(), f.positions({ organization: "acme" }).length], [money, money, 0]);
  });

  it("FWD-27 a resale above the position's price: margin and deposit restore the budget, the gain comes on top of it", () => {
    const { f, position, balance, left } = bought(10n, 2);
    f.fund("next");
    resell(f, "sam", position, 13n);
    f.buy(name("next"), 13n, 2);
    f.block(1_000n, 2);
    assert.deepEqual([balance(), left(), f.positions({ organization: "acme" }).length], [money + 3n * lots * 2n, money, 0]);
  });

  it("FWD-27 a resale below it: the loss is paid in advance within the budget, and is what is gone of both", () => {
    const { f, position, balance, left } = bought(10n, 4);
    f.fund("next");
    resell(f, "sam", position, 7n, 2);
    f.buy(name("next"), 8n, 2);
    f.block(1_000n, 2);
    const [rest] = f.positions({ organization: "acme" });
    const loss = 3n * lots * 2n;
    assert.deepEqual([money - balance(), money - left()], Array(2).fill(loss + BigInt(rest!.holderMargin) + deposit(rest!)));
  });

  it("FWD-27 a purchase of a resale: the premium is spent; out of a discount, which no budget paid, the margin is paid as far as its order is too small", () => {
    for (const [price, limit] of [[10n, 15n], [100n, 2n]] as const) {
      const { f, balance, left } = world();
      const x = f.fund("x");
      f.sell(name("ch"), price);
      f.buy(x, price);
      f.block(1_000n, 2);
      const at = price === 10n ? 13n : 2n;
      resell(f, "x", f.positions()[0]!, at);
      f.buy(name("sam"), limit, 1, acme);
      f.block(1_000n, 2);
      const [position] = f.positions({ organization: "acme" });
      const margin = BigInt(position!.holderMargin);
      const premium = (at - price) * lots;
      const kept = deposit(position!);
      // Its order holds 2 x 600 for each unit, the margin is 12,000.
      if (premium > 0n) assert.deepEqual([money - balance(), money - left()], Array(2).fill(premium + margin + kept));
      else assert.deepEqual([balance() - money, money - left()], [98n * lots - margin - kept, 2n * lots + kept]);
      f.begin();
      f.block(60_000n, 4);
      // Nothing was used: the margin is gone.
      assert.deepEqual([f.positions().length, f.held], [0, 0n]);
    }
  });

  it("FWD-28 goes from member to member within the organization, charged to the new one, under its tags", () => {
    const { f, position, balance, left } = bought(10n, 1);
    f.budget("olga", "acme", money, { member: name("sam") });
    const before = [balance(), left()];
    offer(f, "sam", position, name("tom"));
    refuses(() => f.accept(name("tom"), position.id), 16, /bought with money of acme, and .* may not give it to others/);
    f.accept(name("tom"), position.id, { organization: "acme", costTags: [] });
    const [taken] = f.positions({ holder: name("tom") });
    const cheaper = deposit(position) - deposit(taken!);
    assert.ok(cheaper > 0n, "no tags, less state");
    assert.deepEqual([taken!.costTags, balance() - before[0]!, left() - before[1]!], [[], cheaper, cheaper]);
    offer(f, "tom", taken!, taken!.payer);
    refuses(() => f.accept(f.fund("eve"), position.id, { organization: "acme" }), 5, /no member/, "organization");
    f.accept(name("sam"), position.id, acme);
    assert.equal(f.positions()[0]!.holder, name("sam"));
    f.block();
  });

  it("FWD-28 leaves the organization by an owner or admin alone, who becomes its holder, and gives nobody what was the organization's", () => {
    const { f, position, balance, left } = bought(10n, 1);
    const next = f.fund("next");
    refuses(() => offer(f, "tom", position, next), 7, /belongs to/);
    offer(f, "ada", position, next);
    assert.equal(f.positions()[0]!.holder, name("ada"));
    f.accept(next, position.id);
    assert.deepEqual([balance(), left(), f.positions()[0]!.organization], [money, money, ""]);
    f.block();
  });

  it("FWD-28 its seller takes it back where an owner or admin offers it, with nobody's money", () => {
    const { f, position, balance, left } = bought(10n, 1);
    offer(f, "sam", position, name("ch"));
    refuses(() => f.accept(name("ch"), position.id), 16, /may not give it to others/);
    offer(f, "ada", position, name("ch"));
    f.accept(name("ch"), position.id);
    assert.deepEqual([balance(), left(), f.positions().length, f.held], [money, money, 0, 0n]);
  });

  it("FWD-28 a position that a member holds itself does not become its organization's; one of somebody else does, if the policy admits the seller", () => {
    const { f } = world();
    const x = f.fund("x");
    f.sell(name("us"), 4n, 2);
    f.buy(x, 4n);
    f.buy(name("tom"), 4n);
    f.block(1_000n, 2);
    const of = (who: string): Position => f.positions({ holder: who })[0]!;
    offer(f, "tom", of(name("tom")), name("sam"));
    refuses(() => f.accept(name("sam"), of(name("tom")).id, acme), 17, /do not sell to it/);
    f.accept(name("sam"), of(name("tom")).id);
    offer(f, "x", of(x), name("sam"));
    policy(f, { allowedJurisdictions: ["CH"] });
    refuses(() => f.accept(name("sam"), of(x).id, acme), 10, /allowed_jurisdictions has no US/, "organization");
    policy(f, {});
    f.accept(name("sam"), of(x).id, acme);
    assert.equal(f.positions({ organization: "acme" }).length, 1);
    f.block();
  });

  it("FWD-29 who may not spend any more has no say in a position; owners and admins cancel, offer and resell what members ordered", () => {
    const { f, position, balance, left } = bought(10n, 1);
    resell(f, "sam", position, 20n);
    const waits = f.buy(name("sam"), 3n, 1, acme);
    const [order] = f.orders(name("sam")).filter(({ side }) => side === Side.SIDE_SELL);
    refuses(() => f.message("MsgCancelOrder", { owner: name("tom"), orderId: order!.id }), 7, /belongs to/);
    for (const orderId of [order!.id, waits]) f.message("MsgCancelOrder", { owner: name("ada"), orderId });
    f.block();
    assert.deepEqual([f.orders().length, f.positions()[0]!.orderId], [0, 0n]);
    f.remove("olga", "acme", "sam");
    refuses(() => resell(f, "sam", position, 20n), 15, /no member any more/);
    refuses(() => offer(f, "sam", position, name("tom")), 15, /bought with money of acme/);
    resell(f, "olga", position, 10n);
    f.fund("next");
    f.buy(name("next"), 10n);
    f.block(1_000n, 2);
    assert.deepEqual([balance(), left(), f.positions()[0]!.holder], [money, money, name("next")]);
  });

  it("FWD-29 a resale that its member ordered leaves with its membership", () => {
    const { f, position } = bought(10n, 1);
    resell(f, "sam", position, 1n);
    f.fund("next");
    f.buy(name("next"), 10n);
    f.remove("olga", "acme", "sam");
    f.block(1_000n, 2);
    assert.deepEqual([f.positions()[0]!.organization, f.happened("EventOrderEnded").at(-1)!.reason], ["acme", "barred"]);
  });
});

describe("forwards of an organization: delivery", () => {
  const use = (f: TestForward, who: string, askId: bigint, more: Partial<MsgPlaceOrder> = {}): bigint => f.bid(name(who), 10n, { askId, lots: 20n, ...more }, { duration: 2_000n });

  it("FWD-30 any member that may spend uses it with the organization's money, and nobody else, its holder included; used and unused lots are billed to it", () => {
    const { f, position, balance, left } = bought(10n, 1);
    f.begin();
    const { askId } = f.positions()[0]!;
    refuses(() => use(f, "sam", askId), 80, /reserved for/, "market");
    refuses(() => f.bid(f.fund("eve"), 10n, { askId, lots: 20n, ...acme }, { duration: 2_000n }), 5, /no member/, "organization");
    const job = use(f, "tom", askId, acme);
    f.block(1_000n, 2);
    f.finish(job * 65_536n, name("ch"), resultOf("right", 20n * 1_000_000_000n));
    f.block(60_000n, 3);
    const unused = (BigInt(position.holderMargin) * 580n) / lots;
    const { escrow } = f.query<{ job: { escrow: { paid: string; fees: string; storageDeposit: string } } }>("Job", { jobId: job }).job;
    const spent = unused + BigInt(escrow.paid) + BigInt(escrow.fees) + BigInt(escrow.storageDeposit);
    assert.deepEqual([money - balance(), money - left(), f.positions().length], [spent, spent, 0]);
  });

  it("FWD-30 a seller that does not deliver pays the organization's account; no budget has that", () => {
    const { f, position, balance, left } = bought(10n, 1);
    f.setActive(name("ch"), false);
    f.begin();
    f.block();
    assert.deepEqual([balance(), left(), f.held], [money + BigInt(position.sellerMargin), money, 0n]);
  });

  it("FWD-30 the policy of the moment is held against who would serve", () => {
    const { f } = bought(10n, 1);
    f.begin();
    policy(f, { deniedProviders: [name("ch")] });
    refuses(() => use(f, "tom", f.positions()[0]!.askId, acme), 10, /denied_providers/, "organization");
    policy(f, {});
    const job = use(f, "tom", f.positions()[0]!.askId, acme);
    policy(f, { deniedProviders: [name("ch")] });
    f.block(1_000n, 2);
    assert.deepEqual(f.named("EventBidChanged").filter(({ attributes }) => Object.fromEntries(attributes)["bid_id"] === String(job)).map(({ attributes }) => Object.fromEntries(attributes)["status"]).at(-1), "barred");
  });
});

describe("forwards of an organization: any run of messages", () => {
  it("FWD-31 genesis goes round with orders and positions of an organization, and refuses a payer or tags that are none", () => {
    const { f } = bought(10n, 2);
    f.buy(name("tom"), 3n, 1, acme);
    resell(f, "sam", f.positions()[0]!, 12n);
    const { module } = { module: f.forward };
    const state = module.genesis!.export(testContext(f.stores)) as GenesisState;
    const again = memoryStores();
    initGenesis(again, [module], { forward: state });
    assert.deepEqual(module.genesis!.export(testContext(again)), state);
    const [position] = state.positions;
    for (const [wrong, text] of [[{ payer: name("sam") }, /is paid by/], [{ organization: "" }, /is paid by/], [{ costTags: [{ key: "", value: "" }] }, /cost_tags.key/]] as const) {
      assert.throws(() => module.genesis!.check({ ...state, positions: [{ ...position!, ...wrong }] }), text);
      assert.throws(() => module.genesis!.check({ ...state, orders: state.orders.map((order) => ({ ...order, ...wrong })) }), text);
    }
  });

  it("FWD-32 keeps all money; every budget gets back what was set aside, less what was lost, and never more; what is settled says where each coin went", () => {
    const step = fc.record({ kind: fc.integer({ min: 0, max: 9 }), who: fc.integer({ min: 0, max: 3 }), at: fc.nat({ max: 1_000 }), price: fc.integer({ min: 1, max: 30 }), units: fc.integer({ min: 1, max: 3 }) });
    let [trades, resold, lost] = [0, 0, 0n];
    fc.assert(fc.property(fc.array(step, { minLength: 20, maxLength: 50 }), fc.constantFrom(2_000, 10_000), (steps, marginBps) => {
      const { f, balance, left } = world({ marginBps, maxFills: 5 });
      const people = [name("sam"), name("tom"), f.fund("x"), f.fund("y")];
      const before = f.money;
      const billing = (who: number): { organization: string; costTags: { key: string; value: string }[] } => (who < 2 ? acme : { organization: "", costTags: [] });
      for (const { kind, who, at, price, units } of steps) {
        const me = people[who]!;
        const all = f.positions();
        const position = all[at % Math.max(1, all.length)];
        const orders = f.orders();
        try {
          if (kind < 2) f.sell(name(at % 2 === 0 ? "ch" : "us"), BigInt(price), units, { marginPrice: BigInt(price + (at % 3)) });
          else if (kind < 5) f.buy(me, BigInt(price), units, billing(who));
          else if (kind < 7 && position !== undefined) f.message("MsgResell", { holder: at % 3 === 0 ? name("ada") : position.holder, positionId: position.id, units: at % (position.units + 1), price: at % 2 === 0 ? BigInt(price) : 1n });
          else if (kind === 7 && position !== undefined) f.message("MsgTransfer", { holder: at % 3 === 0 ? name("ada") : position.holder, positionId: position.id, to: at % 2 === 0 ? me : position.payer });
          else if (kind === 8 && position !== undefined) f.accept(me, position.id, billing(at % 4 === 0 ? 3 : who));
          else if (orders.length > 0) f.message("MsgCancelOrder", { owner: me, orderId: orders[at % orders.length]!.id });
        } catch (error) {
          if (!(error instanceof Error) || error.name !== "TxError") throw error;
        }
        f.block();
        assert.equal(f.money, before);
        assert.ok(left() <= money);
      }
      for (let i = 0; i < 4; i++) f.block(60_000n);
      assert.deepEqual([f.positions().length, f.orders().length, f.held], [0, 0, 0n]);
      const settled = f.happened("EventEscrowSettled").filter(({ organization }) => organization === "acme");
      const sum = (field: string): bigint => settled.reduce((total, one) => total + BigInt(one[field]!), 0n);
      assert.equal(money - balance(), sum("paid") - sum("received"));
      const gone = money - left();
      assert.ok(gone >= 0n && gone <= sum("paid"), `${gone} of the budget is gone, ${sum("paid")} was paid`);
      trades += f.happened("EventPositionOpened").filter(({ organization }) => organization === "acme").length;
      resold += settled.filter(({ reason }) => reason === "resold").length;
      lost += gone;
    }), { numRuns: 60 });
    assert.ok(trades > 20 && resold > 0 && lost > 0n, `${trades} trades, ${resold} resold, ${lost} lost`);
  });
});

describe("forwards of an organization: statements", () => {
  it("FWD-33 each settlement says whose money it was, under which tags, for what; the sums are those of the account", () => {
    const { f, position, balance } = bought(10n, 2);
    f.begin();
    f.block(60_000n, 3);
    const settled = f.happened("EventEscrowSettled");
    const { paid, refunded } = settled.at(-1)!;
    assert.deepEqual(settled.map(({ reason, order_id, position_id }) => [reason, order_id, position_id]), [["matched", "2", String(position.id)], ["settled", "", String(position.id)]]);
    for (const { organization, cost_tags, payer, consumer, class_id, denom: of } of settled) assert.deepEqual([organization, cost_tags, payer, consumer, class_id, of], ["acme", "team=ml", position.payer, name("sam"), "wasm.core", denom]);
    assert.deepEqual([BigInt(paid!), BigInt(refunded!)], [BigInt(position.holderMargin), 0n]);
    assert.equal(money - balance(), BigInt(position.holderMargin));
  });
});
