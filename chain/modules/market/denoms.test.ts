import assert from "node:assert/strict";
import fc from "fast-check";
import { after, describe, it } from "mocha";
import { CloseReason, ReplicaState, TaskState, TimeInForce, VerificationLevel, type Ask, type Job, type QuoteDenom, type Task } from "../../codec/gen/dcm/market/v1/types.ts";
import type { GenesisState } from "../../codec/gen/dcm/market/v1/genesis.ts";
import { addressBytes } from "../../codec/address.ts";
import { maxInt256 } from "../../math/int.ts";
import { brokenInvariants, initGenesis, memoryStores, testContext } from "../../runtime/testing.ts";
import { maxPrice } from "./checks.ts";
import { errors } from "./errors.ts";
import { enumName } from "./events.ts";
import { defaultParams, paramBounds } from "./params.ts";
import { maxQuoteDenoms } from "./quote-denoms.ts";
import { maxRateUnits, toBond } from "./rate.ts";
import { escrowOf, shortfallOf, slashPenalty, stakeOf, startPenalty } from "./settlement.ts";
import { taskIdOf } from "./state.ts";
import { authority, denom, fails, name, refereed, refereedResult, replicated, spotChecked, resultOf, saltChain, TestMarket } from "./testing.ts";

const usd = "uusd";
const rate = { bondUnits: 7n, quoteUnits: 3n };
const quoteDenom = (change: Partial<QuoteDenom> = {}): QuoteDenom => ({ denom: usd, rate, closed: false, ...change });
const quotedIn = (denoms: QuoteDenom[]) => (state: GenesisState): void => {
  state.quoteDenoms = denoms;
};
const inUsd = { quoteDenom: usd };
const salts = saltChain(40);

/** With uusd at 7/3 and a consumer who has some. */
function market(): { m: TestMarket; consumer: string } {
  const m = new TestMarket({}, quotedIn([quoteDenom()]));
  const consumer = m.fund("c");
  m.fund("c", 1_000_000n, usd);
  return { m, consumer };
}

const stateOf = (m: TestMarket): GenesisState => m.module.genesis!.export(testContext(m.stores)) as GenesisState;
const jobOf = (m: TestMarket, jobId: bigint): Job => m.query<{ job: Job }>("Job", { jobId }).job;
const escrow = (m: TestMarket, jobId: bigint): Record<string, string> => {
  const { denom: of, deposited, paid, fees, burned, refunded, held } = jobOf(m, jobId).escrow!;
  return { denom: of, deposited, paid, fees, burned, refunded, held };
};
const set = (m: TestMarket, change: Partial<QuoteDenom> = {}, signer = authority): unknown => m.send("MsgSetQuoteDenom", { authority: signer, quoteDenom: quoteDenom(change) });

/** What is recorded of providers from now on: outcomes with what they weigh. */
function recorded(m: TestMarket): readonly (readonly [outcome: string, worth: bigint])[] {
  const worths: [string, bigint][] = [];
  const { record } = m.ports.providers;
  (m.ports.providers as { record: typeof record }).record = (ctx, address, outcome, worth) => {
    worths.push([outcome, worth]);
    record(ctx, address, outcome, worth);
  };
  return worths;
}

