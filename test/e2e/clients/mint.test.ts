/** New coins, with CosmJS's own extension: what it says of inflation is what the supply does, block by block. */
import assert from "node:assert/strict";
import { Decimal } from "@cosmjs/math";
import { coin, coins, QueryClient, setupGovExtension, setupMintExtension, setupStakingExtension, type GovExtension, type MintExtension, type SigningStargateClient, type StakingExtension } from "@cosmjs/stargate";
import { connectComet, type Comet38Client, type CometClient } from "@cosmjs/tendermint-rpc";
import { QuerySupplyOfRequest, QuerySupplyOfResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { QueryCommunityPoolRequest, QueryCommunityPoolResponse } from "cosmjs-types/cosmos/distribution/v1beta1/query";
import { MsgSubmitProposal } from "cosmjs-types/cosmos/gov/v1/tx";
import { ProposalStatus, VoteOption } from "cosmjs-types/cosmos/gov/v1beta1/gov";
import { MsgUpdateParams } from "cosmjs-types/cosmos/mint/v1beta1/tx";
import { after, before, describe, it } from "mocha";
import { authority } from "../../../chain/runtime/addresses.ts";
import { addressOf, denom, useChain } from "./chain.ts";

const blocksPerYear = 6_311_520n;
const one = 10n ** 18n;
/** The SDK's defaults, in hundredths; a chain without inflation has zeros. */
const some = { change: 13n, most: 20n, least: 7n };
const none = { change: 0n, most: 0n, least: 0n };

interface Minted {
  readonly amount: bigint;
  readonly inflation: string;
  readonly provisions: string;
}

describe("mint, with CosmJS", function () {
  this.timeout(60_000);
  const chain = useChain();
  let comet: CometClient;
  let query: QueryClient & GovExtension & MintExtension & StakingExtension;
  let tilda: string;
  let client: SigningStargateClient;
  before(async () => {
    comet = await connectComet(chain().rpc);
    query = QueryClient.withExtensions(comet, setupGovExtension, setupMintExtension, setupStakingExtension);
    tilda = await addressOf("tilda");
    client = await chain().client("tilda");
    const { validators } = await query.staking.validators("BOND_STATUS_BONDED");
    // A quorum, whoever else has delegated.
    const bonded = await client.delegateTokens(tilda, validators[0]!.operatorAddress, coin(5_000_000_000, denom), "auto");
    assert.equal(bonded.code, 0, bonded.rawLog);
  });
  after(() => comet?.disconnect());

  const height = async (): Promise<number> => (await comet.status()).syncInfo.latestBlockHeight;
  async function supplyAt(at: number): Promise<bigint> {
    const { value } = await query.queryAbci("/cosmos.bank.v1beta1.Query/SupplyOf", QuerySupplyOfRequest.encode({ denom }).finish(), at);
    return BigInt(QuerySupplyOfResponse.decode(value).amount!.amount);
  }
  /** In 10^-18. */
  async function poolAt(at: number): Promise<bigint> {
    const { value } = await query.queryAbci("/cosmos.distribution.v1beta1.Query/CommunityPool", QueryCommunityPoolRequest.encode({}).finish(), at);
    return BigInt(QueryCommunityPoolResponse.decode(value).pool.find((coin) => coin.denom === denom)?.amount ?? "0");
  }
  /** What a block says that it made. */
  async function mintedAt(at: number): Promise<Minted> {
    const { finalizeBlockEvents } = await (comet as Comet38Client).blockResults(at);
    const of = new Map(finalizeBlockEvents.find(({ type }) => type === "mint")!.attributes.map(({ key, value }) => [key, value]));
    return { amount: BigInt(of.get("amount")!), inflation: of.get("inflation")!, provisions: of.get("annual_provisions")! };
  }
  async function vote({ change, most, least }: typeof some): Promise<void> {
    const hundredths = (value: bigint): string => String((value * one) / 100n);
    const params = { mintDenom: denom, inflationRateChange: hundredths(change), inflationMax: hundredths(most), inflationMin: hundredths(least), goalBonded: hundredths(67n), blocksPerYear };
    const message = { typeUrl: MsgUpdateParams.typeUrl, value: MsgUpdateParams.encode({ authority, params }).finish() };
    const { proposals } = (await (await fetch(`${chain().rest}/cosmos/gov/v1/proposals?pagination.reverse=true&pagination.limit=1`)).json()) as { proposals: { id: string }[] };
    const proposalId = BigInt(proposals[0]?.id ?? 0) + 1n;
    const opened = await client.signAndBroadcast(tilda, [
      { typeUrl: "/cosmos.gov.v1.MsgSubmitProposal", value: MsgSubmitProposal.fromPartial({ messages: [message], initialDeposit: coins(50_000_000, denom), proposer: tilda, title: "inflation", summary: `at least ${least} in a hundred`, expedited: true }) },
      { typeUrl: "/cosmos.gov.v1beta1.MsgVote", value: { proposalId, voter: tilda, option: VoteOption.VOTE_OPTION_YES } },
    ], "auto");
    assert.equal(opened.code, 0, opened.rawLog);
    for (const until = Date.now() + 15_000; Date.now() < until && (await query.mint.params()).inflationMin.atomics !== hundredths(least); ) await chain().wait(1);
    assert.equal((await query.gov.proposal(proposalId.toString())).proposal!.status, ProposalStatus.PROPOSAL_STATUS_PASSED);
  }
  /** No coin is made or burned in five blocks. */
  async function stands(): Promise<void> {
    assert.deepEqual([(await query.mint.inflation()).toString(), (await query.mint.annualProvisions()).toString()], ["0", "0"]);
    const from = await height();
    // One more: the last block may still be executing.
    await chain().wait(6);
    assert.equal(await supplyAt(from + 5), await supplyAt(from));
    assert.equal((await mintedAt(from + 5)).amount, 0n);
  }

  it("makes no coin where genesis says nothing of inflation (MINT-2)", stands);

  it("makes what the extension says once a vote has passed: a block's part of the provisions, to the unit, and shares it in the same block (MINT-1, MINT-3)", async () => {
    await vote(some);
    const { mintDenom, inflationRateChange, inflationMax, inflationMin, goalBonded, blocksPerYear: blocks } = await query.mint.params();
    assert.deepEqual([mintDenom, ...[inflationRateChange, inflationMax, inflationMin, goalBonded].map(String), BigInt(blocks)], [denom, "0.13", "0.2", "0.07", "0.67", blocksPerYear]);
    // The block in which the vote passed made nothing; the next one begins with the new parameters.
    await chain().wait(2);
    const from = await height();
    const [inflation, provisions] = [await query.mint.inflation(), await query.mint.annualProvisions()];
    const asked = await height();
    await chain().wait(7);
    const said: Minted[] = [];
    for (let at = from + 1; at <= from + 6; at++) {
      const minted = await mintedAt(at);
      said.push(minted);
      const [before, now] = [await supplyAt(at - 1), await supplyAt(at)];
      assert.equal(now - before, minted.amount, `the supply of block ${at}`);
      const year = Decimal.fromUserInput(minted.provisions, 18);
      assert.equal(minted.amount, BigInt(year.atomics) / one / blocksPerYear, `${minted.provisions} a year`);
      assert.equal(year.atomics, String(BigInt(Decimal.fromUserInput(minted.inflation, 18).atomics) * before), "of all there is");
      const share = (await poolAt(at)) - (await poolAt(at - 1));
      const tax = (minted.amount * one * 2n) / 100n;
      assert.ok(share >= tax && share < tax + one, `${share} of ${minted.amount}: the community's part is 2 %, and what cannot be divided`);
    }
    assert.ok(said.every(({ amount }) => amount > 10_000n));
    // The extension asked about one of these blocks.
    const during = await Promise.all(Array.from({ length: asked - from + 1 }, (_, i) => mintedAt(from + i)));
    assert.ok(during.some((one) => Decimal.fromUserInput(one.provisions, 18).atomics === provisions.atomics && Decimal.fromUserInput(one.inflation, 18).atomics === inflation.atomics), `${inflation.toString()} ${provisions.toString()}`);
    // Less than the goal is bonded: inflation rises, by a step so small that a year of them is the change that is allowed.
    const atomics = said.map((one) => BigInt(Decimal.fromUserInput(one.inflation, 18).atomics));
    assert.ok(atomics.every((now, i) => now >= (7n * one) / 100n && (i === 0 || (now > atomics[i - 1]! && now - atomics[i - 1]! <= (13n * one) / 100n / blocksPerYear + 1n))), String(atomics));
  });

  it("stops with a vote, too, and the supply stands again (MINT-3)", async () => {
    await vote(none);
    await chain().wait(2);
    await stands();
  });
});
