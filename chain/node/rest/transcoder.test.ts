import assert from "node:assert/strict";
import { ScalarType, type DescField } from "@bufbuild/protobuf";
import { describe, it } from "mocha";
import { createApp } from "../../app.ts";
import { messageFromJson, toJson } from "../../codec/proto-json.ts";
import { QueryError } from "../../runtime/errors.ts";
import { blankStore } from "../blank-store.ts";
import { CometRpc } from "../services/comet-rpc.ts";
import { cometService } from "../services/comet.ts";
import { nodeInfoService } from "../services/node.ts";
import { reflectionServices } from "../services/reflection.ts";
import { NodeServices } from "../services/registry.ts";
import { txService } from "../services/tx.ts";
import { versionInfo } from "../version.ts";
import { openApiDocument } from "./openapi.ts";
import { requestOf, RouteTable, routesOf, type Match } from "./transcoder.ts";

const machine = createApp({ store: blankStore, strict: true, report: () => undefined, minGasPrices: [] });
const rpc = new CometRpc("tcp://127.0.0.1:1");
const services: NodeServices = new NodeServices([
  ...txService(machine, rpc),
  ...cometService(rpc, versionInfo(), () => ({})),
  ...nodeInfoService(machine, { minGasPrices: [], pruningKeepRecent: 1, haltHeight: 0 }, { appHash: new Uint8Array(0), earliest: 1 }, rpc),
  ...reflectionServices(machine, () => services.paths),
]);
const table = new RouteTable(routesOf([...machine.router.queryPaths, ...services.paths]));

function match(verb: string, path: string): Match {
  const found = table.find(verb, path);
  assert.ok(found !== undefined && "route" in found, `${verb} ${path} has no route`);
  return found;
}

function ask(verb: string, url: string, body?: unknown): { path: string; request: unknown } {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const found = match(verb, pathname);
  return { path: found.route.path, request: toJson(found.route.method.input.typeName, requestOf(found, searchParams, body)) };
}

/** A text that the field takes, and the JSON that the request must then hold. */
function sample(field: DescField): { text: string; json: unknown } {
  if (field.enum !== undefined) return { text: field.enum.values.at(-1)!.name, json: field.enum.values.at(-1)!.name };
  switch (field.scalar) {
    case ScalarType.BOOL: return { text: "true", json: true };
    case ScalarType.STRING: return { text: "a value/ü", json: "a value/ü" };
    case ScalarType.BYTES: return { text: "AQI=", json: "AQI=" };
    case ScalarType.INT64: case ScalarType.UINT64: return { text: "7", json: "7" };
    default: return { text: "7", json: 7 };
  }
}

