import assert from "node:assert/strict";
import { addressText, moduleAddress } from "../../../codec/address.ts";
import { Dec } from "../../../math/dec.ts";
import { Context } from "../../../runtime/context.ts";
import { GasMeter } from "../../../runtime/gas.ts";
import type { TxError } from "../../../runtime/errors.ts";
import { addTokens, removeShares, sharesFromTokens, sharesFromTokensTruncated, tokensFromShares } from "./shares.ts";
import { maxSweep } from "./maturity.ts";
import { StakeChain, account, accountOf, consensus, dec, denom, text, valoper, validatorOf } from "../../../../test/support/stake.ts";
import { transact } from "../../../runtime/testing.ts";
import { delegations, historyHeaders, historyRecords, historySuperseded, unbondings, validatorQueue } from "./state.ts";
import { defaultParams } from "./params.ts";
import type { GenesisState } from "../../../codec/gen/cosmos/staking/v1beta1/genesis.ts";
import type { Validator } from "../../../codec/gen/cosmos/staking/v1beta1/staking.ts";
import type { QueryHistoricalInfoResponse, QueryRedelegationsResponse, QueryUnbondingDelegationResponse, QueryValidatorUnbondingDelegationsResponse } from "../../../codec/gen/cosmos/staking/v1beta1/query.ts";
import type { StakingHooks } from "./ports.ts";

const day = 86_400n;
const month = 22n * day;
const million = 1_000_000;
const refused = (code: number, codespace = "staking") => (error: TxError) => error.code === code && error.codespace === codespace;
const priced = (tokens: string, shares: string): Validator => ({ tokens, delegatorShares: dec(shares), operatorAddress: "v" }) as Validator;

/** Validators 1 (10 of power) and 2 (5), bonded; account 3 delegates. */
function two(options: ConstructorParameters<typeof StakeChain>[0] = {}): StakeChain {
  const chain = new StakeChain(options);
  chain.create(1, 10 * million);
  chain.create(2, 5 * million);
  chain.end();
  return chain;
}

describe("shares", () => {
  it("are bought and sold at the SDK's rates, to the last digit (STAKING-8)", () => {
    // Worked out by hand: 10^18 x shares x tokens / tokens, each cut or rounded as the SDK does at that place.
    const bought: readonly (readonly [tokens: string, shares: string, amount: bigint, issued: string])[] = [
      ["0", "0", 100n, "100"],
      ["90", "100", 10n, "11.111111111111111111"],
      ["3", "1", 2n, "0.666666666666666666"],
      ["9500001", "10000001", 1_000_000n, "1052631.573407202799241810"],
      ["1", "1000000000000000000", 7n, "7000000000000000000"],
      ["7", "0.000000000000000006", 1n, "0"],
    ];
    for (const [tokens, shares, amount, issued] of bought) {
      const result = addTokens(priced(tokens, shares), amount);
      assert.equal(result.issued.toString(), Dec.parse(issued).toString(), `${amount} for ${tokens}/${shares}`);
      assert.equal(result.validator.tokens, (BigInt(tokens) + amount).toString());
      assert.equal(result.validator.delegatorShares, Dec.parse(shares).add(Dec.parse(issued)).toProto());
    }
    const sold: readonly (readonly [tokens: string, shares: string, removed: string, tokensOut: bigint])[] = [
      // 9.99999999999999999991 at 20 places: the 18th is rounded up before the whole tokens are cut.
      ["100", "111.111111111111111111", "11.111111111111111111", 10n],
      ["100", "100", "0.999999999999999999", 0n],
      ["199", "200", "100", 99n],
      ["199", "200", "200", 199n],
      ["11", "3", "1", 3n],
    ];
    for (const [tokens, shares, removed, out] of sold) {
      const result = removeShares(priced(tokens, shares), Dec.parse(removed));
      assert.equal(result.tokens, out, `${removed} of ${tokens}/${shares}`);
      assert.equal(result.validator.tokens, (BigInt(tokens) - out).toString());
    }
    assert.equal(tokensFromShares(priced("100", "3"), Dec.parse("2")).toString(), "66.666666666666666667");
    assert.equal(sharesFromTokens(priced("100", "7"), 33n).toString(), "2.310000000000000000");
    assert.equal(sharesFromTokensTruncated(priced("3", "2"), 1n).toString(), "0.666666666666666666");
    assert.throws(() => sharesFromTokens(priced("0", "5"), 1n), refused(22));
  });
});

