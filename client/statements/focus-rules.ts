/**
 * What a file of FOCUS 1.2 must hold to, as a table of rules: presence, form and nullability of its columns, arithmetic within a row, and the sum of an invoice. Each
 * rule names its columns; what it finds is a sentence with the row's number. The specification is the source; what is ours says so.
 */
import { compare, magnitude, minus, plus, readDecimal, times, zero, type Decimal } from "./decimal.ts";
import { columnOf, focusColumns } from "./focus.ts";

/** Columns by name as they stand in the file; empty text is null. */
export type FileRow = Readonly<Record<string, string>>;

export interface Rule {
  readonly id: string;
  readonly says: string;
  /** The sentence that says what is wrong with this row, or undefined. */
  readonly row?: (row: FileRow) => string | undefined;
  /** Of the file's columns, in order. */
  readonly columns?: (names: readonly string[]) => string | undefined;
  /** Of all rows. */
  readonly file?: (rows: readonly FileRow[]) => string | undefined;
}

export interface Violation {
  readonly rule: string;
  /** From 1, the line of names not counted; absent: the file. */
  readonly row?: number;
  readonly what: string;
}

/** The 21 that every file has. */
export const mandatoryColumns = [
  "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost",
  "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
] as const;

const neverNull = [
  "BilledCost", "BillingAccountId", "BillingAccountType", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost",
  "InvoiceIssuerName", "ListCost", "PricingCurrency", "PricingCurrencyEffectiveCost", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName", "ServiceSubcategory", "x_FxRate", "x_Height", "x_ReceiptDigest",
];
/** Of Usage and Purchase, never null. */
const ofPriced = ["ContractedUnitPrice", "ListUnitPrice", "PricingQuantity", "PricingCategory", "PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice", "SkuId", "SkuPriceId"];
const decimals = [
  "BilledCost", "ConsumedQuantity", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "ListCost", "ListUnitPrice", "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "PricingQuantity",
  "x_FxRate", "x_InvoiceTotal",
];
const notNegative = ["ContractedUnitPrice", "ListUnitPrice", "PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice", "x_FxRate"];
const instants = ["BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart"];
const objects = ["Tags", "SkuPriceDetails"];
const allowed: Readonly<Record<string, readonly string[]>> = {
  ChargeCategory: ["Usage", "Purchase", "Tax", "Credit", "Adjustment"],
  ChargeClass: ["Correction"],
  ChargeFrequency: ["One-Time", "Recurring", "Usage-Based"],
  PricingCategory: ["Standard", "Dynamic", "Committed", "Other"],
  ServiceCategory: [
    "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools", "Multicloud", "Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration", "Mobile",
    "Networking", "Security", "Storage", "Web", "Other",
  ],
  ServiceSubcategory: ["Containers", "End User Computing", "Quantum Compute", "Serverless Compute", "Virtual Machines", "Other (Compute)"],
};

const has = (row: FileRow, column: string): boolean => (row[column] ?? "") !== "";
const text = (row: FileRow, column: string): string => row[column] ?? "";
const isPriced = (row: FileRow): boolean => ["Usage", "Purchase"].includes(text(row, "ChargeCategory")) && !has(row, "ChargeClass");
const shown = (value: string): string => (value === "" ? "null" : JSON.stringify(value.slice(0, 80)));
const firstOf = (columns: readonly string[], wrong: (column: string) => boolean, say: (column: string) => string): string | undefined => {
  const found = columns.find(wrong);
  return found === undefined ? undefined : say(found);
};
/** 0 where it is none; the rule of decimals says so. */
const decimal = (row: FileRow, column: string): Decimal => readDecimal(text(row, column)) ?? zero;

function isTime(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) return false;
  const at = new Date(value);
  return !Number.isNaN(at.getTime()) && at.toISOString() === value.replace("Z", ".000Z");
}

function isFlatObject(value: string): boolean {
  try {
    const parsed = JSON.parse(value) as unknown;
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) && Object.values(parsed).every((one) => one === null || ["string", "number", "boolean"].includes(typeof one));
  } catch {
    return false;
  }
}

