import assert from "node:assert/strict";
import { ProposalStatus, type Params } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { addressText, moduleAddress } from "../../codec/address.ts";
import { utf8 } from "../../codec/bytes.ts";
import { Dec } from "../../math/dec.ts";
import { TxError } from "../../runtime/errors.ts";
import { query } from "../../runtime/testing.ts";
import { denom, gov, GovernanceChain, text } from "../../../test/support/governance.ts";
import { cpuSmall } from "../market/classes.ts";
import { classes } from "../market/state.ts";
import { accreditations } from "../staking/auditors/state.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";
import type { MessageType } from "../../runtime/module.ts";

type Fields = Record<string, unknown>;

/** Where each MsgUpdateParams finds what it replaces. */
const queries: Readonly<Record<string, string>> = { "/cosmos.consensus.v1.MsgUpdateParams": "" };
const consensus = {
  block: { maxBytes: 4_194_304n, maxGas: 50_000_000n }, evidence: { maxAgeNumBlocks: 100_000n, maxAgeDuration: { seconds: 172_800n, nanos: 0 }, maxBytes: 1_048_576n }, validator: { pubKeyTypes: ["ed25519"] }, abci: undefined,
};

function message(chain: GovernanceChain, typeUrl: string, fields: Fields): Any {
  const bound = chain.modules.flatMap((module) => module.messages).find((one) => one.typeUrl === typeUrl)!;
  const type = bound.request as MessageType<unknown> & { fromPartial(value: object): unknown };
  return { typeUrl, value: type.encode(type.fromPartial({ authority: gov, ...fields })).finish() };
}

function current(chain: GovernanceChain, typeUrl: string): Fields {
  if (typeUrl in queries) return consensus;
  const path = typeUrl.replace(/MsgUpdateParams$/, "Query/Params");
  return { params: query<{ params: Fields }>(chain.stores, chain.modules, path, { paramsType: "", version: 0n }, chain.block).params };
}

const everyUpdate = (chain: GovernanceChain): string[] => chain.modules.flatMap((module) => module.messages).map(({ typeUrl }) => typeUrl).filter((typeUrl) => typeUrl.endsWith(".MsgUpdateParams"));

const unauthorized = (error: unknown): true => {
  assert.ok(error instanceof TxError, String(error));
  assert.match(error.message, /expected gov account as only signer for proposal message/);
  return true;
};

const decimal = (text: string): Uint8Array => utf8(Dec.parse(text).toProto());
const shown = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
const least = (chain: GovernanceChain): unknown => chain.query<{ params: Params }>("Params", { paramsType: "" }).params.minDeposit;

/** Some values fit no field of their type. */
function hasWireForm(chain: GovernanceChain, typeUrl: string, params: Fields): boolean {
  try {
    return message(chain, typeUrl, { params }).value.length > 0;
  } catch {
    return false;
  }
}

/** These parameters with one of them as far out as its type allows, and in between. */
function extremes(params: Fields): Fields[] {
  return Object.entries(params).flatMap(([name, value]) => valuesLike(value).map((extreme) => ({ ...params, [name]: extreme })));
}

function valuesLike(value: unknown): unknown[] {
  if (typeof value === "boolean") return [!value];
  if (typeof value === "bigint") return [0n, 1n, 10_000n, 1n << 31n, (1n << 63n) - 1n, -1n];
  if (typeof value === "number") return [0, 1, 10_000, 0xffff_ffff];
  if (value instanceof Uint8Array) return ["0", "1", "0.000000000000000001", "0.5"].map(decimal);
  if (typeof value === "string") return ["", "0", "1", "1000000000000000000", "0.000000000000000001", "0.9", "1".padEnd(31, "0"), "unobody", "-1"];
  if (Array.isArray(value)) return [[], [...(value as unknown[]), ...(value as unknown[])]];
  if (typeof value === "object" && value !== null) return "seconds" in value ? [0n, 1n, 60n, 86_400n, 365n * 86_400n, 1n << 40n].map((seconds) => ({ seconds, nanos: 0 })) : extremes(value as Fields);
  return [];
}

