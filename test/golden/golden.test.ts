import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { simulate } from "../simulation/simulation.ts";
import type { Plan } from "../simulation/plan.ts";

/** A run that was recorded once, so that it does not change with the generators; and the app hash of each of its blocks. */
const planFile = new URL("plan.json", import.meta.url);
const hashesFile = new URL("app-hashes.json", import.meta.url);
const record = process.env.DCM_GOLDEN;

describe("golden app hashes", function () {
  this.timeout(180_000);

  it("of a recorded run are those of the release: state, gas and results are computed as before", async () => {
    if (record === "plan") writeFileSync(planFile, `${JSON.stringify((await simulate({ seed: "golden", blocks: 12, audits: 0, roundTrip: false })).plan)}\n`);
    const plan = JSON.parse(readFileSync(planFile, "utf8")) as Plan;
    const { appHashes } = await simulate({ seed: plan.seed, blocks: 0, plan, audits: 0, roundTrip: false });
    if (record !== undefined) writeFileSync(hashesFile, `${JSON.stringify(appHashes, null, 1)}\n`);
    const golden = JSON.parse(readFileSync(hashesFile, "utf8")) as string[];
    const first = appHashes.findIndex((hash, i) => hash !== golden[i]);
    assert.equal(first, -1, `the app hash of height ${first + 1} is ${appHashes[first] ?? ""}, it was ${golden[first] ?? "not recorded"}. ` +
      "A running network would fork here. If the change of consensus is intended: mark the commit with !, say why in an ADR, and record the new hashes with " +
      "DCM_GOLDEN=hashes node bootstrap.mjs --test-run test/golden/golden.test.ts. If it is not intended, look for what now writes, charges or orders otherwise. " +
      "Where messages were added, DCM_GOLDEN=plan records a new run as well.");
    assert.equal(appHashes.length, golden.length);
  });
});