describe("the registry of quote denoms", () => {
  const bad: readonly [string, object | undefined, number, RegExp][] = [
    ["no record", undefined, 2, /quote_denom is missing/],
    ["an empty denom", quoteDenom({ denom: "" }), 2, /quote_denom.denom is ; it must be a denom: 3 to 128/],
    ["a denom that no bank holds", quoteDenom({ denom: "1usd" }), 2, /quote_denom.denom is 1usd/],
    ["a denom of 129 characters", quoteDenom({ denom: "u".repeat(129) }), 2, /quote_denom.denom is uuu/],
    ["the bond denom", quoteDenom({ denom }), 51, /udcm is the bond denom: books quote in it always, one for one/],
    ["no rate", quoteDenom({ rate: undefined }), 2, /quote_denom.rate is missing/],
    ["a rate of zero", quoteDenom({ rate: { bondUnits: 0n, quoteUnits: 1n } }), 2, /rate.bond_units is 0; it must be from 1 to 1000000000000000000/],
    ["a rate by zero", quoteDenom({ rate: { bondUnits: 1n, quoteUnits: 0n } }), 2, /rate.quote_units is 0; it must be from 1 to 1000000000000000000/],
    ["a rate beyond what products have room for", quoteDenom({ rate: { bondUnits: maxRateUnits + 1n, quoteUnits: 1n } }), 2, /rate.bond_units is 1000000000000000001/],
  ];
  for (const [what, given, code, text] of bad) {
    it(`MKT-90: refuses ${what} and changes nothing`, () => {
      const { m } = market();
      const before = stateOf(m);
      fails(() => m.send("MsgSetQuoteDenom", { authority, quoteDenom: given }), code, text);
      assert.deepEqual(stateOf(m), before);
    });
  }

  it("MKT-90: only the authority sets a denom; events and queries show it, and the bond denom beside it", () => {
    const { m, consumer } = market();
    fails(() => set(m, {}, consumer), 13, /invalid authority/, "gov");
    set(m, { denom: "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2", rate: { bondUnits: maxRateUnits, quoteUnits: 1n } });
    assert.deepEqual(Object.fromEntries(m.named("EventQuoteDenomSet")[0]!.attributes), { denom: "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2", bond_units: "1000000000000000000", quote_units: "1", closed: "false" });
    const listed = m.query<{ quoteDenoms: QuoteDenom[]; bondDenom: string }>("QuoteDenoms", {});
    assert.deepEqual([listed.bondDenom, listed.quoteDenoms.map((one) => one.denom.slice(0, 4))], [denom, ["ibc/", usd]]);
    assert.deepEqual(m.query("QuoteDenom", { denom: usd }), { quoteDenom: quoteDenom() });
    assert.deepEqual(m.query("QuoteDenom", { denom }), { quoteDenom: { denom, rate: { bondUnits: 1n, quoteUnits: 1n }, closed: false } });
    assert.throws(() => m.query("QuoteDenom", { denom: "uatom" }), /quote denom uatom does not exist/);
  });

  it("MKT-90: has 64 at most, each of which can still be changed", () => {
    const { m } = market();
    for (let i = 1; i < maxQuoteDenoms; i++) set(m, { denom: `unit${i}` });
    fails(() => set(m, { denom: "more" }), errors.tooManyDenoms.code, /there are 64 quote denoms/);
    set(m, { denom: "unit7", closed: true });
  });

  it("MKT-91: orders and profiles in an unknown, malformed or closed denom are refused by name", () => {
    const { m, consumer } = market();
    const provider = m.provider("p1");
    const register = (of: string): unknown => m.send("MsgRegisterProfile", { registrant: provider, classId: "wasm.core", quoteDenom: of, requirements: [{ attribute: { key: "a", value: "b" }, attested: false, auditors: [] }], preferences: [] });
    const orders: ((of: string) => unknown)[] = [(of) => m.ask(provider, 10n, 1, { quoteDenom: of }), (of) => m.bid(consumer, 10n, { quoteDenom: of }), register];
    set(m, { denom: "ushut", closed: true });
    const before = stateOf(m);
    for (const order of orders) {
      for (const wrong of ["", "a b", "u".repeat(300)]) fails(() => order(wrong), 2, /quote_denom is .* it must be a denom/);
      fails(() => order("uatom"), 6, /quote_denom is uatom; prices are quoted in the bond denom udcm or in what query QuoteDenoms lists/);
      fails(() => order("ushut"), errors.denomClosed.code, /quote denom ushut takes no new orders/);
    }
    assert.deepEqual(stateOf(m), before);
  });

  it("MKT-91: in a denom that was closed what lives lives on: it matches, is paid, is cancelled; and its price stays", () => {
    const { m, consumer } = market();
    const provider = m.provider("p1");
    const ask = m.ask(provider, 10n, 1, inUsd);
    const job = m.bid(consumer, 20n, inUsd);
    const other = m.bid(consumer, 5n, inUsd);
    set(m, { closed: true });
    fails(() => m.send("MsgReplaceAsk", { provider, askId: ask, basePrice: 9n, premiums: [], expiresTau: 0n }), errors.denomClosed.code, /takes no new orders/);
    fails(() => m.send("MsgReplaceBid", { consumer, jobId: other, limitPrice: 9n, expiresTau: 0n }), errors.denomClosed.code, /takes no new orders/);
    m.block(1_000n, 2);
    m.finish(taskIdOf(job, 0), provider);
    m.send("MsgCancelBid", { consumer, jobId: other });
    m.block();
    assert.equal(m.balanceOf(provider, usd), 20n);
    assert.equal(m.balanceOf(consumer, usd), 1_000_000n - 20n);
    set(m);
    m.bid(consumer, 9n, inUsd);
  });
});

