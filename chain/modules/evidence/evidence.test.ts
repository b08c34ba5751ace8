import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { addressBytes } from "../../codec/address.ts";
import { toHex } from "../../codec/bytes.ts";
import { messageFromJson, toJson } from "../../codec/proto-json.ts";
import { MisbehaviorType } from "../../codec/gen/tendermint/abci/types.ts";
import { QueryError, type TxError } from "../../runtime/errors.ts";
import { execute, memoryStores, testContext } from "../../runtime/testing.ts";
import { SlashChain } from "../../../test/support/slash.ts";
import { consensus, denom, text, valoper } from "../../../test/support/stake.ts";
import { consensusText } from "../slashing/events.ts";
import { equivocationUrl, hashOf, hashText, toAny } from "./equivocation.ts";
import { equivocations } from "./state.ts";
import { Equivocation } from "../../codec/gen/cosmos/evidence/v1beta1/evidence.ts";
import type { GenesisState } from "../../codec/gen/cosmos/evidence/v1beta1/genesis.ts";
import type { QueryAllEvidenceResponse, QueryEvidenceResponse } from "../../codec/gen/cosmos/evidence/v1beta1/query.ts";
import type { EmittedEvent } from "../../runtime/context.ts";
import type { Any } from "../../codec/gen/google/protobuf/any.ts";

const plain = (events: readonly EmittedEvent[]): (readonly [string, ...string[]])[] => events.map(({ type, attributes }) => [type, ...attributes.map(([key, value]) => `${key}=${value}`)] as const);
const evidence = (chain: SlashChain) => chain.modules.find(({ name }) => name === "evidence")!;
const kept = (chain: SlashChain): Equivocation[] => Array.from(equivocations.entries(chain.ctx), ([, one]) => one);
const exported = (chain: SlashChain): GenesisState => evidence(chain).genesis!.export(chain.ctx) as GenesisState;
const endOfTime = { seconds: 253_402_300_799n, nanos: 0 };
/** Punished for block 4 at the beginning of block 6. */
function punished(i = 3): SlashChain {
  const chain = new SlashChain();
  chain.signTo(5);
  chain.sign({ misbehavior: [chain.misbehavior(i, 4n)] });
  return chain;
}

