import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "../../client/connection.ts";
import type { Sender } from "../../client/sender.ts";
import { ReplicaState, Task } from "../../chain/codec/gen/dcm/market/v1/types.ts";
import { Challenger } from "./challenger.ts";

describe("a challenger", () => {
  it("looks at each task that can be challenged, though another cannot be run", async () => {
    const tasks = [1n, 2n, 3n].map((id) => Task.fromPartial({ id, dueTau: id, replicas: [{ provider: "p", round: 0, state: ReplicaState.REPLICA_STATE_REVEALED, result: { final: {} } }] }));
    const asked: bigint[] = [];
    const market = { tasks: () => Promise.resolve({ tasks }), task: ({ taskId }: { taskId: bigint }) => Promise.reject(asked.push(taskId) > 0 ? new Error("no task") : undefined) };
    const challenger = new Challenger({ connection: { query: { market } } as unknown as Connection, sender: {} as Sender, party: "me", encryptionSecret: new Uint8Array(32), pollMs: 1, log: () => undefined });
    challenger.start();
    for (const end = Date.now() + 5_000; asked.length < 6 && Date.now() < end; ) await sleep(5);
    await challenger.stop();
    assert.deepEqual(asked.slice(0, 6), [1n, 2n, 3n, 1n, 2n, 3n]);
  });
});
