import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Job, JobSpec, Replica, ReplicaState, Task, TaskState } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { Screen } from "./screen.ts";
import { watchJob } from "./watch.ts";

describe("a job as it happens", () => {
  const told = (consumerKey: Uint8Array, duration: bigint): string => {
    let said = "";
    const job = Job.fromPartial({ id: 7n, quoteDenom: "udcm", k: 1, spec: JobSpec.fromPartial({ duration, consumerKey }), escrow: { paid: "0" } });
    const task = Task.fromPartial({ id: 9n, state: TaskState.TASK_STATE_CHALLENGE, price: 10n, replicas: [Replica.fromPartial({ provider: "p", state: ReplicaState.REPLICA_STATE_REVEALED })] });
    const watch = watchJob({ screen: new Screen({ write: (text) => (said += text) }), names: new Map([["p", "Paula"]]), bondDenom: "udcm", params: { challengeDue: 10_000n, challengeDurations: 3 } });
    watch({ wave: 0, kind: "map", job, stages: [], tasks: [task], all: [task] });
    return said;
  };

  it("counts auditors among those of whom a result is awaited (CLI-5)", () => {
    let said = "";
    const { REPLICA_STATE_REVEALED, REPLICA_STATE_RUNNING, REPLICA_STATE_OUT } = ReplicaState;
    const job = Job.fromPartial({ id: 7n, quoteDenom: "udcm", k: 1, spec: JobSpec.fromPartial({}), escrow: { paid: "0" } });
    const tasks = [[REPLICA_STATE_REVEALED, REPLICA_STATE_RUNNING], [REPLICA_STATE_OUT, REPLICA_STATE_REVEALED]].map((states, index) => Task.fromPartial({ id: BigInt(index), index, state: TaskState.TASK_STATE_AUDITING, replicas: states.map((state, i) => Replica.fromPartial({ provider: `p${i}`, state })) }));
    watchJob({ screen: new Screen({ write: (text) => (said += text) }), names: new Map([["p0", "Paula"]]), bondDenom: "udcm", params: { challengeDue: 10_000n, challengeDurations: 3 } })({ wave: 0, kind: "map", job, stages: [], tasks, all: tasks });
    assert.match(said, /0\/2 accepted, 1 running, 2\/3 committed, 2\/3 revealed/);
  });

  it("says who may challenge a refereed result, and for how long (CLI-5)", () => {
    assert.match(told(new Uint8Array(0), 30_000n), /task 0 +revealed; anybody may challenge it for 90 s\n/);
    assert.match(told(new Uint8Array(32), 1_000n), /task 0 +revealed; its consumer may challenge it for 10 s\n/);
  });
});