/** Quantities of services are rounded at the 18th place: the product is off by less than a millionth of the smallest unit. */
function product(row: FileRow, unitPrice: string, cost: string): string | undefined {
  if (!has(row, unitPrice) || !has(row, "PricingQuantity") || has(row, "ChargeClass")) return undefined;
  const off = magnitude(minus(times(decimal(row, unitPrice), decimal(row, "PricingQuantity")), decimal(row, cost)));
  const smallest = unitPrice.startsWith("PricingCurrency") ? { units: 1n, scale: 0 } : decimal(row, "x_FxRate");
  return compare(off, times(smallest, { units: 1n, scale: 6 })) > 0 ? `${unitPrice} ${text(row, unitPrice)} x PricingQuantity ${text(row, "PricingQuantity")} is not ${cost} ${text(row, cost)}` : undefined;
}

export const rules: readonly Rule[] = [
  { id: "columns-present", says: "the 21 mandatory columns are there", columns: (names) => firstOf(mandatoryColumns, (one) => !names.includes(one), (one) => `${one} is missing`) },
  { id: "columns-once", says: "no column stands twice", columns: (names) => firstOf(names, (one) => names.indexOf(one) !== names.lastIndexOf(one), (one) => `${one} stands twice`) },
  { id: "columns-ordered", says: "FOCUS's own columns stand before those that begin with x_", columns: (names) => firstOf(names.slice(0, names.findLastIndex((one) => !one.startsWith("x_")) + 1), (one) => one.startsWith("x_"), (one) => `${one} stands before a column of FOCUS`) },
  { id: "columns-named", says: "columns are FOCUS's own or begin with x_", columns: (names) => firstOf(names, (one) => !(focusColumns as readonly string[]).includes(one) && !one.startsWith("x_"), (one) => `${shown(one)} is no column of FOCUS and does not begin with x_`) },
  { id: "not-null", says: "columns that may not be null are not", row: (row) => firstOf(neverNull, (one) => one in row && !has(row, one), (one) => `${one} is null`) },
  { id: "decimal", says: "numbers are plain decimals", row: (row) => firstOf(decimals, (one) => has(row, one) && readDecimal(text(row, one)) === undefined, (one) => `${one} ${shown(text(row, one))} is no decimal`) },
  { id: "not-negative", says: "prices and rates are not negative", row: (row) => firstOf(notNegative, (one) => decimal(row, one).units < 0n, (one) => `${one} is ${text(row, one)}`) },
  { id: "time", says: "times are YYYY-MM-DDThh:mm:ssZ", row: (row) => firstOf(instants, (one) => has(row, one) && !isTime(text(row, one)), (one) => `${one} ${shown(text(row, one))} is no time of this form`) },
  { id: "allowed-value", says: "columns with allowed values have one of them", row: (row) => firstOf(Object.keys(allowed), (one) => has(row, one) && !allowed[one]!.includes(text(row, one)), (one) => `${one} ${shown(text(row, one))} is none of ${allowed[one]!.join(", ")}`) },
  { id: "currency", says: "BillingCurrency is a code of ISO 4217, PricingCurrency a code or a virtual currency of at least three characters", row: (row) => (has(row, "BillingCurrency") && !/^[A-Z]{3}$/.test(text(row, "BillingCurrency")) ? `BillingCurrency ${shown(text(row, "BillingCurrency"))} is no national currency` : has(row, "PricingCurrency") && text(row, "PricingCurrency").length < 3 ? `PricingCurrency ${shown(text(row, "PricingCurrency"))} is shorter than three characters` : undefined) },
  { id: "key-value", says: "Tags and SkuPriceDetails are flat JSON objects", row: (row) => firstOf(objects, (one) => has(row, one) && !isFlatObject(text(row, one)), (one) => `${one} ${shown(text(row, one))} is no flat JSON object`) },
  { id: "sku-details-keys", says: "keys of SkuPriceDetails that FOCUS does not define begin with x_", row: (row) => (has(row, "SkuPriceDetails") && isFlatObject(text(row, "SkuPriceDetails")) ? firstOf(Object.keys(JSON.parse(text(row, "SkuPriceDetails")) as object), (key) => !key.startsWith("x_"), (key) => `SkuPriceDetails has the key ${shown(key)}`) : undefined) },
  { id: "billing-period", says: "a billing period ends after its start", row: (row) => (text(row, "BillingPeriodEnd") <= text(row, "BillingPeriodStart") ? `the billing period ends at ${text(row, "BillingPeriodEnd")}` : undefined) },
  { id: "charge-period", says: "a charge period ends after its start", row: (row) => (text(row, "ChargePeriodEnd") <= text(row, "ChargePeriodStart") ? `the charge period ends at ${text(row, "ChargePeriodEnd")}` : undefined) },
  { id: "charged-in-period", says: "ours: what is billed was settled within the billing period", row: (row) => (text(row, "ChargePeriodEnd") <= text(row, "BillingPeriodStart") || text(row, "ChargePeriodStart") >= text(row, "BillingPeriodEnd") ? `the charge of ${text(row, "ChargePeriodStart")} to ${text(row, "ChargePeriodEnd")} is not of this billing period` : undefined) },
  { id: "priced", says: "usage and purchases have prices, a quantity and a SKU", row: (row) => (isPriced(row) ? firstOf(ofPriced, (one) => !has(row, one), (one) => `${one} of a ${text(row, "ChargeCategory")} is null`) : undefined) },
  { id: "tax-unpriced", says: "a tax has no prices, no quantity and no SKU", row: (row) => (text(row, "ChargeCategory") === "Tax" ? firstOf(ofPriced, (one) => has(row, one), (one) => `${one} of a Tax is not null`) : undefined) },
  { id: "unit-of-quantity", says: "a quantity has a unit, and no unit stands alone", row: (row) => (has(row, "PricingQuantity") !== has(row, "PricingUnit") ? "one of PricingQuantity and PricingUnit is null" : has(row, "ConsumedQuantity") !== has(row, "ConsumedUnit") ? "one of ConsumedQuantity and ConsumedUnit is null" : undefined) },
  { id: "consumed", says: "usage is what was consumed, and nothing else is", row: (row) => (has(row, "ChargeClass") || has(row, "ConsumedQuantity") === (text(row, "ChargeCategory") === "Usage") ? undefined : `ConsumedQuantity of a ${text(row, "ChargeCategory")} is ${shown(text(row, "ConsumedQuantity"))}`) },
  { id: "sku-price-parent", says: "SkuPriceDetails are of a SKU price", row: (row) => (has(row, "SkuPriceDetails") && !has(row, "SkuPriceId") ? "SkuPriceDetails without a SkuPriceId" : undefined) },
  { id: "contracted-product", says: "ContractedUnitPrice x PricingQuantity is ContractedCost", row: (row) => product(row, "ContractedUnitPrice", "ContractedCost") },
  { id: "list-product", says: "ListUnitPrice x PricingQuantity is ListCost", row: (row) => product(row, "ListUnitPrice", "ListCost") },
  { id: "pricing-currency-product", says: "in the pricing currency, too, price x quantity is the cost", row: (row) => product(row, "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost") },
  { id: "unpriced-costs", says: "without a unit price the contracted and the effective cost are what is billed", row: (row) => (has(row, "ContractedUnitPrice") || has(row, "ChargeClass") ? undefined : firstOf(["ContractedCost", "EffectiveCost"], (one) => compare(decimal(row, one), decimal(row, "BilledCost")) !== 0, (one) => `${one} ${text(row, one)} is not BilledCost ${text(row, "BilledCost")}`)) },
  { id: "credit-sign", says: "ours: credits are negative, usage and purchases are not", row: (row) => (has(row, "ChargeClass") ? undefined : text(row, "ChargeCategory") === "Credit" ? (decimal(row, "BilledCost").units >= 0n ? `a credit of ${text(row, "BilledCost")}` : undefined) : isPriced(row) && decimal(row, "BilledCost").units < 0n ? `a ${text(row, "ChargeCategory")} of ${text(row, "BilledCost")}` : undefined) },
  { id: "rate", says: "ours: what is billed is the chain's amount at the rate", row: (row) => (compare(times(decimal(row, "PricingCurrencyEffectiveCost"), decimal(row, "x_FxRate")), decimal(row, "BilledCost")) !== 0 ? `${text(row, "PricingCurrencyEffectiveCost")} ${text(row, "PricingCurrency")} at ${text(row, "x_FxRate")} is not ${text(row, "BilledCost")}` : undefined) },
  { id: "proof", says: "ours: a row names its height, its digest and, where there is one, its transaction", row: (row) => (!/^[1-9]\d*$/.test(text(row, "x_Height")) ? `x_Height is ${shown(text(row, "x_Height"))}` : !/^[0-9a-f]{64}$/.test(text(row, "x_ReceiptDigest")) ? `x_ReceiptDigest is ${shown(text(row, "x_ReceiptDigest"))}` : has(row, "x_TxHash") && !/^[0-9A-F]{64}$/.test(text(row, "x_TxHash")) ? `x_TxHash is ${shown(text(row, "x_TxHash"))}` : undefined) },
  { id: "one-bill", says: "an invoice has one account, one currency and one billing period", file: (rows) => sameWithinInvoice(rows, ["BillingAccountId", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "x_InvoiceTotal"]) },
  { id: "invoice-sum", says: "the billed costs of an invoice sum up to its total", file: invoiceSum },
];

