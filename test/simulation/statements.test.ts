/** Statements of all that a simulation did: what the chain's events say was settled is what its own accounts say. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { channels } from "../../chain/modules/channel/state.ts";
import { jobs, services } from "../../chain/modules/market/state.ts";
import { csvText, readCsv } from "../../client/statements/csv.ts";
import { readDecimal } from "../../client/statements/decimal.ts";
import { focusOf, focusRecords, isComplete } from "../../client/statements/focus.ts";
import { rowsOfRecords, violationsOf } from "../../client/statements/focus-rules.ts";
import type { Statement } from "../../client/statements/read.ts";
import { costOf, rowsOf, type NamedEvent, type StatementRow } from "../../client/statements/rows.ts";
import { simulate } from "./simulation.ts";

describe("statements of all that a simulation did", function () {
  this.timeout(120_000);

  it("sum up to the escrow of every job and service that the chain knows, to the unit (STM-4)", async () => {
    let compared = 0;
    let paid = 0n;
    let redeeming = 0;
    const all: StatementRow[] = [];
    const penalized = (): boolean => all.some(({ kind }) => kind === "penalty");
    const forwarded = (): boolean => all.some((row) => row.kind === "forward" && costOf(row) !== 0n);
    // Not each seed comes to every kind of payment.
    for (let seed = 1; seed === 1 || (seed <= 8 && (redeeming === 0 || !penalized() || !forwarded())); seed++) {
      const rows: StatementRow[] = [];
      await simulate({
        seed: `statements of money ${seed}`, blocks: 70, audits: 0, roundTrip: false, alone: true,
        onBlock(height, { txResults, events }) {
          const named = (list: typeof events): NamedEvent[] => list.map(({ type, attributes }) => ({ type, attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value])) }));
          for (const { events: own } of txResults) rows.push(...rowsOf({ height, txHash: "00".repeat(32), events: named(own) }));
          rows.push(...rowsOf({ height, events: named(events) }));
        },
        inspect({ replica: { machine } }) {
          const ctx = machine.queryContext();
          const of = (subject: string, { escrow }: { readonly escrow?: { readonly paid: string; readonly fees: string; readonly burned: string; readonly refunded: string } | undefined }): void => {
            const mine = rows.filter((row) => row.subject === subject && row.kind === "settled");
            const sum = (pick: (row: StatementRow) => bigint): string => String(mine.reduce((total, row) => total + pick(row), 0n));
            assert.deepEqual([sum((row) => row.gross), sum((row) => row.fee), sum((row) => row.burned), sum((row) => row.refund)], [escrow!.paid, escrow!.fees, escrow!.burned, escrow!.refunded], subject);
            compared++;
            paid += BigInt(escrow!.paid);
          };
          for (const [id, job] of jobs.entries(ctx)) of(`job:${id}`, job);
          for (const [id, service] of services.entries(ctx)) of(`service:${id}`, service);
          for (const [id, { redeemed }] of channels.entries(ctx)) {
            const out = rows.filter(({ subject }) => subject === `channel:${id}`).reduce((sum, row) => sum + costOf(row), 0n);
            assert.equal(String(out), redeemed, `channel:${id}`);
            if (out > 0n) redeeming++;
          }
        },
      });
      all.push(...rows);
    }
    assert.ok(compared > 10 && paid > 0n, `${compared} compared, ${paid} paid`);
    assert.ok(redeeming > 0, "vouchers of some channel were redeemed");
    assert.ok(penalized(), "some penalty came to a consumer");
    assert.ok(forwarded(), "a forward cost its holder something");
    const statement = statementOf(all);
    const file = focusOf(statement, { currency: "USD", rates: { udcm: readDecimal("0.000000513")!, ustone: readDecimal("2")! }, period: { from: 1_790_812_800n, to: 1_793_491_200n } });
    const { names, rows: read } = rowsOfRecords(readCsv(csvText(focusRecords(file))));
    assert.deepEqual(violationsOf(names, read), []);
    assert.ok(statement.rows.every(isComplete));
  });
});

function statementOf(rows: readonly StatementRow[]): Statement {
  const timeNanos = 1_791_000_000_500_000_000n;
  return {
    chainId: "dcm-1", holder: { kind: "account", address: "dcm1c" }, heights: { from: 1, to: 90 },
    rows: rows.map((row) => ({ ...row, timeNanos, sinceNanos: timeNanos - 60_000_000_000n, providerName: "", listPrice: row.unitPrice })),
  };
}
