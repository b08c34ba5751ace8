/** MsgCreateOrganization: takes a name for its fee. */
import type { MsgCreateOrganization, MsgCreateOrganizationResponse } from "../../../codec/gen/dcm/organization/v1/tx.ts";
import { Organization, Policy, Role } from "../../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../../../codec/address.ts";
import { coinsText, fromWire } from "../../../runtime/coins.ts";
import { fail } from "../../../runtime/errors.ts";
import { canonical, checkName } from "../checks.ts";
import { errors } from "../errors.ts";
import { emit, memberChanged } from "../events.ts";
import { saveMember } from "../members.ts";
import { accountOf, accountText, lookOf } from "../names.ts";
import { accounts, looks, organizations, params, policies } from "../state.ts";
import type { MessageHandler } from "../../../runtime/module.ts";
import type { OrganizationPorts } from "../module.ts";

export function createOrganization(ports: OrganizationPorts): MessageHandler<MsgCreateOrganization, MsgCreateOrganizationResponse> {
  return {
    signers: (message) => [message.creator],

    check(message) {
      canonical(message.creator, "creator");
      checkName("name", message.name);
    },

    execute(ctx, message) {
      const creator = canonical(message.creator, "creator");
      const { name } = message;
      const by = looks.find(ctx, lookOf(name));
      if (by !== undefined) fail(errors.nameTaken, { name, by });
      const fee = fromWire([params.get(ctx).creationFee!]).filter(({ amount }) => amount > 0n);
      if (fee.length > 0) ports.bank.send(ctx, addressBytes(creator), ports.accounts.moduleAccount(ctx, "fee_collector"), fee);
      const address = accountText(name);
      ports.accounts.ensure(ctx, accountOf(name));
      const organization = Organization.fromPartial({ name, address, createdAt: { seconds: ctx.timeSeconds, nanos: Number(ctx.header.timeNanos % 1_000_000_000n) }, nextBudgetId: 1n, policyVersion: 1n });
      const owner = { organization: name, address: creator, role: Role.ROLE_OWNER, accepted: true };
      looks.set(ctx, lookOf(name), name);
      accounts.set(ctx, accountOf(name), name);
      policies.set(ctx, name, Policy.create());
      saveMember(ctx, organization, undefined, owner);
      emit(ctx, "EventOrganizationCreated", { organization: name, address, creator, fee: coinsText(fee) });
      memberChanged(ctx, "accepted", owner, creator);
      return { address };
    },

    arbitrary({ ctx, accounts: known, random }) {
      const taken = Array.from(organizations.entries(ctx), ([name]) => name);
      const free = ["org-0", "org-1", "org-2", "org-3"].filter((name) => !taken.includes(name));
      return { creator: random.pick(known), name: free.length === 0 || random.chance(20) ? random.pick(["org-0", "0rg-0", "org_1"]) : free[0]! };
    },
  };
}
