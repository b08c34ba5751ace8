/** What a worker commits to before anybody reveals. */
import { utf8, writeUint64 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { finalHash } from "../../vm/state-hash.ts";
import type { Result } from "../../codec/gen/dcm/market/v1/types.ts";

const domain = utf8("dcm/commit/v1");

/** SHA-256 of domain || worker (length, bytes) || task || digest || size || meter || of a refereed result its state hash || salt; numbers are 8 bytes, big-endian. */
export function commitmentOf(worker: Uint8Array, taskId: bigint, { digest, size, meter, final }: Pick<Result, "digest" | "size" | "meter" | "final">, salt: Uint8Array): Uint8Array {
  const stateHash = final === undefined ? undefined : finalHash(final, digest);
  const out = new Uint8Array(domain.length + 1 + worker.length + 24 + digest.length + (stateHash?.length ?? 0) + salt.length);
  let at = 0;
  const put = (bytes: Uint8Array): void => {
    for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i]!;
    at += bytes.length;
  };
  const putNumber = (value: bigint): void => {
    writeUint64(out, at, value);
    at += 8;
  };
  put(domain);
  out[at++] = worker.length;
  put(worker);
  putNumber(taskId);
  put(digest);
  putNumber(size);
  putNumber(meter);
  if (stateHash !== undefined) put(stateHash);
  put(salt);
  return sha256(out);
}
