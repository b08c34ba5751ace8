/** MsgDeclineTask: program, input or key could not be had. */
import { ReplicaState } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgDeclineTask, MsgDeclineTaskResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { textAtMost } from "../checks.ts";
import { emit } from "../events.ts";
import { decline } from "../task-machine.ts";
import { apply } from "../tasks.ts";
import { arbitraryReplica, checkWorker, replicaFor } from "./worker-message.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function declineTask(ports: MarketPorts): MessageHandler<MsgDeclineTask, MsgDeclineTaskResponse> {
  return {
    signers: (message) => [message.worker],
    check(message) {
      checkWorker(message);
      textAtMost("reason", message.reason, 256);
    },
    execute(ctx, message) {
      const { task, job, terms, replica } = replicaFor(ctx, ports, message, ReplicaState.REPLICA_STATE_ASSIGNED);
      const free = ports.providers.freeDeclines(ctx, addressBytes(replica.provider)) > 0;
      emit(ctx, "EventTaskDeclined", { task_id: task.id, job_id: job.id, provider: replica.provider, consumer: job.consumer, free: String(free), reason: message.reason });
      apply(ctx, ports, task, decline(task, terms, replica.provider, free, ports.clock.tau(ctx)));
      return {};
    },
    arbitrary(world) {
      const message = world.random.chance(10) ? arbitraryReplica(world) : undefined;
      return message === undefined ? undefined : { ...message, reason: "not found" };
    },
  };
}
