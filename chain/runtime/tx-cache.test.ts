import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { equalBytes } from "../codec/bytes.ts";
import type { DecodedTx } from "../codec/tx.ts";
import { CachedTx, TxCache } from "./tx-cache.ts";

/** Of this name; 1 to 60 bytes. */
const bytesOf = (n: number): Uint8Array => new Uint8Array(1 + (n % 60)).fill(n);
const cachedOf = (n: number): CachedTx => new CachedTx({ bytes: bytesOf(n) } as DecodedTx, [], false);

describe("the cache of transactions", () => {
  it("finds in any order what was added and not removed, and nothing else", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), n: fc.nat(40) }),
      fc.record({ kind: fc.constant("remove" as const), n: fc.nat(40) }),
      fc.record({ kind: fc.constant("find" as const), n: fc.nat(40) }),
      fc.record({ kind: fc.constant("all" as const), n: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const cache = new TxCache(1_000, 1 << 20);
        const model = new Map<number, CachedTx>();
        for (const { kind, n } of steps) {
          if (kind === "add" && !model.has(n)) {
            model.set(n, cachedOf(n));
            cache.add(model.get(n)!);
          } else if (kind === "remove") {
            model.delete(n);
            cache.remove(bytesOf(n));
          } else if (kind === "find") {
            assert.equal(cache.find(bytesOf(n)), model.get(n));
          } else {
            // As a recheck asks: in the order in which they were added.
            for (const [name, cached] of model) assert.equal(cache.find(bytesOf(name)), cached);
          }
        }
        for (let n = 0; n <= 40; n++) assert.equal(cache.find(bytesOf(n)), model.get(n));
      }),
    );
  });

  it("keeps at most so many entries and bytes, the latest of them, and holds on to no other", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(250), { minLength: 1, maxLength: 300 }), fc.integer({ min: 2, max: 40 }), fc.integer({ min: 120, max: 2_000 }), (names, entries, bytes) => {
        const cache = new TxCache(entries, bytes);
        for (const n of names) if (cache.find(bytesOf(n)) === undefined) cache.add(cachedOf(n));
        const kept = Array.from({ length: 251 }, (_, n) => cache.find(bytesOf(n))).filter((cached) => cached !== undefined);
        assert.ok(kept.length <= entries, `${kept.length} entries of ${entries}`);
        // One transaction may be more than the rest of its generation's bytes.
        assert.ok(kept.reduce((sum, { tx }) => sum + tx.bytes.length, 0) <= bytes + 120);
        assert.ok(kept.some(({ tx }) => equalBytes(tx.bytes, bytesOf(names.at(-1)!))));
        for (const one of kept) for (const other of [one.previous, one.next]) assert.ok(other === undefined || kept.includes(other), "an entry that is gone is led to");
      }),
    );
  });
});
