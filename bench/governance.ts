/** A thousand open proposals with a million votes that all end in one block, 200 validators, 100,000 delegations: what a vote costs, and what the blocks after it do. */
import { addressText, prefixes } from "../chain/codec/address.ts";
import { storeNames } from "../chain/app.ts";
import { uint64Key } from "../chain/runtime/collections.ts";
import { committedStores, execute, testContext, transact } from "../chain/runtime/testing.ts";
import { closing, formerShares, leftovers, votes } from "../chain/modules/governance/state.ts";
import { heldAt } from "../chain/modules/governance/snapshots.ts";
import { delegations } from "../chain/modules/staking/validators/state.ts";
import { Dec } from "../chain/math/dec.ts";
import { defaultParams as stakingParams } from "../chain/modules/staking/validators/params.ts";
import { account, denom, gov, GovernanceChain, text, yes } from "../test/support/governance.ts";
import { accountOf, validatorOf } from "../test/support/stake.ts";
import type { StakingPort } from "../chain/modules/staking/validators/ports.ts";
import { type Benchmark, figure, machine } from "./benchmark.ts";

/** What walking over votes needs of staking. */
const staking: Pick<StakingPort, "delegationsOf"> = {
  *delegationsOf(ctx, delegator) {
    for (const [[, operator], { shares }] of delegations.entries(ctx, { within: Uint8Array.of(delegator.length, ...delegator) })) yield { delegator, operator, shares: Dec.fromProto(shares) };
  },
};

const governance: Benchmark = {
  name: "governance",
  description: "a thousand open proposals, a million votes, 200 validators, 100,000 delegations, all periods ending at once",

  run({ quick, progress }) {
    const proposals = quick ? 100 : 1_000;
    const voters = quick ? 100 : 1_000;
    const set = quick ? 20 : 200;
    const delegators = quick ? 1_000 : 100_000;
    const addresses = Array.from({ length: delegators }, (_, i) => addressText(accountOf(1_000 + i)));
    const voting = addresses.slice(0, voters);
    const { stores, commit } = committedStores(storeNames);
    const rich = [...Array.from({ length: Math.max(0, set - 30) }, (_, i) => text(31 + i)), ...addresses];
    const chain = new GovernanceChain({ minDeposit: [{ denom, amount: "1000000" }], expeditedMinDeposit: [{ denom, amount: "2000000" }] }, undefined, rich, stores);
    const timed = (body: () => void): number => {
      const from = performance.now();
      body();
      return performance.now() - from;
    };
    const delegate = (i: number): number => timed(() => void execute(chain.stores, chain.modules, "/cosmos.staking.v1beta1.MsgDelegate", { delegatorAddress: addresses[i]!, validatorAddress: addressText(account(1 + (i % set)), prefixes.validator), amount: { denom, amount: "1000000" } }, { ...chain.block, gasLimit: 10_000_000 }));
    const end = (): number => {
      const took = timed(() => transact(chain.stores, (ctx) => {
        for (const module of chain.modules) module.endBlock?.(ctx);
        for (const module of chain.modules) module.validatorUpdates?.(ctx);
      }, { ...chain.block, mode: "block" }));
      chain.height++;
      commit();
      return took;
    };
    const begin = (): number => timed(() => chain.begin(set));
    chain.send("/cosmos.staking.v1beta1.MsgUpdateParams", { authority: gov, params: { ...stakingParams(), maxValidators: set } });
    for (let i = 4; i <= set; i++) chain.send("/cosmos.staking.v1beta1.MsgCreateValidator", { ...validatorOf(i), value: { denom, amount: String(1_000_000 * (i + 5)) } });
    end();
    progress(`${delegators} delegations to ${set} validators`);
    const idleDelegations = addresses.map((_, i) => {
      if (i % 1_000 === 0) commit();
      return delegate(i) * 1_000;
    });
    end();
    const idleBegin = [begin(), begin(), begin()];
    const idle = [end(), end(), end()];
    const ids = Array.from({ length: proposals }, () => chain.propose([], { initialDeposit: [{ denom, amount: "1000000" }] }));
    progress(`${proposals * voters} votes`);
    const cast: number[] = [];
    for (const [n, proposalId] of ids.entries()) {
      const all = timed(() => { for (const voter of voting) execute(chain.stores, chain.modules, "/cosmos.gov.v1.MsgVote", { proposalId, voter, option: yes, metadata: "" }, { ...chain.block, gasLimit: 10_000_000 }); });
      cast.push((all * 1_000) / voters);
      commit();
      if ((n + 1) % 100 === 0) progress(`${(n + 1) * voters} votes cast, the last at ${cast.at(-1)!.toFixed(0)} us`);
    }
    const openDelegations = voting.map((_, i) => delegate(i) * 1_000);
    const ctx = testContext(chain.stores, chain.block);
    const walk = [1, 2, 3].map(() => timed(() => { for (const [[, voter]] of votes.entries(ctx, { within: uint64Key.encode(ids[0]!) })) heldAt(ctx, staking, voter, 1n); }));
    chain.clock += 60n;
    const beginning: number[] = [];
    const deciding: number[] = [];
    for (let open = true; open; ) {
      beginning.push(begin());
      deciding.push(end());
      const now = testContext(chain.stores, chain.block);
      open = closing.find(now) !== undefined || leftovers.first(now) !== undefined || formerShares.first(now) !== undefined;
    }
    return Promise.resolve({
      name: "governance",
      figures: [
        figure("vote_us", "us", cast), figure("delegate_idle_us", "us", idleDelegations), figure("delegate_open_us", "us", openDelegations), figure("begin_idle_ms", "ms", idleBegin), figure("begin_deciding_ms", "ms", beginning), figure("end_idle_ms", "ms", idle), figure("end_worst_ms", "ms", [Math.max(...deciding)]),
        figure("end_deciding_ms", "ms", deciding), figure("sweep_blocks", "blocks", [deciding.length]), figure("walk_ms", "ms", walk),
      ],
      configuration: { proposals, voters, votes: proposals * voters, validators: set, delegations: delegators },
      versions: machine(),
    });
  },
};

export default governance;
