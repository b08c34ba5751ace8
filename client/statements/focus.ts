/**
 * A statement in FOCUS 1.2 (FinOps Open Cost and Usage Specification): one charge a row, its 21 mandatory columns, those that are conditional on what a market does, and
 * columns of our own (`x_`) by which each row can be held against the chain. Prices and costs of the chain stand in the pricing-currency columns, in the denom's
 * smallest unit; BillingCurrency is a national currency, at one rate that whoever makes the bill gives.
 */
import { compare, decimalText, plus, quotientRounded, readDecimal, times, whole, zero, type Decimal } from "./decimal.ts";
import { costOf, rowDigest } from "./rows.ts";
import type { BilledRow, Statement } from "./read.ts";

/** In this order in the file. */
export const focusColumns = [
  "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
  "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory",
  "PricingCurrency", "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId", "RegionName",
  "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType", "Tags",
  "x_FxHeight", "x_FxRate", "x_Height", "x_HostProviderName", "x_InvoiceTotal", "x_Lease", "x_ReceiptDigest", "x_ServiceProviderName", "x_TxHash",
] as const;
export type FocusColumn = (typeof focusColumns)[number];
/** Empty text is null. */
export type FocusRow = Readonly<Record<FocusColumn, string>>;

export interface FocusOptions {
  /** ISO 4217, e.g. `USD`. */
  readonly currency: string;
  /** Of the currency for one smallest unit of each denom. */
  readonly rates: Readonly<Record<string, Decimal>>;
  /** Unix seconds. */
  readonly period: { readonly from: bigint; readonly to: bigint };
}

/** A statement that cannot be put into these terms: says what is missing. */
export class FocusError extends Error {
  override readonly name = "FocusError";
}

/** Of each kind of subject: what FOCUS calls the service that it is of. One subcategory each. */
const services: Readonly<Record<string, { readonly name: string; readonly subcategory: string; readonly resource: string }>> = {
  job: { name: "dcm jobs", subcategory: "Serverless Compute", resource: "Job" },
  service: { name: "dcm services", subcategory: "Containers", resource: "Service" },
  channel: { name: "dcm payment channels", subcategory: "Other (Compute)", resource: "Channel" },
  position: { name: "dcm forwards", subcategory: "Other (Compute)", resource: "Forward" },
  order: { name: "dcm forwards", subcategory: "Other (Compute)", resource: "Forward order" },
};
/** Places of a quantity that is no whole number of lots. */
const quantityPlaces = 18;

/** Throws a FocusError where a denom has no rate. */
export function focusOf(statement: Statement, options: FocusOptions): FocusRow[] {
  const charges = statement.rows.flatMap((row) => chargesOf(row).map((charge) => ({ row, charge })));
  const drafts = charges.map(({ row, charge }) => rowFor(statement, row, charge, options));
  const total = drafts.reduce((sum, { BilledCost }) => plus(sum, readDecimal(BilledCost)!), zero);
  return drafts.map((draft) => ({ ...draft, x_InvoiceTotal: decimalText(total) }));
}

interface Charge {
  readonly category: "Usage" | "Purchase" | "Credit" | "Adjustment";
  readonly description: string;
  readonly amount: bigint;
  /** Where it has a price for a unit: of usage lots, of fees settlements. */
  readonly priced?: { readonly unitPrice: bigint; readonly listPrice: bigint; readonly quantity: Decimal; readonly unit: string; readonly sku: string; readonly skuPrice: string; readonly details: object; readonly how: "Dynamic" | "Standard" | "Committed" };
}

