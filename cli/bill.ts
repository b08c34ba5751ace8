/** dcm bill: statements shown and exported. */
import { csvText } from "../client/statements/csv.ts";
import { compare, readDecimal, type Decimal } from "../client/statements/decimal.ts";
import { FocusError, focusOf, focusRecords, timeText, type FocusVersion } from "../client/statements/focus.ts";
import { partText, readPart } from "../client/statements/part.ts";
import { plainJson, plainRecords, totalsOf, type Period } from "../client/statements/plain.ts";
import { HolderError, PrunedError, heightsBetween, holderOf, readStatement, type Holder, type Read, type Statement } from "../client/statements/read.ts";
import { CliError, columns, exitCodes, jsonText, type Io } from "./io.ts";
import { nodeOf, reach, type NetOptions } from "./net.ts";
import { findProfile } from "./profiles.ts";
import { ProgressBar } from "./progress.ts";
import { grouped } from "./screen.ts";
import { accountOf } from "./wallet.ts";

export interface BillOptions extends NetOptions {
  readonly account?: string | undefined;
  readonly organization?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface ExportOptions extends BillOptions {
  readonly format: "csv" | "focus" | "json";
  readonly focusVersion: FocusVersion;
  readonly currency?: string | undefined;
  readonly fx?: readonly string[] | undefined;
  readonly out?: string | undefined;
}

export async function show(io: Io, options: BillOptions & { readonly json?: true | undefined }): Promise<void> {
  const period = periodOf(io, options);
  const statement = await readFrom(io, nodeOf(io, options).node, holderFor(io, options), period);
  if (options.json === true) return io.stdout(`${jsonText(plainJson(statement, period))}\n`);
  const { holder, rows } = statement;
  io.stdout(`${holder.kind === "account" ? holder.address : holder.name}, ${timeText(period.from)} to ${timeText(period.to)}, blocks ${statement.heights.from} to ${statement.heights.to} of ${statement.chainId}\n\n`);
  if (rows.length === 0) return io.stdout("nothing was settled\n");
  const amountText = (amount: bigint): string => (amount === 0n ? "" : grouped(amount));
  const head = ["height", "what", "class", "provider", "lots", "price", "paid", "fee", "burned", "credit", "refund", "denom", "tags"];
  io.stdout(`${columns([head, ...rows.map((row) => [
    String(row.height), `${row.subject}${row.item === "" ? "" : `/${row.item}`}`, row.classId, row.providerName === "" ? row.provider : row.providerName, ...[row.lots, row.unitPrice, row.gross, row.fee, row.burned, row.credit, row.refund].map(amountText),
    row.denom, row.costTags.map(({ key, value }) => `${key}=${value}`).join(","),
  ])])}\n\n`);
  io.stdout(`${columns([["denom", "paid", "fee", "burned", "credit", "cost", "refund"], ...totalsOf(rows).map(({ denom, gross, fee, burned, credit, cost, refund }) => [denom, ...[gross, fee, burned, credit, cost, refund].map(grouped)])])}\n`);
}

export async function exportBill(io: Io, options: ExportOptions): Promise<void> {
  const focus = options.format === "focus" ? focusTerms(options.currency, options.fx ?? []) : undefined;
  const period = periodOf(io, options);
  const part = options.out === undefined ? undefined : `${options.out}.part`;
  const statement = await readFrom(io, nodeOf(io, options).node, holderFor(io, options), period, { part });
  let text: string;
  try {
    text = focus !== undefined ? csvText(focusRecords(focusOf(statement, { ...focus, period }), options.focusVersion)) : options.format === "csv" ? csvText(plainRecords(statement, period)) : `${jsonText(plainJson(statement, period))}\n`;
  } catch (error) {
    if (error instanceof FocusError) throw new CliError(exitCodes.usage, error.message);
    throw error;
  }
  if (options.out === undefined) return io.stdout(text);
  io.writeFile(options.out, text);
  if (part !== undefined) io.removeFile(part);
  io.stderr(`${statement.rows.length} settlements written to ${options.out}\n`);
}

function focusTerms(currency: string | undefined, fx: readonly string[]): { readonly currency: string; readonly rates: Readonly<Record<string, Decimal>> } {
  if (currency === undefined || !/^[A-Z]{3}$/.test(currency)) throw new CliError(exitCodes.usage, "a FOCUS bill is in a national currency: --currency with three capital letters", "e.g. --currency USD --fx udcm=0.0000005");
  const rates = Object.fromEntries(fx.map((text): [string, Decimal] => {
    const at = text.indexOf("=");
    const rate = readDecimal(text.slice(at + 1));
    if (at < 1 || rate === undefined || compare(rate, { units: 0n, scale: 0 }) <= 0) throw new CliError(exitCodes.usage, `--fx ${text.slice(0, 100)} is no rate`, `e.g. --fx udcm=0.0000005: one udcm is worth so much in ${currency}`);
    return [text.slice(0, at), rate];
  }));
  return { currency, rates };
}

function periodOf(io: Io, { from, to }: BillOptions): Period {
  const now = io.now();
  const month = (offset: number): bigint => BigInt(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1)) / 1_000n;
  const period = { from: from === undefined ? month(0) : readTime(from), to: to === undefined ? month(1) : readTime(to) };
  if (period.to <= period.from) throw new CliError(exitCodes.usage, `the period ends at ${timeText(period.to)}, it begins at ${timeText(period.from)}`);
  return period;
}

