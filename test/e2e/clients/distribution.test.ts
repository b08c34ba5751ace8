/** Rewards of stake, with CosmJS's own client, extensions and types; and what the REST server says of them. */
import assert from "node:assert/strict";
import { fromBech32, toBech32 } from "@cosmjs/encoding";
import { Registry } from "@cosmjs/proto-signing";
import { coin, coins, createProtobufRpcClient, defaultRegistryTypes, QueryClient, setupDistributionExtension, setupMintExtension, setupStakingExtension, type DistributionExtension, type MintExtension, type SigningStargateClient, type StakingExtension, type StdFee } from "@cosmjs/stargate";
import { connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { QueryClientImpl } from "cosmjs-types/cosmos/distribution/v1beta1/query";
import { MsgDepositValidatorRewardsPool, MsgFundCommunityPool, MsgSetWithdrawAddress, MsgWithdrawDelegatorRewardResponse } from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import { after, before, describe, it } from "mocha";
import { addressOf, denom, prefix, useChain } from "./chain.ts";

const fee: StdFee = { amount: coins(100_000, denom), gas: "300000" };

describe("rewards, with CosmJS", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  let query: QueryClient & DistributionExtension & MintExtension & StakingExtension;
  let validator: string;
  let ines: string;
  let direct: SigningStargateClient;
  let amino: SigningStargateClient;
  before(async () => {
    comet = await connectComet(chain().rpc);
    query = QueryClient.withExtensions(comet, setupDistributionExtension, setupMintExtension, setupStakingExtension);
    ines = await addressOf("ines");
    direct = await chain().client("ines");
    amino = await chain().client("ines", { amino: true });
    validator = (await query.staking.validators("BOND_STATUS_BONDED")).validators[0]!.operatorAddress;
  });
  after(() => comet?.disconnect());
  const rewards = async (): Promise<bigint> => BigInt((await query.distribution.delegationRewards(ines, validator)).rewards[0]?.amount ?? "0");
  async function rest<T>(path: string): Promise<T> {
    const response = await fetch(`${chain().rest}/cosmos/${path}`);
    assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
    return (await response.json()) as T;
  }

  it("come from fees, are paid with direct and amino signatures, and go where the delegator says", async () => {
    const pool = (await query.distribution.communityPool()).pool[0]?.amount ?? "0";
    // Less than a unit of power, and it stays: the other files of this network count both.
    assert.equal((await direct.delegateTokens(ines, validator, coin(900_000, denom), fee)).code, 0);
    await chain().wait(2);
    const earned = await rewards();
    assert.ok(earned > 0n, "the fee of the delegation itself is shared");
    const total = await query.distribution.delegationTotalRewards(ines);
    assert.deepEqual([total.rewards.map((one) => one.validatorAddress), total.total.map((one) => one.denom)], [[validator], [denom]]);
    const paid = await direct.withdrawRewards(ines, validator, fee);
    assert.equal(paid.code, 0, paid.rawLog);
    const { amount } = MsgWithdrawDelegatorRewardResponse.decode(paid.msgResponses[0]!.value);
    assert.ok(amount.length === 1 && BigInt(amount[0]!.amount) >= earned / 10n ** 18n);
    const event = paid.events.find(({ type }) => type === "withdraw_rewards");
    assert.deepEqual(event?.attributes.map(({ key, value }) => [key, value]), [["amount", `${amount[0]!.amount}${denom}`], ["validator", validator], ["delegator", ines], ["msg_index", "0"]]);
    const other = await addressOf(170);
    const set = { typeUrl: "/cosmos.distribution.v1beta1.MsgSetWithdrawAddress", value: MsgSetWithdrawAddress.fromPartial({ delegatorAddress: ines, withdrawAddress: other }) };
    const changed = await amino.signAndBroadcast(ines, [set], fee);
    assert.equal(changed.code, 0, changed.rawLog);
    assert.equal((await query.distribution.delegatorWithdrawAddress(ines)).withdrawAddress, other);
    await chain().wait(2);
    const again = await amino.withdrawRewards(ines, validator, fee);
    assert.equal(again.code, 0, again.rawLog);
    const [second] = MsgWithdrawDelegatorRewardResponse.decode(again.msgResponses[0]!.value).amount;
    assert.ok(BigInt(second!.amount) > 0n);
    assert.deepEqual(await direct.getBalance(other, denom), second);
    const gift = { typeUrl: "/cosmos.distribution.v1beta1.MsgFundCommunityPool", value: MsgFundCommunityPool.fromPartial({ depositor: ines, amount: coins(5_000, denom) }) };
    const given = await amino.signAndBroadcast(ines, [gift], fee);
    assert.equal(given.code, 0, given.rawLog);
    const now = (await query.distribution.communityPool()).pool.find((one) => one.denom === denom)!.amount;
    assert.ok(BigInt(now) - BigInt(pool) >= 5_000n * 10n ** 18n);
    await assert.rejects(query.distribution.delegationRewards(other, validator), /no delegation for \(address, validator\) tuple/);
  });

  it("and their parameters and sums are what the extensions and an LCD answer", async () => {
    assert.equal((await query.distribution.params()).params.communityTax, String(2n * 10n ** 16n));
    const [{ commission }, { rewards: outstanding }] = [await query.distribution.validatorCommission(validator), await query.distribution.validatorOutstandingRewards(validator)];
    const sum = (list: readonly { denom: string; amount: string }[]): bigint => BigInt(list.find((one) => one.denom === denom)!.amount);
    assert.ok(sum(outstanding.rewards) > sum(commission.commission) && sum(commission.commission) > 0n);
    assert.deepEqual((await query.distribution.validatorSlashes(validator, 0, 1_000_000)).slashes, []);
    assert.deepEqual((await query.distribution.delegatorValidators(ines)).validators, [validator]);
    const info = await new QueryClientImpl(createProtobufRpcClient(query)).ValidatorDistributionInfo({ validatorAddress: validator });
    assert.ok(info.operatorAddress.startsWith("dcm1") && info.selfBondRewards.length > 0 && info.commission.length > 0);
    assert.deepEqual([(await query.mint.inflation()).toString(), (await query.mint.annualProvisions()).toString(), (await query.mint.params()).mintDenom], ["0", "0", denom]);
    const shown = await rest<{ commission: { commission: { denom: string; amount: string }[] } }>(`distribution/v1beta1/validators/${validator}/commission`);
    assert.match(shown.commission.commission.find((one) => one.denom === denom)!.amount, /^\d+\.\d{18}$/);
    const { params } = await rest<{ params: object }>("distribution/v1beta1/params");
    assert.deepEqual(params, { community_tax: "0.020000000000000000", base_proposer_reward: "0.000000000000000000", bonus_proposer_reward: "0.000000000000000000", withdraw_addr_enabled: true });
    assert.deepEqual(await rest("mint/v1beta1/inflation"), { inflation: "0.000000000000000000" });
    for (const path of [`validators/${validator}`, `validators/${validator}/outstanding_rewards`, `validators/${validator}/slashes?starting_height=0&ending_height=9`, `delegators/${ines}/rewards`, `delegators/${ines}/validators`, `delegators/${ines}/withdraw_address`, "community_pool"]) await rest(`distribution/v1beta1/${path}`);
    for (const path of ["annual_provisions", "params"]) await rest(`mint/v1beta1/${path}`);
  });

  it("and grow by what anybody gives to one validator's pool; its operator takes rewards and commission with dcmd", async () => {
    const registry = new Registry([...defaultRegistryTypes, ["/cosmos.distribution.v1beta1.MsgDepositValidatorRewardsPool", MsgDepositValidatorRewardsPool]]);
    const giver = await chain().client("ines", { registry });
    const outstanding = async (): Promise<bigint> => BigInt((await query.distribution.validatorOutstandingRewards(validator)).rewards.rewards.find((one) => one.denom === denom)!.amount);
    const before = await outstanding();
    const value = MsgDepositValidatorRewardsPool.fromPartial({ depositor: ines, validatorAddress: validator, amount: coins(7_000_000, denom) });
    const given = await giver.signAndBroadcast(ines, [{ typeUrl: "/cosmos.distribution.v1beta1.MsgDepositValidatorRewardsPool", value }], fee);
    assert.equal(given.code, 0, given.rawLog);
    assert.ok((await outstanding()) - before >= 7_000_000n * 10n ** 18n);
    const operator = toBech32(prefix, fromBech32(validator).data);
    const paid = async (type: string, ...command: string[]): Promise<bigint> => {
      const { txhash } = await chain().dcmd("tx", "distribution", ...command);
      const { code, rawLog, events } = (await direct.getTx(txhash as string))!;
      assert.equal(code, 0, rawLog);
      const { attributes } = events.find((one) => one.type === type)!;
      return BigInt(attributes.find(({ key }) => key === "amount")!.value.replace(denom, ""));
    };
    // A tenth is commission; the rest is shared by stake, of which other files of this network bring some, too.
    const [own, { validator: { tokens } }] = [(await query.staking.delegation(operator, validator)).delegationResponse!.balance!.amount, await query.staking.validator(validator)];
    assert.ok((await paid("withdraw_rewards", "withdraw-rewards", validator)) >= (6_300_000n * BigInt(own)) / BigInt(tokens) - 1n);
    assert.ok((await paid("withdraw_commission", "withdraw-validator-commission", validator)) >= 700_000n);
    // The fees of both are shared, too.
    await chain().wait(2);
    const [earned, has] = [await paid("withdraw_rewards", "withdraw-all-rewards"), await direct.getBalance(operator, denom)];
    assert.ok(earned > 0n && BigInt(has.amount) > earned);
    await chain().wait(2);
    assert.ok((await paid("withdraw_commission", "withdraw-rewards", validator, "--commission")) > 0n);
  });
});
