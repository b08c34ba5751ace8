import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, it } from "mocha";
import { csvText, readCsv } from "./csv.ts";
import { compare, decimalText, minus, plus, quotientRounded, readDecimal, times, whole, type Decimal } from "./decimal.ts";
import { FocusError, focusColumns, focusOf, focusRecords, isComplete, type FocusRow } from "./focus.ts";
import { skuProperties, specified, subcategories } from "./focus-spec.ts";
import { mandatoryColumns, rowsOfRecords, rules, violationsOf, type FileRow } from "./focus-rules.ts";
import { partText, readPart } from "./part.ts";
import { plainRecords, totalsOf } from "./plain.ts";
import { HolderError, concerns, holderOf, type BilledRow, type Statement } from "./read.ts";
import { costOf, readTags, rowDigest, rowsOf, type NamedEvent, type StatementRow } from "./rows.ts";

const event = (name: string, attributes: Record<string, string>): NamedEvent => ({ type: `dcm.market.v1.Event${name}`, attributes });
const task = { job_id: "7", task_id: "458752", consumer: "dcm1c", payer: "dcm1c", organization: "", class_id: "wasm.core", denom: "udcm", cost_tags: "project=b,team=a" };
const instance = { service_id: "4", instance_id: "262144", lease_id: "11", provider: "p", consumer: "c", payer: "c", organization: "acme", class_id: "cpu", denom: "udcm", cost_tags: "" };
const settled = (change: Record<string, string> = {}): NamedEvent => event("EscrowSettled", { ...task, paid: "200", fee: "3", burned: "0", refunded: "40", held: "0", ...change });
const used = (provider: string, lots: string, amount: string, fee: string, change: Record<string, string> = {}): NamedEvent =>
  event("UsagePaid", { ...task, lease_id: `lease of ${provider}`, provider, provider_organization: "", jurisdiction: "CH", lots, price: "50", amount, fee, ...change });
const streamed = (amount: string, fee: string, lots: string): NamedEvent[] => [
  event("EscrowSettled", { ...instance, price: "60", from_tau: "1", to_tau: "2", paid: amount, fee, burned: "0", refunded: "0", held: "5" }), event("UsagePaid", { ...instance, provider_organization: "hosts", jurisdiction: "DE", lots, price: "60", amount, fee, from_tau: "1", to_tau: "2" }),
];
const scope = (...events: NamedEvent[]) => ({ height: 9, txHash: "AB".repeat(32), events });
const shortly = (row: StatementRow): unknown[] => [row.provider, row.lots, row.unitPrice, row.gross, row.fee, row.burned, row.refund, row.credit];