function chargesOf(row: BilledRow): Charge[] {
  const { gross, fee, burned, credit, unitPrice, listPrice, classId, denom } = row;
  const what = `${row.subject.replace(":", " ")}${row.item === "" ? "" : `, ${items[kindOf(row)] ?? "instance"} ${row.item}`}`;
  if (row.kind === "forward") return forwardCharges(row, what);
  const out: Charge[] = [];
  if (gross > 0n && row.kind === "voucher") {
    out.push({
      category: "Usage", description: `redeemed of ${what}`, amount: gross,
      priced: { unitPrice: gross, listPrice: gross, quantity: whole(1n), unit: "Redemptions", sku: "channel.voucher", skuPrice: `channel.voucher/${denom}`, details: { x_Denom: denom }, how: "Dynamic" },
    });
  } else if (gross > 0n) {
    const exact = gross % unitPrice === 0n;
    const quantity = exact ? whole(gross / unitPrice) : quotientRounded(gross, unitPrice, quantityPlaces);
    out.push({
      category: "Usage", description: `${decimalText(quantity)} lots of ${classId} for ${what}`, amount: gross,
      priced: { unitPrice, listPrice, quantity, unit: "Lots", sku: classId, skuPrice: `${classId}/${denom}/spot`, details: { x_Term: "spot", x_Denom: denom }, how: "Dynamic" },
    });
  }
  if (fee > 0n) {
    out.push({
      category: "Purchase", description: `market fee for ${what}`, amount: fee,
      priced: { unitPrice: fee, listPrice: fee, quantity: whole(1n), unit: "Settlements", sku: "market.fee", skuPrice: `market.fee/${denom}`, details: { x_Denom: denom }, how: "Standard" },
    });
  }
  if (burned > 0n) out.push({ category: "Adjustment", description: `forfeited for ${what}: a salt, key or input that did not come in time`, amount: burned });
  if (credit > 0n) out.push({ category: "Credit", description: row.kind === "sla" ? `credit for missed service levels of ${what}` : `from the provider's stake for ${what}: ${row.reason}`, amount: -credit });
  return out;
}

const kindOf = ({ subject }: BilledRow): string => subject.slice(0, subject.indexOf(":"));
const items: Readonly<Record<string, string>> = { job: "task", position: "order" };

/** What a forward cost or brought beside the lots that its jobs used: margin for lots that were left unused, the difference to the price at which a position was bought or sold on, margin of a seller that failed. */
function forwardCharges({ gross, credit, lots, unitPrice, classId, denom, reason }: BilledRow, what: string): Charge[] {
  const out: Charge[] = [];
  if (gross > 0n && reason === "resold") out.push({ category: "Adjustment", description: `loss on the resale of ${lots} lots of ${classId}, ${what}`, amount: gross });
  else if (gross > 0n) {
    const byLot = unitPrice > 0n && lots * unitPrice === gross;
    const [price, quantity] = byLot ? [unitPrice, lots] : [gross, 1n];
    const sku = `${classId}/forward.${byLot ? "premium" : "unused"}`;
    out.push({
      category: "Purchase", description: byLot ? `premium for ${lots} lots of ${classId}, ${what}` : `margin for ${lots} lots of ${classId} that were left unused, ${what}`, amount: gross,
      priced: { unitPrice: price, listPrice: price, quantity: whole(quantity), unit: byLot ? "Lots" : "Settlements", sku, skuPrice: `${sku}/${denom}`, details: { x_Term: "forward", x_Denom: denom }, how: byLot ? "Dynamic" : "Committed" },
    });
  }
  if (credit > 0n) out.push({ category: "Credit", description: `${reason === "settled" ? "margin of the seller for lots that it failed to deliver" : reason === "resold" ? "gain on the resale" : "discount at the purchase"}, ${what}`, amount: -credit });
  return out;
}

