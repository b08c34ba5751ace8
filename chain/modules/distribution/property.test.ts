import assert from "node:assert/strict";
import fc from "fast-check";
import { Dec } from "../../math/dec.ts";
import { TxError } from "../../runtime/errors.ts";
import { RewardsChain } from "../../../test/support/rewards.ts";
import { denom } from "../../../test/support/stake.ts";
import { addDec, fromWireDec, noDecCoins, type DecCoins } from "./dec-coins.ts";
import { books, feePool } from "./state.ts";
import { delegations } from "../staking/validators/state.ts";

const fees = "ufee";
const who = fc.integer({ min: 1, max: 5 });
const amount = fc.integer({ min: 1, max: 9_000_000 });
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delegate" as const), who, to: who, amount }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("undelegate" as const), who, to: who, amount }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("redelegate" as const), who, from: who, to: who, amount }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), who, from: who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("commission" as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("slash" as const), who, power: fc.integer({ min: 1, max: 9 }), percent: fc.integer({ min: 1, max: 99 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("end" as const), fee: fc.integer({ min: 0, max: 1_000_000 }), powers: fc.tuple(...Array.from({ length: 3 }, () => fc.integer({ min: 0, max: 9 }))) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Three validators, and five accounts that do as they like. Fees come in a denom of their own, so that nothing but rewards moves it. */
function played(operations: readonly Operation[]): { readonly chain: RewardsChain; readonly paidIn: bigint } {
  const chain = new RewardsChain({ accounts: 5 });
  for (const i of [1, 2, 3]) chain.create(i, 1_000_000 + i * 333_333);
  chain.end();
  let paidIn = 0n;
  for (const op of operations) {
    try {
      if (op.kind === "delegate") chain.delegate(op.who, op.to, op.amount);
      else if (op.kind === "undelegate") chain.undelegate(op.who, op.to, op.amount);
      else if (op.kind === "redelegate") chain.redelegate(op.who, op.from, op.to, op.amount);
      else if (op.kind === "withdraw") chain.withdraw(op.who, op.from);
      else if (op.kind === "commission") chain.commission(op.who);
      else if (op.kind === "slash") chain.slash(op.who, chain.height, BigInt(op.power), `0.${String(op.percent).padStart(2, "0")}`);
      else {
        if (op.fee > 0) chain.fees([{ denom: fees, amount: BigInt(op.fee) }]);
        paidIn += BigInt(op.fee);
        chain.end(op.powers.map((power, i) => [i + 1, power] as const));
      }
    } catch (error) {
      if (!(error instanceof TxError)) throw error;
    }
  }
  chain.end([[1, 1], [2, 1], [3, 1]]);
  return { chain, paidIn };
}

const inAccounts = (chain: RewardsChain): bigint => [1, 2, 3, 4, 5].reduce((sum, i) => sum + chain.balance(i, fees), 0n);
const ofFees = (coins: DecCoins): Dec => Dec.fromAtomics(coins.find(({ denom: one }) => one === fees)?.amount.atomics ?? 0n);
const owed = (chain: RewardsChain): Dec => ofFees([...books.entries(chain.ctx)].reduce((sum, [, { outstanding }]) => addDec(sum, outstanding), addDec(noDecCoins, fromWireDec(feePool.get(chain.ctx).communityPool))));
const held = (chain: RewardsChain): (readonly [number, number])[] => [...delegations.entries(chain.ctx)].map(([[delegator, operator]]) => [delegator[0]!, operator[0]!] as const);

describe("whatever becomes of stake, its rewards", function () {
  this.timeout(120_000);

  it("are what fees were paid: in accounts, outstanding and in the community pool, to the last digit (DISTRIBUTION-9)", () => {
    fc.assert(fc.property(fc.array(operation, { minLength: 10, maxLength: 60 }), (operations) => {
      const { chain, paidIn } = played(operations);
      assert.equal(Dec.fromInt(paidIn - inAccounts(chain)).toString(), owed(chain).toString());
      for (const [delegator, validator] of held(chain)) chain.withdraw(delegator, validator);
      for (const [operator, { commission }] of [...books.entries(chain.ctx)]) if (commission.some(({ amount: left }) => left.gte(Dec.one))) chain.commission(operator[0]!);
      chain.end();
      assert.equal(Dec.fromInt(paidIn - inAccounts(chain)).toString(), owed(chain).toString(), "after everything was withdrawn");
    }), { numRuns: 60 });
  });

  it("do not depend on the order of withdrawals: each is paid the same coins (DISTRIBUTION-3)", () => {
    fc.assert(fc.property(fc.array(operation, { minLength: 10, maxLength: 50 }), fc.infiniteStream(fc.nat(1_000)), (operations, order) => {
      const { chain } = played(operations);
      const sections = chain.exported();
      const paid = (sequence: readonly (readonly [number, number])[]): Record<string, string> => {
        const again = new RewardsChain({ accounts: 5, sections });
        again.height = chain.height;
        again.clock = chain.clock;
        return Object.fromEntries(sequence.map(([delegator, validator]) => [`${delegator} ${validator}`, again.withdraw(delegator, validator)] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
      };
      const all = held(chain);
      const shuffled = all.map((pair) => [order.next().value as number, pair] as const).sort(([a], [b]) => a - b).map(([, pair]) => pair);
      assert.deepEqual(paid(shuffled), paid(all));
    }), { numRuns: 40 });
  });

  it("come to the same, but for what truncation takes, whether withdrawn in every block or once (DISTRIBUTION-3, DISTRIBUTION-5)", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 2, maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 9_000_000 }), { minLength: 2, maxLength: 4 }), (blocks, stakes) => {
      const total = (eager: boolean): bigint[] => {
        const chain = new RewardsChain({ accounts: 5 });
        chain.create(1, 1_000_000);
        stakes.forEach((stake, i) => { chain.delegate(i + 2, 1, stake); });
        chain.end();
        for (const fee of blocks) {
          if (fee > 0) chain.fees([{ denom: fees, amount: BigInt(fee) }]);
          chain.end([[1, 1]]);
          // All but the last delegator withdraw at once; the last waits in both.
          if (eager) for (let i = 2; i < stakes.length + 1; i++) chain.withdraw(i, 1);
        }
        for (let i = 2; i < stakes.length + 2; i++) chain.withdraw(i, 1);
        return stakes.map((_, i) => chain.balance(i + 2, fees));
      };
      const [once, often] = [total(false), total(true)];
      once.forEach((coins, i) => {
        const waits = i === once.length - 1;
        const most = waits ? 1n : BigInt(blocks.length) + 1n;
        const less = coins - often[i]!;
        assert.ok(less >= (waits ? -1n : 0n) && less <= most, `${coins} at once, ${often[i]} in ${blocks.length} blocks (${denom})`);
      });
    }), { numRuns: 60 });
  });
});
