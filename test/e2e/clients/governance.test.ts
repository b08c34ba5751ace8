/** Governance, with CosmJS's own messages and extension, over REST, and with dcmd. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "@cosmjs/proto-signing";
import { coin, coins, defaultRegistryTypes, QueryClient, setupBankExtension, setupGovExtension, setupStakingExtension, type BankExtension, type GovExtension, type SigningStargateClient, type StakingExtension, type StdFee } from "@cosmjs/stargate";
import { connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { MsgExec } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { BasicAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/feegrant";
import { MsgGrantAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import { MsgUpdateParams as MsgUpdateConsensus } from "cosmjs-types/cosmos/consensus/v1/tx";
import { MsgCommunityPoolSpend } from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import { MsgCancelProposal, MsgCancelProposalResponse, MsgDeposit, MsgSubmitProposal, MsgVote as MsgVoteV1 } from "cosmjs-types/cosmos/gov/v1/tx";
import { ProposalStatus, TextProposal, VoteOption } from "cosmjs-types/cosmos/gov/v1beta1/gov";
import { MsgVote } from "cosmjs-types/cosmos/gov/v1beta1/tx";
import { after, before, describe, it } from "mocha";
import { MsgSetAccreditation } from "../../../chain/codec/gen/dcm/auditor/v1/tx.ts";
import { MsgUpdateParams as MsgUpdateBeacon } from "../../../chain/codec/gen/dcm/beacon/v1/tx.ts";
import { MsgSetClass } from "../../../chain/codec/gen/dcm/market/v1/tx.ts";
import { wasmCore } from "../../../chain/modules/market/classes.ts";
import { authority } from "../../../chain/runtime/addresses.ts";
import { addressOf, denom, useChain } from "./chain.ts";

const fee: StdFee = { amount: coins(2_000, denom), gas: "600000" };
const least = coins(10_000_000, denom);
const leastExpedited = coins(50_000_000, denom);
/** More than half, less than two thirds; weights in 10^-18. */
const sixTenths = [{ option: VoteOption.VOTE_OPTION_YES, weight: "600000000000000000" }, { option: VoteOption.VOTE_OPTION_NO, weight: "400000000000000000" }];
/** What the proposal about money takes out of the community pool. */
const grant = coins(7_000, denom);

interface Shown {
  readonly status: string;
  readonly expedited: boolean;
  readonly final_tally_result: { readonly yes_count: string; readonly no_count: string };
}