describe("statement rows", () => {
  it("are one for each payment, with its share of the fee; what goes back stands in the last (STM-1)", () => {
    const rows = rowsOf(scope(event("TaskChanged", {}), settled(), used("p1", "1", "50", "1"), used("p2", "3", "150", "2"), event("ReplicaChanged", {}), used("of another", "9", "9", "9")));
    assert.deepEqual(rows.map(shortly), [["p1", 1n, 50n, 50n, 1n, 0n, 0n, 0n], ["p2", 3n, 50n, 150n, 2n, 0n, 40n, 0n]]);
    assert.deepEqual(rows.map(({ subject, item, leaseId, costTags, jurisdiction, height, txHash, index }) => [subject, item, leaseId, costTags.length, jurisdiction, height, txHash, index]), [["job:7", "458752", "lease of p1", 2, "CH", 9, "AB".repeat(32), 2], ["job:7", "458752", "lease of p2", 2, "CH", 9, "AB".repeat(32), 3]]);
    assert.deepEqual(rowsOf(scope(settled({ paid: "0", fee: "0", burned: "5" }))).map(shortly), [["", 0n, 0n, 0n, 0n, 5n, 40n, 0n]]);
    assert.deepEqual(rowsOf(scope(settled({ paid: "0", fee: "0", refunded: "0" }))), []);
  });

  it("of a service are of its instance and lease; whoever the provider goes by is named (STM-1)", () => {
    const [row, ...others] = rowsOf({ height: 3, events: streamed("61", "1", "1") });
    assert.deepEqual([others, row!.subject, row!.item, row!.leaseId, row!.organization, row!.providerOrganization, row!.txHash, ...shortly(row!)], [[], "service:4", "262144", "11", "acme", "hosts", undefined, "p", 1n, 60n, 61n, 1n, 0n, 0n, 0n]);
  });

  it("refuse payments and fees that do not sum up to what was settled (STM-1)", () => {
    assert.throws(() => rowsOf(scope(settled(), used("p1", "1", "50", "3"))), /height 9: job:7 458752 settled 200, its providers got 50/);
    assert.throws(() => rowsOf(scope(settled(), used("p1", "4", "200", "2"))), /settled a fee of 3, its shares are 2/);
  });

  it("of credits and penalties are money that came out of bonds to the payer (STM-2)", () => {
    const [sla, penalty, ...others] = rowsOf(scope(
      event("CreditPaid", { ...instance, round: "2", amount: "30", from_stake: "0" }), event("ProviderPenalized", { ...task, provider: "p", reason: "start_missed", amount: "10", to_consumer: "4", to_provers: "0" }),
      event("ProviderPenalized", { ...task, provider: "p", reason: "minority", amount: "10", to_consumer: "0", to_provers: "1" }),
    ));
    assert.deepEqual([others, sla!.kind, sla!.credit, costOf(sla!), penalty!.kind, penalty!.credit, penalty!.reason], [[], "sla", 30n, -30n, "penalty", 4n, "start_missed"]);
    assert.deepEqual([concerns(sla!, holderOf(undefined, "acme")), concerns(sla!, { kind: "account", address: "c" }), concerns(penalty!, { kind: "account", address: "dcm1c" }), concerns(penalty!, { kind: "account", address: "c" })], [true, false, true, false]);
  });

  it("of vouchers are what was redeemed of a channel (STM-4)", () => {
    const rows = rowsOf(scope({ type: "dcm.channel.v1.EventVoucherRedeemed", attributes: { channel_id: "5", payer: "dcm1treasury", recipient: "p", denom: "udcm", organization: "acme", sender: "p", paid: "97", fee: "3", redeemed: "100" } }));
    assert.deepEqual(rows.map((row) => [row.kind, row.subject, row.organization, row.payer, costOf(row), ...shortly(row)]), [["voucher", "channel:5", "acme", "dcm1treasury", 100n, "p", 0n, 97n, 97n, 3n, 0n, 0n, 0n]]);
    const file = focusOf(statementOf(rows.map((row) => ({ ...row, costTags: [] }))), terms);
    assert.deepEqual([violationsOf(focusColumns, file), file.map(({ ChargeCategory, PricingQuantity, PricingCurrencyEffectiveCost, ResourceType }) => [ChargeCategory, PricingQuantity, PricingCurrencyEffectiveCost, ResourceType])], [[], [["Usage", "1", "97", "Channel"], ["Purchase", "1", "3", "Channel"]]]);
  });

  it("of forwards are what was set aside for an order or a position and went its way: usage is the jobs', all else is bought, credited or lost (STM-10)", () => {
    const forward = (change: Record<string, string>): NamedEvent => ({
      type: "dcm.forward.v1.EventEscrowSettled",
      attributes: {
        order_id: "2", position_id: "3", consumer: "dcm1sam", payer: "dcm1acme", organization: "acme", cost_tags: "team=ml", class_id: "wasm.core", slot_tau: "60000", provider: "dcm1seller", denom: "udcm", reason: "matched", lots: "0", price: "0", paid: "0", received: "0", refunded: "0",
        ...change,
      },
    });
    const rows = rowsOf(scope(
      forward({ refunded: "80" }), forward({ paid: "1800", lots: "600", price: "3", refunded: "20" }), forward({ received: "500", refunded: "-19" }), forward({ reason: "resold", paid: "40", lots: "20", price: "2", refunded: "10" }),
      forward({ reason: "resold", received: "7" }), forward({ reason: "settled", order_id: "", paid: "11", received: "5", lots: "580", refunded: "9" }), forward({ reason: "expired", position_id: "", provider: "", refunded: "60" }),
    ));
    assert.deepEqual(rows.map((row) => [row.kind, row.subject, row.item, row.reason, costOf(row), row.refund]), [
      ["forward", "position:3", "2", "matched", 0n, 80n], ["forward", "position:3", "2", "matched", 1_800n, 20n], ["forward", "position:3", "2", "matched", -500n, -19n], ["forward", "position:3", "2", "resold", 40n, 10n],
      ["forward", "position:3", "2", "resold", -7n, 0n], ["forward", "position:3", "", "settled", 6n, 9n], ["forward", "order:2", "", "expired", 0n, 60n],
    ]);
    assert.ok(rows.every((row) => concerns(row, holderOf(undefined, "acme")) && row.costTags[0]!.value === "ml"));
    const statement = statementOf(rows);
    const file = focusOf(statement, terms);
    assert.deepEqual([violationsOf(focusColumns, file), statement.rows.every(isComplete)], [[], true]);
    assert.deepEqual(file.map(({ ChargeCategory, PricingCategory, PricingQuantity, SkuId, PricingCurrencyEffectiveCost }) => [ChargeCategory, PricingCategory, PricingQuantity, SkuId, PricingCurrencyEffectiveCost]), [
      ["Purchase", "Dynamic", "600", "wasm.core/forward.premium", "1800"], ["Credit", "", "", "", "-500"], ["Adjustment", "", "", "", "40"], ["Credit", "", "", "", "-7"], ["Purchase", "Committed", "1", "wasm.core/forward.unused", "11"], ["Credit", "", "", "", "-5"],
    ]);
    assert.deepEqual(file.map(({ ResourceId, ResourceType, Tags }) => `${ResourceId} ${ResourceType} ${Tags}`)[0], 'position:3/2 Forward {"team":"ml"}');
  });

  it("have a digest over all that the chain says of them, and nothing else (STM-3)", () => {
    const [row] = rowsOf(scope(settled(), used("p1", "4", "200", "3")));
    assert.match(rowDigest(row!), /^[0-9a-f]{64}$/);
    assert.equal(rowDigest({ ...row!, ...{ providerName: "x", timeNanos: 5n } }), rowDigest(row!));
    const changed: Partial<StatementRow>[] = [
      { kind: "sla" }, { height: 1 }, { txHash: "" }, { index: 5 }, { consumer: "" }, { payer: "" }, { organization: "x" }, { costTags: [] }, { subject: "" }, { item: "" }, { leaseId: "" }, { classId: "" }, { denom: "" }, { provider: "" }, { providerOrganization: "x" }, { jurisdiction: "" }, { lots: 0n },
      { unitPrice: 0n }, { gross: 0n }, { fee: 0n }, { burned: 1n }, { refund: 0n }, { credit: 1n }, { reason: "x" },
    ];
    assert.equal(new Set([row!, ...changed.map((change) => ({ ...row!, ...change }))].map(rowDigest)).size, changed.length + 1);
  });

  it("read tags whose values have commas", () => {
    assert.deepEqual(readTags(""), []);
    assert.deepEqual(readTags("project=a,b,team=c=d,x="), [{ key: "project", value: "a,b" }, { key: "team", value: "c=d" }, { key: "x", value: "" }]);
  });

  it("are of one account or one organization, by a name that a query can hold", () => {
    for (const [account, organization] of [[undefined, undefined], ["dcm1x", "acme"], ["dcm1x", undefined], [undefined, ""], [undefined, "a' OR 'b"]] as const) assert.throws(() => holderOf(account, organization), HolderError);
  });
});

