import { after, before, describe, it } from "mocha";
import { acceptRefereed, convictByAudit, convictByChallenge, convictByReplica, refuteSlander } from "./refereed.ts";
import { liar, World } from "./world.ts";

describe("refereed results on a real network", function () {
  this.timeout(180_000);
  let world: World;
  const runs = new Map<(world: World) => Promise<void>, Promise<void>>();
  before(async () => {
    world = await World.start(liar + 1, {}, { audit_probability_bps: 10_000, challenge_due: "20000" });
    const start = (scenario: (world: World) => Promise<void>, after: Promise<unknown> = Promise.resolve()): void => {
      const run = after.then(() => scenario(world));
      run.catch(() => undefined);
      runs.set(scenario, run);
    };
    for (const scenario of [acceptRefereed, convictByChallenge, convictByAudit, refuteSlander]) start(scenario);
    // Strangers have their windows' time to run a task again: not beside more runs of the same workers.
    start(convictByReplica, Promise.allSettled(runs.values()));
  });
  after(async () => {
    await world?.stop();
  });

  it("pays a provider and its auditor where nobody objects within the window", () => runs.get(acceptRefereed));
  it("convicts a liar that a stranger challenges: the chain runs one segment itself", () => runs.get(convictByChallenge));
  it("convicts a liar whose drawn auditor found another state", () => runs.get(convictByAudit));
  it("convicts one of two replicas that differ, and gives the consumer the other's result", () => runs.get(convictByReplica));
  it("takes the bond of whoever challenges a result that is right", () => runs.get(refuteSlander));
});
