import assert from "node:assert/strict";
import fc from "fast-check";
import { compareBytes, toHex, utf8 } from "../codec/bytes.ts";
import type { Entry, KVStore, ReadStore } from "./kv.ts";
import { Overlay, StoresOverlay } from "./overlay.ts";

/** The plainest ordered store. */
class Model implements KVStore {
  entries: Entry[] = [];
  get(key: Uint8Array): Uint8Array | undefined {
    return this.entries.find(([other]) => compareBytes(other, key) === 0)?.[1];
  }
  has(key: Uint8Array): boolean {
    return this.get(key) !== undefined;
  }
  set(key: Uint8Array, value: Uint8Array): void {
    this.delete(key);
    this.entries = [...this.entries, [key, value] as const].sort((a, b) => compareBytes(a[0], b[0]));
  }
  delete(key: Uint8Array): void {
    this.entries = this.entries.filter(([other]) => compareBytes(other, key) !== 0);
  }
  *iterate(start?: Uint8Array, end?: Uint8Array, reverse = false): IterableIterator<Entry> {
    const range = this.entries.filter(([key]) => (start === undefined || compareBytes(start, key) <= 0) && (end === undefined || compareBytes(key, end) < 0));
    yield* reverse ? range.reverse() : range;
  }
}

const text = (entries: Iterable<Entry>): string[] => Array.from(entries, ([key, value]) => `${toHex(key)}=${toHex(value)}`);
const empty: ReadStore = new Model();
const key = fc.uint8Array({ minLength: 1, maxLength: 3, max: 4 }).map((k) => k.map((b) => (b === 4 ? 255 : b)));
const value = fc.uint8Array({ minLength: 1, maxLength: 2 });
const step = fc.oneof(
  fc.record({ type: fc.constant("set" as const), key, value }),
  fc.record({ type: fc.constant("delete" as const), key }),
  fc.record({ type: fc.constant("iterate" as const), start: fc.option(key, { nil: undefined }), end: fc.option(key, { nil: undefined }), reverse: fc.boolean() }),
  fc.record({ type: fc.constantFrom("flush" as const, "discard" as const) }),
);

describe("Overlay", () => {
  it("STORE-2: reads and iterates like a plain store with the writes in it, through two levels, in any order of operations", () => {
    fc.assert(fc.property(fc.array(fc.tuple(key, value), { maxLength: 8 }), fc.array(step, { maxLength: 40 }), (initial, steps) => {
      const root = new Model();
      for (const [k, v] of initial) root.set(k, v);
      const block = new Overlay(root);
      const tx = new Overlay(block);
      const kept = new Model();
      kept.entries = [...root.entries];
      let model = new Model();
      model.entries = [...root.entries];
      for (const s of steps) {
        if (s.type === "set") {
          tx.set(s.key, s.value);
          model.set(s.key, s.value);
        } else if (s.type === "delete") {
          tx.delete(s.key);
          model.delete(s.key);
        } else if (s.type === "iterate") {
          assert.deepEqual(text(tx.iterate(s.start, s.end, s.reverse)), text(model.iterate(s.start, s.end, s.reverse)));
        } else if (s.type === "flush") {
          tx.flush(block);
          kept.entries = [...model.entries];
        } else {
          tx.discard();
          model = new Model();
          model.entries = [...kept.entries];
        }
        if (s.type === "set" || s.type === "delete") assert.deepEqual(tx.get(s.key), model.get(s.key));
      }
      tx.flush(block);
      block.flush(root);
      assert.deepEqual(text(root.iterate()), text(model.iterate()));
      assert.equal(tx.size + block.size, 0);
    }), { numRuns: 300 });
  });

  it("STORE-2: flushes and lists its changes in byte order", () => {
    const overlay = new Overlay(empty);
    for (const k of ["b", "a\u0001", "a", "\u00ff", "é"]) overlay.set(utf8(k), utf8("x"));
    overlay.delete(utf8("aa"));
    const keys = overlay.changes().map(([k]) => k);
    assert.deepEqual(keys, [...keys].sort(compareBytes));
    const seen: Uint8Array[] = [];
    const target: KVStore = { get: () => undefined, has: () => false, iterate: () => empty.iterate(), set: (k) => void seen.push(k), delete: (k) => void seen.push(k) };
    overlay.flush(target);
    assert.deepEqual(seen, keys);
  });

  it("STORE-3: shares no array with whoever reads or writes", () => {
    const overlay = new Overlay(empty);
    const k = Buffer.from("key");
    const v = Buffer.from("value");
    overlay.set(k, v);
    k.fill(0);
    v.fill(0);
    overlay.get(utf8("key"))!.fill(1);
    for (const [key, value] of overlay.iterate()) {
      key.fill(2);
      value.fill(2);
    }
    assert.deepEqual(text(overlay.iterate()), [`${toHex(utf8("key"))}=${toHex(utf8("value"))}`]);
  });

  it("refuses empty and over-long keys and values, and keeps what it had", () => {
    const overlay = new Overlay(empty);
    assert.throws(() => { overlay.set(new Uint8Array(0), utf8("v")); }, /1 to 65535 bytes/);
    assert.throws(() => { overlay.set(new Uint8Array(65_536), utf8("v")); }, /65536/);
    assert.throws(() => { overlay.set(utf8("k"), new Uint8Array(0)); }, /delete the key/);
    assert.throws(() => { overlay.set(utf8("k"), new Uint8Array(4_194_305)); }, /4194304/);
    assert.equal(overlay.size, 0);
  });

  it("goes on with an iteration while its keys are written and deleted", () => {
    const overlay = new Overlay(empty);
    for (let i = 0; i < 2_000; i++) overlay.set(utf8(String(i).padStart(5, "0")), utf8("x"));
    let seen = 0;
    for (const [k] of overlay.iterate()) {
      overlay.delete(k);
      overlay.set(utf8(`_${seen}`), utf8("x"));
      if (++seen > 5_000) break;
    }
    assert.ok(seen >= 2_000);
  });

  it("STORE-4: keeps alternating writes and iterations over 100,000 changed keys cheap", () => {
    const overlay = new Overlay(empty);
    const name = (i: number): Uint8Array => utf8(String((i * 7_919) % 1_000_003).padStart(7, "0"));
    for (let i = 0; i < 100_000; i++) overlay.set(name(i), utf8("x"));
    overlay.iterate().next();
    const began = performance.now();
    for (let i = 100_000; i < 120_000; i++) {
      overlay.set(name(i), utf8("x"));
      overlay.iterate(name(i)).next();
    }
    // About 0.1 s; sorting anew each time would take more than 20 minutes.
    assert.ok(performance.now() - began < 20_000);
  });
});

