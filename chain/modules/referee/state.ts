/** The keys of store `referee`; the README has them as a table. */
import { Dispute, Params, Proof } from "../../codec/gen/dcm/referee/v1/types.ts";
import { bytesKey, item, lastDecoded, map, pairKey, present, proto, rawValue, uint64Key, uint64Value } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";

export const storeName = "referee";
export const params = item(storeName, Uint8Array.of(0x01), lastDecoded(proto(Params)));
export const nextDisputeId = item(storeName, Uint8Array.of(0x02), uint64Value);
export const disputes = map(storeName, Uint8Array.of(0x03), uint64Key, proto(Dispute));
/** The boundaries that a challenger picks among, 32 bytes each. */
export const answers = map(storeName, Uint8Array.of(0x04), uint64Key, rawValue);
/** By number: what waits to be run, in order. */
export const proofs = map(storeName, Uint8Array.of(0x05), uint64Key, proto(Proof));
export const nextProof = item(storeName, Uint8Array.of(0x06), uint64Value);
/** What waits: how many proofs, and their bytes. */
export const waitingProofs = item(storeName, Uint8Array.of(0x07), uint64Value);
export const waitingBytes = item(storeName, Uint8Array.of(0x08), uint64Value);
/** (tau, dispute): when a turn is late, or a record goes. */
export const dueQueue = map(storeName, Uint8Array.of(0x10), pairKey(uint64Key, uint64Key), present);
/** (task, dispute): those that are not closed. */
export const liveByTask = map(storeName, Uint8Array.of(0x11), pairKey(uint64Key, uint64Key), present);
export const disputesByTask = map(storeName, Uint8Array.of(0x20), pairKey(uint64Key, uint64Key), present);
/** (provider or challenger, dispute). */
export const disputesByParty = map(storeName, Uint8Array.of(0x21), pairKey(bytesKey, uint64Key), present);

/** Prefixes of keys, for ranges. */
export const within = {
  task: (id: bigint): Uint8Array => uint64Key.encode(id),
  address: (address: Uint8Array): Uint8Array => bytesKey.encode(address),
};

/** Those of a task that are not closed, by id; at most `max_open` + `max_queued`, one of its consumer and its audits. */
export function liveOf(ctx: Context, taskId: bigint): Dispute[] {
  return Array.from(liveByTask.entries(ctx, { within: within.task(taskId) }), ([[, id]]) => disputes.find(ctx, id)!);
}

/** How many `liveOf` gives. */
export function liveCount(ctx: Context, taskId: bigint): number {
  return Array.from(liveByTask.entries(ctx, { within: within.task(taskId) })).length;
}