describe("delegations", () => {
  it("follow the SDK's events and cost what wallets expect (STAKING-8)", () => {
    const chain = two();
    const { events, gasUsed } = chain.run("Delegate", { delegatorAddress: text(3), validatorAddress: valoper(1), amount: { denom, amount: "2500000" } }, { gasLimit: 1_000_000 });
    assert.deepEqual(events.at(-1), { type: "delegate", attributes: [["validator", valoper(1)], ["delegator", text(3)], ["amount", `2500000${denom}`], ["new_shares", "2500000.000000000000000000"]] });
    assert.equal(gasUsed > 40_000 && gasUsed < 220_000, true, `a delegation costs ${gasUsed} gas`);
    assert.deepEqual(chain.powers(), [[1, 12n]]);
    const unbond = chain.run("Undelegate", { delegatorAddress: text(3), validatorAddress: valoper(1), amount: { denom, amount: "500000" } });
    assert.deepEqual(unbond.value, { completionTime: { seconds: 1_767_225_602n + 21n * day, nanos: 0 }, amount: { denom, amount: "500000" } });
    assert.deepEqual(unbond.events.at(-1), { type: "unbond", attributes: [["validator", valoper(1)], ["delegator", text(3)], ["amount", `500000${denom}`], ["completion_time", "2026-01-22T00:00:02Z"]] });
    const moved = chain.run("BeginRedelegate", { delegatorAddress: text(3), validatorSrcAddress: valoper(1), validatorDstAddress: valoper(2), amount: { denom, amount: "1000000" } });
    assert.deepEqual(moved.events.at(-1), { type: "redelegate", attributes: [["source_validator", valoper(1)], ["destination_validator", valoper(2)], ["amount", `1000000${denom}`], ["completion_time", "2026-01-22T00:00:02Z"]] });
    assert.deepEqual(chain.powers(), [[1, 11n], [2, 6n]]);
    const back = chain.run("CancelUnbondingDelegation", { delegatorAddress: text(3), validatorAddress: valoper(1), amount: { denom, amount: "200000" }, creationHeight: 3n });
    assert.deepEqual(back.events.at(-1), { type: "cancel_unbonding_delegation", attributes: [["amount", `200000${denom}`], ["validator", valoper(1)], ["delegator", text(3)], ["creation_height", "3"]] });
    const { unbond: left } = chain.query<QueryUnbondingDelegationResponse>("UnbondingDelegation", { delegatorAddr: text(3), validatorAddr: valoper(1) });
    assert.deepEqual(left!.entries.map(({ balance, initialBalance }) => [balance, initialBalance]), [["300000", "300000"]]);
    const { redelegationResponses } = chain.query<QueryRedelegationsResponse>("Redelegations", { delegatorAddr: text(3), srcValidatorAddr: "", dstValidatorAddr: "", pagination: undefined });
    assert.deepEqual(redelegationResponses.map(({ entries }) => entries.map(({ balance, redelegationEntry }) => [balance, redelegationEntry!.initialBalance])), [[["1000000", "1000000"]]]);
    chain.end();
  });

  it("are refused with the SDK's codes (STAKING-6)", () => {
    const chain = two({ params: { maxEntries: 2 } });
    chain.create(4, 1);
    chain.delegate(3, 1, million);
    const amount = (value: number | string, of = denom) => ({ denom: of, amount: String(value) });
    const own = { delegatorAddress: text(3), validatorAddress: valoper(1) };
    const cases: readonly (readonly [string, unknown, number, string?])[] = [
      ["Delegate", { ...own, validatorAddress: valoper(9), amount: amount(1) }, 3],
      ["Delegate", { ...own, amount: amount(0) }, 18, "sdk"],
      ["Delegate", { ...own, amount: amount(1, "ustone") }, 18, "sdk"],
      ["Delegate", { ...own, amount: amount("200000000000") }, 5, "sdk"],
      ["Delegate", { ...own, validatorAddress: text(1), amount: amount(1) }, 7, "sdk"],
      ["Undelegate", { ...own, validatorAddress: valoper(2), amount: amount(1) }, 19],
      ["Undelegate", { ...own, amount: amount(million + 1) }, 18, "sdk"],
      ["Undelegate", { ...own, amount: amount((1n << 255n).toString()) }, 18, "sdk"],
      ["BeginRedelegate", { delegatorAddress: text(3), validatorSrcAddress: valoper(1), validatorDstAddress: valoper(1), amount: amount(1) }, 29],
      ["BeginRedelegate", { delegatorAddress: text(3), validatorSrcAddress: valoper(1), validatorDstAddress: valoper(9), amount: amount(1) }, 31],
      ["BeginRedelegate", { delegatorAddress: text(3), validatorSrcAddress: valoper(2), validatorDstAddress: valoper(1), amount: amount(1) }, 19],
      ["CancelUnbondingDelegation", { ...own, amount: amount(1), creationHeight: 2n }, 1, "undefined"],
      ["CancelUnbondingDelegation", { ...own, amount: amount(1), creationHeight: 0n }, 18, "sdk"],
      ["UpdateParams", { authority: text(1), params: defaultParams() }, 13, "gov"],
      ["UpdateParams", { authority: addressText(moduleAddress("gov")), params: { ...defaultParams(), bondDenom: "ustone" } }, 1, "undefined"],
      ["EditValidator", { validatorAddress: valoper(9), description: validatorOf(9).description, commissionRate: "", minSelfDelegation: "" }, 3],
    ];
    for (const [name, message, code, codespace] of cases) assert.throws(() => chain.run(name, message), refused(code, codespace), `${name} ${code}`);
    chain.undelegate(3, 1, 10);
    assert.throws(() => chain.run("CancelUnbondingDelegation", { ...own, amount: amount(11), creationHeight: chain.height }), refused(18, "sdk"));
    assert.throws(() => chain.run("CancelUnbondingDelegation", { ...own, amount: amount(1), creationHeight: 99n }), refused(38, "sdk"));
    chain.end();
    chain.undelegate(3, 1, 10);
    assert.throws(() => chain.undelegate(3, 1, 10), refused(27));
    chain.redelegate(3, 1, 2, 10);
    assert.throws(() => chain.redelegate(3, 2, 1, 5), refused(32), "what arrived may not move on");
    chain.redelegate(3, 1, 2, 10);
    assert.throws(() => chain.redelegate(3, 1, 2, 10), refused(33));
    chain.end();
    assert.throws(() => chain.run("CancelUnbondingDelegation", { ...own, amount: amount(1), creationHeight: 2n }, { time: 1_767_225_600n + month }), refused(18, "sdk"), "mature, not yet swept");
  });

  it("come back whole, once they have waited (STAKING-9)", () => {
    const chain = two();
    chain.delegate(3, 2, 100n);
    assert.equal(chain.balance(3), 99_999_999_900n);
    chain.undelegate(3, 2, 100n);
    chain.end(month);
    chain.end();
    assert.equal(chain.balance(3), 100_000_000_000n);
  });

  it("of vesting accounts take what is locked too, and give it back locked (STAKING-1)", () => {
    const chain = two();
    const vesting = accountOf(77);
    chain.accounts.createVesting(chain.ctx, vesting, [{ denom, amount: 1_000n }], { kind: "delayed", endTime: 2_000_000_000n });
    chain.bank.send(chain.ctx, account(5), vesting, [{ denom, amount: 1_000n }]);
    assert.equal(chain.bank.spendable(chain.ctx, vesting, denom), 0n);
    const message = { delegatorAddress: addressText(vesting), validatorAddress: valoper(1), amount: { denom, amount: "600" } };
    chain.run("Delegate", message);
    chain.run("Undelegate", { ...message, amount: { denom, amount: "250" } });
    chain.end(month);
    chain.end();
    assert.equal(chain.bank.balance(chain.ctx, vesting, denom), 650n);
    assert.equal(chain.bank.spendable(chain.ctx, vesting, denom), 0n);
  });

  it("load with all that waits from an exported section, and go on as they would have (STAKING-5)", () => {
    const chain = two({ params: { maxValidators: 2 } });
    chain.create(4, 7 * million);
    chain.delegate(3, 1, 5 * million);
    chain.end();
    chain.undelegate(3, 1, million);
    chain.redelegate(3, 1, 4, million);
    chain.redelegate(2, 2, 1, 10);
    chain.end();
    chain.undelegate(3, 1, 7);
    chain.end();
    const copy = new StakeChain({ from: chain });
    const content = (one: StakeChain): [string, string][] => [...one.stores.store("staking").iterate()].map(([key, value]) => [Buffer.from(key).toString("hex"), Buffer.from(value).toString("hex")] as [string, string]).filter(([key]) => !/^(50|74|75)/.test(key));
    assert.deepEqual(copy.end(month).updates, [], "the set is the same");
    chain.end(month);
    assert.deepEqual(content(copy), content(chain));
    const [one, other] = [chain, copy].map((each) => each.end().events.map(({ type, attributes }) => [type, attributes]));
    assert.deepEqual(other, one);
    assert.equal(one!.length > 3, true);
    assert.deepEqual(content(copy), content(chain));
  });

  it("keep one spelling of an operator: a validator made in upper case is exported and loaded like any other (STAKING-5)", () => {
    const chain = new StakeChain();
    const { events } = chain.run("CreateValidator", { ...validatorOf(1), validatorAddress: valoper(1).toUpperCase(), value: { denom, amount: "10000000" } });
    chain.end();
    assert.equal(chain.validator(1)!.operatorAddress, valoper(1));
    assert.deepEqual(events.find(({ type }) => type === "create_validator")!.attributes[0], ["validator", valoper(1)]);
    assert.deepEqual(new StakeChain({ from: chain }).exported(), chain.exported());
  });

  it("refuse a section that contradicts itself (STAKING-5)", () => {
    const chain = two();
    chain.delegate(3, 1, 5 * million);
    chain.undelegate(3, 1, million);
    chain.redelegate(3, 1, 2, million);
    chain.end();
    const good = chain.exported() as GenesisState;
    const load = (change: Partial<GenesisState>): void => {
      new StakeChain({ from: chain, section: { ...good, ...change } });
    };
    load({});
    const [first, second] = good.validators as [Validator, Validator];
    const validatorsWith = (change: Partial<Validator>): Partial<GenesisState> => ({ validators: [{ ...first, ...change }, second] });
    const [entry] = good.unbondingDelegations[0]!.entries;
    const entryWith = (change: object): Partial<GenesisState> => ({ unbondingDelegations: [{ ...good.unbondingDelegations[0]!, entries: [{ ...entry!, ...change }] }] });
    const cases: readonly (readonly [Partial<GenesisState>, RegExp])[] = [
      [{ exported: false }, /bonded, but has no last power/],
      [{ lastValidatorPowers: good.lastValidatorPowers.slice(1) }, /bonded, but has no last power/],
      [{ lastValidatorPowers: [...good.lastValidatorPowers, { address: valoper(9), power: 1n }] }, /no validator of this section/],
      [{ lastValidatorPowers: [{ address: valoper(1), power: 0n }] }, /power above 0/],
      [{ validators: [first, first, second] }, /duplicate validator/],
      [validatorsWith({ consensusPubkey: second.consensusPubkey }), /have the consensus key/],
      [validatorsWith({ consensusPubkey: undefined }), /no consensus key/],
      [validatorsWith({ tokens: "1" }), /bonded pool balance is different/],
      [validatorsWith({ tokens: "x" }), /no whole number/],
      [validatorsWith({ delegatorShares: "-1" }), /shares/],
      [validatorsWith({ status: 0 }), /not bonded, but has a last power/],
      [validatorsWith({ unbondingTime: { seconds: -1n, nanos: 0 } }), /time and height/],
      [validatorsWith({ unbondingOnHoldRefCount: 1n }), /on hold/],
      [validatorsWith({ commission: undefined }), /no commission/],
      [{ delegations: [{ ...good.delegations[0]!, shares: "0" }] }, /no shares/],
      [{ delegations: good.delegations.slice(1) }, /has \d+\.0+ shares, its delegations/],
      [{ delegations: [...good.delegations, good.delegations[0]!] }, /stands twice/],
      [{ redelegations: [...good.redelegations, ...good.redelegations] }, /stands twice/],
      [{ unbondingDelegations: [...good.unbondingDelegations, ...good.unbondingDelegations] }, /stands twice/],
      [{ lastTotalPower: Uint8Array.of(120) }, /no whole number/],
      [{ delegations: [{ ...good.delegations[0]!, validatorAddress: valoper(9) }] }, /no validator of this section/],
      [entryWith({ completionTime: undefined }), /without a time/],
      [entryWith({ balance: "-1" }), /balance/],
      [entryWith({ balance: "5" }), /pool balance is different/],
      [entryWith({ unbondingOnHoldRefCount: 1n }), /on hold/],
      [{ unbondingDelegations: [{ ...good.unbondingDelegations[0]!, entries: [] }] }, /no entries/],
      [{ redelegations: [{ ...good.redelegations[0]!, entries: [{ ...good.redelegations[0]!.entries[0]!, sharesDst: "y" }] }] }, /shares y/],
      [{ params: { ...defaultParams(), maxEntries: 0 } }, /max entries/],
    ];
    for (const [change, words] of cases) assert.throws(() => { load(change); }, words);
  });

  it("tell their hooks in the SDK's order", () => {
    const calls: string[] = [];
    const names = ["afterValidatorCreated", "beforeValidatorModified", "afterValidatorRemoved", "afterValidatorBonded", "afterValidatorBeginUnbonding", "beforeValidatorSlashed", "beforeDelegationCreated", "beforeDelegationSharesModified", "beforeDelegationRemoved", "afterDelegationModified"] as const;
    const listener = (who: string): StakingHooks => Object.fromEntries(names.map((name) => [name, () => void calls.push(`${who} ${name}`)]));
    const hooks: StakingHooks[] = [];
    const chain = new StakeChain({ hooks });
    hooks.push(listener("a"), listener("b"));
    const heard = (act: () => void): string[] => {
      calls.length = 0;
      act();
      const [a, b] = ["a", "b"].map((who) => calls.filter((call) => call.startsWith(who)).map((call) => call.slice(2)));
      assert.deepEqual(a, b);
      return a!;
    };
    assert.deepEqual(heard(() => { chain.create(1, 3 * million); }), ["afterValidatorCreated", "beforeDelegationCreated", "afterDelegationModified"]);
    assert.deepEqual(calls.slice(0, 2), ["a afterValidatorCreated", "b afterValidatorCreated"], "the first listener hears first");
    chain.create(2, 2 * million);
    assert.deepEqual(heard(() => { chain.end(); }), ["afterValidatorBonded", "afterValidatorBonded"]);
    assert.deepEqual(heard(() => { chain.delegate(1, 1, 5); }), ["beforeDelegationSharesModified", "afterDelegationModified"]);
    assert.deepEqual(heard(() => { chain.undelegate(1, 1, 5); }), ["beforeDelegationSharesModified", "afterDelegationModified"]);
    assert.deepEqual(heard(() => { chain.redelegate(2, 2, 1, 2 * million); }), ["beforeDelegationSharesModified", "beforeDelegationRemoved", "beforeDelegationCreated", "afterDelegationModified"]);
    assert.deepEqual(heard(() => { chain.end(month); }), ["afterValidatorBeginUnbonding"]);
    assert.deepEqual(heard(() => { chain.end(); }), ["afterValidatorRemoved"]);
    assert.deepEqual(heard(() => { chain.slash(1, chain.height, 1n, "0.5"); }), ["beforeValidatorModified", "beforeValidatorSlashed"]);
    const edit = { validatorAddress: valoper(1), description: validatorOf(1).description, commissionRate: dec("0.11"), minSelfDelegation: "" };
    assert.deepEqual(heard(() => { chain.run("EditValidator", edit); }), ["beforeValidatorModified"]);
  });
});