const rate = readDecimal("0.000000513")!;
const terms = { currency: "USD", rates: { udcm: rate, ustone: readDecimal("2")! }, period: { from: 1_790_812_800n, to: 1_793_491_200n } };

function statementOf(rows: readonly StatementRow[]): Statement {
  const timeNanos = 1_791_000_000_500_000_000n;
  const billed = (row: StatementRow): BilledRow => ({ ...row, timeNanos, sinceNanos: timeNanos - 60_000_000_000n, providerName: row.provider === "" ? "" : "a provider", listPrice: row.unitPrice === 0n ? 0n : row.kind === "voucher" ? row.unitPrice : row.unitPrice - 1n });
  return { chainId: "dcm-1", holder: { kind: "account", address: "dcm1c" }, heights: { from: 1, to: 90 }, rows: rows.map(billed) };
}

/** Usage of whole lots and of a part, fees, something forfeited, a credit, a penalty. */
const sample = statementOf([
  ...rowsOf(scope(settled(), used("p1", "1", "50", "0"), used("p2", "3", "150", "3"))), ...rowsOf({ height: 10, events: [settled({ paid: "0", fee: "0", burned: "5", refunded: "1" })] }), ...rowsOf({ height: 11, events: streamed("100", "1", "1") }),
  ...rowsOf(scope(event("CreditPaid", { ...instance, round: "2", amount: "30", from_stake: "0" }))), ...rowsOf(scope(event("ProviderPenalized", { ...task, provider: "p", reason: "start_missed", amount: "10", to_consumer: "4", to_provers: "0" }))),
]);

