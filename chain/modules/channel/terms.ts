/** What a channel's numbers say, as pure functions: when it ends, what it holds, what a voucher pays. */
import { ChannelStatus, type Channel } from "../../codec/gen/dcm/channel/v1/types.ts";
import { assert } from "../../runtime/errors.ts";
import { mulDivFloor } from "../../math/int.ts";

const bps = 10_000n;

/** A deadline counts at its own tau and is missed one millisecond later. */
export function isOver(channel: Channel, tau: bigint): boolean {
  return channel.endsTau !== 0n && tau > channel.endsTau;
}

export function statusOf(channel: Channel, tau: bigint): ChannelStatus {
  if (isOver(channel, tau)) return ChannelStatus.CHANNEL_STATUS_ENDED;
  return channel.closingTau === 0n ? ChannelStatus.CHANNEL_STATUS_OPEN : ChannelStatus.CHANNEL_STATUS_CLOSING;
}

/** The last tau at which vouchers are redeemed; 0 where none is set. A channel that closes keeps its expiry. */
export function endOf({ expiresTau, closingTau, closingPeriod }: Pick<Channel, "expiresTau" | "closingTau" | "closingPeriod">): bigint {
  if (closingTau === 0n) return expiresTau;
  const end = closingTau + closingPeriod;
  return expiresTau !== 0n && expiresTau < end ? expiresTau : end;
}

/** Who acts for the payer: itself, or the member that opened the channel with its organization's money. */
export const payingParty = ({ organization, openedBy, payer }: Pick<Channel, "organization" | "openedBy" | "payer">): string => (organization === "" ? payer : openedBy);

/** What the channel's account still holds for it, the storage deposit not counted. */
export function heldBy({ deposited, redeemed }: Pick<Channel, "deposited" | "redeemed">): bigint {
  const held = BigInt(deposited) - BigInt(redeemed);
  assert(held >= 0n, `a channel of ${deposited} has paid ${redeemed}`);
  return held;
}

export interface Redemption {
  /** All that was ever redeemed, after this. */
  readonly redeemed: bigint;
  /** To the recipient. */
  readonly paid: bigint;
  readonly fee: bigint;
}

/**
 * What a voucher of this cumulative amount pays, as far as the deposit goes; undefined where that is nothing. The fee is that on the whole
 * less that on what was redeemed before, rounded down for the recipient: redeeming in parts costs what redeeming once does.
 */
export function redemptionOf(channel: Pick<Channel, "deposited" | "redeemed" | "feeBps">, cumulative: bigint): Redemption | undefined {
  const [deposited, before] = [BigInt(channel.deposited), BigInt(channel.redeemed)];
  const redeemed = cumulative < deposited ? cumulative : deposited;
  if (redeemed <= before) return undefined;
  const feeOn = (amount: bigint): bigint => mulDivFloor(amount, BigInt(channel.feeBps), bps);
  const fee = feeOn(redeemed) - feeOn(before);
  return { redeemed, paid: redeemed - before - fee, fee };
}
