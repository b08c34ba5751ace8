import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Term, VerificationLevel } from "../chain/codec/gen/dcm/market/v1/types.ts";
import { Policy } from "../chain/codec/gen/dcm/organization/v1/types.ts";
import { addressBytes } from "../chain/codec/address.ts";
import { providerRule } from "../chain/modules/organization/policy.ts";
import { defaultParams } from "../chain/modules/market/params.ts";
import { oneForOne } from "../chain/modules/market/rate.ts";
import { auditProbability, stakeOf as chainStakeOf } from "../chain/modules/market/settlement.ts";
import { levels, verifications } from "../worker/gateway/bid.ts";
import { testAccount } from "../test/support/accounts.ts";
import { stakeOf } from "./order.ts";
import { cheapestRelaxation, exclusions, fill, limitFrom, look, policyRules, type Demand, type Offer } from "./offers.ts";

const account = (name: string): string => testAccount(name).text;
const premium = (key: string, value: string, price: bigint) => ({ attribute: { key, value }, price });

function offer(name: string, basePrice: bigint, change: Partial<Omit<Offer, "ask">> & { readonly ask?: Partial<Offer["ask"]> } = {}): Offer {
  return {
    name, inactive: "", attributes: [], free: 1_000_000n, attested: [], ...change,
    ask: { id: BigInt(name.charCodeAt(0)), provider: account(name), organization: name, basePrice, premiums: [], freeUnits: 2, bondPerUnit: 0n, availableUntil: 0n, waiting: false, term: Term.TERM_SPOT, levels: [], ...change.ask },
  };
}

const demand: Demand = {
  consumer: account("consumer"), tasks: 2, replicas: 1, lots: 1n, durationMs: 20_000n, limit: 100n, wishes: {}, verification: VerificationLevel.VERIFICATION_LEVEL_V0_NONE, policy: undefined,
  affiliates: { accounts: new Set([account("consumer")]), organizations: new Set(["ours"]) }, tau: 5_000n, stake: (price) => price,
};
const rules = (one: Offer, change: Partial<Demand> = {}): string[] => look([one], { ...demand, ...change })[0]!.against.map(({ words }) => words);