describe("rates", () => {
  it("MKT-92: a job keeps the rate that it was placed at, whatever becomes of it; its replicas stake by that rate, those of a later draw too", () => {
    const { m, consumer } = market();
    for (let i = 1; i <= 4; i++) m.ask(m.provider(`p${i}`), 10n, 2, inUsd);
    const job = m.bid(consumer, 20n, { ...replicated(salts), ...inUsd, risk: "40" });
    set(m, { rate: { bondUnits: 1n, quoteUnits: 5n } });
    const next = m.bid(consumer, 20n, { ...replicated(salts), ...inUsd });
    const native = m.bid(consumer, 20n, { ...replicated(salts) });
    assert.deepEqual([jobOf(m, job).rate, jobOf(m, next).rate, jobOf(m, native).rate], [rate, { bondUnits: 1n, quoteUnits: 5n }, undefined]);
    m.block(1_000n, 4);
    for (const id of [job, next]) m.send("MsgRevealSalt", { consumer, jobId: id, salt: salts[1]! });
    m.block();
    const stakes = (id: bigint): string[] => m.task(taskIdOf(id, 0)).replicas.map((one) => one.stake);
    // F = 10 x 10 uusd; 20 F = 2,000 uusd = 4,666.7 udcm at 7/3, 400 at 1/5.
    assert.deepEqual([stakes(job), stakes(next)], [["4667", "4667"], ["400", "400"]]);
    const placed = m.named("EventBidPlaced").map(({ attributes }) => new Map(attributes)).map((said) => [said.get("quote_denom"), said.get("bond_units"), said.get("quote_units")]);
    assert.deepEqual(placed, [[usd, "7", "3"], [usd, "1", "5"], [denom, "1", "1"]]);
  });

  it("MKT-92: a tie-break that draws above the match price stakes that price at the job's rate", () => {
    const { m, consumer } = market();
    m.ask(m.provider("p1"), 10n, 1, inUsd);
    m.ask(m.provider("p2"), 10n, 1, inUsd);
    const job = m.bid(consumer, 20n, { ...replicated(salts), ...inUsd });
    m.block(1_000n, 4);
    m.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
    m.block();
    set(m, { rate: { bondUnits: 1_000n, quoteUnits: 1n } });
    m.ask(m.provider("p3"), 11n, 1, inUsd);
    m.ask(m.provider("p4"), 13n, 1, inUsd);
    const task = taskIdOf(job, 0);
    m.start(task, name("p1"));
    m.start(task, name("p2"));
    m.commit(task, name("p1"), resultOf("a lie"));
    m.commit(task, name("p2"));
    m.reveal(task, name("p1"), resultOf("a lie"));
    m.reveal(task, name("p2"));
    m.block(1_000n, 3);
    m.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[2]! });
    m.block();
    const found = m.task(task).replicas.map(({ provider, price, stake }) => [provider, price, stake]).sort((a, b) => (a[1]! < b[1]! ? -1 : 1));
    assert.deepEqual(found.slice(2), [[name("p3"), 11n, "5134"], [name("p4"), 13n, "6067"]], "20 x 110 x 7/3 and 20 x 130 x 7/3, rounded up");
  });

  it("MKT-93: what is converted is rounded by name, by less than a unit, and nothing that protects the consumer is worth less than the quote side says", () => {
    const side = fc.bigInt(1n, maxRateUnits);
    fc.assert(fc.property(fc.bigInt(0n, 1n << 103n), side, side, (amount, bondUnits, quoteUnits) => {
      const [up, down] = (["up", "down"] as const).map((rounding) => toBond(amount, { bondUnits, quoteUnits }, rounding));
      assert.ok(up! * quoteUnits >= amount * bondUnits && (up! - 1n) * quoteUnits < amount * bondUnits);
      assert.ok(down! * quoteUnits <= amount * bondUnits && (down! + 1n) * quoteUnits > amount * bondUnits);
      assert.equal(toBond(amount, { bondUnits, quoteUnits: bondUnits }, "up"), amount);
      assert.ok(amount === 0n || up! > 0n, "no stake and no penalty is converted into nothing");
    }));
  });

  it("MKT-93: a missed start costs max(0.1 F, shortfall) in bond; the consumer gets its shortfall there, and all of its escrow in the quote denom", () => {
    const { m, consumer } = market();
    const [cheap, dear] = [m.provider("p1"), m.provider("p2")];
    m.ask(dear, 17n, 1, inUsd);
    const first = m.bid(consumer, 17n, inUsd);
    m.block(1_000n, 2);
    m.ask(cheap, 10n, 1, inUsd);
    const job = m.bid(consumer, 17n, inUsd);
    m.block(1_000n, 2);
    assert.equal(m.task(taskIdOf(job, 0)).replicas[0]!.provider, cheap);
    assert.equal(m.task(taskIdOf(job, 0)).replicas[0]!.stake, "234", "S = F = 100 uusd = 233.3 udcm");
    m.finish(taskIdOf(first, 0), dear);
    const before = [m.balanceOf(consumer, denom), m.balanceOf(consumer, usd)];
    m.block(20_001n);
    m.block();
    // Reference 17, price 10: 70 uusd are short, 163.3 udcm; 0.1 F is 23.
    assert.deepEqual([m.balanceOf(consumer, denom) - before[0]!, m.balanceOf(consumer, usd) - before[1]!], [164n, 0n]);
    assert.equal(10_000_000n - m.providers.get(cheap)!.bond, 164n);
    const said = new Map(m.named("EventProviderPenalized")[0]!.attributes);
    assert.deepEqual([said.get("denom"), said.get("amount"), said.get("to_consumer")], [denom, "164", "164"]);
    m.block();
    m.finish(taskIdOf(job, 0), dear);
    assert.deepEqual(escrow(m, job), { denom: usd, deposited: "172", paid: "34", fees: "0", burned: "0", refunded: "138", held: "0" });
  });

  it("MKT-93: pay weighs in a provider's record what it is worth in bond, rounded down, a miss what F is worth, rounded up", () => {
    const { m, consumer } = market();
    const provider = m.provider("p1");
    const worths = recorded(m);
    m.ask(provider, 10n, 2, inUsd);
    const paid = m.bid(consumer, 20n, inUsd);
    m.bid(consumer, 20n, inUsd);
    m.block(1_000n, 2);
    m.finish(taskIdOf(paid, 0), provider);
    m.block(20_001n);
    m.block();
    assert.deepEqual(worths, [["finished", 46n], ["missed", 234n]], "20 uusd paid are 46.7, F of 100 uusd is 233.3");
  });

  it("MKT-93: so does a service that its provider walked away from", () => {
    const { m, consumer } = market();
    const provider = m.provider("p1");
    const worths = recorded(m);
    m.serviceAsk(provider, 10n, 1, inUsd);
    m.block();
    const service = m.serviceBid(consumer, 20n, inUsd);
    m.block(1_000n, 2);
    m.sealFor(consumer, service, provider);
    m.startService(taskIdOf(service, 0), provider);
    m.block(60_000n);
    m.providers.get(provider)!.silent = true;
    m.send("MsgCloseService", { consumer, instanceId: taskIdOf(service, 0) });
    assert.deepEqual(worths.at(-1), ["missed", 24n], "the notice takes one lot, and F of 10 uusd is 23.3");
  });
});