describe("governance, with CosmJS, REST and dcmd", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  let query: QueryClient & BankExtension & GovExtension & StakingExtension;
  let gerda: string;
  let helmut: string;
  let direct: SigningStargateClient;
  let amino: SigningStargateClient;
  let attacker: SigningStargateClient;
  let first: string;
  let text: bigint;
  let change: bigint;
  /** Proposals: a class and an auditor, both expedited; one that is vetoed; one about money. */
  let [newClass, auditor, vetoed, spend] = [0n, 0n, 0n, 0n];
  let supply: bigint;
  before(async () => {
    comet = await connectComet(chain().rpc);
    query = QueryClient.withExtensions(comet, setupBankExtension, setupGovExtension, setupStakingExtension);
    [gerda, helmut] = await Promise.all([addressOf("gerda"), addressOf("helmut")]) as [string, string];
    [direct, amino, attacker] = await Promise.all([chain().client("gerda"), chain().client("gerda", { amino: true }), chain().client("helmut")]) as [SigningStargateClient, SigningStargateClient, SigningStargateClient];
    first = (await query.staking.validators("BOND_STATUS_BONDED")).validators[0]!.operatorAddress;
  });
  after(() => comet?.disconnect());

  const vote = (proposalId: bigint, voter: string, option = VoteOption.VOTE_OPTION_YES): { typeUrl: string; value: object } => ({ typeUrl: "/cosmos.gov.v1beta1.MsgVote", value: { proposalId, voter, option } });
  const split = (proposalId: bigint): { typeUrl: string; value: object } => ({ typeUrl: "/cosmos.gov.v1beta1.MsgVoteWeighted", value: { proposalId, voter: gerda, options: sixTenths } });
  const propose = (messages: readonly { typeUrl: string; value: Uint8Array }[], expedited = false): { typeUrl: string; value: object } => ({
    typeUrl: "/cosmos.gov.v1.MsgSubmitProposal", value: MsgSubmitProposal.fromPartial({ messages: [...messages], expedited, initialDeposit: expedited ? leastExpedited : least, proposer: gerda, metadata: "ipfs://CID", title: "a change", summary: "more seeds" }),
  });
  async function rest<T>(path: string): Promise<T> {
    const response = await fetch(`${chain().rest}${path}`);
    assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
    return (await response.json()) as T;
  }
  const shown = async (id: bigint): Promise<Shown> => (await rest<{ proposal: Shown }>(`/cosmos/gov/v1/proposals/${id}`)).proposal;
  /** The outcomes, once all are there. */
  async function outcomes(...ids: bigint[]): Promise<string[]> {
    for (const until = Date.now() + 15_000; ; await chain().wait(1)) {
      const now = (await Promise.all(ids.map(shown))).map(({ status }) => status.replace("PROPOSAL_STATUS_", ""));
      if (!now.includes("VOTING_PERIOD") || Date.now() > until) return now;
    }
  }
  const supplyNow = async (): Promise<bigint> => BigInt((await query.bank.supplyOf(denom)).amount);
  const idOf = (result: { code: number; rawLog?: string | undefined; events: readonly { type: string; attributes: readonly { key: string; value: string }[] }[] }): bigint => {
    assert.equal(result.code, 0, result.rawLog);
    return BigInt(result.events.find(({ type }) => type === "submit_proposal")!.attributes.find(({ key }) => key === "proposal_id")!.value);
  };

  it("takes proposals of both versions, and opens their votes with their deposits (GOV-4, GOV-16)", async () => {
    const bonded = await direct.delegateTokens(gerda, first, coin(1_500_000_000, denom), "auto");
    assert.equal(bonded.code, 0, bonded.rawLog);
    const content = { typeUrl: "/cosmos.gov.v1beta1.TextProposal", value: TextProposal.encode({ title: "a text", description: "what we think" }).finish() };
    text = idOf(await amino.signAndBroadcast(gerda, [{ typeUrl: "/cosmos.gov.v1beta1.MsgSubmitProposal", value: { content, initialDeposit: least, proposer: gerda } }], fee));
    const params = { seedsKept: 30_000n, keyActivationDelayBlocks: 64n };
    change = idOf(await direct.signAndBroadcast(gerda, [propose([{ typeUrl: "/dcm.beacon.v1.MsgUpdateParams", value: MsgUpdateBeacon.encode({ authority, params }).finish() }])], "auto"));
    const { proposal } = await query.gov.proposal(text.toString());
    assert.deepEqual(proposal!.content, content);
    assert.equal(proposal!.status, ProposalStatus.PROPOSAL_STATUS_VOTING_PERIOD);
    assert.deepEqual((await query.gov.deposits(text.toString())).deposits.map(({ depositor, amount }) => [depositor, amount]), [[gerda, least]]);
  });

  it("refuses votes with stake that was bonded since, and says why (GOV-8)", async () => {
    const messages = [{ typeUrl: "/cosmos.staking.v1beta1.MsgDelegate", value: { delegatorAddress: helmut, validatorAddress: first, amount: coin(9_000_000_000, denom) } }, vote(change, helmut, VoteOption.VOTE_OPTION_NO_WITH_VETO)];
    const together = await attacker.signAndBroadcast(helmut, messages, fee);
    assert.deepEqual([together.code, together.rawLog?.includes("what is bonded later does not count")], [100, true], together.rawLog);
    assert.equal(await attacker.getBalanceStaked(helmut), null);
  });

  it("counts votes of wallets, Ledgers and dcmd as they come (GOV-9)", async () => {
    const [cast, again] = [await direct.signAndBroadcast(gerda, [vote(text, gerda, VoteOption.VOTE_OPTION_NO), vote(change, gerda)], "auto"), await amino.signAndBroadcast(gerda, [vote(text, gerda)], fee)];
    assert.deepEqual([cast.code, again.code], [0, 0], `${cast.rawLog} ${again.rawLog}`);
    const sent = await chain().dcmd("tx", "gov", "weighted-vote", text.toString(), "yes=0.6,abstain=0.4");
    assert.equal(sent.code, 0);
    const { tally } = await query.gov.tally(text.toString());
    // The operator votes with what nobody else votes with.
    const inherited = BigInt((await query.staking.pool()).pool!.bondedTokens) - 1_500_000_000n;
    const [yes, abstain] = [String(1_500_000_000n + (inherited * 6n) / 10n), String((inherited * 4n) / 10n)];
    assert.deepEqual([tally!.yes, tally!.abstain], [yes, abstain]);
    assert.deepEqual((await rest<{ votes: unknown[] }>(`/cosmos/gov/v1/proposals/${text}/votes`)).votes.length, 2);
    assert.deepEqual((await chain().dcmd("query", "gov", "tally", text.toString())).tally, { yes_count: yes, abstain_count: abstain, no_count: "0", no_with_veto_count: "0" });
  });

  it("refuses parameters that would stop the chain (GOV-15, CONS-4)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-proposal-"));
    try {
      const consensus = { block: { maxBytes: 4_194_304n, maxGas: 0n }, evidence: { maxAgeNumBlocks: 100n, maxAgeDuration: { seconds: 1000n, nanos: 0 }, maxBytes: 1_048_576n }, validator: { pubKeyTypes: ["ed25519"] } };
      const value = MsgUpdateConsensus.encode(MsgUpdateConsensus.fromPartial({ authority, ...consensus })).finish();
      await assert.rejects(direct.simulate(gerda, [propose([{ typeUrl: "/cosmos.consensus.v1.MsgUpdateParams", value }])], ""), /block\.MaxGas is -1 or at least/);
      const file = join(folder, "proposal.json");
      const message = { "@type": "/cosmos.gov.v1.MsgUpdateParams", authority, params: { ...(await chain().dcmd("query", "gov", "params")).params as object, voting_period: "0s" } };
      writeFileSync(file, JSON.stringify({ messages: [message], deposit: `10000000${denom}`, title: "no time", summary: "to vote", metadata: "", expedited: false }));
      await assert.rejects(chain().dcmd("tx", "gov", "submit-proposal", file, "--dry-run"), /voting period must be positive/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses spam, nested execution and grants of the gov account before they cost a block anything (GOV-3, GOV-4, GOV-14)", async () => {
    const exec = (...msgs: { typeUrl: string; value: Uint8Array }[]): { typeUrl: string; value: Uint8Array } => ({ typeUrl: MsgExec.typeUrl, value: MsgExec.encode({ grantee: authority, msgs }).finish() });
    const inner = { typeUrl: MsgVote.typeUrl, value: MsgVote.encode({ proposalId: change, voter: authority, option: VoteOption.VOTE_OPTION_YES }).finish() };
    await assert.rejects(direct.simulate(gerda, [propose([exec(exec(inner))])], ""), /proposals neither submit, fund, vote on nor cancel proposals/);
    let deep = exec(inner);
    for (let i = 0; i < 7; i++) deep = exec(deep);
    await assert.rejects(direct.simulate(gerda, [propose([deep])], ""), /nested deeper/);
    const allowance = { typeUrl: BasicAllowance.typeUrl, value: BasicAllowance.encode({ spendLimit: least }).finish() };
    const grant = { typeUrl: MsgGrantAllowance.typeUrl, value: MsgGrantAllowance.encode({ granter: authority, grantee: gerda, allowance }).finish() };
    await assert.rejects(direct.simulate(gerda, [propose([exec(grant)])], ""), /could spend deposits/);
    const spam = propose([]);
    await assert.rejects(direct.simulate(gerda, [{ ...spam, value: { ...spam.value, initialDeposit: coins(1, denom) } }], ""), /minimum deposit is too small/);
  });

  it("opens several votes in one transaction, which casts them, too (GOV-4, GOV-9)", async () => {
    supply = await supplyNow();
    const packed = <T>(type: { $type: string; encode(message: T): { finish(): Uint8Array } }, message: T): { typeUrl: string; value: Uint8Array } => ({ typeUrl: `/${type.$type}`, value: type.encode(message).finish() });
    const [recipient, accredited] = [await addressOf(180), await addressOf(181)];
    // Numbers follow each other: whoever proposes knows them.
    [newClass, auditor, vetoed, spend] = [change + 1n, change + 2n, change + 3n, change + 4n];
    const opened = await direct.signAndBroadcast(gerda, [
      { typeUrl: "/cosmos.distribution.v1beta1.MsgFundCommunityPool", value: { depositor: gerda, amount: grant } },
      propose([packed(MsgSetClass, { authority, class: { ...wasmCore(), id: "wasm.quad", resources: { ...wasmCore().resources!, cpuMilli: 4_000 } } })], true),
      propose([packed(MsgSetAccreditation, { authority, auditor: accredited, keys: ["zone"], expiresTauMs: 86_400_000n })], true),
      propose([packed(MsgUpdateBeacon, { authority, params: { seedsKept: 40_000n, keyActivationDelayBlocks: 64n } })]),
      propose([{ typeUrl: MsgCommunityPoolSpend.typeUrl, value: MsgCommunityPoolSpend.encode({ authority, recipient, amount: grant }).finish() }]),
      vote(newClass, gerda), split(auditor), vote(vetoed, gerda, VoteOption.VOTE_OPTION_NO_WITH_VETO), vote(spend, gerda),
    ], { amount: coins(6_000, denom), gas: "3000000" });
    assert.equal(opened.code, 0, opened.rawLog);
    const ids = opened.events.filter(({ type }) => type === "submit_proposal").flatMap(({ attributes }) => attributes.filter(({ key }) => key === "proposal_id").map(({ value }) => BigInt(value)));
    assert.deepEqual(ids, [newClass, auditor, vetoed, spend]);
  });

  it("decides what is expedited first: more than two thirds register a class, six tenths are no more than a regular vote, which begins anew (GOV-10, MKT-7)", async () => {
    for (const until = Date.now() + 10_000; Date.now() < until && (await shown(auditor)).expedited; ) await chain().wait(1);
    const goesOn = await shown(auditor);
    assert.deepEqual([goesOn.status, goesOn.expedited], ["PROPOSAL_STATUS_VOTING_PERIOD", false]);
    assert.deepEqual([goesOn.final_tally_result.yes_count, goesOn.final_tally_result.no_count], ["900000000", "600000000"]);
    assert.deepEqual((await rest<{ votes: unknown[] }>(`/cosmos/gov/v1/proposals/${auditor}/votes`)).votes, []);
    const again = await amino.signAndBroadcast(gerda, [split(auditor)], fee);
    assert.equal(again.code, 0, again.rawLog);
    const passed = await shown(newClass);
    assert.deepEqual([passed.status, passed.expedited], ["PROPOSAL_STATUS_PASSED", true]);
    const answer = await rest<{ class: { id: string; resources: { cpu_milli: number } } }>("/dcm/market/v1/classes/wasm.quad");
    assert.deepEqual([answer.class.id, answer.class.resources.cpu_milli], ["wasm.quad", 4_000]);
  });

  it("changes parameters once a vote has passed, and gives deposits back (GOV-12, GOV-13)", async () => {
    assert.deepEqual(await outcomes(text, change), ["PASSED", "PASSED"]);
    const answer = await rest<{ params: { seeds_kept: string } }>("/dcm/beacon/v1/params");
    assert.equal(answer.params.seeds_kept, "30000");
    assert.deepEqual((await query.gov.deposits(change.toString())).deposits, []);
    assert.equal((await rest<{ voting_params: { voting_period: string } }>("/cosmos/gov/v1/params/voting")).voting_params.voting_period, "5s");
  });

  it("accredits with six tenths of a regular vote, pays from the community pool, and burns the deposit of what is vetoed, alone (GOV-10, GOV-11, AUD-5, DISTRIBUTION-10)", async () => {
    assert.deepEqual(await outcomes(auditor, vetoed, spend), ["PASSED", "REJECTED", "PASSED"]);
    const { accreditations } = await rest<{ accreditations: { auditor: string; keys: string[]; expires_tau_ms: string }[] }>("/dcm/auditor/v1/accreditations");
    const accredited = await addressOf(181);
    assert.deepEqual(accreditations.filter((one) => one.auditor === accredited).map(({ keys, expires_tau_ms: expires }) => [keys, expires]), [[["zone"], "86400000"]]);
    assert.deepEqual(await query.bank.allBalances(await addressOf(180)), grant);
    assert.equal((await rest<{ params: { seeds_kept: string } }>("/dcm/beacon/v1/params")).params.seeds_kept, "30000");
    assert.equal(await supplyNow(), supply - BigInt(least[0]!.amount));
    assert.equal((await query.bank.balance(authority, denom)).amount, "0", "all other deposits went back");
    const { proposals } = await query.gov.proposals(ProposalStatus.PROPOSAL_STATUS_PASSED, "", "");
    assert.deepEqual(proposals.map(({ proposalId }) => proposalId).filter((id) => id >= text), [text, change, newClass, auditor, spend]);
  });

  it("opens votes with later deposits, of v1, of v1beta1 in amino JSON and of dcmd, and takes proposals back for a share of their deposits (GOV-4, GOV-6, GOV-16)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-proposal-"));
    try {
      const file = join(folder, "proposal.json");
      writeFileSync(file, JSON.stringify({ messages: [], deposit: `1000000${denom}`, title: "an operator's", summary: "to take back", metadata: "ipfs://CID", expedited: false }));
      const { txhash } = await chain().dcmd("tx", "gov", "submit-proposal", file);
      const own = idOf((await direct.getTx(txhash as string))!);
      assert.equal((await chain().dcmd("tx", "gov", "cancel-proposal", own.toString())).code, 0);
      await assert.rejects(query.gov.proposal(own.toString()), /proposal \d+ doesn't exist/);
    } finally {
      rmSync(folder, { recursive: true });
    }

    const [initial, missing] = [coins(1_000_000, denom), coins(9_000_000, denom)];
    const ledger = await chain().client("helmut", { amino: true });
    const waiting = { ...propose([]), value: { ...propose([]).value, initialDeposit: initial } };
    const submitted = await direct.signAndBroadcast(gerda, [waiting, waiting, waiting], { amount: coins(4_000, denom), gas: "2000000" });
    const a = idOf(submitted);
    const [b, c] = [a + 1n, a + 2n];
    assert.deepEqual((await Promise.all([a, b, c].map(shown))).map(({ status }) => status), Array(3).fill("PROPOSAL_STATUS_DEPOSIT_PERIOD"));
    const [v1, v1beta1, byDcmd] = await Promise.all([
      direct.signAndBroadcast(gerda, [{ typeUrl: "/cosmos.gov.v1.MsgDeposit", value: MsgDeposit.fromPartial({ proposalId: a, depositor: gerda, amount: missing }) }], fee),
      ledger.signAndBroadcast(helmut, [{ typeUrl: "/cosmos.gov.v1beta1.MsgDeposit", value: { proposalId: b, depositor: helmut, amount: missing } }], fee),
      chain().dcmd("tx", "gov", "deposit", c.toString(), `9000000${denom}`),
    ]);
    assert.deepEqual([v1.code, v1beta1.code, byDcmd.code], [0, 0, 0], `${v1.rawLog} ${v1beta1.rawLog}`);
    assert.ok([v1, v1beta1].every(({ events }) => events.some(({ type, attributes }) => type === "proposal_deposit" && attributes.some(({ key }) => key === "voting_period_start"))));
    assert.deepEqual((await Promise.all([a, b, c].map(shown))).map(({ status }) => status), Array(3).fill("PROPOSAL_STATUS_VOTING_PERIOD"));
    assert.deepEqual((await query.gov.deposits(b.toString())).deposits.map(({ depositor, amount }) => `${depositor} ${amount[0]!.amount}`).sort(), [`${gerda} 1000000`, `${helmut} 9000000`].sort());

    const held = async (): Promise<bigint[]> => Promise.all([gerda, helmut].map(async (who) => BigInt((await query.bank.balance(who, denom)).amount)));
    const [money, all] = [await held(), await supplyNow()];
    const registry = new Registry([...defaultRegistryTypes, [MsgCancelProposal.typeUrl, MsgCancelProposal]]);
    const proposer = await chain().client("gerda", { registry });
    const cancel = (proposalId: bigint): { typeUrl: string; value: object } => ({ typeUrl: MsgCancelProposal.typeUrl, value: MsgCancelProposal.fromPartial({ proposalId, proposer: gerda }) });
    const cancelled = await proposer.signAndBroadcast(gerda, [cancel(a), cancel(b), { typeUrl: "/cosmos.gov.v1.MsgVote", value: MsgVoteV1.fromPartial({ proposalId: c, voter: gerda, option: VoteOption.VOTE_OPTION_YES }) }], fee);
    assert.equal(cancelled.code, 0, cancelled.rawLog);
    const told = MsgCancelProposalResponse.decode(cancelled.msgResponses[0]!.value);
    assert.deepEqual([told.proposalId, Number(told.canceledHeight)], [a, cancelled.height]);
    // Half of each deposit comes back, half of it is burned.
    assert.deepEqual(await held(), [money[0]! + 5_000_000n + 500_000n - BigInt(fee.amount[0]!.amount), money[1]! + 4_500_000n]);
    assert.equal(await supplyNow(), all - 10_000_000n);
    for (const id of [a, b]) await assert.rejects(query.gov.proposal(id.toString()), /proposal \d+ doesn't exist/);
    assert.deepEqual(await outcomes(c), ["PASSED"]);
    assert.equal((await query.bank.balance(authority, denom)).amount, "0", "what stayed of deposits went back");
  });
});
