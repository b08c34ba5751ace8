import assert from "node:assert/strict";
import fc from "fast-check";
import { ProposalStatus, VoteOption } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { MsgUpdateParams as MsgUpdateStaking } from "../../codec/gen/cosmos/staking/v1beta1/tx.ts";
import { Dec } from "../../math/dec.ts";
import { validatorOf } from "../../../test/support/stake.ts";
import { TxError } from "../../runtime/errors.ts";
import { account, denom, gov, GovernanceChain, million, no, pack, text, yes } from "../../../test/support/governance.ts";
import { delegations, params as stakingParams, validators } from "../staking/validators/state.ts";
import { proposals } from "./state.ts";

const late = (error: unknown): true => {
  assert.ok(error instanceof TxError, String(error));
  assert.deepEqual([error.codespace, error.code], ["gov", 100], error.message);
  assert.match(error.message, /what is bonded later does not count/);
  return true;
};
const status = ProposalStatus;
const takeover = (chain: GovernanceChain): ReturnType<typeof pack> => pack(MsgUpdateStaking, { authority: gov, params: { ...stakingParams.get(chain.ctx), maxValidators: 1 } });

describe("governance under attack", () => {
  it("is not taken over by little stake (GOV-11)", () => {
    const chain = new GovernanceChain();
    chain.delegate(10, 3, 5n * million);
    const id = chain.propose([takeover(chain)]);
    chain.vote(id, 10);
    chain.after(60n);
    assert.equal(chain.proposal(id).status, status.PROPOSAL_STATUS_REJECTED);
    assert.equal(stakingParams.get(chain.ctx).maxValidators, 100);
  });

  it("is not taken over by stake that is bonded once voting has begun, whoever votes with it (GOV-8)", () => {
    const chain = new GovernanceChain();
    const id = chain.propose([takeover(chain)]);
    chain.vote(id, 10);
    chain.delegate(10, 3, 90_000n * million);
    assert.throws(() => chain.vote(id, 10), late, "ninety percent of all stake, bonded in the same block");
    chain.send("/cosmos.staking.v1beta1.MsgCreateValidator", { ...validatorOf(11), value: { denom, amount: String(90_000n * million) } });
    chain.end();
    assert.throws(() => chain.vote(id, 11), late, "a validator of today");
    chain.vote(id, 3);
    assert.equal(chain.tally(id).yesCount, "10000000", "a validator votes with the stake that it had");
    chain.after(60n);
    assert.equal(chain.proposal(id).status, status.PROPOSAL_STATUS_REJECTED);
  });

  it("counts stake once, however it is moved and whoever has it next (GOV-8, GOV-9)", () => {
    const chain = new GovernanceChain();
    chain.delegate(10, 1, 50n * million);
    const id = chain.propose();
    chain.vote(id, 10);
    chain.redelegate(10, 1, 2, 20n * million);
    chain.end();
    chain.vote(id, 2, no);
    assert.deepEqual([chain.tally(id).yesCount, chain.tally(id).noCount], ["50000000", "30000000"], "validator 2 votes without what moved to it");
    chain.vote(id, 10, no);
    chain.vote(id, 10, yes);
    chain.undelegate(10, 1, 30n * million);
    chain.undelegate(10, 2, 20n * million);
    chain.vote(id, 1, no);
    assert.deepEqual([chain.tally(id).yesCount, chain.tally(id).noCount], ["50000000", "90000000"], "validator 1 votes without those who voted, although they left");
    chain.after(101n);
    chain.end();
    chain.send("/cosmos.bank.v1beta1.MsgSend", { fromAddress: text(10), toAddress: text(12), amount: [{ denom, amount: "1000" }] });
    assert.equal(chain.proposal(id).finalTallyResult!.yesCount, "50000000");
  });

  it("tells apart the stake of several votes that are open at once (GOV-8)", () => {
    const chain = new GovernanceChain();
    chain.delegate(10, 1, 10n * million);
    const first = chain.propose();
    chain.delegate(10, 1, 10n * million);
    const second = chain.propose();
    chain.undelegate(10, 1, 20n * million);
    const third = chain.propose();
    chain.delegate(10, 2, million);
    for (const id of [first, second]) chain.vote(id, 10);
    assert.throws(() => chain.vote(third, 10), late);
    assert.deepEqual([first, second, third].map((id) => chain.tally(id).yesCount), ["10000000", "20000000", "0"]);
  });

  it("has its blocks bounded where a thousand proposals end at once (GOV-7, GOV-12)", () => {
    const chain = new GovernanceChain();
    const dropped = Array.from({ length: 700 }, () => chain.propose([], { initialDeposit: [{ denom, amount: "100000" }] }));
    const decided = Array.from({ length: 700 }, (_, i) => chain.propose([], { proposer: text(5 + (i % 20)) }));
    assert.equal(chain.balance(gov), 700n * 100_000n + 700n * 10n * million);
    const open = (ids: readonly bigint[]): number => ids.map((id) => proposals.find(chain.ctx, id)?.status).filter((now) => now === status.PROPOSAL_STATUS_DEPOSIT_PERIOD || now === status.PROPOSAL_STATUS_VOTING_PERIOD).length;
    chain.after(60n);
    // 94 decisions of 50 with three validators each are less than 5,000, 95 are not.
    assert.deepEqual([open(dropped), open(decided)], [200, 605]);
    assert.deepEqual(decided.map((id) => proposals.find(chain.ctx, id)!.status === status.PROPOSAL_STATUS_VOTING_PERIOD).indexOf(true), 95, "oldest first");
    const waiting = decided.at(-1)!;
    assert.throws(() => chain.vote(waiting, 1), /inactive proposal/, "its period is over, though it is not decided yet");
    assert.throws(() => chain.run("CancelProposal", { proposalId: waiting, proposer: chain.proposal(waiting).proposer }), /already ended/);
    assert.throws(() => chain.run("Deposit", { proposalId: dropped.at(-1)!, depositor: text(6), amount: [{ denom, amount: "10000000" }] }), /inactive proposal/);
    chain.end();
    assert.deepEqual([open(dropped), open(decided)], [0, 510]);
    for (let blocks = 6; blocks > 0; blocks--) chain.end();
    assert.equal(open(decided), 0);
    assert.equal(chain.balance(gov), 0n);
  });

  it("counts as a reference that looks at everything at once (GOV-8, GOV-9, GOV-11)", () => {
    const actor = fc.integer({ min: 5, max: 9 });
    const validator = fc.integer({ min: 1, max: 3 });
    const amount = fc.bigInt({ min: 1n, max: 30n * million });
    const option = fc.constantFrom(VoteOption.VOTE_OPTION_YES, VoteOption.VOTE_OPTION_NO, VoteOption.VOTE_OPTION_ABSTAIN);
    const step = fc.oneof(
      fc.tuple(fc.constant("delegate" as const), actor, validator, amount), fc.tuple(fc.constant("undelegate" as const), fc.integer({ min: 1, max: 9 }), validator, amount),
      fc.tuple(fc.constant("redelegate" as const), actor, validator, validator, amount), fc.tuple(fc.constant("vote" as const), fc.integer({ min: 1, max: 9 }), option, fc.integer({ min: 1, max: 10 })), fc.tuple(fc.constant("block" as const)),
      fc.tuple(fc.constant("slash" as const), validator),
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 25 }), (before, during) => {
      const chain = new GovernanceChain();
      const cast = new Map<number, readonly (readonly [VoteOption, Dec])[]>();
      let id: bigint | undefined;
      const take = (one: (typeof during)[number]): void => {
        try {
          if (one[0] === "delegate") chain.delegate(one[1], one[2], one[3]);
          if (one[0] === "undelegate") chain.undelegate(one[1], one[2], one[3]);
          if (one[0] === "redelegate") chain.redelegate(one[1], one[2], one[3], one[4]);
          if (one[0] === "block") chain.end();
          if (one[0] === "slash") chain.slash(one[1]);
          if (one[0] === "vote" && id !== undefined) {
            const weight = Dec.withPrecision(BigInt(one[3]), 1);
            const rest = Dec.one.sub(weight);
            const other = one[2] === yes ? no : yes;
            const split = [[one[2], weight] as const, ...(rest.isZero ? [] : [[other, rest] as const])];
            chain.run("VoteWeighted", { proposalId: id, voter: text(one[1]), options: split.map(([kind, share]) => ({ option: kind, weight: share.toString() })), metadata: "" });
            cast.set(one[1], split);
          }
        } catch (error) {
          if (!(error instanceof TxError)) throw error;
        }
      };
      before.forEach(take);
      const set = new Map([1, 2, 3].map((i) => [i, validators.find(chain.ctx, account(i))!] as const).filter(([, found]) => found?.status === 3));
      const stake = new Map(Array.from(delegations.entries(chain.ctx), ([[delegator, operator], { shares }]) => [`${delegator[0]} ${operator[0]}`, Dec.fromProto(shares)] as const));
      id = chain.propose();
      during.forEach(take);
      const sums = new Map<VoteOption, Dec>();
      const add = (power: Dec, votes: readonly (readonly [VoteOption, Dec])[]): void => votes.forEach(([kind, weight]) => void sums.set(kind, (sums.get(kind) ?? Dec.zero).add(power.mul(weight))));
      for (const [i, found] of set) {
        const shares = Dec.fromProto(found.delegatorShares);
        let rest = shares;
        for (const [voter, split] of cast) {
          const own = stake.get(`${voter} ${i}`);
          if (own === undefined) continue;
          rest = rest.sub(own);
          add(own.mulInt(BigInt(found.tokens)).quo(shares), split);
        }
        if (cast.has(i)) add(rest.mulInt(BigInt(found.tokens)).quo(shares), cast.get(i)!);
      }
      const tally = chain.tally(id);
      const expected = [yes, no, VoteOption.VOTE_OPTION_ABSTAIN].map((kind) => (sums.get(kind) ?? Dec.zero).truncateInt().toString());
      assert.deepEqual([tally.yesCount, tally.noCount, tally.abstainCount], expected);
    }), { numRuns: 60 });
  });
});
