/** dcm org: a company's money, its members, budgets and policy. What counts: chain/modules/organization. */
import { isAddress } from "../chain/codec/address.ts";
import { JsonError, messageFromJson, toJson } from "../chain/codec/proto-json.ts";
import { BudgetPeriod, Policy, Role, type Member } from "../chain/codec/gen/dcm/organization/v1/types.ts";
import type { BudgetView } from "../chain/codec/gen/dcm/organization/v1/query.ts";
import { allPages } from "../client/pages.ts";
import { TxFailed, type Sent } from "../client/sender.ts";
import { balancesOf, coinsText } from "./balance.ts";
import { CliError, columns, exitCodes, jsonText, print, type Io } from "./io.ts";
import { bondDenom, openNet, type Net } from "./net.ts";
import { readTags } from "./order.ts";
import { grouped } from "./screen.ts";
import { stateName } from "./watch.ts";
import { accountOf, signer, type SignOptions } from "./wallet.ts";

export interface OrgOptions extends SignOptions {
  readonly json?: true | undefined;
}

type RoleWord = "owner" | "admin" | "operator" | "spender" | "viewer";
type PeriodWord = "day" | "week" | "month" | "quarter" | "year" | "total";

/** Sends one message of the module in the name of the profile's key. */
async function send(io: Io, options: OrgOptions, said: string, message: (signer: string, net: Net) => { readonly type: string; readonly value: object } | Promise<{ readonly type: string; readonly value: object }>): Promise<void> {
  const net = await openNet(io, options);
  try {
    const { sender, account } = await signer(io, net, options);
    const { type, value } = await message(account.address, net);
    const { txHash, height }: Sent = await sender.send({ typeUrl: `/dcm.organization.v1.${type}`, value }).catch((error: unknown) => {
      throw error instanceof TxFailed ? new CliError(exitCodes.failed, error.message, "What each role may do: chain/modules/organization/README.md.") : error;
    });
    print(io, options.json, { tx_hash: txHash, height }, `${said} (block ${height}, transaction ${txHash})`);
  } finally {
    net.connection.close();
  }
}

export async function create(io: Io, name: string, options: OrgOptions): Promise<void> {
  await send(io, options, `organization ${name} is yours`, (creator) => ({ type: "MsgCreateOrganization", value: { creator, name } }));
  io.stderr(`next: dcm org deposit ${name} 1000000        its members spend it within budgets\n      dcm org budget ${name} 500000 --period month\n      dcm org invite ${name} dcm1... --role spender\n`);
}

export async function invite(io: Io, organization: string, member: string, options: OrgOptions & { readonly role: RoleWord }): Promise<void> {
  checkAddress(member);
  await send(io, options, `${member} is invited to ${organization} as ${options.role}, or has that role from now on`, (admin) => ({ type: "MsgSetMember", value: { admin, organization, member, role: Role[`ROLE_${upper(options.role)}`] } }));
  io.stderr(`next: with the key of ${member}: dcm org accept ${organization}\n`);
}

export async function accept(io: Io, organization: string, options: OrgOptions): Promise<void> {
  await send(io, options, `you are a member of ${organization}`, (member) => ({ type: "MsgAcceptMembership", value: { member, organization } }));
}

export async function remove(io: Io, organization: string, member: string | undefined, options: OrgOptions): Promise<void> {
  if (member !== undefined) checkAddress(member);
  await send(io, options, `${member ?? "you"} left ${organization}`, (self) => ({ type: "MsgRemoveMember", value: { signer: self, organization, member: member ?? self } }));
}

export async function deposit(io: Io, organization: string, amount: string, options: OrgOptions & { readonly denom?: string | undefined }): Promise<void> {
  checkAmount(amount);
  await send(io, options, `paid to ${organization}`, async (sender, { connection }) => ({ type: "MsgDeposit", value: { sender, organization, amount: [{ denom: options.denom ?? await bondDenom(connection), amount }] } }));
}

export interface BudgetOptions extends OrgOptions {
  readonly period: PeriodWord;
  readonly denom?: string | undefined;
  readonly member?: string | undefined;
  readonly tag?: string | undefined;
}

/** Sets a budget; `none` as the limit removes it. */
export async function budget(io: Io, organization: string, limit: string, options: BudgetOptions): Promise<void> {
  if (limit !== "none") checkAmount(limit);
  if (options.member !== undefined) checkAddress(options.member);
  const [[tagKey, tagValue] = ["", ""]] = Object.entries(readTags(options.tag === undefined ? [] : [options.tag]));
  await send(io, options, limit === "none" ? "the budget is gone" : `the budget counts from now on`, async (admin, { connection }) => {
    const scope = { denom: options.denom ?? await bondDenom(connection), member: options.member ?? "", tagKey, tagValue };
    if (limit === "none") return { type: "MsgRemoveBudget", value: { admin, organization, ...scope } };
    return { type: "MsgSetBudget", value: { admin, organization, budget: { ...scope, limit, period: BudgetPeriod[`BUDGET_PERIOD_${upper(options.period)}`] } } };
  });
}

