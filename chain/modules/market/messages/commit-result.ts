/** MsgCommitResult: binds the worker to its result before anybody reveals. */
import { ReplicaState } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgCommitResult, MsgCommitResultResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { size } from "../checks.ts";
import { commit } from "../task-machine.ts";
import { apply } from "../tasks.ts";
import { arbitraryReplica, checkWorker, replicaFor } from "./worker-message.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function commitResult(ports: MarketPorts): MessageHandler<MsgCommitResult, MsgCommitResultResponse> {
  return {
    lane: "reserved",
    signers: (message) => [message.worker],
    check(message) {
      checkWorker(message);
      size("commitment", message.commitment, 32);
    },
    execute(ctx, message) {
      const found = replicaFor(ctx, ports, message, ReplicaState.REPLICA_STATE_RUNNING);
      const { task, terms, replica, worker } = found;
      apply(ctx, ports, task, commit(task, terms, replica.provider, worker, message.commitment, ports.clock.tau(ctx)), found);
      return {};
    },
    arbitrary(world) {
      const message = arbitraryReplica(world);
      return message === undefined ? undefined : { ...message, commitment: new Uint8Array(32) };
    },
  };
}