describe("money of two denoms", () => {
  it("MKT-94: a bid pays its escrow in the quote denom and its deposit in the bond denom: both or nothing", () => {
    const { m } = market();
    const spends = (label: string, usdFunds: bigint, bondFunds: bigint) => (): unknown => {
      m.fund(label, bondFunds);
      m.fund(label, usdFunds, usd);
      return m.bid(name(label), 20n, inUsd);
    };
    const paid = new TestMarket({}, quotedIn([quoteDenom()]));
    paid.fund("rich");
    paid.fund("rich", 1_000n, usd);
    const deposit = BigInt(jobOf(paid, paid.bid(name("rich"), 20n, inUsd)).escrow!.storageDeposit);
    assert.deepEqual([paid.balanceOf(name("rich"), usd), paid.balanceOf(name("rich"), denom)], [1_000n - 202n, 1_000_000_000n - deposit]);
    fails(spends("no escrow", 201n, deposit), 5, /has 201/, "sdk");
    fails(spends("no deposit", 202n, deposit - 1n), 5, /has/, "sdk");
    assert.deepEqual(["no escrow", "no deposit"].map((label) => m.balanceOf(name(label), usd)), [201n, 202n]);
    spends("enough", 202n, deposit)();
    assert.deepEqual([m.balanceOf(name("enough"), usd), m.balanceOf(name("enough"), denom)], [0n, 0n]);
    m.block();
  });

  it("MKT-94: asks and profiles leave their deposits in the bond denom, and get them back there", () => {
    const { m } = market();
    const provider = m.provider("p1");
    const before = m.balanceOf(provider, denom);
    const ask = m.ask(provider, 10n, 1, inUsd);
    assert.equal(before - m.balanceOf(provider, denom), BigInt(m.query<{ ask: Ask }>("Ask", { askId: ask }).ask.storageDeposit));
    m.send("MsgCancelAsk", { provider, askId: ask });
    m.block(1_000n);
    m.block(7n * 86_400_000n, 2);
    m.block();
    assert.equal(m.balanceOf(provider, denom), before);
  });

  it("MKT-95: what F is burned of is burned in the quote denom; pay, fee and refund are in it too", () => {
    const { m, consumer } = market();
    for (let i = 1; i <= 3; i++) m.ask(m.provider(`p${i}`), 1_000n, 1, inUsd);
    const job = m.bid(consumer, 1_000n, { ...replicated(salts), ...inUsd });
    const money = [m.money, m.moneyIn(usd)];
    m.block(1_000n, 3);
    m.block(10_001n, 3);
    assert.deepEqual(escrow(m, job), { denom: usd, deposited: "40400", paid: "0", fees: "0", burned: "1000", refunded: "39400", held: "0" });
    assert.deepEqual([m.balanceOf("burned", usd), m.balanceOf("burned", denom)], [1_000n, 0n]);
    const other = m.bid(consumer, 1_000n, inUsd);
    m.block(1_000n, 2);
    const { provider } = m.task(taskIdOf(other, 0)).replicas[0]!;
    m.finish(taskIdOf(other, 0), provider);
    m.block();
    assert.deepEqual(escrow(m, other), { denom: usd, deposited: "10100", paid: "2000", fees: "20", burned: "0", refunded: "8080", held: "0" });
    assert.equal(m.balanceOf(provider, usd), 2_000n);
    assert.deepEqual([m.money, m.moneyIn(usd)], money);
  });

  it("MKT-95: the invariant sees one unit too many, too few, or in the wrong denom", () => {
    const { m, consumer } = market();
    m.bid(consumer, 20n, inUsd);
    const broken = (): string => brokenInvariants(m.stores, [m.module]).join("; ");
    assert.equal(broken(), "");
    const account = [...m.balances.keys()].find((key) => key.endsWith(` ${usd}`) && !key.startsWith(consumer))!;
    const held = m.balances.get(account)!;
    for (const wrong of [held - 1n, held + 1n]) {
      m.balances.set(account, wrong);
      assert.match(broken(), new RegExp(`holds ${wrong}${usd} and owes ${held}${usd}`));
    }
    m.balances.set(account, held);
    const bondAccount = account.split(" ")[0]!;
    m.balances.set(bondAccount, m.balances.get(bondAccount)! + 1n);
    assert.match(broken(), /holds \d+udcm and owes \d+udcm/);
  });

  it("MKT-98: the index of a book is in its denom, and a provider counts in it up to its stake at the job's rate", () => {
    const { m, consumer } = market();
    const provider = m.provider("p1");
    m.ask(provider, 500n, 1, inUsd);
    const counted = (): string => m.query<{ value: string }>("Index", { classId: "wasm.core", quoteDenom: usd }).value;
    const settle = (meter: bigint): void => {
      const job = m.bid(consumer, 500n, inUsd);
      m.block(1_000n, 2);
      m.finish(taskIdOf(job, 0), provider, resultOf("right", meter));
      m.block();
    };
    settle(4_000_000_000n);
    assert.equal(counted(), "2000");
    for (let i = 0; i < 3; i++) settle(4_000_000_000n);
    // S is 5,000 uusd, 11,667 udcm: a payment of 2,000 uusd counts for 4,667 of it, so two and a half of them fit.
    assert.equal(counted(), "4999");
    assert.equal(m.query<{ value: string }>("Index", { classId: "wasm.core", quoteDenom: denom }).value, "0");
    assert.deepEqual(stateOf(m).indexShares.map((one) => one.value), ["11667"]);
  });
});

