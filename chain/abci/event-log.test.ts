import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeCheckTx } from "./encode.ts";
import { ResponseCheckTx } from "../codec/gen/tendermint/abci/types.ts";
import { EventLog, type EmittedEvent } from "../codec/event-log.ts";

const text = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("", "é"));
const attributes = fc.array(fc.tuple(text, text), { maxLength: 3 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("add" as const), name: text, attributes }) },
  fc.record({ type: fc.constant("mark" as const) }),
  fc.record({ type: fc.constant("cut" as const) }),
  fc.record({ type: fc.constant("share" as const), key: text, value: text }),
  fc.record({ type: fc.constant("append" as const), name: text, attributes }),
);

describe("EventLog", () => {
  it("holds what plain lists of objects hold, and encodes to the same bytes", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const log = new EventLog();
      let model: EmittedEvent[] = [];
      let mark = 0;
      let marked = 0;
      for (const s of steps) {
        if (s.type === "add") {
          log.add(s.name, s.attributes);
          model.push({ type: s.name, attributes: s.attributes });
        } else if (s.type === "append") {
          const other = new EventLog();
          other.add(s.name, s.attributes);
          other.share(0, "index", "0");
          log.append(other);
          model.push({ type: s.name, attributes: [...s.attributes, ["index", "0"]] });
        } else if (s.type === "mark") {
          mark = log.mark;
          marked = model.length;
        } else if (s.type === "cut") {
          log.cut(mark);
          model = model.slice(0, marked);
        } else {
          log.share(mark, s.key, s.value);
          model = model.map((event, i) => (i < marked ? event : { type: event.type, attributes: [...event.attributes, [s.key, s.value]] }));
        }
      }
      assert.deepEqual(log.events(), model);
      assert.equal(log.count, model.length);
      const response = { ...ResponseCheckTx.create(), code: 3 };
      assert.deepEqual(encodeCheckTx(Object.assign({ ...response }, { emitted: log })), ResponseCheckTx.encode({ ...response, events: log.abciEvents() }).finish());
    }), { numRuns: 500 });
  });
});
