import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { csvText } from "../client/statements/csv.ts";
import { focusOf, focusRecords } from "../client/statements/focus.ts";
import { readDecimal } from "../client/statements/decimal.ts";
import { plainJson, plainRecords } from "../client/statements/plain.ts";
import type { Statement } from "../client/statements/read.ts";
import { rowsOf } from "../client/statements/rows.ts";
import { jsonText } from "./io.ts";
import { readBill } from "./verify.ts";

const period = { from: 1_790_812_800n, to: 1_793_491_200n };
const about = { job_id: "7", task_id: "458752", consumer: "dcm1c", payer: "dcm1treasury", organization: "acme", class_id: "wasm.core", denom: "udcm", cost_tags: "project=b,team=a" };
const line = (provider: string, amount: string, fee: string) => ({ type: "dcm.market.v1.EventUsagePaid", attributes: { ...about, lease_id: "3", provider, provider_organization: "", jurisdiction: "CH", lots: "2", price: String(Number(amount) / 2), amount, fee } });
const rows = rowsOf({ height: 70, txHash: "AB".repeat(32), events: [{ type: "dcm.market.v1.EventEscrowSettled", attributes: { ...about, paid: "300", fee: "5", burned: "0", refunded: "40" } }, line("dcm1p", "100", "1"), line("dcm1q", "200", "4")] });
const timeNanos = 1_791_000_000_000_000_000n;
const statement: Statement = {
  chainId: "dcm-1", holder: { kind: "organization", name: "acme" }, heights: { from: 1, to: 90 },
  rows: rows.map((row) => ({ ...row, timeNanos, sinceNanos: timeNanos - 60_000_000_000n, providerName: "a provider", listPrice: 40n })),
};
const files = {
  csv: csvText(plainRecords(statement, period)),
  json: jsonText(plainJson(statement, period)),
  focus: csvText(focusRecords(focusOf(statement, { currency: "USD", rates: { udcm: readDecimal("0.0000005")! }, period }), "1.0")),
};
const checks = (text: string, chain = statement): string[] => readBill("bill", text).compare(chain, period).map(({ check, row, what }) => `${check} ${row ?? ""} ${what}`);

describe("dcm bill verify", () => {
  for (const [form, text] of Object.entries(files)) {
    it(`takes a ${form} file as it was written, and asks for the statement that it says it is (STM-7)`, () => {
      const { faults, claim } = readBill("bill", text);
      assert.deepEqual([faults, claim], [[], { chainId: "dcm-1", holder: statement.holder, period, lastHeight: 90 }]);
      assert.deepEqual(checks(text), []);
    });

    it(`finds a row of the chain that a ${form} file leaves out, and one that the chain has not (STM-7)`, () => {
      const [first, second] = statement.rows;
      assert.match(checks(text, { ...statement, rows: [...statement.rows, { ...first!, height: 71 }] }).join(), /complete {2}height 71, job:7[ \/]458752: the chain settled \d+udcm( \(Usage\))?, the bill has no row of it/);
      assert.match(checks(text, { ...statement, rows: [second!] }).join(), /on-chain 1 (dcm-1 has no other Usage|the chain has no other row) with the digest [0-9a-f]{16}/);
    });

    it(`cares for nothing in a ${form} file that a node may have forgotten (STM-7)`, () => {
      const forgetful = statement.rows.map((row) => ({ ...row, providerName: "", listPrice: row.unitPrice, sinceNanos: timeNanos }));
      assert.deepEqual(checks(text, { ...statement, rows: forgetful }), []);
    });
  }

  it("finds fields that say otherwise (STM-7)", () => {
    assert.match(checks(files.csv.replace(",CH,", ",US,")).join(), /on-chain 1 jurisdiction is US; on the chain it is CH/);
    assert.match(checks(files.json.replace('"gross": "200"', '"gross": "201"')).join(), /on-chain 2 gross is 201; on the chain it is 200/);
    assert.match(checks(files.json.replace('"cost": "305"', '"cost": "300"')).join(), /totals {2}the totals are/);
    assert.match(checks(files.focus.replaceAll("team", "crew")).join(), /on-chain 1 Tags is .*crew.*; from the chain it is .*team/);
    assert.match(checks(files.focus.replace(",CH,", ",US,")).join(), /on-chain 1 RegionId is "US"; from the chain it is "CH"/);
    assert.match(checks(files.focus, { ...statement, rows: [...statement.rows, { ...statement.rows[0]!, denom: "ustone" }] }).join(), /complete {2}height 70, job:7 458752: the chain settled 101ustone, the bill has no row of it/);
    const [head, ...records] = plainRecords(statement, period);
    assert.match(checks(csvText([head!, records[0]!, records[0]!, records[1]!])).join(), /on-chain 2 the chain has no other row with the digest/, "a row twice");
  });

  it("refuses what is no bill, and says why (STM-8)", () => {
    for (const [text, words] of [
      ["{", /bill is no bill: /], ["{}", /chain_id or rows is missing/], ['{"chain_id":"a","rows":[],"holder":{"name":"x"},"period":{"from":"2026-11-01","to":"2026-10-01"},"heights":{"to":5}}', /the period ends at/],
      ['{"chain_id":"a","rows":[],"holder":{"name":"x"},"period":{"from":"2026-11-01","to":"2026-12-01"},"heights":{"to":0}}', /the last height is "0"/], ["digest,cost\nab,1\n", /the column chain_id is missing/],
      [files.csv.replace(",acme,dcm1treasury,", ",,nobody,"), /nobody is no account's address/], [files.csv.replace("2026-10-01T00:00:00Z", "yesterday"), /"yesterday" is no time/],
    ] as const) assert.throws(() => readBill("bill", text), (error: Error & { exitCode?: number }) => error.exitCode === 4 && words.test(error.message));
  });
});