describe("a validator that signs twice", () => {
  for (const [name, type] of [["two votes", MisbehaviorType.DUPLICATE_VOTE], ["an attack on light clients", MisbehaviorType.LIGHT_CLIENT_ATTACK]] as const) {
    it(`is slashed, jailed for good and tombstoned, once: ${name} (EVIDENCE-1)`, () => {
      const chain = new SlashChain();
      chain.signTo(5);
      const supply = chain.bank.supply(chain.ctx, denom);
      const found = chain.misbehavior(3, 4n, type);
      const events = chain.sign({ misbehavior: [found, found, chain.misbehavior(3, 3n, type)] });
      const address = consensusText(consensus(3));
      // 5 % of 20 units of power.
      assert.deepEqual(plain(events).filter(([kind]) => kind === "slash"), [
        ["slash", `address=${address}`, "power=20", "reason=double_sign", "burned_coins=1000000"], ["slash", `jailed=${address}`],
      ]);
      const { jailed, tokens } = chain.validator(3)!;
      assert.deepEqual([jailed, tokens, supply - chain.bank.supply(chain.ctx, denom)], [true, "19000000", 1_000_000n]);
      const { tombstoned, jailedUntil } = chain.info(3);
      assert.deepEqual([tombstoned, jailedUntil], [true, endOfTime]);
      assert.deepEqual(kept(chain), [{ height: 4n, time: found.time, power: 20n, consensusAddress: address }]);
      assert.deepEqual(chain.sign({ misbehavior: [chain.misbehavior(3, 5n, type)] }).filter(({ type: kind }) => kind === "slash"), []);
      chain.signTo(9);
      assert.deepEqual([chain.validator(3)!.tokens, chain.signs(3), kept(chain).length], ["19000000", false, 1]);
    });
  }

  it("is punished beside others in the same block, and whatever else is reported is left alone (EVIDENCE-1, EVIDENCE-3)", () => {
    const chain = new SlashChain();
    chain.signTo(5);
    chain.sign({ misbehavior: [{ ...chain.misbehavior(1, 4n), type: MisbehaviorType.UNKNOWN }, { ...chain.misbehavior(1, 4n), validator: undefined }, chain.misbehavior(9, 4n), chain.misbehavior(2, 2n), chain.misbehavior(3, 4n)] });
    assert.deepEqual([1, 2, 3].map((i) => chain.validator(i)!.jailed), [false, true, true]);
    assert.deepEqual(kept(chain).map(({ height }) => height).sort(), [2n, 4n]);
  });

  it("answers with its power of then and the stake of then: what left before goes free (EVIDENCE-1)", () => {
    const chain = new SlashChain();
    chain.signTo(3);
    chain.undelegate(3, 3, 1_000_000n);
    chain.sign();
    chain.undelegate(3, 3, 2_000_000n);
    chain.signTo(6);
    chain.delegate(4, 3, 50_000_000n);
    chain.signTo(9);
    // Block 5 was signed with the power of block 3's end, 19; stake that left in block 4 or later answers for it.
    chain.sign({ misbehavior: [chain.misbehavior(3, 5n)] });
    const { entries } = chain.query<{ unbond: { entries: { balance: string }[] } }>("UnbondingDelegation", { delegatorAddr: text(3), validatorAddr: valoper(3) }).unbond;
    assert.deepEqual(entries.map(({ balance }) => balance), ["1000000", "1900000"]);
    // 950,000 in all, 100,000 of it from the entry.
    assert.deepEqual([kept(chain)[0]!.power, chain.validator(3)!.tokens], [19n, String(67_000_000 - 850_000)]);
  });

  it("and is in jail already stays there for good, with no second event of jailing (EVIDENCE-1)", () => {
    const chain = new SlashChain({ slashing: { signedBlocksWindow: 3n } });
    chain.signTo(4, { absent: [3] });
    assert.deepEqual([chain.validator(3)!.jailed, chain.validator(3)!.tokens], [true, "19800000"]);
    const events = chain.sign({ misbehavior: [chain.misbehavior(3, 3n)] });
    assert.deepEqual(events.filter(({ type }) => type === "slash").length, 1);
    assert.deepEqual([chain.validator(3)!.tokens, chain.info(3).tombstoned, chain.info(3).jailedUntil], ["18800000", true, endOfTime]);
  });

  it("goes free where both limits of age are passed, and only then (EVIDENCE-2)", () => {
    // Blocks come every 5 seconds: at the beginning of block 24, block 4 is 20 blocks and 100 seconds old.
    const jailedWith = (maxAgeBlocks: bigint, maxAgeSeconds: bigint): boolean => {
      const chain = new SlashChain({ maxAgeBlocks, maxAgeSeconds });
      chain.signTo(23);
      chain.sign({ misbehavior: [chain.misbehavior(3, 4n)] });
      assert.equal(chain.height, 24n);
      return chain.validator(3)!.jailed;
    };
    assert.deepEqual([jailedWith(20n, 99n), jailedWith(19n, 100n), jailedWith(19n, 99n), jailedWith(20n, 100n)], [true, true, false, true]);
  });

  it("goes free once its stake is paid out (EVIDENCE-3)", () => {
    const chain = new SlashChain({ params: { unbondingTime: { seconds: 60n, nanos: 0 } } });
    chain.delegate(4, 3, 5_000_000n);
    chain.signTo(4);
    chain.undelegate(3, 3, 20_000_000n);
    chain.signTo(30);
    assert.equal(chain.validator(3)!.status, 1, "unbonded");
    chain.sign({ misbehavior: [chain.misbehavior(3, 4n)] });
    assert.deepEqual([chain.validator(3)!.tokens, chain.info(3).tombstoned, kept(chain)], ["5000000", false, []]);
  });

  it("does not keep others from being punished where its own punishment fails (EVIDENCE-1)", () => {
    const chain = new SlashChain({ hooks: [{ beforeValidatorSlashed: (_, operator) => { if (operator[0] === 2) throw new Error("a listener fails"); } }] });
    chain.signTo(5);
    assert.throws(() => chain.sign({ misbehavior: [chain.misbehavior(2, 4n), chain.misbehavior(3, 4n)] }), /a listener fails/, "unit tests hear of it");
    assert.equal(chain.validator(2)!.jailed, false);
  });
});

