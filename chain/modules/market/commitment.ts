/** What a worker commits to before anybody reveals. */
import { concatBytes, uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import type { Result } from "../../codec/gen/dcm/market/v1/types.ts";

const domain = utf8("dcm/commit/v1");

/** SHA-256 of domain || worker (length, bytes) || task || digest || size || meter || salt; numbers are 8 bytes, big-endian. */
export function commitmentOf(worker: Uint8Array, taskId: bigint, result: Pick<Result, "digest" | "size" | "meter">, salt: Uint8Array): Uint8Array {
  return sha256(concatBytes(domain, Uint8Array.of(worker.length), worker, uint64Bytes(taskId), result.digest, uint64Bytes(result.size), uint64Bytes(result.meter), salt));
}
