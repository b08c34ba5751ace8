/** The OpenAPI 3.0 document of the REST routes, from the contracts that they come from. */
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import type { Route } from "./transcoder.ts";

type Schema = { readonly [key: string]: unknown };

const errorSchema: Schema = {
  type: "object",
  properties: { code: { type: "integer", description: "gRPC status code" }, message: { type: "string" }, details: { type: "array", items: {} } },
};

const textNumbers = new Set<ScalarType>([ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64]);
/** Nested query parameters are described this deep (`pagination.limit` is 2). */
const maxParameterDepth = 3;

/** `version` is the program's. */
export function openApiDocument(routes: readonly Route[], version: string): Schema {
  const schemas = new Map<string, Schema>();
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) {
    const template = route.template.replace(/=\*\*?\}/g, "}");
    (paths[template] ??= {})[route.verb] = operation(route, schemas);
  }
  const sorted = [...schemas].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    openapi: "3.0.3",
    info: { title: "dcm", version, description: "REST routes of a node, in gRPC-gateway's JSON: 64-bit integers as strings, bytes as base64, enums by name." },
    paths,
    components: { schemas: { ...Object.fromEntries(sorted), Error: errorSchema } },
  };
}

function operation({ method, segments, body, path }: Route, schemas: Map<string, Schema>): Schema {
  const inPath = segments.flatMap((segment) => (segment.kind === "literal" ? [] : [segment.field]));
  const parameters: Schema[] = inPath.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
  if (body !== "*") {
    for (const field of method.input.fields) if (!inPath.includes(field.name) && field.name !== body) parameters.push(...queryParameters(field, field.name, 1));
  }
  parameters.push({ name: "x-cosmos-block-height", in: "header", required: false, description: "Answer from the state at this height", schema: { type: "string" } });
  return {
    operationId: path.slice(1).replaceAll(/[./]/g, "_"),
    tags: [method.parent.typeName],
    parameters,
    ...(body === "" ? {} : { requestBody: { required: true, content: { "application/json": { schema: refTo(method.input, schemas) } } } }),
    responses: {
      200: { description: "The answer", content: { "application/json": { schema: refTo(method.output, schemas) } } },
      default: { description: "What went wrong", content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } },
    },
  };
}

function queryParameters(field: DescField, name: string, depth: number): Schema[] {
  if (field.fieldKind === "message" && !wellKnown(field.message)) {
    return depth >= maxParameterDepth ? [] : field.message.fields.flatMap((inner) => queryParameters(inner, `${name}.${inner.name}`, depth + 1));
  }
  if (field.fieldKind === "map" || (field.fieldKind === "list" && field.message !== undefined)) return [];
  const schema = field.fieldKind === "list" ? { type: "array", items: scalarSchema(field) } : scalarSchema(field);
  return [{ name, in: "query", required: false, schema }];
}

function wellKnown(message: DescMessage): boolean {
  return message.typeName === "google.protobuf.Timestamp" || message.typeName === "google.protobuf.Duration" || message.typeName === "google.protobuf.Any";
}

function refTo(message: DescMessage, schemas: Map<string, Schema>): Schema {
  switch (message.typeName) {
    case "google.protobuf.Timestamp":
      return { type: "string", format: "date-time" };
    case "google.protobuf.Duration":
      return { type: "string", example: "1.5s" };
    case "google.protobuf.Any":
      return { type: "object", required: ["@type"], properties: { "@type": { type: "string" } }, additionalProperties: true };
  }
  if (!schemas.has(message.typeName)) {
    // Entered before its fields are looked at: messages contain themselves.
    const properties: Record<string, Schema> = {};
    schemas.set(message.typeName, { type: "object", properties });
    for (const field of message.fields) {
      const one = field.message !== undefined ? refTo(field.message, schemas) : scalarSchema(field);
      properties[field.name] = field.fieldKind === "list" ? { type: "array", items: one } : one;
    }
  }
  return { $ref: `#/components/schemas/${message.typeName}` };
}

function scalarSchema(field: DescField): Schema {
  if (field.enum !== undefined) return { type: "string", enum: field.enum.values.map(({ name }) => name) };
  if (field.message !== undefined) return { type: "string" };
  switch (field.scalar) {
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BYTES:
      return { type: "string", format: "byte" };
    default:
      return field.scalar !== undefined && textNumbers.has(field.scalar) ? { type: "string", format: field.scalar === ScalarType.UINT64 ? "uint64" : "int64" } : { type: "integer" };
  }
}
