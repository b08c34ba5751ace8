/** Events, all of package dcm.channel.v1. They are enough to rebuild every channel; the README lists their attributes. */
import type { Channel } from "../../codec/gen/dcm/channel/v1/types.ts";
import { toHex } from "../../codec/bytes.ts";
import type { Context } from "../../runtime/context.ts";

type Attributes = Readonly<Record<string, string | bigint | number>>;

function emit(ctx: Context, name: string, attributes: Attributes): void {
  ctx.emit(`dcm.channel.v1.${name}`, Object.entries(attributes).map(([key, value]) => [key, String(value)] as const));
}

/** Both parties find what concerns them. */
const parties = ({ id, payer, recipient, denom, organization }: Channel): Attributes => ({ channel_id: id, payer, recipient, denom, organization });

export function channelOpened(ctx: Context, channel: Channel): void {
  emit(ctx, "EventChannelOpened", {
    ...parties(channel), deposited: channel.deposited, voucher_key: toHex(channel.voucherKey), opened_tau: channel.openedTau, expires_tau: channel.expiresTau,
    closing_period: channel.closingPeriod, fee_bps: channel.feeBps, opened_by: channel.openedBy, storage_deposit: `${channel.storageDeposit!.amount}${channel.storageDeposit!.denom}`,
  });
}

export function channelToppedUp(ctx: Context, channel: Channel, amount: bigint): void {
  emit(ctx, "EventChannelToppedUp", { ...parties(channel), amount, deposited: channel.deposited });
}

export function voucherRedeemed(ctx: Context, channel: Channel, sender: string, paid: bigint, fee: bigint): void {
  emit(ctx, "EventVoucherRedeemed", { ...parties(channel), sender, paid, fee, redeemed: channel.redeemed });
}

export function channelClosing(ctx: Context, channel: Channel): void {
  emit(ctx, "EventChannelClosing", { ...parties(channel), closing_tau: channel.closingTau, ends_tau: channel.endsTau });
}

/** `recipient`: it closed; `redeemed`: the payer closed and nothing was left; `closed`: the closing period is over; `expired`. */
export type EndReason = "recipient" | "redeemed" | "closed" | "expired";

export function channelEnded(ctx: Context, channel: Channel, reason: EndReason, refunded: bigint): void {
  emit(ctx, "EventChannelEnded", {
    ...parties(channel), reason, deposited: channel.deposited, redeemed: channel.redeemed, refunded, storage_deposit: `${channel.storageDeposit!.amount}${channel.storageDeposit!.denom}`,
  });
}

export function paramsUpdated(ctx: Context, authority: string): void {
  emit(ctx, "EventParamsUpdated", { authority });
}
