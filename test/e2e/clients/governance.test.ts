/** Governance, with CosmJS's own messages and extension, over REST, and with dcmd. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coin, coins, QueryClient, setupGovExtension, setupStakingExtension, type GovExtension, type SigningStargateClient, type StakingExtension, type StdFee } from "@cosmjs/stargate";
import { connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { MsgExec } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { BasicAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/feegrant";
import { MsgGrantAllowance } from "cosmjs-types/cosmos/feegrant/v1beta1/tx";
import { MsgUpdateParams as MsgUpdateConsensus } from "cosmjs-types/cosmos/consensus/v1/tx";
import { MsgSubmitProposal } from "cosmjs-types/cosmos/gov/v1/tx";
import { ProposalStatus, TextProposal, VoteOption } from "cosmjs-types/cosmos/gov/v1beta1/gov";
import { MsgVote } from "cosmjs-types/cosmos/gov/v1beta1/tx";
import { after, before, describe, it } from "mocha";
import { MsgUpdateParams as MsgUpdateBeacon } from "../../../chain/codec/gen/dcm/beacon/v1/tx.ts";
import { run } from "../../../chain/node/cli/program.ts";
import { authority } from "../../../chain/runtime/addresses.ts";
import { addressOf, denom, useChain } from "./chain.ts";

const fee: StdFee = { amount: coins(2_000, denom), gas: "600000" };
const least = coins(10_000_000, denom);

describe("governance, with CosmJS, REST and dcmd", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  let query: QueryClient & GovExtension & StakingExtension;
  let gerda: string;
  let helmut: string;
  let direct: SigningStargateClient;
  let amino: SigningStargateClient;
  let attacker: SigningStargateClient;
  let first: string;
  let text: bigint;
  let change: bigint;
  before(async () => {
    comet = await connectComet(chain().rpc);
    query = QueryClient.withExtensions(comet, setupGovExtension, setupStakingExtension);
    [gerda, helmut] = await Promise.all([addressOf("gerda"), addressOf("helmut")]) as [string, string];
    [direct, amino, attacker] = await Promise.all([chain().client("gerda"), chain().client("gerda", { amino: true }), chain().client("helmut")]) as [SigningStargateClient, SigningStargateClient, SigningStargateClient];
    first = (await query.staking.validators("BOND_STATUS_BONDED")).validators[0]!.operatorAddress;
  });
  after(() => comet?.disconnect());

  const vote = (proposalId: bigint, voter: string, option = VoteOption.VOTE_OPTION_YES): { typeUrl: string; value: object } => ({ typeUrl: "/cosmos.gov.v1beta1.MsgVote", value: { proposalId, voter, option } });
  const propose = (messages: readonly { typeUrl: string; value: Uint8Array }[]): { typeUrl: string; value: object } => ({
    typeUrl: "/cosmos.gov.v1.MsgSubmitProposal", value: MsgSubmitProposal.fromPartial({ messages: [...messages], initialDeposit: least, proposer: gerda, metadata: "ipfs://CID", title: "a change", summary: "more seeds" }),
  });
  async function rest<T>(path: string): Promise<T> {
    const response = await fetch(`${chain().rest}/cosmos/gov/${path}`);
    assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
    return (await response.json()) as T;
  }
  async function dcmd(...argv: string[]): Promise<Record<string, unknown>> {
    let out = "";
    let err = "";
    const code = await run([...argv, "--output", "json", "--home", chain().node.plan.home], { stdout: (words) => (out += words), stderr: (words) => (err += words), readStdin: () => Promise.resolve(""), promptSecret: undefined, env: {}, now: () => new Date() });
    assert.equal(code, 0, `dcmd ${argv.join(" ")}: ${err}`);
    return JSON.parse(out) as Record<string, unknown>;
  }
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
    const sent = await dcmd("tx", "gov", "weighted-vote", text.toString(), "yes=0.6,abstain=0.4", "--from", "operator", "--keyring-backend", "test", "--node", chain().rpc);
    assert.equal(sent.code, 0);
    const { tally } = await query.gov.tally(text.toString());
    // The operator votes with what nobody else votes with.
    const inherited = BigInt((await query.staking.pool()).pool!.bondedTokens) - 1_500_000_000n;
    const [yes, abstain] = [String(1_500_000_000n + (inherited * 6n) / 10n), String((inherited * 4n) / 10n)];
    assert.deepEqual([tally!.yes, tally!.abstain], [yes, abstain]);
    assert.deepEqual((await rest<{ votes: unknown[] }>(`v1/proposals/${text}/votes`)).votes.length, 2);
    assert.deepEqual((await dcmd("query", "gov", "tally", text.toString(), "--node", chain().rpc)).tally, { yes_count: yes, abstain_count: abstain, no_count: "0", no_with_veto_count: "0" });
  });

  it("refuses parameters that would stop the chain (GOV-15, CONS-4)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dcm-proposal-"));
    try {
      const consensus = { block: { maxBytes: 4_194_304n, maxGas: 0n }, evidence: { maxAgeNumBlocks: 100n, maxAgeDuration: { seconds: 1000n, nanos: 0 }, maxBytes: 1_048_576n }, validator: { pubKeyTypes: ["ed25519"] } };
      const value = MsgUpdateConsensus.encode(MsgUpdateConsensus.fromPartial({ authority, ...consensus })).finish();
      await assert.rejects(direct.simulate(gerda, [propose([{ typeUrl: "/cosmos.consensus.v1.MsgUpdateParams", value }])], ""), /block\.MaxGas is -1 or at least/);
      const file = join(folder, "proposal.json");
      const message = { "@type": "/cosmos.gov.v1.MsgUpdateParams", authority, params: { ...(await dcmd("query", "gov", "params", "--node", chain().rpc)).params as object, voting_period: "0s" } };
      writeFileSync(file, JSON.stringify({ messages: [message], deposit: `10000000${denom}`, title: "no time", summary: "to vote", metadata: "", expedited: false }));
      await assert.rejects(dcmd("tx", "gov", "submit-proposal", file, "--from", "operator", "--keyring-backend", "test", "--node", chain().rpc, "--dry-run"), /voting period must be positive/);
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

  it("changes parameters once a vote has passed, and gives deposits back (GOV-12, GOV-13)", async () => {
    const statusOf = async (id: bigint): Promise<string> => (await rest<{ proposal: { status: string } }>(`v1/proposals/${id}`)).proposal.status;
    for (const until = Date.now() + 15_000; Date.now() < until && ((await statusOf(change)) === "PROPOSAL_STATUS_VOTING_PERIOD" || (await statusOf(text)) === "PROPOSAL_STATUS_VOTING_PERIOD"); ) await chain().wait(1);
    assert.deepEqual([await statusOf(text), await statusOf(change)], ["PROPOSAL_STATUS_PASSED", "PROPOSAL_STATUS_PASSED"]);
    const answer = (await (await fetch(`${chain().rest}/dcm/beacon/v1/params`)).json()) as { params: { seeds_kept: string } };
    assert.equal(answer.params.seeds_kept, "30000");
    assert.deepEqual((await query.gov.deposits(change.toString())).deposits, []);
    const { proposals } = await query.gov.proposals(ProposalStatus.PROPOSAL_STATUS_PASSED, "", "");
    assert.deepEqual(proposals.map(({ proposalId }) => proposalId).filter((id) => id >= text), [text, change]);
    assert.equal((await rest<{ voting_params: { voting_period: string } }>("v1/params/voting")).voting_params.voting_period, "5s");
  });
});
