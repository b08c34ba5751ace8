import assert from "node:assert/strict";
import { ProposalStatus, VoteOption } from "../../codec/gen/cosmos/gov/v1/gov.ts";
import { MsgExecLegacyContent, MsgSubmitProposal, MsgUpdateParams, MsgVote } from "../../codec/gen/cosmos/gov/v1/tx.ts";
import { TextProposal } from "../../codec/gen/cosmos/gov/v1beta1/gov.ts";
import { GenericAuthorization } from "../../codec/gen/cosmos/authz/v1beta1/authz.ts";
import { MsgExec, MsgGrant } from "../../codec/gen/cosmos/authz/v1beta1/tx.ts";
import { BasicAllowance } from "../../codec/gen/cosmos/feegrant/v1beta1/feegrant.ts";
import { MsgGrantAllowance } from "../../codec/gen/cosmos/feegrant/v1beta1/tx.ts";
import { MsgGrantSession } from "../../codec/gen/dcm/session/v1/tx.ts";
import { MsgSend } from "../../codec/gen/cosmos/bank/v1beta1/tx.ts";
import { Dec } from "../../math/dec.ts";
import { addressBytes } from "../../codec/address.ts";
import { TxError } from "../../runtime/errors.ts";
import { transact } from "../../runtime/testing.ts";
import { setBalance } from "../bank/keeper.ts";
import { abstain, denom, gov, GovernanceChain, million, no, pack, text, veto, yes } from "../../../test/support/governance.ts";
import { deposits, formerShares, leftovers, openSnapshot, snapshots, votes } from "./state.ts";
import { Context, type EmittedEvent } from "../../runtime/context.ts";

const refused = (codespace: string, code: number, words = "") => (error: unknown): true => {
  assert.ok(error instanceof TxError, String(error));
  assert.deepEqual([error.codespace, error.code], [codespace, code], error.message);
  assert.ok(error.message.includes(words), error.message);
  return true;
};
const coins = (amount: bigint | number): { denom: string; amount: string }[] => [{ denom, amount: String(amount) }];
const only = (events: readonly EmittedEvent[], type: string): (readonly (readonly [string, string])[])[] => events.filter((event) => event.type === type).map((event) => event.attributes.map(([key, value]) => [key, value] as const));
const least = 10n * million;
const status = ProposalStatus;

