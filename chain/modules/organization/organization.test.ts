import assert from "node:assert/strict";
import fc from "fast-check";
import { addressText } from "../../codec/address.ts";
import { sha256 } from "../../codec/hash.ts";
import type { Policy} from "../../codec/gen/dcm/organization/v1/types.ts";
import { BudgetPeriod, Role } from "../../codec/gen/dcm/organization/v1/types.ts";
import type { GenesisState } from "../../codec/gen/dcm/organization/v1/genesis.ts";
import type { QueryHoldingsResponse, QueryMembersResponse, QueryMembershipsResponse } from "../../codec/gen/dcm/organization/v1/query.ts";
import { VerificationLevel } from "../../codec/gen/dcm/market/v1/types.ts";
import { concatBytes, utf8 } from "../../codec/bytes.ts";
import { initGenesis, memoryStores, testContext } from "../../runtime/testing.ts";
import { authority, denom, fails as marketFails, name, TestMarket } from "../market/testing.ts";
import { accountOf, isName, lookOf } from "./names.ts";
import { defaultParams } from "./params.ts";
import { periodIndex, periodStart } from "./periods.ts";
import { TestOrganizations } from "../market/testing-organizations.ts";

const fails = (action: () => unknown, code: number, text: RegExp, codespace = "organization"): void => marketFails(action, code, text, codespace);
const { ROLE_OWNER: owner, ROLE_ADMIN: admin, ROLE_OPERATOR: operator, ROLE_SPENDER: spender, ROLE_VIEWER: viewer } = Role;

/** Acme with an owner, and a consumer that spends. */
function acme(amount = 1_000_000n): TestOrganizations {
  const m = new TestOrganizations();
  m.found("acme", "olga", amount);
  m.member("olga", "acme", "sam", spender);
  return m;
}

describe("names of organizations", () => {
  it("ORG-1 are lower-case ASCII, 3 to 64 characters, no address", () => {
    for (const good of ["abc", "a-b", "0.1_2-3", "x".repeat(64)]) assert.ok(isName(good), good);
    for (const bad of ["", "ab", "Acme", "acme ", "-acme", "acme-", "acmé", "аcme", "x".repeat(65), name("someone")]) assert.ok(!isName(bad), bad);
  });

  it("ORG-1 cost a fee and are taken once, with everything that reads like them", () => {
    const m = new TestOrganizations();
    m.fund("olga", 25_000_000n);
    m.order("MsgCreateOrganization", { creator: name("olga"), name: "acme-labs" });
    assert.equal(m.balanceOf(name("olga"), denom), 15_000_000n);
    fails(() => m.order("MsgCreateOrganization", { creator: name("olga"), name: "acme-labs" }), 3, /already; names are never given twice/);
    for (const like of ["acme.labs", "acmelabs", "acme_1abs", "acme-lab5", "acrne-labs"]) {
      assert.equal(lookOf(like) === lookOf("acme-labs"), true, like);
      fails(() => m.order("MsgCreateOrganization", { creator: name("olga"), name: like }), 3, /reads like acme-labs/);
    }
    m.order("MsgCreateOrganization", { creator: name("olga"), name: "acme-fabs" });
    fails(() => m.order("MsgCreateOrganization", { creator: name("olga"), name: "another" }), 5, /udcm|has/, "sdk");
    m.block();
  });

  it("ORG-1 make the account's address as ADR-028 of the Cosmos SDK says", () => {
    assert.equal(addressText(accountOf("acme")), addressText(sha256(sha256(utf8("module")), concatBytes(utf8("organization"), new Uint8Array(1), utf8("acme")))));
  });
});

