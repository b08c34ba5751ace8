import assert from "node:assert/strict";
import fc from "fast-check";
import { TxError } from "../../../runtime/errors.ts";
import { StakeChain, consensus, denom } from "../../../../test/support/stake.ts";
import { unbondings } from "./state.ts";

const who = fc.integer({ min: 1, max: 6 });
const amount = fc.integer({ min: 1, max: 9_000_000 });
const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("create" as const), who, amount }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("delegate" as const), who, to: who, amount }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("undelegate" as const), who, to: who, amount }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("redelegate" as const), who, from: who, to: who, amount }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancel" as const), pick: fc.nat(), amount }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("slash" as const), who, back: fc.integer({ min: 0, max: 6 }), power: fc.integer({ min: 1, max: 30 }), percent: fc.integer({ min: 0, max: 100 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("jail" as const), who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("unjail" as const), who }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("end" as const), seconds: fc.constantFrom(0, 1, 5, 30, 200) }) },
);

/** What a user or a module may be refused changes nothing; anything else is a mistake. */
function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof TxError)) throw error;
  }
}

describe("whatever happens to stake", function () {
  this.timeout(60_000);

  it("pools hold it, shares sum up, the set is told, and only slashes burn (STAKING-1, STAKING-2, STAKING-3, STAKING-4, STAKING-7, STAKING-9, STAKING-10)", () => {
    fc.assert(fc.property(fc.array(operation, { minLength: 10, maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (operations, maxValidators) => {
      const chain = new StakeChain({ params: { maxValidators, maxEntries: 3, unbondingTime: { seconds: 60n, nanos: 0 }, historicalEntries: 3 } });
      chain.create(1, 3_000_000);
      const told = new Map<number, bigint>();
      const end = (seconds: bigint): void => {
        for (const [validator, power] of chain.powers(seconds)) {
          assert.notEqual(told.get(validator) ?? 0n, power, "a power is told that was known");
          if (power > 0n) told.set(validator, power);
          else assert.ok(told.delete(validator), "a validator leaves that was not there");
        }
        assert.ok(told.size > 0 && told.size <= maxValidators, `${told.size} validators in the set`);
      };
      end(1n);
      for (const op of operations) {
        const before = chain.port.tokenSupply(chain.ctx);
        if (op.kind === "create") attempt(() => { chain.create(op.who, op.amount); });
        else if (op.kind === "delegate") attempt(() => { chain.delegate(op.who, op.to, op.amount); });
        else if (op.kind === "undelegate") attempt(() => { chain.undelegate(op.who, op.to, op.amount); });
        else if (op.kind === "redelegate") attempt(() => { chain.redelegate(op.who, op.from, op.to, op.amount); });
        else if (op.kind === "jail") attempt(() => { chain.act((ctx) => { chain.port.jail(ctx, consensus(op.who)); }); });
        else if (op.kind === "unjail") attempt(() => { chain.act((ctx) => { chain.port.unjail(ctx, consensus(op.who)); }); });
        else if (op.kind === "end") end(BigInt(op.seconds));
        else if (op.kind === "cancel") {
          const all = [...unbondings.entries(chain.ctx)];
          const found = all[op.pick % Math.max(1, all.length)]?.[1];
          if (found !== undefined) attempt(() => { chain.run("CancelUnbondingDelegation", { delegatorAddress: found.delegatorAddress, validatorAddress: found.validatorAddress, amount: { denom, amount: String(op.amount) }, creationHeight: found.entries[0]!.creationHeight }); });
        } else {
          const infraction = chain.height - BigInt(op.back);
          const burned = chain.slash(op.who, infraction < 0n ? 0n : infraction, BigInt(op.power), `${Math.floor(op.percent / 100)}.${String(op.percent % 100).padStart(2, "0")}`);
          const after = chain.port.tokenSupply(chain.ctx);
          assert.ok(burned >= 0n && before - after >= burned, "burned more than left the supply");
          continue;
        }
        assert.equal(chain.port.tokenSupply(chain.ctx), before, `${op.kind} changed the supply`);
      }
      end(1_000n);
      end(1n);
      assert.deepEqual([...unbondings.entries(chain.ctx)], [], "everything was paid");
    }), { numRuns: 150 });
  });
});