describe("governance", () => {
  describe("submitting", () => {
    it("keeps a proposal for its deposit period and says so as the SDK does (GOV-1)", () => {
      const chain = new GovernanceChain();
      const content = pack(MsgExecLegacyContent, { authority: gov, content: pack(TextProposal, { title: "t", description: "d" }) });
      const { value, events } = chain.run("SubmitProposal", { messages: [content], initialDeposit: coins(million), proposer: text(4), metadata: "", title: "a title", summary: "why", expedited: false });
      assert.deepEqual(value, { proposalId: 1n });
      assert.deepEqual(only(events, "submit_proposal"), [[["proposal_id", "1"], ["proposal_proposer", text(4)], ["proposal_messages", ",/cosmos.gov.v1.MsgExecLegacyContent"]]]);
      assert.deepEqual(only(events, "proposal_deposit"), [[["depositor", text(4)], ["amount", `1000000${denom}`], ["proposal_id", "1"]]]);
      const proposal = chain.proposal(1n);
      assert.equal(proposal.status, status.PROPOSAL_STATUS_DEPOSIT_PERIOD);
      assert.equal(proposal.depositEndTime!.seconds - proposal.submitTime!.seconds, 30n);
      assert.deepEqual(proposal.totalDeposit, coins(million));
      assert.equal(chain.balance(gov), million);
    });

    it("refuses what has no title, summary, content, or too much of them (GOV-1)", () => {
      const chain = new GovernanceChain();
      const bad: readonly [object, string, number][] = [
        [{ title: "" }, "sdk", 18], [{ summary: "" }, "sdk", 18], [{ proposer: "x" }, "sdk", 7], [{ metadata: "" }, "gov", 11], [{ metadata: "m".repeat(256) }, "gov", 15], [{ title: "t".repeat(256) }, "gov", 15],
        [{ summary: "s".repeat(10_201) }, "gov", 22], [{ metadata: '{"title":"other","summary":"a summary"}' }, "gov", 5], [{ metadata: '{"title":"a title"}' }, "gov", 5], [{ initialDeposit: [{ denom, amount: "-1" }] }, "sdk", 10],
        [{ initialDeposit: [{ denom: "ustone", amount: "1" }] }, "gov", 23], [{ initialDeposit: [] }, "gov", 16], [{ initialDeposit: coins(1) }, "gov", 16], [{ initialDeposit: coins(200_000_000_000n) }, "sdk", 5],
      ];
      for (const [change, codespace, code] of bad) assert.throws(() => chain.propose([], change), refused(codespace, code), JSON.stringify(change, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
      assert.equal(chain.propose([], { metadata: '{"title":"a title","summary":"a summary"}' }), 1n);
    });

    it("refuses messages that are unknown, malformed, too many or too large, or that another account signs (GOV-2, GOV-3)", () => {
      const chain = new GovernanceChain();
      const send = pack(MsgSend, { fromAddress: gov, toAddress: text(5), amount: coins(1) });
      const bad: readonly [ReturnType<typeof pack>[], number][] = [
        [[{ typeUrl: "/cosmos.gov.v9.MsgNobodyKnows", value: new Uint8Array(0) }], 10], [[{ ...send, value: Uint8Array.of(255) }], 12], [[pack(MsgSend, { fromAddress: gov, toAddress: "nobody", amount: coins(1) })], 12],
        [[pack(MsgSend, { fromAddress: text(4), toAddress: text(5), amount: coins(1) })], 13], [Array.from({ length: 65 }, () => send), 101],
        [[pack(MsgExecLegacyContent, { authority: gov, content: pack(TextProposal, { title: "t", description: "d".repeat(270_000) }) })], 102],
        [[{ typeUrl: "/dcm.beacon.v1.MsgBeaconReveal", value: new Uint8Array(0) }], 10],
      ];
      for (const [messages, code] of bad) assert.throws(() => chain.propose(messages), refused("gov", code));
      assert.equal(chain.propose(Array.from({ length: 64 }, () => send)), 1n);
    });

    it("refuses proposals about proposals, however deep they are wrapped (GOV-3)", () => {
      const chain = new GovernanceChain();
      const inner = pack(MsgSubmitProposal, { messages: [], initialDeposit: coins(least), proposer: gov, metadata: "m", title: "t", summary: "s" });
      const vote = pack(MsgVote, { proposalId: 1n, voter: gov, option: yes });
      const wrapped = pack(MsgExec, { grantee: gov, msgs: [pack(MsgExec, { grantee: gov, msgs: [vote] })] });
      for (const message of [inner, vote, pack(MsgExec, { grantee: gov, msgs: [inner] }), wrapped]) assert.throws(() => chain.propose([message]), refused("gov", 103));
      let deep = pack(MsgSend, { fromAddress: gov, toAddress: text(5), amount: coins(1) });
      for (let i = 0; i < 7; i++) deep = pack(MsgExec, { grantee: gov, msgs: [deep] });
      assert.throws(() => chain.propose([deep]), refused("gov", 12, "nested deeper"));
    });

    it("asks for the share of the deposit that parameters want at once (GOV-4)", () => {
      const chain = new GovernanceChain({ minInitialDepositRatio: "0.25" });
      assert.throws(() => chain.propose([], { initialDeposit: coins(2_499_999) }), refused("gov", 16, `was (2499999${denom}), need (2500000${denom})`));
      assert.throws(() => chain.propose([], { initialDeposit: coins(2_500_000), expedited: true }), refused("gov", 16, `need (12500000${denom})`));
      assert.equal(chain.propose([], { initialDeposit: coins(2_500_000) }), 1n);
    });
  });

  describe("deposits", () => {
    it("open the vote once they reach the least deposit, and go on afterwards (GOV-4, GOV-8)", () => {
      const chain = new GovernanceChain();
      const id = chain.propose([], { initialDeposit: coins(million) });
      assert.throws(() => chain.vote(id, 1), refused("gov", 3, "1: inactive proposal"));
      assert.throws(() => chain.run("Deposit", { proposalId: id, depositor: text(5), amount: coins(99_999) }), refused("gov", 16, "received 99999"));
      assert.throws(() => chain.run("Deposit", { proposalId: id, depositor: text(5), amount: [] }), refused("sdk", 10));
      assert.throws(() => chain.run("Deposit", { proposalId: 7n, depositor: text(5), amount: coins(least) }), refused("undefined", 1, "collections: not found: key '7'"));
      const { events } = chain.run("Deposit", { proposalId: id, depositor: text(5), amount: coins(9n * million) });
      assert.deepEqual(only(events, "proposal_deposit").at(-1), [["voting_period_start", "1"]]);
      const proposal = chain.proposal(id);
      assert.equal(proposal.status, status.PROPOSAL_STATUS_VOTING_PERIOD);
      assert.equal(proposal.votingEndTime!.seconds - proposal.votingStartTime!.seconds, 60n);
      chain.run("Deposit", { proposalId: id, depositor: text(5), amount: coins(million) });
      assert.deepEqual(chain.query("Deposit", { proposalId: id, depositor: text(5) }), { deposit: { proposalId: id, depositor: text(5), amount: coins(least) } });
      assert.deepEqual(chain.proposal(id).totalDeposit, coins(11n * million));
    });

    it("go back where the period ends without them, or burn where parameters say so (GOV-5)", () => {
      for (const burn of [false, true]) {
        const chain = new GovernanceChain({ burnProposalDepositPrevote: burn });
        const id = chain.propose([], { initialDeposit: coins(million) });
        chain.end();
        const events = chain.after(30n);
        assert.deepEqual(only(events, "inactive_proposal"), [[["proposal_id", "1"], ["proposal_result", "proposal_dropped"]]]);
        assert.equal(chain.balance(text(4)), 100_000_000_000n - (burn ? million : 0n));
        assert.equal(chain.balance(gov), 0n);
        assert.throws(() => chain.proposal(id), /proposal 1 doesn't exist/);
        assert.equal(deposits.first(chain.ctx), undefined);
        assert.equal(leftovers.first(chain.ctx), undefined);
      }
    });

    it("go back where an error that nobody expected keeps them from burning (GOV-5)", () => {
      const chain = new GovernanceChain({ burnProposalDepositPrevote: true });
      const id = chain.propose([], { initialDeposit: coins(million) });
      const held = (before: bigint, after: bigint): void => void transact(chain.stores, (ctx) => setBalance(ctx, addressBytes(gov), denom, before, after), chain.block);
      chain.clock += 31n;
      held(million, 0n);
      const heard: string[] = [];
      chain.modules.find(({ name }) => name === "gov")!.endBlock!(new Context(chain.ctx.header, chain.stores, "block", undefined, (what) => void heard.push(what)));
      held(0n, million);
      assert.equal(heard[0], `proposal ${id}`);
      chain.end();
      assert.deepEqual([chain.balance(text(4)), chain.balance(gov)], [100_000_000_000n, 0n]);
      assert.throws(() => chain.proposal(id), /proposal 1 doesn't exist/);
    });

    it("lose a share, rounded down for each deposit, where the proposer takes the proposal back (GOV-6)", () => {
      for (const [destination, ratio] of [["", "0.5"], [text(9), "0.333"]] as const) {
        const chain = new GovernanceChain({ proposalCancelDest: destination, proposalCancelRatio: ratio });
        const id = chain.propose([], { initialDeposit: coins(million + 1n) });
        chain.run("Deposit", { proposalId: id, depositor: text(5), amount: coins(least) });
        chain.vote(id, 1);
        assert.throws(() => chain.run("CancelProposal", { proposalId: id, proposer: text(5) }), refused("gov", 18));
        assert.throws(() => chain.run("CancelProposal", { proposalId: 9n, proposer: text(5) }), refused("undefined", 1));
        const { value, events } = chain.run("CancelProposal", { proposalId: id, proposer: text(4) });
        assert.deepEqual(value, { proposalId: id, canceledTime: { seconds: chain.ctx.timeSeconds, nanos: 0 }, canceledHeight: chain.height });
        assert.deepEqual(only(events, "cancel_proposal"), [[["sender", text(4)], ["proposal_id", "1"]]]);
        const [own, other] = destination === "" ? [500_000n, 5_000_000n] : [333_000n, 3_330_000n];
        assert.equal(chain.balance(text(4)), 100_000_000_000n - own);
        assert.equal(chain.balance(text(5)), 100_000_000_000n - other);
        if (destination !== "") assert.equal(chain.balance(destination), 100_000_000_000n + own + other);
        chain.end();
        assert.equal(votes.first(chain.ctx), undefined);
        assert.equal(openSnapshot.find(chain.ctx), undefined);
        assert.throws(() => chain.run("CancelProposal", { proposalId: id, proposer: text(4) }), refused("undefined", 1));
      }
    });

    it("are refunded over several blocks where there are many (GOV-7)", () => {
      const chain = new GovernanceChain({ minDepositRatio: "0.0001" });
      const id = chain.propose();
      const depositors = Array.from({ length: 900 }, (_, i) => Uint8Array.from({ length: 20 }, (_unused, at) => (at < 2 ? [1 + (i >> 8), i & 255][at]! : 7)));
      for (const depositor of depositors) deposits.set(chain.ctx, [id, depositor], { proposalId: id, depositor: text(4), amount: [] });
      chain.after(60n);
      const left = (): number => [...deposits.entries(chain.ctx)].length;
      assert.equal(left(), 401);
      assert.equal(chain.proposal(id).status, status.PROPOSAL_STATUS_REJECTED);
      chain.end();
      assert.equal(left(), 0);
      assert.equal(chain.balance(text(4)), 100_000_000_000n);
    });
  });

  describe("votes", () => {
    it("count validators for their delegators, who may vote for themselves and change their minds (GOV-9)", () => {
      const chain = new GovernanceChain();
      chain.delegate(10, 1, 40n * million);
      const id = chain.propose();
      assert.deepEqual(only(chain.vote(id, 1), "proposal_vote"), [[["voter", text(1)], ["option", '[{"option":1,"weight":"1.000000000000000000"}]'], ["proposal_id", "1"]]]);
      assert.equal(chain.tally(id).yesCount, "100000000");
      chain.vote(id, 10, no);
      assert.deepEqual(chain.tally(id), { yesCount: "60000000", abstainCount: "0", noCount: "40000000", noWithVetoCount: "0" });
      chain.run("VoteWeighted", { proposalId: id, voter: text(10), options: [{ option: yes, weight: "0.7" }, { option: abstain, weight: "0.3" }], metadata: "" });
      chain.vote(id, 2, veto);
      assert.deepEqual(chain.tally(id), { yesCount: "88000000", abstainCount: "12000000", noCount: "0", noWithVetoCount: "30000000" });
      chain.end();
      assert.deepEqual(chain.query<{ votes: unknown[] }>("Votes", { proposalId: id }).votes.length, 3);
      assert.deepEqual(chain.query("Vote", { proposalId: id, voter: text(2) }), { vote: { proposalId: id, voter: text(2), options: [{ option: veto, weight: "1.000000000000000000" }], metadata: "" } });
    });

    it("are refused where their options make no whole (GOV-9)", () => {
      const chain = new GovernanceChain();
      const id = chain.propose();
      const weighted = (...options: readonly (readonly [VoteOption, string])[]) => () => chain.run("VoteWeighted", { proposalId: id, voter: text(1), options: options.map(([option, weight]) => ({ option, weight })), metadata: "" });
      assert.throws(() => chain.vote(id, 1, VoteOption.VOTE_OPTION_UNSPECIFIED), refused("gov", 7, "VOTE_OPTION_UNSPECIFIED: invalid vote option"));
      assert.throws(weighted(), refused("sdk", 18));
      assert.throws(weighted([yes, "0.5"]), refused("gov", 7, "total weight lower than 1.00"));
      assert.throws(weighted([yes, "0.5"], [no, "0.6"]), refused("gov", 7, "total weight overflow 1.00"));
      assert.throws(weighted([yes, "0.5"], [yes, "0.5"]), refused("gov", 7, "duplicated vote option"));
      for (const weight of ["0", "-1", "1.1", "1e2", "", "0.0000000000000000001"]) assert.throws(weighted([yes, weight]), refused("gov", 7));
      assert.throws(() => chain.run("Vote", { proposalId: id, voter: text(1), option: yes, metadata: "m".repeat(256) }), refused("gov", 15));
      assert.throws(() => chain.run("Vote", { proposalId: 7n, voter: text(1), option: yes, metadata: "" }), refused("gov", 3, "7: inactive proposal"));
    });

    it("of accounts without any stake are taken and count for nothing, as in the SDK (GOV-9)", () => {
      const chain = new GovernanceChain();
      const id = chain.propose();
      chain.vote(id, 20);
      assert.equal(chain.tally(id).yesCount, "0");
    });
  });

  describe("decisions", () => {
    const outcome = (cast: readonly (readonly [number, VoteOption])[], params: object = {}): readonly [ProposalStatus, bigint] => {
      const chain = new GovernanceChain(params);
      const id = chain.propose();
      for (const [voter, option] of cast) chain.vote(id, voter, option);
      chain.after(60n);
      return [chain.proposal(id).status, 100_000_000_000n - chain.balance(text(4))];
    };

    it("need a quorum, more than the threshold of those who do not abstain, and no veto of more than a third (GOV-11)", () => {
      assert.deepEqual(outcome([]), [status.PROPOSAL_STATUS_REJECTED, 0n]);
      assert.deepEqual(outcome([[2, yes]]), [status.PROPOSAL_STATUS_REJECTED, 0n], "30 of 100 is below the quorum");
      assert.deepEqual(outcome([[2, yes]], { burnVoteQuorum: true }), [status.PROPOSAL_STATUS_REJECTED, least]);
      assert.deepEqual(outcome([[2, yes], [3, no]]), [status.PROPOSAL_STATUS_PASSED, 0n]);
      assert.deepEqual(outcome([[1, no], [2, yes], [3, yes]]), [status.PROPOSAL_STATUS_REJECTED, 0n]);
      assert.deepEqual(outcome([[1, abstain], [2, abstain], [3, yes]]), [status.PROPOSAL_STATUS_PASSED, 0n]);
      assert.deepEqual(outcome([[1, abstain]]), [status.PROPOSAL_STATUS_REJECTED, 0n]);
      assert.deepEqual(outcome([[1, yes], [2, veto], [3, veto]]), [status.PROPOSAL_STATUS_REJECTED, least], "40 of 100 is a veto");
      assert.deepEqual(outcome([[1, yes], [2, veto], [3, veto]], { burnVoteVeto: false }), [status.PROPOSAL_STATUS_REJECTED, 0n]);
      assert.deepEqual(outcome([[1, yes], [2, veto]], {}), [status.PROPOSAL_STATUS_PASSED, 0n], "30 of 90 is none");
    });

    it("are told as the SDK tells them, and leave nothing behind but the proposal (GOV-7, GOV-12)", () => {
      const chain = new GovernanceChain();
      const id = chain.propose();
      for (const voter of [1, 2]) chain.vote(id, voter);
      chain.end();
      const events = chain.after(60n);
      assert.deepEqual(only(events, "active_proposal"), [[["proposal_id", "1"], ["proposal_result", "proposal_passed"], ["proposal_log", "passed"]]]);
      const { status: now, finalTallyResult } = chain.proposal(id);
      assert.equal(now, status.PROPOSAL_STATUS_PASSED);
      assert.deepEqual(finalTallyResult, { yesCount: "90000000", abstainCount: "0", noCount: "0", noWithVetoCount: "0" });
      assert.deepEqual(chain.tally(id), finalTallyResult);
      for (const collection of [votes, deposits, snapshots, formerShares, leftovers]) assert.equal([...collection.entries(chain.ctx)].length, 0);
      assert.throws(() => chain.vote(id, 3), refused("gov", 3));
      assert.throws(() => chain.run("CancelProposal", { proposalId: id, proposer: text(4) }), refused("gov", 21));
      assert.throws(() => chain.run("Deposit", { proposalId: id, depositor: text(5), amount: coins(least) }), refused("gov", 3));
    });

    it("of expedited proposals need more, sooner; where they fail, an ordinary vote begins anew (GOV-10)", () => {
      const chain = new GovernanceChain();
      const quick = chain.propose([], { expedited: true });
      for (const voter of [1, 2, 3]) chain.vote(quick, voter);
      chain.after(20n);
      assert.equal(chain.proposal(quick).status, status.PROPOSAL_STATUS_PASSED);

      const slow = chain.propose([], { expedited: true });
      chain.vote(slow, 1);
      chain.vote(slow, 2, veto);
      const events = chain.after(20n);
      assert.deepEqual(only(events, "active_proposal"), [[["proposal_id", "2"], ["proposal_result", "expedited_proposal_rejected"], ["proposal_log", "expedited proposal converted to regular"]]]);
      const converted = chain.proposal(slow);
      assert.equal(converted.expedited, false);
      assert.equal(converted.votingEndTime!.seconds - converted.votingStartTime!.seconds, 60n);
      assert.equal(converted.finalTallyResult!.yesCount, "60000000");
      assert.equal(chain.tally(slow).yesCount, "0");
      assert.deepEqual(chain.query<{ votes: unknown[] }>("Votes", { proposalId: slow }).votes, []);
      chain.vote(slow, 1);
      chain.after(40n);
      assert.equal(chain.proposal(slow).status, status.PROPOSAL_STATUS_PASSED);
      assert.equal(chain.balance(text(4)), 100_000_000_000n);
    });
  });

  describe("execution", () => {
    it("runs all messages or none, and says why (GOV-13)", () => {
      const chain = new GovernanceChain();
      const params = { ...chain.query<{ params: object }>("Params", { paramsType: "" }).params, quorum: Dec.parse("0.4").toString() };
      const good = pack(MsgUpdateParams, { authority: gov, params });
      const broke = pack(MsgSend, { fromAddress: gov, toAddress: text(5), amount: coins(1) });
      const failed = chain.pass([good, broke]);
      assert.equal(failed.status, status.PROPOSAL_STATUS_FAILED);
      assert.match(failed.failedReason, /insufficient funds|belong to their depositors/);
      assert.equal(chain.query<{ params: { quorum: string } }>("Params", { paramsType: "" }).params.quorum, "0.334000000000000000");
      const passed = chain.pass([good]);
      assert.deepEqual([passed.status, passed.failedReason], [status.PROPOSAL_STATUS_PASSED, ""]);
      assert.equal(chain.query<{ params: { quorum: string } }>("Params", { paramsType: "" }).params.quorum, "0.400000000000000000");
    });

    it("leaves deposits of others with the gov account (GOV-14)", () => {
      const chain = new GovernanceChain();
      chain.propose([], { initialDeposit: coins(million), proposer: text(6) });
      chain.send("/cosmos.bank.v1beta1.MsgSend", { fromAddress: text(7), toAddress: gov, amount: coins(5) });
      const steal = (amount: bigint): ReturnType<typeof pack>[] => [pack(MsgSend, { fromAddress: gov, toAddress: text(5), amount: coins(amount) })];
      const id = chain.propose(steal(6n));
      const fair = chain.propose(steal(5n));
      for (const proposal of [id, fair]) chain.vote(proposal, 1);
      chain.run("Deposit", { proposalId: 1n, depositor: text(6), amount: coins(9n * million) });
      const events = chain.after(60n);
      assert.match(only(events, "active_proposal").map((attributes) => attributes.map(([, value]) => value).join(" ")).find((line) => line.includes("proposal_failed"))!, /passed, but msg 0 \(\/cosmos.bank.v1beta1.MsgSend\) failed on execution: .*belong to their depositors/);
      assert.equal(chain.proposal(fair).status, status.PROPOSAL_STATUS_PASSED);
      assert.equal(chain.balance(text(5)), 100_000_000_005n);
    });
  });

  it("never lets others pay or sign for the gov account, whose coins may be deposits (GOV-14)", () => {
    const chain = new GovernanceChain();
    const grantee = text(9);
    const authorization = pack(GenericAuthorization, { msg: "/cosmos.bank.v1beta1.MsgSend" });
    const grants = [
      pack(MsgGrant, { granter: gov, grantee, grant: { authorization, expiration: undefined } }), pack(MsgGrantAllowance, { granter: gov, grantee, allowance: pack(BasicAllowance, { spendLimit: coins(1) }) }),
      pack(MsgGrantSession, { owner: gov, key: new Uint8Array(33).fill(2), messages: ["/dcm.market.v1.MsgPlaceBid"], spendLimit: coins(1), period: 0n, expiresTau: 1n << 40n }),
    ];
    for (const grant of grants) {
      for (const carried of [grant, pack(MsgExec, { grantee: gov, msgs: [grant] })]) assert.throws(() => chain.propose([carried]), refused("gov", 105, "could spend deposits"), carried.typeUrl);
    }
    assert.equal([...chain.query<{ proposals: unknown[] }>("Proposals", { proposalStatus: 0, voter: "", depositor: "", pagination: undefined }).proposals].length, 0);
  });

  it("answers v1beta1 clients: texts, votes, deposits, parameters by group (GOV-16)", () => {
    const chain = new GovernanceChain();
    const legacy = (name: string, message: unknown): unknown => chain.send(`/cosmos.gov.v1beta1.Msg${name}`, message).value;
    const content = pack(TextProposal, { title: "a title", description: "why" });
    const { proposalId } = legacy("SubmitProposal", { content, initialDeposit: coins(million), proposer: text(4) }) as { proposalId: bigint };
    legacy("Deposit", { proposalId, depositor: text(5), amount: coins(least) });
    legacy("Vote", { proposalId, voter: text(1), option: yes });
    legacy("VoteWeighted", { proposalId, voter: text(2), options: [{ option: yes, weight: "500000000000000000" }, { option: no, weight: "500000000000000000" }] });
    const { proposal } = chain.query<{ proposal: { content: unknown; status: number } }>("Proposal", { proposalId }, "v1beta1");
    assert.deepEqual(proposal.content, content);
    assert.deepEqual(chain.query("TallyResult", { proposalId }, "v1beta1"), { tally: { yes: "75000000", abstain: "0", no: "15000000", noWithVeto: "0" } });
    const vote = chain.query<{ vote: { option: number; options: unknown } }>("Vote", { proposalId, voter: text(2) }, "v1beta1").vote;
    assert.deepEqual(vote.options, [{ option: yes, weight: "500000000000000000" }, { option: no, weight: "500000000000000000" }]);
    assert.equal(chain.query<{ tallyParams: { quorum: Uint8Array } }>("Params", { paramsType: "tallying" }, "v1beta1").tallyParams.quorum.length, 18);
    assert.throws(() => legacy("SubmitProposal", { content: undefined, initialDeposit: coins(million), proposer: text(4) }), refused("gov", 5));
    assert.throws(() => legacy("SubmitProposal", { content: { typeUrl: "/cosmos.params.v1beta1.ParameterChangeProposal", value: new Uint8Array(0) }, initialDeposit: coins(million), proposer: text(4) }), refused("gov", 9, "MsgSubmitProposal"));
    assert.throws(() => legacy("SubmitProposal", { content: pack(TextProposal, { title: " ", description: "why" }), initialDeposit: coins(million), proposer: text(4) }), refused("gov", 5));
    assert.equal(chain.pass([]).status, status.PROPOSAL_STATUS_PASSED);
    assert.throws(() => chain.query("Proposals", { proposalStatus: 0, voter: "", depositor: "", pagination: undefined }, "v1beta1"), /can't convert a gov\/v1 Proposal/);
  });

  it("goes on after an export: deposits, votes, periods (GOV-17)", () => {
    const chain = new GovernanceChain();
    chain.delegate(10, 1, 40n * million);
    const id = chain.propose();
    const other = chain.propose([], { initialDeposit: coins(million) });
    chain.vote(id, 10, no);
    chain.vote(id, 1);
    chain.end();
    const copy = new GovernanceChain({}, chain);
    assert.deepEqual(copy.tally(id), chain.tally(id));
    copy.run("Deposit", { proposalId: other, depositor: text(5), amount: coins(9n * million) });
    copy.after(59n);
    assert.equal(copy.proposal(id).status, status.PROPOSAL_STATUS_PASSED);
    assert.equal(copy.proposal(other).status, status.PROPOSAL_STATUS_VOTING_PERIOD);
    assert.equal(copy.propose(), 3n);
  });
});