describe("the end of a block", () => {
  it("tells CometBFT who joins, leaves, and changes, once (STAKING-3)", () => {
    const chain = two({ params: { maxValidators: 2 } });
    assert.deepEqual(chain.powers(), []);
    chain.create(4, 7 * million);
    assert.deepEqual(chain.powers(), [[4, 7n], [2, 0n]]);
    assert.equal(chain.validator(2)!.status, 2);
    assert.deepEqual([chain.validator(2)!.unbondingHeight, chain.validator(2)!.unbondingIds], [3n, [1n]]);
    chain.delegate(3, 2, 3 * million);
    assert.deepEqual(chain.powers(), [[2, 8n], [4, 0n]]);
    chain.delegate(3, 2, 999_999);
    assert.deepEqual(chain.powers(), [], "below one unit of power nothing changes");
    const { port } = chain;
    port.jail(chain.ctx, consensus(1));
    assert.throws(() => { port.jail(chain.ctx, consensus(1)); }, refused(7));
    assert.deepEqual(chain.powers(), [[4, 7n], [1, 0n]]);
    port.unjail(chain.ctx, consensus(1));
    assert.throws(() => { port.unjail(chain.ctx, consensus(1)); }, refused(1, "undefined"));
    assert.deepEqual(chain.powers(), [[1, 10n], [4, 0n]]);
    assert.deepEqual([...port.bondedByPower(chain.ctx)].map(({ operatorAddress }) => operatorAddress), [valoper(1), valoper(2)]);
    chain.run("UpdateParams", { authority: addressText(moduleAddress("gov")), params: { ...defaultParams(), maxValidators: 3 } });
    assert.deepEqual(chain.powers(), [[4, 7n]]);
  });

  it("keeps the last set where a block would leave nobody (STAKING-7)", () => {
    const chain = new StakeChain();
    chain.create(1, 2 * million);
    chain.end();
    chain.undelegate(1, 1, 2 * million);
    assert.deepEqual(chain.powers(), []);
    assert.deepEqual([chain.validator(1)!.status, chain.validator(1)!.jailed, chain.validator(1)!.tokens], [3, true, "0"]);
    assert.deepEqual(chain.powers(month), [], "nor later");
    chain.create(2, 3 * million);
    assert.deepEqual(chain.powers(month), [[2, 3n], [1, 0n]]);
    chain.end();
    assert.equal(chain.validator(1), undefined);
  });

  it("completes what is mature, oldest first, a bounded number (STAKING-9)", () => {
    const many = maxSweep + 3;
    const chain = two({ accounts: many + 10 });
    const from = Array.from({ length: many }, (_, i) => accountOf(i + 10));
    const send = (name: string, who: Uint8Array): void => {
      chain.run(name, { delegatorAddress: addressText(who), validatorAddress: valoper(1), amount: { denom, amount: "1000" } });
    };
    for (const who of from) send("Delegate", who);
    chain.end();
    send("Undelegate", from[0]!);
    chain.end();
    for (const who of from.slice(1)) send("Undelegate", who);
    const before = chain.end(21n * day - 1n);
    assert.equal(before.events.filter(({ type }) => type === "complete_unbonding").length, 0);
    assert.equal(chain.end(1n).events.filter(({ type }) => type === "complete_unbonding").length, 1, "the first one's second has come");
    const first = chain.end(1n).events.filter(({ type }) => type === "complete_unbonding");
    assert.equal(first.length, maxSweep);
    assert.deepEqual(first[0]!.attributes.map(([key]) => key), ["amount", "validator", "delegator"]);
    assert.equal(first[0]!.attributes[0]![1], `1000${denom}`);
    assert.equal(chain.end().events.filter(({ type }) => type === "complete_unbonding").length, many - 1 - maxSweep);
    assert.equal([...unbondings.entries(chain.ctx)].length, 0);
  });

  it("pays what is mature even where a listener fails at a change of the set, which is tried again (STAKING-9)", () => {
    let fails = false;
    const chain = two({ hooks: [{ afterValidatorBonded: () => { if (fails) throw new Error("a listener's mistake"); } }] });
    chain.undelegate(1, 1, 100);
    chain.end(month);
    chain.create(4, 7 * million);
    fails = true;
    const heard: string[] = [];
    const { header } = chain.ctx;
    const ctx = new Context(header, chain.stores, "block", new GasMeter(Infinity), (what) => void heard.push(what));
    const staking = chain.modules.find(({ name }) => name === "staking")!;
    assert.deepEqual(staking.validatorUpdates!(ctx), []);
    assert.deepEqual(heard, ["changes of the set of validators"]);
    assert.deepEqual(ctx.events.map(({ type }) => type).filter((type) => /complete|Failed/.test(type)), ["dcm.runtime.v1.EventItemFailed", "complete_unbonding"]);
    fails = false;
    assert.deepEqual(chain.powers(), [[4, 7n]]);
  });

  it("forgets redelegations, and says so (STAKING-9)", () => {
    const chain = two();
    chain.delegate(3, 1, 1_000);
    chain.redelegate(3, 1, 2, 400);
    chain.end();
    chain.redelegate(3, 1, 2, 50);
    chain.end(month);
    const done = chain.end().events.filter(({ type }) => type === "complete_redelegation");
    assert.deepEqual(done[0], { type: "complete_redelegation", attributes: [["amount", `450${denom}`], ["delegator", text(3)], ["source_validator", valoper(1)], ["destination_validator", valoper(2)]] });
    chain.redelegate(3, 2, 1, 450);
  });

  it("ends no unbonding of a validator before its time by an entry that was put off while an earlier one ended otherwise (STAKING-9)", () => {
    const chain = two();
    chain.undelegate(2, 2, 5 * million);
    chain.end();
    const { unbondingHeight, status } = chain.validator(2)!;
    transact(chain.stores, (ctx) => validatorQueue.set(ctx, [chain.ctx.header.timeNanos, unbondingHeight - 1n, account(2)], true));
    chain.end();
    assert.equal(chain.validator(2)!.status, status);
    chain.end(month);
    chain.end();
    assert.equal(chain.validator(2), undefined);
  });

  it("ends a validator without shares once it has unbonded (STAKING-11)", () => {
    const chain = two();
    chain.create(4, 5);
    chain.undelegate(4, 4, 5);
    assert.equal(chain.validator(4), undefined, "one that was never bonded at once");
    assert.equal(chain.port.byConsensusAddress(chain.ctx, consensus(4)), undefined);
    chain.undelegate(2, 2, 5 * million);
    assert.deepEqual(chain.powers(), [[2, 0n]]);
    assert.equal(chain.validator(2)!.jailed, true, "below its minimum self delegation");
    chain.end(month);
    chain.end();
    assert.equal(chain.validator(2), undefined);
    assert.equal(chain.balance(2), 100_000_000_000n);
    chain.create(2, 1);
    chain.end();
  });
});

