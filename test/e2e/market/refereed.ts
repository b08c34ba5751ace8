/** Scenarios of refereed results: the chain runs one segment of a disputed run itself and says who was wrong. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { CloseReason, ReplicaState, TaskState } from "../../../chain/codec/gen/dcm/market/v1/types.ts";
import { DisputeState, Outcome, type Dispute } from "../../../chain/codec/gen/dcm/referee/v1/types.ts";
import { assemble } from "../../../chain/vm/assemble.ts";
import { encodeProgram } from "../../../chain/vm/program.ts";
import type { TaskResult } from "../../../client/protocol.ts";
import { Challenger } from "../../../worker/refereed/challenger.ts";
import { Disputes } from "../../../worker/refereed/disputes.ts";
import { sumRounds } from "../../../worker/refereed/testing.ts";
import { checkMoney, stakeFactor } from "./money.ts";
import { liar, seen, type Consumer, type Ended, type Party, type RefereedClass, type World } from "./world.ts";

const price = 100_003n;
const { REPLICA_STATE_REVEALED: REVEALED, REPLICA_STATE_OUT: OUT } = ReplicaState;
/** About ten million transitions over the inputs below: one answer of 128 parts, a second one within a part, then the proof. */
const program = encodeProgram(assemble(sumRounds(2_000)));
const inputs = [Uint8Array.from({ length: 1_000 }, (_, i) => i % 251)];
const sum = 2_000 * inputs[0]!.reduce((total, byte) => total + byte, 0);

/** A status of ok, an exit code of 0, the sum of all rounds. */
function expected(): TaskResult {
  const output = new Uint8Array(4);
  new DataView(output.buffer).setUint32(0, sum, true);
  return { status: "ok", exitCode: 0, output };
}

/** One refereed job, in the clear where nothing else is said, until it has ended. */
async function refereed(world: World, consumer: Consumer, classId: RefereedClass, more: { readonly replicas?: number; readonly sealed?: boolean } = {}): Promise<Ended & { readonly id: bigint }> {
  const { id } = await consumer.place({ classId, program, inputs, verification: "V3", sealed: false, ...more });
  return { id, ...(await world.ended(consumer, id, 120_000)) };
}

/** An account that challenges what is wrong of one provider or, where it lies itself, what is right. */
async function challenging(world: World, index: number, lie: boolean): Promise<Party & { readonly funds: bigint; stop(): Promise<void> }> {
  const { address, sender, funds } = await world.account();
  const options = { connection: world.connection, sender, party: address, encryptionSecret: randomBytes(32), pollMs: 200, log: () => undefined, faults: { lie } };
  const [challenger, disputes] = [new Challenger({ ...options, provider: world.address(index) }), new Disputes(options)];
  challenger.start();
  disputes.start();
  return { address, sender, funds, stop: async () => void await Promise.all([challenger.stop(), disputes.stop()]) };
}

async function onlyDispute(world: World, taskId: bigint): Promise<Dispute> {
  const { views } = await world.connection.query.referee.disputes({ taskId });
  assert.equal(views.length, 1);
  const { dispute } = views[0]!;
  assert.equal(dispute!.state, DisputeState.DISPUTE_STATE_CLOSED);
  return dispute!;
}

/** An audit that agrees and a window in which nobody objects. */
export async function acceptRefereed(world: World): Promise<void> {
  for (const honest of [0, 1]) await world.offer(honest, "rv32.honest", price);
  const consumer = await world.consumer("refereed");
  const { id, job, tasks } = await refereed(world, consumer, "rv32.honest");
  const [task] = tasks;
  assert.equal(task!.state, TaskState.TASK_STATE_FINAL);
  assert.deepEqual(seen(world, task!).map(({ state, round, paid, slashed }) => [state, round, paid, slashed]), [[REVEALED, 0, price, 0n], [REVEALED, 2, price, 0n]]);
  assert.deepEqual(await consumer.gateway.result(id, task!), expected());
  await checkMoney(world, consumer, job, { paid: [[price, price]] });
}

