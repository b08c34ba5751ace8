/** MsgSealKeys: the key of a job or service, sealed to providers that have tasks or instances of it. */
import { InstanceState, ReplicaState } from "../../../codec/gen/dcm/market/v1/types.ts";
import type { MsgSealKeys, MsgSealKeysResponse } from "../../../codec/gen/dcm/market/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { atMost, canonical } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit, subjectOf } from "../events.ts";
import { inRange } from "../params.ts";
import { instances, instancesByProvider, jobs, joinKey, nextJobId, seals, services, tasks, tasksByProvider, within } from "../state.ts";
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
      for (const { provider: text, sealedKey } of message.keys) {
        const provider = canonical(text, "provider");
        const key = [job.id, addressBytes(provider)] as const;
        if (seals.has(ctx, key)) fail(errors.alreadySealed, { job: job.id, provider });
        if (job.spec!.consumerKey.length === 0 || !(taskWaits(ctx, job.id, provider, tau) || instanceWaits(ctx, job.id, provider, tau))) fail(errors.nothingToSeal, { job: job.id, provider });
        seals.set(ctx, key, { jobId: job.id, provider, sealedKey, sealedTau: tau });
        emit(ctx, "EventKeySealed", { ...subjectOf({ id: job.id, service: !jobs.has(ctx, job.id) }), consumer, provider });
      }
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const jobId = 1n + random.bigint(nextJobId.find(ctx) ?? 1n);
      return { consumer: (jobs.find(ctx, jobId) ?? services.find(ctx, jobId))?.consumer ?? random.pick(accounts), jobId, keys: [{ provider: random.pick(accounts), sealedKey: Uint8Array.of(1) }] };
    },
  };
}

/** The provider has a replica of the job that waits for its key and is not late. */
function taskWaits(ctx: Context, jobId: bigint, provider: string, tau: bigint): boolean {
  const range = joinKey(within.address(addressBytes(provider)), within.job(jobId));
  for (const [[, id]] of tasksByProvider.entries(ctx, { within: range })) {
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
