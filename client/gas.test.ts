import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ReplicaState, type Task } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { bidMessage, refereed, replicated, saltChain, serviceMessage, spotChecked, stage, staged, TestMarket } from "../chain/modules/market/testing.ts";
import { execute } from "../chain/runtime/testing.ts";
import * as referee from "../chain/modules/referee/gas.ts";
import { witnessBytes } from "../chain/vm/witness.ts";
import { feeOf, gasOf, gasOfDraws, gasOfTransaction } from "./gas.ts";

describe("gas of a message", () => {
  const [v2, v3] = [replicated(saltChain(2)), refereed(saltChain(2))];
  const bids: readonly [string, string, (consumer: string) => object][] = [
    ["a bid for one task", "MsgPlaceBid", (c) => bidMessage(c, 100n)],
    ["a bid for 1,024 tasks", "MsgPlaceBid", (c) => bidMessage(c, 100n, {}, { tasks: 1_024 })],
    ["a bid for replicated tasks", "MsgPlaceBid", (c) => bidMessage(c, 100n, v2, { tasks: 9 })],
    ["a bid for tasks of three replicas", "MsgPlaceBid", (c) => bidMessage(c, 100n, { ...v2, k: 3 }, { tasks: 9 })],
    ["a bid for refereed tasks", "MsgPlaceBid", (c) => bidMessage(c, 100n, v3, { tasks: 9, programRoot: new Uint8Array(32) })],
    ["a bid for refereed tasks of two replicas", "MsgPlaceBid", (c) => bidMessage(c, 100n, { ...v3, k: 2 }, { tasks: 9, programRoot: new Uint8Array(32) })],
    ["a bid for spot-checked tasks", "MsgPlaceBid", (c) => bidMessage(c, 100n, spotChecked(saltChain(2)), { tasks: 9 })],
    ["a bid for stages", "MsgPlaceBid", (c) => bidMessage(c, 100n, {}, staged([stage(6), stage(2, [0])]))],
    ["a bid for instances", "MsgPlaceServiceBid", (c) => serviceMessage(c, 20n, {}, { instances: 40 })],
  ];
  for (const [what, name, message] of bids) for (const auditors of [1, 2]) {
    it(`adds for ${what} what the chain takes for its matches with ${auditors} in an audit (MKT-170)`, () => {
      const m = new TestMarket({ auditors });
      const value = message(m.fund("c", 10n ** 15n));
      const { gasUsed } = execute(m.stores, m.modules, `/dcm.market.v1.${name}`, value, { height: m.height, time: m.time });
      assert.equal(gasOf({ typeUrl: `/dcm.market.v1.${name}`, value }, { perMessage: 1_000, auditors }), 1_000 + gasUsed);
    });
  }

  it("makes a transaction's fee: of all its messages and of itself, rounded up", () => {
    const gas = gasOfTransaction([gasOf({ typeUrl: "/dcm.market.v1.MsgCancelBid", value: {} }), 400_001]);
    assert.deepEqual([gas, feeOf(gas, { denom: "udcm", amount: 0.001 }), feeOf(gas, { denom: "udcm", amount: 0 }), gasOfTransaction([])], [900_001, 901n, 0n, 100_000]);
  });

  it("adds for a proof in a dispute what the chain takes for the run of a segment, its hashes and its bytes", () => {
    const witness = (leaves: number, siblings: number) => ({ indices: Array.from({ length: leaves }, (_, i) => i), leaves: new Uint8Array(256 * leaves), siblings: new Uint8Array(32 * siblings) });
    const [ram, rom] = [witness(300, 500), witness(100, 40)];
    const chain = referee.proofGas(65_536, { ram, rom });
    const gas = gasOf({ typeUrl: "/dcm.referee.v1.MsgProve", value: { ram, rom } }, { perMessage: 0 });
    assert.ok(gas > chain + 10 * witnessBytes({ ram, rom }), `${gas} for ${chain}`);
    assert.ok(gas < 2 * chain);
  });

  it("reaches for salts of many draws and for many keys", () => {
    for (const tasks of [1, 40, 300]) {
      const m = new TestMarket();
      const consumer = m.fund("c", 10n ** 12n);
      for (let i = 0; i < 40; i++) m.ask(m.provider(`p${i}`, 10n ** 9n), 10n, 400);
      const salts = saltChain(3);
      const job = m.bid(consumer, 20n, replicated(salts), { tasks, consumerKey: new Uint8Array(32).fill(7), arguments: new Uint8Array(4_000) });
      for (let i = 0; i < 5; i++) m.blockUnchecked(10n);
      const reaches = (name: string, value: object, more = 0): void => {
        const typeUrl = `/dcm.market.v1.${name}`;
        const { gasUsed } = execute(m.stores, m.modules, typeUrl, value, { height: m.height, time: m.time, gasLimit: 10 ** 9 });
        const asked = more + gasOf({ typeUrl, value });
        assert.ok(asked > gasUsed && asked < 2 * gasUsed + 400_000, `${name}, ${tasks} tasks: ${asked} for ${gasUsed}`);
      };
      for (const [i, waiting] of [tasks, tasks - 256].entries()) if (waiting > 0) reaches("MsgRevealSalt", { consumer, jobId: job, salt: salts[i + 1]! }, gasOfDraws(waiting));
      for (let i = 0; i < 5; i++) m.blockUnchecked(10n);
      const { tasks: all } = m.query<{ tasks: Task[] }>("Tasks", { provider: "", jobId: job, state: 0 });
      const sealing = new Set(all.flatMap(({ replicas }) => replicas.filter(({ state }) => state === ReplicaState.REPLICA_STATE_SEALING).map(({ provider }) => provider)));
      reaches("MsgSealKeys", { consumer, jobId: job, keys: [...sealing].map((provider) => ({ provider, sealedKey: new Uint8Array(80) })) });
    }
  });

  it("is the same for every other message", () => {
    assert.equal(gasOf({ typeUrl: "/dcm.market.v1.MsgCancelBid", value: { job: { tasks: 9 } } }), 400_000);
  });
});
