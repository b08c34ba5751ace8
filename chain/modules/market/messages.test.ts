import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Comparator, OrderStatus, TimeInForce, VerificationLevel, type Params } from "../../codec/gen/dcm/market/v1/types.ts";
import { GenesisState } from "../../codec/gen/dcm/market/v1/genesis.ts";
import { brokenInvariants, initGenesis, memoryStores, testContext } from "../../runtime/testing.ts";
import { wasmCore } from "./classes.ts";
import { localnetParams, paramBounds } from "./params.ts";
import { authority, bidMessage, fails, name, refereed, replicated, spotChecked, saltChain, TestMarket } from "./testing.ts";

const stateOf = (market: TestMarket): Uint8Array => GenesisState.encode(market.module.genesis!.export(testContext(market.stores)) as GenesisState).finish();

function market(): { market: TestMarket; provider: string; consumer: string } {
  const made = new TestMarket();
  return { market: made, provider: made.provider("p1"), consumer: made.fund("c") };
}

describe("MsgPlaceAsk", () => {
  const bad: readonly [string, object, number, RegExp][] = [
    ["a price of zero", { basePrice: 0n }, 2, /base_price is 0; it must be from 1 to/],
    ["a huge price", { basePrice: 10n ** 15n + 1n }, 2, /base_price/],
    ["no units", { units: 0 }, 2, /units is 0/],
    ["too many units", { units: 10_001 }, 2, /units is 10001/],
    ["an unknown class", { classId: "gpu.h100" }, 4, /no capacity class gpu.h100/],
    ["a class name that is none", { classId: "Wasm Core" }, 2, /class_id/],
    ["another denom", { quoteDenom: "uatom" }, 6, /quote_denom is uatom; prices are quoted in the bond denom udcm or in what query QuoteDenoms lists/],
    ["an expiry in the past", { expiresTau: 5n }, 2, /expires_tau is 5; it must be after/],
    ["an expiry beyond what is allowed", { expiresTau: 1n << 49n }, 2, /expires_tau/],
    ["more bond than is free", { units: 10_000, provider: name("poor") }, 8, /sets 10000000 of bond aside, 5000 is free/],
    ["premiums for what the provider does not declare", { premiums: [{ attribute: { key: "a", value: "b" }, price: 1n }] }, 32, /does not declare a=b; MsgEditProvider/],
    ["premiums that are not sorted", { premiums: [{ attribute: { key: "b", value: "b" }, price: 1n }, { attribute: { key: "a", value: "b" }, price: 1n }] }, 2, /premiums .* sorted/],
    ["a huge premium", { premiums: [{ attribute: { key: "a", value: "b" }, price: 10n ** 15n + 1n }] }, 2, /premiums.price/],
    ["a key that no provider could declare", { premiums: [{ attribute: { key: "A b", value: "b" }, price: 1n }] }, 2, /premiums.attribute.key is A b/],
    ["a window that opens when it is over", { availableFrom: 1_000_010n, availableUntil: 1_000_010n }, 2, /available_from is 1000010; it must be from 1000000 to 1000009/],
    ["more units in one place than it has", { maxColocated: 2 }, 2, /max_colocated is 2; it must be from 0 to 1/],
    ["a notice of reclaims", { reclaimNotice: 9n }, 68, /reclaim_notice/],
    ["a level of verification twice", { levels: [1, 1] }, 2, /levels is v0_none,v0_none; it must be rising, each once/],
    ["levels that do not rise", { levels: [2, 1] }, 2, /levels is v1_spot_check,v0_none; it must be rising/],
    ["a level that nobody serves", { levels: [5] }, 3, /levels v4_\w+ is not served yet/],
    ["a level that is none", { levels: [99] }, 3, /levels 99 is not served yet/],
    ["a stranger", { provider: name("stranger") }, 7, /is not an active provider/],
  ];
  for (const [what, change, code, text] of bad) {
    it(`MKT-1: refuses ${what} and changes nothing`, () => {
      const { market: m, provider } = market();
      m.provider("poor", 5_000n);
      const before = stateOf(m);
      fails(() => m.ask(provider, 10n, 1, change), code, text);
      assert.deepEqual(stateOf(m), before);
    });
  }
  it("MKT-1: refuses an address that is none", () => {
    fails(() => market().market.ask("dcm1nonsense", 10n), 7, /invalid provider address/, "sdk");
  });
  it("MKT-2: sets bond aside for each unit and gives it back on cancelling", () => {
    const { market: m, provider } = market();
    const ask = m.ask(provider, 10n, 3);
    assert.equal(m.providers.get(provider)!.reserved, 3_000n);
    fails(() => m.send("MsgCancelAsk", { provider: name("c"), askId: ask }), 12, /belongs to/);
    fails(() => m.send("MsgCancelAsk", { provider, askId: 99n }), 9, /no ask 99/);
    m.send("MsgCancelAsk", { provider, askId: ask });
    fails(() => m.send("MsgCancelAsk", { provider, askId: ask }), 26, /being cancelled already/);
    m.block();
    assert.equal(m.providers.get(provider)!.reserved, 0n);
  });
});

