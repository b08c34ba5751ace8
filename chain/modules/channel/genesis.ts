/** Genesis: parameters and living channels. Indexes and the due queue are made anew from the records. */
import { GenesisState } from "../../codec/gen/dcm/channel/v1/genesis.ts";
import type { Channel } from "../../codec/gen/dcm/channel/v1/types.ts";
import { addressBytes } from "../../codec/address.ts";
import { isDenom, readAmount } from "../../runtime/coins.ts";
import { assert } from "../../runtime/errors.ts";
import type { Genesis } from "../../runtime/module.ts";
import { accountText, isName } from "../organization/ports.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { addChannel, channels, nextChannelId, params } from "./state.ts";
import { endOf } from "./terms.ts";

export const genesis: Genesis<GenesisState> = {
  type: GenesisState,
  defaults: () => ({ params: defaultParams(), channels: [], nextChannelId: 1n }),

  check(state) {
    assert(state.params !== undefined, "channel.params is missing");
    const fault = paramsFault(state.params);
    if (fault !== undefined) throw fault;
    assert(state.nextChannelId >= 1n, "channel.next_channel_id is at least 1");
    let last = 0n;
    for (const channel of state.channels) {
      assert(channel.id > last, `channel.channels: ids rise from 1, ${channel.id} stands behind ${last}`);
      assert(channel.id < state.nextChannelId, `channel.channels: id ${channel.id} is not below next_channel_id ${state.nextChannelId}`);
      checkChannel(channel);
      last = channel.id;
    }
  },

  init(ctx, state) {
    params.set(ctx, state.params!);
    nextChannelId.set(ctx, state.nextChannelId);
    for (const channel of state.channels) addChannel(ctx, channel);
  },

  export: (ctx) => ({ params: params.get(ctx), channels: Array.from(channels.entries(ctx), ([, channel]) => channel), nextChannelId: nextChannelId.get(ctx) }),
};

function checkChannel(channel: Channel): void {
  const where = `channel.channels: ${channel.id}`;
  addressBytes(channel.payer);
  addressBytes(channel.recipient);
  assert(channel.organization === "" ? channel.openedBy === "" : isName(channel.organization) && channel.payer === accountText(channel.organization) && addressBytes(channel.openedBy).length > 0, `${where}: the payer is the account of organization, which opened_by opened it for; or both are empty`);
  assert(channel.payer !== channel.recipient, `${where} pays its payer`);
  assert(isDenom(channel.denom), `${where}: ${channel.denom.slice(0, 128)} is no denom`);
  const [deposited, redeemed] = [readAmount(channel.deposited), readAmount(channel.redeemed)];
  assert(deposited !== undefined && redeemed !== undefined && redeemed >= 0n && redeemed <= deposited && deposited > 0n, `${where}: redeemed is from 0 to deposited, deposited is above 0`);
  assert(channel.voucherKey.length === 33 && (channel.voucherKey[0] === 2 || channel.voucherKey[0] === 3), `${where}: voucher_key is 33 bytes, a compressed secp256k1 key`);
  assert(channel.closingPeriod > 0n, `${where}: closing_period is above 0`);
  assert(channel.endsTau === endOf(channel), `${where}: ends_tau is ${channel.endsTau}, expiry and closing say ${endOf(channel)}`);
  assert(channel.feeBps <= 10_000, `${where}: fee_bps is at most 10000`);
  const storage = channel.storageDeposit;
  assert(storage !== undefined && isDenom(storage.denom) && (readAmount(storage.amount) ?? -1n) >= 0n, `${where}: storage_deposit is a coin, not negative`);
}
