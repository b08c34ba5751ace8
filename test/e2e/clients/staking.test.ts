/** Staking, with CosmJS's own client, extension and types; and what the REST server says of it. */
import assert from "node:assert/strict";
import { Registry } from "@cosmjs/proto-signing";
import { AminoTypes, coin, coins, createDefaultAminoConverters, createProtobufRpcClient, defaultRegistryTypes, QueryClient, setupStakingExtension, type SigningStargateClient, type StakingExtension, type StdFee } from "@cosmjs/stargate";
import { connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { fromBech32, toBech32, toBase64 } from "@cosmjs/encoding";
import { PubKey } from "cosmjs-types/cosmos/crypto/ed25519/keys";
import { MsgUnjail } from "cosmjs-types/cosmos/slashing/v1beta1/tx";
import { QueryClientImpl } from "cosmjs-types/cosmos/staking/v1beta1/query";
import { MsgBeginRedelegate, MsgCancelUnbondingDelegation, MsgCreateValidator, MsgEditValidator, MsgUndelegateResponse } from "cosmjs-types/cosmos/staking/v1beta1/tx";
import { after, before, describe, it } from "mocha";
import { addressOf, denom, useChain } from "./chain.ts";

const fee: StdFee = { amount: coins(1_000, denom), gas: "300000" };
const dec = (text: string): string => String(BigInt(Math.round(Number(text) * 1_000)) * 10n ** 15n);

describe("staking, with CosmJS", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  let query: QueryClient & StakingExtension;
  let first: string;
  let emil: string;
  let flora: string;
  let second: string;
  let direct: SigningStargateClient;
  let amino: SigningStargateClient;
  before(async () => {
    comet = await connectComet(chain().rpc);
    query = QueryClient.withExtensions(comet, setupStakingExtension);
    [emil, flora] = await Promise.all([addressOf("emil"), addressOf("flora")]) as [string, string];
    second = toBech32("dcmvaloper", fromBech32(flora).data);
    direct = await chain().client("emil");
    amino = await chain().client("emil", { amino: true });
    first = (await query.staking.validators("BOND_STATUS_BONDED")).validators[0]!.operatorAddress;
  });
  after(() => comet?.disconnect());
  const power = async (): Promise<bigint> => (await comet.validators({ height: (await comet.status()).syncInfo.latestBlockHeight, per_page: 10 })).validators[0]!.votingPower;
  const staked = async (validator: string): Promise<string | undefined> => (await query.staking.delegation(emil, validator)).delegationResponse?.balance.amount;
  async function rest<T>(path: string): Promise<T> {
    const response = await fetch(`${chain().rest}/cosmos/staking/v1beta1/${path}`);
    assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
    return (await response.json()) as T;
  }

  it("delegates: shares, events, and power at CometBFT", async () => {
    const before = await power();
    const result = await direct.delegateTokens(emil, first, coin(5_000_000, denom), "auto");
    assert.equal(result.code, 0, result.rawLog);
    const event = result.events.find(({ type }) => type === "delegate");
    assert.deepEqual(event?.attributes.map(({ key, value }) => [key, value]), [["validator", first], ["delegator", emil], ["amount", `5000000${denom}`], ["new_shares", "5000000.000000000000000000"], ["msg_index", "0"]]);
    assert.ok(result.gasUsed > 60_000n && result.gasUsed < 220_000n, `${result.gasUsed} gas`);
    assert.equal(await staked(first), "5000000");
    assert.deepEqual(await direct.getBalanceStaked(emil), coin("5000000", denom));
    await chain().wait(2);
    assert.equal(await power(), before + 5n);
  });

  it("undelegates with amino JSON, and cancels a part of it", async () => {
    const result = await amino.undelegateTokens(emil, first, coin(1_500_000, denom), fee);
    assert.equal(result.code, 0, result.rawLog);
    const { completionTime } = MsgUndelegateResponse.decode(result.msgResponses[0]!.value);
    assert.ok(Number(completionTime.seconds) > Date.now() / 1000 + 20 * 86_400, "21 days");
    const { unbond } = await query.staking.unbondingDelegation(emil, first);
    assert.deepEqual(unbond.entries.map(({ balance, creationHeight }) => [balance, Number(creationHeight)]), [["1500000", result.height]]);
    const cancel = { typeUrl: "/cosmos.staking.v1beta1.MsgCancelUnbondingDelegation", value: MsgCancelUnbondingDelegation.fromPartial({ delegatorAddress: emil, validatorAddress: first, amount: coin(500_000, denom), creationHeight: BigInt(result.height) }) };
    const cancelled = await direct.signAndBroadcast(emil, [cancel], fee);
    assert.equal(cancelled.code, 0, cancelled.rawLog);
    assert.equal(await staked(first), "4000000");
    assert.equal((await query.staking.delegatorUnbondingDelegations(emil)).unbondingResponses[0]!.entries[0]!.balance, "1000000");
    assert.equal((await query.staking.validatorUnbondingDelegations(first)).unbondingResponses.length, 1);
  });

  it("makes a validator with amino JSON, edits it, the first one with dcmd, and redelegates to it", async () => {
    const operator = await chain().client("flora", { amino: true });
    // CosmJS shows empty texts in amino JSON, which chains leave out: all of them are given.
    const value = MsgCreateValidator.fromPartial({
      description: { moniker: "second", identity: "0123456789ABCDEF", website: "https://example.org", securityContact: "security@example.org", details: "of a test" }, commission: { rate: dec("0.1"), maxRate: dec("0.2"), maxChangeRate: dec("0.01") },
      minSelfDelegation: "1", delegatorAddress: flora, validatorAddress: second, pubkey: { typeUrl: "/cosmos.crypto.ed25519.PubKey", value: PubKey.encode({ key: new Uint8Array(32).fill(7) }).finish() },
      // Below one unit of power: it is not asked for votes that nobody would give.
      value: coin(1_000, denom),
    });
    const made = await operator.signAndBroadcast(flora, [{ typeUrl: "/cosmos.staking.v1beta1.MsgCreateValidator", value }], fee);
    assert.equal(made.code, 0, made.rawLog);
    const { validator } = await query.staking.validator(second);
    assert.deepEqual([validator.description.moniker, validator.status, validator.tokens, validator.commission.commissionRates.rate], ["second", 1, "1000", dec("0.1")]);
    const edit = (commissionRate: string) => ({ typeUrl: "/cosmos.staking.v1beta1.MsgEditValidator", value: MsgEditValidator.fromPartial({ description: { ...value.description, moniker: "[do-not-modify]", details: "edited" }, validatorAddress: second, commissionRate, minSelfDelegation: "500" }) });
    const tooSoon = await operator.signAndBroadcast(flora, [edit(dec("0.11"))], fee);
    assert.deepEqual([tooSoon.code, /commission cannot be changed more than once in 24h/.test(tooSoon.rawLog!)], [12, true], tooSoon.rawLog);
    const edited = await operator.signAndBroadcast(flora, [edit("")], fee);
    assert.equal(edited.code, 0, edited.rawLog);
    const { validator: now } = await query.staking.validator(second);
    assert.deepEqual([now.description, now.minSelfDelegation, now.commission.commissionRates], [{ ...value.description, details: "edited" }, "500", validator.commission.commissionRates]);
    assert.equal((await chain().dcmd("tx", "staking", "edit-validator", "--website", "https://first.example", "--details", "by dcmd")).code, 0);
    const { moniker, website, details } = (await query.staking.validator(first)).validator.description;
    assert.deepEqual([moniker, website, details], ["validator-0", "https://first.example", "by dcmd"]);
    const redelegate = { typeUrl: "/cosmos.staking.v1beta1.MsgBeginRedelegate", value: MsgBeginRedelegate.fromPartial({ delegatorAddress: emil, validatorSrcAddress: first, validatorDstAddress: second, amount: coin(200_000, denom) }) };
    const moved = await amino.signAndBroadcast(emil, [redelegate], fee);
    assert.equal(moved.code, 0, moved.rawLog);
    assert.deepEqual([await staked(first), await staked(second)], ["3800000", "200000"]);
    const { redelegationResponses } = await query.staking.redelegations(emil, first, second);
    assert.deepEqual(redelegationResponses.map(({ entries }) => entries.map(({ balance }) => balance)), [["200000"]]);
    assert.equal((await query.staking.delegatorDelegations(emil)).delegationResponses.length, 2);
  });

  it("answers REST as an LCD does", async () => {
    const [account, pool] = [`delegations/${emil}`, await rest<{ pool: Record<string, string> }>("pool")];
    const { delegation_responses: held } = await rest<{ delegation_responses: { delegation: { shares: string; validator_address: string }; balance: object }[] }>(account);
    assert.deepEqual(held.find(({ delegation }) => delegation.validator_address === first), { delegation: { delegator_address: emil, validator_address: first, shares: "3800000.000000000000000000" }, balance: { denom, amount: "3800000" } });
    const { unbonding_responses: leaving } = await rest<{ unbonding_responses: { entries: Record<string, string>[] }[] }>(`delegators/${emil}/unbonding_delegations`);
    assert.deepEqual(Object.keys(leaving[0]!.entries[0]!).sort(), ["balance", "completion_time", "creation_height", "initial_balance", "unbonding_id", "unbonding_on_hold_ref_count"]);
    const { redelegation_responses: moved } = await rest<{ redelegation_responses: { redelegation: Record<string, unknown>; entries: { redelegation_entry: Record<string, string> }[] }[] }>(`delegators/${emil}/redelegations`);
    assert.equal(moved[0]!.entries[0]!.redelegation_entry.shares_dst, "200000.000000000000000000");
    for (const path of ["validators", `validators/${first}`, `validators/${first}/delegations`, `validators/${first}/unbonding_delegations`, `validators/${first}/delegations/${emil}`, `validators/${first}/delegations/${emil}/unbonding_delegation`,
      `delegators/${emil}/validators`, `delegators/${emil}/validators/${first}`, "params"]) await rest(path);
    assert.equal(pool.pool.not_bonded_tokens, "1201000");
    const height = (await comet.status()).syncInfo.latestBlockHeight - 1;
    const { hist } = await rest<{ hist: { header: { height: string; chain_id: string }; valset: { operator_address: string }[] } }>(`historical_info/${height}`);
    assert.deepEqual([hist.header.height, hist.valset.map(({ operator_address }) => operator_address)], [String(height), [first]]);
    const client = new QueryClientImpl(createProtobufRpcClient(query));
    assert.equal((await client.HistoricalInfo({ height: BigInt(height) })).hist?.valset.length, 1);
    assert.equal(toBase64((await query.staking.historicalInfo(height)).hist!.valset[0]!.consensusPubkey!.value).length > 40, true);
  });

  it("brings a validator back that was jailed for its own stake: MsgUnjail, signed directly and as amino JSON", async () => {
    const typeUrl = "/cosmos.slashing.v1beta1.MsgUnjail";
    const registry = new Registry([...defaultRegistryTypes, [typeUrl, MsgUnjail]]);
    const converter = { aminoType: "cosmos-sdk/MsgUnjail", toAmino: ({ validatorAddr }: MsgUnjail) => ({ address: validatorAddr }), fromAmino: ({ address }: { address: string }) => MsgUnjail.fromPartial({ validatorAddr: address }) };
    const aminoTypes = new AminoTypes({ ...createDefaultAminoConverters(), [typeUrl]: converter });
    const [operator, ledger] = await Promise.all([chain().client("flora", { registry }), chain().client("flora", { amino: true, registry, aminoTypes })]);
    const unjail = [{ typeUrl, value: MsgUnjail.fromPartial({ validatorAddr: second }) }];
    assert.equal((await operator.undelegateTokens(flora, second, coin(1_000, denom), fee)).code, 0);
    assert.equal((await query.staking.validator(second)).validator.jailed, true);
    const poor = await operator.signAndBroadcast(flora, unjail, fee);
    assert.deepEqual([poor.code, /no delegation for \(address, validator\) tuple/.test(poor.rawLog!)], [19, true], poor.rawLog);
    assert.equal((await operator.delegateTokens(flora, second, coin(1_000, denom), fee)).code, 0);
    const back = await ledger.signAndBroadcast(flora, unjail, fee);
    assert.equal(back.code, 0, back.rawLog);
    assert.equal((await query.staking.validator(second)).validator.jailed, false);
    const twice = await operator.signAndBroadcast(flora, unjail, fee);
    assert.deepEqual([twice.code, /validator not jailed; cannot be unjailed/.test(twice.rawLog!)], [5, true], twice.rawLog);
  });

  it("refuses with the SDK's codes, and lets a validator without delegations go", async () => {
    const tooMuch = await direct.undelegateTokens(emil, first, coin(3_800_001, denom), fee);
    assert.deepEqual([tooMuch.code, /invalid shares amount: invalid request/.test(tooMuch.rawLog!)], [18, true], tooMuch.rawLog);
    const back = { typeUrl: "/cosmos.staking.v1beta1.MsgBeginRedelegate", value: MsgBeginRedelegate.fromPartial({ delegatorAddress: emil, validatorSrcAddress: second, validatorDstAddress: first, amount: coin(1, denom) }) };
    const transitive = await direct.signAndBroadcast(emil, [back], fee);
    assert.equal(transitive.code, 32, transitive.rawLog);
    assert.equal((await direct.undelegateTokens(emil, second, coin(200_000, denom), fee)).code, 0);
    const operator = await chain().client("flora");
    assert.equal((await operator.undelegateTokens(flora, second, coin(1_000, denom), fee)).code, 0);
    await assert.rejects(query.staking.validator(second), /not found/);
    assert.equal((await direct.undelegateTokens(emil, first, coin(3_800_000, denom), fee)).code, 0);
    await assert.rejects(query.staking.delegation(emil, first), /not found/);
  });
});
