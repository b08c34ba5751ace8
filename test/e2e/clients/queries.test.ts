/** QueryClient with extensions of CosmJS: what they answer, and how those are refused whose modules the chain does not have. */
import assert from "node:assert/strict";
import {
  QueryClient, createProtobufRpcClient, decodeCosmosSdkDecFromProto, setupAuthExtension, setupAuthzExtension, setupBankExtension, setupFeegrantExtension, setupIbcExtension, setupSlashingExtension,
  setupStakingExtension, setupTxExtension, StargateClient,
} from "@cosmjs/stargate";
import { toBech32, fromBech32 } from "@cosmjs/encoding";
import { Comet38Client, connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { BaseAccount, ModuleAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import { QueryClientImpl as AuthQuery } from "cosmjs-types/cosmos/auth/v1beta1/query";
import { QueryClientImpl as BankQuery } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { QueryClientImpl as ConsensusQuery } from "cosmjs-types/cosmos/consensus/v1/query";
import { ServiceClientImpl as CometService } from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { ServiceClientImpl as NodeService } from "cosmjs-types/cosmos/base/node/v1beta1/query";
import { PageRequest } from "cosmjs-types/cosmos/base/query/v1beta1/pagination";
import { after, before, describe, it } from "mocha";
import { addressOf, chainId, denom, funds, people, prefix, tokenFunds, useChain } from "./chain.ts";

function connect(comet: CometClient) {
  return QueryClient.withExtensions(
    comet, setupAuthExtension, setupAuthzExtension, setupBankExtension, setupFeegrantExtension, setupIbcExtension, setupSlashingExtension, setupStakingExtension, setupTxExtension,
  );
}

describe("a stock QueryClient", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  let query: ReturnType<typeof connect>;
  let peggy: string;
  let quinn: string;

  before(async () => {
    comet = await connectComet(chain().rpc);
    query = connect(comet);
    [peggy, quinn] = await Promise.all([addressOf("peggy"), addressOf("quinn")]);
  });
  after(() => comet.disconnect());

  it("finds out by itself which CometBFT it speaks to", () => assert.ok(comet instanceof Comet38Client));

  it("auth: account, and its absence", async () => {
    const any = await query.auth.account(peggy);
    assert.equal(any?.typeUrl, "/cosmos.auth.v1beta1.BaseAccount");
    assert.equal(BaseAccount.decode(any!.value).address, peggy);
    await assert.rejects(query.auth.account(await addressOf(120)), new RegExp(`^Error: Query failed with \\(22\\): rpc error: code = NotFound desc = account ${await addressOf(120)} not found: key not found$`));
    await assert.rejects(query.auth.account(""), /Query failed with \(18\): rpc error: code = InvalidArgument desc = Address cannot be empty: invalid request$/);
    await assert.rejects(query.auth.account("cosmos1xxx"), /Query failed with \(\d+\): .*bech32/);
    const auth = new AuthQuery(createProtobufRpcClient(query));
    assert.equal((await auth.Bech32Prefix({})).bech32Prefix, prefix);
    const { account } = await auth.ModuleAccountByName({ name: "fee_collector" });
    assert.equal(account?.typeUrl, "/cosmos.auth.v1beta1.ModuleAccount");
    assert.equal(ModuleAccount.decode(account!.value).name, "fee_collector");
    assert.equal((await auth.AddressBytesToString({ addressBytes: fromBech32(peggy).data })).addressString, peggy);
    assert.deepEqual((await auth.AddressStringToBytes({ addressString: peggy })).addressBytes, fromBech32(peggy).data);
    assert.equal((await auth.Params({})).params?.maxMemoCharacters, 256n);
    assert.equal((await auth.AccountInfo({ address: peggy })).info?.address, peggy);
  });

  it("bank: balances, supply, metadata", async () => {
    assert.deepEqual(await query.bank.balance(peggy, denom), { denom, amount: String(funds) });
    assert.deepEqual(await query.bank.balance(await addressOf(120), denom), { denom, amount: "0" });
    assert.deepEqual(await query.bank.allBalances(peggy), [{ denom: "token", amount: String(tokenFunds) }, { denom, amount: String(funds) }]);
    const { supply } = await query.bank.totalSupply();
    assert.deepEqual(supply.map((coin) => coin.denom), ["token", denom, "uusd"]);
    assert.deepEqual(await query.bank.supplyOf("token"), { denom: "token", amount: String(tokenFunds * BigInt(people.length)) });
    assert.deepEqual(await query.bank.supplyOf("nothing"), { denom: "nothing", amount: "0" });
    assert.deepEqual(await query.bank.denomsMetadata(), []);
    await assert.rejects(query.bank.denomMetadata("nothing"), /code = NotFound desc = client metadata for denom nothing: key not found$/);
  });

  it("pages through what is long, forward and back, by key and by offset", async () => {
    const bank = new BankQuery(createProtobufRpcClient(query));
    const owners = async (pagination: Partial<PageRequest>): Promise<{ list: string[]; next: Uint8Array | undefined; total: bigint | undefined }> => {
      const { denomOwners, pagination: page } = await bank.DenomOwners({ denom: "token", pagination: PageRequest.fromPartial(pagination) });
      return { list: denomOwners.map(({ address }) => address), next: page?.nextKey, total: page?.total };
    };
    const all = await owners({ limit: 100n, countTotal: true });
    assert.deepEqual([all.list.length, all.total, all.next?.length], [people.length, BigInt(people.length), 0]);
    const walked: string[] = [];
    for (let key: Uint8Array | undefined = new Uint8Array(0), first = true; first || (key?.length ?? 0) > 0; first = false) {
      const { list, next } = await owners(first ? { limit: 7n } : { limit: 7n, key: key! });
      walked.push(...list);
      key = next;
    }
    assert.deepEqual(walked, all.list);
    assert.deepEqual((await owners({ offset: 3n, limit: 4n })).list, all.list.slice(3, 7));
    assert.deepEqual((await owners({ limit: 5n, reverse: true })).list, [...all.list].reverse().slice(0, 5));
    await assert.rejects(owners({ offset: 1n, key: Uint8Array.of(1) }), /invalid request, either offset or key is expected, got both/);
  });

  it("authz and feegrant: nothing yet, said in the words that wallets look for", async () => {
    assert.deepEqual((await query.authz.granterGrants(peggy)).grants, []);
    assert.deepEqual((await query.authz.granteeGrants(peggy)).grants, []);
    assert.deepEqual((await query.authz.grants(peggy, quinn, "")).grants, []);
    await assert.rejects(query.authz.grants(peggy, quinn, "/cosmos.bank.v1beta1.MsgSend"), /Query failed with \(6\): .*authorization not found for \/cosmos\.bank\.v1beta1\.MsgSend type: authorization not found: unknown request$/);
    assert.deepEqual((await query.feegrant.allowances(peggy)).allowances, []);
    await assert.rejects(query.feegrant.allowance(peggy, quinn), /Query failed with \(\d+\): .*fee-grant not found/);
  });

  it("staking: the validators of genesis, their delegations, pool and parameters", async () => {
    const { validators } = await query.staking.validators("BOND_STATUS_BONDED");
    assert.equal(validators.length, 1);
    const [{ operatorAddress, tokens, commission, consensusPubkey, delegatorShares }] = validators as [(typeof validators)[0]];
    assert.equal(fromBech32(operatorAddress).prefix, "dcmvaloper");
    assert.equal(consensusPubkey?.typeUrl, "/cosmos.crypto.ed25519.PubKey");
    assert.equal(decodeCosmosSdkDecFromProto(delegatorShares).toString(), tokens);
    assert.ok(decodeCosmosSdkDecFromProto(commission!.commissionRates!.rate).toFloatApproximation() > 0);
    assert.deepEqual((await query.staking.validators("")).validators, validators);
    assert.deepEqual((await query.staking.validators("BOND_STATUS_UNBONDED")).validators, []);
    assert.deepEqual((await query.staking.validator(operatorAddress)).validator, validators[0]);
    await assert.rejects(query.staking.validator(toBech32("dcmvaloper", new Uint8Array(20))), /code = NotFound desc = validator dcmvaloper1\w+ not found: key not found$/);
    const operator = toBech32(prefix, fromBech32(operatorAddress).data);
    const { delegationResponse } = await query.staking.delegation(operator, operatorAddress);
    assert.equal((await query.staking.delegatorDelegations(operator)).delegationResponses.length, 1);
    // Others of these files delegate, too.
    const delegated = (await query.staking.validatorDelegations(operatorAddress)).delegationResponses;
    assert.equal(String(delegated.reduce((sum, { balance }) => sum + BigInt(balance!.amount), 0n)), tokens);
    assert.deepEqual(delegated.find(({ delegation }) => delegation?.delegatorAddress === operator), delegationResponse);
    assert.equal((await query.staking.delegatorValidators(operator)).validators.length, 1);
    assert.equal((await query.staking.delegatorValidator(operator, operatorAddress)).validator?.operatorAddress, operatorAddress);
    assert.deepEqual((await query.staking.delegatorUnbondingDelegations(operator)).unbondingResponses, []);
    assert.deepEqual((await query.staking.validatorUnbondingDelegations(operatorAddress)).unbondingResponses, []);
    assert.deepEqual((await query.staking.redelegations(operator, "", "")).redelegationResponses, []);
    await assert.rejects(query.staking.unbondingDelegation(operator, operatorAddress), /code = NotFound/);
    assert.equal((await query.staking.params()).params?.bondDenom, denom);
    assert.equal((await query.staking.pool()).pool?.bondedTokens, tokens);
    const client = await StargateClient.connect(chain().rpc);
    assert.deepEqual(await client.getBalanceStaked(operator), delegationResponse!.balance);
    assert.equal(await client.getBalanceStaked(peggy), null);
    assert.deepEqual(await client.getDelegation(operator, operatorAddress), delegationResponse!.balance);
    assert.equal(await client.getDelegation(peggy, operatorAddress), null);
    client.disconnect();
  });

  it("tx: a transaction that is not there", async () => {
    await assert.rejects(query.tx.getTx("AB".repeat(32)), /code = NotFound desc = tx not found: (AB){32}/);
  });

  it("consensus, node and CometBFT services", async () => {
    const rpc = createProtobufRpcClient(query);
    const { params } = await new ConsensusQuery(rpc).Params({});
    assert.deepEqual(params?.validator?.pubKeyTypes, ["ed25519"]);
    const service = new CometService(rpc);
    assert.equal((await service.GetNodeInfo({})).defaultNodeInfo?.network, chainId);
    assert.equal((await service.GetLatestBlock({})).sdkBlock?.header?.chainId, chainId);
    assert.equal((await service.GetLatestValidatorSet({})).validators.length, 1);
    assert.equal((await service.GetSyncing({})).syncing, false);
    assert.match((await new NodeService(rpc).Config({})).minimumGasPrice, /^0\.001\d*udcm$/);
  });

  it("slashing: what is known of the one who signs; evidence: none", async () => {
    const { validatorInfo, syncInfo } = await comet.status();
    const address = toBech32("dcmvalcons", validatorInfo.address);
    const { params } = await query.slashing.params();
    assert.deepEqual([params!.signedBlocksWindow, decodeCosmosSdkDecFromProto(params!.minSignedPerWindow).toString(), params!.downtimeJailDuration!.seconds], [1_000n, "0.1", 60n]);
    const { valSigningInfo: info } = await query.slashing.signingInfo(address);
    assert.deepEqual([info!.address, info!.startHeight, info!.tombstoned, info!.missedBlocksCounter], [address, 0n, false, 0n]);
    assert.ok(info!.indexOffset >= BigInt(syncInfo.latestBlockHeight) - 1n, "one for each block but the last");
    assert.deepEqual((await query.slashing.signingInfos()).info.map((one) => one.address), [address]);
    await assert.rejects(query.slashing.signingInfo(toBech32("dcmvalcons", new Uint8Array(20))), /code = NotFound desc = SigningInfo not found for validator dcmvalcons1\w+: key not found$/);
    const rest = async (path: string): Promise<unknown> => (await fetch(`${chain().rest}/cosmos/${path}`)).json();
    assert.deepEqual(await rest("evidence/v1beta1/evidence"), { evidence: [], pagination: { next_key: null, total: "0" } });
    assert.equal(((await rest(`slashing/v1beta1/signing_infos/${address}`)) as { val_signing_info: { address: string } }).val_signing_info.address, address);
  });

  it("answers at a height that is asked for", async () => {
    const { height } = await query.queryAbci("/cosmos.bank.v1beta1.Query/Params", new Uint8Array(0));
    assert.ok(height > 1);
    assert.equal((await query.queryAbci("/cosmos.bank.v1beta1.Query/Params", new Uint8Array(0), 2)).height, 2);
    await assert.rejects(query.queryAbci("/cosmos.bank.v1beta1.Query/Params", new Uint8Array(0), 1_000_000), /Query failed with \(\d+\): .*height/);
  });

  it("ibc: is not there, and every method says so by its path, so that a client can tell it from a wrong argument", async () => {
    const { channel, client, connection, transfer } = query.ibc;
    for (const method of [() => channel.channels(), () => client.states(), () => connection.connections(), () => transfer.params()]) {
      await assert.rejects(method(), /^Error: Query failed with \(6\): unknown query path: \/[a-z0-9.]+\.Query\/\w+: unknown request$/);
    }
  });
});
