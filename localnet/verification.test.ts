import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { usualReplicas, type Verification } from "../worker/gateway/bid.ts";
import type { LoadedJob } from "../worker/job-file.ts";
import { fitVerification } from "./verification.ts";

const loaded = (verification: Verification, replicas = usualReplicas(verification)): LoadedJob => ({
  job: { name: "k", title: "K", classId: "wasm.core", quoteDenom: "udcm", limitPrice: 1n, verification, replicas, wishes: {}, organization: "", costTags: {}, sealed: true, program: "k.wasm", waves: [] }, program: new Uint8Array(0), inputs: [], present: () => "",
});

describe("a job on a small network", () => {
  it("runs without a check where one provider is alone, and says so with what to do", () => {
    for (const verification of ["V1", "V2"] as const) {
      const { loaded: fitted, notice } = fitVerification(loaded(verification), 1);
      assert.equal(fitted.job.verification, "V0");
      assert.equal(fitted.job.replicas, 1);
      assert.match(notice!, new RegExp(`^Verification ${verification} takes 2 providers, there is 1: k runs with V0, nobody checks .* --providers 3`));
    }
  });

  it("runs without a check where there are fewer providers than replicas", () => {
    assert.match(fitVerification(loaded("V2", 3), 2).notice!, /^Verification V2 takes 3 providers, there is 2/);
  });

  it("is as its file says where there are enough providers, or where nobody is to check", () => {
    for (const [verification, providers] of [["V2", 2], ["V1", 2], ["V2", 5], ["V0", 1], ["V3", 2]] as const) {
      const job = loaded(verification, verification === "V3" ? 2 : undefined);
      assert.deepEqual(fitVerification(job, providers), { loaded: job, notice: undefined });
    }
  });
});
