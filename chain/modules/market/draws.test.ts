/** Who is drawn beside whom. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import type { Ask, Draw } from "../../codec/gen/dcm/market/v1/types.ts";
import { Role } from "../../codec/gen/dcm/organization/v1/types.ts";
import { choose, weighOrganizations, type Weighable } from "./draws.ts";
import { name, replicated, saltChain, TestMarket } from "./testing.ts";
import { TestOrganizations } from "./testing-organizations.ts";

interface One extends Weighable {
  readonly label: string;
}

const one = (label: string, weight: bigint, memberships: readonly string[] = [], organization = label): One => ({ label, provider: name(label), organization, memberships, weight });
const seed = (text: string | number): Uint8Array => sha256(utf8(String(text)));
const labels = (chosen: readonly One[] | undefined): string[] | undefined => chosen?.map(({ label }) => label).sort();
const apart = (a: One, b: One): boolean => ![a.organization, ...a.memberships].some((of) => [b.organization, ...b.memberships].includes(of));

describe("draws of distinct organizations", () => {
  it("MKT-56: members of one organization under their own names, or one of them under its name, are no two", () => {
    const candidates = [one("a", 5n, ["acme"]), one("b", 5n, ["acme"]), one("c", 5n, ["acme"], "acme"), one("d", 1n)];
    for (let i = 0; i < 50; i++) {
      const chosen = choose(candidates, 2, seed(i), 2_000)!;
      assert.equal(chosen.filter(({ label }) => label === "d").length, 1);
    }
    assert.equal(choose(candidates, 3, seed("three"), 2_000), undefined);
  });

  it("MKT-56: who stands between two organizations does not keep both out", () => {
    const candidates = [one("a", 1n, ["x"]), one("b", 1_000n, ["x", "y"]), one("c", 1n, ["y"])];
    for (let i = 0; i < 30; i++) assert.deepEqual(labels(choose(candidates, 2, seed(i), 10_000)), ["a", "c"]);
  });

  it("MKT-56: affiliates have one share together, however many names they go by", () => {
    const house = Array.from({ length: 8 }, (_, i) => one(`h${i}`, 100n, ["house"]));
    const others = Array.from({ length: 9 }, (_, i) => one(`o${i}`, 100n));
    let drawn = 0;
    for (let i = 0; i < 400; i++) if (choose([...house, ...others], 1, seed(i), 2_000)![0]!.label.startsWith("h")) drawn++;
    // A fifth, not the 8 of 17 that they have.
    assert.ok(drawn > 40 && drawn < 130, `${drawn} of 400`);
    assert.deepEqual(weighOrganizations([...house.map(({ weight }) => ({ organization: "house", weight })), ...others], 2_000).find((of) => of.name === "house")!.weight, 225n);
  });

  it("MKT-56: whatever the memberships, those who are chosen are apart, and the same seed chooses the same", () => {
    const some = fc.record({ weight: fc.bigInt(0n, 50n), memberships: fc.subarray(["p", "q", "r"]), own: fc.boolean() });
    let chosen = 0;
    fc.assert(fc.property(fc.array(some, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 3 }), fc.integer(), (drafts, count, at) => {
      const candidates = drafts.map(({ weight, memberships, own }, i) => one(`n${i}`, weight, memberships, own || memberships.length === 0 ? `n${i}` : memberships[0]));
      const out = choose(candidates, count, seed(at), 2_000);
      assert.deepEqual(out, choose(candidates, count, seed(at), 2_000));
      if (out === undefined) return;
      chosen++;
      assert.equal(out.length, count);
      for (const [i, a] of out.entries()) for (const b of out.slice(i + 1)) assert.ok(apart(a, b));
    }));
    assert.ok(chosen > 20, `${chosen} chosen`);
  });

  it("MKT-197: who is drawn turns on nobody's bond but its own: all others keep their order", () => {
    const weights = fc.array(fc.bigInt(1n, 1_000n), { minLength: 2, maxLength: 10 });
    fc.assert(fc.property(weights, fc.bigInt(1n, 1_000n), fc.integer(), (list, changed, at) => {
      const order = (first: bigint): string[] => choose(list.map((weight, i) => one(`n${i}`, i === 0 ? first : weight)), list.length, seed(at), 10_000)!.map(({ label }) => label).filter((label) => label !== "n0");
      assert.deepEqual(order(list[0]!), order(changed));
    }));
  });

  it("MKT-197: a consumer that knows seed and salt finds no bond of its accomplices with which both are drawn", () => {
    let bent = 0;
    for (let at = 0; at < 40; at++) {
      const both = (more: number): boolean => {
        const honest = Array.from({ length: 10 }, (_, i) => one(`h${i}`, 1_000_000n));
        return labels(choose([...honest, one("x", 1_000_000n + BigInt(more)), one("y", 1_000_000n)], 2, seed(at), 2_000))!.join() === "x,y";
      };
      if (Array.from({ length: 200 }, (_, i) => i).some(both)) bent++;
    }
    // By chance two of twelve are these in one of 66 draws.
    assert.ok(bent <= 3, `${bent} of 40 draws`);
  });

  it("MKT-197: each is drawn in proportion to its bond", () => {
    const candidates = [one("a", 1n), one("b", 2n), one("c", 5n)];
    const drawn = new Map<string, number>();
    for (let at = 0; at < 800; at++) {
      const [first] = choose(candidates, 1, seed(at), 10_000)!;
      drawn.set(first!.label, (drawn.get(first!.label) ?? 0) + 1);
    }
    for (const [label, expected] of [["a", 100], ["b", 200], ["c", 500]] as const) assert.ok(Math.abs(drawn.get(label)! - expected) < 45, `${label}: ${drawn.get(label)} of 800`);
  });

  it("MKT-197: asks that come once the seed is known are drawn only where there are too few others", () => {
    for (const early of [6, 1]) {
      const market = new TestMarket();
      const consumer = market.fund("buyer");
      const earlyAsks = Array.from({ length: early + 1 }, (_, i) => market.ask(market.provider(`early${i}`), 10n));
      const salts = saltChain(4);
      const job = market.bid(consumer, 10n, replicated(salts));
      market.block(1_000n, 2);
      assert.equal(market.task(job * 65_536n).replicas.length, 1);
      if (early === 1) market.setActive(market.task(job * 65_536n).replicas[0]!.provider === name("early0") ? name("early1") : name("early0"), false);
      market.block(1_000n, 2);
      const { draws } = market.query<{ draws: Draw[] }>("DrawsPending", { jobId: job });
      assert.ok(draws[0]!.seed.length > 0, "the seed is known");
      for (let i = 0; i < 60; i++) market.ask(market.provider(`late${i}`, 90_000_000n), 10n);
      for (const askId of earlyAsks) market.send("MsgReplaceAsk", { provider: market.query<{ ask: Ask }>("Ask", { askId }).ask.provider, askId, basePrice: 9n, premiums: [], expiresTau: 0n });
      market.block();
      market.send("MsgRevealSalt", { consumer, jobId: job, salt: salts[1]! });
      market.block(1_000n, 2);
      const late = market.task(job * 65_536n).replicas.filter(({ provider }) => Array.from({ length: 60 }, (_, i) => name(`late${i}`)).includes(provider));
      assert.equal(late.length, early === 1 ? 1 : 0, `${early} early`);
    }
  });

  it("MKT-56: neither clearing promises a task to two members of one organization, nor does the draw give it to them, who joined meanwhile", () => {
    for (const joins of ["before", "behind the match"] as const) {
      const m = new TestOrganizations();
      m.found("house", "olga");
      for (const label of ["a", "b", "c"]) m.provider(label, 90_000_000n);
      m.fund("buyer");
      const both = (): void => {
        for (const label of ["a", "b"]) m.member("olga", "house", label, Role.ROLE_OPERATOR);
      };
      if (joins === "before") both();
      m.ask(name("a"), 10n, 1);
      m.ask(name("b"), 10n, 1);
      const salts = saltChain(4);
      const job = m.bid(name("buyer"), 20n, replicated(salts));
      m.block(1_000n, 2);
      assert.equal(m.task(job * 65_536n).replicas.length, joins === "before" ? 0 : 1, joins);
      both();
      m.ask(name("c"), 10n, 1);
      m.block(1_000n, joins === "before" ? 4 : 3);
      m.send("MsgRevealSalt", { consumer: name("buyer"), jobId: job, salt: salts[1]! });
      m.block(1_000n, 3);
      const drawn = m.task(job * 65_536n).replicas.map(({ provider }) => provider);
      assert.ok(drawn.length === 2 && drawn.includes(name("c")), `${joins}: ${drawn.length} drawn`);
    }
  });
});
