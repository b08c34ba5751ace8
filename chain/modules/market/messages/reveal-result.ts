/** MsgRevealResult: opens the commitment. */
import { ReplicaState, type Job, type Result, type Task } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgRevealResult, MsgRevealResultResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { equalBytes } from "../../../codec/bytes.ts";
import { fail } from "../../../runtime/errors.ts";
import { size, textAtMost } from "../checks.ts";
import { commitmentOf } from "../commitment.ts";
import { errors } from "../errors.ts";
import { emit, taskStateName } from "../events.ts";
import { inRange } from "../params.ts";
import { isRefereed } from "../settlement.ts";
import { mayReveal, reveal } from "../task-machine.ts";
import type { Terms } from "../task-run.ts";
import { apply } from "../tasks.ts";
import { toHex } from "../../../codec/bytes.ts";
import { checkFinal, registersBytes } from "../../../vm/state-hash.ts";
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
      if (result.final === undefined) return;
      size("result.final.registers", result.final.registers, registersBytes);
      size("result.final.low_root", result.final.lowRoot, 32);
      size("result.final.input_root", result.final.inputRoot, 32);
    },

    execute(ctx, message) {
      const found = replicaFor(ctx, ports, message, ReplicaState.REPLICA_STATE_COMMITTED);
      const { task, job, terms, replica } = found;
      const result = message.result!;
      if (!mayReveal(task, replica)) fail(errors.notRevealing, { task: task.id, state: taskStateName(task.state) });
      checkFinalState(job, task, terms, result);
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

/** A refereed result says how its machine ended, and nothing that its own numbers contradict; others say nothing of the kind. */
function checkFinalState(job: Job, task: Task, { meterPerLot }: Terms, { final, digest, size: bytes, meter }: Result): void {
  if (!isRefereed(job.verification)) {
    if (final !== undefined) fail(errors.invalidField, { field: "result.final", value: "set", limit: "left out: the job is not refereed" });
    return;
  }
  const fault = final === undefined ? "it is missing" : checkFinal({ final, outputRoot: digest, size: bytes, meter, meterLimit: task.lots * meterPerLot, maxResultSize: job.spec!.maxResultSize });
  if (fault !== undefined) fail(errors.invalidFinal, { task: task.id, fault });
}