describe("historical info", () => {
  it("has the set that each of the last blocks found, and no more (STAKING-12)", () => {
    const chain = two({ params: { historicalEntries: 3 } });
    const at = (height: bigint): (readonly [string, string])[] | undefined => {
      try {
        const { hist } = chain.query<QueryHistoricalInfoResponse>("HistoricalInfo", { height });
        assert.equal(hist!.header!.height, height);
        return hist!.valset.map(({ description, tokens }) => [description!.moniker, tokens] as const);
      } catch (error) {
        assert.match((error as Error).message, /historical info for height \d+ not found/);
        return undefined;
      }
    };
    assert.deepEqual(at(2n), [["v1", "10000000"], ["v2", "5000000"]]);
    chain.delegate(3, 2, 5 * million);
    chain.end();
    chain.port.jail(chain.ctx, consensus(1));
    chain.create(4, million);
    chain.end();
    assert.deepEqual(at(2n), [["v1", "10000000"], ["v2", "5000000"]], "as it was");
    const equals = [["v1", "10000000"], ["v2", "10000000"]] as const;
    assert.deepEqual(at(3n), [...equals].sort(([a], [b]) => Buffer.compare(consensus(Number(a[1])), consensus(Number(b[1])))), "equal powers by consensus address");
    assert.deepEqual(at(4n), [["v2", "10000000"], ["v4", "1000000"]]);
    chain.end();
    assert.deepEqual([at(2n), at(5n)?.length], [undefined, 2]);
    for (let i = 0; i < 5; i++) chain.end();
    assert.equal([...historyHeaders.entries(chain.ctx)].length, 3);
    assert.equal([...historyRecords.entries(chain.ctx)].length, 2, "one record of each validator in the set, none of who left long ago");
    assert.equal([...historySuperseded.entries(chain.ctx)].length, 0);
  });
});