function rowFor({ holder, heights, chainId }: Statement, row: BilledRow, { category, description, amount, priced }: Charge, { currency, rates, period }: FocusOptions): Omit<FocusRow, "x_InvoiceTotal"> {
  const rate = rates[row.denom];
  if (rate === undefined) throw new FocusError(`a charge of height ${row.height} is in ${row.denom}: give its rate, e.g. --fx ${row.denom}=0.0000005`);
  const money = (units: bigint): string => decimalText(times(whole(units), rate));
  const cost = money(amount);
  const account = holder.kind === "organization" ? holder.name : holder.address;
  const [since, until] = chargePeriod(row);
  const service = services[kindOf(row)]!;
  const listCost = priced === undefined ? cost : decimalText(times(times(whole(priced.listPrice), priced.quantity), rate));
  return {
    BilledCost: cost, EffectiveCost: cost, ContractedCost: cost, ListCost: listCost,
    BillingAccountId: account, BillingAccountName: account, BillingAccountType: holder.kind === "organization" ? "Organization" : "Account", BillingCurrency: currency,
    BillingPeriodStart: timeText(period.from), BillingPeriodEnd: timeText(period.to), ChargePeriodStart: timeText(since), ChargePeriodEnd: timeText(until),
    ChargeCategory: category, ChargeClass: "", ChargeDescription: description, ChargeFrequency: category === "Usage" ? "Usage-Based" : "One-Time",
    ConsumedQuantity: category === "Usage" ? decimalText(priced!.quantity) : "", ConsumedUnit: category === "Usage" ? priced!.unit : "",
    ContractedUnitPrice: priced === undefined ? "" : money(priced.unitPrice), ListUnitPrice: priced === undefined ? "" : money(priced.listPrice),
    PricingCategory: priced?.how ?? "", PricingQuantity: priced === undefined ? "" : decimalText(priced.quantity), PricingUnit: priced?.unit ?? "",
    PricingCurrency: row.denom, PricingCurrencyContractedUnitPrice: priced === undefined ? "" : String(priced.unitPrice), PricingCurrencyListUnitPrice: priced === undefined ? "" : String(priced.listPrice),
    PricingCurrencyEffectiveCost: String(amount),
    InvoiceId: `${chainId}/${account}/${timeText(period.from)}/${timeText(period.to)}`, InvoiceIssuerName: chainId, ProviderName: chainId, PublisherName: [row.providerOrganization, row.providerName, row.provider, chainId].find((name) => name !== "")!,
    RegionId: row.jurisdiction, RegionName: row.jurisdiction, ResourceId: `${row.subject}${row.item === "" ? "" : `/${row.item}`}`, ResourceName: row.subject, ResourceType: service.resource,
    ServiceCategory: "Compute", ServiceName: service.name, ServiceSubcategory: service.subcategory,
    SkuId: priced?.sku ?? "", SkuPriceId: priced?.skuPrice ?? "", SkuMeter: priced === undefined ? "" : priced.unit, SkuPriceDetails: priced === undefined ? "" : JSON.stringify(priced.details),
    SubAccountId: row.consumer, SubAccountName: row.consumer, SubAccountType: "Account",
    Tags: row.costTags.length === 0 ? "" : JSON.stringify(Object.fromEntries(row.costTags.map(({ key, value }) => [key, value]))),
    x_FxRate: decimalText(rate), x_FxHeight: String(heights.to), x_Height: String(row.height), x_TxHash: row.txHash ?? "", x_ReceiptDigest: rowDigest(row), x_Lease: row.leaseId,
    x_HostProviderName: row.provider, x_ServiceProviderName: chainId,
  };
}

const second = 1_000_000_000n;

/** Whole seconds around lease and settlement, the end behind it. */
function chargePeriod({ sinceNanos, timeNanos }: BilledRow): [bigint, bigint] {
  return [sinceNanos / second, timeNanos / second + 1n];
}

/** `2026-11-01T00:00:00Z` */
export function timeText(seconds: bigint): string {
  return new Date(Number(seconds) * 1_000).toISOString().replace(".000Z", "Z");
}

export const focusVersions = ["1.0", "1.1", "1.2"] as const;
export type FocusVersion = (typeof focusVersions)[number];

/** The version that brought a column, where that is not 1.0. */
const since: Readonly<Partial<Record<FocusColumn, FocusVersion>>> = {
  ServiceSubcategory: "1.1", SkuMeter: "1.1", SkuPriceDetails: "1.1", BillingAccountType: "1.2", InvoiceId: "1.2", PricingCurrency: "1.2", PricingCurrencyContractedUnitPrice: "1.2", PricingCurrencyEffectiveCost: "1.2",
  PricingCurrencyListUnitPrice: "1.2", SubAccountType: "1.2",
};

/** What a column is called in a file of this version: one that came later is a column of our own there. */
export function nameIn(version: FocusVersion, column: FocusColumn): string {
  return (since[column] ?? "1.0") > version ? `x_${column}` : column;
}

/** The other way round: names of a file, whichever its version, as 1.2 has them. */
export function columnOf(name: string): string {
  return name.startsWith("x_") && name.slice(2) in since ? name.slice(2) : name;
}

/** As they stand in a file, the columns' names first, the specification's before our own. */
export function focusRecords(rows: readonly FocusRow[], version: FocusVersion = "1.2"): string[][] {
  const isOurs = (column: FocusColumn): boolean => nameIn(version, column).startsWith("x_");
  const order = [...focusColumns.filter((column) => !isOurs(column)), ...focusColumns.filter(isOurs)];
  return [order.map((column) => nameIn(version, column)), ...rows.map((row) => order.map((column) => row[column]))];
}

/** What the charges of a row come to: what the chain says that the row cost. For tests and for those who check a bill. */
export function isComplete(row: BilledRow): boolean {
  return compare(chargesOf(row).reduce((sum, { amount }) => plus(sum, whole(amount)), zero), whole(costOf(row))) === 0;
}
