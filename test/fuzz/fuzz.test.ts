import fc from "fast-check";
import { simulate, type LastState } from "../simulation/simulation.ts";
import { doorTarget, engineTarget, genesisTarget, queryTarget, spellingTarget, transactionTarget, type Target } from "./targets.ts";

/** Each target gets so long; a failure prints the seed and the label that repeat it. */
const milliseconds = 3_000;

function fuzz(target: Target): void {
  fc.assert(fc.property(fc.uuid(), (label) => { target(label); }), { numRuns: 1_000_000, interruptAfterTimeLimit: milliseconds, markInterruptAsFailure: false, endOnFailure: true });
}

describe("fuzz", function () {
  this.timeout(180_000);

  it("of transactions, other ways to send them, queries and genesis over a state that has seen everything", async () => {
    await simulate({
      seed: "fuzz", blocks: 12, audits: 0, roundTrip: false,
      inspect(state: LastState) {
        fuzz(transactionTarget(state));
        fuzz(spellingTarget(state));
        fuzz(doorTarget(state));
        fuzz(queryTarget(state));
        fuzz(genesisTarget(state));
      },
    });
  });

  it("of the refereed machine's engines", () => fuzz(engineTarget()));
});