describe("two books of one class", () => {
  it("MKT-96: clear by themselves: each has its price, its reference and its trades", () => {
    const { m, consumer } = market();
    m.ask(m.provider("p1"), 10n);
    m.ask(m.provider("p2"), 4n, 1, inUsd);
    m.bid(consumer, 20n);
    m.bid(consumer, 3n, inUsd);
    m.block(1_000n, 2);
    const price = (of: string): bigint => m.query<{ price: bigint }>("ReferencePrice", { classId: "wasm.core", quoteDenom: of }).price;
    assert.deepEqual([price(denom), price(usd)], [10n, 0n], "3 uusd are worth 7 udcm, and nobody asks what they are worth elsewhere");
    m.bid(consumer, 4n, inUsd);
    m.block(1_000n, 2);
    assert.deepEqual([price(denom), price(usd)], [10n, 4n]);
    assert.equal(m.query<{ books: unknown[] }>("Books", {}).books.length, 2);
  });

  it("MKT-96: a provider asks in both, its bond is promised once: what one book of a block locked, the other does not have", () => {
    const { m, consumer } = market();
    const provider = m.provider("p1", 6_600n);
    m.ask(provider, 10n);
    m.ask(provider, 10n, 1, inUsd);
    assert.equal(m.providers.get(provider)!.reserved, 2_000n);
    // F is 2,000 in each denom: stakes of 2,000 and of 4,667. Either goes with the 1,000 that the other ask keeps, both together do not.
    const jobs = [m.bid(consumer, 10n, { lots: 200n }, { duration: 20_000n }), m.bid(consumer, 10n, { lots: 200n, ...inUsd }, { duration: 20_000n })];
    m.block(1_000n, 3);
    const matched = jobs.filter((id) => m.task(taskIdOf(id, 0)).state === TaskState.TASK_STATE_ASSIGNED);
    assert.equal(matched.length, 1);
    const { locked, reserved } = m.providers.get(provider)!;
    assert.deepEqual([locked, reserved], [BigInt(m.task(taskIdOf(matched[0]!, 0)).stake), 1_000n]);
    m.finish(taskIdOf(matched[0]!, 0), provider);
    const other = jobs.find((id) => id !== matched[0])!;
    m.bid(consumer, 1n, { quoteDenom: jobOf(m, other).quoteDenom });
    m.block(1_000n, 2);
    assert.equal(m.task(taskIdOf(other, 0)).state, TaskState.TASK_STATE_ASSIGNED, "the bond is free again, and the book's next batch finds it");
  });

  it("MKT-96: bond is never promised twice, whatever is asked, bid and matched in both books", () => {
    const order = fc.record({ foreign: fc.boolean(), provider: fc.integer({ min: 1, max: 3 }), price: fc.bigInt(1n, 12n), units: fc.integer({ min: 1, max: 3 }) });
    const bid = fc.record({ foreign: fc.boolean(), limit: fc.bigInt(1n, 14n), tasks: fc.integer({ min: 1, max: 3 }), lots: fc.bigInt(1n, 400n) });
    fc.assert(fc.property(fc.array(fc.bigInt(1_000n, 20_000n), { minLength: 3, maxLength: 3 }), fc.array(order, { maxLength: 8 }), fc.array(bid, { maxLength: 8 }), (bonds, asks, bids) => {
      const { m, consumer } = market();
      m.fund("c", 1_000_000_000n, usd);
      for (const [i, bond] of bonds.entries()) m.provider(`p${i + 1}`, bond);
      for (const { foreign, provider, price, units } of asks) {
        const quote = { quoteDenom: foreign ? usd : denom };
        if (m.ports.providers.free(testContext(m.stores), addressBytes(name(`p${provider}`))) >= 1_000n * BigInt(units)) m.ask(name(`p${provider}`), price, units, quote);
        else fails(() => m.ask(name(`p${provider}`), price, units, quote), 8, /of bond aside/);
      }
      for (const { foreign, limit, tasks, lots } of bids) m.bid(consumer, limit, { quoteDenom: foreign ? usd : denom, lots }, { tasks, duration: 40_000n });
      // The invariants of every block compare what is locked and reserved with tasks and asks.
      for (let i = 0; i < 4; i++) {
        m.block();
        for (const { bond, locked, reserved } of m.providers.values()) assert.ok(locked >= 0n && reserved >= 0n && locked + reserved <= bond);
      }
    }), { numRuns: 60 });
  });
});

type Habit = "honest" | "liar" | "late" | "no commit" | "silent" | "declines";
type Level = "v0" | "v1" | "v2" | "v3" | "v3 twice";
type Care = "careful" | "no salt" | "no seal" | "cancels";
interface Walk {
  readonly rates: readonly (readonly [bigint, bigint])[];
  readonly habits: readonly Habit[];
  readonly auditors: number;
  readonly jobs: readonly { readonly foreign: number; readonly level: Level; readonly care: Care; readonly sealed: boolean; readonly limit: bigint; readonly tasks: number; readonly immediate: boolean }[];
  readonly steps: readonly number[];
}