/** Nobody is there to audit: a stranger who runs the task again convicts the liar, move by move. */
export async function convictByChallenge(world: World): Promise<void> {
  await world.offer(liar, "rv32.liar", price);
  const consumer = await world.consumer("defended");
  const challenger = await challenging(world, liar, false);
  const { job, tasks } = await refereed(world, consumer, "rv32.liar");
  await challenger.stop();
  const [task] = tasks;
  assert.equal(task!.closeReason, CloseReason.CLOSE_REASON_DISPROVED);
  const stake = stakeFactor * price;
  assert.deepEqual(seen(world, task!), [{ provider: liar, state: OUT, round: 0, paid: 0n, slashed: stake }]);
  const dispute = await onlyDispute(world, task!.id);
  assert.deepEqual([dispute.challenger, dispute.audit, dispute.outcome], [challenger.address, false, Outcome.OUTCOME_PROVIDER_WRONG]);
  await checkMoney(world, consumer, job, {});
  await world.history.upToNow();
  assert.equal(await world.balance(challenger.address), challenger.funds + stake / 10n - world.history.feesOf(challenger.address));
}

/** The drawn auditor differs, and proves it. */
export async function convictByAudit(world: World): Promise<void> {
  await world.offer(liar, "rv32.audited", price - 1n);
  await world.offer(2, "rv32.audited", price);
  const consumer = await world.consumer("audited");
  const { job, tasks } = await refereed(world, consumer, "rv32.audited");
  const [task] = tasks;
  assert.equal(task!.closeReason, CloseReason.CLOSE_REASON_DISPROVED);
  const [convicted, auditor] = seen(world, task!);
  assert.deepEqual([convicted!.provider, convicted!.state, convicted!.slashed], [liar, OUT, stakeFactor * (price - 1n)]);
  assert.deepEqual([auditor!.provider, auditor!.slashed], [2, 0n]);
  const dispute = await onlyDispute(world, task!.id);
  assert.deepEqual([dispute.challenger, dispute.audit, dispute.outcome], [world.address(2), true, Outcome.OUTCOME_PROVIDER_WRONG]);
  await checkMoney(world, consumer, job, {});
}

/** Of two replicas one lies: they are in dispute with each other, of a job that nobody else can read, and the honest one's result is the consumer's. */
export async function convictByReplica(world: World): Promise<void> {
  await world.offer(liar, "rv32.pair", price - 1n);
  await world.offer(2, "rv32.pair", price);
  const consumer = await world.consumer("twice");
  const { id, job, tasks } = await refereed(world, consumer, "rv32.pair", { replicas: 2, sealed: true });
  const [task] = tasks;
  assert.equal(task!.state, TaskState.TASK_STATE_FINAL);
  const [first, second] = seen(world, task!).sort((a, b) => a.provider - b.provider);
  assert.deepEqual([second!.provider, second!.state, second!.paid, second!.slashed], [liar, OUT, 0n, stakeFactor * task!.price]);
  assert.deepEqual([first!.provider, first!.state, first!.paid, first!.slashed], [2, REVEALED, task!.price, 0n]);
  assert.deepEqual(await consumer.gateway.result(id, task!), expected());
  const dispute = await onlyDispute(world, task!.id);
  assert.deepEqual([dispute.rival, dispute.bond], [true, "0"]);
  assert.deepEqual(dispute.outcome, dispute.provider === world.address(liar) ? Outcome.OUTCOME_PROVIDER_WRONG : Outcome.OUTCOME_CHALLENGER_WRONG);
  await checkMoney(world, consumer, job, { paid: [[task!.price]] });
}

/** A challenge of a result that is right costs its bond: half of it is the provider's. */
export async function refuteSlander(world: World): Promise<void> {
  await world.offer(3, "rv32.slander", price);
  const consumer = await world.consumer("slandered");
  const slanderer = await challenging(world, 3, true);
  const { id, job, tasks } = await refereed(world, consumer, "rv32.slander");
  await slanderer.stop();
  const [task] = tasks;
  assert.equal(task!.state, TaskState.TASK_STATE_FINAL);
  assert.deepEqual(seen(world, task!).map(({ provider, state, paid, slashed }) => [provider, state, paid, slashed]), [[3, REVEALED, price, 0n]]);
  assert.deepEqual(await consumer.gateway.result(id, task!), expected());
  const dispute = await onlyDispute(world, task!.id);
  assert.deepEqual([dispute.challenger, dispute.outcome], [slanderer.address, Outcome.OUTCOME_CHALLENGER_WRONG]);
  await checkMoney(world, consumer, job, { paid: [[price]] });
  await world.history.upToNow();
  const [closed] = world.history.find("dcm.referee.v1.EventDisputeClosed", { dispute_id: dispute.id });
  const [toProvider, burned] = [BigInt(closed!.attributes.to_provider!), BigInt(closed!.attributes.burned!)];
  assert.ok(toProvider > 0n && toProvider <= burned && burned <= toProvider + 1n);
  assert.equal(await world.balance(slanderer.address), slanderer.funds - toProvider - burned - world.history.feesOf(slanderer.address));
}
