import assert from "node:assert/strict";
import fc from "fast-check";
import { Ask, Attribute, Lease, Task } from "./gen/dcm/market/v1/types.ts";
import { allCodecs, allMessages, arbitraryMessage } from "./testing.ts";
import { decodeWire, encodeWire, type WireType } from "./wire.ts";

describe("the writer and reader of the state", () => {
  it("give what the library gives, for every type", async function () {
    this.timeout(60_000);
    const codecs = await allCodecs();
    let types = 0;
    for (const desc of allMessages()) {
      const codec = codecs.get(desc.typeName);
      if (codec === undefined) continue;
      const type = codec as unknown as WireType<object> & { encode(value: object): { finish(): Uint8Array }; decode(bytes: Uint8Array): object };
      types++;
      fc.assert(fc.property(arbitraryMessage(desc, { codecs }), (message) => {
        const bytes = type.encode(message).finish();
        assert.deepEqual(encodeWire(type, message), bytes);
        assert.deepEqual(decodeWire(type, bytes), type.decode(bytes));
      }), { numRuns: 10 });
    }
    assert.ok(types > 500, `${types} types`);
  });

  it("are exact at the edges of numbers and of text", () => {
    const edges = [0n, 127n, 128n, 2n ** 32n, 2n ** 49n - 1n, 2n ** 49n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
    for (const value of edges) {
      const lease = Lease.fromPartial({ price: value });
      const bytes = Lease.encode(lease).finish();
      assert.deepEqual(encodeWire(Lease, lease), bytes);
      assert.equal(decodeWire(Lease, bytes).price, value);
    }
    for (const length of [0, 1, 32, 33, 127, 128, 1_024, 5_000]) {
      for (const text of ["a".repeat(length), "é".repeat(length), `${"a".repeat(length)}\u{1f600}`]) {
        const bytes = Attribute.encode({ key: text, value: "v" }).finish();
        assert.deepEqual(encodeWire(Attribute, { key: text, value: "v" }), bytes);
        assert.deepEqual(decodeWire(Attribute, bytes), { key: text, value: "v" });
      }
    }
  });

  it("go on after a value that cannot be written, and after bytes that cannot be read", () => {
    const good = Ask.fromPartial({ id: 1n, provider: "p".repeat(42), places: [{ profileId: 1, premium: 2n, worth: 3n }] });
    const bytes = Ask.encode(good).finish();
    assert.throws(() => encodeWire(Ask, { ...good, basePrice: -1n }), /too large/);
    assert.throws(() => encodeWire(Task, Task.fromPartial({ replicas: [{ stake: "1", round: -1 }] })), /uint32/);
    assert.deepEqual(encodeWire(Ask, good), bytes);
    for (let end = 1; end < bytes.length; end++) {
      const part = bytes.slice(0, end);
      const read = (decode: () => Ask): unknown => {
        try {
          return decode();
        } catch (error) {
          return String(error);
        }
      };
      assert.deepEqual(read(() => decodeWire(Ask, part)), read(() => Ask.decode(part)));
    }
    assert.deepEqual(decodeWire(Ask, bytes), good);
  });

  it("give arrays that later values do not change", () => {
    const first = encodeWire(Attribute, { key: "first", value: "v".repeat(200) });
    const copy = first.slice();
    encodeWire(Attribute, { key: "other", value: "w".repeat(200) });
    assert.deepEqual(first, copy);
  });
});
