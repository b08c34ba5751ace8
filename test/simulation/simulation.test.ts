import assert from "node:assert/strict";
import { Coverage, neverSucceeds } from "./coverage.ts";
import { ForeignProcess } from "./foreign.ts";
import { simulate } from "./simulation.ts";
import { appModules } from "./world.ts";

const seeds = ["1", "2", "3"];
const blocks = 30;

describe("simulation", function () {
  this.timeout(60_000);
  let foreign: ForeignProcess;
  const coverage = new Coverage(appModules().flatMap((module) => module.messages.map((message) => message.typeUrl)));

  before(() => {
    foreign = new ForeignProcess();
  });
  after(() => { foreign.stop(); });

  for (const seed of seeds) {
    it(`of seed ${seed} agrees on every replica, keeps all invariants, and survives export and import`, async () => {
      coverage.add((await simulate({ seed, blocks, foreign })).coverage);
    });
  }

  it("brings every type of message to success", () => {
    assert.deepEqual(coverage.uncovered.filter((typeUrl) => !(typeUrl in neverSucceeds)), [], coverage.report);
  });
});
