/** Messages, queries, genesis and events of distribution. */
import assert from "node:assert/strict";
import { addressText, moduleAddress, prefixes } from "../../codec/address.ts";
import { Dec } from "../../math/dec.ts";
import { authority } from "../../runtime/addresses.ts";
import { QueryError, TxError } from "../../runtime/errors.ts";
import { RewardsChain } from "../../../test/support/rewards.ts";
import { accountOf, denom, text, valoper } from "../../../test/support/stake.ts";
import { decCoinsText, fromWireDec } from "./dec-coins.ts";
import { books, historical, startingInfos } from "./state.ts";
import { defaultParams } from "./params.ts";
import type { GenesisState } from "../../codec/gen/cosmos/distribution/v1beta1/genesis.ts";
import type {
  QueryCommunityPoolResponse, QueryDelegatorValidatorsResponse, QueryDelegatorWithdrawAddressResponse, QueryParamsResponse, QueryValidatorDistributionInfoResponse, QueryValidatorSlashesResponse,
} from "../../codec/gen/cosmos/distribution/v1beta1/query.ts";

const collector = addressText(moduleAddress("fee_collector"));
const coins = (amount: number | string, of = denom): { denom: string; amount: string }[] => [{ denom: of, amount: String(amount) }];
const pool = (chain: RewardsChain): string => decCoinsText(fromWireDec(chain.query<QueryCommunityPoolResponse>("CommunityPool", {}).pool));

/** Two validators, account 3 with the first of them, 1000 of fees paid and their shares not yet withdrawn. */
function running(): RewardsChain {
  const chain = new RewardsChain();
  chain.create(1, 2_000_000, "0.1");
  chain.create(2, 1_000_000, "0");
  chain.delegate(3, 1, 1_000_000);
  chain.end();
  chain.fees([{ denom, amount: 1_000n }]);
  chain.end([[1, 3], [2, 1]]);
  return chain;
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof TxError) return `${error.codespace} ${error.code} ${error.message}`;
    throw error;
  }
  return "no refusal";
}

function queryRefusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof QueryError) return `${error.grpc} ${error.message}`;
    throw error;
  }
  return "no refusal";
}