describe("members", () => {
  it("ORG-2 may do what their role says, and nothing else", () => {
    const m = acme();
    for (const [who, role] of [["ada", admin], ["otto", operator], ["vera", viewer]] as const) m.member("olga", "acme", who, role);
    m.fund("eve");
    const change = (by: string): void => m.policy(by, "acme", {});
    const pay = (by: string): unknown => m.order("MsgWithdraw", { owner: name(by), organization: "acme", recipient: name(by), amount: [{ denom, amount: "1" }] });
    const spend = (by: string): unknown => m.bid(name(by), 10n, { organization: "acme" });
    const budget = (by: string): void => m.budget(by, "acme", 1_000_000n);
    const invite = (by: string): unknown => m.order("MsgSetMember", { admin: name(by), organization: "acme", member: name("new"), role: viewer });
    const table: readonly [string, (by: string) => unknown, readonly string[]][] = [
      ["policy", change, ["olga", "ada"]], ["withdraw", pay, ["olga"]], ["spend", spend, ["olga", "ada", "sam"]], ["budget", budget, ["olga", "ada"]], ["invite", invite, ["olga", "ada"]],
    ];
    for (const [what, act, able] of table) {
      for (const who of ["olga", "ada", "otto", "sam", "vera"]) {
        if (able.includes(who)) act(who);
        else fails(() => act(who), 6, /may not/);
        assert.ok(what.length > 0);
      }
      fails(() => act("eve"), 5, /no member of acme/);
    }
    m.block();
  });

  it("ORG-2 admins set no owners and no admins, and remove none", () => {
    const m = acme();
    m.member("olga", "acme", "ada", admin);
    m.member("olga", "acme", "ben", admin);
    for (const role of [owner, admin]) fails(() => m.order("MsgSetMember", { admin: name("ada"), organization: "acme", member: name("new"), role }), 6, /ada|may not make or change members that are/);
    fails(() => m.order("MsgSetMember", { admin: name("ada"), organization: "acme", member: name("olga"), role: viewer }), 6, /members that are owner/);
    for (const other of ["olga", "ben"]) fails(() => m.remove("ada", "acme", other), 6, /may not remove members/);
    m.remove("ada", "acme", "sam");
    m.remove("ben", "acme", "ben");
    m.block();
  });

  it("ORG-3 are those that accepted: an invitation gives no right and may be taken back", () => {
    const m = acme();
    m.fund("ann");
    m.order("MsgSetMember", { admin: name("olga"), organization: "acme", member: name("ann"), role: spender });
    fails(() => m.bid(name("ann"), 10n, { organization: "acme" }), 5, /no member/);
    const open = m.query<QueryMembershipsResponse>("/dcm.organization.v1.Query/Memberships", { member: name("ann") });
    assert.deepEqual([open.memberships.length, open.invitations.map(({ organization }) => organization)], [0, ["acme"]]);
    m.remove("olga", "acme", "ann");
    fails(() => m.order("MsgAcceptMembership", { member: name("ann"), organization: "acme" }), 8, /no open invitation/);
    m.member("olga", "acme", "ann", spender);
    fails(() => m.order("MsgAcceptMembership", { member: name("ann"), organization: "acme" }), 8, /no open invitation/);
    m.bid(name("ann"), 10n, { organization: "acme" });
    assert.equal(m.query<QueryMembersResponse>("/dcm.organization.v1.Query/Members", { name: "acme" }).members.length, 3);
    m.block();
  });

  it("ORG-3 there is always an owner that accepted", () => {
    const m = acme();
    fails(() => m.remove("olga", "acme", "olga"), 7, /without an owner/);
    fails(() => m.order("MsgSetMember", { admin: name("olga"), organization: "acme", member: name("olga"), role: viewer }), 7, /without an owner/);
    m.order("MsgSetMember", { admin: name("olga"), organization: "acme", member: name("pia"), role: owner });
    fails(() => m.remove("olga", "acme", "olga"), 7, /who must have accepted/);
    m.order("MsgAcceptMembership", { member: name("pia"), organization: "acme" });
    m.remove("olga", "acme", "olga");
    fails(() => m.policy("olga", "acme", {}), 5, /no member/);
    m.block();
  });

  it("ORG-3 their number is bounded, and so are the memberships of an account", () => {
    const m = acme();
    m.order("MsgUpdateParams", { authority, params: { ...defaultParams(), maxMembers: 3, maxMemberships: 1 } });
    m.order("MsgSetMember", { admin: name("olga"), organization: "acme", member: name("a"), role: viewer });
    fails(() => m.order("MsgSetMember", { admin: name("olga"), organization: "acme", member: name("b"), role: viewer }), 9, /members and invitations of acme: at most 3/);
    m.found("globex", "gus", 0n);
    m.order("MsgSetMember", { admin: name("gus"), organization: "globex", member: name("sam"), role: viewer });
    fails(() => m.order("MsgAcceptMembership", { member: name("sam"), organization: "globex" }), 9, /organizations of .*: at most 1/);
    fails(() => m.order("MsgUpdateParams", { authority: name("eve"), params: defaultParams() }), 13, /invalid authority/, "gov");
    fails(() => m.order("MsgUpdateParams", { authority, params: { ...defaultParams(), maxMembers: 0 } }), 16, /max_members is 0; it must be from 1 to 1024/);
    m.block();
  });
});

