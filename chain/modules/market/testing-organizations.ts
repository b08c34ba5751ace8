/** Organizations of a test market: made, funded, with members and budgets in a few words. */
import type { Role} from "../../codec/gen/dcm/organization/v1/types.ts";
import { BudgetPeriod, Policy, type Budget } from "../../codec/gen/dcm/organization/v1/types.ts";
import type { QueryBudgetsResponse, QueryOrganizationResponse } from "../../codec/gen/dcm/organization/v1/query.ts";
import { denom, name, TestMarket } from "./testing.ts";

export class TestOrganizations extends TestMarket {
  /** A message of the module by its name. */
  order<T = Record<string, unknown>>(type: string, message: object): T {
    return this.send<T>(`/dcm.organization.v1.${type}`, message);
  }

  /** An organization that `owner` makes, with so much money and a budget of the same amount for all; gives its account. */
  found(organization: string, owner: string, amount = 1_000_000n): string {
    this.balances.set(name(owner), this.balanceOf(name(owner), denom) + 10_000_000n + amount);
    this.order("MsgCreateOrganization", { creator: name(owner), name: organization });
    if (amount > 0n) this.order("MsgDeposit", { sender: name(owner), organization, amount: [{ denom, amount: String(amount) }] });
    this.budget(owner, organization, amount);
    return this.organization(organization).organization!.address;
  }

  budget(admin: string, organization: string, limit: bigint, more: Partial<Budget> = {}): void {
    this.order("MsgSetBudget", { admin: name(admin), organization, budget: { denom, member: "", tagKey: "", tagValue: "", limit: String(limit), period: BudgetPeriod.BUDGET_PERIOD_MONTH, ...more } });
  }

  member(admin: string, organization: string, member: string, role: Role): string {
    if (this.balanceOf(name(member), denom) === 0n) this.fund(member);
    if (!this.order<{ accepted: boolean }>("MsgSetMember", { admin: name(admin), organization, member: name(member), role }).accepted) this.order("MsgAcceptMembership", { member: name(member), organization });
    return name(member);
  }

  remove(signer: string, organization: string, member: string): void {
    this.order("MsgRemoveMember", { signer: name(signer), organization, member: name(member) });
  }

  policy(admin: string, organization: string, policy: Partial<Policy>): void {
    this.order("MsgSetPolicy", { admin: name(admin), organization, policy: Policy.fromPartial(policy) });
  }

  organization(organization: string): QueryOrganizationResponse {
    return this.query("/dcm.organization.v1.Query/Organization", { name: organization });
  }

  /** What remains of each budget of the organization, by scope. */
  remaining(organization: string): bigint[] {
    return this.query<QueryBudgetsResponse>("/dcm.organization.v1.Query/Budgets", { name: organization }).budgets.map(({ remaining }) => BigInt(remaining));
  }

  override named(type: string): ReturnType<TestMarket["named"]> {
    return this.events.filter((event) => event.type === `dcm.market.v1.${type}` || event.type === `dcm.organization.v1.${type}`);
  }
}
