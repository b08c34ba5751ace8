/** REST from the contracts: each `google.api.http` rule is a route, a URL and a body become the request message, as grpc-gateway does it. */
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { httpBindings, serviceDescriptor, type DescMethod, type HttpBinding } from "../../codec/descriptors.ts";
import { fromJson, JsonError } from "../../codec/proto-json.ts";
import { QueryError } from "../../runtime/errors.ts";

type Segment = { readonly kind: "literal"; readonly text: string } | { readonly kind: "one" | "rest"; readonly field: string };

export interface Route {
  readonly verb: HttpBinding["verb"];
  /** The template, e.g. "/cosmos/bank/v1beta1/balances/{address}". */
  readonly template: string;
  readonly body: string;
  /** The gRPC path, e.g. "/cosmos.bank.v1beta1.Query/AllBalances". */
  readonly path: string;
  readonly method: DescMethod;
  readonly segments: readonly Segment[];
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** What a query string may carry. */
const maxQueryValues = 200;

/** The routes of these gRPC paths, additional bindings included. Throws where a rule cannot be served. */
export function routesOf(paths: readonly string[]): Route[] {
  return paths.flatMap((path) => {
    const method = methodOf(path);
    return httpBindings(method).map((binding) => ({ verb: binding.verb, template: binding.path, body: binding.body, path, method, segments: parseTemplate(binding.path) }));
  });
}

/** The method of "/package.Service/Method". */
export function methodOf(path: string): DescMethod {
  const [, service, name] = path.split("/");
  const method = serviceDescriptor(service ?? "").methods.find((candidate) => candidate.name === name);
  if (method === undefined) throw new TypeError(`no contract has the method ${path}`);
  return method;
}

function parseTemplate(template: string): Segment[] {
  if (!template.startsWith("/")) throw new TypeError(`not a path template: ${template}`);
  const segments = template.slice(1).split("/").map((text): Segment => {
    const variable = /^\{([a-z0-9_.]+)(?:=(\*\*?))?\}$/.exec(text);
    if (variable !== null) return { kind: variable[2] === "**" ? "rest" : "one", field: variable[1]! };
    if (/[{}*:]/.test(text)) throw new TypeError(`path template with a form that is not served: ${template}`);
    return { kind: "literal", text };
  });
  if (segments.slice(0, -1).some(({ kind }) => kind === "rest")) throw new TypeError(`"**" stands last in a path template: ${template}`);
  return segments;
}

interface Branch {
  readonly literals: Map<string, Branch>;
  one: Branch | undefined;
  routes: Map<string, Route>;
  rest: Map<string, Route>;
}

const newBranch = (): Branch => ({ literals: new Map(), one: undefined, routes: new Map(), rest: new Map() });

/** Finds the route of a URL; a literal segment wins over a variable. */
export class RouteTable {
  readonly routes: readonly Route[];
  readonly #root = newBranch();

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    for (const route of routes) {
      let branch = this.#root;
      for (const segment of route.segments) {
        if (segment.kind === "rest") break;
        if (segment.kind === "literal") {
          const next: Branch = branch.literals.get(segment.text) ?? newBranch();
          branch.literals.set(segment.text, next);
          branch = next;
        } else {
          branch = branch.one ??= newBranch();
        }
      }
      const leaf = route.segments.at(-1)?.kind === "rest" ? branch.rest : branch.routes;
      const known = leaf.get(route.verb);
      if (known !== undefined && known.method.parent !== route.method.parent) throw new TypeError(`${route.verb} ${route.template} (${route.path}) is served by ${known.path} already`);
      // Where a service gives one path to two methods (cosmos.auth's bech32 conversions), grpc-gateway serves the later one.
      const { methods } = route.method.parent;
      if (known === undefined || methods.indexOf(known.method) < methods.indexOf(route.method)) leaf.set(route.verb, route);
    }
  }