describe("money of organizations", () => {
  it("ORG-4 comes in by anybody and goes out by owners, whom no budget counts", () => {
    const m = acme(1_000n);
    m.fund("gift", 50n);
    m.order("MsgDeposit", { sender: name("gift"), organization: "acme", amount: [{ denom, amount: "50" }] });
    const account = addressText(accountOf("acme"));
    assert.equal(m.balanceOf(account, denom), 1_050n);
    m.order("MsgWithdraw", { owner: name("olga"), organization: "acme", recipient: name("bank"), amount: [{ denom, amount: "1050" }] });
    assert.deepEqual([m.balanceOf(account, denom), m.balanceOf(name("bank"), denom), m.remaining("acme")], [0n, 1_050n, [1_000n]]);
    fails(() => m.order("MsgWithdraw", { owner: name("olga"), organization: "acme", recipient: name("bank"), amount: [{ denom, amount: "1" }] }), 5, /has 0/, "sdk");
    fails(() => m.order("MsgDeposit", { sender: name("gift"), organization: "nobody", amount: [{ denom, amount: "50" }] }), 4, /no organization nobody/);
    fails(() => m.order("MsgDeposit", { sender: name("gift"), organization: "acme", amount: [] }), 2, /0 coins/);
    m.block();
  });

  it("ORG-5 is spent within every budget that covers the spend; what remains stands in the error", () => {
    const m = acme();
    const cost = 1_010n;
    const bid = (more: object = {}): unknown => m.bid(name("sam"), 100n, { organization: "acme", lots: 10n, ...more });
    m.budget("olga", "acme", 2_500_000n);
    m.budget("olga", "acme", 1_000_000n, { member: name("sam"), period: BudgetPeriod.BUDGET_PERIOD_DAY });
    m.budget("olga", "acme", 10_000n, { tagKey: "team", tagValue: "ml", period: BudgetPeriod.BUDGET_PERIOD_TOTAL });
    bid({ costTags: [{ key: "team", value: "ml" }] });
    const [all, tagged, own] = m.remaining("acme");
    const spent = 2_500_000n - all!;
    assert.ok(spent > cost, "escrow and storage deposit");
    assert.deepEqual([tagged, own], [10_000n - spent, 1_000_000n - spent]);
    const times = Number((10_000n - spent) / spent);
    for (let i = 0; i < times; i++) bid({ costTags: [{ key: "team", value: "ml" }] });
    const left = m.remaining("acme")[1]!;
    fails(() => bid({ costTags: [{ key: "team", value: "ml" }] }), 12, new RegExp(`more than remains: ${left} of 10000udcm for all members, tag team=ml, period total`));
    bid({ costTags: [{ key: "team", value: "web" }] });
    m.block();
  });

  it("ORG-5 nothing is spent without a budget in its denom, and an account without money spends none of anybody's", () => {
    const m = acme(2_000n);
    m.order("MsgRemoveBudget", { admin: name("olga"), organization: "acme", denom, member: "", tagKey: "", tagValue: "" });
    const before = m.balanceOf(name("sam"), denom);
    fails(() => m.bid(name("sam"), 10n, { organization: "acme" }), 11, /no budget of acme in udcm covers/);
    m.budget("olga", "acme", 10n ** 12n);
    fails(() => m.bid(name("sam"), 10_000n, { organization: "acme" }), 5, /has 2000/, "sdk");
    fails(() => m.order("MsgRemoveBudget", { admin: name("olga"), organization: "acme", denom, member: "", tagKey: "x", tagValue: "y" }), 13, /tag x=y/);
    assert.deepEqual([m.balanceOf(name("sam"), denom), m.remaining("acme")], [before, [10n ** 12n]]);
    fails(() => m.bid(name("sam"), 10n, { organization: "acme", payer: name("olga") }), 15, /leave the payer empty/);
    m.block();
  });

  it("ORG-5 many small bids of one block go no further than one large one", () => {
    const m = acme();
    m.budget("olga", "acme", 20_000n);
    let placed = 0;
    assert.throws(() => {
      for (; placed < 100; placed++) m.bid(name("sam"), 1n, { organization: "acme", lots: 1n });
    }, /more than remains/);
    assert.ok(placed > 2 && placed < 100);
    assert.ok(m.remaining("acme")[0]! >= 0n);
    m.block();
  });

  it("ORG-6 budgets count calendar periods in UTC", () => {
    const at = (text: string): bigint => BigInt(Date.parse(text)) / 1_000n;
    const { BUDGET_PERIOD_DAY: day, BUDGET_PERIOD_WEEK: week, BUDGET_PERIOD_MONTH: month, BUDGET_PERIOD_QUARTER: quarter, BUDGET_PERIOD_YEAR: year, BUDGET_PERIOD_TOTAL: total } = BudgetPeriod;
    const bounds: readonly [BudgetPeriod, string, string, string][] = [
      [day, "2024-02-29T23:59:59Z", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"], [week, "2026-01-01T12:00:00Z", "2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"],
      [month, "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"], [month, "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"],
      [quarter, "2026-05-05T00:00:00Z", "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z"], [year, "2100-03-01T00:00:00Z", "2100-01-01T00:00:00Z", "2101-01-01T00:00:00Z"],
    ];
    for (const [period, time, from, until] of bounds) {
      const index = periodIndex(period, at(time));
      assert.deepEqual([periodStart(period, index), periodStart(period, index + 1n)], [at(from), at(until)], `${period} ${time}`);
    }
    assert.deepEqual([periodIndex(total, 10n ** 10n), periodStart(total, 0n)], [0n, undefined]);
    fc.assert(fc.property(fc.bigInt(0n, 10n ** 10n), fc.constantFrom(day, week, month, quarter, year), (time, period) => {
      const index = periodIndex(period, time);
      assert.ok(periodStart(period, index)! <= time && time < periodStart(period, index + 1n)!);
      const date = new Date(Number(time) * 1_000);
      if (period === month) assert.equal(index, BigInt((date.getUTCFullYear() - 1_970) * 12 + date.getUTCMonth()));
    }));
  });

  it("ORG-6 begin anew with their period, and only then", () => {
    const m = acme();
    m.budget("olga", "acme", 3_000n);
    m.bid(name("sam"), 50n, { organization: "acme" });
    const [left] = m.remaining("acme");
    m.time += 30n * 86_400n;
    assert.deepEqual(m.remaining("acme"), [left]);
    m.time += 86_400n;
    assert.deepEqual(m.remaining("acme"), [3_000n]);
    m.bid(name("sam"), 50n, { organization: "acme" });
    assert.deepEqual(m.remaining("acme"), [left]);
    // Another limit keeps what was spent; another period begins anew.
    m.budget("olga", "acme", 4_000n);
    assert.deepEqual(m.remaining("acme"), [left! + 1_000n]);
    m.budget("olga", "acme", 4_000n, { period: BudgetPeriod.BUDGET_PERIOD_YEAR });
    assert.deepEqual(m.remaining("acme"), [4_000n]);
    m.block();
  });

  it("ORG-7 what comes back goes to the organization's account and restores the budget of its period", () => {
    const m = acme();
    const account = addressText(accountOf("acme"));
    const job = m.bid(name("sam"), 50n, { organization: "acme" });
    const deposited = BigInt(m.query<{ job: { escrow: { storageDeposit: string } } }>("Job", { jobId: job }).job.escrow.storageDeposit);
    assert.equal(m.remaining("acme")[0], 1_000_000n - 505n - deposited);
    m.send("MsgCancelBid", { consumer: name("sam"), jobId: job });
    m.block(1_000n, 2);
    assert.deepEqual([m.remaining("acme")[0], m.balanceOf(account, denom)], [1_000_000n - deposited, 1_000_000n - deposited]);
    const held = m.query<QueryHoldingsResponse>("/dcm.organization.v1.Query/Holdings", { kind: 1, id: job }).holdings;
    assert.deepEqual(held.map(({ spent, refunded }) => BigInt(spent) - BigInt(refunded)), [deposited]);
    // With the record goes the holding, and the deposit comes back.
    m.block(8n * 86_400_000n, 2);
    assert.deepEqual([m.remaining("acme")[0], m.query<QueryHoldingsResponse>("/dcm.organization.v1.Query/Holdings", { kind: 1, id: job }).holdings], [1_000_000n, []]);
  });

  it("ORG-7 what was spent in one period restores nothing in another, nor in a budget that was made since", () => {
    const m = acme();
    m.budget("olga", "acme", 100_000n);
    const early = m.bid(name("sam"), 1_000n, { organization: "acme" });
    m.time += 31n * 86_400n;
    const late = m.bid(name("sam"), 50n, { organization: "acme" });
    const [left] = m.remaining("acme");
    m.send("MsgCancelBid", { consumer: name("sam"), jobId: early });
    m.block(1_000n, 2);
    assert.deepEqual(m.remaining("acme"), [left], "the month is another");
    m.order("MsgRemoveBudget", { admin: name("olga"), organization: "acme", denom, member: "", tagKey: "", tagValue: "" });
    m.budget("olga", "acme", 100_000n);
    m.send("MsgCancelBid", { consumer: name("sam"), jobId: late });
    m.block(1_000n, 2);
    assert.deepEqual(m.remaining("acme"), [100_000n], "the budget is another");
  });
});

describe("policies", () => {
  it("ORG-8 are bounded and have one form", () => {
    const m = acme();
    const auditor = name("auditor");
    const many = (count: number, make: (i: number) => string): string[] => Array.from({ length: count }, (_, i) => make(i)).sort();
    const bad: readonly [Partial<Policy>, RegExp][] = [
      [{ allowedClasses: many(65, (i) => `class${i}`) }, /65 entries; it must be at most 64/], [{ allowedClasses: ["b", "a"] }, /sorted, without repeats/], [{ deniedClasses: ["Not.A.Class"] }, /class ids/],
      [{ allowedProviders: ["nobody"] }, /invalid policy.allowed_providers address/], [{ deniedProviders: [name("a"), name("a")] }, /sorted/], [{ allowedJurisdictions: ["a", "a"] }, /sorted/],
      [{ allowedJurisdictions: ["CH"], deniedJurisdictions: ["CH"] }, /either allowed or denied/], [{ attestedJurisdiction: true }, /false where no jurisdiction is asked for/],
      [{ deniedJurisdictions: ["XX"], jurisdictionAuditors: [auditor] }, /empty where attested_jurisdiction is false/], [{ rules: [{ attribute: { key: "", value: "" }, attested: false, auditors: [] }] }, /policy.rules.attribute.key/],
      [{ rules: [{ attribute: { key: "a", value: "b" }, attested: false, auditors: [auditor] }] }, /empty where attested is false/], [{ minVerification: VerificationLevel.VERIFICATION_LEVEL_MPC }, /V0 to V5/],
      [{ rules: Array.from({ length: 17 }, (_, i) => ({ attribute: { key: `k${String.fromCharCode(97 + i)}`, value: "v" }, attested: false, auditors: [] })) }, /17 entries; it must be at most 16/],
    ];
    for (const [policy, text] of bad) {
      try {
        m.policy("olga", "acme", policy);
      } catch (error) {
        assert.match((error as Error).message, text);
        continue;
      }
      assert.fail(`accepted ${JSON.stringify(policy)}`);
    }
    m.policy("olga", "acme", { allowedJurisdictions: ["CH", "DE"], attestedJurisdiction: true, jurisdictionAuditors: [auditor], allowedProviders: many(64, (i) => name(`p${i}`)) });
    assert.equal(m.organization("acme").organization!.policyVersion, 2n);
    assert.deepEqual(m.organization("acme").policy!.allowedJurisdictions, ["CH", "DE"]);
    m.block();
  });

  it("ORG-9 a job outside the policy is refused before any money moves, with the rule", () => {
    const m = acme();
    const before = m.balanceOf(addressText(accountOf("acme")), denom);
    m.policy("olga", "acme", { deniedClasses: ["wasm.core"] });
    fails(() => m.bid(name("sam"), 10n, { organization: "acme" }), 10, /policy of acme does not allow this: denied_classes has wasm.core/);
    m.policy("olga", "acme", { allowedClasses: ["cpu.x64.small"], minVerification: VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED });
    fails(() => m.bid(name("sam"), 10n, { organization: "acme" }), 10, /allowed_classes has no wasm.core/);
    fails(() => m.serviceBid(name("sam"), 10n, { organization: "acme" }), 10, /nothing verifies services/);
    m.policy("olga", "acme", { minVerification: VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED, allowUnverifiedServices: true });
    fails(() => m.bid(name("sam"), 10n, { organization: "acme" }), 10, /min_verification is v2_replicated, not v0_none/);
    assert.equal(m.balanceOf(addressText(accountOf("acme")), denom), before);
    m.serviceBid(name("sam"), 10n, { organization: "acme" });
    m.block();
  });
});

describe("genesis of organizations", () => {
  it("ORG-18 goes round, and refuses what contradicts itself", () => {
    const m = acme();
    m.bid(name("sam"), 50n, { organization: "acme", costTags: [{ key: "team", value: "ml" }] });
    m.order("MsgSetMember", { admin: name("olga"), organization: "acme", member: name("ann"), role: admin });
    m.policy("olga", "acme", { allowedJurisdictions: ["CH"] });
    const module = m.modules.find((one) => one.name === "organization")!;
    const state = module.genesis!.export(testContext(m.stores, { time: m.time })) as GenesisState;
    const again = memoryStores();
    initGenesis(again, [module], { organization: state });
    assert.deepEqual(module.genesis!.export(testContext(again, { time: m.time })), state);
    const [record] = state.organizations;
    const wrong: readonly [GenesisState, RegExp][] = [
      [{ ...state, organizations: [record!, record!] }, /sorted without repeats/], [{ ...state, organizations: [] }, /is of no organization/],
      [{ ...state, organizations: [{ ...record!, members: record!.members.filter(({ role }) => role !== owner) }] }, /counts 3 members/],
      [{ ...state, organizations: [{ ...record!, organization: { ...record!.organization!, address: name("eve") } }] }, /has the address/],
      [{ ...state, holdings: state.holdings.map((one) => ({ ...one, refunded: "999999999" })) }, /refunded is from 0 to spent/],
    ];
    for (const [bad, text] of wrong) assert.throws(() => module.genesis!.check(bad), text);
  });
});

describe("whatever is spent and comes back when", () => {
  it("ORG-19 no budget is passed in its period, no refund is more than its spend, and all money is there", () => {
    const step = fc.record({ kind: fc.constantFrom("bid", "bid", "cancel", "replace", "block", "month", "limit"), who: fc.constantFrom("sam", "ada"), price: fc.bigInt(1n, 90n), tagged: fc.boolean(), pick: fc.nat(9) });
    fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
      const m = acme(200_000n);
      m.member("olga", "acme", "ada", admin);
      m.budget("olga", "acme", 30_000n);
      m.budget("olga", "acme", 20_000n, { member: name("sam"), period: BudgetPeriod.BUDGET_PERIOD_TOTAL });
      m.budget("olga", "acme", 12_000n, { tagKey: "team", tagValue: "ml" });
      const { money } = m;
      const jobs: { id: bigint; who: string }[] = [];
      for (const { kind, who, price, tagged, pick } of steps) {
        const job = jobs[pick % Math.max(1, jobs.length)];
        try {
          if (kind === "bid") jobs.push({ id: m.bid(name(who), price, { organization: "acme", costTags: tagged ? [{ key: "team", value: "ml" }] : [] }), who });
          else if (kind === "cancel" && job !== undefined) m.send("MsgCancelBid", { consumer: name(job.who), jobId: job.id });
          else if (kind === "replace" && job !== undefined) m.send("MsgReplaceBid", { consumer: name(job.who), jobId: job.id, limitPrice: price, expiresTau: 0n });
          else if (kind === "month") m.time += 31n * 86_400n;
          else if (kind === "limit") m.budget("olga", "acme", 100n * price);
        } catch (error) {
          assert.match((error as Error).message, /more than remains|cancelled|expired|open|matched/);
        }
        m.block();
      }
      m.block(8n * 86_400_000n, 3);
      assert.equal(m.money, money);
      assert.ok(m instanceof TestMarket);
    }), { numRuns: 30 });
  });
});