describe("MsgSubmitEvidence", () => {
  const submit = (chain: SlashChain, message: { submitter?: string; evidence: Any | undefined }) => () => void execute(chain.stores, chain.modules, "/cosmos.evidence.v1beta1.MsgSubmitEvidence", { submitter: text(1), ...message }, chain.block);
  const refused = (code: number, message: string, codespace = "evidence") => (error: TxError): boolean => {
    assert.deepEqual([error.codespace, error.code, error.message], [codespace, code, message]);
    return true;
  };

  it("is refused as by an SDK chain without a route for it (EVIDENCE-4)", () => {
    const chain = punished();
    const good: Equivocation = { height: 4n, time: { seconds: 1_767_225_600n, nanos: 0 }, power: 20n, consensusAddress: consensusText(consensus(1)) };
    assert.throws(submit(chain, { evidence: toAny(good) }), refused(2, "equivocation: unregistered handler for evidence type"));
    const known = kept(chain)[0]!;
    assert.throws(submit(chain, { evidence: toAny(known) }), refused(5, `${hashText(known)}: evidence already exists`));
    assert.throws(submit(chain, { evidence: undefined }), refused(3, "missing evidence: invalid evidence"));
    const wrong: readonly (readonly [Partial<Equivocation>, string])[] = [
      [{ height: 0n }, "invalid equivocation height: 0"], [{ power: 0n }, "invalid equivocation validator power: 0"], [{ consensusAddress: "" }, "invalid equivocation validator consensus address: "],
      [{ time: { seconds: 0n, nanos: 5 } }, "invalid equivocation time: 1970-01-01T00:00:00.000000005Z"],
    ];
    for (const [change, words] of wrong) assert.throws(submit(chain, { evidence: toAny({ ...good, ...change }) }), (error: TxError) => error.code === 3 && error.message.startsWith("failed basic validation: invalid equivocation") && (change.time !== undefined || error.message === `failed basic validation: ${words}: invalid evidence`), words);
    assert.throws(submit(chain, { evidence: { typeUrl: "/cosmos.crypto.ed25519.PubKey", value: new Uint8Array(0) } }), (error: TxError) => error.code === 29 && error.codespace === "sdk");
    assert.throws(submit(chain, { submitter: "me", evidence: toAny(good) }), (error: TxError) => error.code === 7 && error.codespace === "sdk");
    assert.equal(kept(chain).length, 1);
  });
});

