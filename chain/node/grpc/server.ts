/** The gRPC server: the same paths as REST, bytes in and bytes out, with health and reflection. */
import type { status} from "@grpc/grpc-js";
import { Metadata, Server, ServerCredentials, type handleUnaryCall, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { grpcCodes, QueryError } from "../../runtime/errors.ts";
import type { Log } from "../log.ts";
import { hostPortText, parseHostPort, type Listening } from "../listen.ts";
import type { Metrics } from "../metrics.ts";
import { parseHeight, type Queries } from "../queries.ts";
import { healthHandlers, healthService } from "./health.ts";
import { addReflection } from "./reflection.ts";

export interface GrpcOptions {
  readonly address: string;
  readonly maxRecvBytes: number;
  readonly maxSendBytes: number;
  readonly maxConcurrentStreams: number;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
}

const heightKey = "x-cosmos-block-height";
const bytes = (value: Buffer): Buffer => value;

/** Serves every path of `queries` until it is closed. Rejects where the address is taken. */
export async function serveGrpc(queries: Queries, options: GrpcOptions): Promise<Listening> {
  const server = new Server({
    "grpc.max_receive_message_length": options.maxRecvBytes,
    "grpc.max_send_message_length": options.maxSendBytes,
    "grpc.max_concurrent_streams": options.maxConcurrentStreams,
    // Silent clients are asked whether they live, and let go where they do not answer.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.max_connection_idle_ms": 15 * 60_000,
  });
  const services = new Map<string, string[]>();
  for (const path of queries.paths) {
    const service = path.split("/")[1]!;
    services.set(service, [...(services.get(service) ?? []), path]);
  }
  for (const paths of services.values()) server.addService(definitionOf(paths), handlersOf(paths, queries, options));
  server.addService(healthService, healthHandlers);
  addReflection(server, [...services.keys(), "grpc.health.v1.Health"]);

  const at = parseHostPort(options.address);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(hostPortText(at), ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(/EADDRINUSE/.test(error.message) ? new Error(`${hostPortText(at)} is in use: stop what listens there, or choose another address`) : new Error(`cannot listen on ${hostPortText(at)}: ${error.message}`));
    });
  });
  return {
    address: hostPortText({ host: at.host, port }),
    close: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

function definitionOf(paths: readonly string[]): ServiceDefinition {
  return Object.fromEntries(
    paths.map((path) => [path.split("/")[2]!, { path, requestStream: false, responseStream: false, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes }]),
  );
}

function handlersOf(paths: readonly string[], queries: Queries, { log, metrics }: GrpcOptions): UntypedServiceImplementation {
  const handlers: Record<string, handleUnaryCall<Buffer, Buffer>> = {};
  for (const path of paths) {
    handlers[path.split("/")[2]!] = (call, reply) => {
      const stop = metrics?.query("grpc");
      const ask = async (): Promise<{ value: Uint8Array; height: number }> => queries.ask(path, new Uint8Array(call.request), parseHeight(call.metadata.get(heightKey)[0]?.toString()));
      ask().then(
        ({ value, height }) => {
          const header = new Metadata();
          header.set(heightKey, String(height));
          call.sendMetadata(header);
          stop?.("OK");
          reply(null, Buffer.from(value.buffer, value.byteOffset, value.length));
        },
        (error: unknown) => {
          if (!(error instanceof QueryError)) log("error", "a gRPC request ended in an unexpected exception", { path, error: error instanceof Error ? error : String(error) });
          const known = error instanceof QueryError ? error : new QueryError("Internal", "internal error");
          stop?.(known.grpc);
          reply({ code: grpcCodes[known.grpc] as status, details: known.message });
        },
      );
    };
  }
  return handlers;
}
