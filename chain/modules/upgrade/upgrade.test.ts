import assert from "node:assert/strict";
import { MsgCancelUpgrade, MsgSoftwareUpgrade } from "../../codec/gen/cosmos/upgrade/v1beta1/tx.ts";
import type { Plan } from "../../codec/gen/cosmos/upgrade/v1beta1/upgrade.ts";
import type { QueryAppliedPlanResponse, QueryAuthorityResponse, QueryCurrentPlanResponse, QueryModuleVersionsResponse } from "../../codec/gen/cosmos/upgrade/v1beta1/query.ts";
import { utf8 } from "../../codec/bytes.ts";
import { aminoMessage } from "../../codec/amino-json.ts";
import { toJson } from "../../codec/proto-json.ts";
import { Plan as PlanType } from "../../codec/gen/cosmos/upgrade/v1beta1/upgrade.ts";
import { authority } from "../../runtime/addresses.ts";
import { item, textValue } from "../../runtime/collections.ts";
import { HaltError, type QueryError, type TxError } from "../../runtime/errors.ts";
import { migrate, moduleVersions, versionsFault } from "../../runtime/migrations.ts";
import { defineModule, type Module } from "../../runtime/module.ts";
import { emptyStores, execute, memoryStores, query, testContext, transact } from "../../runtime/testing.ts";
import { StoresOverlay } from "../../store/overlay.ts";
import { upgradeModule } from "./module.ts";
import { noTime } from "./plan.ts";
import type { Upgrade } from "./ports.ts";

const { module: upgrade, upgradeRule } = upgradeModule({ authority });
const softwareUpgrade = `/${MsgSoftwareUpgrade.$type}`;
const cancelUpgrade = `/${MsgCancelUpgrade.$type}`;
const planOf = (given: Partial<Plan> = {}): Plan => ({ name: "v2", time: undefined, height: 10n, info: "", upgradedClientState: undefined, ...given });
const schedule = (stores: StoresOverlay, given: Partial<Plan> = {}, height = 1n): unknown => execute(stores, [upgrade], softwareUpgrade, { authority, plan: planOf(given) }, { height });
const scheduled = (stores: StoresOverlay): Plan | undefined => query<QueryCurrentPlanResponse>(stores, [upgrade], "/cosmos.upgrade.v1beta1.Query/CurrentPlan", {}).plan;
const appliedAt = (stores: StoresOverlay, name: string): bigint => query<QueryAppliedPlanResponse>(stores, [upgrade], "/cosmos.upgrade.v1beta1.Query/AppliedPlan", { name }).height;
const versions = (stores: StoresOverlay, moduleName = ""): string[] =>
  query<QueryModuleVersionsResponse>(stores, [upgrade], "/cosmos.upgrade.v1beta1.Query/ModuleVersions", { moduleName }).moduleVersions.map(({ name, version }) => `${name} ${version}`);

// ---- a small chain of two builds: `ledger` rises from 1 to 3, `extra` is new

const word = item("ledger", utf8("word"), textValue);
const extraWord = item("extra", utf8("word"), textValue);
const plain = { messages: [], queries: [], stores: [] };
const ledger1 = defineModule({ ...plain, name: "ledger", consensusVersion: 1 });
const ledger3 = defineModule({
  ...plain, name: "ledger", consensusVersion: 3,
  migrations: { 1: (ctx) => word.set(ctx, `${word.get(ctx)}, then two`), 2: (ctx) => word.set(ctx, `${word.get(ctx)}, then three`) },
});
const extra = defineModule<string>({
  ...plain, name: "extra", consensusVersion: 1,
  genesis: { type: { $type: "", encode: () => ({ finish: () => new Uint8Array(0) }), decode: () => "" }, defaults: () => "begins", check: () => undefined, init: (ctx, text) => extraWord.set(ctx, text), export: () => "" },
});
const oldModules: readonly Module[] = [ledger1, upgrade];
const newModules: readonly Module[] = [ledger3, upgrade, extra];
const v2: Upgrade = { name: "v2", run: (ctx) => word.set(ctx, `${word.get(ctx)}, then v2`) };

function chain(): StoresOverlay {
  const stores = memoryStores();
  transact(stores, (ctx) => {
    for (const module of oldModules) moduleVersions.set(ctx, module.name, BigInt(module.consensusVersion));
    word.set(ctx, "one");
  });
  return stores;
}

/** A build in front of a block: what it throws, or nothing. The changes are kept where it throws nothing. */
function meets(stores: StoresOverlay, height: bigint, modules: readonly Module[], upgrades: readonly Upgrade[], skipHeights: readonly bigint[] = []): HaltError | undefined {
  try {
    transact(stores, (ctx) => upgradeRule({ modules, upgrades, skipHeights }).run(ctx), { height });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof HaltError, String(error));
    return error;
  }
}

