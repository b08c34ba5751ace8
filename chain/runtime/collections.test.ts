import assert from "node:assert/strict";
import fc from "fast-check";
import { PageRequest } from "../codec/gen/cosmos/base/query/v1beta1/pagination.ts";
import { compareBytes, concatBytes, uint64Bytes, utf8 } from "../codec/bytes.ts";
import { bytesKey, intValue, item, lastKnown, map, pairKey, rawValue, tailKey, textKey, textTailKey, uint32Key, uint64Key, uint64Value, type KeyCodec } from "./collections.ts";
import { Context, readOnly } from "./context.ts";
import { QueryError } from "./errors.ts";
import { GasMeter } from "./gas.ts";
import { paginate, readBudget } from "./queries.ts";
import { memoryStores } from "./testing.ts";

const header = { chainId: "test", height: 1n, timeNanos: 0n, proposer: new Uint8Array(0) };
const context = (gas?: GasMeter): Context => new Context(header, memoryStores(), "deliver", gas);

describe("collections", () => {
  const ordered = <K>(name: string, codec: KeyCodec<K>, arbitrary: fc.Arbitrary<K>, compare: (a: K, b: K) => number): void => {
    it(`${name} keys decode to themselves and order as bytes the way they order as values`, () => {
      fc.assert(fc.property(arbitrary, arbitrary, (a, b) => {
        assert.deepEqual(codec.decode(codec.encode(a), 0), [a, codec.encode(a).length]);
        assert.equal(Math.sign(compareBytes(codec.encode(a), codec.encode(b))), Math.sign(compare(a, b)));
      }));
    });
  };
  const numeric = (a: bigint | number, b: bigint | number): number => (a < b ? -1 : a > b ? 1 : 0);
  ordered("uint64", uint64Key, fc.bigInt(0n, 2n ** 64n - 1n), numeric);
  ordered("uint32", uint32Key, fc.nat(2 ** 32 - 1), numeric);
  ordered("pair", pairKey(uint64Key, uint32Key), fc.tuple(fc.bigInt(0n, 3n), fc.nat(3)), (a, b) => numeric(a[0], b[0]) || numeric(a[1], b[1]));

  it("a key of any length is its prefix and its parts, also where text is not ASCII, and where a part without \"write\" makes keys itself", () => {
    const inner = pairKey(textKey, uint64Key);
    const outer = pairKey(uint32Key, pairKey({ encode: (k: readonly [string, bigint]) => inner.encode(k), decode: (b, at) => inner.decode(b, at) }, tailKey));
    const ctx = context();
    const places = map("bank", Uint8Array.of(7, 7), outer, uint64Value);
    fc.assert(fc.property(fc.nat(), fc.string({ unit: "grapheme", maxLength: 20 }), fc.bigInt(0n, 9n), fc.uint8Array({ maxLength: 900 }), (number, text, id, tail) => {
      const key = [number, [[text, id], tail]] as const;
      const name = utf8(text);
      const plain = concatBytes(uint32Key.encode(number), Uint8Array.of(name.length), name, uint64Bytes(id), tail);
      assert.deepEqual(outer.encode(key), plain);
      places.set(ctx, key, id);
      assert.deepEqual(ctx.store("bank").get(concatBytes(places.prefix, plain)), uint64Bytes(id));
    }));
    assert.throws(() => textKey.encode("x".repeat(256)), /at most 255 bytes/);
    assert.throws(() => inner.encode(["x".repeat(256), 0n]), /at most 255 bytes/);
    assert.throws(() => inner.encode(["", -1n]), RangeError);
    assert.throws(() => inner.encode(["", 2n ** 64n]), RangeError);
  });

  it("keys with a length in front never run into what follows them", () => {
    const codec = pairKey(textKey, bytesKey);
    fc.assert(fc.property(fc.string({ maxLength: 20 }), fc.uint8Array({ maxLength: 20 }), (text, bytes) => {
      const [[t, b]] = codec.decode(codec.encode([text, bytes]), 0);
      assert.equal(t, text);
      assert.deepEqual(new Uint8Array(b), bytes);
    }));
  });

  it("integers survive as the SDK's decimal text", () => {
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 256n - 1n), (n) => assert.equal(intValue.decode(intValue.encode(n)), n)));
    assert.deepEqual(intValue.encode(1_000n), utf8("1000"));
  });

  it("a range stays within its prefix, from inclusive to exclusive, in both directions", () => {
    const ctx = context();
    const numbers = map("bank", Uint8Array.of(1), uint64Key, uint64Value);
    const neighbours = map("bank", Uint8Array.of(2), uint64Key, uint64Value);
    for (const n of [1n, 2n, 3n, 4n]) numbers.set(ctx, n, n * 10n);
    neighbours.set(ctx, 1n, 99n);
    const keys = (range?: Parameters<typeof numbers.entries>[1]): bigint[] => [...numbers.entries(ctx, range)].map(([key]) => key);
    assert.deepEqual(keys(), [1n, 2n, 3n, 4n]);
    assert.deepEqual(keys({ from: uint64Key.encode(2n), to: uint64Key.encode(4n) }), [2n, 3n]);
    assert.deepEqual(keys({ reverse: true }), [4n, 3n, 2n, 1n]);
    assert.deepEqual(numbers.first(ctx, { reverse: true }), [4n, 40n]);
  });

  it("entries behind a first part come without it, in the same order and range", () => {
    const ctx = context();
    const ofNames = map("bank", Uint8Array.of(3), pairKey(textKey, uint64Key), uint64Value);
    for (const name of ["a", "b", "c"]) for (const n of [1n, 2n, 3n]) ofNames.set(ctx, [name, n], n * 10n);
    const first = textKey.encode("b");
    assert.deepEqual([...ofNames.tails(ctx, first, uint64Key)], [...ofNames.entries(ctx, { within: first })].map(([[, n], value]) => [n, value]));
    const from = concatBytes(first, uint64Key.encode(2n));
    assert.deepEqual([...ofNames.tails(ctx, first, uint64Key, { from, reverse: true })], [[3n, 30n], [2n, 20n]]);
  });

  it("what was written last is known without decoding it, and nothing else is", () => {
    let decoded = 0;
    const counted = lastKnown<bigint>({ ...uint64Value, decode: (bytes) => (decoded++, uint64Value.decode(bytes)) });
    const ctx = context();
    const numbers = map("bank", Uint8Array.of(4), uint64Key, counted);
    numbers.set(ctx, 1n, 10n);
    assert.deepEqual([numbers.find(ctx, 1n), decoded], [10n, 0]);
    numbers.set(ctx, 2n, 20n);
    assert.deepEqual([numbers.find(ctx, 1n), numbers.find(ctx, 1n), numbers.find(ctx, 2n), decoded], [10n, 10n, 20n, 2]);
  });

  it("an item that was never set is found undefined and got as an assertion", () => {
    const ctx = context();
    const one = item("bank", Uint8Array.of(9), uint64Value);
    assert.equal(one.find(ctx), undefined);
    assert.throws(() => one.get(ctx), /an item is missing/);
  });

  it("every access in a transaction costs gas, and the limit ends it with sdk 11", () => {
    const gas = new GasMeter(5_000);
    const ctx = context(gas);
    const one = item("bank", Uint8Array.of(9), uint64Value);
    one.set(ctx, 7n);
    assert.equal(gas.used, 2_000 + 30 * 9);
    assert.throws(() => { one.set(ctx, 7n); one.set(ctx, 8n); }, { codespace: "sdk", code: 11 });
  });
});