describe("a statement as the chain has it", () => {
  const period = { from: 1_790_812_800n, to: 1_793_491_200n };

  it("sums up by denom", () => {
    const other = statementOf(rowsOf({ height: 4, events: streamed("7", "0", "0").map(({ type, attributes }) => ({ type, attributes: { ...attributes, denom: "astone" } })) }));
    assert.deepEqual(totalsOf([...sample.rows, ...other.rows]), [
      { denom: "astone", gross: 7n, fee: 0n, burned: 0n, credit: 0n, refund: 0n, cost: 7n }, { denom: "udcm", gross: 300n, fee: 4n, burned: 5n, credit: 34n, refund: 41n, cost: 275n },
    ]);
  });

  it("is a record a row, which says of which statement it is", () => {
    const [names, ...records] = plainRecords(sample, period);
    assert.equal(new Set(names).size, names!.length);
    const of = (name: string): string[] => records.map((record) => record[names!.indexOf(name)]!);
    assert.deepEqual([of("cost"), of("lots"), new Set(of("last_height")), new Set(of("period_start"))], [["50", "153", "5", "101", "-30", "-4"], ["1", "3", "0", "1", "0", "0"], new Set(["90"]), new Set(["2026-10-01T00:00:00Z"])]);
  });

  it("is kept in parts that lead back to what was read, and to nothing else", () => {
    const of = { chainId: "dcm-1", holder: sample.holder, from: 4 };
    const read = { through: 70, rows: rowsOf(scope(settled(), used("p1", "4", "200", "3"))) };
    const text = partText(of, read);
    assert.deepEqual(readPart(text, of), read);
    for (const other of [{ ...of, chainId: "dcm-2" }, { ...of, from: 5 }, { ...of, holder: holderOf(undefined, "acme") }]) assert.equal(readPart(text, other), undefined);
    for (const broken of ["", "{}", text.slice(0, -9), text.replace('"through":70', '"through":2'), text.replace('"lots":"4"', '"lots":"4.5"')]) assert.equal(readPart(broken, of), undefined);
  });
});

