/** MsgDeposit: pays into an organization's account. A transfer to the account's address does the same, with other events. */
import type { MsgDeposit, MsgDepositResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { addressBytes } from "../../../codec/address.ts";
import { coinsText } from "../../../runtime/coins.ts";
import { canonical, checkName, coinsOf } from "../checks.ts";
import { emit } from "../events.ts";
import { accountOf } from "../names.ts";
import { loadOrganization } from "../roles.ts";
import { organizations, params } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { OrganizationPorts } from "../module.ts";

export function deposit(ports: OrganizationPorts): MessageHandler<MsgDeposit, MsgDepositResponse> {
  return {
    signers: (message) => [message.sender],

    check(message) {
      canonical(message.sender, "sender");
      checkName("organization", message.organization);
      coinsOf("amount", message.amount);
    },

    execute(ctx, message) {
      const sender = canonical(message.sender, "sender");
      const { name } = loadOrganization(ctx, message.organization);
      const coins = coinsOf("amount", message.amount);
      ports.bank.requireSendEnabled(ctx, coins);
      ports.bank.send(ctx, addressBytes(sender), accountOf(name), coins);
      emit(ctx, "EventDeposited", { organization: name, sender, amount: coinsText(coins) });
      return {};
    },

    arbitrary({ ctx, accounts, random }) {
      const names = Array.from(organizations.entries(ctx), ([name]) => name);
      if (names.length === 0) return undefined;
      return { sender: random.pick(accounts), organization: random.pick(names), amount: [{ denom: params.get(ctx).creationFee!.denom, amount: String(1n + random.bigint(50_000_000n)) }] };
    },
  };
}
