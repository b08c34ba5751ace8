import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { InstanceState, type Instance } from "../../../codec/gen/dcm/market/v1/types.ts";
import { moduleAddress, addressText } from "../../../codec/address.ts";
import { testContext } from "../../../runtime/testing.ts";
import { asks, bids, instanceQueue, instances, leases, services, tasksPerJob } from "../state.ts";
import { fails, TestMarket } from "../testing.ts";

const count = 100_000;
const perService = 50_000;

/** One instance that runs, by messages; then the same over and over in the state, all started at one tau. */
function flood(): { m: TestMarket; p: string; c: string; idOf: (i: number) => bigint } {
  const m = new TestMarket();
  const p = m.provider("p", 10n ** 12n);
  const c = m.fund("c");
  const askId = m.serviceAsk(p, 10n);
  m.block();
  const first = m.serviceBid(c, 10n, { lots: 1n });
  m.block(1_000n, 2);
  m.sealFor(c, first, p);
  m.startService(first * tasksPerJob, p);
  const ctx = testContext(m.stores);
  const [instance, bid, service] = [instances.find(ctx, first * tasksPerJob)!, bids.find(ctx, first)!, services.find(ctx, first)!];
  const lease = leases.find(ctx, instance.leaseId)!;
  const idOf = (i: number): bigint => (first + BigInt(Math.floor(i / perService))) * tasksPerJob + BigInt(i % perService);
  const each = BigInt(service.escrow!.perTask);
  for (let s = 0n; s < BigInt(count / perService); s++) {
    const held = (each * BigInt(perService)).toString();
    services.set(ctx, first + s, { ...service, id: first + s, spec: { ...service.spec!, instances: perService }, escrow: { ...service.escrow!, deposited: held, held } });
    bids.set(ctx, first + s, { ...bid, id: first + s, tasks: perService, nextTask: perService });
  }
  for (let i = 0; i < count; i++) {
    const leaseId = lease.id + BigInt(i);
    const next: Instance = { ...instance, id: idOf(i), serviceId: idOf(i) / tasksPerJob, index: i % perService, leaseId };
    instances.set(ctx, next.id, next);
    instanceQueue.set(ctx, [next.dueTau, next.id], true);
    leases.set(ctx, leaseId, { ...lease, id: leaseId, jobId: next.serviceId });
  }
  asks.set(ctx, askId, { ...asks.find(ctx, askId)!, units: count });
  m.providers.get(p)!.locked = BigInt(instance.stake) * BigInt(count);
  const escrow = addressText(moduleAddress("market"));
  m.balances.set(escrow, m.balances.get(escrow)! + each * BigInt(count - 1));
  return { m, p, c, idOf };
}

describe("a hundred thousand instances that are depleted at one tau", function () {
  this.timeout(120_000);
  it("MKT-116: a block looks at 500 of them, and whoever waits for its turn has the rights of its tau", () => {
    const { m, c, idOf } = flood();
    const last = idOf(count - 1);
    const { endsTau } = m.instance(last);
    m.tau = endsTau;
    m.send("MsgTopUpService", { organization: "", costTags: [], payer: c, instanceId: last, amount: "1000" });
    m.tau = endsTau + 1n;
    for (let block = 1; block <= 10; block++) {
      m.module.endBlock!(testContext(m.stores, { height: m.height, mode: "block" }));
      m.height++;
      m.tau += 1_000n;
      const ctx = testContext(m.stores);
      const closed = Array.from({ length: 5_001 }, (_, i) => instances.find(ctx, idOf(i))!).filter(({ state }) => state === InstanceState.INSTANCE_STATE_CLOSED);
      assert.equal(closed.length, 500 * block);
      assert.ok(closed.every(({ endedTau, paid }) => endedTau === endsTau && paid === "11"));
    }
    const waits = idOf(count - 2);
    assert.deepEqual([m.instance(waits).instance!.state, m.instance(waits).instance!.endedTau], [InstanceState.INSTANCE_STATE_CLOSED, endsTau]);
    fails(() => m.send("MsgTopUpService", { organization: "", costTags: [], payer: c, instanceId: waits, amount: "1000" }), 63, /is closed/);
    assert.equal(m.instance(last).instance!.state, InstanceState.INSTANCE_STATE_RUNNING);
    m.send("MsgCloseService", { consumer: c, instanceId: last });
    assert.equal(m.instance(last).instance!.state, InstanceState.INSTANCE_STATE_CLOSED);
  });
});
