/** Organizations: money that several spend, within budgets and a policy. */
import { MsgDefinition } from "../../codec/gen/dcm/organization/v1/tx.ts";
import { defineModule, messageService, type Module } from "../../runtime/module.ts";
import { errors } from "./errors.ts";
import { genesis } from "./genesis.ts";
import { invariants } from "./invariants.ts";
import { acceptMembership } from "./messages/accept-membership.ts";
import { createOrganization } from "./messages/create-organization.ts";
import { deposit } from "./messages/deposit.ts";
import { removeBudget } from "./messages/remove-budget.ts";
import { removeMember } from "./messages/remove-member.ts";
import { setBudget } from "./messages/set-budget.ts";
import { setMember } from "./messages/set-member.ts";
import { setPolicy } from "./messages/set-policy.ts";
import { updateParams } from "./messages/update-params.ts";
import { withdraw } from "./messages/withdraw.ts";
import { organizationsPort } from "./port.ts";
import { organizationQueries } from "./queries.ts";
import { storeName } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { AccountsPort } from "../auth/ports.ts";
import type { BankPort } from "../bank/ports.ts";
import type { AffiliationsPort, OrganizationListener, OrganizationsPort } from "./ports.ts";

export interface OrganizationPorts {
  readonly bank: Pick<BankPort, "send" | "requireSendEnabled" | "isBlocked">;
  readonly accounts: Pick<AccountsPort, "ensure" | "moduleAccount">;
  /** Bech32 address that may change parameters. */
  readonly authority: string;
}

/** Tells the listeners that policy or members of an organization changed. */
export type Changed = (ctx: Context, organization: string) => void;

export function organizationModule(ports: OrganizationPorts): { readonly module: Module; readonly organizations: OrganizationsPort & AffiliationsPort } {
  const listeners: OrganizationListener[] = [];
  const changed: Changed = (ctx, organization) => {
    for (const listener of listeners) listener(ctx, organization);
  };
  const module = defineModule({
    name: "organization",
    stores: [storeName],
    consensusVersion: 1,
    messages: messageService(MsgDefinition, {
      createOrganization: createOrganization(ports), setMember: setMember(changed), acceptMembership: acceptMembership(changed), removeMember: removeMember(changed), setPolicy: setPolicy(changed),
      setBudget: setBudget(), removeBudget: removeBudget(), deposit: deposit(ports), withdraw: withdraw(ports), updateParams: updateParams(ports),
    }),
    queries: organizationQueries,
    genesis,
    invariants,
    errors,
  });
  return { module, organizations: organizationsPort(ports, listeners) };
}
