/** A consumer's bill: what `dcm bill` says was settled is what the chain's own account of the job says, and a file that says otherwise is found out. */
import assert from "node:assert/strict";
import { runCommand, type Ran } from "../../../cli/testing.ts";
import { csvText, readCsv } from "../../../client/statements/csv.ts";
import type { focusColumns } from "../../../client/statements/focus.ts";
import { decimalText, minus, readDecimal } from "../../../client/statements/decimal.ts";
import { denom } from "../../../localnet/homes.ts";
import { input } from "./program.ts";
import type { World } from "./world.ts";

const price = 100_003n;

export interface Shown {
  readonly totals: readonly { readonly denom: string; readonly gross: string; readonly fee: string; readonly burned: string; readonly refund: string; readonly credit: string; readonly cost: string }[];
  readonly rows: readonly { readonly kind: string; readonly reason: string; readonly subject: string; readonly item: string; readonly provider: string; readonly unitPrice: string; readonly gross: string; readonly txHash?: string; readonly costTags: unknown; readonly listPrice: string; readonly providerName: string; readonly since: string; readonly time: string }[];
}

/** Runs the command as a shell would, files kept in memory. */
export function dcm(files: Map<string, string>, ...argv: string[]): Promise<Ran> {
  return runCommand(argv, {
    now: () => new Date(), writeFile: (path, text) => void files.set(path, text), removeFile: (path) => void files.delete(path), isTerminal: true, readFile: (path) => files.get(path) ?? assert.fail(`${path} is not there`),
  });
}

/** What the organization's bill says: its totals, with each form verified against the node. */
export async function billOrganization(world: World, organization: string): Promise<Shown> {
  const files = new Map<string, string>();
  const about = ["--organization", organization, "--node", world.network.validators[0]!.rpcAddress];
  const shown = await dcm(files, "bill", "show", ...about, "--json");
  assert.equal(shown.code, 0, shown.err);
  assert.match((await dcm(files, "bill", "show", ...about)).out, new RegExp(`^${organization}, `));
  for (const [format, more] of [["csv", []], ["json", []], ["focus", ["--currency", "EUR", "--fx", `${denom}=0.0000005`]]] as const) {
    const written = await dcm(files, "bill", "export", ...about, "--format", format, ...more, "--out", format);
    assert.equal(written.code, 0, written.err);
    const verified = await dcm(files, "bill", "verify", format, ...about.slice(2));
    assert.deepEqual([verified.code, /each is on the chain, and none is missing/.test(verified.out)], [0, true], verified.out);
  }
  const [names, ...records] = readCsv(files.get("focus")!);
  const column = (name: string): string[] => records.map((record) => record[names!.indexOf(name)]!);
  assert.deepEqual([[...new Set(column("BillingAccountId"))], [...new Set(column("BillingAccountType"))]], [[organization], ["Organization"]]);
  const bill = JSON.parse(shown.out) as Shown;
  const cost = column("PricingCurrencyEffectiveCost").reduce((sum, amount) => sum + BigInt(amount), 0n);
  assert.equal(String(cost), bill.totals[0]!.cost);
  files.set("csv", files.get("csv")!.replaceAll(`,${organization},`, ",other,"));
  assert.notEqual((await dcm(files, "bill", "verify", "csv", ...about.slice(2))).code, 0);
  return bill;
}

