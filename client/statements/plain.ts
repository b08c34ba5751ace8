/** A statement as the chain has it: rows of text for CSV, an object for JSON, totals. Nothing is converted, nothing rounded. */
import { timeText } from "./focus.ts";
import type { BilledRow, Statement } from "./read.ts";
import { costOf, rowDigest } from "./rows.ts";

export interface Period {
  /** Unix seconds. */
  readonly from: bigint;
  /** The first that is not in it. */
  readonly to: bigint;
}

export interface Total {
  readonly denom: string;
  readonly gross: bigint;
  readonly fee: bigint;
  readonly burned: bigint;
  readonly credit: bigint;
  readonly refund: bigint;
  readonly cost: bigint;
}

/** By denom, in its order. */
export function totalsOf(rows: readonly BilledRow[]): Total[] {
  const totals = new Map<string, Total>();
  for (const row of rows) {
    const { gross, fee, burned, credit, refund, cost } = totals.get(row.denom) ?? { gross: 0n, fee: 0n, burned: 0n, credit: 0n, refund: 0n, cost: 0n };
    totals.set(row.denom, { denom: row.denom, gross: gross + row.gross, fee: fee + row.fee, burned: burned + row.burned, credit: credit + row.credit, refund: refund + row.refund, cost: cost + costOf(row) });
  }
  return [...totals.values()].sort((a, b) => (a.denom < b.denom ? -1 : 1));
}

const second = 1_000_000_000n;
const rowTime = (nanos: bigint): string => timeText(nanos / second);

/** Of each: name, whether the chain's events prove it, text. */
const columns: readonly (readonly [name: string, proven: boolean, of: (row: BilledRow) => string])[] = [
  ["time", true, (row) => rowTime(row.timeNanos)], ["height", true, (row) => String(row.height)], ["tx_hash", true, (row) => row.txHash ?? ""], ["kind", true, (row) => row.kind],
  ["organization", true, (row) => row.organization], ["payer", true, (row) => row.payer], ["consumer", true, (row) => row.consumer], ["subject", true, (row) => row.subject], ["item", true, (row) => row.item],
  ["lease", true, (row) => row.leaseId], ["class", true, (row) => row.classId], ["provider", true, (row) => row.provider], ["provider_organization", true, (row) => row.providerOrganization], ["provider_name", false, (row) => row.providerName],
  ["jurisdiction", true, (row) => row.jurisdiction], ["lots", true, (row) => String(row.lots)], ["unit_price", true, (row) => String(row.unitPrice)], ["list_price", false, (row) => String(row.listPrice)],
  ["gross", true, (row) => String(row.gross)], ["fee", true, (row) => String(row.fee)], ["burned", true, (row) => String(row.burned)], ["credit", true, (row) => String(row.credit)], ["refund", true, (row) => String(row.refund)],
  ["cost", true, (row) => String(costOf(row))], ["denom", true, (row) => row.denom], ["reason", true, (row) => row.reason], ["cost_tags", true, (row) => row.costTags.map(({ key, value }) => `${key}=${value}`).join(",")],
  ["digest", true, rowDigest],
];

/** Of all rows the same: which statement they are of. */
const frame: readonly (readonly [name: string, of: (statement: Statement, period: Period) => string])[] = [
  ["chain_id", ({ chainId }) => chainId], ["period_start", (_, { from }) => timeText(from)], ["period_end", (_, { to }) => timeText(to)], ["last_height", ({ heights }) => String(heights.to)],
];

/** Names of a CSV file whose text anybody can recompute from the chain. */
export const provenColumns: readonly string[] = [...frame.map(([name]) => name), ...columns.filter(([, proven]) => proven).map(([name]) => name)];

/** The columns' names, then a record a row. */
export function plainRecords(statement: Statement, period: Period): string[][] {
  const same = frame.map(([, of]) => of(statement, period));
  return [[...columns.map(([name]) => name), ...frame.map(([name]) => name)], ...statement.rows.map((row) => [...columns.map(([, , of]) => of(row)), ...same])];
}

/** With bigints, which stand in JSON as text. */
export function plainJson(statement: Statement, period: Period): object {
  const { chainId, holder, heights, rows } = statement;
  return {
    chain_id: chainId, holder, period: { from: timeText(period.from), to: timeText(period.to) }, heights, totals: totalsOf(rows),
    rows: rows.map(({ timeNanos, sinceNanos, ...row }) => ({ ...row, time: rowTime(timeNanos), since: rowTime(sinceNanos), cost: costOf(row), digest: rowDigest(row) })),
  };
}

/** Of a row in JSON: what is looked up beside the chain's events, and may be gone later. */
export const unprovenFields: readonly string[] = ["providerName", "listPrice", "since"];
