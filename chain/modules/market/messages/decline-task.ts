/** MsgDeclineTask: program, input or key could not be had. A free decline takes the provider out of the whole job. */
import { ReplicaState, type Task } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgDeclineTask, MsgDeclineTaskResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { uint64Bytes } from "../../../codec/bytes.ts";
import { textAtMost } from "../checks.ts";
import { emit } from "../events.ts";
import { declines, joinKey, liveTasksByProvider, within } from "../state.ts";
import { decline, mayDecline, type DeclineCost } from "../task-machine.ts";
import { apply, isOver, loadTask } from "../tasks.ts";
import { arbitraryReplica, checkWorker, replicaFor } from "./worker-message.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

/** Tasks of the provider that one message looks at, at most: the named one and those behind it. */
export const maxDeclined = 64;

export function declineTask(ports: MarketPorts): MessageHandler<MsgDeclineTask, MsgDeclineTaskResponse> {
  return {
    signers: (message) => [message.worker],
    check(message) {
      checkWorker(message);
      textAtMost("reason", message.reason, 256);
    },
    execute(ctx, message) {
      const { task, job, replica } = replicaFor(ctx, ports, message, ReplicaState.REPLICA_STATE_ASSIGNED);
      const { provider } = replica;
      const address = addressBytes(provider);
      const cost: DeclineCost = declines.has(ctx, [job.id, address]) ? "nothing" : ports.providers.freeDeclines(ctx, address) > 0 ? "allowance" : "stake";
      const others = cost === "stake" ? [] : laterTasks(ctx, address, task);
      if (cost === "allowance") declines.set(ctx, [job.id, address], true);
      const { gas } = ctx;
      let tasks = 0;
      let dearest = 0;
      // The named one, and as many of the others as the gas reaches for: what one costs depends on the consumer's job, and with too little gas none would be declined.
      for (const id of [task.id, ...others]) {
        const before = gas.used;
        if (tasks > 0 && gas.limit - before < 2 * dearest) break;
        tasks += declineOne(ctx, ports, provider, id, id === task.id ? cost : "nothing", message.reason);
        dearest = Math.max(dearest, gas.used - before);
      }
      return { tasks };
    },
    arbitrary(world) {
      const message = world.random.chance(10) ? arbitraryReplica(world) : undefined;
      return message === undefined ? undefined : { ...message, reason: "not found" };
    },
  };
}

/** The provider's next live tasks of the job, read before anything is written. */
function laterTasks(ctx: Context, address: Uint8Array, task: Task): bigint[] {
  const out: bigint[] = [];
  const owner = within.address(address);
  for (const [[, id]] of liveTasksByProvider.entries(ctx, { within: joinKey(owner, within.job(task.jobId)), from: joinKey(owner, uint64Bytes(task.id + 1n)) })) {
    if (out.length === maxDeclined - 1) break;
    out.push(id);
  }
  return out;
}

/** Gives 1 where the provider had a replica that did not start, else 0. */
function declineOne(ctx: Context, ports: MarketPorts, provider: string, id: bigint, cost: DeclineCost, reason: string): number {
  const { task, job, terms } = loadTask(ctx, ports, id)!;
  const replica = task.replicas.find((one) => one.provider === provider);
  if (isOver(task.state) || replica === undefined || !mayDecline(replica)) return 0;
  emit(ctx, "EventTaskDeclined", { task_id: id, job_id: job.id, provider, consumer: job.consumer, free: String(cost !== "stake"), reason });
  apply(ctx, ports, task, decline(task, terms, provider, cost, ports.clock.tau(ctx)));
  return 1;
}
