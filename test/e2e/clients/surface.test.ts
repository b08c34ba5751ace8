/** Every public method of CosmJS's clients and query extensions against the node: one that works, one that is refused, in the Cosmos SDK's words. A method that a new CosmJS brings is missed here. */
import assert from "node:assert/strict";
import { coin, coins, QueryClient, SigningStargateClient, StargateClient, type StdFee } from "@cosmjs/stargate";
import * as stargate from "@cosmjs/stargate";
import { toBech32 } from "@cosmjs/encoding";
import { connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { GenericAuthorization } from "cosmjs-types/cosmos/authz/v1beta1/authz";
import { MsgGrant } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { BasicAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/feegrant";
import { MsgGrantAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import { TextProposal, VoteOption } from "cosmjs-types/cosmos/gov/v1beta1/gov";
import { MsgSubmitProposal, MsgVote } from "cosmjs-types/cosmos/gov/v1beta1/tx";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { after, before, describe, it } from "mocha";
import { addressOf, aminoWallet, chainId, denom, directWallet, funds, tokenFunds, useChain } from "./chain.ts";

/** A call that is answered, with what its answer must show; and one that is refused, or has no arguments to refuse. */
type Row = readonly [answered: () => unknown, refused?: readonly [call: () => unknown, words: RegExp]];

const fee: StdFee = { amount: coins(2_000, denom), gas: "800000" };

function connect(comet: CometClient) {
  return {
    ...QueryClient.withExtensions(comet, stargate.setupAuthExtension, stargate.setupAuthzExtension, stargate.setupBankExtension, stargate.setupDistributionExtension, stargate.setupFeegrantExtension, stargate.setupGovExtension),
    ...QueryClient.withExtensions(comet, stargate.setupIbcExtension, stargate.setupMintExtension, stargate.setupSlashingExtension, stargate.setupStakingExtension, stargate.setupTxExtension),
  };
}

/** Methods of extensions, e.g. "bank.balance", "ibc.client.state". */
function methodsOf(extension: object, path: string): Map<string, (...args: unknown[]) => unknown> {
  const out = new Map<string, (...args: unknown[]) => unknown>();
  for (const [name, value] of Object.entries(extension) as [string, unknown][]) {
    if (typeof value === "function") out.set(`${path}.${name}`, value as (...args: unknown[]) => unknown);
    else for (const [inner, method] of methodsOf(value as object, `${path}.${name}`)) out.set(inner, method);
  }
  return out;
}

/** Own methods of a class, static ones too, without those that its declarations keep to itself. */
function publicMethods(type: { readonly prototype: object }): string[] {
  const hidden = ["constructor", "getCometClient", "forceGetCometClient", "getQueryClient", "forceGetQueryClient", "txsQuery", "calculateFeeForTransaction", "signAmino", "signDirect"];
  const statics = Object.getOwnPropertyNames(type).filter((name) => typeof (type as unknown as Record<string, unknown>)[name] === "function");
  return [...Object.getOwnPropertyNames(type.prototype), ...statics].filter((name) => !hidden.includes(name));
}

describe("every method of CosmJS", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  let query: ReturnType<typeof connect>;
  let client: SigningStargateClient;
  let reader: StargateClient;
  let [xenia, poor, receiver, nobody, operator, validator, consensus] = ["", "", "", "", "", "", ""];
  let first: { readonly transactionHash: string; readonly height: number };
  let proposal: number;
  /** What governance says while the vote is on: it forgets votes and deposits after it. */
  let voting: { readonly votes: readonly { readonly voter: string }[]; readonly vote: string | undefined; readonly deposits: readonly string[]; readonly deposit: readonly object[]; readonly yes: string | undefined };
  before(async () => {
    comet = await connectComet(chain().rpc);
    query = connect(comet);
    client = await chain().client("xenia");
    reader = await StargateClient.connect(chain().rpc);
    [xenia, poor, receiver, nobody] = await Promise.all([addressOf("xenia"), addressOf(240), addressOf(241), addressOf(242)]) as [string, string, string, string];
    validator = (await query.staking.validators("BOND_STATUS_BONDED")).validators[0]!.operatorAddress;
    operator = (await query.staking.validatorDelegations(validator)).delegationResponses[0]!.delegation!.delegatorAddress;
    consensus = toBech32("dcmvalcons", (await comet.status()).validatorInfo.address);
    const content = { typeUrl: "/cosmos.gov.v1beta1.TextProposal", value: TextProposal.encode({ title: "Surface", description: "of CosmJS" }).finish() };
    const allowance = { typeUrl: "/cosmos.feegrant.v1beta1.BasicAllowance", value: BasicAllowance.encode(BasicAllowance.fromPartial({ spendLimit: coins(5, denom) })).finish() };
    const authorization = { typeUrl: "/cosmos.authz.v1beta1.GenericAuthorization", value: GenericAuthorization.encode({ msg: "/cosmos.gov.v1beta1.MsgVote" }).finish() };
    const sent = await client.signAndBroadcast(xenia, [
      { typeUrl: "/cosmos.authz.v1beta1.MsgGrant", value: MsgGrant.fromPartial({ granter: xenia, grantee: poor, grant: { authorization } }) },
      { typeUrl: "/cosmos.feegrant.v1beta1.MsgGrantAllowance", value: MsgGrantAllowance.fromPartial({ granter: xenia, grantee: poor, allowance }) },
      { typeUrl: "/cosmos.gov.v1beta1.MsgSubmitProposal", value: MsgSubmitProposal.fromPartial({ content, initialDeposit: coins(10_000_000, denom), proposer: xenia }) },
    ], fee);
    assert.equal(sent.code, 0, sent.rawLog);
    first = sent;
    proposal = Number(sent.events.find(({ type }) => type === "submit_proposal")!.attributes.find(({ key }) => key === "proposal_id")!.value);
    const voted = await client.signAndBroadcast(xenia, [{ typeUrl: "/cosmos.gov.v1beta1.MsgVote", value: MsgVote.fromPartial({ proposalId: BigInt(proposal), voter: xenia, option: VoteOption.VOTE_OPTION_YES }) }], fee);
    assert.equal(voted.code, 0, voted.rawLog);
    const [votes, vote, deposits, deposit, tally] = await Promise.all([query.gov.votes(proposal), query.gov.vote(proposal, xenia), query.gov.deposits(proposal), query.gov.deposit(proposal, xenia), query.gov.tally(proposal)]);
    voting = { votes: votes.votes, vote: vote.vote?.options[0]?.weight, deposits: deposits.deposits.map((one) => one.depositor), deposit: deposit.deposit!.amount, yes: tally.tally?.yes };
  });
  after(() => {
    comet.disconnect();
    reader.disconnect();
  });

  async function check(rows: Readonly<Record<string, Row>>): Promise<void> {
    for (const [name, [answered, refused]] of Object.entries(rows)) {
      await Promise.resolve(answered()).catch((error: Error) => assert.fail(`${name}: ${error.message}`));
      if (refused !== undefined) await assert.rejects(async () => refused[0](), refused[1], name);
    }
  }
  const no = "cosmos1xxx";
  const equal = async (answer: Promise<unknown>, expected: unknown): Promise<void> => assert.deepEqual(await answer, expected);
  const query6 = (words: string): RegExp => new RegExp(`^Error: Query failed with \\(6\\): rpc error: code = Unknown desc = ${words}: unknown request$`);
  const query18 = (words: string): RegExp => new RegExp(`^Error: Query failed with \\(18\\): rpc error: code = InvalidArgument desc = ${words}: invalid request$`);
  const query22 = (words: string): RegExp => new RegExp(`^Error: Query failed with \\(22\\): rpc error: code = NotFound desc = ${words}: key not found$`);
  const bech32 = "decoding bech32 failed: invalid separator index 6";
  const address = `invalid address: ${bech32}`;
  const prefix = "hrp does not match bech32 prefix: expected 'dcmvaloper' got 'dcm': internal logic error";

  it("of the query extensions", async () => {
    const { auth, authz, bank, distribution, feegrant, gov, mint, slashing, staking, tx } = query;
    const rows: Readonly<Record<string, Row>> = {
      "auth.account": [async () => assert.equal((await auth.account(xenia))?.typeUrl, "/cosmos.auth.v1beta1.BaseAccount"), [() => auth.account(no), query6(bech32)]],
      "authz.grants": [async () => equal(authz.grants(xenia, poor, "").then(({ grants }) => grants.map((one) => one.authorization?.typeUrl)), ["/cosmos.authz.v1beta1.GenericAuthorization"]), [() => authz.grants(no, poor, ""), query18(address)]],
      "authz.granteeGrants": [async () => equal(authz.granteeGrants(poor).then(({ grants }) => grants.map((one) => one.granter)), [xenia]), [() => authz.granteeGrants(no), query18(address)]],
      "authz.granterGrants": [async () => equal(authz.granterGrants(xenia).then(({ grants }) => grants.map((one) => one.grantee)), [poor]), [() => authz.granterGrants(""), query18("invalid address: empty address string is not allowed")]],
      "bank.balance": [async () => equal(bank.balance(xenia, "token"), coin(Number(tokenFunds), "token")), [() => bank.balance(xenia, ""), query18("invalid denom: ")]],
      "bank.allBalances": [async () => equal(bank.allBalances(xenia).then((all) => all.map((one) => one.denom)), ["token", denom]), [() => bank.allBalances(no), query18(address)]],
      "bank.totalSupply": [async () => equal(bank.totalSupply().then(({ supply }) => supply.map((one) => one.denom)), ["token", denom, "uusd"])],
      "bank.supplyOf": [async () => equal(bank.supplyOf("nothing"), coin(0, "nothing")), [() => bank.supplyOf(""), query18("invalid denom: ")]],
      "bank.denomMetadata": [async () => assert.rejects(bank.denomMetadata("nothing"), query22("client metadata for denom nothing")), [() => bank.denomMetadata(""), query18("invalid denom: ")]],
      "bank.denomsMetadata": [async () => equal(bank.denomsMetadata(), [])],
      "distribution.communityPool": [async () => assert.ok(Array.isArray((await distribution.communityPool()).pool))],
      "distribution.delegationRewards": [async () => assert.ok(Array.isArray((await distribution.delegationRewards(operator, validator)).rewards)), [() => distribution.delegationRewards(poor, validator), query6("no delegation for \\(address, validator\\) tuple")]],
      "distribution.delegationTotalRewards": [async () => equal(distribution.delegationTotalRewards(poor), { rewards: [], total: [] }), [() => distribution.delegationTotalRewards(""), query18("empty delegator address")]],
      "distribution.delegatorValidators": [async () => equal(distribution.delegatorValidators(operator), { validators: [validator] }), [() => distribution.delegatorValidators(no), query6(bech32)]],
      "distribution.delegatorWithdrawAddress": [async () => equal(distribution.delegatorWithdrawAddress(poor), { withdrawAddress: poor }), [() => distribution.delegatorWithdrawAddress(""), query18("empty delegator address")]],
      "distribution.params": [async () => assert.equal((await distribution.params()).params?.communityTax, "20000000000000000")],
      "distribution.validatorCommission": [async () => assert.ok((await distribution.validatorCommission(validator)).commission), [() => distribution.validatorCommission(poor), query6(prefix)]],
      "distribution.validatorOutstandingRewards": [async () => assert.ok((await distribution.validatorOutstandingRewards(validator)).rewards), [() => distribution.validatorOutstandingRewards(""), query18("empty validator address")]],
      "distribution.validatorSlashes": [async () => equal(distribution.validatorSlashes(validator, 0, 10).then(({ slashes }) => slashes), []), [() => distribution.validatorSlashes(validator, 10, 1), query18("starting height greater than ending height \\(10 > 1\\)")]],
      "feegrant.allowance": [async () => equal(feegrant.allowance(xenia, poor).then(({ allowance }) => allowance?.grantee), poor), [() => feegrant.allowance(no, poor), query18(address)]],
      "feegrant.allowances": [async () => equal(feegrant.allowances(poor).then(({ allowances }) => allowances.map((one) => one.granter)), [xenia]), [() => feegrant.allowances(no), query18(address)]],
      "gov.params": [async () => assert.deepEqual([(await gov.params("deposit")).depositParams?.minDeposit, (await gov.params("voting")).votingParams?.votingPeriod?.seconds, Buffer.from((await gov.params("tallying")).tallyParams!.quorum).toString()], [coins(10_000_000, denom), 5n, "334000000000000000"]), [() => gov.params("nothing" as never), query18("unknown params type: nothing")]],
      "gov.proposals": [async () => assert.ok((await gov.proposals(0, xenia, "")).proposals.length <= 1), [() => gov.proposals(0, no, ""), query18(address)]],
      "gov.proposal": [async () => equal(gov.proposal(proposal).then((found) => found.proposal?.content?.typeUrl), "/cosmos.gov.v1beta1.TextProposal"), [() => gov.proposal(9_999), query22("proposal 9999 doesn't exist")]],
      "gov.deposits": [() => assert.deepEqual(voting.deposits, [xenia]), [() => gov.deposits("one"), /Invalid string format/]],
      "gov.deposit": [() => assert.deepEqual(voting.deposit, coins(10_000_000, denom)), [() => gov.deposit(9_999, poor), query18(`depositer: ${poor} not found for proposal: 9999`)]],
      "gov.tally": [() => assert.equal(voting.yes, "0"), [() => gov.tally(9_999), query22("proposal 9999 doesn't exist")]],
      "gov.votes": [() => assert.deepEqual(voting.votes.map(({ voter }) => voter), [xenia]), [() => gov.votes(0), query18("proposal id can not be 0")]],
      "gov.vote": [() => assert.equal(voting.vote, "1000000000000000000"), [() => gov.vote(9_999, poor), query18(`voter: ${poor} not found for proposal: 9999`)]],
      "mint.params": [async () => assert.equal((await mint.params()).mintDenom, denom)],
      "mint.inflation": [async () => assert.equal((await mint.inflation()).toString(), "0")],
      "mint.annualProvisions": [async () => assert.equal((await mint.annualProvisions()).toString(), "0")],
      "slashing.signingInfo": [async () => assert.equal((await slashing.signingInfo(consensus)).valSigningInfo?.address, consensus), [() => slashing.signingInfo(poor), query6("hrp does not match bech32 prefix: expected 'dcmvalcons' got 'dcm': internal logic error")]],
      "slashing.signingInfos": [async () => equal(slashing.signingInfos().then(({ info }) => info.map((one) => one.address)), [consensus])],
      "slashing.params": [async () => assert.equal((await slashing.params()).params?.signedBlocksWindow, 1_000n)],
      "staking.delegation": [async () => assert.equal((await staking.delegation(operator, validator)).delegationResponse?.delegation?.validatorAddress, validator), [() => staking.delegation(poor, validator), query22(`delegation with delegator ${poor} not found for validator ${validator}`)]],
      "staking.delegatorDelegations": [async () => assert.equal((await staking.delegatorDelegations(operator)).delegationResponses.length, 1), [() => staking.delegatorDelegations(""), query18("delegator address cannot be empty")]],
      "staking.delegatorUnbondingDelegations": [async () => equal(staking.delegatorUnbondingDelegations(poor).then((page) => page.unbondingResponses), []), [() => staking.delegatorUnbondingDelegations(no), query6(bech32)]],
      "staking.delegatorValidator": [async () => assert.equal((await staking.delegatorValidator(operator, validator)).validator?.operatorAddress, validator), [() => staking.delegatorValidator(poor, validator), query22("no delegation for \\(address, validator\\) tuple")]],
      "staking.delegatorValidators": [async () => equal(staking.delegatorValidators(poor).then(({ validators }) => validators), []), [() => staking.delegatorValidators(""), query18("delegator address cannot be empty")]],
      "staking.historicalInfo": [async () => assert.equal((await staking.historicalInfo(first.height)).hist?.header?.height, BigInt(first.height)), [() => staking.historicalInfo(9_999_999), query22("historical info for height 9999999 not found")]],
      "staking.params": [async () => assert.equal((await staking.params()).params?.bondDenom, denom)],
      "staking.pool": [async () => assert.match((await staking.pool()).pool!.bondedTokens, /^[1-9]\d+$/)],
      "staking.redelegations": [async () => equal(staking.redelegations(poor, "", "").then((page) => page.redelegationResponses), []), [() => staking.redelegations("", "", ""), query18("delegator address cannot be empty")]],
      "staking.unbondingDelegation": [async () => assert.rejects(staking.unbondingDelegation(poor, validator), query22(`unbonding delegation with delegator ${poor} not found for validator ${validator}`)), [() => staking.unbondingDelegation("", validator), query18("delegator address cannot be empty")]],
      "staking.validator": [async () => assert.equal((await staking.validator(validator)).validator?.operatorAddress, validator), [() => staking.validator(poor), query6(prefix)]],
      "staking.validatorDelegations": [async () => assert.ok((await staking.validatorDelegations(validator)).delegationResponses.length > 0), [() => staking.validatorDelegations(""), query18("validator address cannot be empty")]],
      "staking.validators": [async () => equal(staking.validators("BOND_STATUS_BONDED").then(({ validators }) => validators.map((one) => one.operatorAddress)), [validator]), [() => staking.validators("BONDED" as never), query18("invalid validator status BONDED")]],
      "staking.validatorUnbondingDelegations": [async () => assert.ok(Array.isArray((await staking.validatorUnbondingDelegations(validator)).unbondingResponses)), [() => staking.validatorUnbondingDelegations(poor), query6(prefix)]],
      "tx.getTx": [async () => assert.equal((await tx.getTx(first.transactionHash)).txResponse?.txhash, first.transactionHash), [() => tx.getTx("AB".repeat(32)), /\(22\): rpc error: code = NotFound desc = tx not found: (AB){32}: key not found$/]],
      "tx.simulate": [
        async () => {
          const { pubkey } = (await (await directWallet("xenia")).getAccounts())[0]!;
          const { sequence } = await client.getSequence(xenia);
          const send = client.registry.encodeAsAny({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: xenia, toAddress: receiver, amount: coins(1, denom) } });
          const signer = { type: "tendermint/PubKeySecp256k1", value: Buffer.from(pubkey).toString("base64") };
          assert.ok((await tx.simulate([send], undefined, signer, sequence)).gasInfo!.gasUsed > 10_000n);
          await assert.rejects(tx.simulate([send], undefined, signer, sequence + 5), /account sequence mismatch, expected \d+, got \d+: incorrect account sequence/);
        },
      ],
    };
    const methods = new Map(Object.entries({ auth, authz, bank, distribution, feegrant, gov, mint, slashing, staking, tx }).flatMap(([name, extension]) => [...methodsOf(extension, name)]));
    assert.deepEqual([...methods.keys()].sort(), Object.keys(rows).sort());
    const setups = Object.keys(stargate).filter((name) => /^setup\w+Extension$/.test(name)).map((name) => name.slice(5, -9).toLowerCase());
    assert.deepEqual(setups.sort(), [...new Set([...methods.keys()].map((name) => name.split(".")[0]!)), "ibc"].sort(), "extensions of CosmJS");
    await check(rows);
  });

  it("of the IBC extension: refused by its path, so that a client can tell it from a wrong argument", async () => {
    const numbers: Readonly<Record<string, readonly unknown[]>> = { "ibc.client.consensusState": ["07-tendermint-0", 1], "ibc.connection.consensusState": ["connection-0", 1, 1], "ibc.channel.unreceivedPackets": ["transfer", "channel-0", [1]], "ibc.channel.unreceivedAcks": ["transfer", "channel-0", [1]] };
    const methods = methodsOf(query.ibc, "ibc");
    assert.ok(methods.size > 35, `${methods.size} methods`);
    for (const [name, method] of methods) {
      await assert.rejects(async () => method(...(numbers[name] ?? ["transfer", "channel-0", 1, 1])), /^Error: Query failed with \(6\): unknown query path: \/ibc\.[a-z0-9.]+\.Query\/\w+: unknown request$/, name);
    }
  });

  it("of StargateClient", async () => {
    const other = await StargateClient.connect(chain().rpc);
    const rows: Readonly<Record<string, Row>> = {
      connect: [async () => assert.equal(await other.getChainId(), chainId), [() => StargateClient.connect("http://127.0.0.1:1"), /fetch failed/]],
      create: [() => assert.ok(StargateClient.create(comet) instanceof StargateClient)],
      getChainId: [async () => equal(reader.getChainId(), chainId)],
      getHeight: [async () => assert.ok((await reader.getHeight()) >= first.height)],
      getAccount: [async () => equal(reader.getAccount(nobody), null), [() => reader.getAccount(no), query6(bech32)]],
      getSequence: [async () => assert.equal((await reader.getSequence(xenia)).sequence, (await reader.getAccount(xenia))!.sequence), [() => reader.getSequence(nobody), new RegExp(`Account '${nobody}' does not exist on chain`)]],
      getBlock: [async () => assert.equal((await reader.getBlock(first.height)).header.chainId, chainId), [() => reader.getBlock(9_999_999), /height 9999999 must be less than or equal to the current blockchain height \d+/]],
      getBalance: [async () => equal(reader.getBalance(poor, denom), coin(0, denom)), [() => reader.getBalance(no, denom), query18(address)]],
      getAllBalances: [async () => equal(reader.getAllBalances(poor), []), [() => reader.getAllBalances(no), query18(address)]],
      getBalanceStaked: [async () => equal(reader.getBalanceStaked(poor), null), [() => reader.getBalanceStaked(no), query6(bech32)]],
      getDelegation: [async () => equal(reader.getDelegation(poor, validator), null), [() => reader.getDelegation(poor, no), query6(bech32)]],
      getTx: [async () => assert.equal((await reader.getTx(first.transactionHash))?.height, first.height), [() => reader.getTx("xx"), /encoding\/hex: invalid byte/]],
      searchTx: [async () => equal(reader.searchTx([{ key: "tx.height", value: first.height }, { key: "message.sender", value: xenia }]).then((found) => found.map(({ hash }) => hash)), [first.transactionHash]), [() => reader.searchTx("nonsense"), /offset 8: EOF/]],
      broadcastTx: [async () => assert.equal((await reader.broadcastTx(await signed())).code, 0), [() => reader.broadcastTx(new Uint8Array(0), 1_000), /code 18 \(codespace: sdk\).*must contain at least one message: invalid request/]],
      broadcastTxSync: [async () => included(await reader.broadcastTxSync(await signed())), [() => reader.broadcastTxSync(Uint8Array.of(1)), /code 2 \(codespace: sdk\).*tx parse error/]],
      disconnect: [() => other.disconnect()],
    };
    assert.deepEqual(publicMethods(StargateClient).sort(), Object.keys(rows).sort());
    await check(rows);
  });

  it("of SigningStargateClient", async () => {
    const amino = await SigningStargateClient.connectWithSigner(chain().rpc, await aminoWallet("xenia"));
    const offline = await SigningStargateClient.offline(await directWallet("xenia"));
    // CosmJS leaves the timer of its timeout behind where a transaction is refused.
    const hasty = await chain().client("xenia", { broadcastTimeoutMs: 1_000 });
    const created = SigningStargateClient.createWithSigner(comet, await directWallet("xenia"));
    const send = (amount: string): { typeUrl: string; value: object } => ({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: xenia, toAddress: receiver, amount: coins(amount, denom) } });
    const succeeds = async (work: Promise<{ readonly code: number; readonly rawLog?: string | undefined }>): Promise<void> => {
      const { code, rawLog } = await work;
      assert.equal(code, 0, rawLog);
    };
    const stranger = [() => client.sendTokens(poor, receiver, coins(1, denom), fee), /Failed to retrieve account from signer|does not exist on chain/] as const;
    const rows: Readonly<Record<string, Row>> = {
      connectWithSigner: [async () => succeeds(amino.sendTokens(xenia, receiver, coins(1, denom), fee)), [() => SigningStargateClient.connectWithSigner("http://127.0.0.1:1", amino as never), /fetch failed/]],
      createWithSigner: [async () => succeeds(created.sendTokens(xenia, receiver, coins(1, denom), fee))],
      offline: [async () => assert.equal((await offline.sign(xenia, [send("1")], fee, "", { accountNumber: 0n, sequence: 0, chainId })).signatures.length, 1), [() => offline.getHeight(), /Comet client not available/]],
      simulate: [async () => assert.ok((await client.simulate(xenia, [send("1")], "")) > 10_000), [() => client.simulate(xenia, [send(String(funds * 2n))], ""), /is smaller than \d+udcm: insufficient funds/]],
      sendTokens: [async () => succeeds(client.sendTokens(xenia, receiver, coins(1, denom), "auto")), stranger],
      delegateTokens: [async () => succeeds(client.delegateTokens(xenia, validator, coin(1_000, denom), fee)), [() => client.delegateTokens(xenia, validator, coin(1, "token"), "auto"), /invalid coin denomination: got token, expected udcm: invalid request/]],
      undelegateTokens: [async () => succeeds(client.undelegateTokens(xenia, validator, coin(1_000, denom), fee)), [() => client.undelegateTokens(xenia, validator, coin(1_000, denom), "auto"), /no delegation for \(address, validator\) tuple/]],
      withdrawRewards: [async () => assert.equal((await client.withdrawRewards(xenia, validator, fee)).code, 19), [() => client.withdrawRewards(xenia, validator, "auto"), /no delegation for \(address, validator\) tuple|no delegation distribution info/]],
      // The chain has no IBC: the message is none of its own.
      sendIbcTokens: [async () => assert.rejects(hasty.sendIbcTokens(xenia, receiver, coin(1, denom), "transfer", "channel-0", undefined, 1, fee), /code 2 \(codespace: sdk\).*unable to resolve type URL \/ibc\.applications\.transfer\.v1\.MsgTransfer: tx parse error/)],
      sign: [async () => assert.equal((await client.sign(xenia, [send("1")], fee, "")).signatures.length, 1), [() => client.sign(poor, [send("1")], fee, ""), /does not exist on chain|Failed to retrieve account from signer/]],
      signAndBroadcast: [async () => succeeds(client.signAndBroadcast(xenia, [send("1")], 1.5)), [() => hasty.signAndBroadcast(xenia, [send("1")], { amount: [], gas: "200000" }), /code 13 \(codespace: sdk\).*insufficient fee/]],
      signAndBroadcastSync: [async () => included(await client.signAndBroadcastSync(xenia, [send("1")], fee)), [() => client.signAndBroadcastSync(xenia, [send("1")], fee, "m".repeat(257)), /code 12 \(codespace: sdk\).*memo too large/]],
    };
    assert.deepEqual(publicMethods(SigningStargateClient).sort(), Object.keys(rows).sort());
    await check(rows);
    amino.disconnect();
  });

  /** A transaction of xenia's that sends something to `receiver`, as bytes. */
  async function signed(): Promise<Uint8Array> {
    const message = { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: xenia, toAddress: receiver, amount: coins(1, denom) } };
    return TxRaw.encode(await client.sign(xenia, [message], fee, "")).finish();
  }
  async function included(hash: string): Promise<void> {
    for (let found = await reader.getTx(hash); ; found = await reader.getTx(hash)) {
      if (found !== null) return assert.equal(found.code, 0, found.rawLog);
      await chain().wait(1);
    }
  }
});