describe("upgrade", () => {
  it("schedules the authority's plan, in the place of an earlier one, and answers it with Go's zero time (UPGRADE-1)", () => {
    const stores = chain();
    assert.equal(scheduled(stores), undefined);
    schedule(stores);
    schedule(stores, { name: "v3", height: 20n, info: "see", time: noTime });
    assert.deepEqual(scheduled(stores), { name: "v3", time: noTime, height: 20n, info: "see", upgradedClientState: undefined });
    assert.deepEqual(toJson(PlanType.$type, PlanType.encode(scheduled(stores)!).finish()), { name: "v3", time: "0001-01-01T00:00:00Z", height: "20", info: "see", upgraded_client_state: null });
    assert.equal(query<QueryAuthorityResponse>(stores, [upgrade], "/cosmos.upgrade.v1beta1.Query/Authority", {}).address, authority);
  });

  it("refuses others than the authority with upgrade 6, for both messages (UPGRADE-1)", () => {
    for (const [typeUrl, message] of [[softwareUpgrade, { authority: "dcm1", plan: planOf() }], [cancelUpgrade, { authority: "dcm1" }]] as const) {
      assert.throws(() => execute(chain(), [upgrade], typeUrl, message), (error: TxError) => {
        assert.equal(`${error.codespace} ${error.code} ${error.message}`, `upgrade 6 expected ${authority} got dcm1: expected authority account as only signer for proposal message`);
        return true;
      });
    }
  });

  it("refuses plans as the SDK does, with its words, and what is too long (UPGRADE-2)", () => {
    const cases: readonly [Partial<Plan> | undefined, string][] = [
      [{ time: { seconds: 1n, nanos: 0 } }, "plan: time-based upgrades have been deprecated in the SDK: invalid request"],
      [{ upgradedClientState: { typeUrl: "/x", value: new Uint8Array(0) } }, "plan: upgrade logic for IBC has been moved to the IBC module: invalid request"],
      [{ name: "" }, "plan: name cannot be empty: invalid request"],
      [{ height: 0n }, "plan: height must be greater than 0: invalid request"],
      [{ height: -5n }, "plan: height must be greater than 0: invalid request"],
      [{ name: "é".repeat(51) }, "plan: name has 102 bytes, at most 100 are allowed: invalid request"],
      [{ name: "v2\nNEEDED" }, "plan: name has control characters: invalid request"],
      [{ info: "x".repeat(10_001) }, "plan: info has 10001 bytes, at most 10000 are allowed: invalid request"],
      [{ height: 4n }, "upgrade cannot be scheduled in the past: invalid request"],
    ];
    for (const [given, message] of cases) {
      const stores = chain();
      assert.throws(() => schedule(stores, given, 5n), (error: TxError) => {
        assert.equal(`${error.codespace} ${error.code} ${error.message}`, `sdk 18 ${message}`);
        return true;
      });
      assert.equal(scheduled(stores), undefined);
    }
    assert.throws(() => execute(chain(), [upgrade], softwareUpgrade, { authority, plan: undefined }), /plan: name cannot be empty/);
    schedule(chain(), { height: 5n }, 5n);
  });

  it("cancels the plan; where there is none, nothing happens (UPGRADE-3)", () => {
    const stores = chain();
    execute(stores, [upgrade], cancelUpgrade, { authority });
    schedule(stores);
    execute(stores, [upgrade], cancelUpgrade, { authority });
    assert.equal(scheduled(stores), undefined);
    assert.equal(meets(stores, 10n, oldModules, []), undefined);
  });

  it("stops a build without the plan's upgrade in front of the block, each time anew, and changes nothing (UPGRADE-4)", () => {
    const stores = chain();
    schedule(stores, { info: '{"binaries":{}}' });
    assert.equal(meets(stores, 9n, oldModules, []), undefined);
    for (const height of [10n, 10n, 11n]) {
      const halt = meets(stores, height, oldModules, []);
      assert.equal(halt?.message, 'UPGRADE "v2" NEEDED at height: 10: {"binaries":{}}');
      assert.equal(halt.needed?.name, "v2");
    }
    assert.equal(scheduled(stores)?.name, "v2");
    assert.equal(appliedAt(stores, "v2"), 0n);
  });

  it("stops a build that has the upgrade before its height (UPGRADE-5)", () => {
    const stores = chain();
    assert.match(meets(stores, 9n, newModules, [v2])?.message ?? "", /this build has the module|module ledger is at consensus version 1 in the state, at 3 in this build/);
    schedule(stores);
    const halt = meets(stores, 9n, newModules, [v2]);
    assert.equal(halt?.message, 'BINARY UPDATED BEFORE TRIGGER! UPGRADE "v2" - in binary but not executed on chain. Downgrade your binary');
    assert.equal(halt.needed, undefined);
  });

  it("migrates every module whose version rose, one version after another, begins new ones with their defaults, then runs the plan's own work (UPGRADE-6)", () => {
    const stores = chain();
    schedule(stores);
    assert.deepEqual(versions(stores), ["ledger 1", "upgrade 1"]);
    assert.equal(meets(stores, 10n, newModules, [v2]), undefined);
    assert.equal(word.get(testContext(stores)), "one, then two, then three, then v2");
    assert.equal(extraWord.get(testContext(stores)), "begins");
    assert.deepEqual(versions(stores), ["extra 1", "ledger 3", "upgrade 1"]);
    assert.deepEqual(versions(stores, "ledger"), ["ledger 3"]);
    assert.throws(() => versions(stores, "none"), (error: QueryError) => error.grpc === "NotFound" && error.message === "x/upgrade: QueryModuleVersions module none not found: not found");
    assert.equal(scheduled(stores), undefined);
    assert.equal(appliedAt(stores, "v2"), 10n);
    assert.equal(meets(stores, 11n, newModules, [v2]), undefined);
    assert.equal(word.get(testContext(stores)), "one, then two, then three, then v2", "once only");
    assert.throws(() => schedule(stores, { height: 30n }, 11n), /upgrade with name v2 has already been completed: invalid request/);
  });

  it("keeps nothing of an upgrade that fails half-way (UPGRADE-6)", () => {
    const stores = chain();
    schedule(stores);
    const broken: Upgrade = { name: "v2", run: () => { throw new RangeError("half-way"); } };
    assert.throws(() => transact(stores, (ctx) => upgradeRule({ modules: newModules, upgrades: [broken], skipHeights: [] }).run(ctx), { height: 10n }), /half-way/);
    assert.equal(word.get(testContext(stores)), "one");
    assert.equal(meets(stores, 10n, newModules, [v2]), undefined, "a mended build goes on from there");
  });

  it("stops a build that is older than the state (UPGRADE-7)", () => {
    const stores = chain();
    schedule(stores);
    meets(stores, 10n, newModules, [v2]);
    assert.match(meets(stores, 11n, newModules, [])?.message ?? "", /^upgrade handler is missing for v2 upgrade plan, which was applied at height 10/);
    assert.match(meets(stores, 11n, oldModules, [v2])?.message ?? "", /^module ledger is at consensus version 3 in the state, at 1 in this build/);
    schedule(stores, { name: "v3", height: 20n }, 12n);
    assert.throws(() => transact(stores, (ctx) => upgradeRule({ modules: [ledger1], upgrades: [{ name: "v3" }], skipHeights: [] }).run(ctx), { height: 20n }), /only at 1 in this build/);
  });

  it("lets a plan pass at a height that the operator skips, and goes on without it (UPGRADE-8)", () => {
    const stores = chain();
    schedule(stores);
    assert.equal(meets(stores, 10n, oldModules, [], [10n]), undefined);
    assert.equal(scheduled(stores), undefined);
    assert.equal(appliedAt(stores, "v2"), 0n);
    assert.equal(meets(stores, 11n, oldModules, []), undefined);
    assert.equal(word.get(testContext(stores)), "one");
    schedule(stores, { height: 20n }, 12n);
  });

  it("knows in front of a block whether this build changes the state there", () => {
    const stores = chain();
    schedule(stores);
    const due = (height: bigint, upgrades: readonly Upgrade[], skipHeights: readonly bigint[] = []): boolean => upgradeRule({ modules: newModules, upgrades, skipHeights }).due(testContext(stores, { height }));
    assert.deepEqual([due(9n, [v2]), due(10n, [v2]), due(10n, []), due(10n, [v2], [10n])], [false, true, false, false]);
  });

  it("signs in amino JSON under the SDK's names (UPGRADE-9)", () => {
    assert.equal(aminoMessage(cancelUpgrade, { authority }), `{"type":"cosmos-sdk/MsgCancelUpgrade","value":{"authority":"${authority}"}}`);
    assert.equal(
      aminoMessage(softwareUpgrade, { authority, plan: planOf({ time: noTime, info: "i" }) }),
      `{"type":"cosmos-sdk/MsgSoftwareUpgrade","value":{"authority":"${authority}","plan":{"height":"10","info":"i","name":"v2","time":"0001-01-01T00:00:00Z"}}}`,
    );
  });

  it("refuses a module whose migrations have a gap, and a state that they do not reach", () => {
    const step = (): void => undefined;
    for (const migrations of [{ 1: step }, { 1: step, 3: step }, { 2: step, 3: step, 4: step }]) assert.throws(() => defineModule({ ...plain, name: "gap", consensusVersion: 4, migrations }), /migrations lead from/);
    const late = defineModule({ ...plain, name: "ledger", consensusVersion: 4, migrations: { 3: step } });
    assert.throws(() => transact(chain(), (ctx) => migrate(ctx, [late])), /module ledger has no migration from consensus version 1, which the state has/);
    assert.match(versionsFault(testContext(new StoresOverlay(emptyStores)), [ledger1]) ?? "", /this build has the module ledger, the state does not/);
  });
});
