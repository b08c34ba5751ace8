/** Leases: which provider serves which job or service at which price, as it was agreed. */
import { Lease, Term, type Ask, type Bid, type CostTag } from "../../codec/gen/dcm/market/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { bookOf } from "./asks.ts";
import { leaseCreated } from "./events.ts";
import { requiredBy } from "./profiles.ts";
import { leases, leasesByJob, leasesByProvider, nextLeaseId, take } from "./state.ts";
import type { Context } from "../../runtime/context.ts";

interface Agreed {
  readonly units: number;
  readonly lots: bigint;
  readonly price: bigint;
  readonly profileId: number;
  readonly drawn: boolean;
  readonly costTags: readonly CostTag[];
  readonly jurisdiction: string;
  /** Spot where not given. */
  readonly term?: Term;
  readonly tau: bigint;
}

export function createLease(ctx: Context, bid: Bid, paramsVersion: bigint, ask: Ask, agreed: Agreed): Lease {
  const lease = Lease.fromPartial({
    id: take(ctx, nextLeaseId), jobId: bid.id, askId: ask.id, provider: ask.provider, consumer: bid.consumer, classId: bid.classId, quoteDenom: bid.quoteDenom,
    attributes: requiredBy(ctx, bookOf(bid), agreed.profileId), units: agreed.units, lots: agreed.lots, price: agreed.price, term: agreed.term ?? (ask.positionId === 0n ? Term.TERM_SPOT : Term.TERM_FORWARD), paramsVersion, createdTau: agreed.tau,
    drawn: agreed.drawn, reclaimNotice: bid.reclaimNotice, organization: bid.organization, costTags: [...agreed.costTags], jurisdiction: agreed.jurisdiction,
  });
  leases.set(ctx, lease.id, lease);
  leasesByJob.set(ctx, [bid.id, lease.id], true);
  leasesByProvider.set(ctx, [addressBytes(ask.provider), lease.id], true);
  leaseCreated(ctx, lease, bid);
  return lease;
}

export function removeLease(ctx: Context, id: bigint): void {
  const lease = leases.find(ctx, id);
  if (lease === undefined) return;
  leases.remove(ctx, id);
  leasesByJob.remove(ctx, [lease.jobId, id]);
  leasesByProvider.remove(ctx, [addressBytes(lease.provider), id]);
}