describe("distribution", () => {
  it("pays rewards where their owner wants them (DISTRIBUTION-11)", () => {
    const chain = running();
    assert.equal(chain.query<QueryDelegatorWithdrawAddressResponse>("DelegatorWithdrawAddress", { delegatorAddress: text(3) }).withdrawAddress, text(3));
    const { events } = chain.run("SetWithdrawAddress", { delegatorAddress: text(3), withdrawAddress: text(8) });
    assert.deepEqual(events.map(({ type, attributes }) => [type, attributes]), [["set_withdraw_address", [["withdraw_address", text(8)]]]]);
    assert.equal(chain.query<QueryDelegatorWithdrawAddressResponse>("DelegatorWithdrawAddress", { delegatorAddress: text(3) }).withdrawAddress, text(8));
    const [own, theirs] = [chain.balance(3), chain.balance(8)];
    // 735 x 0.9 = 661.5, a third of it.
    assert.equal(chain.withdraw(3, 1), "220udcm");
    assert.deepEqual([chain.balance(3) - own, chain.balance(8) - theirs], [0n, 220n]);
    chain.run("SetWithdrawAddress", { delegatorAddress: text(1), withdrawAddress: text(8) });
    assert.equal(chain.commission(1), "73udcm");
    assert.equal(chain.balance(8) - theirs, 293n);
  });

  it("says what it pays, in the SDK's events (DISTRIBUTION-12)", () => {
    const chain = running();
    const moved = (to: string, amount: string): readonly unknown[] => {
      const from = addressText(moduleAddress("distribution"));
      return [["coin_spent", [["spender", from], ["amount", amount]]], ["coin_received", [["receiver", to], ["amount", amount]]], ["transfer", [["recipient", to], ["sender", from], ["amount", amount]]], ["message", [["sender", from]]]];
    };
    const told = (name: string, message: unknown): unknown => chain.run(name, message).events.map(({ type, attributes }) => [type, attributes]);
    assert.deepEqual(told("WithdrawDelegatorReward", { delegatorAddress: text(3), validatorAddress: valoper(1) }), [
      ...moved(text(3), "220udcm"), ["withdraw_rewards", [["amount", "220udcm"], ["validator", valoper(1)], ["delegator", text(3)]]],
    ]);
    assert.deepEqual(told("WithdrawDelegatorReward", { delegatorAddress: text(3), validatorAddress: valoper(1) }), [["withdraw_rewards", [["amount", "0udcm"], ["validator", valoper(1)], ["delegator", text(3)]]]]);
    assert.deepEqual(told("WithdrawValidatorCommission", { validatorAddress: valoper(1) }), [...moved(text(1), "73udcm"), ["withdraw_commission", [["amount", "73udcm"]]]]);
  });

  it("takes coins for the community, and pays them out where governance says so (DISTRIBUTION-10)", () => {
    const chain = running();
    chain.run("FundCommunityPool", { depositor: text(4), amount: coins(500) });
    assert.equal(pool(chain), "520.000000000000000000udcm");
    const before = chain.balance(5);
    chain.run("CommunityPoolSpend", { authority, recipient: text(5), amount: coins(519) });
    assert.deepEqual([chain.balance(5) - before, pool(chain)], [519n, "1.000000000000000000udcm"]);
    assert.equal(refusal(() => chain.run("CommunityPoolSpend", { authority, recipient: text(5), amount: coins(2) })), "distribution 9 community pool does not have sufficient coins to distribute");
    assert.equal(pool(chain), "1.000000000000000000udcm");
  });

  it("refuses with the SDK's codes and words, and changes nothing (DISTRIBUTION-12)", () => {
    const chain = running();
    const outsider = addressText(new Uint8Array(20).fill(99), prefixes.validator);
    const reward = (delegatorAddress: string, validatorAddress: string): [string, object] => ["WithdrawDelegatorReward", { delegatorAddress, validatorAddress }];
    const changed = (values: object): [string, object] => ["UpdateParams", { authority, params: { ...defaultParams(), ...values } }];
    const cases: readonly (readonly [string, object, RegExp])[] = [
      [...reward(text(3), outsider), /^staking 3 validator does not exist$/],
      [...reward(text(3), valoper(2)), /^staking 19 no delegation for \(address, validator\) tuple$/],
      [...reward("", valoper(2)), /^sdk 7 invalid delegator address: empty address string is not allowed: invalid address$/],
      [...reward(text(3), text(3)), /^sdk 7 invalid validator address: .*: invalid address$/],
      ["WithdrawValidatorCommission", { validatorAddress: valoper(2) }, /^distribution 7 no validator commission to withdraw$/],
      ["WithdrawValidatorCommission", { validatorAddress: outsider }, /^distribution 7 no validator commission to withdraw$/],
      ["SetWithdrawAddress", { delegatorAddress: text(3), withdrawAddress: collector }, new RegExp(`^sdk 4 ${collector} is not allowed to receive external funds: unauthorized$`)],
      ["SetWithdrawAddress", { delegatorAddress: text(3), withdrawAddress: "" }, /^sdk 7 invalid withdraw address: empty address string is not allowed: invalid address$/],
      ["FundCommunityPool", { depositor: text(3), amount: [] }, /^sdk 10 amount cannot be nil: invalid coins$/],
      ["FundCommunityPool", { depositor: text(3), amount: coins(0) }, /^sdk 10 0udcm: invalid coins$/],
      ["FundCommunityPool", { depositor: text(3), amount: coins("100000000000000") }, /^sdk 5 spendable balance .*insufficient funds$/],
      ["CommunityPoolSpend", { authority: text(1), recipient: text(1), amount: coins(1) }, /^gov 13 invalid authority; expected .*: expected gov account as only signer for proposal message$/],
      ["CommunityPoolSpend", { authority, recipient: collector, amount: coins(1) }, new RegExp(`^sdk 4 ${collector} is not allowed to receive external funds: unauthorized$`)],
      ["DepositValidatorRewardsPool", { depositor: text(3), validatorAddress: outsider, amount: coins(1) }, /^staking 3 validator does not exist$/],
      ["DepositValidatorRewardsPool", { depositor: text(3), validatorAddress: valoper(1), amount: coins("100000000000000") }, /^sdk 5 /],
      ["UpdateParams", { authority: text(1), params: defaultParams() }, /^gov 13 /],
      [...changed({ communityTax: Dec.parse("1.01").toProto() }), /^undefined 1 community tax too large: 1.010000000000000000$/],
      [...changed({ communityTax: "-1" }), /^undefined 1 community tax must be positive: -0.000000000000000001$/],
      [...changed({ communityTax: "" }), /^undefined 1 community tax must be not nil$/],
      [...changed({ baseProposerReward: "1" }), /^sdk 18 cannot update base or bonus proposer reward because these are deprecated fields: invalid request$/],
      [...changed({ bonusProposerReward: "1" }), /^sdk 18 cannot update base or bonus proposer reward/],
    ];
    const before = chain.exported();
    for (const [name, message, wanted] of cases) assert.match(refusal(() => chain.run(name, message)), wanted);
    assert.deepEqual(chain.exported(), before);
    chain.run("UpdateParams", { authority, params: { ...defaultParams(), withdrawAddrEnabled: false } });
    assert.equal(refusal(() => chain.run("SetWithdrawAddress", { delegatorAddress: text(3), withdrawAddress: text(4) })), "distribution 8 set withdraw address disabled");
    assert.equal(chain.query<QueryParamsResponse>("Params", {}).params!.withdrawAddrEnabled, false);
  });

  it("answers about validators, delegators and slashes (DISTRIBUTION-12)", () => {
    const chain = running();
    const info = chain.query<QueryValidatorDistributionInfoResponse>("ValidatorDistributionInfo", { validatorAddress: valoper(1) });
    assert.deepEqual([info.operatorAddress, decCoinsText(fromWireDec(info.selfBondRewards)), decCoinsText(fromWireDec(info.commission))], [text(1), "441.000000000000000000udcm", "73.500000000000000000udcm"]);
    assert.deepEqual(chain.query<QueryDelegatorValidatorsResponse>("DelegatorValidators", { delegatorAddress: text(3) }).validators, [valoper(1)]);
    const heights = [0, 1, 2].map(() => {
      chain.slash(1, chain.height, 1n, "0.1");
      chain.end();
      return chain.height - 1n;
    });
    const slashes = (from: bigint, to: bigint, page?: object): QueryValidatorSlashesResponse => chain.query("ValidatorSlashes", { validatorAddress: valoper(1), startingHeight: from, endingHeight: to, pagination: page });
    assert.deepEqual([slashes(0n, 100n).slashes.length, slashes(heights[1]!, 100n).slashes.length, slashes(heights[1]!, heights[1]!).slashes.length, slashes(0n, heights[0]! - 1n).slashes.length], [3, 2, 1, 0]);
    const page = slashes(0n, 100n, { key: new Uint8Array(0), offset: 0n, limit: 2n, countTotal: false, reverse: false });
    assert.equal(page.slashes.length, 2);
    assert.equal(slashes(0n, 100n, { key: page.pagination!.nextKey, offset: 0n, limit: 2n, countTotal: false, reverse: false }).slashes.length, 1);
    assert.equal(queryRefusal(() => slashes(2n, 1n)), "InvalidArgument starting height greater than ending height (2 > 1)");
    assert.equal(queryRefusal(() => chain.query("DelegationRewards", { delegatorAddress: "", validatorAddress: valoper(1) })), "InvalidArgument empty delegator address");
    assert.equal(queryRefusal(() => chain.query("DelegationRewards", { delegatorAddress: text(3), validatorAddress: "" })), "InvalidArgument empty validator address");
    assert.equal(queryRefusal(() => chain.query("DelegationRewards", { delegatorAddress: text(4), validatorAddress: valoper(1) })), "Unknown no delegation for (address, validator) tuple");
    assert.equal(queryRefusal(() => chain.query("ValidatorCommission", { validatorAddress: valoper(7) })), "Unknown validator does not exist");
  });

  it("keeps a period while somebody refers to it (DISTRIBUTION-4)", () => {
    const chain = running();
    const counts = (): (readonly [bigint, number])[] => [...historical.entries(chain.ctx, {})].filter(([[operator]]) => operator[0] === 1).map(([[, period], { referenceCount }]) => [period, referenceCount] as const);
    // Period 1: the operator's own delegation; 2: account 3's, and the running period's predecessor.
    assert.deepEqual(counts(), [[1n, 1], [2n, 2]]);
    chain.withdraw(1, 1);
    assert.deepEqual(counts(), [[2n, 1], [3n, 2]]);
    chain.slash(1, chain.height, 3n, "0.01");
    assert.deepEqual(counts(), [[2n, 1], [3n, 1], [4n, 2]]);
    chain.withdraw(3, 1);
    assert.deepEqual(counts(), [[3n, 1], [4n, 1], [5n, 2]]);
  });

  it("exports a section that loads to the same state and the same rewards (DISTRIBUTION-13)", () => {
    const chain = running();
    chain.slash(1, chain.height, 3n, "0.1");
    chain.run("SetWithdrawAddress", { delegatorAddress: text(3), withdrawAddress: text(8) });
    chain.fees([{ denom, amount: 77n }]);
    chain.end([[1, 2], [2, 1]]);
    const sections = chain.exported();
    const again = new RewardsChain({ sections });
    again.height = chain.height;
    again.clock = chain.clock;
    assert.deepEqual(again.exported(), sections);
    assert.deepEqual([again.withdraw(3, 1), again.commission(1)], [chain.withdraw(3, 1), chain.commission(1)]);
    again.end();
  });

  it("refuses a section that does not fit together (DISTRIBUTION-13)", () => {
    const chain = running();
    chain.slash(1, chain.height, 3n, "0.1");
    const sections = chain.exported();
    const section = sections.distribution as GenesisState;
    const load = (values: Partial<GenesisState>): (() => void) => () => void new RewardsChain({ sections: { ...sections, distribution: { ...section, ...values } } });
    const [first] = section.validatorHistoricalRewards;
    const cases: readonly (readonly [Partial<GenesisState>, RegExp])[] = [
      [{ params: { ...defaultParams(), communityTax: "-1" } }, /community tax must be positive/],
      [{ feePool: { communityPool: [{ denom, amount: "-1" }] } }, /the community pool: coin -1udcm amount is not positive/],
      [{ feePool: { communityPool: [] } }, /distribution module balance does not match the module holdings: 1000udcm <-> 980udcm/],
      [{ outstandingRewards: section.outstandingRewards.map((one) => ({ ...one, outstandingRewards: [] })) }, /less than its commission and current rewards/],
      [{ validatorHistoricalRewards: section.validatorHistoricalRewards.slice(1) }, /periods are missing/],
      [{ validatorHistoricalRewards: [...section.validatorHistoricalRewards, first!] }, /stands twice/],
      [{ validatorHistoricalRewards: section.validatorHistoricalRewards.map((one) => (one === first ? { ...one, rewards: { ...one.rewards!, referenceCount: 7 } } : one)) }, /have 7 references, 1 are in the section/],
      [{ delegatorStartingInfos: section.delegatorStartingInfos.map((one) => ({ ...one, startingInfo: { ...one.startingInfo!, stake: "-1" } })) }, /no positive decimal/],
      [{ validatorSlashEvents: section.validatorSlashEvents.map((one) => ({ ...one, validatorSlashEvent: { ...one.validatorSlashEvent!, fraction: Dec.parse("1.1").toProto() } })) }, /not between 0 and 1/],
      [{ validatorCurrentRewards: section.validatorCurrentRewards.slice(1) }, /no current rewards/],
      [{ previousProposer: "dcm1nobody" }, /bech32|address|checksum/i],
    ];
    for (const [values, wanted] of cases) assert.throws(load(values), wanted);
    // Stake without the records of its rewards, which an exported section of staking does not make anew.
    const none = { outstandingRewards: [], validatorAccumulatedCommissions: [], validatorHistoricalRewards: [], validatorCurrentRewards: [], delegatorStartingInfos: [], validatorSlashEvents: [] };
    assert.throws(load({ ...none, feePool: { communityPool: [{ denom, amount: Dec.fromInt(1_000n).toProto() }] } }), /has no record of its rewards: app_state.distribution and app_state.staking are of one export/);
  });

  it("notices books that do not balance (DISTRIBUTION-4, DISTRIBUTION-9)", () => {
    const spoil = (act: (chain: RewardsChain) => void, wanted: RegExp): void => {
      const chain = running();
      act(chain);
      assert.match(chain.broken().join("; "), wanted);
    };
    const first = accountOf(1);
    spoil((chain) => { books.set(chain.ctx, first, { ...books.find(chain.ctx, first)!, outstanding: [] }); }, /does not match the module holdings.*owes more than its outstanding rewards/);
    spoil((chain) => { historical.set(chain.ctx, [first, 1n], { cumulativeRewardRatio: [], referenceCount: 2 }); }, /6 references to historical rewards, 5 are expected/);
    spoil((chain) => { books.remove(chain.ctx, accountOf(2)); }, /has no record of its rewards/);
    spoil((chain) => { startingInfos.set(chain.ctx, [first, accountOf(9)], { previousPeriod: 2n, stake: "1", height: 1n }); }, /4 starts for 3 delegations/);
  });
});
