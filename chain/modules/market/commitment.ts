/** What a worker commits to before anybody reveals. */
import { concatBytes, uint64Bytes, utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { finalHash } from "../../vm/state-hash.ts";
import type { Result } from "../../codec/gen/dcm/market/v1/types.ts";

const domain = utf8("dcm/commit/v1");

/** SHA-256 of domain || worker (length, bytes) || task || digest || size || meter || of a refereed result its state hash || salt; numbers are 8 bytes, big-endian. */
export function commitmentOf(worker: Uint8Array, taskId: bigint, { digest, size, meter, final }: Pick<Result, "digest" | "size" | "meter" | "final">, salt: Uint8Array): Uint8Array {
  const stateHash = final === undefined ? new Uint8Array(0) : finalHash(final, digest);
  return sha256(concatBytes(domain, Uint8Array.of(worker.length), worker, uint64Bytes(taskId), digest, uint64Bytes(size), uint64Bytes(meter), stateHash, salt));
}
