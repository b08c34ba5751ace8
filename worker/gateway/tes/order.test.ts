import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { orderOf, requestOf, type ClassFacts, type OrderDefaults } from "./order.ts";
import { Refused, type TesTask } from "./types.ts";

const defaults: OrderDefaults = { classId: "wasm.core", quoteDenom: "udcm", limitPrice: undefined, verification: "V2", lots: 5n, maxResultBytes: 1_000_000n, costTags: { team: "search" }, organization: "acme" };
const facts: ClassFacts = { memoryBytes: 256n << 20n, maxLots: 100n, maxLotMs: 20_000n };
const order = (task: Partial<TesTask>): ReturnType<typeof orderOf> => orderOf({ executors: [], ...task }, defaults, (id) => Promise.resolve(id.startsWith("wasm.") ? facts : undefined));

describe("the terms of an order", () => {
  it("are the gateway's where a task says nothing (TES-11)", async () => {
    assert.deepEqual(await order({}), {
      terms: { classId: "wasm.core", quoteDenom: "udcm", verification: "V2", lots: "5", durationMs: "100000", maxResultBytes: "1000000", costTags: { team: "search" }, organization: "acme" }, limitPrice: undefined, resources: undefined, warnings: [],
    });
  });

  it("are the task's where it says something, in any case of letters (TES-11)", async () => {
    const { terms, limitPrice, resources, warnings } = await order({ resources: { cpu_cores: 4, ram_gb: 0.25, zones: ["CH"], backend_parameters: { Class: "wasm.other", LIMIT_PRICE: "7", verification: "V0", lots: "3", duration_ms: "9", max_result_bytes: "10", risk: "11", acceptance_window_ms: "12", ask_id: "13", denom: "uusd", VmSize: "x" } } });
    assert.deepEqual(terms, { classId: "wasm.other", quoteDenom: "uusd", verification: "V0", lots: "3", durationMs: "9", maxResultBytes: "10", risk: "11", acceptanceWindowMs: "12", askId: "13", jurisdiction: "CH", costTags: { team: "search" }, organization: "acme" });
    assert.equal(limitPrice, 7n);
    assert.equal(resources!.backend_parameters!["VmSize"], undefined);
    assert.deepEqual(warnings.map((text) => text.split(" ")[0]), ["resources.backend_parameters.VmSize", "resources.cpu_cores"]);
    const request = requestOf({ ...terms, limitPrice: "7" }, "id", 2, Uint8Array.of(1), Uint8Array.of(2));
    assert.deepEqual([request.name, request.arguments, request.costTags, request.acceptance, request.askId, request.wishes, request.organization], ["id-2", { bundle: 1 }, { team: "search", task: "id" }, { windowMs: 12n }, 13n, { requires: { jurisdiction: "CH" } }, "acme"]);
  });

  it("refuse what the class cannot give, and values that are none (TES-11)", async () => {
    const refused = (task: Partial<TesTask>, words: RegExp): Promise<void> => assert.rejects(order(task), (error) => error instanceof Refused && words.test(error.message), String(words));
    const parameter = (name: string, value: string): Partial<TesTask> => ({ resources: { backend_parameters: { [name]: value } } });
    await refused({ resources: { ram_gb: 1 } }, /ram_gb is 1; class wasm\.core gives 0\.268435456 GB/);
    await refused({ resources: { disk_gb: 1 } }, /disk_gb is 1; the files of a task take at most/);
    await refused({ resources: { zones: ["CH", "DE"] } }, /zones has 2 zones; a task asks for one jurisdiction/);
    await refused({ resources: { zones: ["Zürich"] } }, /zones\[0\] is "Zürich"; it is the jurisdiction/);
    await refused(parameter("class", "gpu"), /there is no capacity class "gpu"/);
    await refused(parameter("lots", "101"), /101 lots are more than class wasm\.core gives/);
    await refused(parameter("lots", "0"), /lots is "0"; it is the most lots/);
    await refused(parameter("verification", "v3"), /verification is "v3"; it is v0/);
    await refused(parameter("max_result_bytes", "999999999999"), /workers give at most/);
    await refused({ resources: { backend_parameters: { x: "y" }, backend_parameters_strict: true } }, /backend_parameters\.x is not supported, and backend_parameters_strict is set/);
  });

  it("carry tags that the chain takes, and note the others (TES-11)", async () => {
    const { terms, warnings } = await order({ tags: { WORKFLOW_ID: "w", workflow_id: "again", team: "other", "Zürich": "x", empty: "", ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`t${i}`, "v"])) } });
    assert.deepEqual(Object.entries(terms.costTags).slice(0, 3), [["team", "search"], ["workflow_id", "w"], ["t0", "v"]]);
    assert.equal(Object.keys(terms.costTags).length, 15);
    assert.equal(warnings.length, 4 + 7);
  });
});