describe("a statement in FOCUS 1.2", () => {
  const file = focusOf(sample, terms);
  const names: readonly string[] = focusColumns;

  it("holds to every rule, through CSV and back (STM-5)", () => {
    const { names: read, rows } = rowsOfRecords(readCsv(csvText(focusRecords(file))));
    assert.deepEqual(violationsOf(read, rows), []);
    assert.deepEqual(rows, file);
    assert.equal(mandatoryColumns.length, 21);
  });

  it("is a file of 1.0 or 1.1, too, where what came later is a column of our own (STM-5)", () => {
    for (const [version, theirs] of [["1.0", 37], ["1.1", 40], ["1.2", 47]] as const) {
      const records = focusRecords(file, version);
      const [head] = records;
      assert.equal(head!.filter((name) => !name.startsWith("x_")).length, theirs, version);
      const { names: read, rows } = rowsOfRecords(readCsv(csvText(records)));
      assert.deepEqual([violationsOf(read, rows), rows.length, rows[0]!["PricingCurrency"]], [[], file.length, "udcm"]);
      assert.deepEqual([head!.includes("x_SkuMeter"), head!.includes("x_InvoiceId")], [version === "1.0", version !== "1.2"]);
    }
  });

  it("charges what the chain settled: usage by lots, fees, what was forfeited, credits; refunds are no charge (STM-5)", () => {
    const charged = file.map(({ ChargeCategory, PricingQuantity, PricingCurrencyContractedUnitPrice, PricingCurrencyEffectiveCost, BilledCost }) => [ChargeCategory, PricingQuantity, PricingCurrencyContractedUnitPrice, PricingCurrencyEffectiveCost, BilledCost]);
    assert.deepEqual(charged, [
      ["Usage", "1", "50", "50", "0.00002565"], ["Usage", "3", "50", "150", "0.00007695"], ["Purchase", "1", "3", "3", "0.000001539"], ["Adjustment", "", "", "5", "0.000002565"],
      ["Usage", "1.666666666666666667", "60", "100", "0.0000513"], ["Purchase", "1", "1", "1", "0.000000513"], ["Credit", "", "", "-30", "-0.00001539"], ["Credit", "", "", "-4", "-0.000002052"],
    ]);
    const total = sample.rows.reduce((sum, row) => sum + costOf(row), 0n);
    assert.ok(file.every(({ x_InvoiceTotal }) => x_InvoiceTotal === decimalText(times(whole(total), rate))));
    assert.deepEqual([file[0]!.ListUnitPrice, file[0]!.RegionId, file[0]!.SkuId, file[0]!.ResourceId, file[0]!.PublisherName, file[0]!.Tags], ["0.000025137", "CH", "wasm.core", "job:7/458752", "a provider", '{"project":"b","team":"a"}']);
    assert.deepEqual([file[0]!.ChargePeriodStart, file[0]!.ChargePeriodEnd], ["2026-10-03T03:59:00Z", "2026-10-03T04:00:01Z"]);
    assert.throws(() => focusOf(sample, { ...terms, rates: {} }), (error: unknown) => error instanceof FocusError && /give its rate, e\.g\. --fx udcm=/.test(error.message));
    assert.deepEqual(focusOf({ ...sample, rows: [] }, terms), []);
  });

  /** For each rule a file that breaks it: a change of one row, by its charge, or of the columns. */
  const broken: Readonly<Record<string, readonly (readonly [category: string, change: Partial<FocusRow>])[] | ((rows: readonly FileRow[]) => [readonly string[], readonly FileRow[]])>> = {
    "columns-present": (rows) => [names.filter((name) => name !== "InvoiceIssuerName"), rows],
    "columns-conditional": (rows) => [names.filter((name) => name !== "RegionId"), rows],
    "columns-once": (rows) => [[...names, "Tags"], rows],
    "columns-ordered": (rows) => [["x_TxHash", ...names.filter((name) => name !== "x_TxHash")], rows],
    "columns-named": (rows) => [[...names, "Height"], rows],
    "not-null": [["Usage", { BillingAccountId: "" }], ["Usage", { PublisherName: "" }], ["Credit", { EffectiveCost: "" }]],
    "decimal": [["Usage", { BilledCost: "1,5" }], ["Usage", { PricingQuantity: "+1" }], ["Usage", { ListCost: "$4" }], ["Usage", { ContractedCost: "1/2" }]],
    "not-negative": [["Usage", { ListUnitPrice: "-1" }]],
    "time": [["Usage", { ChargePeriodStart: "2026-10-03" }], ["Usage", { ChargePeriodEnd: "2026-10-03T04:00:01+02:00" }], ["Usage", { BillingPeriodEnd: "2026-13-01T00:00:00Z" }]],
    "allowed-value": [["Usage", { ChargeCategory: "Fee" }], ["Usage", { ChargeClass: "Refund" }], ["Usage", { ServiceCategory: "compute" }], ["Usage", { PricingCategory: "Spot" }], ["Usage", { ChargeFrequency: "Daily" }]],
    "subcategory": [["Usage", { ServiceSubcategory: "Block Storage" }], ["Credit", { ServiceCategory: "Storage" }], ["Usage", { ServiceSubcategory: "Containers (Compute)" }]],
    "frequency": [["Purchase", { ChargeFrequency: "Usage-Based" }]],
    "currency": [["Usage", { BillingCurrency: "udcm" }], ["Usage", { PricingCurrency: "u" }]],
    "key-value": [["Usage", { Tags: "team=a" }], ["Usage", { Tags: '{"team":["a"]}' }], ["Usage", { SkuPriceDetails: "[]" }]],
    "sku-details-keys": [["Usage", { SkuPriceDetails: '{"Term":"spot"}' }], ["Usage", { SkuPriceDetails: '{"CoreCount":"4"}' }], ["Usage", { SkuPriceDetails: '{"corecount":4}' }]],
    "billing-period": [["Usage", { BillingPeriodEnd: "2026-10-01T00:00:00Z" }]],
    "charge-period": [["Usage", { ChargePeriodEnd: "2026-10-03T03:59:00Z" }]],
    "charged-in-period": [["Usage", { ChargePeriodStart: "2026-09-03T03:59:00Z", ChargePeriodEnd: "2026-09-03T04:59:00Z" }]],
    "priced": [["Usage", { SkuId: "" }], ["Purchase", { ListUnitPrice: "" }], ["Usage", { PricingQuantity: "", PricingUnit: "" }]],
    "tax-unpriced": [["Purchase", { ChargeCategory: "Tax" }]],
    "together": [["Usage", { PricingUnit: "" }], ["Credit", { PricingUnit: "Lots" }], ["Usage", { ConsumedUnit: "" }], ["Usage", { RegionName: "" }], ["Usage", { ResourceType: "" }], ["Usage", { SubAccountId: "" }], ["Usage", { SubAccountType: "" }]],
    "dependent": [["Credit", { SkuPriceDetails: '{"x_a":1}' }], ["Credit", { SkuMeter: "Lots" }], ["Usage", { ResourceId: "", ResourceType: "" }]],
    "consumed": [["Usage", { ConsumedQuantity: "", ConsumedUnit: "" }], ["Credit", { ConsumedQuantity: "1", ConsumedUnit: "Lots" }]],
    "contracted-product": [["Usage", { ContractedUnitPrice: "0.00003" }], ["Usage", { PricingQuantity: "2" }]],
    "list-product": [["Usage", { ListCost: "0.00003" }]],
    "pricing-currency-product": [["Usage", { PricingCurrencyContractedUnitPrice: "51" }]],
    "unpriced-costs": [["Credit", { ContractedCost: "0" }], ["Adjustment", { EffectiveCost: "0" }], ["Credit", { ListCost: "0" }]],
    "credit-sign": [["Credit", { BilledCost: "0.00001539" }], ["Usage", { BilledCost: "-0.00002565" }]],
    "rate": [["Usage", { BilledCost: "0.00002566" }], ["Usage", { x_FxRate: "0.0000006" }]],
    "proof": [["Usage", { x_ReceiptDigest: "ab" }], ["Usage", { x_TxHash: "0x12" }], ["Usage", { x_Height: "0" }]],
    "one-bill": [["Usage", { BillingCurrency: "CHF" }], ["Credit", { BillingAccountId: "dcm1other" }]],
    "one-category": [["Usage", { ServiceCategory: "Storage" }]],
    "one-sku": [["Usage", { SkuId: "another" }]],
    "invoice-sum": [["Credit", { BilledCost: "-0.00001540" }], ["Purchase", { BilledCost: "0" }]],
  };

  it("has a file that breaks each rule", () => assert.deepEqual(Object.keys(broken), rules.map(({ id }) => id)));

  for (const { id, says } of rules) {
    it(`is refused where it is not so that ${says} (STM-6)`, () => {
      const how = broken[id]!;
      if (typeof how === "function") {
        const [columns, rows] = how(file);
        assert.ok(violationsOf(columns, rows).some(({ rule }) => rule === id), id);
        return;
      }
      for (const [category, change] of how) {
        const at = file.findIndex(({ ChargeCategory }) => ChargeCategory === category);
        const found = violationsOf(names, file.map((row, i) => (i === at ? { ...row, ...change } : row))).filter(({ rule }) => rule === id);
        assert.equal(found.length, 1, `${id} ${JSON.stringify(change)}`);
        assert.equal(found[0]!.row, rules.find((rule) => rule.id === id)!.row === undefined ? undefined : at + 1);
      }
    });
  }

  it("takes any column and any SKU property of FOCUS, with a value of its type", () => {
    const more = { AvailabilityZone: "a", CommitmentDiscountStatus: "Used", SkuPriceDetails: '{"CoreCount":4,"DiskType":"SSD","x_a":true}' };
    const usage = file.filter(({ ChargeCategory }) => ChargeCategory === "Usage").slice(0, 1).map((row) => ({ ...row, ...more, x_InvoiceTotal: row.BilledCost }));
    const columns = ["AvailabilityZone", "CommitmentDiscountStatus", ...names];
    assert.deepEqual(violationsOf(columns, usage), []);
    assert.deepEqual(violationsOf(columns, [{ ...usage[0]!, CommitmentDiscountStatus: "used" }]).map(({ rule }) => rule), ["allowed-value"]);
  });

  it("is held to what the specification itself says of each of its columns (STM-6)", () => {
    interface Published { readonly id: string; readonly level: string; readonly nulls: boolean; readonly type: string; readonly range?: string; readonly allowed?: readonly (string | readonly [string, string])[]; readonly properties?: readonly (readonly [string, string])[] }
    const published = JSON.parse(readFileSync(new URL("../../test/vectors/focus/1.2.json", import.meta.url), "utf8")) as Published[];
    assert.equal(published.length, 57);
    const expected = published.map(({ id, level, nulls, type, range = "", allowed }) => [id, {
      level, type, ...(nulls ? {} : { neverNull: true }), ...(range.includes("non-negative") ? { notNegative: true } : {}), ...(allowed === undefined || id === "ServiceSubcategory" ? {} : { allowed }),
    }]);
    assert.deepEqual(specified, Object.fromEntries(expected));
    const pairs = published.find(({ id }) => id === "ServiceSubcategory")!.allowed as readonly [string, string][];
    assert.deepEqual(Object.entries(subcategories).flatMap(([parent, names]) => names.map((name) => [parent, name])).sort(), [...pairs].sort());
    const properties = published.find(({ id }) => id === "SkuPriceDetails")!.properties!;
    assert.deepEqual(skuProperties, Object.fromEntries(properties.map(([key, type]) => [key, type === "Numeric" ? "number" : "string"])));
    const ours = focusColumns.filter((name) => !name.startsWith("x_"));
    assert.deepEqual(ours.filter((name) => specified[name] === undefined), []);
  });

  it("names at most a hundred faults", () => assert.equal(violationsOf(names, Array.from({ length: 300 }, () => ({ ...file[0]!, BilledCost: "x" }))).length, 100));
});

