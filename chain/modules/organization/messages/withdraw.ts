/** MsgWithdraw: an owner pays out of the organization's account. No budget counts it. */
import type { MsgWithdraw, MsgWithdrawResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { Role } from "../../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { coinsText } from "../../../runtime/coins.ts";
import { fail } from "../../../runtime/errors.ts";
import { arbitraryMember } from "../arbitrary.ts";
import { canonical, checkName, coinsOf } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit } from "../events.ts";
import { accountOf } from "../names.ts";
import { requirePower } from "../roles.ts";
import { params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { OrganizationPorts } from "../module.ts";

export function withdraw(ports: OrganizationPorts): MessageHandler<MsgWithdraw, MsgWithdrawResponse> {
  return {
    signers: (message) => [message.owner],

    check(message) {
      canonical(message.owner, "owner");
      canonical(message.recipient, "recipient");
      checkName("organization", message.organization);
      coinsOf("amount", message.amount);
    },

    execute(ctx, message) {
      const [owner, recipient] = [canonical(message.owner, "owner"), canonical(message.recipient, "recipient")];
      const { organization: name } = message;
      requirePower(ctx, name, owner, "withdraw its money");
      const coins = coinsOf("amount", message.amount);
      if (ports.bank.isBlocked(addressBytes(recipient))) fail(errors.blockedRecipient, { recipient });
      ports.bank.requireSendEnabled(ctx, coins);
      ports.bank.send(ctx, accountOf(name), addressBytes(recipient), coins);
      emit(ctx, "EventWithdrawn", { organization: name, owner, recipient, amount: coinsText(coins) });
      return {};
    },

    arbitrary(world) {
      const owner = arbitraryMember(world, [Role.ROLE_OWNER]);
      if (owner === undefined) return undefined;
      const { ctx, accounts, random } = world;
      return { owner: owner.address, organization: owner.organization, recipient: random.pick(accounts), amount: [{ denom: params.get(ctx).creationFee!.denom, amount: String(1n + random.bigint(100_000n)) }] };
    },
  };
}