describe("a slash", () => {
  it("takes what unbonds, what was redelegated, and the rest of the tokens (STAKING-10)", () => {
    const chain = two();
    chain.delegate(3, 1, 3 * million);
    chain.end();
    const infraction = chain.height;
    chain.end();
    chain.undelegate(3, 1, 1_000_003);
    chain.redelegate(3, 1, 2, 600_001);
    chain.end();
    const supply = chain.port.tokenSupply(chain.ctx);
    // 13 of power x 0.05 = 650,000: 50,000 (of 50,000.15) from what unbonds, 30,000 (of 30,000.05) from what moved on, 570,000 from 11,399,996 tokens.
    assert.equal(chain.slash(1, infraction, 13n, "0.05"), 570_000n);
    assert.equal(chain.validator(1)!.tokens, "10829996");
    assert.equal(chain.validator(1)!.delegatorShares, dec("11399996"));
    assert.equal(unbondings.find(chain.ctx, [account(3), account(1)])!.entries[0]!.balance, "950003");
    assert.equal(delegations.find(chain.ctx, [account(3), account(2)])!.shares, dec("570000.95"), "30,000.05 shares");
    assert.deepEqual([chain.validator(2)!.tokens, chain.validator(2)!.delegatorShares], ["5570001", dec("5570000.95")], "the fraction of a token stays");
    assert.equal(supply - chain.port.tokenSupply(chain.ctx), 650_000n);
    assert.equal(chain.port.totalBonded(chain.ctx), 10_829_996n + 5_570_001n);
    chain.end();
  });

  it("takes the fraction of the power at the infraction, cut to whole tokens, and tells the effective fraction rounded up (STAKING-8, STAKING-10)", () => {
    // power x 10^6 x fraction, cut; over the validator's tokens, at 18 places rounded up. Worked out by hand.
    const cases: readonly (readonly [tokens: number, power: bigint, fraction: string, burned: bigint, effective: string])[] = [
      [10_000_000, 10n, "0.05", 500_000n, "0.050000000000000000"],
      [10_000_001, 10n, "0.05", 500_000n, "0.049999995000000500"],
      [3_000_000, 3n, "0.333333333333333333", 999_999n, "0.333333000000000000"],
      [3_000_001, 3n, "0.333333333333333333", 999_999n, "0.333332888889037037"],
      [7_000_003, 7n, "0.0001", 700n, "0.000099999957142876"],
      [1_000_000, 1n, "0.0000009", 0n, ""],
      [1_000_000, 1n, "0.0000019", 1n, "0.000001000000000000"],
      [2_000_000, 5n, "0.5", 2_000_000n, "1.000000000000000000"],
    ];
    for (const [tokens, power, fraction, burned, effective] of cases) {
      const told: string[] = [];
      const chain = new StakeChain({ hooks: [{ beforeValidatorSlashed: (_ctx, _operator, value) => void told.push(value.toString()) }] });
      chain.create(1, tokens);
      chain.create(2, 5 * million);
      chain.end();
      assert.equal(chain.slash(1, chain.height, power, fraction), burned, `${fraction} of ${power}`);
      assert.deepEqual(told, effective === "" ? [] : [effective]);
      assert.equal(chain.validator(1)!.tokens, (BigInt(tokens) - burned).toString());
      chain.end();
    }
  });

  it("looks at no stake that left before the infraction, and at none that is mature (STAKING-10)", () => {
    const chain = two();
    chain.delegate(3, 1, 3 * million);
    chain.undelegate(3, 1, million);
    chain.redelegate(3, 1, 2, million);
    chain.end();
    const infraction = chain.height;
    chain.end();
    assert.equal(chain.slash(1, infraction, 11n, "0.1"), 1_100_000n);
    assert.equal(unbondings.find(chain.ctx, [account(3), account(1)])!.entries[0]!.balance, "1000000");
    assert.equal(chain.validator(2)!.tokens, "6000000");
    chain.end();
  });

  it("finds stake that was redelegated and then undelegated (STAKING-10)", () => {
    const chain = two();
    chain.delegate(3, 1, 3 * million);
    chain.end();
    const infraction = chain.height;
    chain.end();
    chain.redelegate(3, 1, 2, 2 * million);
    chain.end();
    chain.undelegate(3, 2, 2 * million);
    chain.end();
    // 13 x 0.1 = 1,300,000: 200,000 from what unbonds at the second validator, 1,100,000 from the first.
    assert.equal(chain.slash(1, infraction, 13n, "0.1"), 1_100_000n);
    assert.equal(unbondings.find(chain.ctx, [account(3), account(2)])!.entries[0]!.balance, "1800000");
    assert.equal(chain.validator(2)!.tokens, "5000000");
    chain.end();
  });

  it("burns no more than there is, and leaves the unknown and the unbonded alone (STAKING-10)", () => {
    const told: string[] = [];
    const chain = two({ hooks: [{ beforeValidatorSlashed: (_ctx, _operator, fraction) => void told.push(fraction.toString()) }] });
    chain.delegate(3, 1, 1);
    assert.equal(chain.slash(1, chain.height, 10n, "0.05"), 500_000n);
    assert.deepEqual(told, ["0.049999995000000500"], "500,000 / 10,000,001, rounded up");
    assert.equal(chain.slash(1, chain.height, 1_000_000n, "1"), 9_500_001n);
    assert.equal(chain.slash(9, 1n, 10n, "1"), 0n);
    chain.create(4, 5);
    assert.equal(chain.slash(4, chain.height, 10n, "1"), 0n);
    assert.throws(() => { chain.delegate(3, 1, 1); }, refused(34), "shares worth nothing");
    assert.deepEqual(chain.powers(), [[1, 0n]]);
    chain.delegate(3, 2, 1);
    chain.end();
  });

  it("changes the price of later shares (STAKING-8, STAKING-10)", () => {
    const chain = two();
    chain.delegate(3, 1, 1);
    chain.slash(1, chain.height, 10n, "0.05");
    chain.delegate(4, 1, million);
    assert.equal(delegations.find(chain.ctx, [account(4), account(1)])!.shares, dec("1052631.573407202799241810"));
    chain.end();
    const { unbondingResponses } = chain.query<QueryValidatorUnbondingDelegationsResponse>("ValidatorUnbondingDelegations", { validatorAddr: valoper(1), pagination: undefined });
    assert.deepEqual(unbondingResponses, []);
    chain.undelegate(4, 1, million);
    assert.equal(delegations.has(chain.ctx, [account(4), account(1)]), false, "asking for all tokens takes all shares");
    chain.end();
  });
});

