import assert from "node:assert/strict";
import fc from "fast-check";
import { addressBytes, addressText, moduleAddress } from "../../../codec/address.ts";
import { compareBytes, concatBytes, equalBytes } from "../../../codec/bytes.ts";
import { GenesisState } from "../../../codec/gen/dcm/staking/v1/genesis.ts";
import type { QueryProviderResponse, QueryProvidersResponse, QueryStatisticsResponse, QueryUnbondingsResponse } from "../../../codec/gen/dcm/staking/v1/query.ts";
import type { MsgHeartbeatResponse, MsgUnbondResponse } from "../../../codec/gen/dcm/staking/v1/tx.ts";
import type { Profile } from "../../../codec/gen/dcm/staking/v1/types.ts";
import { Context } from "../../../runtime/context.ts";
import { QueryError, TxError } from "../../../runtime/errors.ts";
import { retryMs } from "../../../runtime/retry.ts";
import { holdLookMs } from "./keeper.ts";
import { defaultParams } from "./params.ts";
import type { Outcome } from "./ports.ts";
import { sweepLimit } from "./sweeps.ts";
import { account, authority, denom, plainBank, profileOf, ProvidersWorld } from "./testing.ts";

const day = 86_400_000n;
const coin = (amount: bigint | string, of = denom): { denom: string; amount: string } => ({ denom: of, amount: String(amount) });
const provider = (world: ProvidersWorld, i: number): NonNullable<QueryProviderResponse["provider"]> => world.ask<QueryProviderResponse>("Provider", { operator: account(i) }).provider!;

const failsWith = (code: number, words: RegExp, codespace = "providers") => (error: unknown): boolean => {
  assert.ok(error instanceof TxError, String(error));
  assert.deepEqual([error.codespace, error.code], [codespace, code], error.message);
  assert.match(error.message, words);
  return true;
};

/** Each of these messages fails with this error and changes nothing. */
function refuses(world: ProvidersWorld, name: string, messages: readonly (readonly [message: object, code: number, words: RegExp, codespace?: string])[]): void {
  const before = world.stores.dump();
  for (const [message, code, words, codespace] of messages) assert.throws(() => world.send(name, message), failsWith(code, words, codespace));
  assert.equal(world.stores.dump(), before);
}

const badOperators = (rest: object): [object, number, RegExp, string][] => [
  [{ operator: "", ...rest }, 7, /operator: /, "sdk"],
  [{ operator: "dcm1xyz", ...rest }, 7, /operator: /, "sdk"],
  [{ operator: "cosmos1qyqszqgpqyqszqgpqyqszqgpqyqszqgpjnp7du", ...rest }, 7, /expected 'dcm'/, "sdk"],
];

const many = (i: number): string => addressText(concatBytes(new Uint8Array(18), Uint8Array.of(i >> 8, i & 0xff)));

