/** Query services of the node itself, beside those of the modules: they need block data, the mempool or the configuration. */
import type { MessageType, ServiceDefinition } from "../../runtime/module.ts";
import { QueryError, TxError } from "../../runtime/errors.ts";
import { RpcError, RpcUnreachable } from "./comet-rpc.ts";

type Decoded<T> = T extends { decode(input: never): infer M } ? M : never;

/** What a request says beside its message. */
export interface RequestContext {
  /** The version that was asked for; 0 is the latest. */
  readonly height: number;
}

export type ServiceHandlers<S extends ServiceDefinition> = {
  readonly [K in keyof S["methods"]]: (
    request: Decoded<S["methods"][K]["requestType"]>,
    context: RequestContext,
  ) => Decoded<S["methods"][K]["responseType"]> | Promise<Decoded<S["methods"][K]["responseType"]>>;
};

export interface NodeMethod {
  /** `/cosmos.tx.v1beta1.Service/GetTx` */
  readonly path: string;
  answer(request: Uint8Array, context: RequestContext): Promise<Uint8Array>;
}

/** Binds a generated service to its handlers: a missing one does not compile. */
export function nodeService<const S extends ServiceDefinition>(service: S, handlers: ServiceHandlers<S>): NodeMethod[] {
  return Object.entries(service.methods).map(([key, method]) => {
    const request = method.requestType as MessageType<unknown>;
    const response = method.responseType as MessageType<unknown>;
    const handle = handlers[key as keyof S["methods"]] as unknown as (message: unknown, context: RequestContext) => unknown;
    const path = `/${service.fullName}/${method.name}`;
    return {
      path,
      answer: async (bytes, context) => {
        let decoded: unknown;
        try {
          decoded = request.decode(bytes);
        } catch (error) {
          throw new QueryError("InvalidArgument", `${path}: the request does not decode (${error instanceof Error ? error.message : "unknown"})`);
        }
        try {
          return response.encode(await handle(decoded, context)).finish();
        } catch (error) {
          throw asQueryError(error);
        }
      },
    };
  });
}

/** What CometBFT and the state machine refuse, in gRPC's terms; anything else goes on as it is. */
function asQueryError(error: unknown): unknown {
  if (error instanceof RpcUnreachable) return new QueryError("Unavailable", `this node's CometBFT does not answer: ${error.message}`);
  if (error instanceof RpcError) return new QueryError("Internal", error.message);
  if (error instanceof TxError) return new QueryError("InvalidArgument", error.message);
  return error;
}

/** All services of one node, by path. */
export class NodeServices {
  readonly #methods = new Map<string, NodeMethod>();

  constructor(methods: readonly NodeMethod[]) {
    for (const method of methods) this.#methods.set(method.path, method);
  }

  /** In byte order. */
  get paths(): string[] {
    return [...this.#methods.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  /** The answer to a request, or undefined where the path is none of the node's. Rejects with a QueryError. */
  handle(path: string, request: Uint8Array, height: number): Promise<Uint8Array> | undefined {
    return this.#methods.get(path)?.answer(request, { height });
  }
}
