/** dcm bill verify: a file that `dcm bill export` wrote, held against the rules of its form and against the chain. */
import { readCsv } from "../client/statements/csv.ts";
import { readDecimal } from "../client/statements/decimal.ts";
import { focusColumns, focusOf, type FocusColumn, type FocusRow } from "../client/statements/focus.ts";
import { rowsOfRecords, rules, violationsOf, type FileRow } from "../client/statements/focus-rules.ts";
import { plainJson, plainRecords, provenColumns, unprovenFields, type Period } from "../client/statements/plain.ts";
import { costOf } from "../client/statements/rows.ts";
import { readFrom, readTime, theHolder } from "./bill.ts";
import { CliError, exitCodes, jsonText, type Io } from "./io.ts";
import { nodeOf, type NetOptions } from "./net.ts";
import type { Holder, Statement } from "../client/statements/read.ts";

export interface VerifyOptions extends NetOptions {
  readonly rulesOnly?: true | undefined;
  readonly json?: true | undefined;
}

export interface Fault {
  readonly check: string;
  /** From 1. */
  readonly row?: number;
  readonly what: string;
}

/** Which statement a file says it is. */
export interface Claim {
  readonly chainId: string;
  readonly holder: Holder;
  readonly period: Period;
  readonly lastHeight: number;
}

/** A file that was read: what it is, what is wrong with it by itself, how it is held against the chain's statement. */
export interface Bill {
  readonly form: string;
  readonly rows: number;
  readonly rules: number;
  readonly faults: readonly Fault[];
  /** Absent: no rows, so that it names no statement. */
  readonly claim?: Claim;
  readonly compare: (statement: Statement, period: Period) => Fault[];
}

export async function verify(io: Io, file: string, options: VerifyOptions): Promise<void> {
  const bill = readBill(file, textOf(io, file));
  const faults = [...bill.faults];
  const claim = options.rulesOnly === true || faults.length > 0 ? undefined : bill.claim;
  if (claim !== undefined) {
    const { node } = nodeOf(io, options);
    const statement = await readFrom(io, node, claim.holder, claim.period, { last: claim.lastHeight });
    if (statement.chainId !== claim.chainId) throw new CliError(exitCodes.invalid, `${file} is of ${claim.chainId}, ${node} is a node of ${statement.chainId}`, "A node of that chain is asked with --node or DCM_NODE.");
    faults.push(...bill.compare(statement, claim.period));
  }
  if (options.json === true) io.stdout(`${jsonText({ form: bill.form, rows: bill.rows, rules: bill.rules, compared: claim !== undefined, ...(claim === undefined ? {} : { last_height: claim.lastHeight }), faults })}\n`);
  else for (const { check, row, what } of faults) io.stdout(`${row === undefined ? "" : `row ${row}: `}${what} (${check})\n`);
  if (faults.length > 0) throw new CliError(exitCodes.invalid, `${file}: ${faults.length} fault${faults.length === 1 ? "" : "s"} in ${bill.rows} rows`);
  if (options.json !== true) io.stdout(`${bill.form}: ${bill.rows} rows hold to ${bill.rules} rules${claim === undefined ? "; not held against the chain" : `; each is on the chain, and none is missing up to height ${claim.lastHeight}`}\n`);
}

