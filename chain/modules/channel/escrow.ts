/** Money in and out of the module's account. Nothing else in the module moves coins. */
import type { Channel } from "../../codec/gen/dcm/channel/v1/types.ts";
import type { CostTag } from "../../codec/gen/dcm/market/v1/types.ts";
import { HoldingKind } from "../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes, moduleAddress } from "../../codec/address.ts";
import { addCoins, type Money } from "../../runtime/coins.ts";
import { channelEnded, type EndReason } from "./events.ts";
import { escrowAccount, removeChannel } from "./state.ts";
import { heldBy, type Redemption } from "./terms.ts";
import type { Context } from "../../runtime/context.ts";
import type { HoldingRef, ProviderFacts } from "../organization/ports.ts";
import type { ChannelPorts } from "./ports.ts";

export const escrowAddress = moduleAddress(escrowAccount);

const positiveCoins = ({ denom, amount }: Money): Money[] => (amount > 0n ? [{ denom, amount }] : []);

/** The storage deposit as the record has it. */
export function storageDepositOf({ storageDeposit }: Channel): Money {
  return { denom: storageDeposit!.denom, amount: BigInt(storageDeposit!.amount) };
}

export interface Spend {
  readonly signer: string;
  /** Empty: none. */
  readonly organization: string;
  readonly channelId: bigint;
  readonly recipient: string;
  readonly purpose: "channel" | "channel-top-up";
  readonly costTags: readonly CostTag[];
  readonly amount: Money;
  /** Zero where the record is there already. */
  readonly storageDeposit: Money;
}

const holdingOf = (id: bigint): HoldingRef => ({ kind: HoldingKind.HOLDING_KIND_CHANNEL, id });

/** The one way by which a user's money comes in: the signer's own, or its organization's, within role, policy and budgets. Denoms must be open for sending. */
export function authorizeSpend(ctx: Context, ports: ChannelPorts, { signer, organization, channelId, recipient, purpose, costTags, amount, storageDeposit }: Spend): void {
  ports.bank.requireSendEnabled(ctx, [amount]);
  ports.organizations.authorizeSpend(ctx, {
    signer, organization, payer: "", coins: addCoins([amount], positiveCoins(storageDeposit)), into: escrowAccount, holding: holdingOf(channelId), purpose, costTags, work: {}, provider: recipientFacts(ctx, ports, addressBytes(recipient)),
  });
}

/** What a policy may look at in who is paid: of an account that is no provider, its address. */
function recipientFacts(ctx: Context, ports: ChannelPorts, address: Uint8Array): ProviderFacts {
  return {
    address, attributes: ports.providers.find(ctx, address)?.attributes ?? [],
    attested: (key, value, auditors) => ports.attestations.attested(ctx, address, key, value, ports.clock.tau(ctx), auditors),
  };
}

/** What an organization has in the channel; 0 where it is nobody's but the payer's. */
export function outstandingOf(ctx: Context, ports: ChannelPorts, { id, payer }: Channel, denom: string): bigint {
  return ports.organizations.outstanding(ctx, holdingOf(id), payer, denom);
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
  ports.organizations.refund(ctx, escrowAddress, holdingOf(channel.id), channel.payer, coins);
  ports.organizations.close(ctx, holdingOf(channel.id));
  removeChannel(ctx, channel);
  channelEnded(ctx, channel, reason, refunded);
  return refunded;
}