describe("MsgPlaceBid", () => {
  const v2 = VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED;
  const bad: readonly [string, object, object, number, RegExp][] = [
    ["a limit of zero", { limitPrice: 0n }, {}, 2, /limit_price/],
    ["no lots", { lots: 0n }, {}, 2, /lots/],
    ["more lots than the class allows", { lots: 1_000_001n }, {}, 2, /lots is 1000001; it must be from 1 to 1000000/],
    ["another payer", { payer: name("rich") }, {}, 3, /payer .* other than the signer is not served yet/],
    ["no time in force", { timeInForce: TimeInForce.TIME_IN_FORCE_UNSPECIFIED }, {}, 2, /time_in_force is unspecified; it must be GTT, IOC or FOK/],
    ["tasks that do not come out even in places", { minColocated: 2 }, { tasks: 3 }, 2, /job.tasks is 3; it must be a multiple of min_colocated 2/],
    ["places for replicas", { ...replicated(saltChain(1)), minColocated: 2 }, { tasks: 2 }, 3, /min_colocated 2 with v2_replicated/],
    ["V1 without salts", { verification: VerificationLevel.VERIFICATION_LEVEL_V1_SPOT_CHECK }, {}, 2, /salt_head is 0 bytes; it must be 32 bytes/],
    ["V1 with two replicas", { ...spotChecked(saltChain(1)), k: 2 }, {}, 2, /k is 2; it must be from 1 to 1/],
    ["places for what may be audited", { ...spotChecked(saltChain(1)), minColocated: 2 }, { tasks: 2 }, 3, /min_colocated 2 with v1_spot_check/],
    ["V3 in a class that is not refereed", { ...refereed(saltChain(1)), classId: "wasm.core" }, { programRoot: new Uint8Array(32) }, 3, /verification v3_refereed in class wasm.core/],
    ["V4", { verification: VerificationLevel.VERIFICATION_LEVEL_V4_ENCLAVE }, {}, 3, /verification v4_enclave/],
    ["MPC", { verification: VerificationLevel.VERIFICATION_LEVEL_MPC }, {}, 3, /verification mpc/],
    ["an unknown level", { verification: 77 as VerificationLevel }, {}, 3, /verification 77/],
    ["a tolerance", { comparator: Comparator.COMPARATOR_TOLERANCE }, {}, 3, /comparator tolerance/],
    ["a profile that the book does not have", { profileId: 3 }, {}, 27, /has no profile 3 that is ready; query Profiles lists them/],
    ["V2 without salts", { verification: v2 }, {}, 2, /salt_head is 0 bytes; it must be 32 bytes/],
    ["V0 with three replicas", { k: 3 }, {}, 2, /k is 3/],
    ["V2 with one replica", { ...replicated(saltChain(1)), k: 1 }, {}, 2, /k is 1; it must be from 2 to 3/],
    ["a negative risk", { risk: "-1" }, {}, 2, /risk/],
    ["a risk that is not canonical", { risk: "007" }, {}, 2, /risk/],
    ["a risk beyond 20 F", { risk: "4001" }, {}, 2, /risk is 4001; it must be from 0 to 4000/],
    ["unsorted cost tags", { costTags: [{ key: "b", value: "" }, { key: "a", value: "" }] }, {}, 2, /cost_tags/],
    ["an expiry in the past", { expiresTau: 1n }, {}, 2, /expires_tau/],
    ["no tasks", {}, { tasks: 0 }, 2, /job.tasks/],
    ["too many tasks", {}, { tasks: 1_025 }, 2, /job.tasks is 1025; it must be from 1 to 1024/],
    ["a short digest", {}, { inputRoot: new Uint8Array(31) }, 2, /job.input_root is 31 bytes/],
    ["a URL that is none", {}, { dataUrls: ["file:///etc/passwd"] }, 2, /job.data_urls/],
    ["a key of another length", {}, { consumerKey: new Uint8Array(5) }, 2, /job.consumer_key/],
    ["a duration in which no host does the lots", { lots: 11n }, {}, 35, /job.duration is 1000; 11 lots of wasm.core take up to 1100 ms on a conforming host/],
    ["the most lots in the longest duration that a class could ask for", { lots: 1_000_000n }, { duration: 86_400_000n }, 35, /take up to 100000000 ms/],
    ["a duration of zero", {}, { duration: 0n }, 2, /job.duration/],
    ["a result without room for its status", {}, { maxResultSize: 1n }, 2, /job.max_result_size is 1; it must be from 2/],
  ];
  for (const [what, change, job, code, text] of bad) {
    it(`MKT-3: refuses ${what} and changes nothing`, () => {
      const { market: m, consumer } = market();
      const before = stateOf(m);
      fails(() => m.bid(consumer, 20n, change, job), code, text);
      assert.deepEqual(stateOf(m), before);
    });
  }
  it("MKT-3: refuses a bid that the balance does not cover", () => {
    const m = new TestMarket();
    fails(() => m.bid(m.fund("poor", 100n), 20n), 5, /has 100/, "sdk");
  });
  it("MKT-4: takes (k + R) x limit x lots, the fee on it and the deposit into escrow", () => {
    const { market: m, consumer } = market();
    const placed = m.send<{ escrow: string; storageDeposit: string }>("MsgPlaceBid", bidMessage(consumer, 20n, replicated(saltChain(1)), { tasks: 3 }));
    assert.equal(placed.escrow, String(3 * (4 * 20 * 10 + 8)));
    assert.equal(m.balances.get(consumer), 1_000_000_000n - BigInt(placed.escrow) - BigInt(placed.storageDeposit));
  });
  it("MKT-5: lets only its consumer cancel, once", () => {
    const { market: m, consumer, provider } = market();
    const job = m.bid(consumer, 20n);
    fails(() => m.send("MsgCancelBid", { consumer: provider, jobId: job }), 12, /belongs to/);
    fails(() => m.send("MsgCancelBid", { consumer, jobId: 9n }), 10, /no job 9/);
    m.send("MsgCancelBid", { consumer, jobId: job });
    m.block();
    assert.equal(m.query<{ bid: { status: number } }>("Bid", { bidId: job }).bid.status, OrderStatus.ORDER_STATUS_CANCELLED);
    fails(() => m.send("MsgCancelBid", { consumer, jobId: job }), 13, /is cancelled/);
  });
});

