/** MsgStartTask: the worker has what it needs; time for the result begins. */
import { ReplicaState } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgStartTask, MsgStartTaskResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { commitDueOf, start } from "../task-machine.ts";
import { apply } from "../tasks.ts";
import { arbitraryReplica, checkWorker, replicaFor } from "./worker-message.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function startTask(ports: MarketPorts): MessageHandler<MsgStartTask, MsgStartTaskResponse> {
  return {
    signers: (message) => [message.worker],
    check: checkWorker,
    execute(ctx, message) {
      const found = replicaFor(ctx, ports, message, ReplicaState.REPLICA_STATE_ASSIGNED);
      const { task, terms, replica } = found;
      const tau = ports.clock.tau(ctx);
      apply(ctx, ports, task, start(task, terms, replica.provider, tau), found);
      return { commitDueTau: tau + commitDueOf(terms) };
    },
    arbitrary: arbitraryReplica,
  };
}
