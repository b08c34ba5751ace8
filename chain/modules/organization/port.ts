/** The doors of the module: money of organizations, what their policies say, whose name a provider goes by. */
import { Holding, Policy, type Charge } from "../../codec/gen/dcm/organization/v1/types.ts";
import { addressBytes, addressText } from "../../codec/address.ts";
import { fail, assert } from "../../runtime/errors.ts";
import { coinsText } from "../../runtime/coins.ts";
import { charge, restore, splitCharges, withCharge } from "./budgets.ts";
import { errors } from "./errors.ts";
import { tagsText } from "./cost-tags.ts";
import { emit } from "./events.ts";
import { accountText } from "./names.ts";
import { asksOfProviders, providerRule, workRule } from "./policy.ts";
import { findMember, hasPower, requirePower, roleName } from "./roles.ts";
import { accounts, collect, holdings, members, memberships, organizations, policies, within, type HoldingKey } from "./state.ts";
import type { Context } from "../../runtime/context.ts";
import type { OrganizationPorts } from "./module.ts";
import type { AffiliationsPort, HoldingRef, OrganizationListener, OrganizationsPort, Spend } from "./ports.ts";

/** Organizations' accounts are the only ones of this length that the chain pays back to. */
const accountLength = 32;

const keyOf = (organization: string, { kind, id }: HoldingRef, denom: string): HoldingKey => [[kind, id], [organization, denom]];

/** The organization whose account this is. */
export function ownerOf(ctx: Context, payer: string): string | undefined {
  const address = addressBytes(payer);
  return address.length === accountLength ? accounts.find(ctx, address) : undefined;
}

export function policyOf(ctx: Context, organization: string): Policy {
  return policies.find(ctx, organization) ?? Policy.create();
}

export function organizationsPort(ports: OrganizationPorts, listeners: OrganizationListener[]): OrganizationsPort & AffiliationsPort {
  const payerOf: OrganizationsPort["payerOf"] = ({ signer, organization, payer }) => {
    const own = organization === "" ? signer : accountText(organization);
    if (payer !== "" && payer !== own) fail(errors.wrongPayer, { name: organization === "" ? signer : organization, payer, account: own });
    return own;
  };
  const refunded: OrganizationsPort["refunded"] = (ctx, holding, payer, coins) => {
    const organization = ownerOf(ctx, payer);
    if (organization === undefined) return;
    for (const { denom, amount } of coins) {
      const key = keyOf(organization, holding, denom);
      const record = holdings.find(ctx, key);
      // Paid to the organization's account out of what another one put in, or awarded to it: no budget was charged for it.
      if (record === undefined) continue;
      const back = BigInt(record.refunded) + amount;
      assert(back <= BigInt(record.spent), `${organization} gets ${back}${denom} back of ${record.spent} spent on ${holding.kind}/${holding.id}`);
      holdings.set(ctx, key, { ...record, refunded: back.toString(), charges: [...restore(ctx, record, amount)] });
      emit(ctx, "EventSpendRefunded", { organization, kind: holding.kind, id: holding.id, denom, amount });
    }
  };
  return {
    payerOf,

    authorizeSpend(ctx, spend) {
      const { organization, coins, into } = spend;
      const payer = payerOf(spend);
      if (organization !== "") authorize(ctx, spend);
      if (coins.length > 0) ports.bank.send(ctx, addressBytes(payer), ports.accounts.moduleAccount(ctx, into), coins);
    },

    refund(ctx, from, holding, payer, coins) {
      if (coins.length === 0) return;
      ports.bank.send(ctx, from, addressBytes(payer), coins);
      refunded(ctx, holding, payer, coins);
    },

    refunded,

    move(ctx, from, to, payer, coins) {
      const organization = ownerOf(ctx, payer);
      if (organization === undefined) return;
      for (const { denom, amount } of coins) {
        const taken = from === undefined ? [] : takeOut(ctx, keyOf(organization, from, denom), amount);
        const key = keyOf(organization, to, denom);
        const record = holdings.find(ctx, key) ?? Holding.fromPartial({ ...to, organization, denom, spent: "0", refunded: "0" });
        holdings.set(ctx, key, { ...record, spent: (BigInt(record.spent) + amount).toString(), charges: taken.reduce(withCharge, record.charges) });
      }
    },

    close(ctx, { kind, id }) {
      for (const [key] of collect(ctx, holdings, within.holding(kind, id))) holdings.remove(ctx, key);
    },

    outstanding(ctx, holding, payer, denom) {
      const organization = ownerOf(ctx, payer);
      const record = organization === undefined ? undefined : holdings.find(ctx, keyOf(organization, holding, denom));
      return record === undefined ? 0n : BigInt(record.spent) - BigInt(record.refunded);
    },

    barred(ctx, organization, account, work) {
      const member = findMember(ctx, organization, account);
      if (member === undefined) return `${account} is no member any more`;
      if (!hasPower(member.role, "spend its money")) return `${account} is ${roleName(member.role)}`;
      return workRule(policyOf(ctx, organization), work);
    },

    admission(ctx, organization) {
      const policy = policyOf(ctx, organization);
      return asksOfProviders(policy) ? (provider) => providerRule(policy, provider) : undefined;
    },

    manages(ctx, organization, account) {
      const member = findMember(ctx, organization, account);
      return member !== undefined && hasPower(member.role, "end what its members ordered");
    },

    organizationsOf: (ctx, account) => collect(ctx, memberships, within.member(addressBytes(account))).map(([[, name]]) => name),

    onChange: (listener) => void listeners.push(listener),

    refusal(ctx, organization, operator) {
      if (!organizations.has(ctx, organization)) return `there is no organization ${organization}; MsgCreateOrganization makes one`;
      const member = findMember(ctx, organization, operator);
      if (member === undefined) return `${operator} is no member of organization ${organization}`;
      return hasPower(member.role, "run a provider under its name") ? undefined : `${operator} is ${roleName(member.role)} of organization ${organization} and may not run a provider under its name`;
    },

    holds(ctx, organization, operator) {
      const member = findMember(ctx, organization, operator);
      if (member !== undefined) return hasPower(member.role, "run a provider under its name");
      return !organizations.has(ctx, organization);
    },
  };
}

