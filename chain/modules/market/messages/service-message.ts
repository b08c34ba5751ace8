/** What messages about an instance share. */
import type { Instance, InstanceState } from "../../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, requireWorker } from "../checks.ts";
import { errors } from "../errors.ts";
import { instanceStateName } from "../events.ts";
import { heldInstance, type LoadedInstance } from "../services/services.ts";
import { instances, instancesByProvider, within } from "../state.ts";
import type { Context } from "../../../runtime/context.ts";
import type { World } from "../../../runtime/module.ts";
import type { MarketPorts } from "../ports.ts";

export interface ServiceMessage {
  readonly worker: string;
  readonly provider: string;
  readonly instanceId: bigint;
}

/** The provider's instance, brought up to date, in one of these states. */
export function instanceFor(ctx: Context, ports: MarketPorts, message: ServiceMessage, ...states: readonly InstanceState[]): LoadedInstance {
  const provider = canonical(message.provider, "provider");
  requireWorker(ctx, canonical(message.worker, "worker"), provider);
  const found = heldInstance(ctx, ports, message.instanceId);
  if (found.instance.provider !== provider) fail(errors.notProviderOf, { id: message.instanceId, provider });
  if (!states.includes(found.instance.state)) {
    fail(errors.wrongInstanceState, { id: message.instanceId, state: instanceStateName(found.instance.state), needed: states.map(instanceStateName).join(" or ") });
  }
  return found;
}

/** An instance that one of the accounts serves. */
export function arbitraryServed({ ctx, accounts, random }: World): ServiceMessage | undefined {
  const provider = random.pick(accounts);
  const ids = Array.from(instancesByProvider.entries(ctx, { within: within.address(addressBytes(provider)) }), ([[, id]]) => id);
  return ids.length === 0 ? undefined : { worker: provider, provider, instanceId: random.pick(ids) };
}

export function arbitraryInstance({ ctx, random }: World): Instance | undefined {
  const known = Array.from(instances.entries(ctx), ([, one]) => one);
  return known.length === 0 ? undefined : random.pick(known);
}