describe("workers, salts, authority", () => {
  it("MKT-6: nobody acts for another's provider, for a task that is not its own or a job that is not its own", () => {
    const { market: m, provider, consumer } = market();
    m.ask(provider, 10n);
    const job = m.bid(consumer, 20n);
    m.block(1_000n, 2);
    fails(() => m.send("MsgStartTask", { worker: consumer, provider, taskId: job * 65_536n }), 22, /may not act for/);
    fails(() => m.start(job * 65_536n, m.provider("p2")), 14, /no live replica/);
    fails(() => m.start(12_345n, provider), 11, /no task 12345/);
    fails(() => m.commit(job * 65_536n, provider), 15, /is assigned; this needs running/);
    fails(() => m.send("MsgRevealSalt", { consumer: provider, jobId: job, salt: new Uint8Array(32) }), 12, /belongs to/);
    fails(() => m.send("MsgRevealSalt", { consumer, jobId: job, salt: new Uint8Array(32) }), 18, /does not hash/);
  });
  it("MKT-7: only the authority changes classes and parameters, within hard bounds, as a new version", () => {
    const { market: m, consumer } = market();
    fails(() => m.send("MsgUpdateParams", { authority: consumer, params: localnetParams() }), 13, /invalid authority/, "gov");
    fails(() => m.send("MsgUpdateParams", { authority, params: { ...localnetParams(), feeBps: 1_001 } }), 24, /params.fee_bps is 1001; it must be from 0 to 1000/);
    for (const field of Object.keys(paramBounds) as (keyof Params)[]) {
      const [, low] = paramBounds[field];
      if (low === 0 || low === 0n) continue;
      fails(() => m.send("MsgUpdateParams", { authority, params: { ...localnetParams(), [field]: typeof low === "bigint" ? low - 1n : low - 1 } }), 24, /must be from/);
    }
    assert.equal(m.send<{ paramsVersion: bigint }>("MsgUpdateParams", { authority, params: localnetParams() }).paramsVersion, 2n);
    fails(() => m.send("MsgSetClass", { authority: consumer, class: wasmCore() }), 13, /invalid authority/, "gov");
    fails(() => m.send("MsgSetClass", { authority, class: { ...wasmCore(), meterPerLot: 5n } }), 25, /meter_per_lot of a class never changes/);
    fails(() => m.send("MsgSetClass", { authority, class: { ...wasmCore(), maxLotMs: 0n } }), 2, /class.max_lot_ms is 0; it must be from 1 to/);
    m.send("MsgSetClass", { authority, class: { ...wasmCore(), closed: true } });
    fails(() => m.bid(consumer, 20n), 5, /takes no new orders/);
  });
});

