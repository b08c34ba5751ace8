import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { Coverage, neverSucceeds } from "./coverage.ts";
import { ForeignProcess } from "./foreign.ts";
import type { Plan } from "./plan.ts";
import { simulate } from "./simulation.ts";
import { appModules } from "./world.ts";

const seeds = ["1", "2", "3"];
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

  it("brings every type of message to success on every replica, bids to every end, and disputes to a verdict against either side", async () => {
    const missing = (): string[] => [...coverage.uncovered.filter((typeUrl) => !(typeUrl in neverSucceeds)), ...ends.filter(([what, end]) => !coverage.has(what, end)).map((pair) => pair.join(" "))];
    // A change of the modules changes what a seed does: rare types may then want a few runs more, which show of them what the others show.
    for (let seed = seeds.length + 1; seed <= 20 && (missing().length > 0 || coverage.slashed.size < 2); seed++) coverage.add((await simulate({ seed: String(seed), blocks: 2 * blocks, foreign })).coverage);
    assert.deepEqual(missing(), [], coverage.report);
  });

  it("has validators that are slashed for downtime and for signing twice", () => {
    assert.deepEqual([...coverage.slashed].sort(), ["double_sign", "missing_signature"]);
  });
});
