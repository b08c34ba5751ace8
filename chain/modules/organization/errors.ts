/** The errors of codespace `organization`. Each says field, value and limit, and where it helps what to do next. */
import { defineErrors } from "../../runtime/errors.ts";

interface Field {
  readonly field: string;
  readonly value: string | bigint | number;
  readonly limit: string;
}

interface OverBudget {
  readonly scope: string;
  readonly denom: string;
  readonly amount: bigint;
  readonly remaining: bigint;
  readonly limit: bigint;
}

export const errors = defineErrors("organization", {
  invalidField: [2, ({ field, value, limit }: Field) => `${field} is ${String(value).slice(0, 120)}; it must be ${limit}`],
  nameTaken: [3, ({ name, by }: { name: string; by: string }) => (name === by ? `there is an organization ${name} already; names are never given twice` : `${name} reads like ${by}, which is taken; choose a name that nobody mistakes for another`)],
  unknownOrganization: [4, ({ name }: { name: string }) => `there is no organization ${name.slice(0, 80)}; MsgCreateOrganization makes one`],
  notMember: [5, ({ name, account }: { name: string; account: string }) => `${account} is no member of ${name}; an owner or admin invites with MsgSetMember, then MsgAcceptMembership`],
  notAllowed: [6, ({ name, account, role, what }: { name: string; account: string; role: string; what: string }) => `${account} is ${role} of ${name} and may not ${what}`],
  lastOwner: [7, ({ name }: { name: string }) => `${name} would be without an owner; make another one first, who must have accepted`],
  notInvited: [8, ({ name, account }: { name: string; account: string }) => `${account} has no open invitation of ${name}`],
  tooMany: [9, ({ what, limit }: { what: string; limit: number }) => `${what}: at most ${limit}`],
  outsidePolicy: [10, ({ name, rule }: { name: string; rule: string }) => `the policy of ${name} does not allow this: ${rule}`],
  noBudget: [11, ({ name, denom, account }: { name: string; denom: string; account: string }) => `no budget of ${name} in ${denom} covers what ${account} spends with these cost tags; an owner or admin sets one with MsgSetBudget`],
  overBudget: [12, ({ scope, denom, amount, remaining, limit }: OverBudget) => `${amount}${denom} is more than remains: ${remaining} of ${limit}${denom} for ${scope}`],
  unknownBudget: [13, ({ name, scope }: { name: string; scope: string }) => `${name} has no budget for ${scope}`],
  blockedRecipient: [14, ({ recipient }: { recipient: string }) => `${recipient} is a module's account and may not be paid`],
  wrongPayer: [15, ({ name, payer, account }: { name: string; payer: string; account: string }) => `payer is ${payer}; what ${name} spends its account ${account} pays: leave the payer empty`],
  invalidParams: [16, ({ field, value, low, high }: { field: string; value: string; low: string; high: string }) => `${field} is ${value}; it must be from ${low} to ${high}`],
} as const);
