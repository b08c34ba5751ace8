/** What the messages of workers share: who signs, which replica they are about, what a simulation sends. */
import type { ReplicaState} from "../../../codec/gen/dcm/market/v1/types.ts";
import { type Replica } from "../../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, requireWorker } from "../checks.ts";
import { errors } from "../errors.ts";
import { replicaStateName } from "../events.ts";
import { tasksByProvider, within } from "../state.ts";
import { loadReplica } from "../tasks.ts";
import type { Context } from "../../../runtime/context.ts";
import type { World } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export interface WorkerMessage {
  readonly worker: string;
  readonly provider: string;
  readonly taskId: bigint;
}

export function checkWorker(message: Pick<WorkerMessage, "worker" | "provider">): void {
  canonical(message.worker, "worker");
  canonical(message.provider, "provider");
}

/** The live replica, brought up to date, in one of these states. */
export function replicaFor(ctx: Context, ports: MarketPorts, message: WorkerMessage, ...states: readonly ReplicaState[]): ReturnType<typeof loadReplica> & { readonly worker: string } {
  const worker = canonical(message.worker, "worker");
  const provider = canonical(message.provider, "provider");
  requireWorker(ctx, worker, provider);
  const found = loadReplica(ctx, ports, message.taskId, provider);
  requireState(found.replica, message.taskId, states);
  return { ...found, worker };
}

function requireState(replica: Replica, task: bigint, states: readonly ReplicaState[]): void {
  if (!states.includes(replica.state)) fail(errors.wrongState, { task, state: replicaStateName(replica.state), needed: states.map(replicaStateName).join(" or ") });
}

/** A task that one of the accounts has a part in. */
export function arbitraryReplica({ ctx, accounts, random }: World): WorkerMessage | undefined {
  const provider = random.pick(accounts);
  const ids = Array.from(tasksByProvider.entries(ctx, { within: within.address(addressBytes(provider)) }), ([[, id]]) => id);
  return ids.length === 0 ? undefined : { worker: provider, provider, taskId: random.pick(ids) };
}