describe("CSV", () => {
  it("is read as it was written, whatever is in it", () => {
    const cell = fc.oneof(fc.constantFrom("", '"', ",", "\r\n", "\n", 'a"b', " x "), fc.string({ maxLength: 8 }));
    fc.assert(fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 6 }), (records) => {
      assert.deepEqual(readCsv(csvText(records)), records);
    }));
    assert.deepEqual([readCsv("a,b\nc,\n"), readCsv("a\r\n\r\nb")], [[["a", "b"], ["c", ""]], [["a"], [""], ["b"]]]);
  });
  it("names the line where a quote is wrong", () => {
    for (const [text, words] of [['a\nb,"c', /line 2: a quote is not closed/], ['"a"b', /line 1: "b" behind a closing quote/], ['a\na"b', /line 2: a quote within/]] as const) assert.throws(() => readCsv(text), words);
    assert.throws(() => rowsOfRecords([["a", "b"], ["c"]]), /row 1 has 1 fields, there are 2 columns/);
    assert.throws(() => rowsOfRecords([]), /the file is empty/);
  });
});

describe("decimals of bills", () => {
  const decimal: fc.Arbitrary<Decimal> = fc.record({ units: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), scale: fc.integer({ min: 0, max: 20 }) });
  it("are exact, and read as they are written", () => {
    fc.assert(fc.property(decimal, decimal, decimal, (a, b, c) => {
      assert.equal(compare(readDecimal(decimalText(a))!, a), 0);
      assert.equal(compare(times(a, plus(b, c)), plus(times(a, b), times(a, c))), 0);
      assert.equal(compare(minus(plus(a, b), b), a), 0);
    }));
    assert.deepEqual(["1.50", "-0.0", "007", "-12.340"].map((text) => decimalText(readDecimal(text)!)), ["1.5", "0", "7", "-12.34"]);
    for (const text of ["", "+1", "1e5", ".5", "1.", "1,0", " 1", "0x1", "--1"]) assert.equal(readDecimal(text), undefined, text);
  });
  it("are rounded where that is said: halves away from zero", () => {
    assert.deepEqual([[1n, 3n], [2n, 3n], [-1n, 2n], [1n, -2n], [5n, 2n], [0n, 7n]].map(([a, b]) => decimalText(quotientRounded(a!, b!, 0))), ["0", "1", "-1", "-1", "3", "0"]);
    assert.equal(decimalText(quotientRounded(100n, 60n, 18)), "1.666666666666666667");
  });
});
