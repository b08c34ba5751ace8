/** What holds at every block's end. */
import { addressBytes } from "../../codec/address.ts";
import { addCoins } from "../../runtime/coins.ts";
import { escrowAddress, outstandingOf, storageDepositOf } from "./escrow.ts";
import { channels, channelsByPayer, channelsByRecipient, dueQueue, nextChannelId } from "./state.ts";
import { endOf, heldBy } from "./terms.ts";
import type { MapOf } from "../../runtime/collections.ts";
import type { Context } from "../../runtime/context.ts";
import type { ChannelPorts } from "./ports.ts";

export function invariants(ports: ChannelPorts): Readonly<Record<string, (ctx: Context) => string | undefined>> {
  return { escrow: (ctx) => balances(ctx, ports), holdings: (ctx) => holdings(ctx, ports), records, indexes };
}

/** The account holds, of each denom, deposits less what was redeemed, and the storage deposits. */
function balances(ctx: Context, ports: ChannelPorts): string | undefined {
  const owed = new Map<string, bigint>();
  const owe = (denom: string, amount: bigint): void => void owed.set(denom, (owed.get(denom) ?? 0n) + amount);
  for (const [, channel] of channels.entries(ctx)) {
    owe(channel.denom, heldBy(channel));
    owe(storageDepositOf(channel).denom, storageDepositOf(channel).amount);
  }
  owe(ports.providers.bondDenom(ctx), 0n);
  for (const [denom, amount] of [...owed]) {
    const held = ports.bank.balance(ctx, escrowAddress, denom);
    if (held !== amount) return `the account holds ${held}${denom} and owes ${amount}${denom}`;
  }
  return undefined;
}

/** What an organization spent on a channel is its deposits, and its storage deposit. */
function holdings(ctx: Context, ports: ChannelPorts): string | undefined {
  for (const [id, channel] of channels.entries(ctx)) {
    if (channel.organization === "") continue;
    const storage = storageDepositOf(channel);
    const wanted = addCoins([{ denom: channel.denom, amount: BigInt(channel.deposited) }], storage.amount > 0n ? [storage] : []);
    for (const { denom, amount } of wanted) {
      const outstanding = outstandingOf(ctx, ports, channel, denom);
      if (outstanding !== amount) return `channel ${id}: ${channel.organization} has ${outstanding}${denom} in it, the channel says ${amount}`;
    }
  }
  return undefined;
}

function records(ctx: Context): string | undefined {
  const next = nextChannelId.get(ctx);
  for (const [id, channel] of channels.entries(ctx)) {
    if (id !== channel.id || id >= next) return `channel ${channel.id} stands under ${id}, the next id is ${next}`;
    if (channel.endsTau !== endOf(channel)) return `channel ${id} ends at ${channel.endsTau}, expiry and closing say ${endOf(channel)}`;
  }
  return undefined;
}

function indexes(ctx: Context): string | undefined {
  let [count, ending] = [0, 0];
  for (const [id, channel] of channels.entries(ctx)) {
    count++;
    if (!channelsByPayer.has(ctx, [addressBytes(channel.payer), id])) return `channel ${id} is not among those of its payer`;
    if (!channelsByRecipient.has(ctx, [addressBytes(channel.recipient), id])) return `channel ${id} is not among those of its recipient`;
    if (channel.endsTau === 0n) continue;
    ending++;
    if (!dueQueue.has(ctx, [channel.endsTau, id])) return `channel ${id} ends at ${channel.endsTau} and is not in the queue`;
  }
  const length = <K, V>(collection: MapOf<K, V>): number => Array.from(collection.entries(ctx)).length;
  if (length(channelsByPayer) !== count || length(channelsByRecipient) !== count) return `the indexes have ${length(channelsByPayer)} and ${length(channelsByRecipient)} entries for ${count} channels`;
  return length(dueQueue) === ending ? undefined : `the queue has ${length(dueQueue)} entries for ${ending} channels with an end`;
}
