import assert from "node:assert/strict";
import { eventIndex } from "./event-index.ts";

describe("the index of events", () => {
  const left = (index: ReturnType<typeof eventIndex>, type: string, attributes: Readonly<Record<string, string>>): string[] => Object.entries(attributes).filter(([key, value]) => index.has(type, key, value)).map(([key]) => key);
  const settled = { job_id: "7", consumer: "dcm1c", organization: "", class_id: "wasm.core", denom: "udcm", paid: "5", state: "final", due_tau: "9", msg_index: "0" };

  it("finds an event of this chain by what it names, not by what it measures, and not by nothing", () => {
    assert.deepEqual(left(eventIndex({ measures: false, except: [] }), "dcm.market.v1.EventEscrowSettled", settled), ["organization", "denom", "paid", "due_tau", "msg_index"]);
  });

  it("finds the SDK's events by all of their attributes, as everywhere", () => {
    assert.deepEqual(left(eventIndex({ measures: false, except: [] }), "transfer", { recipient: "dcm1c", amount: "", msg_index: "0" }), []);
  });

  it("has measures too, and leaves out what it is told to", () => {
    assert.deepEqual(left(eventIndex({ measures: true, except: ["*.msg_index", "dcm.market.v1.EventEscrowSettled.paid"] }), "dcm.market.v1.EventEscrowSettled", settled), ["paid", "msg_index"]);
    assert.deepEqual(left(eventIndex({ measures: false, except: ["*.consumer"] }), "dcm.x.v1.EventY", { consumer: "dcm1c", provider: "dcm1p" }), ["consumer"]);
  });
});
