import assert from "node:assert/strict";
import { MsgPlaceAsk, MsgPlaceBid, MsgStartTask } from "../codec/gen/dcm/market/v1/tx.ts";
import { Comparator, Term, TimeInForce, VerificationLevel } from "../codec/gen/dcm/market/v1/types.ts";
import { MsgRegisterProvider } from "../codec/gen/dcm/staking/v1/tx.ts";
import type { Any } from "../codec/gen/google/protobuf/any.ts";
import { writeGenesis } from "./genesis.ts";
import { anyOf, testAccount, type TestAccount } from "../../test/support/accounts.ts";
import { TestChain, testDenom } from "../../test/support/chain.ts";
import { taskIdOf } from "../modules/market/state.ts";

const [paul, cora] = [testAccount("paul"), testAccount("cora")];
const classId = "wasm.core";
const digest = new Uint8Array(32).fill(1);
type Fields = Record<string, unknown>;
type Sections = { market: Record<"jobs" | "bids" | "tasks" | "leases" | "asks" | "draws", (Fields & { spec: Fields; escrow: Fields; replicas: Fields[] })[]> } & Record<string, unknown>;

/** A chain in the middle of a job of three tasks, two of which found the provider: one of them runs. */
async function exported(): Promise<Sections> {
  const chain = await TestChain.start({
    appState: {
      auth: { accounts: [paul, cora].map(({ text }) => ({ "@type": "/cosmos.auth.v1beta1.BaseAccount", address: text })) },
      bank: { balances: [paul, cora].map(({ text }) => ({ address: text, coins: [{ denom: testDenom, amount: "1000000000" }] })) },
    },
  });
  try {
    const send = (account: TestAccount, message: Any): void => {
      const [result] = chain.block([chain.sign(account, [message])], 1n).txResults;
      assert.equal(result!.code, 0, result!.log);
    };
    chain.block();
    send(paul, anyOf(MsgRegisterProvider, { operator: paul.text, profile: { moniker: "p", endpoints: ["http://127.0.0.1:1"], encryptionKey: Uint8Array.of(9, ...new Uint8Array(31)), attributes: [], organization: "" }, bond: { denom: testDenom, amount: "100000000" } }));
    send(paul, anyOf(MsgPlaceAsk, MsgPlaceAsk.fromPartial({ provider: paul.text, classId, quoteDenom: testDenom, basePrice: 100n, units: 2 })));
    send(cora, anyOf(MsgPlaceBid, MsgPlaceBid.fromPartial({
      consumer: cora.text, classId, quoteDenom: testDenom, limitPrice: 100n, lots: 1n, timeInForce: TimeInForce.TIME_IN_FORCE_GTT, term: Term.TERM_SPOT, verification: VerificationLevel.VERIFICATION_LEVEL_V0_NONE, comparator: Comparator.COMPARATOR_EXACT, risk: "0",
      job: { program: { digest, size: 1n }, tasks: 3, inputRoot: digest, manifest: { digest, size: 1n }, dataUrls: ["http://127.0.0.1:1"], duration: 60_000n, maxResultSize: 1_000n },
    })));
    chain.block([], 1n);
    send(paul, anyOf(MsgStartTask, { worker: paul.text, provider: paul.text, taskId: taskIdOf(1n, 0) }));
    return JSON.parse(JSON.stringify(writeGenesis(chain.machine.exportGenesis(0), chain.machine.modules), (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value))) as Sections;
  } finally {
    await chain.stop();
  }
}

describe("the market's genesis", () => {
  let whole: Sections;
  before(async () => {
    whole = await exported();
  });
  const begin = async (appState: unknown): Promise<void> => {
    const chain = await TestChain.start({ appState, initialHeight: 100n });
    await chain.stop();
  };

  it("MKT-212: of a chain in the middle of a job is taken as it is", async () => {
    assert.deepEqual([whole.market.tasks.length, whole.market.leases.length, whole.market.bids.length], [2, 1, 1]);
    await begin(whole);
  });

  const contradictions: readonly (readonly [what: string, change: (market: Sections["market"]) => void, said: RegExp])[] = [
    ["a task of no job", ({ tasks }) => (tasks[0]!["job_id"] = "2"), /task 65536 is number 0 of job 2, which has no such task/],
    ["a task beyond its job's last", ({ tasks }) => Object.assign(tasks[1]!, { id: "65539", index: 3 }), /task 65539 is number 3 of job 1, which has no such task/],
    ["a job that counts a task as ended", ({ jobs }) => (jobs[0]!["tasks_final"] = 1), /job 1 holds 303 for 2 tasks of 101/],
    ["an escrow that does not add up", ({ jobs }) => (jobs[0]!.escrow["paid"] = "1"), /job 1: 303 came in, 304 is accounted for/],
    ["an escrow that the account does not hold", ({ jobs }) => Object.assign(jobs[0]!.escrow, { deposited: "404", held: "404", per_task: "101" }), /job 1 holds 404 for 3 tasks of 101/],
    ["a job and a bid that want different things", ({ jobs }) => (jobs[0]!["profile_id"] = 1), /job 1 and its bid do not want the same/],
    ["a lease of nothing", ({ leases }) => (leases[0]!["job_id"] = "7"), /lease 1 is of 7, which is neither a job nor a service/],
    ["a task under another's lease", ({ tasks }) => (tasks[0]!.replicas[0]!["ask_id"] = "2"), /task 65536 runs at \S+ under lease 1, which is another one/],
    ["a unit too many in the book", ({ asks }) => (asks[0]!["free_units"] = 1), /ask 1 of 2 units has 1 free, 0 held, 2 out/],
    ["more stake than the bond has locked", ({ tasks }) => (tasks[0]!.replicas[0]!["stake"] = "200"), /has \d+ locked, its tasks and instances stake \d+/],
    ["a draw for a task that waits for none", ({ draws }) => draws.push({ task_id: "65536", round: 0, count: 1, seed_height: "1" } as never), /a draw waits for task 65536/],
    ["a bid with more open tasks than its job has left", ({ bids }) => (bids[0]!["next_task"] = 1), /bid 1 matched 1 tasks, 2 have a record/],
    ["a bid that takes a running task for open", ({ bids }) => (bids[0]!["reopened"] = ["65536"]), /bid 1 lists tasks 65536 as open, they are /],
  ];
  for (const [what, change, said] of contradictions) {
    it(`MKT-212: is refused with ${what}`, async () => {
      const state = structuredClone(whole);
      change(state.market);
      await assert.rejects(begin(state), said);
    });
  }
});
