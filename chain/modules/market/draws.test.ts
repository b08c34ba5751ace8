/** Who is drawn beside whom. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../codec/bytes.ts";
import { sha256 } from "../../codec/hash.ts";
import { Role } from "../../codec/gen/dcm/organization/v1/types.ts";
import { choose, weighOrganizations, type Weighable } from "./draws.ts";
import { name, replicated, saltChain } from "./testing.ts";
import { TestOrganizations } from "./testing-organizations.ts";

interface One extends Weighable {
  readonly label: string;
}

const one = (label: string, weight: bigint, memberships: readonly string[] = [], organization = label): One => ({ label, organization, memberships, weight });
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