describe("parameters by proposal", () => {
  it("change those of every module that has some (GOV-13)", () => {
    const chain = new GovernanceChain();
    const types = everyUpdate(chain);
    assert.ok(types.length >= 11, types.join(" "));
    for (const typeUrl of types) {
      const proposal = chain.pass([message(chain, typeUrl, current(chain, typeUrl))]);
      assert.deepEqual([proposal.status, proposal.failedReason], [ProposalStatus.PROPOSAL_STATUS_PASSED, ""], typeUrl);
    }
  });

  it("are changed by nobody else (GOV-3)", () => {
    const chain = new GovernanceChain();
    for (const typeUrl of everyUpdate(chain)) {
      assert.throws(() => chain.send(typeUrl, { ...current(chain, typeUrl), authority: text(1) }), unauthorized, typeUrl);
      assert.throws(() => chain.propose([message(chain, typeUrl, { ...current(chain, typeUrl), authority: text(4) })]), unauthorized, typeUrl);
    }
  });

  it("register classes and accredit auditors (GOV-13)", () => {
    const chain = new GovernanceChain();
    const passed = chain.pass([
      message(chain, "/dcm.market.v1.MsgSetClass", { class: { ...cpuSmall(), id: "cpu.new" } }), message(chain, "/dcm.market.v1.MsgSetQuoteDenom", { quoteDenom: { denom: "uquote", rate: { bondUnits: 1n, quoteUnits: 2n }, closed: false } }),
      message(chain, "/dcm.auditor.v1.MsgSetAccreditation", { auditor: text(9), keys: ["cpu"], expiresTauMs: 60_000_000n }),
    ]);
    assert.deepEqual([passed.status, passed.failedReason], [ProposalStatus.PROPOSAL_STATUS_PASSED, ""]);
    assert.equal([...classes.entries(chain.ctx)].some(([id]) => id === "cpu.new"), true);
    assert.equal([...accreditations.entries(chain.ctx)].length, 1);
  });

  // Values that would leave nothing to decide with, or nobody to decide: each refused when it is proposed, or when it would run.
  const bricks: Readonly<Record<string, readonly ((now: Fields) => Fields)[]>> = {
    "/cosmos.gov.v1.MsgUpdateParams": [
      { votingPeriod: { seconds: 0n, nanos: 0 } }, { votingPeriod: { seconds: 0n, nanos: 999_999_999 } }, { votingPeriod: { seconds: 366n * 86_400n, nanos: 0 } }, { votingPeriod: undefined }, { expeditedVotingPeriod: { seconds: 60n, nanos: 0 } },
      { expeditedVotingPeriod: { seconds: 0n, nanos: 0 } }, { maxDepositPeriod: { seconds: 0n, nanos: 0 } }, { maxDepositPeriod: undefined }, { quorum: "1" }, { quorum: "-0.1" }, { quorum: "x" }, { threshold: "0" }, { threshold: "1.1" }, { threshold: "1" },
      { expeditedThreshold: "0.5" }, { expeditedThreshold: "1" }, { vetoThreshold: "0" }, { vetoThreshold: "1.1" }, { vetoThreshold: "0.01" }, { minDeposit: [] }, { minDeposit: [{ denom, amount: "0" }] }, { minDeposit: [{ denom: "!", amount: "1" }] },
      { minDeposit: [{ denom, amount: "400000000000" }], expeditedMinDeposit: [{ denom, amount: "400000000001" }] }, { minDeposit: [{ denom: "unobody", amount: "1" }], expeditedMinDeposit: [{ denom: "unobody", amount: "2" }] },
      { expeditedMinDeposit: [{ denom, amount: "10000000" }] }, { expeditedMinDeposit: [{ denom, amount: "900000000000000" }] }, { expeditedMinDeposit: [{ denom, amount: "50000000" }, { denom: "unobody", amount: "1" }] }, { minInitialDepositRatio: "1.1" },
      { minInitialDepositRatio: "-1" }, { proposalCancelRatio: "1.1" }, { proposalCancelDest: "nobody" }, { minDepositRatio: "2" },
    ].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/cosmos.consensus.v1.MsgUpdateParams": [
      { block: { maxBytes: 4_194_304n, maxGas: 0n } }, { block: { maxBytes: 4_194_304n, maxGas: 1_000n } }, { block: { maxBytes: 1_000n, maxGas: -1n } }, { block: { maxBytes: 0n, maxGas: -1n } }, { block: { maxBytes: 2_000_000n, maxGas: -1n } },
      { validator: { pubKeyTypes: [] } }, { validator: { pubKeyTypes: ["secp256k1"] } }, { evidence: { ...consensus.evidence, maxAgeNumBlocks: 0n } }, { block: undefined },
      // CometBFT cannot read these ages; it never switches vote extensions off again, which nothing here makes.
      { evidence: { ...consensus.evidence, maxAgeDuration: { seconds: 9_300_000_000n, nanos: 0 } } }, { evidence: { ...consensus.evidence, maxAgeDuration: { seconds: 1n, nanos: 1_000_000_000 } } },
      { evidence: { ...consensus.evidence, maxBytes: 100_000_000n } }, { abci: { voteExtensionsEnableHeight: 1_000_000n } },
    ].map((change) => (now) => ({ ...now, ...change })),
    "/cosmos.staking.v1beta1.MsgUpdateParams": [
      { unbondingTime: { seconds: 0n, nanos: 0 } }, { unbondingTime: { seconds: 0n, nanos: 1 } }, { maxValidators: 0 }, { maxValidators: 100_000 }, { unbondingTime: { seconds: 366n * 86_400n, nanos: 0 } }, { maxEntries: 0 }, { maxEntries: 1_000_000 }, { historicalEntries: 0xffff_ffff }, { bondDenom: "ustone" }, { bondDenom: "" }, { minCommissionRate: "1100000000000000000" },
    ].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/cosmos.slashing.v1beta1.MsgUpdateParams": [
      { signedBlocksWindow: 0n }, { signedBlocksWindow: 1n << 40n }, { minSignedPerWindow: decimal("1") }, { minSignedPerWindow: decimal("1.1") }, { signedBlocksWindow: 1n, minSignedPerWindow: decimal("0.9") }, { minSignedPerWindow: new Uint8Array(0) },
      { downtimeJailDuration: { seconds: 0n, nanos: 0 } }, { downtimeJailDuration: { seconds: 366n * 86_400n, nanos: 0 } }, { slashFractionDowntime: decimal("0.51") }, { slashFractionDowntime: decimal("1") }, { slashFractionDoubleSign: decimal("1.1") },
    ].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/cosmos.mint.v1beta1.MsgUpdateParams": [
      { mintDenom: "" }, { mintDenom: "!" }, { blocksPerYear: 0n }, { blocksPerYear: 1n }, { blocksPerYear: 9_999n }, { blocksPerYear: (1n << 64n) - 1n }, { goalBonded: "0" }, { inflationMax: Dec.parse("1.1").toProto() }, { inflationMin: Dec.one.toProto() },
      { inflationRateChange: "-1" },
    ].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/cosmos.distribution.v1beta1.MsgUpdateParams": [{ communityTax: Dec.parse("1.1").toProto() }, { communityTax: "-1" }, { communityTax: "" }, { baseProposerReward: "1" }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.session.v1.MsgUpdateParams": [{ maxSweep: 0 }, { maxSessions: 0 }, { maxLifetime: 0n }, { maxMessages: 100_000 }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.dispute.v1.MsgUpdateParams": [
      { jurySize: 0 }, { jurySize: 2 }, { jurySize: 1_001 }, { maxAppeals: 100 }, { drawDue: 0n }, { voteDue: 1n << 60n }, { maxSweep: 0 }, { maxSweep: 100_000 }, { jurorStake: "0" }, { jurorFee: "x" }, { supermajorityBps: 10_001 }, { quorumBps: 0 },
    ].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.referee.v1.MsgUpdateParams": [
      { maxOpen: 0 }, { maxQueued: 257 }, { minBond: "0" }, { minBond: "x" }, { firstMove: 0n }, { laterMove: 1n << 60n }, { sideTotal: 0n }, { proofGasPerBlock: 0n }, { proofGasPerBlock: 1n << 60n }, { maxProofs: 0 }, { maxProofBytes: 1 }, { maxSweep: 0 },
    ].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.juror.v1.MsgUpdateParams": [{ unbondingTimeMs: 0n }, { bondDenom: "" }, { minBond: "0" }, { maxUnbondingEntries: 0 }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/cosmos.bank.v1beta1.MsgUpdateParams": [{ sendEnabled: [{ denom, enabled: false }] }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/cosmos.auth.v1beta1.MsgUpdateParams": [
      { txSigLimit: 0n }, { txSizeCostPerByte: 0n }, { txSizeCostPerByte: 1_000_000n }, { sigVerifyCostSecp256k1: 100_000_000n }, { sigVerifyCostEd25519: 100_000_000n }, { maxMemoCharacters: 0n },
    ].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.beacon.v1.MsgUpdateParams": [{ seedsKept: 0n }, { keyActivationDelayBlocks: 0n }, { keyActivationDelayBlocks: 1n << 40n }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.market.v1.MsgUpdateParams": [{ maxSweep: 0 }, { maxFills: 0 }, { feeBps: 10_001 }, { drawDelayBlocks: 0 }, { commitDue: 0n }, { maxOrderLifetime: 0n }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.channel.v1.MsgUpdateParams": [{ maxSweep: 0 }, { closingPeriod: 0n }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.forward.v1.MsgUpdateParams": [{ maxSweep: 0 }, { slotLength: 0n }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.staking.v1.MsgUpdateParams": [{ unbondingTimeMs: 0n }, { bondDenom: "" }, { minBond: "0" }, { maxUnbondingEntries: 0 }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.auditor.v1.MsgUpdateParams": [{ unbondingTimeMs: 0n }, { bondDenom: "" }, { minBond: "0" }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
    "/dcm.organization.v1.MsgUpdateParams": [{ creationFee: { denom: "!", amount: "1" } }, { maxMembers: 0 }].map((change) => ({ params }) => ({ params: { ...(params as object), ...change } })),
  };

  it("never become what the chain could not be governed or run with any more (GOV-15)", () => {
    const chain = new GovernanceChain();
    assert.deepEqual(everyUpdate(chain).filter((typeUrl) => !(typeUrl in bricks)), [], "every module's parameters are tried");
    for (const [typeUrl, changes] of Object.entries(bricks)) {
      for (const [i, change] of changes.entries()) {
        const now = current(chain, typeUrl);
        let outcome = "";
        try {
          const proposal = chain.pass([message(chain, typeUrl, change(now))]);
          outcome = proposal.status === ProposalStatus.PROPOSAL_STATUS_PASSED ? "passed" : proposal.failedReason;
          assert.ok(proposal.failedReason.length > 5);
        } catch (error) {
          if (!(error instanceof TxError)) throw error;
          outcome = error.message;
        }
        assert.notEqual(outcome, "passed", `${typeUrl} ${i}`);
        if (!(typeUrl in queries)) assert.deepEqual(current(chain, typeUrl), now, `${typeUrl} ${i}`);
      }
    }
    assert.deepEqual(chain.query<{ params: { votingPeriod: unknown } }>("Params", { paramsType: "" }).params.votingPeriod, { seconds: 60n, nanos: 0 });
  });

  it("that are taken, however extreme, leave a chain that runs on and can change them back (GOV-15)", () => {
    const chain = new GovernanceChain();
    let taken = 0;
    for (const typeUrl of everyUpdate(chain)) {
      if (typeUrl in queries) continue;
      const before = current(chain, typeUrl);
      for (const params of extremes(before.params as Fields)) {
        if (!hasWireForm(chain, typeUrl, params)) continue;
        try {
          chain.send(typeUrl, { authority: gov, params });
        } catch (error) {
          if (!(error instanceof TxError)) throw new Error(`${typeUrl} ${JSON.stringify(params, shown)}`, { cause: error });
          continue;
        }
        taken++;
        const where = `${typeUrl} ${JSON.stringify(params, shown)}`;
        for (const seconds of [1n, 100n, 1n]) chain.whole(seconds);
        chain.delegate(11, 1, 1_000_000n);
        const back = chain.propose([message(chain, typeUrl, before)], { initialDeposit: least(chain) });
        for (const voter of [1, 2, 3].filter((i) => chain.signs(i))) chain.vote(back, voter);
        // However long a vote is now.
        chain.whole(366n * 86_400n);
        const { status, failedReason } = chain.proposal(back);
        assert.deepEqual([status, failedReason], [ProposalStatus.PROPOSAL_STATUS_PASSED, ""], where);
        assert.deepEqual(current(chain, typeUrl), before, where);
      }
    }
    assert.ok(taken > 100, `only ${taken} sets were taken`);
  }).timeout(120_000);

  it("send charges of cancelled proposals to nobody whose books they would upset (GOV-15)", () => {
    const chain = new GovernanceChain();
    const { params } = current(chain, "/cosmos.gov.v1.MsgUpdateParams") as { params: Fields };
    const pool = query<{ account: Any }>(chain.stores, chain.modules, "/cosmos.auth.v1beta1.Query/ModuleAccountByName", { name: "bonded_tokens_pool" }, chain.block);
    assert.ok(pool.account.value.length > 20);
    const address = new TextDecoder().decode(pool.account.value).match(/dcm1[02-9ac-hj-np-z]+/)![0];
    const failed = chain.pass([message(chain, "/cosmos.gov.v1.MsgUpdateParams", { params: { ...params, proposalCancelDest: address } })]);
    assert.match(failed.failedReason, /cannot be paid/);
  });

  it("spend from the community pool, and send charges there (GOV-6, GOV-13)", () => {
    const chain = new GovernanceChain();
    const coins = (amount: number): object[] => [{ denom, amount: String(amount) }];
    const pool = (): string | undefined => query<{ pool: { amount: string }[] }>(chain.stores, chain.modules, "/cosmos.distribution.v1beta1.Query/CommunityPool", {}, chain.block).pool[0]?.amount;
    const params = { ...current(chain, "/cosmos.gov.v1.MsgUpdateParams").params as object, proposalCancelDest: addressText(moduleAddress("distribution")) };
    assert.equal(chain.pass([message(chain, "/cosmos.gov.v1.MsgUpdateParams", { params })]).status, ProposalStatus.PROPOSAL_STATUS_PASSED);
    const cancelled = chain.propose();
    chain.run("CancelProposal", { proposalId: cancelled, proposer: text(4) });
    assert.equal(pool(), `5000000${"0".repeat(18)}`);
    const spend = (amount: number): Any => message(chain, "/cosmos.distribution.v1beta1.MsgCommunityPoolSpend", { recipient: text(9), amount: coins(amount) });
    assert.equal(chain.pass([spend(5_000_001)]).status, ProposalStatus.PROPOSAL_STATUS_FAILED);
    assert.equal(chain.pass([spend(3_000_000)]).status, ProposalStatus.PROPOSAL_STATUS_PASSED);
    assert.equal(chain.balance(text(9)), 100_003_000_000n);
    assert.equal(pool(), `2000000${"0".repeat(18)}`);
  });
});