/** Takes an amount out of what is held for a thing; gives the charges that go with it. */
function takeOut(ctx: Context, key: HoldingKey, amount: bigint): readonly Charge[] {
  const record = holdings.find(ctx, key);
  const rest = record === undefined ? -1n : BigInt(record.spent) - BigInt(record.refunded) - amount;
  assert(record !== undefined && rest >= 0n, `${amount} are moved out of holding ${key.flat().join("/")}, which has less`);
  const { taken, left } = splitCharges(record.charges, amount);
  holdings.set(ctx, key, { ...record, spent: (BigInt(record.spent) - amount).toString(), charges: [...left] });
  return taken;
}

/** Role, then policy, then budgets: whoever may not spend learns nothing of the budgets. */
function authorize(ctx: Context, { signer, organization, coins, costTags, holding, purpose, work, provider }: Spend): void {
  requirePower(ctx, organization, signer, "spend its money");
  const policy = policyOf(ctx, organization);
  const rule = workRule(policy, work) ?? (provider === undefined ? undefined : providerRule(policy, provider));
  if (rule !== undefined) fail(errors.outsidePolicy, { name: organization, rule });
  if (provider !== undefined && members.find(ctx, [organization, provider.address])?.accepted === true) fail(errors.outsidePolicy, { name: organization, rule: `${addressText(provider.address)} is a member; members do not sell to their organization` });
  for (const { denom, amount } of coins) {
    const added = charge(ctx, organization, signer, denom, amount, costTags);
    const key = keyOf(organization, holding, denom);
    const record = holdings.find(ctx, key) ?? Holding.fromPartial({ ...holding, organization, denom, spent: "0", refunded: "0" });
    holdings.set(ctx, key, { ...record, spent: (BigInt(record.spent) + amount).toString(), charges: withCharge(record.charges, added) });
  }
  if (coins.length > 0) emit(ctx, "EventSpendAuthorized", { organization, member: signer, purpose, kind: holding.kind, id: holding.id, amount: coinsText(coins), cost_tags: tagsText(costTags) });
}
