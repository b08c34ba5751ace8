import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "mocha";
import { type PortPlan, claimPorts } from "./ports.ts";

const all = (plans: readonly PortPlan[]): number[] => plans.flatMap(({ nodes }) => nodes.flatMap((ports) => Object.values(ports)));

describe("ports for networks side by side", () => {
  it("gives every node of every network ports of its own", async () => {
    const plans = await Promise.all([claimPorts(4), claimPorts(4), claimPorts(11), claimPorts(1)]);
    const ports = all(plans);
    assert.equal(ports.length, 20 * 8);
    assert.equal(new Set(ports).size, ports.length);
    await Promise.all(plans.map((plan) => plan.release()));
  });

  it("gives no block that holds a port in use", async () => {
    const plan = await claimPorts(1);
    const [taken] = all([plan]);
    await plan.release();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(taken, "127.0.0.1", resolve));
    const other = await claimPorts(1);
    assert.ok(!all([other]).includes(taken!));
    await assert.rejects(claimPorts(1, taken! - 1), new RegExp(`port ${taken!} on 127.0.0.1 is in use: stop what listens there, or choose another base port \\(--base-port\\)`));
    await other.release();
    await new Promise<unknown>((resolve) => server.close(resolve));
  });

  it("gives the same ports for the same base", async () => {
    const free = await claimPorts(2);
    const base = free.nodes[0]!.p2p - 1;
    await free.release();
    const again = await claimPorts(2, base);
    assert.deepEqual(again.nodes, free.nodes);
    await assert.rejects(claimPorts(1, base), /in use/);
    await again.release();
  });
});
