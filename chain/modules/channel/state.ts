/** The keys of store `channel`; the README has them as a table. Numbers in keys are big-endian, so that byte order is numeric order. */
import { Channel, Params } from "../../codec/gen/dcm/channel/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { bytesKey, item, map, pairKey, present, proto, uint64Key, uint64Value } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";

export const storeName = "channel";
/** The module account that holds deposits and storage deposits. */
export const escrowAccount = "channel";

export const params = item(storeName, Uint8Array.of(0x01), proto(Params));
/** Only ever rises: an id is never used again. */
export const nextChannelId = item(storeName, Uint8Array.of(0x02), uint64Value);
export const channels = map(storeName, Uint8Array.of(0x03), uint64Key, proto(Channel));
export const channelsByPayer = map(storeName, Uint8Array.of(0x04), pairKey(bytesKey, uint64Key), present);
export const channelsByRecipient = map(storeName, Uint8Array.of(0x05), pairKey(bytesKey, uint64Key), present);
/** (ends_tau, id) of each channel with an end: due where that lies behind the present. */
export const dueQueue = map(storeName, Uint8Array.of(0x06), pairKey(uint64Key, uint64Key), present);

/** Writes a new record with its indexes. */
export function addChannel(ctx: Context, channel: Channel): void {
  channels.set(ctx, channel.id, channel);
  channelsByPayer.set(ctx, [addressBytes(channel.payer), channel.id], true);
  channelsByRecipient.set(ctx, [addressBytes(channel.recipient), channel.id], true);
  if (channel.endsTau !== 0n) dueQueue.set(ctx, [channel.endsTau, channel.id], true);
}

/** Writes a changed record; its end may have moved. */
export function saveChannel(ctx: Context, before: Channel, after: Channel): void {
  channels.set(ctx, after.id, after);
  if (before.endsTau === after.endsTau) return;
  if (before.endsTau !== 0n) dueQueue.remove(ctx, [before.endsTau, before.id]);
  if (after.endsTau !== 0n) dueQueue.set(ctx, [after.endsTau, after.id], true);
}

export function removeChannel(ctx: Context, channel: Channel): void {
  channels.remove(ctx, channel.id);
  channelsByPayer.remove(ctx, [addressBytes(channel.payer), channel.id]);
  channelsByRecipient.remove(ctx, [addressBytes(channel.recipient), channel.id]);
  if (channel.endsTau !== 0n) dueQueue.remove(ctx, [channel.endsTau, channel.id]);
}