const foreign = ["uone", "utwo"] as const;
const levels = { "v1": spotChecked, "v2": replicated, "v3": refereed, "v3 twice": (known: readonly Uint8Array[]) => ({ ...refereed(known), k: 2 }) } as const;
const isV3 = (level: Level): boolean => level === "v3" || level === "v3 twice";
/** How tasks ended, by denom: what the walks have been through. */
const ends = new Map<string, Set<string>>();

/** Providers and consumers act by their habits until every job is over; every block looks at all invariants, this at all money. */
function walk({ rates, habits, auditors, jobs, steps }: Walk): void {
  const m = new TestMarket({ maxMisses: 2, feeBps: 137, auditors, auditProbabilityBps: 7_000 }, quotedIn(foreign.map((of, i) => ({ denom: of, rate: { bondUnits: rates[i]![0], quoteUnits: rates[i]![1] }, closed: false }))));
  const consumer = m.fund("c");
  for (const quote of foreign) m.fund("c", 1_000_000_000n, quote);
  const providers = habits.map((_, i) => m.provider(`p${i}`, 1n << 60n));
  for (const [i, provider] of providers.entries()) {
    if (habits[i] === "declines") m.providers.get(provider)!.freeDeclines = i % 2;
    for (const quote of foreign) for (const classId of ["wasm.core", "rv32.core"]) m.ask(provider, 10n + BigInt(i % 3), 2, { quoteDenom: quote, classId });
  }
  const placed = jobs.map((job) => {
    const id = m.bid(consumer, job.limit, {
      quoteDenom: foreign[job.foreign]!, ...(job.level === "v0" ? {} : { ...levels[job.level](salts), risk: "777" }), timeInForce: job.immediate ? TimeInForce.TIME_IN_FORCE_IOC : TimeInForce.TIME_IN_FORCE_GTT, expiresTau: m.tau + 150_000n,
    }, { tasks: job.tasks, consumerKey: new Uint8Array(job.sealed ? 32 : 0), programRoot: new Uint8Array(isV3(job.level) ? 32 : 0) });
    return { ...job, id, next: 1 };
  });
  const deposits = placed.map(({ id }) => jobOf(m, id).escrow!);
  const money = [m.money, ...foreign.map((of) => m.moneyIn(of))];
  const tasksOf = (id: bigint): Task[] => m.query<{ tasks: Task[] }>("Tasks", { jobId: id, provider: "", state: TaskState.TASK_STATE_UNSPECIFIED }).tasks;
  const quietly = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      assert.equal((error as Error).name, "TxError", String((error as Error).stack));
    }
  };
  for (let turn = 0; turn < 200 && placed.some(({ id }) => jobOf(m, id).endedTau === 0n); turn++) {
    for (const job of placed) {
      if (job.care === "cancels" && turn === 4) quietly(() => m.send("MsgCancelBid", { consumer, jobId: job.id }));
      if (job.care !== "no salt" || turn % 20 === 19) quietly(() => {
        m.send("MsgRevealSalt", { consumer, jobId: job.id, salt: salts[job.next]! });
        job.next++;
      });
      for (const task of tasksOf(job.id)) {
        for (const { provider, state } of task.replicas) {
          const habit = habits[providers.indexOf(provider)]!;
          // Of two replicas some tell the same lie.
          const lie = job.level === "v3 twice" ? `lie ${providers.indexOf(provider) % 2}` : `lie of ${provider}`;
          const result = (isV3(job.level) ? refereedResult : resultOf)(habit === "liar" ? lie : "right");
          if (state === ReplicaState.REPLICA_STATE_SEALING && job.care !== "no seal") quietly(() => m.send("MsgSealKeys", { consumer, jobId: job.id, keys: [{ provider, sealedKey: Uint8Array.of(1) }] }));
          if (state === ReplicaState.REPLICA_STATE_ASSIGNED && habit === "declines") quietly(() => m.send("MsgDeclineTask", { worker: provider, provider, taskId: task.id, reason: "" }));
          else if (state === ReplicaState.REPLICA_STATE_ASSIGNED && habit !== "late") quietly(() => m.start(task.id, provider));
          if (state === ReplicaState.REPLICA_STATE_RUNNING && habit !== "no commit") quietly(() => m.commit(task.id, provider, result));
          if (state === ReplicaState.REPLICA_STATE_COMMITTED && habit !== "silent") quietly(() => m.reveal(task.id, provider, result));
        }
      }
    }
    for (const job of placed) for (const task of tasksOf(job.id)) referee(m, task, (provider) => habits[providers.indexOf(provider)] === "liar", turn);
    // By and by everything is overdue.
    m.block(turn < 60 ? BigInt(steps[turn % steps.length]!) : 10_000n);
    assert.deepEqual([m.money, ...foreign.map((of) => m.moneyIn(of))], money);
  }
  for (const [i, { id, foreign: at }] of placed.entries()) {
    const { held, deposited, paid, refunded, fees, burned, denom: of } = jobOf(m, id).escrow!;
    assert.deepEqual([held, deposited, of], ["0", deposits[i]!.deposited, foreign[at]], `job ${id} is over`);
    assert.equal(BigInt(paid) + BigInt(refunded) + BigInt(fees) + BigInt(burned), BigInt(deposited));
    const seen = ends.get(of) ?? new Set<string>();
    ends.set(of, seen);
    for (const task of tasksOf(id)) seen.add(task.state === TaskState.TASK_STATE_FINAL ? "FINAL" : enumName(CloseReason, task.closeReason, "CLOSE_REASON_"));
  }
  for (const { locked } of m.providers.values()) assert.equal(locked, 0n);
}

