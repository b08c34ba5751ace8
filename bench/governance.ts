/** A thousand open proposals with a million votes that all end in one block: what a vote costs, and what the blocks after it do. */
import { addressText, prefixes } from "../chain/codec/address.ts";
import { storeNames } from "../chain/app.ts";
import { uint64Key } from "../chain/runtime/collections.ts";
import { committedStores, execute, testContext, transact } from "../chain/runtime/testing.ts";
import { closing, formerShares, leftovers, votes } from "../chain/modules/governance/state.ts";
import { heldAt } from "../chain/modules/governance/snapshots.ts";
import { delegations } from "../chain/modules/staking/validators/state.ts";
import { Dec } from "../chain/math/dec.ts";
import { account, denom, GovernanceChain, yes } from "../test/support/governance.ts";
import { accountOf } from "../test/support/stake.ts";
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
  description: "a thousand open proposals, a million votes, all periods ending at once",

  run({ quick, progress }) {
    const proposals = quick ? 100 : 1_000;
    const voters = quick ? 100 : 1_000;
    const addresses = Array.from({ length: voters }, (_, i) => addressText(accountOf(1_000 + i)));
    const { stores, commit } = committedStores(storeNames);
    const chain = new GovernanceChain({ minDeposit: [{ denom, amount: "1000000" }], expeditedMinDeposit: [{ denom, amount: "2000000" }] }, undefined, addresses, stores);
    const timed = (body: () => void): number => {
      const from = performance.now();
      body();
      return performance.now() - from;
    };
    const delegate = (i: number): number => timed(() => void execute(chain.stores, chain.modules, "/cosmos.staking.v1beta1.MsgDelegate", { delegatorAddress: addresses[i]!, validatorAddress: addressText(account(1 + (i % 3)), prefixes.validator), amount: { denom, amount: "1000000" } }, { ...chain.block, gasLimit: 10_000_000 }));
    const end = (): number => {
      const took = timed(() => transact(chain.stores, (ctx) => { for (const module of chain.modules) module.endBlock?.(ctx); }, { ...chain.block, mode: "block" }));
      chain.height++;
      commit();
      return took;
    };
    const idleDelegations = addresses.map((_, i) => delegate(i) * 1_000);
    const idle = [end(), end(), end()];
    const ids = Array.from({ length: proposals }, () => chain.propose([], { initialDeposit: [{ denom, amount: "1000000" }] }));
    progress(`${proposals * voters} votes`);
    const cast: number[] = [];
    for (const [n, proposalId] of ids.entries()) {
      const all = timed(() => { for (const voter of addresses) execute(chain.stores, chain.modules, "/cosmos.gov.v1.MsgVote", { proposalId, voter, option: yes, metadata: "" }, { ...chain.block, gasLimit: 10_000_000 }); });
      cast.push((all * 1_000) / voters);
      commit();
      if ((n + 1) % 100 === 0) progress(`${(n + 1) * voters} votes cast, the last at ${cast.at(-1)!.toFixed(0)} us`);
    }
    const openDelegations = addresses.map((_, i) => delegate(i) * 1_000);
    const ctx = testContext(chain.stores, chain.block);
    const walk = [1, 2, 3].map(() => timed(() => { for (const [[, voter]] of votes.entries(ctx, { within: uint64Key.encode(ids[0]!) })) heldAt(ctx, staking, voter, 1n); }));
    chain.clock += 60n;
    const deciding: number[] = [];
    for (let open = true; open; ) {
      deciding.push(end());
      const now = testContext(chain.stores, chain.block);
      open = closing.find(now) !== undefined || leftovers.first(now) !== undefined || formerShares.first(now) !== undefined;
    }
    return Promise.resolve({
      name: "governance",
      figures: [
        figure("vote_us", "us", cast), figure("delegate_idle_us", "us", idleDelegations), figure("delegate_open_us", "us", openDelegations), figure("end_idle_ms", "ms", idle), figure("end_worst_ms", "ms", [Math.max(...deciding)]),
        figure("end_deciding_ms", "ms", deciding), figure("sweep_blocks", "blocks", [deciding.length]), figure("walk_ms", "ms", walk),
      ],
      configuration: { proposals, voters, votes: proposals * voters, validators: 3 },
      versions: machine(),
    });
  },
};

export default governance;