  /** The route of a decoded path, the verbs that it has instead, or undefined where nobody serves it. */
  find(verb: string, pathname: string): Match | { readonly allowed: readonly string[] } | undefined {
    let parts: string[];
    try {
      parts = pathname.replace(/^\//, "").replace(/\/$/, "").split("/").map(decodeURIComponent);
    } catch {
      return undefined;
    }
    const found = search(this.#root, parts, 0);
    if (found === undefined) return undefined;
    const route = found.get(verb);
    if (route === undefined) return { allowed: [...found.keys()] };
    const params: Record<string, string> = {};
    for (const [i, segment] of route.segments.entries()) {
      if (segment.kind !== "literal") params[segment.field] = segment.kind === "one" ? parts[i]! : parts.slice(i).join("/");
    }
    return { route, params };
  }
}

function search(branch: Branch, parts: readonly string[], at: number): Map<string, Route> | undefined {
  const part = parts[at];
  if (part === undefined) return branch.routes.size > 0 ? branch.routes : undefined;
  const literal = branch.literals.get(part);
  return (literal && search(literal, parts, at + 1)) ?? (branch.one && part !== "" ? search(branch.one, parts, at + 1) : undefined) ?? (branch.rest.size > 0 && part !== "" ? branch.rest : undefined);
}

type Plain = { [name: string]: unknown };

/** The request message of a matched URL, as protobuf. `body` is parsed JSON, or undefined. Throws InvalidArgument with the place. */
export function requestOf({ route, params }: Match, query: URLSearchParams, body: unknown): Uint8Array {
  const { input } = route.method;
  const json: Plain = {};
  if (route.body === "*") {
    if (typeof body !== "object" || body === null || Array.isArray(body)) throw new QueryError("InvalidArgument", "the body must be a JSON object");
    Object.assign(json, body);
  } else if (route.body !== "") {
    json[route.body] = body;
  }
  if (route.body !== "*") {
    let values = 0;
    for (const name of new Set(query.keys())) {
      const given = query.getAll(name);
      if ((values += given.length) > maxQueryValues) throw new QueryError("InvalidArgument", `more than ${maxQueryValues} query parameters`);
      put(json, input, name, given, false);
    }
  }
  for (const [name, value] of Object.entries(params)) put(json, input, name, [value], true);
  try {
    return fromJson(input.typeName, json, { unknownFields: "ignore", maxDepth: 32, maxValues: 100_000 });
  } catch (error) {
    if (error instanceof JsonError) throw new QueryError("InvalidArgument", error.message);
    throw error;
  }
}

/** Puts a parameter where its dotted name says; a name that the contract does not have is passed over, as grpc-gateway does. */
function put(json: Plain, message: DescMessage, name: string, given: readonly string[], required: boolean): void {
  const path = name.split(".");
  let at = json;
  let desc = message;
  for (const [depth, part] of path.entries()) {
    const field = desc.fields.find((candidate) => candidate.name === part || candidate.jsonName === part);
    if (field === undefined) {
      if (required) throw new TypeError(`${message.typeName} has no field ${name}, which its path names`);
      return;
    }
    if (depth === path.length - 1) {
      const value = valueOf(field, name, given);
      if (value !== undefined) at[field.name] = value;
      return;
    }
    if (field.fieldKind !== "message") return;
    const next = (at[field.name] ??= {});
    if (typeof next !== "object" || next === null || Array.isArray(next)) return;
    at = next as Plain;
    desc = field.message;
  }
}

function valueOf(field: DescField, name: string, given: readonly string[]): unknown {
  if (field.fieldKind === "list") return given.map((text) => scalarOf(field, name, text));
  if (given.length > 1) throw new QueryError("InvalidArgument", `${name} is given ${given.length} times`);
  return scalarOf(field, name, given[0]!);
}

/** The JSON form of a parameter's text. */
function scalarOf(field: DescField, name: string, text: string): unknown {
  if (field.message !== undefined) {
    if (field.message.typeName === "google.protobuf.Timestamp" || field.message.typeName === "google.protobuf.Duration") return text;
    throw new QueryError("InvalidArgument", `${name} is a message: give its fields, as in ${name}.field=value`);
  }
  if (field.enum !== undefined) return /^-?\d{1,10}$/.test(text) ? Number(text) : text;
  switch (field.scalar) {
    case ScalarType.BOOL:
      if (text === "true" || text === "1" || text === "") return true;
      if (text === "false" || text === "0") return false;
      throw new QueryError("InvalidArgument", `${name} must be true or false, it is "${text.slice(0, 40)}"`);
    case ScalarType.BYTES:
      return standardBase64(text);
    default:
      return text;
  }
}

/** Clients send both alphabets, and a "+" that was not escaped arrives as a space. */
function standardBase64(text: string): string {
  const plain = text.replaceAll(" ", "+").replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  return plain.padEnd(Math.ceil(plain.length / 4) * 4, "=");
}