describe("REST routes from contracts", () => {
  it("serve every http rule of every served method, and nothing else answers there", () => {
    assert.ok(table.routes.length > 90, `only ${table.routes.length} routes`);
    for (const route of table.routes) {
      const values = new Map<string, unknown>();
      const url = route.segments.map((segment) => {
        if (segment.kind === "literal") return segment.text;
        const field = route.method.input.fields.find(({ name }) => name === segment.field);
        assert.ok(field !== undefined, `${route.template} names no field of ${route.method.input.typeName}`);
        const { text, json } = sample(field);
        values.set(field.name, json);
        return encodeURIComponent(text);
      }).join("/");
      const found = match(route.verb, `/${url}`);
      const sameShape = found.route.template.replaceAll(/\{[^}]*\}/g, "{}") === route.template.replaceAll(/\{[^}]*\}/g, "{}");
      assert.ok(found.route === route || sameShape, `${route.template} is answered by ${found.route.template}`);
      if (found.route !== route) continue;
      const request = toJson(route.method.input.typeName, requestOf(found, new URLSearchParams(), {})) as Record<string, unknown>;
      for (const [name, json] of values) assert.deepEqual(request[name], json, `${route.template}: ${name}`);
    }
  });

  it("carry every scalar field of every GET request in its query string", () => {
    for (const route of table.routes.filter(({ verb }) => verb === "get")) {
      const inPath = new Set(route.segments.flatMap((segment) => (segment.kind === "literal" ? [] : [segment.field])));
      const params = new URLSearchParams();
      const expected: Record<string, unknown> = {};
      for (const field of route.method.input.fields) {
        if (inPath.has(field.name) || field.message !== undefined || field.fieldKind === "map") continue;
        const { text, json } = sample(field);
        params.append(field.name, text);
        if (field.fieldKind === "list") params.append(field.name, text);
        expected[field.name] = field.fieldKind === "list" ? [json, json] : json;
      }
      const bytes = requestOf({ route, params: {} }, params, undefined);
      const request = toJson(route.method.input.typeName, bytes) as Record<string, unknown>;
      for (const [name, json] of Object.entries(expected)) assert.deepEqual(request[name], json, `${route.template}?${name}`);
      messageFromJson(route.method.input.typeName, request);
    }
  });

  it("fill nested pagination, in either alphabet of base64, and enums by name or number", () => {
    const key = ask("get", "/cosmos/bank/v1beta1/balances/dcm1x?pagination.key=-_8%3D&pagination.limit=5&pagination.count_total=true&pagination.reverse=1").request as { pagination: unknown };
    assert.deepEqual(key.pagination, { key: "+/8=", offset: "0", limit: "5", count_total: true, reverse: true });
    assert.equal((ask("get", "/cosmos/tx/v1beta1/txs?query=a&order_by=ORDER_BY_DESC").request as { order_by: string }).order_by, "ORDER_BY_DESC");
    assert.equal((ask("get", "/cosmos/tx/v1beta1/txs?query=a&order_by=2").request as { order_by: string }).order_by, "ORDER_BY_DESC");
  });

  it("prefer a literal segment to a variable, and let ** take the rest with its slashes", () => {
    assert.equal(ask("get", "/cosmos/base/tendermint/v1beta1/blocks/latest").path, "/cosmos.base.tendermint.v1beta1.Service/GetLatestBlock");
    assert.equal(ask("get", "/cosmos/base/tendermint/v1beta1/blocks/5").path, "/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight");
    assert.deepEqual(ask("get", "/cosmos/bank/v1beta1/denoms_metadata/ibc/ABC/x").request, { denom: "ibc/ABC/x" });
  });

  it("give one path of two methods to the later one, as grpc-gateway does", () => {
    assert.equal(ask("get", "/cosmos/auth/v1beta1/bech32/dcm1x").path, "/cosmos.auth.v1beta1.Query/AddressStringToBytes");
  });

  it("take the whole request from a body, in both spellings of field names", () => {
    assert.deepEqual(ask("post", "/cosmos/tx/v1beta1/txs", { txBytes: "AQI=", mode: "BROADCAST_MODE_SYNC" }).request, { tx_bytes: "AQI=", mode: "BROADCAST_MODE_SYNC" });
  });

  it("pass over unknown parameters, as grpc-gateway does", () => {
    assert.deepEqual(ask("get", "/cosmos/bank/v1beta1/balances/dcm1x/by_denom?denom=udcm&_=123").request, { address: "dcm1x", denom: "udcm" });
  });

  const bad = (run: () => unknown, reason: RegExp): void => {
    assert.throws(run, (error) => error instanceof QueryError && error.grpc === "InvalidArgument" && reason.test(error.message));
  };

  it("refuse what a field cannot hold, naming it", () => {
    bad(() => ask("get", "/cosmos/base/tendermint/v1beta1/blocks/abc"), /height/);
    bad(() => ask("get", "/cosmos/bank/v1beta1/balances/dcm1x?pagination.limit=-1"), /pagination\.limit/);
    bad(() => ask("get", "/cosmos/bank/v1beta1/balances/dcm1x?pagination=1"), /pagination is a message/);
    bad(() => ask("get", "/cosmos/bank/v1beta1/balances/dcm1x?pagination.reverse=perhaps"), /true or false/);
    bad(() => ask("get", "/cosmos/bank/v1beta1/balances/dcm1x/by_denom?denom=a&denom=b"), /denom is given 2 times/);
    bad(() => ask("post", "/cosmos/tx/v1beta1/txs", [1]), /JSON object/);
    bad(() => ask("post", "/cosmos/tx/v1beta1/txs", { tx_bytes: "*" }), /tx_bytes/);
    bad(() => ask("get", `/cosmos/tx/v1beta1/txs?${"events=a&".repeat(201)}`), /more than 200/);
  });

  it("find nothing at unknown, broken and hostile paths", () => {
    for (const path of ["/", "//", "/cosmos", "/cosmos/bank/v1beta1/balances", "/cosmos/bank/v1beta1/balances/", "/%", "/cosmos/bank/v1beta1/balances/a/b/c", `/${"a/".repeat(5000)}`, "/__proto__", "/cosmos/__proto__/x"]) {
      assert.equal(table.find("get", path), undefined, path);
    }
    assert.deepEqual(table.find("delete", "/cosmos/bank/v1beta1/params"), { allowed: ["get"] });
  });

  it("stand in the OpenAPI document, one operation each, with schemas that exist", () => {
    const text = JSON.stringify(openApiDocument(table.routes, "1"));
    const document = JSON.parse(text) as { paths: Record<string, object>; components: { schemas: Record<string, unknown> } };
    const operations = Object.values(document.paths).reduce((sum, verbs) => sum + Object.keys(verbs).length, 0);
    assert.equal(operations, new Set(table.routes.map(({ verb, template }) => `${verb} ${template}`)).size);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) assert.ok(document.components.schemas[name!] !== undefined, name);
  });
});