describe("market genesis", () => {
  it("MKT-8: exports what it needs to go on, and exports the same again", () => {
    const { market: m, provider, consumer } = market();
    m.ask(provider, 10n, 2);
    m.ask(m.provider("p2"), 11n);
    m.bid(consumer, 20n, replicated(saltChain(3)), { tasks: 2, consumerKey: new Uint8Array(32) });
    m.bid(consumer, 3n);
    const unlucky = m.bid(consumer, 20n);
    m.block(1_000n, 3);
    m.send("MsgDeclineTask", { worker: m.task(unlucky * 65_536n).replicas[0]!.provider, provider: m.task(unlucky * 65_536n).replicas[0]!.provider, taskId: unlucky * 65_536n, reason: "" });
    const state = m.module.genesis!.export(testContext(m.stores)) as GenesisState;
    assert.equal(state.declines.length, 1);
    const stores = memoryStores();
    initGenesis(stores, [m.module], { market: state });
    assert.deepEqual(brokenInvariants(stores, [m.module]), []);
    assert.deepEqual(m.module.genesis!.export(testContext(stores)), state);
  });
  it("MKT-8: refuses a section that contradicts itself", () => {
    const { module } = new TestMarket();
    const state = module.genesis!.defaults() as GenesisState;
    assert.throws(() => module.genesis!.check({ ...state, params: [] }), /needs at least version 1/);
    assert.throws(() => module.genesis!.check({ ...state, classes: [wasmCore(), wasmCore()] }), /not sorted or repeats/);
  });
});

describe("a market under random messages", () => {
  it("MKT-9: keeps every invariant and all money, in each of two denoms", () => {
    const traded = new Set<string>();
    let streamed = 0;
    const seen = new Map(["EventLeaseCreated", "EventReplicaChanged", "EventStageOpened", "EventStageClosed"].map((name) => [name, 0]));
    for (let seed = 1; seed <= 6; seed++) {
      const m = new TestMarket({}, (state) => (state.quoteDenoms = [{ denom: "uusd", rate: { bondUnits: 7n, quoteUnits: 3n }, closed: false }]));
      const accounts = [...["p1", "p2", "p3", "p4"].map((label, i) => m.provider(label, 200_000n, undefined, [["gpu", "a"], ["zone", "abc"[i % 3]!]])), m.fund("c1"), m.fund("c2")];
      let state = seed * 7_919;
      const int = (bound: number): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * bound);
      };
      const random = { int, bigint: (bound: bigint) => BigInt(int(Number(bound))), chance: (percent: number) => int(100) < percent, pick: <T>(items: readonly T[]): T => items[int(items.length)]! };
      for (const label of ["c1", "c2", "p1", "p2"]) m.fund(label, 1_000_000n, "uusd");
      const money = [m.money, m.moneyIn("uusd")];
      for (let i = 0; i < 500; i++) {
        const bound = random.pick(m.module.messages);
        const message = bound.handler.arbitrary({ ctx: testContext(m.stores, { height: m.height }), accounts, random });
        if (message !== undefined && message !== null) {
          try {
            m.send(bound.typeUrl.replace("/dcm.market.v1.", ""), message as object);
          } catch (error) {
            assert.equal((error as Error).name, "TxError", String((error as Error).stack));
          }
        }
        if (random.chance(40)) m.block(BigInt(1 + int(10_000)));
        assert.deepEqual([m.money, m.moneyIn("uusd")], money);
      }
      for (const { attributes } of m.named("EventLeaseCreated")) traded.add(new Map(attributes).get("quote_denom")!);
      streamed += m.named("EventEscrowSettled").filter(({ attributes }) => attributes.some(([key, value]) => key === "from_tau" && value !== "0")).length;
      for (const name of seen.keys()) seen.set(name, seen.get(name)! + m.named(name).length);
    }
    assert.deepEqual([...traded].sort(), ["udcm", "uusd"]);
    assert.ok(streamed > 0, "money streamed");
    for (const [name, count] of seen) assert.ok(count > 0, `no ${name} in any run`);
  });
});
