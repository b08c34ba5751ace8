/** MsgSealKeys: the key of a job or service, sealed to providers that have tasks or instances of it. */
import { InstanceState, ReplicaState, type Job, type Service } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgSealKeys, MsgSealKeysResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { errorOf, fail, type TxError } from "../../../runtime/errors.ts";
import { atMost, canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit, subjectOf } from "../events.ts";
import { inRange } from "../params.ts";
import { instances, instancesByProvider, jobs, joinKey, liveTasksByProvider, nextJobId, seals, services, tasks, within } from "../state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export function sealKeys(ports: MarketPorts): MessageHandler<MsgSealKeys, MsgSealKeysResponse> {
  return {
    lane: "reserved",
    signers: (message) => [message.consumer],

    check(message) {
      canonical(message.consumer, "consumer");
      inRange("keys", message.keys.length, 1, 64);
      for (const { provider, sealedKey } of message.keys) {
        canonical(provider, "provider");
        if (sealedKey.length === 0) fail(errors.invalidField, { field: "keys.sealed_key", value: "empty", limit: "1 to 160 bytes" });
        atMost("keys.sealed_key", sealedKey.length, 160, "bytes");
      }
    },

    execute(ctx, message) {
      const consumer = canonical(message.consumer, "consumer");
      const job = jobs.find(ctx, message.jobId) ?? services.find(ctx, message.jobId);
      if (job === undefined) fail(errors.unknownJob, { id: message.jobId });
      if (job.consumer !== consumer) fail(errors.notYours, { what: `job or service ${job.id}`, owner: job.consumer, signer: consumer });
      const tau = ports.clock.tau(ctx);
      const faults: TxError[] = [];
      for (const { provider: text, sealedKey } of message.keys) {
        const provider = canonical(text, "provider");
        const fault = faultOf(ctx, job, provider, tau);
        if (fault !== undefined) {
          faults.push(fault);
          continue;
        }
        seals.set(ctx, [job.id, addressBytes(provider)], { jobId: job.id, provider, sealedKey, sealedTau: tau });
        emit(ctx, "EventKeySealed", { ...subjectOf({ id: job.id, service: !jobs.has(ctx, job.id) }), consumer, provider });
      }
      // One that does not wait any more keeps nobody else from the key.
      if (faults.length === message.keys.length) throw faults[0];
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const jobId = 1n + random.bigint(nextJobId.find(ctx) ?? 1n);
      return { consumer: (jobs.find(ctx, jobId) ?? services.find(ctx, jobId))?.consumer ?? random.pick(accounts), jobId, keys: [{ provider: random.pick(accounts), sealedKey: Uint8Array.of(1) }] };
    },
  };
}

/** Why the provider gets no key; undefined where it waits for one. */
function faultOf(ctx: Context, { id, spec }: Job | Service, provider: string, tau: bigint): TxError | undefined {
  if (seals.has(ctx, [id, addressBytes(provider)])) return errorOf(errors.alreadySealed, { job: id, provider });
  const waits = spec!.consumerKey.length > 0 && (taskWaits(ctx, id, provider, tau) || instanceWaits(ctx, id, provider, tau));
  return waits ? undefined : errorOf(errors.nothingToSeal, { job: id, provider });
}

/** The provider has a replica of the job that waits for its key and is not late. */
function taskWaits(ctx: Context, jobId: bigint, provider: string, tau: bigint): boolean {
  const range = joinKey(within.address(addressBytes(provider)), within.job(jobId));
  for (const [[, id]] of liveTasksByProvider.entries(ctx, { within: range })) {
    const replica = tasks.find(ctx, id)?.replicas.find((one) => one.provider === provider);
    if (replica?.state === ReplicaState.REPLICA_STATE_SEALING && tau <= replica.dueTau) return true;
  }
  return false;
}

/** The provider has an instance of the service that waits for its key and is not late. */
function instanceWaits(ctx: Context, serviceId: bigint, provider: string, tau: bigint): boolean {
  const range = joinKey(within.address(addressBytes(provider)), within.job(serviceId));
  for (const [[, id]] of instancesByProvider.entries(ctx, { within: range })) {
    const instance = instances.find(ctx, id);
    if (instance?.state === InstanceState.INSTANCE_STATE_SEALING && tau <= instance.dueTau) return true;
  }
  return false;
}
