import { Option } from "@commander-js/extra-typings";
import { common, examples, keyed, type Kit } from "../kit.ts";

const roles = ["owner", "admin", "operator", "spender", "viewer"] as const;
const periods = ["day", "week", "month", "quarter", "year", "total"] as const;

export function describeOrganizations(kit: Kit): void {
  const { io, program } = kit;
  const org = common(kit, program.command("org")).description("a company's money, spent by its members within budgets, under a policy").addHelpText("after", examples("dcm org create acme", "dcm org show acme"));
  keyed(kit, org, "create", "takes a name, for its fee; you are its first owner").argument("<name>", "3 to 64 of a-z 0-9 . _ -")
    .addHelpText("after", examples("dcm org create acme"))
    .action(async (name, options) => (await import("../org.ts")).create(io, name, options));
  keyed(kit, org, "show", "members, budgets with what remains, policy, money").argument("[name]", "of the organization; default: lists yours, and invitations")
    .addHelpText("after", examples("dcm org show", "dcm org show acme --json | jq '.budgets'"))
    .action(async (name, options) => (await import("../org.ts")).show(io, name, options));
  keyed(kit, org, "invite", "invites an account, or gives a member another role").argument("<name>", "of the organization").argument("<address>", "whom")
    .addOption(new Option("--role <role>", "what it may do: chain/modules/organization/README.md has the table").choices(roles).default("spender" as const))
    .addHelpText("after", examples("dcm org invite acme dcm1... --role spender"))
    .action(async (name, address, options) => (await import("../org.ts")).invite(io, name, address, options));
  keyed(kit, org, "accept", "accepts an invitation").argument("<name>", "of the organization")
    .addHelpText("after", examples("dcm org accept acme --key work"))
    .action(async (name, options) => (await import("../org.ts")).accept(io, name, options));
  keyed(kit, org, "remove", "ends a membership, or takes an invitation back").argument("<name>", "of the organization").argument("[address]", "whose; default: yours")
    .addHelpText("after", examples("dcm org remove acme dcm1..."))
    .action(async (name, address, options) => (await import("../org.ts")).remove(io, name, address, options));
  keyed(kit, org, "deposit", "pays into the organization's account; only owners pay out").argument("<name>", "of the organization").argument("<amount>", "in whole units")
    .option("--denom <denom>", "of the amount; default: the bond denom")
    .addHelpText("after", examples("dcm org deposit acme 5000000"))
    .action(async (name, amount, options) => (await import("../org.ts")).deposit(io, name, amount, options));
  keyed(kit, org, "budget", "how much may be spent in a period; without a budget nobody spends").argument("<name>", "of the organization").argument("<limit>", "in whole units; none removes the budget")
    .addOption(new Option("--period <period>", "calendar period in UTC").choices(periods).default("month" as const))
    .option("--denom <denom>", "of the limit; default: the bond denom")
    .option("--member <address>", "covers what this member spends; default: any member")
    .option("--tag <key=value>", "covers spends with this cost tag; default: any")
    .addHelpText("after", examples("dcm org budget acme 1000000 --period month", "dcm org budget acme 200000 --tag team=ml --period week", "dcm org budget acme none --tag team=ml"))
    .action(async (name, limit, options) => (await import("../org.ts")).budget(io, name, limit, options));
  keyed(kit, org, "policy", "where the organization's work may go: prints the policy, or replaces it").argument("<name>", "of the organization").argument("[file]", "the new policy, as JSON")
    .addHelpText("after", examples("dcm org policy acme > policy.json", "dcm org policy acme policy.json"))
    .action(async (name, file, options) => (await import("../org.ts")).policy(io, name, file, options));
}
