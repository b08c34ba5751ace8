/** Jurors: bonds, exits, and draws in proportion to what is free. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { addressBytes, addressText, moduleAddress } from "../../../codec/address.ts";
import { uint64Bytes, utf8 } from "../../../codec/bytes.ts";
import { sha256 } from "../../../codec/hash.ts";
import type { GenesisState } from "../../../codec/gen/dcm/juror/v1/genesis.ts";
import { TxError } from "../../../runtime/errors.ts";
import { execute } from "../../../runtime/testing.ts";
import { defaultParams, paramsFault } from "./params.ts";
import { nodes } from "./state.ts";
import { account, authority, denom, JurorsWorld, rich } from "./testing.ts";

const fails = (code: number, action: () => unknown): void => {
  assert.throws(action, (error: unknown) => error instanceof TxError && error.codespace === "jurors" && error.code === code, `jurors ${code}`);
};
const seedOf = (i: number): Uint8Array => sha256(utf8("seed"), uint64Bytes(BigInt(i)));

describe("jurors", () => {
  it("JUROR-1: a juror registers with a first bond, adds to it, edits its profile", () => {
    const world = new JurorsWorld();
    fails(6, () => world.send("RegisterJuror", 1, { profile: { moniker: "a", url: "" }, bond: { denom: "stone", amount: "5" } }));
    fails(10, () => world.register(1, 999n));
    fails(4, () => world.register(1, 1_000n, { profile: { moniker: " ", url: "" } }));
    fails(3, () => world.send("BondJuror", 1, { amount: { denom, amount: "5" } }));
    world.register(1, 1_000n);
    fails(2, () => world.register(1));
    world.send("BondJuror", 1, { amount: { denom, amount: "5" } });
    world.send("EditJuror", 1, { profile: { moniker: "edited", url: "https://juror.example" } });
    assert.deepEqual([world.info(1).bond!.total, world.info(1).free, world.info(1).profile!.moniker, world.info(1).active], ["1005", "1005", "edited", true]);
    assert.deepEqual([world.balance(1), world.held], [rich - 1_005n, 1_005n]);
    world.block();
  });

  it("JUROR-2: bond unbonds after its time, the least stays, entries are bounded", () => {
    const world = new JurorsWorld({ params: { unbondingTimeMs: 10_000n, maxUnbondingEntries: 2 } });
    world.register(1, 5_000n);
    fails(7, () => world.unbond(1, 4_001n));
    world.unbond(1, 1_000n);
    world.unbond(1, 1_000n);
    fails(8, () => world.unbond(1, 1n));
    world.block(9_999n);
    assert.equal(world.balance(1), rich - 5_000n);
    world.block(1n);
    assert.deepEqual([world.balance(1), world.held], [rich - 3_000n, 3_000n]);
  });

  it("JUROR-3: retiring takes everything out and the juror is gone with the last payment; its place is given again", () => {
    const world = new JurorsWorld({ params: { unbondingTimeMs: 10_000n } });
    world.register(1);
    world.register(2);
    world.block();
    world.send("RetireJuror", 1);
    fails(9, () => world.register(1));
    world.block();
    assert.equal(world.ask<{ totalWeight: string }>("Jurors").totalWeight, "10000", "who retires is drawn no more");
    world.block(10_000n);
    assert.deepEqual([world.balance(1), world.held], [rich, 10_000n]);
    world.register(3);
    world.register(1);
    world.block();
    assert.equal(world.ask<{ totalWeight: string }>("Jurors").totalWeight, "30000");
  });

  it("JUROR-4: seats go by free bond: over many seeds each has its share, and splitting a bond gains none", () => {
    const world = new JurorsWorld();
    const bonds = [1_000n, 3_000n, 6_000n, 5_000n, 5_000n];
    bonds.forEach((bond, i) => world.register(i + 1, bond));
    world.block();
    const counts = new Map<string, number>();
    const runs = 3_000;
    for (let i = 0; i < runs; i++) {
      const [juror] = world.draw({ seed: seedOf(i), stake: 1n });
      counts.set(addressText(juror!), (counts.get(addressText(juror!)) ?? 0) + 1);
      world.port((jurors, ctx) => jurors.unlock(ctx, juror!, 1n));
    }
    bonds.forEach((bond, i) => {
      const expected = (runs * Number(bond)) / 20_000;
      const got = counts.get(account(i + 1)) ?? 0;
      assert.ok(Math.abs(got - expected) < 5 * Math.sqrt(expected), `juror ${i + 1}: ${got} seats of ${expected} expected`);
    });
  });

  it("JUROR-5: nobody is drawn twice, stakes are locked, and what is locked is neither drawn nor unbonded", () => {
    const world = new JurorsWorld();
    for (let i = 1; i <= 40; i++) world.register(i, 2_000n);
    world.block();
    const drawn = world.draw({ seats: 30, picks: 200 }).map((juror) => addressText(juror));
    assert.equal(new Set(drawn).size, 30);
    const one = Number(addressBytes(drawn[0]!)[0]);
    assert.deepEqual([world.info(one).bond!.locked, world.info(one).free], ["1000", "1000"]);
    fails(11, () => world.unbond(one, 1_001n));
    world.block();
    assert.equal(world.draw({ seats: 50, picks: 200, stake: 1_500n }).length, 10, "only who has the stake");
    world.block();
    assert.equal(world.draw({ seats: 1, picks: 200, mayServe: () => false }).length, 0);
    assert.deepEqual(world.draw({ seats: 5, picks: 200, mayServe: (juror) => addressText(juror) === drawn[1] }).map((juror) => addressText(juror)), [drawn[1]]);
  });

  it("JUROR-6: a bond counts from the block behind the one that changed it", () => {
    const world = new JurorsWorld();
    world.register(1);
    assert.equal(world.draw({}).length, 0);
    world.block();
    world.register(2, 900_000_000n);
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(world.draw({ seed: seedOf(i), stake: 1n }).map((juror) => addressText(juror)), [account(1)]);
      world.port((jurors, ctx) => jurors.unlock(ctx, addressBytes(account(1)), 1n));
    }
    // Nor does taking it out at once change who is found: it only has nothing to lock.
    world.unbond(1, 9_000n);
    assert.equal(world.draw({ stake: 2_000n }).length, 0);
  });

  it("JUROR-7: what is forfeited leaves the bond for the account that is named, and a retiring juror leaves when its last seat is settled", () => {
    const world = new JurorsWorld({ params: { unbondingTimeMs: 10_000n } });
    world.register(1, 3_000n);
    world.block();
    const [juror] = world.draw({ stake: 1_000n });
    world.send("RetireJuror", 1);
    world.block(10_000n);
    assert.deepEqual([world.info(1).bond!.total, world.info(1).active], ["1000", false]);
    world.port((jurors, ctx) => {
      jurors.forfeit(ctx, juror!, 400n, addressBytes(account(50)));
      jurors.unlock(ctx, juror!, 600n);
    });
    world.block(10_000n);
    assert.deepEqual([world.balance(1), world.balance(50), world.held], [rich - 400n, rich + 400n, 0n]);
    assert.equal([...nodes.entries(world.ctx())].length, 0, "and the tree is empty");
  });

  it("JUROR-8: for any bonds and changes the tree's sums are those of the bonds", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom("register", "bond", "unbond", "retire", "draw"), fc.bigInt(1_000n, 9_000n)), { maxLength: 60 }), (steps) => {
      const world = new JurorsWorld({ params: { unbondingTimeMs: 3_000n } });
      for (const [i, kind, amount] of steps) {
        try {
          if (kind === "register") world.register(i, amount);
          else if (kind === "bond") world.send("BondJuror", i, { amount: { denom, amount: String(amount) } });
          else if (kind === "unbond") world.unbond(i, amount);
          else if (kind === "retire") world.send("RetireJuror", i);
          else world.draw({ seats: 3, stake: 500n, seed: seedOf(i) });
        } catch (error) {
          if (!(error instanceof TxError)) throw error;
        }
        world.block(1_000n);
        const known = world.ask<{ jurors: { free: string; bond: { retiring: boolean } }[]; totalWeight: string }>("Jurors");
        assert.equal(known.totalWeight, String(known.jurors.reduce((sum, { free, bond }) => sum + (bond.retiring ? 0n : BigInt(free)), 0n)));
      }
    }), { numRuns: 30 });
  });

  it("JUROR-9: genesis goes round and refuses what does not add up", () => {
    const world = new JurorsWorld();
    world.register(1);
    world.register(2, 7_000n);
    world.unbond(2, 1_000n);
    const state = world.kit.module.genesis!.export(world.ctx()) as GenesisState;
    const again = new JurorsWorld({ genesis: state, balances: { [addressText(moduleAddress("jurors"))]: world.held } });
    again.block();
    assert.deepEqual(again.kit.module.genesis!.export(again.ctx()), state);
    assert.equal(again.ask<{ totalWeight: string }>("Jurors").totalWeight, "16000");
    assert.throws(() => world.kit.module.genesis!.check({ ...state, unbondings: [] }), /not the sum/);
    assert.throws(() => world.kit.module.genesis!.check({ ...state, jurors: [...state.jurors, state.jurors[0]!] }), /stands twice/);
    assert.throws(() => new JurorsWorld({ genesis: state, balances: {} }), /bonds are 17000/);
  });

  it("JUROR-10: parameters have bounds; the denom stays while there are jurors", () => {
    const world = new JurorsWorld();
    const update = (change: object): unknown => execute(world.stores, [world.kit.module], "/dcm.juror.v1.MsgUpdateParams", { authority, params: { ...defaultParams(), ...change } });
    assert.equal(paramsFault(defaultParams()), undefined);
    fails(13, () => update({ unbondingTimeMs: 1n }));
    fails(13, () => update({ maxUnbondingEntries: 0 }));
    world.register(1);
    fails(13, () => update({ bondDenom: "stone" }));
    update({ minBond: "20000" });
    assert.equal(world.info(1).active, false, "below the least it is drawn no more");
    world.block();
    assert.equal(world.draw({}).length, 0);
  });
});