describe("evidence's queries", () => {
  it("answer as the SDK's (EVIDENCE-5)", () => {
    const chain = punished();
    const one = kept(chain)[0]!;
    const ask = <T>(method: string, request: unknown): T => chain.ask<T>(`evidence.v1beta1.Query/${method}`, request);
    for (const hash of [hashText(one), hashText(one).toLowerCase()]) {
      const { evidence: found } = ask<QueryEvidenceResponse>("Evidence", { evidenceHash: new Uint8Array(0), hash });
      assert.deepEqual([found!.typeUrl, Equivocation.decode(found!.value)], [equivocationUrl, one]);
    }
    const { evidence: all, pagination } = ask<QueryAllEvidenceResponse>("AllEvidence", { pagination: undefined });
    assert.deepEqual([all.map(({ value }) => Equivocation.decode(value)), pagination!.total], [[one], 1n]);
    const cases: readonly (readonly [string, string])[] = [["", "InvalidArgument"], ["xyz", "Unknown"], ["abc", "Unknown"], ["ab".repeat(32), "NotFound"]];
    for (const [hash, grpc] of cases) assert.throws(() => ask("Evidence", { evidenceHash: new Uint8Array(0), hash }), (error: QueryError) => error instanceof QueryError && error.grpc === grpc, hash);
  });

  it("name evidence by the SHA-256 of its bytes (EVIDENCE-5)", () => {
    // height 4, time 1,767,226,644 s, power 20, address "x": written out by hand.
    const bytes = Uint8Array.of(0x08, 4, 0x12, 6, 0x08, 0x94, 0xfa, 0xd6, 0xca, 0x06, 0x18, 20, 0x22, 1, 0x78);
    const one: Equivocation = { height: 4n, time: { seconds: 1_767_226_644n, nanos: 0 }, power: 20n, consensusAddress: "x" };
    assert.equal(toHex(toAny(one).value), toHex(bytes));
    assert.equal(hashText(one), createHash("sha256").update(bytes).digest("hex").toUpperCase());
  });
});

describe("evidence's genesis", () => {
  it("loads the JSON that an SDK chain exports, and gives it back (EVIDENCE-5)", () => {
    const chain = punished();
    const json = { evidence: [{ "@type": equivocationUrl, height: "4", time: "2026-01-01T00:00:15Z", power: "20", consensus_address: consensusText(consensus(3)) }] };
    assert.deepEqual(toJson("cosmos.evidence.v1beta1.GenesisState", exported(chain)), json);
    const copy = new SlashChain({ from: chain });
    assert.deepEqual(exported(copy), messageFromJson("cosmos.evidence.v1beta1.GenesisState", json));
    copy.sign({ misbehavior: [copy.misbehavior(3, 5n)] });
    assert.equal(copy.validator(3)!.tokens, "19000000", "not a second time");
  });

  it("is refused where it contradicts itself or slashing (EVIDENCE-5)", () => {
    const chain = punished();
    const [one] = exported(chain).evidence;
    const { genesis } = evidence(chain);
    const other = (change: Partial<Equivocation>): GenesisState => ({ evidence: [toAny({ ...kept(chain)[0]!, ...change })] });
    assert.throws(() => { genesis!.check({ evidence: [one!, one!] }); }, /already exists/);
    assert.throws(() => { genesis!.check({ evidence: [{ typeUrl: "/x", value: new Uint8Array(0) }] }); }, /expected evidence, not \/x/);
    assert.throws(() => { genesis!.check(other({ power: 0n })); }, /validator power: 0/);
    assert.throws(() => { genesis!.check(other({ consensusAddress: text(1) })); }, /dcmvalcons/);
    assert.throws(() => { genesis!.init(testContext(memoryStores()), { evidence: [one!] }); }, /section slashing does not have as tombstoned/);
  });
});

describe("evidence's invariants", () => {
  it("find out a state that breaks them (EVIDENCE-1)", () => {
    const broken = (damage: (chain: SlashChain) => void): string => {
      const chain = punished();
      damage(chain);
      return Object.values(evidence(chain).invariants!).flatMap((check) => check(chain.ctx) ?? []).join("; ");
    };
    assert.equal(broken(() => undefined), "");
    assert.match(broken((chain) => { equivocations.set(chain.ctx, new Uint8Array(32), kept(chain)[0]!); }), /under another hash/);
    assert.match(broken((chain) => { const free = { ...kept(chain)[0]!, consensusAddress: consensusText(consensus(1)) }; equivocations.set(chain.ctx, hashOf(free), free); }), /is not tombstoned/);
  });

  it("know validators by what they sign with (EVIDENCE-1)", () => {
    const chain = punished(2);
    assert.deepEqual(addressBytes(kept(chain)[0]!.consensusAddress, "dcmvalcons"), consensus(2));
  });
});
