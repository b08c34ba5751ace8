/** grpc.health.v1.Health: serving, as long as the server answers at all. */
import type { handleServerStreamingCall, handleUnaryCall, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";

/** HealthCheckResponse { status: SERVING } */
const serving = Buffer.from([0x08, 0x01]);
const bytes = (value: Buffer): Buffer => value;

const base = { requestStream: false, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes } as const;

export const healthService: ServiceDefinition = {
  Check: { ...base, path: "/grpc.health.v1.Health/Check", responseStream: false },
  Watch: { ...base, path: "/grpc.health.v1.Health/Watch", responseStream: true },
};

const check: handleUnaryCall<Buffer, Buffer> = (_call, reply) => reply(null, serving);
/** The state never changes while the server lives: one message, then the stream stays open until the client leaves. */
const watch: handleServerStreamingCall<Buffer, Buffer> = (call) => void call.write(serving);

export const healthHandlers: UntypedServiceImplementation = { Check: check, Watch: watch };
