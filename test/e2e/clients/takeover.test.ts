/** Governance under attack, on a real node: proposals that must not be, a flood of them, and somebody with money but without stake. */
import assert from "node:assert/strict";
import type { EncodeObject } from "@cosmjs/proto-signing";
import { coin, coins, QueryClient, setupBankExtension, setupGovExtension, setupStakingExtension, type BankExtension, type DeliverTxResponse, type GovExtension, type SigningStargateClient, type StakingExtension } from "@cosmjs/stargate";
import { connectComet, type CometClient } from "@cosmjs/tendermint-rpc";
import { MsgExec } from "cosmjs-types/cosmos/authz/v1beta1/tx";
import { MsgCommunityPoolSpend } from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import { MsgSubmitProposal } from "cosmjs-types/cosmos/gov/v1/tx";
import { VoteOption } from "cosmjs-types/cosmos/gov/v1beta1/gov";
import { after, before, describe, it } from "mocha";
import { MsgUpdateParams as MsgUpdateBeacon } from "../../../chain/codec/gen/dcm/beacon/v1/tx.ts";
import { run } from "../../../chain/node/cli/program.ts";
import { authority } from "../../../chain/runtime/addresses.ts";
import { addressOf, denom, gasPrice, useChain } from "./chain.ts";

const least = 10_000_000n;
/** A hundredth of the least deposit: with less, no proposal begins. */
const smallest = 100_000n;
/** Whoever floods, files so many proposals in one transaction. */
const each = 10;

interface Shown {
  readonly status: string;
  readonly final_tally_result: Readonly<Record<"yes_count" | "abstain_count" | "no_count" | "no_with_veto_count", string>>;
}
type Packed = { readonly typeUrl: string; readonly value: Uint8Array };

