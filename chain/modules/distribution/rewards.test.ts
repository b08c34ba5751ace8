/** Rewards worked out by hand, to the last of 18 digits. What each number is made of stands beside it. */
import assert from "node:assert/strict";
import { Dec } from "../../math/dec.ts";
import { moduleAddress } from "../../codec/address.ts";
import { decCoinsText, fromWireDec } from "./dec-coins.ts";
import { RewardsChain, type RewardsChainOptions } from "../../../test/support/rewards.ts";
import { accountOf, denom, text, valoper } from "../../../test/support/stake.ts";
import { historical } from "./state.ts";
import type { DecCoin } from "../../codec/gen/cosmos/base/v1beta1/coin.ts";
import type { QueryCommunityPoolResponse, QueryDelegationRewardsResponse, QueryDelegationTotalRewardsResponse, QueryValidatorCommissionResponse, QueryValidatorOutstandingRewardsResponse, QueryValidatorSlashesResponse } from "../../codec/gen/cosmos/distribution/v1beta1/query.ts";

const shown = (coins: readonly DecCoin[]): string => decCoinsText(fromWireDec(coins));
const pool = (chain: RewardsChain): string => shown(chain.query<QueryCommunityPoolResponse>("CommunityPool", {}).pool);
const outstanding = (chain: RewardsChain, validator: number): string => shown(chain.query<QueryValidatorOutstandingRewardsResponse>("ValidatorOutstandingRewards", { validatorAddress: valoper(validator) }).rewards!.rewards);
const commission = (chain: RewardsChain, validator: number): string => shown(chain.query<QueryValidatorCommissionResponse>("ValidatorCommission", { validatorAddress: valoper(validator) }).commission!.commission);
const rewards = (chain: RewardsChain, delegator: number, validator: number): string => shown(chain.query<QueryDelegationRewardsResponse>("DelegationRewards", { delegatorAddress: text(delegator), validatorAddress: valoper(validator) }).rewards);
const untaxed: RewardsChainOptions = { distribution: { communityTax: "0" } };
const fee = (chain: RewardsChain, amount: number | bigint): void => { chain.fees([{ denom, amount: BigInt(amount) }]); };

