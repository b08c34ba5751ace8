/** Type URL to handler, path to query: built from the list of modules, never by hand. */
import type { Any } from "../codec/gen/google/protobuf/any.ts";
import { MessageRegistry, type MessageCodec } from "../codec/messages.ts";
import { CanonicalError } from "../codec/strict.ts";
import type { Context } from "./context.ts";
import { AssertionError, fail, QueryError, sdkErrors } from "./errors.ts";
import type { BoundMessage, BoundQuery, Module } from "./module.ts";

/** A message that another message carries (authz, proposals, genesis): decoded, checked, with its signers. */
export interface Inner {
  readonly typeUrl: string;
  readonly message: unknown;
  readonly signers: readonly string[];
  execute(ctx: Context): Any;
}

export class Router {
  readonly #messages = new Map<string, BoundMessage>();
  readonly #queries = new Map<string, BoundQuery>();
  /** The wire forms of everything routed here. */
  readonly registry = new MessageRegistry();

  /** Takes in the modules; called once, after they were made (some of them hold this router). */
  bind(modules: readonly Module[]): void {
    for (const module of modules) {
      for (const message of module.messages) {
        if (this.#messages.has(message.typeUrl)) throw new AssertionError(`two modules handle ${message.typeUrl}`);
        this.#messages.set(message.typeUrl, message);
        this.registry.add(message.request as unknown as MessageCodec);
      }
      for (const query of module.queries) {
        if (this.#queries.has(query.path)) throw new AssertionError(`two modules answer ${query.path}`);
        this.#queries.set(query.path, query);
      }
    }
  }

  message(typeUrl: string): BoundMessage | undefined {
    return this.#messages.get(typeUrl);
  }

  /** In byte order of their type URLs. */
  get typeUrls(): string[] {
    return [...this.#messages.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  get queryPaths(): string[] {
    return [...this.#queries.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  query(path: string): BoundQuery | undefined {
    return this.#queries.get(path);
  }

  /** Answers one query: request and response as protobuf bytes. Throws QueryError. */
  answer(ctx: Context, path: string, request: Uint8Array): Uint8Array {
    const query = this.#queries.get(path);
    if (query === undefined) throw new QueryError("Unimplemented", `unknown query path: ${path}`);
    let decoded: unknown;
    try {
      decoded = query.request.decode(request);
    } catch (error) {
      throw new QueryError("InvalidArgument", `${path}: the request does not decode (${error instanceof Error ? error.message : "unknown"})`);
    }
    return query.response.encode(query.handle(ctx, decoded)).finish();
  }

  /** Opens a carried message: known type, canonical bytes, stateless checks passed. Throws TxError. */
  open(any: Any): Inner {
    const bound = this.#messages.get(any.typeUrl);
    if (bound === undefined) fail(sdkErrors.unknownRequest, `unrecognized message route: ${any.typeUrl}`);
    const message = this.#decode(any);
    bound.handler.check(message);
    return {
      typeUrl: any.typeUrl,
      message,
      signers: bound.handler.signers(message),
      execute: (ctx) => ({ typeUrl: `/${bound.response.$type}`, value: bound.response.encode(bound.handler.execute(ctx, message)).finish() }),
    };
  }

  #decode(any: Any): unknown {
    const type = this.registry.get(any.typeUrl);
    if (type === undefined) return fail(sdkErrors.unknownRequest, `unrecognized message route: ${any.typeUrl}`);
    try {
      return type.decode(any.value, this.registry.resolveAny).message;
    } catch (error) {
      if (error instanceof CanonicalError) return fail(sdkErrors.txDecode, `${any.typeUrl}: ${error.message}`);
      throw error;
    }
  }
}
