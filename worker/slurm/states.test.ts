import assert from "node:assert/strict";
import { endOf, phaseOf } from "./states.ts";

const job = { name: "dcm-0-1", id: 7, nodes: "node3", reason: "None" };

describe("states of Slurm jobs", () => {
  it("SLURM-2 leave everything open while a job waits, runs, or has ended well", () => {
    for (const state of ["PENDING", "CONFIGURING", "REQUEUED", "RUNNING", "COMPLETING", "SUSPENDED", "COMPLETED", "SOMETHING_NEW"]) assert.equal(endOf({ ...job, state }), undefined, state);
    assert.deepEqual(["PENDING", "RUNNING", "COMPLETED", "SOMETHING_NEW"].map(phaseOf), ["waiting", "running", "completed", "running"]);
  });

  it("SLURM-2 make a job that came to its time limit a timeout", () => {
    for (const state of ["TIMEOUT", "DEADLINE"]) assert.equal(endOf({ ...job, state, reason: "TimeLimit" })?.status, "timeout");
    assert.equal(endOf({ ...job, state: "TIMEOUT", reason: "TimeLimit" })?.reason, "Slurm ended job 7 on node3: it came to its time limit (TIMEOUT, TimeLimit)");
  });

  it("SLURM-2 make every other end a fault of the host, with the reason", () => {
    for (const state of ["BOOT_FAIL", "CANCELLED", "FAILED", "LAUNCH_FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED"]) assert.equal(endOf({ ...job, state })?.status, "host-fault", state);
    assert.equal(endOf({ ...job, state: "NODE_FAIL" })?.reason, "Slurm ended job 7 on node3: its node failed (NODE_FAIL)");
    assert.equal(endOf({ ...job, state: "FAILED", reason: "NonZeroExitCode" })?.reason, "Slurm ended job 7 on node3: it failed (FAILED, NonZeroExitCode)");
  });

  it("SLURM-5 give up what waits for something that does not come", () => {
    const ended = endOf({ ...job, state: "PENDING", nodes: "", reason: "PartitionTimeLimit" });
    assert.deepEqual([ended?.status, ended?.queued], ["host-fault", true]);
    assert.match(ended!.reason, /job 7 \(PartitionTimeLimit\): the partition allows less time .*backend\.maxMinutes/);
    assert.equal(endOf({ ...job, state: "PENDING", nodes: "", reason: "Resources" }), undefined);
  });
});
