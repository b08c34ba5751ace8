import assert from "node:assert/strict";
import { ics23, iavlSpec, tendermintSpec, verifyMembership, verifyNonMembership } from "@confio/ics23";
import fc from "fast-check";
import { compareBytes, utf8 } from "../codec/bytes.ts";
import { UnknownStore, VersionNotKept } from "./errors.ts";
import { type Change } from "./overlay.ts";
import { permanentKey, State } from "./state.ts";

const key = fc.uint8Array({ minLength: 1, maxLength: 4 });
const value = fc.uint8Array({ minLength: 1, maxLength: 80 });
const version = fc.uniqueArray(fc.tuple(key, fc.option(value, { nil: undefined })), { selector: ([k]) => k.join(), maxLength: 30 });

function build(versions: readonly (readonly Change[])[], stores: readonly string[]): State {
  const state = new State(stores);
  versions.forEach((changes, i) => {
    state.apply(i + 1, [[stores[0]!, [...changes].sort((a, b) => compareBytes(a[0], b[0]))]]);
    state.commit(new Uint8Array(0), state.hash());
  });
  return state;
}

/** Verifies a proof as clients do: key in store, store in app hash. Gives whether the key was proven present. */
function verify(state: State, store: string, k: Uint8Array, at: number): boolean {
  const { value: found, ops } = state.prove(store, k, at);
  const [inStore, inHash] = ops.map(({ data }) => ics23.CommitmentProof.decode(data));
  const root = inHash!.exist!.value!;
  assert.deepEqual(ops.map(({ type }) => type), ["ics23:iavl", "ics23:simple"]);
  assert.ok(verifyMembership(inHash!, tendermintSpec, state.kept(at).appHash, utf8(store), root));
  if (found === undefined) assert.ok(verifyNonMembership(inStore!, iavlSpec, root, k), "absence");
  else assert.ok(verifyMembership(inStore!, iavlSpec, root, k, found), "presence");
  return found !== undefined;
}

describe("proofs", () => {
  it("STORE-6 (ABCI-18): an independent verifier accepts presence and absence of any key in any kept version", () => {
    fc.assert(fc.property(fc.array(version, { minLength: 1, maxLength: 4 }), fc.array(key, { maxLength: 8 }), fc.integer({ min: 1, max: 5 }), (versions, absent, stores) => {
      const names = ["market", "auth", "bank", "gov", "staking"].slice(0, stores);
      const state = build(versions, names);
      for (let at = 1; at <= versions.length; at++) {
        const there = state.at(at).store("market");
        for (const k of [...absent, ...versions.flat().map(([k]) => k)]) assert.equal(verify(state, "market", k, at), there.has(k));
        for (const name of names) assert.equal(verify(state, name, permanentKey, at), true);
      }
    }), { numRuns: 40 });
  });

  it("STORE-6: a proof of one key, value or version does not pass for another", () => {
    const state = build([[[utf8("a"), utf8("1")], [utf8("c"), utf8("3")]], [[utf8("a"), utf8("2")]]], ["bank", "auth"]);
    const { ops } = state.prove("bank", utf8("a"), 2);
    const proof = ics23.CommitmentProof.decode(ops[0]!.data);
    const root = ics23.CommitmentProof.decode(ops[1]!.data).exist!.value!;
    assert.ok(verifyMembership(proof, iavlSpec, root, utf8("a"), utf8("2")));
    assert.ok(!verifyMembership(proof, iavlSpec, root, utf8("a"), utf8("1")));
    assert.ok(!verifyMembership(proof, iavlSpec, root, utf8("c"), utf8("2")));
    assert.ok(!verifyNonMembership(proof, iavlSpec, root, utf8("b")));
    assert.ok(!verifyMembership(ics23.CommitmentProof.decode(ops[1]!.data), tendermintSpec, state.kept(1).appHash, utf8("bank"), root));
  });

  it("names what it cannot prove", () => {
    const state = build([[[utf8("a"), utf8("1")]]], ["bank"]);
    assert.throws(() => state.prove("bank", utf8("a"), 2), VersionNotKept);
    assert.throws(() => state.prove("mint", utf8("a"), 1), UnknownStore);
    assert.throws(() => state.prove("bank", new Uint8Array(0), 1), RangeError);
  });
});