/** What a referee that is always right does: a liar that somebody challenges is convicted, of two that differ every liar, audits that contradict an honest provider are refuted. */
function referee(m: TestMarket, { id, state, replicas }: Task, lies: (provider: string) => boolean, turn: number): void {
  const claim = m.asReferee((port, ctx) => port.claim(ctx, id));
  if (claim === undefined) return;
  const { provider, claimants, contested } = claim;
  if (contested) {
    const wrong = claimants.filter(lies);
    return m.asReferee((port, ctx) => port.convict(ctx, id, wrong, claimants.find((one) => !wrong.includes(one))));
  }
  const refuted = m.differing.filter(({ taskId, auditor }) => taskId === id && replicas.some((one) => one.provider === auditor && one.state === ReplicaState.REPLICA_STATE_REVEALED));
  if (state === TaskState.TASK_STATE_CHALLENGE && (lies(provider) || turn % 7 === 0)) m.asReferee((port, ctx) => port.dispute(ctx, id));
  if (state !== TaskState.TASK_STATE_DISPUTE) return;
  if (lies(provider)) m.asReferee((port, ctx) => port.convict(ctx, id, [provider], refuted[0]?.auditor ?? (turn % 2 === 0 ? name("c") : undefined)));
  else {
    for (const { auditor } of refuted) m.asReferee((port, ctx) => port.forfeit(ctx, id, auditor, provider));
    m.asReferee((port, ctx) => port.resume(ctx, id));
  }
}

describe("conservation", () => {
  after(() => ends.clear());

  const habit = fc.constantFrom<Habit>("honest", "honest", "honest", "liar", "late", "no commit", "silent", "declines");
  const side = fc.oneof(fc.bigInt(1n, 20n), fc.bigInt(1n, 1_000_000n));
  const walks = fc.record<Walk>({
    rates: fc.tuple(fc.tuple(side, side), fc.tuple(side, side)),
    habits: fc.array(habit, { minLength: 3, maxLength: 7 }),
    auditors: fc.integer({ min: 1, max: 2 }),
    jobs: fc.array(fc.record({
      foreign: fc.integer({ min: 0, max: 1 }), level: fc.constantFrom<Level>("v0", "v1", "v2", "v3", "v3 twice"), care: fc.constantFrom<Care>("careful", "careful", "careful", "no salt", "no seal", "cancels"), sealed: fc.boolean(), limit: fc.bigInt(5n, 25n),
      tasks: fc.integer({ min: 1, max: 3 }), immediate: fc.constantFrom(false, false, false, true),
    }), { minLength: 1, maxLength: 4 }),
    steps: fc.array(fc.constantFrom(500, 1_000, 3_000, 7_000), { minLength: 1, maxLength: 5 }),
  });
  /** One walk for each way to end, in both denoms; the others are as they come. */
  const sure = (habits: readonly Habit[], job: Partial<Walk["jobs"][number]>): [Walk] => [{
    rates: [[7n, 3n], [3n, 1_000n]], habits, auditors: 1, steps: [1_000],
    jobs: [0, 1].map((at) => ({ foreign: at, level: "v2", care: "careful", sealed: false, limit: 20n, tasks: 1, immediate: false, ...job })),
  }];
  const five = (one: Habit): Habit[] => Array.from({ length: 5 }, () => one);

  it("MKT-95: to the unit in each denom, through random walks over the task table", function () {
    this.timeout(120_000);
    fc.assert(fc.property(walks, walk), {
      numRuns: 60,
      examples: [
        sure(five("honest"), {}), sure(five("honest"), { level: "v0" }), sure(["liar", "honest", "honest", "honest", "honest", "honest"], { tasks: 3 }), sure(five("liar"), {}), sure(five("late"), {}), sure(five("no commit"), {}),
        sure(five("honest"), { level: "v1", tasks: 3 }), sure([...five("honest"), "liar", "silent", "late", "declines"], { level: "v1", tasks: 3 }), sure(five("liar"), { level: "v1", tasks: 3 }), sure(five("honest"), { level: "v1", care: "no salt" }),
        sure(five("honest"), { level: "v3", tasks: 3 }), sure([...five("honest"), "liar", "silent", "late"], { level: "v3", tasks: 3 }), sure(five("liar"), { level: "v3", tasks: 2 }),
        sure(five("honest"), { level: "v3 twice", tasks: 3 }), sure(["liar", "honest", "liar", "honest", "honest", "honest"], { level: "v3 twice", tasks: 3 }), sure(five("liar"), { level: "v3 twice", tasks: 3 }), sure([...five("honest"), "liar", "silent", "late", "declines"], { level: "v3 twice", tasks: 3 }),
        sure(five("silent"), {}), sure(five("declines"), {}), sure(five("honest"), { care: "no salt" }), sure(five("honest"), { care: "no seal", sealed: true }),
        sure(five("honest"), { care: "cancels", limit: 5n }), sure(five("honest"), { limit: 5n }), sure(five("honest"), { limit: 5n, immediate: true }),
      ],
    });
    const every = ["FINAL", "expired", "cancelled", "unfilled", "no_salt", "no_seal", "missed", "input_unavailable", "inconclusive", "disproved"];
    for (const quote of foreign) assert.deepEqual(every.filter((end) => !ends.get(quote)!.has(end)), [], quote);
  });

  it("MKT-97: at the greatest price, lots, risk and rate every product and every transfer has room, and a job of that size pays to the unit", () => {
    const most = { ...defaultParams(), stakeMultiple: paramBounds.stakeMultiple[2], riskMultiple: paramBounds.riskMultiple[2], phiBps: paramBounds.phiBps[2], missFeeBps: 10_000, shortfallMultiple: paramBounds.shortfallMultiple[2] };
    const rateSide = fc.constantFrom(1n, maxRateUnits);
    const price = fc.oneof(fc.constant(maxPrice), fc.bigInt(1n, maxPrice));
    fc.assert(fc.property(price, fc.bigInt(1n, 1n << 40n), rateSide, rateSide, fc.integer({ min: 1, max: 7 }), (limit, lots, bondUnits, quoteUnits, replicas) => {
      const f = limit * lots;
      const g = BigInt(most.riskMultiple) * f;
      assert.ok(f < 1n << 90n && g < 1n << 100n);
      const at = { bondUnits, quoteUnits };
      const stake = stakeOf(VerificationLevel.VERIFICATION_LEVEL_V1_SPOT_CHECK, f, g, paramBounds.auditProbabilityBps[1], most, at);
      const shortfall = toBond(shortfallOf(maxPrice, limit, lots, most.shortfallMultiple), at, "up");
      const { amount, consumer } = startPenalty(stake, toBond(f, at, "up"), shortfall, most);
      for (const value of [stake, shortfall, amount, slashPenalty(stake, shortfall, 2, most).consumer]) assert.ok(value >= 0n && value < 1n << 168n);
      assert.ok(stake > 0n && consumer <= amount && stake * 10_000n < 1n << 182n && stake * maxRateUnits < maxInt256);
      assert.ok(escrowOf(limit, lots, replicas, 0, paramBounds.feeBps[2]) * BigInt(paramBounds.maxTasks[2]) < 1n << 109n);
    }));

    const m = new TestMarket({ maxDuration: paramBounds.maxDuration[2] }, quotedIn([quoteDenom({ rate: { bondUnits: maxRateUnits, quoteUnits: 1n } })]));
    const lots = 1_000_000n;
    const bond = maxRateUnits * maxPrice * lots;
    const provider = m.provider("p1", bond);
    const consumer = m.fund("c");
    m.fund("c", 1n << 90n, usd);
    m.ask(provider, maxPrice, 1, inUsd);
    const job = m.bid(consumer, maxPrice, { ...inUsd, lots }, { duration: 100_000_000n });
    m.block(1_000n, 2);
    assert.equal(m.providers.get(provider)!.locked, bond);
    m.finish(taskIdOf(job, 0), provider, resultOf("right", 1n << 62n));
    m.block();
    assert.deepEqual([m.balanceOf(provider, usd), m.providers.get(provider)!.locked], [maxPrice * lots, 0n]);
  });
});

