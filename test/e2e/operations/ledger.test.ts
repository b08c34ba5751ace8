import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Block, Ledger, type Sent } from "./ledger.ts";

const sent = (hash: string, lastHeight: number): Sent => ({ hash, from: "a", to: "b", amount: 1n, fee: 0n, lastHeight, lastTimeMs: undefined });
/** Blocks 1, 2, ... a second apart, with the hashes that each holds. */
const chain = (...txs: readonly string[][]): Block[] => txs.map((hashes, i) => ({ height: i + 1, timeMs: (i + 1) * 1_000, txs: hashes.map((hash) => ({ hash, height: i + 1, code: 0 })) }));
const empty = (count: number): string[][] => Array.from({ length: count }, () => []);

function ledgerOf(lastHeight: number, forgetful: string[] = []): Ledger {
  const ledger = new Ledger(forgetful);
  ledger.sent(sent("T", lastHeight));
  ledger.acknowledge("T", "node", 1_500);
  return ledger;
}

describe("the ledger of acknowledged transactions", () => {
  it("is content with what is committed once", () => {
    assert.deepEqual(ledgerOf(5).audit(chain([], ["T"], [])), { acknowledged: 1, committed: 1, expired: 0, pending: 0, unacknowledged: 0, faults: [] });
  });

  it("finds what is committed twice, and what failed", () => {
    assert.match(ledgerOf(5).audit(chain(["T"], ["T"])).faults.join(), /T is committed at 1 and again at 2/);
    assert.match(ledgerOf(5).audit([{ height: 1, timeMs: 1, txs: [{ hash: "T", height: 1, code: 5 }] }]).faults.join(), /failed at 1 with code 5/);
  });

  it("finds what was in a block and is there no more, or in another", () => {
    const ledger = ledgerOf(5);
    ledger.see(chain(["T"])[0]!);
    assert.match(ledger.audit(chain([], [])).faults.join(), /committed at 1 once, now it is nowhere/);
    assert.match(ledger.audit(chain([], ["T"])).faults.join(), /committed at 1 once, now it is at 2/);
  });

  it("tells what may still come from what is too late", () => {
    assert.equal(ledgerOf(3).audit(chain(...empty(2))).pending, 1);
    assert.equal(ledgerOf(3).audit(chain(...empty(3))).expired, 1);
  });

  it("excuses what expired with a node that was killed or has no room, and nothing else", () => {
    assert.match(ledgerOf(20).audit(chain(...empty(20))).faults.join(), /node acknowledged it and was not disturbed/);
    assert.deepEqual(ledgerOf(20, ["node"]).audit(chain(...empty(20))).faults, []);
    const ledger = ledgerOf(20);
    ledger.disturb("node", 9_000);
    assert.deepEqual(ledger.audit(chain(...empty(20))).faults, []);
    ledger.acknowledge("T", "other", 1_500);
    assert.match(ledger.audit(chain(...empty(20))).faults.join(), /other acknowledged it/);
  });
});
