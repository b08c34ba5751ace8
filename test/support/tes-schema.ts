/** GA4GH's own OpenAPI documents judge what the TES gateway answers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

type Json = Record<string, unknown>;
type Validator = ((value: unknown) => boolean) & { readonly errors?: unknown };

export type TesSchema = "tesTask" | "tesListTasksResponse" | "tesCreateTaskResponse" | "tesCancelTaskResponse" | "tesServiceInfo";

const require = createRequire(import.meta.url);
/** Comes with mocha. */
const { load } = require("js-yaml") as { load(text: string): Json };
/** Comes with eslint. It reads draft 7 of JSON schema, of which what these documents use is a part. */
const Ajv = require("ajv") as new (options: object) => { addSchema(schema: Json, id: string): void; compile(schema: Json): Validator };

const documents = {
  "https://ga4gh.example/tes.yaml": "task_execution_service.openapi.yaml",
  "https://raw.githubusercontent.com/ga4gh-discovery/ga4gh-service-info/v1.0.0/service-info.yaml": "service-info.yaml",
} as const;
const read = (file: string): Json => closed(load(readFileSync(new URL(`../vectors/tes/${file}`, import.meta.url), "utf8"))) as Json;
const ajv = new Ajv({ allErrors: true, unknownFormats: ["int32", "int64", "double", "boolean"] });
for (const [id, file] of Object.entries(documents)) ajv.addSchema(read(file), id);
// The specification asks for executors in each task, and for tasks that have an id and a state alone in the view MINIMAL.
const minimal = read("task_execution_service.openapi.yaml") as { components: { schemas: { tesTask: { required?: string[] } } } };
delete minimal.components.schemas.tesTask.required;
ajv.addSchema(minimal, "https://ga4gh.example/minimal.yaml");
const validators = new Map<string, Validator>();

/**
 * Throws an AssertionError where the value is not what the schema says, or has a field that it does not know: clients that make objects of what they get break on those. `view` is that of the request, by
 * default MINIMAL.
 */
export function assertTes(schema: TesSchema, value: unknown, view = "MINIMAL"): void {
  const isMinimal = view === "MINIMAL" && (schema === "tesTask" || schema === "tesListTasksResponse");
  const id = `https://ga4gh.example/${isMinimal ? "minimal" : "tes"}.yaml#/components/schemas/${schema}`;
  const valid = validators.get(id) ?? ajv.compile({ $ref: id });
  validators.set(id, valid);
  assert.ok(valid(value), `${schema}: ${JSON.stringify(valid.errors)}\n${JSON.stringify(value).slice(0, 2_000)}`);
  assert.doesNotMatch(JSON.stringify(value), /:null[,}]/, "a field is null: it must be left out");
  if (!isMinimal) return;
  for (const task of schema === "tesTask" ? [value] : (value as { tasks: unknown[] }).tasks) assert.deepEqual(Object.keys(task as object), ["id", "state"]);
}

/** Objects take no other fields than those named, where they are not parts of a whole (allOf). */
function closed(value: unknown, part = false): unknown {
  if (Array.isArray(value)) return value.map((one) => closed(one));
  if (typeof value !== "object" || value === null) return value;
  const node = value as Json;
  const out = Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, key === "allOf" ? (inner as unknown[]).map((one) => closed(one, true)) : closed(inner)]));
  const isShared = typeof node["description"] === "string" && /^(?:GA4GH service|Type of a GA4GH service)$/.test(node["description"]);
  return node["type"] === "object" && typeof node["properties"] === "object" && node["additionalProperties"] === undefined && !part && !isShared ? { ...out, additionalProperties: false } : out;
}