describe("governance under attack, on a real node", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  let query: QueryClient & BankExtension & GovExtension & StakingExtension;
  let validator: string;
  let ulf: string;
  let vera: string;
  let citizen: SigningStargateClient;
  let rich: SigningStargateClient;
  before(async () => {
    comet = await connectComet(chain().rpc);
    query = QueryClient.withExtensions(comet, setupBankExtension, setupGovExtension, setupStakingExtension);
    [ulf, vera] = await Promise.all([addressOf("ulf"), addressOf("vera")]) as [string, string];
    [citizen, rich] = await Promise.all([chain().client("ulf"), chain().client("vera")]);
    validator = (await query.staking.validators("BOND_STATUS_BONDED")).validators[0]!.operatorAddress;
    // A quorum, whoever else has delegated.
    const bonded = await citizen.delegateTokens(ulf, validator, coin(6_000_000_000, denom), "auto");
    assert.equal(bonded.code, 0, bonded.rawLog);
  });
  after(() => comet?.disconnect());

  const seeds = (seedsKept: bigint): Packed => ({ typeUrl: `/${MsgUpdateBeacon.$type}`, value: MsgUpdateBeacon.encode({ authority, params: { seedsKept, keyActivationDelayBlocks: 64n } }).finish() });
  const propose = (proposer: string, deposit: bigint, messages: readonly Packed[] = []): EncodeObject => ({
    typeUrl: MsgSubmitProposal.typeUrl, value: MsgSubmitProposal.fromPartial({ messages: [...messages], initialDeposit: coins(String(deposit), denom), proposer, metadata: "ipfs://CID", title: "now", summary: "or never" }),
  });
  const exec = (...msgs: Packed[]): Packed => ({ typeUrl: MsgExec.typeUrl, value: MsgExec.encode({ grantee: authority, msgs }).finish() });
  const vote = (proposalId: bigint, voter: string, option: VoteOption): EncodeObject => ({ typeUrl: "/cosmos.gov.v1beta1.MsgVote", value: { proposalId, voter, option } });
  const fee = (gas: number): { amount: ReturnType<typeof coins>; gas: string } => ({ amount: coins(Math.ceil(gas * gasPrice.amount.toFloatApproximation()), denom), gas: String(gas) });
  async function rest<T>(path: string, status = 200): Promise<T> {
    const response = await fetch(`${chain().rest}/${path}`);
    assert.equal(response.status, status, `${path}: ${await response.clone().text()}`);
    return (await response.json()) as T;
  }
  const shown = async (id: bigint): Promise<Shown> => (await rest<{ proposal: Shown }>(`cosmos/gov/v1/proposals/${id}`)).proposal;
  const newest = async (): Promise<string | undefined> => (await rest<{ proposals: { id: string }[] }>("cosmos/gov/v1/proposals?pagination.reverse=true&pagination.limit=1")).proposals[0]?.id;
  const balance = async (account: string): Promise<bigint> => BigInt((await query.bank.balance(account, denom)).amount);
  const supply = async (): Promise<bigint> => BigInt((await query.bank.supplyOf(denom)).amount);
  const seedsKept = async (): Promise<string> => (await rest<{ params: { seeds_kept: string } }>("dcm/beacon/v1/params")).params.seeds_kept;
  const idsOf = ({ code, rawLog, events }: DeliverTxResponse): bigint[] => {
    assert.equal(code, 0, rawLog);
    // With the deposit that opens the vote there is a second event of this name.
    return [...new Set(events.filter(({ type }) => type === "submit_proposal").flatMap(({ attributes }) => attributes.filter(({ key }) => key === "proposal_id").map(({ value }) => BigInt(value))))];
  };
  /** Who pays, so that everything is executed in a block, refused or not. */
  const fund = async (amounts: readonly (readonly [account: string, amount: bigint])[]): Promise<void> => {
    const sent = await rich.signAndBroadcast(vera, amounts.map(([toAddress, amount]) => ({ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: vera, toAddress, amount: coins(String(amount), denom) } })), "auto");
    assert.equal(sent.code, 0, sent.rawLog);
  };
  const until = async (done: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + 20_000; Date.now() < end && !(await done()); ) await chain().wait(1);
  };

  it("takes a fee for what it refuses, and nothing else: deposits that are too small, too much of a proposal, proposals in proposals (GOV-2, GOV-3, GOV-4)", async () => {
    const attacker = await addressOf(191);
    await fund([[attacker, 1_000_000_000n]]);
    const client = await chain().client(191);
    const [before, last] = [await balance(attacker), await newest()];
    const inner = { typeUrl: MsgSubmitProposal.typeUrl, value: MsgSubmitProposal.encode(propose(authority, least).value as MsgSubmitProposal).finish() };
    let deep = exec(seeds(1_000n));
    for (let i = 0; i < 7; i++) deep = exec(deep);
    const cases: readonly (readonly [EncodeObject[], code: number, words: RegExp, codespace?: string])[] = [
      [[propose(attacker, 0n)], 10, /invalid coins/, "sdk"],
      [[propose(attacker, smallest - 1n)], 16, /minimum deposit is too small/],
      // All or none: what would stand by itself goes with the one that does not.
      [[propose(attacker, least), propose(attacker, smallest - 1n)], 16, /message index: 1: /],
      [[propose(attacker, least, Array.from({ length: 65 }, () => seeds(1_000n)))], 101, /at most 64 messages, got 65/],
      [[propose(attacker, least, [{ typeUrl: MsgCommunityPoolSpend.typeUrl, value: MsgCommunityPoolSpend.encode({ authority, recipient: attacker.padEnd(256 * 1_024), amount: [] }).finish() }])], 102, /at most 262144 bytes/],
      [[propose(attacker, least, [inner])], 103, /proposals neither submit, fund, vote on nor cancel proposals/],
      [[propose(attacker, least, [exec(exec(inner))])], 103, /proposals neither submit, fund, vote on nor cancel proposals/],
      [[propose(attacker, least, [{ ...exec(seeds(1_000n)), value: MsgExec.encode({ grantee: attacker, msgs: [seeds(1_000n)] }).finish() }])], 13, /expected gov account as only signer/],
    ];
    let paid = 0n;
    for (const [messages, code, words, codespace = "gov"] of cases) {
      const offered = fee(5_000_000);
      const result = await client.signAndBroadcast(attacker, messages, offered);
      const { tx_response: told } = await rest<{ tx_response: { code: number; codespace: string } }>(`cosmos/tx/v1beta1/txs/${result.transactionHash}`);
      assert.deepEqual([result.code, told.code, told.codespace, words.test(result.rawLog ?? "")], [code, code, codespace, true], result.rawLog);
      paid += BigInt(offered.amount[0]!.amount);
    }
    // No block ever sees what is nested deeper than transactions may be.
    await assert.rejects(client.signAndBroadcastSync(attacker, [propose(attacker, least, [deep])], fee(5_000_000)), /code 2 \(codespace: sdk\).*nested deeper than 16: tx parse error/);
    assert.deepEqual([before - (await balance(attacker)), await newest()], [paid, last]);
  });

  it("outlives a flood of proposals: what finds no deposit goes, what finds no votes is refused, what is vetoed loses its deposit, and a transfer takes its turn (GOV-4, GOV-5, GOV-7, GOV-11, GOV-12)", async () => {
    // Ten too poor to be voted on, ten that nobody votes on, ten that are vetoed; each kind by an account of its own.
    const kinds = [[192, smallest], [193, least], [194, least]] as const;
    const spammers = await Promise.all(kinds.map(async ([number, deposit]) => ({ address: await addressOf(number), client: await chain().client(number), deposit })));
    const [victim, other] = [await chain().client(191), await addressOf(190)];
    await fund(spammers.map(({ address }) => [address, 200_000_000n]));
    const [before, kept] = [await supply(), await seedsKept()];
    const held = await balance(authority);
    const flood = Promise.all(spammers.map(({ address, client, deposit }) => client.signAndBroadcast(address, Array.from({ length: each }, (_, i) => propose(address, deposit, [seeds(50_000n + BigInt(i))])), fee(5_000_000))));
    const [filed, sent] = await Promise.all([flood, victim.sendTokens(await addressOf(191), other, coins(7, denom), fee(100_000))]);
    assert.equal(sent.code, 0, sent.rawLog);
    assert.ok(Math.abs(sent.height - filed[0]!.height) <= 3, `a transfer in block ${sent.height}, the flood in ${filed.map(({ height }) => height).join()}`);
    const [poor, unheard, vetoed] = filed.map(idsOf) as [bigint[], bigint[], bigint[]];
    assert.deepEqual([poor.length, unheard.length, vetoed.length], [each, each, each]);
    assert.equal((await balance(authority)) - held, BigInt(each) * (smallest + 2n * least));
    const cast = await citizen.signAndBroadcast(ulf, vetoed.map((id) => vote(id, ulf, VoteOption.VOTE_OPTION_NO_WITH_VETO)), "auto");
    assert.equal(cast.code, 0, cast.rawLog);
    await until(async () => (await balance(authority)) === held);
    assert.equal(await balance(authority), held, "nothing of the flood is left with the gov account");
    for (const id of poor) assert.equal((await rest<{ code: number }>(`cosmos/gov/v1/proposals/${id}`, 404)).code, 5);
    const none = { yes_count: "0", abstain_count: "0", no_count: "0", no_with_veto_count: "0" };
    for (const id of unheard) assert.deepEqual(await shown(id).then((one) => [one.status, one.final_tally_result]), ["PROPOSAL_STATUS_REJECTED", none]);
    for (const id of vetoed) assert.deepEqual(await shown(id).then((one) => [one.status, one.final_tally_result]), ["PROPOSAL_STATUS_REJECTED", { ...none, no_with_veto_count: "6000000000" }]);
    const lost = await Promise.all(spammers.map(async ({ address }) => 200_000_000n - BigInt(fee(5_000_000).amount[0]!.amount) - (await balance(address))));
    assert.deepEqual(lost, [0n, 0n, BigInt(each) * least]);
    assert.equal(before - (await supply()), BigInt(each) * least, "burned, and nothing else is");
    assert.equal(await seedsKept(), kept, "none of them came to anything");
  });

  it("is not taken over with money: stake that comes after the vote has begun says nothing, neither its owner's nor through the validator (GOV-8, GOV-9, GOV-11)", async () => {
    const attacker = await addressOf(195);
    await fund([[attacker, 8_000_000_000n]]);
    const client = await chain().client(195);
    const before = await seedsKept();
    const bonded = async (): Promise<bigint> => BigInt((await query.staking.pool()).pool!.bondedTokens);
    const honest = await bonded();
    const [id] = idsOf(await client.signAndBroadcast(attacker, [propose(attacker, least, [seeds(60_000n)])], fee(1_000_000))) as [bigint];
    const early = await client.signAndBroadcast(attacker, [vote(id, attacker, VoteOption.VOTE_OPTION_YES)], fee(300_000));
    assert.equal(early.code, 0, "a vote without stake is taken, as in the SDK, and counts for nothing");
    const money = coin(7_900_000_000, denom);
    assert.equal((await client.delegateTokens(attacker, validator, money, fee(500_000))).code, 0);
    assert.equal((await bonded()) - honest, BigInt(money.amount));
    const late = await client.signAndBroadcast(attacker, [vote(id, attacker, VoteOption.VOTE_OPTION_YES)], fee(300_000));
    assert.deepEqual([late.code, late.rawLog!.includes(`no stake of ${attacker} was with a validator of the set when voting on proposal ${id} began`)], [100, true], late.rawLog);
    // The validator votes for all who do not vote themselves, of whom the attacker is none.
    let err = "";
    const voted = await run(["tx", "gov", "vote", String(id), "no", "--from", "operator", "--keyring-backend", "test", "--node", chain().rpc, "--home", chain().node.plan.home], { stdout: () => undefined, stderr: (words) => (err += words), readStdin: () => Promise.resolve(""), promptSecret: undefined, env: {}, now: () => new Date() });
    assert.equal(voted, 0, err);
    await until(async () => (await shown(id)).status !== "PROPOSAL_STATUS_VOTING_PERIOD");
    const { status, final_tally_result: tally } = await shown(id);
    assert.deepEqual([status, tally.yes_count, tally.no_count, await seedsKept()], ["PROPOSAL_STATUS_REJECTED", "0", String(honest), before]);
    // What is there when a vote begins counts in it, whoever has it.
    const [next] = idsOf(await client.signAndBroadcast(attacker, [propose(attacker, least)], fee(1_000_000))) as [bigint];
    assert.equal((await client.signAndBroadcast(attacker, [vote(next, attacker, VoteOption.VOTE_OPTION_ABSTAIN)], fee(300_000))).code, 0);
    assert.equal((await query.gov.tally(next.toString())).tally!.abstain, money.amount);
  });
});