describe("rewards of stake", () => {
  it("are divided by power, after the community's tax and the validator's commission (DISTRIBUTION-1, DISTRIBUTION-2)", () => {
    const chain = new RewardsChain();
    chain.create(1, 1_000_000);
    chain.delegate(3, 1, 2_000_000);
    chain.create(2, 1_000_000, "0.25");
    chain.end();
    fee(chain, 1_000);
    const events = chain.end([[1, 3], [2, 1]]);
    // 1000 x 0.98 = 980: 735 and 245. Commission 73.5 and 61.25. The tax of 20 is the community's.
    assert.deepEqual([outstanding(chain, 1), outstanding(chain, 2)], ["735.000000000000000000udcm", "245.000000000000000000udcm"]);
    assert.deepEqual([commission(chain, 1), commission(chain, 2)], ["73.500000000000000000udcm", "61.250000000000000000udcm"]);
    assert.equal(pool(chain), "20.000000000000000000udcm");
    // 661.5 / 3,000,000 = 0.0002205 a token.
    assert.deepEqual([rewards(chain, 1, 1), rewards(chain, 3, 1), rewards(chain, 2, 2)], ["220.500000000000000000udcm", "441.000000000000000000udcm", "183.750000000000000000udcm"]);
    const told = events.filter(({ type }) => type === "commission" || type === "rewards").map(({ type, attributes }) => [type, ...attributes.map(([, value]) => value)]);
    assert.deepEqual(told, [
      ["commission", "73.500000000000000000udcm", valoper(1)], ["rewards", "735.000000000000000000udcm", valoper(1)],
      ["commission", "61.250000000000000000udcm", valoper(2)], ["rewards", "245.000000000000000000udcm", valoper(2)],
    ]);
    // Whole coins are paid; the half goes to the community, the commission's fraction stays for later.
    assert.deepEqual([chain.withdraw(1, 1), chain.withdraw(3, 1), chain.withdraw(2, 2)], ["220udcm", "441udcm", "183udcm"]);
    assert.equal(pool(chain), "21.250000000000000000udcm");
    assert.deepEqual([chain.commission(1), chain.commission(2)], ["73udcm", "61udcm"]);
    assert.deepEqual([commission(chain, 1), commission(chain, 2)], ["0.500000000000000000udcm", "0.250000000000000000udcm"]);
    assert.deepEqual([outstanding(chain, 1), outstanding(chain, 2)], ["0.500000000000000000udcm", "0.250000000000000000udcm"]);
    assert.equal(chain.bank.balance(chain.ctx, moduleAddress("fee_collector"), denom), 0n);
  });

  it("truncate: what a third of a coin leaves goes to the community, what no digit can hold stays outstanding (DISTRIBUTION-5)", () => {
    const chain = new RewardsChain(untaxed);
    chain.create(1, 1_000_000, "0");
    for (const delegator of [2, 3]) chain.delegate(delegator, 1, 1_000_000);
    chain.end();
    fee(chain, 100);
    chain.end([[1, 3]]);
    // 100 / 3,000,000 = 0.000033333333333333 a token, 33.333333333333 each.
    for (const delegator of [1, 2, 3]) assert.equal(rewards(chain, delegator, 1), "33.333333333333000000udcm");
    for (const delegator of [1, 2, 3]) assert.equal(chain.withdraw(delegator, 1), "33udcm");
    assert.equal(pool(chain), "0.999999999999000000udcm");
    assert.equal(outstanding(chain, 1), "0.000000000001000000udcm");
    // Nothing since: a zero coin.
    assert.equal(chain.withdraw(1, 1), "0udcm");
  });

  it("leave to the community what shares of power do not divide (DISTRIBUTION-1)", () => {
    const chain = new RewardsChain(untaxed);
    chain.create(1, 2_000_000, "0");
    chain.create(2, 1_000_000, "0");
    chain.end();
    fee(chain, 100);
    chain.end([[1, 2], [2, 1]]);
    // 2/3 and 1/3, truncated at 18 digits, of 100.
    assert.deepEqual([outstanding(chain, 1), outstanding(chain, 2)], ["66.666666666666666600udcm", "33.333333333333333300udcm"]);
    assert.equal(pool(chain), "0.000000000000000100udcm");
    // 66.6666666666666666 / 2,000,000 = 0.000033333333333333 (3333...); x 2,000,000 = 66.666666666666.
    assert.equal(rewards(chain, 1, 1), "66.666666666666000000udcm");
  });

  it("are in each denom by itself (DISTRIBUTION-2)", () => {
    const chain = new RewardsChain();
    chain.create(1, 4_000_000, "0.5");
    chain.end();
    chain.fees([{ denom: "atom", amount: 50n }, { denom, amount: 200n }]);
    chain.end([[1, 4]]);
    assert.equal(outstanding(chain, 1), "49.000000000000000000atom,196.000000000000000000udcm");
    assert.equal(rewards(chain, 1, 1), "24.500000000000000000atom,98.000000000000000000udcm");
    assert.equal(chain.withdraw(1, 1), "24atom,98udcm");
    assert.equal(pool(chain), "1.500000000000000000atom,4.000000000000000000udcm");
    assert.equal(chain.balance(1, "atom"), 24n);
  });

  it("count from the block after a delegation, and nothing of what was earned before (DISTRIBUTION-3)", () => {
    const chain = new RewardsChain(untaxed);
    chain.create(1, 1_000_000, "0");
    chain.end();
    fee(chain, 500);
    chain.end([[1, 1]]);
    chain.delegate(2, 1, 1_000_000);
    assert.deepEqual([rewards(chain, 1, 1), rewards(chain, 2, 1)], ["500.000000000000000000udcm", ""]);
    fee(chain, 300);
    chain.end([[1, 1]]);
    // 300 / 2,000,000 = 0.00015 a token.
    assert.deepEqual([rewards(chain, 1, 1), rewards(chain, 2, 1)], ["650.000000000000000000udcm", "150.000000000000000000udcm"]);
    // More stake pays what the stake before earned, at once.
    const { events } = chain.delegate(2, 1, 2_000_000);
    const paid = events.find(({ type }) => type === "withdraw_rewards");
    assert.deepEqual(paid?.attributes, [["amount", "150udcm"], ["validator", valoper(1)], ["delegator", text(2)]]);
    fee(chain, 400);
    chain.end([[1, 2]]);
    assert.deepEqual([rewards(chain, 1, 1), rewards(chain, 2, 1)], ["750.000000000000000000udcm", "300.000000000000000000udcm"]);
    // Half of it goes, with what it earned; the other half earns on.
    const before = chain.balance(2);
    chain.undelegate(2, 1, 1_000_000);
    assert.equal(chain.balance(2) - before, 300n);
    fee(chain, 300);
    chain.end([[1, 3]]);
    assert.deepEqual([rewards(chain, 1, 1), rewards(chain, 2, 1)], ["850.000000000000000000udcm", "200.000000000000000000udcm"]);
    const total = chain.query<QueryDelegationTotalRewardsResponse>("DelegationTotalRewards", { delegatorAddress: text(2) });
    assert.deepEqual([total.rewards.map(({ validatorAddress, reward }) => [validatorAddress, shown(reward)]), shown(total.total)], [[[valoper(1), "200.000000000000000000udcm"]], "200.000000000000000000udcm"]);
  });

  it("of before a slash were earned with the whole stake, those after with what is left (DISTRIBUTION-6)", () => {
    const chain = new RewardsChain(untaxed);
    chain.create(1, 1_000_000, "0");
    chain.delegate(2, 1, 1_000_000);
    chain.end();
    fee(chain, 1_000);
    chain.end([[1, 2]]);
    assert.equal(chain.slash(1, chain.height, 2n, "0.5"), 1_000_000n);
    fee(chain, 1_000);
    chain.end([[1, 2]]);
    // 1000/2,000,000 x 1,000,000 = 500, then 1000/1,000,000 x 500,000 = 500.
    assert.deepEqual([rewards(chain, 1, 1), rewards(chain, 2, 1)], ["1000.000000000000000000udcm", "1000.000000000000000000udcm"]);
    // A newcomer gets two shares a token: 1,500,000 tokens of 2,500,000.
    chain.delegate(3, 1, 1_500_000);
    chain.end();
    fee(chain, 1_000);
    chain.end([[1, 2]]);
    assert.deepEqual([1, 2, 3].map((i) => rewards(chain, i, 1)), ["1200.000000000000000000udcm", "1200.000000000000000000udcm", "600.000000000000000000udcm"]);
    // A second one: 250,000 of 2,500,000 burn, a tenth.
    assert.equal(chain.slash(1, chain.height, 2n, "0.125"), 250_000n);
    fee(chain, 900);
    chain.end([[1, 2]]);
    // 900/2,250,000 = 0.0004: x 450,000 = 180, x 1,350,000 = 540.
    assert.deepEqual([1, 2, 3].map((i) => rewards(chain, i, 1)), ["1380.000000000000000000udcm", "1380.000000000000000000udcm", "1140.000000000000000000udcm"]);
    const { slashes } = chain.query<QueryValidatorSlashesResponse>("ValidatorSlashes", { validatorAddress: valoper(1), startingHeight: 0n, endingHeight: 100n, pagination: undefined });
    assert.deepEqual(slashes.map(({ validatorPeriod, fraction }) => [validatorPeriod, Dec.fromProto(fraction).toString()]), [[3n, "0.500000000000000000"], [5n, "0.100000000000000000"]]);
    for (const [i, paid] of [[1, "1380udcm"], [2, "1380udcm"], [3, "1140udcm"]] as const) assert.equal(chain.withdraw(i, 1), paid);
    assert.deepEqual([pool(chain), outstanding(chain, 1)], ["", ""]);
  });

  it("round a slashed stake down, and its fraction up (DISTRIBUTION-6)", () => {
    const chain = new RewardsChain(untaxed);
    chain.create(1, 1_000_000, "0");
    chain.delegate(2, 1, 2_000_000);
    chain.end();
    // 3,000,000 x 0.0000005 = 1.5: one token burns, 1/3,000,000 of all, rounded up 0.000000333333333334.
    assert.equal(chain.slash(1, chain.height, 3n, "0.0000005"), 1n);
    fee(chain, 3_000);
    chain.end([[1, 3]]);
    // Stakes: 1,000,000 x 0.999999666666666666 = 999,999.666666666666 and twice that. 3000 / 2,999,999 = 0.001000000333333444 (4814...).
    // 999,999.666666666666 x 0.001000000333333444 = 999.999999999999554851999777777704, cut; 1,999,999.333333333332 x it = 1999.999999999999109703999555555408, cut.
    assert.deepEqual([rewards(chain, 1, 1), rewards(chain, 2, 1)], ["999.999999999999554851udcm", "1999.999999999999109703udcm"]);
  });

  it("of a validator without tokens go to the community (DISTRIBUTION-7)", () => {
    const chain = new RewardsChain(untaxed);
    chain.create(1, 1_000_000, "0.5");
    chain.create(2, 1_000_000);
    chain.end();
    fee(chain, 100);
    chain.end([[1, 1]]);
    assert.equal(chain.slash(1, chain.height, 1n, "1"), 1_000_000n);
    fee(chain, 60);
    // It is still in the last commit. 30 are its commission.
    chain.end([[1, 1]]);
    assert.equal(rewards(chain, 1, 1), "50.000000000000000000udcm");
    assert.equal(chain.withdraw(1, 1), "50udcm");
    assert.deepEqual([pool(chain), outstanding(chain, 1), commission(chain, 1)], ["30.000000000000000000udcm", "80.000000000000000000udcm", "80.000000000000000000udcm"]);
    assert.equal(chain.commission(1), "80udcm");
  });

  it("follow a redelegation: paid at the first validator, begun at the second (DISTRIBUTION-3)", () => {
    const chain = new RewardsChain(untaxed);
    chain.create(1, 1_000_000, "0");
    chain.create(2, 1_000_000, "0");
    chain.delegate(3, 1, 3_000_000);
    chain.end();
    fee(chain, 800);
    chain.end([[1, 4], [2, 4]]);
    // 400 each; 400/4,000,000 x 3,000,000 = 300.
    const before = chain.balance(3);
    chain.redelegate(3, 1, 2, 1_000_000);
    assert.equal(chain.balance(3) - before, 300n);
    fee(chain, 600);
    chain.end([[1, 3], [2, 3]]);
    // 300/3,000,000 x 2,000,000 = 200 at the first; 300/2,000,000 x 1,000,000 = 150 at the second, whose owner has its 400 too.
    assert.deepEqual([rewards(chain, 3, 1), rewards(chain, 3, 2), rewards(chain, 2, 2), rewards(chain, 1, 1)], ["200.000000000000000000udcm", "150.000000000000000000udcm", "550.000000000000000000udcm", "200.000000000000000000udcm"]);
    // A slash of the first for what it did before reaches what moved: its stake at the second is unbonded, so its rewards are paid.
    const height = chain.height;
    chain.end([]);
    assert.equal(chain.slash(1, height - 1n, 4n, "0.25"), 750_000n);
    assert.equal(chain.balance(3) - before, 450n);
    fee(chain, 1_000);
    chain.end([[2, 1]]);
    // 250,000 of the million that moved are gone: 1000/1,750,000 = 0.000571428571428571, x 750,000.
    assert.equal(rewards(chain, 3, 2), "428.571428571428250000udcm");
  });

  it("are split by the commission of the block that pays them (DISTRIBUTION-2)", () => {
    const chain = new RewardsChain(untaxed);
    chain.create(1, 1_000_000, "0.1");
    chain.end([], 86_401n);
    fee(chain, 1_000);
    chain.end([[1, 1]]);
    chain.edit(1, "0.5");
    fee(chain, 1_000);
    chain.end([[1, 1]]);
    assert.deepEqual([commission(chain, 1), rewards(chain, 1, 1)], ["600.000000000000000000udcm", "1400.000000000000000000udcm"]);
    fee(chain, 7);
    chain.end([[1, 1]]);
    assert.equal(commission(chain, 1), "603.500000000000000000udcm");
  });

  it("go by the power that the commit had, signed or not, and to the community where nobody is known (DISTRIBUTION-1)", () => {
    const chain = new RewardsChain(untaxed);
    chain.create(1, 1_000_000, "0");
    chain.end();
    fee(chain, 90);
    chain.end([[1, 1], [7, 2]]);
    // 1/3 of 90; the rest has no owner.
    assert.deepEqual([outstanding(chain, 1), pool(chain)], ["29.999999999999999970udcm", "60.000000000000000030udcm"]);
    fee(chain, 10);
    chain.end();
    assert.equal(pool(chain), "70.000000000000000030udcm");
  });

  it("end with their validator: commission is paid, dust goes to the community, no record is left (DISTRIBUTION-8)", () => {
    const chain = new RewardsChain({ distribution: { communityTax: "0" }, params: { unbondingTime: { seconds: 60n, nanos: 0 } } });
    chain.create(1, 3_000_000, "0.1");
    chain.create(2, 1_000_000, "0");
    chain.run("SetWithdrawAddress", { delegatorAddress: text(1), withdrawAddress: text(9) });
    chain.end();
    fee(chain, 101);
    chain.end([[1, 1]]);
    assert.deepEqual([commission(chain, 1), rewards(chain, 1, 1)], ["10.100000000000000000udcm", "90.900000000000000000udcm"]);
    const before = chain.balance(9);
    chain.undelegate(1, 1, 3_000_000);
    // 90 of the rewards at once, to the withdraw address.
    assert.equal(chain.balance(9) - before, 90n);
    chain.end([], 1n);
    chain.end([], 100n);
    chain.end([], 1n);
    assert.equal(chain.staking.find(chain.ctx, accountOf(1)), undefined);
    assert.equal(chain.balance(9) - before, 100n);
    assert.equal(pool(chain), "1.000000000000000000udcm");
    assert.deepEqual([...historical.entries(chain.ctx)].map(([[operator]]) => operator), [accountOf(2)]);
  });

  it("of a deposit go to one validator and its delegators, less commission (DISTRIBUTION-10)", () => {
    const chain = new RewardsChain();
    chain.create(1, 1_000_000, "0.1");
    chain.delegate(2, 1, 3_000_000);
    chain.end();
    const { events } = chain.run("DepositValidatorRewardsPool", { depositor: text(5), validatorAddress: valoper(1), amount: [{ denom, amount: "1000" }] });
    assert.deepEqual(events.filter(({ type }) => type === "rewards" || type === "commission").map(({ attributes }) => attributes[0]![1]), ["100.000000000000000000udcm", "1000.000000000000000000udcm"]);
    assert.deepEqual([rewards(chain, 1, 1), rewards(chain, 2, 1), commission(chain, 1), pool(chain)], ["225.000000000000000000udcm", "675.000000000000000000udcm", "100.000000000000000000udcm", ""]);
  });
});
