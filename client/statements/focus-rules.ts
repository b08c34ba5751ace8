/**
 * What a file of FOCUS 1.2 must hold to, as a table of rules: presence, form and nullability of its columns, arithmetic within a row, and the sum of an invoice. Each
 * rule names its columns; what it finds is a sentence with the row's number. The specification is the source; what is ours says so.
 */
import { compare, magnitude, minus, plus, readDecimal, times, zero, type Decimal } from "./decimal.ts";
import { columnOf, focusColumns } from "./focus.ts";
import { skuProperties, specified, subcategories, type SpecifiedColumn } from "./focus-spec.ts";

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

const columnsWhere = (is: (column: SpecifiedColumn) => boolean): string[] => Object.keys(specified).filter((name) => is(specified[name]!));

/** The 21 that every file has. */
export const mandatoryColumns: readonly string[] = columnsWhere(({ level }) => level === "Mandatory");
/** Those that the specification wants of a provider like ours: it measures usage, has prices, SKUs, regions, resources, sub accounts and tags, and prices in another currency than it bills. */
const wantedColumns = focusColumns.filter((name) => specified[name]?.level === "Conditional");

/** PricingCurrency and its cost by their requirements, though their tables allow nulls. */
const neverNull = [...columnsWhere((column) => column.neverNull === true), "PricingCurrency", "PricingCurrencyEffectiveCost", "x_FxRate", "x_Height", "x_ReceiptDigest"];
/** Of Usage and Purchase, never null. */
const ofPriced = ["ContractedUnitPrice", "ListUnitPrice", "PricingQuantity", "PricingCategory", "PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice", "SkuId", "SkuPriceId"];
const decimals = [...columnsWhere(({ type }) => type === "Decimal"), "x_FxRate", "x_InvoiceTotal"];
const notNegative = [...columnsWhere((column) => column.notNegative === true), "x_FxRate"];
const instants = columnsWhere(({ type }) => type === "Date/Time");
const objects = columnsWhere(({ type }) => type === "JSON");
const listed = columnsWhere(({ allowed }) => allowed !== undefined);
/** Null exactly where the second is. */
const together = [["BillingAccountType", "BillingAccountId"], ["PricingUnit", "PricingQuantity"], ["ConsumedUnit", "ConsumedQuantity"], ["RegionName", "RegionId"], ["ResourceType", "ResourceId"], ["SubAccountName", "SubAccountId"], ["SubAccountType", "SubAccountId"]] as const;
/** Null where the second is. */
const dependent = [["ResourceName", "ResourceId"], ["SkuMeter", "SkuId"], ["SkuPriceDetails", "SkuPriceId"]] as const;

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
  { id: "columns-conditional", says: "the columns that a market has conditions for are there", columns: (names) => firstOf(wantedColumns, (one) => !names.includes(one), (one) => `${one} is missing`) },
  { id: "columns-once", says: "no column stands twice", columns: (names) => firstOf(names, (one) => names.indexOf(one) !== names.lastIndexOf(one), (one) => `${one} stands twice`) },
  { id: "columns-ordered", says: "FOCUS's own columns stand before those that begin with x_", columns: (names) => firstOf(names.slice(0, names.findLastIndex((one) => !one.startsWith("x_")) + 1), (one) => one.startsWith("x_"), (one) => `${one} stands before a column of FOCUS`) },
  { id: "columns-named", says: "columns are FOCUS's own or begin with x_", columns: (names) => firstOf(names, (one) => !Object.hasOwn(specified, one) && !one.startsWith("x_"), (one) => `${shown(one)} is no column of FOCUS and does not begin with x_`) },
  { id: "not-null", says: "columns that may not be null are not", row: (row) => firstOf(neverNull, (one) => one in row && !has(row, one), (one) => `${one} is null`) },
  { id: "decimal", says: "numbers are plain decimals", row: (row) => firstOf(decimals, (one) => has(row, one) && readDecimal(text(row, one)) === undefined, (one) => `${one} ${shown(text(row, one))} is no decimal`) },
  { id: "not-negative", says: "prices and rates are not negative", row: (row) => firstOf(notNegative, (one) => decimal(row, one).units < 0n, (one) => `${one} is ${text(row, one)}`) },
  { id: "time", says: "times are YYYY-MM-DDThh:mm:ssZ", row: (row) => firstOf(instants, (one) => has(row, one) && !isTime(text(row, one)), (one) => `${one} ${shown(text(row, one))} is no time of this form`) },
  { id: "allowed-value", says: "columns with allowed values have one of them", row: (row) => firstOf(listed, (one) => has(row, one) && !specified[one]!.allowed!.includes(text(row, one)), (one) => `${one} ${shown(text(row, one))} is none of ${specified[one]!.allowed!.join(", ")}`) },
  { id: "subcategory", says: "a ServiceSubcategory is one of its ServiceCategory's", row: (row) => (has(row, "ServiceSubcategory") && !(subcategories[text(row, "ServiceCategory")] ?? []).includes(text(row, "ServiceSubcategory")) ? `ServiceSubcategory ${shown(text(row, "ServiceSubcategory"))} is none of ${text(row, "ServiceCategory")}'s` : undefined) },
  { id: "frequency", says: "a purchase is not usage-based", row: (row) => (text(row, "ChargeCategory") === "Purchase" && text(row, "ChargeFrequency") === "Usage-Based" ? "ChargeFrequency of a Purchase is Usage-Based" : undefined) },
  { id: "currency", says: "BillingCurrency is a code of ISO 4217, PricingCurrency a code or a virtual currency of at least three characters", row: (row) => (has(row, "BillingCurrency") && !/^[A-Z]{3}$/.test(text(row, "BillingCurrency")) ? `BillingCurrency ${shown(text(row, "BillingCurrency"))} is no national currency` : has(row, "PricingCurrency") && text(row, "PricingCurrency").length < 3 ? `PricingCurrency ${shown(text(row, "PricingCurrency"))} is shorter than three characters` : undefined) },
  { id: "key-value", says: "Tags and SkuPriceDetails are flat JSON objects", row: (row) => firstOf(objects, (one) => has(row, one) && !isFlatObject(text(row, one)), (one) => `${one} ${shown(text(row, one))} is no flat JSON object`) },
  { id: "sku-details-keys", says: "keys of SkuPriceDetails are FOCUS's own, with a value of their type, or begin with x_", row: (row) => skuDetails(row) },
  { id: "billing-period", says: "a billing period ends after its start", row: (row) => (text(row, "BillingPeriodEnd") <= text(row, "BillingPeriodStart") ? `the billing period ends at ${text(row, "BillingPeriodEnd")}` : undefined) },
  { id: "charge-period", says: "a charge period ends after its start", row: (row) => (text(row, "ChargePeriodEnd") <= text(row, "ChargePeriodStart") ? `the charge period ends at ${text(row, "ChargePeriodEnd")}` : undefined) },
  { id: "charged-in-period", says: "ours: what is billed was settled within the billing period", row: (row) => (text(row, "ChargePeriodEnd") <= text(row, "BillingPeriodStart") || text(row, "ChargePeriodStart") >= text(row, "BillingPeriodEnd") ? `the charge of ${text(row, "ChargePeriodStart")} to ${text(row, "ChargePeriodEnd")} is not of this billing period` : undefined) },
  { id: "priced", says: "usage and purchases have prices, a quantity and a SKU", row: (row) => (isPriced(row) ? firstOf(ofPriced, (one) => !has(row, one), (one) => `${one} of a ${text(row, "ChargeCategory")} is null`) : undefined) },
  { id: "tax-unpriced", says: "a tax has no prices, no quantity and no SKU", row: (row) => (text(row, "ChargeCategory") === "Tax" ? firstOf(ofPriced, (one) => has(row, one), (one) => `${one} of a Tax is not null`) : undefined) },
  { id: "together", says: "units, names and types stand where what they are of stands, and nowhere else", row: (row) => { const found = together.find(([one, of]) => has(row, one) !== has(row, of)); return found === undefined ? undefined : `one of ${found[1]} and ${found[0]} is null`; } },
  { id: "dependent", says: "names, meters and details do not stand without what they are of", row: (row) => { const found = dependent.find(([one, of]) => has(row, one) && !has(row, of)); return found === undefined ? undefined : `${found[0]} without ${found[1]}`; } },
  { id: "consumed", says: "usage is what was consumed, and nothing else is", row: (row) => (has(row, "ChargeClass") || has(row, "ConsumedQuantity") === (text(row, "ChargeCategory") === "Usage") ? undefined : `ConsumedQuantity of a ${text(row, "ChargeCategory")} is ${shown(text(row, "ConsumedQuantity"))}`) },
  { id: "contracted-product", says: "ContractedUnitPrice x PricingQuantity is ContractedCost", row: (row) => product(row, "ContractedUnitPrice", "ContractedCost") },
  { id: "list-product", says: "ListUnitPrice x PricingQuantity is ListCost", row: (row) => product(row, "ListUnitPrice", "ListCost") },
  { id: "pricing-currency-product", says: "in the pricing currency, too, price x quantity is the cost", row: (row) => product(row, "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost") },
  { id: "unpriced-costs", says: "without a unit price the contracted, the effective and the list cost are what is billed", row: unpricedCosts },
  { id: "credit-sign", says: "ours: credits are negative, usage and purchases are not", row: (row) => (has(row, "ChargeClass") ? undefined : text(row, "ChargeCategory") === "Credit" ? (decimal(row, "BilledCost").units >= 0n ? `a credit of ${text(row, "BilledCost")}` : undefined) : isPriced(row) && decimal(row, "BilledCost").units < 0n ? `a ${text(row, "ChargeCategory")} of ${text(row, "BilledCost")}` : undefined) },
  { id: "rate", says: "ours: what is billed is the chain's amount at the rate", row: (row) => (compare(times(decimal(row, "PricingCurrencyEffectiveCost"), decimal(row, "x_FxRate")), decimal(row, "BilledCost")) !== 0 ? `${text(row, "PricingCurrencyEffectiveCost")} ${text(row, "PricingCurrency")} at ${text(row, "x_FxRate")} is not ${text(row, "BilledCost")}` : undefined) },
  { id: "proof", says: "ours: a row names its height, its digest and, where there is one, its transaction", row: (row) => (!/^[1-9]\d*$/.test(text(row, "x_Height")) ? `x_Height is ${shown(text(row, "x_Height"))}` : !/^[0-9a-f]{64}$/.test(text(row, "x_ReceiptDigest")) ? `x_ReceiptDigest is ${shown(text(row, "x_ReceiptDigest"))}` : has(row, "x_TxHash") && !/^[0-9A-F]{64}$/.test(text(row, "x_TxHash")) ? `x_TxHash is ${shown(text(row, "x_TxHash"))}` : undefined) },
  { id: "one-bill", says: "an invoice has one account, one currency and one billing period", file: (rows) => sameWithinInvoice(rows, ["BillingAccountId", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "x_InvoiceTotal"]) },
  { id: "one-category", says: "a ServiceName has one ServiceCategory", file: (rows) => oneOf(rows, "ServiceName", "ServiceCategory") },
  { id: "one-sku", says: "a SkuPriceId has one SkuId", file: (rows) => oneOf(rows, "SkuPriceId", "SkuId") },
  { id: "invoice-sum", says: "the billed costs of an invoice sum up to its total", file: invoiceSum },
];