describe("pagination", () => {
  const names = map("bank", Uint8Array.of(1), textTailKey, uint64Value);
  const ctx = context();
  for (let i = 0; i < 10; i++) names.set(ctx, `k${i}`, BigInt(i));
  const page = (request: Partial<PageRequest>): { items: string[]; next: Uint8Array; total: bigint } => {
    const { items, pagination } = paginate(ctx, names, PageRequest.fromPartial(request), (key) => key);
    return { items, next: pagination.nextKey, total: pagination.total };
  };

  it("walks through everything by key, in both directions, without gaps or repeats", () => {
    for (const reverse of [false, true]) {
      const seen: string[] = [];
      let key: Uint8Array = new Uint8Array(0);
      do {
        const { items, next } = page({ limit: 3n, key, reverse });
        seen.push(...items);
        key = next;
      } while (key.length > 0);
      const all = Array.from({ length: 10 }, (_, i) => `k${i}`);
      assert.deepEqual(seen, reverse ? all.reverse() : all);
    }
  });

  it("skips by offset and counts the total where it is asked", () => {
    assert.deepEqual(page({ offset: 8n, limit: 5n, countTotal: true }), { items: ["k8", "k9"], next: new Uint8Array(0), total: 10n });
    assert.equal(page({ offset: 1n, limit: 2n }).total, 0n);
  });

  it("refuses key and offset together", () => {
    assert.throws(() => page({ key: utf8("k1"), offset: 1n }), (error: unknown) => error instanceof QueryError && error.grpc === "InvalidArgument");
  });

  it("a query reads so much and no more, in one range or record by record: what strangers store cannot make an answer hold up the node", () => {
    const records = map("query", Uint8Array.of(1), uint64Key, rawValue);
    const stores = memoryStores();
    const megabyte = new Uint8Array(1 << 20).fill(1);
    for (let id = 0n; id < 160n; id++) records.set(new Context(header, stores, "deliver"), id, megabyte);
    const query = (): Context => new Context(header, readOnly(stores, readBudget()), "query");
    assert.equal(paginate(query(), records, PageRequest.fromPartial({ limit: 100n }), (id) => id).items.length, 100);
    const exhausted = (error: unknown): boolean => error instanceof QueryError && error.grpc === "ResourceExhausted" && error.message.includes("pagination.limit");
    assert.throws(() => paginate(query(), records, PageRequest.fromPartial({ limit: 160n }), (id) => id), exhausted);
    const ctx = query();
    assert.throws(() => { for (let id = 0n; id < 160n; id++) records.find(ctx, id); }, exhausted);
  });
});