function textOf(io: Io, file: string): string {
  try {
    return io.readFile(file);
  } catch (error) {
    throw new CliError(exitCodes.notFound, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Whatever form it has. Throws a CliError where it has none. */
export function readBill(file: string, text: string): Bill {
  try {
    if (text.trimStart().startsWith("{")) return jsonBill(text);
    const { names, rows } = rowsOfRecords(readCsv(text));
    return names.includes("digest") ? plainBill(names, rows) : focusBill(names, rows);
  } catch (error) {
    throw new CliError(exitCodes.invalid, `${file} is no bill: ${error instanceof Error ? error.message : String(error)}`, "dcm bill export writes csv, focus and json.");
  }
}

function claimOf(chainId: string, holder: Holder, from: string, to: string, lastHeight: string): Claim {
  if (!/^[1-9]\d{0,14}$/.test(lastHeight)) throw new Error(`the last height is ${JSON.stringify(lastHeight.slice(0, 40))}; it must be a block's`);
  const period = { from: readTime(from), to: readTime(to) };
  if (period.to <= period.from) throw new Error(`the period ends at ${to}, it begins at ${from}`);
  return { chainId, holder, period, lastHeight: Number(lastHeight) };
}

const heldBy = (organization: string, account: string): Holder => theHolder(organization === "" ? account : undefined, organization === "" ? undefined : organization);

function focusBill(names: readonly string[], rows: readonly FileRow[]): Bill {
  const faults = violationsOf(names, rows).map(({ rule, row, what }): Fault => ({ check: rule, ...(row === undefined ? {} : { row }), what }));
  const first = rows[0];
  const bill = { form: "FOCUS", rows: rows.length, rules: rules.length, faults, compare: (statement: Statement, period: Period) => againstCharges(statement, period, rows) };
  // What breaks the rules may name no account and no period to ask for.
  if (first === undefined || faults.length > 0) return bill;
  const at = (column: string): string => first[column] ?? "";
  const isOrganization = at("BillingAccountType") === "Organization";
  return { ...bill, claim: claimOf(at("InvoiceIssuerName"), heldBy(isOrganization ? at("BillingAccountId") : "", at("BillingAccountId")), at("BillingPeriodStart"), at("BillingPeriodEnd"), at("x_FxHeight")) };
}

/** What FOCUS rows say that is looked up beside the chain's events, and the invoice's total, which a rule of its own covers. */
const unprovenCharges: ReadonlySet<string> = new Set<FocusColumn>(["ChargePeriodStart", "ListCost", "ListUnitPrice", "PricingCurrencyListUnitPrice", "PublisherName", "x_InvoiceTotal"]);

/** The same bill made anew, at the file's rates: each charge of the file is in it with the same words, and none of it is missing. */
function againstCharges(statement: Statement, period: Period, rows: readonly FileRow[]): Fault[] {
  const rates = Object.fromEntries([...rows].reverse().map((row) => [row["PricingCurrency"]!, readDecimal(row["x_FxRate"]!)!]));
  const missing = (height: string, what: string, amount: string): Fault => ({ check: "complete", what: `height ${height}, ${what}: the chain settled ${amount}, the bill has no row of it` });
  const out = statement.rows.filter((row) => !(row.denom in rates) && costOf(row) !== 0n).map((row) => missing(String(row.height), `${row.subject} ${row.item}`, `${costOf(row)}${row.denom}`));
  const own = focusOf({ ...statement, rows: statement.rows.filter(({ denom }) => denom in rates) }, { currency: rows[0]!["BillingCurrency"]!, rates, period });
  const keyOf = (row: FileRow): string => `${row["x_ReceiptDigest"] ?? ""} ${row["ChargeCategory"] ?? ""}`;
  const left = new Map(own.map((row): [string, FocusRow] => [keyOf(row), row]));
  rows.forEach((row, i) => {
    const same = left.get(keyOf(row));
    left.delete(keyOf(row));
    if (same === undefined) {
      out.push({ check: "on-chain", row: i + 1, what: `${statement.chainId} has no other ${row["ChargeCategory"]!} with the digest ${row["x_ReceiptDigest"]!.slice(0, 16)} that this row names for height ${row["x_Height"]!}` });
      return;
    }
    for (const column of focusColumns) {
      if (!unprovenCharges.has(column) && row[column] !== undefined && row[column] !== same[column]) out.push({ check: "on-chain", row: i + 1, what: `${column} is ${JSON.stringify(row[column])}; from the chain it is ${JSON.stringify(same[column])}` });
    }
  });
  for (const row of left.values()) out.push(missing(row.x_Height, row.ResourceId, `${row.PricingCurrencyEffectiveCost}${row.PricingCurrency} (${row.ChargeCategory})`));
  return out;
}

function plainBill(names: readonly string[], rows: readonly FileRow[]): Bill {
  const missing = provenColumns.find((name) => !names.includes(name));
  if (missing !== undefined) throw new Error(`the column ${missing} is missing`);
  const first = rows[0];
  const bill = {
    form: "CSV", rows: rows.length, rules: 0, faults: [],
    compare: (statement: Statement, period: Period) => againstRows(rows, rowsOfRecords(plainRecords(statement, period)).rows, (name) => provenColumns.includes(name)),
  };
  if (first === undefined) return bill;
  return { ...bill, claim: claimOf(first["chain_id"]!, heldBy(first["organization"]!, first["payer"]!), first["period_start"]!, first["period_end"]!, first["last_height"]!) };
}

interface JsonBill {
  readonly chain_id: string;
  readonly holder: { readonly address?: string; readonly name?: string };
  readonly period: { readonly from: string; readonly to: string };
  readonly heights: { readonly to: number };
  readonly totals: unknown;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

function jsonBill(text: string): Bill {
  const { chain_id: chainId, holder, period, heights, totals, rows } = JSON.parse(text) as JsonBill;
  if (!Array.isArray(rows) || typeof chainId !== "string") throw new Error("chain_id or rows is missing");
  return {
    form: "JSON", rows: rows.length, rules: 0, faults: [], claim: claimOf(chainId, heldBy(holder.name ?? "", holder.address ?? ""), period.from, period.to, String(heights.to)),
    compare(statement, within) {
      const own = JSON.parse(jsonText(plainJson(statement, within))) as JsonBill;
      const out = againstRows(rows.map(asTexts), own.rows.map(asTexts), (name) => !unprovenFields.includes(name));
      if (JSON.stringify(totals) !== JSON.stringify(own.totals)) out.push({ check: "totals", what: `the totals are ${JSON.stringify(totals)}; the chain's rows sum up to ${JSON.stringify(own.totals)}` });
      return out;
    },
  };
}

/** Fields as text, those that are not there left out. */
function asTexts(row: Readonly<Record<string, unknown>>): FileRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
}

/** By digest: each row of the file stands once on the chain with the same fields, and none of the chain's is missing. */
function againstRows(rows: readonly FileRow[], known: readonly FileRow[], isProven: (name: string) => boolean): Fault[] {
  const left = new Map(known.map((row) => [row["digest"]!, row]));
  const out: Fault[] = [];
  rows.forEach((row, i) => {
    const digest = row["digest"] ?? "";
    const same = left.get(digest);
    left.delete(digest);
    if (same === undefined) {
      out.push({ check: "on-chain", row: i + 1, what: `the chain has no other row with the digest ${digest.slice(0, 16)}` });
      return;
    }
    for (const name of new Set([...Object.keys(same), ...Object.keys(row)].filter(isProven))) {
      if (row[name] !== same[name]) out.push({ check: "on-chain", row: i + 1, what: `${name} is ${row[name] ?? "missing"}; on the chain it is ${same[name] ?? "nothing"}` });
    }
  });
  for (const row of left.values()) out.push({ check: "complete", what: `height ${row["height"]!}, ${row["subject"]!} ${row["item"]!}: the chain settled ${row["cost"]!}${row["denom"]!}, the bill has no row of it` });
  return out;
}
