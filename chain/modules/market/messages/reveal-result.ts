/** MsgRevealResult: opens the commitment. */
import { ReplicaState } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgRevealResult, MsgRevealResultResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { fail } from "../../../runtime/errors.ts";
import { size, textAtMost } from "../checks.ts";
import { commitmentOf } from "../commitment.ts";
import { errors } from "../errors.ts";
import { emit, taskStateName } from "../events.ts";
import { inRange } from "../params.ts";
import { mayReveal, reveal } from "../task-machine.ts";
import { apply } from "../tasks.ts";
import { toHex } from "../../../codec/bytes.ts";
import { arbitraryReplica, checkWorker, replicaFor } from "./worker-message.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function revealResult(ports: MarketPorts): MessageHandler<MsgRevealResult, MsgRevealResultResponse> {
  return {
    lane: "reserved",
    signers: (message) => [message.worker],

    check(message) {
      checkWorker(message);
      const { result } = message;
      if (result?.blob === undefined) fail(errors.invalidField, { field: "result", value: "missing", limit: "given, with its blob" });
      size("result.digest", result.digest, 32);
      size("result.blob.digest", result.blob.digest, 32);
      size("salt", message.salt, 32);
      inRange("result.blob.size", result.blob.size, 0n, 1n << 41n);
      textAtMost("result.url", result.url, 256);
      if (result.final !== undefined) fail(errors.notServed, { field: "result.final", value: "set" });
    },

    execute(ctx, message) {
      const found = replicaFor(ctx, ports, message, ReplicaState.REPLICA_STATE_COMMITTED);
      const { task, job, terms, replica } = found;
      const result = message.result!;
      if (!mayReveal(task, replica)) fail(errors.notRevealing, { task: task.id, state: taskStateName(task.state) });
      if (!equalBytes(commitmentOf(addressBytes(replica.worker), task.id, result, message.salt), replica.commitment)) fail(errors.wrongCommitment, { task: task.id });
      inRange("result.size", result.size, 0n, job.spec!.maxResultSize);
      emit(ctx, "EventResultRevealed", { task_id: task.id, job_id: job.id, provider: replica.provider, consumer: job.consumer, digest: toHex(result.digest), size: result.size, meter: result.meter });
      return { taskState: apply(ctx, ports, task, reveal(task, terms, replica.provider, result, ports.clock.tau(ctx)), found).state };
    },

    arbitrary(world) {
      const message = arbitraryReplica(world);
      if (message === undefined) return undefined;
      return { ...message, result: { digest: new Uint8Array(32), size: 1n, meter: 1n, blob: { digest: new Uint8Array(32), size: 1n }, url: "", final: undefined }, salt: new Uint8Array(32) };
    },
  };
}