describe("offers for a job", () => {
  it("are left out by the rule that the market would leave them out by (CLI-4)", () => {
    assert.deepEqual(rules(offer("a", 100n)), []);
    assert.deepEqual(rules(offer("a", 101n)), ["asks more than the limit"]);
    assert.deepEqual(rules(offer("a", 101n), { limit: undefined }), []);
    assert.deepEqual(rules(offer("a", 1n, { inactive: "jailed" })), ["its provider is jailed"]);
    for (const ask of [{ provider: account("consumer") }, { organization: "ours" }]) assert.deepEqual(rules(offer("a", 1n, { ask })), ["its provider is you, or of your organization"]);
    assert.deepEqual(rules(offer("a", 1n, { ask: { term: Term.TERM_PREEMPTIBLE } })), ["it is preemptible, jobs are not"]);
    assert.deepEqual((["V0", "V1", "V2", "V3"] as const).map((one) => rules(offer("a", 1n, { ask: { levels: [levels.V0, levels.V3] } }), { verification: levels[one] })), [[], ["does not serve V1"], ["does not serve V2"], []]);
    assert.deepEqual(rules(offer("a", 1n, { ask: { waiting: true } })), ["its window has not begun"]);
    assert.deepEqual([24_999n, 25_000n].map((availableUntil) => rules(offer("a", 1n, { ask: { availableUntil } }))), [["its window ends too soon"], []]);
    assert.deepEqual(rules(offer("a", 90n, { free: 80n, ask: { bondPerUnit: 9n } })), ["its provider's free bond is too small for the stake of one task"]);
  });

  it("have the price of what the job takes of them: what it requires, and what it likes where that is worth it (CLI-4)", () => {
    const one = offer("a", 50n, { ask: { premiums: [premium("gpu", "x", 20n), premium("zone", "eu", 7n)] }, attested: [{ key: "zone", value: "eu", auditor: account("auditor") }] });
    const price = (wishes: Demand["wishes"]): bigint => look([one], { ...demand, wishes })[0]!.price;
    assert.deepEqual([price({}), price({ requires: { zone: "eu" } }), price({ prefers: { gpu: { value: "x", worth: 20n } } }), price({ prefers: { gpu: { value: "x", worth: 19n } } })], [50n, 57n, 70n, 50n]);
    assert.deepEqual(rules(one, { wishes: { requires: { zone: "us" } } }), ["does not offer zone=us"]);
    assert.deepEqual(rules(one, { wishes: { requires: { zone: { value: "eu", attestedBy: [] } } } }), []);
    assert.deepEqual(rules(one, { wishes: { requires: { zone: { value: "eu", attestedBy: [account("other")] } } } }), ["zone=eu is not attested"]);
  });

  it("fill tasks as a batch does: cheapest first, each task by different organizations (CLI-4)", () => {
    const looked = look([offer("a", 10n), offer("b", 20n, { ask: { organization: "a" } }), offer("c", 30n, { ask: { freeUnits: 1 } })], demand);
    assert.deepEqual(fill(looked, { tasks: 2, replicas: 1 }), { tasks: 2, price: 10n });
    assert.deepEqual(fill(looked, { tasks: 3, replicas: 1 }), { tasks: 3, price: 20n });
    assert.deepEqual(fill(looked, { tasks: 9, replicas: 1 }), { tasks: 5, price: 30n });
    assert.deepEqual(fill(looked, { tasks: 2, replicas: 2 }), { tasks: 1, price: 30n });
    assert.deepEqual(fill(looked, { tasks: 1, replicas: 3 }), { tasks: 0, price: 0n });
  });

  it("are counted by rule, and the cheapest single change is found (CLI-4)", () => {
    const wishes = { requires: { zone: "eu" } };
    const zoned = { premiums: [premium("zone", "eu", 0n)] };
    const looked = look([offer("a", 40n), offer("b", 150n, { ask: zoned }), offer("c", 130n), offer("d", 120n, { ask: zoned, inactive: "jailed" })], { ...demand, wishes });
    assert.deepEqual(exclusions(looked), [{ rule: "asks more than the limit", asks: 3 }, { rule: "does not offer zone=eu", asks: 2 }, { rule: "its provider is jailed", asks: 1 }]);
    assert.deepEqual(cheapestRelaxation(looked, demand), { change: "requires without zone", fill: { tasks: 2, price: 40n } });
    assert.deepEqual(cheapestRelaxation(looked.slice(1), demand), { change: "--limit 150", fill: { tasks: 2, price: 150n } });
    assert.equal(cheapestRelaxation(look([offer("a", 10n)], demand), demand), undefined);
  });

  it("give a limit with room above the price, for tie-breaks too, in ticks (CLI-4)", () => {
    const looked = look([offer("a", 100n), offer("b", 110n), offer("c", 120n)], { ...demand, limit: undefined });
    const replicated = { ...demand, tasks: 1, replicas: 2, verification: VerificationLevel.VERIFICATION_LEVEL_V2_REPLICATED };
    const audited = { ...demand, tasks: 1, verification: VerificationLevel.VERIFICATION_LEVEL_V1_SPOT_CHECK };
    assert.equal(limitFrom(looked, audited, 1n), 150n);
    assert.deepEqual([limitFrom(looked, { ...demand, tasks: 1 }, 1n), limitFrom(looked, replicated, 1n), limitFrom(looked, { ...demand, tasks: 1 }, 10n), limitFrom([], demand, 1n)], [125n, 150n, 130n, undefined]);
  });

  it("reckon the stake of a task as the chain does (CLI-4)", () => {
    const params = fc.record({ auditProbabilityBps: fc.integer({ min: 500, max: 10_000 }), auditors: fc.integer({ min: 1, max: 2 }), stakeMultiple: fc.integer({ min: 1, max: 1_000 }), phiBps: fc.integer({ min: 0, max: 5_000 }) });
    fc.assert(fc.property(fc.constantFrom(...verifications), fc.bigInt(1n, 1n << 90n), params, (verification, fee, change) => {
      const all = { ...defaultParams(), ...change };
      const level = levels[verification];
      assert.equal(stakeOf(verification, fee, all), chainStakeOf(level, fee, 0n, auditProbability(level, all), all, oneForOne));
    }));
  });

  it("stand under an organization's policy as the chain reads it (CLI-4)", () => {
    const places = ["CH", "DE", "US"];
    const auditors = [account("auditor 1"), account("auditor 2")];
    const provider = account("p");
    const anySubset = (of: readonly string[]) => fc.subarray([...of]).map((list) => list.sort());
    fc.assert(fc.property(
      anySubset([provider, account("q")]), anySubset([provider, account("q")]), anySubset(places), anySubset(places), fc.boolean(), anySubset(auditors), fc.boolean(), fc.boolean(), anySubset(auditors),
      fc.option(fc.constantFrom(...places)), fc.option(fc.constantFrom("x", "y")), fc.array(fc.record({ key: fc.constantFrom("jurisdiction", "gpu"), value: fc.constantFrom(...places, "x"), auditor: fc.constantFrom(...auditors) })),
      (allowedProviders, deniedProviders, allowedJurisdictions, deniedJurisdictions, attestedJurisdiction, jurisdictionAuditors, ruled, attested, ruleAuditors, where, gpu, signed) => {
        const policy = Policy.fromPartial({ allowedProviders, deniedProviders, allowedJurisdictions, deniedJurisdictions, attestedJurisdiction, jurisdictionAuditors, rules: ruled ? [{ attribute: { key: "gpu", value: "x" }, attested, auditors: ruleAuditors }] : [] });
        const attributes = [...(where === null ? [] : [{ key: "jurisdiction", value: where }]), ...(gpu === null ? [] : [{ key: "gpu", value: gpu }])];
        const theirs = providerRule(policy, {
          address: addressBytes(provider), attributes: attributes.map(({ key, value }): [string, string] => [key, value]),
          attested: (key, value, by) => signed.some((one) => one.key === key && one.value === value && (by === undefined || by.some((auditor) => Buffer.from(auditor).equals(addressBytes(one.auditor))))),
        });
        const ours = policyRules(policy, { ...offer("p", 1n), attributes, attested: signed });
        assert.equal(ours.length > 0, theirs !== undefined, `${ours.join()} against ${theirs}`);
      },
    ), { numRuns: 500 });
  });
});