describe("StoresOverlay", () => {
  it("makes one overlay a store, lists and flushes only what was written, in order of names", () => {
    const models = new Map(["a", "b", "c"].map((name) => [name, new Model()]));
    const parent = { store: (name: string): KVStore => models.get(name) ?? assert.fail(`no store ${name}`) };
    const block = new StoresOverlay(parent);
    const tx = new StoresOverlay(block);
    tx.store("c").set(utf8("k"), utf8("1"));
    tx.store("a").set(utf8("k"), utf8("2"));
    tx.store("b").get(utf8("k"));
    assert.deepEqual(tx.changes().map(([name]) => name), ["a", "c"]);
    tx.flush(block);
    tx.store("a").set(utf8("k"), utf8("3"));
    tx.discard();
    assert.deepEqual(tx.store("a").get(utf8("k")), utf8("2"));
    block.flush(parent);
    assert.deepEqual(models.get("a")!.get(utf8("k")), utf8("2"));
    assert.deepEqual(models.get("b")!.entries, []);
    assert.throws(() => tx.store("d"), /no store d/);
  });

  it("STORE-2: takes back what was written since a mark, in any order of operations, and iterates as if it had never been", () => {
    const marked = fc.oneof(step, fc.record({ type: fc.constantFrom("mark" as const, "revert" as const) }));
    fc.assert(fc.property(fc.array(fc.tuple(key, value), { maxLength: 8 }), fc.array(marked, { maxLength: 60 }), (initial, steps) => {
      const root = new Model();
      for (const [k, v] of initial) root.set(k, v);
      const stores = new StoresOverlay({ store: () => root });
      const store = stores.store("a");
      let model = new Model();
      model.entries = [...root.entries];
      let mark = 0;
      let kept = [...model.entries];
      stores.begin();
      for (const s of steps) {
        if (s.type === "set") {
          store.set(s.key, s.value);
          model.set(s.key, s.value);
        } else if (s.type === "delete") {
          store.delete(s.key);
          model.delete(s.key);
        } else if (s.type === "iterate") {
          assert.deepEqual(text(store.iterate(s.start, s.end, s.reverse)), text(model.iterate(s.start, s.end, s.reverse)));
        } else if (s.type === "mark") {
          mark = stores.mark;
          kept = [...model.entries];
        } else if (s.type === "revert") {
          stores.revert(mark);
          model = new Model();
          model.entries = [...kept];
        }
        if (s.type === "set" || s.type === "delete") assert.deepEqual(store.get(s.key), model.get(s.key));
      }
      assert.deepEqual(text(store.iterate()), text(model.iterate()));
      stores.end();
      stores.flush({ store: () => root });
      assert.deepEqual(text(root.iterate()), text(model.iterate()));
    }), { numRuns: 300 });
  });

  it("STORE-4: stays cheap to iterate after 100,000 writes that were taken back", () => {
    const stores = new StoresOverlay({ store: () => empty });
    const store = stores.store("a");
    store.set(utf8("z"), utf8("x"));
    const began = performance.now();
    for (let i = 0; i < 10_000; i++) {
      stores.begin();
      for (let j = 0; j < 10; j++) store.set(utf8(`${i}/${j}`), utf8("x"));
      stores.revert(0);
      stores.end();
      assert.equal(store.iterate().next().value?.[0][0], 122);
    }
    assert.ok(performance.now() - began < 20_000);
  });

  it("asks the store below once for a key where it may remember, however many keys others ask for, and never lets go of writes", () => {
    let asked = 0;
    const below: ReadStore = { get: (k) => (asked++, k.length === 1 ? utf8("v") : undefined), has: () => true, iterate: () => empty.iterate() };
    const store = new StoresOverlay({ store: () => below as KVStore }, { remember: true }).store("a");
    for (let i = 0; i < 3; i++) assert.deepEqual([store.get(utf8("k")), store.get(utf8("none"))], [utf8("v"), undefined]);
    assert.equal(asked, 2);
    store.set(utf8("w"), utf8("written"));
    for (let i = 0; i < 200_000; i++) store.get(utf8(`key ${i}`));
    assert.deepEqual(store.get(utf8("w")), utf8("written"));
    assert.deepEqual(store.changes(), [[utf8("w"), utf8("written")]]);
    asked = 0;
    store.get(utf8("key 0"));
    assert.equal(asked, 1, "what is read and not written is forgotten in the end");
  });
});
