/** An organization's money on a real network: what its policy, budget and members let go, and when. */
import assert from "node:assert/strict";
import { CloseReason, OrderStatus, TaskState } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { BudgetPeriod, Policy, Role } from "../../../chain/codec/gen/dcm/organization/v1/types.ts";
import { denom } from "../../../localnet/homes.ts";
import { billOrganization } from "./bills.ts";
import { checkEscrow, total } from "./money.ts";
import { input } from "./program.ts";
import { type ClassId, type World } from "./world.ts";

const classId: ClassId = "wasm.members";
const organization = "acme";
const price = 100_003n;
const funds = 20_000_000n;

/** Refused at the bid outside the policy and beyond the budget; matched by those alone whom a policy admits that came later; barred with its consumer's membership, all money back. */
export async function spendForAnOrganization(world: World): Promise<void> {
  const owner = await world.account();
  const member = await world.consumer("employee");
  const tell = (type: string, value: object): Promise<unknown> => owner.sender.send({ typeUrl: `/dcm.organization.v1.${type}`, value });
  const allow = (policy: Partial<Policy>): Promise<unknown> => tell("MsgSetPolicy", { admin: owner.address, organization, policy: Policy.fromPartial(policy) });
  await tell("MsgCreateOrganization", { creator: owner.address, name: organization });
  await Promise.all([
    tell("MsgDeposit", { sender: owner.address, organization, amount: [{ denom, amount: String(funds) }] }),
    tell("MsgSetBudget", { admin: owner.address, organization, budget: { denom, member: "", tagKey: "team", tagValue: "ml", limit: "1000000", period: BudgetPeriod.BUDGET_PERIOD_TOTAL } }),
    tell("MsgSetMember", { admin: owner.address, organization, member: member.address, role: Role.ROLE_SPENDER }),
    allow({ deniedClasses: [classId] }),
  ]);
  await member.sender.send({ typeUrl: "/dcm.organization.v1.MsgAcceptMembership", value: { member: member.address, organization } });
  const account = (await world.connection.query.organization.organization({ name: organization })).organization!.address;
  const spend = { classId, organization, costTags: { team: "ml" } };

  await assert.rejects(member.place({ ...spend, inputs: [input("outside the policy")] }), /policy of acme does not allow this: denied_classes has wasm.members/);
  await allow({});
  await assert.rejects(member.place({ ...spend, inputs: [input("too dear")], limitPrice: 2_000_000n }), /more than remains/);
  await assert.rejects(member.place({ ...spend, costTags: { team: "web" }, inputs: [input("nobody's budget")] }), /budget/);

  const placed = await member.place({ ...spend, inputs: [input("where it may go")] });
  await allow({ deniedProviders: [world.address(0)] });
  await world.offer(0, classId, price);
  await world.offer(1, classId, price + 20n);
  const { job, tasks } = await world.ended(member, placed.id);
  assert.deepEqual([tasks[0]!.state, tasks[0]!.replicas.map(({ provider }) => provider), tasks[0]!.price], [TaskState.TASK_STATE_FINAL, [world.address(1)], price + 20n]);
  checkEscrow(job, { paid: [[price + 20n]] });
  await world.history.upToNow();
  const [usage] = world.history.find("EventUsagePaid", { job_id: placed.id });
  assert.deepEqual([usage!.attributes.organization, usage!.attributes.cost_tags, usage!.attributes.provider, usage!.attributes.payer], [organization, "team=ml", world.address(1), account]);

  const waits = await member.place({ ...spend, inputs: [input("no more")], limitPrice: 90_000n });
  await tell("MsgRemoveMember", { signer: owner.address, organization, member: member.address });
  const barred = await world.ended(member, waits.id);
  assert.deepEqual([barred.tasks[0]!.state, barred.tasks[0]!.closeReason], [TaskState.TASK_STATE_CLOSED, CloseReason.CLOSE_REASON_BARRED]);
  assert.equal((await world.connection.query.market.bid({ bidId: waits.id })).bid!.status, OrderStatus.ORDER_STATUS_BARRED);
  checkEscrow(barred.job, {});
  await assert.rejects(member.place({ ...spend, inputs: [input("no member")] }), /no member/);

  await world.history.upToNow();
  const spent = total(world.history.find("EventEscrowSettled", { organization }).map(({ attributes }) => BigInt(attributes.paid!) + BigInt(attributes.fee!)));
  const held = total((await world.connection.query.market.jobs({ consumer: member.address })).jobs.map(({ escrow }) => BigInt(escrow!.storageDeposit)));
  assert.equal(await world.balance(account), funds - spent - held);
  const { budgets } = await world.connection.query.organization.budgets({ name: organization });
  assert.equal(budgets[0]!.remaining, String(1_000_000n - spent - held));
  const bill = await billOrganization(world, organization);
  assert.deepEqual([bill.totals[0]!.cost, bill.rows.filter(({ gross }) => gross !== "0").map(({ subject, provider, costTags }) => [subject, provider, costTags])], [String(spent), [[`job:${placed.id}`, world.address(1), [{ key: "team", value: "ml" }]]]]);
  assert.equal(await world.balance(member.address), member.funds - world.history.feesOf(member.address));
}
