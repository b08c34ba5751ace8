import assert from "node:assert/strict";
import { before, after, describe, it } from "mocha";
import { acceptReplicated, acceptWithoutVerification, payInAnotherDenom } from "./accepted.ts";
import { fillOrKill, payPremium, raiseLimit, runTogether } from "./attributes.ts";
import { balanceBooks, matchBankEvents, pruneRecords, settleProviders, signBySession } from "./audit.ts";
import { answerNonsense, closeAfterDeclines, closeWithoutSalt, closeWithoutSeal } from "./consumers.ts";
import { goOnAfterKill, rematchAfterDeath, rematchAfterSilence, replaceTheSilent, slashTheLiar } from "./faulty.ts";
import { billTheConsumer } from "./bills.ts";
import { Follower } from "./follower.ts";
import { cancelPartlyMatched, expire, leaveUnfilled, tradeWithOneself, waitForCheaper } from "./orders.ts";
import { spendForAnOrganization } from "./organizations.ts";
import { secondDenom } from "../../../localnet/homes.ts";
import { leakNothing, showNothingToThirdParties } from "./secrets.ts";
import { cancelBehindTheFailed, closeBehindTheMissing, closeWithoutInputs, mapAndReduce, surviveGatewayKills } from "./stages.ts";
import { classIds, slow, World } from "./world.ts";

type Scenario = (world: World) => Promise<void>;

/** Scenarios of a lane run one after the other; lanes run side by side. */
const lanes: readonly (readonly Scenario[])[] = [
  [acceptWithoutVerification, acceptReplicated, slashTheLiar, replaceTheSilent],
  [payInAnotherDenom, goOnAfterKill, rematchAfterDeath, payPremium, raiseLimit],
  [closeWithoutSalt, closeAfterDeclines, leaveUnfilled, expire, waitForCheaper, answerNonsense, fillOrKill, runTogether],
  [surviveGatewayKills, closeWithoutInputs, billTheConsumer, spendForAnOrganization],
  [mapAndReduce, closeBehindTheMissing, cancelBehindTheFailed],
  [showNothingToThirdParties, rematchAfterSilence, closeWithoutSeal, cancelPartlyMatched, tradeWithOneself],
];

describe("the market on a real network", function () {
  this.timeout(180_000);
  let world: World;
  const runs = new Map<Scenario, Promise<void>>();
  before(async () => {
    world = await World.start();
    for (const lane of lanes) {
      let last = Promise.resolve();
      for (const scenario of lane) {
        last = last.catch(() => undefined).then(() => scenario(world));
        last.catch(() => undefined);
        runs.set(scenario, last);
      }
    }
  });
  after(async () => {
    await world?.stop();
  });
  const holds = (sentence: string, scenario: Scenario): void => {
    it(sentence, () => runs.get(scenario));
  };

  holds("pays a job without verification by the lots used, takes the fee, gives the rest back", acceptWithoutVerification);
  holds("pays two replicas that agree and gives the reserve back", acceptReplicated);
  holds("pays a job in another denom, staked for at that denom's rate", payInAnotherDenom);
  holds("slashes a provider that lies, splits its stake, pays the honest and ends with the right result", slashTheLiar);
  holds("slashes a replica that commits and never reveals, and draws two in its place", replaceTheSilent);
  holds("gives a task without verification to another after such silence", rematchAfterSilence);
  holds("pays workers that were killed and came back in time: from the journal, or by running again", goOnAfterKill);
  holds("gives the task of a killed worker to another and takes a tenth of the stake", rematchAfterDeath);
  holds("burns a tenth of the fee where the consumer keeps its salt back", closeWithoutSalt);
  holds("burns a tenth of the fee where the consumer keeps its key back", closeWithoutSeal);
  holds("opens a task that was declined for its input, and closes it at the second organization's decline", closeAfterDeclines);
  holds("ends a job whose arguments are nonsense without harm to its provider", answerNonsense);
  holds("closes what is unmatched of a cancelled bid and finishes the rest", cancelPartlyMatched);
  holds("sends an immediate bid away unfilled", leaveUnfilled);
  holds("expires a bid at its tau", expire);
  holds("lets a limit below the book wait for a cheaper ask", waitForCheaper);
  holds("serves a bid that wants an attribute by those who offer it, and pays their premium", payPremium);
  holds("fills a fill-or-kill bid whole or not at all", fillOrKill);
  holds("runs tasks that belong together in one place", runTogether);
  holds("gives a waiting bid a higher limit and matches it", raiseLimit);
  holds("never trades an account with itself: the newer order leaves", tradeWithOneself);
  holds("shows nothing to third parties who fetch its data", showNothingToThirdParties);

  holds("runs map and reduce as one job: the reduce opens when the last map is final and its input is supplied", mapAndReduce);
  holds("goes on after its gateway was killed: with the bid placed, between the stages, with the inputs supplied", surviveGatewayKills);
  holds("closes every stage behind a task without a result, and gives their escrow back", closeBehindTheMissing);
  holds("closes a stage whose inputs the consumer keeps back", closeWithoutInputs);
  holds("cancels what would read the result of a program that failed", cancelBehindTheFailed);

  holds("bills a consumer what the chain settled, and finds a bill out that says otherwise (STM-7)", billTheConsumer);
  holds("spends an organization's money within policy and budget: at the bid, at the match after a change, and no more for who was removed", spendForAnOrganization);

  it("leaks no secret into logs, blocks, process list or the disks of providers", () => leakNothing(world));
  it("costs workers and gateways no fee for transactions that fail", () => {
    // One that is killed cannot know which of its transactions came through; the employee's bids are refused on purpose.
    const expected = [...[3, slow].map((index) => world.address(index)), ...["killed gateway", "employee"].map((name) => world.consumers.get(name)!.address)];
    assert.deepEqual(world.history.failures.filter(({ account }) => !expected.includes(account)), []);
  });
  it("has every worker sign with a session key, never with its operator's (SESSION-14)", () => signBySession(world));
  it("prunes the records in time and gives the storage deposit back", () => pruneRecords(world));
  it("balances: escrow, bonds, fees and what was burned, to the unit", () => balanceBooks(world));
  it("leaves each provider with what it earned, no stake locked, every unit back in its ask", () => settleProviders(world));
  it("agrees with the bank's events for every account", () => matchBankEvents(world));
  it("can be followed from events alone: every book at every height where it changed", async () => {
    const height = await world.history.upToNow();
    for (const classId of classIds) await world.follower.compare(classId, height);
    await world.follower.compare("wasm.foreign", height, secondDenom);
    assert.ok(world.follower.compared > 100, `${world.follower.compared} compared`);
  });
  it("can be followed from the state at any height on, after a gap", async () => {
    const to = await world.history.upToNow();
    const follower = new Follower(world.connection);
    const from = to - 60;
    await follower.resume(from);
    for (let height = from + 1; height <= to; height++) await follower.follow(height, world.history.at(height));
    for (const classId of classIds) await follower.compare(classId, to);
  });
});