export async function billTheConsumer(world: World): Promise<void> {
  for (const [index, ask] of [90_001n, price, price].entries()) await world.offer(index, "wasm.billed", ask, 2);
  const consumer = await world.consumer("billed");
  const placed = await consumer.place({ classId: "wasm.billed", inputs: [input("first"), input("second")], verification: "V2", costTags: { project: "apollo", team: "navigation" } });
  const { job, tasks } = await world.ended(consumer, placed.id);
  const { escrow } = job;
  const files = new Map<string, string>();
  const about = ["--account", consumer.address, "--node", world.network.validators[0]!.rpcAddress];

  const shown = await dcm(files, "bill", "show", ...about, "--json");
  assert.equal(shown.code, 0, shown.err);
  const { totals, rows } = JSON.parse(shown.out) as Shown;
  const cost = BigInt(escrow!.paid) + BigInt(escrow!.fees) + BigInt(escrow!.burned);
  assert.deepEqual(totals, [{ denom, gross: escrow!.paid, fee: escrow!.fees, burned: escrow!.burned, refund: escrow!.refunded, credit: "0", cost: String(cost) }]);
  const paid = rows.filter(({ gross }) => gross !== "0");
  assert.deepEqual(paid.map(({ item, provider, gross }) => `${item} ${provider} ${gross}`).sort(), tasks.flatMap(({ id, replicas }) => replicas.map((one) => `${id} ${one.provider} ${one.paid}`)).sort());
  for (const row of paid) {
    assert.deepEqual([row.subject, row.unitPrice, row.costTags, row.since < row.time], [`job:${placed.id}`, String(price), [{ key: "project", value: "apollo" }, { key: "team", value: "navigation" }], true]);
    const index = world.providers.findIndex(({ address }) => address === row.provider);
    assert.deepEqual([row.providerName, row.listPrice], [`provider-${index}`, index === 0 ? "90001" : String(price)]);
  }
  assert.match((await dcm(files, "bill", "show", ...about)).out, /apollo/);
  assert.equal(readCsv((await dcm(files, "bill", "export", ...about)).out).length, rows.length + 1);

  for (const [format, old, changed, words] of [["csv", `,${String(price)},`, `,${String(price + 1n)},`, /on the chain it is/], ["json", `"item": "${tasks[0]!.id}"`, '"item": "1"', /item is 1; on the chain it is/]] as const) {
    const file = `bill.${format}`;
    const written = await dcm(files, "bill", "export", ...about, "--format", format, "--out", file);
    assert.deepEqual([written.code, [...files.keys()].includes(`${file}.part`)], [0, false], written.err);
    assert.match(written.err, /\rreading \[#{30}\] 100% height \d+ of \d+, \d+ settlements/);
    assert.match((await dcm(files, "bill", "verify", file, ...about.slice(2))).out, /each is on the chain, and none is missing up to height \d+/);
    files.set(file, files.get(file)!.replace(old, changed));
    const found = await dcm(files, "bill", "verify", file, ...about.slice(2));
    assert.deepEqual([found.code, words.test(found.out)], [4, true], found.out);
  }

  const made = await dcm(files, "bill", "export", ...about, "--format", "focus", "--currency", "USD", "--fx", `${denom}=0.0000005`, "--out", "bill.csv");
  assert.equal(made.code, 0, made.err);
  const verified = await dcm(files, "bill", "verify", "bill.csv", ...about.slice(2));
  assert.equal(verified.code, 0, verified.out);
  assert.match(verified.out, /each is on the chain, and none is missing/);

  const [names, ...records] = readCsv(files.get("bill.csv")!);
  const at = (name: (typeof focusColumns)[number]): number => names!.indexOf(name);
  const fees = records.findIndex((record) => record[at("ChargeCategory")] === "Purchase");
  const less = decimalText(minus(readDecimal(records[fees]![at("x_InvoiceTotal")]!)!, readDecimal(records[fees]![at("BilledCost")]!)!));
  const set = (record: readonly string[], name: (typeof focusColumns)[number], value: string): string[] => record.map((cell, i) => (i === at(name) ? value : cell));
  files.set("short.csv", csvText([names!, ...records.filter((_, i) => i !== fees).map((record) => set(record, "x_InvoiceTotal", less))]));
  files.set("forged.csv", csvText([names!, ...records.map((record, i) => (i === fees ? set(record, "x_ReceiptDigest", "0".repeat(64)) : record))]));
  for (const [file, words] of [["short.csv", /the chain settled \d+udcm \(Purchase\), the bill has no row of it \(complete\)/], ["forged.csv", /dcm-market-1 has no other Purchase with the digest 0000000000000000/]] as const) {
    assert.equal((await dcm(files, "bill", "verify", file, "--rules-only")).code, 0);
    const found = await dcm(files, "bill", "verify", file, ...about.slice(2));
    assert.equal(found.code, 4);
    assert.match(found.out, words);
  }
  assert.equal((await dcm(files, "bill", "show", ...about, "--from", "2020-01-01", "--to", "2020-02-01")).code, 3);
}