function skuDetails(row: FileRow): string | undefined {
  if (!has(row, "SkuPriceDetails") || !isFlatObject(text(row, "SkuPriceDetails"))) return undefined;
  const wrong = Object.entries(JSON.parse(text(row, "SkuPriceDetails")) as Record<string, unknown>).find(([key, value]) => !key.startsWith("x_") && (!Object.hasOwn(skuProperties, key) || typeof value !== skuProperties[key]));
  return wrong === undefined ? undefined : `SkuPriceDetails has the key ${shown(wrong[0])} with ${shown(JSON.stringify(wrong[1]))}`;
}

/** Of charges that are not made of others: a tax is. */
function unpricedCosts(row: FileRow): string | undefined {
  if (has(row, "ChargeClass") || text(row, "ChargeCategory") === "Tax") return undefined;
  const costs = [...(has(row, "ContractedUnitPrice") ? [] : ["ContractedCost", "EffectiveCost"]), ...(has(row, "ListUnitPrice") ? [] : ["ListCost"])];
  return firstOf(costs, (one) => compare(decimal(row, one), decimal(row, "BilledCost")) !== 0, (one) => `${one} ${text(row, one)} is not BilledCost ${text(row, "BilledCost")}`);
}

function oneOf(rows: readonly FileRow[], column: string, parent: string): string | undefined {
  const parents = new Map<string, string>();
  for (const row of rows) {
    if (!has(row, column)) continue;
    const known = parents.get(text(row, column)) ?? text(row, parent);
    parents.set(text(row, column), known);
    if (known !== text(row, parent)) return `${column} ${shown(text(row, column))} has ${parent} ${shown(known)} and ${shown(text(row, parent))}`;
  }
  return undefined;
}

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
