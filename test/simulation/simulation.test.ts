import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { Coverage, neverSucceeds } from "./coverage.ts";
import { ForeignProcess } from "./foreign.ts";
import type { Plan } from "./plan.ts";
import { simulate } from "./simulation.ts";
import { appModules } from "./world.ts";

const seeds = ["1", "2", "3"];
/** Seeds of further runs, until there is nothing more to see. The first three bring all that is rare, as the modules are now; a change of them changes what a seed does, and then the others do. */
const further = [15, 36, 7, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21];
/** Runs that failed once, cut down: each was a bug. */
const regressions = new URL("regressions/", import.meta.url);
const blocks = 20;
/** What no message of its own brings about: ways of bids out of the book, and verdicts that the chain comes to by a run of its own. */
const ends = [
  ["/end of a bid", "expired"], ["/end of a bid", "self_trade"], ["/end of a bid", "barred"],
  ["/end of a dispute", "provider_wrong"], ["/end of a dispute", "challenger_wrong"],
] as const;

describe("simulation", function () {
  this.timeout(180_000);
  let foreign: ForeignProcess;
  const coverage = new Coverage(appModules().flatMap((module) => module.messages.map((message) => message.typeUrl)));

  before(() => {
    foreign = new ForeignProcess();
  });
  after(() => { foreign.stop(); });

  for (const name of readdirSync(regressions).filter((file) => file.endsWith(".json"))) {
    it(`does not fail again as in ${name}`, async () => {
      const plan = JSON.parse(readFileSync(new URL(name, regressions), "utf8")) as Plan;
      await simulate({ seed: plan.seed, blocks: 0, plan, foreign, audits: 100 });
    });
  }

  for (const seed of seeds) {
    it(`of seed ${seed} agrees on every replica, keeps all invariants, and survives export and import; proposals leave no trace (ABCI-10, ABCI-11)`, async () => {
      coverage.add((await simulate({ seed, blocks, foreign })).coverage);
    });
  }

  it("brings every type of message to success on every replica, bids to every end, and disputes to a verdict against either side", async function () {
    this.timeout(600_000);
    const missing = (): string[] => [...coverage.uncovered.filter((typeUrl) => !(typeUrl in neverSucceeds)), ...ends.filter(([what, end]) => !coverage.has(what, end)).map((pair) => pair.join(" "))];
    for (const seed of further) if (missing().length > 0 || coverage.slashed.size < 2) coverage.add((await simulate({ seed: String(seed), blocks: 2 * blocks, foreign })).coverage);
    assert.deepEqual(missing(), [], coverage.report);
  });

  it("has validators that are slashed for downtime and for signing twice", () => {
    assert.deepEqual([...coverage.slashed].sort(), ["double_sign", "missing_signature"]);
  });
});