/** Shows the policy as JSON, or replaces it by that of a file. */
export async function policy(io: Io, name: string, file: string | undefined, options: OrgOptions): Promise<void> {
  if (file !== undefined) {
    const wanted = readPolicy(io, file);
    return send(io, options, `the policy of ${name} counts for all that is placed, matched and drawn from now on`, (admin) => ({ type: "MsgSetPolicy", value: { admin, organization: name, policy: wanted } }));
  }
  const net = await openNet(io, options);
  try {
    io.stdout(`${jsonText(toJson(Policy.$type, (await organizationNamed(net, name)).policy!))}\n`);
  } finally {
    net.connection.close();
  }
}

function readPolicy(io: Io, file: string): Policy {
  let text: string;
  try {
    text = io.readFile(file);
  } catch (error) {
    throw new CliError(exitCodes.notFound, `cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return Policy.fromPartial(messageFromJson(Policy.$type, JSON.parse(text)));
  } catch (error) {
    if (error instanceof JsonError || error instanceof SyntaxError) throw new CliError(exitCodes.invalid, `${file}: ${error.message}`, "dcm org policy NAME prints the present one in the form that it takes; what it leaves out is empty.");
    throw error;
  }
}

export async function show(io: Io, name: string | undefined, options: OrgOptions): Promise<void> {
  const net = await openNet(io, options);
  try {
    if (name === undefined) return await showMine(io, net, options);
    const { query } = net.connection;
    const { organization, policy: rules } = await organizationNamed(net, name);
    const [members, budgets, money] = await Promise.all([
      allPages((pagination) => query.organization.members({ name, pagination }), (page) => page.members), allPages((pagination) => query.organization.budgets({ name, pagination }), (page) => page.budgets), balancesOf(net.connection, organization!.address),
    ]);
    if (options.json === true) return print(io, true, { organization, members, budgets, balances: money, policy: toJson(Policy.$type, rules!) }, "");
    io.stdout(`${[
      `${name}: ${coinsText(money)} in ${organization!.address}`, "",
      columns([["member", "role", ""], ...members.map(({ address, role, accepted }) => [address, roleName(role), accepted ? "" : "invited"])]), "",
      budgets.length === 0 ? "no budgets: nobody spends, owners included" : columns([["budget of", "tag", "limit", "spent", "remains", "denom", "period"], ...budgets.map(budgetRow)]), "",
      `policy: ${policyText(rules!)}`,
    ].join("\n")}\n`);
  } finally {
    net.connection.close();
  }
}

async function showMine(io: Io, net: Net, options: OrgOptions): Promise<void> {
  const { address } = accountOf(io, net, options);
  const { memberships, invitations } = await net.connection.query.organization.memberships({ member: address });
  const row = (word: string) => ({ organization, role }: Member): string[] => [organization, roleName(role), word];
  const rows = [...memberships.map(row("member")), ...invitations.map(row("invited"))];
  print(io, options.json, { memberships, invitations }, rows.length === 0 ? "" : columns([["organization", "role", ""], ...rows]));
  if (rows.length === 0) io.stderr(`${address} is in no organization; dcm org create NAME makes one\n`);
  for (const { organization } of invitations) io.stderr(`next: dcm org accept ${organization}\n`);
}

async function organizationNamed({ connection }: Net, name: string) {
  return connection.query.organization.organization({ name }).catch((error: unknown) => {
    if (/NotFound|not found|no organization|does not exist/.test((error as Error).message)) throw new CliError(exitCodes.notFound, `there is no organization ${JSON.stringify(name.slice(0, 64))}`, "dcm org show lists yours.");
    throw error;
  });
}

function budgetRow({ budget: one, spent, remaining }: BudgetView): string[] {
  const { member, tagKey, tagValue, limit, denom, period } = one!;
  return [member === "" ? "any member" : member, tagKey === "" ? "" : `${tagKey}=${tagValue}`, grouped(limit), grouped(spent), grouped(remaining), denom, stateName(BudgetPeriod, period, "BUDGET_PERIOD_")];
}

/** Only what it asks for. */
function policyText(rules: Policy): string {
  const asked = Object.entries(toJson(Policy.$type, rules) as object).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value !== false && !/UNSPECIFIED/.test(String(value))));
  return asked.length === 0 ? "everything is allowed" : asked.map(([key, value]) => `${key} ${typeof value === "string" ? value : Array.isArray(value) && value.every((one) => typeof one === "string") ? value.join(", ") : jsonText(value, 0)}`).join("; ");
}

const roleName = (role: Role): string => stateName(Role, role, "ROLE_");
const upper = <T extends string>(word: T): Uppercase<T> => word.toUpperCase() as Uppercase<T>;

function checkAddress(text: string): void {
  if (!isAddress(text)) throw new CliError(exitCodes.usage, `${JSON.stringify(text.slice(0, 80))} is no account's address`, "It begins with dcm1; dcm keys list shows yours.");
}

function checkAmount(text: string): void {
  if (!/^[1-9]\d{0,37}$/.test(text)) throw new CliError(exitCodes.usage, `${JSON.stringify(text.slice(0, 40))} is no amount`, "It is in whole units of the denom, e.g. 1000000.");
}