function sameWithinInvoice(rows: readonly FileRow[], columns: readonly string[]): string | undefined {
  const first = new Map<string, FileRow>();
  for (const row of rows) {
    const known = first.get(text(row, "InvoiceId")) ?? row;
    first.set(text(row, "InvoiceId"), known);
    const other = columns.find((one) => text(known, one) !== text(row, one));
    if (other !== undefined) return `invoice ${shown(text(row, "InvoiceId"))} has ${other} ${shown(text(known, other))} and ${shown(text(row, other))}`;
  }
  return undefined;
}

function invoiceSum(rows: readonly FileRow[]): string | undefined {
  const sums = new Map<string, { sum: Decimal; total: string }>();
  for (const row of rows) {
    const invoice = text(row, "InvoiceId");
    sums.set(invoice, { sum: plus(sums.get(invoice)?.sum ?? zero, decimal(row, "BilledCost")), total: text(row, "x_InvoiceTotal") });
  }
  for (const [invoice, { sum, total }] of sums) {
    const wanted = readDecimal(total);
    if (wanted === undefined || compare(sum, wanted) !== 0) return `the rows of invoice ${shown(invoice)} do not sum up to ${shown(total)}`;
  }
  return undefined;
}

/** Every rule that a file breaks, with the first row that breaks it and those behind it, at most `most`. */
export function violationsOf(names: readonly string[], rows: readonly FileRow[], most = 100): Violation[] {
  const out: Violation[] = [];
  for (const { id, row, columns, file } of rules) {
    const add = (what: string | undefined, at?: number): void => {
      if (what !== undefined && out.length < most) out.push({ rule: id, ...(at === undefined ? {} : { row: at }), what });
    };
    add(columns?.(names));
    add(file?.(rows));
    if (row !== undefined) rows.forEach((one, i) => add(row(one), i + 1));
  }
  return out;
}

/** Records of a file of 1.0, 1.1 or 1.2 as rows by column, under 1.2's names. Throws an Error where a record has another number of fields than the first. */
export function rowsOfRecords([names, ...records]: readonly (readonly string[])[]): { readonly names: readonly string[]; readonly rows: readonly FileRow[] } {
  if (names === undefined) throw new Error("the file is empty: its first line names the columns");
  const columns = names.map(columnOf);
  return {
    names: columns,
    rows: records.map((record, i) => {
      if (record.length !== names.length) throw new Error(`row ${i + 1} has ${record.length} fields, there are ${names.length} columns`);
      return Object.fromEntries(columns.map((name, at) => [name, record[at]!]));
    }),
  };
}
