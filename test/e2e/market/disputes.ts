/** A dispute on a real network: pay is held, a jury sits, the bribed first round falls on appeal, what is held goes back to the unit. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { sha256 } from "../../../chain/codec/hash.ts";
import { utf8 } from "../../../chain/codec/bytes.ts";
import { MsgOpenCaseResponse } from "../../../chain/codec/gen/dcm/dispute/v1/tx.ts";
import { CaseState, Verdict, type Case } from "../../../chain/codec/gen/dcm/dispute/v1/types.ts";
import { commitVote, revealVote, type Ballot, type Side } from "../../../client/jury.ts";
import { denom } from "../../../localnet/homes.ts";
import { ensureAsk } from "../../../worker/agent/setup.ts";
import { input } from "./program.ts";
import type { Party, World } from "./world.ts";

const [price, windowMs, bond] = [100_003n, 60_000n, 10_000_000n];
const fee = 100_000n;

/** One seat, then three: the first juror is bribed for the provider, the jury of the appeal is not. */
export async function judge(world: World): Promise<void> {
  const { connection } = world;
  const jurors = new Map<string, Party & { readonly secret: Uint8Array }>();
  const [consumer, ...bench] = await Promise.all([world.consumer("disputing"), ...Array.from({ length: 5 }, () => world.account())]);
  await Promise.all(bench.map(async ({ address, sender }) => {
    jurors.set(address, { address, sender, secret: randomBytes(32) });
    await sender.send({ typeUrl: "/dcm.juror.v1.MsgRegisterJuror", value: { juror: address, profile: { moniker: "a juror", url: "" }, bond: { denom, amount: String(bond) } } });
  }));
  await ensureAsk(connection, world.providers[0]!.sender, { classId: "wasm.disputed", quoteDenom: denom, price, units: 1, maxAcceptanceWindow: windowMs });
  const { id: jobId } = await consumer.place({ classId: "wasm.disputed", inputs: [input("a well-formed and useless answer")], acceptance: { windowMs } });
  const hold = await world.until("pay that is held", async () => (await connection.query.market.holds({ jobId })).holds[0]);
  const opened = await consumer.sender.send({
    typeUrl: "/dcm.dispute.v1.MsgOpenCase",
    value: { consumer: consumer.address, taskId: hold.taskId, claim: "it answers another question", evidenceHash: sha256(utf8("what was asked")), evidenceUrl: "https://evidence.example/asked" },
  });
  const { caseId } = MsgOpenCaseResponse.decode(opened.response!.value);
  const reached = (state: CaseState): Promise<Case> => world.until(`case ${caseId} in state ${state}`, async () => {
    const { case: one } = await connection.query.disputes.case({ caseId });
    return one!.state === state && one!;
  });
  /** The present round votes, all for one side. */
  const vote = async (side: Side): Promise<Case> => {
    const round = (await reached(CaseState.CASE_STATE_COMMIT)).rounds.length - 1;
    const { seats } = await connection.query.disputes.seats({ caseId });
    const ballots = seats.filter((seat) => seat.round === round).map(({ juror }): Ballot => ({ juror, caseId, round, side, secret: jurors.get(juror)!.secret }));
    await Promise.all(ballots.map((ballot) => jurors.get(ballot.juror)!.sender.send(commitVote(ballot))));
    await reached(CaseState.CASE_STATE_REVEAL);
    await Promise.all(ballots.map((ballot) => jurors.get(ballot.juror)!.sender.send(revealVote(ballot))));
    return reached(CaseState.CASE_STATE_APPEAL);
  };
  assert.equal((await vote("provider")).rounds[0]!.outcome, Verdict.VERDICT_PROVIDER);
  await consumer.sender.send({ typeUrl: "/dcm.dispute.v1.MsgAppeal", value: { party: consumer.address, caseId } });
  await vote("consumer");
  const closed = await reached(CaseState.CASE_STATE_CLOSED);
  assert.deepEqual([closed.verdict, closed.providerShareBps, closed.rounds.map(({ seats, outcome }) => [seats, outcome])], [Verdict.VERDICT_CONSUMER, 0, [[1, Verdict.VERDICT_PROVIDER], [3, Verdict.VERDICT_CONSUMER]]]);
  const { job } = await connection.query.market.job({ jobId });
  assert.deepEqual([job!.escrow!.paid, job!.escrow!.held, job!.escrow!.fees, job!.escrow!.refunded], ["0", "0", "0", job!.escrow!.deposited]);
  await world.history.upToNow();
  const deposits = closed.rounds.reduce((sum, { storageDeposit }) => sum + BigInt(storageDeposit), 0n) + BigInt((await connection.query.disputes.evidence({ caseId })).evidence[0]!.storageDeposit) + BigInt(job!.escrow!.storageDeposit);
  assert.equal(await world.balance(consumer.address), consumer.funds - world.history.feesOf(consumer.address) - 3n * fee - deposits, "three coherent seats, and nothing else");
  for (const { juror, round, reward, slashed } of (await connection.query.disputes.seats({ caseId })).seats) assert.deepEqual([juror, reward, slashed], round === 0 ? [juror, "0", "200000"] : [juror, String(fee), "0"]);
}
