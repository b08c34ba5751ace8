/** MsgOpenChannel: sets a payer's money aside for one recipient, to be paid by vouchers. */
import type { MsgOpenChannel, MsgOpenChannelResponse } from "../../../codec/gen/dcm/channel/v1/tx.ts";
import { Channel } from "../../../codec/gen/dcm/channel/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { decodePubKey } from "../../../codec/pubkey.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, checkTags, coinOf, inRange, maxTau } from "../checks.ts";
import { authorizeSpend } from "../escrow.ts";
import { errors } from "../errors.ts";
import { channelOpened } from "../events.ts";
import { paramBounds } from "../params.ts";
import { addChannel, nextChannelId, params } from "../state.ts";
import { endOf } from "../terms.ts";
import type { Context } from "../../../runtime/context.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { ChannelPorts } from "../ports.ts";

/** Bytes of state beside the record as it is opened and the addresses in its indexes: their other parts, the due queue, and what the record grows by. */
const indexBytes = 192;

export function openChannel(ports: ChannelPorts): MessageHandler<MsgOpenChannel, MsgOpenChannelResponse> {
  return {
    signers: (message) => [message.payer],

    check(message) {
      const payer = canonical(message.payer, "payer");
      if (canonical(message.recipient, "recipient") === payer) fail(errors.selfPayment, { payer });
      coinOf("deposit", message.deposit);
      checkKey(message.voucherKey);
      checkTags(message.organization, message.costTags);
      inRange("expires_tau", message.expiresTau, 0n, maxTau);
      if (message.closingPeriod !== 0n) inRange("closing_period", message.closingPeriod, paramBounds.minClosingPeriod[1], paramBounds.maxClosingPeriod[2]);
    },

    execute(ctx, message) {
      const [signer, recipient] = [canonical(message.payer, "payer"), canonical(message.recipient, "recipient")];
      const { organization, costTags } = message;
      const payer = ports.organizations.payerOf({ signer, organization, payer: "" });
      if (recipient === payer) fail(errors.selfPayment, { payer });
      const amount = coinOf("deposit", message.deposit);
      const { closingPeriod: usual, minClosingPeriod, maxClosingPeriod, feeBps, depositPerByte } = params.get(ctx);
      const tau = ports.clock.tau(ctx);
      if (ports.bank.isBlocked(addressBytes(recipient))) fail(errors.blockedRecipient, { recipient });
      const closingPeriod = message.closingPeriod === 0n ? usual : message.closingPeriod;
      inRange("closing_period", closingPeriod, minClosingPeriod, maxClosingPeriod);
      const { expiresTau } = message;
      if (expiresTau !== 0n) inRange("expires_tau", expiresTau, tau + 1n, maxTau);
      const voucherKey = message.voucherKey.length > 0 ? message.voucherKey : ownKey(ctx, ports, signer);
      const id = nextChannelId.get(ctx);
      const opened = Channel.fromPartial({
        id, payer, recipient, denom: amount.denom, deposited: amount.amount.toString(), redeemed: "0", voucherKey, openedTau: tau, expiresTau, closingPeriod,
        endsTau: endOf({ expiresTau, closingTau: 0n, closingPeriod }), feeBps, ...(organization === "" ? {} : { organization, openedBy: signer }),
      });
      const bytes = Channel.encode(opened).finish().length + addressBytes(payer).length + addressBytes(recipient).length + indexBytes;
      const storageDeposit = { denom: ports.providers.bondDenom(ctx), amount: BigInt(bytes) * depositPerByte };
      authorizeSpend(ctx, ports, { signer, organization, channelId: id, recipient, purpose: "channel", costTags, amount, storageDeposit });
      const wire = { denom: storageDeposit.denom, amount: storageDeposit.amount.toString() };
      const channel = { ...opened, storageDeposit: wire };
      nextChannelId.set(ctx, id + 1n);
      addChannel(ctx, channel);
      channelOpened(ctx, channel);
      return { channelId: id, storageDeposit: wire };
    },

    arbitrary({ ctx, accounts, random }) {
      const { minClosingPeriod } = params.get(ctx);
      const tau = ports.clock.tau(ctx);
      return {
        payer: random.pick(accounts), recipient: random.pick(accounts), deposit: { denom: ports.providers.bondDenom(ctx), amount: (1n + random.bigint(1_000_000n)).toString() }, voucherKey: new Uint8Array(0),
        expiresTau: random.chance(40) ? tau + random.bigint(60_000n) : 0n, closingPeriod: random.chance(50) ? 0n : minClosingPeriod + random.bigint(20_000n), organization: random.chance(30) ? "house" : "", costTags: [],
      };
    },
  };
}

function checkKey(key: Uint8Array): void {
  if (key.length === 0 || (key.length === 33 && (key[0] === 2 || key[0] === 3))) return;
  fail(errors.invalidField, { field: "voucher_key", value: `${key.length} bytes`, limit: "empty or a compressed secp256k1 key: 33 bytes that begin with 02 or 03" });
}

/** The key of the payer's account, where it is a single secp256k1 key and the chain has seen it. */
function ownKey(ctx: Context, ports: ChannelPorts, payer: string): Uint8Array {
  const any = ports.accounts.find(ctx, addressBytes(payer))?.pubKey;
  const key = any === undefined ? undefined : decodePubKey(any);
  if (key?.kind !== "secp256k1") fail(errors.noVoucherKey, { payer });
  return key.key;
}
