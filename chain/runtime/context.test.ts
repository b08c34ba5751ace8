import assert from "node:assert/strict";
import { utf8 } from "../codec/bytes.ts";
import { Context, readOnly } from "./context.ts";
import { GasMeter } from "./gas.ts";
import { memoryStores } from "./testing.ts";

const header = { chainId: "test", height: 1n, timeNanos: 5_000_000_001n, proposer: new Uint8Array(0) };
const [key, value] = [utf8("key"), utf8("value")];

describe("context", () => {
  it("drops what one isolated item did where it throws, says so, and keeps the others", () => {
    const heard: string[] = [];
    const stores = memoryStores();
    const ctx = new Context(header, stores, "block", new GasMeter(Infinity), (what) => void heard.push(what));
    assert.equal(ctx.isolate("first", (item) => item.store("bank").set(key, value)), true);
    const failed = ctx.isolate("second", (item) => {
      item.store("bank").delete(key);
      item.emit("lost", {});
      throw new Error("boom");
    });
    assert.equal(failed, false);
    assert.deepEqual(heard, ["second"]);
    assert.deepEqual(new Uint8Array(stores.store("bank").get(key)!), value);
    assert.deepEqual(ctx.events, [{ type: "dcm.runtime.v1.EventItemFailed", attributes: [["item", "second"]] }]);
  });

  it("throws on what an isolated item threw where nobody is there to hear it", () => {
    const ctx = new Context(header, memoryStores(), "block");
    assert.throws(() => ctx.isolate("item", () => { throw new Error("boom"); }), /boom/);
  });

  it("reads what no transaction can change once in a transaction, and each time in a hook", () => {
    let reads = 0;
    const read = (ctx: Context): bigint => {
      reads++;
      return ctx.height;
    };
    const transaction = new Context(header, memoryStores(), "deliver", new GasMeter(1_000));
    assert.deepEqual([transaction.once(read), transaction.once(read), reads], [1n, 1n, 1]);
    const hook = new Context(header, memoryStores(), "block");
    assert.deepEqual([hook.once(read), hook.once(read), reads], [1n, 1n, 3]);
  });

  it("gives whole seconds of the header's time", () => {
    assert.equal(new Context(header, memoryStores(), "block").timeSeconds, 5n);
  });

  it("refuses to write where the state is read-only", () => {
    const stores = readOnly(memoryStores());
    assert.throws(() => stores.store("bank").set(key, value), /read-only/);
    assert.throws(() => stores.store("bank").delete(key), /read-only/);
    assert.equal(stores.store("bank").get(key), undefined);
  });
});