/** Where neither is named: the account of the profile, if there is one. */
function holderFor(io: Io, { account, organization, profile }: BillOptions): Holder {
  const found = account === undefined && organization === undefined ? findProfile(io, profile) : undefined;
  return theHolder(found === undefined ? account : accountOf(io, { profile: found }, { input: false }).address, organization);
}

export function theHolder(account: string | undefined, organization: string | undefined): Holder {
  try {
    return holderOf(account, organization);
  } catch (error) {
    if (error instanceof HolderError) throw new CliError(exitCodes.usage, error.message, "--account dcm1... or --organization NAME");
    throw error;
  }
}

/** `part`: a file that keeps what was read, so that the next run goes on from it. `last`: no block behind this height. */
export async function readFrom(io: Io, node: string, holder: Holder, period: Period, { part, last }: { readonly part?: string | undefined; readonly last?: number } = {}): Promise<Statement> {
  const { connection, chainId } = await reach(node, "Another node is asked with --node or DCM_NODE.");
  const bar = new ProgressBar(io, "reading");
  try {
    const within = await heightsBetween(connection, period.from, period.to);
    if (within === undefined) throw new CliError(exitCodes.notFound, `${node} has no block of ${timeText(period.from)} to ${timeText(period.to)}`, "It may have pruned them, or the period is still to come.");
    const heights = last === undefined || last > within.to ? within : { from: within.from, to: last };
    const of = { chainId, holder, from: heights.from };
    const begun = part === undefined ? undefined : readPart(textOf(io, part) ?? "", of);
    if (begun !== undefined) io.stderr(`going on behind height ${begun.through}, from ${part}\n`);
    const onRead = (read: Read): void => {
      bar.draw(read.through - heights.from + 1, heights.to - heights.from + 1, `height ${read.through} of ${heights.to}, ${read.rows.length} settlements`);
      if (part !== undefined) io.writeFile(part, partText(of, read));
    };
    return await readStatement(connection, chainId, holder, heights, { onRead, ...(begun === undefined ? {} : { begun }) });
  } catch (error) {
    if (error instanceof PrunedError) throw new CliError(exitCodes.notFound, `${node}: ${error.message}`, "Ask a node that keeps all blocks with --node, or begin later with --from.");
    throw error;
  } finally {
    bar.done();
    connection.close();
  }
}

/** Undefined where there is no such file. */
function textOf(io: Io, path: string): string | undefined {
  try {
    return io.readFile(path);
  } catch {
    return undefined;
  }
}

/** Unix seconds of a day, or of a moment. */
export function readTime(text: string): bigint {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? new Date(text) : undefined;
  if (at === undefined || Number.isNaN(at.getTime())) throw new CliError(exitCodes.usage, `${JSON.stringify(text.slice(0, 60))} is no time`, "e.g. 2026-11-01 or 2026-11-01T00:00:00Z");
  return BigInt(at.getTime()) / 1_000n;
}
