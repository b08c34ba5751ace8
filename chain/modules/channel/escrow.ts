/** Money in and out of the module's account. Nothing else in the module moves coins. */
import type { Channel } from "../../codec/gen/dcm/channel/v1/types.ts";
import { addressBytes, moduleAddress } from "../../codec/address.ts";
import { addCoins, type Money } from "../../runtime/coins.ts";
import { fail } from "../../runtime/errors.ts";
import { errors } from "./errors.ts";
import { channelEnded, type EndReason } from "./events.ts";
import { escrowAccount, removeChannel } from "./state.ts";
import { heldBy, type Redemption } from "./terms.ts";
import type { Context } from "../../runtime/context.ts";
import type { ChannelPorts } from "./ports.ts";

export const escrowAddress = moduleAddress(escrowAccount);

const positiveCoins = ({ denom, amount }: Money): Money[] => (amount > 0n ? [{ denom, amount }] : []);

/** The storage deposit as the record has it. */
export function storageDepositOf({ storageDeposit }: Channel): Money {
  return { denom: storageDeposit!.denom, amount: BigInt(storageDeposit!.amount) };
}

export interface Spend {
  readonly payer: string;
  /** Empty: none. */
  readonly organization: string;
  readonly amount: Money;
  /** Zero where the record is there already. */
  readonly storageDeposit: Money;
}

/** The one way by which a user's money comes in. Organizations with budgets and policies are refused by name; denoms must be open for sending. */
export function authorizeSpend(ctx: Context, ports: ChannelPorts, { payer, organization, amount, storageDeposit }: Spend): void {
  if (organization !== "") fail(errors.notServed, { field: "organization", value: organization });
  ports.bank.requireSendEnabled(ctx, [amount]);
  ports.bank.send(ctx, addressBytes(payer), ports.accounts.moduleAccount(ctx, escrowAccount), addCoins([amount], positiveCoins(storageDeposit)));
}

/** Pays what a voucher is worth. A denom that was closed for sending meanwhile is paid all the same: the recipient has earned it. */
export function payRecipient(ctx: Context, ports: ChannelPorts, channel: Channel, { paid, fee }: Redemption): void {
  const { denom } = channel;
  if (paid > 0n) ports.bank.send(ctx, escrowAddress, addressBytes(channel.recipient), [{ denom, amount: paid }]);
  if (fee > 0n) ports.bank.send(ctx, escrowAddress, ports.accounts.moduleAccount(ctx, "fee_collector"), [{ denom, amount: fee }]);
}

/** The channel is over: what it holds and its storage deposit go back to the payer, its record goes. Gives what went back, the storage deposit not counted. */
export function endChannel(ctx: Context, ports: ChannelPorts, channel: Channel, reason: EndReason): bigint {
  const refunded = heldBy(channel);
  const coins = addCoins(positiveCoins({ denom: channel.denom, amount: refunded }), positiveCoins(storageDepositOf(channel)));
  if (coins.length > 0) ports.bank.send(ctx, escrowAddress, addressBytes(channel.payer), coins);
  removeChannel(ctx, channel);
  channelEnded(ctx, channel, reason, refunded);
  return refunded;
}