describe("providers", () => {
  describe("MsgRegisterProvider", () => {
    it("PRV-1 makes the signer a provider with its bond in the module's account", () => {
      const world = new ProvidersWorld();
      const events = world.send("RegisterProvider", { operator: account(1), profile: profileOf(), bond: coin(5_000_000n) }).events;
      assert.deepEqual(events.map(({ type }) => type), ["dcm.staking.v1.EventProviderRegistered"]);
      const info = provider(world, 1);
      assert.deepEqual([info.active, info.free, info.bond?.total, info.profile], [true, "5000000", "5000000", profileOf()]);
      assert.equal(world.moduleBalance, 5_000_000n);
      assert.equal(world.balance(account(1)), 995_000_000n);
      const view = world.kit.providers.find(world.ctx(), addressBytes(account(1)))!;
      assert.deepEqual([view.organization, view.attributes], [account(1), [["jurisdiction", "CH"], ["zone", "a"]]]);
    });

    it("PRV-1 refuses a second registration, a small or foreign bond, and what the account cannot pay", () => {
      const world = new ProvidersWorld();
      world.register(1);
      const message = { operator: account(2), profile: profileOf() };
      refuses(world, "RegisterProvider", [
        ...badOperators({ profile: profileOf(), bond: coin(5_000_000n) }),
        [{ operator: account(1), profile: profileOf(), bond: coin(5_000_000n) }, 2, /provider already/],
        [{ ...message, bond: undefined }, 5, /bond is missing/],
        [{ ...message, bond: coin(0n) }, 5, /positive whole number/],
        [{ ...message, bond: coin("-5") }, 5, /positive whole number/],
        [{ ...message, bond: coin("05") }, 5, /positive whole number/],
        [{ ...message, bond: coin("1".repeat(90)) }, 5, /positive whole number/],
        [{ ...message, bond: coin(5n, "!") }, 5, /not a denom/],
        [{ ...message, bond: coin(5_000_000n, "other") }, 6, /bonds are in udcm, got other/],
        [{ ...message, bond: coin(999_999n) }, 15, /the least is 1000000/],
        [{ ...message, bond: coin(2_000_000_000n) }, 5, /spendable balance/, "sdk"],
      ]);
    });

    it("PRV-2 bounds every field of the profile and teaches its form", () => {
      const world = new ProvidersWorld();
      const lowOrder = ["00".repeat(32), `01${"00".repeat(31)}`, `ec${"ff".repeat(30)}7f`, `ed${"ff".repeat(30)}7f`, `ee${"ff".repeat(30)}ff`, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"];
      const bad: [Partial<Profile>, RegExp][] = [
        [{ moniker: "" }, /moniker is 1 to 70/], [{ moniker: "a".repeat(71) }, /moniker/], [{ moniker: " a" }, /moniker/], [{ moniker: "a\nb" }, /moniker/],
        [{ endpoints: Array.from({ length: 5 }, (_, i) => `http://h${i}`) }, /at most 4, got 5/], [{ endpoints: ["ftp://x"] }, /endpoints\[0\]/], [{ endpoints: ["http://"] }, /endpoints\[0\]/],
        [{ endpoints: ["javascript:alert(1)"] }, /endpoints\[0\]/], [{ endpoints: ["http://a", "http://a"] }, /endpoints\[1\] stands there twice/], [{ endpoints: [`http://${"a".repeat(250)}`] }, /at most 256/],
        [{ endpoints: ["http://a/?x=<script>"] }, /without query/],
        [{ encryptionKey: new Uint8Array(31) }, /32 bytes, got 31/], [{ encryptionKey: new Uint8Array(0) }, /32 bytes, got 0/],
        ...lowOrder.map((hex): [Partial<Profile>, RegExp] => [{ encryptionKey: new Uint8Array(Buffer.from(hex, "hex")) }, /low order/]),
        [{ attributes: Array.from({ length: 33 }, (_, i) => ({ key: `k${i}`, value: "v" })) }, /at most 32, got 33/], [{ attributes: [{ key: "K", value: "v" }] }, /attribute key "K"/],
        [{ attributes: [{ key: "", value: "v" }] }, /attribute key ""/], [{ attributes: [{ key: "k".repeat(33), value: "v" }] }, /attribute key/], [{ attributes: [{ key: "k", value: "" }] }, /attribute k: the value/],
        [{ attributes: [{ key: "k", value: "v".repeat(65) }] }, /attribute k: the value/], [{ attributes: [{ key: "b", value: "v" }, { key: "a", value: "v" }] }, /sorted by key/],
        [{ attributes: [{ key: "a", value: "v" }, { key: "a", value: "w" }] }, /without repeats/],
        [{ organization: "A" }, /organization is 1 to 64/], [{ organization: "a".repeat(65) }, /organization/], [{ organization: account(3) }, /a name, not an address/],
      ];
      refuses(world, "RegisterProvider", [
        [{ operator: account(1), profile: undefined, bond: coin(5_000_000n) }, 4, /profile is missing/],
        ...bad.map(([change, words]) => [{ operator: account(1), profile: profileOf(change), bond: coin(5_000_000n) }, 4, words] as const),
      ]);
      world.register(1, 5_000_000n, { endpoints: ["http://127.0.0.1:26657", "https://[::1]:8443/a/b-c"], organization: "acme-labs", attributes: [{ key: "gpu/model", value: "H100 80 GB" }] });
      assert.equal(world.kit.providers.find(world.ctx(), addressBytes(account(1)))!.organization, "acme-labs");
    });
  });

  it("PRV-2 MsgEditProvider replaces the profile, under the same bounds", () => {
    const world = new ProvidersWorld();
    world.register(1);
    refuses(world, "EditProvider", [
      ...badOperators({ profile: profileOf() }),
      [{ operator: account(2), profile: profileOf() }, 3, /not a provider/],
      [{ operator: account(1), profile: undefined }, 4, /profile is missing/],
      [{ operator: account(1), profile: profileOf({ moniker: "" }) }, 4, /moniker/],
    ]);
    world.send("EditProvider", { operator: account(1), profile: profileOf({ moniker: "beta", attributes: [] }) });
    assert.deepEqual(provider(world, 1).profile, profileOf({ moniker: "beta", attributes: [] }));
  });

  it("PRV-20 an edit tells which attributes are no longer declared as they were, a leave tells all, each before eligibility", () => {
    const world = new ProvidersWorld();
    const told: string[] = [];
    world.kit.providers.onChange((_, address) => told.push(`change ${String(address[0])}`));
    world.kit.providers.onEdit((ctx, address, keys) => told.push(`${String(address[0])} ${keys === "all" ? keys : keys.join("+")} of ${world.kit.providers.find(ctx, address)?.attributes.length ?? "none"}`));
    const attributes = (...pairs: [key: string, value: string][]): Partial<Profile> => ({ attributes: pairs.map(([key, value]) => ({ key, value })) });
    const edit = (change: Partial<Profile>): string[] => {
      told.length = 0;
      world.send("EditProvider", { operator: account(1), profile: profileOf(change) });
      return [...told];
    };
    world.register(1, 5_000_000n, attributes(["a", "1"], ["b", "2"], ["c", "3"]));
    assert.deepEqual(told, ["change 1"]);
    assert.deepEqual(edit(attributes(["a", "1"], ["b", "9"], ["d", "4"])), ["1 b+c of 3", "change 1"]);
    assert.deepEqual(edit({ ...attributes(["a", "1"], ["b", "9"], ["d", "4"], ["e", "5"]), moniker: "beta" }), ["change 1"]);
    assert.deepEqual(edit(attributes()), ["1 a+b+d+e of 0", "change 1"]);
    world.send("RetireProvider", { operator: account(1) });
    told.length = 0;
    world.block(21n * day);
    assert.deepEqual(told.slice(0, 2), ["1 all of none", "change 1"]);
  });

  describe("bonds", () => {
    it("PRV-3 MsgBond adds free bond", () => {
      const world = new ProvidersWorld();
      world.register(1, 5_000_000n);
      refuses(world, "Bond", [
        ...badOperators({ amount: coin(1n) }),
        [{ operator: account(2), amount: coin(1n) }, 3, /not a provider/], [{ operator: account(1), amount: undefined }, 5, /amount is missing/],
        [{ operator: account(1), amount: coin(0n) }, 5, /positive/], [{ operator: account(1), amount: coin(1n, "other") }, 6, /got other/],
        [{ operator: account(1), amount: coin(10n ** 12n) }, 5, /spendable/, "sdk"],
      ]);
      world.send("Bond", { operator: account(1), amount: coin(7n) });
      assert.deepEqual([provider(world, 1).free, world.moduleBalance], ["5000007", 5_000_007n]);
    });

    it("PRV-4 reserve, lock, unlock and release move the parts and keep the total", () => {
      const world = new ProvidersWorld();
      const a = world.register(1, 5_000_000n);
      const parts = (): (string | undefined)[] => [provider(world, 1).bond?.reserved, provider(world, 1).bond?.locked, provider(world, 1).free];
      assert.equal(world.port((p, ctx) => p.reserve(ctx, a, 5_000_001n)), false);
      assert.equal(world.port((p, ctx) => p.reserve(ctx, a, 3_000_000n)), true);
      assert.deepEqual(parts(), ["3000000", "0", "2000000"]);
      assert.equal(world.port((p, ctx) => p.lock(ctx, a, 1_000_000n, 3_000_001n)), false);
      assert.equal(world.port((p, ctx) => p.lock(ctx, a, 3_000_001n, 1n)), false);
      assert.equal(world.port((p, ctx) => p.lock(ctx, a, 1_000_000n, 2_500_000n)), true);
      assert.deepEqual(parts(), ["2000000", "2500000", "500000"]);
      assert.equal(world.port((p, ctx) => p.lock(ctx, a, 1_000_000n, 400_000n)), true);
      assert.deepEqual(parts(), ["1000000", "2900000", "1100000"]);
      world.port((p, ctx) => p.unlock(ctx, a, 2_900_000n));
      world.port((p, ctx) => p.release(ctx, a, 1_000_000n));
      assert.deepEqual(parts(), ["0", "0", "5000000"]);
      assert.throws(() => world.port((p, ctx) => p.release(ctx, a, 1n)), /reserved is negative/);
      assert.throws(() => world.port((p, ctx) => p.unlock(ctx, a, 1n)), /locked is negative/);
      world.port((p, ctx) => p.lock(ctx, a, 0n, 2_000_000n));
      assert.equal(world.port((p, ctx) => p.unlock(ctx, a, 1_500_000n, 4_500_001n)), false, "the stake is free, but that is too little");
      assert.equal(world.port((p, ctx) => p.unlock(ctx, a, 500_000n, 5_000_000n)), true, "what comes free counts");
      assert.deepEqual([world.port((p, ctx) => p.locked(ctx, a)), world.port((p, ctx) => p.free(ctx, a))], [0n, 0n]);
      world.port((p, ctx) => p.release(ctx, a, 5_000_000n));
      const nobody = addressBytes(account(5));
      assert.deepEqual([world.kit.providers.reserve(world.ctx(), nobody, 1n), world.kit.providers.lock(world.ctx(), nobody, 0n, 1n), world.kit.providers.free(world.ctx(), nobody)], [false, false, 0n]);
    });

    it("PRV-5 slash takes locked stake: awards are paid, the rest is burned", () => {
      const world = new ProvidersWorld();
      const a = world.register(1, 5_000_000n);
      world.port((p, ctx) => p.lock(ctx, a, 0n, 1_000_000n));
      const awards = [{ to: addressBytes(account(2)), amount: 100_000n }, { to: addressBytes(account(3)), amount: 0n }];
      assert.throws(() => world.port((p, ctx) => p.slash(ctx, a, 1_000_001n, [], "test")), /slash: 1000001 of 1000000/);
      assert.throws(() => world.port((p, ctx) => p.slash(ctx, a, 50_000n, awards, "test")), /awards are more/);
      world.port((p, ctx) => p.slash(ctx, a, 1_000_000n, awards, "commit-missed"));
      assert.deepEqual([world.balance(account(2)), world.burnedTotal, world.moduleBalance], [1_000_100_000n, 900_000n, 4_000_000n]);
      assert.deepEqual([provider(world, 1).bond?.total, provider(world, 1).bond?.locked], ["4000000", "0"]);
      assert.equal(world.ask<QueryStatisticsResponse>("Statistics", { operator: account(1) }).statistics?.slashedAmount, "1000000");
      assert.deepEqual(world.broken(), []);
    });

    it("PRV-4 PRV-5 keep total = reserved + locked + unbonding + free, and every coin accounted for, under any sequence", () => {
      type Step = readonly [op: number, who: number, a: bigint, b: bigint];
      const step: fc.Arbitrary<Step> = fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 3 }), fc.bigInt({ min: 0n, max: 3_000_000n }), fc.bigInt({ min: 0n, max: 3_000_000n }));
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const world = new ProvidersWorld({ params: { unbondingTimeMs: 5_000n, maxUnbondingHoldMs: 20_000n } });
          const supply = (): bigint => [1, 2, 3, 4].reduce((sum, i) => sum + world.balance(account(i)), 0n) + world.moduleBalance + world.burnedTotal;
          const before = supply();
          for (const [op, who, a, b] of steps) {
            const address = addressBytes(account(who));
            const operator = account(who);
            const bond = world.kit.providers.find(world.ctx(), address);
            const least = (x: bigint, y: bigint): bigint => (x < y ? x : y);
            try {
              if (op === 0) world.register(who, 1_000_000n + a);
              else if (op === 1) world.send("Bond", { operator, amount: coin(a) });
              else if (op === 2) world.send("Unbond", { operator, amount: coin(a) });
              else if (op === 3) world.port((p, ctx) => p.reserve(ctx, address, a));
              else if (op === 4) world.port((p, ctx) => p.lock(ctx, address, a, b));
              else if (op === 5 && bond !== undefined) world.port((p, ctx) => p.unlock(ctx, address, least(a, bond.locked), b));
              else if (op === 6 && bond !== undefined) world.port((p, ctx) => p.release(ctx, address, least(a, bond.reserved)));
              else if (op === 7 && bond !== undefined) world.port((p, ctx) => p.slash(ctx, address, least(a, bond.locked), [{ to: addressBytes(account(4)), amount: least(a, bond.locked) / 10n }], "test"));
              else if (op === 8) world.port((p, ctx) => p.slashUnlocked(ctx, address, a, [{ to: addressBytes(account(4)), amount: b }], "sla"));
              else if (op === 9) world.send("CancelUnbond", { operator, id: 1n + (a % 8n) });
              else if (op === 10) world.block(a / 500n);
              else if (op === 11) world.send("RetireProvider", { operator });
              else world.port((p, ctx) => p.record(ctx, address, "missed", 1n));
            } catch (error) {
              if (!(error instanceof TxError)) throw error;
            }
            assert.deepEqual(world.broken(), []);
            assert.equal(supply(), before);
          }
        }),
        { numRuns: 60 },
      );
    }).timeout(30_000);
  });

  describe("unbonding", () => {
    it("PRV-6 pays free bond 21 days of protocol time later, not before", () => {
      const world = new ProvidersWorld();
      world.register(1, 5_000_000n);
      const { value } = world.send("Unbond", { operator: account(1), amount: coin(4_000_000n) }) as { value: MsgUnbondResponse };
      assert.deepEqual(value, { id: 1n, dueTauMs: world.tau + 21n * day });
      assert.deepEqual([provider(world, 1).free, provider(world, 1).bond?.unbonding], ["1000000", "4000000"]);
      assert.deepEqual(world.block(21n * day - 1n).filter((type) => type === "UnbondingCompleted"), []);
      assert.equal(world.balance(account(1)), 995_000_000n);
      assert.deepEqual(world.block(1n).filter((type) => type === "UnbondingCompleted"), ["UnbondingCompleted"]);
      assert.equal(world.balance(account(1)), 999_000_000n);
      assert.deepEqual(world.broken(), []);
    });

    it("PRV-22 what an error that nobody expected keeps from being paid is paid later, and keeps no other waiting", () => {
      const world = new ProvidersWorld();
      for (const i of [1, 2]) {
        world.register(i, 5_000_000n);
        world.send("Unbond", { operator: account(i), amount: coin(4_000_000n) });
      }
      world.tau += 21n * day;
      const { send } = plainBank;
      plainBank.send = (ctx, from, to, coins) => {
        if (equalBytes(to, addressBytes(account(1)))) throw new Error("a mistake of ours");
        send(ctx, from, to, coins);
      };
      const heard: string[] = [];
      try {
        world.kit.module.beginBlock!(new Context(world.ctx().header, world.stores, "block", undefined, (what) => void heard.push(what)), { lastCommit: undefined, misbehavior: [] });
      } finally {
        plainBank.send = send;
      }
      assert.deepEqual([heard, [1, 2].map((i) => world.balance(account(i)))], [["providers: unbonding 1"], [995_000_000n, 999_000_000n]]);
      assert.deepEqual(world.block(retryMs - 1n).filter((type) => type === "UnbondingCompleted"), []);
      assert.deepEqual(world.block(1n).filter((type) => type === "UnbondingCompleted"), ["UnbondingCompleted"]);
      assert.deepEqual([world.balance(account(1)), world.broken()], [999_000_000n, []]);
    });

    it("PRV-6 only free bond unbonds, the least bond stays, and entries are bounded", () => {
      const world = new ProvidersWorld({ params: { maxUnbondingEntries: 2 } });
      const a = world.register(1, 5_000_000n);
      world.port((p, ctx) => p.reserve(ctx, a, 1_000_000n));
      world.port((p, ctx) => p.lock(ctx, a, 0n, 1_000_000n));
      refuses(world, "Unbond", [
        ...badOperators({ amount: coin(1n) }),
        [{ operator: account(2), amount: coin(1n) }, 3, /not a provider/], [{ operator: account(1), amount: undefined }, 5, /missing/], [{ operator: account(1), amount: coin(0n) }, 5, /positive/],
        [{ operator: account(1), amount: coin(1n, "other") }, 6, /other/], [{ operator: account(1), amount: coin(3_000_001n) }, 8, /more than the 3000000/],
      ]);
      world.port((p, ctx) => p.unlock(ctx, a, 1_000_000n));
      world.port((p, ctx) => p.release(ctx, a, 1_000_000n));
      refuses(world, "Unbond", [[{ operator: account(1), amount: coin(4_000_001n) }, 7, /at least 1000000 must stay, this would leave 999999/]]);
      world.send("Unbond", { operator: account(1), amount: coin(1n) });
      world.send("Unbond", { operator: account(1), amount: coin(2n) });
      refuses(world, "Unbond", [[{ operator: account(1), amount: coin(1n) }, 9, /2 unbonding entries/]]);
      world.tau += 21n * day;
      // What is due is paid first, swept or not: its place is free again.
      world.send("Unbond", { operator: account(1), amount: coin(3n) });
      const open = world.ask<QueryUnbondingsResponse>("Unbondings", { operator: account(1) }).unbondings;
      assert.deepEqual(open.map(({ id, amount }) => [id, amount]), [[3n, "3"]]);
      assert.deepEqual(world.broken(), []);
    });

    it("PRV-7 holds an entry while stake from before the request may be locked, and not beyond the limit", () => {
      const world = new ProvidersWorld({ params: { maxUnbondingHoldMs: 3n * holdLookMs + 5n, heartbeatWindowMs: day } });
      const a = world.register(1, 5_000_000n);
      world.port((p, ctx) => p.lock(ctx, a, 0n, 10n));
      world.send("Unbond", { operator: account(1), amount: coin(1_000_000n) });
      const completed = (ms: bigint): boolean => world.block(ms).includes("UnbondingCompleted");
      assert.equal(completed(21n * day), false);
      assert.equal(completed(holdLookMs), false);
      world.port((p, ctx) => p.unlock(ctx, a, 10n));
      // New stake after an idle moment holds nothing back.
      world.port((p, ctx) => p.lock(ctx, a, 0n, 10n));
      assert.equal(completed(holdLookMs - 1n), false);
      assert.equal(completed(1n), true);

      world.send("Unbond", { operator: account(1), amount: coin(1_000_000n) });
      for (const [ms, expected] of [[21n * day, false], [holdLookMs, false], [holdLookMs, false], [holdLookMs, false], [4n, false], [1n, true]] as const) assert.equal(completed(ms), expected);
      assert.deepEqual(world.broken(), []);
    });

    it("PRV-8 unbonding bond pays SLA credits until it is due", () => {
      const world = new ProvidersWorld();
      const a = world.register(1, 5_000_000n);
      world.send("Unbond", { operator: account(1), amount: coin(1_000_000n) });
      world.block(1_000n);
      world.send("Unbond", { operator: account(1), amount: coin(2_000_000n) });
      const taken = world.port((p, ctx) => p.slashUnlocked(ctx, a, 4_500_000n, [{ to: addressBytes(account(2)), amount: 450_000n }], "sla"));
      assert.equal(taken, 4_500_000n);
      assert.deepEqual(world.ask<QueryUnbondingsResponse>("Unbondings", { operator: account(1) }).unbondings.map(({ id, amount }) => [id, amount]), [[1n, "500000"]]);
      assert.deepEqual([world.balance(account(2)), world.burnedTotal], [1_000_450_000n, 4_050_000n]);
      world.tau += 21n * day;
      assert.equal(world.port((p, ctx) => p.slashUnlocked(ctx, a, 1n, [], "sla")), 0n);
      assert.equal(world.balance(account(1)), 995_500_000n);
      assert.equal(world.kit.providers.slashUnlocked(world.ctx(), addressBytes(account(7)), 1n, [], "x"), 0n);
      assert.deepEqual(world.broken(), []);
    });

    it("PRV-21 of the providers behind an address, and then from the first one, those that are active; a bounded number is looked at", () => {
      const world = new ProvidersWorld();
      const all = [1, 2, 3, 4].map((n) => world.register(n, 2_000_000n)).toSorted(compareBytes);
      world.port((p, ctx) => p.lock(ctx, all[2]!, 0n, 500_000n));
      const seen = (from: Uint8Array, limit: number): [number, bigint][] =>
        world.kit.providers.activeFrom(world.ctx(), from, limit).map(({ address, free }) => [all.findIndex((one) => equalBytes(one, address)), free]);
      assert.deepEqual(seen(all[2]!, 10), [[2, 1_500_000n], [3, 2_000_000n], [0, 2_000_000n], [1, 2_000_000n]]);
      assert.deepEqual(seen(all[3]!, 2).map(([at]) => at), [3, 0]);
      world.send("RetireProvider", { operator: addressText(all[0]!) });
      assert.deepEqual(seen(all[3]!, 2).map(([at]) => at), [3], "who is not active is looked at all the same");
      assert.deepEqual(seen(new Uint8Array(20).fill(255), 10).map(([at]) => at), [1, 2, 3]);
      assert.equal(world.kit.providers.activeFrom(world.ctx(), all[1]!, 1)[0]!.organization, addressText(all[1]!));
    });

    it("PRV-8 awards reach as far as what could be taken", () => {
      const world = new ProvidersWorld();
      const a = world.register(1, 1_000_000n);
      const awards = [{ to: addressBytes(account(2)), amount: 800_000n }, { to: addressBytes(account(3)), amount: 800_000n }];
      assert.equal(world.port((p, ctx) => p.slashUnlocked(ctx, a, 5_000_000n, awards, "sla")), 1_000_000n);
      assert.deepEqual([world.balance(account(2)), world.balance(account(3)), world.burnedTotal], [1_000_800_000n, 1_000_200_000n, 0n]);
      assert.deepEqual([provider(world, 1).active, provider(world, 1).inactiveReason], [false, "underbonded"]);
    });

    it("PRV-6 what unbonds does not count for the least bond", () => {
      const world = new ProvidersWorld();
      const a = world.register(1, 3_000_000n);
      world.send("Unbond", { operator: account(1), amount: coin(2_000_000n) });
      assert.equal(provider(world, 1).active, true);
      world.port((p, ctx) => p.lock(ctx, a, 0n, 1n));
      world.port((p, ctx) => p.slash(ctx, a, 1n, [], "miss"));
      assert.deepEqual([provider(world, 1).bond?.total, provider(world, 1).inactiveReason], ["2999999", "underbonded"]);
    });

    it("PRV-9 MsgCancelUnbond makes an entry free again", () => {
      const world = new ProvidersWorld();
      world.register(1, 5_000_000n);
      world.register(2, 5_000_000n);
      world.send("Unbond", { operator: account(1), amount: coin(1_000_000n) });
      refuses(world, "CancelUnbond", [
        ...badOperators({ id: 1n }),
        [{ operator: account(2), id: 1n }, 10, /no open unbonding entry 1/], [{ operator: account(1), id: 0n }, 10, /entry 0/], [{ operator: account(3), id: 1n }, 3, /not a provider/],
      ]);
      world.send("CancelUnbond", { operator: account(1), id: 1n });
      assert.deepEqual([provider(world, 1).free, provider(world, 1).bond?.unbonding], ["5000000", "0"]);
      world.block(30n * day);
      assert.equal(world.balance(account(1)), 995_000_000n);
      assert.deepEqual(world.broken(), []);
    });

    it("PRV-10 sweeps at most 500 entries a block, and the rest in the next", () => {
      const world = new ProvidersWorld({ params: { maxUnbondingEntries: 100, heartbeatWindowMs: day }, balances: Object.fromEntries(Array.from({ length: 8 }, (_, i) => [account(i + 1), 10_000_000n])) });
      for (let i = 1; i <= 6; i++) {
        world.register(i, 2_000_000n);
        for (let n = 0; n < 90; n++) world.send("Unbond", { operator: account(i), amount: coin(1n) });
      }
      const paid = (ms: bigint): number => world.block(ms).filter((type) => type === "UnbondingCompleted").length;
      assert.deepEqual([paid(21n * day), paid(0n), paid(0n)], [sweepLimit, 40, 0]);
      assert.deepEqual(world.broken(), []);
    }).timeout(30_000);
  });

  describe("heartbeats", () => {
    it("PRV-11 silence suspends at the due time, swept or not; a heartbeat ends it", () => {
      const world = new ProvidersWorld({ params: { heartbeatWindowMs: 60_000n } });
      const a = world.register(1);
      const active = (): boolean => world.kit.providers.find(world.ctx(), a)!.active;
      const changes: string[] = [];
      world.kit.providers.onChange((ctx, address) => changes.push(`${String(address[0])}:${String(world.kit.providers.find(ctx, address)?.active)}`));
      world.tau += 59_999n;
      const silent = (): boolean => world.kit.providers.find(world.ctx(), a)!.silent;
      assert.deepEqual([active(), silent()], [true, false]);
      world.tau += 1n;
      assert.deepEqual([active(), silent()], [false, true]);
      assert.equal(provider(world, 1).inactiveReason, "silent");
      assert.deepEqual(world.block(), ["ProviderSuspended"]);
      assert.deepEqual(world.block(60_000n), []);
      const { value, events } = world.send("Heartbeat", { operator: account(1) });
      assert.equal((value as MsgHeartbeatResponse).dueTauMs, world.tau + 60_000n);
      assert.deepEqual(events.map(({ type }) => type), ["dcm.staking.v1.EventProviderResumed"]);
      assert.equal(active(), true);
      assert.deepEqual(changes, ["1:false", "1:true"]);
      assert.deepEqual(world.broken(), []);
      assert.deepEqual(world.block(59_999n), []);
      assert.deepEqual(world.block(1n), ["ProviderSuspended"]);
    });

    it("PRV-11 heartbeats in time keep a provider active without events", () => {
      const world = new ProvidersWorld({ params: { heartbeatWindowMs: 60_000n } });
      world.register(1);
      refuses(world, "Heartbeat", [...badOperators({}), [{ operator: account(2) }, 3, /not a provider/]]);
      for (let i = 0; i < 10; i++) {
        assert.deepEqual(world.block(50_000n), []);
        assert.deepEqual(world.send("Heartbeat", { operator: account(1) }).events, []);
        assert.deepEqual(world.broken(), []);
      }
      assert.equal(provider(world, 1).active, true);
    });

    it("PRV-11 changed parameters keep a provider from matches, and let it in again, without a word of it", () => {
      const world = new ProvidersWorld({ params: { heartbeatWindowMs: 60_000n } });
      world.register(1, 5_000_000n);
      const changes: string[] = [];
      world.kit.providers.onChange((ctx, address) => changes.push(`${String(address[0])}:${String(world.kit.providers.find(ctx, address)?.active)}`));
      const update = (change: object): string[] => {
        world.send("UpdateParams", { authority, params: { ...defaultParams(), heartbeatWindowMs: 600_000n, ...change } });
        return world.block();
      };
      assert.deepEqual(world.block(60_000n), ["ProviderSuspended"]);
      assert.deepEqual(update({}), ["ProviderResumed"]);
      update({ minBond: "6000000" });
      update({});
      assert.deepEqual(changes, ["1:false", "1:true", "1:false", "1:true"]);
    });

    it("PRV-11 suspension leaves locked stake and reservations as they are", () => {
      const world = new ProvidersWorld({ params: { heartbeatWindowMs: 60_000n } });
      const a = world.register(1, 5_000_000n);
      world.port((p, ctx) => p.reserve(ctx, a, 1n));
      world.port((p, ctx) => p.lock(ctx, a, 0n, 2n));
      world.block(60_000n);
      assert.deepEqual([provider(world, 1).bond?.reserved, provider(world, 1).bond?.locked], ["1", "2"]);
    });
  });

  describe("record", () => {
    const recorder = (world: ProvidersWorld, address: Uint8Array) => (outcome: Outcome, worth = 0n, times = 1): void => {
      for (let i = 0; i < times; i++) world.port((p, ctx) => p.record(ctx, address, outcome, worth));
    };

    it("PRV-12 counts outcomes, and a decline until the provider was paid for 100 tasks as large", () => {
      const world = new ProvidersWorld();
      const a = world.register(1);
      const record = recorder(world, a);
      const left = (): number => world.kit.providers.freeDeclines(world.ctx(), a);
      assert.equal(left(), 5);
      record("declined", 7n, 3);
      assert.equal(left(), 2);
      record("finished", 100n);
      record("declined", 7n, 4);
      assert.equal(left(), 0);
      record("finished", 300n, 2);
      assert.equal(left(), 1, "700 earned: the first three are gone");
      record("finished", 99n);
      assert.equal(left(), 1);
      record("finished", 1n);
      assert.equal(left(), 5);
      record("slashed");
      record("missed", 7n);
      const { statistics, freeDeclinesLeft } = world.ask<QueryStatisticsResponse>("Statistics", { operator: account(1) });
      assert.deepEqual([statistics?.earned, statistics?.finished, statistics?.declined, statistics?.slashed, statistics?.missed, freeDeclinesLeft], ["800", 5n, 7n, 1n, 1n, 5]);
      assert.equal(world.kit.providers.freeDeclines(world.ctx(), addressBytes(account(2))), 0);
      world.port((p, ctx) => p.record(ctx, addressBytes(account(2)), "missed", 1n));
    });

    it("PRV-12 tasks dealt to oneself do not bring declines back: neither matches nor tasks that pay nothing count", () => {
      const world = new ProvidersWorld();
      const a = world.register(1);
      const record = recorder(world, a);
      record("declined", 1_000_000n, 5);
      for (let i = 0; i < 200; i++) world.port((p, ctx) => p.lock(ctx, a, 0n, 0n));
      record("finished", 0n, 200);
      record("finished", 1n, 200);
      assert.equal(world.kit.providers.freeDeclines(world.ctx(), a), 0);
    });

    it("PRV-12 a decline is forgotten after its time, whatever it was worth, and no more than 100 are remembered", () => {
      const world = new ProvidersWorld({ params: { markLifetimeMs: 60_000n, heartbeatWindowMs: 600_000n } });
      const a = world.register(1);
      recorder(world, a)("declined", 10n ** 30n, 130);
      assert.equal(world.ask<QueryStatisticsResponse>("Statistics", { operator: account(1) }).statistics?.recentDeclines.length, 100);
      world.block(59_999n);
      assert.equal(world.kit.providers.freeDeclines(world.ctx(), a), 0);
      world.block(1n);
      assert.equal(world.kit.providers.freeDeclines(world.ctx(), a), 5);
    });

    it("PRV-13 repeated misses end in jail; it ends by MsgUnjailProvider after its time", () => {
      const world = new ProvidersWorld({ params: { jailMisses: 3, jailTimeMs: 1_000n } });
      const a = world.register(1);
      const miss = (): void => world.port((p, ctx) => p.record(ctx, a, "missed", 1n));
      world.port((p, ctx) => p.lock(ctx, a, 0n, 0n));
      miss();
      miss();
      refuses(world, "UnjailProvider", [...badOperators({}), [{ operator: account(2) }, 3, /not a provider/], [{ operator: account(1) }, 11, /not in jail/]]);
      assert.equal(provider(world, 1).active, true);
      miss();
      assert.equal(provider(world, 1).inactiveReason, "jailed");
      world.block(999n);
      refuses(world, "UnjailProvider", [[{ operator: account(1) }, 12, /try again in 1 ms/]]);
      world.block(1n);
      world.send("UnjailProvider", { operator: account(1) });
      assert.equal(provider(world, 1).active, true);
      miss();
      assert.equal(provider(world, 1).active, true);
    });

    it("PRV-13 an underbonded provider leaves jail only with its bond filled up", () => {
      const world = new ProvidersWorld({ params: { jailMisses: 1, jailTimeMs: 0n } });
      const a = world.register(1, 1_000_000n);
      world.port((p, ctx) => p.lock(ctx, a, 0n, 1n));
      world.port((p, ctx) => p.slash(ctx, a, 1n, [], "miss"));
      assert.deepEqual([world.burnedTotal, world.broken()], [1n, []]);
      world.port((p, ctx) => p.record(ctx, a, "missed", 1n));
      refuses(world, "UnjailProvider", [[{ operator: account(1) }, 15, /add to it with MsgBond/]]);
      world.send("Bond", { operator: account(1), amount: coin(1n) });
      world.send("UnjailProvider", { operator: account(1) });
      assert.equal(provider(world, 1).active, true);
    });
  });

  describe("MsgRetireProvider", () => {
    it("PRV-14 drains first, then unbonds everything, then the provider is gone and may come back", () => {
      const world = new ProvidersWorld();
      const a = world.register(1, 5_000_000n);
      world.port((p, ctx) => p.reserve(ctx, a, 1_000_000n));
      world.port((p, ctx) => p.lock(ctx, a, 0n, 1_000_000n));
      refuses(world, "RetireProvider", [...badOperators({}), [{ operator: account(2) }, 3, /not a provider/]]);
      world.send("RetireProvider", { operator: account(1) });
      assert.equal(provider(world, 1).inactiveReason, "retiring");
      assert.equal(world.port((p, ctx) => p.reserve(ctx, a, 1n)), false);
      refuses(world, "RetireProvider", [[{ operator: account(1) }, 13, /retires/]]);
      refuses(world, "Bond", [[{ operator: account(1), amount: coin(1n) }, 13, /retires/]]);
      refuses(world, "Unbond", [[{ operator: account(1), amount: coin(1n) }, 13, /retires/]]);
      world.port((p, ctx) => p.release(ctx, a, 1_000_000n));
      assert.equal(provider(world, 1).bond?.unbonding, "0");
      world.port((p, ctx) => p.unlock(ctx, a, 1_000_000n));
      assert.equal(provider(world, 1).bond?.unbonding, "5000000");
      refuses(world, "CancelUnbond", [[{ operator: account(1), id: 1n }, 13, /retires/]]);
      assert.deepEqual(world.block(21n * day).filter((type) => type !== "ProviderSuspended"), ["UnbondingCompleted", "ProviderLeft"]);
      assert.equal(world.balance(account(1)), 1_000_000_000n);
      assert.throws(() => provider(world, 1), (e: unknown) => e instanceof QueryError && e.grpc === "NotFound");
      assert.deepEqual(world.broken(), []);
      world.register(1);
      world.block(21n * day);
      assert.deepEqual(world.broken(), []);
    });

    it("PRV-14 a listener may set the reservations free within the message", () => {
      const world = new ProvidersWorld();
      const a = world.register(1, 5_000_000n);
      world.port((p, ctx) => p.reserve(ctx, a, 1_000_000n));
      world.kit.providers.onChange((ctx, address) => {
        const view = world.kit.providers.find(ctx, address);
        if (view !== undefined && view.reserved > 0n) world.kit.providers.release(ctx, address, view.reserved);
      });
      world.send("RetireProvider", { operator: account(1) });
      assert.equal(world.ask<QueryUnbondingsResponse>("Unbondings", { operator: account(1) }).unbondings.length, 1);
    });

    it("PRV-14 one whose last stake is slashed is gone at once, and what the market still says of it is heard without harm", () => {
      const world = new ProvidersWorld();
      const a = world.register(1, 1_000_000n);
      world.port((p, ctx) => p.lock(ctx, a, 0n, 1_000_000n));
      world.send("RetireProvider", { operator: account(1) });
      world.port((p, ctx) => {
        p.slash(ctx, a, 1_000_000n, [], "wrong result");
        p.record(ctx, a, "slashed", 0n);
        p.unlock(ctx, a, 0n);
      });
      assert.equal(world.kit.providers.find(world.ctx(), a), undefined);
      assert.deepEqual(world.broken(), []);
    });
  });

  it("PRV-15 MsgUpdateParams: governance only, within bounds, the denom fixed", () => {
    const world = new ProvidersWorld();
    const change = (params: object): object => ({ authority, params: { ...defaultParams(), ...params } });
    refuses(world, "UpdateParams", [
      [{ authority: account(1), params: defaultParams() }, 13, /invalid authority/, "gov"], [{ authority, params: undefined }, 14, /params is missing/],
      [change({ bondDenom: "!" }), 14, /bond_denom/], [change({ minBond: "x" }), 14, /min_bond is not a whole number/], [change({ minBond: "0" }), 14, /min_bond is 1 to/],
      [change({ unbondingTimeMs: 999n }), 14, /unbonding_time_ms/], [change({ maxUnbondingHoldMs: 366n * day }), 14, /max_unbonding_hold_ms/], [change({ maxUnbondingEntries: 0 }), 14, /max_unbonding_entries/],
      [change({ maxUnbondingEntries: 101 }), 14, /got 101/], [change({ heartbeatWindowMs: 0n }), 14, /heartbeat_window_ms/], [change({ freeDeclines: 101 }), 14, /free_declines/],
      [change({ jailMisses: 0 }), 14, /jail_misses/], [change({ markLifetimeMs: 999n }), 14, /mark_lifetime_ms/], [change({ jailTimeMs: 366n * day }), 14, /jail_time_ms/],
    ]);
    refuses(world, "UpdateParams", [[change({ bondDenom: "other" }), 14, /stays udcm, as the genesis says/]]);
    world.register(1);
    world.send("UpdateParams", change({ freeDeclines: 7 }));
    assert.equal(world.kit.providers.freeDeclines(world.ctx(), addressBytes(account(1))), 7);
  });

  it("PRV-19 a change of the least bond or of the window is told of every provider, 500 a block, and holds from then on", () => {
    const world = new ProvidersWorld({ params: { heartbeatWindowMs: 600_000n } });
    const told: string[] = [];
    world.kit.providers.onChange((_, address) => told.push(addressText(address)));
    for (let i = 1; i <= 3; i++) world.register(i, i === 1 ? 1_000_000n : 5_000_000n);
    const blockTells = (ms: bigint): string[] => {
      told.length = 0;
      world.block(ms);
      return [...told];
    };
    const update = (change: object): void => void world.send("UpdateParams", { authority, params: { ...defaultParams(), heartbeatWindowMs: 600_000n, ...change } });
    assert.deepEqual(blockTells(1_000n), []);
    update({ freeDeclines: 6 });
    assert.deepEqual(blockTells(1_000n), [], "of no concern");
    update({ minBond: "2000000" });
    assert.deepEqual(blockTells(1_000n), [1, 2, 3].map(account));
    assert.deepEqual([1, 2].map((i) => provider(world, i).inactiveReason), ["underbonded", ""]);
    assert.deepEqual(blockTells(1_000n), []);
    // A shorter window: silence is noticed when it is due by the new one.
    world.send("Heartbeat", { operator: account(3) });
    update({ heartbeatWindowMs: 60_000n });
    world.block();
    assert.deepEqual(blockTells(57_000n), [1, 2].map(account));
    assert.deepEqual(blockTells(3_000n), [account(3)]);
    // A longer one: who is back by it is told of, and of its silence later.
    update({ heartbeatWindowMs: 120_000n });
    assert.deepEqual(blockTells(0n), [1, 2, 3].map(account));
    assert.equal(provider(world, 3).active, true);
    assert.deepEqual(blockTells(120_000n), [1, 2, 3].map(account));
    assert.deepEqual(world.broken(), []);
  });

  it("PRV-19 walks in steps", () => {
    const world = new ProvidersWorld({ balances: Object.fromEntries(Array.from({ length: 700 }, (_, i) => [many(i), 10_000_000n])) });
    let told = 0;
    world.kit.providers.onChange(() => void told++);
    for (let i = 0; i < 700; i++) world.send("RegisterProvider", { operator: many(i), profile: profileOf(), bond: coin(1_000_000n) });
    world.send("UpdateParams", { authority, params: { ...defaultParams(), minBond: "2" } });
    const steps = Array.from({ length: 3 }, () => {
      told = 0;
      world.block();
      return told;
    });
    assert.deepEqual(steps, [sweepLimit, 700 - sweepLimit, 0]);
  });

  it("PRV-16 queries page, filter and say what is not there", () => {
    const world = new ProvidersWorld({ params: { heartbeatWindowMs: 60_000n } });
    for (let i = 1; i <= 5; i++) world.register(i, 5_000_000n, { attributes: [{ key: "zone", value: i < 3 ? "a" : "b" }, ...(i === 5 ? [{ key: "zz", value: "1" }] : [])] });
    const list = (request: object): string[] => world.ask<QueryProvidersResponse>("Providers", request).providers.map(({ operator }) => operator);
    assert.deepEqual(list({}), [1, 2, 3, 4, 5].map(account));
    assert.deepEqual(list({ attributeKey: "zone", attributeValue: "b" }), [3, 4, 5].map(account));
    assert.deepEqual(list({ attributeKey: "zz" }), [account(5)]);
    assert.deepEqual(list({ pagination: { key: new Uint8Array(0), offset: 1n, limit: 2n, countTotal: false, reverse: false } }), [2, 3].map(account));
    world.tau += 60_000n;
    world.send("Heartbeat", { operator: account(4) });
    assert.deepEqual(list({ activeOnly: true }), [account(4)]);
    for (const name of ["Provider", "Statistics"]) assert.throws(() => world.ask(name, { operator: account(8) }), (e: unknown) => e instanceof QueryError && e.grpc === "NotFound");
    for (const name of ["Provider", "Statistics", "Unbondings"]) assert.throws(() => world.ask(name, { operator: "x" }), (e: unknown) => e instanceof QueryError && e.grpc === "InvalidArgument");
    assert.throws(() => list({ attributeValue: "b" }), (e: unknown) => e instanceof QueryError && e.grpc === "InvalidArgument");
    assert.deepEqual(world.ask("Params", {}), { params: { ...defaultParams(), heartbeatWindowMs: 60_000n } });
  });

  describe("genesis", () => {
    const made = (): { world: ProvidersWorld; state: GenesisState } => {
      const world = new ProvidersWorld({ params: { heartbeatWindowMs: 60_000n } });
      const a = world.register(1, 5_000_000n);
      world.register(2, 5_000_000n);
      world.send("Unbond", { operator: account(1), amount: coin(1_000_000n) });
      world.port((p, ctx) => p.lock(ctx, a, 0n, 5n));
      world.block(60_000n);
      world.send("Heartbeat", { operator: account(2) });
      world.port((p, ctx) => p.record(ctx, a, "missed", 1n));
      const state = world.kit.module.genesis!.export(world.ctx()) as GenesisState;
      return { world, state: GenesisState.decode(GenesisState.encode(state).finish()) };
    };
    const balances = { [account(1)]: 1n, [addressText(moduleAddress("providers"))]: 10_000_000n };

    it("PRV-17 an exported state loads as it was and goes on", () => {
      const { world, state } = made();
      const next = new ProvidersWorld({ genesis: state, balances });
      assert.deepEqual(next.kit.module.genesis!.export(next.ctx()), state);
      next.tau = world.tau;
      assert.deepEqual(next.broken(), []);
      next.port((p, ctx) => p.unlock(ctx, addressBytes(account(1)), 5n));
      assert.ok(next.block(21n * day).includes("UnbondingCompleted"));
      assert.equal(next.balance(account(1)), 1_000_001n);
    });

    it("PRV-17 a genesis that contradicts itself is refused", () => {
      const { state } = made();
      const [first, second] = [state.providers[0]!, state.providers[1]!];
      const load = (change: Partial<GenesisState>, held: Readonly<Record<string, bigint>> = balances) => () => new ProvidersWorld({ genesis: { ...state, ...change }, balances: held });
      assert.throws(load({ params: undefined }), /params is missing/);
      assert.throws(load({ providers: [first, first] }), /stands twice/);
      assert.throws(load({ providers: [second] }), /belongs to nobody/);
      assert.throws(load({ unbondings: [] }), /not the sum of its entries/);
      assert.throws(load({ unbondings: [state.unbondings[0]!, state.unbondings[0]!] }), /stands twice/);
      assert.throws(load({ nextUnbondingId: 1n }), /ids are 1 to/);
      assert.throws(load({ unbondings: [{ ...state.unbondings[0]!, amount: "0" }] }), /positive amount/);
      assert.throws(load({ providers: [{ ...first, bond: undefined }, second] }), /belong to a provider/);
      assert.throws(load({ providers: [{ ...first, bond: { ...first.bond!, locked: "9000000" } }, second] }), /total 5000000 is less/);
      assert.throws(load({ providers: [{ ...first, bond: { ...first.bond!, locked: "1.5" } }, second] }), /not an amount/);
      assert.throws(load({ providers: [{ ...first, profile: profileOf({ moniker: "" }) }, second] }), /moniker/);
      assert.throws(load({ providers: [{ ...first, operator: first.operator.toUpperCase() }, second] }), /lower case/);
      assert.throws(load({}, { [account(1)]: 1n }), /holds 0udcm in the genesis balances, the bonds are 10000000/);
    });
  });

  it("PRV-18 signers are the operators, in canonical text", () => {
    const world = new ProvidersWorld();
    for (const { typeUrl, handler } of world.kit.module.messages) {
      if (typeUrl.endsWith("MsgUpdateParams")) assert.deepEqual(handler.signers({ authority }), [authority]);
      else assert.deepEqual(handler.signers({ operator: account(1).toUpperCase() }), [account(1)]);
    }
  });

  it("PRV-18 every message's generator makes messages that run or fail with an error of ours", () => {
    const world = new ProvidersWorld();
    let seed = 7;
    const int = (bound: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % bound;
    };
    const random = { int, bigint: (bound: bigint) => BigInt(int(1_000_000)) % bound, chance: (percent: number) => int(100) < percent, pick: <T>(items: readonly T[]) => items[int(items.length)]! };
    let ran = 0;
    for (let i = 0; i < 600; i++) {
      const bound = random.pick(world.kit.module.messages);
      const message = bound.handler.arbitrary({ ctx: world.ctx(), accounts: [1, 2, 3, 4].map(account), random });
      if (message === undefined) continue;
      try {
        world.send(bound.typeUrl.replace("/dcm.staking.v1.Msg", ""), message as object);
        ran++;
      } catch (error) {
        if (!(error instanceof TxError)) throw error;
      }
      if (i % 20 === 0) world.block(BigInt(int(100_000)));
      assert.deepEqual(world.broken(), []);
    }
    assert.ok(ran > 100, `only ${ran} messages ran`);
  });
});