describe("genesis with quote denoms", () => {
  it("MKT-99: goes round, with live jobs of two denoms and their rates", () => {
    const { m, consumer } = market();
    m.ask(m.provider("p1"), 10n, 2, inUsd);
    m.bid(consumer, 20n, inUsd, { tasks: 3 });
    m.bid(consumer, 5n);
    m.block(1_000n, 2);
    set(m, { closed: true, rate: { bondUnits: 1n, quoteUnits: 1n } });
    const state = stateOf(m);
    const stores = memoryStores();
    initGenesis(stores, [m.module], { market: state });
    assert.deepEqual(brokenInvariants(stores, [m.module]), []);
    assert.deepEqual(m.module.genesis!.export(testContext(stores)), state);
  });

  it("MKT-99: refuses a section that contradicts itself or the bond denom", () => {
    const { m, consumer } = market();
    m.bid(consumer, 20n, inUsd);
    m.bid(consumer, 20n);
    const state = stateOf(m);
    const [first, second] = state.jobs as [Job, Job];
    const bad: readonly [Partial<GenesisState>, RegExp][] = [
      [{ quoteDenoms: [quoteDenom(), quoteDenom()] }, /market.quote_denoms is not sorted or repeats uusd/],
      [{ quoteDenoms: [quoteDenom({ denom: "$" })] }, /quote_denom.denom is \$/],
      [{ quoteDenoms: [quoteDenom({ rate: { bondUnits: 1n, quoteUnits: 0n } })] }, /rate.quote_units is 0/],
      [{ quoteDenoms: Array.from({ length: 65 }, (_, i) => quoteDenom({ denom: `unit${String(i).padStart(2, "0")}` })) }, /has 65 records; at most 64/],
      [{ quoteDenoms: [quoteDenom({ denom }), quoteDenom()] }, /has the bond denom udcm, which needs no record/],
      [{ quoteDenoms: [] }, /quote denom uusd of order 1 is missing/],
      [{ jobs: [{ ...first, rate: undefined }, second] }, /job 1 has no rate for uusd/],
      [{ jobs: [{ ...first, rate: { bondUnits: 0n, quoteUnits: 1n } }, second] }, /job 1 has no rate for uusd/],
      [{ jobs: [first, { ...second, rate }] }, /job 2 has a rate in the bond denom/],
    ];
    for (const [change, text] of bad) {
      assert.throws(() => {
        const wrong = { ...state, ...change };
        m.module.genesis!.check(wrong);
        initGenesis(memoryStores(), [m.module], { market: wrong });
      }, text);
    }
  });
});