describe("a validator's terms", () => {
  const edit = (change: object) => ({ validatorAddress: valoper(1), description: validatorOf(1).description, commissionRate: "", minSelfDelegation: "", ...change });

  it("change within their limits (STAKING-6)", () => {
    const chain = two();
    assert.throws(() => chain.run("EditValidator", edit({ commissionRate: dec("0.11") })), refused(12), "within 24 hours");
    chain.end(day);
    assert.throws(() => chain.run("EditValidator", edit({ commissionRate: dec("0.111") })), refused(15));
    assert.throws(() => chain.run("EditValidator", edit({ commissionRate: dec("0.21") })), refused(11));
    assert.throws(() => chain.run("EditValidator", edit({ commissionRate: dec("1.01") })), refused(18, "sdk"));
    assert.throws(() => chain.run("EditValidator", edit({ minSelfDelegation: "1" })), refused(17));
    assert.throws(() => chain.run("EditValidator", edit({ minSelfDelegation: "10000001" })), refused(16));
    assert.throws(() => chain.run("EditValidator", edit({ minSelfDelegation: "0" })), refused(18, "sdk"));
    assert.throws(() => chain.run("EditValidator", edit({ description: { ...validatorOf(1).description!, moniker: "m".repeat(71) } })), refused(18, "sdk"));
    const { events } = chain.run("EditValidator", edit({ commissionRate: dec("0.05"), minSelfDelegation: "9000000", description: { ...validatorOf(1).description!, moniker: "[do-not-modify]", website: "https://example.org" } }));
    assert.equal(events[0]!.type, "edit_validator");
    assert.deepEqual(events[0]!.attributes.map(([key]) => key), ["commission_rate", "min_self_delegation"]);
    const { description, commission, minSelfDelegation } = chain.validator(1)!;
    assert.deepEqual([description!.moniker, description!.website, commission!.commissionRates!.rate, minSelfDelegation], ["v1", "https://example.org", dec("0.05"), "9000000"]);
    chain.undelegate(1, 1, 1_000_001);
    assert.equal(chain.validator(1)!.jailed, true);
    chain.end();
  });
});
